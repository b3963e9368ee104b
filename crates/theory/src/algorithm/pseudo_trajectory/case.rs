//! Cases, and the distances between interpolated runs of the shipped algorithm and the shipped flow.

use dinlab_analysis::pseudo_trajectory::{sup_distance, Polygon};
use dinlab_din::{integrate, system, Dynamics, Integrator, Settings};
use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Schedule};
use dinlab_numeric::{norm, sum};
use dinlab_objective::Start;
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::{
    check::{Context, OwnCase},
    error::CheckError,
    runs,
    subject::Subject,
};

/// Where windows of different step size come from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Windows {
    /// The start of runs of constant step sizes.
    Constant(Vec<f64>),
    /// Later and later iterations of a run with vanishing step sizes γ₀(k+1)^−q.
    Vanishing {
        /// γ₀.
        initial: f64,
        /// q.
        exponent: f64,
        /// Iterations at which windows begin.
        begins: Vec<u64>,
    },
}

/// An ensemble of runs beside a flow.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// J of the algorithm.
    pub(super) objective: Subject,
    /// J of the flow: the same, but in controls.
    pub(super) flow: Subject,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) theta: Vec<f64>,
    /// Terms per batch, drawn with replacement and scaled by 1/p; none for the full gradient.
    pub(super) batch: Option<usize>,
    /// T.
    pub(super) length: f64,
    pub(super) windows: Windows,
    pub(super) repetitions: usize,
    pub(super) own: bool,
}

/// J = x² in two terms whose gradients differ by 2s: Rademacher noise of size s.
pub(super) fn rademacher(s: f64) -> String {
    format!("sum:0.5*x^2 + {}*x; 0.5*x^2 - {}*x", 0.5 * s, 0.5 * s)
}

impl Case {
    pub(super) fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64], repetitions: usize) -> Self {
        Self {
            objective: Subject::named(objective),
            flow: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            batch: Some(1),
            length: 2.0,
            windows: Windows::Constant(vec![0.02, 0.005, 0.00125]),
            repetitions,
            own: false,
        }
    }

    /// The noise-free family: halved step sizes.
    pub(super) fn quiet(self) -> Self {
        let step_sizes = (0..5).map(|j| 0.02 * 0.5_f64.powi(j)).collect();
        Self { batch: None, repetitions: 1, windows: Windows::Constant(step_sizes), ..self }
    }

    pub(super) fn own(own: &OwnCase) -> Result<Self, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let Some(objective) = own.objective.clone() else { return Err(refuse("it needs an objective")) };
        if own.start.is_some() || own.steps.is_some() {
            return Err(refuse("runs start at rest and last --until: give no other start and no --steps"));
        }
        let length = own.until.unwrap_or(2.0);
        let coarse = own.step_size.unwrap_or(0.02);
        if !(length / coarse >= 10.0 && length / coarse <= 1e4) {
            return Err(refuse("expected --until between 10 and 10000 times --step-size"));
        }
        let noisy = objective.samples().is_some_and(|samples| samples.count() > 1);
        let factor: f64 = if noisy { 0.25 } else { 0.5 };
        let levels = if noisy { 3 } else { 5 };
        Ok(Self {
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            theta: own.start_point()?,
            batch: noisy.then_some(1),
            length,
            windows: Windows::Constant((0..levels).map(|j| coarse * factor.powi(j)).collect()),
            repetitions: if noisy { 1_000 } else { 1 },
            own: true,
            flow: objective.clone().into(),
            objective: objective.into(),
        })
    }

    pub(super) fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, length, .. } = self;
        let name: String = objective.to_string().chars().take(60).collect();
        let windows = match &self.windows {
            Windows::Constant(steps) => format!("γ={steps:?}"),
            Windows::Vanishing { initial, exponent, begins } => {
                format!("γₖ={initial}(k+1)^−{exponent}, windows from k={begins:?}")
            }
        };
        let noise = self.batch.map_or("no noise".into(), |b| format!("batch {b}"));
        format!("{name}, α={alpha}, β={beta}, θ₀={theta:?}, T={length}, {windows}, {noise}")
    }

    /// Step sizes of the windows: Σγ²/Σγ over each, the factor of the noise's variance; γ where steps are constant, and
    /// γ_k(1 + o(1)) on a window from k where they vanish slowly.
    pub(super) fn scales(&self) -> Vec<f64> {
        match &self.windows {
            Windows::Constant(steps) => steps.clone(),
            Windows::Vanishing { initial, exponent, begins } => {
                let schedule = Schedule::Power { initial: *initial, exponent: *exponent };
                let mean = |&begin: &u64| {
                    let end = begin + self.steps_from(&schedule, begin, self.length);
                    let (plain, squared) = (begin..end)
                        .map(|k| schedule.at(k))
                        .fold((0.0, 0.0), |(plain, squared), g| (plain + g, squared + g * g));
                    squared / plain
                };
                begins.iter().map(mean).collect()
            }
        }
    }

    /// Standard deviation of the norm of one gradient's noise at the start: N/√b times that of the terms.
    pub(super) fn noise(&self) -> f64 {
        let Some((samples, b)) = self.objective.samples().zip(self.batch) else { return 0.0 };
        let (n, count) = (self.theta.len(), samples.count());
        let mut oracle = samples.oracle();
        let mut gradients = vec![vec![0.0; n]; count];
        for (term, gradient) in gradients.iter_mut().enumerate() {
            oracle.gradient(&[term], &self.theta, gradient);
        }
        let column = |i: usize| gradients.iter().map(|g| g[i]).collect::<Vec<_>>();
        let variance = |i: usize| {
            let values = column(i);
            let mean = sum(&values) / count as f64;
            sum(&values.iter().map(|v| (v - mean) * (v - mean)).collect::<Vec<_>>()) / count as f64
        };
        let total = sum(&(0..n).map(variance).collect::<Vec<_>>());
        count as f64 * (total / b as f64).sqrt()
    }

    /// Distances `[window][repetition]`.
    pub(super) fn distances(&self, context: &Context<'_>) -> Result<Vec<Vec<f64>>, CheckError> {
        match &self.windows {
            Windows::Constant(steps) => {
                steps.iter().enumerate().map(|(j, &gamma)| self.constant(j, gamma, context)).collect()
            }
            Windows::Vanishing { initial, exponent, begins } => {
                let schedule = Schedule::Power { initial: *initial, exponent: *exponent };
                let mut distances = vec![Vec::new(); begins.len()];
                for repetition in 0..self.repetitions {
                    context.proceed()?;
                    let curves = self.curves(&schedule, begins, repetition as u64, context)?;
                    for (curve, row) in curves.iter().zip(&mut distances) {
                        row.push(self.distance(curve, &self.flow_at(curve)?)?);
                    }
                }
                Ok(distances)
            }
        }
    }

    /// All repetitions begin at the same state, so they share one flow.
    fn constant(&self, level: usize, gamma: f64, context: &Context<'_>) -> Result<Vec<f64>, CheckError> {
        let mut shared: Option<Polygon> = None;
        let mut distances = Vec::with_capacity(self.repetitions);
        for repetition in 0..self.repetitions {
            if repetition % 100 == 0 {
                context.proceed()?;
            }
            let stream = (level * self.repetitions + repetition) as u64;
            let curve = self.curves(&Schedule::Constant(gamma), &[0], stream, context)?.remove(0);
            let flow = match shared.take() {
                Some(flow) => flow,
                None => self.flow_at(&curve)?,
            };
            distances.push(self.distance(&curve, &flow)?);
            shared = Some(flow);
        }
        Ok(distances)
    }

    fn distance(&self, curve: &Polygon, flow: &Polygon) -> Result<f64, CheckError> {
        let times = curve.times();
        Ok(sup_distance(curve, flow, [times[0], times[times.len() - 1]])?)
    }

    /// States (θ, u) of one run at its times t_k = Σγ, over windows of length T that begin at the iterations `begins`.
    pub(super) fn curves(
        &self,
        schedule: &Schedule,
        begins: &[u64],
        repetition: u64,
        context: &Context<'_>,
    ) -> Result<Vec<Polygon>, CheckError> {
        // A window ends with the first node at or after T, up to rounding of the sum of steps.
        let enough = self.length * (1.0 - 1e-9);
        let last = begins.last().copied().unwrap_or(0);
        let steps = last + self.steps_from(schedule, last, enough);
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let batch = self.batch.map(|b| Batch {
            seed: context.seed,
            label: context.id.into(),
            repetition,
            ..Batch::new(Sampling::WithReplacement(b))
        });
        let run = Run {
            start: Start::Rest,
            grid: Grid::Every(1),
            batch,
            ..Run::new(method, self.theta.clone(), schedule.clone(), steps)
        };
        let mut windows = vec![(Vec::new(), Vec::new(), 0.0); begins.len()];
        let outcome = iterate_observed(&*self.objective, &run, &mut |o: Observation<'_>| {
            for (begin, (times, states, t)) in begins.iter().zip(&mut windows) {
                if o.index >= *begin && *t < enough {
                    if o.index > *begin {
                        *t += schedule.at(o.index - 1);
                    }
                    times.push(*t);
                    states.extend_from_slice(o.state);
                }
            }
            Flow::Continue
        })?;
        runs::require(&outcome.status, &self.words())?;
        windows.into_iter().map(|(times, states, _)| Ok(Polygon::new(times, states)?)).collect()
    }

    /// Number of steps from iteration k that take a time of at least T.
    fn steps_from(&self, schedule: &Schedule, k: u64, enough: f64) -> u64 {
        let (mut t, mut steps) = (0.0, 0);
        while t < enough {
            t += schedule.at(k + steps);
            steps += 1;
        }
        steps
    }

    /// The flow from the first state of the window at the times of its nodes.
    fn flow_at(&self, curve: &Polygon) -> Result<Polygon, CheckError> {
        let times = curve.times();
        let dynamics = Dynamics::Din { alpha: self.alpha, beta: self.beta };
        // Far below the distances, which are of order γ or more.
        let settings =
            Settings { rtol: 1e-10, atol: 1e-10, integrator: Integrator::Dop853, ..Settings::default() };
        let mut states = Vec::with_capacity(times.len() * 2 * self.theta.len());
        let outcome = integrate(
            &mut *system(dynamics, &*self.flow),
            curve.node(0),
            times[0],
            times[times.len() - 1],
            times,
            &mut [],
            &settings,
            &mut |_, y| {
                states.extend_from_slice(y);
                Flow::Continue
            },
        )?;
        runs::require(&outcome.status, &self.words())?;
        Ok(Polygon::new(times.to_vec(), states)?)
    }

    /// Bound on what the finite step does to the exponent, from E sup at the coarsest step: the maximum over nodes
    /// instead of over all times misses 0.5826 standard deviations of a step's noise (Siegmund's constant), and the noise-free
    /// distance of Euler's method lies on top.
    pub(super) fn finite_step(&self, mean: f64, context: &Context<'_>) -> Result<f64, CheckError> {
        const SIEGMUND: f64 = 0.5826;
        let scales = self.scales();
        let span = (scales[0] / scales[scales.len() - 1]).ln();
        let per_step = scales[0] * self.noise() * norm(&[self.beta, 1.0 - self.alpha * self.beta]);
        let euler = Self {
            objective: self.flow.clone(),
            batch: None,
            repetitions: 1,
            windows: Windows::Constant(vec![scales[0]]),
            ..self.clone()
        };
        let quiet = euler.distances(context)?[0][0];
        Ok((SIEGMUND * per_step + quiet) / mean / span)
    }
}
