//! Records of a run of checks: the content of `checks.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    figure::Figure,
    real::{self, RealNumber},
    Hypothesis, Measurement, Provenance, Verdict,
};

/// How strong the evidence is. Never "proved".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Seen on samples.
    Sampled,
    /// Stable under refinement of step, tolerance and horizon.
    Resolved,
    /// Enclosed by interval arithmetic.
    Enclosed,
    /// Backed by an independently re-checked certificate.
    Certified,
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sampled => "sampled",
            Self::Resolved => "resolved",
            Self::Enclosed => "enclosed",
            Self::Certified => "certified",
        })
    }
}

/// Negative control of a check: the same code on cases where the claim must fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// Worst (that is, least violated) verdict over the control's cases; `violated` is what it must be.
    pub verdict: Verdict,
    /// What each control case measured.
    pub measurements: Vec<Measurement>,
}

/// One random measurement repeated with fresh seeds. Where the prediction holds exactly and the standard error is
/// right, the p-values of "value = prediction" are uniform on [0, 1]; a bias that the margin allows for, or a
/// standard error that is wrong, shows here long before it decides a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FreshSeeds {
    /// Name of the measurement.
    pub name: String,
    /// Its case.
    pub case: String,
    /// Two-sided p-values of "value = prediction", one per seed.
    #[serde(with = "real")]
    #[schemars(with = "Vec<RealNumber>")]
    pub p_values: Vec<f64>,
    /// Kolmogorov distance of the p-values to the uniform law.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub distance: f64,
    /// p-value of "the p-values are uniform", after Holm's adjustment over the run.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub p_uniform: f64,
    /// Whether uniformity stands at the level of the run.
    pub uniform: bool,
    /// Mean over the seeds of value − prediction.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub bias: f64,
    /// Its standard error.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub bias_error: f64,
    /// Margin of equivalence, which the bias may use.
    #[serde(with = "real")]
    #[schemars(with = "RealNumber")]
    pub margin: f64,
}

/// A printed statement that differs from what is true, measured by the same code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Erratum {
    /// What is printed.
    pub printed: String,
    /// Where.
    pub place: String,
    /// `false`, `gap`, `convention`, `typo` or `note`.
    pub grade: String,
    /// What is true.
    pub corrected: String,
    /// Verdict on the printed form; `violated` is a finding and does not count for the exit code.
    pub verdict: Verdict,
    /// Numbers behind the verdict.
    pub measurements: Vec<Measurement>,
}

/// Everything about one check in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckEntry {
    /// Name of the check.
    pub id: String,
    /// Family letter.
    pub family: String,
    /// Title.
    pub title: String,
    /// One-sentence claim.
    pub claim: String,
    /// Statement, LaTeX.
    pub statement: String,
    /// Verdict; null when the check could not run (`error` says why).
    pub verdict: Option<Verdict>,
    /// Why the verdict is what it is, in one sentence.
    pub reason: String,
    /// Evidence grade reached.
    pub evidence: Evidence,
    /// Hypotheses per case, deduplicated.
    pub hypotheses: Vec<Hypothesis>,
    /// All measurements.
    pub measurements: Vec<Measurement>,
    /// The measurement nearest to (or deepest in) violation.
    pub worst_case: Option<Measurement>,
    /// Negative control; null for a user's own case.
    pub control: Option<Control>,
    /// Random measurements repeated with fresh seeds; empty below `thorough`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh_seeds: Vec<FreshSeeds>,
    /// Printed forms that differ.
    pub errata: Vec<Erratum>,
    /// The errata's first entry, as the contract names it.
    pub erratum: Option<Erratum>,
    /// References, as printed.
    pub source: Vec<String>,
    /// BibTeX keys of `source`.
    pub keys: Vec<String>,
    /// Seed.
    pub seed: u64,
    /// Resolved plan: effort, cases and parameters.
    pub plan: Value,
    /// Seconds; outside the compared part.
    pub timing: f64,
    /// Whether the entry was taken from the cache.
    pub cached: bool,
    /// The command that reproduces it.
    pub command: String,
    /// Figure, drawn from the record only.
    #[schemars(skip)]
    pub figure: Option<Figure>,
    /// Why it could not run.
    pub error: Option<String>,
}

/// Content of `checks.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Name and version of this format.
    pub schema: String,
    /// Provenance of the run.
    pub provenance: Provenance,
    /// The resolved plan of the run (effort, ids, overrides).
    pub plan: Value,
    /// One entry per check, in the order of `dinlab list checks`.
    pub checks: Vec<CheckEntry>,
}

/// Name and version of the format of [`CheckReport`].
pub const CHECKS_SCHEMA: &str = "dinlab/checks/1";
