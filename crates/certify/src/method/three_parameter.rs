//! ξ_{k+1} = ξ_k + b(ξ_k − ξ_{k−1}) − a∇f(y_k), y_k = ξ_k + η(ξ_k − ξ_{k−1}), output x_k = ξ_k + δ(ξ_k − ξ_{k−1}), ξ_{−1} = ξ₀
//! (Lessard, Recht, Packard 2016; triple momentum: Van Scoy, Freeman, Lynch, IEEE Control Syst. Lett. 2, 2018).

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Outputs x₀, …, x_N.
pub(super) fn run<S: Number>(
    o: &mut Setting<S>,
    n: usize,
    [a, b, eta, delta]: [&Rational; 4],
) -> Vec<Iterate<S>> {
    let (minus_a, b, eta, delta) = (S::of(a).negated(), S::of(b), S::of(eta), S::of(delta));
    let (mut before, mut xi) = (o.start(), o.start());
    let mut outputs = vec![o.start()];
    for _ in 0..n {
        let moved = xi.minus(&before);
        let g = o.gradient(&xi.plus(&eta, &moved));
        let next = xi.plus(&b, &moved).plus(&minus_a, &g);
        outputs.push(next.plus(&delta, &next.minus(&xi)));
        (before, xi) = (xi, next);
    }
    iterates(outputs)
}
