//! argmin's solvers as plain functions.

use argmin::{
    core::{
        CostFunction, Error, Executor, Gradient, Hessian, IterState, Problem as Counted, Solver, State,
        TerminationReason, KV,
    },
    solver::{brent::BrentRoot, neldermead::NelderMead, newton::Newton},
};
use dinlab_numeric::{all_finite, distance, max, norm};
use dinlab_objective::Objective;
use nalgebra::{DMatrix, DVector};

use crate::{error::ArgminError, problem::Problem};

/// A function of several variables. argmin's Nelder–Mead cannot order NaN, so NaN counts as +∞.
struct Function<'a>(&'a dyn Fn(&[f64]) -> f64);

impl CostFunction for Function<'_> {
    type Param = DVector<f64>;
    type Output = f64;

    fn cost(&self, x: &DVector<f64>) -> Result<f64, Error> {
        let value = (self.0)(x.as_slice());
        Ok(if value.is_nan() { f64::INFINITY } else { value })
    }
}

/// What [`nelder_mead`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// Best point.
    pub point: Vec<f64>,
    /// Value there.
    pub value: f64,
    /// Iterations used.
    pub iterations: u64,
    /// Whether the spread of the values over the simplex fell below the tolerance, in a run started afresh from
    /// the point found before as well.
    pub converged: bool,
}

/// Minimises `f` by the Nelder–Mead simplex method. Where `f` is NaN it counts as +∞, so that constraints can be
/// expressed that way.
///
/// A simplex ends when the standard deviation of its values is below `tolerance`, which a degenerate simplex can
/// fake; the search is therefore started afresh around the point found until that gains no more than
/// `tolerance`. Reaching `max_iterations` is not an error: see [`Minimum::converged`].
pub fn nelder_mead(
    f: impl Fn(&[f64]) -> f64,
    start: &[f64],
    tolerance: f64,
    max_iterations: u64,
) -> Result<Minimum, ArgminError> {
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(ArgminError::Tolerance { value: tolerance });
    }
    if start.is_empty() {
        return Err(ArgminError::Dimension { expected: 1, found: 0 });
    }
    if !all_finite(start) {
        return Err(ArgminError::NonFinite { what: "the start" });
    }
    let first = f(start);
    let mut best = Minimum {
        point: start.to_vec(),
        value: if first.is_nan() { f64::INFINITY } else { first },
        iterations: 0,
        converged: false,
    };
    while !best.converged && best.iterations < max_iterations {
        let solver = NelderMead::new(simplex(&best.point)).with_sd_tolerance(tolerance)?;
        let left = max_iterations - best.iterations;
        let state = Executor::new(Function(&f), solver)
            .configure(|state| state.max_iters(left))
            .ctrlc(false)
            .timer(false)
            .run()?
            .state;
        let gain = best.value - state.get_best_cost();
        let settled = matches!(state.get_termination_reason(), Some(TerminationReason::SolverConverged));
        // A run that converged before its first iteration still counts as one, so that the loop ends.
        best.iterations += state.get_iter().max(1);
        if let Some(point) = state.get_best_param().filter(|_| gain > 0.0) {
            best.point = point.as_slice().to_vec();
            best.value = state.get_best_cost();
        }
        best.converged = settled && gain <= tolerance;
    }
    match best.value.is_finite() {
        true => Ok(best),
        false => Err(ArgminError::NonFinite { what: "the smallest function value found" }),
    }
}

/// The point and one neighbour along each axis, 5% away and at least 0.00025, the usual proportions.
fn simplex(point: &[f64]) -> Vec<DVector<f64>> {
    let centre = DVector::from_column_slice(point);
    let mut vertices = vec![centre.clone()];
    for i in 0..point.len() {
        let mut vertex = centre.clone();
        vertex[i] += max(0.05 * point[i].abs(), 0.000_25);
        vertices.push(vertex);
    }
    vertices
}

/// A function of one variable.
struct Scalar<F>(F);

impl<F: Fn(f64) -> f64> CostFunction for Scalar<F> {
    type Param = f64;
    type Output = f64;

    fn cost(&self, x: &f64) -> Result<f64, Error> {
        Ok((self.0)(*x))
    }
}

const ROOT_ITERATIONS: u64 = 500;

/// A root of `f` between `a` and `b` (where `f` must have different signs) by Brent's method, to within
/// `tolerance` (absolute) plus rounding.
pub fn brent_root(f: impl Fn(f64) -> f64, a: f64, b: f64, tolerance: f64) -> Result<f64, ArgminError> {
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(ArgminError::Tolerance { value: tolerance });
    }
    if !(a.is_finite() && b.is_finite()) {
        return Err(ArgminError::NonFinite { what: "an end of the interval" });
    }
    // argmin tests the sign of the product f(a)·f(b), which underflows and passes NaN.
    let (f_a, f_b) = (f(a), f(b));
    if f_a.is_nan() || f_b.is_nan() {
        return Err(ArgminError::NonFinite { what: "the function at an end of the interval" });
    }
    if f_a == 0.0 {
        return Ok(a);
    }
    if f_b == 0.0 {
        return Ok(b);
    }
    if (f_a > 0.0) == (f_b > 0.0) {
        return Err(ArgminError::NoSignChange { a, b, f_a, f_b });
    }
    let state = Executor::new(Scalar(f), BrentRoot::new(a, b, tolerance))
        .configure(|state| state.max_iters(ROOT_ITERATIONS))
        .ctrlc(false)
        .timer(false)
        .run()?
        .state;
    match (state.get_termination_reason(), state.get_param()) {
        _ if state.get_cost().is_nan() => Err(ArgminError::NonFinite { what: "the function" }),
        (Some(TerminationReason::SolverConverged), Some(&root)) => Ok(root),
        _ => Err(ArgminError::NotConverged { iterations: state.get_iter() }),
    }
}

/// argmin's Newton method, which never ends by itself, with a stopping rule: the gradient is zero, or the step is
/// of the size of rounding.
struct Settling(Newton<f64>);

type NewtonState = IterState<DVector<f64>, DVector<f64>, (), DMatrix<f64>, (), f64>;

impl<O> Solver<O, NewtonState> for Settling
where
    O: Gradient<Param = DVector<f64>, Gradient = DVector<f64>>
        + Hessian<Param = DVector<f64>, Hessian = DMatrix<f64>>,
{
    fn name(&self) -> &str {
        "Newton method with stopping rule"
    }

    fn next_iter(
        &mut self,
        problem: &mut Counted<O>,
        state: NewtonState,
    ) -> Result<(NewtonState, Option<KV>), Error> {
        let old = state.get_param().ok_or(ArgminError::NoStart)?.clone();
        // A singular Hessian is no obstacle at a critical point.
        if norm(problem.gradient(&old)?.as_slice()) == 0.0 {
            return Ok((state.terminate_with(TerminationReason::SolverConverged), None));
        }
        let (state, kv) = self.0.next_iter(problem, state)?;
        let new = state.get_param().ok_or(ArgminError::NoStart)?;
        if !all_finite(new.as_slice()) {
            return Err(ArgminError::NonFinite { what: "an iterate of Newton's method" }.into());
        }
        let settled =
            distance(new.as_slice(), old.as_slice()) <= 4.0 * f64::EPSILON * (1.0 + norm(new.as_slice()));
        Ok((if settled { state.terminate_with(TerminationReason::SolverConverged) } else { state }, kv))
    }
}

const NEWTON_ITERATIONS: u64 = 200;

/// The critical point (of any type) of a twice differentiable objective to which Newton's method leads from
/// `start` (length n).
pub fn newton_critical_point(objective: &dyn Objective, start: &[f64]) -> Result<Vec<f64>, ArgminError> {
    if start.len() != objective.dimension() {
        return Err(ArgminError::Dimension { expected: objective.dimension(), found: start.len() });
    }
    if !all_finite(start) {
        return Err(ArgminError::NonFinite { what: "the start" });
    }
    let run = Executor::new(Problem::new(objective), Settling(Newton::new()))
        .configure(|state| state.param(DVector::from_column_slice(start)).max_iters(NEWTON_ITERATIONS))
        .ctrlc(false)
        .timer(false)
        .run();
    // Errors of this crate have passed through argmin's type: unwrap them again.
    let state = run.map_err(|e| e.downcast::<ArgminError>().unwrap_or_else(ArgminError::Solver))?.state;
    match (state.get_termination_reason(), state.get_param()) {
        (Some(TerminationReason::SolverConverged), Some(point)) => Ok(point.as_slice().to_vec()),
        _ => Err(ArgminError::NotConverged { iterations: state.get_iter() }),
    }
}
