//! Why a map could not be made.

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// An axis that is empty, inverted or not finite.
    #[error("axis {axis}: from {from} to {to}: expected {expected}")]
    Range {
        /// Its name.
        axis: String,
        /// Its start.
        from: f64,
        /// Its end.
        to: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// A name that is no axis of this map.
    #[error("axis {axis}: no such number in this map; expected one of {expected}")]
    UnknownAxis {
        /// The name given.
        axis: String,
        /// The names there are.
        expected: String,
    },
    /// Both axes are the same.
    #[error("axis {axis}: given for both directions; expected two different names")]
    SameAxis {
        /// Its name.
        axis: String,
    },
    /// More cells than can be held.
    #[error("{columns}×{rows} cells: expected at least 1 and at most {most} cells")]
    Cells {
        /// Cells per row.
        columns: usize,
        /// Rows.
        rows: usize,
        /// Most cells.
        most: u64,
    },
    /// A number that has no place on an axis or among the fixed ones.
    #[error("{what} must be {expected}, found {value}")]
    Value {
        /// Its name.
        what: &'static str,
        /// What was found.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// The objective lacks something.
    #[error("objective `{objective}`: {lacks}")]
    Objective {
        /// Its name.
        objective: String,
        /// What it lacks, and what would be accepted.
        lacks: String,
    },
    /// More minima than a map can tell apart.
    #[error("{found} minima were found: expected at most {most}; a smaller plane has fewer")]
    Minima {
        /// How many.
        found: usize,
        /// Most.
        most: usize,
    },
    /// An iteration could not run.
    #[error(transparent)]
    Iterate(#[from] dinlab_indian::IndianError),
    /// A sweep could not run.
    #[error(transparent)]
    Sweep(#[from] dinlab_sweep::SweepError),
    /// A flow could not run.
    #[error(transparent)]
    Flow(#[from] dinlab_din::DinError),
    /// An estimator refused its input.
    #[error(transparent)]
    Estimate(#[from] dinlab_analysis::AnalysisError),
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl MapError {
    /// Whether the user stopped it.
    pub fn is_interrupt(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Sweep(dinlab_sweep::SweepError::Interrupted))
    }
}
