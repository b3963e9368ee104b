//! Horizontal and vertical lines.

use dinlab_record::figure::Layer;

use super::{Key, Kind, Mark, Pen};
use crate::palette::cycle;
use crate::scale::Extent;

pub(crate) const HORIZONTAL: Kind = Kind {
    name: "horizontal",
    sentence: "A horizontal line: a bound or a predicted value.",
    check: |_| Ok(()),
    extent,
    draw,
    keys,
};

pub(crate) const VERTICAL: Kind = Kind {
    name: "vertical",
    sentence: "A vertical line: a threshold or the moment of an event.",
    check: |_| Ok(()),
    extent,
    draw,
    keys,
};

fn extent(layer: &Layer, extent: &mut Extent) {
    match layer {
        Layer::Horizontal { y, .. } => extent.y.add(*y),
        Layer::Vertical { x, .. } => extent.x.add(*x),
        _ => {}
    }
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let frame = pen.frame;
    let (ends, color, dash) = match layer {
        Layer::Horizontal { y, color, dash, .. } => {
            (pen.y.pixel(*y).map(|y| [[frame.left, y], [frame.right, y]]), color, dash)
        }
        Layer::Vertical { x, color, dash, .. } => {
            (pen.x.pixel(*x).map(|x| [[x, frame.bottom], [x, frame.top]]), color, dash)
        }
        _ => return,
    };
    if let Some(ends) = ends {
        pen.stroke(&[ends.to_vec()], 1.4, cycle(*color), (*dash).into());
    }
}

fn keys(layer: &Layer) -> Vec<Key> {
    match layer {
        Layer::Horizontal { label, color, dash, .. } | Layer::Vertical { label, color, dash, .. } => {
            Key::one(label, Mark::Line { color: cycle(*color), pattern: (*dash).into(), marker: None })
        }
        _ => Vec::new(),
    }
}
