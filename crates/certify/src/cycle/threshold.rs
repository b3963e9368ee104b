//! How much Hessian damping acceleration needs: η*(κ; c), the least η = β/γ − 1 at which INDIAN with some constant step and friction
//! has the rate 1 − c/√κ on 𝓕_{μ,L}. From below by [`super::cover`], from above by a verified Lyapunov function.

use super::cover::{cover, Cover, Target};
use crate::{
    lyapunov::{
        search::{discrete, Precision, Rate},
        Condition, Family,
    },
    number::Rational,
    rational,
};

/// Corners of the polygons that are tried. The last cycles that are left as η grows have about 17·(1 − 2η)^{-1/2} of them for c = 1/2.
const CORNERS: u32 = 48;
/// Boxes per slab of η.
const BOXES: u64 = 400_000;
/// First and last width of a slab.
const SLABS: [f64; 2] = [0.02, 1e-4];

/// What is known from below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Below {
    /// No (a, b) has the rate for any η in [0, this]; `None` where that is not even shown for η = 0.
    pub eta: Option<f64>,
    /// Boxes of the covering.
    pub boxes: u64,
    /// (a, b, η) at which the next slab could not be covered; `None` where the boxes ran out.
    pub open: Option<[f64; 3]>,
}

/// Largest η up to which no step and no friction give the rate, in slabs from 0 on; at most `until`.
pub fn below(target: Target, until: f64) -> Below {
    let mut found = Below { eta: None, boxes: 0, open: None };
    match cover(target, [0.0, 0.0], CORNERS, BOXES) {
        Cover::Complete { boxes } => (found.eta, found.boxes) = (Some(0.0), boxes),
        Cover::Open(at) => return Below { open: Some(at), ..found },
        Cover::Exhausted => return found,
    }
    let [mut width, least] = SLABS;
    let mut from = 0.0;
    while width >= least && from < until {
        let to = dinlab_numeric::min(from + width, until);
        match cover(target, [from, to], CORNERS, BOXES) {
            Cover::Complete { boxes } => {
                found.boxes += boxes;
                (found.eta, from) = (Some(to), to);
            }
            Cover::Open(at) => (found.open, width) = (Some(at), 0.5 * width),
            Cover::Exhausted => width *= 0.5,
        }
    }
    found
}

/// A method that has the rate, verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Above {
    /// η.
    pub eta: f64,
    /// The method.
    pub family: Family,
    /// Its verified rate, not above 1 − c/√κ.
    pub rate: Rate,
}

/// Lyapunov rates over (a, t), b = 1 − tq, at one η.
struct Plane<'a> {
    class: &'a Condition,
    scale: f64,
    eta: f64,
}

/// Bits of a, b and η: short fractions make short certificates.
const BITS: usize = 24;

impl Plane<'_> {
    fn family(&self, [a, t]: [f64; 2]) -> Option<Family> {
        let number = |x: f64| rational::dyadic(x, BITS);
        Some(Family::three_parameter(&number(a)?, &number(1.0 - t * self.scale)?, &number(self.eta)?))
    }

    /// (1 − ρ)√κ as floats find it; −∞ where there is none.
    fn speed(&self, at: [f64; 2]) -> f64 {
        let outside = at[0] <= 0.0 || at[1] <= 0.0 || at[1] * self.scale >= 1.9;
        let family = if outside { None } else { self.family(at) };
        let precision = Precision { width: 1e-3, certify: false };
        let rate = family.and_then(|family| discrete(&family, self.class, precision).certified);
        rate.map_or(f64::NEG_INFINITY, |rate| (1.0 - rational::float(&rate.rate)) / self.scale)
    }

    /// Nelder and Mead's simplex from `start`, until `enough` or 60 looks.
    fn fastest(&self, start: [f64; 2], enough: f64) -> ([f64; 2], f64) {
        let mut looks = 3;
        let mut simplex: Vec<([f64; 2], f64)> =
            [start, [1.1 * start[0], start[1]], [start[0], 1.1 * start[1]]]
                .into_iter()
                .map(|at| (at, self.speed(at)))
                .collect();
        loop {
            simplex.sort_by(|x, y| y.1.total_cmp(&x.1));
            let (best, worst) = (simplex[0], simplex[2]);
            let spread = (0..2).map(|i| (best.0[i] - worst.0[i]).abs()).fold(0.0, dinlab_numeric::max);
            if best.1 >= enough || looks >= 60 || spread < 1e-3 {
                return best;
            }
            let along = |factor: f64| -> [f64; 2] {
                std::array::from_fn(|i| {
                    let middle = 0.5 * (simplex[0].0[i] + simplex[1].0[i]);
                    middle + factor * (middle - worst.0[i])
                })
            };
            let mut look = |factor: f64| {
                looks += 1;
                let at = along(factor);
                (at, self.speed(at))
            };
            let reflected = look(1.0);
            let next = if reflected.1 > best.1 {
                let expanded = look(2.0);
                if expanded.1 > reflected.1 {
                    expanded
                } else {
                    reflected
                }
            } else if reflected.1 > simplex[1].1 {
                reflected
            } else {
                look(if reflected.1 > worst.1 { 0.5 } else { -0.5 })
            };
            if next.1 > worst.1 {
                simplex[2] = next;
            } else {
                for k in 1..3 {
                    let at: [f64; 2] = std::array::from_fn(|i| 0.5 * (simplex[0].0[i] + simplex[k].0[i]));
                    simplex[k] = (at, self.speed(at));
                    looks += 1;
                }
            }
        }
    }
}

/// Smallest η, not below `from`, at which a Lyapunov function for the rate 1 − c/√κ was found and verified, by bisection from
/// triple momentum downwards. Nothing says that what fails in between is impossible.
pub fn above(class: &Condition, target: Target, from: f64) -> Option<Above> {
    let scale = target.condition.sqrt().recip();
    let triple = Family::triple_momentum(class);
    let [a, b, eta] = triple.as_three_parameter().map(|value| rational::float(&value));
    let wanted = Rational::ONE - rational::dyadic(target.constant * scale, 60)?;
    let certified = |family: Family, eta: f64| {
        // Where the rate asked for leaves room the verified one is better than it.
        let precision = Precision { width: 1e-4, certify: true };
        let rate = discrete(&family, class, precision).certified.filter(|rate| rate.rate <= wanted)?;
        Some(Above { eta: rational::float(&rational::dyadic(eta, BITS)?), family, rate })
    };
    let mut start = [a, (1.0 - b) / scale];
    let mut best = certified(Plane { class, scale, eta }.family(start)?, eta)?;
    let mut attempt = |eta: f64| {
        let plane = Plane { class, scale, eta };
        // The landscape is not concave: from where the last η was best, and from two points beside it.
        [[1.0, 1.0], [0.8, 1.0], [1.0, 1.2]].into_iter().find_map(|[x, y]| {
            let (at, speed) = plane.fastest([x * start[0], y * start[1]], target.constant * 1.01);
            if speed < target.constant {
                return None;
            }
            let found = certified(plane.family(at)?, eta)?;
            start = at;
            Some(found)
        })
    };
    // Down in steps, so that each search starts near the last, then bisection.
    let (mut high, mut low) = (best.eta, from);
    let mut step = 0.25 * (high - low);
    while high - low > 2e-3 {
        let eta = dinlab_numeric::max(high - step, low);
        match attempt(eta) {
            Some(found) => (high, best) = (eta, found),
            None => (low, step) = (eta, 0.5 * (high - eta)),
        }
        if eta == from && high == from {
            break;
        }
        step = dinlab_numeric::min(step, high - low);
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heavy ball is not refuted at κ = 100 (where it has a certified 1 − 1/(2√κ)), and no η ≤ 0.08 gives that rate at κ = 2000.
    /// What is found from above is tested through the command, with its certificates.
    #[test]
    fn the_covering_ends_where_it_should() {
        let target = |condition: f64| Target { condition, constant: 0.5 };
        assert_eq!(below(target(100.0), 0.3).eta, None);
        let low = below(target(2000.0), 0.3);
        assert!(low.eta.is_some_and(|eta| (0.08..0.1).contains(&eta)), "{low:?}");
        // The corner at which every covering ends: the shortest step that gives the rate at μ.
        let [a, b, _] = low.open.unwrap();
        assert!(
            (a - 0.25).abs() < 1e-2 && (b - (1.0 - 0.5 / 2000.0_f64.sqrt()).powi(2)).abs() < 1e-3,
            "{low:?}"
        );
    }
}
