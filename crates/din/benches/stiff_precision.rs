//! Time against true error on four problems of DIN, for every integrator:
//!
//! - `non-stiff`: Rosenbrock, α = 0.5, β = 0.1, start (−1.5, 0) at rest, t ∈ [0, 50];
//! - `mild`: `hill`, α = 0.7, β = 0.3, start (−1.2, 1.5) at rest, t ∈ [0, 20];
//! - `stiff`: Rosenbrock, α = 0.5, β = 10, start (−1.5, 0) at rest, t ∈ [0, 1000];
//! - `quadratic`: ½θᵀAθ in ten variables, A dense with eigenvalues from 1 to 10⁶ in about geometric progression, α = 0.5, β = 1,
//!   start (1, …, 1) at rest, t ∈ [0, 1000].
//!
//! The true error is the largest Euclidean distance of θ from the reference over 201 equidistant samples (dense output)
//! and over 60 geometric ones from 10⁻³ on, where the transients are. References come from two independent ways each,
//! whose difference is printed.
//!
//! `cargo bench --workspace --bench stiff_precision [-- PROBLEM]`; with the environment variable `SAMPLES=DIR` the
//! reference samples go to DIR/NAME.txt, one time and θ a line, for the peer in `benches/peers/lsoda.cpp`.
#![allow(clippy::print_stdout)] // a benchmark prints its result

mod measure;

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Outcome, Settings, INTEGRATORS};
use dinlab_objective::{Objective, Options, Start};
use dinlab_record::Flow;
use measure::{time, Curve};

struct Problem {
    name: &'static str,
    objective: std::sync::Arc<dyn Objective>,
    dynamics: Dynamics,
    theta: Vec<f64>,
    until: f64,
    /// Whether explicit methods end in a second or so.
    explicit: bool,
}

/// Eigenvalues of the quadratic: whole numbers, so that its matrix is exact in doubles and the closed form is that of the
/// matrix that is integrated.
const EIGENVALUES: [f64; 10] = [1.0, 5.0, 22.0, 100.0, 464.0, 2154.0, 10_000.0, 46_416.0, 215_443.0, 1e6];

/// Entry of the reflection Q = I − 2wwᵀ/‖w‖², a multiple of 1/16 as ‖w‖² = 32.
fn reflection(i: usize, j: usize) -> f64 {
    let w = [3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    f64::from(u8::from(i == j)) - w[i] * w[j] / 16.0
}

/// The specification of ½θᵀQΛQθ.
fn dense_quadratic() -> String {
    let entry = |i: usize, j: usize| {
        (0..10).fold(0.0, |s, k| s + reflection(i, k) * EIGENVALUES[k] * reflection(k, j)).to_string()
    };
    let row = |i: usize| (0..10).map(|j| entry(i, j)).collect::<Vec<_>>().join(",");
    format!("quadratic:{}", (0..10).map(row).collect::<Vec<_>>().join(";"))
}

fn problems() -> Vec<Problem> {
    let build = |name: &str| dinlab_objective::build(name, &Options::default()).expect("a known objective");
    let rosenbrock = |name, beta, until| Problem {
        name,
        objective: build("rosenbrock"),
        dynamics: Dynamics::Din { alpha: 0.5, beta },
        theta: vec![-1.5, 0.0],
        until,
        explicit: true,
    };
    vec![
        rosenbrock("non-stiff", 0.1, 50.0),
        rosenbrock("stiff", 10.0, 1000.0),
        Problem {
            name: "mild",
            objective: build("hill"),
            dynamics: Dynamics::Din { alpha: 0.7, beta: 0.3 },
            theta: vec![-1.2, 1.5],
            until: 20.0,
            explicit: true,
        },
        Problem {
            name: "quadratic",
            objective: build(&dense_quadratic()),
            dynamics: Dynamics::Din { alpha: 0.5, beta: 1.0 },
            theta: vec![1.0; 10],
            until: 1000.0,
            explicit: false,
        },
    ]
}

impl Problem {
    fn grid(&self) -> Vec<f64> {
        let mut grid: Vec<f64> = (0..=200).map(|i| self.until * f64::from(i) / 200.0).collect();
        let ratio = self.until / 1e-3;
        grid.extend((0..60).map(|i| 1e-3 * ratio.powf(f64::from(i) / 60.0)));
        grid.sort_by(f64::total_cmp);
        grid
    }

    fn solve(&self, integrator: Integrator, tolerance: f64, seen: &mut dyn FnMut(&[f64])) -> Outcome {
        let start =
            initial_state(self.dynamics, &*self.objective, &self.theta, &Start::Rest, 0.0).expect("valid");
        let settings =
            Settings { integrator, max_evaluations: 1_000_000_000, ..Settings::with_tolerance(tolerance) };
        let observer = &mut |_: f64, y: &[f64]| {
            seen(&y[..self.theta.len()]);
            Flow::Continue
        };
        let mut flow = system(self.dynamics, &*self.objective);
        integrate(&mut *flow, &start, 0.0, self.until, &self.grid(), &mut [], &settings, observer)
            .expect("valid")
    }

    fn samples(&self, integrator: Integrator, tolerance: f64) -> (Vec<Vec<f64>>, Outcome) {
        let mut samples = Vec::new();
        let outcome = self.solve(integrator, tolerance, &mut |theta| samples.push(theta.to_vec()));
        (samples, outcome)
    }

    /// θ(t) of the quadratic by the modes of its Hessian.
    fn closed_form(&self) -> Vec<Vec<f64>> {
        let (alpha, beta) = self.dynamics.parameters().expect("a form of DIN");
        let reflected = |x: &[f64]| -> Vec<f64> {
            (0..10).map(|i| (0..10).fold(0.0, |s, j| s + reflection(i, j) * x[j])).collect()
        };
        let start = reflected(&self.theta);
        let at = |t: f64| {
            let modes: Vec<f64> = (0..10).map(|k| start[k] * mode(alpha, beta, EIGENVALUES[k], t)).collect();
            reflected(&modes)
        };
        self.grid().into_iter().map(at).collect()
    }
}

/// Solution of x″ + (α + βh)x′ + hx = 0, x(0) = 1, x′(0) = −βh (u = 0).
fn mode(alpha: f64, beta: f64, h: f64, t: f64) -> f64 {
    let half = 0.5 * (alpha + beta * h);
    let (square, speed) = (half * half - h, -beta * h);
    if square >= 0.0 {
        // The root that is large in absolute value without cancellation, the other one from the product h.
        let fast = -half - square.sqrt();
        let slow = h / fast;
        ((speed - slow) * (fast * t).exp() + (fast - speed) * (slow * t).exp()) / (fast - slow)
    } else {
        let omega = (-square).sqrt();
        (-half * t).exp() * ((omega * t).cos() + (speed + half) / omega * (omega * t).sin())
    }
}

fn distance(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!(a.len(), b.len(), "the same samples");
    let distances: Vec<f64> = a.iter().zip(b).map(|(a, b)| dinlab_numeric::distance(a, b)).collect();
    dinlab_numeric::maximum(&distances)
}

fn run(problem: &Problem) {
    let tight = problem.samples(Integrator::Radau17, 1e-14).0;
    let (reference, way) = if problem.explicit {
        (problem.samples(Integrator::Dop853, 1e-14).0, "dop853 at 1e-14")
    } else {
        (problem.closed_form(), "closed form")
    };
    if let Ok(folder) = std::env::var("SAMPLES") {
        let line = |(t, theta): (f64, &Vec<f64>)| {
            theta.iter().fold(format!("{t:e}"), |line, value| format!("{line} {value:e}")) + "\n"
        };
        let text: String = problem.grid().into_iter().zip(&reference).map(line).collect();
        std::fs::write(format!("{folder}/{}.txt", problem.name), text).expect("a folder that can be written");
    }
    println!("\n{}: {way} and radau17 at 1e-14 differ by {:.1e}", problem.name, distance(&reference, &tight));
    println!(
        "{:20} {:>9} {:>10} {:>10} {:>6} {:>6} {:>8} {:>6}",
        "integrator", "tolerance", "error", "time (us)", "steps", "refus.", "evals", "jac."
    );
    let mut curves = Vec::new();
    for entry in INTEGRATORS {
        let explicit = entry.name.contains("dop");
        if explicit && !["non-stiff", "mild"].contains(&problem.name) {
            continue;
        }
        let mut points = Vec::new();
        for exponent in 3..=13 {
            let tolerance = 10f64.powi(-exponent);
            let (samples, outcome) = problem.samples(entry.integrator, tolerance);
            let error = distance(&samples, &reference);
            let us = time(|| {
                std::hint::black_box(problem.solve(entry.integrator, tolerance, &mut |_| {}));
            });
            let work = outcome.work;
            println!(
                "{:20} {tolerance:>9.0e} {error:>10.1e} {us:>10.1} {:>6} {:>6} {:>8} {:>6}",
                entry.name, work.accepted, work.rejected, work.evaluations, work.jacobians
            );
            points.push([error, us]);
        }
        curves.push(Curve { name: entry.name.to_owned(), points });
    }
    let errors = [1e-4, 1e-6, 1e-8, 1e-10, 1e-11, 1e-12];
    println!("\n{:20} microseconds at true error {errors:?}", problem.name);
    for curve in &curves {
        let times = errors.map(|e| format!("{:>9.1}", curve.time_at(e)));
        println!("{:20} {}", curve.name, times.join(" "));
    }
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for problem in problems() {
        if asked.is_empty() || asked.iter().any(|a| a == problem.name) {
            run(&problem);
        }
    }
}
