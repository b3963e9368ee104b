//! Nesterov's method for convex J: x⁺ = y − γ∇J(y), y⁺ = x⁺ + k/(k+3)·(x⁺ − x) after step k = 0, 1, …, y₀ = x₀.
//!
//! The reported θ is x.

use dinlab_objective::{Oracle, Start};

use super::{nesterov::nesterov_step, rest_only, Entry, Method, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "nesterov-convex",
    parameters: &[],
    summary: "Nesterov's accelerated gradient with momentum k/(k+3); theta is the x-sequence",
    source: "Nesterov, Soviet Math. Dokl. 27, 1983; momentum as in Su, Boyd, Candes, JMLR 17(153), 2016",
    make: |_| Method::NesterovConvex,
};

/// k/(k+3).
pub fn convex_momentum(k: u64) -> f64 {
    k as f64 / (k as f64 + 3.0)
}

/// State: the extrapolated point y.
#[derive(Debug, Clone, Default)]
pub(super) struct NesterovConvex {
    y: Vec<f64>,
    v: Vec<f64>,
}

impl Step for NesterovConvex {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, _: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        rest_only(ENTRY.name, start)?;
        self.y = theta.to_vec();
        self.v = vec![0.0; theta.len()];
        Ok(())
    }
    fn step(&mut self, k: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(&self.y, &mut self.v);
        let m = convex_momentum(k);
        for ((x, y), v) in theta.iter_mut().zip(&mut self.y).zip(&self.v) {
            nesterov_step(m, step_size, x, y, *v);
        }
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        None
    }
}
