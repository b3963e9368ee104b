//! Exponential decay of a flow, measured blind: multipliers are fitted to differences of uniformly sampled states
//! (dynamic mode decomposition) in a window of sizes that is chosen from the run alone.

use dinlab_analysis::{
    modes::{differences, multipliers},
    spectrum::modulus,
};
use dinlab_din::{simulate_observed, Dynamics, Integrator, Run, Settings};
use dinlab_numeric::{distance, norm};
use dinlab_objective::{Objective, Start};
use dinlab_record::{Flow, Observation};

use crate::error::CheckError;

/// Differences of states between these fractions of ‖θ‖ + 1 are fitted. Higher up the quadratic terms of ∇J put a
/// signal of their own beside the modes, above the level at which the fit takes it for one of them (10⁻⁷).
pub const WINDOWS: [[f64; 2]; 2] = [[1e-8, 1e-10], [5e-9, 5e-11]];
/// Longest run in samples.
pub const MOST_SAMPLES: usize = 60_000;
const MOST_PAIRS: usize = 400;

/// A run with its distance of samples.
#[derive(Clone, Copy)]
pub struct Sampled<'a> {
    /// J.
    pub objective: &'a dyn Objective,
    /// The flow.
    pub dynamics: Dynamics,
    /// θ₀.
    pub theta: &'a [f64],
    /// Start of the second variable.
    pub start: &'a Start,
    /// Δt.
    pub sampling: f64,
    /// Time scale by which u is multiplied, so that it has the size of θ.
    pub unit: f64,
}

/// States (θ, u times the unit) at distance Δt, until their change has fallen through both windows.
pub struct Tail {
    /// States.
    pub states: Vec<Vec<f64>>,
    /// θ of the last one.
    pub limit: Vec<f64>,
    sampling: f64,
}

/// The run with steps of at most `largest_step`: a tolerance relative to a limit other than 0 alone would let them
/// grow as the orbit dies. Fails with the run's status where it does not settle.
pub fn tail(run: &Sampled<'_>, largest_step: f64) -> Result<Tail, CheckError> {
    let &Sampled { objective, dynamics, theta, start, sampling, unit } = run;
    let mut plan = Run::new(dynamics, theta, sampling * MOST_SAMPLES as f64);
    plan.samples = MOST_SAMPLES + 1;
    plan.start = start.clone();
    plan.settings = Settings {
        rtol: 1e-14,
        atol: 1e-15,
        max_step: largest_step,
        integrator: Integrator::Dop853,
        ..Settings::default()
    };
    let mut states: Vec<Vec<f64>> = Vec::new();
    let mut settled = false;
    let trajectory = simulate_observed(objective, &plan, &mut |o: Observation<'_>| {
        let mut state = o.state.to_vec();
        state[theta.len()..].iter_mut().for_each(|u| *u *= unit);
        if let Some(previous) = states.last() {
            settled = distance(&state, previous) < WINDOWS[1][1] * (1.0 + norm(o.theta));
        }
        states.push(state);
        if settled {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    if !settled {
        let what = format!("{dynamics:?} on {} from θ₀={theta:?}, until it settles", objective.name());
        return Err(CheckError::UnexpectedStatus { what, status: trajectory.status, expected: "converged" });
    }
    Ok(Tail { states, limit: trajectory.last.theta, sampling })
}

impl Tail {
    /// Half the difference of two runs from opposite sides of the point `about`: the terms of second order, which are
    /// even, cancel, so that what is left of J's nonlinearity is of third order. The runs must have the same samples.
    pub fn odd(&self, opposite: &Self, about: &[f64]) -> Self {
        let half = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| 0.5 * (a - b)).collect();
        let states = self.states.iter().zip(&opposite.states).map(|(a, b)| half(a, b)).collect();
        Self { states, limit: about.to_vec(), sampling: self.sampling }
    }

    /// Rate of the slowest fitted mode, from the part of the tail whose changes lie in `window`. Fitted are
    /// differences of states, or their distances to the state `about`.
    pub fn rate(&self, window: [f64; 2], about: Option<&[f64]>) -> Result<f64, CheckError> {
        let scale = 1.0 + norm(&self.limit);
        let inside = |pair: &[Vec<f64>]| {
            let change = distance(&pair[1], &pair[0]) / scale;
            change <= window[0] && change >= window[1]
        };
        let begin = self.states.windows(2).position(&inside).unwrap_or(0);
        let end = self.states.windows(2).rposition(&inside).unwrap_or(0) + 1;
        // Pairs that lie several samples apart carry the rate of a slow run with more digits.
        let stride = ((end - begin) / MOST_PAIRS).max(1);
        let mut chosen: Vec<Vec<f64>> = self.states[begin..=end].iter().step_by(stride).cloned().collect();
        match about {
            None => chosen = differences(&chosen),
            Some(point) => {
                for state in &mut chosen {
                    state.iter_mut().zip(point).for_each(|(x, p)| *x -= p);
                }
            }
        }
        Ok(-modulus(multipliers(&chosen)?[0]).ln() / (stride as f64 * self.sampling))
    }
}
