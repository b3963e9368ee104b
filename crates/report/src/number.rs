//! How numbers are printed for readers: about five significant digits. Files that are read again by programs
//! (CSV, JSON) use [`exact`] instead, which round-trips.

/// Shortest text that reads back as the same double; `inf`, `-inf` and `nan` for the others.
pub fn exact(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    // Debug, not Display: Display writes 1e-300 with 300 zeros.
    let text = format!("{x:?}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// Plain text for terminals: `0.12345`, `1.2345e-7`, `inf`, `nan`.
pub fn plain(x: f64) -> String {
    match parts(x) {
        (mantissa, None) => mantissa,
        (mantissa, Some(exponent)) => format!("{mantissa}e{exponent}"),
    }
}

/// Text with typographic signs: `0.12345`, `1.2345×10⁻⁷`, `∞`, `nan`.
pub fn pretty(x: f64) -> String {
    if x.is_infinite() {
        return if x > 0.0 { "∞".into() } else { "−∞".into() };
    }
    typeset(parts(x))
}

/// Like [`pretty`], with as many digits as it takes to see differences of the size of `tolerance` (at most 15).
pub fn resolving(x: f64, tolerance: f64) -> String {
    if x == 0.0 || !x.is_finite() || !(tolerance > 0.0 && tolerance < x.abs()) {
        return pretty(x);
    }
    // One digit beyond the first that the tolerance changes.
    let digits = (x.abs() / tolerance).log10().floor() + 2.0;
    typeset(parts_with(x, (digits.clamp(5.0, 15.0)) as usize))
}

fn typeset((mantissa, exponent): (String, Option<i32>)) -> String {
    let mantissa = mantissa.replace('-', "−");
    match exponent {
        None => mantissa,
        Some(exponent) => format!("{mantissa}×10{}", superscript(exponent)),
    }
}

/// LaTeX, in text mode.
pub fn latex(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { r"$\infty$".into() } else { r"$-\infty$".into() };
    }
    match parts(x) {
        (mantissa, None) => format!("${mantissa}$"),
        (mantissa, Some(exponent)) => format!(r"${mantissa}\times10^{{{exponent}}}$"),
    }
}

/// A strain (see `Measurement::strain`) as per cent of the tolerance: `37 %`, `slack` for a bound that holds
/// without using any tolerance, `nan`.
pub fn strain(x: f64) -> String {
    if x.is_nan() {
        "nan".into()
    } else if x < 0.0 {
        "slack".into()
    } else if x == 0.0 {
        "0 %".into()
    } else if x < 0.01 {
        "< 1 %".into()
    } else if x < 100.0 {
        // Never rounds a strain above 1 down to "100 %", nor one below up to it.
        let percent = 100.0 * x;
        let shown = if x > 1.0 { percent.ceil() } else { percent.floor() };
        format!("{shown} %")
    } else if x.is_infinite() {
        "∞ %".into()
    } else {
        let exponent = (100.0 * x).log10().floor();
        format!("{:.1}e{exponent} %", 100.0 * x / 10f64.powf(exponent))
    }
}

/// Seconds with sensible digits: `0.02 s`, `3.1 s`, `2 min 05 s`.
pub fn seconds(x: f64) -> String {
    if !x.is_finite() || x < 0.0 {
        plain(x)
    } else if x < 0.095 {
        format!("{x:.2} s")
    } else if x < 99.5 {
        format!("{x:.1} s")
    } else {
        let whole = x.round();
        format!("{} min {:02} s", (whole / 60.0).floor(), whole % 60.0)
    }
}

/// The first `length` characters of a text, with an ellipsis where more follow.
pub fn shorten(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length.saturating_sub(1)).chain(['…']).collect()
}

/// Mantissa and, outside [10⁻³, 10⁵), decimal exponent, to five significant digits.
fn parts(x: f64) -> (String, Option<i32>) {
    parts_with(x, 5)
}

fn parts_with(x: f64, digits: usize) -> (String, Option<i32>) {
    if !x.is_finite() || x == 0.0 {
        // Adding zero turns −0 into 0.
        return (exact(x + 0.0), None);
    }
    let scientific = format!("{x:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return (scientific, None) };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..5).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        return (trim(&format!("{x:.decimals$}")), None);
    }
    (trim(mantissa), Some(exponent))
}

fn trim(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn superscript(exponent: i32) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_text_reads_back_as_the_same_double() {
        for x in [0.1, -0.0, 3.0, 1e-300, 5e-324, 1e16, f64::MAX, 1.0 / 3.0, f64::INFINITY, f64::NEG_INFINITY]
        {
            assert_eq!(exact(x).parse::<f64>().unwrap().to_bits(), x.to_bits(), "{}", exact(x));
        }
        assert_eq!(exact(f64::NAN), "nan");
        assert_eq!(exact(12.0), "12");
    }

    #[test]
    fn readers_see_five_digits() {
        assert_eq!(plain(0.123_456_7), "0.12346");
        assert_eq!(plain(99_999.6), "1e5");
        assert_eq!(plain(1.234_567e-7), "1.2346e-7");
        assert_eq!(plain(-0.0), "0");
        assert_eq!(pretty(-1.234_567e-7), "−1.2346×10⁻⁷");
        assert_eq!(pretty(f64::NEG_INFINITY), "−∞");
        assert_eq!(latex(2e10), r"$2\times10^{10}$");
        assert_eq!(plain(f64::NAN), "nan");
    }

    #[test]
    fn digits_follow_the_tolerance() {
        assert_eq!(resolving(1.500_042, 1e-4), "1.50004");
        assert_eq!(resolving(1.000_000_000_02, 1e-10), "1.00000000002");
        assert_eq!(resolving(-1.234_567_89e-7, 1e-12), "−1.234568×10⁻⁷");
        assert_eq!(resolving(2.0, 0.0), "2");
        assert_eq!(resolving(2.0, f64::NAN), "2");
        assert_eq!(resolving(f64::NAN, 1.0), "nan");
        assert_eq!(resolving(1.0, 1e-300), "1");
    }

    #[test]
    fn strains_never_round_across_the_tolerance() {
        assert_eq!(strain(1.0001), "101 %");
        assert_eq!(strain(0.9999), "99 %");
        assert_eq!(strain(1.0), "100 %");
        assert_eq!(strain(-3.0), "slack");
        assert_eq!(strain(1e4), "1.0e6 %");
        assert_eq!(strain(f64::INFINITY), "∞ %");
        assert_eq!(strain(f64::NAN), "nan");
    }

    #[test]
    fn seconds_fit_their_size() {
        assert_eq!(seconds(0.0213), "0.02 s");
        assert_eq!(seconds(3.12), "3.1 s");
        assert_eq!(seconds(125.2), "2 min 05 s");
    }
}
