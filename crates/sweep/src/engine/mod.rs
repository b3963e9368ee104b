//! From cells to rows: blocks of 64 trajectories that advance together.

mod discrete;
mod flow;
mod fused;
mod measure;
mod pair;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};

use dinlab_objective::{
    tape::{Block, LANES},
    BlockOracle, Oracle, Start,
};

use crate::{
    error::SweepError,
    job::{Algorithm, Cells, Ending, Job, Measures, Second, Setting},
};

use measure::Tracker;

/// Runs the cells and appends one row of `job.columns().len()` numbers for each, in their order. Results do not depend
/// on which cells run together.
///
/// # Errors
/// A cell whose numbers cannot be run, or [`SweepError::Interrupted`] once `stop` is set.
pub fn run_chunk(
    job: &Job,
    cells: &[u64],
    source: &dyn Cells,
    stop: &AtomicBool,
    rows: &mut Vec<f64>,
) -> Result<(), SweepError> {
    let first = rows.len();
    let width = job.columns().len();
    rows.resize(first + cells.len() * width, 0.0);
    let table = Table { width, rows: &mut rows[first..] };
    match &job.algorithm {
        Algorithm::Method { .. } => discrete::run(job, cells, source, stop, table),
        Algorithm::Flow { .. } => flow::run(job, cells, source, stop, table),
    }
}

/// The rows to be filled.
struct Table<'a> {
    width: usize,
    rows: &'a mut [f64],
}

/// How the trajectory of a lane ended, and where.
struct End<'a> {
    ending: Ending,
    at: f64,
    theta: &'a [Block],
    lane: usize,
}

impl Table<'_> {
    /// Writes everything but what needs an evaluation of J.
    fn write(
        &mut self,
        row: usize,
        end: &End<'_>,
        moving: &[usize],
        wanted: &Measures,
        tracker: &Tracker<'_>,
    ) {
        let lane = end.lane;
        let row = &mut self.rows[row * self.width..][..self.width];
        row[0] = f64::from(end.ending as u8);
        row[1] = end.at;
        let mut next = 2;
        let mut put = |value: f64| {
            row[next] = value;
            next += 1;
        };
        moving.iter().for_each(|&i| put(end.theta[i][lane]));
        if wanted.value {
            put(f64::NAN);
        }
        if wanted.gradient_norm {
            put(f64::NAN);
        }
        if let Some((points, radius)) = &wanted.limit {
            let near = |point: &Vec<f64>| {
                let squares = moving.iter().zip(point).map(|(&i, c)| (end.theta[i][lane] - c).powi(2));
                squares.fold(0.0, |s, d| s + d) <= radius * radius
            };
            put(points.iter().position(near).map_or(0.0, |i| i as f64 + 1.0));
        }
        if wanted.first_in.is_some() {
            put(tracker.first_in[lane]);
        }
        if wanted.escape.is_some() {
            put(tracker.escape[lane]);
        }
        if wanted.rate.is_some() {
            put(tracker.rate(lane));
        }
        if wanted.oscillation {
            put(tracker.turns[lane]);
            put(tracker.length[lane]);
        }
        if wanted.sharpness.is_some() {
            put(tracker.sharpness[lane]);
        }
    }

    /// Adds J and ‖∇J‖ to the rows of some lanes; `theta` holds their ends.
    fn evaluate(
        &mut self,
        rows: &[usize],
        theta: &[Block],
        moving: &[usize],
        wanted: &Measures,
        oracle: &mut dyn BlockOracle,
    ) {
        let mut column = 2 + moving.len();
        if wanted.value {
            let mut values = [0.0; LANES];
            oracle.values(theta, &mut values);
            for (&row, value) in rows.iter().zip(values) {
                self.rows[row * self.width + column] = value;
            }
            column += 1;
        }
        if wanted.gradient_norm {
            let mut v = vec![[0.0; LANES]; theta.len()];
            oracle.gradients(theta, &mut v);
            for (lane, &row) in rows.iter().enumerate() {
                let part: Vec<f64> = moving.iter().map(|&i| v[i][lane]).collect();
                self.rows[row * self.width + column] = dinlab_numeric::norm(&part);
            }
        }
    }
}

/// The numbers of a cell, checked.
fn read(job: &Job, cell: u64, source: &dyn Cells, setting: &mut Setting) -> Result<(), SweepError> {
    setting.copy_from(&job.base);
    source.fill(cell, setting);
    job.check(setting).map_err(|reason| SweepError::Cell { cell, reason: Box::new(reason) })
}

/// u₀ of INDIAN and DIN into `out`.
fn second(job: &Job, s: &Setting, oracle: &mut dyn Oracle, out: &mut Vec<f64>) -> Result<(), SweepError> {
    let n = s.theta.len();
    if job.second == Second::Rest {
        out.clear();
        out.resize(n, 0.0);
        return Ok(());
    }
    let mut gradient = vec![0.0; n];
    if matches!(job.second, Second::Speed | Second::Velocity) {
        oracle.gradient(&s.theta, &mut gradient);
    }
    let start = match job.second {
        Second::Rest => Start::Auxiliary(vec![0.0; n]),
        Second::Speed => Start::Speed(s.speed),
        Second::Velocity => Start::Velocity(s.second.clone()),
        Second::Psi => Start::Psi(s.second.clone()),
        Second::Auxiliary => Start::Auxiliary(s.second.clone()),
    };
    *out = start.auxiliary(s.alpha, s.beta, &s.theta, &gradient)?;
    Ok(())
}

fn check_stop(stop: &AtomicBool) -> Result<(), SweepError> {
    match stop.load(Ordering::Relaxed) {
        true => Err(SweepError::Interrupted),
        false => Ok(()),
    }
}
