//! Routes to the solution of DIN on the valley across its kinks (α = 0.5, β = 0.1, start (−1.5, 0) at `rest`,
//! t ∈ [0, 15], four crossings and slides): time against the largest error over 201 samples, measured from the event solver
//! at 1e-13. The reference is checked by two routes that know nothing of events: smoothed kinks, extrapolated, and
//! proximal steps, both of which must approach it.
//!
//! `cargo bench --workspace --bench kinks`
#![allow(clippy::print_stdout)] // a table is what it is for

use std::time::Instant;

use dinlab_din::{inclusion, Dynamics, Integrator, Run, Settings};
use dinlab_objective::Objective;
use dinlab_record::observe::Blind;

/// Repetitions, of which the fastest counts, for runs that take less than this many seconds.
const REPEAT: usize = 20;
const SHORT: f64 = 0.05;

fn samples(objective: &dyn Objective, run: &Run) -> inclusion::Solution {
    match inclusion::solve(objective, run, &Default::default(), &mut Blind) {
        Ok(solution) => solution,
        Err(error) => panic!("the benchmark's run is valid: {error}"),
    }
}

fn distance(a: &inclusion::Solution, b: &inclusion::Solution) -> f64 {
    let pairs = a.samples.iter().zip(&b.samples);
    pairs.map(|(a, b)| dinlab_numeric::distance(&a.theta, &b.theta)).fold(0.0, dinlab_numeric::max)
}

/// Milliseconds of the fastest run.
fn time(objective: &dyn Objective, run: &Run) -> f64 {
    let mut fastest = f64::INFINITY;
    for _ in 0..REPEAT {
        let start = Instant::now();
        std::hint::black_box(samples(objective, run));
        let seconds = start.elapsed().as_secs_f64();
        fastest = dinlab_numeric::min(fastest, seconds);
        if seconds > SHORT {
            break;
        }
    }
    1e3 * fastest
}

fn main() {
    let valley = match dinlab_objective::build("valley", &Default::default()) {
        Ok(objective) => objective,
        Err(error) => panic!("the valley is registered: {error}"),
    };
    let mut run = Run::new(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[-1.5, 0.0], 15.0);
    let with = |integrator, tolerance, step, width| Settings {
        integrator,
        fixed_step: step,
        smoothing: width,
        max_evaluations: u64::MAX,
        ..Settings::with_tolerance(tolerance)
    };
    run.settings = with(Integrator::Event, 1e-13, None, None);
    let reference = samples(&*valley, &run);
    println!(
        "reference: {} events, sliding for {:.4}, {}",
        reference.report.events.len(),
        reference.report.sliding_time(),
        reference.reason
    );
    println!("| route | setting | error | ms |\n|---|---|---|---|");
    let mut row = |settings: Settings, setting: String| {
        run.settings = settings;
        let (error, time) = (distance(&samples(&*valley, &run), &reference), time(&*valley, &run));
        println!("| {} | {setting} | {error:.1e} | {time:.3} |", run.settings.integrator);
    };
    for exponent in [4, 6, 8, 10, 12] {
        let tolerance = 10_f64.powi(-exponent);
        row(with(Integrator::Event, tolerance, None, None), format!("rtol 1e-{exponent}"));
    }
    for exponent in [2, 3, 4, 5] {
        let width = 10_f64.powi(-exponent);
        row(with(Integrator::Smoothed, 1e-10, None, Some(width)), format!("width 1e-{exponent}"));
    }
    for integrator in [Integrator::TimeStepping, Integrator::EulerLimit] {
        for exponent in [3, 4, 5, 6] {
            let step = 10_f64.powi(-exponent);
            if integrator == Integrator::EulerLimit || exponent < 6 {
                row(with(integrator, 1e-9, Some(step), None), format!("step 1e-{exponent}"));
            }
        }
    }
}
