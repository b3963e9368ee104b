//! Family A: DIN, smooth continuous time.

pub mod din_forms_agree;
pub mod dissipation_balance;
pub mod gradient_system;
pub mod lyapunov_derivative_signs;
