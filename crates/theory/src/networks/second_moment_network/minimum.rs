//! A small network at a minimum where every sample is fitted exactly. Weights, outputs and their gradients are written out here once more, so that what the
//! check predicts uses nothing of the code that it judges.

use std::sync::Arc;

use dinlab_neural::{Activation, Layer, Loss, Network, NetworkObjective, Part, Shape, Targets};
use dinlab_numeric::Stream;
use dinlab_objective::Selection;
use nalgebra::{DMatrix, DVector};

use crate::error::CheckError;

/// An interpolating minimum.
pub(super) struct Interpolating {
    pub(super) objective: NetworkObjective,
    /// θ*.
    pub(super) minimum: Vec<f64>,
    /// Orthonormal columns across the set of minima: the span of the samples' gradients of the output. On their complement every sample's Hessian is 0, so that
    /// θ stays put there and u = 0 stays 0.
    pub(super) across: DMatrix<f64>,
    /// ∇f_n in these coordinates, one column for each sample.
    pub(super) slopes: DMatrix<f64>,
}

/// Chebyshev's T₃.
fn target(x: f64) -> f64 {
    4.0 * x.powi(3) - 3.0 * x
}

/// f(x) = d + Σ c_j tanh(a_j x + b_j) for θ = (a, b, c, d), and its gradient by θ.
fn output(theta: &[f64], x: f64) -> (f64, Vec<f64>) {
    let width = (theta.len() - 1) / 3;
    let mut gradient = vec![1.0; theta.len()];
    let mut value = theta[3 * width];
    for j in 0..width {
        let t = (theta[j] * x + theta[width + j]).tanh();
        let slope = theta[2 * width + j] * (1.0 - t * t);
        value += theta[2 * width + j] * t;
        (gradient[j], gradient[width + j], gradient[2 * width + j]) = (slope * x, slope, t);
    }
    (value, gradient)
}

/// The network with `width` tanh units on T₃ at `samples` points, 3·width + 1 weights (more than samples), and the minimum that Gauss and Newton's method finds from
/// one random start.
pub(super) fn interpolating(width: usize, samples: usize) -> Result<Interpolating, CheckError> {
    // In f32, as the data are kept.
    let points: Vec<f32> =
        (0..samples).map(|n| (-0.9 + 1.75 * n as f64 / (samples - 1) as f64) as f32).collect();
    let values: Vec<f32> = points.iter().map(|x| target(f64::from(*x)) as f32).collect();
    let mut theta = Stream::new(0, "second-moment-network: start", width as u64).normals(3 * width + 1);
    let mut jacobian = DMatrix::zeros(theta.len(), samples);
    for _ in 0..100 {
        let mut rest = DVector::zeros(samples);
        for (n, (x, y)) in points.iter().zip(&values).enumerate() {
            let (value, gradient) = output(&theta, f64::from(*x));
            rest[n] = f64::from(*y) - value;
            jacobian.set_column(n, &DVector::from_vec(gradient));
        }
        // The shortest step that fits to first order; at most of length ½, so that it stays where first order means something.
        let inverse = (jacobian.transpose() * &jacobian).cholesky().map(|c| c.solve(&rest));
        let Some(step) = inverse.map(|weights| &jacobian * weights) else { break };
        let shorten = dinlab_numeric::min(1.0, 0.5 / step.norm());
        theta.iter_mut().zip(step.iter()).for_each(|(t, s)| *t += shorten * s);
    }
    let across = jacobian.clone().qr().q();
    let slopes = across.transpose() * jacobian;
    let targets = Targets::Values { values, width: 1 };
    let part = Part { shape: Shape::vector(1), inputs: points, targets };
    let layers = vec![
        Layer::Dense { outputs: width },
        Layer::Activation(Activation::Tanh),
        Layer::Dense { outputs: 1 },
    ];
    let name = format!("1-{width}-1 tanh network on T₃ at {samples} points");
    let network = Arc::new(Network::new(&name, part.shape, layers)?);
    let objective =
        NetworkObjective::new(name, network, Arc::new(part), Loss::Squared, 0.0, Selection::default());
    Ok(Interpolating { objective, minimum: theta, across, slopes })
}
