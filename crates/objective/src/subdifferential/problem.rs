//! Why subdifferentials could not be computed.

/// What stands in the way. Terms are counted from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SubdifferentialProblem {
    /// Cells are enumerated in low dimension only.
    #[error("subdifferentials are computed in at most {limit} dimensions, this has {found}")]
    TooManyDimensions {
        /// Dimension found.
        found: usize,
        /// Largest accepted one.
        limit: usize,
    },
    /// The point has another length, or the terms have different dimensions.
    #[error("expected {expected} coordinates, found {found}")]
    Dimension {
        /// Length expected.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// No term at all.
    #[error("the sum has no terms")]
    NoTerms,
    /// A value or a one-sided gradient is not a finite number.
    #[error("term {term} has no finite one-sided gradient at {point:?}: it is not locally Lipschitz there, or not defined")]
    NonFinite {
        /// Number of the term.
        term: usize,
        /// Where.
        point: Vec<f64>,
    },
    /// The values of two pieces differ where they meet.
    #[error("term {term} jumps at {point:?}: its pieces have different values there")]
    Discontinuous {
        /// Number of the term.
        term: usize,
        /// Where.
        point: Vec<f64>,
    },
    /// A Euclidean norm vanishes.
    #[error("in term {term} a Euclidean norm vanishes at {point:?}: its subdifferential is a ball, not a polytope")]
    NormVanishes {
        /// Number of the term.
        term: usize,
        /// Where.
        point: Vec<f64>,
    },
    /// Curved kink surfaces touch without crossing: their tangents do not decide which cells meet the point.
    #[error(
        "curved kink surfaces are tangent at {point:?}: their tangents do not decide which pieces meet there"
    )]
    Tangent {
        /// Where.
        point: Vec<f64>,
    },
    /// More pieces than the limit.
    #[error("more than {limit} pieces")]
    TooManyPieces {
        /// Largest accepted number.
        limit: usize,
    },
    /// The global list needs affine kink surfaces and quadratic pieces.
    #[error("term {term} is not piecewise quadratic between affine kink surfaces ({what})")]
    NotPiecewiseQuadratic {
        /// Number of the term.
        term: usize,
        /// What is not.
        what: &'static str,
    },
}
