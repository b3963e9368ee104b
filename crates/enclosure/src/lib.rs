//! Statements about low-dimensional objectives and about DIN that hold with all rounding and truncation errors counted:
//! critical points with their type ([`critical_points`]), curvature over a box ([`curvature`]), orbits of DIN
//! ([`enclose`]), and "this orbit converges to this minimiser" ([`prove_basin`]). Evidence grade: enclosed.
//!
//! What is enclosed is the function whose constants are the `f64` of its formula, and DIN with the `f64` parameters given:
//! 0.1 means the double nearest to 0.1. A statement that could not be shown is reported as such, never as false.

// `!(a < b)` is not `a >= b` here: NaN must take the branch that proves nothing.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod basin;
mod critical;
mod curvature;
mod error;
mod flow;
mod function;
mod matrix;
mod spectrum;

pub use basin::{prove_basin, Basin, Convergence, Unproved};
pub use critical::{critical_points, CriticalPoint, Kind, Survey};
pub use curvature::{curvature, Curvature};
pub use error::EnclosureError;
pub use flow::{enclose, Flow, Segment, Stop, Tube};
pub use function::Function;
pub use spectrum::{eigenvalue_bounds, inertia};

pub use dinlab_objective::Interval;

/// A box: one interval per coordinate.
pub type Cell = Vec<Interval>;
