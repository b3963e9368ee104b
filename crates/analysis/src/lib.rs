//! Numbers from curves and matrices: rates, orders, spectra, stability, oscillation, statistics. Knows no
//! objective and no theorem.

pub mod best_of;
pub mod covariance;
pub mod error;
pub mod escape;
pub mod krylov;
pub mod least_squares;
pub mod modes;
pub mod order;
pub mod oscillation;
pub mod principal;
pub mod pseudo_trajectory;
pub mod rate;
pub mod simplex;
pub mod spectral_density;
pub mod spectrum;
pub mod stability;
pub mod standing;
pub mod statistics;

pub use error::AnalysisError;
pub use least_squares::{regress, regress_autocorrelated, slope_of_log, Line};
pub use rate::{envelope, fit_rate, fit_rate_against, octave_exponents, RateFit, RateKind};
