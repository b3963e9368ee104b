//! log y = a − (c/w)·log(1 + w·x) with x ∈ [−1, 1] the time centred and scaled to the window. In the original time
//! this is y ∝ (t − o)^{−c/w} for w > 0 (origin o before the window), e^{−c·x} for w = 0, and y ∝ (o − t)^{−c/w}, of
//! positive exponent, for w < 0 (extinction at o behind the window). Equivalently y^{−s} is linear in t, s = w/c.

use dinlab_numeric::{max, min};
use nalgebra::DMatrix;

use crate::least_squares::{regress_autocorrelated, LinearFit};

/// A number with the half-width of its 95 % interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub value: f64,
    pub half: f64,
}

impl Estimate {
    /// What two estimates differ by beyond their own intervals.
    pub fn excess(self, other: Self) -> f64 {
        let gap = (self.value - other.value).abs() - self.half - other.half;
        if gap > 0.0 {
            gap
        } else {
            0.0
        }
    }
}

/// Rate r of e^{−rt} by a straight line through log y.
pub(crate) fn exponential(t: &[f64], log: &[f64]) -> Option<Estimate> {
    let line = regress_autocorrelated(t, log, None).ok()?;
    Some(Estimate { value: -line.slope, half: line.high - line.slope })
}

/// A member of the family fitted to a window.
#[derive(Debug, Clone)]
pub(crate) struct FamilyFit {
    centre: f64,
    half_range: f64,
    /// Bend, w = tanh v.
    v: f64,
    /// Decay c.
    c: f64,
    /// Covariance entries of (c, v) and the Student quantile.
    covariance: [f64; 3],
    quantile: f64,
    /// Residuals in log y.
    pub residuals: Vec<f64>,
}

const LARGEST_BEND: f64 = 14.0;

impl FamilyFit {
    /// Least squares in log y. `None` with fewer than 5 points or for a curve without decay.
    pub fn solve(t: &[f64], log: &[f64]) -> Option<Self> {
        if t.len() < 5 {
            return None;
        }
        let (centre, half_range) = (0.5 * (t[0] + t[t.len() - 1]), 0.5 * (t[t.len() - 1] - t[0]));
        let x: Vec<f64> = t.iter().map(|t| (t - centre) / half_range).collect();
        let misfit = |v: f64| line(&x, log, v).map_or(f64::INFINITY, |(_, _, squares)| squares);
        let mut best = (0.0, misfit(0.0));
        for k in -12..=12 {
            let v = f64::from(k);
            let squares = misfit(v);
            if squares < best.1 {
                best = (v, squares);
            }
        }
        let v = polish(&x, log, best);
        let (_, c, _) = line(&x, log, v)?;
        let fit = LinearFit::solve(&columns(&x, v, c), &linearised(&x, log, v, c), None)?;
        let covariance = [fit.covariance[(1, 1)], fit.covariance[(1, 2)], fit.covariance[(2, 2)]];
        Some(Self { centre, half_range, v, c, covariance, quantile: fit.quantile, residuals: fit.residuals })
    }

    fn w(&self) -> f64 {
        self.v.tanh()
    }

    /// Half-width from the gradient with respect to (c, v).
    fn half(&self, by_c: f64, by_v: f64) -> f64 {
        let [cc, cv, vv] = self.covariance;
        let variance = by_c * by_c * cc + 2.0 * by_c * by_v * cv + by_v * by_v * vv;
        self.quantile * max(variance, 0.0).sqrt()
    }

    /// Bend z = 2v = log of the ratio of the local rates at the two ends.
    pub fn bend(&self) -> Estimate {
        Estimate { value: 2.0 * self.v, half: self.half(0.0, 2.0) }
    }

    /// s = w/c: 0 for an exponential, 1/p for a power, −1/q for an extinction; the same in every sub-window.
    pub fn shape(&self) -> Estimate {
        let (w, c) = (self.w(), self.c);
        Estimate { value: w / c, half: self.half(-w / (c * c), (1.0 - w * w) / c) }
    }

    /// Exponent c/w: p of a power; −q of an extinction.
    pub fn exponent(&self) -> Estimate {
        let (w, c) = (self.w(), self.c);
        Estimate { value: c / w, half: self.half(1.0 / w, -c * (1.0 - w * w) / (w * w)) }
    }

    /// Origin of a power or time of an extinction.
    pub fn origin(&self) -> Estimate {
        let w = self.w();
        let by_v = self.half_range * (1.0 - w * w) / (w * w);
        Estimate { value: self.centre - self.half_range / w, half: self.half(0.0, by_v) }
    }
}

/// φ = log(1 + wx)/w.
fn phi(x: f64, w: f64) -> f64 {
    if w == 0.0 {
        x
    } else {
        (w * x).ln_1p() / w
    }
}

/// ∂φ/∂w, by its series near w = 0.
fn phi_by_w(x: f64, w: f64) -> f64 {
    if w.abs() < 1e-3 {
        x * x * (-0.5 + w * x * (2.0 / 3.0 - w * x * (0.75 - 0.8 * w * x)))
    } else {
        (x / (1.0 + w * x) - phi(x, w)) / w
    }
}

/// Best a and c at a given bend, with the sum of squared residuals.
fn line(x: &[f64], log: &[f64], v: f64) -> Option<(f64, f64, f64)> {
    let (n, w) = (x.len() as f64, v.tanh());
    let f: Vec<f64> = x.iter().map(|&x| phi(x, w)).collect();
    let (mean_f, mean_l) = (dinlab_numeric::sum(&f) / n, dinlab_numeric::sum(log) / n);
    let (mut ff, mut fl) = (0.0, 0.0);
    for (f, l) in f.iter().zip(log) {
        ff += (f - mean_f) * (f - mean_f);
        fl += (f - mean_f) * (l - mean_l);
    }
    let c = -fl / ff;
    let squares = f.iter().zip(log).fold(0.0, |s, (f, l)| s + (l - mean_l + c * (f - mean_f)).powi(2));
    (c.is_finite() && squares.is_finite()).then_some((mean_l + c * mean_f, c, squares))
}

/// Columns ∂/∂(a, c, v) of the model.
fn columns(x: &[f64], v: f64, c: f64) -> DMatrix<f64> {
    let w = v.tanh();
    DMatrix::from_fn(x.len(), 3, |i, j| match j {
        0 => 1.0,
        1 => -phi(x[i], w),
        _ => -c * phi_by_w(x[i], w) * (1.0 - w * w),
    })
}

/// Left-hand side of the linearised problem: log y + c·φ, so that the coefficients are (a, change of c, change of v).
fn linearised(x: &[f64], log: &[f64], v: f64, c: f64) -> Vec<f64> {
    let w = v.tanh();
    x.iter().zip(log).map(|(&x, l)| l + c * phi(x, w)).collect()
}

/// Gauss–Newton on v with a and c eliminated; a step that does not help is halved.
fn polish(x: &[f64], log: &[f64], start: (f64, f64)) -> f64 {
    let (mut v, mut squares) = start;
    for _ in 0..40 {
        let Some((_, c, _)) = line(x, log, v) else { return v };
        let Some(fit) = LinearFit::solve(&columns(x, v, c), &linearised(x, log, v, c), Some(0)) else {
            return v;
        };
        let mut step = max(min(fit.coefficients[2], 0.5), -0.5);
        let mut moved = false;
        for _ in 0..12 {
            let next = max(min(v + step, LARGEST_BEND), -LARGEST_BEND);
            match line(x, log, next) {
                Some((_, _, s)) if s < squares => {
                    (v, squares, moved) = (next, s, true);
                    break;
                }
                _ => step *= 0.5,
            }
        }
        if !moved || step.abs() < 1e-13 {
            return v;
        }
    }
    v
}
