//! Objectives J: formulas written once over [`Scalar`], generalised gradients with a named selection at kinks,
//! known facts, and the registry from which the command line builds them.

pub mod blocks;
pub mod data;
pub mod error;
pub mod expression;
pub mod facts;
pub mod formula;
pub mod lanes;
pub mod oracle;
pub mod registry;
pub mod samples;
pub mod scalar;
pub mod smoothed;
pub mod start;
pub mod subdifferential;
pub mod tape;

pub use blocks::BlockOracle;
pub use error::ObjectiveError;
pub use expression::{Expression, ExpressionProblem, TapeObjective};
pub use facts::{Bound, CriticalKind, CriticalPoint, Domain, Facts, Regularity};
pub use formula::Formula;
pub use oracle::{Native, Objective, Oracle};
pub use registry::{build, Options};
pub use samples::{FiniteSum, SampleOracle};
pub use scalar::{dual::Dual, interval::Interval, selection::Selection, series::Series, Scalar};
pub use smoothed::Smoothed;
pub use start::{Start, StartError};
pub use subdifferential::Subdifferential;
pub use tape::{Recorder, Tape};
