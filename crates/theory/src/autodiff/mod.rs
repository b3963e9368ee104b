//! Family G: what automatic differentiation of nonsmooth programs computes.

pub mod conservative_line_integral;
pub mod oscillation_compensation;
pub mod relu_at_zero;
pub mod relu_prime_sensitivity;
pub mod spurious_stall;
