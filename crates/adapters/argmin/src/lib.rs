//! Both directions between dinlab and argmin, thin: [`Indian`] is INDIAN as an argmin solver (it calls the native
//! step), [`Problem`] is any dinlab objective as an argmin problem, and [`nelder_mead`], [`brent_root`] and
//! [`newton_critical_point`] are the argmin solvers that the workspace itself uses.
//!
//! `cargo run -p dinlab-argmin --example indian` shows observers and checkpointing.

mod coordinates;
mod error;
mod problem;
mod solver;
mod tools;

pub use coordinates::Coordinates;
pub use error::ArgminError;
pub use problem::Problem;
pub use solver::Indian;
pub use tools::{brent_root, nelder_mead, newton_critical_point, Minimum};
