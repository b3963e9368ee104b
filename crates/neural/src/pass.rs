//! One chunk of samples through a network, forward and backward, with all memory made beforehand.

use dinlab_objective::Selection;

use crate::{
    network::{Network, Op, Stage},
    number::Number,
    op::{activation, convolution, dense, normalise, pool},
};

/// Memory of a pass over at most `capacity` samples.
#[derive(Debug, Clone)]
pub struct Workspace<T> {
    capacity: usize,
    /// Activation i is the input of stage i; the last one is the output.
    activations: Vec<Vec<T>>,
    /// Derivatives by the activations.
    derivatives: Vec<Vec<T>>,
    scratch: Vec<T>,
}

impl<T: Number> Workspace<T> {
    /// Memory for `network`.
    pub fn new(network: &Network, capacity: usize) -> Self {
        let sizes =
            std::iter::once(network.input().len()).chain(network.stages().iter().map(|s| s.output.len()));
        let activations: Vec<Vec<T>> = sizes.map(|size| vec![T::ZERO; size * capacity]).collect();
        let scratch =
            network.stages().iter().map(|stage| convolution_sizes(stage).map_or(0, |s| s.scratch()));
        let scratch = vec![T::ZERO; scratch.max().unwrap_or(0)];
        Self { capacity, derivatives: activations.clone(), activations, scratch }
    }

    /// The input of the next pass, laid out for n samples: channel after channel, in each the planes of all samples.
    pub fn input(&mut self, network: &Network, n: usize) -> &mut [T] {
        assert!(n <= self.capacity, "{n} samples in a workspace for {}", self.capacity);
        &mut self.activations[0][..network.input().len() * n]
    }

    /// Output of the last forward pass (outputs × n), and where to put the derivative by it before a backward pass.
    pub fn output(&mut self, network: &Network, n: usize) -> (&[T], &mut [T]) {
        let (last, size) = (network.stages().len(), network.outputs() * n);
        (&self.activations[last][..size], &mut self.derivatives[last][..size])
    }

    /// Activation number `index` of the last forward pass over n samples.
    pub fn activation(&self, index: usize, size: usize) -> &[T] {
        &self.activations[index][..size]
    }

    /// Forward over the n samples that were put into [`Workspace::input`].
    pub fn forward(&mut self, network: &Network, selection: Selection, theta: &[T], n: usize) {
        for (i, stage) in network.stages().iter().enumerate() {
            let (before, after) = self.activations.split_at_mut(i + 1);
            let (x, y) = (&before[i][..stage.input.len() * n], &mut after[0][..stage.output.len() * n]);
            let own = &theta[stage.parameters.clone()];
            match stage.op {
                Op::Flatten => flatten(stage, n, x, y),
                Op::Dense => dense::forward(own, (stage.input.len(), stage.output.len()), n, x, y),
                Op::Convolution(window) => {
                    let sizes = convolution::Sizes { window, input: stage.input, output: stage.output };
                    convolution::forward(own, &sizes, n, x, y, &mut self.scratch);
                }
                Op::MaxPool(window) => pool::maximum_forward(&pool_sizes(stage, window), selection.max, x, y),
                Op::AveragePool(window) => pool::mean_forward(&pool_sizes(stage, window), x, y),
                Op::Normalise(groups) => normalise::forward(own, stage.input, groups, n, x, y),
                Op::Activation(kind) => activation::forward(kind, selection, x, y),
                Op::Add(from) => {
                    let other = &before[from][..y.len()];
                    for ((y, &x), &o) in y.iter_mut().zip(x).zip(other) {
                        *y = o + x;
                    }
                }
            }
        }
    }

    /// Backward after [`Workspace::forward`], from the derivative in [`Workspace::output`]; *adds* to `gradient` (length of θ).
    pub fn backward(
        &mut self,
        network: &Network,
        selection: Selection,
        theta: &[T],
        n: usize,
        gradient: &mut [T],
    ) {
        // Nothing before the first stage with parameters is needed.
        let first = network.stages().iter().position(|stage| !stage.parameters.is_empty()).unwrap_or(0);
        for (i, stage) in network.stages().iter().enumerate().skip(first).rev() {
            let (x, y) = (
                &self.activations[i][..stage.input.len() * n],
                &self.activations[i + 1][..stage.output.len() * n],
            );
            let (before, after) = self.derivatives.split_at_mut(i + 1);
            let (dx, dy) = (&mut before[i][..stage.input.len() * n], &after[0][..stage.output.len() * n]);
            let own = &theta[stage.parameters.clone()];
            let dtheta = &mut gradient[stage.parameters.clone()];
            let wanted = (i > first).then_some(&mut *dx);
            match stage.op {
                Op::Flatten => unflatten(stage, n, dy, dx),
                Op::Dense => {
                    dense::backward(own, (stage.input.len(), stage.output.len()), n, x, dy, wanted, dtheta)
                }
                Op::Convolution(window) => {
                    let sizes = convolution::Sizes { window, input: stage.input, output: stage.output };
                    convolution::backward(own, &sizes, n, x, dy, wanted, dtheta, &mut self.scratch);
                }
                Op::MaxPool(window) => {
                    pool::maximum_backward(&pool_sizes(stage, window), selection.max, x, y, dy, dx)
                }
                Op::AveragePool(window) => pool::mean_backward(&pool_sizes(stage, window), dy, dx),
                Op::Normalise(groups) => {
                    normalise::backward(own, stage.input, groups, n, x, dy, wanted, dtheta)
                }
                Op::Activation(kind) => activation::backward(kind, selection, x, y, dy, dx),
                Op::Add(_) => dx.copy_from_slice(dy),
            }
            // What was added further on to this activation, whose derivative is known by now.
            for (j, later) in network.stages().iter().enumerate().skip(i + 1) {
                if later.op == Op::Add(i) {
                    for (dx, &d) in dx.iter_mut().zip(&after[j - i][..]) {
                        *dx += d;
                    }
                }
            }
        }
    }
}

fn convolution_sizes(stage: &Stage) -> Option<convolution::Sizes> {
    match stage.op {
        Op::Convolution(window) => {
            Some(convolution::Sizes { window, input: stage.input, output: stage.output })
        }
        _ => None,
    }
}

fn pool_sizes(stage: &Stage, window: crate::layer::Window) -> pool::Sizes {
    pool::Sizes { window, input: stage.input, output: stage.output }
}

/// C×n×(HW) → (C·HW)×n.
fn flatten<T: Number>(stage: &Stage, n: usize, x: &[T], y: &mut [T]) {
    let plane = stage.input.plane();
    for (index, part) in x.chunks_exact(plane).enumerate() {
        let (channel, sample) = (index / n, index % n);
        for (p, &v) in part.iter().enumerate() {
            y[(channel * plane + p) * n + sample] = v;
        }
    }
}

fn unflatten<T: Number>(stage: &Stage, n: usize, dy: &[T], dx: &mut [T]) {
    let plane = stage.input.plane();
    for (index, part) in dx.chunks_exact_mut(plane).enumerate() {
        let (channel, sample) = (index / n, index % n);
        for (p, v) in part.iter_mut().enumerate() {
            *v = dy[(channel * plane + p) * n + sample];
        }
    }
}
