//! The pairs of an algorithm and the equation it follows: how long an iteration takes in the equation's time, with
//! which parameters the algorithm runs, and from which state the equation starts.

use anyhow::{bail, ensure};
use dinlab_din::{
    high_resolution, integrate, modified_indian, Dynamics, Friction, Settings, System, DYNAMICS,
};
use dinlab_indian::{Method, Schedule};
use dinlab_numeric::{min, norm};
use dinlab_record::{Flow, Status};

use crate::{problem::Resolved, values};

/// What the algorithm is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Equation {
    /// One of `dinlab list dynamics`.
    Dynamics(Dynamics),
    /// x′ = f − (γ/2)f′f.
    Modified,
    /// θ″ + (3/t)θ′ + ∇J = 0 from t = 0.
    NesterovFlow,
    /// The equation of the method that contains the step.
    HighResolution,
}

/// Names of the equations that are no dynamics of their own, because they contain the step or start at a singular time.
const SPECIAL: [(&str, Equation); 3] = [
    ("modified", Equation::Modified),
    ("nesterov-flow", Equation::NesterovFlow),
    ("high-resolution", Equation::HighResolution),
];

/// Name of `--dynamics`.
pub fn named(name: &str) -> Result<String, String> {
    let names = || DYNAMICS.iter().map(|e| e.name).chain(SPECIAL.iter().map(|(name, _)| *name));
    if names().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    Err(values::unknown(
        "dynamics",
        name,
        names(),
        "one of `dinlab list dynamics`, modified, high-resolution or nesterov-flow",
    ))
}

/// A method with its equation.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub method: &'static str,
    pub equation: Equation,
    pub alpha: f64,
    pub beta: f64,
}

/// What the command accepts, as its help and its messages say it.
pub const PAIRS: &str = "indian: din (order 1), modified (order 2), or any other dynamics; gradient-descent: \
    gradient-flow (1), or any other; heavy-ball, nesterov: heavy-ball (1), high-resolution (2); nesterov-convex: \
    nesterov-flow (1), high-resolution (1)";

impl Pair {
    /// The pair of these names; without an equation the method's own flow.
    pub fn new(method: &'static str, equation: Option<&str>, alpha: f64, beta: f64) -> anyhow::Result<Self> {
        let name = match (equation, method) {
            (Some(name), _) => name,
            (None, "gradient-descent") => "gradient-flow",
            (None, "heavy-ball" | "nesterov") => "heavy-ball",
            (None, "nesterov-convex") => "nesterov-flow",
            (None, _) => "din",
        };
        let special = SPECIAL.iter().find(|(known, _)| *known == name).map(|(_, equation)| *equation);
        let equation = match special {
            Some(equation) => equation,
            None => Equation::Dynamics(Dynamics::from_name(name, alpha, beta)?),
        };
        let fits = matches!(
            (method, equation),
            ("indian", Equation::Dynamics(_) | Equation::Modified)
                | ("gradient-descent", Equation::Dynamics(_))
                | (
                    "heavy-ball" | "nesterov",
                    Equation::Dynamics(Dynamics::HeavyBall { .. }) | Equation::HighResolution
                )
                | ("nesterov-convex", Equation::NesterovFlow | Equation::HighResolution)
        );
        ensure!(fits, "--method {method} does not follow --dynamics {name}; expected {PAIRS}");
        Ok(Self { method, equation, alpha, beta })
    }

    /// Name of the equation.
    pub fn equation_name(&self) -> &'static str {
        match self.equation {
            Equation::Dynamics(dynamics) => dynamics.name(),
            special => SPECIAL.iter().find(|(_, e)| *e == special).map_or("", |(name, _)| name),
        }
    }

    /// Order that the theory gives, where it gives one.
    pub fn expected_order(&self) -> Option<u32> {
        match (self.method, self.equation) {
            ("indian", Equation::Modified) => Some(2),
            ("heavy-ball" | "nesterov", Equation::HighResolution) => Some(2),
            ("nesterov-convex", _) | ("heavy-ball" | "nesterov", _) => Some(1),
            ("indian", Equation::Dynamics(dynamics)) if dynamics.is_din() => Some(1),
            ("gradient-descent", Equation::Dynamics(Dynamics::GradientFlow)) => Some(1),
            _ => None,
        }
    }

    /// Whether the equation changes with the step.
    pub fn contains_step(&self) -> bool {
        matches!(self.equation, Equation::Modified | Equation::HighResolution)
    }

    /// Whether one iteration takes the time √step: the momentum methods, whose step is the square of `--step-sizes`.
    pub fn squares_step(&self) -> bool {
        matches!(self.method, "heavy-ball" | "nesterov" | "nesterov-convex")
    }

    /// Momentum (1 − αδ/2)/(1 + αδ/2) of the methods that have one.
    pub fn momentum(&self, step_size: f64) -> Option<f64> {
        let half = 0.5 * self.alpha * step_size;
        matches!(self.method, "heavy-ball" | "nesterov").then(|| (1.0 - half) / (1.0 + half))
    }

    /// The method for iterations of length `step_size` in time.
    pub fn build(&self, step_size: f64) -> anyhow::Result<(Method, Schedule)> {
        let Self { alpha, beta, .. } = *self;
        let momentum = self.momentum(step_size).unwrap_or_default();
        if !(0.0..1.0).contains(&momentum) {
            bail!(
                "--step-sizes {step_size}: the momentum (1 - alpha step/2)/(1 + alpha step/2) would be {momentum}, \
                 expected 0 < alpha step <= 2"
            );
        }
        Ok(match self.method {
            "indian" => (Method::Indian { alpha, beta }, Schedule::Constant(step_size)),
            "gradient-descent" => (Method::GradientDescent, Schedule::Constant(step_size)),
            "heavy-ball" => (Method::HeavyBall { momentum }, Schedule::Constant(step_size * step_size)),
            "nesterov" => (Method::Nesterov { momentum }, Schedule::Constant(step_size * step_size)),
            _ => (Method::NesterovConvex, Schedule::Constant(step_size * step_size)),
        })
    }

    /// θ of an equation that is not among the dynamics, at `points` + 1 equidistant times of [0, horizon].
    pub fn special_flow(
        &self,
        problem: &Resolved,
        step_size: f64,
        horizon: f64,
        points: usize,
        settings: &Settings,
    ) -> anyhow::Result<Vec<Vec<f64>>> {
        let name = self.equation_name();
        let kinks = &problem.objective.facts().kinks;
        ensure!(
            kinks.is_empty() || !self.contains_step(),
            "--dynamics {name}: it needs J without kinks, but there are {}",
            kinks.join("; ")
        );
        let n = problem.theta.len();
        let (mut system, start, from) = self.start(problem, step_size, horizon / points as f64)?;
        // The state at time 0 of the comparison belongs to `from`, except where the equation is singular at 0.
        let shift = if self.equation == Equation::NesterovFlow { 0.0 } else { from };
        let grid: Vec<f64> = (1..=points).map(|i| shift + horizon * i as f64 / points as f64).collect();
        let mut path = vec![problem.theta.clone()];
        let mut observer = |_: f64, y: &[f64]| {
            path.push(y[..n].to_vec());
            Flow::Continue
        };
        let until = grid[points - 1];
        let outcome = integrate(&mut *system, &start, from, until, &grid, &mut [], settings, &mut observer)?;
        if outcome.status != Status::ReachedEnd {
            bail!(
                "--dynamics {name}: it ends before the time of comparison: {}; expected an earlier --until",
                outcome.status
            );
        }
        Ok(path)
    }

    /// System, state and time at which the equation starts.
    fn start<'a>(
        &self,
        problem: &'a Resolved,
        step_size: f64,
        interval: f64,
    ) -> anyhow::Result<(Box<dyn System + 'a>, Vec<f64>, f64)> {
        let objective = &*problem.objective;
        let (theta, n, delta) = (&problem.theta, problem.theta.len(), step_size);
        let (mut oracle, mut g) = (objective.oracle(), vec![0.0; n]);
        oracle.gradient(theta, &mut g);
        let state = |second: Vec<f64>| [theta.clone(), second].concat();
        Ok(match (self.equation, self.method) {
            (Equation::Modified, _) => {
                let u = problem.start.auxiliary(self.alpha, self.beta, theta, &g)?;
                (modified_indian(objective, self.alpha, self.beta, step_size), state(u), 0.0)
            }
            // The first iteration moves by −δ²g = δX′ + (δ²/2)X″ with X″ = −g: X′(0) = −(δ/2)g, Y = X′ + δ∇J.
            (Equation::HighResolution, "heavy-ball") => {
                let system = high_resolution(objective, Friction::Constant(self.alpha), delta, false);
                (system, state(g.iter().map(|g| -0.5 * delta * g).collect()), 0.0)
            }
            (Equation::HighResolution, "nesterov") => {
                let system = high_resolution(objective, Friction::Constant(self.alpha), delta, true);
                (system, state(g.iter().map(|g| 0.5 * delta * g).collect()), 0.0)
            }
            // As published: from t = 3δ/2 with X′ = −δ∇J.
            (Equation::HighResolution, _) => {
                let system = high_resolution(objective, Friction::Vanishing(3.0), delta, true);
                (system, state(vec![0.0; n]), 1.5 * delta)
            }
            // X = θ₀ − (t²/8)g + (t⁴/192)∇²J g + O(t⁶) around the singular time 0.
            (Equation::NesterovFlow, _) => {
                let mut curved = vec![0.0; n];
                oracle.hessian_vector(theta, &g, &mut curved);
                let size = norm(&g);
                let stiffness = if size > 0.0 { norm(&curved) / size } else { 0.0 };
                let t = min(1e-3 / (1.0 + stiffness).sqrt(), 0.1 * interval);
                let x = (0..n).map(|i| theta[i] - t * t / 8.0 * g[i] + t.powi(4) / 192.0 * curved[i]);
                let velocity = (0..n).map(|i| -t / 4.0 * g[i] + t.powi(3) / 48.0 * curved[i]);
                let start = x.chain(velocity).collect();
                (high_resolution(objective, Friction::Vanishing(3.0), 0.0, false), start, t)
            }
            (Equation::Dynamics(_), _) => bail!("internal: dynamics are integrated by `simulate`"),
        })
    }
}
