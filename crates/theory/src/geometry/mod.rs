//! Family D: learning-rate geometry and stability of minimisers.

pub mod basin_boundary;
pub mod first_instability;
pub mod minimum_selection;
pub mod optimal_quadratic;
pub mod second_moment_stability;
pub mod sharpness_estimators;
pub mod stability_region;
