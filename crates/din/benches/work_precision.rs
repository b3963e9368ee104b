//! Work against precision: every integrator on DIN with Rosenbrock's function (α = 0.5, β = 0.1, start (−1.5, 0) at
//! `rest`, t ∈ [0, 50]) for rtol = atol from 1e-3 to 1e-12. Time against the true error at t = 50, measured from a
//! solution at 1e-13. `ode_solvers` runs beside them with static vectors and sparse output, once with the right-hand
//! side compiled into it (`direct`) and once calling the same oracle as our integrators (`oracle`), and in the form the
//! library offers. At the end: ratios of the times at equal error.
//!
//! `cargo bench --workspace --bench work_precision`
#![allow(clippy::print_stdout)] // a benchmark prints its result

mod measure;

use std::cell::RefCell;

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Settings, INTEGRATORS};
use dinlab_objective::{Facts, Formula, Native, Objective, Oracle, Scalar, Start};
use dinlab_record::Flow;
use measure::{time, Curve};
use ode_solvers::{dop_shared::OutputType, Dop853, Dopri5, SVector};

const ALPHA: f64 = 0.5;
const BETA: f64 = 0.1;
const UNTIL: f64 = 50.0;

/// 100(y − x²)² + (1 − x)².
#[derive(Clone, Copy)]
struct Rosenbrock;

impl Formula for Rosenbrock {
    fn dimension(&self) -> usize {
        2
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let w = x[1] - x[0] * x[0];
        let r = S::constant(1.0) - x[0];
        S::constant(100.0) * w * w + r * r
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let w = S::constant(200.0) * (x[1] - x[0] * x[0]);
        out[0] = -(w + w) * x[0] - S::constant(2.0) * (S::constant(1.0) - x[0]);
        out[1] = w;
    }
}

type State = SVector<f64, 4>;

/// The same system in the form that is fastest with ode_solvers.
#[derive(Clone, Copy)]
struct Direct;

impl ode_solvers::System<f64, State> for Direct {
    fn system(&self, _: f64, y: &State, dy: &mut State) {
        let mut v = [0.0; 2];
        Rosenbrock.gradient(&[y[0], y[1]], &mut v);
        din(y, v, dy);
    }
}

/// The same with the gradient from an oracle, as our integrators have it.
#[derive(Clone, Copy)]
struct Indirect<'a, 'b>(&'a RefCell<Box<dyn Oracle + 'b>>);

impl ode_solvers::System<f64, State> for Indirect<'_, '_> {
    fn system(&self, _: f64, y: &State, dy: &mut State) {
        let mut v = [0.0; 2];
        self.0.borrow_mut().gradient(&y.as_slice()[..2], &mut v);
        din(y, v, dy);
    }
}

fn din(y: &State, v: [f64; 2], dy: &mut State) {
    for i in 0..2 {
        dy[i] = y[2 + i] - BETA * v[i];
        dy[2 + i] = -ALPHA * y[2 + i] - (1.0 - ALPHA * BETA) * v[i];
    }
}

fn foreign<F>(system: F, order: u32, start: &State, tolerance: f64) -> (Vec<f64>, u64)
where
    F: ode_solvers::System<f64, State>,
{
    let sparse = OutputType::Sparse;
    let most = 10_000_000;
    let last = |states: &[State]| states.last().expect("one entry at least").as_slice().to_vec();
    if order == 8 {
        let mut solver = Dop853::from_param(
            system, 0.0, UNTIL, 0.0, *start, tolerance, tolerance, 0.9, 0.0, 0.333, 6.0, UNTIL, 0.0, most,
            most, sparse,
        );
        let stats = solver.integrate().expect("the problem is smooth");
        (last(solver.y_out()), u64::from(stats.num_eval))
    } else {
        let mut solver = Dopri5::from_param(
            system, 0.0, UNTIL, 0.0, *start, tolerance, tolerance, 0.9, 0.04, 0.2, 10.0, UNTIL, 0.0, most,
            most, sparse,
        );
        let stats = solver.integrate().expect("the problem is smooth");
        (last(solver.y_out()), u64::from(stats.num_eval))
    }
}

/// Runs `solve(tolerance)`, which returns the end and the number of evaluations, and prints the rows.
fn curve(name: &str, reference: &[f64], solve: &dyn Fn(f64) -> (Vec<f64>, u64)) -> Curve {
    let mut points = Vec::new();
    for exponent in 3..=12 {
        let tolerance = 10f64.powi(-exponent);
        let (end, work) = solve(tolerance);
        let error = dinlab_numeric::distance(&end, reference);
        let us = time(|| {
            std::hint::black_box(solve(tolerance));
        });
        let each = 1e3 * us / work as f64;
        println!("{name:27} {tolerance:>9.0e} {error:>11.2e} {us:>10.1} {work:>12} {each:>14.1}");
        points.push([error, us]);
    }
    Curve { name: name.to_owned(), points }
}

fn summary(curves: &[Curve]) {
    let errors = [1e-4, 1e-6, 1e-8, 1e-10];
    let best = |mark: &str, error: f64| {
        let times = curves
            .iter()
            .filter(|c| c.name == mark || (mark.contains("ode") && c.name.starts_with(mark)))
            .map(|c| c.time_at(error));
        times.fold(f64::INFINITY, |a, b| if b < a { b } else { a })
    };
    println!("\ntime at equal error, ours over theirs (best of both orders)");
    println!("{:8} {:22} {:>8} {:>8} {:>8} {:>8}", "ours", "theirs", "1e-4", "1e-6", "1e-8", "1e-10");
    for ours in ["", "auto", "dopri5", "dop853", "radau"] {
        for theirs in ["ode_solvers direct", "ode_solvers oracle", "ode-solvers"] {
            let ratio = |error: f64| {
                let own = if ours.is_empty() {
                    ["auto", "dopri5", "dop853", "radau"].map(|name| best(name, error))
                } else {
                    [best(ours, error); 4]
                };
                dinlab_numeric::minimum(&own) / best(theirs, error)
            };
            let [a, b, c, d] = errors.map(ratio);
            let ours = if ours.is_empty() { "best" } else { ours };
            println!("{ours:8} {theirs:22} {a:>8.2} {b:>8.2} {c:>8.2} {d:>8.2}");
        }
    }
}

fn main() {
    let facts = Facts { kinks: Vec::new(), ..Facts::unknown("rosenbrock", "", 2) };
    let facts = Facts { regularity: dinlab_objective::Regularity::Smooth, ..facts };
    let objective = Native::new(Rosenbrock, facts, Default::default());
    let dynamics = Dynamics::Din { alpha: ALPHA, beta: BETA };
    let start = initial_state(dynamics, &objective, &[-1.5, 0.0], &Start::Rest, 0.0).expect("valid");
    let solve = |integrator: Integrator, tolerance: f64| {
        let settings = Settings { integrator, ..Settings::with_tolerance(tolerance) };
        let mut flow = system(dynamics, &objective as &dyn Objective);
        let observer = &mut |_: f64, _: &[f64]| Flow::Continue;
        let outcome = integrate(&mut *flow, &start, 0.0, UNTIL, &[], &mut [], &settings, observer);
        let outcome = outcome.expect("valid");
        (outcome.state, outcome.work.evaluations)
    };
    let reference = solve(Integrator::Dop853, 1e-13).0;
    let second = solve(Integrator::Dopri5, 1e-13).0;
    println!("two references at 1e-13 differ by {:.1e}", dinlab_numeric::distance(&reference, &second));
    println!(
        "{:27} {:>9} {:>11} {:>10} {:>12} {:>14}",
        "integrator", "tolerance", "error", "time (us)", "evaluations", "ns/evaluation"
    );
    let mut curves: Vec<Curve> = INTEGRATORS
        .iter()
        .map(|entry| curve(entry.name, &reference, &|tolerance| solve(entry.integrator, tolerance)))
        .collect();
    let fixed = State::from_column_slice(&start);
    let oracle = RefCell::new(objective.oracle());
    for (name, order) in [("dopri5", 5), ("dop853", 8)] {
        let direct = |tolerance| foreign(Direct, order, &fixed, tolerance);
        curves.push(curve(&format!("ode_solvers direct {name}"), &reference, &direct));
        let indirect = |tolerance| foreign(Indirect(&oracle), order, &fixed, tolerance);
        curves.push(curve(&format!("ode_solvers oracle {name}"), &reference, &indirect));
    }
    summary(&curves);
}
