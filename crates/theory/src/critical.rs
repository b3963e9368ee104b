//! Critical points: Hessians there, and Newton's method to reach them from nearby.

use dinlab_analysis::spectrum::symmetric_eigenvalues;
use dinlab_din::{simulate, Dynamics, Run};
use dinlab_numeric::{all_finite, max, norm, norm_inf, Stream};
use dinlab_objective::Objective;
use nalgebra::{DMatrix, DVector};

use crate::error::CheckError;

/// ∇²J, row-major, with the two halves averaged.
pub fn hessian(objective: &dyn Objective, at: &[f64]) -> Vec<f64> {
    let n = at.len();
    let mut hessian = vec![0.0; n * n];
    objective.oracle().hessian(at, &mut hessian);
    for i in 0..n {
        for j in 0..i {
            let mean = 0.5 * (hessian[i * n + j] + hessian[j * n + i]);
            (hessian[i * n + j], hessian[j * n + i]) = (mean, mean);
        }
    }
    hessian
}

/// Eigenvalues of ∇²J, smallest first; refused where they are not finite.
pub fn curvatures(objective: &dyn Objective, at: &[f64]) -> Result<Vec<f64>, CheckError> {
    Ok(symmetric_eigenvalues(&hessian(objective, at), at.len())?)
}

/// Eigenvalues of ∇²J with unit eigenvectors, smallest first; empty where ∇²J is not finite.
pub fn eigendirections(objective: &dyn Objective, at: &[f64]) -> Vec<(f64, Vec<f64>)> {
    let n = at.len();
    let hessian = hessian(objective, at);
    if !all_finite(&hessian) {
        return Vec::new();
    }
    let eigen = DMatrix::from_row_slice(n, n, &hessian).symmetric_eigen();
    let vectors = eigen.eigenvectors.column_iter().map(|v| v.iter().copied().collect());
    let mut found: Vec<(f64, Vec<f64>)> = eigen.eigenvalues.iter().copied().zip(vectors).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// ‖∇J‖.
pub fn slope(objective: &dyn Objective, at: &[f64]) -> f64 {
    let mut gradient = vec![0.0; at.len()];
    objective.oracle().gradient(at, &mut gradient);
    norm(&gradient)
}

/// The critical point that Newton's method reaches from `near`, as exactly as rounding allows: steps are taken as
/// long as they make ‖∇J‖ smaller. `None` where it does not get below 10⁻⁹ of 1 + ‖∇²J‖, or where a step is longer
/// than `reach`.
pub fn newton(objective: &dyn Objective, near: &[f64], reach: f64) -> Option<Vec<f64>> {
    let n = near.len();
    let mut oracle = objective.oracle();
    let (mut x, mut gradient) = (near.to_vec(), vec![0.0; n]);
    oracle.gradient(&x, &mut gradient);
    let mut scale = 1.0;
    for _ in 0..100 {
        let matrix = DMatrix::from_row_slice(n, n, &hessian(objective, &x));
        scale = 1.0 + matrix.norm();
        let Some(step) = matrix.lu().solve(&DVector::from_column_slice(&gradient)) else { break };
        if step.norm() > reach {
            return None;
        }
        let next: Vec<f64> = x.iter().zip(step.iter()).map(|(x, s)| x - s).collect();
        let mut moved = vec![0.0; n];
        oracle.gradient(&next, &mut moved);
        if !all_finite(&moved) || norm(&moved) >= norm(&gradient) {
            break;
        }
        (x, gradient) = (next, moved);
    }
    (norm(&gradient) < 1e-9 * scale).then_some(x)
}

/// The critical point near which a well-damped run of DIN settles, polished by Newton's method; `None` where it does
/// not settle near one by t = 1000.
pub fn settle(objective: &dyn Objective, theta: &[f64]) -> Result<Option<Vec<f64>>, CheckError> {
    let run = Run { samples: 2, ..Run::new(Dynamics::Din { alpha: 1.0, beta: 0.5 }, theta, 1e3) };
    let end = simulate(objective, &run)?.last.theta;
    Ok(newton(objective, &end, 0.01 * (1.0 + norm_inf(&end))))
}

/// Largest |eigenvalue| of the Hessian at a point and a thousandth of its size away: what an eigenvalue is to be compared
/// with before its sign is believed. At a degenerate point the Hessian alone is rounding.
pub fn curvature_scale(objective: &dyn Objective, at: &[f64]) -> f64 {
    let step = 1e-3 * (1.0 + norm_inf(at));
    let beside: Vec<f64> = at.iter().map(|x| x + step).collect();
    let largest = |x: &[f64]| curvatures(objective, x).map_or(f64::NAN, |all| norm_inf(&all));
    max(largest(at), largest(&beside))
}

/// Eigenvalues below this fraction of [`curvature_scale`] count as zero.
pub const FLAT: f64 = 1e-9;

/// The critical point that Newton's method reaches from a start near one, where the Hessian has a negative eigenvalue;
/// `None` where it wanders off by more than half the size of the start, or finds another type of point.
pub fn settle_unstable(objective: &dyn Objective, near: &[f64]) -> Option<Vec<f64>> {
    let found = newton(objective, near, 0.5 * (1.0 + norm_inf(near)))?;
    let negative = -FLAT * curvature_scale(objective, &found);
    curvatures(objective, &found).is_ok_and(|all| all[0] < negative).then_some(found)
}

/// A critical point with a negative Hessian eigenvalue: the first one that Newton's method reaches from points of the
/// objective's view.
pub fn search_unstable(objective: &dyn Objective) -> Option<Vec<f64>> {
    let view = &objective.facts().view;
    let mut stream = Stream::new(0, "search for a saddle", 0);
    (0..300).find_map(|_| {
        let near: Vec<f64> = view.iter().map(|[low, high]| stream.uniform(*low, *high)).collect();
        settle_unstable(objective, &near)
    })
}
