//! Sums, products, quotients and roots of two `f64`, rounded down or up. The processor rounds to nearest; the sign of the
//! rounding error, which is itself a floating-point number (Dekker 1971, Knuth's two-sum; a fused multiply-add for
//! products, quotients and roots), says on which side of the exact result that lies. Exact results are not widened.
//!
//! NaN in gives NaN out. A finite exact result beyond the largest number is bounded by it on the inner side.

/// Below this size the error term of a product may itself underflow: the result is widened without looking.
const SMALL: f64 = f64::MIN_POSITIVE * 18_014_398_509_481_984.0; // 2⁻¹⁰²² · 2⁵⁴

fn down(value: f64, exact_is_not_below: bool) -> f64 {
    if value == f64::INFINITY {
        f64::MAX
    } else if exact_is_not_below {
        value
    } else {
        value.next_down()
    }
}

/// Largest number known to be at most a + b.
pub(super) fn add_down(a: f64, b: f64) -> f64 {
    if a.is_infinite() || b.is_infinite() {
        return a + b;
    }
    let s = a + b;
    let t = s - a;
    let error = (a - (s - t)) + (b - t);
    down(s, error >= 0.0)
}

/// Smallest number known to be at least a + b.
pub(super) fn add_up(a: f64, b: f64) -> f64 {
    -add_down(-a, -b)
}

/// Largest number known to be at most a·b; 0·∞ is 0, since an infinite end bounds finite numbers only.
pub(super) fn mul_down(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        return if a.is_nan() || b.is_nan() { f64::NAN } else { 0.0 };
    }
    let p = a * b;
    if a.is_infinite() || b.is_infinite() {
        return p;
    }
    if p.abs() < SMALL {
        return p.next_down();
    }
    down(p, a.mul_add(b, -p) >= 0.0)
}

/// Smallest number known to be at least a·b.
pub(super) fn mul_up(a: f64, b: f64) -> f64 {
    -mul_down(-a, b)
}

/// Largest number known to be at most a/b, b ≠ 0.
pub(super) fn div_down(a: f64, b: f64) -> f64 {
    let q = a / b;
    if a == 0.0 || a.is_infinite() || b.is_infinite() {
        // Finite over infinite: the end 0 is approached, not attained.
        return if b.is_infinite() && q == 0.0 && a != 0.0 { q.next_down() } else { q };
    }
    if q.abs() < SMALL || a.abs() < SMALL {
        return q.next_down();
    }
    // a − q·b, exactly; over b it has the sign of a/b − q.
    let rest = (-q).mul_add(b, a);
    down(q, rest == 0.0 || (rest > 0.0) == (b > 0.0) && !rest.is_nan())
}

/// Smallest number known to be at least a/b, b ≠ 0.
pub(super) fn div_up(a: f64, b: f64) -> f64 {
    -div_down(-a, b)
}

/// Largest number known to be at most √a, a ≥ 0.
pub(super) fn sqrt_down(a: f64) -> f64 {
    let s = a.sqrt();
    if a == 0.0 || a.is_infinite() {
        return s;
    }
    if a < SMALL {
        return s.next_down();
    }
    down(s, (-s).mul_add(s, a) >= 0.0)
}

/// Smallest number known to be at least √a, a ≥ 0.
pub(super) fn sqrt_up(a: f64) -> f64 {
    let s = a.sqrt();
    if a == 0.0 || a.is_infinite() {
        return s;
    }
    if a < SMALL || (-s).mul_add(s, a) > 0.0 {
        return s.next_up();
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;

    fn exact(x: f64) -> BigRational {
        BigRational::from_float(x).expect("finite")
    }

    /// The interval holds the exact result and is at most one ulp wide.
    fn encloses(low: f64, high: f64, truth: &BigRational) {
        assert!(exact(low) <= *truth && *truth <= exact(high), "{low} {high}");
        assert!(high <= low.next_up(), "{low} {high}");
        assert!(exact(low) != *truth || low == high || exact(high) != *truth, "exact results stay exact");
    }

    #[test]
    fn results_are_the_neighbours_of_the_exact_ones() {
        let mut stream = dinlab_numeric::Stream::new(1, "rounding", 0);
        for _ in 0..20_000 {
            let [a, b] = [(); 2].map(|()| {
                let mantissa = stream.uniform(-2.0, 2.0);
                mantissa * stream.uniform(-60.0, 60.0).exp2()
            });
            encloses(add_down(a, b), add_up(a, b), &(exact(a) + exact(b)));
            encloses(mul_down(a, b), mul_up(a, b), &(exact(a) * exact(b)));
            encloses(div_down(a, b), div_up(a, b), &(exact(a) / exact(b)));
            let (low, high) = (sqrt_down(a.abs()), sqrt_up(a.abs()));
            assert!(exact(low) * exact(low) <= exact(a.abs()) && exact(a.abs()) <= exact(high) * exact(high));
            assert!(high <= low.next_up());
        }
    }

    #[test]
    fn exact_results_are_points() {
        assert_eq!((add_down(0.5, 0.25), add_up(0.5, 0.25)), (0.75, 0.75));
        assert_eq!((mul_down(-3.0, 7.0), mul_up(-3.0, 7.0)), (-21.0, -21.0));
        assert_eq!((div_down(-21.0, 7.0), div_up(-21.0, 7.0)), (-3.0, -3.0));
        assert_eq!((sqrt_down(2.25), sqrt_up(2.25)), (1.5, 1.5));
        assert!(div_down(1.0, 3.0) < div_up(1.0, 3.0));
    }

    #[test]
    fn overflow_and_underflow_keep_the_exact_result_inside() {
        assert_eq!((add_down(f64::MAX, f64::MAX), add_up(f64::MAX, f64::MAX)), (f64::MAX, f64::INFINITY));
        assert_eq!((mul_down(1e200, 1e200), mul_up(1e200, 1e200)), (f64::MAX, f64::INFINITY));
        let tiny = BigRational::new(BigInt::from(1), BigInt::from(3)) * exact(f64::MIN_POSITIVE);
        let (low, high) = (div_down(f64::MIN_POSITIVE, 3.0), div_up(f64::MIN_POSITIVE, 3.0));
        assert!(exact(low) <= tiny && tiny <= exact(high));
        assert!(mul_down(1e-300, 1e-300) <= 0.0 && mul_up(1e-300, 1e-300) > 0.0);
        assert!(mul_down(f64::NAN, 0.0).is_nan() && add_down(f64::NAN, 1.0).is_nan());
        assert_eq!(mul_down(0.0, f64::INFINITY), 0.0);
    }
}
