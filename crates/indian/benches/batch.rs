//! Steps per second of INDIAN with mini-batches of 32: `cargo bench --workspace --bench batch`.
//!
//! `digits-logistic` (even against odd, N = 1797, n = 65), constant steps, batches with and without replacement, through the
//! driver with an observer that ignores everything. `python3 crates/indian/benches/batch_numpy.py` runs the same loop in NumPy.
//! Every number is from the shortest of the repetitions.
#![allow(clippy::print_stdout)] // a benchmark prints its result

use std::{hint::black_box, time::Instant};

use dinlab_indian::{iterate_observed, Batch, Grid, IndianError, Method, Run, Sampling, Schedule};
use dinlab_numeric::min;
use dinlab_objective::{build, Options};
use dinlab_record::observe::Blind;

const STEPS: u64 = 50_000;
const BATCH: usize = 32;

fn main() -> Result<(), IndianError> {
    for name in ["digits-logistic", "logistic"] {
        let Ok(objective) = build(name, &Options::default()) else { continue };
        for sampling in [Sampling::WithReplacement(BATCH), Sampling::WithoutReplacement(BATCH)] {
            let method = Method::Indian { alpha: 0.5, beta: 0.1 };
            let theta = vec![0.0; objective.dimension()];
            let run = Run {
                grid: Grid::Every(STEPS),
                batch: Some(Batch::new(sampling)),
                ..Run::new(method, theta, Schedule::Constant(0.1), STEPS)
            };
            let mut shortest = f64::INFINITY;
            for _ in 0..7 {
                let begin = Instant::now();
                black_box(iterate_observed(objective.as_ref(), black_box(&run), &mut Blind)?);
                shortest = min(shortest, begin.elapsed().as_secs_f64());
            }
            let rate = STEPS as f64 / shortest;
            println!("{name}, batch {BATCH} {}: {:.0} steps per second", sampling.name(), rate);
        }
    }
    Ok(())
}
