//! The checks: one claim per file, each with its prediction, estimator, tolerance, negative control and figure.
//!
//! A check measures; it never judges itself. [`judge`] turns measurements into verdicts by one rule for all, and
//! [`suite`] runs any selection of checks in parallel.

pub mod algorithm;
pub mod autodiff;
pub mod bounds;
pub mod certificates;
pub mod check;
pub mod contest;
pub mod critical;
pub mod decay;
pub mod entry;
pub mod error;
pub mod exact;
pub mod fresh_seeds;
pub mod geometry;
pub mod judge;
pub mod keep;
pub mod limit;
pub mod memo;
pub mod networks;
pub mod nonsmooth;
pub mod problem;
pub mod recipe;
pub mod registry;
pub mod runs;
pub mod saddle;
pub mod shipped;
pub mod smooth;
pub mod sources;
pub mod subject;
pub mod suite;
pub mod terms;

pub use check::{Check, Context, Effort, ErratumCase, OwnCase};
pub use entry::entries;
pub use error::CheckError;
pub use problem::Problem;
pub use registry::ALL;
pub use subject::Subject;
pub use suite::{run, AnyCheck, Outcome, Request};
