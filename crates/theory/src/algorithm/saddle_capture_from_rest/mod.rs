//! The theorem on saddle avoidance speaks of almost every *pair* (θ₀, ψ₀). A start rule that ties ψ₀ to θ₀ puts the
//! pair on a curve, a null set, and there the conclusion can fail for an open set of θ₀.
//!
//! Derivation (in this file). At a strict maximum J″ = −m the multipliers are 1 + γs, s² + (α−βm)s − m = 0, and the
//! eigenvector of the contracting one is the line u = σθ, σ = s₋ − βm. Where J′ = kθ, the start
//! u₀ = (β−c)J′(θ₀) gives θ₁ = (1−γck)θ₀ =: τθ₀ and u₁ = [(1−αγ)(β−c) − γ(1−αβ)]kθ₀. One k makes u₁ = σθ₁ for all
//! these θ₀ at once. If τθ₀ lies in the part where J′ = −mθ, the orbit stays on the line and
//! θ_j = μ₋^{j−1}τθ₀ → 0. Both parts are joined by a steep one, and the step map is still one to one: it is so as long
//! as Lγ|β−γ| < |1−αγ| (check `step-map-invertible`). On the captured interval all maps are affine, so that equality at
//! two points is equality on all of it.

mod case;
mod draw;
mod landscape;

use dinlab_numeric::{max, min};
use dinlab_objective::Start;
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, Measurement};
use num_traits::{One, Signed, Zero};

pub use self::case::Case;
use self::{case::Theory, landscape::Landscape};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    exact::{decimal, float, fraction, Fraction},
    sources,
};

/// The check.
pub struct SaddleCaptureFromRest;

static CLAIM: Claim = Claim {
    id: "saddle-capture-from-rest",
    family: 'C',
    title: "A start rule can lead an open set of θ₀ into a strict maximum",
    sentence: "There are J ∈ C² and α, β, γ with an invertible step map such that INDIAN, started at rest or with speed c, \
               converges to a strict maximum from every θ₀ of an interval; almost every pair (θ₀, ψ₀) avoids it.",
    statement: r"u_0=(\beta-c)J'(\theta_0),\ \theta_0\in(d,e)\ \Longrightarrow\ \theta_k=\mu_-^{k-1}\tau\,\theta_0\to0,\qquad J''(0)=-m<0,\quad L\gamma|\beta-\gamma|<|1-\alpha\gamma|",
    hypotheses: &[
        "the step map is invertible: Lγ|β−γ| < |1−αγ|, L = max|J″| (exact, in fractions)",
        "the multipliers of the maximum are fractions with |μ₋| < 1 < μ₊, and 0 < τ < 1 (exact)",
        "J′ is continuous and piecewise linear, or piecewise quadratic for J in C² (by construction)",
    ],
    sources: &[sources::at(sources::SADDLES, "avoidance theorem, footnote 5 (joint law of the start)")],
    differences: "the paper's theorem is for almost every pair and is not contradicted; its experiments use a start rule that \
                  the theorem does not cover. The counterexample is derived in this file",
    measured: "Exact part: the shipped step on fractions, from the ends, the middle (200 iterations) and random points of the interval \
               (40). Since all maps involved are affine there, this decides all θ₀ of the interval. Floating point: the \
               shipped driver on the same starts (rounding throws them off the line later), on random pairs (θ₀, u₀), and on \
               the tied starts outside the interval.",
    refuted_by: "a fraction u₁ ≠ σθ₁ or θ₍ₖ₊₁₎ ≠ μ₋θₖ; a floating-point run that leaves before rounding errors can have grown; \
                 a random pair, or a tied start outside the interval, that is at the maximum after the same time",
    tolerance: "exact part: none. Floating point: rounding of one gradient is at most 16ε times the sum of its terms and \
                grows by μ₊ per iteration, which gives the earliest exit; errors smaller by 2⁻²⁰ in all runs have probability \
                below 10⁻⁴, which gives the latest. A pair within 10⁻⁶ of the stable set has probability of order 10⁻⁶",
    control: "gross: far curvature k off by a fifth; near miss: k off by one part in a million. Starts then miss the line",
    evidence: Evidence::Enclosed,
    cost: "exact: 67 orbits of 40 to 200 iterations a case, numbers of a few hundred digits; a few tenths of a second",
};

/// Iterations in exact arithmetic from the ends and the middle of the interval.
const STEPS: u64 = 200;
/// Iterations from random points in between, whose numerators and denominators are longer.
const FEWER_STEPS: u64 = 40;

impl Case {
    /// The captured interval in exact arithmetic: starts that do not land on the line, and steps along it that are
    /// not multiplications by μ₋.
    fn exact_part(&self, theory: &Theory, context: &Context<'_>) -> Result<[u64; 2], CheckError> {
        let interval = self.interval(theory);
        let middle = (&interval[0] + &interval[1]) / fraction(2, 1);
        let mut starts = vec![interval[0].clone(), middle, interval[1].clone()];
        starts.extend((0..self.starts).map(|i| self.between(&interval, context, "exact", i)));
        let mut result = [0; 2];
        for (i, theta) in starts.into_iter().enumerate() {
            context.proceed()?;
            let steps = if i < 3 { STEPS } else { FEWER_STEPS };
            let mut state = self.exact_step(self.exact_start(theta));
            result[0] += u64::from(state[1] != &theory.slope * &state[0]);
            for _ in 1..steps {
                let next = self.exact_step(state.clone());
                let on_line = next[0] == &theory.decay * &state[0] && next[1] == &theory.decay * &state[1];
                result[1] += u64::from(!on_line);
                if !on_line {
                    break;
                }
                state = next;
            }
        }
        Ok(result)
    }

    /// A run is at the maximum below this |θ|.
    fn near(&self) -> f64 {
        0.01 * float(&self.landscape.inner)
    }

    /// Earliest and latest iteration at which rounding errors have thrown a captured run out of `near`.
    fn exits(&self, theory: &Theory) -> [f64; 2] {
        let far = float(&self.interval(theory)[1]);
        let rounding = 16.0
            * f64::EPSILON
            * float(&self.step_size)
            * (1.0 + float(&self.beta))
            * self.landscape.summands(far);
        let after = |size: f64| (self.near() / size).ln() / theory.growth.ln();
        [after(rounding).floor(), after(f64::EPSILON * 2f64.powi(-20)).ceil()]
    }

    /// Earliest and latest exit of the floating-point runs; NaN for one that stays.
    fn floating_part(&self, theory: &Theory, context: &Context<'_>) -> Result<[f64; 2], CheckError> {
        let (interval, near) = (self.interval(theory), self.near());
        let steps = self.exits(theory)[1] as u64 + 1;
        let (mut first, mut last) = (f64::INFINITY, 0.0);
        for i in 0..self.starts {
            context.proceed()?;
            let theta = float(&self.between(&interval, context, "float", i));
            let path = self.floating(theta, self.tied(), steps)?;
            let arrived = path.iter().position(|x| *x < near);
            let left = arrived.and_then(|from| (from..path.len()).find(|&k| path[k] > near));
            let exit = match (arrived, left) {
                (None, _) => 0.0,
                (_, Some(k)) => k as f64,
                (_, None) => f64::NAN,
            };
            (first, last) = (min(first, exit), max(last, exit));
        }
        Ok([first, last])
    }

    /// Random pairs and tied starts outside the interval that are at the maximum after the time at which tied starts
    /// inside it are.
    fn elsewhere(&self, theory: &Theory, context: &Context<'_>) -> Result<[u64; 2], CheckError> {
        let [low, high] = self.interval(theory).map(|x| float(&x));
        let steps = (1e6_f64.ln() / theory.growth.ln()).ceil() as u64;
        let held =
            |path: &[f64]| u64::from(path.len() as u64 == steps + 1 && path[steps as usize] < self.near());
        let mut result = [0; 2];
        for i in 0..4 * self.starts {
            context.proceed()?;
            let mut stream = context.stream(&format!("elsewhere/{}", self.words()), i);
            let (theta, u) = (stream.uniform(low, high), stream.uniform(-high, high));
            result[0] += held(&self.floating(theta, Start::Auxiliary(vec![u]), steps)?);
            // Below and above the interval, as often.
            let (below, above) = (stream.uniform(0.1 * low, low), stream.uniform(high, 3.0 * high));
            let outside = if i % 2 == 0 { below } else { above };
            result[1] += held(&self.floating(outside, self.tied(), steps)?);
        }
        Ok(result)
    }
}

impl Check for SaddleCaptureFromRest {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let half = || [fraction(1, 2), fraction(1, 2), fraction(1, 10)];
        let other = || [fraction(3, 2), fraction(1, 4), fraction(1, 10)];
        let (one, none, narrow) = (Fraction::one(), Fraction::zero(), fraction(1, 100));
        let mut cases: Vec<Case> = [
            Case::new(half(), None, one.clone(), none.clone()),
            Case::new(half(), None, one.clone(), narrow.clone()),
            // The start of the published experiment.
            Case::new(half(), Some(one.clone()), one, narrow),
            Case::new(other(), None, fraction(2, 1), none),
            Case::new(other(), Some(fraction(1, 2)), fraction(2, 1), fraction(1, 100)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let starts = match effort {
            Effort::Quick => 16,
            Effort::Standard => 64,
            Effort::Thorough => 1_000,
        };
        cases.iter_mut().for_each(|case| case.starts = starts);
        cases
    }

    fn control(&self) -> Vec<Case> {
        let parameters = [fraction(1, 2), fraction(1, 2), fraction(1, 10)];
        let with = |factor: Fraction| {
            let mut case = Case::new(parameters.clone(), None, Fraction::one(), Fraction::zero())?;
            let Landscape { m, k, inner, outer, width, .. } = case.landscape;
            case.landscape = Landscape::new(m, k * factor, inner, outer, width);
            case.starts = 16;
            Some(case)
        };
        [with(fraction(6, 5)), with(fraction(1_000_001, 1_000_000))].into_iter().flatten().collect()
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        if own.objective.is_some() || own.theta.is_some() {
            return Err(refuse(
                "it builds the function and its starts from alpha, beta, step size: give none of them",
            ));
        }
        if own.steps.is_some() || own.until.is_some() {
            return Err(refuse("the lengths of its runs follow from the multipliers: give no horizon"));
        }
        let speed = match own.start {
            None | Some(Start::Rest) => None,
            Some(Start::Speed(c)) => Some(c),
            Some(_) => return Err(refuse("it takes the starts `rest` and `speed:c`")),
        };
        let number = |x: f64| decimal(x).ok_or_else(|| refuse("it needs finite numbers"));
        let parameters = [
            number(own.alpha.unwrap_or(0.5))?,
            number(own.beta.unwrap_or(0.5))?,
            number(own.step_size.unwrap_or(0.1))?,
        ];
        let speed = speed.map(number).transpose()?;
        Case::for_parameters(&parameters, speed.as_ref()).ok_or_else(|| {
            refuse("no start of this rule lands near the maximum; the construction needs αβ < 1 and 0 < 1−γck < 1")
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let theory = case.theory();
        let one = Fraction::one();
        let saddle = theory.as_ref().is_some_and(|t| {
            t.decay.abs() < one && t.growth > 1.0 && t.landing.is_positive() && t.landing < one
        });
        let order = case.landscape.width.is_zero()
            || &case.landscape.inner + &case.landscape.width * fraction(2, 1) < case.landscape.outer;
        vec![
            Hypothesis::exact("the step map is invertible: Lγ|β−γ| < |1−αγ|", case.tightness() < one),
            Hypothesis::exact("|μ₋| < 1 < μ₊ are fractions and 0 < τ < 1", saddle),
            Hypothesis::exact("the pieces of J′ are in order", order),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let theory = case.theory().ok_or_else(|| CheckError::OwnCase {
            reason: "the multipliers of the maximum are no fractions".into(),
        })?;
        let count =
            |name: &str, n: u64| Measurement::equal(name, n as f64, 0.0, Budget::default()).on(case.words());
        let [off, astray] = case.exact_part(&theory, context)?;
        let [first, last] = case.floating_part(&theory, context)?;
        let [earliest, latest] = case.exits(&theory);
        let [pairs, outside] = case.elsewhere(&theory, context)?;
        Ok(vec![
            count("exact starts of the interval that miss the stable line", off),
            count("exact orbits that leave the stable line", astray),
            Measurement::at_least(
                "first exit of a captured run by rounding",
                first,
                earliest,
                Budget::default(),
            )
            .on(case.words())
            .in_unit("iterations"),
            Measurement::at_most("last exit of a captured run by rounding", last, latest, Budget::default())
                .on(case.words())
                .in_unit("iterations"),
            count("random pairs (θ₀, u₀) that are captured", pairs),
            count("tied starts outside the interval that are captured", outside),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge, subject::Subject};
    use dinlab_record::{HypothesisState, Verdict};
    use std::sync::atomic::AtomicBool;

    #[test]
    fn formula_and_exact_derivative_agree() {
        for case in SaddleCaptureFromRest.cases(Effort::Quick) {
            let objective = Subject::named(&case.landscape.expression());
            let mut oracle = objective.oracle();
            let mut gradient = [0.0];
            for i in -300..300 {
                let theta = fraction(i, 100);
                oracle.gradient(&[float(&theta)], &mut gradient);
                let exact = float(&case.landscape.derivative(&theta));
                assert!((gradient[0] - exact).abs() < 1e-10, "{} at {theta}", case.words());
            }
        }
    }

    #[test]
    fn the_exact_step_is_the_shipped_run_where_that_does_not_round() {
        // All numbers are dyadic with few digits: floating point is exact.
        let parameters = [fraction(1, 2), fraction(1, 2), fraction(1, 8)];
        let (m, k) = (Fraction::one(), fraction(10, 1));
        let landscape = Landscape::new(m, k, fraction(9, 8), fraction(17, 8), Fraction::zero());
        let [alpha, beta, step_size] = parameters;
        let case = Case { alpha, speed: beta.clone(), beta, step_size, landscape, starts: 1 };
        for start in [fraction(9, 4), fraction(-35, 16), fraction(3, 2)] {
            let path = case.floating(float(&start), Start::Rest, 6).unwrap();
            let mut state = case.exact_start(start);
            for value in path {
                assert_eq!(float(&state[0]).abs(), value);
                state = case.exact_step(state);
            }
        }
    }

    #[test]
    fn captures_hold_and_controls_fail() {
        let interrupted = AtomicBool::new(false);
        let context = Context { effort: Effort::Quick, seed: 3, id: CLAIM.id, interrupted: &interrupted };
        let check = SaddleCaptureFromRest;
        assert_eq!(check.cases(Effort::Quick).len(), 5);
        for case in check.cases(Effort::Quick) {
            assert!(
                check.hypotheses(&case).iter().all(|h| h.state != HypothesisState::False),
                "{}",
                case.words()
            );
            for m in check.measure(&case, &context).unwrap() {
                assert_eq!(judge::judge(&m), Verdict::Consistent, "{m:?}");
            }
        }
        for case in check.control() {
            let verdicts = check.measure(&case, &context).unwrap().into_iter().map(|m| judge::judge(&m));
            assert_eq!(judge::combine(verdicts), Verdict::Violated, "{}", case.words());
        }
    }

    #[test]
    fn own_parameters_find_their_own_function() {
        let own = |alpha, beta, step_size| OwnCase {
            alpha: Some(alpha),
            beta: Some(beta),
            step_size: Some(step_size),
            ..OwnCase::default()
        };
        let check = SaddleCaptureFromRest;
        let applies = |own: &OwnCase| {
            let case = check.own_case(own).unwrap();
            check.hypotheses(&case).iter().all(|h| h.state != HypothesisState::False)
        };
        assert!(applies(&own(0.5, 0.1, 0.05)) && applies(&own(1.0, 0.3, 0.1)));
        assert!(check.own_case(&own(2.0, 0.6, 0.1)).is_err());
    }
}
