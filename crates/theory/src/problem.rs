//! DIN on one objective from one state: what most checks of flows run on, from a name or from the user's own case.

use dinlab_din::Dynamics;
use dinlab_objective::{Regularity, Start};
use dinlab_record::Hypothesis;
use serde::Serialize;

use crate::{check::OwnCase, error::CheckError, subject::Subject};

/// Objective, parameters, state at the start and horizon.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// J.
    pub objective: Subject,
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// θ₀.
    pub theta: Vec<f64>,
    /// u₀.
    pub u: Vec<f64>,
    /// Horizon T.
    pub until: f64,
}

impl Problem {
    /// A problem on a registered objective.
    pub fn new(objective: &str, [alpha, beta]: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        let (objective, theta, u) = (Subject::named(objective), theta.to_vec(), u.to_vec());
        Self { objective, alpha, beta, theta, u, until }
    }

    /// The user's own case, with α, β and T where none are given.
    pub fn own(own: &OwnCase, [alpha, beta]: [f64; 2], until: f64) -> Result<Self, CheckError> {
        let objective = own.subject()?;
        let theta = own.start_point()?;
        if theta.len() != objective.dimension() {
            return Err(CheckError::needs("as many coordinates in the start as the objective has"));
        }
        let (alpha, beta) = (own.alpha.unwrap_or(alpha), own.beta.unwrap_or(beta));
        let mut gradient = vec![0.0; theta.len()];
        objective.oracle().gradient(&theta, &mut gradient);
        let u = own.start.clone().unwrap_or_default().auxiliary(alpha, beta, &theta, &gradient)?;
        Ok(Self { objective, alpha, beta, theta, u, until: own.until.unwrap_or(until) })
    }

    /// What is run, in words.
    pub fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, u, until } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={}, u₀={}, T={until}", brief(theta), brief(u))
    }

    /// DIN with the problem's parameters.
    pub fn dynamics(&self) -> Dynamics {
        Dynamics::Din { alpha: self.alpha, beta: self.beta }
    }

    /// u₀ as a start of a run.
    pub fn start(&self) -> Start {
        Start::Auxiliary(self.u.clone())
    }

    /// (θ₀, u₀).
    pub fn state(&self) -> Vec<f64> {
        [self.theta.as_slice(), &self.u].concat()
    }

    /// Whether J is twice continuously differentiable, from the objective's facts.
    pub fn smooth(&self) -> bool {
        self.objective.facts().regularity == Regularity::Smooth
    }

    /// The hypothesis that J is twice continuously differentiable.
    pub fn is_smooth(&self) -> Hypothesis {
        Hypothesis::exact("J is twice continuously differentiable", self.smooth())
    }
}

/// A vector in words, shortened where it is long.
pub fn brief(x: &[f64]) -> String {
    match x {
        [a, b, .., last] if x.len() > 4 => format!("[{a}, {b}, …, {last}] in {} dimensions", x.len()),
        _ => format!("{x:?}"),
    }
}
