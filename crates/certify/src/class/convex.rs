//! (Strongly) convex functions with subgradients: fᵢ ≥ fⱼ + ⟨gⱼ, xᵢ − xⱼ⟩ + (μ/2)‖xᵢ − xⱼ‖² for all i ≠ j
//! (Taylor, Hendrickx, Glineur, Math. Program. 161, 2017, L = ∞).

use super::Point;
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// fᵢ − fⱼ − ⟨gⱼ, xᵢ − xⱼ⟩ − (μ/2)‖xᵢ − xⱼ‖².
pub(super) fn pair<S: Number>(i: &Point<S>, j: &Point<S>, mu: &Rational) -> Expression<S> {
    let dx = i.x.minus(&j.x);
    let half_mu = S::of(&(mu / Rational::from(2)));
    i.f.clone().minus(&j.f).minus(&j.g.dot(&dx)).plus(&half_mu.negated(), &dx.square())
}
