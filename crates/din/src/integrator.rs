//! The integrators by name, and the settings of a run.

use crate::error::{check_that, DinError};

/// An integration method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrator {
    /// Chosen from the problem; the reason is recorded.
    #[default]
    Auto,
    /// Explicit Runge–Kutta 5(4) of Dormand and Prince.
    Dopri5,
    /// Explicit Runge–Kutta 8(5,3) of Dormand and Prince.
    ///
    /// Where steps are limited by stability, not by the tolerance (fast modes that have died out, hλ ≈ 6), the
    /// polynomial between the nodes magnifies what is left of these modes, by 0.9 at hλ = 5 and by 13 at 6.1, and steps
    /// beyond that limit pass as long as a mode is small: samples have been seen off by 5,000 times the tolerance.
    /// `max_step`, or Radau, which `Auto` changes to long before, avoids it.
    Dop853,
    /// Radau IIA of order 5, 9, 13 or 17, chosen by the tolerance and by how the Newton iteration fares.
    Radau,
    /// Implicit Runge–Kutta Radau IIA of order 5, L-stable.
    Radau5,
    /// Radau IIA of order 9, five stages.
    Radau9,
    /// Radau IIA of order 13, seven stages.
    Radau13,
    /// Radau IIA of order 17, nine stages.
    Radau17,
    /// The 5(4) pair as implemented by the crate ode_solvers.
    OdeSolversDopri5,
    /// The 8(5,3) triple as implemented by the crate ode_solvers.
    OdeSolversDop853,
    /// From event to event at the kinks of J, native methods between: [`crate::inclusion`].
    Event,
    /// Implicit Euler: a proximal step of J.
    TimeStepping,
    /// J with smoothed kinks at two widths, extrapolated.
    Smoothed,
    /// Explicit Euler with small steps: INDIAN itself.
    EulerLimit,
}

/// One line of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegratorEntry {
    /// The method.
    pub integrator: Integrator,
    /// Name on the command line.
    pub name: &'static str,
    /// Order of the method; 0 where it is chosen.
    pub order: u32,
    /// One line for `dinlab list integrators`.
    pub summary: &'static str,
    /// Where the method comes from.
    pub source: &'static str,
}

const HNW: &str = "Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I, 2nd ed., 1993";
const RADAU: &str = "Hairer, Wanner, J. Comput. Appl. Math. 111, 1999";

/// All integrators in the order of `dinlab list integrators`.
pub const INTEGRATORS: &[IntegratorEntry] = &[
    IntegratorEntry {
        integrator: Integrator::Auto,
        name: "auto",
        order: 0,
        summary: "radau for few unknowns and tolerances of 1e-9 and below; else dopri5 or dop853, and radau where stiff",
        source: "stiffness test: Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., IV.2",
    },
    IntegratorEntry {
        integrator: Integrator::Dopri5,
        name: "dopri5",
        order: 5,
        summary: "explicit Runge-Kutta 5(4), dense output of order 4",
        source: HNW,
    },
    IntegratorEntry {
        integrator: Integrator::Dop853,
        name: "dop853",
        order: 8,
        summary: "explicit Runge-Kutta 8(5,3), dense output of order 7; for tight tolerances",
        source: HNW,
    },
    IntegratorEntry {
        integrator: Integrator::Radau,
        name: "radau",
        order: 0,
        summary: "implicit Radau IIA of order 5, 9, 13 or 17 by tolerance; for large beta L and for tight tolerances",
        source: RADAU,
    },
    IntegratorEntry {
        integrator: Integrator::Radau5,
        name: "radau5",
        order: 5,
        summary: "implicit Radau IIA, three stages, dense output of order 3",
        source: "Hairer, Wanner, Solving Ordinary Differential Equations II, 2nd ed., 1996, IV.8",
    },
    IntegratorEntry {
        integrator: Integrator::Radau9,
        name: "radau9",
        order: 9,
        summary: "implicit Radau IIA, five stages, dense output of order 5",
        source: RADAU,
    },
    IntegratorEntry {
        integrator: Integrator::Radau13,
        name: "radau13",
        order: 13,
        summary: "implicit Radau IIA, seven stages, dense output of order 7",
        source: RADAU,
    },
    IntegratorEntry {
        integrator: Integrator::Radau17,
        name: "radau17",
        order: 17,
        summary: "implicit Radau IIA, nine stages, dense output of order 9; for tight tolerances",
        source: RADAU,
    },
    IntegratorEntry {
        integrator: Integrator::OdeSolversDopri5,
        name: "ode-solvers-dopri5",
        order: 5,
        summary: "the 5(4) pair of the crate ode_solvers, as a second opinion; stops at every sample",
        source: "crate ode_solvers 0.6",
    },
    IntegratorEntry {
        integrator: Integrator::OdeSolversDop853,
        name: "ode-solvers-dop853",
        order: 8,
        summary: "the 8(5,3) triple of the crate ode_solvers, as a second opinion; stops at every sample",
        source: "crate ode_solvers 0.6",
    },
];

/// The integrators for nonsmooth J. They need the objective and not only the right-hand side, so that
/// [`crate::integrate`] refuses them.
pub const INCLUSION_INTEGRATORS: &[IntegratorEntry] = &[
    IntegratorEntry {
        integrator: Integrator::Event,
        name: "event",
        order: 0,
        summary: "for J with kinks: surfaces located as events, Filippov sliding, branches reported",
        source: "Filippov, Differential Equations with Discontinuous Righthand Sides, 1988",
    },
    IntegratorEntry {
        integrator: Integrator::TimeStepping,
        name: "time-stepping",
        order: 1,
        summary: "for J with kinks: implicit Euler by proximal steps of J (--step-size)",
        source: "Moreau, J. Differential Equations 26 (1977)",
    },
    IntegratorEntry {
        integrator: Integrator::Smoothed,
        name: "smoothed",
        order: 0,
        summary:
            "for J with kinks: kinks smoothed over a width (--smoothing) and half of it, extrapolated to 0",
        source: "Moreau, Bull. Soc. Math. France 93 (1965)",
    },
    IntegratorEntry {
        integrator: Integrator::EulerLimit,
        name: "euler-limit",
        order: 1,
        summary: "explicit Euler with small steps (--step-size), for DIN the method INDIAN itself",
        source: "Castera, Bolte, Févotte, Pauwels, JMLR 22(134) (2021)",
    },
];

impl Integrator {
    /// All integrators.
    pub const ALL: &'static [IntegratorEntry] = INTEGRATORS;

    /// The registry entry.
    pub fn entry(self) -> &'static IntegratorEntry {
        every().find(|e| e.integrator == self).expect("the lists are complete, by test")
    }

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

/// The entries of both lists.
fn every() -> impl Iterator<Item = &'static IntegratorEntry> {
    INTEGRATORS.iter().chain(INCLUSION_INTEGRATORS)
}

impl std::fmt::Display for Integrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Integrator {
    type Err = DinError;
    fn from_str(name: &str) -> Result<Self, DinError> {
        every().find(|e| e.name == name).map(|e| e.integrator).ok_or_else(|| DinError::UnknownName {
            kind: "integrator",
            name: name.chars().take(60).collect(),
            known: every().map(|e| e.name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Relative tolerances below this are raised to it: rounding errors of one step are of this size.
pub(crate) const SMALLEST_RTOL: f64 = 10.0 * f64::EPSILON;

/// How to integrate.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Relative tolerance per step, > 0; raised to 10ε if smaller (then the outcome's reason says so).
    pub rtol: f64,
    /// Absolute tolerance per step, > 0.
    pub atol: f64,
    /// Method.
    pub integrator: Integrator,
    /// Budget of right-hand side evaluations, a Jacobian counting for as many as the state has entries;
    /// `budget-exhausted` when it is used up. The default of 5·10⁶ is a
    /// fraction of a second in the plane and far more than a smooth run needs; runs that slide along a kink take
    /// steps of the size of the tolerance and end with it.
    pub max_evaluations: u64,
    /// Largest step, > 0; infinite for no limit.
    pub max_step: f64,
    /// First step, > 0; chosen from the problem if `None`.
    pub first_step: Option<f64>,
    /// Step of `time-stepping` and `euler-limit`, > 0; a fixed fraction of the horizon if `None`.
    pub fixed_step: Option<f64>,
    /// Width of the kinks of `smoothed`, > 0; 1e-4 if `None`.
    pub smoothing: Option<f64>,
    /// The run ends as `diverged` when an entry of the state (also of the start) exceeds this in absolute value.
    pub divergence_bound: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rtol: 1e-9,
            atol: 1e-9,
            integrator: Integrator::Auto,
            max_evaluations: 5_000_000,
            max_step: f64::INFINITY,
            first_step: None,
            fixed_step: None,
            smoothing: None,
            divergence_bound: 1e100,
        }
    }
}

impl Settings {
    /// The default with both tolerances set to `tolerance`.
    pub fn with_tolerance(tolerance: f64) -> Self {
        Self { rtol: tolerance, atol: tolerance, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), DinError> {
        let positive = |v: f64| v > 0.0 && v.is_finite();
        check_that("rtol", self.rtol, "a finite number above 0", positive(self.rtol))?;
        check_that("atol", self.atol, "a finite number above 0", positive(self.atol))?;
        check_that("max_step", self.max_step, "a number above 0", self.max_step > 0.0)?;
        if let Some(h) = self.first_step {
            check_that("first_step", h, "a finite number above 0", positive(h))?;
        }
        for (what, value) in [("step size", self.fixed_step), ("smoothing", self.smoothing)] {
            if let Some(value) = value {
                check_that(what, value, "a finite number above 0", positive(value))?;
            }
        }
        let bound = self.divergence_bound;
        check_that("divergence_bound", bound, "a number above 0", bound > 0.0)
    }
}
