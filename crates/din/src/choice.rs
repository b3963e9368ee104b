//! Which method runs, and when `auto` changes it.

use crate::{
    integrator::{Integrator, Settings},
    method::{dop853::Dop853, dopri5::Dopri5, radau::Radau, Method},
    system::System,
};

/// Relative tolerances up to this are for the method of order 8.
const TIGHT: f64 = 1e-10;
/// Above this dimension factorising Jacobians costs more than small steps.
const LARGEST_IMPLICIT: usize = 400;
/// Steps that must look stiff, without [`CLEARED`] in a row that do not, before the method changes (Hairer, Wanner,
/// Solving Ordinary Differential Equations II, 2nd ed., IV.2).
const STIFF: u32 = 15;
const CLEARED: u32 = 6;
/// Steps of the implicit method after which it must have lengthened the step, or the change is taken back.
const TRIAL: u32 = 40;

/// The native methods; the explicit ones with arrays for DIN in one and two variables.
pub(crate) fn method(integrator: Integrator, n: usize) -> Box<dyn Method> {
    match (integrator, n) {
        (Integrator::Radau5, _) => radau(n, 3),
        (Integrator::Radau9, _) => radau(n, 5),
        (Integrator::Radau13, _) => radau(n, 7),
        (Integrator::Radau17, _) => radau(n, 9),
        (Integrator::Dop853, 2) => Box::new(Dop853::<[f64; 2]>::new(n)),
        (Integrator::Dop853, 4) => Box::new(Dop853::<[f64; 4]>::new(n)),
        (Integrator::Dop853, _) => Box::new(Dop853::<Vec<f64>>::new(n)),
        (_, 2) => Box::new(Dopri5::<[f64; 2]>::new(n)),
        (_, 4) => Box::new(Dopri5::<[f64; 4]>::new(n)),
        _ => Box::new(Dopri5::<Vec<f64>>::new(n)),
    }
}

fn radau(n: usize, stages: usize) -> Box<dyn Method> {
    match n {
        2 => Box::new(Radau::<[f64; 2]>::new(n, stages)),
        4 => Box::new(Radau::<[f64; 4]>::new(n, stages)),
        _ => Box::new(Radau::<Vec<f64>>::new(n, stages)),
    }
}

/// The choice and its state.
pub(crate) struct Choice {
    /// The method in use.
    pub integrator: Integrator,
    /// Why.
    pub reason: String,
    explicit: Integrator,
    /// Whether the method may still be changed.
    open: bool,
    stiff: u32,
    clear: u32,
    /// Implicit steps made and the step size at the change.
    trial: Option<(u32, f64)>,
}

impl Choice {
    pub(crate) fn new(settings: &Settings, system: &dyn System) -> Self {
        let auto = settings.integrator == Integrator::Auto;
        let (integrator, mut reason) = if !auto {
            (settings.integrator, "as requested".to_owned())
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
            open: auto && implicit,
            stiff: 0,
            clear: 0,
            trial: None,
        }
    }

    /// After an accepted step: the method to change to, if any. `stiffness` is |h|·(eigenvalue estimate).
    pub(crate) fn review(&mut self, t: f64, h: f64, stiffness: Option<f64>) -> Option<Integrator> {
        if !self.open {
            return None;
        }
        if let Some((steps, before)) = &mut self.trial {
            *steps += 1;
            if *steps < TRIAL {
                return None;
            }
            self.open = false;
            if h.abs() >= 2.0 * *before {
                return None;
            }
            self.integrator = self.explicit;
            self.reason += &format!("; back to {} at t = {t:.6}: radau5 took no longer steps", self.explicit);
            return Some(self.explicit);
        }
        // Boundary of the stability region on the negative real axis, less a little.
        let boundary = if self.explicit == Integrator::Dop853 { 6.1 } else { 3.25 };
        if stiffness.is_some_and(|s| s > boundary) {
            (self.stiff, self.clear) = (self.stiff + 1, 0);
        } else {
            self.clear += 1;
            if self.clear >= CLEARED {
                self.stiff = 0;
            }
        }
        if self.stiff < STIFF {
            return None;
        }
        self.trial = Some((0, h.abs()));
        self.integrator = Integrator::Radau5;
        self.reason += &format!("; stiffness detected by t = {t:.6}, from there radau5");
        Some(Integrator::Radau5)
    }
}
