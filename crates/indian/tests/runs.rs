//! The driver: grids, statuses, work, bad input, determinism.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_indian::{iterate, iterate_observed, Grid, IndianError, Method, Run, Schedule};
use dinlab_objective::{
    build, oracle::Native, Facts, Formula, Objective, Options, Scalar, Selection, Start, StartError,
};
use dinlab_record::{observe::Blind, Flow, Observation, Status};

const INDIAN: Method = Method::Indian { alpha: 0.5, beta: 0.1 };

fn run(method: Method, theta: &[f64], step_size: f64, steps: u64) -> Run {
    Run::new(method, theta.to_vec(), Schedule::Constant(step_size), steps)
}

fn objective(name: &str) -> std::sync::Arc<dyn Objective> {
    build(name, &Options::default()).unwrap()
}

#[test]
fn samples_are_the_grid_with_both_ends() {
    let valley = objective("valley");
    let full = iterate(valley.as_ref(), &run(INDIAN, &[-1.0, 1.0], 1e-3, 100)).unwrap();
    assert_eq!(full.time, (0..=100).map(f64::from).collect::<Vec<_>>());
    for (grid, expected) in [
        (Grid::Every(30), vec![0.0, 30.0, 60.0, 90.0, 100.0]),
        (Grid::Every(50), vec![0.0, 50.0, 100.0]),
        (Grid::Every(1000), vec![0.0, 100.0]),
        (Grid::Geometric { per_decade: 2 }, vec![0.0, 1.0, 3.0, 10.0, 32.0, 100.0]),
    ] {
        let mut sparse = run(INDIAN, &[-1.0, 1.0], 1e-3, 100);
        sparse.grid = grid;
        let sparse = iterate(valley.as_ref(), &sparse).unwrap();
        assert_eq!(sparse.time, expected);
        for (i, &k) in expected.iter().enumerate() {
            assert_eq!(sparse.row(i), full.row(k as usize));
        }
        assert_eq!((&sparse.last, &sparse.status, sparse.work), (&full.last, &full.status, full.work));
    }
    assert_eq!(
        full.column_names(),
        ["k", "theta_1", "theta_2", "psi_1", "psi_2", "value", "gradient_norm", "energy"]
    );
    assert_eq!((full.last.k, full.last.t, full.work.accepted), (Some(100), None, 100));
    assert_eq!(full, iterate(valley.as_ref(), &run(INDIAN, &[-1.0, 1.0], 1e-3, 100)).unwrap());
}

#[test]
fn no_steps_give_the_start() {
    let trajectory = iterate(objective("hill").as_ref(), &run(INDIAN, &[0.5, 0.5], 0.1, 0)).unwrap();
    assert_eq!((trajectory.time.as_slice(), &trajectory.status), (&[0.0][..], &Status::ReachedEnd));
    assert_eq!(trajectory.work.evaluations, 0);
}

#[test]
fn without_beta_there_is_no_psi_but_an_energy() {
    let method = Method::Indian { alpha: 0.5, beta: 0.0 };
    let trajectory = iterate(objective("hill").as_ref(), &run(method, &[0.5, 0.5], 0.1, 3)).unwrap();
    assert!(trajectory.psi.is_empty() && trajectory.last.psi.is_none());
    assert_eq!(trajectory.energy.len(), 4);
}

#[test]
fn divergence_is_a_status_with_its_iteration() {
    // θ_k = (−9)^k for gradient descent on ½x² with step 10: beyond 1000 first at k = 4.
    let mut wild = run(Method::GradientDescent, &[1.0], 10.0, 1_000_000);
    wild.divergence_bound = 1000.0;
    wild.grid = Grid::Every(1000);
    let trajectory = iterate(objective("quadratic:1").as_ref(), &wild).unwrap();
    assert_eq!(trajectory.status, Status::Diverged { at: 4.0 });
    assert_eq!((trajectory.last.theta.as_slice(), trajectory.last.k), (&[6561.0][..], Some(4)));
    assert_eq!((trajectory.time.as_slice(), trajectory.work.evaluations), (&[0.0, 4.0][..], 4));
    // A start outside the bound has diverged already.
    wild.divergence_bound = 0.5;
    let trajectory = iterate(objective("quadratic:1").as_ref(), &wild).unwrap();
    assert_eq!((trajectory.status, trajectory.work.evaluations), (Status::Diverged { at: 0.0 }, 0));
    // The default bound ends every method.
    let indian = iterate(objective("quadratic:1").as_ref(), &run(INDIAN, &[1.0], 1e3, 1000)).unwrap();
    assert!(matches!(indian.status, Status::Diverged { .. }));
}

#[test]
fn non_finite_states_keep_the_state_before() {
    // Without a bound the iterates are (−9)^k until 10·9³²² overflows.
    let mut wild = run(Method::GradientDescent, &[1.0], 10.0, 1_000_000);
    wild.divergence_bound = f64::INFINITY;
    let outcome = iterate_observed(objective("quadratic:1").as_ref(), &wild, &mut Blind).unwrap();
    assert_eq!((outcome.status, outcome.k), (Status::NonFinite { at: 323.0 }, 322));
    assert!((outcome.theta[0] / 9f64.powi(322) - 1.0).abs() < 1e-12);
    assert_eq!(outcome.work.evaluations, outcome.k + 1);
}

/// √x: gradient NaN left of 0; or log x, whose gradient 1/x is finite there.
#[derive(Debug)]
struct HalfLine {
    log: bool,
}

impl Formula for HalfLine {
    fn dimension(&self) -> usize {
        1
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        if self.log {
            x[0].ln()
        } else {
            x[0].sqrt()
        }
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        out[0] = if self.log { S::constant(1.0) / x[0] } else { S::constant(0.5) / x[0].sqrt() };
    }
}

fn half_line(log: bool) -> Native<HalfLine> {
    Native::new(HalfLine { log }, Facts::unknown("half-line", "", 1), Selection::default())
}

#[test]
fn undefined_gradients_and_values_end_the_run() {
    // √x, γ = 1: 1 → ½ → ½ − 1/√2 < 0, where the gradient is NaN: iterate 3 is the first that is not finite.
    let trajectory = iterate(&half_line(false), &run(Method::GradientDescent, &[1.0], 1.0, 10)).unwrap();
    assert_eq!(trajectory.status, Status::NonFinite { at: 2.0 }, "the sample at 2 has no value");
    assert_eq!((trajectory.last.k, trajectory.last.value.is_nan()), (Some(2), true));
    let mut sparse = run(Method::GradientDescent, &[1.0], 1.0, 10);
    sparse.grid = Grid::Every(10);
    let outcome = iterate_observed(&half_line(false), &sparse, &mut Blind).unwrap();
    assert_eq!((outcome.status, outcome.k), (Status::NonFinite { at: 3.0 }, 2));
    assert!(outcome.theta[0].is_finite());
    // log x from 0.5: → −1.5, where J is NaN although the iterates go on.
    let trajectory = iterate(&half_line(true), &run(Method::GradientDescent, &[0.5], 1.0, 10)).unwrap();
    assert_eq!(trajectory.status, Status::NonFinite { at: 1.0 });
    // A named start that needs the gradient where there is none.
    let mut bad = run(INDIAN, &[-1.0], 0.1, 5);
    bad.start = Start::Speed(1.0);
    let outcome = iterate_observed(&half_line(false), &bad, &mut Blind).unwrap();
    assert_eq!((outcome.status, outcome.work.accepted), (Status::NonFinite { at: 0.0 }, 0));
}

#[test]
fn observers_see_the_whole_state_and_can_stop() {
    let valley = objective("valley");
    let mut seen = Vec::new();
    let mut observer = |o: Observation<'_>| {
        assert_eq!((o.state.len(), o.theta.len(), o.time), (4, 2, o.index as f64));
        assert_eq!(&o.state[..2], o.theta);
        seen.push(o.index);
        if o.index == 7 {
            Flow::Stop
        } else {
            Flow::Continue
        }
    };
    let outcome =
        iterate_observed(valley.as_ref(), &run(INDIAN, &[-1.0, 1.0], 1e-3, 100), &mut observer).unwrap();
    assert_eq!((outcome.status, outcome.k), (Status::Interrupted, 7));
    assert_eq!(seen, (0..=7).collect::<Vec<_>>());
    let expected = iterate(valley.as_ref(), &run(INDIAN, &[-1.0, 1.0], 1e-3, 7)).unwrap();
    assert_eq!(outcome.theta, expected.last.theta);
    assert_eq!(outcome.auxiliary.map(|u| u.len()), Some(2));
    // Stopping at the last iteration changes nothing.
    let mut stop = |o: Observation<'_>| if o.index == 5 { Flow::Stop } else { Flow::Continue };
    let outcome = iterate_observed(valley.as_ref(), &run(INDIAN, &[-1.0, 1.0], 1e-3, 5), &mut stop).unwrap();
    assert_eq!(outcome.status, Status::ReachedEnd);
}

#[test]
fn gradients_of_the_start_count_as_work() {
    let hill = objective("hill");
    for (start, extra) in [
        (Start::Rest, 0),
        (Start::Psi(vec![0.1, 0.2]), 0),
        (Start::Auxiliary(vec![0.1, 0.2]), 0),
        (Start::Speed(1.0), 1),
        (Start::Velocity(vec![0.1, 0.2]), 1),
    ] {
        let mut run = run(INDIAN, &[0.5, 0.5], 0.01, 10);
        run.start = start;
        assert_eq!(iterate(hill.as_ref(), &run).unwrap().work.evaluations, 10 + extra);
    }
}

#[test]
fn bad_input_is_refused() {
    let hill = objective("hill");
    let good = || run(INDIAN, &[0.5, 0.5], 0.1, 3);
    let error = |run: Run| iterate(hill.as_ref(), &run).unwrap_err();
    assert_eq!(error(Run { theta: vec![1.0], ..good() }), IndianError::Dimension { expected: 2, found: 1 });
    assert!(matches!(
        error(Run { theta: vec![1.0, f64::NAN], ..good() }),
        IndianError::NonFiniteStart { index: 2, .. }
    ));
    for (alpha, beta) in [(-0.1, 0.1), (0.1, -0.1), (f64::NAN, 0.1), (0.1, f64::INFINITY)] {
        let error = error(Run { method: Method::Indian { alpha, beta }, ..good() });
        assert!(matches!(error, IndianError::Parameter { method: "indian", .. }));
    }
    assert!(matches!(
        error(Run { schedule: Schedule::Constant(-1.0), ..good() }),
        IndianError::StepSize { .. }
    ));
    assert_eq!(
        error(Run { schedule: Schedule::List(vec![0.1]), ..good() }),
        IndianError::ListTooShort { found: 1, steps: 3 }
    );
    assert!(matches!(error(Run { grid: Grid::Every(0), ..good() }), IndianError::Grid { .. }));
    for divergence_bound in [0.0, -1.0, f64::NAN] {
        let error = error(Run { divergence_bound, ..good() });
        assert!(matches!(error, IndianError::DivergenceBound { .. }));
    }
    let psi = Start::Psi(vec![0.0, 0.0]);
    let method = Method::Indian { alpha: 0.5, beta: 0.0 };
    assert_eq!(error(Run { method, start: psi, ..good() }), IndianError::Start(StartError::PsiWithoutBeta));
    let long = error(Run { start: Start::Velocity(vec![0.0; 3]), ..good() });
    assert!(matches!(long, IndianError::Start(StartError::Dimension { found: 3, .. })));
    let message = error(Run { method: Method::HeavyBall { momentum: 1.5 }, ..good() }).to_string();
    assert!(message.contains("momentum = 1.5") && message.contains("[0, 1)"), "{message}");
}
