//! Small dense geometry: linear systems, independent rows, the least-norm point of a polytope.

use dinlab_numeric::{axpy, dot, norm};

/// x ← A⁻¹x for a k×k row-major matrix, which is destroyed; false if it is singular to rounding.
pub(super) fn solve(matrix: &mut [f64], x: &mut [f64]) -> bool {
    let k = x.len();
    let size = dinlab_numeric::norm_inf(matrix);
    for column in 0..k {
        let pivot = (column..k).fold(column, |best, i| {
            if matrix[i * k + column].abs() > matrix[best * k + column].abs() {
                i
            } else {
                best
            }
        });
        // Written so that NaN is singular.
        let regular = matrix[pivot * k + column].abs() > 1e-14 * size;
        if !regular {
            return false;
        }
        for j in 0..k {
            matrix.swap(column * k + j, pivot * k + j);
        }
        x.swap(column, pivot);
        for i in column + 1..k {
            let factor = matrix[i * k + column] / matrix[column * k + column];
            for j in column..k {
                matrix[i * k + j] -= factor * matrix[column * k + j];
            }
            x[i] -= factor * x[column];
        }
    }
    for i in (0..k).rev() {
        let sum: f64 = (i + 1..k).map(|j| matrix[i * k + j] * x[j]).sum();
        x[i] = (x[i] - sum) / matrix[i * k + i];
    }
    true
}

/// Indices of a maximal set of linearly independent rows, chosen greedily by what is left of them after projection;
/// `tolerance` is relative to each row's length.
pub(super) fn independent(rows: &[&[f64]], tolerance: f64) -> Vec<usize> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut chosen = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let length = norm(row);
        let mut rest = row.to_vec();
        // Twice: once loses digits where the row is nearly dependent.
        for _ in 0..2 {
            for q in &basis {
                let share = -dot(q, &rest);
                axpy(share, q, &mut rest);
            }
        }
        let left = norm(&rest);
        if left > tolerance * length && left > f64::MIN_POSITIVE {
            rest.iter_mut().for_each(|v| *v /= left);
            basis.push(rest);
            chosen.push(index);
        }
    }
    chosen
}

/// A vector orthogonal to all the rows, of which there are r − 1 independent ones of length r; `None` if they are
/// dependent. By cofactors of a system bordered with each unit vector in turn.
pub(super) fn orthogonal(rows: &[Vec<f64>], r: usize) -> Option<Vec<f64>> {
    let views: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    if independent(&views, 1e-10).len() + 1 < r {
        return None;
    }
    // What is left of the unit vector that is farthest from the span.
    let mut best = vec![0.0; r];
    for i in 0..r {
        let mut unit = vec![0.0; r];
        unit[i] = 1.0;
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for row in rows {
            let mut rest = row.clone();
            for _ in 0..2 {
                for q in &basis {
                    let share = -dot(q, &rest);
                    axpy(share, q, &mut rest);
                }
            }
            let left = norm(&rest);
            rest.iter_mut().for_each(|v| *v /= left);
            basis.push(rest);
        }
        for _ in 0..2 {
            for q in &basis {
                let share = -dot(q, &unit);
                axpy(share, q, &mut unit);
            }
        }
        if norm(&unit) > norm(&best) {
            best = unit;
        }
    }
    let size = norm(&best);
    best.iter_mut().for_each(|v| *v /= size);
    Some(best)
}

/// The point of least norm in the convex hull of `points` to a relative accuracy of about 1e-13 of the largest point.
pub(super) fn least_norm(points: &[Vec<f64>]) -> Vec<f64> {
    combination(points, &least_weights(points, &vec![0.0; points.len()]))
}

/// Σ wᵢpᵢ.
pub(super) fn combination(points: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; points.first().map_or(0, Vec::len)];
    points.iter().zip(weights).for_each(|(p, w)| axpy(*w, p, &mut x));
    x
}

/// The weights w ≥ 0, Σw = 1, that minimise ½‖Σ wᵢpᵢ‖² − Σ wᵢoᵢ (for o = 0: Wolfe, Math. Program. 11, 1976).
pub(super) fn least_weights(points: &[Vec<f64>], offsets: &[f64]) -> Vec<f64> {
    let mut all = vec![0.0; points.len()];
    let Some(first) = points.first() else { return all };
    let largest =
        points.iter().map(|p| dot(p, p)).fold(dinlab_numeric::norm_inf(offsets), dinlab_numeric::max);
    let alone = |i: usize| 0.5 * dot(&points[i], &points[i]) - offsets[i];
    let best = (0..points.len()).fold(0, |best, i| if alone(i) < alone(best) { i } else { best });
    let (mut corral, mut weights) = (vec![best], vec![1.0]);
    // The method is finite; the bound only guards against rounding.
    for _ in 0..50 * (points.len() + first.len()) {
        let mut x = vec![0.0; first.len()];
        corral.iter().zip(&weights).for_each(|(&i, &w)| axpy(w, &points[i], &mut x));
        let slope = |i: usize| dot(&points[i], &x) - offsets[i];
        let next = (0..points.len()).fold(0, |best, i| if slope(i) < slope(best) { i } else { best });
        let level: f64 = corral.iter().zip(&weights).map(|(&i, w)| w * slope(i)).sum();
        if level - slope(next) <= 1e-14 * largest || corral.contains(&next) {
            break;
        }
        corral.push(next);
        weights.push(0.0);
        if !shrink(points, offsets, &mut corral, &mut weights) {
            break;
        }
    }
    corral.iter().zip(&weights).for_each(|(&i, &w)| all[i] = w);
    all
}

/// Minor cycle: moves to the minimiser on the affine hull of the corral, dropping points until it lies inside.
fn shrink(points: &[Vec<f64>], offsets: &[f64], corral: &mut Vec<usize>, weights: &mut Vec<f64>) -> bool {
    loop {
        let k = corral.len();
        let mut matrix = vec![0.0; (k + 1) * (k + 1)];
        let mut affine = vec![1.0; k + 1];
        for i in 0..k {
            affine[i + 1] = offsets[corral[i]];
            (matrix[i + 1], matrix[(i + 1) * (k + 1)]) = (1.0, 1.0);
            for j in 0..k {
                matrix[(i + 1) * (k + 1) + j + 1] = dot(&points[corral[i]], &points[corral[j]]);
            }
        }
        if !solve(&mut matrix, &mut affine) {
            corral.pop();
            weights.pop();
            return false;
        }
        let affine = &affine[1..];
        if affine.iter().all(|&a| a > 1e-14) {
            weights.copy_from_slice(affine);
            return true;
        }
        let step = weights
            .iter()
            .zip(affine)
            .filter(|(_, &a)| a <= 1e-14)
            .map(|(w, a)| w / (w - a))
            .fold(1.0, dinlab_numeric::min);
        for (w, a) in weights.iter_mut().zip(affine) {
            *w += step * (a - *w);
        }
        let smallest = (0..k).fold(0, |best, i| if weights[i] < weights[best] { i } else { best });
        corral.remove(smallest);
        weights.remove(smallest);
        if corral.is_empty() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_norm_points_of_known_polytopes() {
        let near = |points: &[[f64; 2]], expected: [f64; 2]| {
            let points: Vec<Vec<f64>> = points.iter().map(|p| p.to_vec()).collect();
            let x = least_norm(&points);
            assert!(dinlab_numeric::distance(&x, &expected) < 1e-12, "{x:?} {expected:?}");
        };
        near(&[[1.0, 1.0], [1.0, -1.0]], [1.0, 0.0]);
        near(&[[1.0, 1.0], [-1.0, 1.0], [0.0, -3.0]], [0.0, 0.0]);
        near(&[[2.0, 1.0], [3.0, 1.0], [2.0, 4.0]], [2.0, 1.0]);
        near(&[[3.0, 0.0], [0.0, 4.0]], [48.0 / 25.0, 36.0 / 25.0]);
    }

    #[test]
    fn rows_are_found_dependent() {
        let rows: [&[f64]; 4] = [&[1.0, 0.0, 0.0], &[-2.0, 0.0, 0.0], &[1.0, 1.0, 0.0], &[0.0, 1.0, 0.0]];
        assert_eq!(independent(&rows, 1e-9), vec![0, 2]);
        let normal = orthogonal(&[vec![1.0, 2.0, 0.0], vec![0.0, 1.0, 1.0]], 3).unwrap();
        assert!(dot(&normal, &[1.0, 2.0, 0.0]).abs() + dot(&normal, &[0.0, 1.0, 1.0]).abs() < 1e-15);
        assert_eq!(orthogonal(&[vec![1.0, 1.0, 0.0], vec![2.0, 2.0, 0.0]], 3), None);
    }
}
