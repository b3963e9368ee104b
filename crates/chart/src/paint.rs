//! Display lists through the backends of plotters.

mod bitmap;
mod vector;

pub(crate) use bitmap::png;
pub(crate) use vector::svg;

use plotters::backend::DrawingBackend;
use plotters::prelude::{FontTransform, IntoTextStyle, RGBAColor, ShapeStyle, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::IntoFont;

use crate::font;
use crate::palette::Rgb;
use crate::shape::{Anchor, Pattern, Pixel, Shape};
use crate::ChartError;

/// Most dashes of one line.
const MOST_DASHES: f64 = 2000.0;

fn style(color: Rgb, alpha: f64, width: f64) -> ShapeStyle {
    let [r, g, b] = color;
    ShapeStyle { color: RGBAColor(r, g, b, alpha), filled: true, stroke_width: (width.round() as u32).max(1) }
}

fn device(points: &[Pixel], scale: f64) -> Vec<(i32, i32)> {
    let mut device: Vec<(i32, i32)> =
        points.iter().map(|p| ((p[0] * scale).round() as i32, (p[1] * scale).round() as i32)).collect();
    device.dedup();
    device
}

/// Turns what a backend reports into this crate's error.
fn done<T, E: std::error::Error>(backend: &'static str, result: Result<T, E>) -> Result<T, ChartError> {
    result.map_err(|e| ChartError::Backend { backend, reason: e.to_string() })
}

/// How a backend places a text.
struct Type {
    name: &'static str,
    /// Font size in the backend's sense over the em.
    size: f64,
    /// Distance of the baseline below the backend's upper end, over the em.
    drop: f64,
}

/// Draws a [`Shape::Text`] at `scale` device units per pixel.
fn text<B: DrawingBackend>(
    backend: &mut B,
    kind: &Type,
    shape: &Shape,
    scale: f64,
) -> Result<(), ChartError> {
    let Shape::Text { text, at, size, anchor, rising, color } = shape else { return Ok(()) };
    let h_pos = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let transform = if *rising { FontTransform::Rotate270 } else { FontTransform::None };
    let em = size * scale;
    let font = (font::FAMILY, em * kind.size).into_font().transform(transform);
    let ink = RGBAColor(color[0], color[1], color[2], 1.0);
    let style: TextStyle = font.into_text_style(&(1, 1)).pos(Pos::new(h_pos, VPos::Top)).color(&ink);
    let ([x, y], drop) = (at.map(|c| c * scale), em * kind.drop);
    // "Down" of a rising text points to the right.
    let [x, y] = if *rising { [x - drop, y] } else { [x, y - drop] };
    done(kind.name, backend.draw_text(text, &style, (x.round() as i32, y.round() as i32)))
}

/// Cuts a line into its dashes. A very long line gets longer ones, so that their number stays bounded.
fn dashes(points: &[Pixel], pattern: Pattern) -> Vec<Vec<Pixel>> {
    let lengths = pattern.lengths();
    let step = |w: &[Pixel]| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
    let total: f64 = points.windows(2).map(step).sum();
    let period: f64 = lengths.iter().sum();
    if lengths.is_empty() || total.is_nan() || total <= 0.0 {
        return vec![points.to_vec()];
    }
    let stretch = (total / (period * MOST_DASHES)).clamp(1.0, f64::MAX);
    let mut result = Vec::new();
    let (mut index, mut left) = (0, lengths[0] * stretch);
    let mut current = vec![points[0]];
    for w in points.windows(2) {
        let (mut from, mut rest) = (w[0], step(w));
        while rest > left {
            let t = left / rest;
            from = [from[0] + t * (w[1][0] - from[0]), from[1] + t * (w[1][1] - from[1])];
            rest -= left;
            if index % 2 == 0 {
                current.push(from);
                result.push(std::mem::take(&mut current));
            }
            index = (index + 1) % lengths.len();
            left = lengths[index] * stretch;
            if index % 2 == 0 {
                current = vec![from];
            }
        }
        left -= rest;
        if index % 2 == 0 {
            current.push(w[1]);
        }
    }
    if current.len() > 1 {
        result.push(current);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_the_line_in_proportion() {
        let pieces = dashes(&[[0.0, 0.0], [50.0, 0.0], [110.0, 0.0]], Pattern::Dashed);
        assert_eq!(pieces.len(), 10);
        let drawn: f64 = pieces.iter().map(|p| p[p.len() - 1][0] - p[0][0]).sum();
        assert!((drawn - 70.0).abs() < 1e-9);
        let zigzag: Vec<Pixel> =
            (0..100_000).map(|i| [f64::from(i) * 0.01, f64::from(i % 2) * 300.0]).collect();
        assert!(dashes(&zigzag, Pattern::Dotted).len() <= 2001);
    }
}
