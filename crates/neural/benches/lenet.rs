//! Images per second of LeNet-5 (forward and backward, `f32`; two threads by the clock, one thread by processor time) and time per parameter of INDIAN's step, PyTorch beside in the same run:
//! `cargo bench -p dinlab-neural --bench lenet`. The Python that has torch is `DINLAB_PYTHON`, else `python3`; without torch the peer is left out.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a benchmark prints

use std::{process::Command, sync::Arc, time::Instant};

use dinlab_neural::{architecture, data, method, Evaluator, Initial, Loss, State};
use dinlab_objective::{Selection, Start};
use rayon::prelude::*;
use serde_json::Value;

const ROUNDS: usize = 3;

fn best(mut work: impl FnMut(), repetitions: usize) -> f64 {
    work();
    (0..5)
        .map(|_| {
            let begun = Instant::now();
            (0..repetitions).for_each(|_| work());
            begun.elapsed().as_secs_f64() / repetitions as f64
        })
        .fold(f64::INFINITY, dinlab_numeric::min)
}

fn images(batch: usize) -> f64 {
    let mut work = pass(batch);
    batch as f64 / best(&mut work, 1024 / batch)
}

/// Forward and backward over one batch.
fn pass(batch: usize) -> impl FnMut() {
    let part = data::load("mnist-10k", 0).unwrap().train;
    let network = Arc::new(architecture::build("lenet5", &part).unwrap());
    let theta: Vec<f32> = Initial::He.draw(&network, 0);
    let mut evaluator = Evaluator::<f32>::new(network, Loss::CrossEntropy, Selection::default(), batch);
    let mut gradient = vec![0.0_f32; theta.len()];
    let which: Vec<usize> = (0..batch).collect();
    move || {
        evaluator.gradient(&part, &which, &theta, 1.0 / batch as f64, &mut gradient);
    }
}

/// Nanoseconds per parameter: INDIAN's step, and copying the five numbers per parameter that it moves (three read, two written: 2.5 copied).
fn step(size: usize) -> [f64; 2] {
    let (mut theta, gradient) = (vec![0.5_f32; size], vec![0.25_f32; size]);
    let mut state =
        State::new(method::build("indian", |_| None).unwrap(), &theta, &Start::Rest, &[]).unwrap();
    let own = best(|| state.step(1e-3, &mut theta, &gradient), 20_000_000 / size);
    let source = vec![0.5_f32; size / 2 * 5];
    let mut target = source.clone();
    let copy = || {
        let blocks = target.par_chunks_mut(1 << 17).zip(source.par_chunks(1 << 17));
        blocks.for_each(|(target, source)| target.copy_from_slice(source));
    };
    let copied = best(copy, 20_000_000 / size);
    [1e9 * own / size as f64, 1e9 * copied / size as f64]
}

/// Processor seconds of this process so far, in hundredths (Linux; 0 elsewhere).
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

/// Images per processor second on one thread: other work on the machine disturbs it less than the time on the clock.
fn images_per_processor_second(batch: usize) -> f64 {
    let mut work = pass(batch);
    work();
    let (begun, mut seen) = (processor(), 0.0);
    while processor() - begun < 2.0 {
        (0..8).for_each(|_| work());
        seen += (8 * batch) as f64;
    }
    seen / (processor() - begun)
}

fn peer() -> Value {
    let python = std::env::var("DINLAB_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/torch_lenet.py");
    match Command::new(&python).arg(script).output() {
        Ok(output) => serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        Err(_) => Value::Null,
    }
}

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let (mut own, mut theirs) = ([0.0_f64; 2], [0.0_f64; 2]);
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (mut alone, mut their_alone) = ([0.0_f64; 2], [0.0_f64; 2]);
    let (mut steps, mut peers) = ([[f64::INFINITY; 2]; 2], [f64::INFINITY; 2]);
    let mut said = String::new();
    for _ in 0..ROUNDS {
        pool.install(|| {
            for (own, batch) in own.iter_mut().zip([32, 128]) {
                *own = dinlab_numeric::max(*own, images(batch));
            }
            for (best, size) in steps.iter_mut().zip([1_000_000, 10_000_000]) {
                let found = step(size);
                *best = [dinlab_numeric::min(best[0], found[0]), dinlab_numeric::min(best[1], found[1])];
            }
        });
        single.install(|| {
            for (alone, batch) in alone.iter_mut().zip([32, 128]) {
                *alone = dinlab_numeric::max(*alone, images_per_processor_second(batch));
            }
        });
        let result = peer();
        let Some(version) = result["version"].as_str() else {
            said = "PyTorch is not installed for this Python (DINLAB_PYTHON): no peer\n".into();
            continue;
        };
        said = format!("PyTorch {version}, optimiser {}\n", result["step"]["1000000"][1]);
        for (i, key) in ["32", "128"].into_iter().enumerate() {
            theirs[i] = dinlab_numeric::max(theirs[i], result["images"][key].as_f64().unwrap_or(0.0));
            their_alone[i] =
                dinlab_numeric::max(their_alone[i], result["alone"][key].as_f64().unwrap_or(0.0));
        }
        for (i, key) in ["1000000", "10000000"].into_iter().enumerate() {
            peers[i] =
                dinlab_numeric::min(peers[i], result["step"][key][0].as_f64().unwrap_or(f64::INFINITY));
        }
    }
    print!("{said}");
    for (i, batch) in [32, 128].into_iter().enumerate() {
        println!(
            "LeNet-5, batch {batch}: {:.0} images/s, PyTorch {:.0}, time ratio {:.2}",
            own[i],
            theirs[i],
            theirs[i] / own[i]
        );
        println!(
            "    one thread, images per processor second: {:.0}, PyTorch {:.0}, time ratio {:.2}",
            alone[i],
            their_alone[i],
            their_alone[i] / alone[i]
        );
    }
    for (i, size) in ["10^6", "10^7"].into_iter().enumerate() {
        let [step, copy] = steps[i];
        println!(
            "step, {size} parameters: INDIAN {step:.2} ns, copy {copy:.2} (ratio {:.2}), PyTorch SGD with momentum {:.2} (ratio {:.2})",
            step / copy,
            peers[i],
            step / peers[i]
        );
    }
}
