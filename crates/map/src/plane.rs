//! Two axes and the cells between them.

use serde::{Deserialize, Serialize};

use crate::error::MapError;

/// An axis of a map: its cells have equal widths, on a logarithmic axis in the logarithm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Name of the number.
    pub name: String,
    /// Left or lower edge of the first cell.
    pub from: f64,
    /// Right or upper edge of the last cell.
    pub to: f64,
    /// Whether it is logarithmic.
    pub log: bool,
    /// Number of cells.
    pub cells: usize,
}

impl Axis {
    /// Checks that the edges are finite and in order, and positive on a logarithmic axis.
    ///
    /// # Errors
    /// [`MapError::Range`].
    pub fn validate(&self) -> Result<(), MapError> {
        let refuse = |expected| {
            Err(MapError::Range { axis: self.name.clone(), from: self.from, to: self.to, expected })
        };
        if !(self.from.is_finite() && self.to.is_finite() && self.from < self.to) {
            return refuse("finite numbers, the smaller one first");
        }
        if self.log && self.from <= 0.0 {
            return refuse("positive numbers on a logarithmic axis");
        }
        Ok(())
    }

    /// Value at `t` in [0, 1] of the way.
    pub fn at(&self, t: f64) -> f64 {
        match self.log {
            false => self.from + t * (self.to - self.from),
            true => (self.from.ln() + t * (self.to.ln() - self.from.ln())).exp(),
        }
    }

    /// The `t` of a value: the inverse of [`Axis::at`].
    pub fn fraction(&self, value: f64) -> f64 {
        match self.log {
            false => (value - self.from) / (self.to - self.from),
            true => (value / self.from).ln() / (self.to / self.from).ln(),
        }
    }

    /// Centre of cell `i`.
    pub fn centre(&self, i: usize) -> f64 {
        self.at((i as f64 + 0.5) / self.cells as f64)
    }

    /// Both edges.
    pub fn edges(&self) -> [f64; 2] {
        [self.from, self.to]
    }
}

/// A plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plane {
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
}

/// Most cells of a plane: two gigabytes in each of its lists.
pub const MOST_CELLS: u64 = 1 << 28;

impl Plane {
    /// Checks axes and the number of cells.
    ///
    /// # Errors
    /// [`MapError::Range`], [`MapError::SameAxis`], [`MapError::Cells`].
    pub fn validate(&self) -> Result<(), MapError> {
        self.x.validate()?;
        self.y.validate()?;
        if self.x.name == self.y.name {
            return Err(MapError::SameAxis { axis: self.x.name.clone() });
        }
        let (columns, rows) = (self.x.cells, self.y.cells);
        match (columns as u64).checked_mul(rows as u64) {
            Some(1..=MOST_CELLS) => Ok(()),
            _ => Err(MapError::Cells { columns, rows, most: MOST_CELLS }),
        }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.x.cells * self.y.cells
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Centre of a cell.
    pub fn centre(&self, cell: usize) -> [f64; 2] {
        [self.x.centre(cell % self.x.cells), self.y.centre(cell / self.x.cells)]
    }

    /// Point at fractions of both axes.
    pub fn at(&self, t: [f64; 2]) -> [f64; 2] {
        [self.x.at(t[0]), self.y.at(t[1])]
    }

    /// Fractions of both axes at the centre of a cell.
    pub fn fractions(&self, cell: usize) -> [f64; 2] {
        let part = |i: usize, n: usize| (i as f64 + 0.5) / n as f64;
        [part(cell % self.x.cells, self.x.cells), part(cell / self.x.cells, self.y.cells)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, from: f64, to: f64, log: bool, cells: usize) -> Axis {
        Axis { name: name.into(), from, to, log, cells }
    }

    #[test]
    fn centres_lie_between_the_edges() {
        let log = axis("a", 1.0, 100.0, true, 2);
        assert!(
            (log.centre(0) - 10_f64.sqrt()).abs() < 1e-12
                && (log.centre(1) / log.centre(0) - 10.0).abs() < 1e-12
        );
        let plane = Plane { x: axis("x", -1.0, 1.0, false, 4), y: axis("y", 0.0, 3.0, false, 3) };
        assert_eq!((plane.len(), plane.centre(5), plane.fractions(5)), (12, [-0.25, 1.5], [0.375, 0.5]));
    }

    #[test]
    fn bad_axes_are_refused() {
        for (from, to, log) in [
            (1.0, 1.0, false),
            (2.0, 1.0, false),
            (0.0, 1.0, true),
            (f64::NAN, 1.0, false),
            (0.0, f64::INFINITY, false),
        ] {
            assert!(axis("a", from, to, log, 3).validate().is_err(), "{from} {to}");
        }
        let good = axis("a", 1.0, 2.0, false, 3);
        let same = Plane { x: good.clone(), y: good.clone() };
        assert!(matches!(same.validate(), Err(MapError::SameAxis { .. })));
        let empty = Plane { x: axis("b", 0.0, 1.0, false, 0), y: good.clone() };
        assert!(matches!(empty.validate(), Err(MapError::Cells { .. })));
        let huge = Plane { x: axis("b", 0.0, 1.0, false, usize::MAX), y: good };
        assert!(matches!(huge.validate(), Err(MapError::Cells { .. })));
    }
}
