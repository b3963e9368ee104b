//! Adam: m⁺ = β₁m + (1 − β₁)v, r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γ m̂/(√r̂ + ε) with m̂ = m⁺/(1 − β₁^{k+1}),
//! r̂ = r⁺/(1 − β₂^{k+1}).

use dinlab_objective::{Oracle, Scalar, Start};

use super::{rest_only, Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "adam",
    parameters: &[
        Parameter::fraction("beta1", 0.9),
        Parameter::fraction("beta2", 0.999),
        Parameter::positive("epsilon", 1e-8),
    ],
    summary: "Adam with bias correction",
    source: "Kingma, Ba, ICLR 2015, algorithm 1",
    make: |p| Method::Adam { beta1: p[0], beta2: p[1], epsilon: p[2] },
};

/// One coordinate of m⁺ = β₁m + (1 − β₁)v, r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γ(m⁺/b₁)/(√(r⁺/b₂) + ε), in place, with the
/// parameters (β₁, β₂, ε) and the biases bᵢ = 1 − βᵢ^(k+1); `f64` or lanes of them.
#[inline(always)]
pub fn adam_step<S: Scalar>(
    (beta1, beta2, epsilon): (S, S, S),
    (bias1, bias2): (S, S),
    step_size: S,
    theta: &mut S,
    (mean, mean_square): (&mut S, &mut S),
    v: S,
) {
    let one = S::constant(1.0);
    *mean = beta1 * *mean + (one - beta1) * v;
    *mean_square = beta2 * *mean_square + (one - beta2) * v * v;
    *theta = *theta - step_size * (*mean / bias1) / ((*mean_square / bias2).sqrt() + epsilon);
}

/// State: mean m, mean square r and the powers β₁^k, β₂^k.
#[derive(Debug, Clone)]
pub(super) struct Adam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    mean: Vec<f64>,
    mean_square: Vec<f64>,
    powers: (f64, f64),
    v: Vec<f64>,
}

impl Adam {
    pub(super) fn new(beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let empty = Vec::new;
        Self { beta1, beta2, epsilon, mean: empty(), mean_square: empty(), powers: (1.0, 1.0), v: empty() }
    }
}

impl Step for Adam {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.mean = vec![0.0; theta.len()];
        self.mean_square = vec![0.0; theta.len()];
        self.powers = (1.0, 1.0);
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        let (beta1, beta2) = (self.beta1, self.beta2);
        self.powers = (self.powers.0 * beta1, self.powers.1 * beta2);
        let (bias1, bias2) = (1.0 - self.powers.0, 1.0 - self.powers.1);
        let averages = self.mean.iter_mut().zip(&mut self.mean_square);
        for ((theta, (m, r)), v) in theta.iter_mut().zip(averages).zip(&self.v) {
            let biases = (bias1, bias2);
            adam_step((beta1, beta2, self.epsilon), biases, step_size, theta, (m, r), *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
