//! Equations that an algorithm follows to second order in its step: they contain the step.
//!
//! * The modified equation of explicit Euler, x′ = f − (γ/2)f′f (Hairer, Lubich, Wanner, Geometric Numerical Integration,
//!   section IX.1), for INDIAN: f is the right-hand side of DIN.
//! * The high-resolution equations of Shi, Du, Jordan and Su (Math. Program. 195, 2022),
//!   X″ + c(t)X′ + δ∇²J(X)X′ + (1 + c(t)δ/2)∇J(X) = 0, δ the time that one iteration takes (the square root of its step);
//!   without the Hessian's term that of the heavy ball. For δ = 0 they are the classical ones, with c = 3/t that of Su, Boyd
//!   and Candès (JMLR 17(153), 2016).

use dinlab_objective::{Objective, Oracle, Regularity};

use crate::{dynamics::Dynamics, system::System, systems::system};

/// Modified equation of INDIAN with step γ, in the state (θ, u) of [`Dynamics::Din`]; J must be twice differentiable.
pub fn modified_indian<'a>(
    objective: &'a dyn Objective,
    alpha: f64,
    beta: f64,
    step_size: f64,
) -> Box<dyn System + 'a> {
    Box::new(ModifiedIndian {
        inner: system(Dynamics::Din { alpha, beta }, objective),
        oracle: objective.oracle(),
        alpha,
        beta,
        half_step: 0.5 * step_size,
        curved: vec![0.0; objective.dimension()],
    })
}

struct ModifiedIndian<'a> {
    inner: Box<dyn System + 'a>,
    oracle: Box<dyn Oracle + 'a>,
    alpha: f64,
    beta: f64,
    half_step: f64,
    curved: Vec<f64>,
}

impl System for ModifiedIndian<'_> {
    fn is_smooth(&self) -> bool {
        self.inner.is_smooth()
    }
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let (alpha, beta, h) = (self.alpha, self.beta, self.half_step);
        self.inner.rhs(t, y, dy);
        let n = self.curved.len();
        let (theta_dot, u_dot) = dy.split_at_mut(n);
        self.oracle.hessian_vector(&y[..n], theta_dot, &mut self.curved);
        // f′f = (u′ − β∇²J θ′, −αu′ − (1 − αβ)∇²J θ′).
        for ((p, q), c) in theta_dot.iter_mut().zip(u_dot).zip(&self.curved) {
            let (slope_theta, slope_u) = (*q - beta * c, -alpha * *q - (1.0 - alpha * beta) * c);
            *p -= h * slope_theta;
            *q -= h * slope_u;
        }
    }
}

/// Friction c(t) of an inertial equation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Friction {
    /// c = α.
    Constant(f64),
    /// c = r/t, t > 0.
    Vanishing(f64),
}

impl Friction {
    /// c(t).
    pub fn at(self, t: f64) -> f64 {
        match self {
            Self::Constant(alpha) => alpha,
            Self::Vanishing(r) => r / t,
        }
    }
}

/// X″ + c(t)X′ + b∇²J(X)X′ + (1 + c(t)δ/2)∇J(X) = 0, b = δ with `with_hessian` and 0 without, as
/// X′ = Y − b∇J(X), Y′ = −c(t)X′ − (1 + c(t)δ/2)∇J(X). State (X, Y).
pub fn high_resolution<'a>(
    objective: &'a dyn Objective,
    friction: Friction,
    resolution: f64,
    with_hessian: bool,
) -> Box<dyn System + 'a> {
    let n = objective.dimension();
    let damping = if with_hessian { resolution } else { 0.0 };
    let smooth = objective.facts().regularity != Regularity::Lipschitz;
    Box::new(HighResolution {
        oracle: objective.oracle(),
        friction,
        resolution,
        damping,
        smooth,
        v: vec![0.0; n],
    })
}

struct HighResolution<'a> {
    oracle: Box<dyn Oracle + 'a>,
    friction: Friction,
    resolution: f64,
    damping: f64,
    smooth: bool,
    v: Vec<f64>,
}

impl System for HighResolution<'_> {
    fn is_smooth(&self) -> bool {
        self.smooth
    }
    fn dimension(&self) -> usize {
        2 * self.v.len()
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.v.len();
        let (c, weight) = (self.friction.at(t), 1.0 + 0.5 * self.friction.at(t) * self.resolution);
        self.oracle.gradient(&y[..n], &mut self.v);
        for i in 0..n {
            dy[i] = y[n + i] - self.damping * self.v[i];
            dy[n + i] = -c * dy[i] - weight * self.v[i];
        }
    }
}
