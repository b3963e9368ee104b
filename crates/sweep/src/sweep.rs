//! A plan, or a shard of it, run into a file of rows.

use std::{ops::Range, path::Path, sync::atomic::AtomicBool};

use crate::{
    error::SweepError,
    plan::Resolved,
    run::{chunk_size, run_range, Sink},
    store::{Header, Writer},
};

impl Resolved {
    /// Names of the numbers of a row of the result: the axes, then [`crate::Job::columns`].
    pub fn columns(&self) -> Vec<String> {
        let names = self.grid.names().iter().cloned();
        // A start on an axis is not the end in the result.
        let axis = |name: String| if name.starts_with("theta_") { format!("start_{name}") } else { name };
        names.map(axis).chain(self.job.columns()).collect()
    }

    /// Cells of shard `index` of `count` (from 0): whole chunks, as equal in number as can be.
    pub fn shard(&self, index: u64, count: u64) -> Range<u64> {
        let (cells, size) = (self.grid.cells(), chunk_size(&self.job));
        let chunks = u128::from(cells.div_ceil(size));
        let start = |i: u64| {
            let chunk = (chunks * u128::from(i) / u128::from(count)) as u64;
            chunk.saturating_mul(size).min(cells)
        };
        start(index)..start(index + 1)
    }

    /// Runs the cells and hands the rows of the result to `sink`, chunk by chunk in order.
    ///
    /// # Errors
    /// As [`run_range`].
    pub fn run(&self, cells: Range<u64>, stop: &AtomicBool, sink: &mut Sink<'_>) -> Result<(), SweepError> {
        run_range(&self.job, cells, &self.grid, stop, &mut |first, rows| {
            sink(first, &self.with_axes(first, rows))
        })
    }

    /// The rows of consecutive cells with the values of the axes before them.
    pub(crate) fn with_axes(&self, first: u64, rows: &[f64]) -> Vec<f64> {
        let width = self.job.columns().len();
        let mut all = Vec::with_capacity(rows.len() / width * (width + self.grid.names().len()));
        for (cell, row) in (first..).zip(rows.chunks(width)) {
            self.grid.values(cell, &mut all);
            all.extend_from_slice(row);
        }
        all
    }

    /// The header of a file with these cells.
    pub fn header(&self, cells: &Range<u64>) -> Header {
        Header::new(&self.plan, self.columns(), self.grid.cells(), (cells.start, cells.end))
    }

    /// Runs the cells into the file of rows at `path`, from where the file stops if `resume` is set and it is there.
    /// `progress` is told the number of cells that are done.
    ///
    /// # Errors
    /// As [`Resolved::run`] and [`Writer`]. Whatever the error, the rows handed to the file before it are kept.
    pub fn run_into(
        &self,
        path: &Path,
        cells: Range<u64>,
        resume: bool,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SweepError> {
        let header = self.header(&cells);
        let mut writer = match resume && path.exists() {
            true => Writer::resume(path, &header)?,
            false => Writer::create(path, &header)?,
        };
        progress(writer.next() - cells.start);
        let left = writer.next()..cells.end;
        let ended = self.run(left, stop, &mut |_, rows| {
            writer.append(rows)?;
            progress(writer.next() - cells.start);
            Ok(())
        });
        // Also after an interruption: what is finished must reach the disk.
        let kept = writer.finish();
        ended.and(kept)
    }
}
