//! Interpolated INDIAN is an asymptotic pseudo-trajectory of DIN: over any window of length T it stays close to the flow that
//! starts where the window starts, at a distance of order γ without and √γ with noise.
//!
//! Derivation. Let z = (θ, u), ż = F(z) the flow with Lipschitz F, z_{k+1} = z_k + γF(z_k) + γξ_k, ξ_k bounded, of mean zero
//! given the past. Over T/γ steps the Euler error is O(γ). The noise adds a martingale Σγξ_j of variance γ²·(T/γ)·E|ξ|² =
//! γT·E|ξ|²; by Doob's inequality its maximum is O(√γ), and Gronwall's inequality carries both over to the distance of the
//! curves. For fixed T the maximum divided by √γ converges in law (Donsker), so there is no factor of log(T/γ).

mod case;
mod draw;

use dinlab_analysis::{pseudo_trajectory::scaling, statistics::equivalence_mean};
use dinlab_objective::Regularity;
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement};

pub use self::case::Case;
use self::case::{rademacher, Windows};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct PseudoTrajectory;

static CLAIM: Claim = Claim {
    id: "pseudo-trajectory",
    family: 'C',
    title: "Interpolated INDIAN stays close to DIN over windows of fixed length",
    sentence: "Over a window of fixed length the distance between interpolated INDIAN and the flow of DIN from the same state \
               is of the order of the step size γ with the full gradient, and of √γ in the mean with centred noise; so with \
               vanishing steps INDIAN is an asymptotic pseudo-trajectory of DIN.",
    statement: r"\sup_{0\le h\le T}\|X(t_k+h)-\Phi_h(X(t_k))\|=O(\gamma_k)\ \text{without noise},\qquad \mathbb E\sup\sim C\sqrt{\gamma_k}\ \text{with noise}",
    hypotheses: &[
        "J is continuously differentiable with a Lipschitz gradient along the runs (exact where the facts give L, else assumed)",
        "the noise is bounded and has mean zero given the past: batches are independent and scaled by 1/p (by construction)",
    ],
    sources: &[sources::PSEUDO_TRAJECTORIES, sources::at(sources::JMLR, "section 3.3 and Theorem 3")],
    differences: "published: the distance tends to 0; the two exponents are derived in this project. At fixed T there is no \
                  logarithmic factor",
    measured: "Runs of the shipped algorithm, linear between iterations t_k = Σγ_j, against the shipped integrator from the \
               state at the window's beginning; sup at the iterations. Slope of the log of the mean distance against log γ: at \
               constant steps in ratio 4, and on windows that begin later and later in a run with vanishing steps. The \
               window's length is fixed in advance and nothing is fitted but the slope.",
    refuted_by: "an exponent shown to be off ½ (off 1 without noise) by more than the margin",
    tolerance: "sampling: margin 0.03; discretisation: the maximum over iterations misses 0.5826 standard deviations of one \
                step's noise (Siegmund), and the distance without noise adds to it: both relative to the mean distance at the \
                coarsest step, over log of the range of steps. Without noise: slopes extrapolated to γ → 0, 0.01",
    control: "gross: the batch is always the first term, so the noise has a mean; near miss: a mean of 6% of the noise's size",
    evidence: Evidence::Sampled,
    cost: "10⁷ steps, seconds",
};

/// Margin on an exponent with noise.
const MARGIN: f64 = 0.03;

impl Check for PseudoTrajectory {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let many = match effort {
            Effort::Quick => 800,
            Effort::Standard => 2_000,
            Effort::Thorough => 20_000,
        };
        // Two steep and two flat terms, smooth and not quadratic; their slopes scatter by about 6 at the start.
        let nonlinear = "sum:softplus(4*x - 2) + 0.1*x^2; softplus(1 - 3*x); 2*x + 0.2*x^2; -2*x + 0.3*x^2";
        let vanishing = |repetitions| Case {
            windows: Windows::Vanishing { initial: 0.2, exponent: 0.5, begins: vec![100, 1_600] },
            ..Case::new(&rademacher(4.0), 0.7, 0.3, &[0.5], repetitions)
        };
        let mut cases = vec![
            Case::new("quadratic:2", 0.7, 0.3, &[1.0], 1).quiet(),
            Case::new(&rademacher(4.0), 0.7, 0.3, &[0.5], many),
            vanishing(many),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("hill", 0.7, 0.3, &[0.6, -0.8], 1).quiet());
            cases.push(Case::new(nonlinear, 1.5, 0.1, &[0.2], many));
            let plane = "sum:x^2 + 3*x - 2*y; (x - y)^2 - 3*x; y^2 + 2*y";
            cases.push(Case::new(plane, 0.5, 0.8, &[0.3, -0.2], many));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |objective: &str| Case {
            objective: Subject::named(objective),
            ..Case::new(&rademacher(4.0), 0.7, 0.3, &[0.5], 400)
        };
        // Twice the first term; and a mean of 0.24 on noise of size 4.
        vec![with("sum:x^2 + 4*x"), with("sum:0.5*x^2 + 2.12*x; 0.5*x^2 - 1.88*x")]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        Case::own(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.flow.facts();
        let lipschitz = match (facts.regularity, &facts.smoothness) {
            (Regularity::Lipschitz, _) => HypothesisState::False,
            (_, Some(_)) => HypothesisState::Exact,
            _ => HypothesisState::Assumed,
        };
        vec![
            Hypothesis::new(
                "J is continuously differentiable with a Lipschitz gradient along the runs",
                lipschitz,
            ),
            Hypothesis::new("the noise is bounded and centred", HypothesisState::ByConstruction),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let distances = case.distances(context)?;
        if case.batch.is_none() {
            return Ok(vec![quiet(case, &distances)]);
        }
        let found = scaling(&case.scales(), &distances)?;
        let finite_step = case.finite_step(found.means[0], context)?;
        if case.own && finite_step > 0.1 {
            let reason = format!(
                "the noise is too weak at the coarsest step: finite steps move the exponent by up to {finite_step:.2}; give a \
                 smaller --step-size or a --start nearer to a critical point"
            );
            return Err(CheckError::OwnCase { reason });
        }
        let budget = Budget { discretisation: finite_step, ..Budget::sampling(MARGIN) };
        let sampling = equivalence_mean(&found.estimates, 0.5, budget.total())?;
        Ok(vec![Measurement::equal("exponent of the mean distance in γ", found.exponent, 0.5, budget)
            .on(case.words())
            .sampled(sampling)])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}

/// Without noise: slopes between neighbours, extrapolated (2p_j − p_{j−1} removes their O(γ)), at the two finest steps.
fn quiet(case: &Case, distances: &[Vec<f64>]) -> Measurement {
    let scales = case.scales();
    let slope = |j: usize| (distances[j - 1][0] / distances[j][0]).ln() / (scales[j - 1] / scales[j]).ln();
    let last = distances.len() - 1;
    let (fine, coarse) = (2.0 * slope(last) - slope(last - 1), 2.0 * slope(last - 1) - slope(last - 2));
    Measurement::equal("exponent of the distance in γ", fine, 1.0, Budget::discretisation(0.01))
        .on(case.words())
        .refined(fine - coarse)
}
