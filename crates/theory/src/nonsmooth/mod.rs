//! Family B: DIN as a differential inclusion, kinks and sums of subdifferentials.

pub mod chain_rule;
pub mod concave_kink_branching;
pub mod d_critical_examples;
pub mod d_critical_values_finite;
pub mod euler_to_inclusion;
pub mod inclusion_routes_agree;
pub mod kink_chatter_floor;
pub mod kink_sticking;
pub mod kink_velocity_jump;
pub mod sliding_mode;
pub mod smoothing_limit;
