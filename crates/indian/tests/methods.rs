//! The rivals against hand-computed steps, and the method dictionary: INDIAN contains gradient descent, the heavy
//! ball, Nesterov's method and the triple momentum method.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_indian::{build as method, iterate, IndianError, Method, Run, Schedule, ALL};
use dinlab_numeric::{max, norm_inf};
use dinlab_objective::{build, oracle::Native, Facts, Formula, Objective, Options, Scalar, Selection, Start};

/// Strongly convex plus a cosine: ½Σᵢ(λᵢ + …)xᵢ² − 0.3Σcos xᵢ, coupled by ½(Σxᵢ)²; not quadratic.
#[derive(Debug)]
struct Wavy;

const DIMENSION: usize = 6;

impl Formula for Wavy {
    fn dimension(&self) -> usize {
        DIMENSION
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let (mut total, mut sum) = (S::constant(0.0), S::constant(0.0));
        for (i, &x) in x.iter().enumerate() {
            total = total + S::constant(0.5 * (1.0 + i as f64)) * x * x - S::constant(0.3) * x.cos();
            sum = sum + x;
        }
        total + S::constant(0.5) * sum * sum
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let sum = x.iter().fold(S::constant(0.0), |s, &x| s + x);
        for (i, (&x, out)) in x.iter().zip(out).enumerate() {
            *out = S::constant(1.0 + i as f64) * x + S::constant(0.3) * x.sin() + sum;
        }
    }
}

fn wavy() -> Native<Wavy> {
    Native::new(Wavy, Facts::unknown("wavy", "", DIMENSION), Selection::default())
}

const STEPS: u64 = 60;
const START: [f64; DIMENSION] = [2.0, -1.0, 0.5, 3.0, -2.5, 0.1];

fn iterates(method: Method, step_size: f64, start: Start) -> Vec<Vec<f64>> {
    let mut run = Run::new(method, START.to_vec(), Schedule::Constant(step_size), STEPS);
    run.start = start;
    iterate(&wavy(), &run).unwrap().theta
}

fn gap(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |worst, (a, b)| {
        max(worst, norm_inf(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()))
    })
}

const EQUAL: f64 = 1e-12 * 3.0;

#[test]
fn indian_contains_gradient_descent_and_heavy_ball() {
    let h: f64 = 0.03;
    let root = h.sqrt();
    for m in [0.0, 0.5, 0.9] {
        let indian = Method::Indian { alpha: (1.0 - m) / root, beta: root };
        let ball = iterates(Method::HeavyBall { momentum: m }, h, Start::Rest);
        assert!(gap(&iterates(indian, root, Start::Rest), &ball) < EQUAL);
        // Controls: a start with u ≠ 0, and β off by a thousandth.
        assert!(gap(&iterates(indian, root, Start::Speed(0.0)), &ball) > 1e-3);
        let near = Method::Indian { alpha: (1.0 - m) / root, beta: 1.001 * root };
        assert!(gap(&iterates(near, root, Start::Rest), &ball) > 1e-5);
    }
    let descent = iterates(Method::GradientDescent, h, Start::Rest);
    assert_eq!(descent, iterates(Method::HeavyBall { momentum: 0.0 }, h, Start::Rest));
    assert!(
        gap(&iterates(Method::Indian { alpha: 1.0 / root, beta: root }, root, Start::Rest), &descent) < EQUAL
    );
    // Any αβ = 1 with γβ = h will do.
    assert!(gap(&iterates(Method::Indian { alpha: 2.0, beta: 0.5 }, 2.0 * h, Start::Rest), &descent) < EQUAL);
}

#[test]
fn indian_contains_nesterov_at_its_y_sequence() {
    let (s, m): (f64, f64) = (0.03, 0.8);
    let root = s.sqrt();
    let indian =
        iterates(Method::Indian { alpha: (1.0 - m) / root, beta: (1.0 + m) * root }, root, Start::Rest);
    let x = iterates(Method::Nesterov { momentum: m }, s, Start::Rest);
    let y: Vec<Vec<f64>> = (0..x.len())
        .map(|k| {
            let old = &x[k.saturating_sub(1)];
            x[k].iter().zip(old).map(|(x, old)| x + m * (x - old)).collect()
        })
        .collect();
    assert!(gap(&indian, &y) < EQUAL);
    assert!(gap(&indian, &x) > 1e-2);
}

#[test]
fn indian_contains_triple_momentum() {
    // Van Scoy, Freeman, Lynch, IEEE Control Syst. Lett. 2, 2018: ξ⁺ = ξ + b(ξ − ξ₋) − a∇J(y), y = ξ + η(ξ − ξ₋).
    let (mu, l) = (1.0_f64, 13.0_f64);
    let rho = 1.0 - (mu / l).sqrt();
    let (a, b) = ((1.0 + rho) / l, rho * rho / (2.0 - rho));
    let eta = rho * rho / ((1.0 + rho) * (2.0 - rho));
    let gamma = a.sqrt();
    let indian =
        iterates(Method::Indian { alpha: (1.0 - b) / gamma, beta: gamma * (1.0 + eta) }, gamma, Start::Rest);
    let objective = wavy();
    let mut oracle = objective.oracle();
    let (mut xi, mut old, mut v) = (START.to_vec(), START.to_vec(), vec![0.0; DIMENSION]);
    let mut y = Vec::new();
    for _ in 0..=STEPS {
        let point: Vec<f64> = xi.iter().zip(&old).map(|(x, o)| x + eta * (x - o)).collect();
        oracle.gradient(&point, &mut v);
        y.push(point);
        for i in 0..DIMENSION {
            let next = xi[i] + b * (xi[i] - old[i]) - a * v[i];
            old[i] = std::mem::replace(&mut xi[i], next);
        }
    }
    assert!(gap(&indian, &y) < EQUAL);
}

/// θ after `steps` steps on ½·4x² from x = 1.
fn scalar(method: Method, step_size: f64, steps: u64) -> f64 {
    let objective = build("quadratic:4", &Options::default()).unwrap();
    let run = Run::new(method, vec![1.0], Schedule::Constant(step_size), steps);
    iterate(objective.as_ref(), &run).unwrap().last.theta[0]
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 4.0 * f64::EPSILON, "{found} {expected}");
}

#[test]
fn first_steps_computed_by_hand() {
    // x₀ = 1, v₀ = 4, γ = 0.1.
    assert_close(scalar(Method::GradientDescent, 0.1, 2), 0.6 * 0.6);
    // x₁ = 0.6, v₁ = 2.4: x₂ = 0.6 − 0.24 + 0.5(0.6 − 1) = 0.16.
    assert_close(scalar(Method::HeavyBall { momentum: 0.5 }, 0.1, 2), 0.16);
    // y₁ = 0.6 + 0.5(0.6 − 1) = 0.4: x₂ = 0.4 − 0.1·1.6 = 0.24.
    assert_close(scalar(Method::Nesterov { momentum: 0.5 }, 0.1, 2), 0.24);
    // G₁ = 16: x₁ = 1 − 0.4/(4 + 1) = 0.92; v₁ = 3.68, G₂ = 29.5424.
    let adagrad = Method::Adagrad { epsilon: 1.0 };
    assert_close(scalar(adagrad, 0.1, 1), 0.92);
    assert_close(scalar(adagrad, 0.1, 2), 0.92 - 0.368 / (29.5424_f64.sqrt() + 1.0));
    // r₁ = 0.75·16 = 12; with x₁: r₂ = 0.25·12 + 0.75·(4x₁)².
    let rmsprop = Method::Rmsprop { beta2: 0.25, epsilon: 0.5 };
    let x1 = 1.0 - 0.4 / (12.0_f64.sqrt() + 0.5);
    assert_close(scalar(rmsprop, 0.1, 1), x1);
    let r2: f64 = 3.0 + 0.75 * 16.0 * x1 * x1;
    assert_close(scalar(rmsprop, 0.1, 2), x1 - 0.4 * x1 / (r2.sqrt() + 0.5));
    // Bias correction makes m̂ = 4 and r̂ = 16 at the first step.
    let adam = Method::Adam { beta1: 0.5, beta2: 0.75, epsilon: 1.0 };
    assert_close(scalar(adam, 0.1, 1), 0.92);
    // v₁ = 3.68: m = 0.5·2 + 0.5·3.68 = 2.84, m̂ = 2.84/0.75; r = 0.75·4 + 0.25·3.68², r̂ = r/0.4375.
    let r_hat = (3.0 + 0.25 * 3.68 * 3.68) / 0.4375_f64;
    assert_close(scalar(adam, 0.1, 2), 0.92 - 0.1 * (2.84 / 0.75) / (r_hat.sqrt() + 1.0));
}

#[test]
fn adam_moves_by_the_step_size_at_first() {
    // With the standard defaults |θ₁ − θ₀| = γ·4/(4 + ε).
    let moved = 1.0 - scalar(method("adam", |_| None).unwrap(), 1e-3, 1);
    assert!((moved - 1e-3 * 4.0 / (4.0 + 1e-8)).abs() < 1e-15);
}

#[test]
fn every_method_descends_on_every_smooth_example() {
    for entry in ALL {
        let method = method(entry.name, |_| None).unwrap();
        let step_size = if entry.name == "adagrad" { 0.3 } else { 0.01 };
        let mut run = Run::new(method, START.to_vec(), Schedule::Constant(step_size), 3000);
        run.grid = dinlab_indian::Grid::Every(1000);
        let trajectory = iterate(&wavy(), &run).unwrap();
        assert!(trajectory.status.is_complete(), "{}", entry.name);
        // The minimiser is 0 with value −1.8.
        assert!(trajectory.last.value < -1.79, "{}: {}", entry.name, trajectory.last.value);
        assert_eq!(trajectory.work.evaluations, 3000);
        let has_u = entry.name == "indian";
        assert_eq!((trajectory.last.psi.is_some(), trajectory.last.energy.is_some()), (has_u, has_u));
        assert_eq!(trajectory.psi.len(), if has_u { trajectory.time.len() } else { 0 });
    }
}

#[test]
fn a_stepper_can_be_started_again() {
    let objective = wavy();
    let mut oracle = objective.oracle();
    for entry in ALL {
        let mut stepper = method(entry.name, |_| None).unwrap().stepper();
        let mut ends = Vec::new();
        for _ in 0..2 {
            let mut theta = START.to_vec();
            stepper.start(oracle.as_mut(), &theta, &Start::Rest).unwrap();
            (0..10).for_each(|k| stepper.step(k, 0.01, oracle.as_mut(), &mut theta));
            ends.push(theta);
        }
        assert_eq!(ends[0], ends[1], "{}", entry.name);
    }
}

#[test]
fn methods_without_u_start_from_rest_only() {
    for entry in ALL.iter().filter(|entry| entry.name != "indian") {
        let mut run =
            Run::new(method(entry.name, |_| None).unwrap(), START.to_vec(), Schedule::Constant(0.1), 1);
        run.start = Start::Psi(START.to_vec());
        let error = iterate(&wavy(), &run).unwrap_err();
        assert!(matches!(error, IndianError::StartNotSupported { method, .. } if method == entry.name));
    }
}
