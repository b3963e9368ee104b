//! Test accuracy of INDIAN against eight rivals at equal budget, each tuned over all its parameters.

use dinlab_record::{Claim, Evidence};

use crate::{
    contest::{
        promise::{Promise, ANEW, CONTROL, EQUAL, PAIRED},
        Quantity,
    },
    sources,
};

/// The check.
pub static CHECK: Promise = Promise { claim: &CLAIM, quantity: Quantity::TestAccuracy };

static CLAIM: Claim = Claim {
    id: "promise-generalisation",
    family: 'H',
    title: "INDIAN generalises as well as the best of its rivals",
    sentence: "At equal budget, tuning included, INDIAN's test accuracy is nowhere below that of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw or \
               innaprop by more than the sampling error of the test set.",
    statement: r"\mathbb E\big[a^{\rm rival}_{\rm end}-a^{\rm INDIAN}_{\rm end}\big]\le\sqrt{p(1-p)/n_{\rm test}}\quad\text{for every rival and data set}",
    hypotheses: &[
        EQUAL,
        "settings chosen on held-out training samples, the test part unseen until then (by construction)",
        ANEW,
        PAIRED,
    ],
    sources: &[
        sources::at(sources::JMLR, "abstract and section 5.3: test accuracy beside SGD, ADAGRAD and ADAM"),
        sources::SEARCH_BUDGET,
        sources::BENCHMARK_VARIANCE,
        sources::CROWDED_VALLEY,
    ],
    differences: "as for promise-performance. The statement is about these data and this split; another choice of test images is what the margin allows for",
    measured: "The runs of promise-performance: mean difference of the test accuracy at the end (not the best along the way, which would use the test part to stop), with Student's \
               interval (simultaneous 99 % over the 24 comparisons), read as better, equivalent, better or equivalent, undecided, worse. A run that diverges counts with the accuracy of its \
               initial weights. INDIAN also runs against itself from other seeds, where there is no difference.",
    refuted_by: "one rival on one data set whose test accuracy exceeds INDIAN's by more than the margin, over at least 20 repetitions, after Holm's correction over the run",
    tolerance: "sampling: one standard error √(p(1−p)/n) of an accuracy p on n test samples, with p = 0.97 (digits, n = 359: 0.90 points), 0.98 (MNIST-10k, n = 2000: 0.31) and 0.65 \
                (MNIST-1D, n = 1000: 1.51) fixed beforehand: less could not be told from another choice of test samples. Fewer than 20 repetitions decide nothing",
    control: CONTROL,
    evidence: Evidence::Sampled,
    cost: "none of its own: the runs are those of promise-performance",
};
