//! Errors of this crate: a check that could not run. A violated claim is not an error.

use dinlab_record::Status;

/// Why a check could not run.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A continuous-time run could not start.
    #[error(transparent)]
    Flow(#[from] dinlab_din::DinError),
    /// A discrete-time run could not start.
    #[error(transparent)]
    Iteration(#[from] dinlab_indian::IndianError),
    /// An objective could not be built.
    #[error(transparent)]
    Objective(#[from] dinlab_objective::ObjectiveError),
    /// A network or its data could not be made.
    #[error(transparent)]
    Network(#[from] dinlab_neural::NeuralError),
    /// An estimator refused its input.
    #[error(transparent)]
    Estimate(#[from] dinlab_analysis::AnalysisError),
    /// An initial state could not be made.
    #[error(transparent)]
    Start(#[from] dinlab_objective::StartError),
    /// A run ended otherwise than the claim needs. The suite turns this into a violated measurement: where the
    /// theory says that the run exists, a run that breaks down contradicts it.
    #[error("{what}: the run ended with status `{status}`, expected `{expected}`")]
    UnexpectedStatus {
        /// Which run.
        what: String,
        /// How it ended.
        status: Status,
        /// How it had to end.
        expected: &'static str,
    },
    /// A question about a worst case or a rate that cannot be asked, or a certificate that does not hold.
    #[error(transparent)]
    Certificate(#[from] dinlab_certify::CertifyError),
    /// A bound that could not be verified.
    #[error("no bound could be verified for: {statement}")]
    NotCertified {
        /// The question.
        statement: String,
    },
    /// The user's own case does not fit this check.
    #[error("this check cannot take the case: {reason}")]
    OwnCase {
        /// What is missing or wrong, and what would be accepted.
        reason: String,
    },
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

impl CheckError {
    /// The user's own case lacks something: what, and where useful why.
    pub fn needs<W: std::fmt::Display>(what: W) -> Self {
        Self::OwnCase { reason: format!("it needs {what}") }
    }
}
