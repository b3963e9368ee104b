//! All checks, in the order of the page.

use crate::{algorithm, geometry, nonsmooth, smooth, suite::AnyCheck};

/// Every check of the workspace.
pub const ALL: &[&dyn AnyCheck] = &[
    &smooth::din_forms_agree::DinFormsAgree,
    &smooth::lyapunov_derivative_signs::LyapunovDerivativeSigns,
    &smooth::dissipation_balance::DissipationBalance,
    &smooth::critical_point_convergence::CriticalPointConvergence,
    &smooth::value_rate_two_sided::ValueRateTwoSided,
    &smooth::kl_rate_flat::KlRateFlat,
    &smooth::kl_rate_sharp::KlRateSharp,
    &smooth::finite_length::FiniteLength,
    &smooth::local_spectral_rate::LocalSpectralRate,
    &smooth::spiral_window::SpiralWindow,
    &smooth::gradient_system::GradientSystem,
    &smooth::heavy_ball_limit::HeavyBallLimit,
    &smooth::newton_flow_limit::NewtonFlowLimit,
    &smooth::saddle_escape_flow::SaddleEscapeFlow,
    &smooth::avd_lyapunov::AvdLyapunov,
    &smooth::avd_power_law::AvdPowerLaw,
    &smooth::optimal_damping_flow::OptimalDampingFlow,
    &nonsmooth::kink_velocity_jump::KinkVelocityJump,
    &nonsmooth::kink_sticking::KinkSticking,
    &nonsmooth::sliding_mode::SlidingMode,
    &nonsmooth::concave_kink_branching::ConcaveKinkBranching,
    &nonsmooth::smoothing_limit::SmoothingLimit,
    &nonsmooth::euler_to_inclusion::EulerToInclusion,
    &nonsmooth::inclusion_routes_agree::InclusionRoutesAgree,
    &nonsmooth::kink_chatter_floor::KinkChatterFloor,
    &nonsmooth::chain_rule::ChainRule,
    &nonsmooth::d_critical_examples::DCriticalExamples,
    &nonsmooth::d_critical_values_finite::DCriticalValuesFinite,
    &algorithm::minibatch_drift_factor::MinibatchDriftFactor,
    &algorithm::pseudo_trajectory::PseudoTrajectory,
    &algorithm::euler_order::EulerOrder,
    &algorithm::discrete_local_rate::DiscreteLocalRate,
    &algorithm::fixed_step_descent::FixedStepDescent,
    &algorithm::step_map_invertible::StepMapInvertible,
    &algorithm::saddle_escape_iterates::SaddleEscapeIterates,
    &algorithm::saddle_capture_from_rest::SaddleCaptureFromRest,
    &algorithm::figure_one::FigureOne,
    &algorithm::theorem3_vanishing_steps::Theorem3VanishingSteps,
    &algorithm::step_decay_sweep::StepDecaySweep,
    &algorithm::oscillation_measures::OscillationMeasures,
    &algorithm::method_dictionary::MethodDictionary,
    &geometry::stability_region::StabilityRegion,
    &geometry::first_instability::FirstInstabilityCheck,
    &geometry::optimal_quadratic::OptimalQuadratic,
    &geometry::minimum_selection::MinimumSelection,
    &geometry::second_moment_stability::SecondMomentStability,
    &geometry::basin_boundary::BasinBoundary,
    &geometry::sharpness_estimators::SharpnessEstimators,
];

/// The check with this name.
pub fn find(id: &str) -> Option<&'static dyn AnyCheck> {
    ALL.iter().copied().find(|check| check.claim().id == id)
}
