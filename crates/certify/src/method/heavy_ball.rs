//! x_{k+1} = x_k − h∇f(x_k) + m(x_k − x_{k−1}), x_{−1} = x₀ (Polyak 1964).

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N.
pub(super) fn run<S: Number>(
    o: &mut Setting<S>,
    n: usize,
    step: &Rational,
    momentum: &Rational,
) -> Vec<Iterate<S>> {
    let (minus_h, m) = (S::of(step).negated(), S::of(momentum));
    let mut x = vec![o.start()];
    for k in 0..n {
        let before = if k == 0 { x[0].clone() } else { x[k - 1].clone() };
        let g = o.gradient(&x[k]);
        x.push(x[k].plus(&minus_h, &g).plus(&m, &x[k].minus(&before)));
    }
    iterates(x)
}
