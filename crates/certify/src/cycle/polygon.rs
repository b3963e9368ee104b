//! Cycles along regular polygons. In the plane, read as ℂ, let x_k = zᵏ with z = e^{2πij/K}. The recursion of INDIAN with a
//! constant step gives g_k = G·zᵏ,
//!
//! G = −(z − 1)(1 − b/z) / (a(1 + η − η/z)),   a = γ², b = 1 − αγ, η = β/γ − 1,
//!
//! and with equal values all interpolation conditions of 𝓕_{μ,L} together read
//!
//! (Re G − (L+μ)/2)² + (Im G)² + (L − μ)|Im G| cot(π/K) ≤ ((L − μ)/2)²,
//!
//! because the condition of two points k apart has |Im G| cot(πk/K) for |Im G| cot(π/K), and those with the minimiser none of it.
//! (For η = 0, the heavy ball: Goujaud, Taylor, Dieuleveut, "Provable non-accelerations of the heavy-ball method", 2023.)

use std::f64::consts::PI;

use super::Cycle;
use crate::{
    lyapunov::{Condition, Family},
    number::Rational,
    rational,
};

/// A regular polygon run through in steps of `turns` corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polygon {
    /// K ≥ 2.
    pub corners: u32,
    /// j, coprime to K, at most K/2.
    pub turns: u32,
}

impl Polygon {
    /// All polygons with up to `most` corners, fewest first.
    pub fn all(most: u32) -> Vec<Self> {
        let coprime = |mut a: u32, mut b: u32| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a == 1
        };
        (2..=most)
            .flat_map(|corners| (1..=corners / 2).map(move |turns| Self { corners, turns }))
            .filter(|p| coprime(p.corners, p.turns))
            .collect()
    }

    fn angle(self) -> f64 {
        2.0 * PI * f64::from(self.turns) / f64::from(self.corners)
    }

    /// (Re G, Im G) for (a, b, η).
    fn gradient(self, [a, b, eta]: [f64; 3]) -> [f64; 2] {
        let (sin, cos) = self.angle().sin_cos();
        // −(z − 1)(1 − b/z) = −(z − 1 − b + b/z).
        let numerator = [1.0 + b - (1.0 + b) * cos, (b - 1.0) * sin];
        let denominator = [a * (1.0 + eta - eta * cos), a * eta * sin];
        let square = denominator[0] * denominator[0] + denominator[1] * denominator[1];
        [
            (numerator[0] * denominator[0] + numerator[1] * denominator[1]) / square,
            (numerator[1] * denominator[0] - numerator[0] * denominator[1]) / square,
        ]
    }

    /// Right-hand side minus left-hand side of the condition, over ((L − μ)/2)²: at least 0 where the polygon is a cycle.
    pub fn slack(self, parameters: [f64; 3], [mu, l]: [f64; 2]) -> f64 {
        let [re, im] = self.gradient(parameters);
        let cotangent = (PI / f64::from(self.corners)).tan().recip();
        let radius = 0.5 * (l - mu);
        let left = (re - 0.5 * (l + mu)).powi(2) + im * im + (l - mu) * im.abs() * cotangent;
        1.0 - left / (radius * radius)
    }

    /// The cycle in fractions near the polygon, verified; `None` where there is no room for rounding.
    pub fn cycle(self, family: &Family, class: &Condition) -> Option<Cycle> {
        const BITS: usize = 45;
        let corner = |k: u32| {
            let (sin, cos) = (self.angle() * f64::from(k)).sin_cos();
            Some(vec![rational::dyadic(cos, BITS)?, rational::dyadic(sin, BITS)?])
        };
        let points: Vec<Vec<Rational>> = (0..self.corners).map(corner).collect::<Option<_>>()?;
        let gradients = gradients(family, &points)?;
        let parameters = family.as_three_parameter().map(|value| rational::float(&value));
        let value = rational::dyadic(0.5 * self.gradient(parameters)[0], BITS)?;
        let values = vec![value; points.len()];
        let cycle = Cycle { points, gradients, values };
        cycle.holds(family, class).ok().map(|()| cycle)
    }
}

/// The gradients with which the method runs around `points`: c·g_{k+1} = (c − s)·g_k + r_k, r_k = θ_{k+1} + b(θ_{k+1} − θ_k) − θ_{k+2}.
/// `None` where c = 0 or the recursion does not determine them.
fn gradients(family: &Family, points: &[Vec<Rational>]) -> Option<Vec<Vec<Rational>>> {
    if family.damping.is_zero() {
        return None;
    }
    let period = points.len();
    let keep = (&family.damping - &family.step_squared) / &family.damping;
    let momentum = Rational::ONE - &family.friction;
    let dimension = points[0].len();
    let push = |k: usize, i: usize| {
        let (now, next, last) = (&points[k][i], &points[(k + 1) % period][i], &points[(k + 2) % period][i]);
        (next + &momentum * (next - now) - last) / &family.damping
    };
    let mut all = vec![vec![Rational::ZERO; dimension]; period];
    for i in 0..dimension {
        // g_K = keep^K g_0 + sum must be g_0.
        let (mut power, mut sum) = (Rational::ONE, Rational::ZERO);
        for k in 0..period {
            sum = &keep * sum + push(k, i);
            power *= &keep;
        }
        let rest = Rational::ONE - power;
        if rest.is_zero() {
            return None;
        }
        let mut g = sum / rest;
        for k in 0..period {
            all[k][i] = g.clone();
            g = &keep * g + push(k, i);
        }
    }
    Some(all)
}

/// The polygon with the most room, if any is a cycle, and the cycle in fractions.
pub fn find(family: &Family, class: &Condition, most: u32) -> Option<(Polygon, Cycle)> {
    let parameters = family.as_three_parameter().map(|value| rational::float(&value));
    let bounds = [rational::float(&class.convexity), rational::float(&class.smoothness)];
    let mut found: Vec<(f64, Polygon)> = Polygon::all(most)
        .into_iter()
        .map(|polygon| (polygon.slack(parameters, bounds), polygon))
        .filter(|(slack, _)| *slack > 0.0)
        .collect();
    // Fewest corners first among those with room for rounding: the certificate is read by people.
    found.sort_by(|(s, p), (t, q)| (*s < 1e-9, p.corners).cmp(&(*t < 1e-9, q.corners)).then(t.total_cmp(s)));
    found.into_iter().take(8).find_map(|(_, polygon)| Some((polygon, polygon.cycle(family, class)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(kappa: u64) -> Condition {
        Condition::new(Rational::ONE / Rational::from(kappa), Rational::ONE).unwrap()
    }

    /// The heavy ball tuned for quadratics cycles from κ = (2 + √5)² ≈ 17.94 on (Lessard, Recht, Packard; its threshold for three
    /// points), and neither triple momentum nor Nesterov's method does anywhere.
    #[test]
    fn the_tuned_heavy_ball_cycles_and_accelerated_methods_do_not() {
        let (polygon, cycle) = find(&Family::tuned_heavy_ball(&class(25)), &class(25), 12).unwrap();
        assert_eq!((polygon.corners, polygon.turns), (3, 1));
        assert_eq!(cycle.holds(&Family::tuned_heavy_ball(&class(25)), &class(25)), Ok(()));
        for kappa in [25, 1000, 100_000] {
            for family in [Family::triple_momentum(&class(kappa)), Family::tuned_nesterov(&class(kappa))] {
                assert_eq!(find(&family, &class(kappa), 60), None, "{kappa}");
            }
        }
    }

    /// On the polygon the inequality of the module is what all pairs say: just inside its border there is an exact cycle, just
    /// outside there is none.
    #[test]
    fn the_condition_on_polygons_is_sharp() {
        let class = class(25);
        for polygon in Polygon::all(7) {
            let family = |a: f64| {
                let number = |x: f64| rational::dyadic(x, 40).unwrap();
                Family::three_parameter(&number(a), &number(0.6), &number(0.1))
            };
            let slack = |a: f64| polygon.slack([a, 0.6, 0.1], [0.04, 1.0]);
            for i in 1..400_u32 {
                let a = f64::from(i) * 0.01;
                if slack(a).abs() < 1e-9 {
                    continue;
                }
                assert_eq!(polygon.cycle(&family(a), &class).is_some(), slack(a) > 0.0, "{polygon:?} at {a}");
            }
        }
    }

    #[test]
    fn a_changed_number_is_no_cycle() {
        let class = class(25);
        let family = Family::tuned_heavy_ball(&class);
        let (_, cycle) = find(&family, &class, 12).unwrap();
        let tiny = rational::parse("1e-30").unwrap();
        for k in 0..3 {
            let mut other = cycle.clone();
            other.points[k][1] += &tiny;
            assert!(other.holds(&family, &class).is_err());
            let mut other = cycle.clone();
            other.gradients[k][0] += &tiny;
            assert!(other.holds(&family, &class).is_err());
            let mut other = cycle.clone();
            other.values[k] = Rational::ZERO;
            assert!(other.holds(&family, &class).is_err());
        }
    }
}
