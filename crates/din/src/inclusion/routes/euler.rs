//! Explicit Euler: θ⁺ = θ + h(u − βv), u⁺ = u − h(aθ′ + v) with the selected v ∈ ∂J(θ). For DIN this is INDIAN, for
//! the gradient flow the subgradient method.

use dinlab_objective::{Objective, Oracle};

use super::{super::law::Law, Step};

pub(super) struct Euler<'a> {
    law: Law,
    oracle: Box<dyn Oracle + 'a>,
    velocity: Vec<f64>,
}

impl<'a> Euler<'a> {
    pub(super) fn new(objective: &'a dyn Objective, law: Law) -> Self {
        Self { law, oracle: objective.oracle(), velocity: vec![0.0; objective.dimension()] }
    }
}

impl Step for Euler<'_> {
    fn step(&mut self, t: f64, h: f64, y: &mut [f64], v: &mut [f64]) {
        let n = v.len();
        let (theta, u) = y.split_at_mut(n);
        self.oracle.gradient(theta, v);
        self.law.velocity(u, v, &mut self.velocity);
        let a = self.law.friction(t);
        for i in 0..n {
            theta[i] += h * self.velocity[i];
        }
        for (i, u) in u.iter_mut().enumerate() {
            *u -= h * (a * self.velocity[i] + v[i]);
        }
    }
    fn remark(&self) -> String {
        "explicit Euler with the selection of the objective".to_owned()
    }
}
