//! The same function as a network that is trained: f(θ) = dθ + (1 − d)(relu(θ) − relu(−θ)) is θ, and ½(f − 1)² has the derivative −(d + 2s(1 − d)) at θ = 0, which is 0 where
//! k(1 − 2s) = 1 with k = 1 − d.
//!
//! Layers: (dθ, θ) from the input 1; in a residual layer the two relu units of the second number, added to the first; the first number. Both weights of the first layer
//! are θ's, so the derivative by θ is d times that by the first and once that by the second; the other weights stay as they are.

use std::sync::Arc;

use dinlab_neural::{
    method, Activation, Evaluator, Layer, Loss, Method, Network, Part, Shape, State, Targets,
};
use dinlab_objective::{Selection, Start};

use super::{Case, ALPHA, BETA, STEP_SIZE};
use crate::error::CheckError;

/// θ over a run of the training step from `from` at rest, with the network's own gradients.
pub fn path(case: &Case, from: f64, steps: u64) -> Result<Vec<f64>, CheckError> {
    let activation = Layer::Activation(Activation::Relu);
    let dense = |outputs| Layer::Dense { outputs };
    let inner = Layer::Residual(vec![dense(2), activation, dense(2)]);
    let network = Arc::new(Network::new("identity", Shape::vector(1), vec![dense(2), inner, dense(1)])?);
    let targets = Targets::Values { values: vec![1.0], width: 1 };
    let part = Part { shape: Shape::vector(1), inputs: vec![1.0], targets };
    let selection = Selection { relu: case.s, ..Selection::default() };
    let mut evaluator = Evaluator::<f64>::new(network, Loss::Squared, selection, 1);
    let k = case.k;
    let d = 1.0 - k;
    // Weights row by row, then biases, layer by layer; the first two are set in every step.
    #[rustfmt::skip]
    let mut parameters = [
        0.0, 0.0, 0.0, 0.0,
        0.0, 1.0, 0.0, -1.0, 0.0, 0.0,
        k, -k, 0.0, 0.0, 0.0, 0.0,
        1.0, 0.0, 0.0,
    ];
    let method = if case.indian {
        Method::Indian { alpha: ALPHA, beta: BETA }
    } else {
        method::build("sgd", |_| None)?
    };
    let mut theta = [from];
    let mut state = State::<f64>::new(method, &theta, &Start::Rest, &[])?;
    let mut path = vec![from];
    let mut gradient = [0.0; 19];
    for _ in 0..steps {
        parameters[0] = d * theta[0];
        parameters[1] = theta[0];
        evaluator.gradient(&part, &[0], &parameters, 1.0, &mut gradient);
        state.step(STEP_SIZE, &mut theta, &[d * gradient[0] + gradient[1]]);
        path.push(theta[0]);
    }
    Ok(path)
}
