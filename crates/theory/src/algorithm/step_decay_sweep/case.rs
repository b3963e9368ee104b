//! Cases: sweeps over schedules with noise, and single runs without.

use dinlab_analysis::spectrum::{decay_rate, roots_continuous};
use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Schedule};
use dinlab_numeric::{max, sum, Stream};
use dinlab_objective::Objective;
use dinlab_record::{Flow, Observation};
use serde::Serialize;

use crate::{
    check::{Context, OwnCase},
    error::CheckError,
    runs,
    subject::Subject,
};

/// Schedules γ_k = γ₀(k+1)^−q on one objective.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub(super) objective: Subject,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) theta: Vec<f64>,
    /// γ₀.
    pub(super) initial: f64,
    /// The q of the sweep.
    pub(super) exponents: Vec<f64>,
    pub(super) steps: u64,
    pub(super) runs: usize,
    /// Whether steps take one term, with replacement, or the full gradient.
    pub(super) noise: bool,
    /// Whether the floor of the noise is predicted, or the decay without noise.
    pub(super) floor: bool,
    /// Factor on the prediction: 1 but in controls.
    pub(super) factor: f64,
}

/// A quadratic J whose Hessian is diagonal and the same in all terms, up to the factor 1/N.
pub(super) struct Quadratic {
    /// Diagonal of ∇²J.
    pub(super) lambda: Vec<f64>,
    /// Minimiser.
    pub(super) minimiser: Vec<f64>,
    /// Variance of one step's gradient noise in each coordinate: N² times that of the terms.
    pub(super) variance: Vec<f64>,
}

/// The objective as such a quadratic, if three random points of the view show nothing else.
pub(super) fn quadratic(objective: &dyn Objective) -> Option<Quadratic> {
    let samples = objective.samples()?;
    let (n, count) = (objective.dimension(), samples.count());
    let (mut oracle, mut terms) = (objective.oracle(), samples.oracle());
    let mut hessian = vec![0.0; n * n];
    let mut stream = Stream::new(0, "quadratic", 0);
    let mut found: Option<Quadratic> = None;
    for _ in 0..3 {
        let x: Vec<f64> =
            objective.facts().view.iter().map(|[low, high]| stream.uniform(*low, *high)).collect();
        let mut full = vec![0.0; n];
        oracle.gradient(&x, &mut full);
        oracle.hessian(&x, &mut hessian);
        let lambda: Vec<f64> = (0..n).map(|i| hessian[i * n + i]).collect();
        let diagonal = (0..n * n).all(|k| k / n == k % n || hessian[k] == 0.0);
        if !diagonal || lambda.iter().any(|l| l.is_nan() || *l <= 0.0) {
            return None;
        }
        let mut variance = vec![0.0; n];
        let mut term = vec![0.0; n];
        for index in 0..count {
            terms.gradient(&[index], &x, &mut term);
            for i in 0..n {
                let off = count as f64 * term[i] - full[i];
                variance[i] += off * off / count as f64;
            }
        }
        let minimiser: Vec<f64> = (0..n).map(|i| x[i] - full[i] / lambda[i]).collect();
        let same = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs() + b.abs()))
        };
        match &found {
            Some(first)
                if !(same(&first.lambda, &lambda)
                    && same(&first.variance, &variance)
                    && same(&first.minimiser, &minimiser)) =>
            {
                return None
            }
            _ => found = Some(Quadratic { lambda, minimiser, variance }),
        }
    }
    found
}

/// Stationary variance of θ per unit variance of the gradient's noise at constant step γ: the transfer function from noise to
/// θ is (b₀z + b₁)/(z² − Tz + D).
pub(super) fn gain(alpha: f64, beta: f64, gamma: f64, lambda: f64) -> f64 {
    let (trace, det) = (
        2.0 - gamma * (alpha + beta * lambda),
        1.0 - gamma * (alpha + beta * lambda) + gamma * gamma * lambda,
    );
    let (b0, b1) = (gamma * beta, -gamma * (beta - gamma));
    ((b0 * b0 + b1 * b1) * (1.0 + det) + 2.0 * b0 * b1 * trace)
        / ((1.0 - det) * (1.0 + det - trace) * (1.0 + det + trace))
}

/// What one sweep shows about one schedule.
pub(super) struct Floor {
    /// Mean of γ_k over the last octave of iterations.
    pub(super) step_size: f64,
    /// For each run the mean of J − J* over that octave.
    pub(super) values: Vec<f64>,
    /// For each run the mean of (J − J*)/(stationary value at γ_k).
    pub(super) ratios: Vec<f64>,
    /// Relative lag of the variance behind its stationary value: (rate of log γ)/(2r) at the beginning of the octave.
    pub(super) lag: f64,
}

impl Case {
    pub(super) fn sweep(objective: &str, alpha: f64, beta: f64, theta: &[f64], runs: usize) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            initial: 0.1,
            exponents: vec![0.5, 0.25, 0.125, 0.0625],
            steps: 4_000,
            runs,
            noise: true,
            floor: true,
            factor: 1.0,
        }
    }

    /// One run without noise; so many steps that time 20 or more has passed.
    pub(super) fn quiet(exponent: f64, steps: u64) -> Self {
        Self {
            exponents: vec![exponent],
            steps,
            noise: false,
            floor: false,
            // Real roots −0.63 and −3.17.
            ..Self::sweep("sum:0.5*x^2 + x; 0.5*x^2 - x", 3.0, 0.4, &[1.0], 1)
        }
    }

    pub(super) fn own(own: &OwnCase) -> Result<Self, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let Some(objective) = own.objective.clone() else { return Err(refuse("it needs an objective")) };
        if own.start.is_some() || own.until.is_some() {
            return Err(refuse("runs start at rest and are counted in steps: give --start and --steps only"));
        }
        let steps = own.steps.unwrap_or(4_000);
        if !(100..=100_000).contains(&steps) {
            return Err(refuse("expected --steps from 100 to 100000"));
        }
        Ok(Self {
            alpha: own.alpha.unwrap_or(1.5),
            beta: own.beta.unwrap_or(0.4),
            theta: own.start_point()?,
            initial: own.step_size.unwrap_or(0.1),
            steps,
            objective: objective.into(),
            ..Self::sweep("sum:x^2;x^2", 1.5, 0.4, &[1.0], 400)
        })
    }

    pub(super) fn words(&self) -> String {
        let Self { objective, alpha, beta, initial, exponents, steps, runs, .. } = self;
        let name: String = objective.to_string().chars().take(60).collect();
        let noise = if self.noise { format!("batch 1, {runs} runs") } else { "no noise".into() };
        format!("{name}, α={alpha}, β={beta}, γₖ={initial}(k+1)^−q, q={exponents:?}, {steps} steps, {noise}")
    }

    /// γ_k = γ₀(k+1)^−q, written out: predictions do not take it from the schedule that the runs use.
    fn step(&self, exponent: f64, k: u64) -> f64 {
        self.initial * (k as f64 + 1.0).powf(-exponent)
    }

    fn run(&self, exponent: f64, stream: u64, context: &Context<'_>) -> Run {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let schedule = Schedule::Power { initial: self.initial, exponent };
        let batch = self.noise.then(|| Batch {
            seed: context.seed,
            label: context.id.into(),
            repetition: stream,
            ..Batch::new(Sampling::WithReplacement(1))
        });
        Run { grid: Grid::Every(1), batch, ..Run::new(method, self.theta.clone(), schedule, self.steps) }
    }

    /// Slowest decay rate over the coordinates.
    pub(super) fn rate(&self, quadratic: &Quadratic) -> f64 {
        let rates = quadratic.lambda.iter().map(|&l| decay_rate(self.alpha, self.beta, l));
        rates.fold(f64::INFINITY, dinlab_numeric::min)
    }

    /// Stationary E(J − J*) at constant step γ.
    pub(super) fn stationary(&self, quadratic: &Quadratic, gamma: f64) -> f64 {
        let modes = quadratic.lambda.iter().zip(&quadratic.variance);
        let terms: Vec<f64> =
            modes.map(|(&l, &v)| 0.5 * l * v * gain(self.alpha, self.beta, gamma, l)).collect();
        self.factor * sum(&terms)
    }

    /// The largest relative error of the floor that the beginning of a run leaves at the last octave, over the schedules.
    /// Both parts are known: E(θ) obeys the recursion without noise, which is run with the shipped step, and its J − J* adds to
    /// the floor; and of the variance the part not yet built up is at most that of a double root, whose impulse response
    /// te^{−rt} has the share (1 + 2x + 2x²)e^{−2x} of its square after x = rt.
    pub(super) fn remembered(&self, quadratic: &Quadratic, context: &Context<'_>) -> Result<f64, CheckError> {
        let (begin, rate) = (self.steps / 2 + 1, self.rate(quadratic));
        let mut worst = 0.0;
        for &exponent in &self.exponents {
            let quiet = Self { noise: false, ..self.clone() };
            let mut run = quiet.run(exponent, 0, context);
            run.steps = begin;
            let mut left = f64::NAN;
            let outcome = iterate_observed(&*self.objective, &run, &mut |o: Observation<'_>| {
                left = excess(quadratic, o.theta);
                Flow::Continue
            })?;
            runs::require(&outcome.status, &self.words())?;
            let x = rate * run.schedule.total_time(begin - 1);
            let unbuilt = (1.0 + 2.0 * x * (1.0 + x)) * (-2.0 * x).exp();
            worst = max(worst, unbuilt + left / self.stationary(quadratic, self.step(exponent, begin - 1)));
        }
        Ok(worst)
    }

    /// The floor of each schedule over the last octave of iterations.
    pub(super) fn floors(
        &self,
        quadratic: &Quadratic,
        context: &Context<'_>,
    ) -> Result<Vec<Floor>, CheckError> {
        let begin = self.steps / 2 + 1;
        let count = (self.steps - begin + 1) as f64;
        let rate = self.rate(quadratic);
        let mut floors = Vec::new();
        for (j, &q) in self.exponents.iter().enumerate() {
            // The state at k comes from the step γ_{k−1}.
            let gammas: Vec<f64> = (begin..=self.steps).map(|k| self.step(q, k - 1)).collect();
            let expected: Vec<f64> = gammas.iter().map(|&g| self.stationary(quadratic, g)).collect();
            let lag = q / (begin as f64 * gammas[0] * 2.0 * rate);
            let step_size = sum(&gammas) / count;
            let mut floor = Floor { step_size, values: Vec::new(), ratios: Vec::new(), lag };
            for run in 0..self.runs {
                context.proceed()?;
                let (mut value, mut ratio) = (0.0, 0.0);
                let stream = (j * self.runs + run) as u64;
                let outcome = iterate_observed(
                    &*self.objective,
                    &self.run(q, stream, context),
                    &mut |o: Observation<'_>| {
                        if o.index >= begin {
                            let excess = excess(quadratic, o.theta);
                            value += excess;
                            ratio += excess / expected[(o.index - begin) as usize];
                        }
                        Flow::Continue
                    },
                )?;
                runs::require(&outcome.status, &self.words())?;
                floor.values.push(value / count);
                floor.ratios.push(ratio / count);
            }
            floors.push(floor);
        }
        Ok(floors)
    }

    /// Without noise: decay rate of ‖(θ − θ*, u)‖ in total time t_k = Σγ between a tenth of the steps and the end, and
    /// twice what finite steps change: log|1 + γs| − γ Re s is at most γ²|s|²/2 (1 + O(γ)) for the slowest mode s.
    pub(super) fn decay(
        &self,
        quadratic: &Quadratic,
        context: &Context<'_>,
    ) -> Result<(f64, f64), CheckError> {
        let run = self.run(self.exponents[0], 0, context);
        let (first, last) = (self.steps / 10, self.steps);
        let mut points = Vec::new();
        let (mut time, mut squares) = (0.0, 0.0);
        let outcome = iterate_observed(&*self.objective, &run, &mut |o: Observation<'_>| {
            if o.index > 0 {
                let gamma = self.step(self.exponents[0], o.index - 1);
                time += gamma;
                squares += gamma * gamma;
            }
            if o.index == first || o.index == last {
                let n = o.theta.len();
                let away: Vec<f64> = (0..2 * n)
                    .map(|i| o.state[i] - if i < n { quadratic.minimiser[i] } else { 0.0 })
                    .collect();
                points.push((time, squares, dinlab_numeric::norm(&away).ln()));
            }
            Flow::Continue
        })?;
        runs::require(&outcome.status, &self.words())?;
        let [(t0, s0, z0), (t1, s1, z1)] = [points[0], points[points.len() - 1]];
        let rate = self.rate(quadratic);
        let slowest = quadratic
            .lambda
            .iter()
            .flat_map(|&l| roots_continuous(self.alpha, self.beta, l))
            .filter(|s| -s.re <= rate * (1.0 + 1e-12))
            .map(|s| s.norm())
            .fold(0.0, max);
        Ok(((z0 - z1) / (t1 - t0), slowest * slowest * (s1 - s0) / (t1 - t0)))
    }
}

/// J(θ) − J*.
pub(super) fn excess(quadratic: &Quadratic, theta: &[f64]) -> f64 {
    let modes = quadratic.lambda.iter().zip(&quadratic.minimiser).zip(theta);
    modes.fold(0.0, |total, ((l, m), x)| total + 0.5 * l * (x - m) * (x - m))
}
