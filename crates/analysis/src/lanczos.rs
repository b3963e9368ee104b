//! The largest eigenvalue of a symmetric operator that is given by its products, with its vector and an error bar (`krylov` has spectra without
//! vectors).
//!
//! Lanczos' method with full reorthogonalisation, done twice. The residual of a Ritz pair is β_m|y_m|: some eigenvalue lies within it
//! (Parlett, The Symmetric Eigenvalue Problem, 1980, section 13.2).

use dinlab_numeric::{axpy, dot, norm};

use crate::error::AnalysisError;

/// A Ritz pair.
#[derive(Debug, Clone, PartialEq)]
pub struct RitzPair {
    /// Ritz value.
    pub value: f64,
    /// Ritz vector of norm 1.
    pub vector: Vec<f64>,
    /// Norm of the residual Av − λv: an eigenvalue lies within this distance of `value`.
    pub residual: f64,
}

/// The largest Ritz pair after at most `steps` products from `start` (not zero; length n). `apply` puts Av into its second argument. It
/// ends early once the residual is below `relative` times the value.
///
/// # Errors
/// Where the start is zero or not finite, or a product is not finite.
pub fn largest_eigenpair(
    apply: &mut dyn FnMut(&[f64], &mut [f64]),
    start: &[f64],
    steps: usize,
    relative: f64,
) -> Result<RitzPair, AnalysisError> {
    let size = norm(start);
    if !(size > 0.0 && size.is_finite()) {
        return Err(AnalysisError::NonFinite { what: "start of Lanczos's method", index: 0 });
    }
    let mut basis: Vec<Vec<f64>> = vec![start.iter().map(|v| v / size).collect()];
    let (mut diagonal, mut off): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut image = vec![0.0; start.len()];
    loop {
        let m = diagonal.len();
        apply(&basis[m], &mut image);
        let a = dot(&basis[m], &image);
        if !a.is_finite() {
            return Err(AnalysisError::NonFinite { what: "product of Lanczos's method", index: m });
        }
        diagonal.push(a);
        for _ in 0..2 {
            for q in &basis {
                let part = dot(q, &image);
                axpy(-part, q, &mut image);
            }
        }
        let b = norm(&image);
        let (value, weights) = top(&diagonal, &off);
        let residual = b * weights[m].abs();
        let done =
            residual <= relative * value.abs() || b <= 1e-14 * value.abs() || m + 1 >= steps.min(start.len());
        if done {
            let mut vector = vec![0.0; start.len()];
            basis.iter().zip(&weights).for_each(|(q, w)| axpy(*w, q, &mut vector));
            return Ok(RitzPair { value, vector, residual });
        }
        off.push(b);
        basis.push(image.iter().map(|v| v / b).collect());
    }
}

/// Largest eigenvalue and its vector of a symmetric tridiagonal matrix.
fn top(diagonal: &[f64], off: &[f64]) -> (f64, Vec<f64>) {
    let m = diagonal.len();
    let matrix = nalgebra::DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => off[i.min(j)],
        _ => 0.0,
    });
    let eigen = nalgebra::SymmetricEigen::new(matrix);
    let best = (0..m).max_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j])).unwrap_or(0);
    (eigen.eigenvalues[best], eigen.eigenvectors.column(best).iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;

    #[test]
    fn known_spectra_are_found_within_their_error_bar() {
        for n in [1, 2, 5, 60] {
            let eigenvalues: Vec<f64> = (0..n).map(|i| (i as f64 - 3.0) * 1.7).collect();
            let mut apply = |x: &[f64], y: &mut [f64]| {
                y.iter_mut().zip(x).zip(&eigenvalues).for_each(|((y, x), l)| *y = l * x)
            };
            let start = Stream::new(1, "lanczos", n as u64).normals(n);
            let largest = dinlab_numeric::maximum(&eigenvalues);
            for steps in [3, 10, 60] {
                let found = largest_eigenpair(&mut apply, &start, steps, 1e-12).unwrap();
                let off = eigenvalues
                    .iter()
                    .map(|l| (l - found.value).abs())
                    .fold(f64::INFINITY, dinlab_numeric::min);
                assert!(
                    off <= found.residual + 1e-12 * (1.0 + largest.abs()),
                    "n = {n}, {steps} steps: {found:?}"
                );
                assert!((norm(&found.vector) - 1.0).abs() < 1e-12);
                if steps >= n {
                    assert!(
                        (found.value - largest).abs() < 1e-10 * (1.0 + largest.abs()),
                        "n = {n}: {}",
                        found.value
                    );
                }
            }
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let mut nan = |_: &[f64], y: &mut [f64]| y.fill(f64::NAN);
        assert!(largest_eigenpair(&mut nan, &[1.0, 0.0], 3, 0.0).is_err());
        assert!(largest_eigenpair(&mut nan, &[0.0, 0.0], 3, 0.0).is_err());
    }
}
