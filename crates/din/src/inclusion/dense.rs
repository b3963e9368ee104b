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
        let regular = matrix[pivot * k + column].abs() > 1e-13 * size;
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
        let hull = Hull::new(points, corral);
        let k = corral.len();
        let wanted: Vec<f64> = (1..k)
            .map(|i| {
                let rise = (offsets[corral[i]] - offsets[corral[0]]) / hull.lengths[i - 1];
                rise - dot(&hull.rows[i - 1], &points[corral[0]])
            })
            .collect();
        let direction = match hull.solve(k - 1, wanted) {
            Some(others) => {
                let mut affine = vec![1.0 - others.iter().sum::<f64>()];
                affine.extend(others);
                if affine.iter().all(|&a| a > 1e-14) {
                    weights.copy_from_slice(&affine);
                    return true;
                }
                affine.iter().zip(weights.iter()).map(|(a, w)| a - w).collect()
            }
            // The last point lies in the affine hull of the others, and the objective falls linearly as its weight
            // grows at their expense.
            None => match hull.exchange() {
                Some(direction) => direction,
                None => {
                    corral.pop();
                    weights.pop();
                    return false;
                }
            },
        };
        let step = weights
            .iter()
            .zip(&direction)
            .filter(|(_, &d)| d < 0.0)
            .map(|(w, d)| -w / d)
            .fold(f64::INFINITY, dinlab_numeric::min);
        if !step.is_finite() {
            return false;
        }
        weights.iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
        let smallest = (0..k).fold(0, |best, i| if weights[i] < weights[best] { i } else { best });
        corral.remove(smallest);
        weights.remove(smallest);
        if corral.is_empty() {
            return false;
        }
    }
}

/// The affine hull of a corral in differences from its first point, each scaled to length 1 (cuts of a smooth function
/// differ by little).
struct Hull {
    rows: Vec<Vec<f64>>,
    lengths: Vec<f64>,
}

impl Hull {
    fn new(points: &[Vec<f64>], corral: &[usize]) -> Self {
        let (mut rows, mut lengths) = (Vec::new(), Vec::new());
        for &i in &corral[1..] {
            let mut row = points[i].clone();
            axpy(-1.0, &points[corral[0]], &mut row);
            let length = norm(&row);
            row.iter_mut().for_each(|x| *x /= length);
            rows.push(row);
            lengths.push(length);
        }
        Self { rows, lengths }
    }

    /// The weights of the first k rows' points from the right-hand side of their normal equations.
    fn solve(&self, k: usize, mut right: Vec<f64>) -> Option<Vec<f64>> {
        let rows = &self.rows[..k];
        let mut gram: Vec<f64> = rows.iter().flat_map(|a| rows.iter().map(move |b| dot(a, b))).collect();
        solve(&mut gram, &mut right).then(|| right.iter().zip(&self.lengths).map(|(w, l)| w / l).collect())
    }

    /// Weights that sum to 0 and leave the combination as it is, 1 for the last point.
    fn exchange(&self) -> Option<Vec<f64>> {
        let last = self.rows.len().checked_sub(1)?;
        let length = self.lengths[last];
        let right = self.rows[..last].iter().map(|row| length * dot(row, &self.rows[last])).collect();
        let others = self.solve(last, right)?;
        let mut direction = vec![others.iter().sum::<f64>() - 1.0];
        direction.extend(others.iter().map(|w| -w));
        direction.push(1.0);
        Some(direction)
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
