//! Step sizes γ₀(k+1)^−q with slow decay: the fourth figure of the JMLR paper in our setting.

use dinlab_record::{figure::Figure, Claim, Evidence, Hypothesis, HypothesisState, Kind, Measurement};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    contest::LOSS_FACTOR,
    error::CheckError,
    recipe::{self, compared, losses, Line, Recipe},
    sources,
};

/// The check.
pub struct FigureFour;

/// q, from the fastest decay to the slowest.
const DECAYS: [f64; 4] = [0.5, 0.25, 0.125, 0.0625];

static CLAIM: Claim = Claim {
    id: "figure-four",
    family: 'H',
    title: "Slower decay of the step size trains no slower",
    sentence: "Among the decays k^−1/2, k^−1/4, k^−1/8, k^−1/16, each with γ₀ from one grid, a slower decay never ends with a training loss more than 25 % above that of the next \
               faster one.",
    statement: r"\mathbb E\log_{10}(J^{q/2}_{\rm end}/J^{q}_{\rm end})\le\log_{10}1.25,\qquad q=\tfrac12,\tfrac14,\tfrac18",
    hypotheses: &[
        "the same grid, epochs, weights and batches for every q (by construction)",
        "every q is admissible: steps are o(1/log k) (exact)",
    ],
    sources: &[sources::at(sources::JMLR, "Figure 4 and section 5.3; assumption 1 admits every q in (0, 1]")],
    differences: "the paper shows Network-in-Network on CIFAR; here LeNet-5 on 10,000 MNIST digits. The margin makes 'slower decay trains faster' testable; the sentence is our reading \
                  of the figure",
    measured: "The paper's recipe (batches of 32, (α, β) = (0.5, 0.1), initial velocity −∇J, γ₀ of every q by training loss after some epochs): paired differences in log₁₀ of the final \
               training loss between neighbouring decays, with Student's 99 % interval. Total time Σγ_k differs between the curves: that is the point of a slow decay, and what γ₀ can \
               partly make up for",
    refuted_by: "a slower decay that ends with a training loss more than 25 % higher, over at least 20 paired seeds",
    tolerance: "sampling: log₁₀ 1.25, as for promise-performance. Fewer than 20 seeds decide nothing",
    control: "gross: k^−1 stands for the slower decay against k^−1/4; near miss: k^−1/2 against k^−1/16 at a quarter of the chosen γ₀. On digits with 24 seeds",
    evidence: Evidence::Sampled,
    cost: "about 0.6 million images at standard",
};

/// Decays in order; each is compared with the one before it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    recipe: Recipe,
}

fn line(decay: f64) -> Line {
    Line { alpha: 0.5, beta: 0.1, decay, factor: 1.0 }
}

fn standard(effort: Effort) -> Recipe {
    Recipe::digits_by_lenet(effort, DECAYS.map(line).to_vec())
}

fn swapped(lines: [Line; 2]) -> Case {
    Case { recipe: Recipe::small_digits(lines.to_vec()) }
}

impl Check for FigureFour {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        vec![Case { recipe: standard(effort) }]
    }

    fn control(&self) -> Vec<Case> {
        let slow = Line { factor: 0.25, ..line(0.5) };
        vec![swapped([line(0.25), line(1.0)]), swapped([line(0.0625), slow])]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let admissible = case.recipe.lines.iter().all(|line| line.decay > 0.0 && line.decay <= 1.0);
        vec![
            Hypothesis::new("the same grid, epochs, weights and batches", HypothesisState::ByConstruction),
            Hypothesis::exact("0 < q ≤ 1: steps are o(1/log k) and their sum is infinite", admissible),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let recipe = &case.recipe;
        let curves = recipe.curves(context)?;
        let mut measured = Vec::new();
        for (lines, pair) in recipe.lines.windows(2).zip(curves.windows(2)) {
            let words = format!("{}, k^−{} after k^−{}", recipe.place(), lines[1].decay, lines[0].decay);
            let name = "log₁₀ of the training loss over that of the decay before".to_owned();
            let (x, y) = (losses(&pair[1], recipe.epochs), losses(&pair[0], recipe.epochs));
            measured.push(compared(name, Kind::Upper, &x, &y, LOSS_FACTOR.log10())?.on(words));
        }
        Ok(measured)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let recipe = standard(context.effort);
        let curves = recipe.curves(context)?;
        Ok(recipe::figure(&CLAIM, &recipe, &curves, |line| format!("q = 1/{}", 1.0 / line.decay)))
    }
}
