//! How many iterations INDIAN needs to leave a strict saddle, and where it goes.
//!
//! Linear theory, start laws and the law of the exit time are in [`crate::saddle`]: a start with unstable amplitude A leaves
//! |θ| ≤ R at iteration ⌈log(R/|A|)/log μ₊⌉, μ₊ = 1 + γs₊, on the side of A, start by start (gradient descent: A = θ₀,
//! μ₊ = 1 + γm). Rounding up adds a uniform number: mean [log(R/σκ) + (γ_E+log 2)/2]/log μ₊ + ½, variance
//! π²/(8 log² μ₊) + 1/12.

mod case;
mod draw;

use dinlab_analysis::statistics::{equivalence_proportion, wilson};
use dinlab_numeric::{max, min};
use dinlab_objective::{Domain, Regularity};
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, Measurement};

pub use self::case::Case;
use self::case::{Exit, LONG, SIZE};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    saddle::{ExitLaw, Law, ERRORS},
    sources,
};

/// The check.
pub struct SaddleEscapeIterates;

static CLAIM: Claim = Claim {
    id: "saddle-escape-iterates",
    family: 'C',
    title: "Strict saddles are left, after a number of iterations with a known law",
    sentence: "From almost every jointly drawn (θ₀, ψ₀) INDIAN leaves a strict saddle; from a normal start of size σ the \
               exit iteration is ⌈(log(R/σκ) − log|Z|)/log μ₊⌉ with Z standard normal.",
    statement: r"k=\left\lceil\frac{\log\frac{R}{\sigma\kappa}-\log|Z|}{\log\mu_+}\right\rceil,\quad \mathbb E\,k\simeq\frac{\log\frac R{\sigma\kappa}+\frac{\gamma_E+\log2}2}{\log\mu_+}+\frac12,\quad \operatorname{Var}k\simeq\frac{\pi^2}{8\log^2\mu_+}+\frac1{12}",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the origin is critical; its first axis is the only direction of negative curvature, and an eigendirection (exact, \
         from the gradient and the Hessian there)",
        "the step map is invertible: Lγ|β−γ| < |1−αγ| (gradient descent: γL < 1), L global or over a box that no run leaves \
         (exact, and observed)",
        "the other multiplier of the first axis lies inside (−1, 1) (exact)",
        "the law of the start is transversal to the stable line: κ > 0 (exact); for a named start, whose (θ₀, ψ₀) lies on \
         a null set, this is what replaces the joint density",
    ],
    sources: &[sources::at(sources::SADDLES, "avoidance for INDIAN and numerical experiment")],
    differences: "the paper proves that the saddle is avoided; the law of the exit iteration is derived in this project",
    measured: "Starts of size 10⁻¹² from streams of their own. Each run of the shipped algorithm gives the first iteration \
               with |θ₁| > R = 0.01 and the side. Compared: each start with its own prediction, all starts with the law (mean, \
               standard deviation, distribution at all integers). Long runs (the published \
               experiment, with its start and with a joint one): the nearest reference point, end points and their frequencies.",
    refuted_by: "one start that stays, leaves on the other side or leaves more than half an iteration from its prediction; a \
                 mean, standard deviation or distribution off the law",
    tolerance: "one start: ½ for rounding up, plus twice the first-order effect of the nonlinearity g = max|1 + J′(±R)/(mR)|, \
                g·(m dμ₊/dm)/(μ₊ log μ₊ (1−1/μ₊)); mean, frequency: margin 6.5 standard errors of the predicted law; standard \
                deviation: 6.5·sd·√(6/4n), because −log|Z| has excess kurtosis 4 (not the χ² value √(2/4n)); distribution: \
                2.7/√n, exceeded with probability 10⁻⁶ (Dvoretzky–Kiefer–Wolfowitz–Massart)",
    control: "gross: starts on the stable line; α = 1/γ, β = γ with J′ = θ/γ² on [2, 3], where the step map is not invertible \
              and every start in [2, 3] lands exactly on the maximum 0; near miss: prediction with γ 0.1% larger",
    evidence: Evidence::Sampled,
    cost: "10⁵ starts of some hundred steps per case, 2,000 steps in the published experiment: half a minute on one core",
};

/// Half the distance from the saddle to the reference points of the published experiment.
const NEAREST: f64 = 0.5;

/// End points of long runs: all at minimisers, on either side with frequency ½.
fn judge_ends(case: &Case, runs: &[Exit]) -> Result<Vec<Measurement>, CheckError> {
    let n = runs.len() as u64;
    let minimisers: Vec<f64> = case.objective.facts().minimisers().map(|c| c.point[0]).collect();
    let at = |end: f64| minimisers.iter().any(|x| (end - x).abs() < 1e-3);
    let arrived = runs.iter().filter(|r| at(r.end)).count();
    let right = runs.iter().filter(|r| r.end > 0.0).count() as u64;
    let [low, high] = wilson(right, n, 0.999)?;
    // The published rule: the nearest of (0, 0), (±1, 0) after 2,000 iterations.
    let escaped = runs.iter().filter(|r| r.end.abs() > NEAREST).count();
    let theory = case.theory();
    let law = ExitLaw { level: (NEAREST / (SIZE * theory.kappa)).ln(), ..theory.law };
    let expected = n as f64 * law.distribution(LONG as f64);
    let margin = ERRORS * 0.5 / (n as f64).sqrt();
    Ok(vec![
        Measurement::equal(
            "runs nearer to (±1, 0) than to the saddle after 2,000 iterations",
            escaped as f64,
            expected,
            Budget::rounding(1e-9 * n as f64),
        )
        .on(case.words()),
        Measurement::equal("runs that end at a minimiser", arrived as f64, n as f64, Budget::default())
            .on(case.words()),
        Measurement::equal(
            "frequency of the right minimiser",
            right as f64 / n as f64,
            0.5,
            Budget::sampling(margin),
        )
        .on(case.words())
        .between(low, high)
        .sampled(equivalence_proportion(right, n, 0.5, margin)?),
    ])
}

impl Check for SaddleEscapeIterates {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = match effort {
            Effort::Quick => 1_000,
            Effort::Standard => 100_000,
            Effort::Thorough => 400_000,
        };
        let mut cases = vec![
            Case::new("quadratic:-3,1", Some((0.5, 0.4)), Law::Joint, n),
            Case::new("well", None, Law::Joint, n),
            Case::new("well", Some((0.5, 1.0)), Law::Joint, n),
        ];
        for damping in [Some((0.5, 1.0)), Some((1.0, 1.1)), Some((0.5, 0.1)), None] {
            cases.push(Case::new("double-well", damping, Law::Joint, n));
        }
        // The published experiment with its own start, and with a joint law of (θ₀, ψ₀), which is what the theorem speaks of.
        for law in [Law::Speed(1.0), Law::Joint] {
            for damping in [Some((0.5, 1.0)), Some((1.0, 1.1))] {
                cases.push(Case { long: true, ..Case::new("double-well", damping, law, n) });
            }
        }
        cases.push(Case { long: true, ..Case::new("double-well", None, Law::Joint, n) });
        cases
    }

    fn control(&self) -> Vec<Case> {
        let standard = |law| Case::new("double-well", Some((0.5, 1.0)), law, 1_000);
        // J′ is −x up to 1, then rises to 64x at 2, all exact in binary; γ = 1/8.
        let singular = Case {
            step_size: 0.125,
            long: true,
            far: true,
            ..Case::new(
                "expr:32*x^2 + 32.5*max(2 - x, 0)^2 - 65*max(1 - x, 0)^2",
                Some((8.0, 0.125)),
                Law::Speed(0.125),
                100,
            )
        };
        vec![standard(Law::StableLine), singular, Case { factor: 1.001, ..standard(Law::Joint) }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| Err(CheckError::OwnCase { reason: reason.into() });
        if own.theta.is_some() || own.start.is_some() {
            return refuse("it draws its starts itself: give no start");
        }
        if own.steps.is_some() || own.until.is_some() {
            return refuse("runs end when they have left the saddle: give no horizon");
        }
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(1.0));
        if beta <= 0.0 {
            return refuse("ψ₀ is drawn, which needs beta > 0");
        }
        let mut case = Case::new("double-well", Some((alpha, beta)), Law::Joint, 4_000);
        if let Some(objective) = &own.objective {
            case.objective = objective.clone().into();
        }
        case.step_size = own.step_size.unwrap_or(case.step_size);
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let (n, hessian, theory) = (facts.dimension, case.hessian(), case.theory());
        let mut gradient = vec![f64::NAN; n];
        case.objective.oracle().gradient(&vec![0.0; n], &mut gradient);
        let critical = gradient.iter().all(|g| *g == 0.0);
        let alone = (1..n).all(|i| hessian[i] == 0.0 && hessian[i * n] == 0.0 && hessian[i * n + i] > 0.0);
        let gamma = case.step_size;
        let invertible = facts.smoothness.as_ref().is_some_and(|l| match case.damping {
            Some((alpha, beta)) => l.value * gamma * (beta - gamma).abs() < (1.0 - alpha * gamma).abs(),
            None => gamma * l.value < 1.0,
        });
        vec![
            Hypothesis::exact(
                "J is twice continuously differentiable",
                facts.regularity == Regularity::Smooth,
            ),
            Hypothesis::exact(
                "the origin is critical and its first axis the only eigendirection of negative curvature",
                critical && alone && theory.unstable.m > 0.0,
            ),
            Hypothesis::exact("the step map is invertible where L holds", invertible),
            Hypothesis::exact("the other multiplier lies inside (−1, 1)", theory.decay.abs() < 1.0),
            Hypothesis::exact("the law of the start is transversal to the stable line", theory.kappa > 0.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let theory = case.theory();
        let runs = case.runs(&theory, context)?;
        let words = case.words();
        let left: Vec<&Exit> = runs.iter().filter(|r| r.exit.is_some()).collect();
        let exits: Vec<f64> = left.iter().filter_map(|r| r.exit).map(|k| k as f64).collect();
        let mut result = vec![Measurement::equal(
            "starts that leave the saddle",
            exits.len() as f64,
            runs.len() as f64,
            Budget::default(),
        )
        .on(&words)];
        if exits.len() < 2 {
            return Ok(result);
        }
        let astray = left.iter().filter(|r| r.side != r.amplitude.signum()).count();
        let error = |(r, k): (&&Exit, &f64)| (k - theory.time(r.amplitude) - 0.5).abs();
        let worst = left.iter().zip(&exits).map(error).fold(0.0, max);
        let budget = Budget { rounding: 1e-6, ..Budget::discretisation(theory.law.slow) };
        result.push(
            Measurement::equal("starts that leave on the other side", astray as f64, 0.0, Budget::default())
                .on(&words),
        );
        result.push(
            Measurement::at_most("largest |k − log(R/|A|)/log μ₊ − ½| of a start", worst, 0.5, budget)
                .on(&words)
                .in_unit("iterations"),
        );
        result.extend(theory.law.judge(&exits, "exit iteration", &words)?);
        if case.long {
            result.extend(judge_ends(case, &runs)?);
            if let Some(Domain::Box(sides)) = case.objective.facts().smoothness.as_ref().map(|l| &l.domain) {
                let half = sides.iter().fold(f64::INFINITY, |h, [a, b]| min(h, min(-a, *b)));
                let reach = runs.iter().fold(0.0, |r, run| max(r, run.reach));
                let name = "largest |θᵢ| of all runs (L holds up to this box)";
                result.push(Measurement::at_most(name, reach, half, Budget::default()).on(&words));
            }
        }
        Ok(result)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use dinlab_record::Verdict;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn law_holds_and_controls_fail() {
        let interrupted = AtomicBool::new(false);
        let context = Context { effort: Effort::Quick, seed: 0, id: CLAIM.id, interrupted: &interrupted };
        let check = SaddleEscapeIterates;
        for case in check.cases(Effort::Quick) {
            assert!(check.hypotheses(&case).iter().all(|h| h.state != dinlab_record::HypothesisState::False));
            for m in check.measure(&case, &context).unwrap() {
                assert_eq!(judge::judge(&m), Verdict::Consistent, "{m:?}");
            }
        }
        for case in check.control() {
            let verdicts = check.measure(&case, &context).unwrap().into_iter().map(|m| judge::judge(&m));
            assert_eq!(judge::combine(verdicts), Verdict::Violated, "{case:?}");
        }
    }

    #[test]
    fn own_cases_are_decided_by_their_hypotheses() {
        let check = SaddleEscapeIterates;
        let applies = |objective: &str| {
            let objective =
                dinlab_objective::build(objective, &dinlab_objective::Options::default()).unwrap();
            let own = OwnCase { objective: Some(objective), ..OwnCase::default() };
            let hypotheses = check.hypotheses(&check.own_case(&own).unwrap());
            hypotheses.iter().all(|h| h.state != dinlab_record::HypothesisState::False)
        };
        assert!(applies("double-well") && applies("well") && applies("quadratic:-2,1"));
        assert!(!applies("quadratic:1,2") && !applies("valley") && !applies("quadratic:-1,-2"));
        assert!(check.own_case(&OwnCase { steps: Some(5), ..OwnCase::default() }).is_err());
    }
}
