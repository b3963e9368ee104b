//! Shaded regions between two curves.

use dinlab_record::figure::Layer;

use super::{same, Key, Kind, Mark, Pen};
use crate::palette::cycle;
use crate::scale::Extent;
use crate::shape::Pixel;
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "band",
    sentence: "A shaded region between two curves: a quantile range or a confidence interval.",
    check,
    extent,
    draw,
    keys,
};

const ALPHA: f64 = 0.22;

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Band { x, low, high, .. } = layer else { return Ok(()) };
    same("lower curve of a band", x.len(), low.len())?;
    same("upper curve of a band", x.len(), high.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Band { x, low, high, .. } = layer else { return };
    for ends in [low, high] {
        x.iter().zip(ends).for_each(|(x, y)| extent.add(*x, *y));
    }
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Band { x, low, high, color, .. } = layer else { return };
    let bottom = pen.frame.bottom + 10.0;
    let (mut lower, mut upper): (Vec<Pixel>, Vec<Pixel>) = (Vec::new(), Vec::new());
    let mut pieces = Vec::new();
    for ((x, low), high) in x.iter().zip(low).zip(high) {
        // A lower end at or below zero on a logarithmic axis means that the region reaches the bottom.
        let down = pen.y.pixel(*low).or_else(|| (*low <= 0.0 && low.is_finite()).then_some(bottom));
        match (pen.x.pixel(*x), down, pen.place(*x, *high)) {
            (Some(x), Some(down), Some(up)) => {
                lower.push([x, down]);
                upper.push(up);
            }
            _ => pieces.push((std::mem::take(&mut lower), std::mem::take(&mut upper))),
        }
    }
    pieces.push((lower, upper));
    for (lower, upper) in pieces.into_iter().filter(|p| p.0.len() > 1) {
        let (lower, upper) = (crate::clip::thin(&lower), crate::clip::thin(&upper));
        let outline: Vec<Pixel> = upper.into_iter().chain(lower.into_iter().rev()).collect();
        pen.fill(&outline, cycle(*color), ALPHA);
    }
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Band { label, color, .. } = layer else { return Vec::new() };
    Key::one(label, Mark::Area { color: cycle(*color), alpha: ALPHA })
}
