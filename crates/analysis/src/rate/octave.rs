//! Local exponents over octaves of time.

use dinlab_numeric::min;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::family::{Estimate, FamilyFit};
use crate::error::{check_columns, check_increasing, AnalysisError};

/// Exponent over one octave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OctaveExponent {
    /// Start of the octave [t, 2t].
    pub t: f64,
    /// p = log₂(|y(t)|/|y(2t)|).
    pub exponent: f64,
}

/// p = log₂(|y(t)|/|y(2t)|) over successive octaves that end at the last time, earliest first; y between samples by
/// interpolation in log y against log t. Times must be positive. Octaves with a zero at either end are left out.
pub fn octave_exponents(t: &[f64], y: &[f64]) -> Result<Vec<OctaveExponent>, AnalysisError> {
    check_columns(("t", t), ("y", y), 2)?;
    check_increasing("t", t)?;
    let at = |time: f64| {
        let i = t.partition_point(|&v| v < time).clamp(1, t.len() - 1);
        let (a, b) = (y[i - 1].abs().ln(), y[i].abs().ln());
        let share = (time / t[i - 1]).ln() / (t[i] / t[i - 1]).ln();
        if share <= 0.0 {
            a
        } else if share >= 1.0 {
            b
        } else {
            a + share * (b - a)
        }
    };
    let start = t.iter().position(|&v| v > 0.0).unwrap_or(t.len() - 1);
    let mut found = Vec::new();
    let mut end = t[t.len() - 1];
    while end > 0.0 && 0.5 * end >= t[start] * (1.0 - 1e-12) {
        let exponent = (at(0.5 * end) - at(end)) / std::f64::consts::LN_2;
        if exponent.is_finite() {
            found.push(OctaveExponent { t: 0.5 * end, exponent });
        }
        end *= 0.5;
    }
    found.reverse();
    Ok(found)
}

/// How a fitted number still moves over the last three octaves of t − t₀, each fitted by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settling {
    /// Last change, beyond what the intervals of the octaves explain.
    pub change: f64,
    /// Ratio of the last change to the one before: a correction t^{−δ} gives 2^{−δ}, one that dies exponentially
    /// nearly 0, a logarithmic one 1 − O(1/log t), a number without limit 1 or more.
    pub ratio: f64,
}

impl Settling {
    /// What is left of a geometric approach with these changes.
    pub fn remaining(&self) -> f64 {
        if self.ratio < 0.0 {
            return 0.5 * self.change;
        }
        let ratio = min(self.ratio, 0.9);
        self.change * ratio / (1.0 - ratio)
    }
}

/// Settling of the number `fit` returns, t₀ the time at which the curve begins to fall. `None` if an octave has too few points or cannot be fitted.
pub(super) fn settling(curve: &Curve, fit: impl Fn(&[f64], &[f64]) -> Option<Estimate>) -> Option<Settling> {
    let curve = curve.falling();
    let start = curve.t[0];
    let length = curve.t[curve.len() - 1] - start;
    let mut found = Vec::new();
    for octave in [3, 2, 1] {
        let from = start + length * 0.5_f64.powi(octave);
        let to = start + length * 0.5_f64.powi(octave - 1);
        let a = curve.t.partition_point(|&t| t < from);
        let b = curve.t.partition_point(|&t| t <= to);
        if b < a + 6 {
            return None;
        }
        found.push(fit(&curve.t[a..b], &curve.log[a..b])?);
    }
    let ratio = (found[2].value - found[1].value) / (found[1].value - found[0].value);
    Some(Settling { change: found[2].excess(found[1]), ratio: if ratio.is_nan() { 0.0 } else { ratio } })
}

/// Whether the residuals of a power law over a window change sign so often that a modulation, not a drift of the
/// exponent, is what is left.
pub(super) fn is_modulated(curve: &Curve, first: usize) -> bool {
    FamilyFit::solve(&curve.t[first..], &curve.log[first..])
        .is_some_and(|fit| fit.residuals.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count() > 6)
}
