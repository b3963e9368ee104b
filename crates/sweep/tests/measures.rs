//! Measurements against histories kept by a plain loop, and against closed forms.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::sync::atomic::AtomicBool;

use dinlab_indian::indian_step;
use dinlab_numeric::{norm, Stream};
use dinlab_objective::{build, registry::Shared, Options};
use dinlab_sweep::{run_list, Algorithm, Ball, Ending, FlowSteps, Job, Measures, Setting};

fn objective(name: &str) -> Shared {
    build(name, &Options::default()).unwrap()
}

fn cell(number: u64, s: &mut Setting) {
    let mut stream = Stream::new(3, "measures", number);
    s.alpha = stream.uniform(0.0, 2.0);
    s.beta = stream.uniform(0.0, 0.3);
    s.step_size = 0.02;
    s.theta = (0..s.theta.len()).map(|_| stream.uniform(-2.0, 2.0)).collect();
}

/// All iterates of a cell, and all gradients.
fn history(job: &Job, number: u64, steps: usize) -> Vec<Vec<f64>> {
    let mut s = job.base.clone();
    cell(number, &mut s);
    let mut oracle = job.objective.oracle();
    let (mut u, mut v) = (vec![0.0; s.theta.len()], vec![0.0; s.theta.len()]);
    let mut all = vec![s.theta.clone()];
    for _ in 0..steps {
        oracle.gradient(&s.theta, &mut v);
        indian_step(s.alpha, s.beta, s.step_size, &mut s.theta, &mut u, &v);
        all.push(s.theta.clone());
    }
    all
}

fn run(job: &Job, cells: u64) -> Vec<Vec<f64>> {
    let list: Vec<u64> = (0..cells).collect();
    let rows = run_list(job, &list, &cell, &AtomicBool::new(false)).unwrap();
    rows.chunks(job.columns().len()).map(<[f64]>::to_vec).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[test]
fn stepwise_measurements_are_those_of_the_history() {
    const STEPS: usize = 400;
    for name in ["double-well", "expr:x^4-4*x^2+y^2"] {
        let mut job = Job::indian(objective(name), STEPS as u64);
        job.measures = Measures {
            value: true,
            gradient_norm: true,
            limit: Some((vec![vec![2_f64.sqrt(), 0.0], vec![-(2_f64.sqrt()), 0.0]], 0.1)),
            first_in: Some(Ball { center: vec![2_f64.sqrt(), 0.0], radius: 0.3 }),
            escape: Some(Ball { center: vec![0.0, 0.0], radius: 1.5 }),
            oscillation: true,
            sharpness: Some(7),
            ..Measures::default()
        };
        let columns = job.columns();
        let at = |row: &[f64], name: &str| row[columns.iter().position(|c| c == name).unwrap()];
        let mut oracle = job.objective.oracle();
        let mut seen = [0; 3];
        for (number, row) in (0..).zip(run(&job, 130)) {
            let path = history(&job, number, STEPS);
            let end = &path[STEPS];
            assert_eq!(row[2..4], end[..]);
            let first = |inside: &dyn Fn(&[f64]) -> bool| {
                path.iter().position(|x| inside(x)).map_or(-1.0, |k| k as f64)
            };
            let first_in = first(&|x| (x[0] - 2_f64.sqrt()).powi(2) + x[1] * x[1] <= 0.3 * 0.3);
            let escape = first(&|x| x[0] * x[0] + x[1] * x[1] > 1.5 * 1.5);
            assert_eq!((at(&row, "first_in"), at(&row, "escape")), (first_in, escape), "{name} {number}");
            let steps: Vec<Vec<f64>> = path.windows(2).map(|w| difference(&w[1], &w[0])).collect();
            let length: f64 = steps.iter().map(|d| norm(d)).sum();
            let turns = steps.windows(2).filter(|w| dinlab_numeric::dot(&w[0], &w[1]) < 0.0).count();
            assert!((at(&row, "length") - length).abs() <= 1e-12 * length);
            assert_eq!(at(&row, "turns"), turns as f64);
            // λ_max = max(12x² − 8, 2).
            let curvature = |x: &Vec<f64>| dinlab_numeric::max(12.0 * x[0] * x[0] - 8.0, 2.0);
            let least = dinlab_numeric::minimum(&path.iter().step_by(7).map(curvature).collect::<Vec<_>>());
            assert!(
                (at(&row, "sharpness_min") - least).abs() < 1e-10 * (1.0 + least.abs()),
                "{name} {number}"
            );
            let mut v = vec![0.0; 2];
            assert!((at(&row, "value") - oracle.value_gradient(end, &mut v)).abs() < 1e-12);
            assert!((at(&row, "gradient_norm") - norm(&v)).abs() < 1e-12);
            let near = |sign: f64| (end[0] - sign * 2_f64.sqrt()).hypot(end[1]) <= 0.1;
            let limit = if near(1.0) {
                1.0
            } else if near(-1.0) {
                2.0
            } else {
                0.0
            };
            assert_eq!(at(&row, "limit"), limit);
            seen[limit as usize] += 1;
        }
        // The comparison saw all outcomes.
        assert!(seen.iter().all(|n| *n > 3), "{seen:?}");
    }
}

#[test]
fn rates_are_those_of_the_multipliers() {
    // On λx²/2 the multipliers of INDIAN are the roots of m² − tm + d, t = 2 − γ(α + βλ), d = 1 − γ(α + βλ) + γ²λ.
    let mut job = Job::indian(objective("quadratic:3"), 3000);
    job.measures.rate = Some(vec![0.0]);
    let mut compared = 0;
    for (number, row) in (0..).zip(run(&job, 100)) {
        let mut s = job.base.clone();
        cell(number, &mut s);
        let drag = s.step_size * (s.alpha + s.beta * 3.0);
        let (t, d) = (2.0 - drag, 1.0 - drag + s.step_size.powi(2) * 3.0);
        let root = t * t - 4.0 * d;
        if root.abs() < 1e-4 {
            continue; // near a double root the decay is no exponential within this time
        }
        let radius = if root < 0.0 { d.sqrt() } else { 0.5 * (t.abs() + root.sqrt()) };
        let expected = -radius.ln();
        // The phase of the oscillation makes a window's maximum wrong by a bounded factor: an error of its logarithm over
        // the time in which the distance falls by 10¹³, or over the whole run.
        let time = dinlab_numeric::min(30.0 / expected, 3000.0);
        let tolerance = 1.0 / time + 0.02 * expected;
        assert!((row[3] - expected).abs() < tolerance, "cell {number}: {} {expected}", row[3]);
        compared += 1;
    }
    assert!(compared > 80);
}

#[test]
fn runs_end_where_nothing_moves() {
    let mut job = Job::indian(objective("quadratic:1,4"), 100_000);
    job.measures.tolerance = Some(1e-6);
    for (number, row) in (0..).zip(run(&job, 70)) {
        let mut s = job.base.clone();
        cell(number, &mut s);
        if s.alpha < 0.1 {
            continue;
        }
        assert_eq!(row[0], f64::from(Ending::Converged as u8), "{number}");
        let path = history(&job, number, row[1] as usize);
        let (last, before) = (&path[row[1] as usize], &path[row[1] as usize - 1]);
        assert_eq!(row[2..4], last[..]);
        let quiet = |x: &[f64], y: &[f64]| {
            let slow = difference(y, x).iter().all(|d| d.abs() <= 1e-6 * s.step_size);
            slow && x[0].abs() <= 1e-6 && (4.0 * x[1]).abs() <= 1e-6
        };
        assert!(quiet(before, last));
        assert!(
            !path.windows(2).rev().skip(1).any(|w| quiet(&w[0], &w[1])),
            "{number}: it was quiet earlier"
        );
    }
}

#[test]
fn flows_measure_at_their_steps() {
    let steps = FlowSteps::Adaptive { rtol: 1e-8, atol: 1e-8 };
    let mut job = Job::new(objective("quadratic:1"), Algorithm::Flow { until: 30.0, steps });
    job.measures = Measures {
        rate: Some(vec![0.0]),
        escape: Some(Ball { center: vec![0.0], radius: 10.0 }),
        first_in: Some(Ball { center: vec![0.0], radius: 0.1 }),
        ..Measures::default()
    };
    let fixed = |_: u64, s: &mut Setting| (s.alpha, s.beta, s.theta[0]) = (0.4, 0.2, 1.0);
    let row = run_list(&job, &[0], &fixed, &AtomicBool::new(false)).unwrap();
    assert_eq!(row[..2], [0.0, 30.0]);
    // x″ + (α + β)x′ + x = 0, x(0) = 1, x′(0) = −β: x = e^(−0.3t)(cos ωt + (0.1/ω) sin ωt).
    let omega = (1.0_f64 - 0.09).sqrt();
    let exact = |t: f64| (-0.3 * t).exp() * ((omega * t).cos() + 0.1 / omega * (omega * t).sin());
    assert!((row[2] - exact(30.0)).abs() < 1e-7, "{} {}", row[2], exact(30.0));
    // |x| ≤ 0.1 from t = 1.59 on for the first time, seen at the end of a step.
    assert!(exact(row[3]).abs() <= 0.1 + 1e-6 && row[3] > 1.0 && row[3] < 2.5, "{row:?}");
    assert_eq!(row[4], -1.0);
    assert!((row[5] - 0.3).abs() < 0.05, "{row:?}");
}

#[test]
fn parameters_that_are_held_do_not_diverge() {
    // A parameter of 50 beyond the bound of 10; x stays within it.
    for algorithm in ["steps = 300", "dynamics = \"din\"\nuntil = 3.0"] {
        let text = format!(
            "objective = \"expr:lambda*x^2/2\"\nparameters = [\"lambda\"]\n{algorithm}\ndivergence_bound = 10.0\n\
             fixed = {{ theta_2 = 1.0, step_size = 0.01 }}\naxes = [{{ name = \"lambda\", list = [1.0, 50.0] }}]"
        );
        let plan = toml::from_str::<dinlab_sweep::Plan>(&text).unwrap().resolve().unwrap();
        let rows = run_list(&plan.job, &[0, 1], &plan.grid, &AtomicBool::new(false)).unwrap();
        let width = plan.job.columns().len();
        assert_eq!([rows[0], rows[width]], [0.0, 0.0], "{algorithm}");
    }
}
