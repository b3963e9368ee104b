//! Exact fractions, for the claims that rounding would decide.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use serde::Serializer;

/// A fraction of two integers of any length.
pub type Fraction = BigRational;

/// n/d for d ≠ 0.
pub fn fraction(n: i64, d: i64) -> Fraction {
    Fraction::new(n.into(), d.into())
}

/// The decimal number that `x` is printed as: 0.1 is 1/10. `None` if `x` is not finite.
pub fn decimal(x: f64) -> Option<Fraction> {
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e')?;
    let places = digits.split_once('.').map_or(0, |(_, after)| after.len());
    let whole: BigInt = digits.replace('.', "").parse().ok()?;
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(places).ok()?;
    let power = BigInt::from(10).pow(exponent.unsigned_abs());
    Some(if exponent < 0 { Fraction::new(whole, power) } else { Fraction::from_integer(whole * power) })
}

/// The nearest `f64`.
pub fn float(x: &Fraction) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

/// √x, where that is a fraction.
pub fn sqrt(x: &Fraction) -> Option<Fraction> {
    if x.is_negative() {
        return None;
    }
    let root = Fraction::new(x.numer().sqrt(), x.denom().sqrt());
    (&root * &root - x).is_zero().then_some(root)
}

/// Writes a fraction as text, such as 211/9.
pub fn as_text<S: Serializer>(x: &Fraction, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_numbers_as_typed() {
        for (x, n, d) in [(0.1, 1, 10), (-2.5, -5, 2), (1e-3, 1, 1000), (12000.0, 12_000, 1), (0.0, 0, 1)] {
            assert_eq!(decimal(x), Some(fraction(n, d)));
            assert_eq!(float(&fraction(n, d)), x);
        }
        assert_eq!((decimal(f64::NAN), decimal(f64::INFINITY)), (None, None));
    }

    #[test]
    fn roots_are_exact_or_absent() {
        assert_eq!(sqrt(&fraction(9, 16)), Some(fraction(3, 4)));
        assert_eq!((sqrt(&fraction(2, 1)), sqrt(&fraction(-4, 1))), (None, None));
    }
}
