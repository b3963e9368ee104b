//! `dinlab compare`: the order with which an algorithm follows an equation, θ after k steps against the solution from
//! the same start at the time that k steps stand for.

mod pair;
mod show;

use std::path::PathBuf;

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_analysis::order::OrderTable;
use dinlab_din::{estimate_error, inclusion, simulate_with_outcome, Dynamics, Settings};
use dinlab_indian::{Entry, Grid};
use dinlab_numeric::distance;
use dinlab_record::{observe::Blind, Flow, KinkBranch, Status};
use serde_json::{json, Map, Value};

use self::pair::{Equation, Pair};
use super::{iterate, simulate};
use crate::{
    args::{Common, Damping},
    drawing,
    output::{self, Product},
    problem::{Problem, Resolved},
    progress::Progress,
    session::{Exit, Session},
    values::{self, StepSizes},
};

/// Measure the order with which an algorithm follows a flow
#[derive(Debug, Args)]
#[command(after_help = "Pairs of method and dynamics, with the order in the step size:
  indian            din (1), modified (2: x' = f - step/2 f'f), other dynamics
  gradient-descent  gradient-flow (1), other dynamics
  heavy-ball        heavy-ball (1), high-resolution (2)
  nesterov          heavy-ball (1), high-resolution (2)
  nesterov-convex   nesterov-flow (1: theta'' + 3/t theta' + grad J = 0), high-resolution (1)
For the last three a step size D of --step-sizes is the time of one iteration: the method runs with the step D^2 and
the momentum (1 - alpha D/2)/(1 + alpha D/2), or k/(k+3) for nesterov-convex.")]
pub struct Compare {
    /// Dynamics: `dinlab list dynamics`, modified, high-resolution or nesterov-flow [default: the method's own]
    #[arg(long, value_name = "D", value_parser = pair::named)]
    dynamics: Option<String>,
    /// Method: indian, gradient-descent, heavy-ball, nesterov or nesterov-convex
    #[arg(long, value_name = "M", default_value = "indian", value_parser = iterate::method)]
    method: &'static Entry,
    #[command(flatten)]
    problem: Problem,
    #[command(flatten)]
    damping: Damping,
    /// Time at which the two are compared
    #[arg(long, value_name = "T", value_parser = values::positive, allow_hyphen_values = true)]
    until: f64,
    /// Step sizes; T must be a whole number of each
    #[arg(long, value_name = "1e-1,1e-2,..", allow_hyphen_values = true)]
    step_sizes: StepSizes,
    /// Relative tolerance of the reference
    #[arg(long, value_name = "R", default_value = "1e-12", value_parser = values::positive, allow_hyphen_values = true)]
    rtol: f64,
    /// Absolute tolerance of the reference
    #[arg(long, value_name = "A", default_value = "1e-12", value_parser = values::positive, allow_hyphen_values = true)]
    atol: f64,
    /// Draw both trajectories and the error over time into this file: .svg or .png
    #[arg(long, value_name = "FILE", value_parser = drawing::target)]
    figure: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Most points of the grid on which the two are compared.
const MOST_POINTS: u64 = 10_000;
/// Most steps of one run.
const MOST_STEPS: f64 = 1e9;

/// One step size, compared.
struct Row {
    step_size: f64,
    steps: u64,
    momentum: Option<f64>,
    error: f64,
    error_sup: f64,
    status: Status,
    /// θ of both, and ‖difference‖, at the common times; empty where the run broke off.
    path: Vec<Vec<f64>>,
    flow: Vec<Vec<f64>>,
    errors: Vec<f64>,
}

/// Everything that is compared: what the record, the text and the figure are made of.
struct Comparison {
    pair: Pair,
    times: Vec<f64>,
    rows: Vec<Row>,
    table: OrderTable,
    reference_error: f64,
    /// First and last time at which the order holds.
    horizon: Option<[f64; 2]>,
}

/// θ of the equation on the common grid, and how it was integrated.
#[derive(Default)]
struct Reference {
    theta: Vec<Vec<f64>>,
    integrator: String,
    reason: String,
    /// States that several solutions leave.
    branches: Vec<KinkBranch>,
}

impl Compare {
    /// Integrates the equation and runs the algorithm for every step size.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Damping { alpha, beta } = self.damping;
        let pair = Pair::new(self.method.name, self.dynamics.as_deref(), alpha, beta)?;
        let problem = self.problem.resolve(beta)?;
        for &step_size in &self.step_sizes.0 {
            iterate::check_start(pair.build(step_size)?.0, &problem)?;
        }
        let mut from = 0.0;
        if let Equation::Dynamics(dynamics) = pair.equation {
            simulate::check_start(dynamics, &problem)?;
            from = dynamics.default_start_time();
        }
        ensure!(self.until > from, "--until {}: expected a time after the start time {from}", self.until);
        let horizon = self.until - from;
        let steps = self.steps(horizon)?;
        let points = usize::try_from(common_points(&steps))?;
        if let Equation::Dynamics(dynamics) = pair.equation {
            simulate::check_initial_state(dynamics, &problem, from)?;
        }
        session.prepare(output::Format::ALL)?;
        let settings = Settings { rtol: self.rtol, atol: self.atol, ..Default::default() };
        let (rows, reference) = self.rows(&problem, pair, &steps, points, horizon, &settings, session)?;
        let errors: Vec<f64> = rows.iter().map(|row| row.error).collect();
        let table = OrderTable::new(&self.step_sizes.0, &errors).context("--step-sizes")?;
        let reference_error = self.reference_error(&problem, pair, points, horizon, &settings, &rows)?;
        let times: Vec<f64> = (0..=points).map(|i| from + horizon * i as f64 / points as f64).collect();
        let held = horizon_of(&rows, &times, pair.expected_order());
        let comparison = Comparison { pair, times, rows, table, reference_error, horizon: held };
        if let Some(file) = &self.figure {
            drawing::write(file, &show::figure(&comparison, problem.objective.name()))?;
        }
        let mut plan = self.plan(&problem, pair);
        plan.insert(
            "resolved".into(),
            json!({
                "objective": problem.objective.name(), "from": from, "integrator": reference.integrator,
                "reason": reference.reason, "points": points, "branches": reference.branches,
            }),
        );
        let mut text = show::text(&comparison);
        for branch in &reference.branches {
            let (t, leave, taken) = (branch.t, branch.departures.len(), branch.taken + 1);
            text += &format!(
                "branch at t = {t}: {leave} solutions leave, the reference follows number {taken}; the algorithm may follow \
                 another (`dinlab simulate --branch all` lists them)\n"
            );
        }
        let mut product = Product::new("compare", Value::Object(plan), show::body(&comparison), text)
            .with_table(show::table(&comparison));
        product.samples = show::samples(&comparison);
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    /// The algorithm at every step size against the equation, which is integrated once, or for every step size where
    /// it contains the step.
    #[allow(clippy::too_many_arguments)] // One call; a struct for it would only rename its fields.
    fn rows(
        &self,
        problem: &Resolved,
        pair: Pair,
        steps: &[u64],
        points: usize,
        horizon: f64,
        settings: &Settings,
        session: &Session,
    ) -> anyhow::Result<(Vec<Row>, Reference)> {
        let mut progress = Progress::new(steps.iter().sum(), session.common.quiet);
        let (mut before, mut rows) = (0, Vec::new());
        let mut reference: Option<Reference> = None;
        for (&step_size, &steps) in self.step_sizes.0.iter().zip(steps) {
            let known = reference.take().filter(|_| !pair.contains_step());
            let flow = match known {
                Some(known) => known,
                None => self.reference(problem, pair, step_size, points, horizon, settings)?,
            };
            rows.push(compare(problem, pair, step_size, steps, &flow, &mut |k| progress.at(before + k))?);
            before += steps;
            reference = Some(flow);
        }
        let reference = reference.context("--step-sizes: expected at least one")?;
        Ok((rows, reference))
    }

    fn reference(
        &self,
        problem: &Resolved,
        pair: Pair,
        step_size: f64,
        points: usize,
        horizon: f64,
        settings: &Settings,
    ) -> anyhow::Result<Reference> {
        let Equation::Dynamics(dynamics) = pair.equation else {
            let theta = pair.special_flow(problem, step_size, horizon, points, settings)?;
            return Ok(Reference { theta, integrator: "auto".into(), ..Reference::default() });
        };
        let run = self.simulation(problem, dynamics, points, settings);
        let (flow, outcome) = simulate_with_outcome(&*problem.objective, &run, &mut Blind)?;
        if !flow.status.is_complete() {
            bail!("the flow ends before --until {}: {}; expected an earlier time", self.until, flow.status);
        }
        // A branching state makes "the" flow one of several.
        let branches = match inclusion::route(&*problem.objective, &run) {
            Some(_) => {
                let options = inclusion::Options::default();
                inclusion::solve(&*problem.objective, &run, &options, &mut Blind)?.report.branches
            }
            None => Vec::new(),
        };
        Ok(Reference {
            branches,
            theta: flow.theta,
            integrator: outcome.integrator.name().into(),
            reason: outcome.reason,
        })
    }

    fn simulation(
        &self,
        problem: &Resolved,
        dynamics: Dynamics,
        points: usize,
        settings: &Settings,
    ) -> dinlab_din::Run {
        dinlab_din::Run {
            theta: problem.theta.clone(),
            start: problem.start.clone(),
            from: dynamics.default_start_time(),
            until: self.until,
            samples: points + 1,
            settings: settings.clone(),
            dynamics,
        }
    }

    /// Error of the reference at the end: what a hundredth of the tolerance changes, at the finest step.
    fn reference_error(
        &self,
        problem: &Resolved,
        pair: Pair,
        points: usize,
        horizon: f64,
        settings: &Settings,
        rows: &[Row],
    ) -> anyhow::Result<f64> {
        if let Equation::Dynamics(dynamics) = pair.equation {
            let run = self.simulation(problem, dynamics, points, settings);
            return Ok(estimate_error(&*problem.objective, &run)?.theta);
        }
        let Some(row) = rows.iter().min_by(|a, b| a.step_size.total_cmp(&b.step_size)) else {
            return Ok(f64::NAN);
        };
        let finer = Settings { rtol: 0.01 * self.rtol, atol: 0.01 * self.atol, ..settings.clone() };
        let path = pair.special_flow(problem, row.step_size, horizon, points, &finer)?;
        Ok(match (path.last(), row.flow.last()) {
            (Some(a), Some(b)) => distance(a, b),
            _ => f64::NAN,
        })
    }

    /// Number of steps to the horizon for every step size.
    fn steps(&self, horizon: f64) -> anyhow::Result<Vec<u64>> {
        ensure!(
            self.step_sizes.0.len() > 1,
            "--step-sizes: an order needs at least two of them, such as 1e-1,1e-2,1e-3"
        );
        let mut sorted = self.step_sizes.0.clone();
        sorted.sort_by(f64::total_cmp);
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("--step-sizes: {} stands there twice, expected different step sizes", pair[0]);
        }
        let steps = |&step_size: &f64| {
            let ratio = horizon / step_size;
            let steps = ratio.round();
            ensure!(
                steps <= MOST_STEPS,
                "--step-sizes {step_size:e}: {ratio:e} steps, expected at most {MOST_STEPS:e}"
            );
            // Rounding of the two typed numbers moves the ratio by a few ulp.
            if steps < 1.0 || (ratio - steps).abs() > 1e-9 * ratio {
                let near = horizon / dinlab_numeric::max(steps, 1.0);
                bail!(
                    "--step-sizes {step_size}: the time {horizon} takes {ratio} steps of it, expected a whole \
                     number; the nearest step size that fits is {near}"
                );
            }
            Ok(steps as u64)
        };
        self.step_sizes.0.iter().map(steps).collect()
    }

    fn plan(&self, problem: &Resolved, pair: Pair) -> Map<String, Value> {
        let has_second = match pair.equation {
            Equation::Dynamics(dynamics) => simulate::has_second(dynamics),
            _ => true,
        };
        let mut plan = self.problem.plan(problem, has_second && pair.method == "indian");
        let keys = [
            ("command", json!("compare")),
            ("dynamics", json!(pair.equation_name())),
            ("method", json!(pair.method)),
            ("alpha", json!(self.damping.alpha)),
            ("beta", json!(self.damping.beta)),
            ("until", json!(self.until)),
            ("step_sizes", json!(self.step_sizes.0)),
            ("rtol", json!(self.rtol)),
            ("atol", json!(self.atol)),
        ];
        plan.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        plan
    }
}

/// Intervals of the coarsest grid that all runs share: the greatest common divisor of their numbers of steps, or
/// its largest divisor that is not too fine.
fn common_points(steps: &[u64]) -> u64 {
    let gcd = steps.iter().fold(0, |a, &b| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    });
    if gcd <= MOST_POINTS {
        return gcd;
    }
    (1..=MOST_POINTS).rev().find(|d| gcd.is_multiple_of(*d)).unwrap_or(1)
}

fn compare(
    problem: &Resolved,
    pair: Pair,
    step_size: f64,
    steps: u64,
    reference: &Reference,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<Row> {
    let flow = &reference.theta;
    let points = (flow.len() - 1).max(1) as u64;
    let (method, schedule) = pair.build(step_size)?;
    let run = dinlab_indian::Run {
        start: problem.start.clone(),
        grid: Grid::Every(steps / points),
        ..dinlab_indian::Run::new(method, problem.theta.clone(), schedule, steps)
    };
    let path = dinlab_indian::iterate_while(&*problem.objective, &run, &mut |k| {
        progress(k);
        Flow::Continue
    })?;
    let complete = path.status.is_complete() && path.theta.len() == flow.len();
    let errors: Vec<f64> = match complete {
        true => path.theta.iter().zip(flow).map(|(a, b)| distance(a, b)).collect(),
        false => Vec::new(),
    };
    let broken = if complete { 0.0 } else { f64::INFINITY };
    Ok(Row {
        step_size,
        steps,
        momentum: pair.momentum(step_size),
        error: errors.last().copied().unwrap_or(broken),
        error_sup: errors.iter().copied().fold(broken, dinlab_numeric::max),
        status: path.status,
        path: path.theta,
        flow: flow.clone(),
        errors,
    })
}

/// Largest distance of a local order from the theory's at which it counts as holding.
const HOLDS: f64 = 0.1;

/// The longest stretch of common times over which the order between the two finest complete runs stays within [`HOLDS`] of
/// the order that the theory gives; `None` without such an order, two such runs, or a time at which it holds.
fn horizon_of(rows: &[Row], times: &[f64], expected: Option<u32>) -> Option<[f64; 2]> {
    let mut complete: Vec<&Row> = rows.iter().filter(|row| !row.errors.is_empty()).collect();
    complete.sort_by(|a, b| a.step_size.total_cmp(&b.step_size));
    let [fine, coarse, ..] = complete[..] else { return None };
    let expected = f64::from(expected?);
    let ratio = (coarse.step_size / fine.step_size).ln();
    let holds = |i: usize| {
        let order = (coarse.errors[i] / fine.errors[i]).ln() / ratio;
        (order - expected).abs() <= HOLDS
    };
    let (mut best, mut first): (Option<[usize; 2]>, usize) = (None, 1);
    for i in 1..times.len() {
        if !holds(i) {
            first = i + 1;
        } else if best.is_none_or(|[a, b]| i - first > b - a) {
            best = Some([first, i]);
        }
    }
    // At the start the two agree, and an order that holds from the first common time on holds from there.
    best.map(|[a, b]| [times[if a == 1 { 0 } else { a }], times[b]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_grid_divides_every_number_of_steps() {
        assert_eq!(common_points(&[10, 100, 1000]), 10);
        assert_eq!(common_points(&[7, 12]), 1);
        assert_eq!(common_points(&[20_000, 40_000]), 10_000);
        assert_eq!(common_points(&[100_003, 200_006]), 1);
    }

    #[test]
    fn the_order_holds_on_its_longest_stretch() {
        let row = |step_size: f64, errors: Vec<f64>| Row {
            step_size,
            steps: 1,
            momentum: None,
            error: 0.0,
            error_sup: 0.0,
            status: Status::ReachedEnd,
            path: Vec::new(),
            flow: Vec::new(),
            errors,
        };
        let times = [0.0, 1.0, 2.0, 3.0];
        let rows = [row(0.1, vec![0.0, 1e-1, 2e-1, 3e-1]), row(0.05, vec![0.0, 5e-2, 1e-1, 2.9e-1])];
        assert_eq!(horizon_of(&rows, &times, Some(1)), Some([0.0, 2.0]));
        assert_eq!(horizon_of(&rows, &times, Some(2)), None);
        assert_eq!(horizon_of(&rows, &times, None), None);
    }
}
