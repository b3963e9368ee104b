//! Sampled runs of a dynamics on an objective.

use dinlab_numeric::norm;
use dinlab_objective::{start, Objective, Oracle, Start};
use dinlab_record::{observe::Blind, Final, Flow, Observation, Observe, Status, Trajectory};

use crate::{
    driver::{integrate, Outcome},
    dynamics::{initial_state, Dynamics},
    error::{check_finite, check_that, DinError},
    inclusion,
    integrator::{Settings, SMALLEST_RTOL},
    systems::system,
};

/// What to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Dynamics and parameters.
    pub dynamics: Dynamics,
    /// θ₀, length n.
    pub theta: Vec<f64>,
    /// How the second variable starts.
    pub start: Start,
    /// Start time (> 0 for DIN-AVD).
    pub from: f64,
    /// End time, not before `from`.
    pub until: f64,
    /// Number of equidistant samples with both ends, at least 1 (then the start alone is sampled).
    pub samples: usize,
    /// Integrator and tolerances.
    pub settings: Settings,
}

impl Run {
    /// A run from the default start time with 201 samples, the start `rest` and default settings.
    pub fn new(dynamics: Dynamics, theta: &[f64], until: f64) -> Self {
        Self {
            dynamics,
            theta: theta.to_vec(),
            start: Start::Rest,
            from: dynamics.default_start_time(),
            until,
            samples: 201,
            settings: Settings::default(),
        }
    }

    /// Sample times: `samples` equidistant points from `from` to `until`.
    pub fn grid(&self) -> Result<Vec<f64>, DinError> {
        check_finite("start time", self.from)?;
        check_finite("end time", self.until)?;
        let what = "a time not before the start time";
        check_that("end time", self.until, what, self.until >= self.from)?;
        if self.samples == 0 {
            return Err(DinError::NoSamples);
        }
        let last = (self.samples - 1) as f64;
        Ok((0..self.samples)
            .map(|i| match i as f64 {
                0.0 => self.from,
                i if i == last => self.until,
                // As a convex combination: no overflow of the difference. Its rounding must not leave the interval.
                i => (self.from * (1.0 - i / last) + self.until * (i / last)).clamp(self.from, self.until),
            })
            .collect())
    }
}

/// Runs and samples.
pub fn simulate(objective: &dyn Objective, run: &Run) -> Result<Trajectory, DinError> {
    simulate_observed(objective, run, &mut Blind)
}

/// Runs and samples; the observer sees every sample. For the forms of DIN its state is (θ, u) whatever the form
/// integrated, otherwise the state of the dynamics.
pub fn simulate_observed(
    objective: &dyn Objective,
    run: &Run,
    observer: &mut dyn Observe,
) -> Result<Trajectory, DinError> {
    Ok(simulate_with_outcome(objective, run, observer)?.0)
}

/// As [`simulate_observed`], with the integrator used, the reason for it, and the last state of the system.
pub fn simulate_with_outcome(
    objective: &dyn Objective,
    run: &Run,
    observer: &mut dyn Observe,
) -> Result<(Trajectory, Outcome), DinError> {
    if let Some(reason) = inclusion::route(objective, run) {
        return with_kinks(objective, run, observer, reason);
    }
    let grid = run.grid()?;
    let start = initial_state(run.dynamics, objective, &run.theta, &run.start, run.from)?;
    let mut sampler = Sampler::new(run.dynamics, objective);
    let mut table = empty_table();
    let mut index = 0;
    let outcome = integrate(
        &mut *system(run.dynamics, objective),
        &start,
        run.from,
        run.until,
        &grid,
        &mut [],
        &run.settings,
        &mut |t, y| {
            sampler.measure(y);
            sampler.append(t, &mut table);
            index += 1;
            let n = sampler.n;
            let state = if sampler.is_din { &sampler.state } else { y };
            observer.observe(Observation { index: index - 1, time: t, state, theta: &y[..n] })
        },
    )?;
    sampler.measure(&outcome.state);
    table.status = outcome.status.clone();
    table.work = outcome.work;
    table.last = sampler.last(outcome.t);
    Ok((table, outcome))
}

/// The same by the solvers for nonsmooth J; the state at the end is (θ, u).
fn with_kinks(
    objective: &dyn Objective,
    run: &Run,
    observer: &mut dyn Observe,
    reason: &str,
) -> Result<(Trajectory, Outcome), DinError> {
    let solution = inclusion::solve(objective, run, &inclusion::Options::default(), observer)?;
    let (table, last) = (solution.trajectory, solution.last);
    let outcome = Outcome {
        status: table.status.clone(),
        t: last.t,
        state: [last.theta, last.u].concat(),
        work: table.work,
        integrator: solution.integrator,
        reason: format!("{reason}; {}", solution.reason),
        events: Vec::new(),
    };
    Ok((table, outcome))
}

pub(crate) fn empty_table() -> Trajectory {
    Trajectory {
        clock: "t".into(),
        time: Vec::new(),
        theta: Vec::new(),
        psi: Vec::new(),
        value: Vec::new(),
        gradient_norm: Vec::new(),
        energy: Vec::new(),
        status: Status::ReachedEnd,
        last: Final {
            theta: Vec::new(),
            psi: None,
            value: 0.0,
            gradient_norm: 0.0,
            energy: None,
            t: None,
            k: None,
        },
        work: Default::default(),
    }
}

/// Turns states into the columns of a trajectory.
struct Sampler<'a> {
    oracle: Box<dyn Oracle + 'a>,
    dynamics: Dynamics,
    n: usize,
    is_din: bool,
    alpha: f64,
    beta: f64,
    gradient: Vec<f64>,
    value: f64,
    /// (θ, u) for DIN, otherwise θ first.
    state: Vec<f64>,
    psi: Option<Vec<f64>>,
}

impl<'a> Sampler<'a> {
    fn new(dynamics: Dynamics, objective: &'a dyn Objective) -> Self {
        let (alpha, beta) = dynamics.parameters().unwrap_or((0.0, 0.0));
        let n = objective.dimension();
        Self {
            oracle: objective.oracle(),
            dynamics,
            n,
            is_din: dynamics.is_din(),
            alpha,
            beta,
            gradient: vec![0.0; n],
            value: 0.0,
            state: Vec::new(),
            psi: None,
        }
    }

    fn measure(&mut self, y: &[f64]) {
        let (n, alpha, beta) = (self.n, self.alpha, self.beta);
        self.value = self.oracle.value_gradient(&y[..n], &mut self.gradient);
        self.state.clear();
        self.state.extend_from_slice(y);
        let (theta, u) = self.state.split_at_mut(n);
        match self.dynamics {
            Dynamics::DinPsi { .. } => {
                for i in 0..n {
                    u[i] = (theta[i] - u[i]) / beta - alpha * theta[i];
                }
            }
            Dynamics::DinSecondOrder { .. } => {
                for i in 0..n {
                    u[i] += beta * self.gradient[i];
                }
            }
            _ => {}
        }
        self.psi = match self.dynamics {
            Dynamics::DinPsi { .. } => Some(y[n..].to_vec()),
            _ if self.is_din && beta > 0.0 => Some(start::psi(alpha, beta, theta, u)),
            _ => None,
        };
    }

    fn energy(&self) -> Option<f64> {
        if !self.is_din {
            return None;
        }
        let (alpha, beta, size) = (self.alpha, self.beta, norm(&self.state[self.n..]));
        Some(2.0 * (1.0 + alpha * beta) * self.value + size * size)
    }

    fn append(&self, t: f64, table: &mut Trajectory) {
        table.time.push(t);
        table.theta.push(self.state[..self.n].to_vec());
        table.psi.extend(self.psi.clone());
        table.value.push(self.value);
        table.gradient_norm.push(norm(&self.gradient));
        table.energy.extend(self.energy());
    }

    fn last(&self, t: f64) -> Final {
        Final {
            theta: self.state[..self.n].to_vec(),
            psi: self.psi.clone(),
            value: self.value,
            gradient_norm: norm(&self.gradient),
            energy: self.energy(),
            t: Some(t),
            k: None,
        }
    }
}

/// How far a run is from the same run at tolerances a hundred times finer.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorEstimate {
    /// sup over the common samples of ‖θ − θ_fine‖.
    pub theta: f64,
    /// The same for the second variable: u for the forms of DIN, what the state holds otherwise; `None` where
    /// there is none.
    pub second: Option<f64>,
    /// Number of samples compared.
    pub samples: usize,
    /// Tolerances of the run.
    pub rtol: f64,
    /// Tolerances of the run.
    pub atol: f64,
    /// Tolerances of the finer run.
    pub rtol_fine: f64,
    /// Tolerances of the finer run.
    pub atol_fine: f64,
    /// How the finer run ended; the estimate covers the common samples only.
    pub status_fine: Status,
}

/// Repeats the run with both tolerances divided by 100 (not below rounding), and a fixed step or a smoothing width by
/// 10, and compares the samples.
pub fn estimate_error(objective: &dyn Objective, run: &Run) -> Result<ErrorEstimate, DinError> {
    let mut fine = run.clone();
    fine.settings.rtol = dinlab_numeric::max(run.settings.rtol / 100.0, SMALLEST_RTOL);
    fine.settings.atol = run.settings.atol / 100.0;
    // Methods of first order: a tenth of the step is a tenth of the error.
    fine.settings.fixed_step = Some(inclusion::fixed_step(run) / 10.0);
    fine.settings.smoothing = Some(inclusion::smoothing(run) / 10.0);
    let (coarse_states, _) = states(objective, run)?;
    let (fine_states, status_fine) = states(objective, &fine)?;
    let n = objective.dimension();
    let samples = coarse_states.len().min(fine_states.len());
    let (mut theta, mut second) = (0.0, 0.0);
    for (a, b) in coarse_states.iter().zip(&fine_states) {
        theta = dinlab_numeric::max(theta, dinlab_numeric::distance(&a[..n], &b[..n]));
        second = dinlab_numeric::max(second, dinlab_numeric::distance(&a[n..], &b[n..]));
    }
    Ok(ErrorEstimate {
        theta,
        second: (run.dynamics.state_dimension(n) > n).then_some(second),
        samples,
        rtol: run.settings.rtol,
        atol: run.settings.atol,
        rtol_fine: fine.settings.rtol,
        atol_fine: fine.settings.atol,
        status_fine,
    })
}

fn states(objective: &dyn Objective, run: &Run) -> Result<(Vec<Vec<f64>>, Status), DinError> {
    let mut rows = Vec::new();
    let mut keep = |o: Observation<'_>| {
        rows.push(o.state.to_vec());
        Flow::Continue
    };
    let trajectory = simulate_observed(objective, run, &mut keep)?;
    Ok((rows, trajectory.status))
}
