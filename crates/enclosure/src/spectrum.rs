//! Eigenvalues of symmetric interval matrices: bounds, and the numbers of positive and negative ones.

use dinlab_objective::Interval;
use nalgebra::{DMatrix, SymmetricEigen};

use crate::matrix::{
    apply, dot, identity_minus, middles, points, product, row_norm, squared_norm, transposed,
};

/// Interval that holds every eigenvalue of every symmetric matrix inside `h` (n×n by rows).
///
/// The extreme eigenvalues of the middle matrix C are bounded by an exact-sign argument: C − tI has a Cholesky factorisation in
/// interval arithmetic, so its eigenvalues are positive. A matrix within the radii moves them by at most the norm of
/// the radii (Weyl).
pub fn eigenvalue_bounds(h: &[Interval], n: usize) -> Interval {
    let center = middles(h);
    if center.iter().any(|v| !v.is_finite()) {
        return Interval::NOTHING_KNOWN;
    }
    let radii: Vec<Interval> = h.iter().map(|v| Interval::point(v.radius())).collect();
    let moved = row_norm(&radii, n);
    let symmetric: Vec<f64> = (0..n * n).map(|k| 0.5 * (center[k] + center[(k % n) * n + k / n])).collect();
    let negated: Vec<f64> = symmetric.iter().map(|v| -v).collect();
    let low = least_eigenvalue(&symmetric, n);
    let high = -least_eigenvalue(&negated, n);
    // The middle matrix may be unsymmetric by rounding: twice the radii covers its symmetric part too.
    let skew = (0..n * n).fold(0.0, |most, k| dinlab_numeric::max(most, (symmetric[k] - center[k]).abs()));
    let moved = Interval::point(moved) + Interval::point(2.0 * n as f64 * skew);
    let weyl = Interval::new((Interval::point(low) - moved).low, (Interval::point(high) + moved).high);
    // Weyl's bound charges the widest direction to all; pivots of the whole interval matrix do not.
    let negated: Vec<Interval> = h.iter().map(|&v| -v).collect();
    let bounds = (raised(h, n, weyl.low, low), -raised(&negated, n, -weyl.high, -high));
    Interval::new(bounds.0, bounds.1)
}

/// A lower bound of the eigenvalues between one that is known and a number that none can exceed, by bisection on
/// the signs of the pivots.
fn raised(h: &[Interval], n: usize, known: f64, beyond: f64) -> f64 {
    let (mut known, mut beyond) = (known, beyond);
    for _ in 0..12 {
        let middle = 0.5 * (known + beyond);
        if !(known < middle && middle < beyond) {
            break;
        }
        if is_positive_definite(shifted(h, n, middle), n) {
            known = middle;
        } else {
            beyond = middle;
        }
    }
    known
}

/// H − tI.
fn shifted(h: &[Interval], n: usize, t: f64) -> Vec<Interval> {
    let on_diagonal = |k: usize| k / n == k % n;
    (0..n * n).map(|k| if on_diagonal(k) { h[k] - Interval::point(t) } else { h[k] }).collect()
}

/// Numbers that the least eigenvalue does not exceed and that the greatest does not fall below, for every symmetric matrix
/// inside `h`: Rayleigh quotients of the computed extreme eigenvectors.
pub fn attained(h: &[Interval], n: usize) -> (f64, f64) {
    let center = middles(h);
    if center.iter().any(|v| !v.is_finite()) {
        return (f64::INFINITY, f64::NEG_INFINITY);
    }
    let eigen = SymmetricEigen::new(DMatrix::from_row_slice(n, n, &center));
    let quotients: Vec<Interval> = (0..n)
        .map(|j| {
            let v = points(eigen.eigenvectors.column(j).as_slice());
            dot(&v, &apply(h, &v)) / squared_norm(&v)
        })
        .collect();
    let highs: Vec<f64> = quotients.iter().map(|q| q.high).collect();
    let lows: Vec<f64> = quotients.iter().map(|q| q.low).collect();
    (dinlab_numeric::minimum(&highs), dinlab_numeric::maximum(&lows))
}

/// A number that no eigenvalue of the symmetric matrix `c` falls below; −∞ where none was shown.
fn least_eigenvalue(c: &[f64], n: usize) -> f64 {
    let eigenvalues = SymmetricEigen::new(DMatrix::from_row_slice(n, n, c)).eigenvalues;
    let least = dinlab_numeric::minimum(eigenvalues.as_slice());
    let scale = eigenvalues.iter().fold(f64::MIN_POSITIVE, |m, v| dinlab_numeric::max(m, v.abs()));
    let mut slack = 8.0 * f64::EPSILON * scale * n as f64;
    for _ in 0..8 {
        let candidate = least - slack;
        if is_positive_definite(shifted(&points(c), n, candidate), n) {
            return candidate;
        }
        slack *= 16.0;
    }
    f64::NEG_INFINITY
}

/// Whether every symmetric matrix inside has positive pivots (LDLᵀ without exchanges), hence is positive definite.
fn is_positive_definite(mut a: Vec<Interval>, n: usize) -> bool {
    for k in 0..n {
        let pivot = a[k * n + k];
        if !(pivot.low > 0.0) {
            return false;
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / pivot;
            for j in k + 1..n {
                a[i * n + j] = a[i * n + j] - factor * a[k * n + j];
            }
        }
    }
    true
}

/// Numbers of negative and of positive eigenvalues, the same for all symmetric matrices inside `h`; `None` where that is
/// not shown (one may be 0).
///
/// With V close to the eigenvectors of the middle matrix, VᵀHV is nearly diagonal: its discs (Gershgorin) tell the signs, and H has
/// the same ones because V is invertible (Sylvester's law of inertia; ‖I − VᵀV‖ < 1 shows that it is).
pub fn inertia(h: &[Interval], n: usize) -> Option<(usize, usize)> {
    let center = middles(h);
    if center.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let vectors = SymmetricEigen::new(DMatrix::from_row_slice(n, n, &center)).eigenvectors;
    let v: Vec<Interval> = (0..n * n).map(|k| Interval::point(vectors[(k / n, k % n)])).collect();
    let vt = transposed(&v, n);
    if !(row_norm(&identity_minus(&product(&vt, &v, n), n), n) < 1.0) {
        return None;
    }
    let turned = product(&product(&vt, h, n), &v, n);
    let (mut negative, mut positive) = (0, 0);
    for i in 0..n {
        let others = (0..n)
            .filter(|&j| j != i)
            .fold(Interval::point(0.0), |s, j| s + Interval::point(turned[i * n + j].magnitude()));
        let diagonal = turned[i * n + i];
        if (diagonal - others).low > 0.0 {
            positive += 1;
        } else if (diagonal + others).high < 0.0 {
            negative += 1;
        } else {
            return None;
        }
    }
    Some((negative, positive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_close_to_the_eigenvalues_and_outside_them() {
        // Eigenvalues 1 and 3, at (1, −1) and (1, 1).
        let h = points(&[2.0, 1.0, 1.0, 2.0]);
        let found = eigenvalue_bounds(&h, 2);
        assert!(
            found.contains(1.0) && found.contains(3.0) && found.high - found.low < 2.0 + 1e-12,
            "{found:?}"
        );
        let wide: Vec<Interval> = h.iter().map(|v| Interval::new(v.low - 0.1, v.high + 0.1)).collect();
        let found = eigenvalue_bounds(&wide, 2);
        assert!(found.low <= 0.8 && found.low > 0.79 && found.high >= 3.2 && found.high < 3.21, "{found:?}");
        let stretched =
            [Interval::new(10.0, 20.0), Interval::point(0.0), Interval::point(0.0), Interval::point(2.0)];
        let found = eigenvalue_bounds(&stretched, 2);
        assert!(found.low <= 2.0 && found.low > 1.9 && found.high >= 20.0 && found.high < 20.1, "{found:?}");
    }

    #[test]
    fn inertia_counts_signs_or_says_nothing() {
        // Between the identity and a matrix with the eigenvalues 3 and −1.
        let wide = Interval::new(-2.0, 2.0);
        assert_eq!(inertia(&[Interval::ONE, wide, wide, Interval::ONE], 2), None);
        assert_eq!(inertia(&points(&[1.0, 2.0, 2.0, 1.0]), 2), Some((1, 1)));
        assert_eq!(inertia(&points(&[2.0, 1.0, 1.0, 2.0]), 2), Some((0, 2)));
        assert_eq!(inertia(&points(&[1.0, 1.0, 1.0, 1.0]), 2), None);
        let near =
            [Interval::new(-0.1, 0.1), Interval::point(0.0), Interval::point(0.0), Interval::point(1.0)];
        assert_eq!(inertia(&near, 2), None);
    }
}
