//! A sweep whose rows are reduced by the threads that compute them.

use std::{
    ops::Range,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        Mutex, PoisonError,
    },
    time::{Duration, Instant},
};

use super::tally::{Keeper, Tally};
use crate::{engine::run_chunk, error::SweepError, plan::Resolved, run::chunk_size, store::EVERY};

/// A checkpoint takes at most this part of the time.
const SHARE: u32 = 20;

/// A tally being filled, and its checkpoint.
pub(crate) struct Filling<'a> {
    pub(crate) tally: Tally,
    keeper: Option<Keeper>,
    progress: &'a mut (dyn FnMut(u64) + Send),
    saved: Instant,
    every: Duration,
}

impl<'a> Filling<'a> {
    pub(crate) fn open(
        resolved: &Resolved,
        path: Option<&Path>,
        cells: &Range<u64>,
        resume: bool,
        progress: &'a mut (dyn FnMut(u64) + Send),
    ) -> Result<Self, SweepError> {
        let (keeper, tally) = match path {
            Some(path) => {
                Keeper::open(path, resolved, cells, resume).map(|(keeper, tally)| (Some(keeper), tally))?
            }
            None => (None, Tally::new(resolved, cells)?),
        };
        progress(tally.cells());
        Ok(Self { tally, keeper, progress, saved: Instant::now(), every: EVERY })
    }

    pub(crate) fn add(&mut self, first: u64, rows: &[f64]) -> Result<(), SweepError> {
        self.tally.add(first, rows);
        (self.progress)(self.tally.cells());
        match self.saved.elapsed() > self.every {
            true => self.save(),
            false => Ok(()),
        }
    }

    fn save(&mut self) -> Result<(), SweepError> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let begin = Instant::now();
        keeper.save(&self.tally)?;
        self.saved = Instant::now();
        let long = (self.saved - begin) * SHARE;
        self.every = if long > EVERY { long } else { EVERY };
        Ok(())
    }

    /// The last checkpoint, and the tally unless there was an error. What is finished reaches the disk also then.
    pub(crate) fn close(mut self, ended: Result<(), SweepError>) -> (Tally, Result<(), SweepError>) {
        let kept = self.save();
        (self.tally, ended.and(kept))
    }
}

/// What the threads share.
struct Shared<'a> {
    filling: Filling<'a>,
    /// Next cell that may be given out.
    next: u64,
    /// The error of the first cell that had one.
    failure: Option<(u64, SweepError)>,
}

impl Resolved {
    /// Runs the cells on rayon's current pool and reduces their rows as the plan says. With `path` the state is kept there
    /// every few seconds, and `resume` goes on from it. `progress` is told the number of cells that are done. The tally
    /// is returned beside the error, too: what is finished is in it.
    ///
    /// # Errors
    /// What cannot be begun; then there is no tally.
    pub fn reduce_into(
        &self,
        path: Option<&Path>,
        cells: Range<u64>,
        resume: bool,
        stop: &AtomicBool,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(Tally, Result<(), SweepError>), SweepError> {
        self.job.validate()?;
        let filling = Filling::open(self, path, &cells, resume, progress)?;
        let shared = Mutex::new(Shared { filling, next: cells.start, failure: None });
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| self.reduce_chunks(&shared, stop));
            }
        });
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(shared.filling.close(shared.failure.map_or(Ok(()), |(_, error)| Err(error))))
    }

    /// Takes chunk after chunk until there is none, or an error.
    fn reduce_chunks(&self, shared: &Mutex<Shared<'_>>, stop: &AtomicBool) {
        let size = chunk_size(&self.job);
        let mut rows = Vec::new();
        loop {
            let mut s = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if s.failure.is_some() {
                return;
            }
            let Some(gap) = s.filling.tally.gap(s.next) else { return };
            let chunk = gap.start..gap.start.saturating_add(size).min(gap.end);
            s.next = chunk.end;
            drop(s);
            let list: Vec<u64> = chunk.clone().collect();
            rows.clear();
            let ran = match stop.load(Ordering::Relaxed) {
                true => Err(SweepError::Interrupted),
                false => run_chunk(&self.job, &list, &self.grid, stop, &mut rows),
            };
            let rows = ran.map(|()| self.with_axes(chunk.start, &rows));
            let mut s = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = rows.and_then(|rows| s.filling.add(chunk.start, &rows)) {
                if s.failure.as_ref().is_none_or(|(cell, _)| chunk.start < *cell) {
                    s.failure = Some((chunk.start, error));
                }
            }
        }
    }
}
