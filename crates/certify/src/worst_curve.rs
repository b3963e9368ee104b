//! A function of one variable through the points of a worst case: one of the class, from the bounds of its curvature.

use crate::worst_function::Sampled;

/// x, f, f′.
type Place = (f64, f64, f64);

/// A function through points in ascending order, each (x, f, f′).
#[derive(Debug, Clone)]
pub struct Curve {
    points: Vec<Place>,
    curvature: [f64; 2],
}

impl Curve {
    /// The curve of a sampled function; `None` unless its points are of dimension 1 and not all the same.
    pub fn new(function: &Sampled) -> Option<Self> {
        let of_one = function.points.iter().filter(|p| p.x.len() == 1);
        let mut points: Vec<Place> = of_one.map(|p| (p.x[0], p.value, p.gradient[0])).collect();
        points.sort_by(|p, q| p.0.total_cmp(&q.0).then(p.2.total_cmp(&q.2)));
        let width = points.last()?.0 - points.first()?.0;
        (width > 0.0).then_some(Self { points, curvature: function.curvature })
    }

    /// f and f′ on `count` ≥ 2 places of an interval that contains all points and `start`; `None` where f comes out below its infimum 0, which no
    /// function of the class does: not every set of points of a nonconvex function has a curve of this shape.
    pub fn draw(&self, count: usize, start: f64) -> Option<[Vec<f64>; 3]> {
        let first = dinlab_numeric::min(self.points.first()?.0, start);
        let last = dinlab_numeric::max(self.points.last()?.0, start);
        let margin = 0.15 * (last - first);
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for i in 0..count {
            let x = first - margin + (last - first + 2.0 * margin) * i as f64 / (count - 1) as f64;
            let (f, g) = self.at(x);
            out[0].push(x);
            out[1].push(f);
            out[2].push(g);
        }
        let largest = self.points.iter().fold(0.0, |m, p| dinlab_numeric::max(m, p.1));
        // The solver's accuracy in the points, of which the curve is made.
        (self.curvature[0] >= 0.0 || out[1].iter().all(|f| *f >= -1e-5 * largest)).then_some(out)
    }

    /// f and f′ at x. A quadratic is itself. Else f′ has between neighbours the slope μ, then L (or a jump), then μ, with lengths that
    /// the two slopes' rise and the difference of values determine. Beyond the ends its slope is μ where μ ≥ 0; where μ < 0 it is
    /// L towards the minimum, and from there on f is constant (and μ away from it, for as long as that stays above).
    pub fn at(&self, x: f64) -> (f64, f64) {
        let [mu, l] = self.curvature;
        if mu == l {
            return (0.5 * l * x * x, l * x);
        }
        let Some(k) = self.points.windows(2).position(|w| w[0].0 <= x && x < w[1].0) else {
            return self.beyond(x);
        };
        let ((x0, f0, g0), (x1, f1, g1)) = (self.points[k], self.points[k + 1]);
        let (dx, d) = (x1 - x0, x - x0);
        let rise = g1 - g0 - mu * dx;
        let b = if l.is_finite() { rise / (l - mu) } else { 0.0 };
        // ∫f′ = g₀Δ + μΔ²/2 + rise·(Δ − a) − (L − μ)b²/2 with a the length before the steep part.
        let a = if rise.abs() > 1e-9 * (g0.abs() + g1.abs() + 1e-300) {
            dx - (f1 - f0 - g0 * dx - 0.5 * mu * dx * dx + 0.5 * rise * b) / rise
        } else {
            0.0
        };
        let inside = d - a;
        let (extra, area) = if inside <= 0.0 {
            (0.0, 0.0)
        } else if inside < b {
            ((l - mu) * inside, 0.5 * (l - mu) * inside * inside)
        } else {
            (rise, 0.5 * rise * b + rise * (inside - b))
        };
        (f0 + g0 * d + 0.5 * mu * d * d + area, g0 + mu * d + extra)
    }

    fn beyond(&self, x: f64) -> (f64, f64) {
        let [mu, l] = self.curvature;
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let (x0, f0, g0) = if x < first.0 { first } else { last };
        let d = x - x0;
        if mu >= 0.0 {
            return (f0 + g0 * d + 0.5 * mu * d * d, g0 + mu * d);
        }
        // Downhill with slope L to where f′ = 0; uphill with slope −L to there. Then constant.
        let slope = if g0 * d < 0.0 { l } else { mu };
        let reach = g0.abs() / l;
        let d = d.signum() * dinlab_numeric::min(d.abs(), reach);
        (f0 + g0 * d + 0.5 * slope * d * d, g0 + slope * d)
    }
}
