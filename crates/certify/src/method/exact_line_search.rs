//! x_{k+1} = x_k − t_k∇f(x_k) with t_k minimising f along the line: the new gradient is orthogonal to the step and to the
//! old gradient, and the value is not larger. Methods with more freedom share these conditions, so values are upper bounds, tight for the known cases
//! (de Klerk, Glineur, Taylor, Optim. Lett. 11, 2017).

use super::iterates;
use crate::{
    number::Number,
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N.
pub(super) fn run<S: Number>(o: &mut Setting<S>, n: usize) -> Vec<Iterate<S>> {
    o.loosen();
    let mut x = vec![o.start()];
    for k in 0..n {
        let old = o.oracle(&x[k]);
        let next = o.unknown_point(&format!("x{}", k + 1));
        let new = o.oracle(&next);
        o.require_zero(&format!("line search {k} step"), new.g.dot(&next.minus(&x[k])));
        o.require_zero(&format!("line search {k} gradient"), new.g.dot(&old.g));
        o.require_nonnegative(&format!("line search {k} value"), old.f.minus(&new.f));
        x.push(next);
    }
    iterates(x)
}
