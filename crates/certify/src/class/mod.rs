//! Function classes by their interpolation conditions: which triples (x, g, f) belong to some function of the class.

mod convex;
mod lipschitz;
mod lojasiewicz;
mod quadratic;
mod quadratic_growth;
mod smooth;
mod smooth_strongly_convex;

use serde::Serialize;

use crate::{
    expression::{Expression, Vector},
    number::{Number, Rational},
};

/// x with f(x) and one (sub)gradient g of f there.
#[derive(Debug, Clone)]
pub struct Point<S> {
    /// Name in certificates: `0`, `1`, …, `*`.
    pub label: String,
    /// x.
    pub x: Vector<S>,
    /// g.
    pub g: Vector<S>,
    /// f(x).
    pub f: Expression<S>,
}

/// A class of functions on ℝᵈ, any d.
#[derive(Debug, Clone, PartialEq)]
pub enum Class {
    /// Convex (μ = 0) or μ-strongly convex, with subgradients.
    Convex {
        /// μ ≥ 0.
        convexity: Rational,
    },
    /// Convex with subgradients of norm at most M.
    ConvexLipschitz {
        /// M > 0.
        lipschitz: Rational,
    },
    /// μ-strongly convex (μ = 0: convex) and L-smooth.
    SmoothStronglyConvex {
        /// 0 ≤ μ < L.
        convexity: Rational,
        /// L > 0.
        smoothness: Rational,
    },
    /// L-smooth, bounded below.
    Smooth {
        /// L > 0.
        smoothness: Rational,
    },
    /// x ↦ ⟨x, Qx⟩/2 with μI ⪯ Q ⪯ LI, minimiser 0.
    Quadratic {
        /// 0 ≤ μ < L.
        convexity: Rational,
        /// L > 0.
        smoothness: Rational,
    },
    /// L-smooth with f(x) − f* ≤ ‖∇f(x)‖²/(2μ) (Polyak, Łojasiewicz).
    SmoothLojasiewicz {
        /// 0 < μ < L.
        convexity: Rational,
        /// L > 0.
        smoothness: Rational,
    },
    /// Convex, L-smooth, with f(x) − f* ≥ μ‖x − x*‖²/2 for one minimiser x*.
    SmoothConvexQuadraticGrowth {
        /// 0 < μ < L.
        convexity: Rational,
        /// L > 0.
        smoothness: Rational,
    },
}

/// Whether a value over the conditions is the worst case or only bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tightness {
    /// The conditions are necessary and sufficient: the value is attained in some dimension.
    Exact,
    /// The conditions are necessary: the value is an upper bound.
    UpperBound,
}

/// A symmetric matrix of expressions, row by row, that must be positive semidefinite.
pub type MatrixCondition<S> = Vec<Vec<Expression<S>>>;

/// Named equations (= 0) and a matrix over all points of a function together.
pub type JointCondition<S> = (Vec<(String, Expression<S>)>, MatrixCondition<S>);

impl Class {
    /// Condition of the ordered pair (i, j): an expression that must be ≥ 0, where the class has one.
    pub fn pair<S: Number>(&self, i: &Point<S>, j: &Point<S>) -> Option<Expression<S>> {
        match self {
            Self::Convex { convexity } => Some(convex::pair(i, j, convexity)),
            Self::ConvexLipschitz { .. } => Some(convex::pair(i, j, &Rational::ZERO)),
            Self::SmoothStronglyConvex { convexity, smoothness } => {
                Some(smooth_strongly_convex::pair(i, j, convexity, smoothness))
            }
            Self::Smooth { smoothness } | Self::SmoothLojasiewicz { smoothness, .. } => {
                Some(smooth::pair(i, j, smoothness))
            }
            Self::SmoothConvexQuadraticGrowth { smoothness, .. } => {
                Some(smooth_strongly_convex::pair(i, j, &Rational::ZERO, smoothness))
            }
            Self::Quadratic { .. } => None,
        }
    }

    /// Conditions of single points, named; `minimum` is a point at which the infimum is attained or approached.
    /// A minimum that is only approached (nonconvex classes) has a value, but no place.
    pub fn single<S: Number>(
        &self,
        i: &Point<S>,
        minimum: Option<&Point<S>>,
    ) -> Vec<(&'static str, Expression<S>)> {
        match (self, minimum) {
            (Self::ConvexLipschitz { lipschitz }, _) => vec![("bounded", lipschitz::single(i, lipschitz))],
            (Self::Smooth { smoothness }, Some(m)) => vec![("above", smooth::above(i, m, smoothness))],
            (Self::SmoothLojasiewicz { convexity, smoothness }, Some(m)) => vec![
                ("above", smooth::above(i, m, smoothness)),
                ("lojasiewicz", lojasiewicz::single(i, m, convexity)),
            ],
            (Self::SmoothConvexQuadraticGrowth { convexity, .. }, Some(m)) => {
                vec![("growth", quadratic_growth::single(i, m, convexity))]
            }
            _ => Vec::new(),
        }
    }

    /// Equations and matrix condition over all points together.
    pub fn joint<S: Number>(&self, points: &[Point<S>]) -> Option<JointCondition<S>> {
        match self {
            Self::Quadratic { convexity, smoothness } => {
                Some(quadratic::joint(points, convexity, smoothness))
            }
            _ => None,
        }
    }

    /// Whether f has one gradient at a point, so that asking twice gives the same.
    pub fn differentiable(&self) -> bool {
        !matches!(self, Self::Convex { .. } | Self::ConvexLipschitz { .. })
    }

    /// Whether a minimiser is a point of the Gram matrix (else only the infimum is known).
    pub fn has_minimiser(&self) -> bool {
        !matches!(self, Self::Smooth { .. } | Self::SmoothLojasiewicz { .. })
    }

    /// Whether the conditions are those of the class exactly.
    pub fn tightness(&self) -> Tightness {
        match self {
            Self::SmoothLojasiewicz { .. } | Self::SmoothConvexQuadraticGrowth { .. } => {
                Tightness::UpperBound
            }
            _ => Tightness::Exact,
        }
    }

    /// μ, where the class has one.
    pub fn convexity(&self) -> Option<&Rational> {
        match self {
            Self::Convex { convexity }
            | Self::SmoothStronglyConvex { convexity, .. }
            | Self::Quadratic { convexity, .. }
            | Self::SmoothLojasiewicz { convexity, .. }
            | Self::SmoothConvexQuadraticGrowth { convexity, .. } => Some(convexity),
            Self::ConvexLipschitz { .. } | Self::Smooth { .. } => None,
        }
    }

    /// L, where the class has one.
    pub fn smoothness(&self) -> Option<&Rational> {
        match self {
            Self::SmoothStronglyConvex { smoothness, .. }
            | Self::Smooth { smoothness }
            | Self::Quadratic { smoothness, .. }
            | Self::SmoothLojasiewicz { smoothness, .. }
            | Self::SmoothConvexQuadraticGrowth { smoothness, .. } => Some(smoothness),
            Self::Convex { .. } | Self::ConvexLipschitz { .. } => None,
        }
    }
}
