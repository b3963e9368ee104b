//! The progress line of training: what runs, its loss and accuracy, images per second, time left. On standard error, and only where that is a
//! terminal.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use dinlab_neural::{Real, Training};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::progress;

/// Shared by all runs of a command.
#[derive(Debug)]
pub struct Live {
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    total: u64,
    done: u64,
    /// Samples of this process and the time of the first: samples from checkpoints cost nothing.
    own: u64,
    begun: Option<Instant>,
    shown: Option<Instant>,
}

/// Lines per second at most.
const PAUSE: Duration = Duration::from_millis(200);

impl Live {
    /// A hidden line where `quiet`.
    pub fn new(quiet: bool) -> Self {
        let bar = progress::bar(0, quiet);
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {bar:20} {msg}") {
            bar.set_style(style);
        }
        Self { bar, state: Mutex::new(State { total: 0, done: 0, own: 0, begun: None, shown: None }) }
    }

    /// So many samples are to come.
    pub fn expect(&self, samples: u64) {
        self.bar.set_length(samples);
        if let Ok(mut state) = self.state.lock() {
            state.total = samples;
        }
    }

    /// So many of them were in a checkpoint.
    pub fn skip(&self, samples: u64) {
        if let Ok(mut state) = self.state.lock() {
            state.done += samples;
        }
    }

    /// A run has seen `before` samples before its last step.
    pub fn advance<T: Real>(&self, what: &str, training: &Training<T>, before: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        let samples = training.samples() - before;
        let begun = *state.begun.get_or_insert_with(Instant::now);
        state.done += samples;
        state.own += samples;
        if self.bar.is_hidden() || state.shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        state.shown = Some(Instant::now());
        let rate = state.own as f64 / begun.elapsed().as_secs_f64();
        let left = Duration::try_from_secs_f64(state.total.saturating_sub(state.done) as f64 / rate)
            .unwrap_or_default();
        let accuracy = training.curve().last().map_or(f64::NAN, |point| point.test_accuracy);
        let accuracy = if accuracy.is_nan() {
            String::new()
        } else {
            format!(", test accuracy {:.1} %", 100.0 * accuracy)
        };
        let loss = match training.running_loss() {
            loss if loss.is_nan() => training.curve().last().map_or(f64::NAN, |point| point.batch_loss),
            loss => loss,
        };
        self.bar.set_position(state.done);
        self.bar.set_message(format!(
            "{what}, epoch {}/{}: loss {loss:.4}{accuracy}, {rate:.0} images/s, {} left",
            training.epoch(),
            training.plan().epochs,
            HumanDuration(left)
        ));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
