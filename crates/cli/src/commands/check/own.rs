//! The user's own case: `dinlab check ID --objective … --alpha …`.

use clap::Args;
use dinlab_objective::Start;
use dinlab_report::number::exact;
use dinlab_theory::OwnCase;
use serde_json::{json, Map, Value};

use crate::{
    args::{check_length, check_psi, Reading, StartArgs},
    provenance::quoted,
    values::{self, Vector},
};

/// Options of which any makes the checks run on the user's own case instead of the standard ones.
#[derive(Debug, Args)]
#[command(next_help_heading = "Your own case, instead of the standard ones")]
pub struct Own {
    /// Objective: a registered name, expr:FORMULA or sum:FORMULA;FORMULA;..
    #[arg(long, value_name = "J")]
    objective: Option<String>,
    #[command(flatten)]
    reading: Reading,
    /// Viscous damping
    #[arg(long, value_name = "A", value_parser = values::non_negative, allow_hyphen_values = true)]
    alpha: Option<f64>,
    /// Hessian-driven damping
    #[arg(long, value_name = "B", value_parser = values::non_negative, allow_hyphen_values = true)]
    beta: Option<f64>,
    /// Step size
    #[arg(long, value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Start
    #[arg(long, value_name = "1,2", allow_hyphen_values = true)]
    start: Option<Vector>,
    #[command(flatten)]
    second: StartArgs,
    /// Horizon of continuous runs
    #[arg(long, value_name = "T", value_parser = values::positive, allow_hyphen_values = true)]
    until: Option<f64>,
    /// Number of iterations of discrete runs
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    steps: Option<u64>,
}

impl Own {
    /// The case, if any of the options was given.
    pub fn case(&self) -> anyhow::Result<Option<OwnCase>> {
        let objective = self.objective.as_ref().map(|j| self.reading.objective(j)).transpose()?;
        if objective.is_none() && (self.reading.kink.is_some() || self.reading.variables.is_some()) {
            anyhow::bail!("--kink and --variables say how to read --objective, which is missing");
        }
        let dimension = objective.as_ref().map(|j| j.dimension());
        let name = objective.as_ref().map_or("", |j| j.name());
        if let (Some(start), Some(n)) = (&self.start, dimension) {
            check_length("--start", start, n, name)?;
        }
        // Without an objective the check brings its own and compares the lengths itself.
        let length =
            [&self.second.velocity, &self.second.psi].into_iter().flatten().map(|v| v.0.len()).next();
        let start = self.second.given(dimension.or(length).unwrap_or(0), name)?;
        check_psi(start.as_ref(), self.beta.unwrap_or(f64::NAN))?;
        let case = OwnCase {
            objective,
            alpha: self.alpha,
            beta: self.beta,
            step_size: self.step_size,
            theta: self.start.as_ref().map(|v| v.0.clone()),
            start,
            until: self.until,
            steps: self.steps,
        };
        Ok((!case.is_empty()).then_some(case))
    }

    /// The given options as keys of a plan.
    pub fn plan(&self) -> Value {
        let vector = |v: &Option<Vector>| v.as_ref().map(|v| json!(v.0));
        let pairs = [
            ("objective", self.objective.as_ref().map(|j| json!(j))),
            ("kink", self.reading.kink.map(|k| json!(k.to_string()))),
            ("variables", self.reading.variables.as_ref().map(|v| json!(v))),
            ("alpha", self.alpha.map(|v| json!(v))),
            ("beta", self.beta.map(|v| json!(v))),
            ("step_size", self.step_size.map(|v| json!(v))),
            ("start", vector(&self.start)),
            ("velocity", vector(&self.second.velocity)),
            ("psi", vector(&self.second.psi)),
            ("init", self.second.init.as_ref().map(|s: &Start| json!(s.to_string()))),
            ("until", self.until.map(|v| json!(v))),
            ("steps", self.steps.map(|v| json!(v))),
        ];
        Value::Object(
            pairs.into_iter().filter_map(|(key, value)| Some((key.into(), value?))).collect::<Map<_, _>>(),
        )
    }

    /// The given options as they are typed, with a space before each.
    pub fn options(&self) -> String {
        let Value::Object(plan) = self.plan() else { return String::new() };
        let typed = |(key, value): (&String, &Value)| {
            let number = |v: &Value| v.as_f64().map_or_else(|| v.to_string(), exact);
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Array(items) => items.iter().map(number).collect::<Vec<_>>().join(","),
                other => number(other),
            };
            format!(" --{}={}", key.replace('_', "-"), quoted(&text))
        };
        plan.iter().map(typed).collect()
    }
}
