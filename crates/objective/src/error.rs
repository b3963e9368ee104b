//! Errors of this crate.

use crate::{
    expression::{ExpressionProblem, Place},
    subdifferential::SubdifferentialProblem,
};

/// Why an objective could not be built or examined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObjectiveError {
    /// Nothing stands before the colon.
    #[error("no objective is named; `dinlab list objectives` lists all, `expr:…` takes a formula")]
    MissingName,
    /// No such name in the registry.
    #[error("unknown objective `{name}`{}; `dinlab list objectives` lists all, `expr:…` takes a formula",
        nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownName {
        /// What was given.
        name: String,
        /// The registered name nearest to it.
        nearest: Option<String>,
    },
    /// The text after the colon is not what this objective takes.
    #[error("objective `{objective}`: argument `{argument}` is not valid: expected {expected}")]
    BadArgument {
        /// Registry name.
        objective: String,
        /// What was given.
        argument: String,
        /// What would be accepted.
        expected: String,
    },
    /// An `expr:` objective, or its list of variables, is not valid.
    #[error("{problem}{}", place.as_ref().map(|p| format!("; {p}")).unwrap_or_default())]
    Expression {
        /// What is wrong.
        problem: ExpressionProblem,
        /// Where; none for the list of variables and for texts that are not read at all.
        place: Option<Place>,
    },
    /// Subdifferentials could not be computed.
    #[error(transparent)]
    Subdifferential(#[from] SubdifferentialProblem),
}
