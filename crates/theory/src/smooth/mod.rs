//! Family A: DIN, smooth continuous time.

pub mod heavy_ball_limit;
pub mod kl_rate_flat;
pub mod local_spectral_rate;
pub mod spiral_window;
