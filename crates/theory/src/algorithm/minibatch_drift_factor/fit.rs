//! The factor f that makes INDIAN on fJ follow a mean curve best.

use dinlab_numeric::sum;

use super::case::Case;
use crate::error::CheckError;

/// Decades of the factor that are searched, on either side of 1, and points per decade.
const DECADES: i32 = 3;
const PER_DECADE: i32 = 40;

/// States (θ, u) of INDIAN on fJ from rest at k = 1, 2, …, by the full gradient and the recursion as written.
pub(super) fn candidate(case: &Case, factor: f64) -> Vec<f64> {
    let (alpha, beta, gamma) = (case.alpha, case.beta, case.step_size);
    let n = case.theta.len();
    let mut oracle = case.objective.oracle();
    let (mut theta, mut u, mut v) = (case.theta.clone(), vec![0.0; n], vec![0.0; n]);
    let mut curve = Vec::with_capacity(2 * n * case.steps as usize);
    for _ in 0..case.steps {
        oracle.gradient(&theta, &mut v);
        for i in 0..n {
            let slope = factor * v[i];
            theta[i] += gamma * (u[i] - beta * slope);
            u[i] = u[i] - gamma * alpha * u[i] - gamma * (1.0 - alpha * beta) * slope;
        }
        curve.extend(theta.iter().chain(&u));
    }
    curve
}

/// Sum of squared differences; infinite where the candidate is not finite.
fn misfit(case: &Case, curve: &[f64], log_factor: f64) -> f64 {
    let squares: Vec<f64> =
        candidate(case, log_factor.exp()).iter().zip(curve).map(|(c, m)| (c - m) * (c - m)).collect();
    let total = sum(&squares);
    if total.is_finite() {
        total
    } else {
        f64::INFINITY
    }
}

/// Least squares over the factor: a scan, then golden sections around its best point.
fn best(case: &Case, curve: &[f64]) -> f64 {
    let step = std::f64::consts::LN_10 / f64::from(PER_DECADE);
    let span = DECADES * PER_DECADE;
    let scanned: Vec<f64> = (-span..=span).map(|i| misfit(case, curve, step * f64::from(i))).collect();
    let lowest = (0..scanned.len()).fold(0, |best, i| if scanned[i] < scanned[best] { i } else { best });
    let centre = step * f64::from(lowest as i32 - span);
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (centre - step, centre + step);
    // 40 sections reach the rounding of a minimum, half the digits.
    for _ in 0..40 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if misfit(case, curve, left) < misfit(case, curve, right) {
            high = right;
        } else {
            low = left;
        }
    }
    (0.5 * (low + high)).exp()
}

/// One estimate of the factor for each group; their mean is the fit to the mean of all curves. Each is linear in its
/// curve, so the mean of the estimates is unbiased up to the square of the standard error.
pub(super) fn factors(case: &Case, groups: &[Vec<f64>]) -> Result<Vec<f64>, CheckError> {
    let mut mean = vec![0.0; groups[0].len()];
    for group in groups {
        dinlab_numeric::axpy(1.0 / groups.len() as f64, group, &mut mean);
    }
    let fitted = best(case, &mean);
    let h = 1e-5 * fitted;
    let (above, below) = (candidate(case, fitted + h), candidate(case, fitted - h));
    let sensitivity: Vec<f64> = above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * h)).collect();
    let square = dinlab_numeric::dot(&sensitivity, &sensitivity);
    Ok(groups
        .iter()
        .map(|group| {
            let off: Vec<f64> = group.iter().zip(&mean).map(|(g, m)| g - m).collect();
            fitted + dinlab_numeric::dot(&off, &sensitivity) / square
        })
        .collect())
}
