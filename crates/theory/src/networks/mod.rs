//! Checks on trained networks.

pub mod edge_of_stability;
pub mod figure_four;
pub mod figure_two;
pub mod promise_generalisation;
pub mod promise_oscillation;
pub mod promise_performance;
pub mod second_moment_network;
pub mod vanishing_steps_relu_network;
