//! INDIAN, the explicit Euler scheme of DIN in first-order form, in the variables (θ, u).

use std::ops::{Add, Mul, Sub};

use dinlab_objective::{Oracle, Start};
use num_traits::One;

use super::{Entry, Method, Parameter, Step};
use crate::error::IndianError;

pub(super) const ENTRY: Entry = Entry {
    name: "indian",
    parameters: &[Parameter::non_negative("alpha", 0.5), Parameter::non_negative("beta", 0.1)],
    summary: "inertial Newton algorithm (INDIAN, published as INNA)",
    source: "Castera, Bolte, Fevotte, Pauwels, JMLR 22(134), 2021",
    make: |p| Method::Indian { alpha: p[0], beta: p[1] },
};

/// One INDIAN step in place: θ⁺ = θ + γ(u − βv), u⁺ = (1 − αγ)u − γ(1 − αβ)v, where v ∈ ∂J(θ) at the *old* θ.
///
/// All slices have length n (panics otherwise). With ψ = (1 − αβ)θ − βu this is the published form
/// θ⁺ = θ + γ[−(α − 1/β)θ − ψ/β − βv], ψ⁺ = ψ + γ[−(α − 1/β)θ − ψ/β], but nothing is divided by β: the update
/// is as accurate for small β as for large, and β = 0 is the heavy ball with friction. One pass over memory.
///
/// The numbers are `f64`, lanes of them, or exact fractions where rounding would decide the outcome.
#[inline(always)]
pub fn indian_step<T>(alpha: T, beta: T, step_size: T, theta: &mut [T], u: &mut [T], v: &[T])
where
    T: Clone + One + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
{
    let n = theta.len();
    assert!(u.len() == n && v.len() == n, "indian_step: lengths {n}, {}, {}", u.len(), v.len());
    let gamma = step_size;
    let keep = T::one() - alpha.clone() * gamma.clone();
    let pull = gamma.clone() * (T::one() - alpha * beta.clone());
    for ((theta, u), v) in theta.iter_mut().zip(u).zip(v) {
        let old = u.clone();
        *theta = theta.clone() + gamma.clone() * (old.clone() - beta.clone() * v.clone());
        *u = keep.clone() * old - pull.clone() * v.clone();
    }
}

/// Matrix of one [`indian_step`] on J = λθ²/2 with respect to (θ, u): its columns are the images of the basis vectors.
pub fn step_matrix(alpha: f64, beta: f64, step_size: f64, lambda: f64) -> [[f64; 2]; 2] {
    let image = |theta: f64, u: f64| {
        let (mut theta, mut u, v) = ([theta], [u], [lambda * theta]);
        indian_step(alpha, beta, step_size, &mut theta, &mut u, &v);
        [theta[0], u[0]]
    };
    let (first, second) = (image(1.0, 0.0), image(0.0, 1.0));
    [[first[0], second[0]], [first[1], second[1]]]
}

/// State u and scratch for v.
#[derive(Debug, Clone)]
pub(super) struct Indian {
    alpha: f64,
    beta: f64,
    u: Vec<f64>,
    v: Vec<f64>,
}

impl Indian {
    pub(super) fn new(alpha: f64, beta: f64) -> Self {
        Self { alpha, beta, u: Vec::new(), v: Vec::new() }
    }
}

impl Step for Indian {
    fn name(&self) -> &'static str {
        ENTRY.name
    }
    fn start(&mut self, oracle: &mut dyn Oracle, theta: &[f64], start: &Start) -> Result<(), IndianError> {
        self.v = vec![0.0; theta.len()];
        if matches!(start, Start::Speed(_) | Start::Velocity(_)) {
            oracle.gradient(theta, &mut self.v);
        }
        self.u = start.auxiliary(self.alpha, self.beta, theta, &self.v)?;
        Ok(())
    }
    fn step(&mut self, _: u64, step_size: f64, oracle: &mut dyn Oracle, theta: &mut [f64]) {
        oracle.gradient(theta, &mut self.v);
        indian_step(self.alpha, self.beta, step_size, theta, &mut self.u, &self.v);
    }
    fn auxiliary(&self) -> Option<&[f64]> {
        Some(&self.u)
    }
}
