//! θ_{k+1} = θ_k + γ(u_k − βv_k), u_{k+1} = (1 − αγ)u_k − γ(1 − αβ)v_k, u₀ = 0 (Castera, Bolte, Févotte, Pauwels 2021,
//! update (11), in the variable u), written for w = γu: only γ², αγ and γβ enter, which are rational more often than γ.

use super::iterates;
use crate::{
    number::{Number, Rational},
    setting::{Iterate, Setting},
};

/// Iterates θ₀, …, θ_N.
pub(super) fn run<S: Number>(
    o: &mut Setting<S>,
    n: usize,
    [gamma_squared, alpha_gamma, gamma_beta]: [&Rational; 3],
) -> Vec<Iterate<S>> {
    let friction = S::of(&(Rational::ONE - alpha_gamma));
    let push = S::of(&(alpha_gamma * gamma_beta - gamma_squared));
    let damping = S::of(gamma_beta).negated();
    let (mut theta, mut w) = (vec![o.start()], crate::expression::Vector::zero());
    for k in 0..n {
        let v = o.gradient(&theta[k]);
        theta.push(theta[k].and(&w).plus(&damping, &v));
        w = w.scaled(&friction).plus(&push, &v);
    }
    iterates(theta)
}
