//! "For no step and no friction is there a rate ρ": the whole plane of (a, b) is covered by boxes on each of which either
//! quadratics or a cycle along a regular polygon refute the rate, with all rounding counted. L = 1.
//!
//! Quadratics: with T = 1 + b − a(1 + η)λ and D = b − aηλ the rate ρ needs D ≤ ρ² and |T| ≤ ρ + D/ρ at every λ ∈ [μ, 1]; both are
//! linear in λ, so that μ and 1 decide. They also give 0 < a < 4 and −1 < b < 1 + 4ημ: where
//! a ≤ 0, D ≤ ρ² gives b ≤ ρ² and the second inequality at μ fails; at λ = 1 it gives a(1 + η(1 − μ)(1 + 1/ρ)) ≤ (1 + ρ)²; D ≥ −ρ² gives b > −1.
//!
//! Polygons: with a·G = M the condition of [`super::polygon`] is |M|² − a(1 + μ)Re M + (1 − μ)a|Im M| cot(π/K) + a²μ ≤ 0.

use dinlab_objective::{Interval, Scalar as _};

use super::polygon::Polygon;

/// What is to be refuted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// κ; L = 1 and μ = 1/κ.
    pub condition: f64,
    /// c: the rate in question is 1 − c/√κ.
    pub constant: f64,
}

/// How a covering ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cover {
    /// All of the plane, by so many boxes.
    Complete {
        /// Boxes that quadratics or a cycle refute.
        boxes: u64,
    },
    /// At (a, b, η) neither quadratics nor a polygon refute the rate.
    Open([f64; 3]),
    /// More boxes than allowed.
    Exhausted,
}

/// A polygon with enclosures of its cosine, sine and of cot(π/K).
struct Enclosed {
    polygon: Polygon,
    cos: Interval,
    sin: Interval,
    cotangent: Interval,
}

impl Enclosed {
    fn new(polygon: Polygon) -> Self {
        // The float π lies below π.
        let pi = Interval::new(std::f64::consts::PI, std::f64::consts::PI.next_up());
        let corners = Interval::point(f64::from(polygon.corners));
        let angle = pi * Interval::point(2.0 * f64::from(polygon.turns)) / corners;
        let half = pi / corners;
        Self { polygon, cos: angle.cos(), sin: angle.sin(), cotangent: half.cos() / half.sin() }
    }

    /// Whether the polygon is a cycle on the whole box.
    fn covers(&self, at: &Boxed, mu: Interval) -> bool {
        let one = Interval::ONE;
        let [a, b, eta] = [at.a, at.b, at.eta];
        let bend = one - self.cos;
        let numerator = [(one + b) * bend, (b - one) * self.sin];
        let denominator = [one + eta * bend, eta * self.sin];
        let square = denominator[0].squared() + denominator[1].squared();
        let re = (numerator[0] * denominator[0] + numerator[1] * denominator[1]) / square;
        let im = (numerator[1] * denominator[0] - numerator[0] * denominator[1]) / square;
        // |M|² = |N|²/|h|², with fewer repetitions than re² + im².
        let size = (numerator[0].squared() + numerator[1].squared()) / square;
        let rest = a * mu - (one + mu) * re + (one - mu) * im.abs() * self.cotangent;
        (size + a * rest).high <= 0.0
    }
}

/// A box of (a, t, η) with b = 1 − tq, q about √μ.
#[derive(Debug, Clone, Copy)]
struct Boxed {
    sides: [[f64; 2]; 3],
    a: Interval,
    b: Interval,
    eta: Interval,
}

impl Boxed {
    fn new(sides: [[f64; 2]; 3], scale: f64) -> Self {
        let interval = |k: usize| Interval::new(sides[k][0], sides[k][1]);
        let b = Interval::ONE - interval(1) * Interval::point(scale);
        Self { sides, a: interval(0), b, eta: interval(2) }
    }

    fn middle(&self, scale: f64) -> [f64; 3] {
        let [a, t, eta] = self.sides.map(|[low, high]| 0.5 * (low + high));
        [a, 1.0 - t * scale, eta]
    }
}

struct Search {
    polygons: Vec<Enclosed>,
    mu: Interval,
    rho: Interval,
    scale: f64,
    bounds: [f64; 2],
}

impl Search {
    fn new(target: Target, corners: u32) -> Self {
        let mu = Interval::ONE / Interval::point(target.condition);
        let rho = Interval::ONE - Interval::point(target.constant) * mu.sqrt();
        Self {
            polygons: Polygon::all(corners).into_iter().map(Enclosed::new).collect(),
            mu,
            rho,
            scale: target.condition.sqrt().recip(),
            bounds: [target.condition.recip(), 1.0],
        }
    }

    /// Whether quadratics refute the rate on the whole box.
    fn too_slow(&self, at: &Boxed) -> bool {
        let (one, rho, a, b, eta) = (Interval::ONE, self.rho, at.a, at.b, at.eta);
        let inverse = one / rho;
        [self.mu, one].into_iter().any(|lambda| {
            let damped = rho.squared() - b + a * eta * lambda;
            let below = rho - one + b * (inverse - one) + a * lambda * (one - eta * (inverse - one));
            let above = (rho + one) + b * (one + inverse) - a * lambda * (one + eta * (one + inverse));
            damped.high < 0.0 || below.high < 0.0 || above.high < 0.0
        })
    }

    /// The polygon with the most room in the middle of the box, if it is a cycle there.
    fn best(&self, at: &Boxed) -> Option<usize> {
        let middle = at.middle(self.scale);
        let slack = |index: usize| self.polygons[index].polygon.slack(middle, self.bounds);
        (0..self.polygons.len())
            .map(|index| (slack(index), index))
            .filter(|(slack, _)| *slack > 0.0)
            .max_by(|(s, _), (t, _)| s.total_cmp(t))
            .map(|(_, index)| index)
    }
}

/// A box this small, in units in which the picture has size 1, lies on the border of what is refuted.
const SMALLEST: f64 = 1e-7;

/// Covers all (a, b) and η in [`from`, `until`], 0 ≤ from ≤ until ≤ 1, with polygons of at most `corners` corners and at most
/// `most` boxes. Needs κ > 1 and 0 < c/√κ < 1/2.
pub fn cover(target: Target, [from, until]: [f64; 2], corners: u32, most: u64) -> Cover {
    let search = Search::new(target, corners);
    let scale = search.scale;
    // b from −1 to 1 + 4ημ.
    let sides = [[0.0, 4.0], [-4.0 * until * scale * 1.001, 2.001 / scale], [from, until]];
    // In units in which the picture has size 1.
    let units = [1.0, 1.0, 0.1];
    let mut stack = vec![(Boxed::new(sides, scale), None)];
    let (mut boxes, mut seen) = (0, 0);
    while let Some((at, hint)) = stack.pop() {
        seen += 1;
        if seen > most {
            return Cover::Exhausted;
        }
        let hinted: Option<usize> = hint;
        if search.too_slow(&at) || hinted.is_some_and(|i| search.polygons[i].covers(&at, search.mu)) {
            boxes += 1;
            continue;
        }
        let best = search.best(&at);
        match best {
            Some(index) if search.polygons[index].covers(&at, search.mu) => {
                boxes += 1;
                continue;
            }
            Some(_) => {}
            None => {
                let [a, b, eta] = at.middle(scale);
                let point = |x: f64| [x, x];
                let t = 0.5 * (at.sides[1][0] + at.sides[1][1]);
                if !search.too_slow(&Boxed::new([point(a), point(t), point(eta)], scale)) {
                    return Cover::Open([a, b, eta]);
                }
            }
        }
        // Large boxes in t are logarithmic: what matters lies at t of order 1.
        let width = |k: usize| {
            let [low, high] = at.sides[k];
            let size = if k == 1 { 1.0 + 0.5 * (low.abs() + high.abs()) } else { 1.0 };
            (high - low) / (units[k] * size)
        };
        let widest = (0..3).max_by(|&i, &j| width(i).total_cmp(&width(j))).unwrap_or(0);
        if width(widest) < SMALLEST {
            return Cover::Open(at.middle(scale));
        }
        let [low, high] = at.sides[widest];
        let middle = 0.5 * (low + high);
        for part in [[low, middle], [middle, high]] {
            let mut sides = at.sides;
            sides[widest] = part;
            stack.push((Boxed::new(sides, scale), best.or(hint)));
        }
    }
    Cover::Complete { boxes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heavy ball (η = 0) has no rate 1 − 1/(2√κ) at κ = 2·10³; at the η of triple momentum there is one, so nothing covers.
    #[test]
    fn the_heavy_ball_is_covered_and_triple_momentum_is_not() {
        let target = Target { condition: 2000.0, constant: 0.5 };
        let found = cover(target, [0.0, 0.0], 24, 1_000_000);
        assert!(matches!(found, Cover::Complete { .. }), "{found:?}");
        let rho = 1.0 - target.condition.sqrt().recip();
        let eta = rho * rho / ((1.0 + rho) * (2.0 - rho));
        let found = cover(target, [eta, eta], 24, 1_000_000);
        assert!(matches!(found, Cover::Open(_)), "{found:?}");
    }

    /// On boxes that count as covered random points are refuted as well: by a polygon or by the radius on quadratics.
    #[test]
    fn covered_boxes_hold_no_fast_method() {
        let target = Target { condition: 2000.0, constant: 0.5 };
        let search = Search::new(target, 24);
        let mut stream = dinlab_numeric::Stream::new(1, "cover", 0);
        let rho = 1.0 - target.constant * target.condition.sqrt().recip();
        for _ in 0..20_000 {
            let a = stream.uniform(-0.5, 4.5);
            let b = stream.uniform(-1.1, 1.1);
            let radius = [target.condition.recip(), 0.3, 1.0].map(|l| {
                let (t, d) = (1.0 + b - a * l, b);
                let inside = 0.25 * t * t - d;
                if inside < 0.0 {
                    d.sqrt()
                } else {
                    0.5 * t.abs() + inside.sqrt()
                }
            });
            let slow = radius.iter().any(|r| *r > rho + 1e-9);
            let cycle = search.polygons.iter().any(|p| p.polygon.slack([a, b, 0.0], search.bounds) > 0.0);
            assert!(slow || cycle, "a = {a}, b = {b}");
        }
    }
}
