//! Measured numbers beside predicted ones, and the verdict drawn from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::real::{self, RealNumber};

/// How a measured value is compared with its prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The value must equal the prediction within the tolerance.
    Equal,
    /// The value must not exceed the prediction by more than the tolerance.
    Upper,
    /// The value must not fall below the prediction by more than the tolerance.
    Lower,
}

/// A tolerance as a sum of parts, each of which says where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Rounding: a stated multiple of machine epsilon times the scale of the largest summand.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub rounding: f64,
    /// Truncation of the step, the series or the horizon, estimated on the run or from the remainder's formula.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub discretisation: f64,
    /// Margin of equivalence for random quantities.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub sampling: f64,
    /// Derived bound of an error at this very step, series or horizon: a theorem about this resolution, not an estimate, so
    /// that there is nothing to refine.
    #[serde(with = "real", default)]
    #[schemars(with = "RealNumber")]
    pub bound: f64,
}

impl Budget {
    /// A budget of rounding only.
    pub fn rounding(rounding: f64) -> Self {
        Self { rounding, ..Self::default() }
    }
    /// A budget of discretisation only.
    pub fn discretisation(discretisation: f64) -> Self {
        Self { discretisation, ..Self::default() }
    }
    /// A budget of sampling margin only.
    pub fn sampling(sampling: f64) -> Self {
        Self { sampling, ..Self::default() }
    }
    /// A budget of a derived bound only.
    pub fn bound(bound: f64) -> Self {
        Self { bound, ..Self::default() }
    }
    /// Sum of the parts.
    pub fn total(&self) -> f64 {
        self.rounding + self.discretisation + self.sampling + self.bound
    }
}

/// Statistics of a random measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sampling {
    /// Number of independent samples.
    pub samples: u64,
    /// Standard error of `value`.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub standard_error: f64,
    /// p-value of "the true value lies within the margin" (small: the claim is refuted).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub p_violation: f64,
    /// p-value of "the true value lies outside the margin" (small: equivalence is shown).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub p_equivalence: f64,
    /// Smallest deviation that this sample size would report as a violation with probability 0.9.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub detectable: f64,
}

/// One measured number beside its prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// What was measured, in words.
    pub name: String,
    /// The case it was measured on, in words (objective and parameters).
    pub case: String,
    /// Measured value.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub value: f64,
    /// Lower end of its interval (equal to `value` when there is none).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub low: f64,
    /// Upper end of its interval (equal to `value` when there is none).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub high: f64,
    /// Predicted value or bound.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub predicted: f64,
    /// How value and prediction are compared.
    pub kind: Kind,
    /// Tolerance (total of `budget`).
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub tolerance: f64,
    /// Parts of the tolerance.
    pub budget: Budget,
    /// Unit, empty for pure numbers.
    pub unit: String,
    /// Change of `value` under refinement of step, tolerance or horizon, where that was measured.
    #[serde(with = "real")]
    #[schemars(with = "Option<RealNumber>")]
    pub refinement: Option<f64>,
    /// Statistics, for random measurements.
    pub sampling: Option<Sampling>,
}

impl Measurement {
    /// A deterministic measurement; intervals, refinement and statistics are added by the methods below.
    pub fn new(name: impl Into<String>, kind: Kind, value: f64, predicted: f64, budget: Budget) -> Self {
        Self {
            name: name.into(),
            case: String::new(),
            value,
            low: value,
            high: value,
            predicted,
            kind,
            tolerance: budget.total(),
            budget,
            unit: String::new(),
            refinement: None,
            sampling: None,
        }
    }
    /// `value` must equal `predicted`.
    pub fn equal(name: impl Into<String>, value: f64, predicted: f64, budget: Budget) -> Self {
        Self::new(name, Kind::Equal, value, predicted, budget)
    }
    /// `value` must be at most `bound`.
    pub fn at_most(name: impl Into<String>, value: f64, bound: f64, budget: Budget) -> Self {
        Self::new(name, Kind::Upper, value, bound, budget)
    }
    /// `value` must be at least `bound`.
    pub fn at_least(name: impl Into<String>, value: f64, bound: f64, budget: Budget) -> Self {
        Self::new(name, Kind::Lower, value, bound, budget)
    }
    /// A fact that must hold: value 1 (true) or 0 (false) against the prediction 1.
    pub fn holds(name: impl Into<String>, fact: bool) -> Self {
        Self::equal(name, f64::from(u8::from(fact)), 1.0, Budget::default())
    }
    /// Sets the case description.
    #[must_use]
    pub fn on(mut self, case: impl Into<String>) -> Self {
        self.case = case.into();
        self
    }
    /// Sets the unit.
    #[must_use]
    pub fn in_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }
    /// Sets the interval.
    #[must_use]
    pub fn between(mut self, low: f64, high: f64) -> Self {
        (self.low, self.high) = (low, high);
        self
    }
    /// Records how much `value` changed under refinement (absolute).
    #[must_use]
    pub fn refined(mut self, change: f64) -> Self {
        self.refinement = Some(change.abs());
        self
    }
    /// Attaches statistics.
    #[must_use]
    pub fn sampled(mut self, sampling: Sampling) -> Self {
        self.sampling = Some(sampling);
        self
    }
    /// Deviation in the direction that violates, in units of the tolerance; `inf` for a non-zero deviation
    /// with zero tolerance, NaN when the measurement is NaN. Above 1 is outside the tolerance.
    pub fn strain(&self) -> f64 {
        let deviation = match self.kind {
            Kind::Equal => (self.value - self.predicted).abs(),
            Kind::Upper => self.value - self.predicted,
            Kind::Lower => self.predicted - self.value,
        };
        if deviation <= 0.0 && self.tolerance == 0.0 {
            return 0.0;
        }
        deviation / self.tolerance
    }
}

/// Outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A hypothesis is false on this case.
    NotApplicable,
    /// Every measurement agrees with its prediction within its tolerance.
    Consistent,
    /// Not decided: tolerances not met, or the negative control did not fail.
    Inconclusive,
    /// At least one measurement contradicts its prediction.
    Violated,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotApplicable => "not-applicable",
            Self::Consistent => "consistent",
            Self::Inconclusive => "inconclusive",
            Self::Violated => "violated",
        })
    }
}
