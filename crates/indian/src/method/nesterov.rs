//! Nesterov's method with constant momentum: x⁺ = y − γ∇J(y), y⁺ = x⁺ + m(x⁺ − x), y₀ = x₀.
//!
//! The reported θ is x. The gradients are taken at y, and it is y that is INDIAN's θ under the method dictionary:
//! y_k = x_k + m(x_k − x_{k−1}).

use dinlab_objective::{Oracle, Scalar, Start};

use super::{nesterov_convex, rest_only, Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "nesterov",
    parameters: &[Parameter::fraction("momentum", 0.9)],
    summary: "Nesterov's accelerated gradient with constant momentum; theta is the x-sequence",
    source: "Nesterov, Introductory Lectures on Convex Optimization, 2004, scheme (2.2.11)",
    make: |p| Method::Nesterov { momentum: p[0] },
};

/// One coordinate of x⁺ = y − γv, y⁺ = x⁺ + m(x⁺ − x), in place, where v is the gradient at y; `f64` or lanes of them.
#[inline(always)]
pub fn nesterov_step<S: Scalar>(momentum: S, step_size: S, x: &mut S, y: &mut S, v: S) {
    let old = *x;
    *x = *y - step_size * v;
    *y = *x + momentum * (*x - old);
}

/// m of step k.
#[derive(Debug, Clone, Copy)]
pub(super) enum Momentum {
    /// The same in every step.
    Constant(f64),
    /// k/(k+3), for convex J.
    Convex,
}

/// State: the extrapolated point y.
#[derive(Debug, Clone)]
pub(super) struct Nesterov {
    momentum: Momentum,
    y: Vec<f64>,
    v: Vec<f64>,
}

impl Nesterov {
    pub(super) fn new(momentum: Momentum) -> Self {
        Self { momentum, y: Vec::new(), v: Vec::new() }
    }
}

impl Step for Nesterov {
    fn name(&self) -> &'static str {
        match self.momentum {
            Momentum::Constant(_) => ENTRY.name,
            Momentum::Convex => nesterov_convex::ENTRY.name,
        }
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(self.name(), start)?;
        self.y = theta.to_vec();
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, k: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(&self.y, &mut self.v);
        let m = match self.momentum {
            Momentum::Constant(m) => m,
            Momentum::Convex => nesterov_convex::convex_momentum(k),
        };
        for ((x, y), v) in theta.iter_mut().zip(&mut self.y).zip(&self.v) {
            nesterov_step(m, step_size, x, y, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
