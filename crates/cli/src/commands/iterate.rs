//! `dinlab iterate`: discrete time.

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_indian::{iterate_while, Entry, Grid, Method, Run, Schedule};
use dinlab_record::Flow;
use serde_json::{json, Map, Value};

use crate::{
    args::{Common, Damping},
    interrupt, output,
    problem::{Problem, Resolved},
    progress::Progress,
    session::{Exit, Session},
    trajectory,
    values::{self, StepSizes},
};

/// Run INDIAN or one of its rivals in discrete time
#[derive(Debug, Args)]
pub struct Iterate {
    /// Method (`dinlab list methods`)
    #[arg(long, value_name = "M", default_value = "indian", value_parser = method)]
    method: &'static Entry,
    #[command(flatten)]
    problem: Problem,
    #[command(flatten)]
    damping: Damping,
    /// Step size, or a list with one for each step
    #[arg(long, value_name = "G", required_unless_present = "schedule_file", allow_hyphen_values = true)]
    step_size: Option<StepSizes>,
    /// Decay: step size k is G (k+1)^-Q, k = 0, 1, ...
    #[arg(long, value_name = "Q", value_parser = values::non_negative, allow_hyphen_values = true)]
    decay: Option<f64>,
    /// File with one step size per line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["step_size", "decay"])]
    schedule_file: Option<PathBuf>,
    /// Number of steps
    #[arg(long, value_name = "N", value_parser = values::count, allow_hyphen_values = true)]
    steps: u64,
    /// Record every K-th iterate [default: 1]
    #[arg(long, value_name = "K", value_parser = values::positive_count, allow_hyphen_values = true)]
    record_every: Option<u64>,
    /// Record on a geometric grid with so many iterates per decade
    #[arg(long, value_name = "P", value_parser = values::positive_count, allow_hyphen_values = true, conflicts_with = "record_every")]
    record_per_decade: Option<u64>,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    pub common: Common,
}

/// Parameters of the methods that have them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Parameters of the methods that have them")]
struct Parameters {
    /// Momentum of heavy-ball and nesterov
    #[arg(long, value_name = "M", value_parser = values::fraction, allow_hyphen_values = true)]
    momentum: Option<f64>,
    /// Decay of the mean of adam
    #[arg(long, value_name = "B", value_parser = values::fraction, allow_hyphen_values = true)]
    beta1: Option<f64>,
    /// Decay of the mean square of rmsprop and adam
    #[arg(long, value_name = "B", value_parser = values::fraction, allow_hyphen_values = true)]
    beta2: Option<f64>,
    /// Added to the square root by adagrad, rmsprop and adam
    #[arg(long, value_name = "E", value_parser = values::positive, allow_hyphen_values = true)]
    epsilon: Option<f64>,
}

impl Parameters {
    fn given(&self) -> [(&'static str, Option<f64>); 4] {
        [("momentum", self.momentum), ("beta1", self.beta1), ("beta2", self.beta2), ("epsilon", self.epsilon)]
    }
}

/// Method by name.
pub fn method(name: &str) -> Result<&'static Entry, String> {
    dinlab_indian::ALL.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names = dinlab_indian::ALL.iter().map(|entry| entry.name);
        values::unknown("method", name, names, "`dinlab list methods` lists all")
    })
}

/// Refuses a start of the second variable for methods that have none.
pub fn check_start(method: Method, problem: &Resolved) -> anyhow::Result<()> {
    if problem.start_given && !has_second(method) {
        bail!("--method {}: it starts at rest; --velocity, --psi and --init are for indian", method.name());
    }
    Ok(())
}

/// Whether the method has a second variable with a start of its own.
pub fn has_second(method: Method) -> bool {
    matches!(method, Method::Indian { .. })
}

impl Iterate {
    /// Runs and hands over the trajectory.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let method = self.build()?;
        let problem = self.problem.resolve(if has_second(method) { self.damping.beta } else { f64::NAN })?;
        check_start(method, &problem)?;
        let run = Run {
            start: problem.start.clone(),
            grid: self.grid(problem.objective.dimension())?,
            ..Run::new(method, problem.theta.clone(), self.schedule()?, self.steps)
        };
        run.validate(problem.objective.dimension()).map_err(|error| anyhow::anyhow!("{error}"))?;
        session.prepare(output::Format::ALL)?;
        let stop = interrupt::install()?;
        let mut progress = Progress::new(self.steps, session.common.quiet);
        let path = iterate_while(&*problem.objective, &run, &mut |k| {
            progress.at(k);
            if stop.load(Ordering::Relaxed) {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })?;
        drop(progress);
        let product = trajectory::product(session, "iterate", self.plan(&problem, &run), &path, json!({}))?;
        output::emit(session, &product)?;
        Ok(trajectory::exit(&path))
    }

    fn build(&self) -> anyhow::Result<Method> {
        let has = |name: &str| self.method.parameters.iter().any(|p| p.name == name);
        for (name, value) in self.parameters.given() {
            if value.is_some() && !has(name) {
                let own: Vec<String> =
                    self.method.parameters.iter().map(|p| format!("--{}", p.name)).collect();
                let own = if own.is_empty() { "no parameters".into() } else { own.join(", ") };
                bail!("--{name}: method `{}` has no {name}; it has {own}", self.method.name);
            }
        }
        let given = self.parameters.given();
        let value = |name: &str| match name {
            "alpha" => Some(self.damping.alpha),
            "beta" => Some(self.damping.beta),
            _ => given.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value),
        };
        Ok(dinlab_indian::build(self.method.name, value)?)
    }

    fn schedule(&self) -> anyhow::Result<Schedule> {
        if let Some(file) = &self.schedule_file {
            let name = || format!("--schedule-file {}", file.display());
            let text =
                std::fs::read_to_string(file).with_context(|| format!("{}: cannot read it", name()))?;
            let step = |(i, line): (usize, &str)| {
                values::positive(line)
                    .map_err(|reason| anyhow::anyhow!("{}, line {}: {reason}", name(), i + 1))
            };
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let list = lines.map(step).collect::<anyhow::Result<Vec<f64>>>()?;
            ensure!(!list.is_empty(), "{}: the file is empty, expected one step size per line", name());
            return Ok(Schedule::List(list));
        }
        let Some(StepSizes(sizes)) = &self.step_size else { bail!("--step-size is missing") };
        match (sizes.as_slice(), self.decay) {
            ([size], None) => Ok(Schedule::Constant(*size)),
            ([size], Some(exponent)) => Ok(Schedule::Power { initial: *size, exponent }),
            (_, None) => Ok(Schedule::List(sizes.clone())),
            _ => bail!("--decay goes with one --step-size, not with a list"),
        }
    }

    fn grid(&self, dimension: usize) -> anyhow::Result<Grid> {
        let most = trajectory::most_samples(dimension);
        if let Some(per_decade) = self.record_per_decade {
            // Twenty decades hold every number of steps.
            let largest = (most / 20).clamp(1, 1_000_000);
            let asked = u32::try_from(per_decade).ok().filter(|_| per_decade <= largest || self.steps < most);
            let per_decade = asked.with_context(|| {
                format!(
                    "--record-per-decade {per_decade}: expected at most {largest} for dimension {dimension}"
                )
            })?;
            return Ok(Grid::Geometric { per_decade });
        }
        let interval = self.record_every.unwrap_or(1);
        ensure!(
            self.steps / interval < most,
            "--steps {} with --record-every {interval} records more than {most} iterates of dimension \
             {dimension}: expected --record-every of at least {}, or --record-per-decade",
            self.steps,
            self.steps / (most - 1) + 1
        );
        Ok(Grid::Every(interval))
    }

    fn plan(&self, problem: &Resolved, run: &Run) -> Map<String, Value> {
        let mut plan = self.problem.plan(problem, has_second(run.method));
        let step_size = match &run.schedule {
            Schedule::Constant(size) | Schedule::Power { initial: size, .. } => json!(size),
            Schedule::List(list) => json!(list),
        };
        let keys = [
            ("command", json!("iterate")),
            ("method", json!(run.method.name())),
            ("step_size", step_size),
            ("decay", json!(self.decay)),
            ("steps", json!(self.steps)),
            (
                "record_every",
                match run.grid {
                    Grid::Every(interval) => json!(interval),
                    _ => Value::Null,
                },
            ),
            ("record_per_decade", json!(self.record_per_decade)),
            (
                "resolved",
                json!({"objective": problem.objective.name(), "schedule": run.schedule.to_string()}),
            ),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        let parameters = run.method.entry().parameters.iter().zip(run.method.values());
        plan.extend(parameters.map(|(p, value)| (p.name.to_owned(), json!(value))));
        plan
    }
}
