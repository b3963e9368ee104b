//! Fractions from texts and floats, and back with directed rounding.

use dashu_int::{ops::BitTest as _, IBig, UBig};
use dashu_ratio::RBig;

use crate::number::Rational;

/// Decimal places beyond which a text is refused: 10^±4000 is no parameter of a method.
const LONGEST: usize = 400;
const LARGEST_EXPONENT: i64 = 400;
/// Power of ten up to which numbers are accepted as parameters.
const USUAL_EXPONENT: usize = 100;

/// Reads `-1.5e-3`, `0.1` or `1/3` exactly. The error says what is accepted.
pub fn parse(text: &str) -> Result<Rational, String> {
    let expected = || "expected a finite number such as 0.5, 1e-3 or 1/3".to_owned();
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return Err(expected());
    }
    if let Some((p, q)) = text.split_once('/') {
        if q.contains('/') {
            return Err(expected());
        }
        let (p, q) = (parse(p)?, parse(q)?);
        return if q.is_zero() { Err("expected a denominator other than 0".into()) } else { Ok(p / q) };
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i64>().map_err(|_| expected())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes().first() {
        Some(b'-') => (true, &mantissa[1..]),
        Some(b'+') => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > LARGEST_EXPONENT {
        return Err(expected());
    }
    let value: UBig = all.parse().map_err(|_| expected())?;
    let value = if negative { -IBig::from(value) } else { IBig::from(value) };
    let shift = exponent - i64::try_from(fraction.len()).unwrap_or(0);
    let power = RBig::from(UBig::from(10_u8).pow(usize::try_from(shift.abs()).unwrap_or(0)));
    let value = RBig::from(value);
    Ok(if shift >= 0 { value * power } else { value / power })
}

/// The float as a fraction, exactly; `None` where it is not finite.
pub fn exact(value: f64) -> Option<Rational> {
    RBig::try_from(value).ok()
}

/// The multiple of 2^−bits nearest to a finite float.
pub fn dyadic(value: f64, bits: usize) -> Option<Rational> {
    let scaled = exact(value)? * RBig::from(UBig::ONE << bits);
    Some(RBig::from_parts(scaled.round(), UBig::ONE << bits))
}

/// The float nearest to the fraction.
pub fn float(value: &Rational) -> f64 {
    value.to_f64().value()
}

/// The smallest float that is not below the fraction.
pub fn float_above(value: &Rational) -> f64 {
    let near = float(value);
    match exact(near) {
        Some(found) if found < *value => near.next_up(),
        // Rounded past the last finite number: −∞ is below the fraction.
        None if *value < RBig::ZERO => f64::MIN,
        _ => near,
    }
}

/// Whether 0 or of a size from 10⁻¹⁰⁰ to 10¹⁰⁰: beyond it squares and quotients leave the range of `f64`.
pub fn is_of_usual_size(value: &Rational) -> bool {
    let size = if *value < RBig::ZERO { -value.clone() } else { value.clone() };
    let largest = RBig::from(UBig::from(10_u8).pow(USUAL_EXPONENT));
    value.is_zero() || (size <= largest && size * largest >= RBig::ONE)
}

/// The largest float that is not above the fraction.
pub fn float_below(value: &Rational) -> f64 {
    -float_above(&-value.clone())
}

/// A decimal text of `digits` significant digits that is not below the fraction.
pub fn decimal_above(value: &Rational, digits: usize) -> String {
    decimal(value, digits, true)
}

/// A decimal text of `digits` significant digits that is not above the fraction.
pub fn decimal_below(value: &Rational, digits: usize) -> String {
    decimal(value, digits, false)
}

/// Plain or scientific, rounded towards +∞ or −∞.
fn decimal(value: &Rational, digits: usize, up: bool) -> String {
    if value.is_zero() {
        return "0".into();
    }
    let ten = UBig::from(10_u8);
    let magnitude = if *value < RBig::ZERO { -value.clone() } else { value.clone() };
    // The exponent of the first digit, from bit lengths since a float need not hold the number: within one of it.
    let bits = magnitude.numerator().bit_len() as f64 - magnitude.denominator().bit_len() as f64;
    let mut exponent = (bits * std::f64::consts::LOG10_2).floor() as i64;
    let power = |e: i64| {
        let p = RBig::from(ten.clone().pow(usize::try_from(e.abs()).unwrap_or(0)));
        if e >= 0 {
            p
        } else {
            RBig::ONE / p
        }
    };
    while power(exponent + 1) <= magnitude {
        exponent += 1;
    }
    while power(exponent) > magnitude {
        exponent -= 1;
    }
    let unit = exponent + 1 - i64::try_from(digits).unwrap_or(1);
    let scaled = value / power(unit);
    let mut mantissa = if up { scaled.ceil() } else { scaled.floor() };
    let mut unit = unit;
    // 0.9999 rounds up to 10 digits more than asked for; trailing zeros say nothing.
    let whole = IBig::from(10_u8);
    while mantissa != IBig::ZERO && (&mantissa % &whole) == IBig::ZERO {
        mantissa /= &whole;
        unit += 1;
    }
    place(&mantissa, unit)
}

/// mantissa·10^unit as text.
fn place(mantissa: &IBig, unit: i64) -> String {
    let text = mantissa.to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let length = i64::try_from(digits.len()).unwrap_or(0);
    let point = length + unit;
    if (-5..=17).contains(&point) && unit <= 0 {
        let at = usize::try_from(point.unsigned_abs()).unwrap_or(0);
        return match point {
            p if unit == 0 && p > 0 => format!("{sign}{digits}"),
            p if p > 0 => format!("{sign}{}.{}", &digits[..at], &digits[at..]),
            _ => format!("{sign}0.{}{digits}", "0".repeat(at)),
        };
    }
    if unit > 0 && point <= 17 {
        return format!("{sign}{digits}{}", "0".repeat(usize::try_from(unit).unwrap_or(0)));
    }
    let tail = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
    format!("{sign}{}{tail}e{}", &digits[..1], point - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly() {
        let is = |text: &str, p: i64, q: u64| {
            assert_eq!(parse(text), Ok(RBig::from_parts(p.into(), q.into())), "{text}")
        };
        is("0.1", 1, 10);
        is("-1.50e-1", -3, 20);
        is("1/3", 1, 3);
        is("2e3", 2000, 1);
        is(".5", 1, 2);
        is("0.5/0.25", 2, 1);
        for text in ["", "x", "nan", "inf", "1/0", "1e9999", "--1", "1..2", "0x1", "1e", ".", "1/2/3", "1_0"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn decimals_are_on_the_safe_side() {
        let third = RBig::from_parts(1.into(), 3_u8.into());
        assert_eq!(decimal_above(&third, 4), "0.3334");
        assert_eq!(decimal_below(&third, 4), "0.3333");
        assert_eq!(decimal_above(&-third.clone(), 4), "-0.3333");
        assert_eq!(decimal_above(&parse("0.99999").unwrap(), 3), "1");
        assert_eq!(decimal_above(&parse("123456").unwrap(), 3), "124000");
        assert_eq!(decimal_above(&parse("1e-9").unwrap(), 3), "1e-9");
        assert_eq!(decimal_above(&parse("1.25e-9").unwrap(), 2), "1.3e-9");
        assert_eq!(decimal_above(&parse("0.5").unwrap(), 12), "0.5");
        for text in
            ["1/7", "22/7", "1e-3", "123.456", "7e20", "1/6e9", "3e310", "1/3e399", "-7e-399", "9.99e399"]
        {
            let value = parse(text).unwrap();
            for digits in [1, 3, 12] {
                assert!(parse(&decimal_above(&value, digits)).unwrap() >= value);
                assert!(parse(&decimal_below(&value, digits)).unwrap() <= value);
            }
            // Beyond the range of floats one side is infinite.
            assert!(exact(float_above(&value)).is_none_or(|above| above >= value), "{text}");
            assert!(exact(float_below(&value)).is_none_or(|below| below <= value), "{text}");
            assert!(float_below(&value) < f64::INFINITY && float_above(&value) > f64::NEG_INFINITY, "{text}");
        }
        assert_eq!(decimal_above(&parse("1e400").unwrap(), 12), "1e400");
        assert_eq!(float_below(&parse("1e400").unwrap()), f64::MAX);
        for (text, usual) in
            [("0", true), ("1e100", true), ("-1e-100", true), ("1.1e100", false), ("1e-101", false)]
        {
            assert_eq!(is_of_usual_size(&parse(text).unwrap()), usual, "{text}");
        }
    }
}
