//! Why an estimator could not run. What mathematics answers ("no rate") is data, never one of these.

/// Error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// Two columns that belong together have different lengths.
    #[error("the columns have different lengths: {x} and {y}")]
    LengthMismatch {
        /// Length of the first.
        x: usize,
        /// Length of the second.
        y: usize,
    },
    /// Not enough data for the estimator.
    #[error("{needed} points are needed, {found} usable ones were given")]
    TooFewPoints {
        /// Smallest number accepted.
        needed: usize,
        /// Number of usable points.
        found: usize,
    },
    /// A NaN or an infinity.
    #[error("{what} is not finite at index {index} (counted from 0)")]
    NonFinite {
        /// Name of the column or argument.
        what: &'static str,
        /// Position.
        index: usize,
    },
    /// The abscissa does not increase (or, where that is allowed, does not keep its direction).
    #[error("{what} is not strictly monotone at index {index} (counted from 0)")]
    NotMonotone {
        /// Name of the column.
        what: &'static str,
        /// Position of the first value out of order.
        index: usize,
    },
    /// A number that must be positive is not.
    #[error("{what} must be positive, found {value} at index {index} (counted from 0)")]
    NotPositive {
        /// Name of the column or argument.
        what: &'static str,
        /// Position.
        index: usize,
        /// What was found.
        value: f64,
    },
    /// A number outside the range where the estimator makes sense.
    #[error("{what} must lie between {low} and {high}, found {value}")]
    OutOfRange {
        /// Name of the argument.
        what: &'static str,
        /// What was found.
        value: f64,
        /// Smallest sensible value.
        low: f64,
        /// Largest sensible value.
        high: f64,
    },
    /// The data do not vary where they have to (for instance all abscissae equal).
    #[error("{what} does not vary")]
    Degenerate {
        /// Name of the column.
        what: &'static str,
    },
    /// A matrix that is not square or not symmetric.
    #[error("the matrix is not symmetric: entries ({row}, {column}) and ({column}, {row}) differ")]
    NotSymmetric {
        /// Row of the first pair that differs.
        row: usize,
        /// Its column.
        column: usize,
    },
}

/// Checks that two columns have the same length and that every entry is finite.
pub(crate) fn check_columns(
    x: (&'static str, &[f64]),
    y: (&'static str, &[f64]),
    needed: usize,
) -> Result<(), AnalysisError> {
    if x.1.len() != y.1.len() {
        return Err(AnalysisError::LengthMismatch { x: x.1.len(), y: y.1.len() });
    }
    check_finite(x.0, x.1)?;
    check_finite(y.0, y.1)?;
    if x.1.len() < needed {
        return Err(AnalysisError::TooFewPoints { needed, found: x.1.len() });
    }
    Ok(())
}

/// Checks that every entry is finite.
pub(crate) fn check_finite(what: &'static str, x: &[f64]) -> Result<(), AnalysisError> {
    match x.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(AnalysisError::NonFinite { what, index }),
        None => Ok(()),
    }
}

/// Checks that the entries increase strictly.
pub(crate) fn check_increasing(what: &'static str, x: &[f64]) -> Result<(), AnalysisError> {
    match x.windows(2).position(|pair| pair[1] <= pair[0]) {
        Some(index) => Err(AnalysisError::NotMonotone { what, index: index + 1 }),
        None => Ok(()),
    }
}
