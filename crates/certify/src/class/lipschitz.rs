//! Convex functions with bounded subgradients: the conditions of convexity and ‖gᵢ‖ ≤ M
//! (Taylor, Hendrickx, Glineur, SIAM J. Optim. 27, 2017).

use super::Point;
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// M² − ‖gᵢ‖².
pub(super) fn single<S: Number>(i: &Point<S>, m: &Rational) -> Expression<S> {
    Expression::constant(S::of(&(m * m))).minus(&i.g.square())
}
