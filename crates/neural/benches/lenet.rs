//! LeNet-5 and Network in Network forward and backward, and INDIAN's step, beside PyTorch in the same run: `cargo bench --workspace --bench lenet`.
//!
//! Both sides are measured in turn, round by round; what is printed are the best of each side and the median over rounds of the paired time ratios with their quartiles, so that
//! what else runs on the machine disturbs both alike. Images per second by the clock on two threads and by processor time on one; nanoseconds per parameter of a step.
//!
//! PyTorch is that of the Python in `DINLAB_PYTHON`, else of `python3`, else it is installed into `target/torch` by pip (several GB); without it our numbers are printed alone.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)] // a benchmark prints

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use dinlab_neural::{architecture, data, method, Evaluator, Initial, Loss, Part, Shape, State, Targets};
use dinlab_numeric::{max, min, Stream};
use dinlab_objective::{Selection, Start};
use rayon::{prelude::*, ThreadPool};

const ROUNDS: usize = 5;

/// Seconds of one piece of work, the best of three batches of them.
fn best(work: &mut dyn FnMut(), repetitions: usize) -> f64 {
    let one = |_| {
        let begun = Instant::now();
        (0..repetitions).for_each(|_| work());
        begun.elapsed().as_secs_f64() / repetitions as f64
    };
    (0..3).map(one).fold(f64::INFINITY, min)
}

/// Forward and backward over one batch.
fn pass(network: &str, batch: usize) -> impl FnMut() {
    let part = match network {
        "nin" => {
            let shape = Shape::new(3, 32, 32);
            let mut stream = Stream::new(0, "benchmark", 0);
            let inputs = (0..batch * shape.len()).map(|_| stream.normal() as f32).collect();
            let labels = (0..batch).map(|_| stream.below(10) as u32).collect();
            Part { shape, inputs, targets: Targets::Classes { labels, count: 10 } }
        }
        _ => data::load("mnist-10k", 0).unwrap().train,
    };
    let network = Arc::new(architecture::build(network, &part).unwrap());
    let theta: Vec<f32> = Initial::He.draw(&network, 0);
    let mut evaluator = Evaluator::<f32>::new(network, Loss::CrossEntropy, Selection::default(), batch);
    let mut gradient = vec![0.0_f32; theta.len()];
    let which: Vec<usize> = (0..batch).collect();
    move || {
        evaluator.gradient(&part, &which, &theta, 1.0 / batch as f64, &mut gradient);
    }
}

/// INDIAN's step on so many parameters.
fn step(size: usize) -> impl FnMut() {
    let (mut theta, gradient) = (vec![0.5_f32; size], vec![0.25_f32; size]);
    let indian = method::build("indian", |_| None).unwrap();
    let mut state = State::new(indian, &theta, &Start::Rest, &[]).unwrap();
    move || state.step(1e-3, &mut theta, &gradient)
}

/// Copying the five numbers per parameter that a step moves (three read, two written: 2.5 copied).
fn copy(size: usize) -> impl FnMut() {
    let source = vec![0.5_f32; size / 2 * 5];
    let mut target = source.clone();
    move || {
        let blocks = target.par_chunks_mut(1 << 17).zip(source.par_chunks(1 << 17));
        blocks.for_each(|(target, source)| target.copy_from_slice(source));
    }
}

/// Processor seconds of this process so far, in hundredths (Linux; 0 elsewhere).
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        / 100.0
}

/// Processor seconds of one piece of work, over at least half a second of them: other work on the machine disturbs that less than the time on the clock.
fn by_processor(work: &mut dyn FnMut()) -> f64 {
    let (begun, clock, mut done) = (processor(), Instant::now(), 0.0);
    // The clock ends it where there is no processor time.
    while processor() - begun < 0.5 && clock.elapsed().as_secs_f64() < 60.0 {
        work();
        done += 1.0;
    }
    (processor() - begun) / done
}

/// PyTorch, asked line by line.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// What it says about itself.
    said: String,
}

impl Peer {
    fn start() -> Option<Self> {
        let python = std::env::var("DINLAB_PYTHON").unwrap_or_else(|_| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/torch_lenet.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?).lines());
        let mut peer = Self { child, input, output, said: String::new() };
        peer.said = peer.output.next()?.ok()?;
        Some(peer)
    }

    /// Seconds of one piece of work.
    fn ask(&mut self, question: &str) -> Option<f64> {
        writeln!(self.input, "{question}").ok()?;
        self.output.next()?.ok()?.parse().ok()
    }
}

/// Our times and PyTorch's, round by round.
#[derive(Default)]
struct Times {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Times {
    /// Our time over `other`'s: median and quartiles.
    fn ratio(&self, other: &[f64]) -> String {
        let mut ratios: Vec<f64> = self.ours.iter().zip(other).map(|(a, b)| a / b).collect();
        ratios.sort_by(f64::total_cmp);
        match ratios.len() {
            0 => "no peer".into(),
            n => {
                format!("time ratio {:.2} ({:.2} to {:.2})", ratios[n / 2], ratios[n / 4], ratios[3 * n / 4])
            }
        }
    }

    fn best(times: &[f64]) -> f64 {
        times.iter().copied().fold(f64::INFINITY, min)
    }
}

/// A question, what to do for it on our side, and what one piece of it is worth in the printed unit.
type Task = (String, Box<dyn FnMut() -> f64>);

fn tasks(pool: &Arc<ThreadPool>, single: &Arc<ThreadPool>) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for (network, batch) in [("lenet5", 32), ("lenet5", 128), ("nin", 32)] {
        for (kind, threads) in [("clock", pool.clone()), ("processor", single.clone())] {
            let mut work = pass(network, batch);
            let repetitions = if network == "nin" { 1 } else { 1024 / batch };
            let measure = move || {
                threads.install(|| {
                    if kind == "clock" {
                        best(&mut work, repetitions)
                    } else {
                        by_processor(&mut work)
                    }
                })
            };
            tasks.push((format!("{network} {batch} {kind}"), Box::new(measure)));
        }
    }
    for size in [1_000_000, 10_000_000] {
        let moves: [Box<dyn FnMut() + Send>; 2] = [Box::new(step(size)), Box::new(copy(size))];
        for (name, mut work) in ["step", "copy"].into_iter().zip(moves) {
            let threads = pool.clone();
            let repetitions = max(1.0, 2e7 / size as f64) as usize;
            let measure = move || threads.install(|| best(&mut work, repetitions));
            tasks.push((format!("{name} {size}"), Box::new(measure)));
        }
    }
    tasks
}

fn main() {
    let pool = |threads| Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let mut peer = Peer::start();
    match &peer {
        Some(peer) => println!("PyTorch {}", peer.said),
        None => println!("PyTorch is not there: no peer"),
    }
    let mut tasks = tasks(&pool(2), &pool(1));
    let mut times: Vec<Times> = tasks.iter().map(|_| Times::default()).collect();
    for _ in 0..ROUNDS {
        for ((question, work), times) in tasks.iter_mut().zip(&mut times) {
            times.ours.push(work());
            if !question.starts_with("copy") {
                times.theirs.extend(peer.as_mut().and_then(|peer| peer.ask(question)));
            }
        }
    }
    for (i, (question, _)) in tasks.iter().enumerate() {
        let words: Vec<&str> = question.split(' ').collect();
        let (ours, theirs) = (Times::best(&times[i].ours), Times::best(&times[i].theirs));
        let ratio = times[i].ratio(&times[i].theirs);
        match words[..] {
            [network, batch, kind] => {
                let images: f64 = batch.parse().unwrap();
                let unit = if kind == "clock" {
                    "images/s on two threads"
                } else {
                    "images per processor second on one"
                };
                println!(
                    "{network}, batch {batch}: {:.0} {unit}, PyTorch {:.0}, {ratio}",
                    images / ours,
                    images / theirs
                );
            }
            ["step", size] => {
                let each = 1e9 / size.parse::<f64>().unwrap();
                println!(
                    "step, {size} parameters: INDIAN {:.2} ns, PyTorch's SGD with momentum {:.2}, {ratio}; a copy of the same bytes {:.2}, {}",
                    each * ours,
                    each * theirs,
                    each * Times::best(&times[i + 1].ours),
                    times[i].ratio(&times[i + 1].ours)
                );
            }
            _ => {}
        }
    }
    if let Some(Peer { mut child, input, .. }) = peer {
        drop(input);
        let _ = child.wait();
    }
}
