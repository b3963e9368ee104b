//! Sweeps against the scalar drivers of `indian` and `din`, one trajectory at a time.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::sync::atomic::AtomicBool;

use dinlab_din::{Dynamics, Integrator};
use dinlab_indian::{iterate_observed, Grid, Run, Schedule};
use dinlab_numeric::Stream;
use dinlab_objective::{build, registry::Shared, Options, Start};
use dinlab_record::{observe::Blind, trajectory::Status};
use dinlab_sweep::{run_list, Algorithm, Ending, FlowSteps, Job, Second, Setting};

const CELLS: u64 = 150;

fn objective(name: &str) -> Shared {
    build(name, &Options::default()).unwrap()
}

/// Cells from mild to wild.
fn wild(cell: u64, s: &mut Setting) {
    let mut stream = Stream::new(5, "wild", cell);
    s.alpha = stream.uniform(0.0, 3.0);
    s.beta = stream.uniform(0.0, 1.0);
    s.step_size = stream.log_uniform(1e-4, 1.0);
    s.momentum = stream.uniform(0.0, 0.99);
    s.beta1 = stream.uniform(0.0, 0.99);
    s.beta2 = stream.uniform(0.0, 0.99);
    for (theta, second) in s.theta.iter_mut().zip(&mut s.second) {
        (*theta, *second) = (stream.uniform(-2.0, 2.0), stream.uniform(-2.0, 2.0));
    }
}

fn status_of(ending: Ending, at: f64) -> Status {
    match ending {
        Ending::Diverged => Status::Diverged { at },
        Ending::NonFinite => Status::NonFinite { at },
        _ => Status::ReachedEnd,
    }
}

/// Compares every cell of a job with the driver of `indian`, bit by bit up to the sign of zero.
fn agrees(job: &Job, steps: u64, schedule: Schedule, name: &str) {
    let cells: Vec<u64> = (0..CELLS).collect();
    let rows = run_list(job, &cells, &wild, &AtomicBool::new(false)).unwrap();
    let width = job.columns().len();
    let mut endings = [0; 6];
    for (cell, row) in cells.iter().zip(rows.chunks(width)) {
        let mut s = job.base.clone();
        wild(*cell, &mut s);
        let value = |parameter: &str| match parameter {
            "alpha" => Some(s.alpha),
            "beta" => Some(s.beta),
            "momentum" => Some(s.momentum),
            "beta1" => Some(s.beta1),
            "beta2" => Some(s.beta2),
            _ => Some(s.epsilon),
        };
        let method = dinlab_indian::build(name, value).unwrap();
        let schedule = match &schedule {
            Schedule::Power { exponent, .. } => Schedule::Power { initial: s.step_size, exponent: *exponent },
            _ => Schedule::Constant(s.step_size),
        };
        let start = match job.second {
            Second::Rest => Start::Rest,
            Second::Velocity => Start::Velocity(s.second.clone()),
            Second::Psi => Start::Psi(s.second.clone()),
            Second::Speed => Start::Speed(s.speed),
            Second::Auxiliary => Start::Auxiliary(s.second.clone()),
        };
        let run = Run {
            start,
            grid: Grid::Every(steps.max(1)),
            ..Run::new(method, s.theta.clone(), schedule, steps)
        };
        let expected = iterate_observed(&*job.objective, &run, &mut Blind).unwrap();
        let ending = Ending::from_code(row[0]).unwrap();
        endings[ending as usize] += 1;
        let context = format!("{name} on {}, cell {cell}", job.objective.name());
        assert_eq!(status_of(ending, row[1]), expected.status, "{context}");
        assert_eq!(row[2..2 + s.theta.len()], expected.theta[..], "{context}");
    }
    assert!(endings[0] > 0, "{name}: {endings:?}");
}

#[test]
fn indian_has_the_bits_of_the_scalar_driver_on_every_formula() {
    let expressions = ["expr:100*(y-abs(x))^2+abs(1-x)", "expr:x^4-3*x^2+sin(x*y)+y^2"];
    let registered = dinlab_objective::registry::ALL.iter().map(|entry| entry.examples[0]);
    for name in registered.chain(expressions) {
        let job = Job::indian(objective(name), 150);
        if job.objective.dimension() < 20 {
            agrees(&job, 150, Schedule::Constant(1.0), "indian");
        }
    }
}

#[test]
fn runs_that_diverge_end_where_the_scalar_driver_ends_them() {
    for name in ["rosenbrock", "double-well", "expr:x^4+y^4"] {
        let job = Job::indian(objective(name), 3000);
        agrees(&job, 3000, Schedule::Constant(1.0), "indian");
        let cells: Vec<u64> = (0..CELLS).collect();
        let rows = run_list(&job, &cells, &wild, &AtomicBool::new(false)).unwrap();
        let count = |e: Ending| rows.chunks(4).filter(|row| row[0] == f64::from(e as u8)).count();
        assert!(
            count(Ending::NonFinite) + count(Ending::Diverged) > 5 && count(Ending::ReachedEnd) > 0,
            "{name}"
        );
    }
}

#[test]
fn rivals_starts_and_schedules_have_the_bits_of_the_scalar_driver() {
    for entry in dinlab_indian::ALL {
        for name in ["valley", "expr:(x-1)^2+10*y^2+abs(x*y)", "quadratic:1,2,3"] {
            for schedule in [Schedule::Constant(1.0), Schedule::Power { initial: 1.0, exponent: 0.5 }] {
                let algorithm = Algorithm::Method { name: entry.name, steps: 77, schedule: schedule.clone() };
                agrees(&Job::new(objective(name), algorithm), 77, schedule, entry.name);
            }
        }
    }
    for second in [Second::Speed, Second::Velocity, Second::Psi, Second::Auxiliary] {
        let job = Job { second, ..Job::indian(objective("hill"), 40) };
        agrees(&job, 40, Schedule::Constant(1.0), "indian");
    }
}

/// Largest error of a flow's end over some cells against a tight scalar integration.
fn flow_error(name: &str, steps: FlowSteps, step_size: f64) -> f64 {
    // With fixed steps β stays small: the order shows where h·β·λ is.
    let share = if steps == FlowSteps::Fixed { 0.1 } else { 1.0 };
    let mut job = Job::new(objective(name), Algorithm::Flow { until: 5.0, steps });
    let mild = |cell: u64, s: &mut Setting| {
        wild(cell, s);
        s.beta *= share;
        s.step_size = step_size;
    };
    job.base.step_size = step_size;
    let cells: Vec<u64> = (0..100).collect();
    let rows = run_list(&job, &cells, &mild, &AtomicBool::new(false)).unwrap();
    let mut worst = 0.0;
    for (cell, row) in cells.iter().zip(rows.chunks(4)) {
        let mut s = job.base.clone();
        mild(*cell, &mut s);
        assert_eq!((row[0], row[1]), (0.0, 5.0));
        let mut run = dinlab_din::Run::new(Dynamics::Din { alpha: s.alpha, beta: s.beta }, &s.theta, 5.0);
        run.settings.integrator = Integrator::Dop853;
        (run.settings.rtol, run.settings.atol) = (1e-12, 1e-12);
        let path = dinlab_din::simulate(&*job.objective, &run).unwrap();
        worst = dinlab_numeric::max(worst, dinlab_numeric::distance(&row[2..4], &path.last.theta));
    }
    worst
}

#[test]
fn flows_agree_with_the_scalar_integrator() {
    for name in ["double-well", "expr:x^4-4*x^2+y^2", "hill"] {
        let errors =
            [1e-5, 1e-8].map(|tol| flow_error(name, FlowSteps::Adaptive { rtol: tol, atol: tol }, f64::NAN));
        // Local errors add up and grow along the flow, by at most some hundred here; three decades must show.
        assert!(errors[0] < 1e-2 && errors[1] < 1e-5 && errors[1] < errors[0] / 50.0, "{name}: {errors:?}");
    }
}

#[test]
fn fixed_steps_have_order_five() {
    let [coarse, fine] = [0.04, 0.02].map(|h| flow_error("double-well", FlowSteps::Fixed, h));
    let order = (coarse / fine).log2();
    assert!((order - 5.0).abs() < 0.5, "{order}: {coarse} {fine}");
}

#[test]
fn results_do_not_depend_on_threads_or_company() {
    let job = Job::indian(objective("valley"), 100);
    let flow = Job::new(
        objective("hill"),
        Algorithm::Flow { until: 3.0, steps: FlowSteps::Adaptive { rtol: 1e-6, atol: 1e-6 } },
    );
    for job in [job, flow] {
        let run = |cells: &[u64], threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run_list(&job, cells, &wild, &AtomicBool::new(false)).unwrap())
        };
        let cells: Vec<u64> = (0..10_000).collect();
        let all = run(&cells, 1);
        assert_eq!(all, run(&cells, 3));
        // Cell 77 by itself, and among others in another order.
        let width = job.columns().len();
        assert_eq!(all[77 * width..78 * width], run(&[77], 1));
        assert_eq!(all[77 * width..78 * width], run(&[9, 3, 77, 8], 1)[2 * width..3 * width]);
    }
}
