//! Time of INDIAN steps: `cargo bench --workspace --bench step`.
//!
//! 1. ns per step on `valley` and `rosenbrock`: through the driver (virtual calls, schedule, divergence check, copy
//!    of the last good state) with an observer that ignores everything; in a loop over the objective's oracle; and in
//!    a bare loop with the gradient inlined.
//! 2. ns per parameter of one step on 10⁷ parameters, against a plain memory copy of the same bytes in the same
//!    run. Convention: the step moves 40 bytes per parameter (it reads θ, u, v and writes θ, u), so the copy beside
//!    it reads 20 bytes per parameter and writes 20.
//!
//! Every number is the shortest over repetitions (whatever else the machine does only adds), those of the second
//! part alternating.
#![allow(clippy::print_stdout)] // a benchmark prints its result

use std::{hint::black_box, time::Instant};

use dinlab_indian::{indian_step, iterate_observed, Grid, IndianError, Method, Run, Schedule};
use dinlab_numeric::minimum;
use dinlab_objective::{build, Options};
use dinlab_record::observe::Blind;

const ALPHA: f64 = 0.5;
const BETA: f64 = 0.1;
const STEP_SIZE: f64 = 1e-4;
const START: [f64; 2] = [-1.5, 0.5];
const STEPS: u64 = 200_000;

/// Seconds that `work` takes.
fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// Shortest of the repetitions after one that does not count.
fn repeated(repetitions: usize, mut work: impl FnMut()) -> f64 {
    work();
    minimum(&(0..repetitions).map(|_| seconds(&mut work)).collect::<Vec<_>>())
}

/// ns per step through the driver.
fn driver(name: &str) -> Result<f64, IndianError> {
    let Ok(objective) = build(name, &Options::default()) else {
        return Ok(f64::NAN);
    };
    let method = Method::Indian { alpha: ALPHA, beta: BETA };
    let mut run = Run::new(method, START.to_vec(), Schedule::Constant(STEP_SIZE), STEPS);
    run.grid = Grid::Every(1000);
    iterate_observed(objective.as_ref(), &run, &mut Blind)?; // reports an error once, outside the timing
    let time = repeated(25, || {
        let _ = black_box(iterate_observed(objective.as_ref(), black_box(&run), &mut Blind));
    });
    Ok(time / STEPS as f64 * 1e9)
}

/// ns per step of a loop that knows the gradient at compile time.
fn bare(gradient: impl Fn(&[f64; 2]) -> [f64; 2]) -> f64 {
    let time = repeated(25, || {
        let (mut theta, mut u) = (black_box(START), [0.0; 2]);
        for _ in 0..STEPS {
            let v = gradient(&theta);
            indian_step(ALPHA, BETA, STEP_SIZE, &mut theta, &mut u, &v);
        }
        black_box((theta, u));
    });
    time / STEPS as f64 * 1e9
}

/// ns per step of a loop over the objective's oracle.
fn looped(name: &str) -> f64 {
    let Ok(objective) = build(name, &Options::default()) else {
        return f64::NAN;
    };
    let mut oracle = objective.oracle();
    let time = repeated(25, || {
        let (mut theta, mut u, mut v) = (black_box(START), [0.0; 2], [0.0; 2]);
        for _ in 0..STEPS {
            oracle.gradient(&theta, &mut v);
            indian_step(ALPHA, BETA, STEP_SIZE, &mut theta, &mut u, &v);
        }
        black_box((theta, u));
    });
    time / STEPS as f64 * 1e9
}

fn valley(x: &[f64; 2]) -> [f64; 2] {
    let sign = |t: f64| if t == 0.0 { 0.0 } else { t.signum() };
    let w = 200.0 * (x[1] - x[0].abs());
    [-w * sign(x[0]) - sign(1.0 - x[0]), w]
}

fn rosenbrock(x: &[f64; 2]) -> [f64; 2] {
    let w = 200.0 * (x[1] - x[0] * x[0]);
    [-2.0 * x[0] * w - 2.0 * (1.0 - x[0]), w]
}

/// ns per parameter: (step, copy of the same bytes).
fn large(parameters: usize, repetitions: usize) -> (f64, f64) {
    let mut theta: Vec<f64> = (0..parameters).map(|i| (i as f64).sin()).collect();
    let v = theta.clone();
    let mut u = vec![0.0; parameters];
    let source = vec![1.0; parameters * 5 / 2];
    let mut target = vec![0.0; source.len()];
    let (mut steps, mut copies) = (Vec::new(), Vec::new());
    for repetition in 0..=repetitions {
        let step = seconds(|| {
            indian_step(ALPHA, BETA, STEP_SIZE, black_box(&mut theta), black_box(&mut u), black_box(&v));
        });
        let copy = seconds(|| black_box(&mut target).copy_from_slice(black_box(&source)));
        // The first repetition faults the pages in.
        if repetition > 0 {
            steps.push(step);
            copies.push(copy);
        }
    }
    let scale = 1e9 / parameters as f64;
    (minimum(&steps) * scale, minimum(&copies) * scale)
}

fn main() -> Result<(), IndianError> {
    for (name, bare) in [("valley", bare(valley)), ("rosenbrock", bare(rosenbrock))] {
        let (driver, looped) = (driver(name)?, looped(name));
        println!("step on {name}: driver {driver:.2} ns, loop over the oracle {looped:.2} ns, bare loop {bare:.2} ns");
    }
    let (step, copy) = large(10_000_000, 15);
    println!("step on 10^7 parameters: {step:.3} ns per parameter, 40 bytes each");
    println!("copy of the same bytes:  {copy:.3} ns per parameter; ratio {:.2}", step / copy);
    Ok(())
}
