//! Maps of classes (basins, kinds of instability), drawn as a bitmap with one entry of the legend per class.

use dinlab_record::figure::Layer;

use super::{map::bitmap, same, Key, Kind, Mark, Pen};
use crate::palette::{area, MISSING};
use crate::scale::Extent;
use crate::ChartError;

pub(crate) const KIND: Kind = Kind {
    name: "classes",
    sentence: "Classes of two parameters as areas on a grid, with a legend; cells without a class are grey.",
    check,
    extent,
    draw,
    keys,
};

fn check(layer: &Layer) -> Result<(), ChartError> {
    let Layer::Classes { nx, ny, classes, .. } = layer else { return Ok(()) };
    same("cells of a map of classes", nx.saturating_mul(*ny), classes.len())
}

fn extent(layer: &Layer, extent: &mut Extent) {
    let Layer::Classes { x, y, .. } = layer else { return };
    x.iter().for_each(|v| extent.x.add_edge(*v));
    y.iter().for_each(|v| extent.y.add_edge(*v));
}

/// Number of the class a cell holds.
fn class(labels: &[String], value: f64) -> Option<usize> {
    (0..labels.len()).find(|i| *i as f64 == value)
}

fn draw(layer: &Layer, pen: &mut Pen) {
    let Layer::Classes { labels, x, y, nx, ny, classes } = layer else { return };
    bitmap(pen, [*x, *y], [*nx, *ny], &|cell| class(labels, classes[cell]).map_or(MISSING, area));
}

fn keys(layer: &Layer) -> Vec<Key> {
    let Layer::Classes { labels, classes, .. } = layer else { return Vec::new() };
    let present = |i: &usize| classes.contains(&(*i as f64));
    let key = |i: usize| Key::one(&labels[i], Mark::Area { color: area(i), alpha: 1.0 });
    (0..labels.len()).filter(present).flat_map(key).collect()
}
