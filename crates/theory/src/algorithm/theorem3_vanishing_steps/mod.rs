//! An illustration of the convergence theorem of INDIAN with noise: what a finite run can show are the rates at which
//! the iterates close in on the D-critical set.
//!
//! No finite run contradicts a statement about accumulation points. What can be tested is quantitative and derived here. With
//! γ_k = γ₀(k+1)^−q, q < 1, and noise of size σ on the gradient:
//! (i) At a smooth minimum the fluctuations are those of the linearisation, of variance σ²G(γ_k) = O(γ_k): distance and u are
//! of order √γ_k.
//! (ii) At a kink minimum with 0 inside ∂J, at distance d from its boundary, θ drifts to the kink at the speed β·d and more once
//! ‖u‖ < βd, against steps of noise of size γβσ: a reflected walk, whose stationary size is γβσ²/(2d). So the distance is of order
//! γ_kβ: exponent 1. Until u has settled below βd it falls faster. And u follows: eliminating v from θ′ = u − βv,
//! u′ = −αu − (1−αβ)v gives u′ = −u/β + (1−αβ)θ′/β, so u is a filtered θ and of its order. Where ‖u‖ > βd at most times the
//! kink does not hold θ, and the fluctuations are those of (i): a hypothesis that is measured. Where ‖u‖ < βd at most times,
//! the times that it is not become fewer as γ falls, and the exponent is above 1, not below.
//! (iii) The excess of J over the nearest D-critical value is of the order of the squared distance (smooth) or of the distance
//! (kink): of order γ_k.

mod case;
mod draw;

use std::sync::atomic::AtomicBool;

use dinlab_analysis::{
    pseudo_trajectory::scaling,
    statistics::{equivalence_mean, lower_bound_mean},
};
use dinlab_indian::Schedule;
use dinlab_record::{
    figure::Figure, Budget, Claim, Evidence, Hypothesis, HypothesisState, Kind, Measurement,
};

pub use self::case::Case;
use self::case::Octave;
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
};

/// The check.
pub struct Theorem3VanishingSteps;

static CLAIM: Claim = Claim {
    id: "theorem3-vanishing-steps",
    family: 'C',
    title: "Illustration: with vanishing steps noisy INDIAN closes in on the D-critical set",
    sentence: "With steps Σγ = ∞, γ_k = o(1/log k) and bounded iterates every accumulation point is D-critical and J(θ_k) \
               converges; the distance falls like √γ_k at a smooth minimum and at least like γ_k at a kink minimum.",
    statement: r"\operatorname{dist}(\theta_k,D\text{-crit})\to0,\qquad \operatorname{dist}\sim\sqrt{\gamma_k}\ \text{(smooth)},\quad O(\gamma_k)\ \text{(kink)},\qquad u_k\to0,\quad J(\theta_k)\ \text{converges}",
    hypotheses: &[
        "J is a finite sum, locally Lipschitz and tame; batches are independent (exact from the facts; by construction)",
        "the step sizes satisfy Σγ = ∞ and γ_k = o(1/log k) (exact, from the type of the schedule)",
        "all critical points are known in closed form and are all D-critical ones (exact, from the objective's facts)",
        "smooth J: total time 6/r or more passes before the first octave, r the decay rate: of the variance 5·10⁻⁴ or less, \
         (1+2x+2x²)e^{−2x} at x = 6, is then not yet built up (exact)",
        "smooth J: the gradient's noise does not vanish at a minimiser (exact)",
        "J with kinks: ‖u‖ < βd at most iterations of the first octave, d the distance of 0 to the boundary of ∂J at the minimisers \
         (sampled: ten runs); without noise θ arrives at a kink before it (sampled)",
        "the iterates are bounded and have arrived (sampled: the second half of three runs goes no further than the first)",
        "an own case starts at rest, with --steps from 1000 to 1000000, and its horizon is counted in steps (exact)",
    ],
    sources: &[sources::at(sources::JMLR, "Theorem 3, Assumption 1")],
    differences: "published: convergence without rates, which no finite run can refute; the rates are derived in this project. \
                  Convergence of the iterates themselves is not claimed",
    measured: "Runs of the shipped algorithm with batches of one term. On the octaves K/32…K/16 and K/2…K of iterations: \
               means of the distance to the D-critical set, of ‖u‖ and of the difference between J and the nearest D-critical \
               value; slope of the log of the means over runs against log γ.",
    refuted_by: "an exponent shown to be off ½ (smooth minimum: distance, u), or below 1 (kink minimum: distance, u; excess of \
                 J at both), by more than the margin",
    tolerance: "sampling: margin 0.1 (0.2 for J at a smooth minimum, twice the exponent); at smooth minima also the lag of the fluctuations behind the step size, \
                |d log γ|/(4rγ) at the first octave over the range of log γ",
    control: "gross: constant steps; Σγ < ∞, q = 2, which stops away from the D-critical set; near miss: steps fall with q = 0.3 \
              where the rates are stated in those of q = 0.5",
    evidence: Evidence::Sampled,
    cost: "some 10⁷ steps, seconds",
};

/// Margin on exponents.
const MARGIN: f64 = 0.1;

/// A smooth J whose terms have kinks elsewhere: ½(θ − 3)² and ±|θ|, noise of size 3 from those.
fn smooth(exponent: f64, runs: usize) -> Case {
    Case::new("spurious:1,3", 1.2, 0.5, 4.0, exponent, runs)
}

impl Check for Theorem3VanishingSteps {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let many = match effort {
            Effort::Quick => 150,
            Effort::Standard => 400,
            Effort::Thorough => 3_000,
        };
        let mut cases = vec![
            smooth(0.5, 2 * many),
            Case::new("medians:0,1,3", 1.0, 0.3, 2.0, 0.5, many),
            Case::new("wells:0.5,1,2", 1.0, 0.3, 2.5, 0.5, many),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("medians:-1,0.5,0.5,2,4", 0.5, 0.5, 2.0, 0.75, many));
            cases.push(smooth(0.25, 3 * many));
        }
        if effort == Effort::Thorough {
            // Pinning needs small steps: a slow schedule needs many.
            cases.push(Case { steps: 300_000, ..Case::new("medians:0,1,3", 1.0, 0.3, 2.0, 0.25, 200) });
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let power = |exponent| Schedule::Power { initial: 0.3, exponent };
        let kink = Case::new("medians:0,1,3", 1.0, 0.3, 2.0, 0.5, 60);
        vec![
            Case { schedule: Schedule::Constant(0.02), ..kink.clone() },
            Case { schedule: power(2.0), stated: power(2.0), ..kink },
            Case { schedule: power(0.3), ..smooth(0.5, 150) },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        Case::own(own)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let sum = case.objective.samples().is_some();
        let assumption = case.schedule.assumption();
        let mut hypotheses = vec![
            Hypothesis::exact("J is a finite sum and tame", sum && facts.tame),
            Hypothesis::exact(
                format!("the step sizes satisfy the assumption ({assumption})"),
                assumption.satisfied() == Some(true),
            ),
            Hypothesis::exact(
                "all critical points are known in closed form",
                facts.complete && !facts.critical_points.is_empty(),
            ),
        ];
        if !case.kinked() && facts.minimisers().next().is_some() {
            let settled = case.relaxations().is_ok_and(|times| times >= 6.0);
            hypotheses
                .push(Hypothesis::exact("6/r of total time or more passes before the first octave", settled));
            if sum {
                let text = "the gradient's noise does not vanish at the minimisers";
                hypotheses.push(Hypothesis::exact(text, case.noisy()));
            }
        }
        if case.kinked() && sum && facts.minimisers().next().is_some() {
            let holds = |yes| if yes { HypothesisState::Sampled } else { HypothesisState::False };
            let interrupted = AtomicBool::new(false);
            let context = Context { effort: Effort::Quick, seed: 0, id: CLAIM.id, interrupted: &interrupted };
            let share = case.pinned(&context).unwrap_or(0.0);
            let text = format!(
                "‖u‖ < βd at most iterations of the first octave (here {:.0} %), d the distance of 0 to the boundary of ∂J at \
                 the minimisers",
                100.0 * share
            );
            hypotheses.push(Hypothesis::new(text, holds(share > 0.5)));
            let text =
                "before the first octave there is time enough to arrive at a kink: without noise θ does";
            hypotheses.push(Hypothesis::new(text, holds(case.arrived().unwrap_or(false))));
        }
        if sum {
            let interrupted = AtomicBool::new(false);
            let context = Context { effort: Effort::Quick, seed: 0, id: CLAIM.id, interrupted: &interrupted };
            // A run that diverges is told as not bounded, one that still travels as not arrived.
            let [bounded, arrived] = case.bounded(&context).unwrap_or([false; 2]);
            let (text, holds) = if bounded && !arrived {
                let text =
                    format!("the iterates have arrived within {} steps: they still move away", case.steps);
                (text, false)
            } else {
                ("the iterates are bounded".to_string(), bounded)
            };
            let state = if holds { HypothesisState::Sampled } else { HypothesisState::False };
            hypotheses.push(Hypothesis::new(text, state));
        }
        hypotheses
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let table = case.octaves(context)?;
        let excess = rate(
            case,
            "exponent of |J − J(nearest D-critical point)|",
            &table,
            |o| o.excess,
            1.0,
            Kind::Lower,
        )?;
        let kind = if case.kinked() { Kind::Lower } else { Kind::Equal };
        let predicted = if case.kinked() { 1.0 } else { 0.5 };
        Ok(vec![
            rate(
                case,
                "exponent of the distance to the D-critical set",
                &table,
                |o| o.distance,
                predicted,
                kind,
            )?,
            rate(case, "exponent of ‖u‖", &table, |o| o.auxiliary, predicted, kind)?,
            excess,
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}

/// Exponent in γ of the mean over runs of what `part` takes from an octave.
fn rate(
    case: &Case,
    name: &str,
    table: &[Vec<Octave>],
    part: impl Fn(&Octave) -> f64,
    predicted: f64,
    kind: Kind,
) -> Result<Measurement, CheckError> {
    let values: Vec<Vec<f64>> = table.iter().map(|row| row.iter().map(&part).collect()).collect();
    let scales = case.scales();
    let found = scaling(&scales, &values)?;
    let span = (scales[0] / scales[scales.len() - 1]).ln();
    let lag = if case.kinked() { 0.0 } else { case.lag()? / span };
    // Relative to the exponent of the distance, ½ or 1, that of J at a smooth minimum is twice as large.
    let doubled = if !case.kinked() && predicted == 1.0 { 2.0 } else { 1.0 };
    let budget = Budget { discretisation: doubled * lag, ..Budget::sampling(doubled * MARGIN) };
    let sampling = match kind {
        Kind::Lower => lower_bound_mean(&found.estimates, predicted, budget.total())?,
        _ => equivalence_mean(&found.estimates, predicted, budget.total())?,
    };
    Ok(Measurement::new(name, kind, found.exponent, predicted, budget).on(case.words()).sampled(sampling))
}
