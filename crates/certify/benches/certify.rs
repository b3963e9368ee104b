//! Worst cases and rates against PEPit and AutoLyap (`benches/peers.py`), in one run. Mean of 20 runs (peers: the best of several), in milliseconds
//! of CPU time: model and solve, and the same with the exact certificate, each with the peer's time over it (peers only build and solve).
//! `PYTHON` names the interpreter; without the peers the rows of ours are printed alone.

// A benchmark prints its result.
#![allow(clippy::print_stdout)]

use std::{process::Command, time::Instant};

use dinlab_certify::{
    lyapunov::{
        search::{discrete, Precision},
        Condition, Family,
    },
    rational,
    worst_case::{worst_case_with, Options, Outcome},
    Rational, Statement,
};

/// CPU seconds of this thread so far (Linux), else of the clock since `start`.
fn seconds(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|t| t.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |ns| 1e-9 * ns)
}

/// Mean seconds of `repeats` runs (at least 1): the kernel counts CPU time in ticks of some milliseconds.
fn mean<T>(repeats: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let clock = Instant::now();
    let start = seconds(clock);
    let mut last = work();
    for _ in 1..repeats {
        last = work();
    }
    ((seconds(clock) - start) / repeats as f64, last)
}

fn peers() -> serde_json::Value {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers.py");
    let output = Command::new(&python).arg(script).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let parsed = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    if parsed.is_none() {
        println!("the peers are not available ({python} {script}): rows of ours alone");
    }
    parsed.unwrap_or(serde_json::Value::Null)
}

fn main() {
    let theirs = peers();
    println!(
        "{:<28} {:>10} {:>10} {:>10} {:>7} {:>10}   values",
        "question", "solve", "certified", "peer", "ratio", "certified"
    );
    let row = |name: &str, solve: f64, certified: f64, value: f64| {
        let peer = theirs[name][0].as_f64();
        let other = theirs[name][1].as_f64().map_or(String::new(), |v| format!("{v:.10}"));
        let ms = |s: f64| format!("{:.2}", 1e3 * s);
        let ratio = |own: f64| peer.map_or(String::new(), |p| format!("{:.0}", p / own));
        println!(
            "{name:<28} {:>10} {:>10} {:>10} {:>7} {:>10}   {value:.10} {other}",
            ms(solve),
            ms(certified),
            peer.map_or(String::new(), ms),
            ratio(solve),
            ratio(certified)
        );
    };
    for steps in [5, 10, 20] {
        let statement = Statement::parse("gradient-descent", "smooth-convex", steps, "").expect("a question");
        let (solve, _) =
            mean(20, || worst_case_with(&statement, Options { certify: false, ..Options::default() }));
        let (certified, answer) = mean(20, || worst_case_with(&statement, Options::default()));
        let Outcome::Certified(proof) = answer.outcome else { continue };
        row(&format!("gradient-descent N={steps}"), solve, certified, rational::float_above(&proof.bound));
    }
    let class = Condition::new(Rational::ONE / Rational::from(25), Rational::ONE).expect("a class");
    let step = Rational::from(2) / (&class.convexity + &class.smoothness);
    let momentum = rational::parse("0.3").expect("a number");
    for (name, family) in [
        ("rate gradient-descent", Family::gradient_descent(&step)),
        ("rate heavy-ball", Family::heavy_ball(&Rational::ONE, &momentum)),
        // The rate of Nesterov's method is not that of quadratics: all steps of the bisection are needed.
        ("rate nesterov", Family::tuned_nesterov(&class)),
    ] {
        let (solve, _) = mean(20, || discrete(&family, &class, Precision { width: 1e-6, certify: false }));
        let (certified, found) =
            mean(20, || discrete(&family, &class, Precision { width: 1e-6, certify: true }));
        let rho = found.certified.map_or(f64::NAN, |rate| rational::float_above(&rate.rate));
        row(name, solve, certified, rho);
    }
}
