//! Polyak's heavy ball: θ⁺ = θ − γv + m(θ − θ₋), θ₋₁ = θ₀.

use dinlab_objective::{Oracle, Scalar, Start};

use super::{rest_only, Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "heavy-ball",
    parameters: &[Parameter::fraction("momentum", 0.9)],
    summary: "heavy ball with constant momentum",
    source: "Polyak, USSR Comput. Math. Math. Phys. 4(5), 1964",
    make: |p| Method::HeavyBall { momentum: p[0] },
};

/// One coordinate of d⁺ = md − γv, θ⁺ = θ + d⁺, in place; `f64` or lanes of them.
#[inline(always)]
pub fn heavy_ball_step<S: Scalar>(momentum: S, step_size: S, theta: &mut S, displacement: &mut S, v: S) {
    *displacement = momentum * *displacement - step_size * v;
    *theta = *theta + *displacement;
}

/// State: the last displacement θ − θ₋.
#[derive(Debug, Clone)]
pub(super) struct HeavyBall {
    momentum: f64,
    displacement: Vec<f64>,
    v: Vec<f64>,
}

impl HeavyBall {
    pub(super) fn new(momentum: f64) -> Self {
        Self { momentum, displacement: Vec::new(), v: Vec::new() }
    }
}

impl Step for HeavyBall {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.displacement = vec![0.0; theta.len()];
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        let m = self.momentum;
        for ((theta, d), v) in theta.iter_mut().zip(&mut self.displacement).zip(&self.v) {
            heavy_ball_step(m, step_size, theta, d, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
