//! Writes what PyTorch needs to repeat 100 steps of LeNet-5 on MNIST digits, and where dinlab ends: initial weights, batches, final weights per method
//! (`f64`), and one gradient in `f32`. `benches/peers/torch_agreement.py FOLDER` runs this and compares.

use std::{fs, path::PathBuf, sync::Arc};

use dinlab_neural::{architecture, data, method, Evaluator, Initial, Loss, Real, State, Targets};
use dinlab_objective::{Selection, Start};

const BATCH: usize = 32;
const STEPS: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("expected a folder")?);
    fs::create_dir_all(&folder)?;
    let part = data::load("mnist-10k", 0)?.with_training_samples(BATCH * STEPS)?.train;
    let network = Arc::new(architecture::build("lenet5", &part)?);
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes);
    write("inputs.f32", part.inputs.iter().flat_map(|v| v.to_le_bytes()).collect())?;
    if let Targets::Classes { labels, .. } = &part.targets {
        write("labels.u32", labels.iter().flat_map(|v| v.to_le_bytes()).collect())?;
    }
    let initial: Vec<f64> = Initial::He.draw(&network, 1);
    write("initial.f64", bytes(&initial))?;
    let single: Vec<f32> = initial.iter().map(|&v| v as f32).collect();
    let mut gradient = vec![0.0_f32; single.len()];
    let batch: Vec<usize> = (0..BATCH).collect();
    let mut evaluator =
        Evaluator::<f32>::new(network.clone(), Loss::CrossEntropy, Selection::default(), BATCH);
    evaluator.gradient(&part, &batch, &single, 1.0 / BATCH as f64, &mut gradient);
    write("gradient.f32", bytes(&gradient))?;
    for (name, step_size) in [
        ("sgd", 0.1),
        ("momentum", 0.02),
        ("nesterov", 0.02),
        ("adagrad", 0.01),
        ("rmsprop", 1e-3),
        ("adam", 1e-3),
        ("adamw", 1e-3),
        ("indian", 0.1),
    ] {
        let mut theta = initial.clone();
        let mut state = State::new(method::build(name, |_| None)?, &theta, &Start::Rest, &[])?;
        let mut evaluator =
            Evaluator::<f64>::new(network.clone(), Loss::CrossEntropy, Selection::default(), BATCH);
        let mut gradient = vec![0.0; theta.len()];
        for step in 0..STEPS {
            let batch: Vec<usize> = (step * BATCH..(step + 1) * BATCH).collect();
            evaluator.gradient(&part, &batch, &theta, 1.0 / BATCH as f64, &mut gradient);
            state.step(step_size, &mut theta, &gradient);
        }
        write(&format!("{name}.f64"), bytes(&theta))?;
    }
    Ok(())
}

fn bytes<T: Real>(x: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    x.iter().for_each(|v| v.write(&mut out));
    out
}
