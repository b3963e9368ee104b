//! `dinlab iterate`: discrete time.

pub mod batches;
mod steps;

use std::sync::atomic::Ordering;

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_indian::{iterate_while, Batch, Entry, Grid, IndianError, Method, Run};
use dinlab_record::Flow;
use serde_json::{json, Map, Value};

use crate::{
    args::{Common, GivenDamping},
    interrupt, output,
    problem::{Problem, Resolved},
    progress::Progress,
    session::{Exit, Session},
    trajectory, values,
};

use batches::Batches;
use steps::Steps;

/// Run INDIAN or one of its rivals in discrete time
#[derive(Debug, Args)]
pub struct Iterate {
    /// Method (`dinlab list methods`)
    #[arg(long, value_name = "M", default_value = "indian", value_parser = method)]
    method: &'static Entry,
    #[command(flatten)]
    problem: Problem,
    #[command(flatten)]
    damping: GivenDamping,
    #[command(flatten)]
    step_sizes: Steps,
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
    batches: Batches,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    pub common: Common,
}

/// Parameters of the methods that have them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Parameters of the methods that have them")]
pub struct Parameters {
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

    /// The method with these parameters; one that it has not is refused.
    pub fn build(&self, entry: &Entry, damping: &GivenDamping) -> anyhow::Result<Method> {
        let given = self.given();
        for (name, value) in given {
            if value.is_some() && !has(entry, name) {
                let own: Vec<String> = entry.parameters.iter().map(|p| format!("--{}", p.name)).collect();
                let own = if own.is_empty() { "no parameters".into() } else { own.join(", ") };
                bail!("--{name}: method `{}` has no {name}; it has {own}", entry.name);
            }
        }
        let value = |name: &str| match name {
            "alpha" => Some(damping.alpha()),
            "beta" => Some(damping.beta()),
            _ => given.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value),
        };
        Ok(dinlab_indian::build(entry.name, value)?)
    }
}

/// Whether a method has the parameter.
pub fn has(entry: &Entry, name: &str) -> bool {
    entry.parameters.iter().any(|p| p.name == name)
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
        let method = self.parameters.build(self.method, &self.damping)?;
        let problem =
            self.problem.resolve(if has_second(method) { self.damping.beta() } else { f64::NAN })?;
        check_start(method, &problem)?;
        let run = Run {
            start: problem.start.clone(),
            grid: self.grid(problem.objective.dimension())?,
            batch: self.batches.build(&*problem.objective, session.common.seed)?,
            ..Run::new(method, problem.theta.clone(), self.step_sizes.build()?, self.steps)
        };
        run.validate(&*problem.objective).map_err(|error| match error {
            IndianError::ListTooShort { found, .. } => {
                let flag = self.step_sizes.flag();
                anyhow::anyhow!("{flag}: {error}; expected --steps of at most {found}, or a longer list")
            }
            other => other.into(),
        })?;
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
        let more = json!({
            "step_sizes": step_sizes(&run),
            "batches": batches::described(run.batch.as_ref(), &*problem.objective),
        });
        let mut product = trajectory::product(session, "iterate", self.plan(&problem, &run), &path, more)?;
        if let Some((batch, samples)) = run.batch.as_ref().zip(problem.objective.samples()) {
            product.text += &noise(&run, batch, samples.count());
        }
        product.text +=
            &self.damping.unused(self.method.name, has(self.method, "alpha"), has(self.method, "beta"));
        output::emit(session, &product)?;
        Ok(trajectory::exit(&path))
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
        plan.extend(self.step_sizes.plan(&run.schedule));
        plan.extend(Batches::plan(run.batch.as_ref()));
        let keys = [
            ("command", json!("iterate")),
            ("method", json!(run.method.name())),
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

/// What the terminal says about a run with noise.
fn noise(run: &Run, batch: &Batch, count: usize) -> String {
    let size = batch.sampling.size().map(|size| format!("{size} of {count} terms ")).unwrap_or_default();
    format!(
        "batches        {size}{}, scaling {} (sum times {})\nstep sizes     {}\nassumption     {}\n",
        batch.sampling.name(),
        batch.scaling,
        batch.factor(count),
        run.schedule,
        run.schedule.assumption()
    )
}

/// What the record says about the step sizes: the schedule, its total time, and the assumption under which iterates with
/// noise converge.
fn step_sizes(run: &Run) -> Value {
    let assumption = run.schedule.assumption();
    json!({
        "schedule": run.schedule.to_string(),
        "total_time": run.schedule.total_time(run.steps),
        "assumption": {
            "statement": "sum of step sizes = infinity and step size = o(1/log k)",
            "satisfied": assumption.satisfied(),
            "sum_diverges": assumption.sum_diverges,
            "vanishes_faster_than_log": assumption.vanishes_faster_than_log,
        },
    })
}
