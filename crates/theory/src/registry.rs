//! All checks, in the order of the page.

use crate::{algorithm, geometry, smooth, suite::AnyCheck};

/// Every check of the workspace.
pub const ALL: &[&dyn AnyCheck] = &[
    &smooth::kl_rate_flat::KlRateFlat,
    &smooth::local_spectral_rate::LocalSpectralRate,
    &smooth::spiral_window::SpiralWindow,
    &smooth::heavy_ball_limit::HeavyBallLimit,
    &algorithm::euler_order::EulerOrder,
    &algorithm::fixed_step_descent::FixedStepDescent,
    &algorithm::discrete_local_rate::DiscreteLocalRate,
    &geometry::stability_region::StabilityRegion,
];

/// The check with this name.
pub fn find(id: &str) -> Option<&'static dyn AnyCheck> {
    ALL.iter().copied().find(|check| check.claim().id == id)
}
