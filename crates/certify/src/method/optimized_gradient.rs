//! y_{k+1} = x_k − ∇f(x_k)/L, x_{k+1} = y_{k+1} + p_k(y_{k+1} − y_k) + q_k(y_{k+1} − x_k)
//! (Kim, Fessler, Math. Program. 159, 2016), with p_k = (θ_k − 1)/θ_{k+1}, q_k = θ_k/θ_{k+1}.

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N for the pairs (p_k, q_k).
pub(super) fn run<S: Number>(
    o: &mut Setting<S>,
    step: &Rational,
    p: &[Rational],
    q: &[Rational],
) -> Vec<Iterate<S>> {
    let minus_h = S::of(step).negated();
    let (mut x, mut y) = (vec![o.start()], o.start());
    for (k, (p, q)) in p.iter().zip(q).enumerate() {
        let g = o.gradient(&x[k]);
        let next = x[k].plus(&minus_h, &g);
        let moved = next.plus(&S::of(p), &next.minus(&y)).plus(&S::of(q), &next.minus(&x[k]));
        x.push(moved);
        y = next;
    }
    iterates(x)
}
