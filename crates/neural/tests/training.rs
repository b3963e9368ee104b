//! Training runs: continuing from checkpoints, independence of threads, ends, refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::sync::Arc;

use dinlab_indian::Schedule;
use dinlab_neural::{
    architecture, data, method, Dataset, Initial, Loss, NeuralError, Plan, Progress, Real, Training,
};
use dinlab_objective::{Selection, Start};
use dinlab_record::Status;

fn moons() -> Arc<Dataset> {
    Arc::new(data::load("two-moons:300,0.1", 0).unwrap())
}

fn plan(data: &Dataset, architecture: &str, name: &str, step_size: f64) -> Plan {
    let network = Arc::new(architecture::build(architecture, &data.train).unwrap());
    Plan {
        network,
        loss: Loss::CrossEntropy,
        penalty: 1e-4,
        selection: Selection::default(),
        initial: Initial::He,
        method: method::build(name, |_| None).unwrap(),
        start: if name == "indian" { Start::Speed(1.0) } else { Start::Rest },
        schedule: Schedule::Power { initial: step_size, exponent: 0.25 },
        batch: 32,
        epochs: 3,
        seed: 5,
    }
}

fn finish<T: Real>(training: &mut Training<T>) -> Vec<u8> {
    while training.advance() != Progress::Over {}
    training.checkpoint()
}

/// Stopped after every possible step, continued from the bytes: the same bytes at the end.
#[test]
fn a_run_continues_bit_for_bit_from_any_step() {
    let data = moons();
    for entry in method::ALL {
        let plan = plan(&data, "mlp:8", entry.name, 0.05);
        let whole = finish(&mut Training::<f32>::new(plan.clone(), data.clone()).unwrap());
        for stop in [1, 7, 8, 9, 15, 23] {
            let mut first = Training::<f32>::new(plan.clone(), data.clone()).unwrap();
            for _ in 0..stop {
                first.advance();
            }
            let bytes = first.checkpoint();
            let mut second = Training::<f32>::resume(plan.clone(), data.clone(), &bytes, "x").unwrap();
            assert_eq!(second.checkpoint(), bytes, "{}", entry.name);
            assert_eq!(finish(&mut second), whole, "{} stopped after {stop}", entry.name);
        }
    }
}

#[test]
fn more_epochs_continue_a_finished_run() {
    let data = moons();
    let short = plan(&data, "mlp:8", "adam", 0.01);
    let long = Plan { epochs: 5, ..short.clone() };
    let bytes = finish(&mut Training::<f64>::new(short, data.clone()).unwrap());
    let mut continued = Training::<f64>::resume(long.clone(), data.clone(), &bytes, "x").unwrap();
    let whole = finish(&mut Training::<f64>::new(long, data.clone()).unwrap());
    assert_eq!(finish(&mut continued), whole);
    assert_eq!(continued.status(), Some(&Status::ReachedEnd));
    assert_eq!(continued.curve().len(), 6);
}

#[test]
fn damaged_and_foreign_checkpoints_are_refused() {
    let data = moons();
    let own = plan(&data, "mlp:8", "sgd", 0.1);
    let bytes = Training::<f32>::new(own.clone(), data.clone()).unwrap().checkpoint();
    let resume = |plan: &Plan, bytes: &[u8]| {
        Training::<f32>::resume(plan.clone(), data.clone(), bytes, "a.ckpt").unwrap_err()
    };
    for cut in [0, 5, 20, bytes.len() - 1] {
        assert!(matches!(resume(&own, &bytes[..cut]), NeuralError::Checkpoint { .. }), "{cut}");
    }
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    assert!(matches!(resume(&own, &flipped), NeuralError::Checkpoint { .. }));
    let error = resume(&plan(&data, "mlp:9", "sgd", 0.1), &bytes).to_string();
    assert!(error.contains("architecture is mlp:8") && error.contains("mlp:9"), "{error}");
    assert!(resume(&plan(&data, "mlp:8", "sgd", 0.2), &bytes).to_string().contains("step sizes"));
    let error = Training::<f64>::resume(own, data.clone(), &bytes, "a.ckpt").unwrap_err().to_string();
    assert!(error.contains("precision is f32"), "{error}");
}

#[test]
fn training_does_not_depend_on_the_number_of_threads() {
    let data = Arc::new(data::load("digits", 0).unwrap().with_training_samples(300).unwrap());
    let plan = Plan { epochs: 2, batch: 50, ..plan(&data, "mlp:16", "indian", 0.1) };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| finish(&mut Training::<f32>::new(plan.clone(), data.clone()).unwrap()))
    };
    assert!(with(1) == with(3));
}

#[test]
fn every_method_learns_the_moons() {
    let data = moons();
    for (name, step_size) in [
        ("indian", 0.5),
        ("sgd", 0.5),
        ("momentum", 0.1),
        ("nesterov", 0.1),
        ("adagrad", 0.1),
        ("rmsprop", 0.01),
        ("adam", 0.02),
        ("adamw", 0.02),
        ("innaprop", 0.02),
    ] {
        let plan = Plan { epochs: 60, ..plan(&data, "mlp:16,16", name, step_size) };
        let mut training = Training::<f32>::new(plan, data.clone()).unwrap();
        finish(&mut training);
        let (first, last) = (training.curve()[0], training.curve()[60]);
        assert!(last.train_loss < 0.5 * first.train_loss, "{name}: {first:?} {last:?}");
        assert!(last.test_accuracy > 0.8, "{name}: {last:?}");
        assert!((last.batch_loss - last.train_loss).abs() < 0.2 * first.train_loss, "{name}: {last:?}");
    }
}

#[test]
fn a_diverging_run_is_a_status_with_its_step() {
    let data = moons();
    let plan = plan(&data, "mlp:8", "sgd", 1e30);
    let mut training = Training::<f32>::new(plan, data).unwrap();
    finish(&mut training);
    let Some(Status::NonFinite { at }) = training.status() else { panic!("{:?}", training.status()) };
    assert!((1.0..10.0).contains(at) && training.curve()[0].train_loss.is_finite());
}

#[test]
fn what_does_not_fit_is_refused() {
    let data = moons();
    let good = plan(&data, "mlp:8", "sgd", 0.1);
    let refused = |plan: Plan, data: &Arc<Dataset>| Training::<f32>::new(plan, data.clone()).unwrap_err();
    assert!(matches!(refused(Plan { batch: 0, ..good.clone() }, &data), NeuralError::BatchSize { .. }));
    let error = refused(Plan { batch: 241, ..good.clone() }, &data).to_string();
    assert!(error.contains("241") && error.contains("240"), "{error}");
    let other = Arc::new(data::load("chebyshev", 0).unwrap());
    assert!(matches!(refused(good.clone(), &other), NeuralError::Input { .. }));
    let line = plan(&other, "mlp:8", "sgd", 0.1);
    assert!(matches!(refused(line.clone(), &other), NeuralError::NoClasses { .. }));
    assert!(Training::<f32>::new(Plan { loss: Loss::Squared, batch: 20, ..line }, other).is_ok());
    let near = Plan {
        schedule: Schedule::Power { initial: 1.0, exponent: 0.5 },
        ..plan(&data, "mlp:8", "innaprop", 0.1)
    };
    // γ_k passes β = 0.9 without touching the margin; with β = γ₀/√3 step 2 is at the pole.
    assert!(Training::<f32>::new(near.clone(), data.clone()).is_ok());
    let beta = 1.0 / 3.0_f64.sqrt();
    let pole = Plan { method: method::build("innaprop", |n| (n == "beta").then_some(beta)).unwrap(), ..near };
    assert!(matches!(refused(pole, &data), NeuralError::Pole { step: 2, .. }));
}

#[test]
fn data_sets_are_what_they_say() {
    for (name, train, test, length) in [
        ("digits", 1438, 359, 64),
        ("mnist-10k", 8000, 2000, 784),
        ("mnist-1d", 4000, 1000, 40),
        ("spiral:100,0", 80, 20, 2),
    ] {
        let set = data::load(name, 0).unwrap();
        assert_eq!((set.train.len(), set.test.len(), set.train.shape.len()), (train, test, length), "{name}");
        assert_eq!(set, data::load(name, 0).unwrap());
    }
    assert_ne!(data::load("digits", 0).unwrap(), data::load("digits", 1).unwrap());
    let set = data::load("digits", 0).unwrap();
    assert!(matches!(set.clone().with_training_samples(5), Err(NeuralError::Samples { .. })));
    assert!(matches!(set.with_training_samples(1439), Err(NeuralError::Samples { .. })));
    assert!(data::load("minst-10k", 0).unwrap_err().to_string().contains("did you mean `mnist-10k`"));
}
