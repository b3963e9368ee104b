//! What a check is.

use std::sync::atomic::{AtomicBool, Ordering};

use dinlab_numeric::Stream;
use dinlab_objective::{registry::Shared, Start};
use dinlab_record::{figure::Figure, Claim, Hypothesis, Measurement};
use serde::Serialize;

use crate::{error::CheckError, subject::Subject};

/// How much work a run may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// All checks in half a minute on two cores.
    Quick,
    /// All checks in some six minutes on two cores, of which five are the training of networks (`docs/benchmarks.md`).
    Standard,
    /// Finer, longer, more cases and fresh seeds.
    Thorough,
}

/// What a check may use while it measures.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Effort.
    pub effort: Effort,
    /// Seed of the run.
    pub seed: u64,
    /// Name of the check: part of every random stream's label.
    pub id: &'static str,
    /// Raised when the user interrupts.
    pub interrupted: &'a AtomicBool,
}

impl Context<'_> {
    /// Random stream number `index` for `purpose`; independent of threads and of other streams.
    pub fn stream(&self, purpose: &str, index: u64) -> Stream {
        Stream::new(self.seed, &format!("{}/{purpose}", self.id), index)
    }

    /// Fails once the user has interrupted; call it in long loops.
    pub fn proceed(&self) -> Result<(), CheckError> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(CheckError::Interrupted);
        }
        Ok(())
    }
}

/// The user's own case: what `dinlab check ID --objective … --alpha …` gives. Fields not given are `None`, and
/// a check fills them with its standard values or refuses with what it needs.
#[derive(Clone, Default)]
pub struct OwnCase {
    /// Objective.
    pub objective: Option<Shared>,
    /// α ≥ 0.
    pub alpha: Option<f64>,
    /// β ≥ 0.
    pub beta: Option<f64>,
    /// γ > 0.
    pub step_size: Option<f64>,
    /// θ₀.
    pub theta: Option<Vec<f64>>,
    /// Initial state of the second variable.
    pub start: Option<Start>,
    /// Horizon T of continuous runs.
    pub until: Option<f64>,
    /// Number of iterations of discrete runs.
    pub steps: Option<u64>,
}

impl OwnCase {
    /// θ₀ as given, or else a point in the objective's view with no symmetry about it; an error without either.
    pub fn start_point(&self) -> Result<Vec<f64>, CheckError> {
        const FRACTIONS: [f64; 4] = [0.31, 0.68, 0.44, 0.59];
        match (&self.theta, &self.objective) {
            (Some(theta), _) => Ok(theta.clone()),
            (None, Some(objective)) => {
                let sides = objective.facts().view.iter().zip(FRACTIONS.iter().cycle());
                Ok(sides.map(|([low, high], fraction)| low + fraction * (high - low)).collect())
            }
            (None, None) => Err(CheckError::OwnCase { reason: "it needs a start or an objective".into() }),
        }
    }

    /// The objective as given; an error without one.
    pub fn subject(&self) -> Result<Subject, CheckError> {
        Ok(self.objective.clone().ok_or_else(|| CheckError::needs("an objective"))?.into())
    }

    /// Whether the user gave nothing.
    pub fn is_empty(&self) -> bool {
        self.objective.is_none()
            && self.alpha.is_none()
            && self.beta.is_none()
            && self.step_size.is_none()
            && self.theta.is_none()
            && self.start.is_none()
            && self.until.is_none()
            && self.steps.is_none()
    }
}

/// A printed statement measured by the same code as the correct one.
#[derive(Debug, Clone)]
pub struct ErratumCase {
    /// What is printed.
    pub printed: &'static str,
    /// Where.
    pub place: &'static str,
    /// `false`, `gap`, `convention`, `typo` or `note`.
    pub grade: &'static str,
    /// What is true.
    pub corrected: &'static str,
    /// Measurements of the printed form.
    pub measurements: Vec<Measurement>,
}

/// One claim with its way of being measured.
pub trait Check: Send + Sync {
    /// Objective, parameters, start, horizon and, for controls, what is broken on purpose.
    type Case: Serialize + Clone + Send + Sync;

    /// The claim.
    fn claim(&self) -> &'static Claim;

    /// Cases at this effort, smallest first.
    fn cases(&self, effort: Effort) -> Vec<Self::Case>;

    /// Cases on which the claim must fail: a gross one and a near miss. They go through `measure` with the
    /// hypothesis gates off, and every single one must come out `violated`.
    fn control(&self) -> Vec<Self::Case>;

    /// The user's own case; the default refuses.
    fn own_case(&self, _own: &OwnCase) -> Result<Self::Case, CheckError> {
        Err(CheckError::OwnCase { reason: "it runs on fixed cases only".into() })
    }

    /// Hypotheses on this case; one that is `False` makes the case `not-applicable`.
    fn hypotheses(&self, case: &Self::Case) -> Vec<Hypothesis>;

    /// Measures the case. Must not depend on anything but the case and the context.
    fn measure(&self, case: &Self::Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError>;

    /// Printed forms that differ from the claim, measured.
    fn errata(&self, _context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        Ok(Vec::new())
    }

    /// The figure that shows the claim.
    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError>;
}
