//! What a check claims: the text that `explain` and the report print.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

/// The claim behind one check. Every text field is required to be non-empty by a test in `theory`.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// Name used on the command line: what is claimed, in kebab case.
    pub id: &'static str,
    /// Family letter of the list of checks (`A` smooth DIN, `B` nonsmooth DIN, `C` INDIAN, `D` step sizes …).
    pub family: char,
    /// Short title for tables.
    pub title: &'static str,
    /// The claim in one sentence.
    pub sentence: &'static str,
    /// The statement as a LaTeX formula (display mode, no dollar signs).
    pub statement: &'static str,
    /// Hypotheses and how each is certified.
    pub hypotheses: &'static [&'static str],
    /// Where it comes from.
    pub sources: &'static [Source],
    /// How this statement differs from the printed text, or "as printed".
    pub differences: &'static str,
    /// What is measured and why it stands for the claim.
    pub measured: &'static str,
    /// What would refute it.
    pub refuted_by: &'static str,
    /// Where the tolerance comes from: rounding, discretisation and sampling, each with its formula.
    pub tolerance: &'static str,
    /// The negative control and why it must fail.
    pub control: &'static str,
    /// Evidence grade the check can reach at most.
    pub evidence: Evidence,
    /// Cost at `standard` effort in words.
    pub cost: &'static str,
}

/// A published source; the same data give the printed reference and its BibTeX entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Source {
    /// BibTeX key.
    pub key: &'static str,
    /// Authors as printed, e.g. "Castera, Bolte, Févotte, Pauwels".
    pub authors: &'static str,
    /// Title.
    pub title: &'static str,
    /// Journal, volume, pages or report number.
    pub venue: &'static str,
    /// Year.
    pub year: u16,
    /// Theorem, equation or section used here.
    pub place: &'static str,
}

/// State of one hypothesis on one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HypothesisState {
    /// Decided exactly from the case's parameters or the objective's facts.
    Exact,
    /// True because of how the case is made.
    ByConstruction,
    /// Checked on samples only.
    Sampled,
    /// Taken for granted.
    Assumed,
    /// False on this case: the check does not apply.
    False,
}

/// One hypothesis, evaluated on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hypothesis {
    /// The hypothesis in words or a formula.
    pub text: String,
    /// How it stands on this case.
    pub state: HypothesisState,
}

impl Hypothesis {
    /// A hypothesis decided exactly: `holds` is the decision.
    pub fn exact(text: impl Into<String>, holds: bool) -> Self {
        let state = if holds { HypothesisState::Exact } else { HypothesisState::False };
        Self { text: text.into(), state }
    }

    /// A hypothesis with a given state.
    pub fn new(text: impl Into<String>, state: HypothesisState) -> Self {
        Self { text: text.into(), state }
    }
}
