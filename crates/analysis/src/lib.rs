//! Numbers from curves and matrices: rates, orders, spectra, stability, oscillation, statistics. Knows no
//! objective and no theorem.

pub mod error;
pub mod escape;
pub mod least_squares;
pub mod modes;
pub mod order;
pub mod oscillation;
pub mod spectrum;
pub mod stability;
pub mod statistics;

pub use error::AnalysisError;
