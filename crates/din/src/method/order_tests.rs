//! Orders measured with fixed steps on nonlinear problems with known solutions.

use super::{dop853::Dop853, dopri5::Dopri5, radau::Radau, Attempt, Method, Tolerance};
use crate::system::System;

#[derive(Clone, Copy)]
struct Problem {
    rhs: fn(f64, &[f64], &mut [f64]),
    exact: fn(f64) -> [f64; 2],
    length: f64,
}

impl System for Problem {
    fn dimension(&self) -> usize {
        2
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        (self.rhs)(t, y, dy);
    }
}

/// Two coupled equations with products and logarithms.
const SPEEDING: Problem = Problem {
    rhs: |t, y, dy| (dy[0], dy[1]) = (2.0 * t * y[0] * y[1].ln(), -2.0 * t * y[1] * y[0].ln()),
    exact: |t| [(t * t).sin().exp(), (t * t).cos().exp()],
    length: 1.4,
};

/// A logistic curve coupled to a cosine.
const LOGISTIC: Problem = Problem {
    rhs: |t, y, dy| {
        dy[0] = y[0] - y[0] * y[0] + (t.cos() - y[1]) * y[0];
        dy[1] = -t.sin() * y[0] * (1.0 + (-t).exp());
    },
    exact: |t| [1.0 / (1.0 + (-t).exp()), t.cos()],
    length: 6.0,
};

const FROM: f64 = 0.1;
/// So loose that every step is accepted; the relative part sets how exactly implicit equations are solved.
const ACCEPT_ALL: Tolerance = Tolerance { rtol: 1e-12, atol: 1.0 };

/// Largest errors at the nodes, and of the dense output at five points of each step, with `steps` equal steps.
fn fixed(mut problem: Problem, mut method: Box<dyn Method>, steps: usize) -> (f64, f64) {
    let h = problem.length / steps as f64;
    let exact = problem.exact;
    let distance = |y: &[f64], t: f64| dinlab_numeric::distance(y, &exact(t));
    let mut y = exact(FROM).to_vec();
    let mut value = vec![0.0; 2];
    problem.rhs(FROM, &y, &mut value);
    method.begin(&value);
    let (mut nodes, mut between) = (0.0, 0.0);
    for step in 0..steps {
        let t = FROM + step as f64 * h;
        let attempt = method.attempt(&mut problem, t, &y, h, ACCEPT_ALL);
        assert!(matches!(attempt, Attempt::Done { error } if error <= 1.0), "{attempt:?}");
        method.accept(&mut problem, t, &y, h, true);
        y.copy_from_slice(method.candidate());
        nodes = dinlab_numeric::max(nodes, distance(&y, t + h));
        for s in [0.1, 0.3, 0.5, 0.7, 0.9] {
            method.dense(s, &mut value);
            between = dinlab_numeric::max(between, distance(&value, t + s * h));
        }
        method.dense(1.0, &mut value);
        assert!(dinlab_numeric::distance(&value, &y) < 1e-14);
    }
    (nodes, between)
}

fn make(name: &str) -> Box<dyn Method> {
    match name {
        "dopri5" => Box::new(Dopri5::<[f64; 2]>::new(2)),
        "dop853" => Box::new(Dop853::<Vec<f64>>::new(2)),
        "radau5" => Box::new(Radau::<Vec<f64>>::with_newton_tolerance(2, 3, 3e-14)),
        "radau9" => Box::new(Radau::<[f64; 2]>::with_newton_tolerance(2, 5, 3e-14)),
        "radau13" => Box::new(Radau::<[f64; 2]>::with_newton_tolerance(2, 7, 3e-14)),
        _ => Box::new(Radau::<[f64; 2]>::with_newton_tolerance(2, 9, 3e-14)),
    }
}

#[test]
fn every_method_has_its_order_at_the_nodes_and_between() {
    // Numbers of steps lie between the pre-asymptotic end and the one where rounding shows. One step's dense output
    // of degree q is off by h^(q+1).
    for (name, problem, steps, node, dense) in [
        ("dopri5", SPEEDING, 160, 5.0, 5.0),
        ("dop853", LOGISTIC, 12, 8.0, 8.0),
        ("radau5", LOGISTIC, 40, 5.0, 4.0),
        ("radau9", SPEEDING, 8, 9.0, 6.0),
    ] {
        let coarse = fixed(problem, make(name), steps);
        let fine = fixed(problem, make(name), 2 * steps);
        let [at_nodes, between] = [(coarse.0 / fine.0).log2(), (coarse.1 / fine.1).log2()];
        println!("{name}: {at_nodes:.3} at the nodes, {between:.3} between");
        assert!((at_nodes - node).abs() < 0.1, "{name} at the nodes: {at_nodes}");
        assert!((between - dense).abs() < 0.1, "{name} between: {between}");
    }
}

#[test]
fn radau_methods_have_their_stability_functions() {
    // Of order 13 and 17 nothing is seen in doubles but the first step or two. Their order follows from the conditions
    // tested beside the tables, if what a step computes is the collocation solution: on y' = λy that is the Padé
    // approximant with degrees s − 1 and s.
    let factorial = |n: usize| (1..=n).map(|k| k as f64).fold(1.0, |p, k| p * k);
    for (name, s) in [("radau5", 3), ("radau9", 5), ("radau13", 7), ("radau17", 9)] {
        let part = |degree: usize, z: f64| {
            let term = |j: usize| {
                let choice = factorial(degree) / (factorial(j) * factorial(degree - j));
                factorial(2 * s - 1 - j) / factorial(2 * s - 1) * choice * z.powi(j as i32)
            };
            (0..=degree).map(term).fold(0.0, |sum, t| sum + t)
        };
        for z in [-40.0, -3.0, -0.5, 0.7] {
            let mut problem = Problem {
                rhs: |_, y, dy| (dy[0], dy[1]) = (y[0], -y[1]),
                exact: |_| [1.0, 1.0],
                length: 1.0,
            };
            let mut method = make(name);
            method.begin(&[1.0, -1.0]);
            method.attempt(&mut problem, 0.0, &[1.0, 1.0], z, Tolerance { rtol: 1e-12, atol: 1e9 });
            for (found, z) in method.candidate().iter().zip([z, -z]) {
                let expected = part(s - 1, z) / part(s, -z);
                let off = (found - expected).abs();
                assert!(off < 1e-11 * (1.0 + expected.abs()), "{name} at {z}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn error_estimates_have_the_order_the_controller_assumes() {
    // That of nine stages is at rounding level before its order shows.
    let mut problem = SPEEDING;
    for (name, h) in
        [("dopri5", 0.04), ("dop853", 0.04), ("radau5", 0.04), ("radau9", 0.04), ("radau13", 0.05)]
    {
        let mut method = make(name);
        let y = (problem.exact)(0.7);
        let mut slope = [0.0; 2];
        problem.rhs(0.7, &y, &mut slope);
        let mut estimate = |h: f64| {
            method.begin(&slope);
            match method.attempt(&mut problem, 0.7, &y, h, ACCEPT_ALL) {
                Attempt::Done { error } => error,
                other => panic!("{other:?}"),
            }
        };
        let found = (estimate(h) / estimate(0.5 * h)).log2();
        let order = method.control().error_order;
        assert!((found - order).abs() < 0.2, "{name}: {found} for {order}");
    }
}
