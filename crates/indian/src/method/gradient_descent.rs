//! Gradient descent: θ⁺ = θ − γv.

use dinlab_objective::{Oracle, Scalar, Start};

use super::{rest_only, Entry, Method, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "gradient-descent",
    parameters: &[],
    summary: "gradient descent (subgradient method at kinks)",
    source: "Cauchy, C. R. Acad. Sci. Paris 25, 1847",
    make: |_| Method::GradientDescent,
};

/// One coordinate of θ⁺ = θ − γv, in place; `f64` or lanes of them.
#[inline(always)]
pub fn gradient_descent_step<S: Scalar>(step_size: S, theta: &mut S, v: S) {
    *theta = *theta - step_size * v;
}

/// Scratch for v.
#[derive(Debug, Clone, Default)]
pub(super) struct GradientDescent {
    v: Vec<f64>,
}

impl Step for GradientDescent {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        for (theta, v) in theta.iter_mut().zip(&self.v) {
            gradient_descent_step(step_size, theta, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
