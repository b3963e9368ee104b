//! Methods compared at equal budget, tuning included. One repetition: every method gets the same number of runs to search its parameters (`search.rs`), each run the same number of
//! epochs; the setting with the smallest loss on a held-out part of the *training* samples is chosen; only then the chosen setting is run from a new
//! seed, the same weights and batches for every method, and evaluated on the test part. Every repetition searches anew: the luck of a search is part of what the differences scatter by. The
//! samples that steps see are the same in both stages; no test sample is in memory during the search.

use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc, Mutex, PoisonError,
    },
};

use dinlab_indian::Schedule;
use dinlab_numeric::{min, Stream};
use dinlab_objective::{Selection, Start};
use serde::{Deserialize, Serialize};

use crate::{
    architecture,
    data::{self, Dataset, Part, Targets},
    error::NeuralError,
    initial::Initial,
    layer::Loss,
    network::Network,
    search::Setting,
    train::{Plan, Point, Progress, Training},
};

/// Where finished runs are kept, so that a contest which was killed does not begin anew. A key says everything that decides a run but the samples themselves; they are decided by the
/// seed of the contest, of which the seed of every run (part of its key) is a hash.
pub trait Keep: Send + Sync {
    /// The curve under `key`, if one is kept that can be read.
    fn load(&self, key: &str) -> Option<Vec<Point>>;
    /// Keeps a curve; where that fails, the run is made again next time.
    fn store(&self, key: &str, curve: &[Point]);
}

/// Threads, interruption and memory of a set of runs.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Threads of its own (never those of rayon's current pool: a caller that holds a lock must not be given other work while it waits).
    pub threads: usize,
    /// Raised to stop early.
    pub stop: &'a AtomicBool,
    /// Where finished runs are kept, if anywhere.
    pub keep: Option<&'a dyn Keep>,
}

/// What is compared and with what budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contest {
    /// Data set with classes.
    pub data: String,
    /// Network.
    pub architecture: String,
    /// Samples that steps see at most (the held-out part is then a quarter of that, the test part half).
    pub most_samples: Option<usize>,
    /// Samples per step.
    pub batch: usize,
    /// Epochs of every run.
    pub epochs: u64,
    /// Runs of one search.
    pub trials: usize,
    /// Repetitions: a search of every method and one run of what it chose.
    pub seeds: usize,
    /// Number of the first repetition: contests with other repetitions are independent of one another, on the same samples.
    pub first: usize,
    /// Names of the methods.
    pub methods: Vec<String>,
    /// Seed of split, search, weights and batches.
    pub seed: u64,
}

/// One run of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What was drawn.
    pub setting: Setting,
    /// Loss on the held-out part at the end; that of the initial weights where the run diverged or ended above it.
    pub held_out: f64,
}

/// One method's share.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    /// Name of the method.
    pub method: String,
    /// Its searches, one after the other.
    pub trials: Vec<Trial>,
    /// Of every search the setting with the smallest held-out loss, the first of equals.
    pub chosen: Vec<Setting>,
    /// Curve of every chosen setting.
    pub runs: Vec<Vec<Point>>,
}

/// The samples in three parts.
#[derive(Debug, Clone)]
pub struct Parts {
    fit: Part,
    held_out: Part,
    test: Part,
    name: String,
    source: &'static str,
}

/// Share of the training samples that are held out for the choice.
const HELD_OUT: f64 = 0.2;

impl Parts {
    /// Data by name; the held-out part is the end of the (already shuffled) training samples.
    pub fn load(contest: &Contest) -> Result<Self, NeuralError> {
        let whole = data::load(&contest.data, contest.seed)?;
        let Targets::Classes { .. } = whole.train.targets else {
            return Err(NeuralError::NoClasses { data: whole.name });
        };
        let (all, tested) = (whole.train.len(), whole.test.len());
        let held = ((all as f64 * HELD_OUT).round() as usize).clamp(1, all - 1);
        let cut = |most: Option<usize>, share: usize, count: usize| {
            most.map_or(count, |m| (m / share).clamp(1, count))
        };
        let fit: Vec<usize> = (0..cut(contest.most_samples, 1, all - held)).collect();
        let held_out: Vec<usize> = (all - held..all - held + cut(contest.most_samples, 4, held)).collect();
        let test: Vec<usize> = (0..cut(contest.most_samples, 2, tested)).collect();
        Ok(Self {
            fit: whole.train.select(&fit),
            held_out: whole.train.select(&held_out),
            test: whole.test.select(&test),
            name: whole.name,
            source: whole.source,
        })
    }

    /// Numbers of samples: fitted, held out, test.
    pub fn counts(&self) -> [usize; 3] {
        [self.fit.len(), self.held_out.len(), self.test.len()]
    }

    fn against(&self, other: &Part) -> Arc<Dataset> {
        let (train, test) = (self.fit.clone(), other.clone());
        Arc::new(Dataset { name: self.name.clone(), source: self.source, train, test })
    }
}

impl Contest {
    /// The plan of one run.
    fn plan(&self, network: &Arc<Network>, setting: &Setting, seed: u64) -> Result<Plan, NeuralError> {
        Ok(Plan {
            network: network.clone(),
            loss: Loss::CrossEntropy,
            penalty: 0.0,
            selection: Selection::default(),
            initial: Initial::He,
            method: setting.method()?,
            start: Start::Rest,
            schedule: Schedule::Constant(setting.step_size),
            batch: self.batch,
            epochs: self.epochs,
            seed,
        })
    }

    /// Seed of run `index` of a stage. Both stages and all runs have their own.
    fn run_seed(&self, stage: &str, index: usize) -> u64 {
        Stream::new(self.seed, &format!("neural/contest/{stage}"), index as u64).bits()
    }

    /// Search, choice and the runs that count. `None` once interrupted.
    ///
    /// # Errors
    /// Data, network and budget that do not fit, an unknown method.
    pub fn run(&self, means: Means<'_>) -> Result<Option<Vec<Contender>>, NeuralError> {
        let parts = Parts::load(self)?;
        let network = Arc::new(architecture::build(&self.architecture, &parts.fit)?);
        let held_out = parts.against(&parts.held_out);
        let mut settings = Vec::new();
        let mut plans = Vec::new();
        for method in &self.methods {
            for index in self.trials * self.first..self.trials * (self.first + self.seeds) {
                let setting = Setting::draw(method, self.seed, index as u64)?;
                // Trial i of every method starts from the same weights, too.
                plans.push(self.plan(&network, &setting, self.run_seed("trial", index))?);
                settings.push(setting);
            }
        }
        let Some(curves) = train_all(&plans, &held_out, means)? else { return Ok(None) };
        let trials: Vec<Trial> = settings
            .into_iter()
            .zip(&curves)
            .map(|(setting, curve)| Trial { setting, held_out: end(curve, self.epochs, |p| p.test_loss) })
            .collect();
        let (mut contenders, test) = (Vec::new(), parts.against(&parts.test));
        for (method, trials) in self.methods.iter().zip(trials.chunks(self.trials * self.seeds)) {
            let best = |search: &[Trial]| {
                let best = search.iter().reduce(|a, b| if b.held_out < a.held_out { b } else { a })?;
                Some(best.setting.clone())
            };
            let chosen: Vec<Setting> = trials.chunks(self.trials).filter_map(best).collect();
            let Some(runs) = self.runs((&network, &test), &chosen, self.epochs, means)? else {
                return Ok(None);
            };
            contenders.push(Contender { method: method.clone(), trials: trials.to_vec(), chosen, runs });
        }
        Ok(Some(contenders))
    }

    /// One run of each setting in its repetition, the chosen ones with another number of epochs or others in their place.
    ///
    /// # Errors
    /// As [`Contest::run`].
    pub fn again(
        &self,
        settings: &[Setting],
        epochs: u64,
        means: Means<'_>,
    ) -> Result<Option<Vec<Vec<Point>>>, NeuralError> {
        let parts = Parts::load(self)?;
        let network = Arc::new(architecture::build(&self.architecture, &parts.fit)?);
        self.runs((&network, &parts.against(&parts.test)), settings, epochs, means)
    }

    fn runs(
        &self,
        (network, test): (&Arc<Network>, &Arc<Dataset>),
        settings: &[Setting],
        epochs: u64,
        means: Means<'_>,
    ) -> Result<Option<Vec<Vec<Point>>>, NeuralError> {
        let plan = |(index, setting): (usize, &Setting)| {
            Ok(Plan { epochs, ..self.plan(network, setting, self.run_seed("run", self.first + index))? })
        };
        let plans = settings.iter().enumerate().map(plan).collect::<Result<Vec<_>, NeuralError>>()?;
        train_all(&plans, test, means)
    }
}

/// A loss at the end of a run of `epochs` epochs, at most that of the initial weights: a run that diverged has learnt nothing.
pub fn end(curve: &[Point], epochs: u64, loss: impl Fn(&Point) -> f64) -> f64 {
    let start = curve.first().map_or(f64::NAN, &loss);
    match curve.last() {
        Some(last) if last.epoch == epochs && loss(last).is_finite() => min(loss(last), start),
        _ => start,
    }
}

/// Curves of the plans on the same data, in single precision, each run on one thread. `None` once interrupted.
///
/// # Errors
/// A plan that does not fit the data, or a thread that cannot be started.
pub fn train_all(
    plans: &[Plan],
    data: &Arc<Dataset>,
    Means { threads, stop, keep }: Means<'_>,
) -> Result<Option<Vec<Vec<Point>>>, NeuralError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Vec<Point>>>> = Mutex::new(vec![None; plans.len()]);
    let failed: Mutex<Option<NeuralError>> = Mutex::new(None);
    let threads = NonZeroUsize::new(threads).map_or(1, usize::from).min(plans.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let work = || loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some(plan) = plans.get(index) else { break };
                    match train(plan, data, stop, keep) {
                        Ok(curve) => done.lock().unwrap_or_else(PoisonError::into_inner)[index] = curve,
                        Err(error) => {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            next.store(plans.len(), Ordering::SeqCst);
                        }
                    }
                };
                // A pool of one thread keeps the passes of a run on that thread.
                match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
                    Ok(pool) => pool.install(work),
                    Err(_) => work(),
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect())
}

fn train(
    plan: &Plan,
    data: &Arc<Dataset>,
    stop: &AtomicBool,
    keep: Option<&dyn Keep>,
) -> Result<Option<Vec<Point>>, NeuralError> {
    let mut identity = plan.identity::<f32>(data);
    identity.insert("epochs".into(), plan.epochs.into());
    let key = serde_json::Value::from(identity).to_string();
    if let Some(curve) = keep.and_then(|keep| keep.load(&key)) {
        return Ok(Some(curve));
    }
    let mut training: Training<f32> = Training::new(plan.clone(), data.clone())?;
    while training.advance() != Progress::Over {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
    }
    let curve = training.curve().to_vec();
    if let Some(keep) = keep {
        keep.store(&key, &curve);
    }
    Ok(Some(curve))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest() -> Contest {
        Contest {
            data: "two-moons:100".into(),
            architecture: "mlp:6".into(),
            most_samples: None,
            batch: 8,
            epochs: 4,
            trials: 5,
            seeds: 3,
            first: 0,
            methods: vec!["indian".into(), "sgd".into()],
            seed: 1,
        }
    }

    #[test]
    fn the_choice_is_the_best_trial_and_runs_share_weights() {
        let (contest, stop) = (contest(), AtomicBool::new(false));
        // Printed, because the mean batch loss of epoch 0 is NaN.
        let text = |what: &dyn std::fmt::Debug| format!("{what:?}");
        let on = |threads| Means { threads, stop: &stop, keep: None };
        let contenders = contest.run(on(2)).unwrap().unwrap();
        assert_eq!(text(&contenders), text(&contest.run(on(1)).unwrap().unwrap()), "threads do not matter");
        for contender in &contenders {
            assert_eq!((contender.trials.len(), contender.chosen.len(), contender.runs.len()), (15, 3, 3));
            for (search, chosen) in contender.trials.chunks(5).zip(&contender.chosen) {
                let best = search.iter().find(|trial| trial.setting == *chosen).unwrap();
                assert!(search.iter().all(|trial| trial.held_out >= best.held_out));
            }
            assert!(contender.chosen[0] != contender.chosen[1], "every repetition searches anew");
        }
        let start = |runs: &[Vec<Point>], run: usize| runs[run][0].train_loss;
        let (ours, theirs) = (&contenders[0].runs, &contenders[1].runs);
        for run in 0..3 {
            assert_eq!(
                start(ours, run),
                start(theirs, run),
                "run i of every method starts from the same weights"
            );
        }
        assert_ne!(start(ours, 0), start(ours, 1));
        let again = contest.again(&contenders[0].chosen, 4, on(2)).unwrap().unwrap();
        assert_eq!(text(&again), text(ours), "the same settings and seeds give the same runs");
        let part = Contest { seeds: 1, first: 2, ..contest.clone() }.run(on(2)).unwrap().unwrap();
        assert_eq!(text(&part[1].runs), text(&theirs[2..].to_vec()), "repetitions are independent");
        stop.store(true, Ordering::Relaxed);
        assert!(contest.run(on(2)).unwrap().is_none());
    }

    /// Curves by key, and how often one was found.
    #[derive(Default)]
    struct Shelf(Mutex<(std::collections::BTreeMap<String, Vec<Point>>, usize)>);

    impl Keep for Shelf {
        fn load(&self, key: &str) -> Option<Vec<Point>> {
            let mut shelf = self.0.lock().unwrap();
            let found = shelf.0.get(key).cloned();
            shelf.1 += usize::from(found.is_some());
            found
        }
        fn store(&self, key: &str, curve: &[Point]) {
            assert!(self.0.lock().unwrap().0.insert(key.to_owned(), curve.to_vec()).is_none(), "{key}");
        }
    }

    #[test]
    fn runs_that_were_kept_are_not_made_again() {
        let (contest, stop, shelf) = (contest(), AtomicBool::new(false), Shelf::default());
        let means = Means { threads: 2, stop: &stop, keep: Some(&shelf) };
        let text = |contenders: Vec<Contender>| format!("{contenders:?}");
        let first = text(contest.run(means).unwrap().unwrap());
        // How many are there, and how many were found.
        let count = || {
            let shelf = shelf.0.lock().unwrap();
            (shelf.0.len(), shelf.1)
        };
        // Two methods with three times five trials and a run, all of them different.
        assert_eq!(count(), (36, 0));
        let some: Vec<String> = shelf.0.lock().unwrap().0.keys().step_by(3).cloned().collect();
        for key in &some {
            shelf.0.lock().unwrap().0.remove(key);
        }
        assert_eq!(text(contest.run(means).unwrap().unwrap()), first);
        assert_eq!(count(), (36, 36 - some.len()));
    }

    #[test]
    fn the_parts_are_disjoint_and_the_search_never_sees_the_test_part() {
        let contest = Contest { data: "digits".into(), architecture: "mlp:4".into(), ..contest() };
        let parts = Parts::load(&contest).unwrap();
        assert_eq!(parts.counts(), [1150, 288, 359]);
        let whole = data::load("digits", 1).unwrap();
        assert_eq!(parts.test, whole.test);
        let joined = [parts.fit.inputs.clone(), parts.held_out.inputs.clone()].concat();
        assert_eq!(joined, whole.train.inputs);
        assert_eq!(parts.against(&parts.held_out).test, parts.held_out);
        let few = Parts::load(&Contest { most_samples: Some(100), ..contest }).unwrap();
        assert_eq!(few.counts(), [100, 25, 50]);
    }

    #[test]
    fn a_run_that_diverges_has_learnt_nothing() {
        let point = |epoch, loss| Point {
            epoch,
            step: epoch,
            train_loss: loss,
            train_accuracy: 0.5,
            test_loss: loss,
            test_accuracy: 0.5,
            batch_loss: loss,
        };
        let loss = |p: &Point| p.train_loss;
        assert_eq!(end(&[point(0, 2.0), point(1, 0.5)], 1, loss), 0.5);
        for last in [f64::NAN, f64::INFINITY, 9.0] {
            assert_eq!(end(&[point(0, 2.0), point(1, last)], 1, loss), 2.0);
        }
        assert_eq!(end(&[point(0, 2.0), point(1, 0.5)], 2, loss), 2.0, "a run that ended early");
        assert!(end(&[], 1, loss).is_nan());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let stop = AtomicBool::new(false);
        let refused =
            |contest: Contest| contest.run(Means { threads: 1, stop: &stop, keep: None }).unwrap_err();
        assert!(matches!(
            refused(Contest { data: "chebyshev:3,25".into(), ..contest() }),
            NeuralError::NoClasses { .. }
        ));
        assert!(matches!(refused(Contest { batch: 1000, ..contest() }), NeuralError::BatchSize { .. }));
        let methods = vec!["adan".into()];
        assert!(matches!(refused(Contest { methods, ..contest() }), NeuralError::Unknown { .. }));
    }
}
