//! INDIAN under other names. Its iterates solve
//! θ_{k+1} = θ_k + m(θ_k − θ_{k−1}) − c₁v_k + c₂v_{k−1}, m = 1−αγ, c₁ = γβ, c₂ = γ(β−γ),
//! and so do the points y_k at which the family
//! ξ_{k+1} = ξ_k + b(ξ_k − ξ_{k−1}) − a∇J(y_k), y_k = ξ_k + η(ξ_k − ξ_{k−1}) takes its gradients
//! (Lessard, Recht, Packard, SIAM J. Optim. 26, 2016) when a = γ², b = 1−αγ, η = β/γ − 1. This holds for every J, with
//! u₀ = (1−αβ)(ξ₀ − ξ₋₁)/γ: the start at rest is ξ₋₁ = ξ₀.
//!
//! Derivation: subtract b times the relation of one step before from the recursion of y; the sum of both gradient
//! terms is a(1+η)v_k − aηv_{k−1}.

use serde::Serialize;

use crate::error::IndianError;

/// Parameters of INDIAN with a constant step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameters {
    /// α ≥ 0.
    pub alpha: f64,
    /// β ≥ 0.
    pub beta: f64,
    /// γ > 0.
    pub step_size: f64,
}

/// θ_{k+1} = θ_k + m(θ_k − θ_{k−1}) − c₁v_k + c₂v_{k−1}.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TwoStep {
    /// m.
    pub momentum: f64,
    /// c₁.
    pub gradient: f64,
    /// c₂.
    pub previous_gradient: f64,
}

/// ξ_{k+1} = ξ_k + b(ξ_k − ξ_{k−1}) − a∇J(y_k), y_k = ξ_k + η(ξ_k − ξ_{k−1}).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ThreeParameter {
    /// Step a > 0.
    pub a: f64,
    /// Momentum b ≤ 1.
    pub b: f64,
    /// Extrapolation η ≥ −1 of the gradient's point.
    pub eta: f64,
}

/// INNAprop's order of update (Bolte, Boustany, Pauwels, Purica 2024), before its scaling of the gradient:
/// ψ⁺ = (1 − γ/β)ψ + γ(1/β − α)θ, then θ⁺ = (1 + p)θ − qψ⁺ − γβv.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PsiFirst {
    /// p = γ(1−αβ)/(β−γ).
    pub of_theta: f64,
    /// q = γ/(β−γ).
    pub of_psi: f64,
}

/// A method of the family under its own name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// θ⁺ = θ − hv.
    GradientDescent {
        /// h.
        step_size: f64,
    },
    /// Polyak's heavy ball.
    HeavyBall {
        /// h.
        step_size: f64,
        /// m.
        momentum: f64,
    },
    /// Nesterov's method with constant momentum.
    Nesterov {
        /// s.
        step_size: f64,
        /// m.
        momentum: f64,
    },
    /// Triple momentum (Van Scoy, Freeman, Lynch, IEEE Control Systems Letters 2, 2018).
    TripleMomentum {
        /// μ > 0.
        convexity: f64,
        /// L ≥ μ.
        smoothness: f64,
    },
    /// Explicit Euler of the heavy ball with friction, θ″ + αθ′ + ∇J = 0.
    FrictionEuler {
        /// α.
        alpha: f64,
        /// γ.
        step_size: f64,
    },
}

/// Relative distance up to which two typed numbers count as equal.
const SAME: f64 = 1e-12;

fn same(x: f64, y: f64) -> bool {
    (x - y).abs() <= SAME * (x.abs() + y.abs())
}

fn require(
    method: &'static str,
    parameter: &'static str,
    value: f64,
    expected: &'static str,
    holds: bool,
) -> Result<(), IndianError> {
    match holds && value.is_finite() {
        true => Ok(()),
        false => Err(IndianError::Parameter { method, parameter, value, expected }),
    }
}

impl Parameters {
    /// Refuses what INDIAN cannot be run with.
    pub fn validate(&self) -> Result<(), IndianError> {
        require("indian", "alpha", self.alpha, "a finite number >= 0", self.alpha >= 0.0)?;
        require("indian", "beta", self.beta, "a finite number >= 0", self.beta >= 0.0)?;
        require("indian", "step size", self.step_size, "a finite number > 0", self.step_size > 0.0)
    }

    /// The two-step form.
    pub fn two_step(&self) -> TwoStep {
        let Self { alpha, beta, step_size: gamma } = *self;
        TwoStep {
            momentum: 1.0 - alpha * gamma,
            gradient: gamma * beta,
            previous_gradient: gamma * (beta - gamma),
        }
    }

    /// The member of the three-parameter family.
    pub fn three_parameter(&self) -> ThreeParameter {
        let Self { alpha, beta, step_size: gamma } = *self;
        ThreeParameter { a: gamma * gamma, b: 1.0 - alpha * gamma, eta: beta / gamma - 1.0 }
    }

    /// INNAprop's order of update; it does not exist for γ = β.
    pub fn psi_first(&self) -> Result<PsiFirst, IndianError> {
        let Self { alpha, beta, step_size: gamma } = *self;
        require("innaprop", "beta", beta, "a number > 0 (psi needs it)", beta > 0.0)?;
        let expected = "a number other than the step size (psi first is singular there)";
        require("innaprop", "beta", beta, expected, !same(beta, gamma))?;
        let of_psi = gamma / (beta - gamma);
        Ok(PsiFirst { of_theta: of_psi * (1.0 - alpha * beta), of_psi })
    }

    /// The names under which these parameters are known, each with its own parameters.
    pub fn names(&self) -> Vec<Named> {
        let Self { alpha, beta, step_size: gamma } = *self;
        let ThreeParameter { a, b, eta } = self.three_parameter();
        let mut names = Vec::new();
        if same(alpha * beta, 1.0) {
            names.push(Named::GradientDescent { step_size: gamma * beta });
        }
        if same(beta, gamma) {
            names.push(Named::HeavyBall { step_size: a, momentum: b });
        }
        // η = b with both computed as differences: compare what they were subtracted from.
        if same(beta / gamma, 2.0 - alpha * gamma) {
            names.push(Named::Nesterov { step_size: a, momentum: b });
        }
        // b/η = 1 + ρ and b = ρ²/(2−ρ).
        let rho = b / eta - 1.0;
        if b > 0.0 && rho > 0.0 && rho < 1.0 && same(b * (2.0 - rho), rho * rho) {
            let smoothness = (1.0 + rho) / a;
            names.push(Named::TripleMomentum { convexity: smoothness * (1.0 - rho).powi(2), smoothness });
        }
        if beta == 0.0 {
            names.push(Named::FrictionEuler { alpha, step_size: gamma });
        }
        names
    }
}

impl ThreeParameter {
    /// INDIAN's parameters: γ = √a, β = γ(1+η), α = (1−b)/γ. Refuses a ≤ 0, b > 1 and η < −1, which INDIAN does not
    /// contain.
    pub fn indian(&self) -> Result<Parameters, IndianError> {
        const NAME: &str = "three-parameter";
        let Self { a, b, eta } = *self;
        require(NAME, "a", a, "a finite number > 0 (a = step size squared)", a > 0.0)?;
        require(NAME, "b", b, "a number <= 1 (b = 1 - alpha step size, alpha >= 0)", b <= 1.0)?;
        require(NAME, "eta", eta, "a number >= -1 (eta = beta/step size - 1, beta >= 0)", eta >= -1.0)?;
        let gamma = a.sqrt();
        Ok(Parameters { alpha: (1.0 - b) / gamma, beta: gamma * (1.0 + eta), step_size: gamma })
    }
}

impl Named {
    /// Name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GradientDescent { .. } => "gradient-descent",
            Self::HeavyBall { .. } => "heavy-ball",
            Self::Nesterov { .. } => "nesterov",
            Self::TripleMomentum { .. } => "triple-momentum",
            Self::FrictionEuler { .. } => "friction-euler",
        }
    }

    /// Its parameters by name.
    pub fn values(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Self::GradientDescent { step_size } => vec![("step_size", step_size)],
            Self::HeavyBall { step_size, momentum } | Self::Nesterov { step_size, momentum } => {
                vec![("step_size", step_size), ("momentum", momentum)]
            }
            Self::TripleMomentum { convexity, smoothness } => {
                vec![("convexity", convexity), ("smoothness", smoothness)]
            }
            Self::FrictionEuler { alpha, step_size } => vec![("alpha", alpha), ("step_size", step_size)],
        }
    }

    /// Which start of INDIAN gives the method, and which of its points θ is.
    pub fn convention(&self) -> &'static str {
        match self {
            Self::GradientDescent { .. } => "start at rest; theta is the iterate",
            Self::HeavyBall { .. } => "start at rest is theta_-1 = theta_0; theta is the iterate",
            Self::Nesterov { .. } => {
                "start at rest is x_-1 = x_0 = theta_0; theta is y, where gradients are taken, not x"
            }
            Self::TripleMomentum { .. } => {
                "start at rest is xi_-1 = xi_0 = theta_0; theta is y, where gradients are taken"
            }
            Self::FrictionEuler { .. } => "u is the velocity; start at rest is velocity 0",
        }
    }

    /// The member of the three-parameter family.
    pub fn three_parameter(&self) -> Result<ThreeParameter, IndianError> {
        let name = self.name();
        let positive = |parameter, value| require(name, parameter, value, "a finite number > 0", value > 0.0);
        let at_most_one =
            |value| require(name, "momentum", value, "a number in (-1, 1]", value > -1.0 && value <= 1.0);
        match *self {
            Self::GradientDescent { step_size: a } => {
                positive("step size", a)?;
                Ok(ThreeParameter { a, b: 0.0, eta: 0.0 })
            }
            Self::HeavyBall { step_size: a, momentum: b } => {
                positive("step size", a)?;
                at_most_one(b)?;
                Ok(ThreeParameter { a, b, eta: 0.0 })
            }
            Self::Nesterov { step_size: a, momentum: b } => {
                positive("step size", a)?;
                at_most_one(b)?;
                Ok(ThreeParameter { a, b, eta: b })
            }
            Self::TripleMomentum { convexity: mu, smoothness: l } => {
                positive("convexity", mu)?;
                positive("smoothness", l)?;
                require(name, "convexity", mu, "a number at most the smoothness constant", mu <= l)?;
                let rho = 1.0 - (mu / l).sqrt();
                let b = rho * rho / (2.0 - rho);
                Ok(ThreeParameter { a: (1.0 + rho) / l, b, eta: b / (1.0 + rho) })
            }
            Self::FrictionEuler { alpha, step_size } => {
                let parameters = Parameters { alpha, beta: 0.0, step_size };
                parameters.validate()?;
                Ok(parameters.three_parameter())
            }
        }
    }

    /// INDIAN's parameters.
    pub fn indian(&self) -> Result<Parameters, IndianError> {
        self.three_parameter()?.indian()
    }
}

/// Step 2/(μ+L): best for gradient descent on strongly convex quadratics.
pub fn tuned_gradient_descent(mu: f64, l: f64) -> Named {
    Named::GradientDescent { step_size: 2.0 / (mu + l) }
}

/// Polyak's choice for quadratics, h = 4/(√μ+√L)², m = ((√L−√μ)/(√L+√μ))².
pub fn tuned_heavy_ball(mu: f64, l: f64) -> Named {
    let (low, high) = (mu.sqrt(), l.sqrt());
    Named::HeavyBall {
        step_size: 4.0 / (low + high).powi(2),
        momentum: ((high - low) / (high + low)).powi(2),
    }
}

/// Nesterov's choice for strongly convex functions, s = 1/L, m = (√L−√μ)/(√L+√μ).
pub fn tuned_nesterov(mu: f64, l: f64) -> Named {
    let (low, high) = (mu.sqrt(), l.sqrt());
    Named::Nesterov { step_size: 1.0 / l, momentum: (high - low) / (high + low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: [Named; 6] = [
        Named::GradientDescent { step_size: 0.04 },
        Named::HeavyBall { step_size: 0.01, momentum: 0.9 },
        Named::Nesterov { step_size: 0.01, momentum: 0.9 },
        Named::TripleMomentum { convexity: 1.0, smoothness: 100.0 },
        Named::TripleMomentum { convexity: 0.3, smoothness: 7.0 },
        Named::FrictionEuler { alpha: 0.5, step_size: 0.1 },
    ];

    #[test]
    fn names_are_found_again() {
        for named in NAMED {
            let found = named.indian().unwrap().names();
            let same_name: Vec<&Named> = found.iter().filter(|f| f.name() == named.name()).collect();
            assert_eq!(same_name.len(), 1, "{named:?}: {found:?}");
            for ((_, x), (_, y)) in same_name[0].values().iter().zip(named.values()) {
                assert!((x - y).abs() < 1e-9 * y.abs(), "{named:?}: {found:?}");
            }
        }
        assert!(Parameters { alpha: 0.5, beta: 0.1, step_size: 0.07 }.names().is_empty());
        // Off by 10⁻³ is another method.
        let near = Named::Nesterov { step_size: 0.01, momentum: 0.9 }.indian().unwrap();
        assert!(Parameters { beta: 1.001 * near.beta, ..near }.names().is_empty());
    }

    #[test]
    fn the_family_and_back() {
        for (alpha, beta, step_size) in
            [(0.5, 0.1, 0.07), (3.0, 2.0, 0.2), (0.0, 0.0, 1.0), (1e-3, 5.0, 1e-4)]
        {
            let parameters = Parameters { alpha, beta, step_size };
            let back = parameters.three_parameter().indian().unwrap();
            for (x, y) in [(back.alpha, alpha), (back.beta, beta), (back.step_size, step_size)] {
                // 1−αγ and β/γ−1 lose what α and β carry below ε/γ and εγ.
                assert!(
                    (x - y).abs() <= 4.0 * f64::EPSILON * (1.0 / step_size + beta),
                    "{parameters:?} {back:?}"
                );
            }
        }
    }

    #[test]
    fn impossible_parameters_are_named() {
        let refused = |named: Named| matches!(named.indian(), Err(IndianError::Parameter { .. }));
        assert!(refused(Named::GradientDescent { step_size: 0.0 }));
        assert!(refused(Named::HeavyBall { step_size: 0.1, momentum: 1.1 }));
        assert!(refused(Named::Nesterov { step_size: f64::NAN, momentum: 0.5 }));
        assert!(refused(Named::TripleMomentum { convexity: 2.0, smoothness: 1.0 }));
        for (a, b, eta) in [(-1.0, 0.5, 0.0), (1.0, 1.5, 0.0), (1.0, 0.5, -2.0), (1.0, f64::NAN, 0.0)] {
            assert!(ThreeParameter { a, b, eta }.indian().is_err());
        }
        let singular = Parameters { alpha: 0.5, beta: 0.1, step_size: 0.1 };
        assert!(singular.psi_first().is_err() && singular.validate().is_ok());
        assert!(Parameters { beta: 0.0, ..singular }.psi_first().is_err());
    }
}
