//! Coefficient sequences of papers, as fractions. Roots are replaced by the nearest multiple of 2⁻⁵²; what is then
//! certified is the method with these coefficients, which a certificate lists.

use crate::{number::Rational, rational};

const BITS: usize = 52;

/// The multiple of 2⁻⁵² nearest to a finite float; 0 where it is not finite, which no caller passes.
pub fn fraction(value: f64) -> Rational {
    rational::dyadic(value, BITS).unwrap_or(Rational::ZERO)
}

/// √value as a fraction: exact for squares of fractions of small numbers, else rounded.
pub fn root(value: &Rational) -> Rational {
    let near = rational::float(value).sqrt();
    if let Some(simple) = Rational::simplest_from_f64(near) {
        if &simple * &simple == *value {
            return simple;
        }
    }
    fraction(near)
}

/// t₀ = 1, t_{k+1} = (1 + √(1 + 4t_k²))/2: n + 1 numbers (Nesterov 1983; Beck, Teboulle 2009).
pub fn nesterov_t(n: usize) -> Vec<f64> {
    let mut t = vec![1.0_f64];
    for k in 0..n {
        t.push(0.5 * (1.0 + (1.0 + 4.0 * t[k] * t[k]).sqrt()));
    }
    t
}

/// m_k = (t_k − 1)/t_{k+1}, k = 0, …, n − 1.
pub fn nesterov_momenta(n: usize) -> Vec<Rational> {
    nesterov_t(n).windows(2).map(|t| fraction((t[0] - 1.0) / t[1])).collect()
}

/// θ of the optimised gradient method: as t, but θ_n = (1 + √(1 + 8θ_{n−1}²))/2 (Kim, Fessler 2016).
pub fn optimized_theta(n: usize) -> Vec<f64> {
    let mut theta = nesterov_t(n);
    if n > 0 {
        theta[n] = 0.5 * (1.0 + (1.0 + 8.0 * theta[n - 1] * theta[n - 1]).sqrt());
    }
    theta
}

/// h_k·L = 1 + ρ^(ν(k+1) − 1), ρ = 1 + √2, ν the exponent of 2 in k + 1: the silver steps for n = 2^m − 1
/// (Altschuler, Parrilo, Math. Program. 2024).
pub fn silver(n: usize) -> Vec<Rational> {
    let rho = 1.0 + 2.0_f64.sqrt();
    (1..=n).map(|k| fraction(1.0 + rho.powi(k.trailing_zeros() as i32 - 1))).collect()
}
