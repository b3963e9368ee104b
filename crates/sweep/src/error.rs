//! Errors of this crate. A trajectory that diverges is a row, not an error.

use std::path::PathBuf;

/// Why a sweep could not run.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A number outside its range.
    #[error("{what} = {value} is not valid: expected {expected}")]
    Number {
        /// Which number.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A cell whose numbers cannot be run.
    #[error("cell {cell}: {reason}")]
    Cell {
        /// Which cell, from 0.
        cell: u64,
        /// What is wrong with it.
        reason: Box<SweepError>,
    },
    /// A point of the wrong length.
    #[error("{what}: a point of {found} numbers, expected {expected}, one for each variable that moves")]
    PointLength {
        /// Which measurement.
        what: &'static str,
        /// Variables that move.
        expected: usize,
        /// Length of the point.
        found: usize,
    },
    /// All variables of the objective are parameters.
    #[error("all {dimension} variables of the objective are parameters: expected at least one that moves")]
    NothingMoves {
        /// Variables of the objective.
        dimension: usize,
    },
    /// Too many variables for decomposing Hessians.
    #[error("sharpness of {found} variables: expected at most {limit}")]
    TooManyVariables {
        /// Variables that move.
        found: usize,
        /// Most that are accepted.
        limit: usize,
    },
    /// No such method.
    #[error("unknown method `{name}`: `dinlab list methods` lists all")]
    UnknownMethod {
        /// What was given.
        name: String,
    },
    /// The start of the second variable.
    #[error(transparent)]
    Start(#[from] dinlab_objective::StartError),
    /// The step sizes.
    #[error(transparent)]
    Steps(#[from] dinlab_indian::IndianError),
    /// The objective.
    #[error(transparent)]
    Objective(#[from] dinlab_objective::ObjectiveError),
    /// Stopped from outside; what is finished is kept.
    #[error("interrupted")]
    Interrupted,
    /// A plan that is not TOML or JSON of the right form.
    #[error("the plan {} cannot be read: {reason}", path.display())]
    PlanSyntax {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// A key of the plan with a value that cannot be.
    #[error("plan: {key}: {reason}")]
    Plan {
        /// Which key.
        key: String,
        /// What is wrong, and what would be accepted.
        reason: String,
    },
    /// An error of another rank of an MPI job.
    #[error("rank {rank}: {reason}")]
    Rank {
        /// Which rank.
        rank: i32,
        /// Its message.
        reason: String,
    },
    /// A file that cannot be opened, read or written.
    #[error("cannot {action} {}: {reason}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A file of results that is damaged or something else.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Files of results that do not belong together.
    #[error("{}: {reason}", path.display())]
    Mismatch {
        /// The file that does not fit.
        path: PathBuf,
        /// How it does not fit.
        reason: String,
    },
}
