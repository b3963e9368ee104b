//! How each kind of layer is drawn: one file a kind, each with the same five functions.

mod band;
mod classes;
mod contour;
mod critical;
mod curve;
mod field;
mod histogram;
mod lines;
mod map;
mod points;
mod slope;

pub(crate) use critical::symbol;

use dinlab_record::figure::{Layer, Marker, PointKind, Scale};

use crate::clip;
use crate::palette::{Rgb, WHITE};
use crate::scale::{Extent, Span};
use crate::shape::{Pattern, Pixel, Rect, Shape};
use crate::ChartError;

/// A kind of layer.
pub(crate) struct Kind {
    /// Its name in records.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub sentence: &'static str,
    /// Refuses lists whose lengths do not belong together.
    pub check: fn(&Layer) -> Result<(), ChartError>,
    /// Tells the axes what has to fit.
    pub extent: fn(&Layer, &mut Extent),
    /// Leaves shapes.
    pub draw: fn(&Layer, &mut Pen),
    /// Entries of the legend.
    pub keys: fn(&Layer) -> Vec<Key>,
}

/// All kinds, in the order of the record's enum.
pub(crate) const ALL: &[&Kind] = &[
    &curve::KIND,
    &points::KIND,
    &band::KIND,
    &slope::KIND,
    &lines::HORIZONTAL,
    &lines::VERTICAL,
    &contour::KIND,
    &field::KIND,
    &critical::KIND,
    &map::KIND,
    &classes::KIND,
    &histogram::KIND,
];

/// The kind of a layer; the match makes a new layer of the record impossible to forget.
pub(crate) fn kind(layer: &Layer) -> &'static Kind {
    match layer {
        Layer::Curve { .. } => &curve::KIND,
        Layer::Points { .. } => &points::KIND,
        Layer::Band { .. } => &band::KIND,
        Layer::Slope { .. } => &slope::KIND,
        Layer::Horizontal { .. } => &lines::HORIZONTAL,
        Layer::Vertical { .. } => &lines::VERTICAL,
        Layer::Contour { .. } => &contour::KIND,
        Layer::Field { .. } => &field::KIND,
        Layer::Critical { .. } => &critical::KIND,
        Layer::Map { .. } => &map::KIND,
        Layer::Classes { .. } => &classes::KIND,
        Layer::Histogram { .. } => &histogram::KIND,
    }
}

/// What a legend shows beside a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// Short line, with a marker in its middle where several curves share a pattern.
    Line { color: Rgb, pattern: Pattern, marker: Option<Marker> },
    /// Marker alone, with an error bar.
    Point { color: Rgb, marker: Marker, bar: bool },
    /// Coloured area.
    Area { color: Rgb, alpha: f64 },
    /// Critical point.
    Critical(PointKind),
}

/// An entry of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub label: String,
    pub mark: Mark,
}

impl Key {
    /// One entry, none if the label is empty.
    pub(crate) fn one(label: &str, mark: Mark) -> Vec<Self> {
        let label = crate::font::clean(label);
        if label.is_empty() {
            Vec::new()
        } else {
            vec![Self { label, mark }]
        }
    }
}

/// What a layer draws with: the axes, the frame, and the list it adds to.
pub(crate) struct Pen {
    pub x: Span,
    pub y: Span,
    pub frame: Rect,
    /// Curves carry sparse markers, because a pattern alone does not tell them apart.
    pub marked: bool,
    /// Lines have a white rim, to stand out from a colour map.
    pub halo: bool,
    /// Everything drawn so far.
    pub shapes: Vec<Shape>,
    /// Points that a logarithmic axis cannot show.
    pub hidden: usize,
}

impl Pen {
    /// Position of a point; `None` for non-finite ones and for those a logarithmic axis cannot show, which are counted.
    pub(crate) fn place(&mut self, x: f64, y: f64) -> Option<Pixel> {
        let at = self.x.pixel(x).zip(self.y.pixel(y)).map(|(x, y)| [x, y]);
        let unshown = |span: &Span, v: f64| span.scale == Scale::Log && v <= 0.0;
        if at.is_none() && !x.is_nan() && !y.is_nan() && (unshown(&self.x, x) || unshown(&self.y, y)) {
            self.hidden += 1;
        }
        at
    }

    /// Polylines through the points, broken where one cannot be placed.
    pub(crate) fn runs(&mut self, x: &[f64], y: &[f64]) -> Vec<Vec<Pixel>> {
        let mut runs = Vec::new();
        let mut current = Vec::new();
        for (x, y) in x.iter().zip(y) {
            match self.place(*x, *y) {
                Some(point) => current.push(point),
                None if current.is_empty() => {}
                None => runs.push(std::mem::take(&mut current)),
            }
        }
        if !current.is_empty() {
            runs.push(current);
        }
        runs
    }

    /// Strokes a polyline, cut at the frame and thinned.
    pub(crate) fn stroke(&mut self, runs: &[Vec<Pixel>], width: f64, color: Rgb, pattern: Pattern) {
        let pieces = runs.iter().flat_map(|run| clip::polyline(&self.frame, run)).collect();
        for points in clip::thin_all(pieces) {
            if self.halo {
                let rim = Shape::Path {
                    points: points.clone(),
                    width: width + 2.2,
                    color: WHITE,
                    pattern: Pattern::Solid,
                };
                self.shapes.push(rim);
            }
            self.shapes.push(Shape::Path { points, width, color, pattern });
        }
    }

    /// Fills a polygon, cut at the frame.
    pub(crate) fn fill(&mut self, points: &[Pixel], color: Rgb, alpha: f64) {
        let points = clip::polygon(&self.frame, points);
        if points.len() > 2 {
            self.shapes.push(Shape::Fill { points, color, alpha });
        }
    }
}

/// Shapes of a marker of radius about `r`.
pub(crate) fn marker(kind: Marker, at: Pixel, r: f64, color: Rgb) -> Vec<Shape> {
    let [x, y] = at;
    let polygon = |points: Vec<Pixel>| vec![Shape::Fill { points, color, alpha: 1.0 }];
    match kind {
        Marker::Circle => vec![Shape::Disc { center: at, radius: r, color }],
        Marker::Dot => vec![Shape::Disc { center: at, radius: 0.35 * r, color }],
        Marker::Ring => vec![
            Shape::Disc { center: at, radius: r + 0.5, color },
            Shape::Disc { center: at, radius: r - 0.9, color: WHITE },
        ],
        Marker::Square => {
            let h = 0.88 * r;
            polygon(vec![[x - h, y - h], [x + h, y - h], [x + h, y + h], [x - h, y + h]])
        }
        Marker::Triangle => {
            let h = 1.15 * r;
            polygon(vec![[x, y - h], [x + 0.9 * h, y + 0.65 * h], [x - 0.9 * h, y + 0.65 * h]])
        }
        Marker::Cross => {
            let h = 0.85 * r;
            let stroke = |a: Pixel, b: Pixel| crate::shape::line(vec![a, b], 1.6, color);
            vec![stroke([x - h, y - h], [x + h, y + h]), stroke([x - h, y + h], [x + h, y - h])]
        }
    }
}

/// Error where two lists that belong together differ in length.
pub(crate) fn same(what: &'static str, expected: usize, found: usize) -> Result<(), ChartError> {
    if expected == found {
        Ok(())
    } else {
        Err(ChartError::Length { what, expected, found })
    }
}
