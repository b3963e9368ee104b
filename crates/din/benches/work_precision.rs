//! Work against precision: every integrator on DIN with Rosenbrock's function (α = 0.5, β = 0.1, start (−1.5, 0) at
//! `rest`, t ∈ [0, 50]) for rtol = atol from 1e-3 to 1e-12. Time against the true error at t = 50, measured from a
//! solution at 1e-13. `ode_solvers` runs beside them in its fastest form (static vectors, sparse output) and in the
//! form the library offers.
//!
//! `cargo bench -p dinlab-din --bench work_precision`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Settings, INTEGRATORS};
use dinlab_objective::{Facts, Formula, Native, Objective, Scalar, Start};
use dinlab_record::Flow;
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
struct Direct;

impl ode_solvers::System<f64, State> for Direct {
    fn system(&self, _: f64, y: &State, dy: &mut State) {
        let mut v = [0.0; 2];
        Rosenbrock.gradient(&[y[0], y[1]], &mut v);
        for i in 0..2 {
            dy[i] = y[2 + i] - BETA * v[i];
            dy[2 + i] = -ALPHA * y[2 + i] - (1.0 - ALPHA * BETA) * v[i];
        }
    }
}

fn direct(order: u32, start: &State, tolerance: f64) -> (State, u64) {
    let sparse = OutputType::Sparse;
    let most = 10_000_000;
    if order == 8 {
        let mut solver = Dop853::from_param(
            Direct, 0.0, UNTIL, 0.0, *start, tolerance, tolerance, 0.9, 0.0, 0.333, 6.0, UNTIL, 0.0, most,
            most, sparse,
        );
        let stats = solver.integrate().expect("the problem is smooth");
        (*solver.y_out().last().expect("one entry at least"), u64::from(stats.num_eval))
    } else {
        let mut solver = Dopri5::from_param(
            Direct, 0.0, UNTIL, 0.0, *start, tolerance, tolerance, 0.9, 0.04, 0.2, 10.0, UNTIL, 0.0, most,
            most, sparse,
        );
        let stats = solver.integrate().expect("the problem is smooth");
        (*solver.y_out().last().expect("one entry at least"), u64::from(stats.num_eval))
    }
}

/// Least time in microseconds of nine batches of about 10 ms each: what else the machine does only adds.
fn time(mut work: impl FnMut()) -> f64 {
    let first = Instant::now();
    work();
    let once = first.elapsed().as_secs_f64();
    let batch = (0.01 / once).ceil() as u32;
    let times: Vec<f64> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            (0..batch).for_each(|_| work());
            1e6 * begin.elapsed().as_secs_f64() / f64::from(batch)
        })
        .collect();
    dinlab_numeric::minimum(&times)
}

fn main() {
    let facts = Facts { kinks: Vec::new(), ..Facts::unknown("rosenbrock", "", 2) };
    let facts = Facts { regularity: dinlab_objective::Regularity::Smooth, ..facts };
    let objective = Native::new(Rosenbrock, facts, Default::default());
    let dynamics = Dynamics::Din { alpha: ALPHA, beta: BETA };
    let start = initial_state(dynamics, &objective, &[-1.5, 0.0], &Start::Rest, 0.0).expect("valid");
    let solve = |settings: &Settings| {
        let mut flow = system(dynamics, &objective as &dyn Objective);
        let observer = &mut |_: f64, _: &[f64]| Flow::Continue;
        integrate(&mut *flow, &start, 0.0, UNTIL, &[], &mut [], settings, observer).expect("valid")
    };
    let finest = Settings { integrator: Integrator::Dop853, ..Settings::with_tolerance(1e-13) };
    let reference = solve(&finest).state;
    let second = solve(&Settings { integrator: Integrator::Dopri5, ..finest }).state;
    println!("two references at 1e-13 differ by {:.1e}", dinlab_numeric::distance(&reference, &second));
    println!(
        "{:20} {:>9} {:>11} {:>10} {:>12}",
        "integrator", "tolerance", "error", "time (us)", "evaluations"
    );
    for entry in INTEGRATORS {
        for exponent in 3..=12 {
            let tolerance = 10f64.powi(-exponent);
            let settings = Settings { integrator: entry.integrator, ..Settings::with_tolerance(tolerance) };
            let outcome = solve(&settings);
            let error = dinlab_numeric::distance(&outcome.state, &reference);
            let us = time(|| drop(solve(&settings)));
            let work = outcome.work.evaluations;
            println!("{:20} {tolerance:>9.0e} {error:>11.2e} {us:>10.1} {work:>12}", entry.name);
        }
    }
    let fixed = State::from_column_slice(&start);
    for (name, order) in [("dopri5, static", 5), ("dop853, static", 8)] {
        for exponent in 3..=12 {
            let tolerance = 10f64.powi(-exponent);
            let (end, work) = direct(order, &fixed, tolerance);
            let error = dinlab_numeric::distance(end.as_slice(), &reference);
            let us = time(|| {
                std::hint::black_box(direct(order, &fixed, tolerance));
            });
            println!("ode_solvers {name:>14}: {tolerance:.0e} {error:>11.2e} {us:>10.1} {work:>12}");
        }
    }
}
