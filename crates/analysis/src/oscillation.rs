//! What "fewer oscillations" can mean: sign changes with hysteresis, velocity reversals, ratio of successive
//! extrema, upward variation, path length over displacement. Everything that can stream does.

use dinlab_numeric::{axpy, distance, dot};
use serde::{Deserialize, Serialize};

use crate::error::{check_columns, check_finite, check_increasing, AnalysisError};
use crate::least_squares::regress;

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

/// Upward and total variation of a scalar series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Variation {
    first: Option<f64>,
    last: f64,
    upward: f64,
    downward: f64,
}

impl Variation {
    /// Next value; NaN spoils the result.
    pub fn push(&mut self, value: f64) {
        if self.first.is_none() {
            self.first = Some(value);
        } else {
            let change = value - self.last;
            if change > 0.0 {
                self.upward += change;
            } else {
                self.downward -= change;
            }
        }
        self.last = value;
    }

    /// Σ (J_{k+1} − J_k)₊.
    pub fn upward(&self) -> f64 {
        self.upward
    }

    /// Σ |J_{k+1} − J_k|.
    pub fn total(&self) -> f64 {
        self.upward + self.downward
    }

    /// Σ (J_{k+1} − J_k)₊ / J₀; NaN before the first value or for J₀ = 0 without variation.
    pub fn upward_ratio(&self) -> f64 {
        self.upward / self.first.unwrap_or(f64::NAN)
    }
}

/// Length of a path and distance between its ends.
#[derive(Debug, Clone, Default)]
pub struct PathLength {
    first: Vec<f64>,
    last: Vec<f64>,
    length: f64,
}

impl PathLength {
    /// Next position; all positions must have the same length.
    pub fn push(&mut self, theta: &[f64]) {
        if self.first.is_empty() {
            self.first = theta.to_vec();
        } else {
            self.length += distance(theta, &self.last);
        }
        self.last = theta.to_vec();
    }

    /// Σ ‖θ_{k+1} − θ_k‖.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// ‖θ_K − θ₀‖.
    pub fn displacement(&self) -> f64 {
        let mut gap = self.last.clone();
        axpy(-1.0, &self.first, &mut gap);
        dinlab_numeric::norm(&gap)
    }

    /// Length over displacement, at least 1; NaN for a path that did not move, infinite for a closed one.
    pub fn excess(&self) -> f64 {
        self.length / self.displacement()
    }
}

/// Interpolated local extrema of a signed series: [t, w] in order. Three neighbouring samples give a parabola; flat
/// stretches and both ends give none. Abscissae need not be equidistant.
pub fn extrema(t: &[f64], w: &[f64]) -> Result<Vec<[f64; 2]>, AnalysisError> {
    check_columns(("t", t), ("w", w), 3)?;
    check_increasing("t", t)?;
    let turns = |i: &usize| {
        let (before, after) = (w[*i] - w[*i - 1], w[*i + 1] - w[*i]);
        (before > 0.0 && after <= 0.0) || (before < 0.0 && after >= 0.0)
    };
    Ok((1..t.len() - 1)
        .filter(turns)
        .map(|i| parabola_vertex(&t[i - 1..=i + 1], &w[i - 1..=i + 1]))
        .collect())
}

/// Vertex of the parabola through three points whose middle one is extreme.
pub(crate) fn parabola_vertex(t: &[f64], w: &[f64]) -> [f64; 2] {
    let (left, right) = (t[0] - t[1], t[2] - t[1]);
    let (p, q) = ((w[0] - w[1]) / left, (w[2] - w[1]) / right);
    let curvature = (q - p) / (right - left);
    let slope = p - curvature * left;
    let shift = -0.5 * slope / curvature;
    if shift.is_finite() && shift >= left && shift <= right {
        [t[1] + shift, w[1] + 0.5 * slope * shift]
    } else {
        [t[1], w[1]]
    }
}

/// Ratio of successive extrema.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Overshoot {
    /// |next extremum / extremum|, from the regression of log|extremum| on its number.
    pub ratio: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of extrema used.
    pub extrema: usize,
}

/// Overshoot ratio of an oscillation about 0: extrema that alternate in sign and stay above `floor`, from the first
/// on (the start itself is no extremum). At least 3 are needed.
pub fn overshoot(t: &[f64], w: &[f64], floor: f64) -> Result<Overshoot, AnalysisError> {
    let all = extrema(t, w)?;
    let usable: Vec<f64> = all.iter().map(|e| e[1]).take_while(|v| v.abs() > floor).collect();
    let length = 1 + usable.windows(2).take_while(|pair| pair[0] * pair[1] < 0.0).count();
    let chosen = &usable[..length.min(usable.len())];
    if chosen.len() < 3 {
        return Err(AnalysisError::TooFewPoints { needed: 3, found: chosen.len() });
    }
    let number: Vec<f64> = (0..chosen.len()).map(|i| i as f64).collect();
    let log: Vec<f64> = chosen.iter().map(|v| v.abs().ln()).collect();
    let line = regress(&number, &log)?;
    Ok(Overshoot {
        ratio: line.slope.exp(),
        low: line.low.exp(),
        high: line.high.exp(),
        extrema: chosen.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::{angular_frequency, multipliers};
    use std::f64::consts::PI;

    #[test]
    fn hysteresis_ignores_chatter_and_keeps_crossings() {
        let chatter = |k: usize| if k.is_multiple_of(2) { 1e-3 } else { -1e-3 };
        let w: Vec<f64> = (0..100_000).map(|k| (k as f64 * 0.000_314).cos() + chatter(k)).collect();
        assert!(sign_changes(&w, 0.0) > 10);
        assert_eq!(sign_changes(&w, 1e-2), 10);
        let thresholds: Vec<f64> = (0..=20).map(|k| 1e-4 * 10_f64.powf(f64::from(k) / 4.0)).collect();
        let (counts, plateau) = sign_change_plateau(&w, &thresholds).unwrap();
        assert_eq!((plateau.count, *counts.last().unwrap()), (10, 0));
        assert!(plateau.decades() > 1.5, "{plateau:?}");
        assert!(sign_change_plateau(&w, &[]).is_err() && sign_change_plateau(&w, &[0.0]).is_err());
    }

    #[test]
    fn a_nan_is_not_a_sign() {
        let mut counter = SignChanges::new(0.1);
        [1.0, f64::NAN, 1.0, -1.0].iter().for_each(|&w| counter.push(w));
        assert!(counter.count() == 1 && counter.saw_non_finite());
    }

    #[test]
    fn crossings_come_at_the_rate_of_the_linearisation() {
        let (alpha, beta, lambda) = (0.2, 0.05, 4.0);
        let omega = angular_frequency(alpha, beta, lambda);
        let t: Vec<f64> = (0..4000).map(|k| f64::from(k) * 0.01).collect();
        let w: Vec<f64> =
            t.iter().map(|t| (-0.5 * (alpha + beta * lambda) * t).exp() * (omega * t + 0.3).cos()).collect();
        let expected = omega * 39.99 / PI;
        assert!((sign_changes(&w, 0.0) as f64 - expected).abs() <= 1.0);
        let measured = overshoot(&t, &w, 0.0).unwrap();
        let ratio = (-PI * (alpha + beta * lambda) / (2.0 * omega)).exp();
        assert!((measured.ratio / ratio - 1.0).abs() < 1e-6, "{measured:?} {ratio}");
    }

    #[test]
    fn iterates_have_the_envelope_of_the_multiplier() {
        let (alpha, beta, g, lambda) = (0.5, 0.1, 0.1, 9.0);
        let mu = multipliers(alpha, beta, g, lambda)[0];
        let (mut theta, mut u) = (1.0, 0.0);
        let (mut t, mut w) = (Vec::new(), Vec::new());
        for k in 0..400 {
            t.push(f64::from(k));
            w.push(theta);
            let v = lambda * theta;
            (theta, u) = (theta + g * (u - beta * v), (1.0 - alpha * g) * u - g * (1.0 - alpha * beta) * v);
        }
        let expected = mu.norm().powf(PI / mu.arg());
        let measured = overshoot(&t, &w, 1e-12).unwrap();
        assert!((measured.ratio / expected - 1.0).abs() < 2e-3, "{measured:?} {expected}");
    }

    #[test]
    fn a_monotone_curve_has_no_overshoot() {
        let t: Vec<f64> = (0..50).map(f64::from).collect();
        let w: Vec<f64> = t.iter().map(|t| (-t).exp()).collect();
        assert!(matches!(overshoot(&t, &w, 0.0), Err(AnalysisError::TooFewPoints { found: 0, .. })));
        let mut variation = Variation::default();
        w.iter().for_each(|&v| variation.push(v));
        assert!(variation.upward() == 0.0 && (variation.total() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn paths_and_reversals() {
        let (mut path, mut reversals) = (PathLength::default(), VelocityReversals::new(&[1.0, 0.0], 0.0));
        for point in [[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0], [1.0, 4.0]] {
            path.push(&point);
            reversals.push(&point);
        }
        assert!(path.length() == 11.0 && (path.excess() - 11.0 / 17_f64.sqrt()).abs() < 1e-15);
        assert_eq!(reversals.count(), 2);
        let mut still = PathLength::default();
        still.push(&[1.0]);
        still.push(&[1.0]);
        assert!(still.excess().is_nan());
        let mut variation = Variation::default();
        [2.0, 1.0, 1.5, 0.0].iter().for_each(|&v| variation.push(v));
        assert!(variation.upward_ratio() == 0.25 && variation.total() == 3.0);
    }
}
