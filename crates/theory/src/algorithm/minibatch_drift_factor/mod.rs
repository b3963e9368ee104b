//! The mean of INDIAN with mini-batches is INDIAN on fJ: f = p without scaling, f = 1 with scaling by 1/p.
//!
//! Derivation. Let each term lie p times in a batch on average. Then E[Σ_{n∈B} v_n | θ] = p Σ v_n ∈ p·D_J(θ), whatever the
//! terms. One step is affine in the gradient, so E(θ₁, u₁) is one step on fJ from (θ₀, u₀), for every J. Where the gradients of
//! all terms are affine, v_n(θ) = A_nθ + c_n, the expectation passes through every later step as well: batches are
//! independent of the state, so E z_{k+1} = E M(B_k) E z_k + E c(B_k), and E z_k follows INDIAN on fJ exactly, for all k.
//! Everything said about DIN of J then holds with J → pJ: modes s² + (α+βpλ)s + pλ = 0.

mod case;
mod draw;
mod fit;

use dinlab_analysis::statistics::equivalence_mean;
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement};

pub use self::case::Case;
use self::case::{affine, Prediction};
use crate::{
    check::{Check, Context, Effort, ErratumCase, OwnCase},
    error::CheckError,
    sources,
};
use dinlab_indian::{Sampling, Scaling};

/// The check.
pub struct MinibatchDriftFactor;

static CLAIM: Claim = Claim {
    id: "minibatch-drift-factor",
    family: 'C',
    title: "The mean of mini-batch INDIAN is INDIAN on pJ",
    sentence: "A sum over a batch has mean p times the full sum, p the mean number of times a term lies in a batch; so \
               without scaling the mean of INDIAN follows INDIAN on pJ, with scaling by 1/p it follows INDIAN on J: exactly at \
               every step for quadratic terms, exactly for one step for all terms.",
    statement: r"\mathbb E\Bigl[\sum_{n\in B}v_n\,\Big|\,\theta\Bigr]\in p\,D_J(\theta),\qquad p=\tfrac bN\ \text{or}\ \tfrac{2^{N-1}}{2^N-1},\qquad \mathbb E(\theta_k,u_k)=\text{INDIAN on }pJ",
    hypotheses: &[
        "J is a finite sum; batches are independent, identically distributed, and contain every term p times on average (by \
         construction)",
        "all terms have affine gradients, or one step is looked at (sampled: increments of every gradient against its Hessian)",
    ],
    sources: &[sources::at(sources::JMLR, "equations (12)-(13)")],
    differences: "printed: the sum over a batch is an element of D_J plus noise of mean zero. That needs the scaling 1/p; the \
                  critical set is the same without it, rates and step-size limits are not",
    measured: "The mean curve of many runs of the shipped algorithm. The factor f is fitted to it: least squares between the \
               curve and INDIAN on fJ (its own recursion, full gradient), f between 10⁻³ and 10³, neither f nor p given. Groups \
               of runs, projected on the sensitivity of the curve to f, give the standard error.",
    refuted_by: "a fitted factor whose distance from p (or from 1 with scaling) is shown to exceed the margin",
    tolerance: "sampling only: equivalence within 0.5% of the factor in one dimension, 1% in more, 5% in one step; the mean is exact, fitting adds \
                terms of the order of the squared standard error",
    control: "gross: the factor is 1 without scaling (the printed reading); near miss: the factor is 1% larger",
    evidence: Evidence::Sampled,
    cost: "some 10⁶ steps per case, a second",
};

impl Check for MinibatchDriftFactor {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let scale = match effort {
            Effort::Quick => 1,
            Effort::Standard => 4,
            Effort::Thorough => 20,
        };
        let many = |case: Case| Case { runs: case.runs * scale, ..case };
        let mut cases = vec![
            Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::None),
            Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::InverseProbability),
            Case::plane(Sampling::NonemptySubsets, Scaling::None),
            Case::one_step("medians:-3,-1,0,1,5", &[2.0], Sampling::WithReplacement(2)),
        ];
        if effort > Effort::Quick {
            cases.push(Case::plane(Sampling::WithReplacement(2), Scaling::None));
            cases.push(Case::ten_terms(Sampling::NonemptySubsets, Scaling::InverseProbability));
            cases.push(Case::lasso());
            cases.push(Case::one_step("wells:0.5,1,2,2.5", &[4.0], Sampling::NonemptySubsets));
        }
        cases.into_iter().map(many).collect()
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case {
            prediction,
            ..Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::None)
        };
        vec![with(Prediction::One), with(Prediction::Scaled(1.01))]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        Case::own(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let Some(samples) = case.objective.samples() else {
            return vec![Hypothesis::exact("J is a finite sum", false)];
        };
        let exact = match case.steps {
            0 | 1 => HypothesisState::ByConstruction,
            _ if affine(&*case.objective, samples) => HypothesisState::Sampled,
            _ => HypothesisState::False,
        };
        vec![
            Hypothesis::new(
                "J is a finite sum with independent batches of fixed p",
                HypothesisState::ByConstruction,
            ),
            Hypothesis::new("all terms have affine gradients, or one step is looked at", exact),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let curves = case.group_means(context)?;
        let factors = fit::factors(case, &curves)?;
        if factors.iter().any(|f| !f.is_finite()) {
            return Err(CheckError::needs(
                "a start (--start) at which the gradient of J is not 0: without a drift there is no factor to measure",
            ));
        }
        let predicted = case.predicted();
        let margin = case.margin * predicted;
        let measurement = Measurement::equal(
            "factor f such that the mean follows INDIAN on fJ",
            dinlab_numeric::sum(&factors) / factors.len() as f64,
            predicted,
            Budget::sampling(margin),
        );
        Ok(vec![measurement.on(case.words()).sampled(equivalence_mean(&factors, predicted, margin)?)])
    }

    fn errata(&self, context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        let printed = Case {
            prediction: Prediction::One,
            ..Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::None)
        };
        Ok(vec![ErratumCase {
            printed: "the sum of v_n over a mini-batch is an element of D_J plus noise of mean zero",
            place: "Castera, Bolte, Févotte, Pauwels, JMLR 22(134), 2021, equations (12)-(13)",
            grade: "convention",
            corrected: "it is p times an element of D_J plus such noise, p the probability that a term lies in the batch; the \
                        printed statement needs the sum multiplied by 1/p",
            measurements: self.measure(&printed, context)?,
        }])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}
