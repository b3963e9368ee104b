//! A minimiser with the stiffest direction of its Hessian.

use dinlab_objective::Objective;

use crate::critical::{eigendirections, newton, settle};

/// θ*, the largest eigenvalue of the Hessian there, and its unit eigenvector.
pub(super) struct Minimiser {
    pub(super) theta: Vec<f64>,
    pub(super) largest: f64,
    pub(super) direction: Vec<f64>,
}

/// The minimiser with a positive definite Hessian that Newton's method reaches from `start`, or else the one that DIN
/// settles at; `None` where both find none.
pub(super) fn minimiser(objective: &dyn Objective, start: &[f64]) -> Option<Minimiser> {
    let direct = newton(objective, start, 10.0 * (1.0 + dinlab_numeric::norm_inf(start)));
    direct
        .and_then(|theta| at(objective, theta))
        .or_else(|| at(objective, settle(objective, start).ok().flatten()?))
}

fn at(objective: &dyn Objective, theta: Vec<f64>) -> Option<Minimiser> {
    let directions = eigendirections(objective, &theta);
    let definite = directions.first().is_some_and(|(lowest, _)| *lowest > 0.0);
    let (largest, direction) = directions.into_iter().last().filter(|_| definite)?;
    Some(Minimiser { theta, largest, direction })
}
