//! Training loss of INDIAN against eight rivals at equal budget, each tuned over all its parameters.

use dinlab_record::{Claim, Evidence};

use crate::{
    contest::{
        promise::{Promise, ANEW, CONTROL, EQUAL, PAIRED},
        Quantity,
    },
    sources,
};

/// The check.
pub static CHECK: Promise = Promise { claim: &CLAIM, quantity: Quantity::TrainingLoss };

static CLAIM: Claim = Claim {
    id: "promise-performance",
    family: 'H',
    title: "INDIAN trains as well as the best of its rivals",
    sentence: "At equal budget, tuning included, INDIAN's training loss is nowhere more than 25 % above that of sgd, momentum, nesterov, adagrad, \
               rmsprop, adam, adamw or innaprop.",
    statement: r"\mathbb E\big[\log_{10}J^{\rm INDIAN}_{\rm end}-\log_{10}J^{\rm rival}_{\rm end}\big]\le\log_{10}1.25\quad\text{for every rival and data set}",
    hypotheses: &[
        EQUAL,
        "settings chosen on held-out training samples (by construction)",
        ANEW,
        PAIRED,
    ],
    sources: &[
        sources::at(sources::JMLR, "abstract and section 5.3: competitive with SGD, ADAGRAD and ADAM"),
        sources::SEARCH_BUDGET,
        sources::BENCHMARK_VARIANCE,
        sources::CROWDED_VALLEY,
    ],
    differences: "the paper shows curves of five seeds with the step size from a grid; here every parameter of every method is searched, the networks and data are \
                  smaller, and 'competitive' is made a number: not worse by more than a margin fixed beforehand. Being best would need `better`; the word beside each \
                  comparison says which it is",
    measured: "Digits and MNIST-1D (one hidden layer), MNIST-10k (LeNet-5), cross-entropy, batches of 32, constant steps. A repetition is a random search over all parameters, equally many \
               runs for each method, of which the smallest held-out loss chooses, and one run of what was chosen from a new seed, paired. Measured is the mean difference of log₁₀ of the \
               final training loss over repetitions, the luck of searches included, with Student's interval (simultaneous 99 % over the 24 comparisons), read as better, equivalent, \
               better or equivalent, undecided, worse. A run that diverges counts with the loss of its initial weights. INDIAN also runs against itself from other seeds, where there is \
               no difference.",
    refuted_by: "one rival on one data set with a training loss more than 25 % below INDIAN's, over at least 20 repetitions, after Holm's correction over the run",
    tolerance: "sampling: log₁₀ 1.25. Losses here fall about like 1/epoch late in training, so that a quarter is what a fifth more epochs would bring: less is not worth a \
                change of method. Fewer than 20 repetitions decide nothing",
    control: CONTROL,
    evidence: Evidence::Sampled,
    cost: "at standard some 40 million samples forward and backward, two of them through LeNet-5 (minutes on two cores), shared with promise-generalisation",
};
