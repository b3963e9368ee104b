//! INDIAN against its rivals at equal budget: what `promise-performance` and `promise-generalisation` share. The protocol is
//! `dinlab_neural::contest`; here are the data sets, the budgets, the controls, and the reading of paired differences.

mod draw;
mod family;
mod pairing;
pub mod promise;

use std::sync::Arc;

use dinlab_neural::{
    contest::{end, Contender, Contest, Parts},
    NeuralError, Point, Setting,
};
use dinlab_record::{Hypothesis, HypothesisState};
use serde::Serialize;

use crate::{
    check::{Context, Effort, OwnCase},
    error::CheckError,
    keep,
    memo::Memo,
};

pub use draw::figure;
pub use pairing::measure;

/// The methods compared with INDIAN.
pub const RIVALS: [&str; 8] =
    ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "innaprop"];
/// Paired seeds below which nothing is decided.
pub const LEAST_SEEDS: usize = 20;
/// Factor in training loss that counts as a difference.
pub const LOSS_FACTOR: f64 = 1.25;
/// Samples per step.
const BATCH: usize = 32;
/// Confidence of the intervals behind the words: 0.01 shared by eight rivals on three data sets.
const LEVEL: f64 = 1.0 - 0.01 / 24.0;

/// Size of a contest.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Budget {
    epochs: u64,
    trials: usize,
    seeds: usize,
    most_samples: Option<usize>,
}

/// What INDIAN is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// Its rivals.
    Rivals,
    /// Itself, from other weights and over other batches: there is no difference.
    Itself,
    /// Control: INDIAN with its step size times this, against itself.
    Shrunk(f64),
    /// Control: INDIAN with this many epochs, against itself.
    Fewer(u64),
}

/// One data set with its network and budget.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    data: String,
    architecture: String,
    /// Test accuracy around which the margin in accuracy is computed.
    nominal: f64,
    /// `None`: by effort.
    budget: Option<Budget>,
    against: Against,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// log₁₀ of the training loss at the end.
    TrainingLoss,
    /// Share of the test samples with the right class at the end.
    TestAccuracy,
}

/// Curves of a case.
struct Results {
    /// Numbers of samples (fitted, held out, test) and contenders, INDIAN first.
    contest: Arc<([usize; 3], Vec<Contender>)>,
    /// Where INDIAN stands against itself: the runs in INDIAN's place and those in its rival's.
    alone: Arc<[Vec<Vec<Point>>; 2]>,
}

impl Results {
    fn contenders(&self) -> &[Contender] {
        &self.contest.1
    }
    fn tested(&self) -> usize {
        self.contest.0[2]
    }
}

static CONTESTS: Memo<([usize; 3], Vec<Contender>)> = Memo::new();
static ALONE_PAIRS: Memo<[Vec<Vec<Point>>; 2]> = Memo::new();

const fn budget(epochs: u64, trials: usize, seeds: usize, most_samples: Option<usize>) -> Budget {
    Budget { epochs, trials, seeds, most_samples }
}

/// Budget of the controls, in which INDIAN runs against itself: they share its searches and its runs, and are decided at every effort.
const ALONE: Budget = budget(6, 8, 24, None);
/// Runs of INDIAN against itself from other weights, from `standard` on. Nothing is paired there: differences of test accuracy have a deviation of some 0.045, so that the margin of 0.009 is
/// six standard errors of the mean of this many, and "equivalent" is what comes out.
const NULL_RUNS: usize = 1024;

/// INDIAN against itself from other weights and batches, then the three data sets, cheapest first.
pub fn cases(effort: Effort) -> Vec<Case> {
    let [digits, one, lenet] = match effort {
        Effort::Quick => [budget(3, 3, 3, None), budget(3, 3, 3, Some(800)), budget(1, 3, 3, Some(320))],
        Effort::Standard => [budget(12, 6, 8, None), budget(12, 6, 8, None), budget(2, 3, 5, None)],
        Effort::Thorough => [budget(20, 12, 20, None), budget(15, 10, 20, None), budget(3, 6, 20, None)],
    };
    let case = |data: &str, architecture: &str, nominal, budget| {
        let (data, architecture) = (data.to_owned(), architecture.to_owned());
        Case { data, architecture, nominal, budget: Some(budget), against: Against::Rivals }
    };
    vec![
        Case { against: Against::Itself, ..case("digits", "mlp:32", 0.97, ALONE) },
        case("digits", "mlp:32", 0.97, digits),
        case("mnist-1d", "mlp:64", 0.65, one),
        case("mnist-10k", "lenet5", 0.98, lenet),
    ]
}

/// A step size a hundred times too small, and a budget that is not equal.
pub fn control() -> Vec<Case> {
    let case = |against| Case {
        data: "digits".into(),
        architecture: "mlp:32".into(),
        nominal: 0.97,
        budget: Some(ALONE),
        against,
    };
    vec![case(Against::Shrunk(0.01)), case(Against::Fewer(2))]
}

/// `net:ARCHITECTURE@DATA` with classes.
pub fn own_case(own: &OwnCase) -> Result<Case, CheckError> {
    const WANTED: &str = "a network on data with classes and nothing else, such as --objective net:mlp:16@two-moons:400 (all parameters are searched)";
    let given = [own.alpha, own.beta, own.step_size, own.until].iter().any(Option::is_some)
        || own.theta.is_some()
        || own.start.is_some()
        || own.steps.is_some();
    let name = own.objective.as_ref().map(|o| o.name().to_owned()).unwrap_or_default();
    let parts = name.strip_prefix("net:").and_then(|rest| rest.split_once('@'));
    let (architecture, data) =
        parts.filter(|(_, data)| !given && !data.contains('@')).ok_or_else(|| CheckError::needs(WANTED))?;
    let (data, architecture) = (data.into(), architecture.into());
    let case = Case { data, architecture, nominal: 0.9, budget: None, against: Against::Rivals };
    let parts = Parts::load(&case.contest(Effort::Quick, 0)).map_err(|error| match error {
        NeuralError::NoClasses { .. } => CheckError::needs(WANTED),
        other => other.into(),
    })?;
    let [fitted, ..] = parts.counts();
    if fitted < BATCH {
        return Err(CheckError::needs(format!(
            "at least {BATCH} samples to fit (one batch); {} leaves {fitted} after the test part and the held-out part",
            case.data
        )));
    }
    Ok(case)
}

/// Hypotheses: all hold by how the comparison is made.
pub fn hypotheses(_: &Case) -> Vec<Hypothesis> {
    [
        "every method has the same number of search runs, epochs and samples",
        "settings are chosen on held-out training samples",
        "runs are paired: same weights, same batches",
        "every pair of runs has searches of its own",
    ]
    .map(|text| Hypothesis::new(text, HypothesisState::ByConstruction))
    .into()
}

impl Case {
    fn budget(&self, effort: Effort) -> Budget {
        self.budget.unwrap_or(match effort {
            Effort::Quick => budget(5, 4, 3, None),
            Effort::Standard => budget(10, 8, 8, None),
            Effort::Thorough => budget(20, 12, 20, None),
        })
    }

    fn contest(&self, effort: Effort, seed: u64) -> Contest {
        let Budget { epochs, trials, seeds, most_samples } = self.budget(effort);
        let alone = self.against != Against::Rivals;
        let rivals = RIVALS.iter().take(if alone { 0 } else { RIVALS.len() });
        Contest {
            data: self.data.clone(),
            architecture: self.architecture.clone(),
            most_samples,
            batch: BATCH,
            epochs,
            trials,
            seeds,
            first: 0,
            methods: ["indian"].iter().chain(rivals).map(|&m| m.to_owned()).collect(),
            seed,
        }
    }

    /// The curves, computed once for all who ask in this run.
    fn results(&self, context: &Context<'_>) -> Result<Results, CheckError> {
        let (contest, means) = (self.contest(context.effort, context.seed), keep::means(context));
        let key = format!("{contest:?}");
        let fought = CONTESTS.get(&key, || {
            let counts = Parts::load(&contest)?.counts();
            Ok((counts, contest.run(means)?.ok_or(CheckError::Interrupted)?))
        })?;
        let alone = ALONE_PAIRS.get(&format!("{key} {:?} {:?}", self.against, context.effort), || {
            let Contender { chosen, trials, runs, .. } = &fought.1[0];
            let again = |contest: &Contest, settings: &[Setting], epochs| {
                contest.again(settings, epochs, means)?.ok_or(CheckError::Interrupted)
            };
            Ok(match self.against {
                Against::Rivals => [Vec::new(), Vec::new()],
                Against::Itself => {
                    let count = if context.effort == Effort::Quick { contest.seeds } else { NULL_RUNS };
                    let best = trials.iter().min_by(|a, b| a.held_out.total_cmp(&b.held_out));
                    let same = vec![best.map_or_else(|| chosen[0].clone(), |t| t.setting.clone()); count];
                    let others = Contest { first: contest.first + count, ..contest.clone() };
                    [again(&others, &same, contest.epochs)?, again(&contest, &same, contest.epochs)?]
                }
                Against::Fewer(epochs) => [again(&contest, chosen, epochs)?, runs.clone()],
                Against::Shrunk(factor) => {
                    let shrink = |s: &Setting| Setting { step_size: factor * s.step_size, ..s.clone() };
                    let shrunk: Vec<Setting> = chosen.iter().map(shrink).collect();
                    [again(&contest, &shrunk, contest.epochs)?, runs.clone()]
                }
            })
        })?;
        Ok(Results { contest: fought, alone })
    }

    fn place(&self) -> String {
        format!("{}, {}", self.data, self.architecture)
    }
}

/// log₁₀ of a training loss in `f32`. Below ε/2 a sample's softmax is 1 to rounding and its loss is 0 or noise: losses below that are equal.
pub fn logarithm(loss: f64) -> f64 {
    dinlab_numeric::max(loss, 0.5 * f64::from(f32::EPSILON)).log10()
}

impl Quantity {
    /// What a difference is, in words.
    fn name(self, rival: &str) -> String {
        match self {
            Self::TrainingLoss => format!("log₁₀ of the training loss, INDIAN over {rival}"),
            Self::TestAccuracy => format!("test accuracy, {rival} minus INDIAN"),
        }
    }

    /// Margin of equivalence: fixed before the runs.
    fn margin(self, nominal: f64, tested: usize) -> f64 {
        match self {
            Self::TrainingLoss => LOSS_FACTOR.log10(),
            Self::TestAccuracy => (nominal * (1.0 - nominal) / tested as f64).sqrt(),
        }
    }

    /// The quantity at the end of a run; larger is worse.
    fn of(self, curve: &[Point], epochs: u64) -> f64 {
        match self {
            Self::TrainingLoss => logarithm(end(curve, epochs, |p| p.train_loss)),
            // Errors are capped as losses are: a run that diverged has the accuracy of its initial weights at best.
            Self::TestAccuracy => {
                let whole = curve.last().is_some_and(|p| p.epoch == epochs && p.train_loss.is_finite());
                if whole { curve.last() } else { curve.first() }.map_or(f64::NAN, |p| -p.test_accuracy)
            }
        }
    }

    /// Differences INDIAN − other, one per seed; positive: INDIAN is worse.
    fn differences(self, ours: &[Vec<Point>], theirs: &[Vec<Point>], epochs: [u64; 2]) -> Vec<f64> {
        ours.iter().zip(theirs).map(|(a, b)| self.of(a, epochs[0]) - self.of(b, epochs[1])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn point(epoch: u64, loss: f64, accuracy: f64) -> Point {
        Point {
            epoch,
            step: epoch,
            train_loss: loss,
            train_accuracy: accuracy,
            test_loss: loss,
            test_accuracy: accuracy,
            batch_loss: loss,
        }
    }

    #[test]
    fn losses_that_single_precision_cannot_tell_from_0_are_equal() {
        let run = |loss| vec![vec![point(0, 2.0, 0.1), point(2, loss, 1.0)]];
        let apart = |a, b| Quantity::TrainingLoss.differences(&run(a), &run(b), [2, 2])[0];
        assert_eq!([apart(0.0, 0.0), apart(0.0, 1e-9), apart(5e-8, 0.0)], [0.0; 3]);
        assert!((apart(1e-3, 0.0) - (1e-3 / 5.960_464_477_539_063e-8_f64).log10()).abs() < 1e-12);
        assert!(logarithm(f64::NAN).is_nan());
    }

    #[test]
    fn accuracies_count_the_other_way_and_a_diverged_run_counts_as_its_start() {
        let (good, lost) =
            (vec![point(0, 2.0, 0.1), point(2, 0.3, 0.9)], vec![point(0, 2.0, 0.1), point(1, f64::NAN, 0.5)]);
        let d = Quantity::TestAccuracy.differences(
            std::slice::from_ref(&lost),
            std::slice::from_ref(&good),
            [2, 2],
        );
        assert!((d[0] - 0.8).abs() < 1e-15);
        let d = Quantity::TrainingLoss.differences(&[lost], &[good], [2, 2]);
        assert!((d[0] - (2.0_f64 / 0.3).log10()).abs() < 1e-15);
        // 360 test samples at 97 %: 0.9 points.
        assert!((Quantity::TestAccuracy.margin(0.97, 359) - 0.009).abs() < 1e-4);
    }
}
