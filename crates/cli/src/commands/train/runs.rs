//! The runs of a command: trials of step sizes and the runs that count, with checkpoints, in parallel where networks are small.

use std::{
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc, Mutex,
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use dinlab_indian::Schedule;
use dinlab_neural::{Dataset, Network, Plan, Point, Progress, Real, Training};
use dinlab_record::Status;

use super::live::Live;
use crate::{folder::Folder, session::Session};

/// One method with all that is asked of it.
#[derive(Debug, Clone)]
pub struct Contender {
    /// The plan but for step sizes, epochs of a trial and seed.
    pub template: Plan,
    /// First step size: given, or chosen by the trials.
    pub step_size: Option<f64>,
    /// Step sizes to try.
    pub grid: Vec<f64>,
    /// Epochs of a trial.
    pub tune_epochs: u64,
    /// Exponent of decay.
    pub decay: f64,
    /// Seeds of the runs.
    pub seeds: Vec<u64>,
    /// Result of each trial: step size, training loss (infinite where it diverged).
    pub tried: Vec<(f64, f64)>,
}

impl Contender {
    fn schedule(&self, step_size: f64) -> Schedule {
        match self.decay {
            0.0 => Schedule::Constant(step_size),
            exponent => Schedule::Power { initial: step_size, exponent },
        }
    }

    /// The runs that decide the step size; none where it is given.
    pub fn trials(&self) -> Vec<Job> {
        if self.step_size.is_some() && self.tried.is_empty() {
            return Vec::new();
        }
        let name = self.template.method.name();
        let trial = |(i, &step_size): (usize, &f64)| {
            let (schedule, seed) = (self.schedule(step_size), self.seeds[0]);
            let plan = Plan { schedule, seed, epochs: self.tune_epochs, ..self.template.clone() };
            Job {
                name: format!("{name}-trial-{}", i + 1),
                what: format!("{name}, trial of step size {step_size:.3e}"),
                plan,
            }
        };
        self.grid.iter().enumerate().map(trial).collect()
    }

    /// Takes the step size with the smallest training loss at the end of its trial; the smallest of all where every trial diverged.
    pub fn choose(&mut self, results: &[Done]) {
        if results.is_empty() {
            return;
        }
        let last = |done: &Done| match (&done.status, done.curve.last()) {
            (Status::ReachedEnd, Some(point)) if point.train_loss.is_finite() => point.train_loss,
            _ => f64::INFINITY,
        };
        self.tried = self.grid.iter().copied().zip(results.iter().map(last)).collect();
        self.step_size =
            self.tried.iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(step_size, _)| *step_size);
    }

    /// The runs that count.
    pub fn jobs(&self) -> Vec<Job> {
        let name = self.template.method.name();
        let job = |(i, &seed): (usize, &u64)| {
            let schedule = self.schedule(self.step_size.unwrap_or(f64::NAN));
            let plan = Plan { schedule, seed, ..self.template.clone() };
            Job { name: format!("{name}-run-{}", i + 1), what: format!("{name}, run {}", i + 1), plan }
        };
        self.seeds.iter().enumerate().map(job).collect()
    }

    /// Samples of all trials and runs.
    pub fn samples(&self, data: &Dataset) -> u64 {
        let epochs =
            self.trials().len() as u64 * self.tune_epochs + self.seeds.len() as u64 * self.template.epochs;
        epochs * data.train.len() as u64
    }
}

/// One run to be made.
#[derive(Debug, Clone)]
pub struct Job {
    /// Stem of its checkpoint.
    pub name: String,
    /// What the progress line says.
    pub what: String,
    /// What is run.
    pub plan: Plan,
}

/// One run that ended.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// Its curve.
    pub curve: Vec<Point>,
    /// Seconds of this process, evaluations included, and samples seen in them.
    pub seconds: f64,
    /// See `seconds`.
    pub samples: u64,
    /// Final weights.
    pub weights: Option<Vec<f64>>,
}

impl Done {
    /// Whether the run stayed among the finite numbers: it reached its end, or the user stopped it.
    pub fn is_whole(&self) -> bool {
        matches!(self.status, Status::ReachedEnd | Status::Interrupted)
    }
}

/// What all runs share.
#[derive(Debug)]
pub struct Runner {
    /// The progress line.
    pub live: Live,
    /// Threads of one run.
    pub threads: usize,
    /// Runs at a time.
    pub workers: usize,
    folder: Option<Folder>,
    every: Duration,
    stop: &'static AtomicBool,
    data: Arc<Dataset>,
}

/// Multiplications per step below which threads inside a run cost more than they bring.
const SMALL: usize = 8_000_000;

impl Runner {
    /// Threads go into each run where its steps are long, else to several runs at a time.
    pub fn new(
        session: &Session,
        folder: Option<Folder>,
        seconds: f64,
        stop: &'static AtomicBool,
        data: Arc<Dataset>,
        network: &Network,
        batch: usize,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs =
            session.common.jobs.map_or(cores, |jobs| usize::try_from(jobs).unwrap_or(cores)).clamp(1, 256);
        let small = network.multiplications().saturating_mul(batch) < SMALL;
        let (threads, workers) = if small { (1, jobs) } else { (jobs, 1) };
        let every = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Self { live: Live::new(session.common.quiet), threads, workers, folder, every, stop, data }
    }

    /// Makes the runs and returns their ends in the order of the jobs. After an interrupt, those that had begun.
    pub fn run<T: Real>(&self, jobs: Vec<Job>) -> anyhow::Result<Vec<Done>> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<anyhow::Result<Done>>>> =
            Mutex::new(jobs.iter().map(|_| None).collect());
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let mut workers = Vec::new();
            for _ in 0..self.workers.min(jobs.len()) {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(self.threads)
                    .build()
                    .with_context(|| format!("--jobs: cannot start {} threads", self.threads))?;
                let (next, results, jobs) = (&next, &results, &jobs);
                workers.push(scope.spawn(move || {
                    pool.install(|| loop {
                        let index = next.fetch_add(1, Ordering::SeqCst);
                        let Some(job) = jobs.get(index) else { break };
                        let done = self.one::<T>(job);
                        let failed = done.is_err();
                        if let Ok(mut results) = results.lock() {
                            results[index] = Some(done);
                        }
                        if failed {
                            next.store(jobs.len(), Ordering::SeqCst);
                        }
                    });
                }));
            }
            Ok(())
        })?;
        let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.into_iter().flatten().collect()
    }

    fn one<T: Real>(&self, job: &Job) -> anyhow::Result<Done> {
        let file = self.folder.as_ref().map(|folder| folder.join(format!("{}.checkpoint", job.name)));
        // Within a grid a step size that the method cannot take (INNAprop's pole) is a trial that fails.
        if job.plan.validate(&self.data).is_err() {
            let status = Status::NonFinite { at: 0.0 };
            return Ok(Done {
                seed: job.plan.seed,
                status,
                curve: Vec::new(),
                seconds: 0.0,
                samples: 0,
                weights: None,
            });
        }
        let mut training = self.begin::<T>(job, file.as_ref())?;
        let begun = Instant::now();
        let before = training.samples();
        self.live.skip(before);
        let mut saved = Instant::now();
        let mut interrupted = false;
        loop {
            let seen = training.samples();
            if training.advance() == Progress::Over {
                break;
            }
            self.live.advance(&job.what, &training, seen);
            if self.stop.load(Ordering::Relaxed) {
                interrupted = true;
                break;
            }
            if saved.elapsed() >= self.every {
                save(&training, file.as_ref())?;
                saved = Instant::now();
            }
        }
        let status = match training.status() {
            Some(status) => status.clone(),
            None => Status::Interrupted,
        };
        // The last state before a run left the finite numbers is worth more than the one after.
        if interrupted || status.is_complete() {
            save(&training, file.as_ref())?;
        }
        Ok(Done {
            seed: job.plan.seed,
            status,
            curve: training.curve().to_vec(),
            seconds: begun.elapsed().as_secs_f64(),
            samples: training.samples() - before,
            weights: Some(training.weights().iter().map(|w| w.value()).collect()),
        })
    }

    fn begin<T: Real>(&self, job: &Job, file: Option<&PathBuf>) -> anyhow::Result<Training<T>> {
        let (plan, data) = (job.plan.clone(), self.data.clone());
        match file {
            Some(file) if file.exists() => {
                let name = file.display().to_string();
                let bytes =
                    std::fs::read(file).with_context(|| format!("--checkpoint: cannot read {name}"))?;
                Training::resume(plan, data, &bytes, &name)
                    .map_err(|error| anyhow::anyhow!("--checkpoint: {error}"))
            }
            // A run that diverges before the first interval is over leaves its start.
            _ => {
                let training = Training::new(plan, data)?;
                save(&training, file)?;
                Ok(training)
            }
        }
    }
}

fn save<T: Real>(training: &Training<T>, file: Option<&PathBuf>) -> anyhow::Result<()> {
    match file {
        Some(file) => Ok(dinlab_report::atomic::write(file, &training.checkpoint())?),
        None => Ok(()),
    }
}
