//! INDIAN (published as INNA) as an optimiser for [candle](https://docs.rs/candle-core): a thin cover of
//! [`dinlab_indian::indian_step`], which it calls on the memory of candle's variables.
//!
//! ```
//! use candle_core::{Device, Var};
//! use candle_nn::Optimizer;
//! use dinlab_candle::{Indian, Parameters};
//!
//! # fn main() -> candle_core::Result<()> {
//! let x = Var::new(&[3.0_f64, -1.0], &Device::Cpu)?;
//! let mut indian = Indian::new(vec![x.clone()], Parameters { alpha: 1.0, ..Parameters::new(0.1) })?;
//! for _ in 0..300 {
//!     let loss = (x.as_tensor() - 1.0)?.sqr()?.sum_all()?;
//!     indian.backward_step(&loss)?;
//! }
//! assert!(x.to_vec1::<f64>()?.iter().all(|x| (x - 1.0).abs() < 1e-6));
//! # Ok(())
//! # }
//! ```

mod step;

use candle_core::{backprop::GradStore, bail, CpuStorage, DType, Device, Error, Result, Tensor, Var};
use candle_nn::Optimizer;
use dinlab_indian::Method;
pub use dinlab_objective::Start;

/// Parameters of INDIAN: θ⁺ = θ + γ(u − βv), u⁺ = (1 − αγ)u − γ(1 − αβ)v with v the gradient at θ.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// α, viscous damping, ≥ 0.
    pub alpha: f64,
    /// β, Hessian-driven damping, ≥ 0.
    pub beta: f64,
    /// γ, ≥ 0 and finite; what candle calls the learning rate.
    pub step_size: f64,
    /// How u starts: [`Start::Rest`] or [`Start::Speed`]. The gradient that the latter multiplies is the one of the variable's first step.
    pub start: Start,
}

impl Parameters {
    /// α = 0.5, β = 0.1 (dinlab's defaults), from rest, with the step size γ.
    pub fn new(step_size: f64) -> Self {
        Self { alpha: 0.5, beta: 0.1, step_size, start: Start::Rest }
    }

    fn check(&self) -> Result<()> {
        Method::Indian { alpha: self.alpha, beta: self.beta }.validate().map_err(Error::wrap)?;
        match self.start {
            Start::Rest => {}
            Start::Speed(c) if c.is_finite() => {}
            ref other => bail!("indian: start {other}: expected rest or a finite speed"),
        }
        check_step_size(self.step_size)
    }
}

fn check_step_size(step_size: f64) -> Result<()> {
    // NaN fails the comparison.
    if !(step_size >= 0.0 && step_size.is_finite()) {
        bail!("indian: step size {step_size}: expected a finite number >= 0");
    }
    Ok(())
}

/// INDIAN for candle. Variables of single or double precision on the processor; the steps are made in the precision of each variable, in place.
///
/// As with candle's own optimisers, variables that are not floating-point numbers are left out, a variable without a gradient stays where it is (and
/// keeps its u), and numbers are not looked at: a diverging run shows in its loss.
#[derive(Debug)]
pub struct Indian {
    variables: Vec<Moving>,
    parameters: Parameters,
}

/// A variable with its u, row by row; `None` before its first step.
#[derive(Debug)]
struct Moving {
    theta: Var,
    u: Option<CpuStorage>,
}

impl Indian {
    /// Continues a run: `auxiliary` are the u of [`Indian::auxiliary`], one for each of `variables` in the same order (that of candle's `VarMap::all_vars` may
    /// change from run to run: save them by name); `None` starts afresh.
    ///
    /// Fails where a u has another shape or type than its variable, or where [`Indian::new`] would.
    pub fn resume(variables: Vec<Var>, parameters: Parameters, auxiliary: &[Option<Tensor>]) -> Result<Self> {
        let mut indian = Self::new(variables, parameters)?;
        if auxiliary.len() != indian.variables.len() {
            bail!("indian: {} auxiliary tensors for {} variables", auxiliary.len(), indian.variables.len());
        }
        for (i, (moving, u)) in indian.variables.iter_mut().zip(auxiliary).enumerate() {
            let Some(u) = u else { continue };
            if u.shape() != moving.theta.shape() || u.dtype() != moving.theta.dtype() {
                let (shape, dtype) = (moving.theta.shape(), moving.theta.dtype());
                bail!(
                    "indian: auxiliary tensor {i} is {:?} {:?}, but its variable is {dtype:?} {shape:?}",
                    u.dtype(),
                    u.shape()
                );
            }
            let u = u.flatten_all()?;
            moving.u = Some(match u.dtype() {
                DType::F32 => CpuStorage::F32(u.to_vec1()?),
                _ => CpuStorage::F64(u.to_vec1()?),
            });
        }
        Ok(indian)
    }

    /// The variables in the order in which they were given, without those that are not floating-point numbers.
    pub fn variables(&self) -> impl Iterator<Item = &Var> {
        self.variables.iter().map(|moving| &moving.theta)
    }

    /// u of each of [`Indian::variables`], of its shape and type; `None` before the first step. Together with the variables it is the complete state;
    /// ψ = (1 − αβ)θ − βu.
    pub fn auxiliary(&self) -> Result<Vec<Option<Tensor>>> {
        let tensor = |moving: &Moving| {
            let shape = moving.theta.shape();
            match &moving.u {
                None => Ok(None),
                Some(CpuStorage::F32(u)) => Tensor::from_slice(u, shape, &Device::Cpu).map(Some),
                Some(CpuStorage::F64(u)) => Tensor::from_slice(u, shape, &Device::Cpu).map(Some),
                Some(_) => bail!("indian: u is kept in the type of its variable"),
            }
        };
        self.variables.iter().map(tensor).collect()
    }

    /// The parameters; the step size is the current one.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

impl Optimizer for Indian {
    type Config = Parameters;

    /// Fails where a parameter is out of its range or a variable is neither single nor double precision on the processor.
    fn new(variables: Vec<Var>, parameters: Parameters) -> Result<Self> {
        parameters.check()?;
        let mut moving = Vec::new();
        for theta in variables.into_iter().filter(|theta| theta.dtype().is_float()) {
            if !(matches!(theta.dtype(), DType::F32 | DType::F64) && theta.device().is_cpu()) {
                bail!(
                    "indian: a variable is {:?} on {:?}: expected F32 or F64 on the processor",
                    theta.dtype(),
                    theta.device().location()
                );
            }
            moving.push(Moving { theta, u: None });
        }
        Ok(Self { variables: moving, parameters })
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        check_step_size(self.parameters.step_size)?;
        for moving in &mut self.variables {
            if let Some(v) = gradients.get(&moving.theta) {
                step::step(&self.parameters, &moving.theta, &mut moving.u, v)?;
            }
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.parameters.step_size
    }

    /// Takes effect, and is checked, in the next step.
    fn set_learning_rate(&mut self, step_size: f64) {
        self.parameters.step_size = step_size;
    }
}
