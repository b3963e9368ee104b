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
    let (mantissa, exponent) = parts(x);
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

/// Mantissa and, outside [10⁻³, 10⁵), decimal exponent.
fn parts(x: f64) -> (String, Option<i32>) {
    if !x.is_finite() || x == 0.0 {
        return (exact(x + 0.0), None);
    }
    let scientific = format!("{x:.4e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return (scientific, None) };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..5).contains(&exponent) {
        let digits = usize::try_from(4 - exponent).unwrap_or(0);
        return (trim(&format!("{x:.digits$}")), None);
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
        assert_eq!(seconds(3.14), "3.1 s");
        assert_eq!(seconds(125.2), "2 min 05 s");
    }
}
