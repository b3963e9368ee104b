//! Errors: what could not be asked. What could not be shown is data ([`crate::Unproved`], [`crate::Stop`]).

/// Why a question could not be put.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EnclosureError {
    /// The objective has no formula that could be evaluated on intervals.
    #[error("{name} has no formula to evaluate on intervals")]
    NoFormula {
        /// Name of the objective.
        name: String,
    },
    /// Too many dimensions for this method.
    #[error("the objective has dimension {found}, interval proofs are made up to dimension {limit}")]
    Dimension {
        /// Its dimension.
        found: usize,
        /// The largest accepted one.
        limit: usize,
    },
    /// A vector or box of the wrong length.
    #[error("{what} has {found} entries, expected {expected}")]
    Length {
        /// Which one.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A parameter outside its range.
    #[error("{what} is {value}, expected {expected}")]
    Parameter {
        /// Which one.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
}
