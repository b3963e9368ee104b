//! Runs as checks need them: a run that ends otherwise than asked for is refused, never measured.

use dinlab_din::{
    inclusion::{solve, Options, Solution},
    integrate, Settings, System,
};
use dinlab_objective::Objective;
use dinlab_record::{observe::Blind, Status, Trajectory};

use crate::error::CheckError;

/// A continuous-time run that must reach its horizon.
pub fn flow(objective: &dyn Objective, run: &dinlab_din::Run) -> Result<Trajectory, CheckError> {
    complete(dinlab_din::simulate(objective, run)?, &format!("{:?} on {}", run.dynamics, objective.name()))
}

/// The solution of the differential inclusion, which must reach its horizon.
pub fn inclusion(objective: &dyn Objective, run: &dinlab_din::Run) -> Result<Solution, CheckError> {
    let solution = solve(objective, run, &Options::default(), &mut Blind)?;
    require(&solution.trajectory.status, &format!("{:?} on {}", run.dynamics, objective.name()))?;
    Ok(solution)
}

/// A discrete-time run that must reach its last step.
pub fn iterates(objective: &dyn Objective, run: &dinlab_indian::Run) -> Result<Trajectory, CheckError> {
    complete(dinlab_indian::iterate(objective, run)?, &format!("{:?} on {}", run.method, objective.name()))
}

fn complete(trajectory: Trajectory, what: &str) -> Result<Trajectory, CheckError> {
    require(&trajectory.status, what)?;
    Ok(trajectory)
}

/// Refuses a status other than `reached-end`.
pub fn require(status: &Status, what: &str) -> Result<(), CheckError> {
    match status {
        Status::ReachedEnd => Ok(()),
        Status::Interrupted => Err(CheckError::Interrupted),
        other => Err(CheckError::UnexpectedStatus {
            what: what.into(),
            status: other.clone(),
            expected: "reached-end",
        }),
    }
}

/// Time and state from which a run with relative tolerances alone can start: where a component of `start` is exactly 0,
/// no step has an error small relative to it, so the first `lapse` after `from` is run with an absolute tolerance.
pub fn off_zero(
    system: &mut dyn System,
    start: &[f64],
    [from, lapse]: [f64; 2],
    settings: &Settings,
) -> Result<(f64, Vec<f64>), CheckError> {
    if start.iter().all(|x| *x != 0.0) {
        return Ok((from, start.to_vec()));
    }
    let atol = 1e-16 * dinlab_numeric::norm_inf(start);
    let settings = Settings { atol: if atol > 0.0 { atol } else { settings.atol }, ..settings.clone() };
    let until = from + lapse;
    let mut ignore = |_: f64, _: &[f64]| dinlab_record::Flow::Continue;
    let outcome = integrate(system, start, from, until, &[], &mut [], &settings, &mut ignore)?;
    require(&outcome.status, "the first steps from a state with a component 0")?;
    Ok((until, outcome.state))
}

/// Integrands of an [`Augmented`] system: time, state and its derivative to the values of the integrands.
pub type Integrands<'a> = Box<dyn FnMut(f64, &[f64], &[f64], &mut [f64]) + 'a>;

/// A system with integrals along its orbits appended to its state, so that the integrator's error control and
/// order cover them as well.
pub struct Augmented<'a> {
    inner: Box<dyn System + 'a>,
    integrands: Integrands<'a>,
    count: usize,
}

impl<'a> Augmented<'a> {
    /// Appends `count` integrals to `inner`; they start at whatever the initial state says.
    pub fn new(inner: Box<dyn System + 'a>, count: usize, integrands: Integrands<'a>) -> Self {
        Self { inner, integrands, count }
    }
}

impl System for Augmented<'_> {
    fn dimension(&self) -> usize {
        self.inner.dimension() + self.count
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.inner.dimension();
        let (derivative, integrals) = dy.split_at_mut(n);
        self.inner.rhs(t, &y[..n], derivative);
        (self.integrands)(t, &y[..n], derivative, integrals);
    }
}
