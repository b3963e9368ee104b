//! Test accuracy of INDIAN against eight rivals at equal budget, each tuned over all its parameters.

use dinlab_record::{figure::Figure, Claim, Evidence, Hypothesis, Measurement};

use crate::{
    check::{Check, Context, Effort, OwnCase},
    contest::{self, Case, Quantity},
    error::CheckError,
    sources,
};

/// The check.
pub struct PromiseGeneralisation;

static CLAIM: Claim = Claim {
    id: "promise-generalisation",
    family: 'H',
    title: "INDIAN generalises as well as the best of its rivals",
    sentence: "At equal budget, tuning included, INDIAN's test accuracy is nowhere below that of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw or \
               innaprop by more than the sampling error of the test set.",
    statement: r"\mathbb E\big[a^{\rm rival}_{\rm end}-a^{\rm INDIAN}_{\rm end}\big]\le\sqrt{p(1-p)/n_{\rm test}}\quad\text{for every rival and data set}",
    hypotheses: &[
        "equal numbers of search runs, epochs and samples for every method (by construction)",
        "settings chosen on held-out training samples, the test part unseen until then (by construction)",
        "paired runs: same weights, same batches (by construction)",
    ],
    sources: &[
        sources::at(sources::JMLR, "abstract and section 5.3: test accuracy beside SGD, ADAGRAD and ADAM"),
        sources::SEARCH_BUDGET,
        sources::CROWDED_VALLEY,
    ],
    differences: "as for promise-performance. The statement is about these data and this split; another choice of test images is what the margin allows for",
    measured: "The runs of promise-performance: mean difference of the test accuracy at the end (not the best along the way, which would use the test part to stop), with Student's \
               interval (simultaneous 99 % over the 24 comparisons), read as better, equivalent, better or equivalent, undecided, worse. A run that diverges counts with the accuracy of its \
               initial weights. INDIAN also runs against itself from other seeds, where there is no difference.",
    refuted_by: "one rival on one data set whose test accuracy exceeds INDIAN's by more than the margin, over at least 20 paired seeds, after Holm's correction over the run",
    tolerance: "sampling: one standard error √(p(1−p)/n) of an accuracy p on n test samples, with p = 0.97 (digits, n = 359: 0.90 points), 0.98 (MNIST-10k, n = 2000: 0.31) and 0.65 \
                (MNIST-1D, n = 1000: 1.51) fixed beforehand: less could not be told from another choice of test samples. Fewer than 20 seeds decide nothing",
    control: "gross: INDIAN with a step size 100 times too small; near miss: INDIAN with half the epochs, that is, a budget that is not equal. Both against INDIAN itself",
    evidence: Evidence::Sampled,
    cost: "none of its own: the runs are those of promise-performance",
};

impl Check for PromiseGeneralisation {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        contest::cases(effort)
    }

    fn control(&self) -> Vec<Case> {
        contest::control()
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        contest::own_case(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        contest::hypotheses(case)
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        contest::measure(case, context, Quantity::TestAccuracy)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        contest::figure(&CLAIM, context, Quantity::TestAccuracy)
    }
}
