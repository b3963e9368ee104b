//! Training from random weights: INDIAN against heavy ball at equal step s = γ² and momentum m, β being all that differs.
//!
//! Batches are full, so that every reversal is the method's own. Velocity reversals are counted along the top Hessian direction, which is found again
//! every [`EVERY`] steps.

use dinlab_analysis::oscillation::VelocityReversals;
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_neural::{Initial, NetworkObjective};
use dinlab_numeric::{norm, Stream};
use dinlab_objective::Objective;
use dinlab_record::{Flow, Kind, Measurement, Observation};
use serde::Serialize;

use super::network::{network, top};
use crate::{check::Context, contest::LOSS_FACTOR, error::CheckError, recipe::compared, runs::require};

const STEPS: u64 = 200;
const EVERY: u64 = 25;
/// Products for the direction, warm from the last one.
const PRODUCTS: usize = 6;
/// sλ at the start: INDIAN stays stable up to eight times that curvature.
const STEP_CURVATURE: f64 = 0.03;

/// Paired runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Training {
    /// m = 1 − αγ.
    pub momentum: f64,
    /// Paired starts.
    pub seeds: u64,
    /// β is `factor` times the β at which the top mode at the start stops spiralling; else times γ (controls).
    pub of_critical: bool,
    /// See `of_critical`.
    pub factor: f64,
}

/// What one run shows.
pub struct Shown {
    /// J at every step.
    pub loss: Vec<f64>,
    reversals: f64,
}

impl Training {
    /// Heavy ball and INDIAN from one start.
    pub fn pair(
        &self,
        objective: &NetworkObjective,
        index: u64,
        context: &Context<'_>,
    ) -> Result<[Shown; 2], CheckError> {
        let seed = Stream::new(context.seed, "promise-oscillation/training", index).bits();
        let theta: Vec<f64> = Initial::He.draw(objective.network(), seed);
        let pair = top(objective, &theta, None, 40)?;
        let mut gradient = vec![0.0; theta.len()];
        Objective::oracle(objective).gradient(&theta, &mut gradient);
        let gamma = (STEP_CURVATURE / pair.value).sqrt();
        let alpha = (1.0 - self.momentum) / gamma;
        let critical = (2.0 * pair.value.sqrt() - alpha) / pair.value;
        let beta = self.factor * if self.of_critical { critical } else { gamma };
        // Displacements below a hundredth of the first step of gradient descent are no motion.
        let still = 0.01 * gamma * gamma * norm(&gradient);
        let run = |beta| watch(objective, &theta, &pair.vector, [alpha, beta, gamma], still, context);
        Ok([run(gamma)?, run(beta)?])
    }

    /// Paired differences over the starts.
    pub fn measure(&self, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let objective = network(context)?;
        let mut pairs = Vec::new();
        for index in 0..self.seeds {
            pairs.push(self.pair(&objective, index, context)?);
        }
        let of = |which: usize, quantity: &dyn Fn(&Shown) -> f64| -> Vec<f64> {
            pairs.iter().map(|pair| quantity(&pair[which])).collect()
        };
        let compare = |name: &str, quantity: &dyn Fn(&Shown) -> f64, margin: f64| {
            compared(name.into(), Kind::Upper, &of(1, quantity), &of(0, quantity), margin)
        };
        let beta = if self.of_critical { "critical β" } else { "γ" };
        let words = format!("training, m = {}, β = {} × {beta}", self.momentum, self.factor);
        let end = |shown: &Shown| shown.loss.last().copied().unwrap_or(f64::NAN).log10();
        let measured = [
            compare(
                "velocity reversals along the top direction, INDIAN − heavy ball",
                &|s| s.reversals,
                0.0,
            )?,
            compare("log₁₀ of the loss at the end, INDIAN over heavy ball", &end, LOSS_FACTOR.log10())?,
        ];
        Ok(measured.into_iter().map(|m| m.on(&words)).collect())
    }
}

fn watch(
    objective: &NetworkObjective,
    theta: &[f64],
    direction: &[f64],
    [alpha, beta, gamma]: [f64; 3],
    still: f64,
    context: &Context<'_>,
) -> Result<Shown, CheckError> {
    let run = Run::new(Method::Indian { alpha, beta }, theta.to_vec(), Schedule::Constant(gamma), STEPS);
    let mut oracle = Objective::oracle(objective);
    let (mut direction, mut failed) = (direction.to_vec(), None);
    let mut reversals = VelocityReversals::new(&direction, still);
    let (mut counted, mut loss) = (0, Vec::new());
    let outcome = iterate_observed(objective, &run, &mut |o: Observation<'_>| {
        if o.index > 0 && o.index.is_multiple_of(EVERY) {
            match top(objective, o.theta, Some(&direction), PRODUCTS) {
                Ok(pair) => direction = pair.vector,
                Err(error) => failed = Some(error),
            }
            counted += reversals.count();
            reversals = VelocityReversals::new(&direction, still);
        }
        reversals.push(o.theta);
        loss.push(oracle.value(o.theta));
        if failed.is_some() || context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    require(&outcome.status, "a training run")?;
    let reversals = (counted + reversals.count()) as f64;
    Ok(Shown { loss, reversals })
}
