//! Polylines.

use dinlab_record::figure::{Dash, Layer, Marker};

use super::{same, Key, Kind, Mark, Pen};
use crate::palette::cycle;
use crate::scale::Extent;
use crate::shape::{Pixel, Shape};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "curve",
    sentence: "A line through points, solid, dashed or dotted; it breaks at values that are not finite.",
    check,
    extent,
    draw,
    keys,
};

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Curve { x, y, .. } = layer else { return Ok(()) };
    same("ordinates of a curve", x.len(), y.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Curve { x, y, .. } = layer else { return };
    x.iter().zip(y).for_each(|(x, y)| extent.add(*x, *y));
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Curve { label, x, y, color, dash } = layer else { return };
    let runs = pen.runs(x, y);
    // A lone point between gaps has no line, but it must not vanish.
    for run in runs.iter().filter(|run| run.len() == 1) {
        if pen.frame.contains(run[0]) {
            pen.shapes.push(Shape::Disc { center: run[0], radius: 2.6, color: cycle(*color) });
        }
    }
    pen.stroke(&runs, 1.75, cycle(*color), (*dash).into());
    if pen.marked && *dash == Dash::Solid && !label.is_empty() {
        for at in marks(&runs, *color).into_iter().filter(|p| pen.frame.contains(*p)) {
            pen.shapes.extend(super::marker(marker_of(*color), at, 3.6, cycle(*color)));
        }
    }
}

/// Marker that stands for a palette index.
fn marker_of(color: usize) -> Marker {
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Cross, Marker::Ring][color % 5]
}

/// Six points at equal distances along the line, shifted by colour so that curves that coincide stay visible.
fn marks(runs: &[Vec<Pixel>], color: usize) -> Vec<Pixel> {
    let length = |w: &[Pixel]| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
    let total: f64 = runs.iter().flat_map(|r| r.windows(2)).map(length).sum();
    let gap = total / 6.0;
    let mut next = gap * (0.25 + 0.17 * (color % 5) as f64);
    let (mut done, mut found) = (0.0, Vec::new());
    for w in runs.iter().flat_map(|r| r.windows(2)) {
        let step = length(w);
        while gap > 0.0 && done + step >= next && found.len() < 6 {
            let t = (next - done) / step;
            found.push([w[0][0] + t * (w[1][0] - w[0][0]), w[0][1] + t * (w[1][1] - w[0][1])]);
            next += gap;
        }
        done += step;
    }
    found
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Curve { label, color, dash, .. } = layer else { return Vec::new() };
    // A broken line is a prediction or a bound: markers would make it look measured.
    let marker = (*dash == Dash::Solid).then(|| marker_of(*color));
    let mark = Mark::Line { color: cycle(*color), pattern: (*dash).into(), marker };
    Key::one(label, mark)
}
