//! Reference slopes of order plots.

use dinlab_record::figure::Layer;

use super::{Key, Kind, Mark, Pen};
use crate::palette::GREY;
use crate::scale::Extent;
use crate::shape::Pattern;

pub(crate) const KIND: Kind = Kind {
    name: "slope",
    sentence: "A reference power law through a given point, straight in log-log coordinates.",
    check: |_| Ok(()),
    extent,
    draw,
    keys,
};

/// Ends of the line. The power law is evaluated through logarithms, because the ratio may leave the range of doubles.
fn ends(slope: f64, anchor: [f64; 2], span: [f64; 2]) -> [[f64; 2]; 2] {
    span.map(|x| [x, (anchor[1].ln() + slope * (x.ln() - anchor[0].ln())).exp()])
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Slope { slope, anchor, span, .. } = layer else { return };
    // Guides follow the data: they set the range only where there is nothing else.
    if extent.x.is_empty() && extent.y.is_empty() {
        ends(*slope, *anchor, *span).iter().for_each(|[x, y]| extent.add(*x, *y));
    }
}

/// Pattern by exponent, so that the slopes of one plot differ.
fn pattern(slope: f64) -> Pattern {
    match slope.abs().round() {
        s if s <= 1.0 => Pattern::Dotted,
        2.0 => Pattern::Dashed,
        _ => Pattern::DashDot,
    }
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Slope { slope, anchor, span, .. } = layer else { return };
    // Many points, because on a linear axis the power law is not straight.
    let [a, b] = span.map(f64::ln);
    let x: Vec<f64> = (0..=64).map(|i| (a + (b - a) * f64::from(i) / 64.0).exp()).collect();
    let y: Vec<f64> = x.iter().map(|x| ends(*slope, *anchor, [*x, *x])[0][1]).collect();
    let runs = pen.runs(&x, &y);
    pen.stroke(&runs, 1.25, GREY, pattern(*slope));
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Slope { label, slope, .. } = layer else { return Vec::new() };
    Key::one(label, Mark::Line { color: GREY, pattern: pattern(*slope), marker: None })
}
