//! Continuous time: DIN and its relatives as first-order systems, integrators with dense output and event
//! location, and sampled runs.
//!
//! [`simulate`] is what the command line calls; [`integrate`] takes any [`System`].

mod choice;
mod control;
mod driver;
mod dynamics;
mod error;
mod events;
mod foreign;
pub mod inclusion;
mod integrator;
mod manifold;
mod method;
mod modified;
mod run;
mod system;
mod systems;

pub use driver::{integrate, Outcome};
pub use dynamics::{initial_state, Dynamics, DynamicsEntry, DYNAMICS};
pub use error::DinError;
pub use events::{Direction, Event, EventFunction, Located};
pub use integrator::{Integrator, IntegratorEntry, Settings, INCLUSION_INTEGRATORS, INTEGRATORS};
pub use manifold::stable_manifold;
pub use modified::{high_resolution, modified_indian, Friction};
pub use run::{estimate_error, simulate, simulate_observed, simulate_with_outcome, ErrorEstimate, Run};
pub use system::{Blocks, System};
pub use systems::system;

/// Coefficients of Dormand and Prince's explicit pair 5(4).
pub mod dormand_prince {
    pub use crate::method::dopri5::{A2, A3, A4, A5, A6, B, C, E};
}
