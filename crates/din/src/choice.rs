//! Which method runs, and when `auto` changes it.

use crate::{
    integrator::{Integrator, Settings},
    method::{dop853::Dop853, dopri5::Dopri5, radau::Radau, Cost, Method, Storage, Tolerance},
    system::System,
};

/// Relative tolerances up to this are for the method of order 8, among the explicit ones.
const TIGHT: f64 = 1e-10;
/// With Jacobians by blocks, up to so many unknowns, the implicit method of variable order is the faster one on stiff and
/// on other problems from this tolerance on (docs/benchmarks.md).
const IMPLICIT: f64 = 1e-9;
const FEW: usize = 20;
/// Above this dimension factorising Jacobians costs more than small steps.
const LARGEST_IMPLICIT: usize = 400;
/// |h|·(eigenvalue estimate) from which on an explicit step counts as stiff: well before stability limits it.
const STIFFNESS: f64 = 1.0;
/// Steps that must look stiff, without [`CLEARED`] in a row that do not, before the method changes (Hairer, Wanner,
/// Solving Ordinary Differential Equations II, 2nd ed., IV.2); twice as many after each change that was taken back.
const STIFF: u32 = 15;
const CLEARED: u32 = 6;
/// Steps of the implicit method after which it must have been cheaper, or the change is taken back.
const TRIAL: u32 = 20;

/// The native methods; with arrays for DIN in one and two variables.
pub(crate) fn method(integrator: Integrator, n: usize, tolerance: Tolerance) -> Box<dyn Method> {
    match n {
        2 => with_storage::<[f64; 2]>(integrator, n, tolerance),
        4 => with_storage::<[f64; 4]>(integrator, n, tolerance),
        _ => with_storage::<Vec<f64>>(integrator, n, tolerance),
    }
}

fn with_storage<V: Storage + 'static>(
    integrator: Integrator,
    n: usize,
    tolerance: Tolerance,
) -> Box<dyn Method> {
    match integrator {
        Integrator::Radau => Box::new(Radau::<V>::variable(n, tolerance.rtol)),
        Integrator::Radau5 => Box::new(Radau::<V>::new(n, 3)),
        Integrator::Radau9 => Box::new(Radau::<V>::new(n, 5)),
        Integrator::Radau13 => Box::new(Radau::<V>::new(n, 7)),
        Integrator::Radau17 => Box::new(Radau::<V>::new(n, 9)),
        Integrator::Dop853 => Box::new(Dop853::<V>::new(n)),
        _ => Box::new(Dopri5::<V>::new(n)),
    }
}

/// The choice and its state.
pub(crate) struct Choice {
    /// The method in use.
    pub integrator: Integrator,
    /// Why.
    pub reason: String,
    explicit: Integrator,
    /// Whether the method may be changed.
    open: bool,
    stiff: u32,
    clear: u32,
    /// Stiff steps after which the implicit method is tried.
    patience: u32,
    trial: Option<Trial>,
    /// Evaluations that a Jacobian with its matrices is worth: about three for each unknown.
    jacobian: f64,
}

/// The implicit method on trial.
struct Trial {
    since: f64,
    steps: u32,
    /// Evaluations of the explicit method per unit of time before.
    before: f64,
}

impl Choice {
    pub(crate) fn new(settings: &Settings, system: &mut dyn System, t: f64, y: &[f64]) -> Self {
        let auto = settings.integrator == Integrator::Auto;
        let few = auto && system.is_smooth() && y.len() <= FEW;
        let implicit_at_once =
            few && settings.rtol <= IMPLICIT && system.blocks(t, y, &mut Vec::new()).is_some();
        let (integrator, mut reason) = if !auto {
            (settings.integrator, "as requested".to_owned())
        } else if implicit_at_once {
            (Integrator::Radau, format!("auto: smooth, {} unknowns, rtol {:e}", y.len(), settings.rtol))
        } else if settings.rtol <= TIGHT {
            (Integrator::Dop853, format!("auto: rtol {:e} is at most {TIGHT:e}", settings.rtol))
        } else {
            (Integrator::Dopri5, format!("auto: rtol {:e} is above {TIGHT:e}", settings.rtol))
        };
        let implicit = system.is_smooth() && system.dimension() <= LARGEST_IMPLICIT;
        if auto && !system.is_smooth() {
            reason += "; no implicit method, as the right-hand side has kinks";
        } else if auto && !implicit {
            reason += &format!("; no implicit method above {LARGEST_IMPLICIT} unknowns");
        }
        Self {
            integrator,
            reason,
            explicit: integrator,
            open: auto && implicit && !implicit_at_once,
            stiff: 0,
            clear: 0,
            patience: STIFF,
            trial: None,
            jacobian: 3.0 * system.dimension() as f64,
        }
    }

    /// After an accepted step to t, the next being h: the method to change to, if any. `stiffness` is
    /// |h|·(eigenvalue estimate), `cost` what the method has cost since it was taken.
    pub(crate) fn review(
        &mut self,
        t: f64,
        h: f64,
        stiffness: Option<f64>,
        cost: Cost,
    ) -> Option<Integrator> {
        if !self.open {
            return None;
        }
        if let Some(trial) = &mut self.trial {
            trial.steps += 1;
            if trial.steps < TRIAL {
                return None;
            }
            let work = cost.evaluations as f64 + self.jacobian * cost.jacobians as f64;
            if work <= trial.before * (t - trial.since).abs() {
                self.open = false;
                return None;
            }
            self.trial = None;
            self.patience *= 2;
            self.integrator = self.explicit;
            self.reason += &format!("; back to {} at t = {t:.6}: radau was not cheaper", self.explicit);
            return Some(self.explicit);
        }
        if stiffness.is_some_and(|s| s > STIFFNESS) {
            (self.stiff, self.clear) = (self.stiff + 1, 0);
        } else {
            self.clear += 1;
            if self.clear >= CLEARED {
                self.stiff = 0;
            }
        }
        if self.stiff < self.patience {
            return None;
        }
        self.stiff = 0;
        let stages = if self.explicit == Integrator::Dop853 { 12.0 } else { 6.0 };
        self.trial = Some(Trial { since: t, steps: 0, before: stages / h.abs() });
        self.integrator = Integrator::Radau;
        self.reason += &format!("; stiffness detected by t = {t:.6}, from there radau");
        Some(Integrator::Radau)
    }
}
