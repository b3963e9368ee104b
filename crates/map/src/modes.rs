//! Runs of the shipped step on eigenmodes J = λθ²/2, 64 modes at once: how fast they decay, and how often θ changes its sign.

use std::sync::atomic::{AtomicBool, Ordering};

use dinlab_indian::{indian_step, step_matrix};
use dinlab_numeric::{max, min, norm};
use dinlab_objective::{
    lanes::{widest, Kernel, Vector},
    tape::{Block, LANES},
};
use nalgebra::Complex;
use rayon::prelude::*;

use crate::error::MapError;

/// Iterations of a run.
pub(crate) const STEPS: u64 = 2048;
/// Iterations between two rescalings: no step grows by more than 10³⁰ in a plane that can be shown, or the number is not finite.
const STRIDE: u64 = 8;

/// What the runs of one mode show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// −log of the growth per iteration of the largest of all starts, over the second half of the run; infinite where the
    /// iterates reach 0.
    pub(crate) rate: f64,
    /// Sign changes of θ per iteration in the second half of the run.
    pub(crate) turns: f64,
}

/// Runs every (α, β, γ, λ) from (θ, u) = (1, 0) and from (0, 1).
///
/// # Errors
/// [`MapError::is_interrupt`] once `stop` is set.
pub(crate) fn run(modes: &[[f64; 4]], stop: &AtomicBool) -> Result<Vec<Seen>, MapError> {
    let blocks: Result<Vec<Vec<Seen>>, MapError> = modes
        .par_chunks(LANES)
        .map(|some| match stop.load(Ordering::Relaxed) {
            true => Err(dinlab_sweep::SweepError::Interrupted.into()),
            false => Ok(block(some)),
        })
        .collect();
    Ok(blocks?.concat())
}

fn block(some: &[[f64; 4]]) -> Vec<Seen> {
    let mut p = [[0.0; LANES]; 4];
    for lane in 0..LANES {
        let mode = some.get(lane).unwrap_or(&some[0]);
        p.iter_mut().zip(mode).for_each(|(block, value)| block[lane] = *value);
    }
    let mut z = [[1.0; LANES], [0.0; LANES], [0.0; LANES], [1.0; LANES]];
    let (mut size, mut changes, mut half) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for k in (0..STEPS).step_by(STRIDE as usize) {
        if k == STEPS / 2 {
            (half, changes) = (logarithm(&size, &z), [0.0; LANES]);
        }
        widest(Steps { p: &p, z: &mut z, changes: &mut changes });
        for lane in 0..LANES {
            let largest = z.iter().fold(0.0, |s, block| max(s, block[lane].abs()));
            // A power of two: nothing is rounded.
            let exponent = if largest > 0.0 && largest.is_finite() {
                largest.log2().floor().clamp(-1000.0, 1000.0)
            } else {
                0.0
            };
            let scale = (-exponent).exp2();
            z.iter_mut().for_each(|block| block[lane] *= scale);
            size[lane] += exponent;
        }
    }
    let end = logarithm(&size, &z);
    let count = (STEPS / 2) as f64;
    let seen = |lane: usize| {
        let grown = end[lane] - half[lane];
        // Both −∞ where the iterates are 0 at the half already.
        let rate = if end[lane] == f64::NEG_INFINITY { f64::INFINITY } else { -grown / count };
        Seen { rate, turns: changes[lane] / count }
    };
    (0..some.len()).map(seen).collect()
}

/// log of the norm of (θ, u) over both starts.
fn logarithm(size: &Block, z: &[Block; 4]) -> Block {
    std::array::from_fn(|l| {
        size[l] * std::f64::consts::LN_2 + norm(&[z[0][l], z[1][l], z[2][l], z[3][l]]).ln()
    })
}

struct Steps<'a> {
    p: &'a [Block; 4],
    /// θ and u of the first start, then of the second.
    z: &'a mut [Block; 4],
    changes: &'a mut Block,
}

impl Kernel for Steps<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { p: [alpha, beta, gamma, lambda], z: [x, u, y, w], changes } = self;
        for c in (0..LANES).step_by(V::LANES) {
            let (a, b, g) = (V::load(&alpha[c..]), V::load(&beta[c..]), V::load(&gamma[c..]));
            let l = V::load(&lambda[c..]);
            let (mut theta, mut other) =
                ([V::load(&x[c..]), V::load(&y[c..])], [V::load(&u[c..]), V::load(&w[c..])]);
            let mut count = V::load(&changes[c..]);
            let half = V::constant(0.5);
            // θ of a start that is an eigenvector of no mode but by chance.
            let mix = V::constant(0.618_033_988_749_894_8);
            let mut sign = (theta[0] + mix * theta[1]).sign();
            for _ in 0..STRIDE {
                let v = [l * theta[0], l * theta[1]];
                indian_step(a, b, g, &mut theta, &mut other, &v);
                let next = (theta[0] + mix * theta[1]).sign();
                count = count + half * (V::constant(1.0) - sign * next);
                sign = next;
            }
            theta[0].store(&mut x[c..]);
            theta[1].store(&mut y[c..]);
            other[0].store(&mut u[c..]);
            other[1].store(&mut w[c..]);
            count.store(&mut changes[c..]);
        }
    }
}

/// How far the rate of a run may be from −log ρ. Let M be the matrix of the step, f(k) = log‖M^k‖ − k log ρ (Frobenius norms,
/// which both starts together show). Then 0 ≤ f(k) ≤ log(k‖M‖/ρ + √2(k−1)) by M^k = U_(k−1) M − det M U_(k−2), and f(k) ≤ log κ with
/// κ = ‖P‖‖P⁻¹‖ of the eigenvectors; the rate over the second half is off by at most the larger f over its length. To this comes the
/// rounding of steps, 8ε‖M‖κ/ρ each.
pub(crate) fn allowance([alpha, beta, gamma, lambda]: [f64; 4], [first, second]: [Complex<f64>; 2]) -> f64 {
    let matrix = step_matrix(alpha, beta, gamma, lambda);
    let size = norm(&matrix.concat());
    let rho = max(first.norm(), second.norm());
    let n = STEPS as f64;
    let jordan = (n * size / rho + std::f64::consts::SQRT_2 * n).ln();
    // Unit eigenvectors of a 2×2 matrix with the off-diagonal entry b: (b, μ − a), and |det P| = |b||μ₁ − μ₂| before scaling.
    let [[a, b], _] = matrix;
    let lengths = [first, second].map(|mu| (b * b + (mu - a).norm_sqr()).sqrt());
    let determinant = b.abs() * (first - second).norm() / (lengths[0] * lengths[1]);
    // ‖P‖ = √2 for unit columns, and ‖P⁻¹‖ = √2/|det P|.
    let kappa = 2.0 / determinant;
    let form = if kappa > 0.0 { min(jordan, kappa.ln()) } else { jordan };
    let rounding = 8.0 * f64::EPSILON * size / rho * min(if kappa > 0.0 { kappa } else { n }, n);
    form / (n / 2.0) + rounding
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_analysis::spectrum::multipliers;

    #[test]
    fn runs_decay_and_turn_as_multipliers_say() {
        let mut modes = Vec::new();
        for alpha in [0.0, 0.5, 3.0] {
            for beta in [0.0, 0.1, 2.0] {
                for gamma in [0.01, 0.3, 1.9] {
                    for lambda in [0.01, 1.0, 40.0, -0.5] {
                        modes.push([alpha, beta, gamma, lambda]);
                    }
                }
            }
        }
        let seen = run(&modes, &AtomicBool::new(false)).unwrap();
        for (mode, seen) in modes.iter().zip(seen) {
            let mu = multipliers(mode[0], mode[1], mode[2], mode[3]);
            let rate = -max(mu[0].norm(), mu[1].norm()).ln();
            let allowed = allowance(*mode, mu);
            assert!(allowed < 0.02, "{mode:?}: {allowed}");
            assert!((seen.rate - rate).abs() <= allowed, "{mode:?}: {seen:?} {rate} {allowed}");
            if mu[0].im != 0.0 {
                let turns = mu[0].im.atan2(mu[0].re).abs() / std::f64::consts::PI;
                assert!((seen.turns - turns).abs() <= 2.0 / (STEPS / 2) as f64, "{mode:?}: {seen:?} {turns}");
            }
        }
    }

    #[test]
    fn a_wrong_rate_is_outside_of_the_allowance() {
        let (mode, wrong) = ([0.5, 0.1, 0.3, 1.0], [0.55, 0.1, 0.3, 1.0]);
        let seen = run(&[mode], &AtomicBool::new(false)).unwrap()[0];
        let mu = multipliers(wrong[0], wrong[1], wrong[2], wrong[3]);
        assert!((seen.rate + mu[0].norm().ln()).abs() > allowance(wrong, mu));
    }
}
