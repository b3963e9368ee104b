//! Many trajectories at once: INDIAN, its rivals and DIN on a grid of cells, 64 trajectories to a block in the lanes of the
//! vector unit, blocks over threads.
//!
//! To run cells of one's own:
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use dinlab_sweep::{run_list, Job, Measures, Setting};
//!
//! let objective = dinlab_objective::build("double-well", &Default::default())?;
//! let mut job = Job::indian(objective, 2500);
//! job.base.step_size = 0.02; // what all cells share
//! job.measures = Measures { limit: Some((vec![vec![2_f64.sqrt(), 0.0], vec![-(2_f64.sqrt()), 0.0]], 1e-3)), ..Default::default() };
//! // A grid of 100 × 100 starts: cell ↦ its numbers, called from several threads.
//! let start = |cell: u64, s: &mut Setting| {
//!     let (i, j) = (cell / 100, cell % 100);
//!     s.theta = vec![-2.0 + 4.0 * (i as f64 + 0.5) / 100.0, -2.0 + 4.0 * (j as f64 + 0.5) / 100.0];
//! };
//! let cells: Vec<u64> = (0..10_000).collect();
//! let rows = run_list(&job, &cells, &start, &AtomicBool::new(false))?;
//! let columns = job.columns(); // status, at, theta_1, theta_2, limit
//! let limit = columns.iter().position(|name| name == "limit").unwrap_or(0);
//! let reached: Vec<f64> = rows.chunks(columns.len()).map(|row| row[limit]).collect();
//! assert_eq!((reached.len(), reached[0]), (10_000, 2.0)); // from (−2, −2) to (−√2, 0)
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The list may be any cells in any order (refinement near a boundary: run the cells of the finer grid that are wanted); rows
//! come back in its order, and each depends on its own cell alone. [`run_range`] streams the rows of a range instead of keeping
//! them. Parameters of an objective that differ from cell to cell (an eigenvalue, a condition number) are variables of an
//! `expr:` objective listed in [`Job::parameters`]: their values are entries of [`Setting::theta`] that no step moves.
//! A [`Plan`] is the same as a file.

// `!(x <= bound)` is how a comparison fails for NaN.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod axes;
pub mod engine;
mod error;
mod job;
mod merge;
#[cfg(feature = "mpi")]
pub mod mpi;
mod plan;
pub mod reduce;
mod run;
pub mod store;
mod sweep;

pub use axes::{Axis, Grid, Place, Values};
pub use engine::run_chunk;
pub use error::SweepError;
pub use job::{Algorithm, Ball, Cells, Ending, FlowSteps, Job, Measures, Second, Setting};
pub use merge::{merge_reductions, Merge};
pub use plan::{Kink, Limit, Measure, Plan, Resolved};
pub use run::{chunk_size, run_list, run_range, Sink};
