//! Draws [`dinlab_record::figure::Figure`] as SVG and PNG. No mathematics beyond what drawing
//! needs: a figure arrives as plain data and leaves as a file, the same bytes for the same figure.
//!
//! ```
//! use dinlab_record::figure::{Axis, Figure, Layer, Panel};
//! let x: Vec<f64> = (0..100).map(|i| 0.1 * f64::from(i)).collect();
//! let y = x.iter().map(|x| (-x).exp()).collect();
//! let panel = Panel::new("decay", Axis::linear("t"), Axis::log("J")).with(Layer::curve("exp(−t)", x, y, 0));
//! let figure =
//!     Figure { id: "decay".into(), title: String::new(), caption: "example".into(), columns: 1, panels: vec![panel] };
//! assert!(dinlab_chart::svg(&figure)?.contains("exp(−t)"));
//! # Ok::<(), dinlab_chart::ChartError>(())
//! ```

mod axes;
mod clip;
mod font;
mod layer;
mod layout;
mod legend;
mod paint;
mod palette;
mod panel;
#[cfg(feature = "pdf")]
mod pdf;
mod scale;
mod shape;
mod ticks;

pub use layout::{png, svg};
#[cfg(feature = "pdf")]
pub use pdf::pdf;

/// Kinds of layers that can be drawn: name in records, and what it shows.
pub const KINDS: &[(&str, &str)] = &kinds();

const fn kinds() -> [(&'static str, &'static str); layer::ALL.len()] {
    let mut kinds = [("", ""); layer::ALL.len()];
    let mut i = 0;
    while i < kinds.len() {
        kinds[i] = (layer::ALL[i].name, layer::ALL[i].sentence);
        i += 1;
    }
    kinds
}

/// Why a figure cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// A figure without panels.
    #[error("figure {id:?} has no panels")]
    NoPanels {
        /// Figure.
        id: String,
    },
    /// More panels than one file can reasonably hold.
    #[error("figure {id:?} has {found} panels; at most {limit} can be drawn in one file")]
    TooManyPanels {
        /// Figure.
        id: String,
        /// Panels it has.
        found: usize,
        /// Panels that are drawn.
        limit: usize,
    },
    /// Two lists that belong together have different lengths.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Length it should have.
        expected: usize,
        /// Length it has.
        found: usize,
    },
    /// The embedded font could not be read.
    #[error("the embedded font cannot be read")]
    Font,
    /// The drawing library failed.
    #[error("drawing {backend} failed: {reason}")]
    Backend {
        /// Format.
        backend: &'static str,
        /// What it reports.
        reason: String,
    },
}
