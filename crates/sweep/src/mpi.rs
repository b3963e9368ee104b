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
    reduce::{run::Filling, Tally},
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
        let writer = opened.inspect_err(|_| self.dismiss())?;
        let frame = chunk_size(&resolved.job);
        let size = frame * threads as u64;
        let mut ordered = Ordered {
            window: size * AHEAD * self.size() as u64,
            frame: frame as usize * resolved.columns().len(),
            early: BTreeMap::new(),
            cells,
            writer,
            progress,
        };
        let begin = ordered.writer.next();
        let ended = self.distribute((begin, size), &mut ordered, stop);
        let kept = ordered.writer.finish();
        ended.and(kept)
    }

    /// What rank 0 does where rows are reduced: as [`Resolved::reduce_into`], with `threads` as in [`Ranks::run_into`].
    ///
    /// # Errors
    /// As [`Resolved::reduce_into`].
    pub fn reduce_into(
        &self,
        resolved: &Resolved,
        path: Option<&Path>,
        cells: Range<u64>,
        (resume, threads): (bool, usize),
        stop: &AtomicBool,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(Tally, Result<(), SweepError>), SweepError> {
        let opened = Filling::open(resolved, path, &cells, resume, progress);
        let mut filling = opened.inspect_err(|_| self.dismiss())?;
        let size = chunk_size(&resolved.job) * threads as u64;
        let ended = self.distribute((cells.start, size), &mut filling, stop);
        Ok(filling.close(ended))
    }

    /// Gives chunks of `size` cells from `next` on to whoever is idle, until there are none or something fails.
    fn distribute(
        &self,
        (mut next, size): (u64, u64),
        gather: &mut dyn Gather,
        stop: &AtomicBool,
    ) -> Result<(), SweepError> {
        // First cell of each chunk that a rank is at.
        let mut given: BTreeMap<i32, u64> = BTreeMap::new();
        let mut idle: Vec<i32> = Vec::new();
        let mut failure = None;
        let mut working = self.size() - 1;
        while working > 0 {
            if failure.is_none() && stop.load(Ordering::Relaxed) {
                failure = Some(SweepError::Interrupted);
            }
            while let Some(rank) = idle.pop() {
                let process = self.world.process_at_rank(rank);
                let gap = gather.gap(next).filter(|_| failure.is_none());
                let Some(gap) = gap else {
                    process.send_with_tag(&[0_u64][..], STOP);
                    working -= 1;
                    continue;
                };
                if !gather.has_room(gap.start) {
                    idle.push(rank);
                    break;
                }
                next = gap.start.saturating_add(size).min(gap.end);
                process.send_with_tag(&[gap.start, next][..], WORK);
                given.insert(rank, gap.start);
            }
            // Looking and sleeping leaves the core to a rank that computes.
            let Some(status) = self.world.any_process().immediate_probe() else {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            };
            let rank = status.source_rank();
            let process = self.world.process_at_rank(rank);
            match status.tag() {
                ROWS => {
                    let (rows, _) = process.receive_vec_with_tag::<f64>(ROWS);
                    if let Some(first) = given.remove(&rank) {
                        failure = failure.or(gather.take(first, rows).err());
                    }
                }
                FAILED => {
                    let (text, _) = process.receive_vec_with_tag::<u8>(FAILED);
                    let reason = String::from_utf8_lossy(&text).into_owned();
                    failure = failure.or(Some(SweepError::Rank { rank, reason }));
                }
                _ => {
                    let _ = process.receive_vec_with_tag::<u64>(IDLE);
                }
            }
            idle.push(rank);
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

/// Where rank 0 puts the rows of chunks, which come in any order.
trait Gather {
    /// The first cells at or after `from` that are wanted.
    fn gap(&self, from: u64) -> Option<Range<u64>>;
    /// Whether a chunk that begins there may be given out already.
    fn has_room(&self, first: u64) -> bool;
    /// Takes the rows of a chunk.
    fn take(&mut self, first: u64, rows: Vec<f64>) -> Result<(), SweepError>;
}

/// Rows that are written in the order of the cells.
struct Ordered<'a> {
    cells: Range<u64>,
    writer: Writer,
    early: BTreeMap<u64, Vec<f64>>,
    /// Cells that may be out of order.
    window: u64,
    /// Numbers in a frame: one for each chunk of a run in one process, so that files of rows have its bytes, too.
    frame: usize,
    progress: &'a mut dyn FnMut(u64),
}

impl Gather for Ordered<'_> {
    fn gap(&self, from: u64) -> Option<Range<u64>> {
        (from < self.cells.end).then_some(from..self.cells.end)
    }

    fn has_room(&self, first: u64) -> bool {
        first < self.writer.next() + self.window
    }

    fn take(&mut self, first: u64, rows: Vec<f64>) -> Result<(), SweepError> {
        self.early.insert(first, rows);
        while let Some(rows) = self.early.remove(&self.writer.next()) {
            rows.chunks(self.frame).try_for_each(|rows| self.writer.append(rows))?;
            (self.progress)(self.writer.next() - self.cells.start);
        }
        Ok(())
    }
}

impl Gather for Filling<'_> {
    fn gap(&self, from: u64) -> Option<Range<u64>> {
        self.tally.gap(from)
    }

    fn has_room(&self, _: u64) -> bool {
        true
    }

    fn take(&mut self, first: u64, rows: Vec<f64>) -> Result<(), SweepError> {
        self.add(first, &rows)
    }
}
