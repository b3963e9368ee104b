//! Reductions over slices. `f64::max` and `f64::min` drop NaN (so an all-NaN vector has norm 0 and passes every
//! `< tolerance`); everything here propagates it.

/// Larger of two numbers; NaN if either is NaN.
#[inline]
pub fn max(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() {
        a
    } else {
        b
    }
}

/// Smaller of two numbers; NaN if either is NaN.
#[inline]
pub fn min(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() {
        a
    } else {
        b
    }
}

/// Largest entry, −∞ for an empty slice, NaN if any entry is NaN.
pub fn maximum(x: &[f64]) -> f64 {
    x.iter().fold(f64::NEG_INFINITY, |m, &v| max(m, v))
}

/// Smallest entry, +∞ for an empty slice, NaN if any entry is NaN.
pub fn minimum(x: &[f64]) -> f64 {
    x.iter().fold(f64::INFINITY, |m, &v| min(m, v))
}

/// Maximum norm, NaN if any entry is NaN.
pub fn norm_inf(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, &v| max(m, v.abs()))
}

/// Sum from left to right with Neumaier's compensation (Z. Angew. Math. Mech. 54, 1974): the order is fixed and
/// the error does not grow with the length. Infinite partial sums are returned uncompensated.
pub fn sum(x: &[f64]) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for &v in x {
        let next = total + v;
        lost += if total.abs() >= v.abs() { (total - next) + v } else { (v - next) + total };
        total = next;
    }
    if total.is_finite() {
        total + lost
    } else {
        total
    }
}

/// Inner product in index order. Panics if the lengths differ.
#[inline]
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "dot of vectors of lengths {} and {}", x.len(), y.len());
    x.iter().zip(y).fold(0.0, |s, (a, b)| s + a * b)
}

/// Euclidean norm, scaled so that it neither overflows nor underflows where the result is representable.
pub fn norm(x: &[f64]) -> f64 {
    let squares = dot(x, x);
    if squares.is_finite() && squares > 1e-280 {
        return squares.sqrt();
    }
    let scale = norm_inf(x);
    if scale == 0.0 || !scale.is_finite() {
        return scale;
    }
    scale * x.iter().map(|v| (v / scale) * (v / scale)).fold(0.0, |s, v| s + v).sqrt()
}

/// Euclidean distance. Panics if the lengths differ.
pub fn distance(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "distance of vectors of lengths {} and {}", x.len(), y.len());
    norm(&x.iter().zip(y).map(|(a, b)| a - b).collect::<Vec<_>>())
}

/// y ← y + a·x. Panics if the lengths differ.
#[inline]
pub fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    assert_eq!(x.len(), y.len(), "axpy of vectors of lengths {} and {}", x.len(), y.len());
    for (target, v) in y.iter_mut().zip(x) {
        *target += a * v;
    }
}

/// Whether every entry is finite.
#[inline]
pub fn all_finite(x: &[f64]) -> bool {
    x.iter().all(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_reaches_every_result() {
        for position in 0..3 {
            let mut x = [1.0, -2.0, 3.0];
            x[position] = f64::NAN;
            for value in [norm_inf(&x), maximum(&x), minimum(&x), norm(&x), sum(&x), dot(&x, &x)] {
                assert!(value.is_nan());
            }
        }
        assert!(max(f64::NAN, 1.0).is_nan() && max(1.0, f64::NAN).is_nan());
        assert!(min(f64::NAN, 1.0).is_nan() && min(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn norm_survives_extreme_scales() {
        for scale in [1e-300, 1e-160, 1.0, 1e160, 1e300] {
            assert!((norm(&[3.0 * scale, 4.0 * scale]) / scale - 5.0).abs() < 1e-14);
        }
        assert_eq!(norm(&[]), 0.0);
        assert_eq!(norm(&[f64::INFINITY, 1.0]), f64::INFINITY);
    }

    #[test]
    fn sum_keeps_what_plain_addition_loses() {
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    }
}
