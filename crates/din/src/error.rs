//! Errors of this crate: a run that could not start. How a started run ended is a `Status`, not an error.

use dinlab_objective::StartError;

/// Why a run could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DinError {
    /// A vector of the wrong length.
    #[error("{what} has {found} entries, expected {expected}")]
    Dimension {
        /// Which vector.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A vector with a NaN or an infinite entry.
    #[error("{what} must consist of finite numbers, but entry {} is {value}", index + 1)]
    NonFinite {
        /// Which vector.
        what: &'static str,
        /// Position of the first bad entry, from 0.
        index: usize,
        /// That entry.
        value: f64,
    },
    /// A parameter outside its range.
    #[error("{what} is {value}, expected {expected}")]
    Parameter {
        /// Which quantity.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// No samples were asked for.
    #[error("the number of samples is 0, expected at least 1")]
    NoSamples,
    /// Sample times out of order or outside the interval of integration.
    #[error("sample time {value} (number {}) is not in order between {from} and {until}", index + 1)]
    Grid {
        /// Position of the first bad time, from 0.
        index: usize,
        /// That time.
        value: f64,
        /// Start of the interval.
        from: f64,
        /// End of the interval.
        until: f64,
    },
    /// The initial state could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An initial state that these dynamics do not have.
    #[error("{dynamics} cannot start with `{start}`: {reason}")]
    StartNotTaken {
        /// Name of the dynamics.
        dynamics: &'static str,
        /// The start as typed.
        start: String,
        /// Why not.
        reason: &'static str,
    },
    /// Dynamics with a Hessian on an objective with kinks.
    #[error("{dynamics} needs a Hessian everywhere, but {objective} has kinks ({kinks}); use `din`")]
    Kinks {
        /// Name of the dynamics.
        dynamics: &'static str,
        /// Name of the objective.
        objective: String,
        /// Its kink set in words.
        kinks: String,
    },
    /// Events were asked of an integrator that cannot locate them.
    #[error("{integrator} cannot locate events; use a native integrator")]
    NoEvents {
        /// The integrator.
        integrator: crate::Integrator,
    },
    /// Dynamics that have no set-valued form.
    #[error("{dynamics} is no differential inclusion; the event solver takes din, din-psi, heavy-ball, gradient-flow and din-avd")]
    NotAnInclusion {
        /// Name of the dynamics.
        dynamics: &'static str,
    },
    /// An integrator for nonsmooth objectives where there is only a right-hand side.
    #[error("{integrator} needs an objective, not only a right-hand side; use another integrator")]
    NeedsObjective {
        /// The integrator.
        integrator: crate::Integrator,
    },
    /// An objective whose smooth pieces are not known, or whose kinks are not surfaces on which J is continuous.
    #[error("the event solver cannot treat {objective}: {reason}")]
    NoPieces {
        /// Name of the objective.
        objective: String,
        /// Why not.
        reason: String,
    },
    /// More solutions than asked for leave the branching states of a run.
    #[error(
        "more than {cap} solutions leave the branching states up to t = {t}; follow one, or stop earlier"
    )]
    TooManyBranches {
        /// Most solutions that are followed.
        cap: usize,
        /// Time of the branching state that exceeded it.
        t: f64,
    },
    /// Unknown integrator or dynamics.
    #[error("unknown {kind} `{name}`, expected one of {known}")]
    UnknownName {
        /// What was to be named.
        kind: &'static str,
        /// What was given.
        name: String,
        /// All names.
        known: String,
    },
}

/// Refuses a vector of the wrong length or with non-finite entries.
pub(crate) fn check_vector(what: &'static str, vector: &[f64], expected: usize) -> Result<(), DinError> {
    if vector.len() != expected {
        return Err(DinError::Dimension { what, found: vector.len(), expected });
    }
    match vector.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(DinError::NonFinite { what, index, value: vector[index] }),
        None => Ok(()),
    }
}

/// Refuses a number that is not finite.
pub(crate) fn check_finite(what: &'static str, value: f64) -> Result<(), DinError> {
    check_that(what, value, "a finite number", value.is_finite())
}

/// Refuses a number unless `accepted`.
pub(crate) fn check_that(
    what: &'static str,
    value: f64,
    expected: &'static str,
    accepted: bool,
) -> Result<(), DinError> {
    if accepted {
        Ok(())
    } else {
        Err(DinError::Parameter { what, value, expected })
    }
}
