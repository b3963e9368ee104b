//! The driver: runs a method, watches for divergence, and shows the iterates on a grid to an observer.

use dinlab_numeric::{all_finite, dot, min, norm};
use dinlab_objective::{start::psi, Objective, Oracle, Start};
use dinlab_record::{
    observe::{Flow, Observation, Observe},
    trajectory::{Final, Status, Trajectory, Work},
};

use crate::{
    batch::{Batch, BatchOracle},
    error::IndianError,
    grid::Grid,
    method::Method,
    schedule::Schedule,
};

/// Default bound on |θᵢ| and |uᵢ|: far beyond any useful iterate, and small enough that the state and its
/// squares are still representable.
pub const DIVERGENCE_BOUND: f64 = 1e100;

/// A run of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Method with parameters.
    pub method: Method,
    /// θ₀, of the objective's dimension.
    pub theta: Vec<f64>,
    /// How u starts; only INDIAN takes anything but `Rest`.
    pub start: Start,
    /// Step sizes.
    pub schedule: Schedule,
    /// Number of iterations.
    pub steps: u64,
    /// Which iterations are observed.
    pub grid: Grid,
    /// Mini-batches; `None` for the full gradient. The start of u takes the full gradient in any case.
    pub batch: Option<Batch>,
    /// The run ends as diverged when an entry of θ or u exceeds this; may be infinite.
    pub divergence_bound: f64,
}

impl Run {
    /// A run from rest that observes every iteration, with the default divergence bound.
    pub fn new(method: Method, theta: Vec<f64>, schedule: Schedule, steps: u64) -> Self {
        Self {
            method,
            theta,
            start: Start::Rest,
            schedule,
            steps,
            grid: Grid::default(),
            batch: None,
            divergence_bound: DIVERGENCE_BOUND,
        }
    }

    /// Checks everything that can be checked without evaluating the objective.
    pub fn validate(&self, objective: &dyn Objective) -> Result<(), IndianError> {
        self.method.validate()?;
        let dimension = objective.dimension();
        if self.theta.len() != dimension {
            return Err(IndianError::Dimension { expected: dimension, found: self.theta.len() });
        }
        if let Some((i, &value)) = self.theta.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(IndianError::NonFiniteStart { index: i + 1, value });
        }
        self.schedule.validate(self.steps)?;
        self.grid.validate()?;
        if let Some(batch) = &self.batch {
            batch.validate(objective)?;
        }
        match self.divergence_bound > 0.0 {
            true => Ok(()),
            false => Err(IndianError::DivergenceBound { value: self.divergence_bound }),
        }
    }
}

/// How an observed run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub status: Status,
    /// The last finite θ, length n.
    pub theta: Vec<f64>,
    /// u belonging to it; `None` for methods without u.
    pub auxiliary: Option<Vec<f64>>,
    /// Iteration number of that state.
    pub k: u64,
    /// Work done.
    pub work: Work,
}

/// Counts the gradients that `start` takes; a step takes exactly one.
struct Counted<'a> {
    oracle: &'a mut dyn Oracle,
    gradients: u64,
}

impl Oracle for Counted<'_> {
    fn dimension(&self) -> usize {
        self.oracle.dimension()
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.oracle.value(x)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.gradients += 1;
        self.oracle.gradient(x, out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        self.oracle.hessian_vector(x, direction, out);
    }
}

/// Runs and shows the states at k = 0, on the grid and at the end; memory does not grow with the run. The
/// observed state is (θ, u) for INDIAN and θ for the other methods.
///
/// The run ends early with a status when an entry of the state exceeds the bound (that state is kept), when one
/// is not finite (the state before it is kept, `at` names the bad one), or when the observer stops it.
pub fn iterate_observed(
    objective: &dyn Objective,
    run: &Run,
    observer: &mut dyn Observe,
) -> Result<Outcome, IndianError> {
    run.validate(objective)?;
    let mut oracle = objective.oracle();
    let mut method = run.method.stepper();
    let mut theta = run.theta.clone();
    let mut counted = Counted { oracle: oracle.as_mut(), gradients: 0 };
    method.start(&mut counted, &theta, &run.start)?;
    let start_gradients = counted.gradients;
    if let Some(batch) = &run.batch {
        oracle = Box::new(BatchOracle::new(objective, batch));
    }
    // The last accepted state (θ, u): what the observer sees and what is kept when the next one is not finite.
    let mut kept = [&theta, method.auxiliary().unwrap_or(&[])].concat();
    let n = theta.len();

    let (mut k, mut taken, mut observed) = (0, 0, 0);
    let mut next = run.grid.next_after(0);
    // An infinite bound still excludes infinite entries; NaN fails every comparison.
    let bound = min(run.divergence_bound, f64::MAX);
    let mut status = (!inside(&kept, bound)).then(|| fault(&kept, &[], 0));
    if show(observer, 0, &kept, n) == Flow::Stop && run.steps > 0 {
        status = status.or(Some(Status::Interrupted));
    }
    while status.is_none() && k < run.steps {
        method.step(k, run.schedule.at(k), oracle.as_mut(), &mut theta);
        taken += 1;
        let u = method.auxiliary().unwrap_or(&[]);
        if !(inside(&theta, bound) && inside(u, bound)) {
            status = Some(fault(&theta, u, k + 1));
            if matches!(status, Some(Status::NonFinite { .. })) {
                break;
            }
        }
        k += 1;
        kept[..n].copy_from_slice(&theta);
        kept[n..].copy_from_slice(u);
        if k == next {
            next = run.grid.next_after(k);
            observed = k;
            if show(observer, k, &kept, n) == Flow::Stop && k < run.steps {
                status = status.or(Some(Status::Interrupted));
            }
        } else if k.is_multiple_of(LOOKS) && observer.proceed(k) == Flow::Stop && k < run.steps {
            status = status.or(Some(Status::Interrupted));
        }
    }
    if observed != k {
        // The end was reached or forced: there is nothing left to stop.
        let _ = show(observer, k, &kept, n);
    }
    let auxiliary = (kept.len() > n).then(|| kept[n..].to_vec());
    kept.truncate(n);
    let work = Work { accepted: k, evaluations: taken + start_gradients, ..Work::default() };
    Ok(Outcome { status: status.unwrap_or(Status::ReachedEnd), theta: kept, auxiliary, k, work })
}

/// Steps between two questions whether a run goes on, where nothing is recorded.
const LOOKS: u64 = 4096;

fn show(observer: &mut dyn Observe, k: u64, state: &[f64], n: usize) -> Flow {
    observer.observe(Observation { index: k, time: k as f64, state, theta: &state[..n] })
}

/// Whether every |xᵢ| ≤ bound. No early exit: it would keep the loop from being vectorised.
#[inline]
fn inside(x: &[f64], bound: f64) -> bool {
    x.iter().fold(true, |inside, v| inside & (v.abs() <= bound))
}

/// What is wrong with the state of iteration `k` when it is not inside the bound.
#[cold]
fn fault(theta: &[f64], u: &[f64], k: u64) -> Status {
    let at = k as f64;
    match all_finite(theta) && all_finite(u) {
        true => Status::Diverged { at },
        false => Status::NonFinite { at },
    }
}

/// The columns of one state.
struct Sampler<'a> {
    oracle: Box<dyn Oracle + 'a>,
    /// (α, β) where the method has u.
    damping: Option<(f64, f64)>,
    gradient: Vec<f64>,
}

impl Sampler<'_> {
    fn measure(&mut self, k: u64, theta: &[f64], u: Option<&[f64]>) -> Final {
        let value = self.oracle.value_gradient(theta, &mut self.gradient);
        let damped = self.damping.zip(u);
        Final {
            theta: theta.to_vec(),
            psi: damped.filter(|((_, beta), _)| *beta > 0.0).map(|((a, b), u)| psi(a, b, theta, u)),
            value,
            gradient_norm: norm(&self.gradient),
            energy: damped.map(|((a, b), u)| 2.0 * (1.0 + a * b) * value + dot(u, u)),
            t: None,
            k: Some(k),
        }
    }
}

/// Runs and returns the samples at k = 0, on the grid and at the end.
///
/// Besides the reasons of [`iterate_observed`], the run ends as non-finite at a sample where J or its gradient
/// is not finite; that sample is kept. Evaluations made for the columns do not count as work.
pub fn iterate(objective: &dyn Objective, run: &Run) -> Result<Trajectory, IndianError> {
    iterate_while(objective, run, &mut |_| Flow::Continue)
}

/// Makes the columns of recorded iterates.
struct Recorder<'a> {
    sampler: Sampler<'a>,
    samples: Vec<Final>,
    watch: &'a mut dyn FnMut(u64) -> Flow,
}

impl Observe for Recorder<'_> {
    fn observe(&mut self, o: Observation<'_>) -> Flow {
        let n = o.theta.len();
        let u = self.sampler.damping.map(|_| &o.state[n..]);
        let sample = self.sampler.measure(o.index, o.theta, u);
        let usable = sample.value.is_finite() && sample.gradient_norm.is_finite();
        self.samples.push(sample);
        match (self.watch)(o.index) {
            Flow::Continue if usable => Flow::Continue,
            _ => Flow::Stop,
        }
    }

    fn proceed(&mut self, step: u64) -> Flow {
        (self.watch)(step)
    }
}

/// As [`iterate`]; `watch` is told the number of every recorded iterate, and between them of every few thousandth, and may
/// end the run as interrupted.
pub fn iterate_while(
    objective: &dyn Objective,
    run: &Run,
    watch: &mut dyn FnMut(u64) -> Flow,
) -> Result<Trajectory, IndianError> {
    let damping = match run.method {
        Method::Indian { alpha, beta } => Some((alpha, beta)),
        _ => None,
    };
    let gradient = vec![0.0; objective.dimension()];
    let sampler = Sampler { oracle: objective.oracle(), damping, gradient };
    let mut recorder = Recorder { sampler, samples: Vec::new(), watch };
    let outcome = iterate_observed(objective, run, &mut recorder)?;
    Ok(assemble(outcome, recorder.samples))
}

fn assemble(outcome: Outcome, samples: Vec<Final>) -> Trajectory {
    let last = samples.last().expect("the start is always observed").clone();
    let usable = last.value.is_finite() && last.gradient_norm.is_finite();
    let status = match outcome.status {
        Status::ReachedEnd | Status::Interrupted if !usable => Status::NonFinite { at: outcome.k as f64 },
        status => status,
    };
    Trajectory {
        clock: "k".into(),
        time: samples.iter().map(|s| s.k.unwrap_or(0) as f64).collect(),
        value: samples.iter().map(|s| s.value).collect(),
        gradient_norm: samples.iter().map(|s| s.gradient_norm).collect(),
        energy: samples.iter().filter_map(|s| s.energy).collect(),
        psi: samples.iter().filter_map(|s| s.psi.clone()).collect(),
        theta: samples.into_iter().map(|s| s.theta).collect(),
        status,
        last,
        work: outcome.work,
    }
}
