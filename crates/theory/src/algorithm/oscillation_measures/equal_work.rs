//! INDIAN, heavy ball and Nesterov at equal work: one gradient an iteration, and whatever they share the same.
//!
//! *Valley.* All three are θ⁺ = θ + m(θ − θ⁻) − c₁v + c₂v⁻ with c₁ − c₂ = s: heavy ball has c₂ = 0, Nesterov c₂ = ms, INDIAN
//! m = 1 − αγ, s = γ² and c₂ = γ(β − γ) free. At equal s and m, β is all that differs, γ for heavy ball and γ(1+m) for Nesterov.
//! Across the floor λ = 400, and the multipliers 1 + γz, z² + (α+βλ)z + λ = 0, are real from β = (2√λ − α)/λ on: INDIAN there
//! approaches the floor without oscillation. Along it, in each piece, λ = 0 and J has a constant slope: multipliers 1 and m and drive s,
//! whatever β. So β costs nothing there; the methods differ by their first steps and by what they carry over the kink θ₁ = 0.
//! Heavy ball may carry enough energy across it to arrive earlier, so that its time is not compared. What is compared is fixed here: fewer
//! sign changes across the floor than all others, upward variation falling with β, and 5% for the time to J = 0.1.
//!
//! *Logistic regression.* Each method with its constants for [μ, L], INDIAN with the best that does not oscillate on [μ, L]
//! (`price.rs`): J never rises, and the price is that of its factor, predicted from the Hessian at the minimiser.

use dinlab_analysis::{
    oscillation::{SignChanges, Variation},
    spectrum::{modulus, multipliers},
};
use dinlab_indian::{
    dictionary::{tuned_heavy_ball, tuned_nesterov, Named},
    iterate_observed, Method, Run, Schedule,
};
use dinlab_numeric::{distance, max, min};
use dinlab_record::{Budget, Flow, Measurement, Observation};
use serde::Serialize;

use super::{minimiser::minimiser, mode::Algorithm};
use crate::{critical::curvatures, error::CheckError, runs::require, subject::Subject};

/// Curvature across the floor of the valley.
const ACROSS: f64 = 400.0;
/// J at which the time is taken in the valley.
const TARGET: f64 = 0.1;
/// What the first steps and the kink may cost INDIAN against Nesterov.
const ALLOWED: f64 = 0.05;

/// The valley with one step s = γ² and one momentum for all.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Valley {
    pub(super) theta: [f64; 2],
    /// γ.
    pub(super) step_size: f64,
    pub(super) momentum: f64,
    /// Factors on INDIAN's α and β; 1 except in controls.
    pub(super) factors: [f64; 2],
}

/// One run: J and the distance w = θ₂ − |θ₁| from the floor.
pub(super) struct Trace {
    pub(super) name: &'static str,
    pub(super) value: Vec<f64>,
    pub(super) across: Vec<f64>,
}

impl Valley {
    pub(super) fn new(theta: [f64; 2], step_size: f64, momentum: f64) -> Self {
        Self { theta, step_size, momentum, factors: [1.0; 2] }
    }

    fn words(&self) -> String {
        let Self { theta, step_size, momentum, .. } = self;
        format!("valley, start {theta:?}, s = γ² = {:e}, m = {momentum}", step_size * step_size)
    }

    /// INDIAN's α and β.
    pub(super) fn damping(&self) -> [f64; 2] {
        let alpha = (1.0 - self.momentum) / self.step_size;
        let beta = (2.0 * ACROSS.sqrt() - alpha) / ACROSS;
        [self.factors[0] * alpha, self.factors[1] * beta]
    }

    /// Heavy ball, Nesterov, INDIAN, Nesterov's method for convex J.
    pub(super) fn traces(&self) -> Result<Vec<Trace>, CheckError> {
        let &Self { step_size: gamma, momentum, .. } = self;
        let [alpha, beta] = self.damping();
        let step = gamma * gamma;
        [
            ("heavy ball", Method::HeavyBall { momentum }, step),
            ("Nesterov", Method::Nesterov { momentum }, step),
            ("INDIAN", Method::Indian { alpha, beta }, gamma),
            ("Nesterov, convex", Method::NesterovConvex, step),
        ]
        .into_iter()
        .map(|(name, method, step)| {
            let objective = Subject::named("valley");
            let steps = (40.0 / gamma).round() as u64;
            let run = Run::new(method, self.theta.to_vec(), Schedule::Constant(step), steps);
            let mut oracle = objective.oracle();
            let (mut value, mut across) = (Vec::new(), Vec::new());
            let outcome = iterate_observed(&*objective, &run, &mut |o: Observation<'_>| {
                value.push(oracle.value(o.theta));
                across.push(o.theta[1] - o.theta[0].abs());
                Flow::Continue
            })?;
            require(&outcome.status, &format!("{name}, {}", self.words()))?;
            Ok(Trace { name, value, across })
        })
        .collect()
    }
}

impl Trace {
    /// Sign changes of w beyond a fiftieth of its first value.
    fn crossings(&self) -> f64 {
        let mut changes = SignChanges::new(0.02 * self.across[0].abs());
        self.across.iter().for_each(|w| changes.push(*w));
        changes.count() as f64
    }

    pub(super) fn upward(&self) -> f64 {
        let mut variation = Variation::default();
        self.value.iter().for_each(|j| variation.push(*j));
        variation.upward_ratio()
    }

    /// Iterations until J is at the target; NaN if never.
    pub(super) fn time(&self) -> f64 {
        self.value.iter().position(|j| *j <= TARGET).map_or(f64::NAN, |k| k as f64)
    }
}

pub(super) fn measure_valley(case: &Valley) -> Result<Vec<Measurement>, CheckError> {
    let traces = case.traces()?;
    let [ball, nesterov, indian, convex] = &traces[..] else { return Ok(Vec::new()) };
    let fewest = [ball, nesterov, convex].into_iter().map(Trace::crossings).fold(f64::INFINITY, min);
    let upward = |a: &Trace, b: &Trace| {
        let name = format!("upward variation of J, {} over {}", a.name, b.name);
        Measurement::at_most(name, a.upward() / b.upward(), 1.0, Budget::default())
    };
    let found = vec![
        Measurement::at_most(
            "INDIAN's sign changes across the floor, against the fewest of the others less one",
            indian.crossings(),
            fewest - 1.0,
            Budget::default(),
        ),
        upward(nesterov, ball),
        upward(indian, nesterov),
        Measurement::at_most(
            "gradients until J = 0.1, INDIAN over Nesterov",
            indian.time() / nesterov.time(),
            1.0,
            Budget::discretisation(ALLOWED),
        ),
    ];
    Ok(found.into_iter().map(|m| m.on(case.words())).collect())
}

/// The methods on the logistic regression with their constants for its [μ, L].
pub(super) fn tuned(objective: &Subject) -> Result<Vec<(&'static str, Algorithm)>, CheckError> {
    let facts = objective.facts();
    let (mu, l) = match (&facts.convexity, &facts.smoothness) {
        (Some(mu), Some(l)) => (mu.value, l.value),
        _ => return Err(CheckError::needs("the constants μ and L of J")),
    };
    // αβ = 1 and γ = α/L: no multiplier is complex or negative on [μ, L].
    let alpha = (mu * l).sqrt();
    Ok(vec![
        ("INDIAN without oscillation", Algorithm::indian(alpha, 1.0 / alpha, alpha / l)),
        ("heavy ball", Algorithm::Named(tuned_heavy_ball(mu, l))),
        ("Nesterov", Algorithm::Named(tuned_nesterov(mu, l))),
        ("triple momentum", Algorithm::Named(Named::TripleMomentum { convexity: mu, smoothness: l })),
    ])
}

/// J − J* and ‖θ − θ*‖ from the start 0; it ends at the end of [`WINDOW`].
pub(super) fn gaps(objective: &Subject, algorithm: Algorithm) -> Result<[Vec<f64>; 2], CheckError> {
    let start = vec![0.0; objective.dimension()];
    let best = minimiser(&**objective, &start).ok_or_else(|| CheckError::needs("a minimiser"))?;
    let mut oracle = objective.oracle();
    let lowest = oracle.value(&best.theta);
    let (mut values, mut distances): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    algorithm.run(objective, &start, 100_000, &mut |theta| {
        values.push(oracle.value(theta) - lowest);
        distances.push(distance(theta, &best.theta));
        if distances[distances.len() - 1] < 0.1 * WINDOW[1] * distances[0] {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    Ok([values, distances])
}

/// The window of ‖θ − θ*‖, relative to its start, over which iterations are counted: where the slowest modes are alone.
const WINDOW: [f64; 2] = [1e-7, 1e-11];

/// Iterations through the window: between the last times that the distance is above either end.
fn iterations(gaps: &[f64]) -> f64 {
    let last = |share: f64| gaps.iter().rposition(|g| *g > share * gaps[0]).map_or(f64::NAN, |k| k as f64);
    last(WINDOW[1]) - last(WINDOW[0])
}

/// `factor` on the predicted number of iterations; 1 except in a control.
pub(super) fn measure_logistic(factor: f64) -> Result<Vec<Measurement>, CheckError> {
    let objective = Subject::named("logistic");
    let start = vec![0.0; objective.dimension()];
    let best = minimiser(&*objective, &start).ok_or_else(|| CheckError::needs("a minimiser"))?;
    let curvatures = curvatures(&*objective, &best.theta)?;
    let mut found = Vec::new();
    for (index, (name, algorithm)) in tuned(&objective)?.into_iter().take(3).enumerate() {
        let [values, distances] = gaps(&objective, algorithm)?;
        let mut variation = Variation::default();
        // Down to where the rounding of J shows.
        values.iter().take_while(|g| **g > 1e-11 * values[0]).for_each(|g| variation.push(*g));
        let words = format!("logistic, {name}: {}", algorithm.words());
        let upward = "upward variation of J over J₀ − J*";
        if index == 0 {
            let budget = Budget::rounding(1e-12);
            found.push(Measurement::at_most(upward, variation.upward_ratio(), 0.0, budget).on(&words));
        }
        let p = algorithm.parameters()?;
        let modes = curvatures.iter().flat_map(|&l| multipliers(p.alpha, p.beta, p.step_size, l));
        let rho = modes.map(modulus).fold(0.0, max);
        let predicted = factor * (WINDOW[1] / WINDOW[0]).ln() / rho.ln();
        let name = "iterations per four digits of ‖θ − θ*‖";
        found.push(
            Measurement::equal(
                name,
                iterations(&distances),
                predicted,
                Budget::discretisation(0.1 * predicted),
            )
            .on(&words),
        );
    }
    Ok(found)
}
