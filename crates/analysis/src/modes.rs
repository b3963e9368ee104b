//! Multipliers of a linear recursion from its states alone (dynamic mode decomposition, Schmid, J. Fluid Mech. 656,
//! 2010): the least-squares map from each state to the next, restricted to the directions that the data excite.
//! It needs neither the limit (differences of states obey the same recursion) nor any window from a theory.

use dinlab_numeric::norm;
use nalgebra::{Complex, DMatrix};

use crate::{
    error::{check_finite, AnalysisError},
    spectrum::modulus,
};

/// Directions whose singular value is below this fraction of the largest carry too few digits to be trusted.
const EXCITED: f64 = 1e-7;

/// Multipliers excited in `states` (equal lengths d, at least d + 2 of them), largest modulus first. Every pair of
/// successive states has the same weight, however far the recursion has decayed or grown.
pub fn multipliers(states: &[Vec<f64>]) -> Result<Vec<Complex<f64>>, AnalysisError> {
    let d = states.first().map_or(0, Vec::len);
    if d == 0 || states.len() < d + 2 {
        return Err(AnalysisError::TooFewPoints { needed: d + 2, found: states.len() });
    }
    if let Some(other) = states.iter().find(|s| s.len() != d) {
        return Err(AnalysisError::LengthMismatch { x: d, y: other.len() });
    }
    for state in states {
        check_finite("state", state)?;
    }
    let pairs = states.len() - 1;
    let weights: Vec<f64> = states.iter().map(|s| norm(s)).collect();
    if weights[..pairs].contains(&0.0) {
        return Err(AnalysisError::Degenerate { what: "states" });
    }
    let now = DMatrix::from_fn(d, pairs, |i, k| states[k][i] / weights[k]);
    let next = DMatrix::from_fn(d, pairs, |i, k| states[k + 1][i] / weights[k]);
    let (u, rows) = orthogonal_rows(now);
    let mut order: Vec<(usize, f64)> = rows.row_iter().map(|row| row.norm()).enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let largest = order[0].1;
    order.retain(|(_, s)| *s > EXCITED * largest);
    let basis = DMatrix::from_fn(d, order.len(), |i, k| u[(i, order[k].0)]);
    // Row k is sₖvₖᵀ, and V S⁻¹ has the columns sₖvₖ/sₖ².
    let inverse =
        DMatrix::from_fn(pairs, order.len(), |j, k| rows[(order[k].0, j)] / (order[k].1 * order[k].1));
    // On the excited subspace: z⁺ = Az with A = Uᵀ Z⁺ V S⁻¹.
    let map = basis.transpose() * next * inverse;
    let mut found: Vec<Complex<f64>> = map.complex_eigenvalues().iter().copied().collect();
    found.sort_by(|a, b| modulus(*b).total_cmp(&modulus(*a)));
    Ok(found)
}

/// Orthogonal U and W with mutually orthogonal rows such that UW is the given matrix: its singular value
/// decomposition up to the lengths of the rows, by one-sided Jacobi rotations (Hestenes, J. SIAM 6, 1958). The
/// library's own decomposition loses all digits on some matrices of numerical rank 1, which is what a single slow
/// mode leaves.
fn orthogonal_rows(mut w: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let d = w.nrows();
    let mut u = DMatrix::identity(d, d);
    for _ in 0..60 {
        let mut rotated = false;
        for p in 0..d {
            for q in p + 1..d {
                let (a, b, c) = (w.row(p).norm_squared(), w.row(q).norm_squared(), w.row(p).dot(&w.row(q)));
                if c.abs() <= 1e-15 * a.sqrt() * b.sqrt() {
                    continue;
                }
                rotated = true;
                let zeta = (b - a) / (2.0 * c);
                let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let cosine = 1.0 / t.hypot(1.0);
                let sine = cosine * t;
                for j in 0..w.ncols() {
                    let (x, y) = (w[(p, j)], w[(q, j)]);
                    (w[(p, j)], w[(q, j)]) = (cosine * x - sine * y, sine * x + cosine * y);
                }
                for i in 0..d {
                    let (x, y) = (u[(i, p)], u[(i, q)]);
                    (u[(i, p)], u[(i, q)]) = (cosine * x - sine * y, sine * x + cosine * y);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    (u, w)
}

/// Successive differences of states: they obey the same linear recursion as the distances to its fixed point.
pub fn differences(states: &[Vec<f64>]) -> Vec<Vec<f64>> {
    states.windows(2).map(|w| w[1].iter().zip(&w[0]).map(|(b, a)| b - a).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recursion(matrix: &DMatrix<f64>, start: &[f64], steps: usize) -> Vec<Vec<f64>> {
        let mut state = DMatrix::from_column_slice(start.len(), 1, start);
        (0..steps)
            .map(|_| {
                let shown = state.as_slice().to_vec();
                state = matrix * &state;
                shown
            })
            .collect()
    }

    #[test]
    fn a_rotation_with_decay_is_recovered_around_any_fixed_point() {
        let (r, phi) = (0.97_f64, 0.4_f64);
        let m = DMatrix::from_row_slice(2, 2, &[r * phi.cos(), -r * phi.sin(), r * phi.sin(), r * phi.cos()]);
        let mut states = recursion(&m, &[1.0, 0.3], 60);
        states.iter_mut().for_each(|s| s[0] += 5.0);
        let found = multipliers(&differences(&states)).unwrap();
        assert!((modulus(found[0]) - r).abs() < 1e-12 && (found[0].im.abs() - r * phi.sin()).abs() < 1e-12);
    }

    #[test]
    fn the_slow_mode_is_found_beside_fast_ones_and_only_if_excited() {
        let m = DMatrix::from_diagonal(&nalgebra::dvector![0.99, 0.5, -0.2]);
        let both = multipliers(&recursion(&m, &[1e-3, 1.0, 1.0], 400)).unwrap();
        assert!((both[0].re - 0.99).abs() < 1e-9);
        let fast = multipliers(&recursion(&m, &[0.0, 1.0, 1.0], 30)).unwrap();
        assert!((fast[0].re - 0.5).abs() < 1e-9 && fast.len() == 2);
    }

    #[test]
    fn growth_is_reported_as_growth_and_bad_input_is_refused() {
        let m = DMatrix::from_row_slice(2, 2, &[1.01, 1.0, 0.0, 0.9]);
        assert!((multipliers(&recursion(&m, &[1.0, 1.0], 50)).unwrap()[0].re - 1.01).abs() < 1e-10);
        assert!(multipliers(&[vec![1.0], vec![0.5]]).is_err());
        assert!(multipliers(&vec![vec![0.0, 0.0]; 9]).is_err());
        assert!(multipliers(&vec![vec![f64::NAN]; 9]).is_err());
    }

    #[test]
    fn one_slow_mode_beside_nothing_is_found_to_all_digits() {
        // Second variable proportional to the first, others dead: rank 1 to rounding.
        let states: Vec<Vec<f64>> = (0..163)
            .map(|k| {
                let (slow, dead) = ((-0.0284 * f64::from(k)).exp(), (-0.1 * f64::from(k)).exp());
                vec![-0.89 * slow, -1e-20 * dead, -0.458_3 * slow, -7e-20 * dead]
            })
            .collect();
        for first in 0..60 {
            let found = multipliers(&states[first..]).unwrap();
            assert_eq!(found.len(), 1);
            assert!((found[0].re.ln() + 0.0284).abs() < 1e-13, "{first}: {found:?}");
        }
    }

    #[test]
    fn rotations_leave_the_product_and_orthogonal_rows() {
        let given = DMatrix::from_fn(4, 30, |i, k| {
            ((i * 7 + 3) as f64 * k as f64).sin() * 10_f64.powi(-2 * i as i32)
        });
        let (u, w) = orthogonal_rows(given.clone());
        assert!((&u * &w - &given).norm() < 1e-14 * given.norm());
        assert!((u.transpose() * &u - DMatrix::identity(4, 4)).norm() < 1e-14);
        for p in 0..4 {
            for q in 0..p {
                assert!(w.row(p).dot(&w.row(q)).abs() <= 1e-14 * w.row(p).norm() * w.row(q).norm());
            }
        }
    }
}
