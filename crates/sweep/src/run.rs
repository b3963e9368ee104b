//! Chunks of cells over the threads, results in the order of the cells.

use std::{ops::Range, sync::atomic::AtomicBool};

use rayon::prelude::*;

use crate::{
    engine::run_chunk,
    error::SweepError,
    job::{Algorithm, Cells, Job},
};

/// Cells that a thread runs at a time: a power of two from 64 to 8192, so that a chunk takes milliseconds to tenths of a
/// second. It follows from the job alone.
pub fn chunk_size(job: &Job) -> u64 {
    match &job.algorithm {
        Algorithm::Flow { .. } => 1024,
        Algorithm::Method { steps, .. } => {
            let fitting = ((1_u64 << 23) / (*steps).max(1)).clamp(64, 8192);
            1 << fitting.ilog2()
        }
    }
}

/// Runs a list of cells on rayon's current pool and returns their rows one after the other, `job.columns().len()` numbers
/// each. Everything is kept in memory: 8 bytes a number.
///
/// # Errors
/// As [`run_chunk`]; of several cells that cannot be run, the first is named.
pub fn run_list(
    job: &Job,
    cells: &[u64],
    source: &dyn Cells,
    stop: &AtomicBool,
) -> Result<Vec<f64>, SweepError> {
    job.validate()?;
    let size = chunk_size(job) as usize;
    let chunk = |cells: &[u64]| {
        let mut rows = Vec::new();
        run_chunk(job, cells, source, stop, &mut rows).map(|()| rows)
    };
    let parts: Vec<Result<Vec<f64>, SweepError>> = cells.par_chunks(size).map(chunk).collect();
    let mut all = Vec::with_capacity(cells.len() * job.columns().len());
    for part in parts {
        all.append(&mut part?);
    }
    Ok(all)
}

/// Takes the number of the first cell of a chunk and the rows of the chunk.
pub type Sink<'a> = dyn FnMut(u64, &[f64]) -> Result<(), SweepError> + 'a;

/// Runs the cells of a range on rayon's current pool and hands the rows of one chunk after the other, in order, to `sink`
/// with the number of its first cell. Memory does not grow with the range.
///
/// # Errors
/// As [`run_chunk`], or what `sink` returns; what was handed to `sink` before is all there is up to some cell.
pub fn run_range(
    job: &Job,
    cells: Range<u64>,
    source: &dyn Cells,
    stop: &AtomicBool,
    sink: &mut Sink<'_>,
) -> Result<(), SweepError> {
    job.validate()?;
    let size = chunk_size(job);
    let wave = size * 8 * rayon::current_num_threads() as u64;
    let mut first = cells.start;
    while first < cells.end {
        let end = first.saturating_add(wave).min(cells.end);
        let starts: Vec<u64> = (first..end).step_by(size as usize).collect();
        let chunk = |&start: &u64| {
            let list: Vec<u64> = (start..start.saturating_add(size).min(end)).collect();
            let mut rows = Vec::new();
            run_chunk(job, &list, source, stop, &mut rows).map(|()| rows)
        };
        let parts: Vec<Result<Vec<f64>, SweepError>> = starts.par_iter().map(chunk).collect();
        for (start, part) in starts.into_iter().zip(parts) {
            sink(start, &part?)?;
        }
        first = end;
    }
    Ok(())
}
