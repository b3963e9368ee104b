//! Cases and the runs of the shipped algorithm.

use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Scaling, Schedule};
use dinlab_numeric::{norm_inf, Stream};
use dinlab_objective::{FiniteSum, Objective};
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::{
    check::{Context, OwnCase},
    error::CheckError,
    runs,
    subject::Subject,
};

/// Groups into which the runs fall: their means are the samples of the statistics.
pub(super) const GROUPS: usize = 100;

/// What is compared with the fitted factor.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Prediction {
    /// The claim.
    Claimed,
    /// Control: the mean field is that of J.
    One,
    /// Control: the claim times a factor.
    Scaled(f64),
}

/// An ensemble of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub(super) objective: Subject,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) step_size: f64,
    pub(super) theta: Vec<f64>,
    pub(super) steps: u64,
    pub(super) runs: usize,
    pub(super) sampling: Sampling,
    pub(super) scaling: Scaling,
    /// Margin of equivalence, relative to the predicted factor.
    pub(super) margin: f64,
    pub(super) prediction: Prediction,
}

impl Case {
    fn new(objective: &str, theta: &[f64], sampling: Sampling, scaling: Scaling) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha: 0.5,
            beta: 0.4,
            step_size: 0.05,
            theta: theta.to_vec(),
            steps: 60,
            runs: 4_000,
            sampling,
            scaling,
            margin: 0.01,
            prediction: Prediction::Claimed,
        }
    }

    /// Ten parabolas of different curvature.
    pub(super) fn ten_terms(sampling: Sampling, scaling: Scaling) -> Self {
        let term = |n: u32| format!("{}*(x - {})^2", 0.05 + 0.02 * f64::from(n), 0.3 * f64::from(n) - 1.0);
        let terms: Vec<String> = (0..10).map(term).collect();
        Self { margin: 0.005, ..Self::new(&format!("sum:{}", terms.join("; ")), &[10.0], sampling, scaling) }
    }

    /// Three quadratic terms that do not commute.
    pub(super) fn plane(sampling: Sampling, scaling: Scaling) -> Self {
        let terms = "sum:0.5*(x + y - 1)^2; (x - 0.5*y)^2; 0.3*y^2 - 0.2*x*y + x";
        Self {
            alpha: 1.0,
            beta: 0.3,
            step_size: 0.04,
            runs: 16_000,
            ..Self::new(terms, &[6.0, -4.0], sampling, scaling)
        }
    }

    /// Least squares on real data: 442 terms in ten variables.
    pub(super) fn lasso() -> Self {
        let theta = [3.0, -3.0, 3.0, 3.0, -3.0, 3.0, 3.0, -3.0, 3.0, 3.0];
        let sampling = Sampling::WithoutReplacement(88);
        Self { runs: 1_000, ..Self::new("lasso:0", &theta, sampling, Scaling::None) }
    }

    /// One step on any finite sum.
    pub(super) fn one_step(objective: &str, theta: &[f64], sampling: Sampling) -> Self {
        let runs = 20_000;
        Self { steps: 1, runs, margin: 0.05, ..Self::new(objective, theta, sampling, Scaling::None) }
    }

    /// The user's case: batches of a fifth of the terms without scaling; all steps where that is exact, else one.
    pub(super) fn own(own: &OwnCase) -> Result<Self, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let Some(objective) = own.objective.clone() else { return Err(refuse("it needs an objective")) };
        if own.start.is_some() || own.until.is_some() {
            return Err(refuse("runs start at rest and are counted in steps: give --start and --steps only"));
        }
        let size = objective.samples().map_or(1, |samples| (samples.count() / 5).max(1));
        let exact = objective.samples().is_some_and(|samples| affine(&*objective, samples));
        let steps = own.steps.unwrap_or(if exact { 60 } else { 1 });
        if !(1..=10_000).contains(&steps) {
            return Err(refuse("expected --steps from 1 to 10000"));
        }
        Ok(Self {
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size.unwrap_or(0.05),
            theta: own.start_point()?,
            steps,
            // One step shows little of the mean.
            runs: if steps == 1 { 200_000 } else { 20_000 },
            sampling: Sampling::WithoutReplacement(size),
            scaling: Scaling::None,
            margin: 0.05,
            prediction: Prediction::Claimed,
            objective: objective.into(),
        })
    }

    pub(super) fn words(&self) -> String {
        let Self { objective, alpha, beta, step_size, theta, steps, .. } = self;
        let name: String = objective.to_string().chars().take(60).collect();
        let size = self.sampling.size().map(|size| format!(" {size}")).unwrap_or_default();
        format!(
            "{name}, α={alpha}, β={beta}, γ={step_size}, θ₀={theta:?}, {steps} steps, batch{size} {}, scaling {}",
            self.sampling.name(),
            self.scaling
        )
    }

    /// The factor that the claim (or the control) gives.
    pub(super) fn predicted(&self) -> f64 {
        let count = self.objective.samples().map_or(1, |samples| samples.count());
        // Written out here, not taken from the code that scales the batches.
        let p = match self.sampling {
            Sampling::WithReplacement(b) | Sampling::WithoutReplacement(b) => b as f64 / count as f64,
            Sampling::NonemptySubsets => {
                let half = 2f64.powi(count as i32 - 1);
                if half.is_finite() {
                    half / (2.0 * half - 1.0)
                } else {
                    0.5
                }
            }
        };
        let claimed = match self.scaling {
            Scaling::None => p,
            Scaling::InverseProbability => 1.0,
        };
        match self.prediction {
            Prediction::Claimed => claimed,
            Prediction::One => 1.0,
            Prediction::Scaled(factor) => factor * claimed,
        }
    }

    fn run(&self, context: &Context<'_>, repetition: u64) -> Run {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let schedule = Schedule::Constant(self.step_size);
        let batch = Batch {
            scaling: self.scaling,
            seed: context.seed,
            label: context.id.into(),
            repetition,
            ..Batch::new(self.sampling)
        };
        Run {
            batch: Some(batch),
            grid: Grid::Every(1),
            ..Run::new(method, self.theta.clone(), schedule, self.steps)
        }
    }

    /// States (θ, u) of run number `repetition` at k = 1, 2, …, one after another, added to `total`.
    fn add_curve(&self, context: &Context<'_>, repetition: u64, total: &mut [f64]) -> Result<(), CheckError> {
        let width = 2 * self.theta.len();
        let outcome =
            iterate_observed(&*self.objective, &self.run(context, repetition), &mut |o: Observation<'_>| {
                if let Some(k) = (o.index as usize).checked_sub(1) {
                    total[k * width..(k + 1) * width].iter_mut().zip(o.state).for_each(|(t, s)| *t += s);
                }
                Flow::Continue
            })?;
        runs::require(&outcome.status, &self.words())
    }

    /// Mean curves of the groups of runs.
    pub(super) fn group_means(&self, context: &Context<'_>) -> Result<Vec<Vec<f64>>, CheckError> {
        let size = self.runs.div_ceil(GROUPS);
        let length = 2 * self.theta.len() * self.steps as usize;
        let mut groups = Vec::with_capacity(GROUPS);
        for group in 0..GROUPS {
            context.proceed()?;
            let mut total = vec![0.0; length];
            for run in 0..size {
                self.add_curve(context, (group * size + run) as u64, &mut total)?;
            }
            total.iter_mut().for_each(|v| *v /= size as f64);
            groups.push(total);
        }
        Ok(groups)
    }
}

/// Whether the gradients of the terms are affine, as far as three pairs of points show for up to a hundred of them.
pub(super) fn affine(objective: &dyn Objective, samples: &dyn FiniteSum) -> bool {
    let (n, count) = (objective.dimension(), samples.count());
    let mut oracle = samples.oracle();
    let mut stream = Stream::new(0, "affine gradients", 0);
    let point = |stream: &mut Stream| -> Vec<f64> {
        objective.facts().view.iter().map(|[low, high]| stream.uniform(*low, *high)).collect()
    };
    let [mut at_x, mut at_y, mut image] = [(); 3].map(|()| vec![0.0; n]);
    (0..count).step_by(count.div_ceil(100)).all(|term| {
        (0..3).all(|_| {
            let (x, y) = (point(&mut stream), point(&mut stream));
            let d: Vec<f64> = y.iter().zip(&x).map(|(y, x)| y - x).collect();
            oracle.gradient(&[term], &x, &mut at_x);
            oracle.gradient(&[term], &y, &mut at_y);
            oracle.hessian_vector(&[term], &x, &d, &mut image);
            let rest: Vec<f64> = (0..n).map(|i| at_y[i] - at_x[i] - image[i]).collect();
            let scale = norm_inf(&at_x) + norm_inf(&at_y) + norm_inf(&image);
            norm_inf(&rest) <= 1e-10 * scale
        })
    })
}
