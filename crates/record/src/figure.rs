//! Figures as plain data: what to draw, never how a backend draws it.

use serde::{Deserialize, Serialize};

use crate::real;

/// A figure: one or more panels in a grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// File stem.
    pub id: String,
    /// Title above all panels.
    pub title: String,
    /// Line below all panels: parameters and record id.
    pub caption: String,
    /// Panels per row.
    pub columns: usize,
    /// Panels in reading order.
    pub panels: Vec<Panel>,
}

/// Scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Linear.
    Linear,
    /// Logarithmic, base 10; non-positive data are left out and counted in a note, never shifted.
    Log,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Label with unit.
    pub label: String,
    /// Scale.
    pub scale: Scale,
    /// Fixed range, or from the data.
    #[serde(with = "real")]
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// Linear axis, range from the data.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, range: None }
    }
    /// Logarithmic axis, range from the data.
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Log, range: None }
    }
    /// Fixes the range.
    #[must_use]
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some([low, high]);
        self
    }
}

/// One coordinate system with its layers, drawn in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// Title of the panel, may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Layers.
    pub layers: Vec<Layer>,
    /// Same length on both axes (phase portraits).
    pub equal_aspect: bool,
}

impl Panel {
    /// An empty panel.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), x, y, layers: Vec::new(), equal_aspect: false }
    }
    /// Adds a layer.
    #[must_use]
    pub fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }
}

/// Line pattern; colours alone never carry meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dash {
    /// Unbroken.
    #[default]
    Solid,
    /// Dashed.
    Dashed,
    /// Dotted.
    Dotted,
}

/// Marker shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// Filled circle.
    #[default]
    Circle,
    /// Filled square.
    Square,
    /// Filled triangle.
    Triangle,
    /// Cross.
    Cross,
    /// Hollow circle.
    Ring,
    /// Small dot, for clouds of points.
    Dot,
}

/// Type of a critical point, drawn with its own marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointKind {
    /// Local minimum.
    Minimum,
    /// Strict saddle.
    Saddle,
    /// Local maximum.
    Maximum,
    /// Any other critical point (degenerate Hessian, nonsmooth).
    Other,
}

/// One layer of a panel. `color` indexes the colour-blind-safe palette of `chart` (0 is the first colour).
/// Empty labels stay out of the legend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "layer")]
pub enum Layer {
    /// Polyline; breaks at non-finite points.
    Curve {
        /// Legend text.
        label: String,
        /// Abscissae.
        #[serde(with = "real")]
        x: Vec<f64>,
        /// Ordinates.
        #[serde(with = "real")]
        y: Vec<f64>,
        /// Palette index.
        color: usize,
        /// Pattern.
        dash: Dash,
    },
    /// Markers, with vertical error bars where `low` and `high` are not empty.
    Points {
        /// Legend text.
        label: String,
        /// Abscissae.
        #[serde(with = "real")]
        x: Vec<f64>,
        /// Ordinates.
        #[serde(with = "real")]
        y: Vec<f64>,
        /// Lower ends, or empty.
        #[serde(with = "real")]
        low: Vec<f64>,
        /// Upper ends, or empty.
        #[serde(with = "real")]
        high: Vec<f64>,
        /// Palette index.
        color: usize,
        /// Shape.
        marker: Marker,
    },
    /// Shaded region between two curves.
    Band {
        /// Legend text; says which quantile or interval it is.
        label: String,
        /// Abscissae.
        #[serde(with = "real")]
        x: Vec<f64>,
        /// Lower curve.
        #[serde(with = "real")]
        low: Vec<f64>,
        /// Upper curve.
        #[serde(with = "real")]
        high: Vec<f64>,
        /// Palette index.
        color: usize,
    },
    /// Reference slope in log-log coordinates through `anchor`, over the span of the data or `span`.
    Slope {
        /// Legend text.
        label: String,
        /// Exponent.
        slope: f64,
        /// Point it passes through.
        anchor: [f64; 2],
        /// First and last abscissa.
        span: [f64; 2],
    },
    /// Horizontal line.
    Horizontal {
        /// Legend text.
        label: String,
        /// Ordinate.
        y: f64,
        /// Palette index.
        color: usize,
        /// Pattern.
        dash: Dash,
    },
    /// Vertical line.
    Vertical {
        /// Legend text.
        label: String,
        /// Abscissa.
        x: f64,
        /// Palette index.
        color: usize,
        /// Pattern.
        dash: Dash,
    },
    /// Level lines of a function on a grid (`values[j * nx + i]` at `x[i]`, `y[j]`).
    Contour {
        /// Grid abscissae, length nx.
        #[serde(with = "real")]
        x: Vec<f64>,
        /// Grid ordinates, length ny.
        #[serde(with = "real")]
        y: Vec<f64>,
        /// Row-major values, length nx·ny.
        #[serde(with = "real")]
        values: Vec<f64>,
        /// Levels.
        #[serde(with = "real")]
        levels: Vec<f64>,
    },
    /// Short arrows of a vector field, drawn with equal length.
    Field {
        /// Origins.
        #[serde(with = "real")]
        origins: Vec<[f64; 2]>,
        /// Directions.
        #[serde(with = "real")]
        directions: Vec<[f64; 2]>,
    },
    /// Critical points with their type.
    Critical {
        /// Positions.
        #[serde(with = "real")]
        points: Vec<[f64; 2]>,
        /// Type of each.
        kinds: Vec<PointKind>,
    },
    /// Colour map on a regular grid of cells (`values[j * nx + i]`); embedded as a bitmap.
    Map {
        /// Label of the colour bar.
        label: String,
        /// Left and right edge in axis coordinates (a log axis spaces cells logarithmically).
        x: [f64; 2],
        /// Bottom and top edge.
        y: [f64; 2],
        /// Cells per row.
        nx: usize,
        /// Rows.
        ny: usize,
        /// Row-major values; non-finite cells are drawn grey.
        #[serde(with = "real")]
        values: Vec<f64>,
        /// Values mapped to the two ends of the colour scale.
        limits: [f64; 2],
    },
    /// Map of classes on a regular grid of cells, with a legend; embedded as a bitmap.
    Classes {
        /// Name of each class, in the order of their numbers.
        labels: Vec<String>,
        /// Left and right edge in axis coordinates (a log axis spaces cells logarithmically).
        x: [f64; 2],
        /// Bottom and top edge.
        y: [f64; 2],
        /// Cells per row.
        nx: usize,
        /// Rows.
        ny: usize,
        /// Row-major numbers of classes, from 0; anything else is drawn grey.
        #[serde(with = "real")]
        classes: Vec<f64>,
    },
    /// Histogram: bar i spans `edges[i]..edges[i+1]`.
    Histogram {
        /// Legend text.
        label: String,
        /// Edges, one more than heights.
        #[serde(with = "real")]
        edges: Vec<f64>,
        /// Heights.
        #[serde(with = "real")]
        heights: Vec<f64>,
        /// Palette index.
        color: usize,
    },
}

impl Layer {
    /// A solid curve.
    pub fn curve(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>, color: usize) -> Self {
        Self::Curve { label: label.into(), x, y, color, dash: Dash::Solid }
    }
    /// A dashed curve (predictions).
    pub fn dashed(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>, color: usize) -> Self {
        Self::Curve { label: label.into(), x, y, color, dash: Dash::Dashed }
    }
    /// Circles without error bars.
    pub fn points(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>, color: usize, marker: Marker) -> Self {
        Self::Points { label: label.into(), x, y, low: Vec::new(), high: Vec::new(), color, marker }
    }
}
