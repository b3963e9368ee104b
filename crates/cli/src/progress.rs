//! The progress bar: on standard error, and only where that is a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `length` pieces of work.
pub fn bar(length: u64, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// A bar that appears once a run has taken a second, and goes when it is dropped.
#[derive(Debug)]
pub struct Progress {
    length: u64,
    quiet: bool,
    rate: bool,
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Progress of a run of the given length.
    pub fn new(length: u64, quiet: bool) -> Self {
        Self { length, quiet, rate: false, begun: Instant::now(), bar: None }
    }

    /// The same with pieces per second and the time left.
    pub fn with_rate(length: u64, quiet: bool) -> Self {
        let mut progress = Self::new(length, quiet);
        progress.rate = true;
        progress
    }

    /// The run has come to `position`.
    pub fn at(&mut self, position: u64) {
        if self.bar.is_none() && self.begun.elapsed() > Duration::from_secs(1) {
            let bar = bar(self.length, self.quiet);
            if self.rate {
                let template = "{elapsed_precise} {wide_bar} {human_pos}/{human_len}  {per_sec}, {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(position);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
