//! Sign changes of a signed quantity with hysteresis, and reversals of the velocity.

use dinlab_numeric::dot;
use serde::{Deserialize, Serialize};

use crate::error::{check_finite, check_increasing, AnalysisError};

/// Counts sign changes of a signed quantity, ignoring |w| ≤ h. Non-finite values are ignored and reported by
/// [`SignChanges::saw_non_finite`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignChanges {
    threshold: f64,
    sign: f64,
    count: u64,
    non_finite: bool,
}

impl SignChanges {
    /// Counter with hysteresis `threshold` ≥ 0 (a negative one counts as 0).
    pub fn new(threshold: f64) -> Self {
        let threshold = if threshold > 0.0 { threshold } else { 0.0 };
        Self { threshold, sign: 0.0, count: 0, non_finite: false }
    }

    /// Next value. The first non-zero value sets the sign, however small it is.
    pub fn push(&mut self, w: f64) {
        if !w.is_finite() {
            self.non_finite = true;
            return;
        }
        let sign = if w == 0.0 { 0.0 } else { w.signum() };
        if self.sign == 0.0 {
            self.sign = sign;
        } else if w.abs() > self.threshold && sign != self.sign {
            self.count += 1;
            self.sign = sign;
        }
    }

    /// Sign changes so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether a NaN or an infinity was among the values.
    pub fn saw_non_finite(&self) -> bool {
        self.non_finite
    }
}

/// Number of sign changes of a whole series at one threshold.
pub fn sign_changes(w: &[f64], threshold: f64) -> u64 {
    let mut counter = SignChanges::new(threshold);
    w.iter().for_each(|&v| counter.push(v));
    counter.count()
}

/// The widest range of thresholds over which a count does not change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// The count there.
    pub count: u64,
    /// Smallest threshold.
    pub from: f64,
    /// Largest threshold.
    pub to: f64,
}

impl Plateau {
    /// Width in decades of the threshold. Below 1 the count is not worth quoting.
    pub fn decades(&self) -> f64 {
        (self.to / self.from).log10()
    }
}

/// Counts over increasing positive thresholds, and the widest plateau (in log threshold; a count of 0 at the top is
/// a plateau only if every threshold gives 0, for above the amplitude nothing is ever counted).
pub fn sign_change_plateau(w: &[f64], thresholds: &[f64]) -> Result<(Vec<u64>, Plateau), AnalysisError> {
    check_finite("w", w)?;
    check_finite("threshold", thresholds)?;
    check_increasing("threshold", thresholds)?;
    match thresholds.first() {
        None => return Err(AnalysisError::TooFewPoints { needed: 1, found: 0 }),
        Some(&value) if value <= 0.0 => {
            return Err(AnalysisError::NotPositive { what: "threshold", index: 0, value })
        }
        Some(_) => {}
    }
    let counts: Vec<u64> = thresholds.iter().map(|&h| sign_changes(w, h)).collect();
    let all_zero = counts.iter().all(|&c| c == 0);
    let mut best = Plateau { count: counts[0], from: thresholds[0], to: thresholds[0] };
    let mut first = 0;
    for i in 0..counts.len() {
        if counts[i] != counts[first] {
            first = i;
        }
        let run = Plateau { count: counts[i], from: thresholds[first], to: thresholds[i] };
        if run.decades() > best.decades() && (all_zero || run.count > 0) {
            best = run;
        }
    }
    Ok((counts, best))
}

/// Counts reversals of the velocity along a fixed direction, from positions.
#[derive(Debug, Clone)]
pub struct VelocityReversals {
    direction: Vec<f64>,
    previous: Option<f64>,
    changes: SignChanges,
}

impl VelocityReversals {
    /// `threshold` is a displacement per observation along `direction` (speed times step).
    pub fn new(direction: &[f64], threshold: f64) -> Self {
        Self { direction: direction.to_vec(), previous: None, changes: SignChanges::new(threshold) }
    }

    /// Next position; its length must be that of the direction.
    pub fn push(&mut self, theta: &[f64]) {
        let along = dot(&self.direction, theta);
        if let Some(previous) = self.previous.replace(along) {
            self.changes.push(along - previous);
        }
    }

    /// Reversals so far.
    pub fn count(&self) -> u64 {
        self.changes.count()
    }
}
