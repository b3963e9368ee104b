//! Sums over samples in parallel, with results that do not depend on the number of threads: samples are cut into chunks of a fixed
//! size, chunks are dealt to a fixed number of lanes in order, and the lanes are added up in order.

use std::sync::Arc;

use dinlab_objective::Selection;
use rayon::prelude::*;

use crate::{
    data::{Part, Targets},
    layer::Loss,
    loss::{is_correct, loss, Target},
    network::Network,
    number::Number,
    pass::Workspace,
};

/// Samples of one chunk.
const CHUNK: usize = 8;
/// Lanes. At most so many threads are used.
const LANES: usize = 16;
/// Multiplications of a pass below which it stays on one thread.
const FEW: usize = 100_000;
/// Parameters that one task adds up.
const BLOCK: usize = 16_384;

/// Result of a pass over samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Σ of the losses.
    pub loss: f64,
    /// Samples whose class has the largest output (0 where there are no classes).
    pub correct: usize,
}

/// Memory and settings for passes of one network in one arithmetic.
#[derive(Debug)]
pub struct Evaluator<T> {
    network: Arc<Network>,
    loss: Loss,
    selection: Selection,
    lanes: Vec<Lane<T>>,
}

#[derive(Debug)]
struct Lane<T> {
    workspace: Workspace<T>,
    gradient: Vec<T>,
    sums: Sums,
}

impl<T: Number> Evaluator<T> {
    /// Memory for passes over up to `most` samples at once without allocation (more are possible, memory does not grow beyond a fixed
    /// number of lanes).
    pub fn new(network: Arc<Network>, loss: Loss, selection: Selection, most: usize) -> Self {
        let count = most.div_ceil(CHUNK).clamp(1, LANES);
        let lane = || Lane {
            workspace: Workspace::new(&network, CHUNK),
            gradient: vec![T::ZERO; network.parameters()],
            sums: Sums::default(),
        };
        let lanes = std::iter::repeat_with(lane).take(count).collect();
        Self { lanes, network, loss, selection }
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Σ losses over the samples `which` of `part`, without derivatives.
    pub fn sums(&mut self, part: &Part, which: &[usize], theta: &[T]) -> Sums {
        self.run(part, which, theta, None)
    }

    /// Σ losses and factor·Σ of the selected generalised gradients over the samples `which` of `part` (each as often as it is listed);
    /// `gradient` has the length of θ and is set.
    pub fn gradient(
        &mut self,
        part: &Part,
        which: &[usize],
        theta: &[T],
        factor: f64,
        gradient: &mut [T],
    ) -> Sums {
        let sums = self.run(part, which, theta, Some(factor));
        let used = self.lanes_for(which.len());
        let lanes = &self.lanes[..used];
        gradient.par_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| {
            let begin = block * BLOCK;
            let range = begin..begin + out.len();
            match lanes {
                [] => out.fill(T::ZERO),
                [first, rest @ ..] => {
                    out.copy_from_slice(&first.gradient[range.clone()]);
                    for lane in rest {
                        for (out, &g) in out.iter_mut().zip(&lane.gradient[range.clone()]) {
                            *out += g;
                        }
                    }
                }
            }
        });
        sums
    }

    /// Outputs of one sample, class by class.
    pub fn outputs(&mut self, part: &Part, sample: usize, theta: &[T]) -> Vec<T> {
        let lane = &mut self.lanes[0];
        part.gather(&[sample], lane.workspace.input(&self.network, 1));
        lane.workspace.forward(&self.network, self.selection, theta, 1);
        lane.workspace.output(&self.network, 1).0.to_vec()
    }

    fn lanes_for(&self, samples: usize) -> usize {
        samples.div_ceil(CHUNK).min(self.lanes.len())
    }

    fn run(&mut self, part: &Part, which: &[usize], theta: &[T], factor: Option<f64>) -> Sums {
        assert_eq!(theta.len(), self.network.parameters(), "length of theta");
        let lanes = self.lanes_for(which.len());
        let chunks = which.len().div_ceil(CHUNK);
        let (network, selection, kind) = (&*self.network, self.selection, self.loss);
        let work = |(index, lane): (usize, &mut Lane<T>)| {
            // Lane i has the chunks from i·chunks/lanes on.
            let own = index * chunks / lanes * CHUNK..((index + 1) * chunks / lanes * CHUNK).min(which.len());
            lane.sums = Sums::default();
            if factor.is_some() {
                lane.gradient.fill(T::ZERO);
            }
            for chunk in which[own].chunks(CHUNK) {
                lane.chunk(network, selection, kind, part, chunk, theta, factor);
            }
        };
        // Handing tiny passes to other threads costs more than they do; the sums are the same.
        if network.multiplications().saturating_mul(which.len()) < FEW {
            self.lanes[..lanes].iter_mut().enumerate().for_each(work);
        } else {
            self.lanes[..lanes].par_iter_mut().enumerate().for_each(work);
        }
        self.lanes[..lanes].iter().fold(Sums::default(), |total, lane| Sums {
            loss: total.loss + lane.sums.loss,
            correct: total.correct + lane.sums.correct,
        })
    }
}

impl<T: Number> Lane<T> {
    #[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
    fn chunk(
        &mut self,
        network: &Network,
        selection: Selection,
        kind: Loss,
        part: &Part,
        chunk: &[usize],
        theta: &[T],
        factor: Option<f64>,
    ) {
        let n = chunk.len();
        part.gather(chunk, self.workspace.input(network, n));
        self.workspace.forward(network, selection, theta, n);
        let (z, dz) = self.workspace.output(network, n);
        let scale = T::constant(factor.unwrap_or(0.0));
        for (i, &sample) in chunk.iter().enumerate() {
            let target = match &part.targets {
                Targets::Classes { labels, .. } => {
                    let class = labels[sample] as usize;
                    self.sums.correct += usize::from(is_correct(class, (n, i), z));
                    Target::Class(class)
                }
                Targets::Values { values, width } => {
                    Target::Values(&values[sample * width..(sample + 1) * width])
                }
            };
            self.sums.loss += loss(kind, target, (n, i), z, scale, dz).value();
        }
        if factor.is_some() {
            self.workspace.backward(network, selection, theta, n, &mut self.gradient);
        }
    }
}
