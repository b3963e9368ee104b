//! What the two promises have in common: one set of runs, read for two quantities.

use dinlab_record::{figure::Figure, Claim, Hypothesis, Measurement};

use super::{cases, control, figure, hypotheses, measure, own_case, Case, Quantity};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
};

/// A check that reads a contest.
pub struct Promise {
    /// The claim.
    pub claim: &'static Claim,
    /// What is compared.
    pub quantity: Quantity,
}

/// Its controls in words.
pub const CONTROL: &str = "gross: INDIAN with a step size 100 times too small; near miss: INDIAN with a third of the epochs, that is, a budget that is not equal. Both against INDIAN itself";
/// A hypothesis in words.
pub const EQUAL: &str = "equal numbers of search runs, epochs and samples for every method (by construction)";
/// A hypothesis in words.
pub const ANEW: &str = "every pair of runs has searches of its own (by construction)";
/// A hypothesis in words.
pub const PAIRED: &str = "paired runs: same weights, same batches (by construction)";

impl Check for Promise {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        self.claim
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        cases(effort)
    }

    fn control(&self) -> Vec<Case> {
        control()
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        own_case(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        hypotheses(case)
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        measure(case, context, self.quantity)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        figure(self.claim, context, self.quantity)
    }
}
