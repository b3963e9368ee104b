//! Smooth convex functions that grow quadratically from one minimiser. Necessary conditions only, so that values are
//! upper bounds.

use super::Point;
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// fᵢ − f_* − (μ/2)‖xᵢ − x_*‖².
pub(super) fn single<S: Number>(i: &Point<S>, minimum: &Point<S>, mu: &Rational) -> Expression<S> {
    let half = S::of(&(mu / Rational::from(-2)));
    i.f.clone().minus(&minimum.f).plus(&half, &i.x.minus(&minimum.x).square())
}
