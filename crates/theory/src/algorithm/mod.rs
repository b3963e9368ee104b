//! Family C: INDIAN, the algorithm.

pub mod euler_order;
