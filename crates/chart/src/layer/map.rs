//! Colour maps on a grid of cells, drawn as a bitmap; the colour bar stands beside the panel.

use dinlab_record::figure::Layer;

use super::{same, Key, Kind, Pen};
use crate::palette::{viridis, Rgb};
use crate::scale::{Extent, Span};
use crate::shape::Shape;
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "map",
    sentence: "A function of two parameters as colours on a grid, with a colour bar; cells without a value are grey.",
    check,
    extent,
    draw,
    keys: |_| Vec::<Key>::new(),
};

/// Largest bitmap, in cells a side; finer grids are sampled.
const FINEST: usize = 800;

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Map { nx, ny, values, .. } = layer else { return Ok(()) };
    same("values of a map", nx.saturating_mul(*ny), values.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Map { x, y, .. } = layer else { return };
    x.iter().for_each(|v| extent.x.add_edge(*v));
    y.iter().for_each(|v| extent.y.add_edge(*v));
}

/// Position of a value between two limits, 0 to 1; 0.5 where the limits do not span anything.
pub(crate) fn fraction(limits: [f64; 2], value: f64) -> f64 {
    let [low, high] = limits.map(|v| v / 2.0);
    match (value / 2.0 - low) / (high - low) {
        t if high != low || value.is_nan() => t,
        _ => 0.5,
    }
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Map { x, y, nx, ny, values, limits, .. } = layer else { return };
    bitmap(pen, [*x, *y], [*nx, *ny], &|cell| {
        let value = values[cell];
        viridis(if value.is_finite() { fraction(*limits, value) } else { f64::NAN })
    });
}

/// A grid of nx×ny cells between the given edges as a bitmap, cell by cell; of large grids, and of those that the frame
/// cuts, as many cells as pixels can show.
pub(super) fn bitmap(
    pen: &mut Pen,
    [x, y]: [[f64; 2]; 2],
    [nx, ny]: [usize; 2],
    color: &dyn Fn(usize) -> Rgb,
) {
    let frame = pen.frame;
    let ends = |span: &Span, edges: &[f64; 2]| span.pixel(edges[0]).zip(span.pixel(edges[1]));
    let (Some((left, right)), Some((bottom, top))) = (ends(&pen.x, &x), ends(&pen.y, &y)) else { return };
    let (Some(first), Some(last)) =
        (cut(left, right, frame.left, frame.right), cut(top, bottom, frame.top, frame.bottom))
    else {
        return;
    };
    // The whole grid is embedded cell by cell; a part of it, or a finer one, is sampled at pixels.
    let whole =
        |cut: (f64, f64), a: f64, b: f64| cut == (if a < b { a } else { b }, if a < b { b } else { a });
    let cells = |n: usize, whole: bool, cut: (f64, f64)| {
        if whole && n <= FINEST {
            n
        } else {
            ((2.0 * (cut.1 - cut.0)).ceil() as usize).clamp(1, FINEST)
        }
    };
    let columns = cells(nx, whole(first, left, right), first);
    let rows = cells(ny, whole(last, top, bottom), last);
    if nx == 0 || ny == 0 {
        return;
    }
    let index = |k: usize, count: usize, cut: (f64, f64), from: f64, to: f64, n: usize| {
        let pixel = cut.0 + (cut.1 - cut.0) * (k as f64 + 0.5) / count as f64;
        ((((pixel - from) / (to - from)) * n as f64).max_zero() as usize).min(n - 1)
    };
    let mut rgb = Vec::with_capacity(3 * columns * rows);
    for r in 0..rows {
        let j = index(r, rows, last, bottom, top, ny);
        for c in 0..columns {
            rgb.extend(color(j * nx + index(c, columns, first, left, right, nx)));
        }
    }
    let extent = [first.1 - first.0, last.1 - last.0];
    pen.shapes.push(Shape::Bitmap { corner: [first.0, last.0], extent, columns, rows, rgb });
}

/// Common part of two pixel intervals, if it is not empty.
fn cut(a: f64, b: f64, low: f64, high: f64) -> Option<(f64, f64)> {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let (from, to) = (a.clamp(low, high), b.clamp(low, high));
    (to - from > 0.0).then_some((from, to))
}

trait MaxZero {
    fn max_zero(self) -> Self;
}

impl MaxZero for f64 {
    /// Negative rounding errors become zero.
    fn max_zero(self) -> Self {
        if self > 0.0 {
            self
        } else {
            0.0
        }
    }
}
