//! Cases: ensembles of long runs with noise, summed up octave by octave.

use dinlab_analysis::spectrum::{decay_rate, symmetric_eigenvalues};
use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Schedule};
use dinlab_numeric::{distance, max, min, norm, sum, Stream};
use dinlab_objective::Regularity;
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::{
    check::{Context, OwnCase},
    error::CheckError,
    runs,
    subject::Subject,
};

/// Octaves that are compared: iterations K/32 < k ≤ K/16 and K/2 < k ≤ K.
pub(super) const OCTAVES: [u64; 2] = [16, 1];

/// An ensemble.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub(super) objective: Subject,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) theta: Vec<f64>,
    pub(super) schedule: Schedule,
    /// The schedule that the rates are stated in: the same, but in controls.
    pub(super) stated: Schedule,
    pub(super) steps: u64,
    pub(super) runs: usize,
}

/// What one run shows on one octave: means over its iterations. Means of roots of means would be biased where an
/// octave holds few relaxation times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Octave {
    /// Distance to the D-critical set.
    pub(super) distance: f64,
    /// ‖u‖.
    pub(super) auxiliary: f64,
    /// |J − J(nearest D-critical point)|.
    pub(super) excess: f64,
}

impl Case {
    pub(super) fn new(
        objective: &str,
        alpha: f64,
        beta: f64,
        theta: f64,
        exponent: f64,
        runs: usize,
    ) -> Self {
        let schedule = Schedule::Power { initial: 0.3, exponent };
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: vec![theta],
            stated: schedule.clone(),
            schedule,
            steps: 8_000,
            runs,
        }
    }

    pub(super) fn own(own: &OwnCase) -> Result<Self, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let Some(objective) = own.objective.clone() else { return Err(refuse("it needs an objective")) };
        if own.start.is_some() || own.until.is_some() {
            return Err(refuse("runs start at rest and are counted in steps: give --start and --steps only"));
        }
        let steps = own.steps.unwrap_or(8_000);
        if !(1_000..=1_000_000).contains(&steps) {
            return Err(refuse("expected --steps from 1000 to 1000000"));
        }
        let schedule = Schedule::Power { initial: own.step_size.unwrap_or(0.3), exponent: 0.5 };
        Ok(Self {
            alpha: own.alpha.unwrap_or(1.2),
            beta: own.beta.unwrap_or(0.5),
            theta: own.start_point()?,
            stated: schedule.clone(),
            schedule,
            steps,
            runs: 300,
            objective: objective.into(),
        })
    }

    pub(super) fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, schedule, steps, runs, .. } = self;
        let name: String = objective.to_string().chars().take(60).collect();
        format!(
            "{name}, α={alpha}, β={beta}, θ₀={theta:?}, γₖ={schedule}, batch 1, {steps} steps, {runs} runs"
        )
    }

    /// Whether J has kinks (then at all its minimisers, for the objectives that the check takes).
    pub(super) fn kinked(&self) -> bool {
        self.objective.facts().regularity == Regularity::Lipschitz
    }

    /// Distance to the known critical points, which for these objectives are all D-critical ones, and which is nearest.
    pub(super) fn nearest(&self, theta: &[f64]) -> (f64, usize) {
        let points = self.objective.facts().critical_points.iter().enumerate();
        let distances = points.map(|(i, c)| (distance(&c.point, theta), i));
        distances.fold((f64::INFINITY, 0), |best, next| if next.0 < best.0 { next } else { best })
    }

    pub(super) fn run(&self, repetition: u64, context: &Context<'_>) -> Run {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let batch = Batch {
            seed: context.seed,
            label: context.id.into(),
            repetition,
            ..Batch::new(Sampling::WithReplacement(1))
        };
        Run {
            batch: Some(batch),
            grid: Grid::Every(1),
            ..Run::new(method, self.theta.clone(), self.schedule.clone(), self.steps)
        }
    }

    /// First and last iteration of an octave.
    fn octave(&self, part: u64) -> [u64; 2] {
        [self.steps / (2 * part) + 1, self.steps / part]
    }

    /// Mean step size of the stated schedule over each octave.
    pub(super) fn scales(&self) -> Vec<f64> {
        let mean = |part: &u64| {
            let [first, last] = self.octave(*part);
            let steps: Vec<f64> = (first..=last).map(|k| self.stated.at(k - 1)).collect();
            sum(&steps) / steps.len() as f64
        };
        OCTAVES.iter().map(mean).collect()
    }

    /// `[octave][run]`.
    pub(super) fn octaves(&self, context: &Context<'_>) -> Result<Vec<Vec<Octave>>, CheckError> {
        let n = self.theta.len();
        let bounds = OCTAVES.map(|part| self.octave(part));
        let mut table = vec![Vec::with_capacity(self.runs); OCTAVES.len()];
        let mut oracle = self.objective.oracle();
        let levels: Vec<f64> =
            self.objective.facts().critical_points.iter().map(|c| oracle.value(&c.point)).collect();
        for repetition in 0..self.runs {
            context.proceed()?;
            let mut sums = [[0.0; 3]; OCTAVES.len()];
            let outcome = iterate_observed(
                &*self.objective,
                &self.run(repetition as u64, context),
                &mut |o: Observation<'_>| {
                    let inside = bounds.iter().position(|[low, high]| *low <= o.index && o.index <= *high);
                    if let Some(octave) = inside {
                        let (away, nearest) = self.nearest(o.theta);
                        let excess = (oracle.value(o.theta) - levels[nearest]).abs();
                        let row = [away, norm(&o.state[n..]), excess];
                        sums[octave].iter_mut().zip(row).for_each(|(total, v)| *total += v);
                    }
                    Flow::Continue
                },
            )?;
            runs::require(&outcome.status, &self.words())?;
            for ((sums, [low, high]), row) in sums.iter().zip(bounds).zip(&mut table) {
                let [distance, auxiliary, excess] = sums.map(|s| s / (high - low + 1) as f64);
                row.push(Octave { distance, auxiliary, excess });
            }
        }
        Ok(table)
    }

    /// Decay rate of the linearisation at a minimum of a smooth J.
    fn rate(&self) -> Result<f64, CheckError> {
        let Some(minimum) = self.objective.facts().minimisers().next() else { return Ok(f64::NAN) };
        let n = self.theta.len();
        let mut hessian = vec![0.0; n * n];
        self.objective.oracle().hessian(&minimum.point, &mut hessian);
        let rates =
            symmetric_eigenvalues(&hessian, n)?.into_iter().map(|l| decay_rate(self.alpha, self.beta, l));
        Ok(rates.fold(f64::INFINITY, min))
    }

    /// Total time before the first octave in units of 1/r.
    pub(super) fn relaxations(&self) -> Result<f64, CheckError> {
        Ok(self.rate()? * self.stated.total_time(self.octave(OCTAVES[0])[0] - 1))
    }

    /// Relative lag of the fluctuations behind the step size at the beginning of the first octave: the variance follows
    /// with q/(2r(k+1)γ_k), its root with half of that. J smooth.
    pub(super) fn lag(&self) -> Result<f64, CheckError> {
        let k = self.octave(OCTAVES[0])[0];
        let slope = (self.stated.at(k - 1) / self.stated.at(k)).ln();
        Ok(slope / (4.0 * self.rate()? * self.stated.at(k)))
    }

    /// Standard deviation of the gradient of one term, times N, at a point.
    fn noise(&self, point: &[f64]) -> f64 {
        let Some(samples) = self.objective.samples() else { return 0.0 };
        let (count, n) = (samples.count(), point.len());
        let (mut oracle, mut term, mut total) = (samples.oracle(), vec![0.0; n], vec![0.0; n]);
        let mut squares = 0.0;
        for index in 0..count {
            oracle.gradient(&[index], point, &mut term);
            squares += count as f64 * norm(&term).powi(2);
            total.iter_mut().zip(&term).for_each(|(t, v)| *t += v);
        }
        max(squares - norm(&total).powi(2), 0.0).sqrt()
    }

    /// Whether the gradient's noise reaches every known minimiser of a smooth J.
    pub(super) fn noisy(&self) -> bool {
        self.objective.facts().minimisers().all(|m| self.noise(&m.point) > 1e-6)
    }

    /// Least distance d of 0 to the boundary of ∂J over the known minimisers, by slopes in sampled directions, with
    /// the largest slope there.
    fn depth(&self) -> [f64; 2] {
        let n = self.theta.len();
        let mut oracle = self.objective.oracle();
        let mut stream = Stream::new(0, "depth", 0);
        let mut directions: Vec<Vec<f64>> = Vec::new();
        for i in 0..n {
            directions.extend([1.0, -1.0].map(|sign| {
                let mut unit = vec![0.0; n];
                unit[i] = sign;
                unit
            }));
        }
        if n > 1 {
            directions.extend((0..64).map(|_| {
                let e = stream.normals(n);
                let size = norm(&e);
                e.into_iter().map(|x| x / size).collect()
            }));
        }
        let [mut least, mut most] = [f64::INFINITY, 0.0];
        for minimiser in self.objective.facts().minimisers() {
            let level = oracle.value(&minimiser.point);
            let h = 1e-6 * (1.0 + norm(&minimiser.point));
            for e in &directions {
                let x: Vec<f64> = minimiser.point.iter().zip(e).map(|(p, e)| p + h * e).collect();
                let slope = (oracle.value(&x) - level) / h;
                (least, most) = (min(least, slope), max(most, slope));
            }
        }
        [least, most]
    }

    /// Share of the iterations of the first octave at which ‖u‖ < βd, over some runs: there every selection of ∂J drives θ
    /// back to the kink. J with kinks.
    pub(super) fn pinned(&self, context: &Context<'_>) -> Result<f64, CheckError> {
        const RUNS: u64 = 10;
        let [depth, ..] = self.depth();
        let [first, last] = self.octave(OCTAVES[0]);
        let n = self.theta.len();
        let mut below = 0_u64;
        for repetition in 0..RUNS {
            let run = Run { steps: last, ..self.run(repetition, context) };
            iterate_observed(&*self.objective, &run, &mut |o: Observation<'_>| {
                below += u64::from(o.index >= first && norm(&o.state[n..]) < self.beta * depth);
                Flow::Continue
            })?;
        }
        Ok(below as f64 / (RUNS * (last - first + 1)) as f64)
    }

    /// Whether the full gradient has brought θ to a kink before the first octave.
    pub(super) fn arrived(&self) -> Result<bool, CheckError> {
        let first = self.octave(OCTAVES[0])[0];
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let run =
            Run { grid: Grid::Every(1), ..Run::new(method, self.theta.clone(), self.stated.clone(), first) };
        let mut away = f64::INFINITY;
        iterate_observed(&*self.objective, &run, &mut |o: Observation<'_>| {
            away = self.nearest(o.theta).0;
            Flow::Continue
        })?;
        let [_, slope] = self.depth();
        Ok(away <= 10.0 * self.stated.at(first - 1) * self.beta * slope)
    }

    /// Whether a few runs stay bounded, and whether they have arrived: the last half of the iterations goes no further than
    /// the first.
    pub(super) fn bounded(&self, context: &Context<'_>) -> Result<[bool; 2], CheckError> {
        let mut settled = true;
        for repetition in 0..3 {
            let (mut first, mut second) = (0.0, 0.0);
            let outcome =
                iterate_observed(&*self.objective, &self.run(repetition, context), &mut |o: Observation<
                    '_,
                >| {
                    let reach = if 2 * o.index <= self.steps { &mut first } else { &mut second };
                    *reach = max(*reach, norm(o.theta));
                    Flow::Continue
                })?;
            if runs::require(&outcome.status, "bounded").is_err() {
                return Ok([false, false]);
            }
            settled &= second <= 1.05 * first;
        }
        Ok([true, settled])
    }
}
