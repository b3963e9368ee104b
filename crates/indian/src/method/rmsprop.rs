//! RMSprop: r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γv/(√r⁺ + ε), r₀ = 0.

use dinlab_objective::{Oracle, Scalar, Start};

use super::{rest_only, Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "rmsprop",
    parameters: &[Parameter::fraction("beta2", 0.9), Parameter::positive("epsilon", 1e-8)],
    summary: "RMSprop without centring or momentum",
    source: "Tieleman, Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012",
    make: |p| Method::Rmsprop { beta2: p[0], epsilon: p[1] },
};

/// One coordinate of r⁺ = β₂r + (1 − β₂)v², θ⁺ = θ − γv/(√r⁺ + ε), in place; `f64` or lanes of them.
#[inline(always)]
pub fn rmsprop_step<S: Scalar>(beta2: S, epsilon: S, step_size: S, theta: &mut S, mean_square: &mut S, v: S) {
    *mean_square = beta2 * *mean_square + (S::constant(1.0) - beta2) * v * v;
    *theta = *theta - step_size * v / (mean_square.sqrt() + epsilon);
}

/// State: mean square r.
#[derive(Debug, Clone)]
pub(super) struct Rmsprop {
    beta2: f64,
    epsilon: f64,
    mean_square: Vec<f64>,
    v: Vec<f64>,
}

impl Rmsprop {
    pub(super) fn new(beta2: f64, epsilon: f64) -> Self {
        Self { beta2, epsilon, mean_square: Vec::new(), v: Vec::new() }
    }
}

impl Step for Rmsprop {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.mean_square = vec![0.0; theta.len()];
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        for ((theta, r), v) in theta.iter_mut().zip(&mut self.mean_square).zip(&self.v) {
            rmsprop_step(self.beta2, self.epsilon, step_size, theta, r, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
