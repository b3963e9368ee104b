//! L-smooth functions, not necessarily convex: the conditions of 𝓕_{μ,L} with μ = −L (Taylor, Hendrickx, Glineur,
//! SIAM J. Optim. 27, 2017, theorem 3.10), and f ≥ f_* everywhere iff fᵢ − ‖gᵢ‖²/(2L) ≥ f_* at every point.

use super::{smooth_strongly_convex, Point};
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// The pair's condition.
pub(super) fn pair<S: Number>(i: &Point<S>, j: &Point<S>, l: &Rational) -> Expression<S> {
    smooth_strongly_convex::pair(i, j, &-l.clone(), l)
}

/// fᵢ − f_* − ‖gᵢ‖²/(2L).
pub(super) fn above<S: Number>(i: &Point<S>, minimum: &Point<S>, l: &Rational) -> Expression<S> {
    let factor = S::of(&(Rational::from(-1) / (Rational::from(2) * l)));
    i.f.clone().minus(&minimum.f).plus(&factor, &i.g.square())
}
