//! Methods by name: what they are, what they run on, and their usual parameters.

use std::collections::BTreeMap;

use super::{sequences, Method};
use crate::{
    class::Class, error::CertifyError, number::Rational, setting::Target, statement::Statement, target::show,
};

/// A name on the command line.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Parameters that may be given; the others are computed from the class.
    pub parameters: &'static [&'static str],
}

/// All methods, in the order of `dinlab certify methods`.
pub const ALL: &[Entry] = &[
    Entry { name: "gradient-descent", about: "x+ = x - h grad f(x); h = 1/L, or 2/(L+mu) on strongly convex classes; a list of steps may be given", parameters: &["step-size"] },
    Entry { name: "subgradient", about: "x+ = x - h g, g a subgradient; h = R/(M sqrt(N+1))", parameters: &["step-size"] },
    Entry { name: "silver", about: "gradient descent with silver steps (N = 2^m - 1)", parameters: &[] },
    Entry { name: "exact-line-search", about: "gradient descent with exact line search", parameters: &[] },
    Entry { name: "heavy-ball", about: "Polyak's heavy ball; tuned for quadratics where mu > 0", parameters: &["step-size", "momentum"] },
    Entry { name: "nesterov", about: "Nesterov's method with constant momentum (1-sqrt(mu/L))/(1+sqrt(mu/L)), output x", parameters: &["step-size", "momentum"] },
    Entry { name: "nesterov-convex", about: "Nesterov's fast gradient method with momenta (t_k - 1)/t_{k+1}, output x", parameters: &["step-size"] },
    Entry { name: "optimized-gradient", about: "Optimised gradient method of Kim and Fessler", parameters: &[] },
    Entry { name: "triple-momentum", about: "Triple momentum of Van Scoy, Freeman and Lynch, output x", parameters: &[] },
    Entry { name: "three-parameter", about: "xi+ = xi + b(xi - xi-) - a grad f(xi + eta(xi - xi-)), output xi + delta(xi - xi-)", parameters: &["a", "b", "eta", "delta"] },
    Entry { name: "indian", about: "INDIAN from rest", parameters: &["alpha", "beta", "step-size"] },
    Entry { name: "proximal-point", about: "x+ = prox_{hf}(x); h = 1", parameters: &["step-size"] },
    Entry { name: "proximal-gradient", about: "x+ = prox_{h psi}(x - h grad f(x)); h = 1/L", parameters: &["step-size"] },
    Entry { name: "fista", about: "Accelerated proximal gradient of Beck and Teboulle", parameters: &["step-size"] },
    Entry { name: "bregman-gradient", about: "grad h(x+) = grad h(x) - g grad f(x) (NoLips); g = 1/L", parameters: &["step-size"] },
    Entry { name: "matrix", about: "x_{k+1} = x_0 - sum_i H_{k,i} grad f(x_i), H from a CSV file", parameters: &["matrix"] },
];

/// The entry of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// Parameters given by name; a list of more than one number is allowed for `step-size`.
pub type Given = BTreeMap<String, Vec<Rational>>;

struct Defaults<'a> {
    entry: &'static Entry,
    given: &'a Given,
    target: &'a Target,
    steps: usize,
    radius: &'a Rational,
}

impl Defaults<'_> {
    fn class(&self) -> Option<&Class> {
        match self.target {
            Target::Single(class) => Some(class),
            Target::Composite { smooth, .. } => Some(smooth),
            Target::Relative { .. } => None,
        }
    }

    fn smoothness(&self) -> Option<&Rational> {
        match self.target {
            Target::Relative { smoothness } => Some(smoothness),
            _ => self.class()?.smoothness(),
        }
    }

    /// μ, 0 where the class has none.
    fn convexity(&self) -> Rational {
        self.class().and_then(Class::convexity).cloned().unwrap_or(Rational::ZERO)
    }

    fn missing(&self, parameter: &'static str) -> CertifyError {
        CertifyError::MissingParameter { method: self.entry.name, parameter }
    }

    fn list(&self, parameter: &'static str) -> Option<&Vec<Rational>> {
        self.given.get(parameter)
    }

    fn one(&self, parameter: &'static str) -> Result<Option<Rational>, CertifyError> {
        match self.list(parameter).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value.clone())),
            Some(values) => Err(CertifyError::WrongLength {
                parameter: parameter.into(),
                expected: 1,
                found: values.len(),
            }),
        }
    }

    fn needed(&self, parameter: &'static str) -> Result<Rational, CertifyError> {
        self.one(parameter)?.ok_or_else(|| self.missing(parameter))
    }

    /// The step as given, or 1/L.
    fn inverse_smoothness(&self) -> Result<Rational, CertifyError> {
        match (self.one("step-size")?, self.smoothness()) {
            (Some(step), _) => Ok(step),
            (None, Some(l)) => Ok(Rational::ONE / l),
            (None, None) => Err(self.missing("step-size")),
        }
    }

    /// One step for all, a list of them, or the default.
    fn step_list(&self, default: impl FnOnce() -> Option<Rational>) -> Result<Vec<Rational>, CertifyError> {
        match self.list("step-size") {
            Some(values) if values.len() == 1 => Ok(vec![values[0].clone(); self.steps]),
            Some(values) if values.len() == self.steps => Ok(values.clone()),
            Some(values) => Err(CertifyError::WrongLength {
                parameter: "step-size".into(),
                expected: self.steps,
                found: values.len(),
            }),
            None => {
                let step = default().ok_or_else(|| self.missing("step-size"))?;
                Ok(vec![step; self.steps])
            }
        }
    }

    /// √(μ/L) > 0 as a fraction.
    fn inverse_root_condition(&self) -> Result<Rational, CertifyError> {
        let (mu, l) = (self.convexity(), self.smoothness());
        match l {
            Some(l) if mu > Rational::ZERO => Ok(sequences::root(&(mu / l))),
            _ => Err(CertifyError::NeedsStrongConvexity { method: self.entry.name }),
        }
    }
}

/// The method `name` of `steps` steps on a target, with given parameters and the usual ones for the others.
///
/// # Errors
/// A parameter that the method does not have, that is missing or has the wrong length; a class that the default needs
/// more of.
pub fn build(
    name: &str,
    given: &Given,
    target: &Target,
    steps: usize,
    radius: &Rational,
) -> Result<Method, CertifyError> {
    let entry = find(name).ok_or_else(|| CertifyError::UnknownMethod { name: name.into() })?;
    if let Some(other) = given.keys().find(|key| !entry.parameters.contains(&key.as_str())) {
        return Err(CertifyError::ForeignParameter {
            method: entry.name,
            parameter: other.clone(),
            expected: entry.parameters,
        });
    }
    let d = Defaults { entry, given, target, steps, radius };
    let method = coefficients(&d)?;
    fits(&method, target)?;
    Ok(method)
}

fn coefficients(d: &Defaults<'_>) -> Result<Method, CertifyError> {
    let (one, two, steps) = (Rational::ONE, Rational::from(2), d.steps);
    Ok(match d.entry.name {
        "gradient-descent" => {
            let tuned = || {
                d.smoothness().map(|l| {
                    if d.convexity() > Rational::ZERO {
                        &two / (d.convexity() + l)
                    } else {
                        &one / l
                    }
                })
            };
            Method::GradientDescent { steps: d.step_list(tuned)? }
        }
        "subgradient" => {
            let usual = || match d.class()? {
                Class::ConvexLipschitz { lipschitz } => {
                    Some(d.radius / (lipschitz * sequences::root(&Rational::from(steps + 1))))
                }
                _ => None,
            };
            Method::GradientDescent { steps: d.step_list(usual)? }
        }
        "silver" => {
            if !(steps + 1).is_power_of_two() {
                return Err(CertifyError::SilverSteps { found: steps });
            }
            let l = d.smoothness().ok_or_else(|| d.missing("step-size"))?;
            Method::GradientDescent { steps: sequences::silver(steps).into_iter().map(|h| h / l).collect() }
        }
        "exact-line-search" => Method::ExactLineSearch,
        "heavy-ball" => {
            // Polyak's choice for quadratics: h = (2/(√L + √μ))², m = ((√L − √μ)/(√L + √μ))².
            let tuned = d.inverse_root_condition().ok().map(|q| {
                let (plus, minus) = (&one + &q, &one - &q);
                let l = d.smoothness().cloned().unwrap_or(Rational::ONE);
                (Rational::from(4) / (l * &plus * &plus), (&minus / &plus).sqr())
            });
            let (step, momentum) = match (d.one("step-size")?, d.one("momentum")?, tuned) {
                (Some(h), Some(m), _) => (h, m),
                (None, None, Some(tuned)) => tuned,
                (h, _, _) => return Err(d.missing(if h.is_none() { "step-size" } else { "momentum" })),
            };
            Method::HeavyBall { step, momentum }
        }
        "nesterov" => {
            let momentum = match d.one("momentum")? {
                Some(m) => m,
                None => {
                    let q = d.inverse_root_condition()?;
                    (&one - &q) / (&one + &q)
                }
            };
            Method::Nesterov { step: d.inverse_smoothness()?, momenta: vec![momentum; steps] }
        }
        "nesterov-convex" => {
            Method::Nesterov { step: d.inverse_smoothness()?, momenta: sequences::nesterov_momenta(steps) }
        }
        "optimized-gradient" => {
            let theta = sequences::optimized_theta(steps);
            let pair =
                |f: fn(f64) -> f64| theta.windows(2).map(|t| sequences::fraction(f(t[0]) / t[1])).collect();
            Method::OptimizedGradient { step: d.inverse_smoothness()?, p: pair(|t| t - 1.0), q: pair(|t| t) }
        }
        "triple-momentum" => {
            let rho = &one - d.inverse_root_condition()?;
            let l = d.smoothness().cloned().unwrap_or(Rational::ONE);
            let square = rho.sqr();
            Method::ThreeParameter {
                coefficients: [
                    (&one + &rho) / l,
                    &square / (&two - &rho),
                    &square / ((&one + &rho) * (&two - &rho)),
                    &square / (&one - &square),
                ],
            }
        }
        "three-parameter" => {
            let delta = d.one("delta")?.unwrap_or(Rational::ZERO);
            Method::ThreeParameter { coefficients: [d.needed("a")?, d.needed("b")?, d.needed("eta")?, delta] }
        }
        "indian" => {
            let (alpha, beta, gamma) = (d.needed("alpha")?, d.needed("beta")?, d.needed("step-size")?);
            // Products of two wrong signs would be right, and of one do not show which was wrong.
            in_range("step-size", &gamma, gamma > Rational::ZERO, POSITIVE)?;
            in_range("alpha", &alpha, alpha >= Rational::ZERO, NOT_NEGATIVE)?;
            in_range("beta", &beta, beta >= Rational::ZERO, NOT_NEGATIVE)?;
            Method::Indian { products: [gamma.sqr(), alpha * &gamma, gamma * beta] }
        }
        "proximal-point" => Method::ProximalPoint { steps: d.step_list(|| Some(Rational::ONE))? },
        "proximal-gradient" => {
            Method::ProximalGradient { step: d.inverse_smoothness()?, momenta: vec![Rational::ZERO; steps] }
        }
        "fista" => Method::ProximalGradient {
            step: d.inverse_smoothness()?,
            momenta: sequences::nesterov_momenta(steps),
        },
        "bregman-gradient" => Method::BregmanGradient { step: d.inverse_smoothness()? },
        _ => {
            let flat = d.list("matrix").ok_or_else(|| d.missing("matrix"))?;
            let expected = steps * (steps + 1) / 2;
            if flat.len() != expected {
                return Err(CertifyError::WrongLength {
                    parameter: "matrix".into(),
                    expected,
                    found: flat.len(),
                });
            }
            let mut rest = flat.iter().cloned();
            Method::Matrix { rows: (1..=steps).map(|length| rest.by_ref().take(length).collect()).collect() }
        }
    })
}

/// Refuses methods on functions that they cannot be run on.
///
/// # Errors
/// [`CertifyError::MethodDoesNotFit`] with what the method needs.
pub fn fits(method: &Method, target: &Target) -> Result<(), CertifyError> {
    let needs = match (method, target) {
        (Method::ProximalGradient { step, .. }, Target::Composite { .. }) => {
            return in_range("step-size", step, *step > Rational::ZERO, POSITIVE)
        }
        (Method::ProximalGradient { .. }, _) => "the class `composite`",
        (Method::BregmanGradient { step }, Target::Relative { .. }) => {
            return in_range("step-size", step, *step > Rational::ZERO, POSITIVE)
        }
        (Method::BregmanGradient { .. }, _) => "the class `relatively-smooth`",
        (_, Target::Composite { .. }) => {
            "a class of single functions; on `composite` take proximal-gradient or fista"
        }
        (_, Target::Relative { .. }) => "Euclidean gradients; on `relatively-smooth` take bregman-gradient",
        (Method::ProximalPoint { steps }, Target::Single(class)) => match class {
            Class::Convex { .. } | Class::ConvexLipschitz { .. } | Class::SmoothStronglyConvex { .. } => {
                return steps
                    .iter()
                    .try_for_each(|step| in_range("step-size", step, *step > Rational::ZERO, POSITIVE))
            }
            _ => "a class of convex functions without further structure",
        },
        (Method::ExactLineSearch, Target::Single(class)) if !class.differentiable() => {
            "a class of differentiable functions"
        }
        (Method::Indian { products: [square, friction, damping] }, Target::Single(_)) => {
            in_range("step-size", square, *square > Rational::ZERO, POSITIVE)?;
            in_range("alpha", friction, *friction >= Rational::ZERO, NOT_NEGATIVE)?;
            return in_range("beta", damping, *damping >= Rational::ZERO, NOT_NEGATIVE);
        }
        (_, Target::Single(_)) => return Ok(()),
    };
    Err(CertifyError::MethodDoesNotFit { method: method.kind(), needs })
}

const POSITIVE: &str = "a number greater than 0";
const NOT_NEGATIVE: &str = "a number of at least 0";

/// Refuses a parameter for which the method is not defined.
fn in_range(name: &'static str, value: &Rational, holds: bool, expected: &str) -> Result<(), CertifyError> {
    if holds {
        return Ok(());
    }
    Err(CertifyError::Constant { name, value: show(value), expected: expected.to_owned() })
}

/// Whether the name of a statement follows from its coefficients: the method of that name, given the parameters that the
/// coefficients show, is this one.
pub fn is_named(statement: &Statement) -> bool {
    let method = &statement.method;
    let given: Vec<(&str, Vec<Rational>)> = match (statement.name.as_str(), method) {
        // Their coefficients are the definition.
        ("indian", Method::Indian { .. }) | ("matrix", Method::Matrix { .. }) => return true,
        ("gradient-descent" | "subgradient", Method::GradientDescent { steps })
        | ("proximal-point", Method::ProximalPoint { steps }) => vec![("step-size", steps.clone())],
        ("heavy-ball", Method::HeavyBall { step, momentum }) => {
            vec![("step-size", vec![step.clone()]), ("momentum", vec![momentum.clone()])]
        }
        ("nesterov", Method::Nesterov { step, momenta }) => {
            let momentum = momenta.iter().take(1).cloned().collect();
            vec![("step-size", vec![step.clone()]), ("momentum", momentum)]
        }
        ("nesterov-convex", Method::Nesterov { step, .. })
        | ("proximal-gradient" | "fista", Method::ProximalGradient { step, .. })
        | ("bregman-gradient", Method::BregmanGradient { step }) => vec![("step-size", vec![step.clone()])],
        ("three-parameter", Method::ThreeParameter { coefficients }) => {
            ["a", "b", "eta", "delta"].into_iter().zip(coefficients.iter().map(|c| vec![c.clone()])).collect()
        }
        _ => Vec::new(),
    };
    let given = given.into_iter().map(|(name, list)| (name.to_owned(), list)).collect();
    build(&statement.name, &given, &statement.target, statement.steps, &statement.radius)
        .is_ok_and(|own| own == *method)
}
