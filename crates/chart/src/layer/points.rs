//! Markers with error bars.

use dinlab_record::figure::{Layer, Marker};

use super::{same, Key, Kind, Mark, Pen};
use crate::clip;
use crate::palette::{cycle, Rgb};
use crate::scale::Extent;
use crate::shape::{line, Pixel};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "points",
    sentence: "Markers, with vertical error bars where lower and upper ends are given.",
    check,
    extent,
    draw,
    keys,
};

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Points { x, y, low, high, .. } = layer else { return Ok(()) };
    same("ordinates of points", x.len(), y.len())?;
    if low.is_empty() && high.is_empty() {
        return Ok(());
    }
    same("lower ends of error bars", x.len(), low.len())?;
    same("upper ends of error bars", x.len(), high.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Points { x, y, low, high, .. } = layer else { return };
    for ends in [y, low, high] {
        x.iter().zip(ends).for_each(|(x, y)| extent.add(*x, *y));
    }
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Points { x, y, low, high, color, marker, .. } = layer else { return };
    let mut places = Vec::new();
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        if let Some(at) = pen.place(*x, *y).filter(|at| pen.frame.grown(0.5).contains(*at)) {
            places.push((i, at));
        }
    }
    let crowded = places.len() > 400;
    let radius = if crowded { 2.2 } else { 3.8 };
    // A cloud of dots shows its density; other markers only cover one another.
    let places = if *marker == Marker::Dot { places } else { clip::thin_marks(places) };
    for (i, at) in &places {
        if let (Some(low), Some(high)) = (low.get(*i), high.get(*i)) {
            bar(pen, *at, *low, *high, cycle(*color));
        }
    }
    for (_, at) in places {
        pen.shapes.extend(super::marker(*marker, at, radius, cycle(*color)));
    }
}

/// Error bar with caps. A lower end that a logarithmic axis cannot show runs to the frame, without a cap.
fn bar(pen: &mut Pen, at: Pixel, low: f64, high: f64, color: Rgb) {
    if low.is_nan() || high.is_nan() {
        return;
    }
    let open = |v: f64, end: f64| pen.y.pixel(v).map_or((end, false), |p| (p, true));
    let top = if high > 0.0 { pen.frame.top - 1.0 } else { pen.frame.bottom + 1.0 };
    let ends = [open(low, pen.frame.bottom + 1.0), open(high, top)];
    let frame = pen.frame;
    let mut stroke = |a: Pixel, b: Pixel| {
        pen.shapes.extend(clip::segment(&frame, a, b).map(|(a, b)| line(vec![a, b], 1.25, color)));
    };
    stroke([at[0], ends[0].0], [at[0], ends[1].0]);
    for (y, _) in ends.into_iter().filter(|e| e.1) {
        stroke([at[0] - 3.5, y], [at[0] + 3.5, y]);
    }
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Points { label, low, color, marker, .. } = layer else { return Vec::new() };
    Key::one(label, Mark::Point { color: cycle(*color), marker: *marker, bar: !low.is_empty() })
}
