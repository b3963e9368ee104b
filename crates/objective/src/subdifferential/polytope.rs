//! Convex polytopes by their vertices: Minkowski sums, membership, support functions, distances.

use dinlab_numeric::{distance, dot, max, nearest_in_hull, norm, Nearest};

/// The convex hull of finitely many points, at least one; all of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Polytope {
    /// Extreme points: ascending on the line, counterclockwise in the plane, in no order beyond.
    vertices: Vec<Vec<f64>>,
}

/// Points nearer than this fraction of the largest entry are one vertex; a vertex nearer to the hull of the others is none.
const MERGED: f64 = 1e-12;

impl Polytope {
    /// The hull of `points`; `None` if there are none, if an entry is not finite or if the lengths differ.
    pub fn hull(points: Vec<Vec<f64>>) -> Option<Self> {
        let n = points.first()?.len();
        let scale = points.iter().map(|p| dinlab_numeric::norm_inf(p)).fold(0.0, max);
        if !scale.is_finite() || points.iter().any(|p| p.len() != n) {
            return None;
        }
        let points = distinct(points, MERGED * scale);
        let vertices = match n {
            1 => ends(points),
            2 => planar_hull(points, MERGED * scale),
            _ => extreme(points, MERGED * scale),
        };
        Some(Self { vertices })
    }

    /// Extreme points.
    pub fn vertices(&self) -> &[Vec<f64>] {
        &self.vertices
    }

    /// Length of the vectors.
    pub fn dimension(&self) -> usize {
        self.vertices[0].len()
    }

    /// Whether it is a single point.
    pub fn is_point(&self) -> bool {
        self.vertices.len() == 1
    }

    /// {a + b}: the Minkowski sum. Panics if the dimensions differ.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let sums = self
            .vertices
            .iter()
            .flat_map(|a| other.vertices.iter().map(|b| a.iter().zip(b).map(|(x, y)| x + y).collect()));
        Self::hull(sums.collect()).unwrap_or_else(|| self.clone())
    }

    /// The support function: the largest ⟨v, direction⟩.
    pub fn support(&self, direction: &[f64]) -> f64 {
        self.vertices.iter().map(|v| dot(v, direction)).fold(f64::NEG_INFINITY, max)
    }

    /// Largest minus smallest ⟨v, direction⟩.
    pub fn width(&self, direction: &[f64]) -> f64 {
        let back: Vec<f64> = direction.iter().map(|d| -d).collect();
        self.support(direction) + self.support(&back)
    }

    /// The element nearest to `target`.
    pub fn nearest(&self, target: &[f64]) -> Nearest {
        nearest_in_hull(&self.vertices, target).unwrap_or_else(|| Nearest {
            point: vec![f64::NAN; target.len()],
            weights: vec![f64::NAN; self.vertices.len()],
            distance: f64::NAN,
        })
    }

    /// Distance of `target` from the set.
    pub fn distance(&self, target: &[f64]) -> f64 {
        self.nearest(target).distance
    }

    /// The largest norm of an element.
    pub fn largest_norm(&self) -> f64 {
        self.vertices.iter().map(|v| norm(v)).fold(0.0, max)
    }

    /// Hausdorff distance; the largest distance from a convex set is attained at a vertex.
    pub fn hausdorff(&self, other: &Self) -> f64 {
        let from = |a: &Self, b: &Self| a.vertices.iter().map(|v| b.distance(v)).fold(0.0, max);
        max(from(self, other), from(other, self))
    }
}

fn distinct(points: Vec<Vec<f64>>, tolerance: f64) -> Vec<Vec<f64>> {
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    for point in points {
        if kept.iter().all(|k| distance(k, &point) > tolerance) {
            kept.push(point);
        }
    }
    kept
}

fn ends(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    if points.len() > 2 {
        points.drain(1..points.len() - 1);
    }
    points
}

/// Andrew's monotone chain.
fn planar_hull(mut points: Vec<Vec<f64>>, tolerance: f64) -> Vec<Vec<f64>> {
    if points.len() < 3 {
        return points;
    }
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let half = |points: &mut dyn Iterator<Item = &Vec<f64>>| {
        let mut chain: Vec<Vec<f64>> = Vec::new();
        for p in points {
            while let [.., a, b] = chain.as_slice() {
                // Twice the area over the base: the height of b above the chord from a to p.
                let area = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
                if area > tolerance * distance(a, p) {
                    break;
                }
                chain.pop();
            }
            chain.push(p.clone());
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut points.iter());
    hull.extend(half(&mut points.iter().rev()));
    hull
}

fn extreme(mut points: Vec<Vec<f64>>, tolerance: f64) -> Vec<Vec<f64>> {
    let mut i = 0;
    while points.len() > 1 && i < points.len() {
        let point = points.swap_remove(i);
        let outside = nearest_in_hull(&points, &point).is_none_or(|nearest| nearest.distance > tolerance);
        if outside {
            points.push(point);
            let last = points.len() - 1;
            points.swap(i, last);
            i += 1;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hull(points: &[&[f64]]) -> Polytope {
        Polytope::hull(points.iter().map(|p| p.to_vec()).collect()).unwrap()
    }

    #[test]
    fn hulls_keep_extreme_points_only() {
        assert_eq!(hull(&[&[1.0], &[-1.0], &[0.5]]).vertices(), [[-1.0], [1.0]]);
        let square = hull(&[&[0.0, 0.0], &[1.0, 0.0], &[1.0, 1.0], &[0.0, 1.0], &[0.5, 0.5], &[0.5, 0.0]]);
        assert_eq!(square.vertices().len(), 4);
        let segment = hull(&[&[0.0, 0.0], &[1.0, 1.0], &[0.5, 0.5]]);
        assert_eq!(segment.vertices().len(), 2);
        let cube: Vec<Vec<f64>> =
            (0..8_u8).map(|i| (0..3).map(|k| f64::from((i >> k) & 1)).collect()).collect();
        let mut filled = cube.clone();
        filled.push(vec![0.5; 3]);
        filled.push(vec![0.5, 0.5, 0.0]);
        assert_eq!(Polytope::hull(filled).unwrap().vertices().len(), 8);
        assert!(Polytope::hull(Vec::new()).is_none());
        assert!(Polytope::hull(vec![vec![f64::NAN]]).is_none());
    }

    #[test]
    fn sums_and_distances() {
        let (a, b) = (hull(&[&[-1.0, 0.0], &[1.0, 0.0]]), hull(&[&[0.0, -2.0], &[0.0, 2.0]]));
        let rectangle = a.plus(&b);
        assert_eq!(rectangle.vertices().len(), 4);
        assert_eq!(rectangle.support(&[1.0, 1.0]), 3.0);
        assert_eq!(rectangle.width(&[0.0, 1.0]), 4.0);
        assert_eq!(a.hausdorff(&rectangle), 2.0);
        assert_eq!(rectangle.hausdorff(&a), 2.0);
        assert_eq!(rectangle.distance(&[3.0, 1.0]), 2.0);
        assert!(rectangle.distance(&[0.3, 1.0]) < 1e-14);
        // A hexagon: three segments in the plane.
        let hexagon = rectangle.plus(&hull(&[&[-1.0, -1.0], &[1.0, 1.0]]));
        assert_eq!(hexagon.vertices().len(), 6);
    }
}
