//! What is run in every cell: algorithm, objective, start, measurements.

use dinlab_indian::{Schedule, DIVERGENCE_BOUND};
use dinlab_objective::registry::Shared;

use crate::error::SweepError;

/// The numbers that may differ from cell to cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Viscous damping (INDIAN, DIN).
    pub alpha: f64,
    /// Hessian-driven damping (INDIAN, DIN).
    pub beta: f64,
    /// Step size γ₀ (methods; fixed-step integration).
    pub step_size: f64,
    /// Momentum (heavy ball, Nesterov).
    pub momentum: f64,
    /// Decay of the mean (Adam).
    pub beta1: f64,
    /// Decay of the mean square (RMSprop, Adam).
    pub beta2: f64,
    /// Added to square roots (AdaGrad, RMSprop, Adam).
    pub epsilon: f64,
    /// c of the start `speed`.
    pub speed: f64,
    /// θ₀ and the parameters of the objective: one number per variable of the objective.
    pub theta: Vec<f64>,
    /// Velocity, ψ₀ or u₀ as [`Second`] says; one number per variable of the objective.
    pub second: Vec<f64>,
}

impl Setting {
    /// The defaults of the command line, θ₀ = 0, for an objective of `n` variables.
    pub fn new(n: usize) -> Self {
        Self {
            alpha: 0.5,
            beta: 0.1,
            step_size: f64::NAN,
            momentum: 0.9,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            speed: 0.0,
            theta: vec![0.0; n],
            second: vec![0.0; n],
        }
    }

    /// Becomes `other`, of the same objective, without allocating.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        let mut theta = std::mem::take(&mut self.theta);
        let mut second = std::mem::take(&mut self.second);
        theta.clone_from(&other.theta);
        second.clone_from(&other.second);
        *self = Self { theta, second, ..*other };
    }
}

/// Fills in the numbers of a cell. Called from several threads, in any order, and more than once: the numbers may
/// depend on the cell alone. `setting` comes as [`Job::base`].
pub trait Cells: Sync {
    /// The numbers of cell `cell`.
    fn fill(&self, cell: u64, setting: &mut Setting);
}

impl<F: Fn(u64, &mut Setting) + Sync> Cells for F {
    fn fill(&self, cell: u64, setting: &mut Setting) {
        self(cell, setting);
    }
}

/// How the second variable of INDIAN and DIN starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Second {
    /// u₀ = 0.
    #[default]
    Rest,
    /// θ′(0) = −c∇J(θ₀), c = [`Setting::speed`].
    Speed,
    /// θ′(0) = [`Setting::second`].
    Velocity,
    /// ψ₀ = [`Setting::second`]; needs β > 0.
    Psi,
    /// u₀ = [`Setting::second`].
    Auxiliary,
}

/// The algorithm; its parameters are in [`Setting`].
#[derive(Debug, Clone, PartialEq)]
pub enum Algorithm {
    /// A method of `dinlab-indian` by registry name.
    Method {
        /// Registry name.
        name: &'static str,
        /// Iterations.
        steps: u64,
        /// Step sizes relative to [`Setting::step_size`]: a schedule that begins with 1.
        schedule: Schedule,
    },
    /// DIN with Dormand and Prince's pair of order 5.
    Flow {
        /// Integrates from 0 to here.
        until: f64,
        /// Step control.
        steps: FlowSteps,
    },
}

/// How an integration chooses its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FlowSteps {
    /// Steps of [`Setting::step_size`], the last one shortened.
    Fixed,
    /// Local error at most `rtol`·|y| + `atol` in the root mean square.
    Adaptive {
        /// Relative tolerance.
        rtol: f64,
        /// Absolute tolerance.
        atol: f64,
    },
}

/// A closed ball.
#[derive(Debug, Clone, PartialEq)]
pub struct Ball {
    /// Centre, one number per moving variable.
    pub center: Vec<f64>,
    /// Radius.
    pub radius: f64,
}

/// What is measured along a trajectory. Only what is asked for costs anything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    /// J at the end: column `value`.
    pub value: bool,
    /// ‖∇J‖ at the end: column `gradient_norm`.
    pub gradient_norm: bool,
    /// Which of these points the end is within the radius of, counted from 1, 0 for none: column `limit`.
    pub limit: Option<(Vec<Vec<f64>>, f64)>,
    /// First iteration or time in the ball, −1 for never: column `first_in`.
    pub first_in: Option<Ball>,
    /// First iteration or time outside the ball, −1 for never: column `escape`.
    pub escape: Option<Ball>,
    /// r of ‖θ − c‖ ~ e^(−rk) (or e^(−rt)), fitted to the last half of the run or more; NaN where there is nothing to
    /// fit: column `rate`. With an empty c it is fitted to the displacements of θ in place of θ − c.
    pub rate: Option<Vec<f64>>,
    /// Number of times that the displacement of θ turned by more than a right angle, and the length of the path:
    /// columns `turns` and `length`.
    pub oscillation: bool,
    /// Least λ_max(∇²J) seen at every so many-th iterate: column `sharpness_min`.
    pub sharpness: Option<u64>,
    /// The run ends as `converged` when no entry of ∇J, nor of the displacement over γ (the slope of θ for DIN), exceeds
    /// this.
    pub tolerance: Option<f64>,
}

impl Measures {
    /// Whether anything is looked at in every step.
    pub(crate) fn stepwise(&self) -> bool {
        self.first_in.is_some()
            || self.escape.is_some()
            || self.rate.is_some()
            || self.oscillation
            || self.sharpness.is_some()
            || self.tolerance.is_some()
    }
}

/// Everything that all cells share.
#[derive(Clone)]
pub struct Job {
    /// J.
    pub objective: Shared,
    /// Which variables of the objective are parameters: held at their values of [`Setting::theta`].
    pub parameters: Vec<usize>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// How the second variable starts.
    pub second: Second,
    /// What is measured.
    pub measures: Measures,
    /// A run ends as diverged when an entry of its state exceeds this. Without stepwise measurements it is looked for
    /// every 256 steps, and step by step where an entry exceeded 10⁻⁵⁰ of it at an end of these 256; a state that goes from
    /// below that to beyond the bound and back in between is not noticed.
    pub divergence_bound: f64,
    /// Attempted steps after which an adaptive integration ends as `budget-exhausted`.
    pub max_attempts: u64,
    /// The numbers that a cell does not change.
    pub base: Setting,
}

impl Job {
    /// A job without parameters and measurements, from rest.
    pub fn new(objective: Shared, algorithm: Algorithm) -> Self {
        let n = objective.dimension();
        Self {
            objective,
            parameters: Vec::new(),
            algorithm,
            second: Second::Rest,
            measures: Measures::default(),
            divergence_bound: DIVERGENCE_BOUND,
            max_attempts: 10_000_000,
            base: Setting::new(n),
        }
    }

    /// INDIAN with a constant step size.
    pub fn indian(objective: Shared, steps: u64) -> Self {
        Self::new(objective, Algorithm::Method { name: "indian", steps, schedule: Schedule::Constant(1.0) })
    }

    /// Variables of the objective that move, in order.
    pub fn moving(&self) -> Vec<usize> {
        (0..self.objective.dimension()).filter(|i| !self.parameters.contains(i)).collect()
    }

    /// Names of the numbers of a row, in order: `status` (code of [`Ending`]), `at` (iteration or time of the end),
    /// `theta_i` for each moving variable, then the measurements.
    pub fn columns(&self) -> Vec<String> {
        let m = &self.measures;
        let mut names = vec!["status".to_owned(), "at".to_owned()];
        names.extend(self.moving().iter().map(|i| format!("theta_{}", i + 1)));
        let mut add = |wanted: bool, name: &str| {
            if wanted {
                names.push(name.to_owned());
            }
        };
        add(m.value, "value");
        add(m.gradient_norm, "gradient_norm");
        add(m.limit.is_some(), "limit");
        add(m.first_in.is_some(), "first_in");
        add(m.escape.is_some(), "escape");
        add(m.rate.is_some(), "rate");
        add(m.oscillation, "turns");
        add(m.oscillation, "length");
        add(m.sharpness.is_some(), "sharpness_min");
        names
    }

    /// Checks what all cells share.
    ///
    /// # Errors
    /// The first thing that cannot be run.
    pub fn validate(&self) -> Result<(), SweepError> {
        let n = self.objective.dimension();
        let moving = self.moving().len();
        if moving == 0 {
            return Err(SweepError::NothingMoves { dimension: n });
        }
        let points = |what, points: &[Vec<f64>]| {
            points.iter().try_for_each(|p| match p.len() {
                length if length == moving => Ok(()),
                found => Err(SweepError::PointLength { what, expected: moving, found }),
            })
        };
        let m = &self.measures;
        if let Some((all, radius)) = &m.limit {
            points("limit", all)?;
            positive("radius of limit", *radius)?;
        }
        for (what, ball) in [("first-in", &m.first_in), ("escape", &m.escape)] {
            if let Some(ball) = ball {
                points(what, std::slice::from_ref(&ball.center))?;
                positive("radius", ball.radius)?;
            }
        }
        if let Some(center) = m.rate.as_ref().filter(|c| !c.is_empty()) {
            points("rate", std::slice::from_ref(center))?;
        }
        if let Some(tolerance) = m.tolerance {
            positive("tolerance", tolerance)?;
        }
        if m.sharpness == Some(0) {
            return Err(SweepError::Number {
                what: "sharpness interval",
                value: 0.0,
                expected: "at least 1",
            });
        }
        if m.sharpness.is_some() && moving > SHARPNESS_MAX {
            return Err(SweepError::TooManyVariables { found: moving, limit: SHARPNESS_MAX });
        }
        match &self.algorithm {
            Algorithm::Method { name, .. } => match dinlab_indian::ALL.iter().any(|e| e.name == *name) {
                true => Ok(()),
                false => Err(SweepError::UnknownMethod { name: (*name).into() }),
            },
            Algorithm::Flow { until, steps } => {
                positive("end of the integration", *until)?;
                match *steps {
                    FlowSteps::Fixed => Ok(()),
                    FlowSteps::Adaptive { rtol, atol } => {
                        positive("rtol", rtol)?;
                        positive("atol", atol)
                    }
                }
            }
        }
    }

    /// Checks the numbers of one cell.
    ///
    /// # Errors
    /// The first number that is out of its range.
    pub fn check(&self, s: &Setting) -> Result<(), SweepError> {
        let bad = |what, value, expected| Err(SweepError::Number { what, value, expected });
        let fixed = matches!(self.algorithm, Algorithm::Flow { steps: FlowSteps::Fixed, .. });
        let discrete = matches!(self.algorithm, Algorithm::Method { .. });
        if (fixed || discrete) && !(s.step_size > 0.0 && s.step_size.is_finite()) {
            return bad("step_size", s.step_size, "a finite number > 0");
        }
        for (what, value) in [("alpha", s.alpha), ("beta", s.beta)] {
            if !(value >= 0.0 && value.is_finite()) {
                return bad(what, value, "a finite number >= 0");
            }
        }
        for (what, value) in [("momentum", s.momentum), ("beta1", s.beta1), ("beta2", s.beta2)] {
            if !(0.0..1.0).contains(&value) {
                return bad(what, value, "a number in [0, 1)");
            }
        }
        if !(s.epsilon > 0.0 && s.epsilon.is_finite()) {
            return bad("epsilon", s.epsilon, "a finite number > 0");
        }
        if self.second == Second::Psi && s.beta == 0.0 {
            return bad("beta", 0.0, "a number > 0 where psi is given");
        }
        let numbers = s.theta.iter().chain(&s.second).chain([&s.speed]);
        match numbers.copied().find(|v| !v.is_finite()) {
            Some(value) => bad("start", value, "finite numbers"),
            None => Ok(()),
        }
    }
}

/// Most variables for which Hessians are decomposed.
const SHARPNESS_MAX: usize = 20;

fn positive(what: &'static str, value: f64) -> Result<(), SweepError> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => Err(SweepError::Number { what, value, expected: "a finite number > 0" }),
    }
}

/// How a trajectory ended; the number is what stands in the column `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// All steps were made.
    ReachedEnd = 0,
    /// [`Measures::tolerance`] was met.
    Converged = 1,
    /// The state exceeded the bound; `theta` is that state.
    Diverged = 2,
    /// A state was not finite; `theta` is the last finite one.
    NonFinite = 3,
    /// The step size of an integration fell below rounding.
    StepUnderflow = 4,
    /// An integration needed too many steps.
    BudgetExhausted = 5,
}

impl Ending {
    /// All of them in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::ReachedEnd,
        Self::Converged,
        Self::Diverged,
        Self::NonFinite,
        Self::StepUnderflow,
        Self::BudgetExhausted,
    ];

    /// The name that records use.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReachedEnd => "reached-end",
            Self::Converged => "converged",
            Self::Diverged => "diverged",
            Self::NonFinite => "non-finite",
            Self::StepUnderflow => "step-underflow",
            Self::BudgetExhausted => "budget-exhausted",
        }
    }

    /// From the number in a row.
    pub fn from_code(code: f64) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| f64::from(*ending as u8) == code)
    }
}
