//! The ranks of an MPI job, where the program was built with them.

use std::{ops::Range, path::Path, sync::atomic::AtomicBool};

use dinlab_sweep::{reduce::Tally, Resolved, SweepError};
use rayon::ThreadPool;

#[cfg(feature = "mpi")]
pub use dinlab_sweep::mpi::Ranks;

/// There are none.
#[cfg(not(feature = "mpi"))]
#[derive(Debug)]
pub enum Ranks {}

/// Joins the other ranks, if there are any.
pub fn join() -> Option<Ranks> {
    #[cfg(feature = "mpi")]
    return Ranks::join();
    #[cfg(not(feature = "mpi"))]
    None
}

/// Works for rank 0 until there is nothing left, if this is another rank; whether it was.
pub fn work(ranks: Option<&Ranks>, pool: &ThreadPool, resolved: &Resolved, stop: &AtomicBool) -> bool {
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks.filter(|ranks| !ranks.is_root()) {
        ranks.work(pool, resolved, stop);
        return true;
    }
    #[cfg(not(feature = "mpi"))]
    let _ = (ranks, pool, resolved, stop);
    false
}

/// Lets the other ranks go.
pub fn dismiss(ranks: Option<&Ranks>) {
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks {
        ranks.dismiss();
    }
    #[cfg(not(feature = "mpi"))]
    let _ = ranks;
}

/// Runs the cells, on the ranks if there are any.
pub fn run_into(
    (ranks, pool): (Option<&Ranks>, &ThreadPool),
    resolved: &Resolved,
    path: &Path,
    cells: Range<u64>,
    (resume, stop): (bool, &AtomicBool),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), SweepError> {
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks {
        let threads = pool.current_num_threads();
        return ranks.run_into(resolved, path, cells, (resume, threads), stop, progress);
    }
    #[cfg(not(feature = "mpi"))]
    let _ = ranks;
    pool.install(|| resolved.run_into(path, cells, resume, stop, progress))
}

/// Runs the cells, on the ranks if there are any, and reduces their rows.
pub fn reduce_into(
    (ranks, pool): (Option<&Ranks>, &ThreadPool),
    resolved: &Resolved,
    path: Option<&Path>,
    cells: Range<u64>,
    (resume, stop): (bool, &AtomicBool),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(Tally, Result<(), SweepError>), SweepError> {
    #[cfg(feature = "mpi")]
    if let Some(ranks) = ranks {
        let threads = pool.current_num_threads();
        return ranks.reduce_into(resolved, path, cells, (resume, threads), stop, progress);
    }
    #[cfg(not(feature = "mpi"))]
    let _ = ranks;
    pool.install(|| resolved.reduce_into(path, cells, resume, stop, progress))
}
