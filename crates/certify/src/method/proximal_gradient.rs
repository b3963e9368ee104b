//! x_{k+1} = prox_{hψ}(y_k − h∇f(y_k)), y_{k+1} = x_{k+1} + m_k(x_{k+1} − x_k), y₀ = x₀: proximal gradient for m = 0,
//! otherwise FISTA (Beck, Teboulle, SIAM J. Imaging Sci. 2, 2009).

use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates x₀, …, x_N for the momenta m₀, …, m_{N−1}.
pub(super) fn run<S: Number>(o: &mut Setting<S>, step: &Rational, momenta: &[Rational]) -> Vec<Iterate<S>> {
    let h = S::of(step);
    let mut y = o.start();
    let mut all = vec![Iterate { x: o.start(), proximal: None }];
    for (k, m) in momenta.iter().enumerate() {
        let g = o.gradient(&y);
        let point = o.proximal(&y.plus(&h.negated(), &g), &h);
        y = point.x.plus(&S::of(m), &point.x.minus(&all[k].x));
        all.push(Iterate { x: point.x.clone(), proximal: Some(point) });
    }
    all
}
