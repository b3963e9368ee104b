//! Times of sweeps: `cargo bench --workspace --bench lanes`, beside the peers: `bash benches/peers/run`.
#![allow(clippy::print_stdout)] // a benchmark prints its result

use std::{sync::atomic::AtomicBool, time::Instant};

use dinlab_objective::{build, Options};
use dinlab_sweep::{run_list, Algorithm, FlowSteps, Job, Setting};

fn fract(x: f64) -> f64 {
    x - x.floor()
}

/// The benchmark's triples (α, β, θ₀) of cell c, as the peers compute them.
fn triple(c: u64, s: &mut Setting) {
    let c = c as f64;
    s.alpha = fract(c * 0.11);
    s.beta = fract(c * 0.23) * 0.5;
    s.theta[0] = fract(c * 0.37) * 3.0 - 1.5;
    s.theta[1] = fract(c * 0.73) * 2.0;
}

/// Processor time of all threads of this process in seconds (Linux; NaN elsewhere): it does not count what other
/// processes take.
fn processor_time() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return f64::NAN };
    let one = |task: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    tasks.filter_map(one).sum::<f64>() * 1e-9
}

/// Least wall time and least processor time of some runs in seconds, and the sum of the final θ₁.
fn best(job: &Job, cells: u64) -> Result<(f64, f64, f64), Box<dyn std::error::Error>> {
    let list: Vec<u64> = (0..cells).collect();
    let (mut wall, mut processor, mut sum) = (f64::INFINITY, f64::INFINITY, 0.0);
    for _ in 0..7 {
        let (begin, before) = (Instant::now(), processor_time());
        let rows = run_list(job, &list, &triple, &AtomicBool::new(false))?;
        wall = dinlab_numeric::min(wall, begin.elapsed().as_secs_f64());
        processor = dinlab_numeric::min(processor, processor_time() - before);
        sum = rows.chunks(job.columns().len()).map(|row| row[2]).sum();
    }
    Ok((wall, processor, sum))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (cells, steps) = (100_000, 2000);
    // `-- din`, `-- indian` or an objective: the rows whose beginning that is.
    let part = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |what: &str, objective: &str| {
        part.as_ref().is_none_or(|part| part == what || objective.starts_with(part.as_str()))
    };
    println!("threads {}", rayon::current_num_threads());
    for name in ["valley", "expr:100*(y-abs(x))^2+abs(1-x)", "double-well", "rosenbrock", "hill", "cosines"] {
        if !wanted("indian", name) {
            continue;
        }
        let mut job = Job::indian(build(name, &Options::default())?, steps);
        job.base.step_size = 1e-3;
        let (wall, processor, sum) = best(&job, cells)?;
        let scale = 1e9 / (cells * steps) as f64;
        println!(
            "indian {name}: {:.3} ns per trajectory and step, {:.3} of processor time (check {sum:.9})",
            wall * scale,
            processor * scale
        );
    }
    for name in ["double-well", "expr:x^4-4*x^2+y^2"] {
        if !wanted("din", name) {
            continue;
        }
        let at = |tolerance: f64| -> Result<Job, Box<dyn std::error::Error>> {
            let steps = FlowSteps::Adaptive { rtol: tolerance, atol: tolerance };
            Ok(Job::new(build(name, &Options::default())?, Algorithm::Flow { until: 20.0, steps }))
        };
        let exact = ends(&at(1e-12)?)?;
        for tolerance in [1e-5, 1e-6, 1e-7] {
            let job = at(tolerance)?;
            let (wall, processor, _) = best(&job, 10_000)?;
            let distance = |(a, b): (&[f64; 2], &[f64; 2])| (a[0] - b[0]).hypot(a[1] - b[1]);
            let mut errors: Vec<f64> = ends(&job)?.iter().zip(&exact).map(distance).collect();
            errors.sort_by(f64::total_cmp);
            println!(
                "din {name}, tolerance {tolerance:e}: {:.3} us per trajectory, {:.3} of processor time; median error {:.2e}, \
                 90% {:.2e}",
                wall * 1e2,
                processor * 1e2,
                errors[errors.len() / 2],
                errors[errors.len() * 9 / 10]
            );
        }
    }
    Ok(())
}

/// Where every seventh trajectory ends.
fn ends(job: &Job) -> Result<Vec<[f64; 2]>, Box<dyn std::error::Error>> {
    let list: Vec<u64> = (0..10_000).step_by(7).collect();
    let rows = run_list(job, &list, &triple, &AtomicBool::new(false))?;
    Ok(rows.chunks(job.columns().len()).map(|row| [row[2], row[3]]).collect())
}
