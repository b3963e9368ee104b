//! x_{k+1} = x₀ − Σ_{i≤k} H_{k,i}∇f(x_i): any method with fixed coefficients.

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N.
pub(super) fn run<S: Number>(o: &mut Setting<S>, rows: &[Vec<Rational>]) -> Vec<Iterate<S>> {
    let (mut x, mut g) = (vec![o.start()], Vec::new());
    for (k, row) in rows.iter().enumerate() {
        g.push(o.gradient(&x[k]));
        let next = row.iter().zip(&g).fold(o.start(), |sum, (h, g)| sum.plus(&S::of(h).negated(), g));
        x.push(next);
    }
    iterates(x)
}
