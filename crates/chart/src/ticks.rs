//! Round numbers along an axis, written without rounding noise: a tick is an integer times a power of ten.

/// Ticks of one axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ticks {
    /// Position and text, increasing.
    pub major: Vec<(f64, String)>,
    /// Positions without text.
    pub minor: Vec<f64>,
    /// Common factor and offset of all texts, for example `×10⁻⁹ + 1.5`; empty where there is none.
    pub note: String,
}

/// `10ᵉ` in superscript digits.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    format!("10{}", exponent.to_string().chars().map(raised).collect::<String>())
}

/// The double nearest to `n`·10ᵉ.
fn scaled(n: i64, exponent: i32) -> f64 {
    // Decimal to binary conversion is correctly rounded, a product with a power of ten is not.
    format!("{n}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// `n`·10ᵉ in positional notation with a true minus sign.
fn decimal(n: i64, exponent: i32) -> String {
    let sign = if n < 0 { "−" } else { "" };
    let mut digits = n.unsigned_abs().to_string();
    if exponent >= 0 {
        if n != 0 {
            digits.extend(std::iter::repeat_n('0', exponent as usize));
        }
        return format!("{sign}{digits}");
    }
    let places = exponent.unsigned_abs() as usize;
    if digits.len() <= places {
        digits = format!("{}{digits}", "0".repeat(places + 1 - digits.len()));
    }
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// Half of the width of a range; halves keep the widest ranges from overflowing.
fn half_width(low: f64, high: f64) -> f64 {
    high / 2.0 - low / 2.0
}

/// Step of the form 1, 2 or 5 times 10ᵉ, at least the width over `count`.
fn nice_step(low: f64, high: f64, count: usize) -> (i64, i32) {
    let raw = half_width(low, high) / (count.clamp(1, 100) as f64 / 2.0);
    let mut exponent = raw.log10().floor() as i32;
    for _ in 0..2 {
        for mantissa in [1, 2, 5] {
            if scaled(mantissa, exponent) >= raw * (1.0 - 1e-9) {
                return (mantissa, exponent);
            }
        }
        exponent += 1;
    }
    (1, exponent)
}

/// Ticks of a linear axis with at most about `count` texts; `low < high`, both finite.
pub(crate) fn linear(low: f64, high: f64, count: usize) -> Ticks {
    let (mantissa, exponent) = nice_step(low, high, count);
    let step = scaled(mantissa, exponent);
    let largest = if low.abs() > high.abs() { low.abs() } else { high.abs() };
    let (offset, offset_text) = if largest / step > 2e5 { origin(low, high) } else { (0.0, String::new()) };
    // The quotients carry rounding; one tick too many is filtered out below, where values are compared exactly.
    let (first, last) = (((low - offset) / step - 1e-9).ceil(), ((high - offset) / step + 1e-9).floor());
    if !(last - first < 200.0 && first.abs() < 1e12 && last.abs() < 1e12) {
        return Ticks::default();
    }
    let multiples: Vec<i64> = (first as i64..=last as i64).map(|k| k * mantissa).collect();
    let top = multiples.iter().map(|n| n.unsigned_abs()).max().unwrap_or(0);
    // Power of ten of the largest tick; beyond three to five digits it is written once, at the end of the axis.
    let magnitude = exponent + top.max(1).ilog10() as i32;
    let shared = if (-3..5).contains(&magnitude) { 0 } else { magnitude };
    let major = multiples
        .iter()
        .map(|&n| (offset + scaled(n, exponent), decimal(n, exponent - shared)))
        .filter(|(value, _)| *value >= low && *value <= high)
        .collect();
    let factor = if shared == 0 { String::new() } else { format!("×{}", power_of_ten(shared)) };
    let note = [factor, offset_text].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
    Ticks { major, minor: Vec::new(), note }
}

/// A short decimal number inside or close to a narrow range far from zero, and its text.
fn origin(low: f64, high: f64) -> (f64, String) {
    let middle = low / 2.0 + high / 2.0;
    let places = (middle.abs() / (2.0 * half_width(low, high))).log10().ceil().clamp(0.0, 17.0) as usize;
    let text = format!("{middle:.places$e}");
    let value: f64 = text.parse().unwrap_or(0.0);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = digits.trim_start_matches('-');
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let factor = if exponent == 0 { String::new() } else { format!("·{}", power_of_ten(exponent)) };
    (value, format!("{} {digits}{factor}", if value < 0.0 { "−" } else { "+" }))
}

/// Ticks of a logarithmic axis with at most about `count` texts; `0 < low < high`, both finite.
pub(crate) fn log(low: f64, high: f64, count: usize) -> Ticks {
    let (bottom, top) = (low.log10(), high.log10());
    let decades = top - bottom;
    let inside = |value: f64| value >= low && value <= high;
    if !(bottom.is_finite() && top.is_finite()) {
        return Ticks::default();
    }
    if decades < 0.7 {
        return linear(low, high, count);
    }
    let exponents = bottom.floor() as i32..=top.ceil() as i32;
    let each = |digits: &[i64]| -> Vec<(i64, i32)> {
        exponents.clone().flat_map(|e| digits.iter().map(move |d| (*d, e))).collect()
    };
    let visible = |pairs: Vec<(i64, i32)>| pairs.into_iter().filter(|(d, e)| inside(scaled(*d, *e)));
    if decades < 2.5 {
        let digits: &[i64] = if 3.0 * decades <= count as f64 { &[1, 2, 5] } else { &[1, 3] };
        let major = visible(each(digits)).map(|(d, e)| (scaled(d, e), short(d, e))).collect();
        let minor = visible(each(&[2, 3, 4, 5, 6, 7, 8, 9])).map(|(d, e)| scaled(d, e)).collect();
        return Ticks { major, minor, note: String::new() };
    }
    let stride = [1, 2, 3, 4, 5, 10, 20, 50, 100, 200]
        .into_iter()
        .find(|s| decades / f64::from(*s) <= count.max(1) as f64)
        .unwrap_or(500);
    let major = visible(each(&[1]).into_iter().filter(|(_, e)| e.rem_euclid(stride) == 0).collect())
        .map(|(d, e)| (scaled(d, e), power_of_ten(e)))
        .collect();
    let minor = if stride == 1 && decades <= 8.0 { each(&[2, 3, 4, 5, 6, 7, 8, 9]) } else { each(&[1]) };
    let minor = if stride <= 20 { visible(minor).map(|(d, e)| scaled(d, e)).collect() } else { Vec::new() };
    Ticks { major, minor, note: String::new() }
}

/// One digit times a power of ten, positional where that is short.
fn short(digit: i64, exponent: i32) -> String {
    match (digit, exponent) {
        (_, -3..=3) => decimal(digit, exponent),
        (1, _) => power_of_ten(exponent),
        _ => format!("{digit}·{}", power_of_ten(exponent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &Ticks) -> Vec<&str> {
        ticks.major.iter().map(|t| t.1.as_str()).collect()
    }

    #[test]
    fn linear_ticks_carry_no_rounding_noise() {
        let ticks = linear(0.0, 0.6, 6);
        assert_eq!(texts(&ticks), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]);
        assert_eq!(ticks.major[3].0, 0.3);
        assert_eq!(texts(&linear(-1.0, 1.0, 5)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(texts(&linear(0.0, 20_000.0, 4)), ["0", "5000", "10000", "15000", "20000"]);
    }

    #[test]
    fn large_and_small_ranges_share_one_factor() {
        let ticks = linear(0.0, 3e-7, 4);
        assert_eq!((texts(&ticks), ticks.note.as_str()), (vec!["0", "1", "2", "3"], "×10⁻⁷"));
        assert_eq!(linear(-1e300, 1e300, 4).note, "×10³⁰⁰");
    }

    #[test]
    fn a_narrow_range_far_from_zero_shows_its_offset() {
        let ticks = linear(1.5 - 4e-10, 1.5 + 4e-10, 5);
        assert_eq!((texts(&ticks), ticks.note.as_str()), (vec!["−4", "−2", "0", "2", "4"], "×10⁻¹⁰ + 1.5"));
    }

    #[test]
    fn logarithmic_ticks_are_decades_or_few_digits() {
        assert_eq!(texts(&log(1e-3, 1e1, 8)), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        assert_eq!(texts(&log(0.9, 21.0, 8)), ["1", "2", "5", "10", "20"]);
        assert!(log(1e-3, 1e1, 8).minor.contains(&0.02));
        let wide = log(1e-300, 1e300, 8);
        assert!(wide.major.len() >= 4 && wide.major.len() <= 9, "{wide:?}");
    }

    #[test]
    fn no_range_makes_ticks_panic_or_multiply() {
        for low in [-1e308, -1.0, -1e-308, 0.0, 5e-324, 1e-9, 1.0, 1e15] {
            for width in [1e-323, 1e-300, 1e-12, 1e-3, 1.0, 1e17, 1e300] {
                let high: f64 = low + width;
                if high > low {
                    assert!(linear(low, high, 6).major.len() <= 15, "{low} {high}");
                    if low > 0.0 {
                        assert!(log(low, high, 6).major.len() <= 15, "{low} {high}");
                    }
                }
            }
        }
    }
}
