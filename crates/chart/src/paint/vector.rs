//! SVG. plotters writes whole pixels, a family list and line breaks inside texts; the file is therefore drawn on a finer
//! grid, and its header, texts and pictures are put right afterwards.

use std::fmt::Write;

use plotters::backend::{DrawingBackend, SVGBackend};

use super::{bitmap, dashes, device, done, style, text, Type};
use crate::font::{self, trimmed};
use crate::shape::Shape;
use crate::ChartError;

/// Device units per nominal pixel.
const FINE: f64 = 8.0;
/// Stands for a picture until the file is put right; no cleaned text contains it.
const PICTURE: &str = "\u{1}";

const NAME: &str = "svg";

/// plotters divides the size by 1.24 and puts the baseline 0.76 em below the upper end.
const TYPE: Type = Type { name: NAME, size: 1.24, drop: 0.76 };

/// The display list as an SVG document of the given nominal size.
pub(crate) fn svg(shapes: &[Shape], size: [f64; 2], title: &str) -> Result<String, ChartError> {
    font::register()?;
    let mut raw = String::new();
    let [width, height] = size.map(|s| (s * FINE).round() as u32);
    let mut backend = SVGBackend::with_string(&mut raw, (width, height));
    let mut pictures = Vec::new();
    for shape in shapes {
        draw(&mut backend, shape, &mut pictures)?;
    }
    done(NAME, backend.present())?;
    drop(backend);
    put_right(&raw, [width, height], size, title, &pictures)
}

fn draw(backend: &mut SVGBackend, shape: &Shape, pictures: &mut Vec<String>) -> Result<(), ChartError> {
    match shape {
        Shape::Path { points, width, color, pattern } => {
            let style = style(*color, 1.0, width * FINE);
            for piece in dashes(points, *pattern) {
                done(NAME, backend.draw_path(device(&piece, FINE), &style))?;
            }
            Ok(())
        }
        Shape::Fill { points, color, alpha } => {
            done(NAME, backend.fill_polygon(device(points, FINE), &style(*color, *alpha, 1.0)))
        }
        Shape::Disc { center, radius, color } => {
            let at = ((center[0] * FINE).round() as i32, (center[1] * FINE).round() as i32);
            let radius = (radius * FINE).round() as u32;
            done(NAME, backend.draw_circle(at, radius, &style(*color, 1.0, 1.0), true))
        }
        Shape::Text { text: words, .. } => match words.as_str() {
            "" => Ok(()),
            _ => text(backend, &TYPE, shape, FINE),
        },
        Shape::Bitmap { corner, extent, columns, rows, rgb } => {
            let [x, y] = corner.map(|c| c * FINE);
            let [width, height] = extent.map(|c| c * FINE);
            // Viewers that smooth pictures in spite of the style smooth only the rims of repeated cells.
            let repeat = (480 / (*columns).max(*rows).max(1)).clamp(1, 8);
            let (rgb, columns, rows) = repeated(rgb, *columns, *rows, repeat);
            let data = base64(&bitmap::encode(&rgb, columns, rows)?);
            pictures.push(format!(
                "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
                 preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/png;base64,{data}\"/>"
            ));
            let (size, anchor, color) = (1.0, crate::shape::Anchor::Start, crate::palette::INK);
            let stand_in =
                Shape::Text { text: PICTURE.into(), at: *corner, size, anchor, rising: false, color };
            text(backend, &TYPE, &stand_in, FINE)
        }
    }
}

/// Every cell `times` times along both sides.
fn repeated(rgb: &[u8], columns: usize, rows: usize, times: usize) -> (Vec<u8>, usize, usize) {
    let mut wide = Vec::with_capacity(rgb.len() * times * times);
    for row in rgb.chunks_exact(3 * columns) {
        let line: Vec<u8> = row.chunks_exact(3).flat_map(|cell| cell.repeat(times)).collect();
        wide.extend(line.repeat(times));
    }
    (wide, columns * times, rows * times)
}

/// Header, embedded font, texts without line breaks, pictures in their places.
fn put_right(
    raw: &str,
    device: [u32; 2],
    size: [f64; 2],
    title: &str,
    pictures: &[String],
) -> Result<String, ChartError> {
    let body = raw.split_once('\n').map_or("", |(_, body)| body);
    let characters: std::collections::BTreeSet<char> = body.chars().collect();
    let font = trimmed::embedded(&characters);
    let mut out = String::with_capacity(raw.len() + 64_000);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         stroke-linejoin=\"round\">",
        size[0], size[1], device[0], device[1]
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(title));
    let _ = writeln!(
        out,
        "<style>@font-face{{font-family:\"{}\";src:url(data:font/ttf;base64,{}) format(\"truetype\")}}</style>",
        font.family,
        base64(&font.bytes)
    );
    let plain = format!("font-family=\"{}\"", font::FAMILY);
    let named = format!("font-family=\"{}, {}\"", font.family, font::FAMILY);
    let mut pictures = pictures.iter();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("<text") {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let words = lines.next().unwrap_or_default();
        let end = lines.next().unwrap_or_default();
        if words == PICTURE {
            out.extend(pictures.next().map(String::as_str));
        } else {
            out.push_str(&line.replace(&plain, &named));
            out.push_str(words);
            out.push_str(end);
        }
        out.push('\n');
    }
    Ok(out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Base64 (RFC 4648, with padding).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_agrees_with_the_examples_of_its_standard() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
