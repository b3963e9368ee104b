//! INDIAN as an argmin solver.

use argmin::core::{CostFunction, Error, Gradient, IterState, Problem, Solver, State, TerminationReason, KV};
use dinlab_indian::{indian_step, IndianError, Method, Schedule};
use dinlab_numeric::all_finite;
use dinlab_objective::{start::psi, Start};
use serde::{Deserialize, Serialize};

use crate::{coordinates::Coordinates, error::ArgminError};

/// INDIAN for argmin's `Executor`. The second variable lives in the solver, so that a checkpoint of the solver
/// and the state is a complete restart.
///
/// The problem needs cost (for best point and target cost; one evaluation per iteration) and gradient. The
/// iterates are those of `dinlab_indian::iterate`, bit for bit. A step to a point that is not finite is not
/// taken: the run ends with `SolverExit` and the state keeps the last finite point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Indian {
    alpha: f64,
    beta: f64,
    schedule: Schedule,
    u: Vec<f64>,
    /// Only `init` reads it, which does not run after a restart from a checkpoint.
    #[serde(skip)]
    start: Start,
}

impl Indian {
    /// INDIAN with viscous damping `alpha` ≥ 0, Newtonian damping `beta` ≥ 0 and a constant step size > 0, from
    /// rest.
    pub fn new(alpha: f64, beta: f64, step_size: f64) -> Result<Self, ArgminError> {
        Method::Indian { alpha, beta }.validate()?;
        Self { alpha, beta, schedule: Schedule::Constant(step_size), u: Vec::new(), start: Start::Rest }
            .with_schedule(Schedule::Constant(step_size))
    }

    /// With other step sizes. A list must cover the run: past its end the solver exits.
    pub fn with_schedule(mut self, schedule: Schedule) -> Result<Self, ArgminError> {
        schedule.validate(1)?;
        self.schedule = schedule;
        Ok(self)
    }

    /// With another initial state than rest.
    pub fn with_start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// u = (1/β − α)θ − ψ/β, length n; empty before the run.
    pub fn auxiliary(&self) -> &[f64] {
        &self.u
    }

    /// ψ belonging to the point θ of the current state; `None` for β = 0, for which there is no ψ, and for a
    /// θ of another length than the solver's.
    pub fn psi(&self, theta: &[f64]) -> Option<Vec<f64>> {
        (self.beta > 0.0 && theta.len() == self.u.len()).then(|| psi(self.alpha, self.beta, theta, &self.u))
    }

    fn step_size(&self, k: u64) -> Option<f64> {
        match &self.schedule {
            Schedule::List(list) if k >= list.len() as u64 => None,
            schedule => Some(schedule.at(k)),
        }
    }
}

/// State of the executor for INDIAN on vectors of type `P`.
type IndianState<P> = IterState<P, P, (), (), (), f64>;

impl<O, P> Solver<O, IndianState<P>> for Indian
where
    O: CostFunction<Param = P, Output = f64> + Gradient<Param = P, Gradient = P>,
    P: Coordinates,
{
    fn name(&self) -> &str {
        "INDIAN"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        state: IndianState<P>,
    ) -> Result<(IndianState<P>, Option<KV>), Error> {
        let theta = state.get_param().ok_or(ArgminError::NoStart)?;
        if !all_finite(theta.coordinates()) {
            return Err(ArgminError::NonFinite { what: "the start" }.into());
        }
        let cost = problem.cost(theta)?;
        let v = match self.start {
            Start::Speed(_) | Start::Velocity(_) => problem.gradient(theta)?.coordinates().to_vec(),
            _ => vec![0.0; theta.coordinates().len()],
        };
        self.u = self
            .start
            .auxiliary(self.alpha, self.beta, theta.coordinates(), &v)
            .map_err(|error| ArgminError::from(IndianError::from(error)))?;
        Ok((state.cost(cost), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: IndianState<P>,
    ) -> Result<(IndianState<P>, Option<KV>), Error> {
        let k = state.get_iter();
        let exit = |state: IndianState<P>, why: String| {
            (state.terminate_with(TerminationReason::SolverExit(why)), None)
        };
        let Some(step_size) = self.step_size(k) else {
            return Ok(exit(state, format!("no step size left at iteration {k}")));
        };
        let old = state.take_param().ok_or(ArgminError::NoStart)?;
        let v = problem.gradient(&old)?;
        let (mut theta, mut u) = (old.clone(), self.u.clone());
        indian_step(self.alpha, self.beta, step_size, theta.coordinates_mut(), &mut u, v.coordinates());
        if !(all_finite(theta.coordinates()) && all_finite(&u)) {
            return Ok(exit(state.param(old), format!("non-finite at iteration {}", k + 1)));
        }
        self.u = u;
        let cost = problem.cost(&theta)?;
        Ok((state.param(theta).gradient(v).cost(cost), None))
    }
}
