//! INDIAN (published as INNA) as an optimiser for [burn](https://docs.rs/burn): a thin cover of [`dinlab_indian::indian_step`].
//!
//! ```ignore
//! let mut optimizer = ModuleOptimizer::from(Indian::new(0.5, 0.1)?);
//! let gradients = GradientsParams::from_grads(loss.backward(), &model);
//! model = optimizer.step(step_size, model, gradients);
//! ```
//!
//! `cargo run --example digits` is a whole training run.

mod state;

use burn::{
    optim::{LearningRate, Optimizer},
    tensor::{DType, Device, Element, Tensor, TensorData},
};
use dinlab_indian::{indian_step, IndianError, Method};
pub use dinlab_objective::Start;
pub use state::IndianState;

/// INDIAN: θ⁺ = θ + γ(u − βv), u⁺ = (1 − αγ)u − γ(1 − αβ)v with v the gradient at θ and γ the learning rate.
///
/// Double precision is stepped in double precision, every other type in single precision and then rounded to the type of the parameter; u is kept in
/// the precision of the step. The step itself runs on the host: tensors of other devices are copied there and back. As with burn's own optimisers a
/// parameter without a gradient stays where it is (and keeps its u), and numbers are not looked at: a diverging run shows in its loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Indian {
    alpha: f64,
    beta: f64,
    start: Start,
}

/// Why an optimiser could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BurnIndianError {
    /// α or β out of its range.
    #[error(transparent)]
    Parameter(#[from] IndianError),
    /// A start that needs vectors of the parameters' shapes, or is not finite.
    #[error("start {start}: expected rest or a finite speed")]
    Start {
        /// As given.
        start: String,
    },
}

impl Indian {
    /// INDIAN with viscous damping `alpha` ≥ 0 and Hessian-driven damping `beta` ≥ 0, from rest.
    pub fn new(alpha: f64, beta: f64) -> Result<Self, BurnIndianError> {
        Method::Indian { alpha, beta }.validate()?;
        Ok(Self { alpha, beta, start: Start::Rest })
    }

    /// With another start of u: [`Start::Rest`] or [`Start::Speed`]. The gradient that the latter multiplies is the one of the parameter's first step.
    pub fn with_start(mut self, start: Start) -> Result<Self, BurnIndianError> {
        match start {
            Start::Rest => {}
            Start::Speed(c) if c.is_finite() => {}
            other => return Err(BurnIndianError::Start { start: other.to_string() }),
        }
        self.start = start;
        Ok(self)
    }

    /// θ⁺ and u⁺ in the arithmetic `T`, into which `round` rounds.
    fn advance<T, const D: usize>(
        &self,
        gamma: f64,
        theta: Tensor<D>,
        v: Tensor<D>,
        state: Option<IndianState<D>>,
        round: fn(f64) -> T,
    ) -> (Tensor<D>, IndianState<D>)
    where
        T: Element + num_traits::Float + Into<f64>,
    {
        let (device, shape, dtype) = (theta.device(), theta.shape(), theta.dtype());
        let numbers =
            |x: Tensor<D>| -> Vec<T> { x.into_data_as::<T>().try_into_vec().expect("of type T by now") };
        let (mut theta, v) = (numbers(theta), numbers(v));
        let mut u = match state {
            Some(state) => numbers(state.auxiliary),
            None => {
                let wide = |x: &[T]| -> Vec<f64> { x.iter().map(|&x| x.into()).collect() };
                let u = self.start.auxiliary(self.alpha, self.beta, &wide(&theta), &wide(&v));
                u.expect("a start that needs no vectors").into_iter().map(round).collect()
            }
        };
        indian_step(round(self.alpha), round(self.beta), round(gamma), &mut theta, &mut u, &v);
        let tensor =
            |x: Vec<T>, dtype| Tensor::from_data(TensorData::new(x, shape.clone()), (&device, dtype));
        (tensor(theta, dtype), IndianState { auxiliary: tensor(u, T::dtype()) })
    }
}

impl Optimizer for Indian {
    type State<const D: usize> = IndianState<D>;

    /// # Panics
    ///
    /// When the learning rate is negative or not finite (burn gives optimisers no way to return an error).
    fn step<const D: usize>(
        &self,
        step_size: LearningRate,
        theta: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<IndianState<D>>,
    ) -> (Tensor<D>, Option<IndianState<D>>) {
        assert!(
            step_size >= 0.0 && step_size.is_finite(),
            "indian: learning rate {step_size}: expected a finite number >= 0"
        );
        let (theta, state) = match theta.dtype() {
            DType::F64 => self.advance::<f64, D>(step_size, theta, gradient, state, |x| x),
            _ => self.advance::<f32, D>(step_size, theta, gradient, state, |x| x as f32),
        };
        (theta, Some(state))
    }

    fn to_device<const D: usize>(state: IndianState<D>, device: &Device) -> IndianState<D> {
        IndianState { auxiliary: state.auxiliary.to_device(device) }
    }
}
