//! The problem of a run: objective, θ₀, and how the second variable starts.

use anyhow::bail;
use clap::Args;
use dinlab_objective::{registry::Shared, Start};
use serde_json::{json, Map, Value};

use crate::args::{check_length, check_psi, Reading, StartArgs};
use crate::values::Vector;

/// Options that state the problem.
#[derive(Debug, Args)]
pub struct Problem {
    /// Objective: a registered name (`dinlab list objectives`), expr:FORMULA or sum:FORMULA;FORMULA;..
    #[arg(long, value_name = "J")]
    pub objective: String,
    #[command(flatten)]
    reading: Reading,
    /// Start, one number per variable
    #[arg(long, value_name = "1,2", allow_hyphen_values = true)]
    start: Vector,
    #[command(flatten)]
    second: StartArgs,
}

/// The problem, ready to run.
pub struct Resolved {
    /// J.
    pub objective: Shared,
    /// θ₀.
    pub theta: Vec<f64>,
    /// The start of the second variable.
    pub start: Start,
    /// Whether that start was typed.
    pub start_given: bool,
}

impl Problem {
    /// Builds the objective and checks the start against it; `beta` is that of the dynamics or method.
    pub fn resolve(&self, beta: f64) -> anyhow::Result<Resolved> {
        let objective = self.reading.objective(&self.objective)?;
        let (n, name) = (objective.dimension(), objective.name());
        check_length("--start", &self.start, n, name)?;
        let given = self.second.given(n, name)?;
        check_psi(given.as_ref(), beta)?;
        let theta = self.start.0.clone();
        let mut gradient = vec![0.0; n];
        let value = objective.oracle().value_gradient(&theta, &mut gradient);
        if !value.is_finite() || !dinlab_numeric::all_finite(&gradient) {
            let name: String = name.chars().take(60).collect();
            bail!(
                "--start {}: the objective `{name}` is not defined there (value {value}, gradient {gradient:?}); \
                 expected a point where both are finite",
                list(&theta)
            );
        }
        let start_given = given.is_some();
        Ok(Resolved { objective, theta, start: given.unwrap_or_default(), start_given })
    }

    /// Keys of the plan; `with_second` where there is a second variable that starts.
    pub fn plan(&self, resolved: &Resolved, with_second: bool) -> Map<String, Value> {
        let mut plan = Map::new();
        plan.insert("objective".into(), json!(self.objective));
        plan.insert("kink".into(), json!(resolved.objective.selection().to_string()));
        plan.insert("variables".into(), json!(self.reading.variables));
        plan.insert("start".into(), json!(resolved.theta));
        let start = if with_second { Some(&resolved.start) } else { None };
        let (key, value) = match start {
            None => ("init", Value::Null),
            Some(Start::Velocity(v)) => ("velocity", json!(v)),
            Some(Start::Psi(p)) => ("psi", json!(p)),
            Some(other) => ("init", json!(other.to_string())),
        };
        plan.insert(key.into(), value);
        plan
    }
}

/// Numbers as they are typed.
pub fn list(x: &[f64]) -> String {
    x.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}
