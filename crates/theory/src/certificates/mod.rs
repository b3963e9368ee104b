//! Family E: worst-case certificates.

pub mod bregman_rate;
pub mod certified_known_rates;
pub mod heavy_ball_cycle;
pub mod lyapunov_lmi;
pub mod pep_gradient_descent;
pub mod pep_indian_bounds;
pub mod pep_indian_consistency;
