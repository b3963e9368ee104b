//! NaN-safe norms and extrema, sums in a fixed order, and random streams derived from a seed by a stable hash.
//! The only place where the workspace compares floats without care for NaN is nowhere.

mod exact_sum;
mod hull;
mod reduce;
mod stream;

pub use exact_sum::ExactSum;
pub use hull::{nearest_in_hull, Nearest};
pub use reduce::{all_finite, axpy, distance, dot, max, maximum, min, minimum, norm, norm_inf, sum};
pub use stream::{Draws, Stream};
