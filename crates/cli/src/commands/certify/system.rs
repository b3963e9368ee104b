//! The method or flow of `certify rate` and `certify cycle`, from the command line.

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use dinlab_certify::{
    lyapunov::{certificate::Exact, flow::Flow, Condition, Family},
    target, Rational,
};
use serde_json::{json, Map, Value};

use super::options::{one, Coefficients};

/// Method or flow with its parameters, and the class
#[derive(Debug, Args)]
pub(super) struct Given {
    /// Method or flow
    #[arg(long, value_name = "M", value_enum)]
    method: Name,
    /// Constant of strong convexity
    #[arg(long, visible_alias = "mu", value_name = "MU", allow_hyphen_values = true)]
    convexity: String,
    /// Lipschitz constant of the gradient
    #[arg(long, visible_alias = "L", value_name = "L", default_value = "1", allow_hyphen_values = true)]
    smoothness: String,
    #[command(flatten)]
    coefficients: Coefficients,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    GradientDescent,
    HeavyBall,
    Nesterov,
    TripleMomentum,
    ThreeParameter,
    Indian,
    GradientFlow,
    Din,
}

impl Name {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Given {
    /// The class.
    pub(super) fn class(&self) -> anyhow::Result<Condition> {
        Ok(Condition::new(one("convexity", &self.convexity)?, one("smoothness", &self.smoothness)?)?)
    }

    /// Name of the method.
    pub(super) fn name(&self) -> String {
        self.method.name()
    }

    /// The values of these options, and of no other; `None` where none of them is given.
    fn take<const N: usize>(&self, wanted: [&'static str; N]) -> anyhow::Result<Option<[Rational; N]>> {
        let method = self.method.name();
        let list = wanted.map(|name| format!("--{name}")).join(" ");
        let list = if list.is_empty() { "none".to_owned() } else { list };
        if let Some((other, _)) =
            self.coefficients.all().iter().find(|(n, v)| v.is_some() && !wanted.contains(n))
        {
            bail!("--method {method}: --{other} is not among its parameters, expected {list}");
        }
        let given: Vec<(&str, &str)> =
            self.coefficients.all().into_iter().filter_map(|(n, v)| Some((n, v?))).collect();
        if given.is_empty() {
            return Ok(None);
        }
        let mut values: [Rational; N] = std::array::from_fn(|_| Rational::ZERO);
        for (value, name) in values.iter_mut().zip(wanted) {
            match given.iter().find(|(n, _)| *n == name) {
                Some((_, text)) => *value = one(name, text)?,
                None => bail!("--method {method}: --{name} is missing, expected {list}"),
            }
        }
        Ok(Some(values))
    }

    /// The method in fractions.
    pub(super) fn system(&self, class: &Condition) -> anyhow::Result<Exact> {
        let missing = |list: &str| anyhow::anyhow!("--method {}: expected {list}", self.method.name());
        let not_negative = |name: &str, value: &Rational| {
            ensure!(
                *value >= Rational::ZERO,
                "--{name} {}: expected a number of at least 0",
                target::show(value)
            );
            Ok(())
        };
        let family = match self.method {
            Name::GradientDescent => match self.take(["step-size"])? {
                Some([h]) => Family::gradient_descent(&h),
                None => Family::tuned_gradient_descent(class),
            },
            Name::HeavyBall => match self.take(["step-size", "momentum"])? {
                Some([h, m]) => Family::heavy_ball(&h, &m),
                None => Family::tuned_heavy_ball(class),
            },
            Name::Nesterov => match self.take(["step-size", "momentum"])? {
                Some([h, m]) => Family::nesterov(&h, &m),
                None => Family::tuned_nesterov(class),
            },
            Name::TripleMomentum => {
                self.take([])?;
                Family::triple_momentum(class)
            }
            Name::ThreeParameter => {
                let [a, b, eta] = self.take(["a", "b", "eta"])?.ok_or_else(|| missing("--a --b --eta"))?;
                Family::three_parameter(&a, &b, &eta)
            }
            Name::Indian => {
                let [alpha, beta, gamma] = self
                    .take(["alpha", "beta", "step-size"])?
                    .ok_or_else(|| missing("--alpha --beta --step-size"))?;
                not_negative("alpha", &alpha)?;
                not_negative("beta", &beta)?;
                ensure!(
                    gamma > Rational::ZERO,
                    "--step-size {}: expected a number greater than 0",
                    target::show(&gamma)
                );
                Family::indian(&alpha, &beta, &gamma)
            }
            Name::GradientFlow => {
                self.take([])?;
                return Ok(Exact::Flow(Flow::Gradient));
            }
            Name::Din => {
                let [alpha, beta] = self.take(["alpha", "beta"])?.ok_or_else(|| missing("--alpha --beta"))?;
                not_negative("alpha", &alpha)?;
                not_negative("beta", &beta)?;
                return Ok(Exact::Flow(Flow::Din { alpha, beta }));
            }
        };
        ensure!(
            family.step_squared > Rational::ZERO,
            "--step-size: expected a number greater than 0 (the step of the method is {})",
            target::show(&family.step_squared)
        );
        Ok(Exact::Discrete(family))
    }

    /// What goes into the record's plan.
    pub(super) fn plan(&self, system: &Exact) -> Map<String, Value> {
        let mut plan = Map::new();
        plan.insert("method".into(), json!(self.name()));
        plan.insert("convexity".into(), json!(self.convexity));
        plan.insert("smoothness".into(), json!(self.smoothness));
        for (name, value) in self.coefficients.all() {
            plan.insert(name.replace('-', "_"), json!(value));
        }
        if let Exact::Discrete(family) = system {
            let [a, b, eta] = family.as_three_parameter().map(|value| target::show(&value));
            plan.insert("resolved".into(), json!({"a": a, "b": b, "eta": eta}));
        }
        plan
    }
}
