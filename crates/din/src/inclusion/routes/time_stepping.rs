//! Implicit Euler: θ⁺ = θ + hw, w = u⁺ − βv⁺, u⁺ = u − h(aw + v⁺), v⁺ ∈ ∂J(θ⁺). Eliminating u⁺ and w,
//!
//! θ⁺ = prox_{λJ}(θ + hu/(1 + ah)), λ = h(β + h)/(1 + ah), v⁺ = (θ + hu/(1 + ah) − θ⁺)/λ,
//!
//! one proximal step of J, in which a convex kink holds θ⁺ exactly. For the gradient flow λ = h. Where J has a concave
//! kink within reach there may be several proximal points or none that is found; then the step takes v at θ and is
//! explicit.

use dinlab_objective::Objective;

use super::{super::law::Law, euler::Euler, proximal::Proximal, Step};

pub(super) struct TimeStepping<'a> {
    law: Law,
    proximal: Proximal<'a>,
    explicit: Euler<'a>,
    centre: Vec<f64>,
    point: Vec<f64>,
    not_found: u64,
}

impl<'a> TimeStepping<'a> {
    pub(super) fn new(objective: &'a dyn Objective, law: Law) -> Self {
        let n = objective.dimension();
        Self {
            law,
            proximal: Proximal::new(objective),
            explicit: Euler::new(objective, law),
            centre: vec![0.0; n],
            point: vec![0.0; n],
            not_found: 0,
        }
    }
}

impl Step for TimeStepping<'_> {
    fn step(&mut self, t: f64, h: f64, y: &mut [f64], v: &mut [f64]) {
        let n = v.len();
        let (theta, u) = y.split_at_mut(n);
        let second = self.law.has_second();
        let damp = 1.0 + self.law.friction(t + h) * h;
        let lambda = if second { h * (self.law.beta + h) / damp } else { h };
        for i in 0..n {
            self.centre[i] = theta[i] + if second { h * u[i] / damp } else { 0.0 };
        }
        self.point.copy_from_slice(theta);
        if !self.proximal.step(&self.centre, lambda, &mut self.point) {
            self.not_found += 1;
            return self.explicit.step(t, h, y, v);
        }
        for i in 0..n {
            v[i] = (self.centre[i] - self.point[i]) / lambda;
            if second {
                u[i] = (self.point[i] - theta[i]) / h + self.law.beta * v[i];
            }
            theta[i] = self.point[i];
        }
    }
    fn remark(&self) -> String {
        match self.not_found {
            0 => "implicit Euler by proximal steps".to_owned(),
            count => format!(
                "implicit Euler by proximal steps; explicit at {count} of them, where no proximal point was found"
            ),
        }
    }
}
