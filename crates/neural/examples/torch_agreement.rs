//! Writes what PyTorch needs to repeat training runs, and where dinlab ends: per case a folder with samples, order of the samples, initial and final weights (`f64`) and the
//! gradient of the first batch in `f32`; `cases.json` says what the cases are. `benches/peers/torch_agreement.py` runs this and compares.

use std::{fs, path::PathBuf, sync::Arc};

use dinlab_indian::Schedule;
use dinlab_neural::{
    architecture, data, method,
    train::{order, Plan, Progress, Training},
    Dataset, Evaluator, Initial, Loss, Part, Real, Shape, Targets,
};
use dinlab_numeric::Stream;
use dinlab_objective::{Selection, Start};
use serde::Serialize;

/// One run.
#[derive(Debug, Clone, Copy, Serialize)]
struct Case {
    architecture: &'static str,
    /// A data set with classes, or `images` for random 3×32×32 ones.
    data: &'static str,
    samples: usize,
    method: &'static str,
    alpha: f64,
    beta: f64,
    step_size: f64,
    decay: f64,
    penalty: f64,
    loss: Loss,
    batch: usize,
    epochs: u64,
}

const LENET: Case = Case {
    architecture: "lenet5",
    data: "mnist-10k",
    samples: 3200,
    method: "indian",
    alpha: 0.5,
    beta: 0.1,
    step_size: 0.1,
    decay: 0.0,
    penalty: 0.0,
    loss: Loss::CrossEntropy,
    batch: 32,
    epochs: 1,
};

const fn by(method: &'static str, step_size: f64) -> Case {
    Case { method, step_size, ..LENET }
}

const SMALL: Case = Case { data: "digits", samples: 320, epochs: 10, ..LENET };

const CASES: &[Case] = &[
    by("sgd", 0.1),
    by("momentum", 0.02),
    by("nesterov", 0.02),
    by("adagrad", 0.01),
    by("rmsprop", 1e-3),
    by("adam", 1e-3),
    by("adamw", 1e-3),
    Case { alpha: 0.1, beta: 0.9, ..by("innaprop", 1e-3) },
    LENET,
    Case { architecture: "lenet5:tanh", alpha: 2.0, beta: 1.5, penalty: 0.01, decay: 0.25, ..LENET },
    Case { architecture: "nin", data: "images", samples: 40, batch: 4, epochs: 2, ..LENET },
    Case { architecture: "nin:24,leaky-relu", data: "images", samples: 200, batch: 4, epochs: 2, ..LENET },
    Case { architecture: "residual:6,2,gelu", penalty: 0.001, decay: 0.5, step_size: 0.3, ..SMALL },
    Case { architecture: "residual:5,1,relu", data: "mnist-1d", alpha: 0.1, beta: 0.9, ..SMALL },
    Case { architecture: "mlp:17,9,sqnl", alpha: 3.0, beta: 0.05, decay: 0.125, step_size: 0.2, ..SMALL },
    Case {
        architecture: "mlp:23,softplus",
        loss: Loss::Squared,
        batch: 1,
        samples: 100,
        epochs: 1,
        step_size: 0.02,
        ..SMALL
    },
    Case {
        architecture: "mlp:40,sigmoid",
        batch: 150,
        samples: 150,
        epochs: 100,
        alpha: 0.0,
        beta: 1.0,
        ..SMALL
    },
    Case {
        architecture: "mlp:30,tanh",
        alpha: 2.0,
        beta: 2.0,
        decay: 0.25,
        method: "innaprop",
        step_size: 0.01,
        ..SMALL
    },
    Case { architecture: "mlp:30,relu", samples: 333, batch: 32, penalty: 0.05, epochs: 10, ..SMALL },
];

const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("expected a folder")?);
    let mut written = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        let place = folder.join(index.to_string());
        fs::create_dir_all(&place)?;
        let write = |name: &str, bytes: Vec<u8>| fs::write(place.join(name), bytes);
        let data = Arc::new(samples(case)?);
        let network = Arc::new(architecture::build(case.architecture, &data.train)?);
        write("inputs.f32", bytes(&data.train.inputs))?;
        if let Targets::Classes { labels, .. } = &data.train.targets {
            write("labels.u32", labels.iter().flat_map(|v| v.to_le_bytes()).collect())?;
        }
        let plan = Plan {
            network: network.clone(),
            loss: case.loss,
            penalty: case.penalty,
            selection: Selection::default(),
            initial: Initial::He,
            method: method::build(case.method, |name| match name {
                "alpha" => Some(case.alpha),
                "beta" => Some(case.beta),
                _ => None,
            })?,
            start: Start::Rest,
            schedule: Schedule::Power { initial: case.step_size, exponent: case.decay },
            batch: case.batch,
            epochs: case.epochs,
            seed: SEED,
        };
        let mut visited = Vec::new();
        for epoch in 0..case.epochs {
            let mut one = Vec::new();
            order(SEED, epoch, data.train.len(), &mut one);
            visited.extend(one);
        }
        write("order.u32", visited.iter().flat_map(|&i| (i as u32).to_le_bytes()).collect())?;
        let initial: Vec<f64> = Initial::He.draw(&network, SEED);
        write("initial.f64", bytes(&initial))?;
        let single: Vec<f32> = initial.iter().map(|&v| v as f32).collect();
        let mut gradient = vec![0.0_f32; single.len()];
        let mut evaluator =
            Evaluator::<f32>::new(network.clone(), case.loss, Selection::default(), case.batch);
        let factor = 1.0 / case.batch as f64;
        evaluator.gradient(&data.train, &visited[..case.batch], &single, factor, &mut gradient);
        gradient.iter_mut().zip(&single).for_each(|(g, t)| *g += case.penalty as f32 * t);
        write("gradient.f32", bytes(&gradient))?;
        let mut training = Training::<f64>::new(plan, data.clone())?;
        while training.advance() != Progress::Over {}
        write("final.f64", bytes(training.weights()))?;
        let Shape { channels, height, width } = data.train.shape;
        let mut fields = serde_json::to_value(case)?;
        fields["shape"] = serde_json::json!([channels, height, width]);
        fields["outputs"] = data.train.outputs().into();
        written.push(fields);
    }
    fs::write(folder.join("cases.json"), serde_json::to_vec(&written)?)?;
    Ok(())
}

fn samples(case: &Case) -> Result<Dataset, Box<dyn std::error::Error>> {
    if case.data != "images" {
        return Ok(data::load(case.data, 0)?.with_training_samples(case.samples)?);
    }
    let shape = Shape::new(3, 32, 32);
    let part = |count: usize, index| {
        let mut stream = Stream::new(SEED, "torch-agreement", index);
        let inputs = (0..count * shape.len()).map(|_| stream.normal() as f32).collect();
        let labels = (0..count).map(|_| stream.below(10) as u32).collect();
        Part { shape, inputs, targets: Targets::Classes { labels, count: 10 } }
    };
    Ok(Dataset { name: "images".into(), source: "random", train: part(case.samples, 0), test: part(10, 1) })
}

fn bytes<T: Real>(x: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    x.iter().for_each(|v| v.write(&mut out));
    out
}
