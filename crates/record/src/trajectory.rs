//! Trajectories: sampled states with the quantities of the command-line contract, and how the run ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::real::{self, RealNumber};

/// How a run ended. A diverged run is a result, not an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The horizon or the number of steps was reached.
    ReachedEnd,
    /// A stopping rule was met.
    Converged,
    /// The state left the ball of the divergence bound at the given time or iteration.
    Diverged {
        /// Time or iteration.
        #[serde(with = "real")]
        #[schemars(with = "RealNumber")]
        at: f64,
    },
    /// A NaN or infinite number appeared at the given time or iteration.
    NonFinite {
        /// Time or iteration.
        #[serde(with = "real")]
        #[schemars(with = "RealNumber")]
        at: f64,
    },
    /// The integrator's step fell below rounding at the given time.
    StepUnderflow {
        /// Time.
        #[serde(with = "real")]
        #[schemars(with = "RealNumber")]
        at: f64,
    },
    /// A terminal event was located.
    Event {
        /// Name of the event.
        id: String,
        /// Located time.
        #[serde(with = "real")]
        #[schemars(with = "RealNumber")]
        at: f64,
    },
    /// The budget of steps or evaluations was used up.
    BudgetExhausted,
    /// The observer or the user stopped the run.
    Interrupted,
}

impl Status {
    /// Whether the run got where it was sent.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::ReachedEnd | Self::Converged)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReachedEnd => f.write_str("reached-end"),
            Self::Converged => f.write_str("converged"),
            Self::Diverged { at } => write!(f, "diverged at {at}"),
            Self::NonFinite { at } => write!(f, "non-finite at {at}"),
            Self::StepUnderflow { at } => write!(f, "step-underflow at {at}"),
            Self::Event { id, at } => write!(f, "event {id} at {at}"),
            Self::BudgetExhausted => f.write_str("budget-exhausted"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Work done by a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// Accepted steps (continuous) or iterations (discrete).
    pub accepted: u64,
    /// Rejected steps.
    pub rejected: u64,
    /// Evaluations of the right-hand side or of the gradient.
    pub evaluations: u64,
    /// Evaluations of a Jacobian (implicit integrators).
    pub jacobians: u64,
    /// Matrix factorisations (implicit integrators).
    pub factorisations: u64,
}

/// Last state of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Final {
    /// θ, length n.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub theta: Vec<f64>,
    /// ψ, length n; null for methods and dynamics that have none, and for β = 0.
    #[serde(with = "real")]
    #[schemars(with = "Option<Vec<RealNumber>>")]
    pub psi: Option<Vec<f64>>,
    /// J(θ).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub value: f64,
    /// Euclidean norm of the (selected) gradient at θ.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub gradient_norm: f64,
    /// 2(1+αβ)J + ‖u‖² for DIN and INDIAN, null otherwise.
    #[serde(with = "real")]
    #[schemars(with = "Option<RealNumber>")]
    pub energy: Option<f64>,
    /// Time reached (continuous runs).
    #[serde(with = "real", default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<RealNumber>")]
    pub t: Option<f64>,
    /// Iteration reached (discrete runs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
}

/// A sampled run. Columns all have the length of `time`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// `t` or `k`: name of the first column.
    pub clock: String,
    /// Times or iteration numbers.
    #[serde(with = "real")]
    pub time: Vec<f64>,
    /// θ at each time; inner length n.
    #[serde(with = "real")]
    pub theta: Vec<Vec<f64>>,
    /// ψ at each time; empty where there is none.
    #[serde(with = "real")]
    pub psi: Vec<Vec<f64>>,
    /// J(θ).
    #[serde(with = "real")]
    pub value: Vec<f64>,
    /// ‖∇J(θ)‖.
    #[serde(with = "real")]
    pub gradient_norm: Vec<f64>,
    /// 2(1+αβ)J + ‖u‖²; empty where it is not defined.
    #[serde(with = "real")]
    pub energy: Vec<f64>,
    /// How the run ended.
    pub status: Status,
    /// Last state (also when it is not a sample).
    pub last: Final,
    /// Work done.
    pub work: Work,
}

impl Trajectory {
    /// Column names of the command-line contract, in order: `k` or `t`, `theta_i`, `psi_i`, `value`,
    /// `gradient_norm`, `energy`.
    pub fn column_names(&self) -> Vec<String> {
        let mut names = vec![self.clock.clone()];
        let n = self.last.theta.len();
        names.extend((1..=n).map(|i| format!("theta_{i}")));
        if !self.psi.is_empty() {
            names.extend((1..=n).map(|i| format!("psi_{i}")));
        }
        names.extend(["value".into(), "gradient_norm".into()]);
        if !self.energy.is_empty() {
            names.push("energy".into());
        }
        names
    }

    /// Row `i` in the order of [`Trajectory::column_names`].
    pub fn row(&self, i: usize) -> Vec<f64> {
        let mut row = vec![self.time[i]];
        row.extend(&self.theta[i]);
        if let Some(psi) = self.psi.get(i) {
            row.extend(psi);
        }
        row.extend([self.value[i], self.gradient_norm[i]]);
        row.extend(self.energy.get(i));
        row
    }
}
