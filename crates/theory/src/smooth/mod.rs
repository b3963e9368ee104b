//! Family A: DIN, smooth continuous time.

pub mod din_forms_agree;
pub mod dissipation_balance;
pub mod gradient_system;
pub mod heavy_ball_limit;
pub mod kl_rate_flat;
pub mod local_spectral_rate;
pub mod lyapunov_derivative_signs;
pub mod spiral_window;
