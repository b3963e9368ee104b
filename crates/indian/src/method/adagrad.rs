//! AdaGrad, diagonal: G⁺ = G + v², θ⁺ = θ − γv/(√G⁺ + ε).

use dinlab_objective::{Oracle, Scalar, Start};

use super::{rest_only, Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "adagrad",
    parameters: &[Parameter::positive("epsilon", 1e-10)],
    summary: "AdaGrad with a diagonal matrix",
    source: "Duchi, Hazan, Singer, JMLR 12, 2011",
    make: |p| Method::Adagrad { epsilon: p[0] },
};

/// One coordinate of G⁺ = G + v², θ⁺ = θ − γv/(√G⁺ + ε), in place; `f64` or lanes of them.
#[inline(always)]
pub fn adagrad_step<S: Scalar>(epsilon: S, step_size: S, theta: &mut S, squares: &mut S, v: S) {
    *squares = *squares + v * v;
    *theta = *theta - step_size * v / (squares.sqrt() + epsilon);
}

/// State: sum of squares G.
#[derive(Debug, Clone)]
pub(super) struct Adagrad {
    epsilon: f64,
    squares: Vec<f64>,
    v: Vec<f64>,
}

impl Adagrad {
    pub(super) fn new(epsilon: f64) -> Self {
        Self { epsilon, squares: Vec::new(), v: Vec::new() }
    }
}

impl Step for Adagrad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.squares = vec![0.0; theta.len()];
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        for ((theta, squares), v) in theta.iter_mut().zip(&mut self.squares).zip(&self.v) {
            adagrad_step(self.epsilon, step_size, theta, squares, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
