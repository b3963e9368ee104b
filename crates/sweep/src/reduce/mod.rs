//! Rows reduced as they come: totals and extremes, histograms, planes. Memory does not grow with the number of cells.

mod bytes;
mod parts;
pub(crate) mod run;
mod spec;
mod tally;

pub use parts::{Extreme, Histogram, Plane, Spot, Totals};
pub use spec::{Bins, Reduce, Side};
pub use tally::Tally;

use crate::{axes::Grid, error::SweepError, plan::bad};
use bytes::{Bytes, Cursor};
use parts::Track;

/// Most places of all planes of a sweep: about 100 MB.
const MOST_SPOTS: u64 = 1 << 20;

/// The rows of a sweep, reduced.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduction {
    columns: Vec<String>,
    status: Option<usize>,
    grid: Grid,
    /// Rows, endings, extremes.
    pub totals: Totals,
    /// Histograms, in the order they were asked for.
    pub histograms: Vec<Histogram>,
    /// Planes, in the order they were asked for.
    pub planes: Vec<Plane>,
}

impl Reduction {
    /// Of no rows yet. `columns` are the names of the numbers of a row, the axes of `grid` first.
    ///
    /// # Errors
    /// [`SweepError::Plan`]: a column that there is not, an axis without values of its own, planes of too many places.
    pub fn new(columns: Vec<String>, grid: &Grid, wanted: &[Reduce]) -> Result<Self, SweepError> {
        let mut all = Self {
            status: columns.iter().position(|name| name == "status"),
            totals: Totals::new(columns.len()),
            grid: grid.clone(),
            columns,
            histograms: Vec::new(),
            planes: Vec::new(),
        };
        let mut spots = 0_u64;
        for one in wanted {
            match one {
                Reduce::Extremes => {}
                Reduce::Histogram(bins) => {
                    let column = all.column(&bins.column, one)?;
                    all.histograms.push(Histogram::new(bins.clone(), column));
                }
                Reduce::Grid { x, y, column } => {
                    let tracks = [all.track(x, one)?, all.track(y, one)?];
                    let number = all.column(column, one)?;
                    let size = all.places(x).saturating_mul(all.places(y));
                    spots = spots.saturating_add(size);
                    if spots > MOST_SPOTS {
                        let reason = format!(
                            "`{one}`: {spots} places in all, expected at most {MOST_SPOTS}; bins make fewer"
                        );
                        return Err(bad("reduce", reason));
                    }
                    all.planes.push(Plane::new([x.clone(), y.clone()], tracks, column.clone(), number));
                }
            }
        }
        Ok(all)
    }

    fn column(&self, name: &str, wanted: &Reduce) -> Result<usize, SweepError> {
        self.columns.iter().position(|known| known == name).ok_or_else(|| {
            let known = self.columns.join(", ");
            bad("reduce", format!("`{wanted}`: there is no column {name}; expected one of {known}"))
        })
    }

    fn places(&self, side: &Side) -> u64 {
        match side {
            Side::Bins(bins) => bins.count as u64,
            Side::Axis(name) => {
                let axis = self.columns.iter().position(|known| known == name);
                axis.and_then(|axis| self.grid.count(axis)).unwrap_or(0)
            }
        }
    }

    fn track(&self, side: &Side, wanted: &Reduce) -> Result<Track, SweepError> {
        match side {
            Side::Bins(bins) => Ok(Track::Bins(self.column(&bins.column, wanted)?, bins.clone())),
            Side::Axis(name) => {
                let column = self.column(name, wanted)?;
                let few = self.grid.count(column).filter(|count| *count <= MOST_SPOTS);
                let values = few.and_then(|_| self.grid.axis_values(column));
                values.map(|values| Track::Axis(column, values)).ok_or_else(|| {
                    let reason = format!(
                        "`{wanted}`: {name} is no axis with at most {MOST_SPOTS} values of its own; give bins: {name}/LOW/HIGH/BINS"
                    );
                    bad("reduce", reason)
                })
            }
        }
    }

    /// Names of the numbers of a row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Values of the axes in a cell.
    pub fn axes(&self, cell: u64) -> Vec<f64> {
        let mut values = Vec::new();
        self.grid.values(cell, &mut values);
        values
    }

    /// Adds the rows of consecutive cells.
    pub fn add(&mut self, first: u64, rows: &[f64]) {
        for (cell, row) in (first..).zip(rows.chunks(self.columns.len())) {
            self.totals.add(row, self.status, cell);
            for histogram in &mut self.histograms {
                histogram.add(row[histogram.column]);
            }
            for plane in &mut self.planes {
                plane.add(row, cell, &self.grid);
            }
        }
    }

    /// Adds what another one of the same plan has seen.
    pub fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        self.histograms.iter_mut().zip(&other.histograms).for_each(|(h, k)| h.merge(k));
        self.planes.iter_mut().zip(&other.planes).for_each(|(p, q)| p.merge(q));
    }

    fn put(&self, to: &mut Bytes) {
        self.totals.put(to);
        self.histograms.iter().for_each(|histogram| histogram.put(to));
        self.planes.iter().for_each(|plane| plane.put(to));
    }

    /// `None` where the bytes do not fit.
    fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        self.totals.take(from)?;
        self.histograms.iter_mut().try_for_each(|histogram| histogram.take(from))?;
        self.planes.iter_mut().try_for_each(|plane| plane.take(from))
    }
}
