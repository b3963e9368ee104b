//! `dinlab compare`: the order with which an algorithm follows a flow, θ at time kγ against the flow from the same
//! start.

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_analysis::order::OrderTable;
use dinlab_din::{estimate_error, simulate_with_outcome, Dynamics, DynamicsEntry};
use dinlab_indian::{Entry, Grid, Method, Schedule};
use dinlab_numeric::distance;
use dinlab_record::{observe::Blind, Flow, Status, Trajectory};
use dinlab_report::Table;
use serde_json::{json, Map, Value};

use super::{iterate, simulate};
use crate::{
    args::{Common, Damping},
    output::{self, number, Product},
    problem::{Problem, Resolved},
    progress::Progress,
    session::{Exit, Session},
    values::{self, StepSizes},
};

/// Measure the order with which an algorithm follows a flow
#[derive(Debug, Args)]
pub struct Compare {
    /// Dynamics (`dinlab list dynamics`)
    #[arg(long, value_name = "D", default_value = "din", value_parser = simulate::dynamics)]
    dynamics: &'static DynamicsEntry,
    /// Method: indian or gradient-descent
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
    error: f64,
    error_sup: f64,
    status: Status,
}

impl Compare {
    /// Runs the reference once and the algorithm for every step size.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Damping { alpha, beta } = self.damping;
        let dynamics = (self.dynamics.build)(alpha, beta);
        let method = self.build()?;
        let problem = self.problem.resolve(beta)?;
        simulate::check_start(dynamics, &problem)?;
        iterate::check_start(method, &problem)?;
        let from = dynamics.default_start_time();
        ensure!(self.until > from, "--until {}: expected a time after the start time {from}", self.until);
        let steps = self.steps(self.until - from)?;
        let points = common_points(&steps);
        let reference = dinlab_din::Run {
            theta: problem.theta.clone(),
            start: problem.start.clone(),
            from,
            until: self.until,
            samples: usize::try_from(points)? + 1,
            settings: dinlab_din::Settings { rtol: self.rtol, atol: self.atol, ..Default::default() },
            dynamics,
        };
        simulate::check_initial_state(dynamics, &problem, from)?;
        session.prepare(output::Format::ALL)?;
        let (flow, outcome) = simulate_with_outcome(&*problem.objective, &reference, &mut Blind)?;
        if !flow.status.is_complete() {
            bail!("the flow ends before --until {}: {}; expected an earlier time", self.until, flow.status);
        }
        let rows = self.rows(&problem, method, &steps, &flow, session)?;
        let errors: Vec<f64> = rows.iter().map(|row| row.error).collect();
        let table = OrderTable::new(&self.step_sizes.0, &errors).context("--step-sizes")?;
        let error = estimate_error(&*problem.objective, &reference)?;
        let mut plan = self.plan(&problem, dynamics, method);
        plan.insert(
            "resolved".into(),
            json!({
                "objective": problem.objective.name(), "from": from, "integrator": outcome.integrator.name(),
                "reason": outcome.reason, "points": points,
            }),
        );
        let product = Product::new(
            "compare",
            Value::Object(plan),
            body(&table, &rows, error.theta),
            text(&table, error.theta),
        )
        .with_table(table_of(&table, &rows));
        output::emit(session, &product)?;
        Ok(Exit::Success)
    }

    /// The algorithm at every step size, against the flow.
    fn rows(
        &self,
        problem: &Resolved,
        method: Method,
        steps: &[u64],
        flow: &Trajectory,
        session: &Session,
    ) -> anyhow::Result<Vec<Row>> {
        let mut progress = Progress::new(steps.iter().sum(), session.common.quiet);
        let mut before = 0;
        let mut rows = Vec::new();
        for (&step_size, &steps) in self.step_sizes.0.iter().zip(steps) {
            rows.push(compare(problem, method, step_size, steps, flow, &mut |k| progress.at(before + k))?);
            before += steps;
        }
        Ok(rows)
    }

    /// Only for these two is θ after k steps of size γ an approximation of the flow at time kγ.
    fn build(&self) -> anyhow::Result<Method> {
        let Damping { alpha, beta } = self.damping;
        match self.method.name {
            "indian" => Ok(Method::Indian { alpha, beta }),
            "gradient-descent" => Ok(Method::GradientDescent),
            other => bail!(
                "--method {other}: k steps of size G do not stand for the time k G of a flow; expected indian or \
                 gradient-descent"
            ),
        }
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

    fn plan(&self, problem: &Resolved, dynamics: Dynamics, method: Method) -> Map<String, Value> {
        let second = simulate::has_second(dynamics) && iterate::has_second(method);
        let mut plan = self.problem.plan(problem, second);
        let keys = [
            ("command", json!("compare")),
            ("dynamics", json!(dynamics.name())),
            ("method", json!(method.name())),
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
    method: Method,
    step_size: f64,
    steps: u64,
    flow: &Trajectory,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<Row> {
    let points = (flow.theta.len() - 1).max(1) as u64;
    let run = dinlab_indian::Run {
        start: problem.start.clone(),
        grid: Grid::Every(steps / points),
        ..dinlab_indian::Run::new(method, problem.theta.clone(), Schedule::Constant(step_size), steps)
    };
    let path = dinlab_indian::iterate_while(&*problem.objective, &run, &mut |k| {
        progress(k);
        Flow::Continue
    })?;
    let complete = path.status.is_complete() && path.theta.len() == flow.theta.len();
    let (mut error, mut error_sup) = (f64::INFINITY, f64::INFINITY);
    if complete {
        error_sup = 0.0;
        for (a, b) in path.theta.iter().zip(&flow.theta) {
            error = distance(a, b);
            error_sup = dinlab_numeric::max(error_sup, error);
        }
    }
    Ok(Row { step_size, steps, error, error_sup, status: path.status })
}

fn body(table: &OrderTable, rows: &[Row], reference_error: f64) -> Value {
    let o = &table.order;
    json!({
        "rows": table.rows.iter().map(|row| json_of(row, rows)).collect::<Vec<_>>(),
        "order": {"value": number(o.value), "low": number(o.low), "high": number(o.high)},
        "constant": number(table.constant),
        "reference_error": number(reference_error),
    })
}

fn json_of(row: &dinlab_analysis::order::OrderRow, rows: &[Row]) -> Value {
    let mut value = json!({
        "step_size": number(row.step_size), "error": number(row.error), "order": row.order.map(number),
        "dropped": row.dropped,
    });
    if let Some(own) = rows.iter().find(|own| own.step_size == row.step_size) {
        value["error_sup"] = number(own.error_sup);
        value["steps"] = own.steps.into();
        value["status"] = json!(own.status);
    }
    value
}

fn table_of(table: &OrderTable, rows: &[Row]) -> Table {
    let columns = ["step_size", "error", "order", "error_sup"].map(str::to_owned).to_vec();
    let row = |row: &dinlab_analysis::order::OrderRow| {
        let sup =
            rows.iter().find(|own| own.step_size == row.step_size).map_or(f64::NAN, |own| own.error_sup);
        vec![row.step_size, row.error, row.order.unwrap_or(f64::NAN), sup]
    };
    Table::new(columns, table.rows.iter().map(row).collect())
}

fn text(table: &OrderTable, reference: f64) -> String {
    let mut out = format!("{:>12}  {:>14}  {:>8}\n", "step size", "error", "order");
    for row in &table.rows {
        let order = row.order.map_or_else(|| "-".into(), |order| format!("{order:.4}"));
        let note = match row.dropped {
            Some(reason) => format!(
                "  ({})",
                serde_json::to_value(reason)
                    .ok()
                    .and_then(|v| v.as_str().map(str::to_owned))
                    .unwrap_or_default()
            ),
            None => String::new(),
        };
        out += &format!("{:>12e}  {:>14.6e}  {order:>8}{note}\n", row.step_size, row.error);
    }
    let o = &table.order;
    out += &format!(
        "order {:.5} [{:.5}, {:.5}], error = {:.6e} x (step size)^order\n",
        o.value, o.low, o.high, table.constant
    );
    out + &format!("error of the reference {reference:.1e}\n")
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
}
