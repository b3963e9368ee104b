//! Vector fields as arrows of equal length.

use dinlab_record::figure::Layer;

use super::{same, Key, Kind, Pen};
use crate::palette::Rgb;
use crate::scale::Extent;
use crate::shape::{line, Shape};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "field",
    sentence: "A vector field as short arrows of equal length.",
    check,
    extent,
    draw,
    keys: |_| Vec::<Key>::new(),
};

const COLOR: Rgb = [120, 135, 160];
/// Most arrows in one panel.
const MOST: usize = 2500;

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Field { origins, directions } = layer else { return Ok(()) };
    same("directions of a field", origins.len(), directions.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Field { origins, .. } = layer else { return };
    origins.iter().for_each(|[x, y]| extent.add(*x, *y));
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Field { origins, directions } = layer else { return };
    let stride = origins.len().div_ceil(MOST).max(1);
    let drawn = origins.len().div_ceil(stride).max(1);
    // Arrows as long as two thirds of the mean distance between origins.
    let spacing = (pen.frame.width() * pen.frame.height() / drawn as f64).sqrt();
    let length = (0.62 * spacing).clamp(5.0, 18.0);
    for (origin, direction) in origins.iter().zip(directions).step_by(stride) {
        let Some(at) = pen.place(origin[0], origin[1]).filter(|at| pen.frame.contains(*at)) else { continue };
        let Some([dx, dy]) = on_screen(pen, *origin, *direction) else { continue };
        let (tail, tip) = (
            [at[0] - dx * length / 2.0, at[1] - dy * length / 2.0],
            [at[0] + dx * length / 2.0, at[1] + dy * length / 2.0],
        );
        if !(pen.frame.contains(tail) && pen.frame.contains(tip)) {
            continue;
        }
        let (head, half) = (0.36 * length, 0.15 * length);
        let base = [tip[0] - dx * head, tip[1] - dy * head];
        pen.shapes.push(line(vec![tail, base], 0.9, COLOR));
        let points =
            vec![tip, [base[0] - dy * half, base[1] + dx * half], [base[0] + dy * half, base[1] - dx * half]];
        pen.shapes.push(Shape::Fill { points, color: COLOR, alpha: 1.0 });
    }
}

/// Unit vector on the screen of a direction in data coordinates. Only its angle matters, so it is scaled before it is
/// transformed: a tiny step keeps it right on logarithmic axes too.
fn on_screen(pen: &Pen, origin: [f64; 2], direction: [f64; 2]) -> Option<[f64; 2]> {
    use dinlab_record::figure::Scale;
    let rate = |span: &crate::scale::Span, at: f64, d: f64| {
        let uniform = if span.scale == Scale::Log { d / (at * std::f64::consts::LN_10) } else { d };
        uniform / span.width() * (span.end - span.start)
    };
    let scale = direction[0].abs() + direction[1].abs();
    let [dx, dy] = [direction[0] / scale, direction[1] / scale];
    let screen = [rate(&pen.x, origin[0], dx), rate(&pen.y, origin[1], dy)];
    let norm = screen[0].hypot(screen[1]);
    let unit = screen.map(|c| c / norm);
    unit.iter().all(|c| c.is_finite()).then_some(unit)
}
