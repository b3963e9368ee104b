//! The network both parts run on: real digits, smooth activation, a penalty that makes minima strict.

use std::sync::Arc;

use dinlab_analysis::krylov::{largest_eigenpair, RitzPair};
use dinlab_neural::{architecture, data, Loss, NetworkObjective};
use dinlab_numeric::Stream;
use dinlab_objective::{Objective, Selection};

use crate::{check::Context, error::CheckError};

/// Samples: so few that full gradients are cheap.
const SAMPLES: usize = 100;
/// r of the penalty (r/2)‖θ‖².
const PENALTY: f64 = 0.02;

/// J: one hidden layer of eight tanh units on 100 digits, cross-entropy and penalty.
pub fn network(context: &Context<'_>) -> Result<NetworkObjective, CheckError> {
    let train = data::load("digits", context.seed)?.train;
    let part = Arc::new(train.select(&(0..SAMPLES).collect::<Vec<_>>()));
    let network = Arc::new(architecture::build("mlp:8,tanh", &part)?);
    let name = format!("mlp:8,tanh on {SAMPLES} digits");
    Ok(NetworkObjective::new(name, network, part, Loss::CrossEntropy, PENALTY, Selection::default()))
}

/// The largest Hessian eigenvalue at `at` with its vector.
pub fn top(
    objective: &NetworkObjective,
    at: &[f64],
    start: Option<&[f64]>,
    products: usize,
) -> Result<RitzPair, CheckError> {
    let mut oracle = Objective::oracle(objective);
    let random = || Stream::new(0, "promise-oscillation/direction", 0).normals(at.len());
    let start = start.map_or_else(random, <[f64]>::to_vec);
    let mut apply = |v: &[f64], out: &mut [f64]| oracle.hessian_vector(at, v, out);
    Ok(largest_eigenpair(&mut apply, &start, products, 1e-12)?)
}
