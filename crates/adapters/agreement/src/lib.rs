//! What the adapters' tests and examples compare with: dinlab's own run of a small network on the digits, and how far another implementation of the
//! *gradient* may be from it by rounding alone.

mod rounding;

use std::{ops::Range, sync::Arc};

use dinlab_neural::{
    architecture, data, train, Dataset, Evaluator, Initial, Loss, Method, Network, NeuralError, Part, Real,
    State, Targets,
};
use dinlab_numeric::distance;
use dinlab_objective::{Selection, Start};

/// α of the tests' runs.
pub const ALPHA: f64 = 0.7;
/// β of the tests' runs.
pub const BETA: f64 = 0.3;
/// γ of the tests' runs.
pub const STEP_SIZE: f64 = 0.2;
/// Samples of a step.
pub const BATCH: usize = 32;
/// Steps of the tests' runs.
pub const STEPS: usize = 20;

/// Inputs (sample after sample) and classes of some samples.
pub type Batch = (Vec<f32>, Vec<u32>);

/// One layer of a network in θ.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Places of the weights, output by output.
    pub weights: Range<usize>,
    /// Places of the biases.
    pub biases: Range<usize>,
    /// Outputs and inputs.
    pub shape: [usize; 2],
}

/// A network 64 → H → 10 for the digits with the weights and batches of `dinlab train --data digits --batch 32`, first run.
#[derive(Debug)]
pub struct Setting {
    data: Dataset,
    network: Arc<Network>,
    seed: u64,
}

impl Setting {
    /// `hidden` units with the named activation. Fails where dinlab has no such network.
    pub fn new(hidden: usize, activation: &str) -> Result<Self, NeuralError> {
        let data = data::load("digits", 0)?;
        let network = architecture::build(&format!("mlp:{hidden},{activation}"), &data.train)?;
        Ok(Self { data, network: Arc::new(network), seed: train::run_seed(0, 0) })
    }

    /// The tests' network: 24 units with tanh. It is smooth, so that rounding cannot change the side of a kink.
    pub fn smooth() -> Self {
        Self::new(24, "tanh").expect("a network for the embedded digits")
    }

    /// θ₀.
    pub fn initial<T: Real>(&self) -> Vec<T> {
        Initial::He.draw(&self.network, self.seed)
    }

    /// The two layers.
    pub fn layers(&self) -> [Dense; 2] {
        let mut dense =
            self.network.stages().iter().filter(|stage| !stage.parameters.is_empty()).map(|stage| {
                let (begin, end) = (stage.parameters.start, stage.parameters.end);
                let shape = [stage.output.len(), stage.input.len()];
                let biases = end - shape[0]..end;
                Dense { weights: begin..biases.start, biases, shape }
            });
        [0, 1].map(|_| dense.next().expect("two dense layers"))
    }

    /// The batches of an epoch, the last one smaller.
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut order = Vec::new();
        train::order(self.seed, epoch, self.data.train.len(), &mut order);
        order.chunks(BATCH).map(<[usize]>::to_vec).collect()
    }

    /// The given training samples.
    pub fn batch(&self, samples: &[usize]) -> Batch {
        whole(&self.data.train.select(samples))
    }

    /// All training samples, and all test samples.
    pub fn parts(&self) -> [Batch; 2] {
        [whole(&self.data.train), whole(&self.data.test)]
    }

    /// The native gradient of the mean loss over some training samples.
    pub fn gradient<T: Real>(&self, samples: &[usize], theta: &[T]) -> Vec<T> {
        let mut evaluator =
            Evaluator::new(self.network.clone(), Loss::CrossEntropy, Selection::default(), samples.len());
        let mut v = vec![T::ZERO; theta.len()];
        evaluator.gradient(&self.data.train, samples, theta, 1.0 / samples.len() as f64, &mut v);
        v
    }

    /// θ₀, …, θ₂₀ of the native INDIAN on the first batches of epoch 0, along the gradients that `gradient` gives for a step's number and θ.
    pub fn path<T: Real>(
        &self,
        alpha: f64,
        start: &Start,
        mut gradient: impl FnMut(usize, &[T]) -> Vec<T>,
    ) -> Vec<Vec<T>> {
        let mut theta = self.initial::<T>();
        let mut path = vec![theta.clone()];
        let method = Method::Indian { alpha, beta: BETA };
        let mut v = gradient(0, &theta);
        let mut state = State::new(method, &theta, start, &v).expect("a start that needs no vectors");
        for step in 0..STEPS {
            if step > 0 {
                v = gradient(step, &theta);
            }
            state.step(STEP_SIZE, &mut theta, &v);
            path.push(theta.clone());
        }
        path
    }

    /// The path with native gradients.
    pub fn native<T: Real>(&self, alpha: f64, start: &Start) -> Vec<Vec<T>> {
        let batches = self.epoch(0);
        self.path(alpha, start, |step, theta| self.gradient(&batches[step], theta))
    }

    /// How far the end θ̃₂₀ of another run of [`Setting::smooth`] from the same `start` may be from that of the native `path` by rounding, in an arithmetic with
    /// the given unit roundoff; `rounding.rs` has the derivation.
    pub fn bound(&self, path: &[Vec<f64>], end: &[f64], start: &Start, roundoff: f64) -> f64 {
        rounding::bound(self, path, end, start, roundoff)
    }

    /// For tests of [`Setting::smooth`]: panics unless θ̃₂₀ = `end` of a framework's run, with its `gradients` on the way, is bit for bit the end of the native steps along these gradients,
    /// and within rounding of the native run with native gradients.
    pub fn assert_agrees<T: Real>(&self, start: &Start, end: &[T], gradients: &[Vec<T>]) {
        let replayed = self.path::<T>(ALPHA, start, |step, _| gradients[step].clone());
        assert_eq!(end, replayed[STEPS], "the step itself");

        let native = self.native::<f64>(ALPHA, start);
        let end: Vec<f64> = end.iter().map(|x| x.value()).collect();
        let off = distance(&end, &native[STEPS]);
        let bound = self.bound(&native, &end, start, T::EPSILON / 2.0);
        let moved = distance(&native[STEPS], &native[0]);
        let seen = format!("{} {start}: moved {moved:.2}, off by {off:.1e}, bound {bound:.1e}", T::NAME);
        eprintln!("{seen}");
        assert!(moved > 0.1 && off <= bound, "{seen}");
    }
}

fn whole(part: &Part) -> Batch {
    let Targets::Classes { labels, .. } = &part.targets else { unreachable!("the digits have classes") };
    (part.inputs.clone(), labels.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTS: [Start; 2] = [Start::Rest, Start::Speed(1.0)];

    /// The bound tells a wrong method from rounding.
    #[test]
    fn a_slightly_wrong_method_is_outside_the_bound() {
        let setting = Setting::smooth();
        for start in STARTS {
            let (path, wrong) = (setting.native(ALPHA, &start), setting.native(1.001 * ALPHA, &start));
            let off = distance(&path[STEPS], &wrong[STEPS]);
            let bound = setting.bound(&path, &wrong[STEPS], &start, f64::EPSILON / 2.0);
            eprintln!("{start}: alpha wrong by 1e-3: off by {off:.1e}, bound {bound:.1e}");
            assert!(off > 1e3 * bound);
        }
    }

    /// Single precision is another implementation of the gradient, too, and its errors can be seen.
    #[test]
    fn single_precision_is_within_its_bounds() {
        let setting = Setting::smooth();
        let roundoff = f64::from(f32::EPSILON) / 2.0;
        let wide = |x: &[f32]| -> Vec<f64> { x.iter().map(|&x| f64::from(x)).collect() };
        for start in STARTS {
            let (double, single) =
                (setting.native::<f64>(ALPHA, &start), setting.native::<f32>(ALPHA, &start));
            let end = wide(&single[STEPS]);
            let off = distance(&end, &double[STEPS]);
            let bound = setting.bound(&double, &end, &start, roundoff);
            eprintln!("{start}: off by {off:.1e}, bound {bound:.1e}");
            assert!(off <= bound);
        }
        for (samples, theta) in setting.epoch(0).iter().zip(setting.native::<f32>(ALPHA, &Start::Rest)) {
            let v = setting.gradient(samples, &wide(&theta));
            let bounds = rounding::gradient(&setting, samples, &wide(&theta), roundoff);
            for ((single, v), bound) in wide(&setting.gradient(samples, &theta)).iter().zip(&v).zip(bounds) {
                assert!((single - v).abs() <= bound, "{single} and {v}, bound {bound:e}");
            }
        }
    }
}
