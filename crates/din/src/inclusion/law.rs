//! The systems whose v is to be selected: θ′ = u − βv, u′ = −aθ′ − v (a = α for DIN and heavy ball, α/t for
//! DIN-AVD), and the gradient flow θ′ = −v.

use crate::{dynamics::Dynamics, error::DinError};

/// Which system, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Law {
    pub alpha: f64,
    pub beta: f64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Inertial,
    Vanishing,
    Gradient,
}

impl Law {
    /// The law of these dynamics; DIN in ψ is integrated in (θ, u).
    pub(super) fn of(dynamics: Dynamics) -> Result<Self, DinError> {
        let (alpha, beta, kind) = match dynamics {
            Dynamics::Din { alpha, beta } | Dynamics::DinPsi { alpha, beta } => (alpha, beta, Kind::Inertial),
            Dynamics::HeavyBall { alpha } => (alpha, 0.0, Kind::Inertial),
            Dynamics::DinAvd { alpha, beta } => (alpha, beta, Kind::Vanishing),
            Dynamics::GradientFlow => (0.0, 1.0, Kind::Gradient),
            Dynamics::DinSecondOrder { .. } | Dynamics::NewtonFlow => {
                return Err(DinError::NotAnInclusion { dynamics: dynamics.name() })
            }
        };
        Ok(Self { alpha, beta, kind })
    }

    /// Whether the state has u.
    pub(super) fn has_second(self) -> bool {
        self.kind != Kind::Gradient
    }

    /// Whether θ′ is continuous, so that a kink acts on θ″ (β = 0).
    pub(super) fn continuous_velocity(self) -> bool {
        self.beta == 0.0
    }

    /// a at time t.
    pub(super) fn friction(self, t: f64) -> f64 {
        if self.kind == Kind::Vanishing {
            self.alpha / t
        } else {
            self.alpha
        }
    }

    /// b of d = c − b·v, where d is the quantity that the selection decides: θ′, or θ″ for β = 0.
    pub(super) fn weight(self) -> f64 {
        if self.continuous_velocity() {
            1.0
        } else {
            self.beta
        }
    }

    /// c of d = c − b·v: u, or −a·u for β = 0, or nothing.
    pub(super) fn drift(self, t: f64, u: &[f64], out: &mut [f64]) {
        if !self.has_second() {
            return out.fill(0.0);
        }
        let factor = if self.continuous_velocity() { -self.friction(t) } else { 1.0 };
        out.iter_mut().zip(u).for_each(|(c, u)| *c = factor * u);
    }

    /// θ′ for the selection v.
    pub(super) fn velocity(self, u: &[f64], v: &[f64], out: &mut [f64]) {
        for i in 0..v.len() {
            out[i] = if self.has_second() { u[i] } else { 0.0 } - self.beta * v[i];
        }
    }
}
