//! The methods and flows of the check, exactly for the certificate and in floats for the shipped step.

use dinlab_analysis::spectrum::decay_rate;
use dinlab_certify::{
    lyapunov::{certificate::Exact, flow::Flow, Condition, Family},
    rational, CertifyError,
};
use dinlab_din::Dynamics;
use dinlab_numeric::{max, min};
use dinlab_objective::{Bound, Domain};
use serde::Serialize;

use super::{Case, Claimed};
use crate::{bounds, check::OwnCase, error::CheckError, shipped::radius};

/// Which method or flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Which {
    GradientDescent,
    HeavyBall,
    Nesterov,
    TripleMomentum,
    Indian {
        alpha: f64,
        beta: f64,
        step_size: f64,
    },
    GradientFlow,
    /// α, β.
    Din {
        alpha: f64,
        beta: f64,
    },
    /// Not a method: μ = 0, where none has a rate.
    NotStronglyConvex,
}

impl Which {
    /// The cases at one condition number.
    pub(super) fn on(kappa: u64) -> Vec<Self> {
        let root = (kappa as f64).sqrt().recip();
        let mut all = vec![
            Self::GradientDescent,
            Self::Nesterov,
            Self::TripleMomentum,
            Self::Indian { alpha: 1.0, beta: 0.2, step_size: 0.2 },
            Self::Indian { alpha: 0.5, beta: 0.5, step_size: 0.5 },
            Self::Indian { alpha: 0.5, beta: 1.5, step_size: 0.8 },
            Self::GradientFlow,
            // The friction of the printed rates, α = 2√μ, without Hessian damping and at both ends of 0 < β ≤ 1/(2√μ).
            Self::Din { alpha: 2.0 * root, beta: 0.0 },
            Self::Din { alpha: 2.0 * root, beta: 0.1 / root },
            Self::Din { alpha: 2.0 * root, beta: 0.5 / root },
            // Off the printed range.
            Self::Din { alpha: 0.4, beta: 1.0 },
        ];
        if kappa < 17 {
            all.insert(1, Self::HeavyBall);
        }
        all
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::GradientDescent => "gradient descent".into(),
            Self::HeavyBall => "heavy ball tuned for quadratics".into(),
            Self::Nesterov => "Nesterov".into(),
            Self::TripleMomentum => "triple momentum".into(),
            Self::Indian { alpha, beta, step_size } => format!("INDIAN α={alpha}, β={beta}, γ={step_size}"),
            Self::GradientFlow => "gradient flow".into(),
            Self::Din { alpha, beta } => format!("DIN α={alpha:.4}, β={beta:.4}"),
            Self::NotStronglyConvex => "μ = 0".into(),
        }
    }

    /// Exactly and in floats.
    pub(super) fn motion(&self, class: &Condition) -> Result<Motion, CheckError> {
        let steps = |family: Family| Motion::Steps(Exact::Discrete(family));
        let flow = |flow: Flow| Motion::Flow(Exact::Flow(flow));
        Ok(match *self {
            Self::GradientDescent => steps(Family::tuned_gradient_descent(class)),
            Self::HeavyBall => steps(Family::tuned_heavy_ball(class)),
            Self::Nesterov => steps(Family::tuned_nesterov(class)),
            Self::TripleMomentum => steps(Family::triple_momentum(class)),
            Self::Indian { alpha, beta, step_size } => steps(Family::indian(
                &bounds::fraction(alpha)?,
                &bounds::fraction(beta)?,
                &bounds::fraction(step_size)?,
            )),
            Self::GradientFlow | Self::NotStronglyConvex => flow(Flow::Gradient),
            Self::Din { alpha, beta } => {
                flow(Flow::Din { alpha: bounds::fraction(alpha)?, beta: bounds::fraction(beta)? })
            }
        })
    }

    /// What the integrator runs, with its friction multiplied.
    pub(super) fn dynamics(&self, friction: f64) -> Dynamics {
        match *self {
            Self::Din { alpha, beta } => Dynamics::Din { alpha: friction * alpha, beta },
            _ => Dynamics::GradientFlow,
        }
    }

    /// A closed form that the certified rate attains, or a printed one that it must not be worse than.
    pub(super) fn known(&self, class: &Condition) -> Option<(&'static str, f64)> {
        let (mu, l) = (rational::float(&class.convexity), rational::float(&class.smoothness));
        let q = (mu / l).sqrt();
        match *self {
            Self::GradientDescent => Some(("(κ−1)/(κ+1)", (l - mu) / (l + mu))),
            Self::Nesterov => Some(("√(1 − 1/√κ)", (1.0 - q).sqrt())),
            Self::TripleMomentum => Some(("1 − 1/√κ", 1.0 - q)),
            Self::GradientFlow => Some(("μ", mu)),
            Self::Din { alpha, beta } if (alpha - 2.0 * mu.sqrt()).abs() < 4.0 * f64::EPSILON => {
                if beta == 0.0 {
                    Some(("√μ/2", 0.5 * mu.sqrt()))
                } else {
                    (beta <= 0.5 / mu.sqrt() * (1.0 + 4.0 * f64::EPSILON))
                        .then_some(("√μ/4", 0.25 * mu.sqrt()))
                }
            }
            _ => None,
        }
    }
}

/// A method or a flow.
#[derive(Debug, Clone)]
pub(super) enum Motion {
    /// Discrete time.
    Steps(Exact),
    /// Continuous time.
    Flow(Exact),
}

impl Motion {
    pub(super) fn exact(&self) -> &Exact {
        match self {
            Self::Steps(exact) | Self::Flow(exact) => exact,
        }
    }

    /// (α, β, γ) of the shipped step: s = γ², m = αγ, c = γβ. For flows zeros.
    pub(super) fn parameters(&self) -> [f64; 3] {
        match self.exact() {
            Exact::Discrete(f) => {
                let gamma = rational::float(&f.step_squared).sqrt();
                [rational::float(&f.friction) / gamma, rational::float(&f.damping) / gamma, gamma]
            }
            Exact::Flow(_) => [0.0; 3],
        }
    }

    /// Largest spectral radius of the shipped step, or slowest decay of the flow, over a grid of eigenvalues.
    pub(super) fn limit(&self, [mu, l]: [f64; 2]) -> f64 {
        const GRID: u32 = 2000;
        let lambdas = (0..=GRID).map(|i| mu + (l - mu) * f64::from(i) / f64::from(GRID));
        match self.exact() {
            Exact::Discrete(_) => {
                let [alpha, beta, gamma] = self.parameters();
                // Double roots are where rounding counts as its square root; they are no largest radius by more than that.
                lambdas.map(|lambda| radius(alpha, beta, gamma, lambda)).fold(0.0, max)
            }
            Exact::Flow(Flow::Gradient) => mu,
            Exact::Flow(Flow::Din { alpha, beta }) => {
                let (alpha, beta) = (rational::float(alpha), rational::float(beta));
                lambdas.map(|lambda| decay_rate(alpha, beta, lambda)).fold(f64::INFINITY, min)
            }
        }
    }
}

/// `--alpha --beta` and `--objective` for its μ and L; with `--step-size` INDIAN, without it DIN.
pub(super) fn own(own: &OwnCase) -> Result<Case, CheckError> {
    if own.theta.is_some() || own.start.is_some() || own.until.is_some() || own.steps.is_some() {
        return Err(CheckError::OwnCase {
            reason: "it concerns every start and every time; it takes an objective (for μ and L), alpha, beta and a step size"
                .into(),
        });
    }
    let objective =
        own.objective.clone().ok_or_else(|| CheckError::needs("an objective with known μ and L"))?;
    let facts = objective.facts();
    let known =
        |bound: &Option<Bound>| bound.as_ref().filter(|b| b.domain == Domain::Global).map(|b| b.value);
    let (Some(l), Some(mu)) = (known(&facts.smoothness), known(&facts.convexity)) else {
        return Err(CheckError::OwnCase {
            reason: format!("{} states no global constants of smoothness and strong convexity", facts.name),
        });
    };
    let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1));
    let which = match own.step_size {
        Some(step_size) => Which::Indian { alpha, beta, step_size },
        None => Which::Din { alpha, beta },
    };
    for (name, value) in [("alpha", alpha), ("beta", beta)] {
        if value.is_nan() || value < 0.0 {
            return Err(CertifyError::Constant {
                name,
                value: value.to_string(),
                expected: "a number of at least 0".into(),
            }
            .into());
        }
    }
    Ok(Case { which, convexity: mu, smoothness: l, functions: 1000, claimed: Claimed::Certified })
}
