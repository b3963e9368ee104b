//! Options that make the step sizes.

use std::path::PathBuf;

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_indian::Schedule;
use serde_json::{json, Map, Value};

use crate::values::{self, StepSizes};

/// Step sizes.
#[derive(Debug, Args)]
pub struct Steps {
    /// Step size, or a list with one for each step
    #[arg(long, value_name = "G", required_unless_present = "schedule_file", allow_hyphen_values = true)]
    step_size: Option<StepSizes>,
    /// Decay: step size k is G (k+1)^-Q, k = 0, 1, ...
    #[arg(long, value_name = "Q", value_parser = values::non_negative, allow_hyphen_values = true)]
    decay: Option<f64>,
    /// Schedule that begins with G: constant, power:q, log, log:r, geometric:rho, staircase:rho,m (`dinlab list schedules`)
    #[arg(long, value_name = "NAME", conflicts_with = "decay")]
    schedule: Option<String>,
    /// File with one step size per line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["step_size", "decay", "schedule"])]
    schedule_file: Option<PathBuf>,
}

impl Steps {
    /// The option that gave the step sizes.
    pub fn flag(&self) -> String {
        match &self.schedule_file {
            Some(file) => format!("--schedule-file {}", file.display()),
            None => "--step-size".to_owned(),
        }
    }

    /// The schedule.
    pub fn build(&self) -> anyhow::Result<Schedule> {
        if let Some(file) = &self.schedule_file {
            return read(file);
        }
        let Some(StepSizes(sizes)) = &self.step_size else { bail!("--step-size is missing") };
        match (sizes.as_slice(), &self.schedule, self.decay) {
            ([size], None, None) => Ok(Schedule::Constant(*size)),
            ([size], Some(name), None) => {
                Schedule::named(name, *size).map_err(|error| anyhow::anyhow!("--schedule: {error}"))
            }
            ([size], _, Some(exponent)) => Ok(Schedule::Power { initial: *size, exponent }),
            (_, None, None) => Ok(Schedule::List(sizes.clone())),
            (_, Some(_), _) => bail!("--schedule goes with one --step-size, not with a list"),
            (_, _, Some(_)) => bail!("--decay goes with one --step-size, not with a list"),
        }
    }

    /// Keys of the plan; a file becomes the list that stood in it.
    pub fn plan(&self, schedule: &Schedule) -> Map<String, Value> {
        let step_size = match (schedule, &self.step_size) {
            (Schedule::List(list), _) => json!(list),
            (_, Some(StepSizes(sizes))) => json!(sizes.first()),
            _ => Value::Null,
        };
        let keys =
            [("step_size", step_size), ("decay", json!(self.decay)), ("schedule", json!(self.schedule))];
        keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
    }
}

fn read(file: &std::path::Path) -> anyhow::Result<Schedule> {
    let name = || format!("--schedule-file {}", file.display());
    let text = std::fs::read_to_string(file).with_context(|| format!("{}: cannot read it", name()))?;
    let step = |(i, line): (usize, &str)| {
        values::positive(line).map_err(|reason| anyhow::anyhow!("{}, line {}: {reason}", name(), i + 1))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let list = lines.map(step).collect::<anyhow::Result<Vec<f64>>>()?;
    ensure!(!list.is_empty(), "{}: the file is empty, expected one step size per line", name());
    Ok(Schedule::List(list))
}
