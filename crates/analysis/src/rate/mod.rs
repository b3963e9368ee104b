//! Blind classification of the decay of a curve y(t) → 0. Nothing here knows a prediction: windows, floors and the
//! kind of decay come from the curve alone.
//!
//! Three decays are members of one family (see `family.rs`): log y = a − (c/w)·log(1 + w·x), x the centred time. The
//! bend w decides: 0 exponential, positive a power of (t − origin), negative extinction at a finite time.
//! Steps: leave out zeros, find the floor, replace an oscillation by its envelope, fit the family on nested windows
//! that end where the curve ends or meets its floor, and keep the window with the smallest error, where the error is
//! the larger of the statistical one (Newey–West, Student) and of what the two halves of the window disagree by.

mod curve;
mod family;
mod octave;
mod select;

pub use curve::envelope;
pub use octave::{octave_exponents, OctaveExponent};

use dinlab_record::real;
use serde::{Deserialize, Serialize};

use crate::error::{check_columns, check_increasing, AnalysisError};
use curve::Curve;
use select::Choice;

/// Smallest number of points of a curve.
pub const NEEDED: usize = 8;

/// Kind of decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RateKind {
    /// y ~ e^{−rt}; the value is r.
    Exponential,
    /// y ~ t^{−p}; the value is p.
    Power,
    /// y ~ (T − t)^q, then 0; the value is T.
    FiniteTime,
    /// No decay law: constant, growing, noise, or a decay that follows none of the three.
    None,
}

impl std::fmt::Display for RateKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Exponential => "exponential",
            Self::Power => "power",
            Self::FiniteTime => "finite-time",
            Self::None => "none",
        })
    }
}

/// A fitted decay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateFit {
    /// Kind of decay.
    pub kind: RateKind,
    /// Rate r, exponent p or extinction time T. For `none`: minus the slope of log|y| where the curve does not decay
    /// (0 when constant, negative when it grows), NaN where it decays by no law of the three.
    #[serde(with = "real")]
    pub value: f64,
    /// Lower end of the 95 % interval, widened by the drift between the halves of the window.
    #[serde(with = "real")]
    pub low: f64,
    /// Upper end.
    #[serde(with = "real")]
    pub high: f64,
    /// First and last time used.
    #[serde(with = "real")]
    pub window: [f64; 2],
    /// Points used (maxima, where the envelope was).
    pub points: usize,
    /// Order q of a finite-time extinction, NaN otherwise.
    #[serde(with = "real")]
    pub order: f64,
    /// Level of the floor or plateau that ends the window, 0 where there is none.
    #[serde(with = "real")]
    pub floor: f64,
    /// Whether the curve oscillates and successive maxima of |y| were used.
    pub envelope: bool,
}

/// Classifies the decay of |y| against the strictly increasing t. At least [`NEEDED`] points; signs of y are dropped
/// (an oscillation about 0), zeros at the end are taken as extinction or underflow, other zeros are left out.
pub fn fit_rate(t: &[f64], y: &[f64]) -> Result<RateFit, AnalysisError> {
    check_columns(("t", t), ("y", y), NEEDED)?;
    check_increasing("t", t)?;
    fit(t, y, select::Family::All)
}

/// Fits the power relation y ~ x^p, p of either sign, with the treatment of [`fit_rate`]. Both columns must be
/// non-zero on the whole (signs are dropped) and x strictly monotone; the last rows are the asymptotic end, whether x
/// tends to 0 or to infinity. The kind is `power` or `none`; the window is in x, in the order of the rows.
pub fn fit_rate_against(x: &[f64], y: &[f64]) -> Result<RateFit, AnalysisError> {
    check_columns(("x", x), ("y", y), NEEDED)?;
    if let Some(index) = x.iter().position(|&v| v == 0.0) {
        return Err(AnalysisError::NotPositive { what: "|x|", index, value: 0.0 });
    }
    let sign = if x[x.len() - 1].abs() >= x[0].abs() { 1.0 } else { -1.0 };
    let time: Vec<f64> = x.iter().map(|v| sign * v.abs().ln()).collect();
    check_increasing("x", &time)?;
    // In log x a power is an exponential; a growing one is fitted as the decay of 1/y.
    let direct = fit(&time, y, select::Family::Exponential)?;
    let back = |tau: f64| (sign * tau).exp();
    let window = direct.window.map(back);
    if direct.kind == RateKind::Exponential {
        let ends = [-sign * direct.value, -sign * direct.low, -sign * direct.high];
        return Ok(as_power(direct, ends, window));
    }
    let inverse: Vec<f64> = y.iter().map(|v| if *v == 0.0 { 0.0 } else { 1.0 / v.abs() }).collect();
    if !dinlab_numeric::all_finite(&inverse) {
        return Ok(RateFit { window, ..direct });
    }
    let growing = fit(&time, &inverse, select::Family::Exponential)?;
    let window = growing.window.map(back);
    if growing.kind == RateKind::Exponential {
        let ends = [sign * growing.value, sign * growing.low, sign * growing.high];
        return Ok(as_power(growing, ends, window));
    }
    Ok(RateFit { value: f64::NAN, low: f64::NAN, high: f64::NAN, window, ..direct })
}

fn as_power(fit: RateFit, [value, a, b]: [f64; 3], window: [f64; 2]) -> RateFit {
    let (low, high) = (dinlab_numeric::min(a, b), dinlab_numeric::max(a, b));
    RateFit { kind: RateKind::Power, value, low, high, window, ..fit }
}

fn fit(t: &[f64], y: &[f64], family: select::Family) -> Result<RateFit, AnalysisError> {
    let raw = Curve::new(t, y);
    if raw.len() == 0 {
        // Identically zero: it does not decay, it is there.
        return Ok(nothing([t[0], t[t.len() - 1]], 0, 0.0));
    }
    if raw.len() < NEEDED {
        return Err(AnalysisError::TooFewPoints { needed: NEEDED, found: raw.len() });
    }
    let mut best: Option<(RateFit, f64)> = None;
    let mut parts = raw.above_floor();
    parts.push((raw, 0.0)); // the last resort, where nothing usable lies above a floor
    let last = parts.len() - 1;
    for (i, (curve, floor)) in parts.into_iter().enumerate() {
        if i == last && best.is_some() {
            break;
        }
        let curve = curve.without_oscillation().thinned();
        // A curve that changes sign again without maxima enough for an envelope says nothing.
        if curve.len() < if curve.enveloped { 3 } else { NEEDED } || curve.crossings() >= 2 {
            continue;
        }
        let choice = select::choose(&curve, family);
        let score = choice.score;
        let found = describe(&curve, choice, floor);
        let decays = found.kind != RateKind::None;
        let better = best.as_ref().is_none_or(|(other, s)| {
            let other_decays = other.kind != RateKind::None;
            // A part is preferred to the one before only where it is clearly cleaner.
            decays && (!other_decays || (*s > 1e-10 && score < 0.5 * *s))
        });
        if better {
            best = Some((found, score));
        }
    }
    match best {
        Some((found, _)) => Ok(found),
        None => Ok(nothing([t[0], t[t.len() - 1]], 0, f64::NAN)),
    }
}

fn describe(curve: &Curve, choice: Choice, floor: f64) -> RateFit {
    RateFit {
        kind: choice.kind,
        value: choice.value,
        low: choice.value - choice.half,
        high: choice.value + choice.half,
        window: [curve.t[choice.first], curve.t[curve.len() - 1]],
        points: curve.len() - choice.first,
        order: choice.order,
        floor,
        envelope: curve.enveloped,
    }
}

fn nothing(window: [f64; 2], points: usize, value: f64) -> RateFit {
    RateFit {
        kind: RateKind::None,
        value,
        low: value,
        high: value,
        window,
        points,
        order: f64::NAN,
        floor: 0.0,
        envelope: false,
    }
}

#[cfg(test)]
mod tests;
