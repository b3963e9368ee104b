//! `dinlab certify rate`.

use std::path::PathBuf;

use anyhow::{bail, ensure, Context as _};
use clap::{Args, ValueEnum};
use dinlab_certify::{
    lyapunov::{
        certificate::{Exact, RateCertificate},
        flow::Flow,
        search::{self, Found, Precision},
        Condition, Family,
    },
    rational, target, Rational,
};
use serde_json::{json, Map, Value};

use super::worst_case::one;
use crate::{
    args::Common,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Linear rate that a Lyapunov function proves for every mu-strongly convex, L-smooth function
#[derive(Debug, Args)]
#[command(after_help = "Methods and their parameters (defaults in brackets are computed from mu and L):
  gradient-descent   --step-size [2/(mu+L)]
  heavy-ball         --step-size --momentum [Polyak's for quadratics]
  nesterov           --step-size --momentum [1/L and (1-q)/(1+q), q = sqrt(mu/L)]
  triple-momentum    no parameters
  three-parameter    --a --b --eta
  indian             --alpha --beta --step-size
  gradient-flow      no parameters (continuous time)
  din                --alpha --beta (continuous time)
Numbers are read exactly: 0.1 is 1/10, and 1/3 may be typed. The rate that is printed has been verified in exact
arithmetic; it is rounded to the safe side.")]
pub struct Rate {
    /// Method or flow
    #[arg(long, value_name = "M", value_enum)]
    method: Given,
    /// Constant of strong convexity
    #[arg(long, visible_alias = "mu", value_name = "MU", allow_hyphen_values = true)]
    convexity: String,
    /// Lipschitz constant of the gradient
    #[arg(long, visible_alias = "L", value_name = "L", default_value = "1", allow_hyphen_values = true)]
    smoothness: String,
    /// Viscous damping
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    alpha: Option<String>,
    /// Hessian-driven damping
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    beta: Option<String>,
    /// Step size
    #[arg(long, value_name = "H", allow_hyphen_values = true)]
    step_size: Option<String>,
    /// Momentum
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    momentum: Option<String>,
    /// Step of the three-parameter family
    #[arg(long, value_name = "a", allow_hyphen_values = true)]
    a: Option<String>,
    /// Momentum of the three-parameter family
    #[arg(long, value_name = "b", allow_hyphen_values = true)]
    b: Option<String>,
    /// Extrapolation of the three-parameter family
    #[arg(long, value_name = "eta", allow_hyphen_values = true)]
    eta: Option<String>,
    /// Width of the last bracket of the bisection
    #[arg(long, value_name = "E", default_value_t = 1e-7, value_parser = values::positive, allow_hyphen_values = true)]
    precision: f64,
    /// Write the certificate to a file
    #[arg(long, value_name = "FILE.json")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Given {
    GradientDescent,
    HeavyBall,
    Nesterov,
    TripleMomentum,
    ThreeParameter,
    Indian,
    GradientFlow,
    Din,
}

impl Given {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Rate {
    /// Searches and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let class = Condition::new(one("convexity", &self.convexity)?, one("smoothness", &self.smoothness)?)?;
        ensure!(
            (1e-12..=0.1).contains(&self.precision),
            "--precision {}: expected a number from 1e-12 to 0.1",
            self.precision
        );
        let system = self.system(&class)?;
        session.prepare(output::Format::RECORD)?;
        if let Some(file) = &self.certificate {
            let folder = file.parent().unwrap_or(std::path::Path::new("."));
            output::check_writable(folder).with_context(|| format!("--certificate {}", file.display()))?;
        }
        let precision = Precision { width: self.precision, certify: true };
        let (found, limit) = match &system {
            Exact::Discrete(family) => {
                (search::discrete(family, &class, precision), family.spectral_radius(&class))
            }
            Exact::Flow(flow) => {
                (search::continuous(flow, &class, precision), search::flow_limit(flow, &class))
            }
        };
        let certificate = found.certified.as_ref().map(|rate| RateCertificate::new(&system, &class, rate));
        if let Some(certificate) = &certificate {
            certificate.verify().context("the certificate just made does not hold: please report this")?;
            if let Some(file) = &self.certificate {
                dinlab_report::atomic::write(file, certificate.to_json().as_bytes())?;
            }
        }
        let text = self.text(&system, &found, limit, certificate.as_ref());
        let body = body(&system, &found, limit, certificate.as_ref());
        output::emit(session, &Product::new("certify-rate", self.plan(&system), body, text))?;
        Ok(Exit::Success)
    }

    fn options(&self) -> [(&'static str, &Option<String>); 7] {
        [
            ("alpha", &self.alpha),
            ("beta", &self.beta),
            ("step-size", &self.step_size),
            ("momentum", &self.momentum),
            ("a", &self.a),
            ("b", &self.b),
            ("eta", &self.eta),
        ]
    }

    /// The values of these options, and of no other; `None` where none of them is given.
    fn take<const N: usize>(&self, wanted: [&'static str; N]) -> anyhow::Result<Option<[Rational; N]>> {
        let method = self.method.name();
        let list = wanted.map(|name| format!("--{name}")).join(" ");
        let list = if list.is_empty() { "none".to_owned() } else { list };
        if let Some((other, _)) = self.options().iter().find(|(n, v)| v.is_some() && !wanted.contains(n)) {
            bail!("--method {method}: --{other} is not among its parameters, expected {list}");
        }
        let given: Vec<(&str, &String)> =
            self.options().into_iter().filter_map(|(n, v)| v.as_ref().map(|v| (n, v))).collect();
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

    fn system(&self, class: &Condition) -> anyhow::Result<Exact> {
        let (unit, two) = (Rational::ONE, Rational::from(2));
        let q = class.inverse_root();
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
            Given::GradientDescent => {
                let h = self.take(["step-size"])?.map(|[h]| h);
                Family::gradient_descent(&h.unwrap_or(&two / (&class.convexity + &class.smoothness)))
            }
            Given::HeavyBall => {
                let plus = &unit + &q;
                let tuned =
                    || [Rational::from(4) / (&class.smoothness * plus.sqr()), ((&unit - &q) / &plus).sqr()];
                let [h, m] = self.take(["step-size", "momentum"])?.unwrap_or_else(tuned);
                Family::heavy_ball(&h, &m)
            }
            Given::Nesterov => {
                let tuned = || [&unit / &class.smoothness, (&unit - &q) / (&unit + &q)];
                let [h, m] = self.take(["step-size", "momentum"])?.unwrap_or_else(tuned);
                Family::nesterov(&h, &m)
            }
            Given::TripleMomentum => {
                self.take([])?;
                Family::triple_momentum(class)
            }
            Given::ThreeParameter => {
                let [a, b, eta] = self.take(["a", "b", "eta"])?.ok_or_else(|| missing("--a --b --eta"))?;
                Family::three_parameter(&a, &b, &eta)
            }
            Given::Indian => {
                let [alpha, beta, gamma] = self
                    .take(["alpha", "beta", "step-size"])?
                    .ok_or_else(|| missing("--alpha --beta --step-size"))?;
                not_negative("alpha", &alpha)?;
                not_negative("beta", &beta)?;
                Family::indian(&alpha, &beta, &gamma)
            }
            Given::GradientFlow => {
                self.take([])?;
                return Ok(Exact::Flow(Flow::Gradient));
            }
            Given::Din => {
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

    fn plan(&self, system: &Exact) -> Value {
        let mut plan = Map::new();
        plan.insert("command".into(), json!("certify rate"));
        plan.insert("method".into(), json!(self.method.name()));
        plan.insert("convexity".into(), json!(self.convexity));
        plan.insert("smoothness".into(), json!(self.smoothness));
        plan.insert("precision".into(), json!(self.precision));
        for (name, value) in self.options() {
            plan.insert(name.replace('-', "_"), json!(value));
        }
        if let Exact::Discrete(family) = system {
            let [a, b, eta] = family.as_three_parameter().map(|value| target::show(&value));
            plan.insert("resolved".into(), json!({"a": a, "b": b, "eta": eta}));
        }
        Value::Object(plan)
    }

    fn text(
        &self,
        system: &Exact,
        found: &Found,
        limit: f64,
        certificate: Option<&RateCertificate>,
    ) -> String {
        let (down, symbol) = match system {
            Exact::Discrete(_) => (true, "rho"),
            Exact::Flow(_) => (false, "r"),
        };
        let name = self.method.name();
        let mut out = match certificate {
            Some(c) => format!(
                "{name}: {}\n  certified; the Lyapunov function has been verified in exact arithmetic\n",
                c.sentence
            ),
            None => format!("{name}: no Lyapunov function of this form proves a linear rate\n"),
        };
        let bound = if down { "no rate below" } else { "no rate above" };
        out += &format!("  {bound} {symbol} = {limit:.10} is possible: quadratics of the class\n");
        if found.refused.is_finite() && certificate.is_some() {
            let word = if found.infeasible { "infeasible" } else { "unknown" };
            out += &format!("  next {symbol} tried: {:.10} ({word}, by the solver's word)\n", found.refused);
        }
        if let Some(file) = self.certificate.as_ref().filter(|_| certificate.is_some()) {
            out += &format!("  certificate: {} (check it with `dinlab certify verify`)\n", file.display());
        }
        out
    }
}

fn body(system: &Exact, found: &Found, limit: f64, certificate: Option<&RateCertificate>) -> Value {
    let rate = found.certified.as_ref().map(|rate| {
        let (decimal, float) = match system {
            Exact::Discrete(_) => {
                (rational::decimal_above(&rate.rate, 12), rational::float_above(&rate.rate))
            }
            Exact::Flow(_) => (rational::decimal_below(&rate.rate, 12), rational::float_below(&rate.rate)),
        };
        json!({"exact": rate.rate.to_string(), "decimal": decimal, "float": number(float)})
    });
    json!({
        "status": if certificate.is_some() { "certified" } else { "none" },
        "evidence": certificate.map(|_| "certified"),
        "rate": rate,
        "limit_on_quadratics": number(limit),
        "next_tried": {"rate": number(found.refused), "outcome": if found.infeasible { "infeasible" } else { "unknown" }},
        "solves": found.solves,
        "lyapunov": certificate.map(|c| json!({"names": c.names, "values": c.variables})),
        "certificate": certificate.map(|c| c.hash.clone()),
    })
}
