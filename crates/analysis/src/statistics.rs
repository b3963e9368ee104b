//! Random quantities: intervals, equivalence tests, goodness of fit and adjustment for many checks.

use dinlab_numeric::{max, min, sum};
use dinlab_record::Sampling;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use crate::error::{check_finite, AnalysisError};
use crate::least_squares::clamp_unit;

/// Level at which a violation counts in `Sampling::detectable` (a single check, before Holm's adjustment).
pub const VIOLATION_LEVEL: f64 = 1e-3;
/// Power in `Sampling::detectable`.
pub const POWER: f64 = 0.9;

/// Wilson's interval [low, high] for a proportion at confidence `level` (J. Amer. Statist. Assoc. 22, 1927).
pub fn wilson(successes: u64, trials: u64, level: f64) -> Result<[f64; 2], AnalysisError> {
    check_counts(successes, trials)?;
    if !(level > 0.0 && level < 1.0) {
        return Err(AnalysisError::OutOfRange {
            what: "confidence level",
            value: level,
            low: 0.0,
            high: 1.0,
        });
    }
    Ok(wilson_share(successes as f64 / trials as f64, trials as f64, normal_quantile(0.5 + 0.5 * level)))
}

/// The same for a share p seen in n draws, which need not be a whole number; z is the quantile.
pub(crate) fn wilson_share(p: f64, n: f64, z: f64) -> [f64; 2] {
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At the two ends the formula gives 0 and 1 exactly; rounding must not move them inside.
    let low = if p == 0.0 { 0.0 } else { clamp_unit(centre - half) };
    let high = if p == 1.0 { 1.0 } else { clamp_unit(centre + half) };
    [low, high]
}

/// Size, mean, standard deviation (denominator n − 1) and standard error of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of samples.
    pub samples: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub standard_deviation: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
}

impl Summary {
    /// Summary of at least two finite samples.
    pub fn of(x: &[f64]) -> Result<Self, AnalysisError> {
        check_finite("sample", x)?;
        if x.len() < 2 {
            return Err(AnalysisError::TooFewPoints { needed: 2, found: x.len() });
        }
        let n = x.len() as f64;
        let mean = sum(x) / n;
        let squares: Vec<f64> = x.iter().map(|v| (v - mean) * (v - mean)).collect();
        let standard_deviation = (sum(&squares) / (n - 1.0)).sqrt();
        let standard_error = standard_deviation / n.sqrt();
        Ok(Self { samples: x.len() as u64, mean, standard_deviation, standard_error })
    }
}

/// Two one-sided t tests of "the mean lies within `margin` of `predicted`" (Schuirmann 1987).
/// `p_violation` is the p-value of that statement (at its worst boundary, both tails), `p_equivalence` that of its
/// negation, `detectable` the deviation |mean − predicted| found as a violation at [`VIOLATION_LEVEL`] with
/// probability [`POWER`].
pub fn equivalence_mean(x: &[f64], predicted: f64, margin: f64) -> Result<Sampling, AnalysisError> {
    check_margin(predicted, margin)?;
    let summary = Summary::of(x)?;
    let deviation = (summary.mean - predicted).abs();
    let error = summary.standard_error;
    let freedom = summary.samples as f64 - 1.0;
    let upper = |z: f64| student_tail(z, freedom);
    let (p_violation, p_equivalence) = if error > 0.0 {
        (
            upper((deviation - margin) / error) + upper((deviation + margin) / error),
            upper((margin - deviation) / error),
        )
    } else if deviation <= margin {
        (1.0, 0.0)
    } else {
        (0.0, 1.0)
    };
    let reach =
        student_quantile_upper(0.5 * VIOLATION_LEVEL, freedom) + student_quantile_upper(1.0 - POWER, freedom);
    Ok(Sampling {
        samples: summary.samples,
        standard_error: error,
        p_violation: clamp_unit(p_violation),
        p_equivalence: clamp_unit(p_equivalence),
        detectable: margin + reach * error,
    })
}

/// One-sided t test of "the mean is at least `bound` − `margin`": `p_violation` is the p-value of that statement,
/// `p_equivalence` that of its negation, `detectable` the deficit `bound` − mean found as a violation at
/// [`VIOLATION_LEVEL`] with probability [`POWER`].
pub fn lower_bound_mean(x: &[f64], bound: f64, margin: f64) -> Result<Sampling, AnalysisError> {
    check_margin(bound, margin)?;
    let summary = Summary::of(x)?;
    let (room, error) = (summary.mean - (bound - margin), summary.standard_error);
    let freedom = summary.samples as f64 - 1.0;
    let (p_violation, p_equivalence) = if error > 0.0 {
        (student_tail(-room / error, freedom), student_tail(room / error, freedom))
    } else if room >= 0.0 {
        (1.0, 0.0)
    } else {
        (0.0, 1.0)
    };
    let reach =
        student_quantile_upper(VIOLATION_LEVEL, freedom) + student_quantile_upper(1.0 - POWER, freedom);
    Ok(Sampling {
        samples: summary.samples,
        standard_error: error,
        p_violation: clamp_unit(p_violation),
        p_equivalence: clamp_unit(p_equivalence),
        detectable: margin + reach * error,
    })
}

/// Equivalence of a standard deviation with `predicted` ± `margin`, by the χ² law of the sample variance. The law
/// holds for normal samples; for others the degrees of freedom are divided by 1 + κ/2, κ the `excess_kurtosis` of
/// the predicted law (0 for normal), which matches the variance of the sample variance.
pub fn equivalence_standard_deviation(
    x: &[f64],
    predicted: f64,
    margin: f64,
    excess_kurtosis: f64,
) -> Result<Sampling, AnalysisError> {
    check_margin(predicted, margin)?;
    if predicted <= margin {
        return Err(AnalysisError::OutOfRange { what: "margin", value: margin, low: 0.0, high: predicted });
    }
    if !(excess_kurtosis > -2.0 && excess_kurtosis.is_finite()) {
        let (low, high) = (-2.0, f64::INFINITY);
        return Err(AnalysisError::OutOfRange { what: "excess kurtosis", value: excess_kurtosis, low, high });
    }
    let summary = Summary::of(x)?;
    let s = summary.standard_deviation;
    let freedom = (summary.samples as f64 - 1.0) / (1.0 + 0.5 * excess_kurtosis);
    let what = "degrees of freedom";
    let chi = ChiSquared::new(freedom).map_err(|_| AnalysisError::OutOfRange {
        what,
        value: freedom,
        low: 0.0,
        high: f64::INFINITY,
    })?;
    let (low, high) = (predicted - margin, predicted + margin);
    let statistic = |sigma: f64| freedom * (s / sigma) * (s / sigma);
    let above = chi.sf(statistic(high));
    let below = chi.cdf(statistic(low));
    let p_equivalence = max(chi.cdf(statistic(high)), chi.sf(statistic(low)));
    let growth = (chi.inverse_cdf(1.0 - 0.5 * VIOLATION_LEVEL) / chi.inverse_cdf(1.0 - POWER)).sqrt();
    Ok(Sampling {
        samples: summary.samples,
        standard_error: s / (2.0 * freedom).sqrt(),
        p_violation: clamp_unit(2.0 * min(above, below)),
        p_equivalence: clamp_unit(p_equivalence),
        detectable: high * growth - predicted,
    })
}

/// Equivalence of a proportion with `predicted` ± `margin` by exact binomial tails (conservative).
pub fn equivalence_proportion(
    successes: u64,
    trials: u64,
    predicted: f64,
    margin: f64,
) -> Result<Sampling, AnalysisError> {
    check_counts(successes, trials)?;
    check_margin(predicted, margin)?;
    if !(0.0..=1.0).contains(&predicted) {
        return Err(AnalysisError::OutOfRange {
            what: "predicted proportion",
            value: predicted,
            low: 0.0,
            high: 1.0,
        });
    }
    let n = trials as f64;
    let share = successes as f64 / n;
    let (low, high) = (predicted - margin, predicted + margin);
    let above = at_least(successes, trials, high);
    let below = at_most(successes, trials, low);
    let still_above = if high >= 1.0 { 0.0 } else { at_most(successes, trials, high) };
    let still_below = if low <= 0.0 { 0.0 } else { at_least(successes, trials, low) };
    let edge = if high <= 1.0 - low { high } else { low };
    let edge = clamp_unit(edge);
    let reach = normal_quantile(1.0 - 0.5 * VIOLATION_LEVEL) + normal_quantile(POWER);
    Ok(Sampling {
        samples: trials,
        standard_error: (share * (1.0 - share) / n).sqrt(),
        p_violation: clamp_unit(2.0 * min(above, below)),
        p_equivalence: clamp_unit(max(still_above, still_below)),
        detectable: margin + reach * (edge * (1.0 - edge) / n).sqrt(),
    })
}

/// P(X ≤ k) for X binomial; p outside [0, 1] is moved to its end.
fn at_most(k: u64, n: u64, p: f64) -> f64 {
    Binomial::new(clamp_unit(p), n).map_or(f64::NAN, |law| law.cdf(k))
}

/// P(X ≥ k) for X binomial.
fn at_least(k: u64, n: u64, p: f64) -> f64 {
    match k.checked_sub(1) {
        None => 1.0,
        Some(below) => Binomial::new(clamp_unit(p), n).map_or(f64::NAN, |law| law.sf(below)),
    }
}

/// Kolmogorov–Smirnov distance and its p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KolmogorovSmirnov {
    /// sup |F_n − F|.
    pub distance: f64,
    /// Asymptotic p-value with Stephens's finite-size factor (J. Roy. Statist. Soc. B 32, 1970).
    pub p_value: f64,
}

/// Distance of the sample to the continuous law with distribution function `law`.
pub fn kolmogorov_smirnov(x: &[f64], law: impl Fn(f64) -> f64) -> Result<KolmogorovSmirnov, AnalysisError> {
    check_finite("sample", x)?;
    if x.is_empty() {
        return Err(AnalysisError::TooFewPoints { needed: 1, found: 0 });
    }
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let gap = |(i, &v): (usize, &f64)| max((i as f64 + 1.0) / n - law(v), law(v) - i as f64 / n);
    let distance = sorted.iter().enumerate().map(gap).fold(0.0, max);
    let root = n.sqrt();
    Ok(KolmogorovSmirnov { distance, p_value: kolmogorov_tail((root + 0.12 + 0.11 / root) * distance) })
}

/// P(K > z) for Kolmogorov's law, by whichever of its two series converges fast.
fn kolmogorov_tail(z: f64) -> f64 {
    use std::f64::consts::PI;
    if z.is_nan() {
        return f64::NAN;
    }
    if z < 0.2 {
        return 1.0; // the tail differs from 1 by less than 1e-12
    }
    if z < 1.0 {
        let term = |k: i32| (-(f64::from(2 * k - 1) * PI / z).powi(2) / 8.0).exp();
        return 1.0 - (2.0 * PI).sqrt() / z * (1..=6).map(term).fold(0.0, |s, v| s + v);
    }
    let term = |k: i32| f64::from(if k % 2 == 1 { 2 } else { -2 }) * (-2.0 * f64::from(k * k) * z * z).exp();
    clamp_unit((1..=12).map(term).fold(0.0, |s, v| s + v))
}

/// Holm's adjusted p-values (Scand. J. Statist. 6, 1979) in the order given. A NaN stays NaN and is left
/// out of the count.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let (mut adjusted, mut running) = (vec![f64::NAN; p.len()], 0.0);
    for (rank, &i) in order.iter().enumerate() {
        running = max(running, clamp_unit((order.len() - rank) as f64 * p[i]));
        adjusted[i] = running;
    }
    adjusted
}

/// Quantile of the standard normal law.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Two-sided p-value 2P(T > |z|), T Student's with that many degrees of freedom.
pub fn student_p_value(z: f64, freedom: f64) -> f64 {
    2.0 * student_tail(z.abs(), freedom)
}

fn student_tail(z: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.sf(z))
}

pub(crate) fn student_quantile_upper(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - p))
}

fn check_counts(successes: u64, trials: u64) -> Result<(), AnalysisError> {
    if trials == 0 {
        return Err(AnalysisError::TooFewPoints { needed: 1, found: 0 });
    }
    if successes > trials {
        let (value, high) = (successes as f64, trials as f64);
        return Err(AnalysisError::OutOfRange { what: "successes", value, low: 0.0, high });
    }
    Ok(())
}

fn check_margin(predicted: f64, margin: f64) -> Result<(), AnalysisError> {
    check_finite("prediction", &[predicted])?;
    if margin >= 0.0 && margin.is_finite() {
        return Ok(());
    }
    Err(AnalysisError::OutOfRange { what: "margin", value: margin, low: 0.0, high: f64::MAX })
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
