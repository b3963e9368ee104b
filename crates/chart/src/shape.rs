//! The display list: what layers and axes leave behind, in pixels of the nominal figure (y downwards).

use crate::palette::Rgb;

/// Point in nominal pixels.
pub(crate) type Pixel = [f64; 2];

/// Line pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    Solid,
    Dashed,
    Dotted,
    DashDot,
}

impl Pattern {
    /// Lengths in nominal pixels: on, off, on, off, …; empty for an unbroken line.
    pub(crate) fn lengths(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[7.0, 4.0],
            Self::Dotted => &[1.6, 2.8],
            Self::DashDot => &[8.0, 3.0, 1.8, 3.0],
        }
    }
}

impl From<dinlab_record::figure::Dash> for Pattern {
    fn from(dash: dinlab_record::figure::Dash) -> Self {
        use dinlab_record::figure::Dash;
        match dash {
            Dash::Solid => Self::Solid,
            Dash::Dashed => Self::Dashed,
            Dash::Dotted => Self::Dotted,
        }
    }
}

/// Which part of a text sits at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One drawing instruction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// Stroked polyline.
    Path { points: Vec<Pixel>, width: f64, color: Rgb, pattern: Pattern },
    /// Filled polygon.
    Fill { points: Vec<Pixel>, color: Rgb, alpha: f64 },
    /// Filled disc.
    Disc { center: Pixel, radius: f64, color: Rgb },
    /// One line of text; `at` is on the baseline, `size` is the em, `rising` turns it by 90° to read upwards.
    Text { text: String, at: Pixel, size: f64, anchor: Anchor, rising: bool, color: Rgb },
    /// Picture of `columns` × `rows` RGB cells (top row first) stretched over a rectangle without smoothing.
    Bitmap { corner: Pixel, extent: Pixel, columns: usize, rows: usize, rgb: Vec<u8> },
}

/// Axis-parallel rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }
    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }
    pub(crate) fn contains(&self, p: Pixel) -> bool {
        p[0] >= self.left && p[0] <= self.right && p[1] >= self.top && p[1] <= self.bottom
    }
    /// Corners, clockwise from the upper left.
    pub(crate) fn corners(&self) -> Vec<Pixel> {
        vec![
            [self.left, self.top],
            [self.right, self.top],
            [self.right, self.bottom],
            [self.left, self.bottom],
        ]
    }
    /// The same rectangle grown by `margin` on every side.
    pub(crate) fn grown(&self, margin: f64) -> Self {
        Self {
            left: self.left - margin,
            top: self.top - margin,
            right: self.right + margin,
            bottom: self.bottom + margin,
        }
    }
}

/// Stroked line of two or more points.
pub(crate) fn line(points: Vec<Pixel>, width: f64, color: Rgb) -> Shape {
    Shape::Path { points, width, color, pattern: Pattern::Solid }
}
