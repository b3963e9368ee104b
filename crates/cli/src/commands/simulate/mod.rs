//! `dinlab simulate`: continuous time.

mod figure;

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::{bail, ensure};
use clap::{ArgAction, Args, ValueEnum};
use dinlab_din::{estimate_error, DinError, Dynamics, DynamicsEntry, Integrator, Run, Settings};
use dinlab_record::Flow;
use serde_json::{json, Map, Value};

use crate::{
    args::{Common, GivenDamping},
    drawing, interrupt,
    output::{self, number},
    problem::{Problem, Resolved},
    progress::Progress,
    session::{Exit, Session},
    solutions, trajectory, values,
};

/// Integrate DIN or one of its relatives in continuous time
#[derive(Debug, Args)]
pub struct Simulate {
    /// Dynamics (`dinlab list dynamics`)
    #[arg(long, value_name = "D", default_value = "din", value_parser = dynamics)]
    dynamics: &'static DynamicsEntry,
    #[command(flatten)]
    problem: Problem,
    #[command(flatten)]
    damping: GivenDamping,
    /// Start time [default: 0; 1 for din-avd]
    #[arg(long, value_name = "T0", value_parser = values::finite, allow_hyphen_values = true)]
    from: Option<f64>,
    /// End time
    #[arg(long, value_name = "T", value_parser = values::finite, allow_hyphen_values = true)]
    until: f64,
    /// Relative tolerance of a step
    #[arg(long, value_name = "R", default_value = "1e-9", value_parser = values::positive, allow_hyphen_values = true)]
    rtol: f64,
    /// Absolute tolerance of a step
    #[arg(long, value_name = "A", default_value = "1e-9", value_parser = values::positive, allow_hyphen_values = true)]
    atol: f64,
    /// Number of equidistant samples, both ends included
    #[arg(long, value_name = "N", default_value_t = 201, value_parser = values::positive_count, allow_hyphen_values = true)]
    samples: u64,
    /// Integrator (`dinlab list integrators`)
    #[arg(long, value_name = "I", default_value = "auto", value_parser = integrator)]
    integrator: Integrator,
    /// Step of the integrators time-stepping and euler-limit [default: 1/20000 and 1/500000 of the horizon]
    #[arg(long, value_name = "G", value_parser = values::positive, allow_hyphen_values = true)]
    step_size: Option<f64>,
    /// Width over which the integrator smoothed rounds the kinks off [default: 1e-4]
    #[arg(long, value_name = "E", value_parser = values::positive, allow_hyphen_values = true)]
    smoothing: Option<f64>,
    /// Where several solutions leave a state on a kink, follow one of them or all (integrator event) [default: one]
    #[arg(long, value_name = "one|all")]
    branch: Option<Branch>,
    /// With --branch all: most solutions that are followed; more are an error [default: 16]
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    max_branches: Option<u64>,
    /// Measure the global error by repeating at tolerances a hundred times finer
    #[arg(long, action = ArgAction::SetTrue)]
    estimate_error: bool,
    /// Draw the path and theta over time into this file, slides dashed: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// How many of the solutions that leave a branching state are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Branch {
    /// The one that the selection of the objective leads to
    One,
    /// All distinct ones
    All,
}

/// Dynamics by name.
pub fn dynamics(name: &str) -> Result<&'static DynamicsEntry, String> {
    dinlab_din::DYNAMICS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names = dinlab_din::DYNAMICS.iter().map(|entry| entry.name);
        values::unknown("dynamics", name, names, "`dinlab list dynamics` lists all")
    })
}

/// Integrator by name.
pub fn integrator(name: &str) -> Result<Integrator, String> {
    name.parse().map_err(|_| {
        let all = dinlab_din::INTEGRATORS.iter().chain(dinlab_din::INCLUSION_INTEGRATORS);
        let names = all.map(|entry| entry.name);
        values::unknown("integrator", name, names, "`dinlab list integrators` lists all")
    })
}

/// Refuses a start of the second variable where there is none, or another one.
pub fn check_start(dynamics: Dynamics, problem: &Resolved) -> anyhow::Result<()> {
    if !has_second(dynamics) && problem.start_given {
        bail!(
            "--dynamics {}: its state is theta alone, so --velocity, --psi and --init have no meaning",
            dynamics.name()
        );
    }
    if !dynamics.is_din() && matches!(problem.start, dinlab_objective::Start::Psi(_)) {
        bail!("--psi: {} has no psi; give --velocity or --init", dynamics.name());
    }
    Ok(())
}

/// Refuses what only the library knows to be impossible: kinks under a Hessian, din-psi at β = 0.
pub fn check_initial_state(dynamics: Dynamics, problem: &Resolved, from: f64) -> anyhow::Result<()> {
    dinlab_din::initial_state(dynamics, &*problem.objective, &problem.theta, &problem.start, from)
        .map_err(|error| anyhow::anyhow!("--dynamics {}: {error}", dynamics.name()))?;
    Ok(())
}

/// Whether the dynamics have a second variable.
pub fn has_second(dynamics: Dynamics) -> bool {
    dynamics.state_dimension(1) == 2
}

impl Simulate {
    /// Runs and hands over the trajectory.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let (alpha, beta) = (self.damping.alpha(), self.damping.beta());
        let dynamics = (self.dynamics.build)(alpha, beta);
        let problem = self.problem.resolve(beta)?;
        check_start(dynamics, &problem)?;
        let from = self.start_time(dynamics)?;
        let (dimension, samples) = (problem.objective.dimension(), self.samples);
        let most = trajectory::most_samples(dimension);
        ensure!(samples <= most, "--samples {samples}: expected at most {most} for dimension {dimension}");
        let settings = Settings {
            rtol: self.rtol,
            atol: self.atol,
            integrator: self.integrator,
            fixed_step: self.step_size,
            smoothing: self.smoothing,
            ..Settings::default()
        };
        let run = Run {
            dynamics,
            theta: problem.theta.clone(),
            start: problem.start.clone(),
            from,
            until: self.until,
            samples: usize::try_from(self.samples)?,
            settings,
        };
        check_initial_state(dynamics, &problem, from)?;
        self.check_kink_options(&problem, &run)?;
        session.prepare(output::Format::ALL)?;
        let stop = interrupt::install()?;
        let mut progress = Progress::new(self.samples, session.common.quiet);
        let found = solutions::follow(&*problem.objective, &run, self.most_solutions()?, &mut |o| {
            progress.at(o.index);
            if stop.load(Ordering::Relaxed) {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })
        .map_err(|error| self.named(error))?;
        drop(progress);
        let path = &found.first.trajectory;
        let mut more = found.record()?;
        if self.estimate_error && trajectory::exit(path) == Exit::Success {
            more["error"] = error_record(&problem, &run)?;
        }
        let mut plan = self.plan(&problem, dynamics, from);
        plan.insert(
            "resolved".into(),
            json!({
                "objective": problem.objective.name(),
                "dynamics": dynamics.name(),
                "integrator": found.first.integrator.name(),
                "reason": found.first.reason,
            }),
        );
        let mut product = trajectory::product(session, "simulate", plan, path, more.clone())?;
        product.samples.extend(found.samples(session));
        let (integrator, reason) = (found.first.integrator.name(), &found.first.reason);
        product.text += &format!("integrator     {integrator} ({reason})\n");
        product.text += &found.text();
        if let Some(theta) = more.pointer("/error/theta") {
            product.text +=
                &format!("global error   {theta} (sup of |theta - theta_fine| over the samples)\n");
        }
        let (has_alpha, has_beta) = used(dynamics);
        product.text += &self.damping.unused(dynamics.name(), has_alpha.is_some(), has_beta.is_some());
        if let Some(file) = &self.figure {
            drawing::write(file, &figure::figure(&found, self.caption(&problem, dynamics)))?;
        }
        output::emit(session, &product)?;
        Ok(trajectory::exit(path))
    }

    /// Refuses options without meaning for this objective and integrator.
    fn check_kink_options(&self, problem: &Resolved, run: &Run) -> anyhow::Result<()> {
        let integrator = self.integrator;
        let only = |flag: &str, given: bool, accepted: &str, fits: bool| {
            ensure!(
                !given || fits,
                "{flag} has no meaning for --integrator {integrator}; expected {accepted}"
            );
            Ok(())
        };
        let stepped = matches!(integrator, Integrator::TimeStepping | Integrator::EulerLimit);
        only("--step-size", self.step_size.is_some(), "time-stepping or euler-limit", stepped)?;
        only("--smoothing", self.smoothing.is_some(), "smoothed", integrator == Integrator::Smoothed)?;
        ensure!(
            self.max_branches.is_none() || self.branch == Some(Branch::All),
            "--max-branches is for --branch all, which is not given"
        );
        let Some(branch) = self.branch else { return Ok(()) };
        let name = if branch == Branch::All { "all" } else { "one" };
        let objective: String = problem.objective.name().chars().take(60).collect();
        ensure!(
            !problem.objective.facts().kinks.is_empty(),
            "--branch {name}: the objective `{objective}` has no kinks, so that no solution branches; expected an \
             objective with kinks, or no --branch"
        );
        let by_events = integrator == Integrator::Event
            || integrator == Integrator::Auto
                && dinlab_din::inclusion::route(&*problem.objective, run).is_some();
        only(&format!("--branch {name}"), true, "event", by_events)
    }

    /// With `--branch all` how many solutions are followed at most.
    fn most_solutions(&self) -> anyhow::Result<Option<usize>> {
        let default = dinlab_din::inclusion::Options::default().max_solutions;
        let most = self.max_branches.map(usize::try_from).transpose()?.unwrap_or(default);
        Ok((self.branch == Some(Branch::All)).then_some(most))
    }

    /// The error of a run with the option that it is about.
    fn named(&self, error: DinError) -> anyhow::Error {
        match error {
            DinError::TooManyBranches { .. } => {
                anyhow::anyhow!("--branch all: {error}; --max-branches raises the number")
            }
            DinError::NoPieces { .. } | DinError::NotAnInclusion { .. } => {
                anyhow::anyhow!("--integrator {}: {error}", self.integrator)
            }
            other => other.into(),
        }
    }

    fn caption(&self, problem: &Resolved, dynamics: Dynamics) -> String {
        let objective: String = problem.objective.name().chars().take(60).collect();
        let (alpha, beta) = used(dynamics);
        let given = |name: &str, v: Option<f64>| v.map_or(String::new(), |v| format!(", {name} = {v}"));
        format!(
            "{} on {objective}{}{}, θ₀ = ({})",
            dynamics.name(),
            given("α", alpha),
            given("β", beta),
            crate::problem::list(&problem.theta)
        )
    }

    fn start_time(&self, dynamics: Dynamics) -> anyhow::Result<f64> {
        let from = self.from.unwrap_or(dynamics.default_start_time());
        if dynamics.default_start_time() > 0.0 && from <= 0.0 {
            bail!("--from {from}: {} is singular at 0, expected a time greater than 0", dynamics.name());
        }
        if self.until < from {
            bail!(
                "--until {}: expected a time that is not before the start time {from} (--from)",
                self.until
            );
        }
        ensure!((self.until - from).is_finite(), "--until {}: the horizon overflows", self.until);
        Ok(from)
    }

    fn plan(&self, problem: &Resolved, dynamics: Dynamics, from: f64) -> Map<String, Value> {
        let mut plan = self.problem.plan(problem, has_second(dynamics));
        let (alpha, beta) = used(dynamics);
        let keys = [
            ("command", json!("simulate")),
            ("dynamics", json!(dynamics.name())),
            ("alpha", json!(alpha)),
            ("beta", json!(beta)),
            ("from", json!(from)),
            ("until", json!(self.until)),
            ("rtol", json!(self.rtol)),
            ("atol", json!(self.atol)),
            ("samples", json!(self.samples)),
            ("integrator", json!(self.integrator.name())),
            ("step_size", json!(self.step_size)),
            ("smoothing", json!(self.smoothing)),
            ("branch", json!(self.branch.map(|b| if b == Branch::All { "all" } else { "one" }))),
            ("max_branches", json!(self.max_branches)),
            ("estimate_error", json!(self.estimate_error)),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        plan
    }
}

/// α and β as far as the dynamics have them.
pub fn used(dynamics: Dynamics) -> (Option<f64>, Option<f64>) {
    match dynamics {
        Dynamics::HeavyBall { alpha } => (Some(alpha), None),
        other => other.parameters().unzip(),
    }
}

fn error_record(problem: &Resolved, run: &Run) -> anyhow::Result<Value> {
    let e = estimate_error(&*problem.objective, run)?;
    Ok(json!({
        "theta": number(e.theta), "second": e.second.map(number), "samples": e.samples,
        "rtol_fine": number(e.rtol_fine), "atol_fine": number(e.atol_fine), "status_fine": e.status_fine,
    }))
}
