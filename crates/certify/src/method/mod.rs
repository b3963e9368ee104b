//! First-order methods, each written once over the arithmetic of a model, and their names with default parameters.

mod bregman_gradient;
mod exact_line_search;
mod gradient_descent;
mod heavy_ball;
mod indian;
mod matrix;
mod nesterov;
mod optimized_gradient;
mod proximal_gradient;
mod proximal_point;
pub mod registry;
pub mod sequences;
mod three_parameter;

use std::collections::BTreeMap;

use crate::{
    expression::Vector,
    number::{Number, Rational},
    setting::{Iterate, Setting, Target},
};

/// A method with all its coefficients. What is irrational in a paper is here the fraction that is used instead.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Gradient or subgradient steps hₖ.
    GradientDescent {
        /// hₖ.
        steps: Vec<Rational>,
    },
    /// Heavy ball.
    HeavyBall {
        /// h.
        step: Rational,
        /// m.
        momentum: Rational,
    },
    /// Nesterov's method, output xₖ.
    Nesterov {
        /// h.
        step: Rational,
        /// mₖ.
        momenta: Vec<Rational>,
    },
    /// Optimised gradient method, output xₖ.
    OptimizedGradient {
        /// 1/L.
        step: Rational,
        /// Factor of y_{k+1} − y_k.
        p: Vec<Rational>,
        /// Factor of y_{k+1} − x_k.
        q: Vec<Rational>,
    },
    /// Three-parameter family with an output parameter; triple momentum is one of it.
    ThreeParameter {
        /// a, b, η, δ.
        coefficients: [Rational; 4],
    },
    /// INDIAN from rest.
    Indian {
        /// γ², αγ, γβ.
        products: [Rational; 3],
    },
    /// Gradient descent with exact line search.
    ExactLineSearch,
    /// Proximal point.
    ProximalPoint {
        /// hₖ.
        steps: Vec<Rational>,
    },
    /// Proximal gradient (all momenta 0) or FISTA.
    ProximalGradient {
        /// h.
        step: Rational,
        /// mₖ.
        momenta: Vec<Rational>,
    },
    /// Bregman gradient.
    BregmanGradient {
        /// γ.
        step: Rational,
    },
    /// x_{k+1} = x₀ − Σ_{i≤k} H_{k,i}∇f(x_i).
    Matrix {
        /// Rows of H: row k has k + 1 entries.
        rows: Vec<Vec<Rational>>,
    },
}

/// Lists of coefficients by name, as they stand in a certificate.
pub type Coefficients = BTreeMap<String, Vec<Rational>>;

impl Method {
    /// Runs `n` steps on the functions of a setting; n + 1 iterates. `radius` bounds the start of Bregman methods.
    pub fn run<S: Number>(
        &self,
        o: &mut Setting<S>,
        n: usize,
        target: &Target,
        radius: &Rational,
    ) -> Vec<Iterate<S>> {
        match self {
            Self::GradientDescent { steps } => gradient_descent::run(o, steps),
            Self::HeavyBall { step, momentum } => heavy_ball::run(o, n, step, momentum),
            Self::Nesterov { step, momenta } => nesterov::run(o, step, momenta),
            Self::OptimizedGradient { step, p, q } => optimized_gradient::run(o, step, p, q),
            Self::ThreeParameter { coefficients: [a, b, eta, delta] } => {
                three_parameter::run(o, n, [a, b, eta, delta])
            }
            Self::Indian { products: [a, b, c] } => indian::run(o, n, [a, b, c]),
            Self::ExactLineSearch => exact_line_search::run(o, n),
            Self::ProximalPoint { steps } => proximal_point::run(o, steps),
            Self::ProximalGradient { step, momenta } => proximal_gradient::run(o, step, momenta),
            Self::BregmanGradient { step } => match target {
                Target::Relative { smoothness } => bregman_gradient::run(o, n, step, [smoothness, radius]),
                _ => Vec::new(),
            },
            Self::Matrix { rows } => matrix::run(o, rows),
        }
    }

    /// Name of the kind in certificates.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GradientDescent { .. } => "gradient-descent",
            Self::HeavyBall { .. } => "heavy-ball",
            Self::Nesterov { .. } => "nesterov",
            Self::OptimizedGradient { .. } => "optimized-gradient",
            Self::ThreeParameter { .. } => "three-parameter",
            Self::Indian { .. } => "indian",
            Self::ExactLineSearch => "exact-line-search",
            Self::ProximalPoint { .. } => "proximal-point",
            Self::ProximalGradient { .. } => "proximal-gradient",
            Self::BregmanGradient { .. } => "bregman-gradient",
            Self::Matrix { .. } => "matrix",
        }
    }

    /// Coefficients by name.
    pub fn coefficients(&self) -> Coefficients {
        let one = |value: &Rational| vec![value.clone()];
        let entries: Vec<(&str, Vec<Rational>)> = match self {
            Self::GradientDescent { steps } | Self::ProximalPoint { steps } => vec![("steps", steps.clone())],
            Self::HeavyBall { step, momentum } => vec![("step", one(step)), ("momentum", one(momentum))],
            Self::Nesterov { step, momenta } | Self::ProximalGradient { step, momenta } => {
                vec![("step", one(step)), ("momenta", momenta.clone())]
            }
            Self::OptimizedGradient { step, p, q } => {
                vec![("step", one(step)), ("p", p.clone()), ("q", q.clone())]
            }
            Self::ThreeParameter { coefficients } => vec![("a_b_eta_delta", coefficients.to_vec())],
            Self::Indian { products } => vec![("gamma2_alphagamma_gammabeta", products.to_vec())],
            Self::ExactLineSearch => Vec::new(),
            Self::BregmanGradient { step } => vec![("step", one(step))],
            Self::Matrix { rows } => vec![("rows", rows.concat())],
        };
        entries.into_iter().map(|(name, values)| (name.to_owned(), values)).collect()
    }

    /// The inverse of [`Method::kind`] and [`Method::coefficients`]; `None` where they make no method of `n` steps.
    pub fn from_parts(kind: &str, coefficients: &Coefficients, n: usize) -> Option<Self> {
        let list = |name: &str| coefficients.get(name).cloned();
        let of_length = |name: &str, length: usize| list(name).filter(|values| values.len() == length);
        let one = |name: &str| of_length(name, 1).map(|mut values| values.remove(0));
        let method = match kind {
            "gradient-descent" => Self::GradientDescent { steps: of_length("steps", n)? },
            "proximal-point" => Self::ProximalPoint { steps: of_length("steps", n)? },
            "heavy-ball" => Self::HeavyBall { step: one("step")?, momentum: one("momentum")? },
            "nesterov" => Self::Nesterov { step: one("step")?, momenta: of_length("momenta", n)? },
            "proximal-gradient" => {
                Self::ProximalGradient { step: one("step")?, momenta: of_length("momenta", n)? }
            }
            "optimized-gradient" => {
                Self::OptimizedGradient { step: one("step")?, p: of_length("p", n)?, q: of_length("q", n)? }
            }
            "three-parameter" => {
                Self::ThreeParameter { coefficients: list("a_b_eta_delta")?.try_into().ok()? }
            }
            "indian" => Self::Indian { products: list("gamma2_alphagamma_gammabeta")?.try_into().ok()? },
            "exact-line-search" => Self::ExactLineSearch,
            "bregman-gradient" => Self::BregmanGradient { step: one("step")? },
            "matrix" => {
                let mut flat = of_length("rows", n * (n + 1) / 2)?.into_iter();
                Self::Matrix { rows: (1..=n).map(|length| flat.by_ref().take(length).collect()).collect() }
            }
            _ => return None,
        };
        // Nothing else may stand there.
        (method.coefficients().len() == coefficients.len()).then_some(method)
    }
}

/// Iterates that no proximal step made.
fn iterates<S>(points: Vec<Vector<S>>) -> Vec<Iterate<S>> {
    points.into_iter().map(|x| Iterate { x, proximal: None }).collect()
}
