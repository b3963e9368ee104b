//! Mini-batches: which terms of a finite sum a step sees, and how their sum is scaled.
//!
//! Let N terms be given, J = Σ J_n. The batches of the steps are independent of one another and identically distributed.
//! Each term lies in a batch p times on average ([`Batch::expected_multiplicity`]), so that
//! E[Σ_{n∈B} v_n] = p Σ v_n ∈ p·D_J: unscaled, the mean field of INDIAN is DIN of pJ, not of J. Scaled by 1/p it is DIN of
//! J.

use std::{fmt, str::FromStr};

use dinlab_numeric::Stream;
use dinlab_objective::{Objective, Oracle, SampleOracle};
use serde::Serialize;

use crate::error::IndianError;

/// The law of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// So many terms, each drawn from all N; a term may come several times. p = b/N.
    WithReplacement(usize),
    /// So many different terms, every set of that size equally likely. p = b/N.
    WithoutReplacement(usize),
    /// Every one of the 2^N − 1 non-empty sets equally likely. p = 2^(N−1)/(2^N − 1).
    NonemptySubsets,
}

/// What the sum over the batch is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// 1: the mean field is that of pJ.
    None,
    /// 1/p: the mean field is that of J.
    InverseProbability,
}

/// Mini-batches of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The law of one batch.
    pub sampling: Sampling,
    /// What the sum is multiplied by.
    pub scaling: Scaling,
    /// Seed, label (run or check) and number of the repetition: with the objective's name they make the random stream.
    pub seed: u64,
    /// See `seed`.
    pub label: String,
    /// See `seed`.
    pub repetition: u64,
}

impl Batch {
    /// Batches of a law with scaling 1/p, from the stream (0, "", 0).
    pub fn new(sampling: Sampling) -> Self {
        let scaling = Scaling::InverseProbability;
        Self { sampling, scaling, seed: 0, label: String::new(), repetition: 0 }
    }

    /// p, for N terms: how often a term lies in a batch on average.
    pub fn expected_multiplicity(&self, count: usize) -> f64 {
        match self.sampling {
            Sampling::WithReplacement(b) | Sampling::WithoutReplacement(b) => b as f64 / count as f64,
            Sampling::NonemptySubsets => 0.5 / (1.0 - (-(count as f64)).exp2()),
        }
    }

    /// What the sum over a batch is multiplied by, for N terms.
    pub fn factor(&self, count: usize) -> f64 {
        match self.scaling {
            Scaling::None => 1.0,
            Scaling::InverseProbability => 1.0 / self.expected_multiplicity(count),
        }
    }

    /// An error where the objective is no finite sum, or the size of the batch is not from 1 to N.
    pub fn validate(&self, objective: &dyn Objective) -> Result<(), IndianError> {
        let Some(samples) = objective.samples() else {
            let objective = objective.name().chars().take(60).collect();
            return Err(IndianError::NoFiniteSum { objective });
        };
        let count = samples.count();
        match self.sampling {
            Sampling::WithReplacement(size) | Sampling::WithoutReplacement(size)
                if !(1..=count).contains(&size) =>
            {
                Err(IndianError::BatchSize { size, count })
            }
            _ => Ok(()),
        }
    }
}

/// Names of the laws, as typed and printed.
const NAMES: [&str; 3] = ["with-replacement", "without-replacement", "nonempty-subsets"];

impl Sampling {
    /// The law of that name; `size` is for those of fixed size. `None` where there is none, or the size is missing or
    /// superfluous.
    pub fn named(name: &str, size: Option<usize>) -> Option<Self> {
        match (NAMES.iter().position(|n| *n == name)?, size) {
            (0, Some(size)) => Some(Self::WithReplacement(size)),
            (1, Some(size)) => Some(Self::WithoutReplacement(size)),
            (2, None) => Some(Self::NonemptySubsets),
            _ => None,
        }
    }

    /// Names of all laws, and whether they take a size.
    pub fn names() -> [(&'static str, bool); 3] {
        [(NAMES[0], true), (NAMES[1], true), (NAMES[2], false)]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::WithReplacement(_) => NAMES[0],
            Self::WithoutReplacement(_) => NAMES[1],
            Self::NonemptySubsets => NAMES[2],
        }
    }

    /// Its size, where that is fixed.
    pub fn size(self) -> Option<usize> {
        match self {
            Self::WithReplacement(size) | Self::WithoutReplacement(size) => Some(size),
            Self::NonemptySubsets => None,
        }
    }
}

impl Scaling {
    /// Both, in the order in which messages list them.
    pub const ALL: [Self; 2] = [Self::InverseProbability, Self::None];
}

impl fmt::Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::InverseProbability => "inverse-probability",
        })
    }
}

impl FromStr for Scaling {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scaling| scaling.to_string() == text)
            .ok_or_else(|| "expected inverse-probability or none".into())
    }
}

/// Draws batches one after another; memory N.
#[derive(Debug, Clone)]
pub struct Draws {
    sampling: Sampling,
    stream: Stream,
    /// All terms in some order: the first ones are the last batch drawn without replacement.
    order: Vec<usize>,
    batch: Vec<usize>,
}

impl Draws {
    /// The batches of a run on the objective called `name` with `count` terms. The batch must have been validated.
    pub fn new(batch: &Batch, name: &str, count: usize) -> Self {
        let label = format!("{}/{name}/batches", batch.label);
        let stream = Stream::new(batch.seed, &label, batch.repetition);
        Self { sampling: batch.sampling, stream, order: (0..count).collect(), batch: Vec::new() }
    }

    /// The next batch. Terms come in no particular order.
    pub fn next_batch(&mut self) -> &[usize] {
        let count = self.order.len();
        match self.sampling {
            Sampling::WithReplacement(size) => {
                self.batch.clear();
                self.batch.extend((0..size).map(|_| self.stream.below(count)));
                &self.batch
            }
            Sampling::WithoutReplacement(size) => {
                // The beginning of a random permutation, whatever order it starts from.
                for i in 0..size.min(count) {
                    let j = i + self.stream.below(count - i);
                    self.order.swap(i, j);
                }
                &self.order[..size.min(count)]
            }
            Sampling::NonemptySubsets => {
                loop {
                    self.draw_subset(count);
                    if !self.batch.is_empty() {
                        break;
                    }
                }
                &self.batch
            }
        }
    }

    /// Every subset equally likely: one fair bit for each term.
    fn draw_subset(&mut self, count: usize) {
        self.batch.clear();
        for first in (0..count).step_by(64) {
            let bits = self.stream.bits();
            self.batch.extend((first..count.min(first + 64)).filter(|n| bits >> (n - first) & 1 == 1));
        }
    }
}

/// An oracle whose gradient is that of a fresh batch at every call; values and Hessian products are those of the
/// batch of the last gradient (of none before the first).
pub(crate) struct BatchOracle<'a> {
    samples: Box<dyn SampleOracle + 'a>,
    draws: Draws,
    current: Vec<usize>,
    factor: f64,
    dimension: usize,
}

impl<'a> BatchOracle<'a> {
    /// Panics where the objective is no finite sum: the batch must have been validated.
    pub(crate) fn new(objective: &'a dyn Objective, batch: &Batch) -> Self {
        let samples = objective.samples().expect("validated: the objective is a finite sum");
        let count = samples.count();
        Self {
            samples: samples.oracle(),
            draws: Draws::new(batch, objective.name(), count),
            current: Vec::new(),
            factor: batch.factor(count),
            dimension: objective.dimension(),
        }
    }

    fn scale(&self, out: &mut [f64]) {
        if self.factor != 1.0 {
            out.iter_mut().for_each(|v| *v *= self.factor);
        }
    }
}

impl Oracle for BatchOracle<'_> {
    fn dimension(&self) -> usize {
        self.dimension
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.factor * self.samples.value(&self.current, x)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        let batch = self.draws.next_batch();
        self.samples.gradient(batch, x, out);
        self.current.clear();
        self.current.extend_from_slice(batch);
        self.scale(out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        self.samples.hessian_vector(&self.current, x, direction, out);
        self.scale(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each batch, as a sorted list, comes in so many draws.
    fn census(sampling: Sampling, count: usize, draws: u32) -> std::collections::BTreeMap<Vec<usize>, u32> {
        let mut source = Draws::new(&Batch::new(sampling), "census", count);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..draws {
            let mut batch = source.next_batch().to_vec();
            batch.sort_unstable();
            *seen.entry(batch).or_default() += 1;
        }
        seen
    }

    /// Every count within five standard deviations of what `probability` says, and nothing else seen.
    fn agrees(sampling: Sampling, count: usize, outcomes: usize, probability: impl Fn(&[usize]) -> f64) {
        let draws = 60_000_u32;
        let seen = census(sampling, count, draws);
        assert_eq!(seen.len(), outcomes, "{seen:?}");
        for (batch, times) in &seen {
            let (p, n) = (probability(batch), f64::from(draws));
            let deviation = f64::from(*times) - n * p;
            assert!(deviation.abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(), "{sampling:?} {batch:?}: {times}");
        }
    }

    #[test]
    fn batches_have_the_stated_laws() {
        agrees(Sampling::WithoutReplacement(2), 4, 6, |_| 1.0 / 6.0);
        agrees(Sampling::WithoutReplacement(3), 3, 1, |_| 1.0);
        agrees(Sampling::NonemptySubsets, 3, 7, |_| 1.0 / 7.0);
        agrees(Sampling::NonemptySubsets, 1, 1, |_| 1.0);
        // Two draws from three: a pair of different terms comes in two orders.
        agrees(Sampling::WithReplacement(2), 3, 6, |b| if b[0] == b[1] { 1.0 / 9.0 } else { 2.0 / 9.0 });
    }

    #[test]
    fn every_term_comes_as_often_as_stated() {
        for (sampling, count) in [
            (Sampling::WithReplacement(5), 7),
            (Sampling::WithoutReplacement(5), 7),
            (Sampling::NonemptySubsets, 4),
            (Sampling::NonemptySubsets, 130),
        ] {
            let p = Batch::new(sampling).expected_multiplicity(count);
            let mut times = vec![0_u32; count];
            let mut draws = Draws::new(&Batch::new(sampling), "multiplicity", count);
            let runs = 20_000;
            for _ in 0..runs {
                draws.next_batch().iter().for_each(|&n| times[n] += 1);
            }
            for &t in &times {
                let share = f64::from(t) / f64::from(runs);
                // The variance of a multiplicity is at most b/N(1 − 1/N) or p(1 − p): below 1 here.
                assert!((share - p).abs() < 5.0 / f64::from(runs).sqrt(), "{sampling:?}: {share} {p}");
            }
        }
        assert_eq!(Batch::new(Sampling::NonemptySubsets).expected_multiplicity(3), 4.0 / 7.0);
        assert_eq!(Batch::new(Sampling::NonemptySubsets).expected_multiplicity(1), 1.0);
        assert_eq!(Batch::new(Sampling::NonemptySubsets).expected_multiplicity(5000), 0.5);
        assert_eq!(Batch::new(Sampling::WithoutReplacement(2)).factor(10), 5.0);
        let unscaled = Batch { scaling: Scaling::None, ..Batch::new(Sampling::WithReplacement(2)) };
        assert_eq!(unscaled.factor(10), 1.0);
    }

    #[test]
    fn names_are_read_as_they_are_printed() {
        for (name, sized) in Sampling::names() {
            let size = sized.then_some(4);
            let sampling = Sampling::named(name, size).unwrap();
            assert_eq!((sampling.name(), sampling.size()), (name, size));
            assert_eq!(Sampling::named(name, if sized { None } else { Some(4) }), None);
        }
        assert_eq!(Sampling::named("bootstrap", Some(1)), None);
        for scaling in Scaling::ALL {
            assert_eq!(scaling.to_string().parse(), Ok(scaling));
        }
        assert!("1/p".parse::<Scaling>().is_err());
    }
}
