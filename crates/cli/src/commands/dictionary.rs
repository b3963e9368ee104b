//! `dinlab dictionary`: the (α, β, γ) with which INDIAN is a named method, and the names of given (α, β, γ).

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use dinlab_indian::{
    dictionary::{
        tuned_gradient_descent, tuned_heavy_ball, tuned_nesterov, Named, Parameters, PsiFirst, ThreeParameter,
    },
    IndianError,
};
use dinlab_report::Table;
use serde_json::{json, Map, Value};

use crate::{
    args::Common,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Translate INDIAN's (alpha, beta, step size) into other methods' parameters and back
#[derive(Debug, Args)]
#[command(after_help = "Each method takes its own parameters:
  indian, innaprop      --alpha --beta --step-size
  gradient-descent      --step-size, or --convexity and --smoothness for the step 2/(mu+L)
  heavy-ball, nesterov  --step-size --momentum, or --convexity and --smoothness for the usual choice
  triple-momentum       --convexity --smoothness
  three-parameter       --a --b --eta of xi+ = xi + b (xi - xi-) - a grad J(y), y = xi + eta (xi - xi-)
  friction-euler        --alpha --step-size")]
pub struct Dictionary {
    /// Method that is given
    #[arg(long, value_name = "M", value_enum, default_value_t = Given::Indian)]
    method: Given,
    /// Viscous damping of INDIAN
    #[arg(long, value_name = "A", value_parser = values::non_negative, allow_hyphen_values = true)]
    alpha: Option<f64>,
    /// Hessian-driven damping of INDIAN
    #[arg(long, value_name = "B", value_parser = values::non_negative, allow_hyphen_values = true)]
    beta: Option<f64>,
    /// Step size of the method
    #[arg(long, visible_alias = "step", value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Momentum of the method
    #[arg(long, value_name = "M", value_parser = values::finite, allow_hyphen_values = true)]
    momentum: Option<f64>,
    /// Constant of strong convexity
    #[arg(long, visible_alias = "mu", value_name = "MU", value_parser = values::positive, allow_hyphen_values = true)]
    convexity: Option<f64>,
    /// Lipschitz constant of the gradient
    #[arg(long, visible_alias = "L", value_name = "L", value_parser = values::positive, allow_hyphen_values = true)]
    smoothness: Option<f64>,
    /// Step of the three-parameter family
    #[arg(long, value_name = "a", value_parser = values::finite, allow_hyphen_values = true)]
    a: Option<f64>,
    /// Momentum of the three-parameter family
    #[arg(long, value_name = "b", value_parser = values::finite, allow_hyphen_values = true)]
    b: Option<f64>,
    /// Extrapolation of the three-parameter family
    #[arg(long, value_name = "eta", value_parser = values::finite, allow_hyphen_values = true)]
    eta: Option<f64>,
    #[command(flatten)]
    pub common: Common,
}

/// What the parameters belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Given {
    Indian,
    Innaprop,
    GradientDescent,
    HeavyBall,
    Nesterov,
    TripleMomentum,
    ThreeParameter,
    FrictionEuler,
}

/// An error of the library with the option that it is about.
fn flagged(error: IndianError) -> anyhow::Error {
    match error {
        IndianError::Parameter { parameter, .. } => {
            anyhow::anyhow!("--{}: {error}", parameter.replace(' ', "-"))
        }
        other => other.into(),
    }
}

impl Given {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Dictionary {
    /// Translates.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let parameters = self.parameters()?;
        parameters.validate().map_err(flagged)?;
        let psi_first = parameters.psi_first();
        if self.method == Given::Innaprop {
            if let Err(error) = &psi_first {
                bail!("--method innaprop: {error}");
            }
        }
        session.prepare(output::Format::ALL)?;
        let psi_first = psi_first.ok();
        let names = parameters.names();
        let product = Product::new(
            "dictionary",
            self.plan(),
            body(&parameters, &names, psi_first),
            text(&parameters, &names, psi_first),
        )
        .with_table(table(&parameters));
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    fn parameters(&self) -> anyhow::Result<Parameters> {
        let tuned = self.convexity.is_some() || self.smoothness.is_some();
        let named = match self.method {
            Given::Indian | Given::Innaprop => {
                let [alpha, beta, step_size] = self.take(["alpha", "beta", "step-size"])?;
                return Ok(Parameters { alpha, beta, step_size });
            }
            Given::ThreeParameter => {
                let [a, b, eta] = self.take(["a", "b", "eta"])?;
                return ThreeParameter { a, b, eta }.indian().map_err(flagged);
            }
            Given::FrictionEuler => {
                let [alpha, step_size] = self.take(["alpha", "step-size"])?;
                Named::FrictionEuler { alpha, step_size }
            }
            Given::GradientDescent if !tuned => {
                let [step_size] = self.take(["step-size"])?;
                Named::GradientDescent { step_size }
            }
            Given::HeavyBall | Given::Nesterov if !tuned => {
                let [step_size, momentum] = self.take(["step-size", "momentum"])?;
                match self.method {
                    Given::HeavyBall => Named::HeavyBall { step_size, momentum },
                    _ => Named::Nesterov { step_size, momentum },
                }
            }
            method => {
                let [convexity, smoothness] = self.take(["convexity", "smoothness"])?;
                let order = "--convexity: expected a number at most that of --smoothness";
                ensure!(convexity <= smoothness, "{order} {smoothness}, found {convexity}");
                match method {
                    Given::GradientDescent => tuned_gradient_descent(convexity, smoothness),
                    Given::HeavyBall => tuned_heavy_ball(convexity, smoothness),
                    Given::Nesterov => tuned_nesterov(convexity, smoothness),
                    _ => Named::TripleMomentum { convexity, smoothness },
                }
            }
        };
        named.indian().map_err(flagged)
    }

    fn options(&self) -> [(&'static str, Option<f64>); 9] {
        [
            ("alpha", self.alpha),
            ("beta", self.beta),
            ("step-size", self.step_size),
            ("momentum", self.momentum),
            ("convexity", self.convexity),
            ("smoothness", self.smoothness),
            ("a", self.a),
            ("b", self.b),
            ("eta", self.eta),
        ]
    }

    /// The values of these options, all of which must be given, and no other.
    fn take<const N: usize>(&self, wanted: [&str; N]) -> anyhow::Result<[f64; N]> {
        let method = self.method.name();
        let list = wanted.map(|name| format!("--{name}")).join(" ");
        if let Some((other, _)) = self.options().iter().find(|(n, v)| v.is_some() && !wanted.contains(n)) {
            bail!("--method {method}: --{other} is not among its parameters, expected {list}");
        }
        let mut values = [f64::NAN; N];
        for (value, name) in values.iter_mut().zip(wanted) {
            match self.options().iter().find(|(n, _)| *n == name) {
                Some((_, Some(given))) => *value = *given,
                _ => bail!("--method {method}: --{name} is missing, expected {list}"),
            }
        }
        Ok(values)
    }

    fn plan(&self) -> Value {
        let mut plan = Map::new();
        plan.insert("command".into(), json!("dictionary"));
        plan.insert("method".into(), json!(self.method.name()));
        for (name, value) in self.options() {
            plan.insert(name.replace('-', "_"), json!(value));
        }
        Value::Object(plan)
    }
}

fn body(parameters: &Parameters, names: &[Named], psi_first: Option<PsiFirst>) -> Value {
    let (family, two_step) = (parameters.three_parameter(), parameters.two_step());
    let name = |named: &Named| {
        let mut entry = Map::new();
        entry.insert("method".into(), json!(named.name()));
        entry.extend(named.values().into_iter().map(|(key, value)| (key.to_owned(), number(value))));
        entry.insert("convention".into(), json!(named.convention()));
        Value::Object(entry)
    };
    json!({
        "indian": {
            "alpha": number(parameters.alpha), "beta": number(parameters.beta),
            "step_size": number(parameters.step_size), "init": "rest",
        },
        "three_parameter": {"a": number(family.a), "b": number(family.b), "eta": number(family.eta)},
        "two_step": {
            "momentum": number(two_step.momentum), "gradient": number(two_step.gradient),
            "previous_gradient": number(two_step.previous_gradient),
        },
        "psi_first": psi_first.map(|p| json!({"of_theta": number(p.of_theta), "of_psi": number(p.of_psi)})),
        "names": names.iter().map(name).collect::<Vec<_>>(),
    })
}

fn table(parameters: &Parameters) -> Table {
    let family = parameters.three_parameter();
    let columns = ["alpha", "beta", "step_size", "a", "b", "eta"].map(str::to_owned).to_vec();
    let Parameters { alpha, beta, step_size } = *parameters;
    Table::new(columns, vec![vec![alpha, beta, step_size, family.a, family.b, family.eta]])
}

fn text(parameters: &Parameters, names: &[Named], psi_first: Option<PsiFirst>) -> String {
    let Parameters { alpha, beta, step_size } = parameters;
    let (family, two_step) = (parameters.three_parameter(), parameters.two_step());
    let mut out =
        format!("INDIAN           --alpha {alpha} --beta {beta} --step-size {step_size} --init rest\n");
    out += &format!(
        "two-step form    theta+ = theta + m (theta - theta-) - c1 v + c2 v-,  m {}, c1 {}, c2 {}\n",
        two_step.momentum, two_step.gradient, two_step.previous_gradient
    );
    out += &format!(
        "three-parameter  xi+ = xi + b (xi - xi-) - a grad J(theta), theta = xi + eta (xi - xi-),  a {}, b {}, eta {}\n",
        family.a, family.b, family.eta
    );
    out += &match psi_first {
        Some(p) => format!(
            "psi first        theta+ = (1 + p) theta - q psi+ - step size beta v,  p {}, q {}\n",
            p.of_theta, p.of_psi
        ),
        None => "psi first        does not exist: beta = step size or beta = 0\n".to_owned(),
    };
    if names.is_empty() {
        out += "known as         nothing but INDIAN\n";
    }
    for named in names {
        let values: Vec<String> =
            named.values().iter().map(|(key, value)| format!("{} {value}", key.replace('_', " "))).collect();
        out +=
            &format!("known as         {} ({}): {}\n", named.name(), values.join(", "), named.convention());
    }
    out
}
