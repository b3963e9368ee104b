//! x_{k+1} = x_k − h_k∇f(x_k); with a subgradient, the subgradient method.

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N for the steps h₀, …, h_{N−1}.
pub(super) fn run<S: Number>(o: &mut Setting<S>, steps: &[Rational]) -> Vec<Iterate<S>> {
    let mut x = vec![o.start()];
    for (k, h) in steps.iter().enumerate() {
        let g = o.gradient(&x[k]);
        x.push(x[k].plus(&S::of(h).negated(), &g));
    }
    iterates(x)
}
