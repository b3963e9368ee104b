//! Straight lines and small linear models by least squares, with standard errors that survive autocorrelated
//! residuals (Newey and West, Econometrica 55, 1987) and intervals from Student's t.

use dinlab_numeric::{max, min, sum};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::error::{check_columns, AnalysisError};

/// Confidence level of every interval of this crate that does not say otherwise.
pub const LEVEL: f64 = 0.95;

/// A fitted line y = intercept + slope·x with the interval of its slope at [`LEVEL`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Slope.
    pub slope: f64,
    /// Value at x = 0.
    pub intercept: f64,
    /// Lower end of the interval of the slope.
    pub low: f64,
    /// Upper end of the interval of the slope.
    pub high: f64,
    /// Standard error of the slope.
    pub standard_error: f64,
}

/// Quantile of Student's t such that [−q, q] has the probability `level`; infinite without degrees of freedom.
pub fn student_quantile(level: f64, degrees_of_freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees_of_freedom) {
        Ok(t) => t.inverse_cdf(0.5 + 0.5 * level),
        Err(_) => f64::INFINITY,
    }
}

/// Ordinary least squares of `y` on `x` (independent residuals). At least 3 points.
pub fn regress(x: &[f64], y: &[f64]) -> Result<Line, AnalysisError> {
    line(x, y, Some(0))
}

/// Least squares of `y` on `x` with Newey–West errors; the lag follows from the residuals (see
/// [`automatic_lag`]) unless it is given. Points must be in their natural order. At least 3 points.
pub fn regress_autocorrelated(x: &[f64], y: &[f64], lag: Option<usize>) -> Result<Line, AnalysisError> {
    line(x, y, lag)
}

fn line(x: &[f64], y: &[f64], lag: Option<usize>) -> Result<Line, AnalysisError> {
    check_columns(("x", x), ("y", y), 3)?;
    // Centred and scaled, so that the normal equations are harmless at any offset and unit.
    let centre = sum(x) / x.len() as f64;
    let scale = x.iter().fold(0.0, |m: f64, v| if (v - centre).abs() > m { (v - centre).abs() } else { m });
    if scale == 0.0 {
        return Err(AnalysisError::Degenerate { what: "x" });
    }
    let columns = DMatrix::from_fn(x.len(), 2, |i, j| if j == 0 { 1.0 } else { (x[i] - centre) / scale });
    let fit = LinearFit::solve(&columns, y, lag).ok_or(AnalysisError::Degenerate { what: "x" })?;
    let slope = fit.coefficients[1] / scale;
    let standard_error = fit.standard_error(1) / scale;
    let half = fit.quantile * standard_error;
    let intercept = fit.coefficients[0] - slope * centre;
    Ok(Line { slope, intercept, low: slope - half, high: slope + half, standard_error })
}

/// A linear least-squares fit with its covariance.
#[derive(Debug, Clone)]
pub struct LinearFit {
    /// Coefficients, one per column.
    pub coefficients: DVector<f64>,
    /// Residuals y − Xb.
    pub residuals: Vec<f64>,
    /// Covariance of the coefficients.
    pub covariance: DMatrix<f64>,
    /// Student quantile at [`LEVEL`].
    pub quantile: f64,
}

impl LinearFit {
    /// Solves min ‖y − Xb‖² by the normal equations with one step of iterative refinement (columns are to be of
    /// comparable size). `None` if they are linearly dependent. `lag`: `Some(0)` gives the classical covariance,
    /// `None` an automatic lag.
    pub fn solve(columns: &DMatrix<f64>, y: &[f64], lag: Option<usize>) -> Option<Self> {
        let (n, k) = columns.shape();
        let target = DVector::from_column_slice(y);
        let gram = columns.tr_mul(columns).cholesky()?;
        let mut coefficients = gram.solve(&columns.tr_mul(&target));
        let correction = gram.solve(&columns.tr_mul(&(&target - columns * &coefficients)));
        coefficients += correction;
        if !coefficients.iter().all(|c| c.is_finite()) {
            return None;
        }
        let residuals: Vec<f64> = (&target - columns * &coefficients).iter().copied().collect();
        let freedom = n as f64 - k as f64;
        let inverse = gram.inverse();
        let (covariance, freedom) = match lag {
            Some(0) => {
                (inverse * (residuals.iter().map(|e| e * e).fold(0.0, |s, v| s + v) / freedom), freedom)
            }
            _ => {
                let lag = lag.unwrap_or_else(|| automatic_lag(&residuals));
                let middle = newey_west(columns, &residuals, lag) * (n as f64 / freedom);
                // A long-run variance from a Bartlett window has about 3n/(2·lag) degrees of freedom.
                let effective = max(1.5 * n as f64 / (lag as f64 + 1.0) - k as f64, 1.0);
                (&inverse * middle * &inverse, min(freedom, effective))
            }
        };
        Some(Self { coefficients, residuals, covariance, quantile: student_quantile(LEVEL, freedom) })
    }

    /// Standard error of coefficient `j`.
    pub fn standard_error(&self, j: usize) -> f64 {
        self.covariance[(j, j)].abs().sqrt()
    }

    /// Root mean square of the residuals.
    pub fn misfit(&self) -> f64 {
        (self.residuals.iter().map(|e| e * e).fold(0.0, |s, v| s + v) / self.residuals.len() as f64).sqrt()
    }
}

/// Sum of outer products of the scores with Bartlett weights up to `lag`.
fn newey_west(columns: &DMatrix<f64>, residuals: &[f64], lag: usize) -> DMatrix<f64> {
    let (n, k) = columns.shape();
    let scores = DMatrix::from_fn(n, k, |i, j| columns[(i, j)] * residuals[i]);
    let mut total = scores.tr_mul(&scores);
    for shift in 1..=lag.min(n.saturating_sub(1)) {
        let weight = 1.0 - shift as f64 / (lag as f64 + 1.0);
        let cross = scores.rows(shift, n - shift).tr_mul(&scores.rows(0, n - shift));
        total += (&cross + cross.transpose()) * weight;
    }
    total
}

/// Lag for Newey–West: twice the first lag at which the autocorrelation of the residuals is no longer positive
/// (a full half-period of an oscillation is covered), at least 4(n/100)^{2/9}, at most a quarter of the sample.
pub fn automatic_lag(residuals: &[f64]) -> usize {
    let n = residuals.len();
    let at_least = (4.0 * (n as f64 / 100.0).powf(2.0 / 9.0)).floor() as usize;
    let covariance = |shift: usize| (shift..n).fold(0.0, |s, i| s + residuals[i] * residuals[i - shift]);
    let first = (1..n / 8).find(|&shift| covariance(shift) <= 0.0).unwrap_or(n / 8);
    at_least.max(2 * first).min(n / 4)
}

/// Slope of log|y| against t over `window` (both ends included) with Newey–West errors: the growth factor of a
/// simulated recursion per unit of t. Zeros of y are skipped.
pub fn slope_of_log(t: &[f64], y: &[f64], window: [f64; 2]) -> Result<Line, AnalysisError> {
    check_columns(("t", t), ("y", y), 3)?;
    let inside = |i: &usize| t[*i] >= window[0] && t[*i] <= window[1] && y[*i] != 0.0;
    let chosen: Vec<usize> = (0..t.len()).filter(inside).collect();
    let x: Vec<f64> = chosen.iter().map(|&i| t[i]).collect();
    let log: Vec<f64> = chosen.iter().map(|&i| y[i].abs().ln()).collect();
    regress_autocorrelated(&x, &log, None)
}

/// Moves a probability that rounding pushed outside [0, 1] to the nearer end; NaN stays NaN.
pub(crate) fn clamp_unit(p: f64) -> f64 {
    if p < 0.0 {
        0.0
    } else {
        min(p, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;

    #[test]
    fn a_line_is_found_at_any_offset() {
        for offset in [0.0, 1e6, -3e9] {
            let x: Vec<f64> = (0..20).map(|i| offset + f64::from(i)).collect();
            let y: Vec<f64> = (0..20).map(|i| 2.0 - 0.5 * f64::from(i)).collect();
            let line = regress(&x, &y).unwrap();
            assert!((line.slope + 0.5).abs() < 1e-13 && line.standard_error < 1e-13);
        }
    }

    #[test]
    fn the_interval_covers_at_its_level_with_white_and_with_correlated_noise() {
        let (mut white, mut naive, mut robust) = (0, 0, 0);
        let repetitions = 400;
        for repetition in 0..repetitions {
            let noise = Stream::new(3, "coverage", repetition).normals(200);
            let x: Vec<f64> = (0..200).map(f64::from).collect();
            let mut state = 0.0;
            let red: Vec<f64> = noise
                .iter()
                .map(|e| {
                    state = 0.8 * state + e;
                    state
                })
                .collect();
            let covers = |line: Line| i32::from(line.low <= 0.0 && 0.0 <= line.high);
            white += covers(regress(&x, &noise).unwrap());
            naive += covers(regress(&x, &red).unwrap());
            robust += covers(regress_autocorrelated(&x, &red, None).unwrap());
        }
        let share = |count: i32| f64::from(count) / repetitions as f64;
        assert!((share(white) - 0.95).abs() < 0.04, "{}", share(white));
        assert!(share(naive) < 0.75, "naive errors should fail here: {}", share(naive));
        assert!(share(robust) > 0.85, "{}", share(robust));
    }

    #[test]
    fn errors_are_typed() {
        assert_eq!(regress(&[1.0, 1.0, 1.0], &[0.0; 3]), Err(AnalysisError::Degenerate { what: "x" }));
        assert_eq!(regress(&[1.0; 2], &[0.0; 3]), Err(AnalysisError::LengthMismatch { x: 2, y: 3 }));
        assert!(matches!(regress(&[1.0, f64::NAN, 2.0], &[0.0; 3]), Err(AnalysisError::NonFinite { .. })));
    }
}
