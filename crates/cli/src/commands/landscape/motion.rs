//! A run of a method from the point: what `sharpness` watches and what spans the principal plane of `slice`.

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_indian::{Entry, Grid, Method, Run, Schedule};
use dinlab_objective::Start;
use serde_json::{json, Map, Value};

use super::place::Resolved;
use crate::{
    args::GivenDamping,
    commands::iterate::{self, batches::Batches, Parameters},
    values,
};

/// Options of the run.
#[derive(Debug, Args)]
#[command(next_help_heading = "The run")]
pub struct Motion {
    /// Method (`dinlab list methods`)
    #[arg(long, value_name = "M", default_value = "indian", value_parser = iterate::method)]
    method: &'static Entry,
    #[command(flatten)]
    damping: GivenDamping,
    /// Step size
    #[arg(long, value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Decay: step size k is G (k+1)^-Q, k = 0, 1, ... [default: 0]
    #[arg(long, value_name = "Q", value_parser = values::non_negative, allow_hyphen_values = true)]
    decay: Option<f64>,
    /// Number of steps
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    pub steps: Option<u64>,
    /// Look at every K-th iterate [default: a hundredth of the steps]
    #[arg(long, value_name = "K", value_parser = values::positive_count, allow_hyphen_values = true)]
    every: Option<u64>,
    /// Start of indian's second variable: rest or speed:c [default: rest]
    #[arg(long, value_name = "rest|speed:c", value_parser = values::named_start)]
    init: Option<Start>,
    #[command(flatten)]
    batches: Batches,
    #[command(flatten)]
    parameters: Parameters,
}

impl Motion {
    /// Whether some option that only a run takes was given.
    pub fn is_given(&self) -> bool {
        self.step_size.is_some() || self.steps.is_some() || self.every.is_some() || self.decay.is_some()
    }

    /// The run from the point.
    pub fn build(&self, from: &Resolved, seed: u64) -> anyhow::Result<Run> {
        let (Some(step_size), Some(steps)) = (self.step_size, self.steps) else {
            let missing = if self.step_size.is_none() { "--step-size" } else { "--steps" };
            bail!("{missing} is missing: a run needs --step-size G and --steps N")
        };
        let method = self.parameters.build(self.method, &self.damping)?;
        if self.init.is_some() && !iterate::has_second(method) {
            bail!("--method {}: it starts at rest; --init is for indian", method.name());
        }
        let schedule = match self.decay {
            Some(exponent) if exponent > 0.0 => Schedule::Power { initial: step_size, exponent },
            _ => Schedule::Constant(step_size),
        };
        let run = Run {
            start: self.init.clone().unwrap_or_default(),
            grid: Grid::Every(self.every.unwrap_or((steps / 100).max(1))),
            batch: self.batches.build(&*from.objective, seed)?,
            ..Run::new(method, from.theta.clone(), schedule, steps)
        };
        run.validate(&*from.objective).context("the run")?;
        Ok(run)
    }

    /// Iterates that will be looked at.
    pub fn looks(run: &Run) -> usize {
        match run.grid {
            Grid::Every(every) => usize::try_from(run.steps / every).unwrap_or(usize::MAX).saturating_add(2),
            _ => usize::MAX,
        }
    }

    /// Keys of the plan.
    pub fn plan(&self, run: &Run) -> Map<String, Value> {
        let every = match run.grid {
            Grid::Every(every) => json!(every),
            _ => Value::Null,
        };
        let second = iterate::has_second(run.method);
        let keys = [
            ("method", json!(run.method.name())),
            ("step_size", json!(self.step_size)),
            ("decay", json!(self.decay)),
            ("steps", json!(run.steps)),
            ("every", every),
            ("init", if second { json!(run.start.to_string()) } else { Value::Null }),
        ];
        let mut plan: Map<String, Value> =
            keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
        let mut batches = Batches::plan(run.batch.as_ref());
        batches.remove("seed"); // stated in any case
        plan.extend(batches);
        let parameters = run.method.entry().parameters.iter().zip(run.method.values());
        plan.extend(parameters.map(|(p, value)| (p.name.to_owned(), json!(value))));
        plan
    }

    /// The run in words.
    pub fn words(&self, run: &Run) -> String {
        let values = run.method.entry().parameters.iter().zip(run.method.values());
        let values: Vec<String> = values.map(|(p, v)| format!("{} {v}", p.name)).collect();
        let batch = run.batch.as_ref().and_then(|b| b.sampling.size());
        let batch = batch.map(|size| format!(", batches of {size}")).unwrap_or_default();
        let values = if values.is_empty() { String::new() } else { format!(", {}", values.join(", ")) };
        format!("{}{values}, step sizes {}, {} steps{batch}", run.method.name(), run.schedule, run.steps)
    }

    /// α, β and γ where the closed form of the stability limit applies: INDIAN with constant steps.
    pub fn constants(run: &Run) -> Option<[f64; 3]> {
        match (run.method, &run.schedule) {
            (Method::Indian { alpha, beta }, Schedule::Constant(step_size)) => {
                Some([alpha, beta, *step_size])
            }
            _ => None,
        }
    }
}
