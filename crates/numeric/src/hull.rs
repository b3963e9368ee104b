//! The point of a convex hull nearest to a given one, by Wolfe's algorithm (Mathematical Programming 11, 1976): exact up
//! to rounding after finitely many affine projections. It decides membership in polytopes, the feasibility of small
//! systems of strict linear inequalities (Gordan) and the distance of two sets.

use crate::{dot, norm};

/// A point of a convex hull with its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The point.
    pub point: Vec<f64>,
    /// Weights of the vertices, non-negative, with sum 1 up to rounding.
    pub weights: Vec<f64>,
    /// Distance from the target.
    pub distance: f64,
}

/// Weights below this are dropped: a vertex that carries less does not move the point by more than rounding.
const NO_WEIGHT: f64 = 1e-14;

/// The point of conv(`vertices`) nearest to `target`; `None` for no vertices or numbers that are not finite. All
/// vertices have the length of `target` (panics otherwise).
pub fn nearest_in_hull(vertices: &[Vec<f64>], target: &[f64]) -> Option<Nearest> {
    let shifted: Vec<Vec<f64>> =
        vertices.iter().map(|v| v.iter().zip(target).map(|(a, b)| a - b).collect()).collect();
    let scale = shifted.iter().map(|p| norm(p)).fold(0.0, crate::max);
    if shifted.is_empty() || !scale.is_finite() {
        return None;
    }
    let (chosen, weights) = least_norm(&shifted, scale);
    let offset = combination(&shifted, &chosen, &weights);
    let mut all = vec![0.0; vertices.len()];
    for (&i, &w) in chosen.iter().zip(&weights) {
        all[i] = w;
    }
    let point = target.iter().zip(&offset).map(|(t, o)| t + o).collect();
    Some(Nearest { point, weights: all, distance: norm(&offset) })
}

/// Indices and weights of the vertices that carry the point of least norm.
fn least_norm(vertices: &[Vec<f64>], scale: f64) -> (Vec<usize>, Vec<f64>) {
    let first = (0..vertices.len())
        .min_by(|&a, &b| norm(&vertices[a]).total_cmp(&norm(&vertices[b])))
        .unwrap_or_default();
    let (mut chosen, mut weights) = (vec![first], vec![1.0]);
    // Each round lowers the norm; the bound only guards against cycling by rounding.
    for _ in 0..16 * (vertices.len() + 4) {
        let x = combination(vertices, &chosen, &weights);
        let size = norm(&x);
        if size <= 1e-15 * scale {
            break;
        }
        let lowest =
            (0..vertices.len()).min_by(|&a, &b| dot(&x, &vertices[a]).total_cmp(&dot(&x, &vertices[b])));
        let Some(entering) = lowest else { break };
        // The supporting hyperplane through x holds all vertices: x is the answer.
        let optimal = dot(&x, &x) - dot(&x, &vertices[entering]) <= 1e-14 * scale * size;
        if optimal || chosen.contains(&entering) {
            break;
        }
        chosen.push(entering);
        weights.push(0.0);
        project(vertices, &mut chosen, &mut weights);
    }
    (chosen, weights)
}

/// Wolfe's inner loop: the affine minimiser, or the last point on the way to it that is a convex combination.
fn project(vertices: &[Vec<f64>], chosen: &mut Vec<usize>, weights: &mut Vec<f64>) {
    while chosen.len() > 1 {
        let Some(goal) = affine_minimiser(vertices, chosen) else {
            // Affinely dependent up to rounding: the vertex that entered adds nothing.
            chosen.pop();
            weights.pop();
            return;
        };
        if goal.iter().all(|w| *w > NO_WEIGHT) {
            *weights = goal;
            return;
        }
        let step = weights
            .iter()
            .zip(&goal)
            .filter(|(_, g)| **g <= NO_WEIGHT)
            .map(|(w, g)| w / (w - g))
            .fold(1.0, crate::min);
        for (w, g) in weights.iter_mut().zip(&goal) {
            *w += step * (g - *w);
        }
        let least = (0..weights.len()).min_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or_default();
        let keep: Vec<bool> = (0..weights.len()).map(|i| weights[i] > NO_WEIGHT && i != least).collect();
        let mut kept = keep.iter();
        chosen.retain(|_| kept.next() == Some(&true));
        let mut kept = keep.iter();
        weights.retain(|_| kept.next() == Some(&true));
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= total);
    }
    weights.fill(1.0);
}

/// Weights with sum 1 of the point of least norm in the affine hull, by orthogonalising the edges from the first vertex.
fn affine_minimiser(vertices: &[Vec<f64>], chosen: &[usize]) -> Option<Vec<f64>> {
    let origin = &vertices[chosen[0]];
    let edges: Vec<Vec<f64>> =
        chosen[1..].iter().map(|&i| vertices[i].iter().zip(origin).map(|(a, b)| a - b).collect()).collect();
    let m = edges.len();
    // Edges = Q·R by modified Gram-Schmidt, twice; then R·c = −Qᵀ·origin.
    let mut q = edges.clone();
    let mut r = vec![vec![0.0; m]; m];
    for j in 0..m {
        let before = norm(&q[j]);
        for _ in 0..2 {
            for i in 0..j {
                let part = dot(&q[i], &q[j]);
                r[i][j] += part;
                let (done, rest) = q.split_at_mut(j);
                crate::axpy(-part, &done[i], &mut rest[0]);
            }
        }
        let size = norm(&q[j]);
        if size <= 1e-13 * before || size == 0.0 {
            return None;
        }
        r[j][j] = size;
        q[j].iter_mut().for_each(|v| *v /= size);
    }
    let mut weights = vec![0.0; m + 1];
    for i in (0..m).rev() {
        let known: f64 = (i + 1..m).map(|j| r[i][j] * weights[j + 1]).sum();
        weights[i + 1] = (-dot(&q[i], origin) - known) / r[i][i];
    }
    weights[0] = 1.0 - weights[1..].iter().sum::<f64>();
    Some(weights)
}

fn combination(vertices: &[Vec<f64>], chosen: &[usize], weights: &[f64]) -> Vec<f64> {
    let mut x = vec![0.0; vertices[chosen[0]].len()];
    for (&i, &w) in chosen.iter().zip(weights) {
        crate::axpy(w, &vertices[i], &mut x);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    #[test]
    fn known_distances() {
        let square = [[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]].map(Vec::from);
        let distance = |target: [f64; 2]| nearest_in_hull(&square, &target).unwrap().distance;
        assert!(distance([2.0, 2.5]) < 1e-15);
        assert!((distance([0.0, 0.0]) - 2.0_f64.sqrt()).abs() < 1e-15);
        assert!((distance([2.2, 0.0]) - 1.0).abs() < 1e-15);
        assert!((distance([4.0, 4.5]) - 1.0_f64.hypot(1.5)).abs() < 1e-15);
        assert!(nearest_in_hull(&[], &[0.0]).is_none());
        assert!(nearest_in_hull(&[vec![f64::NAN]], &[0.0]).is_none());
    }

    /// Optimality: every vertex lies on the far side of the hyperplane through the answer.
    #[test]
    fn answers_are_optimal_on_random_polytopes() {
        let mut stream = Stream::new(1, "hull", 0);
        for trial in 0..2000 {
            let n = 1 + trial % 4;
            let count = 1 + stream.below(9);
            let mut vertices: Vec<Vec<f64>> = (0..count).map(|_| stream.normals(n)).collect();
            if trial % 3 == 0 {
                // Repeated and collinear vertices.
                vertices.push(vertices[0].clone());
                let middle =
                    vertices[0].iter().zip(&vertices[count - 1]).map(|(a, b)| 0.5 * (a + b)).collect();
                vertices.push(middle);
            }
            let target = stream.normals(n);
            let found = nearest_in_hull(&vertices, &target).unwrap();
            let away: Vec<f64> = found.point.iter().zip(&target).map(|(a, b)| a - b).collect();
            let sum: f64 = found.weights.iter().sum();
            assert!((sum - 1.0).abs() < 1e-12 && found.weights.iter().all(|w| *w >= 0.0));
            for v in &vertices {
                let gain: f64 = away.iter().zip(v).zip(&found.point).map(|((a, v), p)| a * (v - p)).sum();
                assert!(gain > -1e-10, "trial {trial}: {gain}");
            }
        }
    }
}
