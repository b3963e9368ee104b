//! The training methods: one update each, in `f32` or `f64`, from a gradient that the caller supplies.
//!
//! θ is the point at which the gradient is taken. Updates are the ones of `dinlab_indian` (in `f64` bit for bit, tested), with decoupled weight
//! decay and INNAprop besides.

mod registry;
mod update;

use dinlab_numeric::all_finite;
use dinlab_objective::Start;

pub use dinlab_indian::Parameter;
pub use registry::{build, Entry, ALL};

use crate::{error::NeuralError, number::Real};

/// A method with its parameters; the step size belongs to the schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// INDIAN (INNA): θ⁺ = θ + γ(u − βv), u⁺ = (1 − αγ)u − γ(1 − αβ)v.
    Indian {
        /// α ≥ 0.
        alpha: f64,
        /// β ≥ 0.
        beta: f64,
    },
    /// θ⁺ = θ − γv.
    Sgd,
    /// Heavy ball: d⁺ = md − γv, θ⁺ = θ + d⁺.
    Momentum {
        /// m ∈ [0, 1).
        momentum: f64,
    },
    /// Nesterov's method: x⁺ = θ − γv, θ⁺ = x⁺ + m(x⁺ − x); the weights are x.
    Nesterov {
        /// m ∈ [0, 1).
        momentum: f64,
    },
    /// G⁺ = G + v², θ⁺ = θ − γv/(√G⁺ + ε).
    Adagrad {
        /// ε > 0.
        epsilon: f64,
    },
    /// r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γv/(√r⁺ + ε).
    Rmsprop {
        /// β₂ ∈ [0, 1).
        beta2: f64,
        /// ε > 0.
        epsilon: f64,
    },
    /// m⁺ = β₁m + (1 − β₁)v, r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γm̂/(√r̂ + ε), hats divided by 1 − β^(k+1).
    Adam {
        /// β₁ ∈ [0, 1).
        beta1: f64,
        /// β₂ ∈ [0, 1).
        beta2: f64,
        /// ε > 0.
        epsilon: f64,
    },
    /// Adam after θ ← (1 − γλ)θ.
    Adamw {
        /// β₁ ∈ [0, 1).
        beta1: f64,
        /// β₂ ∈ [0, 1).
        beta2: f64,
        /// ε > 0.
        epsilon: f64,
        /// λ ≥ 0.
        weight_decay: f64,
    },
    /// After θ ← (1 − γλ)θ: r⁺ = β₂r + (1 − β₂)v², ψ⁺ = (1 − γ/β)ψ + γ(1/β − α)θ,
    /// θ⁺ = (1 + γ(1 − αβ)/(β − γ))θ − γ/(β − γ)·ψ⁺ − γβ v/(√r̂ + ε). A pole at γ = β.
    Innaprop {
        /// α ≥ 0.
        alpha: f64,
        /// β > 0.
        beta: f64,
        /// σ of the paper, ∈ [0, 1).
        beta2: f64,
        /// ε > 0.
        epsilon: f64,
        /// λ ≥ 0.
        weight_decay: f64,
    },
}

/// Relative distance from β that INNAprop's step sizes must keep: closer, γ/(β − γ) multiplies the rounding errors of θ and ψ, which
/// cancel, by more than a thousand.
pub const POLE_MARGIN: f64 = 1e-3;

impl Method {
    /// Registry entry.
    pub fn entry(&self) -> &'static Entry {
        registry::entry(self)
    }

    /// Name as typed.
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Whether the start of the second variable can be chosen.
    pub fn has_second(&self) -> bool {
        matches!(self, Self::Indian { .. } | Self::Innaprop { .. })
    }

    /// α and β of the methods that have them.
    pub fn damping(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Indian { alpha, beta } | Self::Innaprop { alpha, beta, .. } => Some((alpha, beta)),
            _ => None,
        }
    }

    /// Refuses the step size of a step that the method cannot take.
    pub fn check_step_size(&self, step: u64, step_size: f64) -> Result<(), NeuralError> {
        match *self {
            Self::Innaprop { beta, .. } if (beta - step_size).abs() < POLE_MARGIN * beta => {
                Err(NeuralError::Pole { step, step_size, beta, margin: POLE_MARGIN })
            }
            _ => Ok(()),
        }
    }

    /// Vectors of the length of θ that the method keeps.
    fn vectors(&self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Adam { .. } | Self::Adamw { .. } | Self::Innaprop { .. } => 2,
            _ => 1,
        }
    }
}

/// A method with its memory.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    method: Method,
    /// Vectors of the length of θ; what they are depends on the method.
    vectors: Vec<Vec<T>>,
    /// β₁^k and β₂^k.
    powers: [f64; 2],
    /// k.
    steps: u64,
}

impl<T: Real> State<T> {
    /// The memory at θ₀. `gradient` is that of the whole training loss at θ₀, used by `speed:c` alone (an empty slice otherwise).
    pub fn new(method: Method, theta: &[T], start: &Start, gradient: &[T]) -> Result<Self, NeuralError> {
        let mut vectors = vec![vec![T::ZERO; theta.len()]; method.vectors()];
        match method {
            Method::Indian { alpha, beta } => {
                vectors[0] =
                    second(start, alpha, beta, theta, gradient)?.into_iter().map(T::constant).collect();
            }
            Method::Innaprop { alpha, beta, .. } => {
                // ψ = (1 − αβ)θ − βu.
                let u = second(start, alpha, beta, theta, gradient)?;
                let psi = |(t, u): (&T, f64)| T::constant((1.0 - alpha * beta) * t.value() - beta * u);
                vectors[0] = theta.iter().zip(u).map(psi).collect();
            }
            Method::Nesterov { .. } => vectors[0] = theta.to_vec(),
            _ => {}
        }
        Ok(Self { method, vectors, powers: [1.0; 2], steps: 0 })
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The weights that the method stands for when the gradient is taken at `theta`.
    pub fn weights<'a>(&'a self, theta: &'a [T]) -> &'a [T] {
        match self.method {
            Method::Nesterov { .. } => &self.vectors[0],
            _ => theta,
        }
    }

    /// u of INDIAN, ψ of INNAprop; `None` for methods without a second variable.
    pub fn second(&self) -> Option<&[T]> {
        self.method.has_second().then(|| &self.vectors[0][..])
    }

    /// One step with step size γ from the gradient v at θ. No allocation.
    pub fn step(&mut self, step_size: f64, theta: &mut [T], gradient: &[T]) {
        assert_eq!(theta.len(), gradient.len(), "lengths of theta and gradient");
        update::step(self, step_size, theta, gradient);
        self.steps += 1;
    }

    /// Memory as numbers: powers, steps, vectors.
    pub(crate) fn parts(&self) -> ([f64; 2], u64, &[Vec<T>]) {
        (self.powers, self.steps, &self.vectors)
    }

    /// The inverse of [`State::parts`]; `None` where the vectors do not fit the method.
    pub(crate) fn from_parts(
        method: Method,
        powers: [f64; 2],
        steps: u64,
        vectors: Vec<Vec<T>>,
    ) -> Option<Self> {
        (vectors.len() == method.vectors()).then_some(Self { method, vectors, powers, steps })
    }
}

/// u₀ of INDIAN.
fn second<T: Real>(
    start: &Start,
    alpha: f64,
    beta: f64,
    theta: &[T],
    gradient: &[T],
) -> Result<Vec<f64>, NeuralError> {
    let numbers = |x: &[T]| -> Vec<f64> { x.iter().map(|v| v.value()).collect() };
    let theta = numbers(theta);
    let gradient = if gradient.is_empty() { vec![0.0; theta.len()] } else { numbers(gradient) };
    debug_assert!(all_finite(&theta));
    start.auxiliary(alpha, beta, &theta, &gradient).map_err(|error| NeuralError::Schedule(error.into()))
}
