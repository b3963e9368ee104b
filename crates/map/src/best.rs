//! The best step size for given damping, and the best (α, β, γ), over the condition number.

use dinlab_analysis::{
    simplex,
    spectrum::{eigenvalues_2x2, modulus, spectral_radius},
};
use dinlab_indian::step_matrix;
use dinlab_numeric::{max, min, Stream};
use rayon::prelude::*;
use serde::Serialize;

use crate::{error::MapError, plane::Axis};

/// One condition number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// κ = L/μ, with μ = 1.
    pub condition_number: f64,
    /// Best γ for the damping given.
    pub step_size: f64,
    /// Largest ρ over [1, κ] there, of the shipped step.
    pub radius: f64,
    /// The same from the closed form of the multipliers.
    pub radius_closed: f64,
    /// Best (α, β, γ) found by a search over the shipped step.
    pub best: [f64; 3],
    /// Its ρ.
    pub best_radius: f64,
    /// (√κ−1)/(√κ+1).
    pub bound: f64,
    /// The closed form: γ = β = 2/(1+√κ), α = 2√κ/(1+√κ).
    pub closed: [f64; 3],
}

/// ρ of the shipped step over both ends of [1, κ]: the largest over all of it (trace and determinant are affine in λ, and the
/// pairs of them with both roots in a disc are convex).
fn shipped([alpha, beta, gamma]: [f64; 3], kappa: f64) -> f64 {
    let at = |lambda: f64| {
        let [a, b] = eigenvalues_2x2(step_matrix(alpha, beta, gamma, lambda));
        max(modulus(a), modulus(b))
    };
    max(at(1.0), at(kappa))
}

/// Best step for a damping: ρ over γ is searched on a logarithmic grid and refined by golden section about its best place.
fn best_step(alpha: f64, beta: f64, kappa: f64) -> f64 {
    const GRID: usize = 2000;
    let radius = |log: f64| shipped([alpha, beta, log.exp()], kappa);
    // Stable steps are of the order of 1/√κ or of 2/(α+βκ) (flip), whichever is smaller.
    let shortest = min(1.0 / kappa.sqrt(), 1.0 / (alpha + beta * kappa));
    let (low, high) = ((1e-4 * shortest).ln(), 100_f64.ln());
    let at = |i: usize| low + (high - low) * i as f64 / GRID as f64;
    let mut best = 0;
    for i in 0..=GRID {
        if radius(at(i)) < radius(at(best)) {
            best = i;
        }
    }
    let (mut a, mut b) = (at(best.saturating_sub(1)), at((best + 1).min(GRID)));
    let golden = 0.5 * (5_f64.sqrt() - 1.0);
    for _ in 0..80 {
        let (p, q) = (b - golden * (b - a), a + golden * (b - a));
        if radius(p) < radius(q) {
            b = q;
        } else {
            a = p;
        }
    }
    (0.5 * (a + b)).exp()
}

/// Rows for the condition numbers of an axis (the centres of its cells), each above 1.
///
/// # Errors
/// A bad axis.
pub fn rows(axis: &Axis, [alpha, beta]: [f64; 2], seed: u64) -> Result<Vec<Row>, MapError> {
    axis.validate()?;
    if axis.from < 1.0 {
        let expected = "condition numbers of at least 1";
        return Err(MapError::Range { axis: axis.name.clone(), from: axis.from, to: axis.to, expected });
    }
    let one = |i: usize| {
        let kappa = axis.centre(i);
        let root = kappa.sqrt();
        let step_size = best_step(alpha, beta, kappa);
        let given = [alpha, beta, step_size];
        let (mut best, mut lowest) = ([f64::NAN; 3], f64::INFINITY);
        for start in 0..12 {
            let mut stream = Stream::new(seed, "map best", i as u64 * 12 + start);
            let x = [
                (stream.log_uniform(0.1, 10.0) * root.sqrt()).ln(),
                (stream.log_uniform(0.1, 10.0) / root).ln(),
                (stream.log_uniform(0.1, 3.0) / root).ln(),
            ];
            let of = |x: &[f64]| shipped([x[0].exp(), x[1].exp(), x[2].exp()], kappa);
            let (x, v) = simplex::minimise(of, &x, 0.5, 20_000);
            if v < lowest {
                (best, lowest) = ([x[0].exp(), x[1].exp(), x[2].exp()], v);
            }
        }
        let closed = |lambda: f64| spectral_radius(alpha, beta, step_size, lambda);
        Row {
            condition_number: kappa,
            step_size,
            radius: shipped(given, kappa),
            radius_closed: max(closed(1.0), closed(kappa)),
            best,
            best_radius: lowest,
            bound: (root - 1.0) / (root + 1.0),
            closed: [2.0 * root / (1.0 + root), 2.0 / (1.0 + root), 2.0 / (1.0 + root)],
        }
    };
    Ok((0..axis.cells).into_par_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_meets_the_closed_form() {
        let axis = Axis { name: "condition-number".into(), from: 2.0, to: 2e3, log: true, cells: 6 };
        for row in rows(&axis, [0.5, 0.1], 0).unwrap() {
            assert!((row.best_radius - row.bound).abs() < 1e-5, "{row:?}");
            assert!(
                (row.radius - row.radius_closed).abs() < 1e-7 && row.radius >= row.bound - 1e-7,
                "{row:?}"
            );
            // No neighbour is better.
            for factor in [0.99, 1.01] {
                assert!(
                    shipped([0.5, 0.1, factor * row.step_size], row.condition_number) >= row.radius - 1e-12
                );
            }
        }
        assert!(rows(&Axis { from: 0.5, ..axis }, [0.5, 0.1], 0).is_err());
    }

    /// Strong Hessian damping: stable steps are shorter than 1/√κ by the same factor.
    #[test]
    fn a_stable_step_is_found_where_it_is_short() {
        for (alpha, beta, kappa) in [(1.0, 100.0, 1.19e5), (0.5, 0.1, 7.9e10), (0.0, 1.0, 1e8)] {
            let step = best_step(alpha, beta, kappa);
            assert!(shipped([alpha, beta, step], kappa) < 1.0, "{alpha} {beta} {kappa}: {step}");
        }
    }
}
