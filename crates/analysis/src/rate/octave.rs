//! Local exponents over octaves of time.

use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::family::FamilyFit;
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

/// Whether the exponent of a smooth curve drifts without settling, as for 1/(t log³t): over the last three octaves of
/// t − origin the exponent (fitted with its own origin in each) moves the same way by steps that shrink by less than
/// a quarter per octave. A correction t^{−δ} shrinks the steps by 2^{−δ}; a logarithmic one by 1 − O(1/log t).
pub(super) fn exponent_keeps_drifting(curve: &Curve, first: usize) -> bool {
    let n = curve.len();
    let Some(whole) = FamilyFit::solve(&curve.t[first..], &curve.log[first..]) else { return false };
    // A periodic modulation leaves residuals of many signs; a drift leaves a few.
    let signs = whole.residuals.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
    if signs > 6 {
        return false;
    }
    let origin = whole.origin().value;
    let end = curve.t[n - 1] - origin;
    let mut exponents = Vec::new();
    for octave in [3, 2, 1] {
        let from = origin + end * 0.5_f64.powi(octave);
        let to = origin + end * 0.5_f64.powi(octave - 1);
        let a = curve.t.partition_point(|&t| t < from);
        let b = curve.t.partition_point(|&t| t <= to);
        if b < a + 6 {
            return false;
        }
        let Some(fit) = FamilyFit::solve(&curve.t[a..b], &curve.log[a..b]) else { return false };
        exponents.push(fit.exponent());
    }
    let (d1, d2) = (exponents[1].value - exponents[0].value, exponents[2].value - exponents[1].value);
    let noise = exponents[1].half + exponents[2].half;
    d2.abs() > noise && d2.abs() > 1e-3 * exponents[2].value.abs() && d2 / d1 > 0.75
}
