//! Linearisation at a critical point: roots of s² + (α + βλ)s + λ = 0 for DIN, multipliers μ = 1 + γs for INDIAN,
//! λ an eigenvalue of the Hessian; and eigenvalues of small matrices. Every function returns NaN for NaN.

use nalgebra::{Complex, DMatrix};
use serde::{Deserialize, Serialize};

use crate::error::{check_finite, AnalysisError};

/// The two roots of s² + (α + βλ)s + λ = 0, larger real part first (for a pair: positive imaginary part first).
/// The discriminant is used in factored form and the small root comes from the product of the roots, so that
/// neither cancels nor overflows where the result is representable.
pub fn roots_continuous(alpha: f64, beta: f64, lambda: f64) -> [Complex<f64>; 2] {
    let b = alpha + beta * lambda;
    if b.is_infinite() && lambda > 0.0 {
        // s ≈ −b and −λ/b; the latter without forming b.
        return [real(-1.0 / (beta + alpha / lambda)), real(-b)];
    }
    let edge = 2.0 * lambda.abs().sqrt(); // |b| = edge is the double root when λ > 0
    if lambda > 0.0 && b.abs() < edge {
        let omega = 0.5 * (edge - b).sqrt() * (edge + b).sqrt();
        return [Complex::new(-0.5 * b, omega), Complex::new(-0.5 * b, -omega)];
    }
    let root = if lambda > 0.0 { (b.abs() - edge).sqrt() * (b.abs() + edge).sqrt() } else { b.hypot(edge) };
    let large = -0.5 * (b + root.copysign(b));
    let small = if large == 0.0 { 0.0 } else { lambda / large };
    // `+ 0.0` turns −0 into 0.
    let (large, small) = (large + 0.0, small + 0.0);
    if large >= small {
        [real(large), real(small)]
    } else {
        [real(small), real(large)]
    }
}

/// Decay rate −max Re s: positive for λ > 0 and damping, 0 at λ = 0, negative (growth) for λ < 0.
pub fn decay_rate(alpha: f64, beta: f64, lambda: f64) -> f64 {
    0.0 - roots_continuous(alpha, beta, lambda)[0].re
}

/// Whether the eigendirection spirals: (α + βλ)² < 4λ, i.e. √λ strictly between (1 ∓ √(1 − αβ))/β.
pub fn spirals(alpha: f64, beta: f64, lambda: f64) -> bool {
    lambda > 0.0 && (alpha + beta * lambda).abs() < 2.0 * lambda.sqrt()
}

/// Angular frequency ω = √(λ − (α + βλ)²/4) of a spiralling direction, 0 otherwise.
pub fn angular_frequency(alpha: f64, beta: f64, lambda: f64) -> f64 {
    roots_continuous(alpha, beta, lambda)[0].im
}

/// Multipliers μ = 1 + γs of one step of INDIAN, in the order of [`roots_continuous`].
pub fn multipliers(alpha: f64, beta: f64, step_size: f64, lambda: f64) -> [Complex<f64>; 2] {
    roots_continuous(alpha, beta, lambda).map(|s| Complex::new(1.0 + step_size * s.re, step_size * s.im))
}

/// Largest modulus of the two multipliers.
pub fn spectral_radius(alpha: f64, beta: f64, step_size: f64, lambda: f64) -> f64 {
    let [first, second] = multipliers(alpha, beta, step_size, lambda);
    dinlab_numeric::max(modulus(first), modulus(second))
}

/// |z| without overflow; NaN if either part is NaN.
pub fn modulus(z: Complex<f64>) -> f64 {
    if z.re.is_nan() || z.im.is_nan() {
        return f64::NAN;
    }
    z.re.hypot(z.im)
}

/// Eigenvalues of a real 2×2 matrix given by rows, larger real part first (pair: positive imaginary part first).
pub fn eigenvalues_2x2(m: [[f64; 2]; 2]) -> [Complex<f64>; 2] {
    let [[a, b], [c, d]] = m;
    let half = 0.5 * (a - d);
    // Scaled, so that the discriminant half² + bc cannot overflow.
    let scale = dinlab_numeric::norm_inf(&[half, b, c]);
    if scale == 0.0 || !scale.is_finite() {
        return [real(a), real(d)];
    }
    let discriminant = (half / scale) * (half / scale) + (b / scale) * (c / scale);
    if discriminant < 0.0 {
        let (centre, omega) = (0.5 * a + 0.5 * d, scale * (-discriminant).sqrt());
        return [Complex::new(centre, omega), Complex::new(centre, -omega)];
    }
    let z = half + (scale * discriminant.sqrt()).copysign(half);
    let first = d + z;
    let second = if z == 0.0 { a } else { d - (b / z) * c };
    if first >= second {
        [real(first), real(second)]
    } else {
        [real(second), real(first)]
    }
}

/// Eigenvalues in increasing order of the symmetric n×n matrix with the given row-major entries. Asymmetry beyond
/// 10⁻⁶ of the largest entry is refused, less is averaged away.
pub fn symmetric_eigenvalues(entries: &[f64], n: usize) -> Result<Vec<f64>, AnalysisError> {
    if entries.len() != n * n {
        return Err(AnalysisError::LengthMismatch { x: entries.len(), y: n * n });
    }
    check_finite("matrix", entries)?;
    let scale = dinlab_numeric::norm_inf(entries);
    for row in 0..n {
        for column in 0..row {
            if (entries[row * n + column] - entries[column * n + row]).abs() > 1e-6 * scale {
                return Err(AnalysisError::NotSymmetric { row, column });
            }
        }
    }
    if scale == 0.0 {
        return Ok(vec![0.0; n]);
    }
    let matrix =
        DMatrix::from_fn(n, n, |i, j| 0.5 * (entries[i * n + j] / scale + entries[j * n + i] / scale));
    let mut values: Vec<f64> = matrix.symmetric_eigenvalues().iter().map(|v| v * scale).collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Type of a critical point from the eigenvalues of its Hessian.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PointType {
    /// All eigenvalues positive.
    Minimum,
    /// At least one negative eigenvalue, not all of them.
    StrictSaddle,
    /// All eigenvalues negative.
    Maximum,
    /// No negative eigenvalue and at least one that cannot be told from zero, or NaN: second order does not decide.
    Degenerate,
}

/// Classifies a critical point; |λ| ≤ `tolerance` (absolute, in the unit of λ) counts as zero. An empty list is
/// degenerate.
pub fn classify(eigenvalues: &[f64], tolerance: f64) -> PointType {
    let count = |test: &dyn Fn(f64) -> bool| eigenvalues.iter().filter(|&&v| test(v)).count();
    let (positive, negative) = (count(&|v| v > tolerance), count(&|v| v < -tolerance));
    let n = eigenvalues.len();
    if n == 0 || eigenvalues.iter().any(|v| v.is_nan()) {
        PointType::Degenerate
    } else if positive == n {
        PointType::Minimum
    } else if negative == n {
        PointType::Maximum
    } else if negative > 0 {
        PointType::StrictSaddle
    } else {
        PointType::Degenerate
    }
}

fn real(x: f64) -> Complex<f64> {
    Complex::new(x, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_numeric::Stream;

    fn close(a: f64, b: f64, relative: f64) -> bool {
        (a - b).abs() <= relative * b.abs()
    }

    #[test]
    fn roots_satisfy_vieta_at_every_scale() {
        let mut stream = Stream::new(0, "roots", 0);
        for _ in 0..20_000 {
            let [alpha, beta, size] = [(); 3].map(|()| stream.log_uniform(1e-12, 1e12));
            let lambda = if stream.uniform(0.0, 1.0) < 0.3 { -size } else { size };
            let [s, r] = roots_continuous(alpha, beta, lambda);
            let (sum, product) = (s + r, s * r);
            let b = alpha + beta * lambda;
            assert!((sum.re + b).abs() <= 1e-14 * (alpha + beta * size) + 1e-14 * (modulus(s) + modulus(r)));
            assert!((product.re - lambda).abs() <= 1e-13 * size, "{alpha} {beta} {lambda}");
            assert_eq!(s.im != 0.0, spirals(alpha, beta, lambda));
            assert!(s.re >= r.re);
        }
    }

    #[test]
    fn the_slow_root_does_not_cancel() {
        // s ≈ −λ/α and −1/β in the two limits.
        assert!(close(decay_rate(1.0, 0.1, 1e-20), 1e-20, 1e-14));
        assert!(close(decay_rate(0.5, 0.1, 1e30), 10.0, 1e-14));
        assert!(close(decay_rate(0.5, 1e10, 1e305), 1e-10, 1e-14));
        assert!(close(decay_rate(1e200, 0.0, 1.0), 1e-200, 1e-14));
    }

    #[test]
    fn signs_of_the_rate_follow_the_curvature() {
        assert_eq!(decay_rate(1.0, 0.1, 0.0), 0.0);
        assert!(decay_rate(1.0, 0.1, -1.0) < 0.0);
        assert_eq!(decay_rate(0.0, 0.0, 4.0), 0.0);
        assert_eq!(roots_continuous(0.0, 0.0, 4.0)[0].im, 2.0);
        assert_eq!(decay_rate(0.0, 0.0, 0.0), 0.0);
        assert!(decay_rate(f64::NAN, 0.0, 1.0).is_nan());
        assert!(spectral_radius(0.5, f64::NAN, 0.1, 1.0).is_nan());
    }

    #[test]
    fn the_spiral_window_has_its_closed_ends() {
        for (alpha, beta) in [(0.5, 0.1), (1.0, 0.5), (0.1, 2.0)] {
            let root = (1.0_f64 - alpha * beta).sqrt();
            for (end, inside) in [((1.0 - root) / beta, 1.0 + 1e-9), ((1.0 + root) / beta, 1.0 - 1e-9)] {
                assert!(spirals(alpha, beta, (end * inside).powi(2)));
                assert!(!spirals(alpha, beta, (end / inside).powi(2)));
            }
        }
        assert!((-60..60).all(|k| !spirals(1.01, 1.0, 10_f64.powf(f64::from(k) / 10.0))));
        assert!(!spirals(1.0, 1.0, 1.0), "the double root does not spiral");
    }

    #[test]
    fn multipliers_are_the_eigenvalues_of_the_step_matrix() {
        let mut stream = Stream::new(0, "multipliers", 0);
        for _ in 0..2000 {
            let [alpha, beta, g, lambda] = [(); 4].map(|()| stream.log_uniform(1e-2, 1e1));
            let m = [[1.0 - g * beta * lambda, g], [-g * (1.0 - alpha * beta) * lambda, 1.0 - alpha * g]];
            let expected = eigenvalues_2x2(m);
            let scale = 1.0 + dinlab_numeric::norm_inf(&[m[0][0], m[0][1], m[1][0], m[1][1]]);
            for (a, b) in multipliers(alpha, beta, g, lambda).iter().zip(&expected) {
                // Near a double eigenvalue half the digits are lost.
                assert!(modulus(a - b) < 3e-7 * scale, "{a} {b}");
            }
        }
    }

    #[test]
    fn small_matrices() {
        let [a, b] = eigenvalues_2x2([[2.0, 1.0], [1.0, 2.0]]);
        assert!(close(a.re, 3.0, 1e-15) && close(b.re, 1.0, 1e-15));
        assert_eq!(eigenvalues_2x2([[0.0, 1.0], [-1.0, 0.0]])[0], Complex::new(0.0, 1.0));
        assert_eq!(eigenvalues_2x2([[5.0, 1.0], [0.0, 5.0]])[1].re, 5.0);
        let [a, b] = eigenvalues_2x2([[1e200, 1e200], [1e200, 1e200]]);
        assert!(close(a.re, 2e200, 1e-15) && b.re.abs() < 1e185);
        let values = symmetric_eigenvalues(&[2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0], 3).unwrap();
        for (k, v) in values.iter().enumerate() {
            assert!(close(*v, 2.0 - 2.0 * (std::f64::consts::PI * (k as f64 + 1.0) / 4.0).cos(), 1e-13));
        }
        assert!(matches!(
            symmetric_eigenvalues(&[1.0, 2.0, 0.0, 1.0], 2),
            Err(AnalysisError::NotSymmetric { row: 1, column: 0 })
        ));
    }

    #[test]
    fn points_are_classified_by_signs() {
        assert_eq!(classify(&[1.0, 2.0], 1e-9), PointType::Minimum);
        assert_eq!(classify(&[-1.0, 2.0], 1e-9), PointType::StrictSaddle);
        assert_eq!(classify(&[-1.0, 1e-12], 1e-9), PointType::StrictSaddle);
        assert_eq!(classify(&[-1.0, -2.0], 1e-9), PointType::Maximum);
        assert_eq!(classify(&[0.0, 2.0], 1e-9), PointType::Degenerate);
        assert_eq!(classify(&[f64::NAN, 2.0], 1e-9), PointType::Degenerate);
    }
}
