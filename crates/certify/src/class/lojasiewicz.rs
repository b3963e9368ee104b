//! Smooth functions with the inequality of Polyak and Łojasiewicz. Necessary conditions only, so that values are upper
//! bounds (Abbaszadehpeivasti, de Klerk, Zamani, Optim. Lett. 17, 2023, use the same).

use super::Point;
use crate::{
    expression::Expression,
    number::{Number, Rational},
};

/// ‖gᵢ‖²/(2μ) − (fᵢ − f_*).
pub(super) fn single<S: Number>(i: &Point<S>, minimum: &Point<S>, mu: &Rational) -> Expression<S> {
    let factor = S::of(&(Rational::ONE / (Rational::from(2) * mu)));
    i.g.square().scaled(&factor).minus(&i.f).and(&minimum.f)
}
