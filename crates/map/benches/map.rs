//! Time of 1000×1000 maps: `cargo bench --workspace --bench map`.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a benchmark prints its result

use std::{sync::atomic::AtomicBool, time::Instant};

use dinlab_map::{
    basins::{self, Basins, Runner},
    linear::{self, Fixed, Quantity},
    Axis, Plane,
};

fn axis(name: &str, from: f64, to: f64, log: bool) -> Axis {
    Axis { name: name.into(), from, to, log, cells: 1000 }
}

/// Best of three.
fn timed(what: &str, mut run: impl FnMut() -> u64) {
    let mut best = f64::INFINITY;
    let mut count = 0;
    for _ in 0..3 {
        let begun = Instant::now();
        count = run();
        best = dinlab_numeric::min(best, begun.elapsed().as_secs_f64());
    }
    println!("{what}: {best:.3} s ({count} boundary points)");
}

fn main() {
    let plane = Plane { x: axis("step-size", 1e-2, 1e1, true), y: axis("eigenvalue", 1e-1, 1e4, true) };
    let fixed = Fixed { alpha: 0.5, beta: 0.1, step_size: f64::NAN, eigenvalues: Vec::new() };
    for quantity in [Quantity::Stability, Quantity::Rate, Quantity::Oscillation] {
        timed(&format!("{quantity:?}, 1000×1000"), || {
            linear::map(quantity, &plane, &fixed, 1e-4, &AtomicBool::new(false)).unwrap().boundary.len()
                as u64
        });
    }
    let plane = Plane { x: axis("theta_1", -2.0, 2.0, false), y: axis("theta_2", -2.0, 2.0, false) };
    for name in ["double-well", "expr:x^4-4*x^2+y^2", "himmelblau"] {
        let objective = dinlab_objective::build(name, &dinlab_objective::Options::default()).unwrap();
        let basins = Basins {
            objective,
            alpha: 0.5,
            beta: 0.1,
            runner: Runner::Indian { step_size: 0.02, steps: 500 },
            start: vec![0.0; 2],
            radius: Some(0.7),
            accuracy: 1e-4,
        };
        timed(&format!("basins of {name}, 500 steps, 1000×1000"), || {
            basins::map(&plane, &basins, &AtomicBool::new(false)).unwrap().boundary.len() as u64
        });
    }
}
