//! Near a minimum, displaced along the top eigenvector: the coordinate along it is Aμ₁ᵏ + Bμ₂ᵏ.
//!
//! From rest at w₀ = 1 the first step gives w₁ = 1 − γβλ, so A = (w₁ − μ₂)/(μ₁ − μ₂) and B = 1 − A. Half the difference of the runs from θ* + δx and
//! θ* − δx has no even powers of δ in it: what the gradient that is left at the end of the descent
//! does to both runs cancels, and what nonlinearity leaves falls like δ².

use dinlab_analysis::{oscillation::sign_changes, spectrum::multipliers};
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_neural::{Initial, NetworkObjective};
use dinlab_numeric::{axpy, dot, max, norm};
use dinlab_objective::Objective;
use dinlab_record::{Budget, Flow, Measurement, Observation};
use serde::Serialize;

use super::network::{network, top};
use crate::{check::Context, error::CheckError, runs::require, shipped::train};

/// Steps that are compared.
const STEPS: u64 = 60;
/// Steps to the minimum at most, and between looks at the gradient.
const DESCENT: u64 = 60_000;
const LOOK: u64 = 500;
/// |∇J| at which the descent ends. What it leaves moves the point during the comparison by about |∇J|, and the Hessian with it: measured,
/// the deviation is 0.2 |∇J|, so that this is far below the tolerance. Without it nothing is decided.
const NEAR: f64 = 1e-5;
/// sλ at the minimum, s = γ² the common step.
const STEP_CURVATURE: f64 = 0.2;
/// On the deviation, in displacements: five times what the gradient that is left does (0.2 |∇J|) at [`NEAR`]. What nonlinearity does is of order δ², 10⁻⁸, and halving δ
/// shows it; rounding is ε‖θ‖/δ a step, 10⁻¹⁰ over the run.
const DEVIATION: f64 = NEAR;
/// Displacement.
const DELTA: f64 = 1e-4;
/// A crossing counts from this amplitude on.
const HYSTERESIS: f64 = 0.01;

/// Heavy ball, Nesterov, and INDIAN with the β at which the top mode stops spiralling, at one step s and momentum m.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Minimum {
    /// m = 1 − αγ.
    pub momentum: f64,
    /// Control: factor on α in the prediction.
    pub factor: f64,
}

/// One run beside its prediction.
pub struct Mode {
    /// Method.
    pub name: &'static str,
    /// w_k from the runs.
    pub measured: Vec<f64>,
    /// w_k in closed form.
    pub predicted: Vec<f64>,
    /// Change of `measured` when δ is halved.
    change: f64,
}

impl Minimum {
    /// The modes of the three methods, and |∇J| at the point they are displaced from.
    pub fn modes(&self, context: &Context<'_>) -> Result<(Vec<Mode>, f64), CheckError> {
        let objective = network(context)?;
        let (minimum, gradient) = descend(&objective, context)?;
        let pair = top(&objective, &minimum, None, 300)?;
        let gamma = (STEP_CURVATURE / pair.value).sqrt();
        let alpha = (1.0 - self.momentum) / gamma;
        let critical = (2.0 * pair.value.sqrt() - alpha) / pair.value;
        let betas =
            [("heavy ball", gamma), ("Nesterov", (1.0 + self.momentum) * gamma), ("INDIAN", 1.02 * critical)];
        let mode = |(name, beta): (&'static str, f64)| {
            let run = |delta| along(&objective, &minimum, &pair.vector, [alpha, beta, gamma], delta, context);
            let (measured, finer) = (run(DELTA)?, run(0.5 * DELTA)?);
            let change = apart(&measured, &finer);
            let predicted = closed_form([self.factor * alpha, beta, gamma], pair.value);
            Ok(Mode { name, measured, predicted, change })
        };
        let modes = betas.into_iter().map(mode).collect::<Result<Vec<Mode>, CheckError>>()?;
        Ok((modes, gradient))
    }

    /// Deviations and sign changes, method by method.
    pub fn measure(&self, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let (modes, gradient) = self.modes(context)?;
        let words =
            |mode: &Mode| format!("{} at a minimum, m = {}, sλ = {STEP_CURVATURE}", mode.name, self.momentum);
        let name = "|∇J| at the end of the descent";
        let mut measured = vec![Measurement::at_most(name, gradient, NEAR, Budget::default())];
        for mode in &modes {
            let error = apart(&mode.measured, &mode.predicted);
            let name = "largest deviation from the closed form";
            measured.push(
                Measurement::equal(name, error, 0.0, Budget::discretisation(DEVIATION))
                    .refined(mode.change)
                    .on(words(mode)),
            );
            let count = |w: &[f64]| sign_changes(w, HYSTERESIS) as f64;
            let name = "sign changes of the displacement";
            let (value, predicted) = (count(&mode.measured), count(&mode.predicted));
            measured.push(Measurement::equal(name, value, predicted, Budget::default()).on(words(mode)));
        }
        if let [heavy, _, indian] = &modes[..] {
            // From rest a mode that does not spiral crosses at most once.
            let count = sign_changes(&indian.measured, HYSTERESIS) as f64;
            measured.push(
                Measurement::at_most(
                    "sign changes of INDIAN past the critical β",
                    count,
                    1.0,
                    Budget::default(),
                )
                .on(format!("heavy ball has {}", sign_changes(&heavy.measured, HYSTERESIS))),
            );
        }
        if gradient.is_nan() || gradient > NEAR {
            measured = measured.into_iter().map(|m| m.refined(f64::NAN)).collect();
        }
        Ok(measured)
    }
}

/// A point near a minimum, by heavy ball from a random start, with |∇J| there.
fn descend(objective: &NetworkObjective, context: &Context<'_>) -> Result<(Vec<f64>, f64), CheckError> {
    let theta: Vec<f64> = Initial::He.draw(objective.network(), context.stream("minimum", 0).bits());
    let sharp = top(objective, &theta, None, 40)?.value;
    let (mut last, mut slope, mut gradient) = (theta.clone(), f64::NAN, vec![0.0; theta.len()]);
    let mut oracle = Objective::oracle(objective);
    let method = Method::HeavyBall { momentum: 0.95 };
    let run = Run::new(method, theta, Schedule::Constant(0.1 / sharp), DESCENT);
    let outcome = iterate_observed(objective, &run, &mut |o: Observation<'_>| {
        if o.index.is_multiple_of(LOOK) {
            last.copy_from_slice(o.theta);
            oracle.gradient(o.theta, &mut gradient);
            slope = norm(&gradient);
        }
        if slope <= NEAR || context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    context.proceed()?;
    if slope > NEAR {
        require(&outcome.status, "the descent to a minimum")?;
    }
    Ok((last, slope))
}

/// w_k for k = 0 … [`STEPS`].
fn along(
    objective: &NetworkObjective,
    minimum: &[f64],
    direction: &[f64],
    parameters: [f64; 3],
    delta: f64,
    context: &Context<'_>,
) -> Result<Vec<f64>, CheckError> {
    let mut sides = Vec::new();
    for sign in [1.0, -1.0] {
        let mut theta = minimum.to_vec();
        axpy(sign * delta, direction, &mut theta);
        let (mut u, mut side) = (vec![0.0; theta.len()], Vec::new());
        train(objective, parameters, (&mut theta, &mut u), STEPS, context, |theta| {
            side.push((dot(theta, direction) - dot(minimum, direction)) / delta);
        })?;
        sides.push(side);
    }
    Ok(sides[0].iter().zip(&sides[1]).map(|(plus, minus)| 0.5 * (plus - minus)).collect())
}

fn closed_form([alpha, beta, gamma]: [f64; 3], lambda: f64) -> Vec<f64> {
    let [one, two] = multipliers(alpha, beta, gamma, lambda);
    let a = (-two + (1.0 - gamma * beta * lambda)) / (one - two);
    let b = -a + 1.0;
    (0..=STEPS).map(|k| (a * one.powi(k as i32) + b * two.powi(k as i32)).re).collect()
}

fn apart(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |most, (x, y)| max(most, (x - y).abs()))
}
