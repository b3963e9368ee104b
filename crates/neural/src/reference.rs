//! The same network written once more, as plainly as possible, over `dinlab_objective::Scalar`: no layout, no matrix products, no backward pass. Dual
//! numbers and tapes of it are an opinion on the fast passes that shares nothing with them but the layers. For small networks it is also what
//! gives the objective its tape and its kink surfaces.

use std::sync::Arc;

use dinlab_objective::{samples::Terms, Formula, Scalar};

use crate::{
    data::{Part, Targets},
    layer::{Activation, Loss, Shape, Window, LEAK, NORMALISE_EPSILON},
    network::{Network, Op, Stage},
};

/// J(θ) = (1/m) Σ ℓ(network(θ, xₙ), yₙ) + (r/2)‖θ‖² over the m samples of a part.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The network.
    pub network: Arc<Network>,
    /// The samples.
    pub part: Arc<Part>,
    /// ℓ.
    pub loss: Loss,
    /// r.
    pub penalty: f64,
}

/// What the reference can compute: everything but gelu, which has no formula over `Scalar`.
pub fn is_covered(network: &Network) -> bool {
    network.stages().iter().all(|stage| stage.op != Op::Activation(Activation::Gelu))
}

impl Formula for Reference {
    fn dimension(&self) -> usize {
        self.network.parameters()
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        (0..self.part.len()).fold(S::constant(0.0), |sum, n| sum + self.term(n, x))
    }
}

impl Terms for Reference {
    fn count(&self) -> usize {
        self.part.len()
    }
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        let squares = x.iter().fold(S::constant(0.0), |s, &v| s + v * v);
        let z = outputs(&self.network, &self.part, n, x);
        let loss = loss(self.loss, &self.part.targets, n, &z);
        S::constant(1.0 / self.part.len() as f64) * (loss + S::constant(0.5 * self.penalty) * squares)
    }
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let one = OneTerm { reference: self, n };
        let mut gradient = vec![S::constant(0.0); x.len()];
        one.gradient(x, &mut gradient);
        for (out, g) in out.iter_mut().zip(gradient) {
            *out = *out + g;
        }
    }
}

struct OneTerm<'a> {
    reference: &'a Reference,
    n: usize,
}

impl Formula for OneTerm<'_> {
    fn dimension(&self) -> usize {
        self.reference.dimension()
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        self.reference.term(self.n, x)
    }
}

/// Output of sample n.
pub fn outputs<S: Scalar>(network: &Network, part: &Part, n: usize, theta: &[S]) -> Vec<S> {
    let size = part.shape.len();
    let input = part.inputs[n * size..(n + 1) * size].iter().map(|&v| S::constant(f64::from(v))).collect();
    let mut activations: Vec<Vec<S>> = vec![input];
    for stage in network.stages() {
        let x = &activations[activations.len() - 1];
        let own = &theta[stage.parameters.clone()];
        let y = match stage.op {
            Op::Flatten => x.clone(),
            Op::Dense => affine(own, x, stage.output.len()),
            Op::Convolution(window) => convolution(own, x, stage, window),
            Op::MaxPool(window) => {
                pool(x, stage, window, |values| values[1..].iter().fold(values[0], |m, &v| m.max(v)))
            }
            Op::AveragePool(window) => pool(x, stage, window, |values| {
                let sum = values.iter().fold(S::constant(0.0), |s, &v| s + v);
                S::constant(1.0 / values.len() as f64) * sum
            }),
            Op::Normalise(groups) => normalise(own, x, stage.input, groups),
            Op::Activation(kind) => x.iter().map(|&v| activate(kind, v)).collect(),
            Op::Add(from) => x.iter().zip(&activations[from]).map(|(&x, &o)| x + o).collect(),
        };
        activations.push(y);
    }
    activations.pop().unwrap_or_default()
}

fn affine<S: Scalar>(theta: &[S], x: &[S], outputs: usize) -> Vec<S> {
    let (weights, bias) = theta.split_at(outputs * x.len());
    let row = |i: usize| &weights[i * x.len()..(i + 1) * x.len()];
    (0..outputs).map(|i| row(i).iter().zip(x).fold(bias[i], |s, (&w, &x)| s + w * x)).collect()
}

fn convolution<S: Scalar>(theta: &[S], x: &[S], stage: &Stage, window: Window) -> Vec<S> {
    let (input, output) = (stage.input, stage.output);
    let [rows, columns] = window.size;
    let bias = output.channels * input.channels * rows * columns;
    let mut y = Vec::new();
    for channel in 0..output.channels {
        for oy in 0..output.height {
            for ox in 0..output.width {
                let mut sum = theta[bias + channel];
                for from in 0..input.channels {
                    for ky in 0..rows {
                        for kx in 0..columns {
                            let iy = (oy * window.stride[0] + ky).wrapping_sub(window.padding[0]);
                            let ix = (ox * window.stride[1] + kx).wrapping_sub(window.padding[1]);
                            if iy < input.height && ix < input.width {
                                let w = theta[((channel * input.channels + from) * rows + ky) * columns + kx];
                                sum = sum + w * x[(from * input.height + iy) * input.width + ix];
                            }
                        }
                    }
                }
                y.push(sum);
            }
        }
    }
    y
}

fn pool<S: Scalar>(x: &[S], stage: &Stage, window: Window, reduce: impl Fn(&[S]) -> S) -> Vec<S> {
    let (input, output) = (stage.input, stage.output);
    let mut y = Vec::new();
    for channel in 0..output.channels {
        for oy in 0..output.height {
            for ox in 0..output.width {
                let mut values = Vec::new();
                for ky in 0..window.size[0] {
                    for kx in 0..window.size[1] {
                        let iy = (oy * window.stride[0] + ky).wrapping_sub(window.padding[0]);
                        let ix = (ox * window.stride[1] + kx).wrapping_sub(window.padding[1]);
                        if iy < input.height && ix < input.width {
                            values.push(x[(channel * input.height + iy) * input.width + ix]);
                        }
                    }
                }
                y.push(reduce(&values));
            }
        }
    }
    y
}

fn normalise<S: Scalar>(theta: &[S], x: &[S], shape: Shape, groups: usize) -> Vec<S> {
    let (each, plane) = (shape.len() / groups, shape.plane());
    let count = S::constant(each as f64);
    let mut y = Vec::new();
    for group in x.chunks(each) {
        let mean = group.iter().fold(S::constant(0.0), |s, &v| s + v) / count;
        let variance = group.iter().fold(S::constant(0.0), |s, &v| s + (v - mean).square()) / count;
        let deviation = (variance + S::constant(NORMALISE_EPSILON)).sqrt();
        y.extend(group.iter().map(|&v| (v - mean) / deviation));
    }
    let scaled = |(i, z)| {
        let channel = i / plane;
        theta[channel] * z + theta[shape.channels + channel]
    };
    y.into_iter().enumerate().map(scaled).collect()
}

fn activate<S: Scalar>(kind: Activation, x: S) -> S {
    let (half, two) = (S::constant(0.5), S::constant(2.0));
    match kind {
        Activation::Relu => x.relu(),
        Activation::LeakyRelu => S::constant(LEAK) * x + S::constant(1.0 - LEAK) * x.relu(),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => x.logistic(),
        Activation::Softplus => x.softplus(),
        // Not covered: see `is_covered`.
        Activation::Gelu => S::constant(f64::NAN),
        // c(1 − |c|/4) with x clipped to [−2, 2]: the factors of all kinks vanish there, so no selection matters.
        Activation::Sqnl => {
            let clipped = x.min(two).max(-two);
            clipped * (S::constant(1.0) - half * half * clipped.abs())
        }
    }
}

fn loss<S: Scalar>(kind: Loss, targets: &Targets, n: usize, z: &[S]) -> S {
    match (kind, targets) {
        (Loss::CrossEntropy, Targets::Classes { labels, .. }) => {
            let own = z[labels[n] as usize];
            // log Σ e^(z − z_y), stable enough for tests and small networks.
            z.iter().fold(S::constant(0.0), |s, &v| s + (v - own).exp()).ln()
        }
        (_, targets) => {
            let wanted = |i: usize| match targets {
                Targets::Classes { labels, .. } => f64::from(u8::from(labels[n] as usize == i)),
                Targets::Values { values, width } => f64::from(values[n * width + i]),
            };
            let squares = z
                .iter()
                .enumerate()
                .fold(S::constant(0.0), |s, (i, &v)| s + (v - S::constant(wanted(i))).square());
            S::constant(0.5) * squares
        }
    }
}
