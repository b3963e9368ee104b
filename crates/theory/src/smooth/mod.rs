//! Family A: DIN, smooth continuous time.

pub mod heavy_ball_limit;
