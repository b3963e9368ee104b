//! Runs with mini-batches: exact where chance has no say, reproducible where it has.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_indian::{
    build, iterate, iterate_observed, Batch, Draws, IndianError, Method, Run, Sampling, Scaling, Schedule,
    ALL,
};
use dinlab_objective::{build as objective, Objective, Options};
use dinlab_record::{Flow, Observation, Status};

const INDIAN: Method = Method::Indian { alpha: 0.5, beta: 0.2 };

fn named(name: &str) -> std::sync::Arc<dyn Objective> {
    objective(name, &Options::default()).unwrap()
}

fn run(batch: Option<Batch>) -> Run {
    let schedule = Schedule::Power { initial: 0.05, exponent: 0.3 };
    Run { batch, ..Run::new(INDIAN, vec![2.5], schedule, 200) }
}

fn end(name: &str, run: &Run) -> f64 {
    iterate(&*named(name), run).unwrap().last.theta[0]
}

#[test]
fn the_batch_of_all_terms_is_the_full_gradient_for_every_method() {
    for entry in ALL {
        let method = build(entry.name, |_| None).unwrap();
        for scaling in Scaling::ALL {
            let all = Batch { scaling, ..Batch::new(Sampling::WithoutReplacement(31)) };
            let many =
                format!("medians:{}", (0..31).map(|i| format!("{}", i * i)).collect::<Vec<_>>().join(","));
            let full = Run { method, ..run(None) };
            let batched = Run { batch: Some(all), ..full.clone() };
            assert_eq!(end(&many, &full), end(&many, &batched), "{}", entry.name);
        }
    }
}

#[test]
fn a_run_is_the_recursion_on_the_batches_drawn() {
    // Σ (x − a_n)²/2 with the batches of the same stream; p = 2/3 with the size 2 of 3 terms.
    let (name, a) = ("sum:(x-1)^2/2;(x-2)^2/2;(x+4)^2/2", [1.0, 2.0, -4.0]);
    for (scaling, factor) in [(Scaling::None, 1.0), (Scaling::InverseProbability, 1.5)] {
        for sampling in [Sampling::WithReplacement(2), Sampling::WithoutReplacement(2)] {
            let batch = Batch { scaling, seed: 7, label: "test".into(), repetition: 3, sampling };
            let mut draws = Draws::new(&batch, name, 3);
            let (mut theta, mut u) = (2.5, 0.0);
            let schedule = run(None).schedule;
            for k in 0..200 {
                let v: f64 =
                    factor * draws.next_batch().iter().map(|&n| theta - a[n]).fold(0.0, |s, g| s + g);
                let gamma = schedule.at(k);
                (theta, u) =
                    (theta + gamma * (u - 0.2 * v), (1.0 - 0.5 * gamma) * u - gamma * (1.0 - 0.1) * v);
            }
            let found = end(name, &run(Some(batch)));
            assert!((found - theta).abs() < 1e-13, "{sampling:?}: {found} {theta}");
        }
    }
}

#[test]
fn repetitions_differ_and_repeat() {
    let with = |seed, repetition, label: &str| {
        let sampling = Sampling::NonemptySubsets;
        let batch = Batch { seed, repetition, label: label.into(), ..Batch::new(sampling) };
        end("wells:0.5,1,2", &run(Some(batch)))
    };
    let first = with(0, 0, "a");
    assert_eq!(first, with(0, 0, "a"));
    for other in [with(1, 0, "a"), with(0, 1, "a"), with(0, 0, "b")] {
        assert_ne!(first, other);
    }
}

#[test]
fn bad_batches_are_refused() {
    let error = |name: &str, sampling| {
        let objective = named(name);
        let theta = vec![0.5; objective.dimension()];
        iterate(&*objective, &Run { theta, ..run(Some(Batch::new(sampling))) }).unwrap_err()
    };
    for size in [0, 4, usize::MAX] {
        for sampling in [Sampling::WithReplacement(size), Sampling::WithoutReplacement(size)] {
            assert_eq!(error("medians:0,1,3", sampling), IndianError::BatchSize { size, count: 3 });
        }
    }
    let none = error("rosenbrock", Sampling::NonemptySubsets);
    assert!(matches!(&none, IndianError::NoFiniteSum { objective } if objective.starts_with("rosenbrock")));
}

#[test]
fn long_noisy_runs_stream_and_are_counted() {
    let batch = Batch::new(Sampling::WithReplacement(1));
    let mut long = Run { steps: 300_000, ..run(Some(batch)) };
    long.grid = dinlab_indian::Grid::Geometric { per_decade: 2 };
    let (mut seen, mut finite) = (0, true);
    let mut watch = |o: Observation<'_>| {
        seen += 1;
        finite &= o.state.iter().all(|v| v.is_finite());
        Flow::Continue
    };
    let outcome = iterate_observed(&*named("medians:0,1,3"), &long, &mut watch).unwrap();
    assert_eq!((outcome.status, outcome.k, outcome.work.evaluations), (Status::ReachedEnd, 300_000, 300_000));
    assert!(finite && seen < 20);
    // The step is 0.05 k^−0.3 = 0.0011 there: the median 1 is found.
    assert!((outcome.theta[0] - 1.0).abs() < 0.1, "{}", outcome.theta[0]);
}
