//! Errors of this crate.

use dinlab_indian::IndianError;

/// Why a solver could not run or found nothing.
#[derive(Debug, thiserror::Error)]
pub enum ArgminError {
    /// The executor was given no initial parameter vector.
    #[error("no initial parameter vector: give one with Executor::configure(|state| state.param(…))")]
    NoStart,
    /// A vector of the wrong length.
    #[error("the point has {found} entries, but the objective has dimension {expected}")]
    Dimension {
        /// Dimension of the objective.
        expected: usize,
        /// Length of the point.
        found: usize,
    },
    /// Not finite: a start, an interval end, a function value or an iterate.
    #[error("{what} is not finite")]
    NonFinite {
        /// What is not.
        what: &'static str,
    },
    /// A tolerance that is negative or NaN.
    #[error("tolerance {value} is not valid: expected a finite number >= 0")]
    Tolerance {
        /// What was given.
        value: f64,
    },
    /// The function has the same sign at both ends of the interval.
    #[error("no sign change: f({a}) = {f_a}, f({b}) = {f_b}")]
    NoSignChange {
        /// Left end.
        a: f64,
        /// Right end.
        b: f64,
        /// Value at a.
        f_a: f64,
        /// Value at b.
        f_b: f64,
    },
    /// The iterations were used up.
    #[error("not converged after {iterations} iterations")]
    NotConverged {
        /// How many there were.
        iterations: u64,
    },
    /// A parameter or a start that INDIAN refuses.
    #[error(transparent)]
    Indian(#[from] IndianError),
    /// argmin itself reported an error (such as a singular Hessian in Newton's method).
    #[error("argmin: {0}")]
    Solver(#[from] argmin::core::Error),
}
