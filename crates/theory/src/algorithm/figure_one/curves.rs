//! The published vertices, runs beside them, and the fit of (α, initial speed).

use dinlab_indian::{iterate_observed, Grid, Method, Run, Schedule};
use dinlab_objective::{data::jmlr_figure_1d, Objective, Start};
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::error::CheckError;

/// Number of iterations of the figure.
pub(super) const STEPS: u64 = 88_000;
/// γ of the figure.
pub(super) const STEP_SIZE: f64 = 1e-4;
/// θ₀ of the figure.
pub(super) const THETA: [f64; 2] = [-1.0, 1.5];
/// Curve c chatters around its minimiser from here on: its values are then arbitrary inside a band.
const CHATTER: f64 = 83_950.0;
/// A vertex lies on the drawing's lattice of 2.01 iterations, the ticks that calibrate it as well (1.005 each), and
/// it is compared at a whole iteration (0.5): 2.51 in all, so the window is 3 iterations to either side.
const WINDOW: usize = 3;
/// Fits worse than this root mean square (decades) are not followed further.
const HOPELESS: f64 = 0.05;

/// Parameters and initial speed c: θ′(0) = −c g₀ (`rest` is c = β).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Setting {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) speed: f64,
}

impl Setting {
    pub(super) const fn new(alpha: f64, beta: f64, speed: f64) -> Self {
        Self { alpha, beta, speed }
    }
    pub(super) fn words(&self) -> String {
        let short = |x: f64| (1e6 * x).round() / 1e6;
        format!("α={}, β={}, start speed:{}", short(self.alpha), self.beta, short(self.speed))
    }
}

/// A vertex at a whole iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vertex {
    pub(super) k: usize,
    pub(super) log10: f64,
}

impl Vertex {
    /// Distance of the vertex to the range of log₁₀ J over the window; `logs` must reach to its end.
    fn deviation(&self, logs: &[f64]) -> f64 {
        let window = &logs[self.k.saturating_sub(WINDOW)..=(self.k + WINDOW).min(logs.len() - 1)];
        let low = window.iter().copied().fold(f64::INFINITY, dinlab_numeric::min);
        let high = window.iter().copied().fold(f64::NEG_INFINITY, dinlab_numeric::max);
        dinlab_numeric::max(0.0, dinlab_numeric::max(low - self.log10, self.log10 - high))
    }
}

/// Vertices of a published curve before its chatter, by iteration.
pub(super) fn vertices(panel: char) -> Vec<Vertex> {
    let end = if panel == 'c' { CHATTER } else { STEPS as f64 };
    let curve = jmlr_figure_1d().iter().filter(|v| v.panel == panel && v.iteration <= end);
    let mut result: Vec<Vertex> =
        curve.map(|v| Vertex { k: v.iteration.round() as usize, log10: v.log10_value }).collect();
    result.sort_by_key(|v| v.k);
    result
}

/// Spacing of the drawing's lattice in log₁₀ J: the smallest difference between two of its values.
pub(super) fn lattice() -> f64 {
    let mut values: Vec<f64> = jmlr_figure_1d().iter().map(|v| v.log10_value).collect();
    values.sort_by(f64::total_cmp);
    values.windows(2).map(|w| w[1] - w[0]).filter(|gap| *gap > 1e-9).fold(f64::INFINITY, dinlab_numeric::min)
}

/// Largest deviation over some vertices; infinite where the run does not reach them.
pub(super) fn worst(vertices: &[Vertex], logs: &[f64]) -> f64 {
    let each = vertices.iter().map(|v| if v.k < logs.len() { v.deviation(logs) } else { f64::INFINITY });
    each.fold(0.0, dinlab_numeric::max)
}

/// Published dips: vertices below 10⁻³ that are the lowest within 200 iterations. The last vertex is none: what follows
/// it may be lower.
pub(super) fn dips(vertices: &[Vertex]) -> Vec<Vertex> {
    let lowest = |v: &Vertex| vertices.iter().all(|w| v.k.abs_diff(w.k) > 200 || w.log10 >= v.log10);
    let inner = &vertices[..vertices.len().saturating_sub(1)];
    inner.iter().copied().filter(|v| v.log10 < -3.0 && lowest(v)).collect()
}

/// Runs the shipped algorithm; `each` sees every iteration with its J.
pub(super) fn run(
    objective: &dyn Objective,
    setting: Setting,
    steps: u64,
    each: &mut dyn FnMut(&[f64], f64) -> Flow,
) -> Result<(), CheckError> {
    let method = Method::Indian { alpha: setting.alpha, beta: setting.beta };
    let mut run = Run::new(method, THETA.to_vec(), Schedule::Constant(STEP_SIZE), steps);
    run.start = Start::Speed(setting.speed);
    run.grid = Grid::Every(1);
    let mut oracle = objective.oracle();
    let mut observer = |o: Observation<'_>| {
        let value = oracle.value(o.theta);
        each(o.theta, value)
    };
    iterate_observed(objective, &run, &mut observer)?;
    Ok(())
}

/// log₁₀ J of iterations 0, …, `steps`; shorter if the run diverges.
pub(super) fn logs(objective: &dyn Objective, setting: Setting, steps: u64) -> Result<Vec<f64>, CheckError> {
    let mut logs = Vec::with_capacity(steps as usize + 1);
    run(objective, setting, steps, &mut |_, value| {
        logs.push(value.log10());
        Flow::Continue
    })?;
    Ok(logs)
}

/// Root mean square deviation over the vertices, at most `cap`: the run stops when it must exceed that.
pub(super) fn misfit(
    objective: &dyn Objective,
    setting: Setting,
    vertices: &[Vertex],
    cap: f64,
) -> Result<f64, CheckError> {
    let Some(last) = vertices.last() else { return Ok(cap) };
    let steps = (last.k + WINDOW) as u64;
    let limit = cap * cap * vertices.len() as f64;
    let (mut logs, mut next, mut squares) = (Vec::with_capacity(steps as usize + 1), 0, 0.0_f64);
    run(objective, setting, steps, &mut |_, value| {
        logs.push(value.log10());
        while next < vertices.len() && vertices[next].k + WINDOW < logs.len() {
            squares += vertices[next].deviation(&logs).powi(2);
            next += 1;
        }
        if squares < limit {
            Flow::Continue
        } else {
            Flow::Stop
        }
    })?;
    let complete = next == vertices.len() && squares < limit;
    Ok(if complete { (squares / vertices.len() as f64).sqrt() } else { cap })
}

/// Values of α that are tried first: one decimal, like the printed labels.
pub(super) fn alphas() -> Vec<f64> {
    (1..=15).map(|i| f64::from(i) / 10.0).collect()
}

/// Initial speeds that are tried first; they contain `rest` for both values of β, and `speed:1` of the paper's text.
pub(super) const SPEEDS: [f64; 8] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// Half the finest spacing of the fit.
pub(super) const FIT_RESOLUTION: f64 = 5e-4;

/// Finds (α, c) for a given β: all pairs of the two lists, then each of the two alone on lattices of 10⁻² and 10⁻³
/// around the best. A candidate is given up as soon as it must be worse than the best so far.
pub(super) fn identify(
    objective: &dyn Objective,
    beta: f64,
    vertices: &[Vertex],
    proceed: &dyn Fn() -> Result<(), CheckError>,
) -> Result<Setting, CheckError> {
    let mut best = (HOPELESS, Setting::new(alphas()[0], beta, SPEEDS[0]));
    let consider = |best: &mut (f64, Setting), setting: Setting| -> Result<(), CheckError> {
        let score = misfit(objective, setting, vertices, best.0)?;
        if score < best.0 {
            *best = (score, setting);
        }
        Ok(())
    };
    for alpha in alphas() {
        proceed()?;
        for speed in SPEEDS {
            consider(&mut best, Setting::new(alpha, beta, speed))?;
        }
    }
    for spacing in [100.0, 1000.0] {
        for of_speed in [true, false] {
            proceed()?;
            let centre = best.1;
            // Whole multiples of the spacing, so that decimal values are met exactly.
            let middle = if of_speed { centre.speed } else { centre.alpha };
            for i in -5..=5 {
                let value = ((middle * spacing).round() + f64::from(i)) / spacing;
                let setting = match of_speed {
                    true => Setting { speed: value, ..centre },
                    false => Setting { alpha: value, ..centre },
                };
                if setting.alpha > 0.0 {
                    consider(&mut best, setting)?;
                }
            }
        }
    }
    Ok(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawing_has_its_known_resolution_and_dips() {
        assert!((lattice() - 4.12e-4).abs() < 1e-6);
        let at = |panel| dips(&vertices(panel)).iter().map(|v| v.k).collect::<Vec<_>>();
        assert_eq!(at('a'), [45_076, 73_174]);
        assert_eq!(at('b'), [45_368, 70_597, 87_202]);
        assert_eq!(at('c'), [71_648, 80_991]);
    }

    #[test]
    fn deviations_are_distances_to_the_window() {
        let logs: Vec<f64> = (0..20).map(f64::from).collect();
        let vertex = |log10| Vertex { k: 10, log10 };
        assert_eq!(worst(&[vertex(12.9)], &logs), 0.0);
        assert_eq!(worst(&[vertex(15.0)], &logs), 2.0);
        assert_eq!(worst(&[vertex(5.5)], &logs), 1.5);
        assert_eq!(worst(&[Vertex { k: 30, log10: 0.0 }], &logs), f64::INFINITY);
    }
}
