//! INDIAN under argmin's executor against the native route, and the documented example.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

#[path = "../examples/indian.rs"]
mod example;

use argmin::core::{Executor, State, TerminationReason};
use dinlab_argmin::{Coordinates, Indian, Problem};
use dinlab_indian::{iterate, Method, Run, Schedule};
use dinlab_objective::{build, Options, Start};
use nalgebra::DVector;

const STEPS: u64 = 1000;

fn native(objective: &str, start: &Start, schedule: &Schedule, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let objective = build(objective, &Options::default()).unwrap();
    let mut run = Run::new(Method::Indian { alpha: 0.5, beta: 0.1 }, theta.to_vec(), schedule.clone(), STEPS);
    run.start = start.clone();
    let last = iterate(objective.as_ref(), &run).unwrap().last;
    (last.theta, last.psi.unwrap())
}

fn executor<P: Coordinates>(
    objective: &str,
    start: &Start,
    schedule: &Schedule,
    theta: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let objective = build(objective, &Options::default()).unwrap();
    let solver = Indian::new(0.5, 0.1, 1e-3)
        .unwrap()
        .with_schedule(schedule.clone())
        .unwrap()
        .with_start(start.clone());
    let result = Executor::new(Problem::<P>::new(objective.as_ref()), solver)
        .configure(|state| state.param(P::from_coordinates(theta.to_vec())).max_iters(STEPS))
        .run()
        .unwrap();
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::MaxItersReached));
    assert_eq!(result.state.get_iter(), STEPS);
    let theta = result.state.get_param().unwrap().coordinates().to_vec();
    let psi = result.solver.psi(&theta).unwrap();
    (theta, psi)
}

#[test]
fn executor_and_native_route_agree_bit_for_bit() {
    let schedules = [
        Schedule::Constant(1e-3),
        Schedule::Power { initial: 1e-2, exponent: 0.5 },
        Schedule::List((0..STEPS).map(|k| 1e-3 + 1e-6 * k as f64).collect()),
    ];
    let starts =
        [Start::Rest, Start::Speed(1.0), Start::Psi(vec![0.3, -0.2]), Start::Velocity(vec![1.0, 0.0])];
    for objective in ["valley", "hill", "quadratic:1,100"] {
        for schedule in &schedules {
            for start in &starts {
                let theta = [-1.2, 0.7];
                let expected = native(objective, start, schedule, &theta);
                assert_eq!(executor::<DVector<f64>>(objective, start, schedule, &theta), expected);
                assert_eq!(executor::<Vec<f64>>(objective, start, schedule, &theta), expected);
            }
        }
    }
}

#[test]
fn executor_stops_at_the_target_cost() {
    let objective = build("quadratic:1,4", &Options::default()).unwrap();
    let result =
        Executor::new(Problem::<DVector<f64>>::new(objective.as_ref()), Indian::new(0.5, 0.1, 0.1).unwrap())
            .configure(|state| {
                state.param(DVector::from_vec(vec![1.0, 1.0])).max_iters(100_000).target_cost(1e-6)
            })
            .run()
            .unwrap();
    assert_eq!(result.state.get_termination_reason(), Some(&TerminationReason::TargetCostReached));
    assert!(result.state.get_best_cost() <= 1e-6 && result.state.get_iter() < 1000);
}

#[test]
fn a_diverging_run_exits_with_the_last_finite_point() {
    let objective = build("quadratic:1", &Options::default()).unwrap();
    let result =
        Executor::new(Problem::<Vec<f64>>::new(objective.as_ref()), Indian::new(0.5, 0.1, 1e3).unwrap())
            .configure(|state| state.param(vec![1.0]).max_iters(10_000))
            .run()
            .unwrap();
    let Some(TerminationReason::SolverExit(why)) = result.state.get_termination_reason() else {
        panic!("{:?}", result.state.get_termination_reason());
    };
    assert!(why.starts_with("non-finite at iteration"));
    assert!(result.state.get_param().unwrap()[0].is_finite());
}

#[test]
fn bad_input_is_an_error() {
    assert!(Indian::new(-1.0, 0.1, 0.1).is_err());
    assert!(Indian::new(0.5, f64::NAN, 0.1).is_err());
    assert!(Indian::new(0.5, 0.1, 0.0).is_err());
    let objective = build("quadratic:1", &Options::default()).unwrap();
    let run = |start: Option<Vec<f64>>, solver: Indian| {
        Executor::new(Problem::<Vec<f64>>::new(objective.as_ref()), solver)
            .configure(|state| match start {
                Some(start) => state.param(start).max_iters(3),
                None => state.max_iters(3),
            })
            .run()
            .map(|result| result.state.get_termination_reason().cloned())
    };
    let solver = || Indian::new(0.5, 0.1, 0.1).unwrap();
    assert!(run(None, solver()).is_err());
    assert!(run(Some(vec![1.0, 2.0]), solver()).is_err());
    assert!(run(Some(vec![f64::NAN]), solver()).is_err());
    let without_beta = Indian::new(0.5, 0.0, 0.1).unwrap().with_start(Start::Psi(vec![1.0]));
    assert!(run(Some(vec![1.0]), without_beta).unwrap_err().to_string().contains("beta > 0"));
    // A list of step sizes that is too short ends the run with a reason.
    let short = solver().with_schedule(Schedule::List(vec![0.1, 0.1])).unwrap();
    assert_eq!(
        run(Some(vec![1.0]), short).unwrap(),
        Some(TerminationReason::SolverExit("no step size left at iteration 2".into()))
    );
}

#[test]
fn the_example_resumes_from_its_checkpoint_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let shown = example::run(directory.path()).unwrap();
    assert_eq!(shown.whole, shown.resumed);
    assert_eq!(shown.values.len(), 10);
    assert!(shown.values[9] < shown.values[0]);
    let expected = native("valley", &Start::Rest, &Schedule::Constant(1e-3), &[-1.0, 1.5]);
    assert_eq!((shown.whole, shown.psi.unwrap()), expected);
}
