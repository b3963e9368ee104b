//! The methods under their own names: shipped ones by their shipped driver, the others as their papers print them.

use dinlab_indian::{
    dictionary::{Named, Parameters, ThreeParameter},
    iterate_observed, IndianError, Method, Run, Schedule,
};
use dinlab_objective::{Objective, Start};
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::error::CheckError;

/// A sequence that INDIAN's θ should be.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rival {
    /// Gradient descent, heavy ball, Nesterov's y (shipped), triple momentum, Euler of the heavy ball with friction.
    Named(Named),
    /// Control: Nesterov's x.
    NesterovPositions {
        /// s.
        step_size: f64,
        /// m.
        momentum: f64,
    },
    /// The points y of the family of Lessard, Recht and Packard.
    Family(ThreeParameter),
    /// INNAprop's order of update, ψ first.
    PsiFirst(Parameters),
}

impl Rival {
    /// INDIAN's parameters for it, by the dictionary.
    pub(super) fn indian(&self) -> Result<Parameters, IndianError> {
        match *self {
            Self::Named(named) => named.indian(),
            Self::NesterovPositions { step_size, momentum } => {
                Named::Nesterov { step_size, momentum }.indian()
            }
            Self::Family(family) => family.indian(),
            Self::PsiFirst(parameters) => Ok(parameters),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Named(named) => {
                let values: Vec<String> = named.values().iter().map(|(_, v)| format!("{v}")).collect();
                format!("{} ({})", named.name(), values.join(", "))
            }
            Self::NesterovPositions { step_size, momentum } => {
                format!("nesterov's x ({step_size}, {momentum})")
            }
            Self::Family(f) => format!("family (a={}, b={}, η={})", f.a, f.b, f.eta),
            Self::PsiFirst(p) => format!("ψ first (α={}, β={}, γ={})", p.alpha, p.beta, p.step_size),
        }
    }

    /// Its sequence from θ₀ for the start u₀ of INDIAN.
    pub(super) fn sequence(
        &self,
        objective: &dyn Objective,
        theta: &[f64],
        u: &[f64],
        steps: u64,
    ) -> Result<Vec<Vec<f64>>, CheckError> {
        let positions = |method, step_size| {
            path(objective, &Run::new(method, theta.to_vec(), Schedule::Constant(step_size), steps))
        };
        match *self {
            Self::Named(Named::GradientDescent { step_size }) => {
                positions(Method::GradientDescent, step_size)
            }
            Self::Named(Named::HeavyBall { step_size, momentum }) => {
                positions(Method::HeavyBall { momentum }, step_size)
            }
            Self::Named(Named::Nesterov { step_size, momentum: m }) => {
                let x = positions(Method::Nesterov { momentum: m }, step_size)?;
                let y = |k: usize| {
                    let before = &x[k.saturating_sub(1)];
                    x[k].iter().zip(before).map(|(new, old)| new + m * (new - old)).collect()
                };
                Ok((0..x.len()).map(y).collect())
            }
            Self::NesterovPositions { step_size, momentum } => {
                positions(Method::Nesterov { momentum }, step_size)
            }
            Self::Named(Named::TripleMomentum { convexity, smoothness }) => {
                let rho = 1.0 - (convexity / smoothness).sqrt();
                let a = (1.0 + rho) / smoothness;
                let b = rho.powi(2) / (2.0 - rho);
                let eta = rho.powi(2) / ((1.0 + rho) * (2.0 - rho));
                Ok(family(objective, ThreeParameter { a, b, eta }, theta, &vec![0.0; theta.len()], steps))
            }
            Self::Named(Named::FrictionEuler { alpha, step_size }) => {
                Ok(friction_euler(objective, alpha, step_size, theta, steps))
            }
            Self::Family(f) => {
                // u₀ = (1−αβ)(ξ₀ − ξ₋₁)/γ, where 1−αβ = b − η(1−b).
                let scale = f.a.sqrt() / (f.b - f.eta * (1.0 - f.b));
                let displacement: Vec<f64> =
                    u.iter().map(|u| if *u == 0.0 { 0.0 } else { scale * u }).collect();
                Ok(family(objective, f, theta, &displacement, steps))
            }
            Self::PsiFirst(p) => Ok(psi_first(objective, p, theta, u, steps)),
        }
    }
}

/// θ₀, θ₁, … of a shipped run.
pub(super) fn path(objective: &dyn Objective, run: &Run) -> Result<Vec<Vec<f64>>, CheckError> {
    let mut path = Vec::new();
    let mut observer = |o: Observation<'_>| {
        path.push(o.theta.to_vec());
        Flow::Continue
    };
    let outcome = iterate_observed(objective, run, &mut observer)?;
    crate::runs::require(&outcome.status, &format!("{} on {}", run.method, objective.name()))?;
    Ok(path)
}

/// INDIAN's θ from θ₀ and u₀.
pub(super) fn indian(
    objective: &dyn Objective,
    parameters: Parameters,
    theta: &[f64],
    u: &[f64],
    steps: u64,
) -> Result<Vec<Vec<f64>>, CheckError> {
    let Parameters { alpha, beta, step_size } = parameters;
    let mut run =
        Run::new(Method::Indian { alpha, beta }, theta.to_vec(), Schedule::Constant(step_size), steps);
    run.start = Start::Auxiliary(u.to_vec());
    path(objective, &run)
}

/// y_k of ξ⁺ = ξ + bd − a∇J(y), d = ξ − ξ₋, y = ξ + ηd, with y₀ = θ₀ and d₀ given.
fn family(
    objective: &dyn Objective,
    ThreeParameter { a, b, eta }: ThreeParameter,
    theta: &[f64],
    displacement: &[f64],
    steps: u64,
) -> Vec<Vec<f64>> {
    let (mut oracle, mut v) = (objective.oracle(), vec![0.0; theta.len()]);
    let mut d = displacement.to_vec();
    let mut xi: Vec<f64> = theta.iter().zip(&d).map(|(y, d)| y - eta * d).collect();
    let mut path = vec![theta.to_vec()];
    for k in 0..steps as usize {
        oracle.gradient(&path[k], &mut v);
        for i in 0..v.len() {
            d[i] = b * d[i] - a * v[i];
            xi[i] += d[i];
        }
        path.push(xi.iter().zip(&d).map(|(xi, d)| xi + eta * d).collect());
    }
    path
}

/// ψ⁺ = (1−γ/β)ψ + γ(1/β−α)θ, θ⁺ = [1 + γ(1−αβ)/(β−γ)]θ − γ/(β−γ)·ψ⁺ − γβv.
fn psi_first(
    objective: &dyn Objective,
    Parameters { alpha, beta, step_size: gamma }: Parameters,
    theta: &[f64],
    u: &[f64],
    steps: u64,
) -> Vec<Vec<f64>> {
    let (mut oracle, mut v) = (objective.oracle(), vec![0.0; theta.len()]);
    let mut psi = dinlab_objective::start::psi(alpha, beta, theta, u);
    let mut path = vec![theta.to_vec()];
    for k in 0..steps as usize {
        let mut theta = path[k].clone();
        oracle.gradient(&theta, &mut v);
        for i in 0..v.len() {
            psi[i] = (1.0 - gamma / beta) * psi[i] + gamma * (1.0 / beta - alpha) * theta[i];
            theta[i] = (1.0 + gamma * (1.0 - alpha * beta) / (beta - gamma)) * theta[i]
                - gamma / (beta - gamma) * psi[i]
                - gamma * beta * v[i];
        }
        path.push(theta);
    }
    path
}

/// x⁺ = x + γw, w⁺ = w − γ(αw + ∇J(x)), w₀ = 0.
fn friction_euler(
    objective: &dyn Objective,
    alpha: f64,
    gamma: f64,
    theta: &[f64],
    steps: u64,
) -> Vec<Vec<f64>> {
    let (mut oracle, mut v) = (objective.oracle(), vec![0.0; theta.len()]);
    let mut velocity = vec![0.0; theta.len()];
    let mut path = vec![theta.to_vec()];
    for k in 0..steps as usize {
        let mut x = path[k].clone();
        oracle.gradient(&x, &mut v);
        for i in 0..v.len() {
            x[i] += gamma * velocity[i];
            velocity[i] -= gamma * (alpha * velocity[i] + v[i]);
        }
        path.push(x);
    }
    path
}
