//! 𝓕_{μ,L}: for all i ≠ j (Taylor, Hendrickx, Glineur, Math. Program. 161, 2017, theorem 4)
//! fᵢ ≥ fⱼ + ⟨gⱼ, xᵢ − xⱼ⟩ + (‖gᵢ − gⱼ‖²/L + μ‖xᵢ − xⱼ‖² − 2(μ/L)⟨gᵢ − gⱼ, xᵢ − xⱼ⟩) / (2(1 − μ/L)).

use super::Point;
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// Left side minus right side; also for μ = −L, which is smoothness alone.
pub(super) fn pair<S: Number>(i: &Point<S>, j: &Point<S>, mu: &Rational, l: &Rational) -> Expression<S> {
    let (dx, dg) = (i.x.minus(&j.x), i.g.minus(&j.g));
    let ratio = mu / l;
    let outer = Rational::ONE / (Rational::from(2) * (Rational::ONE - &ratio));
    let curvature = dg
        .square()
        .scaled(&S::of(&(Rational::ONE / l)))
        .plus(&S::of(mu), &dx.square())
        .plus(&S::of(&(Rational::from(-2) * ratio)), &dg.dot(&dx));
    i.f.clone().minus(&j.f).minus(&j.g.dot(&dx)).plus(&S::of(&-outer), &curvature)
}
