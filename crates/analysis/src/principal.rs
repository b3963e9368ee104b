//! Principal components of a list of points: the plane in which a path is best seen, and how much of it is seen there.

use dinlab_numeric::{axpy, dot};
use nalgebra::DMatrix;

use crate::error::{check_finite, AnalysisError};

/// Principal components of points around an origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// Orthonormal directions, the one with most of the variance first; each of the points' dimension.
    pub directions: Vec<Vec<f64>>,
    /// Share of Σ‖pₖ − origin‖² along each direction.
    pub shares: Vec<f64>,
    /// Coordinates of the points along the directions, point after point.
    pub coordinates: Vec<Vec<f64>>,
}

/// The first `count` principal directions of `points` (all of the length of `origin`, at least two points) seen from `origin`: eigenvectors of
/// Σ(pₖ − o)(pₖ − o)ᵀ, through the matrix of inner products, which is small where there are fewer points than dimensions. Fewer are returned
/// where the points span less (below 10⁻¹² of the largest variance, which is rounding).
///
/// # Errors
/// Points that are too few, of the wrong length, not finite, or all at the origin.
pub fn principal(points: &[Vec<f64>], origin: &[f64], count: usize) -> Result<Principal, AnalysisError> {
    let k = points.len();
    if k < 2 {
        return Err(AnalysisError::TooFewPoints { needed: 2, found: k });
    }
    let mut from_origin = Vec::with_capacity(k);
    for point in points {
        if point.len() != origin.len() {
            return Err(AnalysisError::LengthMismatch { x: point.len(), y: origin.len() });
        }
        check_finite("point", point)?;
        from_origin.push(point.iter().zip(origin).map(|(p, o)| p - o).collect::<Vec<f64>>());
    }
    let mut products = DMatrix::zeros(k, k);
    for i in 0..k {
        for j in 0..=i {
            products[(i, j)] = dot(&from_origin[i], &from_origin[j]);
            products[(j, i)] = products[(i, j)];
        }
    }
    let total = products.trace();
    if total == 0.0 {
        return Err(AnalysisError::Degenerate { what: "path" });
    }
    let eigen = products.symmetric_eigen();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&i, &j| eigen.eigenvalues[j].total_cmp(&eigen.eigenvalues[i]));
    let largest = eigen.eigenvalues[order[0]];
    order.retain(|&i| eigen.eigenvalues[i] > 1e-12 * largest);
    order.truncate(count);
    let mut found =
        Principal { directions: Vec::new(), shares: Vec::new(), coordinates: vec![Vec::new(); k] };
    for &i in &order {
        let size = eigen.eigenvalues[i].sqrt();
        let mut direction = vec![0.0; origin.len()];
        for (point, weight) in from_origin.iter().zip(eigen.eigenvectors.column(i).iter()) {
            axpy(weight / size, point, &mut direction);
        }
        for (point, coordinates) in from_origin.iter().zip(&mut found.coordinates) {
            coordinates.push(dot(point, &direction));
        }
        found.directions.push(direction);
        found.shares.push(eigen.eigenvalues[i] / total);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::{norm, Stream};

    /// Points a cos t, b sin t along two orthonormal vectors of R⁹: Σcos² = Σsin² = k/2 at equal angles.
    #[test]
    fn an_ellipse_is_seen_in_its_plane_with_its_axes() {
        let mut stream = Stream::new(5, "principal", 0);
        let (mut e, mut f) = (stream.normals(9), stream.normals(9));
        let size = norm(&e);
        e.iter_mut().for_each(|v| *v /= size);
        let along = dot(&e, &f);
        axpy(-along, &e, &mut f);
        let size = norm(&f);
        f.iter_mut().for_each(|v| *v /= size);
        let origin = stream.normals(9);
        let (a, b, k) = (3.0, 0.5, 40);
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / k as f64;
        let point = |i: usize| {
            let mut p = origin.clone();
            axpy(a * angle(i).cos(), &e, &mut p);
            axpy(b * angle(i).sin(), &f, &mut p);
            p
        };
        let points: Vec<Vec<f64>> = (0..k).map(point).collect();
        let found = principal(&points, &origin, 5).unwrap();
        assert_eq!(found.directions.len(), 2);
        assert!((dot(&found.directions[0], &e).abs() - 1.0).abs() < 1e-12);
        assert!((dot(&found.directions[1], &f).abs() - 1.0).abs() < 1e-12);
        let wanted = [a * a, b * b].map(|v| v / (a * a + b * b));
        assert!(found.shares.iter().zip(wanted).all(|(s, w)| (s - w).abs() < 1e-12));
        for (i, c) in found.coordinates.iter().enumerate() {
            assert!((c[0].abs() - (a * angle(i).cos()).abs()).abs() < 1e-12);
        }
        assert!(principal(&[origin.clone(), origin.clone()], &origin, 2).is_err());
        assert!(principal(&points[..1], &origin, 2).is_err());
    }
}
