//! INDIAN against closed forms and against its other forms. Each comparison is shown to be sharp: a step whose u
//! is pulled by the new θ's gradient, and one with a coefficient off by 10⁻³, must fail it.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_indian::{indian_step, iterate, iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{max, norm_inf, Stream};
use dinlab_objective::{build, Objective, Options, Start};
use dinlab_record::Observation;
use nalgebra::{Matrix2, Vector2};

/// A step with the signature of `indian_step`, with the gradient as a function.
type StepRule = fn(f64, f64, f64, &mut [f64], &mut [f64], &dyn Fn(&[f64]) -> Vec<f64>);

fn shipped(a: f64, b: f64, g: f64, theta: &mut [f64], u: &mut [f64], gradient: &dyn Fn(&[f64]) -> Vec<f64>) {
    let v = gradient(theta);
    indian_step(a, b, g, theta, u, &v);
}

/// Near miss: u is pulled by the gradient at the new θ.
fn new_gradient(
    a: f64,
    b: f64,
    g: f64,
    theta: &mut [f64],
    u: &mut [f64],
    gradient: &dyn Fn(&[f64]) -> Vec<f64>,
) {
    let v = gradient(theta);
    let mut moved = u.to_vec();
    indian_step(a, b, g, theta, &mut moved, &v);
    let v = gradient(theta);
    indian_step(a, b, g, &mut theta.to_vec(), u, &v);
}

/// Near miss: damping off by a thousandth.
fn off_coefficient(
    a: f64,
    b: f64,
    g: f64,
    theta: &mut [f64],
    u: &mut [f64],
    gradient: &dyn Fn(&[f64]) -> Vec<f64>,
) {
    shipped(a, b * 1.001, g, theta, u, gradient);
}

const PARAMETERS: &[(f64, f64, f64)] = &[
    (0.5, 0.1, 0.1),
    (0.5, 0.1, 1e-3),
    (0.0, 0.1, 0.05),
    (1.3, 0.0, 0.1),
    (0.0, 0.0, 0.01),
    (2.0, 0.5, 0.2),
    (10.0, 3.0, 0.05),
    (0.1, 1e-9, 0.1),
    (0.1, 50.0, 1e-3),
];

/// Largest relative deviation of 40 steps from the powers of the matrix of the step on J = ½λθ².
fn deviation_from_matrix_power(step: StepRule, (a, b, g): (f64, f64, f64), lambda: f64) -> f64 {
    let matrix = Matrix2::new(1.0 - g * b * lambda, g, -g * (1.0 - a * b) * lambda, 1.0 - a * g);
    let start = Vector2::new(1.5, -0.4);
    let (mut theta, mut u) = (vec![start.x], vec![start.y]);
    let (mut power, mut worst, mut scale) = (Matrix2::identity(), 0.0, 1.0);
    for _ in 0..40 {
        step(a, b, g, &mut theta, &mut u, &|x| vec![lambda * x[0]]);
        power = matrix * power;
        let expected = power * start;
        scale = max(scale, max(expected.x.abs(), expected.y.abs()));
        worst = max(worst, max((theta[0] - expected.x).abs(), (u[0] - expected.y).abs()) / scale);
    }
    worst
}

#[test]
fn quadratics_follow_the_matrix_power() {
    for &parameters in PARAMETERS {
        for lambda in [-3.0, 0.0, 0.2, 1.0, 7.0, 100.0] {
            let deviation = deviation_from_matrix_power(shipped, parameters, lambda);
            // 40 steps of some ten roundings each, amplified by the norm of the powers: at most a thousandfold.
            assert!(deviation < 400.0 * 1e3 * f64::EPSILON, "{parameters:?}, {lambda}: {deviation:e}");
        }
    }
    for mutant in [new_gradient as StepRule, off_coefficient] {
        assert!(deviation_from_matrix_power(mutant, (0.5, 0.1, 0.1), 1.0) > 1e-5);
    }
}

#[test]
fn the_driver_applies_the_step_with_the_schedule() {
    let objective = build("quadratic:1,100", &Options::default()).unwrap();
    for (alpha, beta) in [(0.5, 0.1), (0.0, 0.0), (3.0, 0.01)] {
        let schedule = Schedule::Power { initial: 0.03, exponent: 0.3 };
        let run = Run::new(Method::Indian { alpha, beta }, vec![1.0, -2.0], schedule.clone(), 60);
        let last = iterate(objective.as_ref(), &run).unwrap().last;
        for (i, lambda) in [1.0, 100.0].into_iter().enumerate() {
            let mut state = Vector2::new(run.theta[i], 0.0);
            for k in 0..60 {
                let g = schedule.at(k);
                let (m, p) = (1.0 - alpha * g, g * (1.0 - alpha * beta));
                state = Matrix2::new(1.0 - g * beta * lambda, g, -p * lambda, m) * state;
            }
            assert!((last.theta[i] - state.x).abs() < 1e-12 * max(1.0, state.x.abs()));
        }
    }
}

/// (θ_k, u_k) of a run on a registered objective.
fn states(objective: &dyn Objective, run: &Run) -> Vec<(Vec<f64>, Vec<f64>)> {
    let n = objective.dimension();
    let mut states = Vec::new();
    let mut keep = |o: Observation<'_>| {
        states.push((o.theta.to_vec(), o.state[n..].to_vec()));
        dinlab_record::Flow::Continue
    };
    iterate_observed(objective, run, &mut keep).unwrap();
    states
}

#[test]
fn the_published_form_agrees() {
    for name in ["valley", "hill", "quadratic:2,1;1,3"] {
        let objective = build(name, &Options::default()).unwrap();
        for (a, b) in [(0.5, 0.1), (1.3, 0.7), (0.3, 2.0)] {
            let g = 1e-3;
            let psi0 = vec![0.4, -0.9];
            let mut run =
                Run::new(Method::Indian { alpha: a, beta: b }, vec![-1.3, 0.8], Schedule::Constant(g), 200);
            run.start = Start::Psi(psi0.clone());
            let trajectory = iterate(objective.as_ref(), &run).unwrap();
            let (mut theta, mut psi, mut v) = (run.theta.clone(), psi0, vec![0.0; 2]);
            let mut oracle = objective.oracle();
            for k in 0..200 {
                oracle.gradient(&theta, &mut v);
                for i in 0..2 {
                    let common = -(a - 1.0 / b) * theta[i] - psi[i] / b;
                    theta[i] += g * (common - b * v[i]);
                    psi[i] += g * common;
                }
                let error = (0..2).fold(0.0, |e, i| {
                    let (t, p) = (&trajectory.theta[k + 1], &trajectory.psi[k + 1]);
                    max(e, max((t[i] - theta[i]).abs(), (p[i] - psi[i]).abs()))
                });
                assert!(error < 1e-10, "{name}, {a}, {b}, step {k}: {error:e}");
            }
        }
    }
}

#[test]
fn psi_advances_by_the_step_times_u() {
    let objective = build("hill", &Options::default()).unwrap();
    for (alpha, beta) in [(0.5, 0.1), (2.0, 3.0), (0.0, 1e-3)] {
        let g = 0.01;
        let mut run = Run::new(Method::Indian { alpha, beta }, vec![-1.3, 0.8], Schedule::Constant(g), 300);
        run.start = Start::Speed(1.0);
        let trajectory = iterate(objective.as_ref(), &run).unwrap();
        let mut worst = 0.0;
        for (k, (theta, u)) in states(objective.as_ref(), &run)[..300].iter().enumerate() {
            for i in 0..2 {
                let gain = trajectory.psi[k + 1][i] - trajectory.psi[k][i];
                worst = max(worst, (gain - g * u[i]).abs());
                // u = (1/β − α)θ − ψ/β, to rounding divided by β.
                let from_psi = (1.0 / beta - alpha) * theta[i] - trajectory.psi[k][i] / beta;
                assert!((from_psi - u[i]).abs() < 16.0 * f64::EPSILON * (1.0 + 2.0 / beta));
            }
        }
        assert!(worst < 100.0 * f64::EPSILON, "{alpha}, {beta}: {worst:e}");
    }
}

#[test]
fn the_two_step_form_agrees() {
    let objective = build("hill", &Options::default()).unwrap();
    for (a, b, g) in [(0.5, 0.1, 0.01), (2.0, 0.0, 0.05), (1.0, 1.5, 0.02)] {
        let run = Run::new(Method::Indian { alpha: a, beta: b }, vec![-1.3, 0.8], Schedule::Constant(g), 200);
        let states = states(objective.as_ref(), &run);
        let mut oracle = objective.oracle();
        let (mut v, mut before) = (vec![0.0; 2], vec![0.0; 2]);
        for k in 1..200 {
            oracle.gradient(&states[k].0, &mut v);
            oracle.gradient(&states[k - 1].0, &mut before);
            for i in 0..2 {
                let (old, now) = (states[k - 1].0[i], states[k].0[i]);
                let next = now + (1.0 - a * g) * (now - old) - g * b * v[i] + g * (b - g) * before[i];
                assert!((next - states[k + 1].0[i]).abs() < 1e-14);
            }
        }
    }
}

#[test]
fn the_energy_column_is_the_stated_one() {
    let objective = build("hill", &Options::default()).unwrap();
    let (alpha, beta) = (0.7, 0.2);
    let mut run = Run::new(Method::Indian { alpha, beta }, vec![-1.3, 0.8], Schedule::Constant(0.01), 50);
    run.start = Start::Velocity(vec![0.5, 0.1]);
    let trajectory = iterate(objective.as_ref(), &run).unwrap();
    for (k, (theta, u)) in states(objective.as_ref(), &run).iter().enumerate() {
        let value = objective.oracle().value(theta);
        let expected = 2.0 * (1.0 + alpha * beta) * value + u.iter().map(|u| u * u).sum::<f64>();
        assert!((trajectory.energy[k] - expected).abs() < 1e-14);
    }
}

/// θ after 50 steps of the shipped step on a random smooth function seen through x ↦ scale·J(R(x − shift)).
fn seen_through(
    (a, b, g): (f64, f64, f64),
    scale: f64,
    rotation: &dyn Fn(&[f64]) -> Vec<f64>,
    transposed: &dyn Fn(&[f64]) -> Vec<f64>,
    start: &[f64],
) -> Vec<f64> {
    let gradient = |x: &[f64]| {
        let y = rotation(x);
        // J(y) = y₁⁴/4 + ½(y₂ − sin y₁)².
        let w = y[1] - y[0].sin();
        let inner = [scale * (y[0].powi(3) - w * y[0].cos()), scale * w];
        transposed(&inner)
    };
    let (mut theta, mut u) = (start.to_vec(), vec![0.0; start.len()]);
    for _ in 0..50 {
        shipped(a, b, g, &mut theta, &mut u, &gradient);
    }
    theta
}

#[test]
fn scaling_rotation_and_translation_leave_the_orbit_unchanged() {
    let (a, b, g) = (0.5, 0.3, 0.05);
    let same = |x: &[f64]| x.to_vec();
    let start = [1.2, -0.7];
    let plain = seen_through((a, b, g), 1.0, &same, &same, &start);
    let close =
        |x: &[f64], y: &[f64]| norm_inf(&x.iter().zip(y).map(|(x, y)| x - y).collect::<Vec<_>>()) < 1e-12;
    for c in [1e-4, 0.3, 17.0, 1e6_f64] {
        // J → cJ with (α, β, γ) → (√c α, β/√c, γ/√c).
        let root = c.sqrt();
        let scaled = seen_through((root * a, b / root, g / root), c, &same, &same, &start);
        assert!(close(&scaled, &plain), "{c}: {scaled:?} {plain:?}");
        assert!(!close(&seen_through((root * a, b, g / root), c, &same, &same, &start), &plain));
    }
    let mut random = Stream::new(0, "rotation", 0);
    for _ in 0..5 {
        let (sin, cos) = random.uniform(0.0, std::f64::consts::TAU).sin_cos();
        let turn = move |x: &[f64]| vec![cos * x[0] - sin * x[1], sin * x[0] + cos * x[1]];
        let back = move |x: &[f64]| vec![cos * x[0] + sin * x[1], -sin * x[0] + cos * x[1]];
        let turned = seen_through((a, b, g), 1.0, &turn, &back, &back(&start));
        assert!(close(&turn(&turned), &plain));
        let shift = [random.normal(), random.normal()];
        let moved = move |x: &[f64]| vec![x[0] - shift[0], x[1] - shift[1]];
        let from = [start[0] + shift[0], start[1] + shift[1]];
        let there = seen_through((a, b, g), 1.0, &moved, &same, &from);
        assert!(close(&moved(&there), &plain));
    }
}
