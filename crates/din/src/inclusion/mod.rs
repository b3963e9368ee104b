//! Nonsmooth J: DIN, heavy ball, gradient flow and DIN-AVD as differential inclusions, solved from event to event.
//!
//! θ′ = u − βv, u′ = −aθ′ − v, v ∈ ∂J(θ). Off its kink surfaces J is smooth, and each smooth piece is integrated by the
//! integrators of this crate; a surface is located as an event on their dense output. There module `decide` finds the
//! motions that leave the state, with all active kinks at once: crossing, sliding with the Filippov selection
//! (module `field`), or several motions, which is reported as a branch. A slide ends with its own event, when the
//! selection reaches a wall of the convex hull of the gradients that meet. Events that accumulate end the run with the
//! status `event` that names the surface and the time (module `accumulation`); so does a state that cannot be
//! resolved.
//!
//! # For a check
//!
//! ```
//! use dinlab_din::{inclusion, Dynamics, Run, Settings};
//! use dinlab_record::{observe::Blind, KinkEventKind};
//!
//! let objective = dinlab_objective::build("power:1", &Default::default()).unwrap();
//! let mut run = Run::new(Dynamics::Din { alpha: 0.0, beta: 0.25 }, &[1.0], 8.0);
//! run.start = dinlab_objective::Start::Velocity(vec![0.0]);
//! run.settings = Settings::with_tolerance(1e-12);
//! let solution = inclusion::solve(&*objective, &run, &Default::default(), &mut Blind).unwrap();
//! // Speed √2 at the first impact; it falls by 2β at each crossing, until it is below 2β and the point sticks.
//! assert_eq!(solution.report.count(KinkEventKind::Cross), 2);
//! let first = &solution.report.events[0];
//! assert!((first.t - 2.0_f64.sqrt()).abs() < 1e-11 && (first.velocity_plus[0] + 2.0_f64.sqrt()).abs() < 1e-11);
//! ```
//!
//! [`Solution::report`] has the events with one-sided normal velocities, the segments with the side of every surface
//! (`Slide` where the surface holds the trajectory) and the branching states. [`Solution::samples`] has θ, u and the
//! selection v in force at every sample time, and the energy dissipated so far,
//! D(t) = ∫(a‖θ′‖² + β‖v‖²), integrated with the state: for DIN (1+αβ)J + ½‖u‖² + D is constant, across kinks and
//! along slides. Where several solutions leave a state, [`solve`] follows the one whose v is nearest to the selection
//! of the objective and says so in the report; [`solve_all`] follows all.

mod accumulation;
mod decide;
mod dense;
mod field;
mod law;
mod many;
mod mode;
mod pieces;
mod routes;
mod site;
#[cfg(test)]
mod tests;
mod walk;
mod watch;

use dinlab_objective::{start, tape::KinkKind, Objective, Regularity, Tape};
use dinlab_record::{Final, Flow, KinkReport, Observation, Observe, Status, Trajectory, Work};

use crate::{
    dynamics::{initial_state, Dynamics},
    error::DinError,
    integrator::{Integrator, INCLUSION_INTEGRATORS},
    run::{empty_table, Run},
};
use law::Law;
use pieces::Pieces;
use walk::{Next, Walk};

/// Limits of the event solver.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Most events of one run; beyond it the run ends as `budget-exhausted`.
    pub max_events: u64,
    /// Most solutions that [`solve_all`] follows; beyond it there is an error.
    pub max_solutions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_events: 20_000, max_solutions: 16 }
    }
}

/// A state at a sample time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Time.
    pub t: f64,
    /// θ.
    pub theta: Vec<f64>,
    /// u; empty for the gradient flow.
    pub u: Vec<f64>,
    /// The element v of ∂J(θ) in force.
    pub selection: Vec<f64>,
    /// ∫(a‖θ′‖² + β‖v‖²) from the start; for the gradient flow ∫‖v‖².
    pub dissipated: f64,
    /// ∫‖v‖² from the start.
    pub selection_square: f64,
    /// Index of the segment in the report.
    pub segment: usize,
}

/// One solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The run as `simulate` gives it; `gradient_norm` is that of the selection in force.
    pub trajectory: Trajectory,
    /// The samples in full, and in the end the last state if it is not one.
    pub samples: Vec<Sample>,
    /// State at the end of the run.
    pub last: Sample,
    /// Segments, events and branching states.
    pub report: KinkReport,
    /// What was used.
    pub integrator: Integrator,
    /// What there is to say about the run.
    pub reason: String,
}

/// Most surfaces for which `auto` chooses the event solver: it watches each of them in every step.
const MOST_WATCHED: usize = 200;

/// Why a run is one for this module, if it is: an integrator of [`crate::INCLUSION_INTEGRATORS`] was asked for, or
/// `auto` meets an objective with kinks that the event solver can treat.
pub fn route(objective: &dyn Objective, run: &Run) -> Option<&'static str> {
    let integrator = run.settings.integrator;
    if INCLUSION_INTEGRATORS.iter().any(|entry| entry.integrator == integrator) {
        return Some("as requested");
    }
    let surfaces = || pieces(objective).map_or(0, |(_, names)| names.len());
    let auto = integrator == Integrator::Auto
        && objective.facts().regularity == Regularity::Lipschitz
        && Law::of(run.dynamics).is_ok()
        && (1..=MOST_WATCHED).contains(&surfaces());
    auto.then_some("auto: the objective has kinks")
}

/// The step with which `time-stepping` and `euler-limit` make this run: as given, or a fixed fraction of the horizon.
pub fn fixed_step(run: &Run) -> f64 {
    let steps = if run.settings.integrator == Integrator::TimeStepping { 20_000.0 } else { 500_000.0 };
    run.settings.fixed_step.unwrap_or((run.until - run.from) / steps)
}

/// The width over which `smoothed` smooths the kinks.
pub fn smoothing(run: &Run) -> f64 {
    run.settings.smoothing.unwrap_or(1e-4)
}

/// Follows one solution.
pub fn solve(
    objective: &dyn Objective,
    run: &Run,
    options: &Options,
    observer: &mut dyn Observe,
) -> Result<Solution, DinError> {
    let mut solutions = follow(objective, run, options, observer, false)?;
    Ok(solutions.swap_remove(0))
}

/// Follows all solutions that leave branching states without staying there (a solution that stays may leave at any
/// later time: those delayed departures are a continuum and only mentioned). The first is the one [`solve`] follows.
pub fn solve_all(
    objective: &dyn Objective,
    run: &Run,
    options: &Options,
    observer: &mut dyn Observe,
) -> Result<Vec<Solution>, DinError> {
    follow(objective, run, options, observer, true)
}

fn follow(
    objective: &dyn Objective,
    run: &Run,
    options: &Options,
    observer: &mut dyn Observe,
    all: bool,
) -> Result<Vec<Solution>, DinError> {
    run.settings.check()?;
    let (grid, law) = (run.grid()?, Law::of(run.dynamics)?);
    let start = start_state(objective, run)?;
    let mut watch = |index: usize, sample: &Sample| {
        let state = [sample.theta.as_slice(), &sample.u].concat();
        let index = index as u64;
        observer.observe(Observation { index, time: sample.t, state: &state, theta: &sample.theta })
    };
    let horizon = routes::Horizon { from: run.from, until: run.until, grid: &grid };
    let ended = match run.settings.integrator {
        Integrator::TimeStepping | Integrator::EulerLimit => {
            vec![routes::fixed_step(objective, law, &start, horizon, run, &mut watch)?]
        }
        Integrator::Smoothed => {
            let tape = continuous_tape(objective)?;
            vec![routes::smoothed(objective, tape, law, &start, horizon, run, &mut watch)?]
        }
        _ => events(objective, run, law, &start, &grid, options, &mut watch, all)?,
    };
    Ok(ended.into_iter().map(|ended| finish(objective, run.dynamics, law, ended)).collect())
}

/// From event to event, along one or all solutions.
#[allow(clippy::too_many_arguments)] // what a run consists of
fn events(
    objective: &dyn Objective,
    run: &Run,
    law: Law,
    start: &[f64],
    grid: &[f64],
    options: &Options,
    watch: &mut dyn FnMut(usize, &Sample) -> Flow,
    all: bool,
) -> Result<Vec<Ended>, DinError> {
    let (pieces, surfaces) = pieces(objective)?;
    let state = [start, &[0.0, 0.0]].concat();
    let mut walk = Walk::new(objective, law, pieces, surfaces, run.from, state, grid);
    let first = walk.begin();
    let mut pending = vec![(walk, first)];
    let mut solutions = Vec::new();
    while let Some((mut walk, mut next)) = pending.pop() {
        let status = loop {
            match next {
                Next::End(status) => break status,
                Next::Go => {}
                Next::Branch(several) => {
                    let first = walk.nearest(&several);
                    if all && solutions.len() + pending.len() + several.len() > options.max_solutions {
                        return Err(DinError::TooManyBranches { cap: options.max_solutions, t: walk.t });
                    }
                    // The last one pushed is followed first.
                    for other in (0..several.len()).rev().filter(|&i| all && i != first) {
                        let mut copy = walk.clone();
                        copy.take(&several, other);
                        pending.push((copy, Next::Go));
                    }
                    walk.take(&several, first);
                }
            }
            next = walk.step(run.until, &run.settings, options, watch)?;
        };
        solutions.push(walk.end(status));
    }
    Ok(solutions)
}

/// (θ, u) or θ at the start.
fn start_state(objective: &dyn Objective, run: &Run) -> Result<Vec<f64>, DinError> {
    // In the variables of DIN, whatever those of the dynamics: ψ is a function of them.
    let dynamics = match run.dynamics {
        Dynamics::DinPsi { alpha, beta } => Dynamics::Din { alpha, beta },
        other => other,
    };
    initial_state(dynamics, objective, &run.theta, &run.start, run.from)
}

fn refusal(objective: &dyn Objective, reason: String) -> DinError {
    DinError::NoPieces { objective: objective.name().into(), reason }
}

fn surface_name(tape: &Tape, index: usize) -> String {
    let kink = &tape.kinks()[index];
    let name = match kink.kind {
        KinkKind::Abs => "abs",
        KinkKind::Relu => "relu",
        KinkKind::Max => "max",
        KinkKind::Min => "min",
        KinkKind::Sign => "sign",
    };
    let place = kink.column.map_or(String::new(), |column| format!(" (column {column})"));
    format!("{name}#{}{place}", index + 1)
}

/// The formula of an objective, which must not jump.
fn continuous_tape(objective: &dyn Objective) -> Result<&Tape, DinError> {
    let tape = objective.tape().ok_or_else(|| refusal(objective, "its formula is not known".into()))?;
    match tape.kinks().iter().position(|kink| kink.kind == KinkKind::Sign) {
        None => Ok(tape),
        Some(index) => {
            let surface = surface_name(tape, index);
            Err(refusal(objective, format!("J itself jumps at {surface}; expected a continuous J")))
        }
    }
}

/// The smooth pieces of an objective and the names of its surfaces. An objective that is continuously differentiable
/// as a whole has none, whatever its formula is made of.
fn pieces(objective: &dyn Objective) -> Result<(Pieces<'_>, Vec<String>), DinError> {
    let tape = continuous_tape(objective)?;
    if objective.facts().regularity != Regularity::Lipschitz {
        return Ok((Pieces::smooth(tape), Vec::new()));
    }
    if tape.has_norm() {
        let reason = "a Euclidean norm is not differentiable at a point, which is no surface";
        return Err(refusal(objective, reason.into()));
    }
    let names = (0..tape.kinks().len()).map(|index| surface_name(tape, index)).collect();
    Ok((Pieces::new(tape), names))
}

/// A run that has ended, before its columns are made.
struct Ended {
    samples: Vec<Sample>,
    last: Sample,
    report: KinkReport,
    work: Work,
    integrator: Integrator,
    reason: String,
    status: Status,
}

fn finish(objective: &dyn Objective, dynamics: Dynamics, law: Law, ended: Ended) -> Solution {
    let Ended { samples, last, report, work, integrator, reason, status } = ended;
    let mut table = empty_table();
    (table.status, table.work) = (status, work);
    table.last = measure(objective, dynamics, law, &last);
    for sample in &samples {
        let row = measure(objective, dynamics, law, sample);
        table.time.push(sample.t);
        table.theta.push(row.theta);
        table.psi.extend(row.psi);
        table.value.push(row.value);
        table.gradient_norm.push(row.gradient_norm);
        table.energy.extend(row.energy);
    }
    Solution { trajectory: table, samples, last, report, integrator, reason }
}

/// The columns of a trajectory.
fn measure(objective: &dyn Objective, dynamics: Dynamics, law: Law, sample: &Sample) -> Final {
    let value = objective.oracle().value(&sample.theta);
    let (alpha, beta, size) = (law.alpha, law.beta, dinlab_numeric::norm(&sample.u));
    let is_din = dynamics.is_din();
    Final {
        psi: (is_din && beta > 0.0).then(|| start::psi(alpha, beta, &sample.theta, &sample.u)),
        value,
        gradient_norm: dinlab_numeric::norm(&sample.selection),
        energy: is_din.then_some(2.0 * (1.0 + alpha * beta) * value + size * size),
        theta: sample.theta.clone(),
        t: Some(sample.t),
        k: None,
    }
}
