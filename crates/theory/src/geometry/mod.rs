//! Family D: learning-rate geometry and stability of minimisers.

pub mod stability_region;
