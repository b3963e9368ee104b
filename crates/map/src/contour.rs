//! Curves on which a function of two variables vanishes: marching squares on a grid, with the places on its edges found
//! by bisection, chained to polylines.

use std::collections::HashMap;

use crate::plane::Plane;

/// Cells of the grid per axis.
const GRID: usize = 240;

/// Points of the curves f = 0 in the plane (axis coordinates), NaN between pieces. Where f is not finite, or changes its sign
/// through a pole (|f| larger beside the place than at the ends of the edge), there is no curve.
pub fn zeros(plane: &Plane, f: impl Fn([f64; 2]) -> f64) -> (Vec<f64>, Vec<f64>) {
    let place = |i: usize, j: usize| plane.at([i as f64 / GRID as f64, j as f64 / GRID as f64]);
    let values: Vec<f64> =
        (0..(GRID + 1) * (GRID + 1)).map(|k| f(place(k % (GRID + 1), k / (GRID + 1)))).collect();
    let value = |i: usize, j: usize| values[j * (GRID + 1) + i];
    // An edge by its first corner and its direction; the crossing on it, if there is one.
    let mut crossings: HashMap<Edge, Option<[f64; 2]>> = HashMap::new();
    let mut crossing = |edge: Edge| -> Option<[f64; 2]> {
        *crossings.entry(edge).or_insert_with(|| {
            let (i, j, across) = edge;
            let (p, q) = ((i, j), if across { (i + 1, j) } else { (i, j + 1) });
            let (a, b) = (value(p.0, p.1), value(q.0, q.1));
            let changes = (a > 0.0) != (b > 0.0) && a.is_finite() && b.is_finite();
            changes.then(|| locate(plane, &f, [p, q], a)).flatten()
        })
    };
    let mut links: HashMap<Edge, Vec<Edge>> = HashMap::new();
    let mut points: HashMap<Edge, [f64; 2]> = HashMap::new();
    for j in 0..GRID {
        for i in 0..GRID {
            let edges = [(i, j, true), (i + 1, j, false), (i, j + 1, true), (i, j, false)];
            let found: Vec<Edge> = edges
                .into_iter()
                .filter(|edge| crossing(*edge).map(|point| points.insert(*edge, point)).is_some())
                .collect();
            // Two crossings are one piece; four (a saddle) are joined in the order of the edges.
            for pair in found.chunks_exact(2) {
                links.entry(pair[0]).or_default().push(pair[1]);
                links.entry(pair[1]).or_default().push(pair[0]);
            }
        }
    }
    chain(links, &points)
}

/// (column, row, horizontal) of an edge of the grid.
pub(crate) type Edge = (usize, usize, bool);

/// The zero between two corners by bisection; `None` at a pole.
fn locate(
    plane: &Plane,
    f: &impl Fn([f64; 2]) -> f64,
    ends: [(usize, usize); 2],
    a: f64,
) -> Option<[f64; 2]> {
    let fraction = |(i, j): (usize, usize)| [i as f64 / GRID as f64, j as f64 / GRID as f64];
    let (p, q) = (fraction(ends[0]), fraction(ends[1]));
    let at = |t: f64| plane.at([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if (f(at(middle)) > 0.0) == (a > 0.0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let point = at(0.5 * (low + high));
    let near = f(point).abs();
    (near.is_finite() && near <= a.abs() + f(at(1.0)).abs()).then_some(point)
}

/// Polylines, those with ends first.
pub(crate) fn chain(
    mut links: HashMap<Edge, Vec<Edge>>,
    points: &HashMap<Edge, [f64; 2]>,
) -> (Vec<f64>, Vec<f64>) {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut starts: Vec<Edge> = links.keys().copied().collect();
    starts.sort_by_key(|edge| (links[edge].len(), *edge));
    for start in starts {
        let mut here = start;
        let mut begun = false;
        while let Some(next) = links.get_mut(&here).and_then(Vec::pop) {
            if let Some(back) = links.get_mut(&next) {
                if let Some(k) = back.iter().position(|edge| *edge == here) {
                    back.swap_remove(k);
                }
            }
            if !begun {
                if !x.is_empty() {
                    x.push(f64::NAN);
                    y.push(f64::NAN);
                }
                x.push(points[&here][0]);
                y.push(points[&here][1]);
                begun = true;
            }
            x.push(points[&next][0]);
            y.push(points[&next][1]);
            here = next;
        }
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Axis;

    fn square() -> Plane {
        let axis = |name: &str| Axis { name: name.into(), from: -2.0, to: 2.0, log: false, cells: 10 };
        Plane { x: axis("x"), y: axis("y") }
    }

    #[test]
    fn a_circle_is_one_closed_piece_on_the_circle() {
        let (x, y) = zeros(&square(), |[x, y]| x * x + y * y - 1.3);
        assert!(x.iter().all(|v| v.is_finite()) && x.len() > 400);
        assert!(x.iter().zip(&y).all(|(x, y)| (x * x + y * y - 1.3).abs() < 1e-12));
        assert_eq!((x[0], y[0]), (x[x.len() - 1], y[y.len() - 1]));
    }

    #[test]
    fn two_branches_are_two_pieces_and_a_pole_is_none() {
        let (x, _) = zeros(&square(), |[x, y]| x * y - 0.9);
        assert_eq!(x.iter().filter(|v| v.is_nan()).count(), 1);
        assert!(zeros(&square(), |[x, _]| 1.0 / (x - 0.123)).0.is_empty());
        assert!(zeros(&square(), |_| f64::NAN).0.is_empty());
    }
}
