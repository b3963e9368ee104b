//! Checks on trained networks.

pub mod edge_of_stability;
