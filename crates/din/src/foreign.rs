//! The integrators of the crate ode_solvers as a second opinion.
//!
//! Only its sparse output mode is used: in dense mode version 0.6 extrapolates the last sample. Samples are therefore
//! made by stopping at each of them, which costs steps; there are no events.
//!
//! Its 8(5,3) method evaluates stage 12 at the time t instead of t + h (node 0 in its table), which spoils the order
//! for right-hand sides that depend on time. Time is therefore carried as one more unknown, t′ = 1.

use std::{cell::RefCell, rc::Rc};

use dinlab_numeric::{all_finite, norm_inf};
use dinlab_record::{Flow, Status, Work};
use nalgebra::DVector;
use ode_solvers::{
    dop_shared::{IntegrationError, OutputType},
    Dop853, Dopri5,
};

use crate::{integrator::Integrator, integrator::Settings, method::Tolerance, system::System};

/// What the right-hand side tells the loop around the solver.
#[derive(Debug, Clone, Copy, Default)]
struct Notes {
    evaluations: u64,
    non_finite: bool,
    diverged: bool,
    exhausted: bool,
}

struct Wrapped<'a> {
    system: Rc<RefCell<&'a mut dyn System>>,
    notes: Rc<RefCell<Notes>>,
    bound: f64,
    budget: u64,
}

impl ode_solvers::System<f64, DVector<f64>> for Wrapped<'_> {
    fn system(&self, _: f64, y: &DVector<f64>, dy: &mut DVector<f64>) {
        let n = y.len() - 1;
        self.system.borrow_mut().rhs(y[n], &y.as_slice()[..n], &mut dy.as_mut_slice()[..n]);
        dy[n] = 1.0;
        let mut notes = self.notes.borrow_mut();
        notes.evaluations += 1;
        notes.non_finite = !all_finite(dy.as_slice());
    }
    fn solout(&mut self, _: f64, y: &DVector<f64>, _: &DVector<f64>) -> bool {
        let mut notes = self.notes.borrow_mut();
        notes.diverged = norm_inf(&y.as_slice()[..y.len() - 1]) > self.bound;
        notes.exhausted = notes.evaluations >= self.budget;
        notes.diverged || notes.exhausted
    }
}

/// Where a run stands.
pub(crate) struct Place {
    pub t: f64,
    pub state: Vec<f64>,
    pub work: Work,
}

/// Runs from (t, y) to `until`, showing the samples of `grid` to the observer.
pub(crate) fn run(
    system: &mut dyn System,
    start: &[f64],
    interval: [f64; 2],
    grid: &[f64],
    settings: &Settings,
    tolerance: Tolerance,
    observer: &mut dyn FnMut(f64, &[f64]) -> Flow,
) -> (Status, Place) {
    let [from, until] = interval;
    let mut place = Place { t: from, state: start.to_vec(), work: Work::default() };
    let system = Rc::new(RefCell::new(system));
    let stops = grid.iter().copied().map(|t| (t, true)).chain([(until, false)]);
    for (t, is_sample) in stops {
        if t != place.t {
            if let Some(status) = leg(&system, &mut place, t, settings, tolerance) {
                return (status, place);
            }
        }
        if is_sample && observer(t, &place.state) == Flow::Stop {
            return (Status::Interrupted, place);
        }
    }
    (Status::ReachedEnd, place)
}

/// One uninterrupted call of the solver; a status if the run ends in it.
fn leg(
    system: &Rc<RefCell<&mut dyn System>>,
    place: &mut Place,
    until: f64,
    settings: &Settings,
    tolerance: Tolerance,
) -> Option<Status> {
    if norm_inf(&place.state) > settings.divergence_bound {
        return Some(Status::Diverged { at: place.t });
    }
    let notes = Rc::new(RefCell::new(Notes::default()));
    let left = settings.max_evaluations.saturating_sub(place.work.evaluations);
    if left == 0 {
        return Some(Status::BudgetExhausted);
    }
    let wrapped = Wrapped {
        system: Rc::clone(system),
        notes: Rc::clone(&notes),
        bound: settings.divergence_bound,
        budget: left,
    };
    let from = place.t;
    let y = DVector::from_iterator(place.state.len() + 1, place.state.iter().copied().chain([from]));
    let Tolerance { rtol, atol } = tolerance;
    let longest = dinlab_numeric::min((until - from).abs(), settings.max_step);
    let first = settings.first_step.map_or(0.0, |h| dinlab_numeric::min(h, longest).copysign(until - from));
    let steps = u32::try_from(left).unwrap_or(u32::MAX);
    // Largest n_stiff: its stiffness test would end the run.
    let never = u32::MAX;
    let sparse = OutputType::Sparse;
    let (result, end) = if settings.integrator == Integrator::OdeSolversDop853 {
        let mut solver = Dop853::from_param(
            wrapped, from, until, 0.0, y, rtol, atol, 0.9, 0.0, 0.333, 6.0, longest, first, steps, never,
            sparse,
        );
        let result = solver.integrate();
        (result, last(solver.x_out(), solver.y_out()))
    } else {
        let mut solver = Dopri5::from_param(
            wrapped, from, until, 0.0, y, rtol, atol, 0.9, 0.04, 0.2, 10.0, longest, first, steps, never,
            sparse,
        );
        let result = solver.integrate();
        (result, last(solver.x_out(), solver.y_out()))
    };
    let notes = *notes.borrow();
    place.work.evaluations += notes.evaluations;
    if let Some((t, state, accepted)) = end {
        (place.t, place.state) = (t, state);
        place.work.accepted += accepted;
    }
    let at = place.t;
    match result {
        Ok(stats) => {
            place.work.rejected += u64::from(stats.rejected_steps);
            if notes.diverged {
                return Some(Status::Diverged { at });
            }
            if notes.exhausted {
                return Some(Status::BudgetExhausted);
            }
            if !all_finite(&place.state) {
                return Some(Status::NonFinite { at });
            }
            place.t = until;
            None
        }
        Err(IntegrationError::MaxNumStepReached { .. }) => Some(Status::BudgetExhausted),
        Err(_) if notes.non_finite => Some(Status::NonFinite { at }),
        Err(_) => Some(Status::StepUnderflow { at }),
    }
}

fn last(times: &[f64], states: &[DVector<f64>]) -> Option<(f64, Vec<f64>, u64)> {
    let (t, y) = (times.last()?, states.last()?);
    Some((*t, y.as_slice()[..y.len() - 1].to_vec(), times.len() as u64 - 1))
}
