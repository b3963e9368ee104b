//! Family A: DIN, smooth continuous time.

pub mod avd_lyapunov;
pub mod avd_power_law;
pub mod critical_point_convergence;
pub mod din_forms_agree;
pub mod dissipation_balance;
pub mod finite_length;
pub mod gradient_system;
pub mod heavy_ball_limit;
pub mod kl_rate_flat;
pub mod kl_rate_sharp;
pub mod local_spectral_rate;
pub mod lyapunov_derivative_signs;
pub mod newton_flow_limit;
pub mod optimal_damping_flow;
pub mod saddle_escape_flow;
pub mod spiral_window;
pub mod value_rate_two_sided;
