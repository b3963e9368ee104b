//! INDIAN in argmin's executor, with an observer and with checkpoints: `cargo run -p dinlab-argmin --example indian`.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use argmin::core::{
    checkpointing::CheckpointingFrequency,
    observers::{Observe, ObserverMode},
    Error, Executor, IterState, State, KV,
};
use argmin_checkpointing_file::FileCheckpoint;
use dinlab_argmin::{Indian, Problem};
use dinlab_objective::{build, Options};
use nalgebra::DVector;

type Vector = DVector<f64>;
type IndianState = IterState<Vector, Vector, (), (), (), f64>;

/// Keeps the value after every observed iteration.
struct Values(Arc<Mutex<Vec<f64>>>);

impl Observe<IndianState> for Values {
    fn observe_iter(&mut self, state: &IndianState, _: &KV) -> Result<(), Error> {
        if let Ok(mut values) = self.0.lock() {
            values.push(state.get_cost());
        }
        Ok(())
    }
}

/// What the example shows.
pub struct Shown {
    /// Value after iterations 1, 101, 201, … (argmin numbers iterations from 0 and shows the state after each).
    pub values: Vec<f64>,
    /// θ after 1000 iterations in one go.
    pub whole: Vec<f64>,
    /// θ after 500 iterations, a restart from the checkpoint, and 500 more.
    pub resumed: Vec<f64>,
    /// ψ belonging to `whole`.
    pub psi: Option<Vec<f64>>,
}

/// Runs INDIAN on the function of the paper, once in one go and once in two halves with a checkpoint in
/// `directory` between them.
pub fn run(directory: &Path) -> Result<Shown, Error> {
    let objective = build("valley", &Options::default())?;
    let solver = Indian::new(0.5, 0.1, 1e-3)?;
    let start = Vector::from_vec(vec![-1.0, 1.5]);

    let values = Arc::new(Mutex::new(Vec::new()));
    let whole = Executor::new(Problem::new(objective.as_ref()), solver.clone())
        .configure(|state| state.param(start.clone()).max_iters(1000))
        .add_observer(Values(values.clone()), ObserverMode::Every(100))
        .run()?;

    // Each half is a run of its own: the second finds θ, u and the iteration number in the checkpoint. The limit
    // on iterations is part of what a checkpoint holds, so here an error ends the first half, as a crash would.
    let folder = directory.to_string_lossy();
    let checkpoint = || FileCheckpoint::new(folder.as_ref(), "indian", CheckpointingFrequency::Every(500));
    let interrupted = Executor::new(Problem::new(objective.as_ref()), solver.clone())
        .configure(|state| state.param(start.clone()).max_iters(1000))
        .add_observer(Crash { at: 700 }, ObserverMode::Always)
        .checkpointing(checkpoint())
        .run();
    debug_assert!(interrupted.is_err());
    let resumed =
        Executor::new(Problem::new(objective.as_ref()), solver).checkpointing(checkpoint()).run()?;

    let theta = |state: &IndianState| state.get_param().map(|p| p.as_slice().to_vec()).unwrap_or_default();
    let shown = values.lock().map(|v| v.clone()).unwrap_or_default();
    let point = theta(&whole.state);
    Ok(Shown { values: shown, psi: whole.solver.psi(&point), whole: point, resumed: theta(&resumed.state) })
}

/// An observer that ends the run with an error.
struct Crash {
    at: u64,
}

impl Observe<IndianState> for Crash {
    fn observe_iter(&mut self, state: &IndianState, _: &KV) -> Result<(), Error> {
        if state.get_iter() == self.at {
            return Err(std::io::Error::other("stopped on purpose").into());
        }
        Ok(())
    }
}

// An example prints; the test that includes this file calls its parts and not `main`.
#[allow(clippy::print_stdout, dead_code)]
fn main() -> Result<(), Error> {
    let directory = std::env::temp_dir().join(format!("dinlab-argmin-example-{}", std::process::id()));
    let shown = run(&directory);
    let _ = std::fs::remove_dir_all(&directory);
    let shown = shown?;
    println!("value after iterations 1, 101, ...: {:?}", shown.values);
    println!("theta after 1000 iterations:       {:?}", shown.whole);
    println!("the same with a restart at 500:    {:?}", shown.resumed);
    println!("psi:                               {:?}", shown.psi);
    Ok(())
}
