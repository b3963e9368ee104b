//! A sweep over the ranks of an MPI job: rank 0 hands out chunks to whoever is idle and writes the rows in the order of the
//! cells, so that the file has the bytes of a run in one process. When a rank dies the job ends; what rank 0 has written is
//! a checkpoint like any other.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use mpi::{environment::Universe, topology::SimpleCommunicator, traits::*, Tag};
use rayon::ThreadPool;

use crate::{
    error::SweepError,
    plan::Resolved,
    run::{chunk_size, run_list},
    store::Writer,
};

const IDLE: Tag = 1;
const ROWS: Tag = 2;
const FAILED: Tag = 3;
const WORK: Tag = 4;
const STOP: Tag = 5;
/// Chunks that may be out of order for each rank: bounds the memory of rank 0.
const AHEAD: u64 = 8;

/// The ranks of this job.
pub struct Ranks {
    world: SimpleCommunicator,
    // Finalises MPI when it is dropped.
    _universe: Universe,
}

impl Ranks {
    /// Joins the other ranks if this process was started by `mpirun` or `srun` with more than one; `None` otherwise.
    pub fn join() -> Option<Self> {
        let sizes = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"];
        let several = |name: &&str| {
            std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok()).is_some_and(|size| size > 1)
        };
        sizes.iter().find(|name| several(name))?;
        let universe = mpi::initialize()?;
        let world = universe.world();
        (world.size() > 1).then_some(Self { world, _universe: universe })
    }

    /// Whether this is rank 0.
    pub fn is_root(&self) -> bool {
        self.world.rank() == 0
    }

    /// Number of ranks.
    pub fn size(&self) -> i32 {
        self.world.size()
    }

    /// What the ranks other than 0 do: chunks, on the threads of `pool`, until they are told to stop.
    pub fn work(&self, pool: &ThreadPool, resolved: &Resolved, stop: &AtomicBool) {
        let root = self.world.process_at_rank(0);
        root.send_with_tag(&[0_u64][..], IDLE);
        loop {
            let (cells, status) = root.receive_vec::<u64>();
            let [first, end] = cells[..] else { return };
            if status.tag() != WORK {
                return;
            }
            let list: Vec<u64> = (first..end).collect();
            // MPI's calls stay on the thread that has initialised it.
            match pool.install(|| run_list(&resolved.job, &list, &resolved.grid, stop)) {
                Ok(rows) => root.send_with_tag(&resolved.with_axes(first, &rows)[..], ROWS),
                Err(error) => root.send_with_tag(error.to_string().as_bytes(), FAILED),
            }
        }
    }

    /// What rank 0 does: as [`Resolved::run_into`]. `threads` is the number of threads of a rank: chunks for it are that many
    /// times larger.
    ///
    /// # Errors
    /// As [`Resolved::run_into`]; [`SweepError::Rank`] for an error of another rank.
    pub fn run_into(
        &self,
        resolved: &Resolved,
        path: &Path,
        cells: Range<u64>,
        (resume, threads): (bool, usize),
        stop: &AtomicBool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SweepError> {
        let opened = match resume && path.exists() {
            true => Writer::resume(path, &resolved.header(&cells)),
            false => Writer::create(path, &resolved.header(&cells)),
        };
        let mut writer = match opened {
            Ok(writer) => writer,
            Err(error) => {
                self.dismiss();
                return Err(error);
            }
        };
        let ended = self.distribute(resolved, (&cells, threads), &mut writer, stop, progress);
        let kept = writer.finish();
        ended.and(kept)
    }

    fn distribute(
        &self,
        resolved: &Resolved,
        (cells, threads): (&Range<u64>, usize),
        writer: &mut Writer,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SweepError> {
        let frame = chunk_size(&resolved.job);
        let size = frame * threads as u64;
        // One frame for each chunk of a run in one process, so that files of rows have its bytes, too.
        let frame = frame as usize * resolved.columns().len();
        let window = size * AHEAD * self.size() as u64;
        let mut next = writer.next();
        // First cell of each chunk that a rank is at.
        let mut given: BTreeMap<i32, u64> = BTreeMap::new();
        let mut idle: Vec<i32> = Vec::new();
        let mut dismissed = 0;
        let mut early: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        let mut failure = None;
        let workers = self.size() - 1;
        while dismissed < workers {
            if failure.is_none() && stop.load(Ordering::Relaxed) {
                failure = Some(SweepError::Interrupted);
            }
            let done = failure.is_some() || next >= cells.end;
            while let Some(rank) = idle.pop() {
                if done {
                    self.world.process_at_rank(rank).send_with_tag(&[0_u64][..], STOP);
                    dismissed += 1;
                } else if next < writer.next() + window {
                    let end = next.saturating_add(size).min(cells.end);
                    self.world.process_at_rank(rank).send_with_tag(&[next, end][..], WORK);
                    given.insert(rank, next);
                    next = end;
                } else {
                    idle.push(rank);
                    break;
                }
                if next >= cells.end {
                    break;
                }
            }
            // Looking and sleeping leaves the core to a rank that computes.
            let Some(status) = self.world.any_process().immediate_probe() else {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            };
            let process = self.world.process_at_rank(status.source_rank());
            match status.tag() {
                ROWS => {
                    let (rows, _) = process.receive_vec_with_tag::<f64>(ROWS);
                    if let Some(first) = given.remove(&status.source_rank()) {
                        early.insert(first, rows);
                    }
                    while let Some(rows) = early.remove(&writer.next()) {
                        let kept = rows.chunks(frame).try_for_each(|rows| writer.append(rows));
                        if let Err(error) = kept {
                            failure = failure.or(Some(error));
                            break;
                        }
                        progress(writer.next() - cells.start);
                    }
                }
                FAILED => {
                    let (text, _) = process.receive_vec_with_tag::<u8>(FAILED);
                    let reason = String::from_utf8_lossy(&text).into_owned();
                    failure = failure.or(Some(SweepError::Rank { rank: status.source_rank(), reason }));
                }
                _ => {
                    let _ = process.receive_vec_with_tag::<u64>(IDLE);
                }
            }
            idle.push(status.source_rank());
        }
        failure.map_or(Ok(()), Err)
    }

    /// Tells all ranks to stop before they have got anything to do.
    pub fn dismiss(&self) {
        for _ in 1..self.size() {
            let (_, status) = self.world.any_process().receive_vec_with_tag::<u64>(IDLE);
            self.world.process_at_rank(status.source_rank()).send_with_tag(&[0_u64][..], STOP);
        }
    }
}
