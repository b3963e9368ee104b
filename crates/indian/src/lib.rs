//! Discrete time: INDIAN and its rivals, step schedules, mini-batches, and a driver that streams the iterates to an observer.
//!
//! The main function is [`indian_step`], the displayed equation; [`iterate`] makes a sampled trajectory of any
//! [`Method`], [`iterate_observed`] shows the iterates to an observer in constant memory.

mod batch;
pub mod dictionary;
pub mod entry;
mod error;
mod grid;
mod method;
mod run;
mod schedule;

pub use batch::{Batch, Draws, Sampling, Scaling};
pub use entry::Parameter;
pub use error::IndianError;
pub use grid::Grid;
pub use method::{build, indian_step, step_matrix, Entry, Method, Step, ALL};
pub use run::{iterate, iterate_observed, iterate_while, Outcome, Run, DIVERGENCE_BOUND};
pub use schedule::{Half, Schedule, ScheduleEntry, StepAssumption, SCHEDULES};

/// The rivals' displayed equations, one coordinate at a time, in `f64` or in lanes.
pub mod steps {
    pub use crate::method::{
        adagrad_step, adam_step, convex_momentum, gradient_descent_step, heavy_ball_step, nesterov_step,
        rmsprop_step,
    };
}
