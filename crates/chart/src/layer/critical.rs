//! Critical points, each type with its own marker.

use dinlab_record::figure::{Layer, PointKind};

use super::{same, Key, Kind, Mark, Pen};
use crate::palette::{cycle, BLACK, WHITE};
use crate::scale::Extent;
use crate::shape::{line, Pixel, Shape};
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "critical",
    sentence:
        "Critical points: disc = minimum, diagonal cross = saddle, triangle = maximum, diamond = any other.",
    check,
    extent,
    draw,
    keys,
};

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Critical { points, kinds } = layer else { return Ok(()) };
    same("types of critical points", points.len(), kinds.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Critical { points, .. } = layer else { return };
    points.iter().for_each(|[x, y]| extent.add(*x, *y));
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Critical { points, kinds } = layer else { return };
    for ([x, y], kind) in points.iter().zip(kinds) {
        if let Some(at) = pen.place(*x, *y).filter(|at| pen.frame.grown(0.5).contains(*at)) {
            pen.shapes.extend(symbol(*kind, at));
        }
    }
}

/// Symbol with a white rim, so that it stands out from level lines and trajectories.
pub(crate) fn symbol(kind: PointKind, at: Pixel) -> Vec<Shape> {
    let [x, y] = at;
    let fill = |points: Vec<Pixel>, color| Shape::Fill { points, color, alpha: 1.0 };
    match kind {
        PointKind::Minimum => vec![
            Shape::Disc { center: at, radius: 5.6, color: WHITE },
            Shape::Disc { center: at, radius: 4.4, color: BLACK },
        ],
        PointKind::Saddle => {
            let stroke = |w: f64, h: f64, color| {
                [
                    line(vec![[x - h, y - h], [x + h, y + h]], w, color),
                    line(vec![[x - h, y + h], [x + h, y - h]], w, color),
                ]
            };
            stroke(4.6, 5.2, WHITE).into_iter().chain(stroke(2.2, 4.4, cycle(1))).collect()
        }
        PointKind::Maximum => {
            let triangle = |h: f64| vec![[x, y - h], [x + 0.9 * h, y + 0.7 * h], [x - 0.9 * h, y + 0.7 * h]];
            vec![fill(triangle(7.2), WHITE), fill(triangle(5.4), cycle(0))]
        }
        PointKind::Other => {
            let diamond = |h: f64| vec![[x, y - h], [x + h, y], [x, y + h], [x - h, y]];
            vec![fill(diamond(6.6), WHITE), fill(diamond(5.2), BLACK), fill(diamond(2.9), WHITE)]
        }
    }
}

fn name(kind: PointKind) -> &'static str {
    match kind {
        PointKind::Minimum => "minimum",
        PointKind::Saddle => "saddle",
        PointKind::Maximum => "maximum",
        PointKind::Other => "other critical point",
    }
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Critical { kinds, .. } = layer else { return Vec::new() };
    let mut present = kinds.clone();
    present.sort_unstable();
    present.dedup();
    present.into_iter().map(|kind| Key { label: name(kind).to_owned(), mark: Mark::Critical(kind) }).collect()
}
