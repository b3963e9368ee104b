//! What freedom from oscillation costs.
//!
//! On quadratics with Hessian in [μI, LI] call INDIAN free of oscillation when all multipliers are real and at least 0:
//! then every mode is a sum of two monotone exponentials. Its best factor is exactly 1 − μ/L, that of gradient descent
//! with step 1/L, against (√L−√μ)/(√L+√μ) with oscillation.
//!
//! Derivation (in this file). Let s ≤ S be the roots −(roots of s² + (α+βλ)s + λ) at λ: real, positive, sS = λ,
//! s + S = α + βλ. Multipliers are 1 − γs, 1 − γS, so γ ≤ 1/S(L), and the factor is at least 1 − s(μ)/S(L) =
//! 1 − μ/(S(μ)S(L)). So S(μ)S(L) ≥ L is to be shown. The roots are real on [μ, L] in three cases, by the signs of
//! p_λ(x) = x² − (α+βλ)x + λ, which is ≤ 0 only between the roots.
//! αβ ≥ 1: p_λ(α) = p_λ(βλ) = λ(1−αβ) ≤ 0, so S(μ) ≥ α, S(L) ≥ βL and αβL ≥ L.
//! α+βL ≥ 2√L with β√L ≤ 1: S(L) ≥ √L, and p_μ(√L) ≤ (L−μ)(β√L−1) ≤ 0 gives S(μ) ≥ √L.
//! α+βμ ≥ 2√μ with β√μ ≥ 1: S(μ) ≥ √μ, and p_L(L/√μ) ≤ (L/μ)(L−μ)(1−β√μ) ≤ 0 gives S(L) ≥ L/√μ.
//! Equality holds for αβ = 1, √μ ≤ α ≤ √L, γ = α/L.

use dinlab_analysis::spectrum::{eigenvalues_2x2, modulus};
use dinlab_indian::indian_step;
use dinlab_numeric::max;

use crate::check::Context;

/// Multipliers of one shipped step at λ, from the images of the two unit states.
fn multipliers([alpha, beta, gamma]: [f64; 3], lambda: f64) -> [nalgebra::Complex<f64>; 2] {
    let column = |theta: f64, u: f64| {
        let (mut theta, mut u, v) = ([theta], [u], [lambda * theta]);
        indian_step(alpha, beta, gamma, &mut theta, &mut u, &v);
        [theta[0], u[0]]
    };
    let (a, b) = (column(1.0, 0.0), column(0.0, 1.0));
    eigenvalues_2x2([[a[0], b[0]], [a[1], b[1]]])
}

/// Points of [μ, L] that are looked at, geometrically spaced.
const POINTS: i32 = 16;

/// Largest factor over [μ, L], and whether the mode is free of oscillation everywhere on it.
pub(super) fn factor(parameters: [f64; 3], [mu, l]: [f64; 2]) -> (f64, bool) {
    let (mut worst, mut free) = (0.0, true);
    // (α+βλ)²/λ is smallest at λ = α/β: an oscillation between the other points shows there.
    let narrow = (parameters[0] / parameters[1]).clamp(mu, l);
    let spaced = (0..=POINTS).map(|i| mu * (l / mu).powf(f64::from(i) / f64::from(POINTS)));
    for lambda in spaced.chain([narrow]) {
        for z in multipliers(parameters, lambda) {
            worst = max(worst, modulus(z));
            // A double root splits by the root of a rounding error.
            free &= z.im.abs() < 1e-7 && z.re > -1e-7;
        }
    }
    (worst, free)
}

/// Best factor over γ for given α, β, with and without oscillation allowed; 1 where no step contracts.
pub(super) fn best(alpha: f64, beta: f64, interval: [f64; 2]) -> [f64; 2] {
    let mut best = [1.0, 1.0];
    for i in 0..=80 {
        let gamma = 1e-3 * (3e4_f64).powf(f64::from(i) / 80.0) / interval[1].sqrt();
        let (rho, free) = factor([alpha, beta, gamma], interval);
        if rho < best[0] {
            best[0] = rho;
        }
        if free && rho < best[1] {
            best[1] = rho;
        }
    }
    best
}

/// Smallest factors found: without oscillation over random (α, β, γ), improved by a shrinking random search.
pub(super) fn search(interval: [f64; 2], draws: u64, context: &Context<'_>) -> [f64; 2] {
    let [mu, l] = interval;
    let mut result = [1.0; 2];
    for (index, result) in result.iter_mut().enumerate() {
        let mut stream = context.stream(&format!("price/{l}/{index}"), 0);
        let mut point = [0.0; 3];
        for draw in 0..draws {
            // A third of the draws is global, the others come ever closer to the best point.
            let spread = 0.5 * 1e-5_f64.powf(draw as f64 / draws as f64);
            let candidate = if draw < draws / 3 {
                [
                    stream.log_uniform(0.1 * mu.sqrt(), 10.0 * l.sqrt()),
                    stream.log_uniform(0.1 / l.sqrt(), 10.0 / mu.sqrt()),
                    stream.log_uniform(1e-3 / l.sqrt(), 3.0 / mu.sqrt()),
                ]
            } else {
                point.map(|x: f64| x * (spread * stream.normal()).exp())
            };
            let (rho, free) = factor(candidate, interval);
            if rho < *result && (free || index == 0) {
                (*result, point) = (rho, candidate);
            }
        }
    }
    result
}
