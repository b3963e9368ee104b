//! The reductions: what is counted, compared and summed. All of it is whole numbers, extremes and exact sums, so that the result
//! depends on the set of rows alone: not on their order, nor on how they were divided among threads, ranks or shards.

use dinlab_numeric::ExactSum;

use super::{
    bytes::{Bytes, Cursor},
    spec::{Bins, Side},
};
use crate::{axes::Grid, job::Ending};

/// Least and largest finite number seen, and the first cells where they were.
#[derive(Debug, Clone, PartialEq)]
pub struct Extreme {
    /// Least number, +∞ for none.
    pub least: f64,
    /// Its cell.
    pub least_cell: u64,
    /// Largest number, −∞ for none.
    pub largest: f64,
    /// Its cell.
    pub largest_cell: u64,
    /// Numbers that are not finite.
    pub not_finite: u64,
}

impl Default for Extreme {
    fn default() -> Self {
        Self {
            least: f64::INFINITY,
            least_cell: u64::MAX,
            largest: f64::NEG_INFINITY,
            largest_cell: u64::MAX,
            not_finite: 0,
        }
    }
}

impl Extreme {
    fn add(&mut self, x: f64, cell: u64) {
        if !x.is_finite() {
            self.not_finite += 1;
            return;
        }
        if x < self.least || (x == self.least && cell < self.least_cell) {
            (self.least, self.least_cell) = (x, cell);
        }
        if x > self.largest || (x == self.largest && cell < self.largest_cell) {
            (self.largest, self.largest_cell) = (x, cell);
        }
    }

    fn merge(&mut self, other: &Self) {
        let not_finite = self.not_finite + other.not_finite;
        self.add(other.least, other.least_cell);
        self.add(other.largest, other.largest_cell);
        self.not_finite = not_finite;
    }
}

/// Rows, endings, and the extremes of every column.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Number of rows.
    pub rows: u64,
    /// Number of each ending, in the order of [`Ending::ALL`].
    pub endings: [u64; 6],
    /// One for each column.
    pub extremes: Vec<Extreme>,
}

impl Totals {
    pub(super) fn new(columns: usize) -> Self {
        Self { rows: 0, endings: [0; 6], extremes: vec![Extreme::default(); columns] }
    }

    pub(super) fn add(&mut self, row: &[f64], status: Option<usize>, cell: u64) {
        self.rows += 1;
        row.iter().zip(&mut self.extremes).for_each(|(x, extreme)| extreme.add(*x, cell));
        if let Some(ending) = status.and_then(|i| Ending::from_code(row[i])) {
            self.endings[ending as usize] += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.endings.iter_mut().zip(other.endings).for_each(|(n, m)| *n += m);
        self.extremes.iter_mut().zip(&other.extremes).for_each(|(e, f)| e.merge(f));
    }

    pub(super) fn put(&self, to: &mut Bytes) {
        to.whole(self.rows);
        to.wholes(&self.endings);
        for e in &self.extremes {
            to.real(e.least);
            to.whole(e.least_cell);
            to.real(e.largest);
            to.wholes(&[e.largest_cell, e.not_finite]);
        }
    }

    pub(super) fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        self.rows = from.whole()?;
        from.fill(&mut self.endings)?;
        for e in &mut self.extremes {
            (e.least, e.least_cell) = (from.real()?, from.whole()?);
            (e.largest, e.largest_cell, e.not_finite) = (from.real()?, from.whole()?, from.whole()?);
        }
        Some(())
    }
}

/// How often a column is in each bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The bins.
    pub bins: Bins,
    pub(super) column: usize,
    /// Numbers in each bin.
    pub counts: Vec<u64>,
    /// Numbers below the first bin.
    pub below: u64,
    /// Numbers at the end of the last bin and above.
    pub above: u64,
    /// NaN.
    pub not_a_number: u64,
}

impl Histogram {
    pub(super) fn new(bins: Bins, column: usize) -> Self {
        let counts = vec![0; bins.count];
        Self { bins, column, counts, below: 0, above: 0, not_a_number: 0 }
    }

    pub(super) fn add(&mut self, x: f64) {
        match self.bins.place(x) {
            Some(bin) => self.counts[bin] += 1,
            None if x.is_nan() => self.not_a_number += 1,
            None if x < self.bins.low => self.below += 1,
            None => self.above += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(n, m)| *n += m);
        self.below += other.below;
        self.above += other.above;
        self.not_a_number += other.not_a_number;
    }

    pub(super) fn put(&self, to: &mut Bytes) {
        to.wholes(&self.counts);
        to.wholes(&[self.below, self.above, self.not_a_number]);
    }

    pub(super) fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        from.fill(&mut self.counts)?;
        (self.below, self.above, self.not_a_number) = (from.whole()?, from.whole()?, from.whole()?);
        Some(())
    }
}

/// Where a row lies along a direction of a plane.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Track {
    /// Number of the axis, and its values.
    Axis(usize, Vec<f64>),
    /// Number of the column, and its bins.
    Bins(usize, Bins),
}

impl Track {
    fn count(&self) -> usize {
        match self {
            Self::Axis(_, values) => values.len(),
            Self::Bins(_, bins) => bins.count,
        }
    }

    fn place(&self, row: &[f64], cell: u64, grid: &Grid) -> Option<usize> {
        match self {
            Self::Axis(axis, _) => Some(grid.place(cell, *axis) as usize),
            Self::Bins(column, bins) => bins.place(row[*column]),
        }
    }

    /// The value of an axis; the middle of a bin.
    fn value(&self, i: usize) -> f64 {
        match self {
            Self::Axis(_, values) => values[i],
            Self::Bins(_, bins) => bins.edge(i) + (bins.edge(i + 1) - bins.edge(i)) / 2.0,
        }
    }
}

/// What is known of a column in one place of a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Finite numbers.
    pub count: u64,
    /// Others.
    pub not_finite: u64,
    /// Least finite number, +∞ for none.
    pub least: f64,
    /// Largest finite number, −∞ for none.
    pub largest: f64,
    sum: ExactSum,
    /// Numbers too large for the sum: then there is no mean.
    large: u64,
}

impl Default for Spot {
    fn default() -> Self {
        let sum = ExactSum::default();
        Self { count: 0, not_finite: 0, least: f64::INFINITY, largest: f64::NEG_INFINITY, sum, large: 0 }
    }
}

impl Spot {
    fn add(&mut self, x: f64) {
        if !x.is_finite() {
            self.not_finite += 1;
            return;
        }
        self.count += 1;
        self.span(x, x);
        match x.abs() <= ExactSum::LARGEST {
            true => self.sum.add(x),
            false => self.large += 1,
        }
    }

    /// Widens the range. Of two zeros the least is −0 and the largest +0, whichever came first.
    fn span(&mut self, low: f64, high: f64) {
        if low < self.least || (low == self.least && low.is_sign_negative()) {
            self.least = low;
        }
        if high > self.largest || (high == self.largest && high.is_sign_positive()) {
            self.largest = high;
        }
    }

    /// The mean of the finite numbers, from their exact sum; NaN for none, and where a number was larger than
    /// [`ExactSum::LARGEST`].
    pub fn mean(&self) -> f64 {
        match self.large == 0 {
            true => self.sum.value() / self.count as f64,
            false => f64::NAN,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.not_finite += other.not_finite;
        self.span(other.least, other.largest);
        self.sum.merge(&other.sum);
        self.large += other.large;
    }

    fn put(&self, to: &mut Bytes) {
        let sum = self.sum.canonical();
        to.wholes(&[self.count, self.not_finite, self.large, sum.len() as u64]);
        [self.least, self.largest].iter().chain(&sum).for_each(|x| to.real(*x));
    }

    fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        let parts;
        (self.count, self.not_finite, self.large, parts) =
            (from.whole()?, from.whole()?, from.whole()?, from.whole()?);
        (self.least, self.largest) = (from.real()?, from.real()?);
        (0..parts).try_for_each(|_| from.real().map(|x| self.sum.add(x)))
    }
}

/// Count, mean, least and largest of a column over two directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// The directions as they were asked for.
    pub sides: [Side; 2],
    /// The column's name.
    pub name: String,
    pub(super) tracks: [Track; 2],
    pub(super) column: usize,
    /// Rows of values of the first direction, the second one varying fastest.
    pub spots: Vec<Spot>,
    /// Rows that lie in no bin.
    pub outside: u64,
}

impl Plane {
    pub(super) fn new(sides: [Side; 2], tracks: [Track; 2], name: String, column: usize) -> Self {
        let spots = vec![Spot::default(); tracks[0].count() * tracks[1].count()];
        Self { sides, name, tracks, column, spots, outside: 0 }
    }

    /// Numbers of places along the two directions.
    pub fn shape(&self) -> [usize; 2] {
        [self.tracks[0].count(), self.tracks[1].count()]
    }

    /// Values of an axis, middles of bins.
    pub fn values(&self, direction: usize) -> Vec<f64> {
        let track = &self.tracks[direction];
        (0..track.count()).map(|i| track.value(i)).collect()
    }

    pub(super) fn add(&mut self, row: &[f64], cell: u64, grid: &Grid) {
        let [x, y] = [0, 1].map(|side: usize| self.tracks[side].place(row, cell, grid));
        match (x, y) {
            (Some(x), Some(y)) => self.spots[x * self.tracks[1].count() + y].add(row[self.column]),
            _ => self.outside += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.outside += other.outside;
        self.spots.iter_mut().zip(&other.spots).for_each(|(s, t)| s.merge(t));
    }

    pub(super) fn put(&self, to: &mut Bytes) {
        to.whole(self.outside);
        self.spots.iter().for_each(|spot| spot.put(to));
    }

    pub(super) fn take(&mut self, from: &mut Cursor<'_>) -> Option<()> {
        self.outside = from.whole()?;
        self.spots.iter_mut().try_for_each(|spot| spot.take(from))
    }
}
