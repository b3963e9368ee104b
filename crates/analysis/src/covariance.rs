//! Covariance of a list of vectors that may be too long to be kept: mean, trace and the largest eigenpairs.

use dinlab_numeric::{axpy, dot};

use crate::{
    error::{check_finite, AnalysisError},
    krylov::{eigenpairs, RitzPair},
};

/// Mean and covariance C = (1/N) Σ(xₖ − x̄)(xₖ − x̄)ᵀ of N vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    /// x̄, length n.
    pub mean: Vec<f64>,
    /// tr C.
    pub trace: f64,
    /// Largest eigenpairs of C, largest first, with residual bounds.
    pub pairs: Vec<RitzPair>,
}

/// How the eigenpairs are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Eigenpairs.
    pub count: usize,
    /// Products with C at most.
    pub steps: usize,
    /// Residual asked for, as a share of the largest eigenvalue.
    pub tolerance: f64,
    /// Whether all N·n numbers are kept; else every product asks for every vector again.
    pub keep: bool,
}

/// Mean and covariance of the vectors that `vector` writes for the numbers 0..`count`, each of the length of `start` (where Lanczos' method begins; not
/// zero). C has at most N − 1 eigenvalues other than 0.
///
/// # Errors
/// Fewer than two vectors, a number that is not finite, a start that is zero.
pub fn covariance(
    vector: &mut dyn FnMut(usize, &mut [f64]),
    count: usize,
    start: &[f64],
    effort: Effort,
) -> Result<Covariance, AnalysisError> {
    if count < 2 {
        return Err(AnalysisError::TooFewPoints { needed: 2, found: count });
    }
    let n = start.len();
    let mut one = vec![0.0; n];
    let mut kept: Vec<f64> = Vec::with_capacity(if effort.keep { count * n } else { 0 });
    let (mut mean, mut squares) = (vec![0.0; n], 0.0);
    let share = 1.0 / count as f64;
    for k in 0..count {
        vector(k, &mut one);
        check_finite("vector", &one)?;
        axpy(share, &one, &mut mean);
        if effort.keep {
            kept.extend_from_slice(&one);
        } else {
            squares += share * dot(&one, &one);
        }
    }
    let trace = if effort.keep {
        kept.chunks_exact_mut(n).for_each(|x| axpy(-1.0, &mean, x));
        share * dot(&kept, &kept)
    } else {
        // Where the mean outweighs the scatter this cancels; a second pass does not.
        let cancels = squares < 4.0 * dot(&mean, &mean);
        let mut scatter = 0.0;
        for k in 0..if cancels { count } else { 0 } {
            vector(k, &mut one);
            axpy(-1.0, &mean, &mut one);
            scatter += share * dot(&one, &one);
        }
        if cancels {
            scatter
        } else {
            squares - dot(&mean, &mean)
        }
    };
    if trace == 0.0 {
        return Ok(Covariance { mean, trace, pairs: Vec::new() });
    }
    let mut product = |v: &[f64], out: &mut [f64]| {
        out.fill(0.0);
        if effort.keep {
            kept.chunks_exact(n).for_each(|x| axpy(share * dot(x, v), x, out));
        } else {
            for k in 0..count {
                vector(k, &mut one);
                axpy(-1.0, &mean, &mut one);
                axpy(share * dot(&one, v), &one, out);
            }
        }
    };
    let pairs = eigenpairs(&mut product, start, effort.steps, [effort.count, 0], effort.tolerance)?;
    Ok(Covariance { mean, trace, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::{norm, Stream};

    /// x = m ± σᵢeᵢ√d for every axis i: mean m, covariance diag(σᵢ²), exactly.
    #[test]
    fn a_cross_has_the_covariance_of_its_axes() {
        let sigma = [3.0, 1.0, 0.5, 0.1, 0.02];
        let d = sigma.len();
        for offset in [0.0, 1.0, 1e4] {
            let mut vector = |k: usize, out: &mut [f64]| {
                out.fill(offset);
                let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
                out[k / 2] += sign * sigma[k / 2] * (d as f64).sqrt();
            };
            let start = Stream::new(1, "covariance", 0).normals(d);
            for keep in [true, false] {
                let effort = Effort { count: 3, steps: 50, tolerance: 1e-12, keep };
                let found = covariance(&mut vector, 2 * d, &start, effort).unwrap();
                let wanted: f64 = sigma.iter().map(|s| s * s).sum();
                // Differences of numbers of the size of the offset.
                let rounding = 1e-13 * (1.0 + offset * wanted.sqrt());
                assert!((found.trace - wanted).abs() < 10.0 * rounding, "{} {wanted}", found.trace);
                assert!(found.mean.iter().all(|m| (m - offset).abs() < 1e-12 * (1.0 + offset)));
                assert_eq!(found.pairs.len(), 3);
                for (i, pair) in found.pairs.iter().enumerate() {
                    let off = (pair.value - sigma[i] * sigma[i]).abs();
                    assert!(off <= pair.residual + 10.0 * rounding, "{off} {}", pair.residual);
                    assert!((norm(&pair.vector) - 1.0).abs() < 1e-12 && pair.vector[i].abs() > 1.0 - 1e-8);
                }
            }
        }
    }

    #[test]
    fn equal_vectors_have_none_and_one_vector_is_too_few() {
        let effort = Effort { count: 1, steps: 5, tolerance: 1e-8, keep: true };
        let mut same = |_: usize, out: &mut [f64]| out.fill(2.0);
        let found = covariance(&mut same, 4, &[1.0, 0.0], effort).unwrap();
        assert!(found.trace == 0.0 && found.pairs.is_empty() && found.mean == [2.0, 2.0]);
        assert!(covariance(&mut same, 1, &[1.0, 0.0], effort).is_err());
        let mut nan = |_: usize, out: &mut [f64]| out.fill(f64::NAN);
        assert!(covariance(&mut nan, 3, &[1.0, 0.0], effort).is_err());
    }
}
