//! The dynamics: one system each, named for the command line.
//!
//! State layout: θ first (length n), then the second variable where there is one.

use dinlab_objective::{start, Objective, Start};

use crate::error::{check_finite, check_that, check_vector, DinError};

/// Dynamics with their parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dynamics {
    /// θ′ = u − βv, u′ = −αu − (1 − αβ)v, v ∈ ∂J(θ). State (θ, u).
    Din {
        /// Friction α ≥ 0.
        alpha: f64,
        /// Hessian damping β ≥ 0.
        beta: f64,
    },
    /// θ′ = −(α − 1/β)θ − ψ/β − βv, ψ′ = −(α − 1/β)θ − ψ/β. State (θ, ψ).
    DinPsi {
        /// Friction α ≥ 0.
        alpha: f64,
        /// Hessian damping β > 0.
        beta: f64,
    },
    /// θ″ + αθ′ + β∇²J(θ)θ′ + ∇J(θ) = 0. State (θ, θ′).
    DinSecondOrder {
        /// Friction α ≥ 0.
        alpha: f64,
        /// Hessian damping β ≥ 0.
        beta: f64,
    },
    /// θ′ = −v. State θ.
    GradientFlow,
    /// θ″ + αθ′ + v = 0. State (θ, θ′).
    HeavyBall {
        /// Friction α ≥ 0.
        alpha: f64,
    },
    /// θ′ = −(∇²J(θ) + ℓI)⁻¹∇J(θ), ℓ = 0 where the Hessian is positive definite. State θ.
    NewtonFlow,
    /// θ″ + (α/t)θ′ + β∇²J(θ)θ′ + ∇J(θ) = 0, t > 0, as θ′ = u − βv, u′ = −(α/t)(u − βv) − v. State (θ, u).
    DinAvd {
        /// Numerator α ≥ 0 of the friction.
        alpha: f64,
        /// Hessian damping β ≥ 0.
        beta: f64,
    },
}

/// One line of the registry.
#[derive(Debug, Clone, Copy)]
pub struct DynamicsEntry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line for `dinlab list dynamics`.
    pub summary: &'static str,
    /// Where the system comes from.
    pub source: &'static str,
    /// The dynamics for α and β (dynamics without such a parameter ignore it).
    pub build: fn(alpha: f64, beta: f64) -> Dynamics,
}

const AABR: &str = "Alvarez, Attouch, Bolte, Redont, J. Math. Pures Appl. 81 (2002)";
const JMLR: &str = "Castera, Bolte, Févotte, Pauwels, JMLR 22(134) (2021)";

/// All dynamics in the order of `dinlab list dynamics`.
pub const DYNAMICS: &[DynamicsEntry] = &[
    DynamicsEntry {
        name: "din",
        summary: "inertial Newton dynamics, first-order form in (theta, u), u = theta' + beta grad J",
        source: JMLR,
        build: |alpha, beta| Dynamics::Din { alpha, beta },
    },
    DynamicsEntry {
        name: "din-psi",
        summary: "the same in the published variables (theta, psi); needs beta > 0",
        source: JMLR,
        build: |alpha, beta| Dynamics::DinPsi { alpha, beta },
    },
    DynamicsEntry {
        name: "din-second-order",
        summary: "the same in second-order form (theta, theta') with the Hessian; for smooth J",
        source: AABR,
        build: |alpha, beta| Dynamics::DinSecondOrder { alpha, beta },
    },
    DynamicsEntry {
        name: "gradient-flow",
        summary: "theta' = -grad J",
        source: "Cauchy, C. R. Acad. Sci. Paris 25 (1847)",
        build: |_, _| Dynamics::GradientFlow,
    },
    DynamicsEntry {
        name: "heavy-ball",
        summary: "theta'' + alpha theta' + grad J = 0",
        source: "Polyak, USSR Comput. Math. Math. Phys. 4 (1964); Attouch, Goudou, Redont, Commun. Contemp. Math. 2 (2000)",
        build: |alpha, _| Dynamics::HeavyBall { alpha },
    },
    DynamicsEntry {
        name: "newton-flow",
        summary: "theta' = -(Hessian + l I)^-1 grad J, l > 0 only where the Hessian is not positive definite",
        source: "Smale, J. Math. Econom. 3 (1976); Levenberg, Quart. Appl. Math. 2 (1944); Marquardt, J. SIAM 11 (1963)",
        build: |_, _| Dynamics::NewtonFlow,
    },
    DynamicsEntry {
        name: "din-avd",
        summary: "theta'' + (alpha/t) theta' + beta Hessian theta' + grad J = 0 for t > 0, without the Hessian",
        source: "Attouch, Peypouquet, Redont, J. Differential Equations 261 (2016)",
        build: |alpha, beta| Dynamics::DinAvd { alpha, beta },
    },
];

impl Dynamics {
    /// All dynamics.
    pub const ALL: &'static [DynamicsEntry] = DYNAMICS;

    /// The dynamics of that name; those without α or β ignore them.
    pub fn from_name(name: &str, alpha: f64, beta: f64) -> Result<Self, DinError> {
        DYNAMICS.iter().find(|e| e.name == name).map(|e| (e.build)(alpha, beta)).ok_or_else(|| {
            DinError::UnknownName {
                kind: "dynamics",
                name: name.chars().take(60).collect(),
                known: DYNAMICS.iter().map(|e| e.name).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Din { .. } => "din",
            Self::DinPsi { .. } => "din-psi",
            Self::DinSecondOrder { .. } => "din-second-order",
            Self::GradientFlow => "gradient-flow",
            Self::HeavyBall { .. } => "heavy-ball",
            Self::NewtonFlow => "newton-flow",
            Self::DinAvd { .. } => "din-avd",
        }
    }

    /// α and β, where α is a constant friction and β belongs to DIN; (α, 0) for heavy ball.
    pub fn parameters(self) -> Option<(f64, f64)> {
        match self {
            Self::Din { alpha, beta }
            | Self::DinPsi { alpha, beta }
            | Self::DinSecondOrder { alpha, beta }
            | Self::DinAvd { alpha, beta } => Some((alpha, beta)),
            Self::HeavyBall { alpha } => Some((alpha, 0.0)),
            Self::GradientFlow | Self::NewtonFlow => None,
        }
    }

    /// Whether this is one of the three forms of DIN, which have an energy and (for β > 0) a ψ.
    pub fn is_din(self) -> bool {
        matches!(self, Self::Din { .. } | Self::DinPsi { .. } | Self::DinSecondOrder { .. })
    }

    /// Start time where none is given: 1 for DIN-AVD (singular at 0), otherwise 0.
    pub fn default_start_time(self) -> f64 {
        if matches!(self, Self::DinAvd { .. }) {
            1.0
        } else {
            0.0
        }
    }

    /// Length of the state for a problem in n variables.
    pub fn state_dimension(self, n: usize) -> usize {
        if matches!(self, Self::GradientFlow | Self::NewtonFlow) {
            n
        } else {
            2 * n
        }
    }

    /// Refuses parameters outside their range, and Hessians where there are kinks.
    pub(crate) fn check(self, objective: &dyn Objective) -> Result<(), DinError> {
        if let Some((alpha, beta)) = self.parameters() {
            let accepted = |v: f64| v >= 0.0 && v.is_finite();
            check_that("alpha", alpha, "a finite number, at least 0", accepted(alpha))?;
            check_that("beta", beta, "a finite number, at least 0", accepted(beta))?;
            if matches!(self, Self::DinPsi { .. }) {
                let what = "a number above 0 (for beta = 0 there is no psi: use `din`)";
                check_that("beta", beta, what, beta > 0.0)?;
            }
        }
        let kinks = &objective.facts().kinks;
        if matches!(self, Self::DinSecondOrder { .. } | Self::NewtonFlow) && !kinks.is_empty() {
            return Err(DinError::Kinks {
                dynamics: self.name(),
                objective: objective.name().to_owned(),
                kinks: kinks.join("; "),
            });
        }
        Ok(())
    }
}

/// State at the start time for θ₀ = `theta` and a named or given start.
pub fn initial_state(
    dynamics: Dynamics,
    objective: &dyn Objective,
    theta: &[f64],
    start: &Start,
    from: f64,
) -> Result<Vec<f64>, DinError> {
    dynamics.check(objective)?;
    check_vector("start", theta, objective.dimension())?;
    check_finite("start time", from)?;
    let refuse =
        |reason| Err(DinError::StartNotTaken { dynamics: dynamics.name(), start: start.to_string(), reason });
    let Some((alpha, beta)) = dynamics.parameters() else {
        return match start {
            Start::Rest => Ok(theta.to_vec()),
            _ => refuse("its state is theta alone"),
        };
    };
    if matches!(dynamics, Dynamics::DinAvd { .. }) {
        check_that("start time", from, "a number above 0 (din-avd is singular at 0)", from > 0.0)?;
        if matches!(start, Start::Psi(_)) {
            return refuse("it has no psi");
        }
    }
    let mut gradient = vec![0.0; theta.len()];
    objective.oracle().gradient(theta, &mut gradient);
    let u = start.auxiliary(alpha, beta, theta, &gradient)?;
    if !dinlab_numeric::all_finite(&u) {
        // Only the gradient can bring this in: what was given is finite.
        check_vector("gradient at the start", &gradient, theta.len())?;
    }
    let second = match (dynamics, start) {
        (Dynamics::DinPsi { .. }, Start::Psi(psi)) => psi.clone(),
        (Dynamics::DinPsi { .. }, _) => start::psi(alpha, beta, theta, &u),
        (Dynamics::DinSecondOrder { .. }, Start::Velocity(velocity)) => velocity.clone(),
        (Dynamics::DinSecondOrder { .. }, _) => u.iter().zip(&gradient).map(|(u, g)| u - beta * g).collect(),
        _ => u,
    };
    Ok([theta, &second].concat())
}
