//! The embedded font: registration, widths of texts, line breaking.

pub(crate) mod trimmed;

use std::sync::OnceLock;

use plotters::style::{register_font, FontStyle, IntoFont};

use crate::ChartError;

/// DejaVu Sans 2.37, subset; see `assets/README.md`.
pub(crate) const BYTES: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// Name under which the font is registered, and at the same time the family list written into SVG files.
pub(crate) const FAMILY: &str = "DejaVu Sans, sans-serif";

/// Height of a line of the font (ascender to descender) over its em, which is what plotters' rasteriser calls size.
pub(crate) const LINE_PER_EM: f64 = 2384.0 / 2048.0;

/// Makes the font known to plotters, once per process.
pub(crate) fn register() -> Result<(), ChartError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = DONE.get_or_init(|| register_font(FAMILY, FontStyle::Normal, BYTES).is_ok());
    done.then_some(()).ok_or(ChartError::Font)
}

/// Width in pixels of one line of text at the given em.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // plotters measures in whole pixels; a large size keeps the fraction.
    const FINE: f64 = 200.0;
    let font = (FAMILY, FINE * LINE_PER_EM).into_font();
    let pixels = font
        .layout_box(text)
        .map_or(0.6 * FINE * text.chars().count() as f64, |b| f64::from(b.1 .0 - b.0 .0));
    pixels * size / FINE
}

/// Text without characters that an XML file may not contain or that a drawing has no glyph for.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}' { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The text, cut with an ellipsis where it is wider than `limit`.
pub(crate) fn fitted(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let fits = |n: usize| width(&letters[..n].iter().collect::<String>(), size) + size <= limit;
    let (mut keep, mut fail) = (0, letters.len());
    while fail - keep > 1 {
        let middle = (keep + fail) / 2;
        if fits(middle) {
            keep = middle;
        } else {
            fail = middle;
        }
    }
    letters[..keep].iter().collect::<String>().trim_end().to_owned() + "…"
}

/// Breaks a text at spaces into at most `most` lines no wider than `limit`; what is left over is cut with an ellipsis.
pub(crate) fn wrapped(text: &str, size: f64, limit: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if lines.len() + 1 == most {
            let rest: Vec<&str> = std::iter::once(word).chain(words).collect();
            lines.push(fitted(&rest.join(" "), size, limit));
            break;
        }
        let mut current = word.to_owned();
        while let Some(next) = words.peek() {
            let longer = format!("{current} {next}");
            if width(&longer, size) > limit {
                break;
            }
            current = longer;
            words.next();
        }
        lines.push(fitted(&current, size, limit));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_cut_and_broken() {
        register().unwrap();
        assert!(width("mm", 10.0) > width("ii", 10.0));
        assert!((width("abc", 20.0) - 2.0 * width("abc", 10.0)).abs() < 1e-9);
        let cut = fitted("a rather long sentence", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
        let lines = wrapped("one two three four five six seven", 10.0, 60.0, 3);
        assert!(lines.len() == 3 && lines.iter().all(|l| width(l, 10.0) <= 60.0), "{lines:?}");
        assert_eq!(wrapped("   ", 10.0, 60.0, 3), Vec::<String>::new());
        assert_eq!(clean("a\u{1}b\n"), "a b");
    }
}
