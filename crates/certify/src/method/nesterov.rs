//! x_{k+1} = y_k − h∇f(y_k), y_{k+1} = x_{k+1} + m_k(x_{k+1} − x_k), y₀ = x₀ (Nesterov 1983, 2004).

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N for the momenta m₀, …, m_{N−1} (the last is not used).
pub(super) fn run<S: Number>(o: &mut Setting<S>, step: &Rational, momenta: &[Rational]) -> Vec<Iterate<S>> {
    let minus_h = S::of(step).negated();
    let (mut x, mut y) = (vec![o.start()], o.start());
    for (k, m) in momenta.iter().enumerate() {
        let g = o.gradient(&y);
        x.push(y.plus(&minus_h, &g));
        y = x[k + 1].plus(&S::of(m), &x[k + 1].minus(&x[k]));
    }
    iterates(x)
}
