//! ∇h(x_{k+1}) = ∇h(x_k) − γ∇f(x_k) (mirror descent; NoLips: Bauschke, Bolte, Teboulle, Math. Oper. Res. 42, 2017).

use crate::{
    expression::Expression,
    model::Relation,
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N; bounds the Bregman distance of the start, L·D_h(x*, x₀) ≤ L·`radius`.
pub(super) fn run<S: Number>(
    o: &mut Setting<S>,
    n: usize,
    step: &Rational,
    [smoothness, radius]: [&Rational; 2],
) -> Vec<Iterate<S>> {
    let minus = S::of(step).negated();
    let mut x = o.start();
    let mut s = o.model.unknown_gradient("s0");
    let mut all = Vec::new();
    for k in 0..=n {
        let f = o.oracle(&x);
        let value = o.reference(&f, &s);
        if k == 0 {
            let bound = Expression::constant(S::of(&(smoothness * radius)));
            let distance = o.divergence(&x, &value, &s);
            o.model.require("start", Relation::NonNegative, bound.minus(&distance));
        }
        all.push(Iterate { x: x.clone(), proximal: None });
        if k < n {
            s = s.plus(&minus, &f.g);
            x = o.unknown_point(&format!("x{}", k + 1));
        }
    }
    all
}
