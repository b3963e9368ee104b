//! Family C: INDIAN, the algorithm.

pub mod discrete_local_rate;
pub mod euler_order;
pub mod figure_one;
pub mod fixed_step_descent;
pub mod method_dictionary;
pub mod minibatch_drift_factor;
pub mod oscillation_measures;
pub mod pseudo_trajectory;
pub mod saddle_capture_from_rest;
pub mod saddle_escape_iterates;
pub mod step_decay_sweep;
pub mod step_map_invertible;
pub mod theorem3_vanishing_steps;
