//! A minimiser with the stiffest direction of its Hessian.

use dinlab_numeric::norm;
use dinlab_objective::Objective;
use nalgebra::{DMatrix, DVector};

/// θ*, the largest eigenvalue of the Hessian there, and its unit eigenvector.
pub(super) struct Minimiser {
    pub(super) theta: Vec<f64>,
    pub(super) largest: f64,
    pub(super) direction: Vec<f64>,
}

/// Newton's method from `start`; `None` where it does not end at a point with a positive definite Hessian.
pub(super) fn minimiser(objective: &dyn Objective, start: &[f64]) -> Option<Minimiser> {
    let n = start.len();
    let (mut oracle, mut theta) = (objective.oracle(), DVector::from_column_slice(start));
    let (mut v, mut entries) = (vec![0.0; n], vec![0.0; n * n]);
    let mut hessian = DMatrix::zeros(n, n);
    for _ in 0..200 {
        oracle.gradient(theta.as_slice(), &mut v);
        oracle.hessian(theta.as_slice(), &mut entries);
        hessian = DMatrix::from_row_slice(n, n, &entries);
        hessian = 0.5 * (&hessian + hessian.transpose());
        let step = hessian.clone().lu().solve(&DVector::from_column_slice(&v))?;
        let small = norm(step.as_slice()) <= 1e-14 * (1.0 + theta.norm());
        theta -= step;
        if small {
            break;
        }
    }
    let eigen = hessian.symmetric_eigen();
    let values = eigen.eigenvalues.as_slice();
    if !theta.iter().all(|x| x.is_finite()) || !(dinlab_numeric::minimum(values) > 0.0) {
        return None;
    }
    let largest = dinlab_numeric::maximum(values);
    let column = values.iter().position(|x| *x == largest)?;
    let direction = eigen.eigenvectors.column(column).iter().copied().collect();
    Some(Minimiser { theta: theta.as_slice().to_vec(), largest, direction })
}
