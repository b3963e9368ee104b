//! Histograms.

use dinlab_record::figure::{Layer, Scale};

use super::{same, Key, Kind, Mark, Pen};
use crate::palette::{cycle, WHITE};
use crate::scale::Extent;
use crate::shape::{Pattern, Shape};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "histogram",
    sentence: "Bars over intervals: counts or a density.",
    check,
    extent,
    draw,
    keys,
};

const ALPHA: f64 = 0.45;

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Histogram { edges, heights, .. } = layer else { return Ok(()) };
    if edges.is_empty() && heights.is_empty() {
        return Ok(());
    }
    same("edges of a histogram", heights.len() + 1, edges.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Histogram { edges, heights, .. } = layer else { return };
    edges.iter().for_each(|x| extent.x.add_edge(*x));
    heights.iter().for_each(|y| extent.y.add(*y));
    // Bars stand on zero.
    extent.y.add_edge(0.0);
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Histogram { edges, heights, color, .. } = layer else { return };
    let floor = match pen.y.scale {
        Scale::Linear => pen.y.pixel(0.0).unwrap_or(pen.frame.bottom),
        Scale::Log => pen.frame.bottom,
    };
    for (w, height) in edges.windows(2).zip(heights) {
        let (Some(a), Some(b)) = (pen.x.pixel(w[0]), pen.x.pixel(w[1])) else { continue };
        if *height == 0.0 {
            continue;
        }
        let Some(top) = pen.place(w[0], *height).map(|at| at[1]) else { continue };
        pen.fill(&[[a, floor], [a, top], [b, top], [b, floor]], cycle(*color), ALPHA);
        if (b - a).abs() > 4.0 {
            // A gap between bars reads better than an outline around each.
            for x in [a, b] {
                let cut = crate::clip::polyline(&pen.frame, &[[x, floor], [x, top]]);
                let gap = |points| Shape::Path { points, width: 0.8, color: WHITE, pattern: Pattern::Solid };
                pen.shapes.extend(cut.into_iter().map(gap));
            }
        }
        pen.stroke(&[vec![[a, top], [b, top]]], 1.2, cycle(*color), Pattern::Solid);
    }
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Histogram { label, color, .. } = layer else { return Vec::new() };
    Key::one(label, Mark::Area { color: cycle(*color), alpha: ALPHA })
}
