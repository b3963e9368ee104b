//! x_{k+1} = prox_{hf}(x_k) = x_k − h s_{k+1}, s_{k+1} ∈ ∂f(x_{k+1}) (Martinet 1970, Rockafellar 1976).

use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N.
pub(super) fn run<S: Number>(o: &mut Setting<S>, steps: &[Rational]) -> Vec<Iterate<S>> {
    let mut all = vec![Iterate { x: o.start(), proximal: None }];
    for (k, h) in steps.iter().enumerate() {
        let y = all[k].x.clone();
        let point = o.proximal(&y, &S::of(h));
        all.push(Iterate { x: point.x.clone(), proximal: Some(point) });
    }
    all
}
