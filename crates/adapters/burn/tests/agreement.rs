//! 20 steps on a small network: bit for bit the native steps along burn's gradients, and within rounding of the native run with native gradients.

use burn::{
    module::{Module, Param},
    nn::{loss::CrossEntropyLossConfig, Linear},
    optim::{GradientsParams, ModuleOptimizer, SgdConfig},
    tensor::{DType, Device, Element, Int, Tensor, TensorData},
};
use dinlab_agreement::{Dense, Setting, ALPHA, BETA, STEPS, STEP_SIZE};
use dinlab_burn::{Indian, Start};
use dinlab_neural::Real;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn indian(start: &Start) -> ModuleOptimizer {
    let optimizer = Indian::new(ALPHA, BETA).and_then(|indian| indian.with_start(start.clone()));
    ModuleOptimizer::from(optimizer.expect("admissible parameters"))
}

fn tensor<T: Element, const D: usize>(values: &[T], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&device(), T::dtype()))
}

/// burn keeps a layer's weights input by input.
fn layer<T: Real + Element>(theta: &[T], Dense { weights, biases, shape }: Dense) -> Linear {
    let weight = tensor(&theta[weights], shape).transpose();
    let bias = tensor(&theta[biases], [shape[0]]);
    Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_tensor(bias)) }
}

impl Network {
    fn new<T: Real + Element>(setting: &Setting) -> Self {
        let theta = setting.initial::<T>();
        let [hidden, output] = setting.layers().map(|dense| layer(&theta, dense));
        Self { hidden, output }
    }

    fn loss(&self, setting: &Setting, step: usize) -> Tensor<1> {
        let (inputs, labels) = setting.batch(&setting.epoch(0)[step]);
        let count = labels.len();
        let dtype = self.hidden.weight.val().dtype();
        let x = Tensor::<2>::from_data(TensorData::new(inputs, [count, 64]), (&device(), dtype));
        let labels: Vec<i64> = labels.into_iter().map(i64::from).collect();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &device());
        let z = self.output.forward(self.hidden.forward(x).tanh());
        CrossEntropyLossConfig::new().init(&device()).forward(z, labels)
    }

    /// In the order of θ; `get` gives a layer's weights or biases, or their gradients.
    fn flat<T: Real + Element>(
        &self,
        weights: impl Fn(&Param<Tensor<2>>) -> Tensor<2>,
        biases: impl Fn(&Param<Tensor<1>>) -> Tensor<1>,
    ) -> Vec<T> {
        let mut theta = Vec::new();
        for layer in [&self.hidden, &self.output] {
            let bias = layer.bias.as_ref().expect("made with biases");
            for data in [weights(&layer.weight).transpose().into_data(), biases(bias).into_data()] {
                theta.extend(data.try_into_vec::<T>().expect("made of T"));
            }
        }
        theta
    }

    fn theta<T: Real + Element>(&self) -> Vec<T> {
        self.flat(|weights| weights.val(), |biases| biases.val())
    }
}

fn gradients(network: &Network, setting: &Setting, step: usize) -> GradientsParams {
    GradientsParams::from_grads(network.loss(setting, step).backward(), network)
}

/// burn's run: θ₂₀ and the gradients on the way.
fn run<T: Real + Element>(setting: &Setting, start: &Start) -> (Vec<T>, Vec<Vec<T>>) {
    let mut network = Network::new::<T>(setting);
    let mut optimizer = indian(start);
    let mut seen = Vec::new();
    for step in 0..STEPS {
        let own = gradients(&network, setting, step);
        seen.push(network.flat(
            |weights| own.get::<2>(weights.id).expect("a gradient"),
            |biases| own.get::<1>(biases.id).expect("a gradient"),
        ));
        network = optimizer.step(STEP_SIZE, network, own);
    }
    (network.theta(), seen)
}

fn agrees<T: Real + Element>(start: Start) {
    let setting = Setting::smooth();
    let (end, gradients) = run::<T>(&setting, &start);
    setting.assert_agrees(&start, &end, &gradients);
}

#[test]
fn twenty_steps_in_double_precision() {
    agrees::<f64>(Start::Rest);
    agrees::<f64>(Start::Speed(1.0));
}

#[test]
fn twenty_steps_in_single_precision() {
    agrees::<f32>(Start::Rest);
    agrees::<f32>(Start::Speed(1.0));
}

fn resumes<T: Real + Element>() {
    let setting = Setting::smooth();
    let (end, _) = run::<T>(&setting, &Start::Speed(1.0));
    let mut network = Network::new::<T>(&setting);
    let mut optimizer = indian(&Start::Speed(1.0));
    for step in 0..STEPS {
        if step == STEPS / 2 {
            // The start belongs to the past: rest here must not matter.
            let saved = optimizer.into_bytes().expect("a record");
            optimizer = indian(&Start::Rest).from_bytes(saved).expect("the record just made");
        }
        network = optimizer.step(STEP_SIZE, network.clone(), gradients(&network, &setting, step));
    }
    assert_eq!(network.theta::<T>(), end);
}

#[test]
fn a_resumed_run_is_the_run() {
    resumes::<f32>();
    resumes::<f64>();
}

/// Half precision: one step from rest, θ − γβv, rounded once at the end.
#[test]
fn half_precision_is_stepped_in_single() {
    use burn::optim::Optimizer;
    let half = |values: [f32; 2]| tensor(&values, [2]).inner().cast(DType::BF16);
    let (theta, v) = (half([1.0, -3.0]), half([0.5, 2.0]));
    let (moved, state) = Indian::new(0.5, 0.1).unwrap().step(0.25, theta, v, None);
    assert_eq!(moved.dtype(), DType::BF16);
    assert_eq!(state.unwrap().auxiliary.dtype(), DType::F32);
    let expected = [1.0 - 0.25 * 0.1 * 0.5, -3.0 - 0.25 * 0.1 * 2.0];
    for (moved, expected) in moved.to_data_as::<f32>().try_into_vec::<f32>().unwrap().iter().zip(expected) {
        // bfloat16 has 8 significant bits.
        assert!((moved - expected).abs() <= expected.abs() / 256.0);
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    assert!(Indian::new(-1.0, 0.1).unwrap_err().to_string().contains("alpha"));
    assert!(Indian::new(0.5, f64::NAN).unwrap_err().to_string().contains("beta"));
    for start in [Start::Psi(vec![0.0]), Start::Speed(f64::INFINITY)] {
        let error = Indian::new(0.5, 0.1).unwrap().with_start(start).unwrap_err().to_string();
        assert!(error.contains("expected rest or a finite speed"), "{error}");
    }
}

#[test]
#[should_panic(expected = "learning rate NaN")]
fn a_learning_rate_that_is_no_number_is_refused() {
    let setting = Setting::smooth();
    let network = Network::new::<f32>(&setting);
    let own = gradients(&network, &setting, 0);
    indian(&Start::Rest).step(f64::NAN, network, own);
}

/// The other optimisers of burn work beside it, each on its parameters.
#[test]
fn groups_of_parameters_may_have_other_optimisers() {
    use burn::module::ParamGroup;
    let setting = Setting::smooth();
    let network = Network::new::<f32>(&setting);
    let before = network.output.weight.val().into_data();
    let ids = vec![network.output.weight.id];
    let mut optimizer =
        indian(&Start::Rest).with_group(ParamGroup::from_ids(ids), SgdConfig::new().build(), None);
    let own = gradients(&network, &setting, 0);
    let v = own.get::<2>(network.output.weight.id).unwrap();
    let after = optimizer.step(1.0, network, own).output.weight.val().into_data();
    let expected = Tensor::<2>::from_data(before, &device().inner()) - v;
    assert_eq!(after, expected.into_data());
}
