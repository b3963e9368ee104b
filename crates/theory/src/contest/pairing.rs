//! Paired differences of a contest: their intervals, the words for them, and the measurements that are judged.

use dinlab_analysis::{
    standing::{mean_interval, Standing},
    statistics::{lower_bound_mean, Summary},
};
use dinlab_neural::{contest::Contender, Setting};
use dinlab_record::{Budget as Tolerance, Kind, Measurement};

use super::{Against, Case, Quantity, Results, LEAST_SEEDS, LEVEL};
use crate::{check::Context, error::CheckError};

/// One comparison: mean difference, its interval, and the word.
pub(super) struct Pairing {
    pub(super) rival: String,
    pub(super) differences: Vec<f64>,
    pub(super) mean: f64,
    pub(super) interval: [f64; 2],
    pub(super) standing: Standing,
}

impl Pairing {
    fn new(rival: &str, differences: Vec<f64>, margin: f64) -> Result<Self, CheckError> {
        let interval = mean_interval(&differences, LEVEL)?;
        let mean = Summary::of(&differences)?.mean;
        let standing = Standing::of(interval, margin);
        Ok(Self { rival: rival.to_owned(), differences, mean, interval, standing })
    }

    /// INDIAN's mean difference must not exceed the margin. With few seeds the number is shown and decides nothing.
    fn measurement(&self, quantity: Quantity, margin: f64) -> Result<Measurement, CheckError> {
        let name = quantity.name(&self.rival);
        let m = Measurement::new(name, Kind::Upper, self.mean, 0.0, Tolerance::sampling(margin))
            .between(self.interval[0], self.interval[1]);
        if self.differences.len() < LEAST_SEEDS {
            return Ok(m.refined(f64::NAN));
        }
        let gains: Vec<f64> = self.differences.iter().map(|d| -d).collect();
        Ok(m.sampled(lower_bound_mean(&gains, 0.0, margin)?))
    }
}

/// INDIAN against each of its rivals, or against itself.
pub(super) fn pairings(
    case: &Case,
    results: &Results,
    epochs: u64,
    quantity: Quantity,
) -> Result<Vec<Pairing>, CheckError> {
    let margin = quantity.margin(case.nominal, results.tested());
    let [indian, rivals @ ..] = results.contenders() else { return Ok(Vec::new()) };
    let rival = |c: &Contender| {
        Pairing::new(&c.method, quantity.differences(&indian.runs, &c.runs, [epochs; 2]), margin)
    };
    match case.against {
        Against::Rivals => rivals.iter().map(rival).collect(),
        _ => {
            let own = if let Against::Fewer(epochs) = case.against { epochs } else { epochs };
            let [ours, theirs] = &*results.alone;
            let differences = quantity.differences(ours, theirs, [own, epochs]);
            Ok(vec![Pairing::new("itself", differences, margin)?])
        }
    }
}

/// What both checks measure.
pub fn measure(
    case: &Case,
    context: &Context<'_>,
    quantity: Quantity,
) -> Result<Vec<Measurement>, CheckError> {
    let (results, epochs) = (case.results(context)?, case.budget(context.effort).epochs);
    let margin = quantity.margin(case.nominal, results.tested());
    let mut measured = Vec::new();
    for (index, pairing) in pairings(case, &results, epochs, quantity)?.into_iter().enumerate() {
        let place = case.place();
        let words = match case.against {
            Against::Itself => {
                let runs = pairing.differences.len();
                format!("{place}, from other weights and batches: {} ({runs} runs each)", pairing.standing)
            }
            Against::Shrunk(factor) => format!("{place}, step size times {factor}"),
            Against::Fewer(fewer) => format!("{place}, {fewer} epochs in place of {epochs}"),
            Against::Rivals => {
                let seeds = pairing.differences.len();
                let early = if seeds < LEAST_SEEDS { ", too few to decide" } else { "" };
                // Rivals come in the order of the contenders, INDIAN before them.
                let (indian, rival) = (&results.contenders()[0], &results.contenders()[index + 1]);
                format!(
                    "{place}: {} ({seeds} repetitions{early}); {}, against {}",
                    pairing.standing,
                    spelled(&indian.chosen),
                    spelled(&rival.chosen)
                )
            }
        };
        measured.push(pairing.measurement(quantity, margin)?.on(words));
    }
    Ok(measured)
}

/// What the searches chose, in words: the middle of every parameter; those often drawn near an end of their range are marked.
fn spelled(chosen: &[Setting]) -> String {
    let Some((first, method)) = chosen.first().and_then(|first| Some((first, first.method().ok()?))) else {
        return String::new();
    };
    let names: Vec<String> = method.entry().parameters.iter().map(|p| p.name.replace('_', " ")).collect();
    let middle = |of: &dyn Fn(&Setting) -> f64| median(&chosen.iter().map(of).collect::<Vec<_>>());
    let value = |(index, name): (usize, &String)| {
        let value = middle(&|s| s.values.get(index).copied().unwrap_or(f64::NAN));
        // Those close to 1 by their distance from it.
        let close = value > 0.9 && value < 1.0;
        if close {
            format!("{name} 1 - {:.2e}", 1.0 - value)
        } else {
            format!("{name} {value:.2e}")
        }
    };
    let values = names.iter().enumerate().map(value);
    let list: Vec<String> = values.chain([format!("step size {:.2e}", middle(&|s| s.step_size))]).collect();
    let ends = names.iter().map(|name| name.as_str()).chain(["step size"]).filter(|name| {
        let near = chosen.iter().filter(|s| s.at_end.iter().any(|end| end.replace('_', " ") == **name));
        3 * near.count() > chosen.len()
    });
    let ends: Vec<&str> = ends.collect();
    let mark = if ends.is_empty() {
        String::new()
    } else {
        format!(" [{} often near an end of the range]", ends.join(", "))
    };
    format!("{} {}{mark}", first.method, list.join(", "))
}

/// The middle of some numbers (of an even count the upper one); NaN of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contest::{tests::point, LOSS_FACTOR},
        judge,
    };
    use dinlab_numeric::Stream;
    use dinlab_record::Verdict;

    /// A cheap contest: losses and accuracies at the end with paired noise, INDIAN's loss times `factor`.
    fn simulated(index: u64, seeds: usize, factor: f64) -> Vec<f64> {
        let mut stream = Stream::new(11, "contest/simulated", index);
        let mut run = |factor: f64, shared: f64| {
            let loss = 0.1 * factor * (0.05 * stream.normal() + shared).exp();
            vec![point(0, 2.3, 0.1), point(3, loss, 0.9)]
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for seed in 0..seeds {
            // What a start makes easy or hard for all of them.
            let shared = 0.3 * (seed as f64 * 2.4).sin();
            ours.push(run(factor, shared));
            theirs.push(run(1.0, shared));
        }
        Quantity::TrainingLoss.differences(&ours, &theirs, [3, 3])
    }

    #[test]
    fn verdicts_follow_the_truth_of_a_simulated_contest() {
        let margin = LOSS_FACTOR.log10();
        let count = |factor: f64| {
            let mut counts = [0; 2];
            for index in 0..300 {
                let pairing = Pairing::new("x", simulated(index, LEAST_SEEDS, factor), margin).unwrap();
                let verdict = judge::judge(&pairing.measurement(Quantity::TrainingLoss, margin).unwrap());
                counts[0] += usize::from(verdict == Verdict::Consistent);
                counts[1] += usize::from(verdict == Verdict::Violated);
            }
            counts
        };
        assert_eq!(count(1.0), [300, 0], "no difference");
        assert_eq!(count(0.5), [300, 0], "twice as good");
        assert_eq!(count(1.5), [0, 300], "worse by more than the margin");
        // Exactly at the margin both are wrong in one of a hundred at most: 3 of 300, and not more than 11 by 4 standard errors.
        let [consistent, violated] = count(LOSS_FACTOR);
        assert!(consistent <= 11 && violated <= 11, "{consistent} {violated}");
    }

    /// The luck of searches is skewed, and more so in three dimensions than in one: log₁₀ of the loss of the best of 12 draws, quadratic around the best point.
    #[test]
    fn skewed_luck_of_searches_leaves_the_error_rates() {
        let margin = LOSS_FACTOR.log10();
        let mut stream = Stream::new(12, "contest/luck", 0);
        let mut best = |dimensions: usize| -> f64 {
            let mut draw = || (0..dimensions).map(|_| stream.uniform(-0.5, 0.5).powi(2)).sum::<f64>();
            (0..12).map(|_| 6.0 * draw()).fold(f64::INFINITY, dinlab_numeric::min)
        };
        let mut differences: Vec<f64> = (0..40_000).map(|_| best(3) - best(1)).collect();
        // Exactly at the margin on average.
        let shift = margin - dinlab_numeric::sum(&differences) / differences.len() as f64;
        differences.iter_mut().for_each(|d| *d += shift);
        let mut counts = [0; 2];
        for one in differences.chunks(LEAST_SEEDS) {
            let pairing = Pairing::new("x", one.to_vec(), margin).unwrap();
            let verdict = judge::judge(&pairing.measurement(Quantity::TrainingLoss, margin).unwrap());
            counts[0] += usize::from(verdict == Verdict::Consistent);
            counts[1] += usize::from(verdict == Verdict::Violated);
        }
        eprintln!("of 2000: consistent {}, violated {}", counts[0], counts[1]);
        // At most 1 % and 2.5 %, with four standard errors of 2,000 trials.
        assert!(counts[1] <= 20 + 18 && counts[0] <= 50 + 28, "{counts:?}");
    }

    #[test]
    fn few_seeds_decide_nothing_whatever_they_show() {
        let margin = LOSS_FACTOR.log10();
        for factor in [0.1, 1.0, 100.0] {
            let pairing = Pairing::new("x", simulated(0, LEAST_SEEDS - 1, factor), margin).unwrap();
            let m = pairing.measurement(Quantity::TrainingLoss, margin).unwrap();
            assert_eq!(judge::judge(&m), Verdict::Inconclusive);
        }
        let nan = Pairing::new("x", vec![f64::NAN; LEAST_SEEDS], margin);
        assert!(nan.is_err(), "a NaN is no difference");
    }

    #[test]
    fn what_was_chosen_is_said_by_its_middle() {
        let setting = |step_size: f64, momentum: f64, end: bool| Setting {
            method: "momentum".into(),
            step_size,
            values: vec![momentum],
            at_end: if end { vec!["step_size".into()] } else { vec![] },
        };
        let chosen = [setting(0.1, 0.5, true), setting(0.3, 0.99, true), setting(0.2, 0.95, false)];
        let text =
            "momentum momentum 1 - 5.00e-2, step size 2.00e-1 [step size often near an end of the range]";
        assert_eq!(spelled(&chosen), text);
        assert_eq!(spelled(&chosen[2..]), "momentum momentum 1 - 5.00e-2, step size 2.00e-1");
    }
}
