//! What "fewer oscillations" means: six measures, their closed forms along an eigendirection, and their price.
//!
//! Along an eigendirection with multiplier μ = |μ|e^(iφ) the coordinate is w_k = Re(Cμᵏ): it changes its sign and its
//! velocity every π/φ iterations (1, 2), the envelope shrinks by |μ|^(π/φ) from one extremum to the next (3), and its
//! spectrum peaks at φ/2π (6). In the flow φ/γ → ω, and the upward variation of J (4) and the path length (5) of a
//! start at rest are sums of geometric series of extrema (in `mode.rs`). All five decrease in β until
//! β = (2√λ−α)/λ, where the direction stops to spiral. What freedom from oscillation costs in rate is derived in
//! `price.rs`.

mod draw;
mod equal_work;
mod measure;
mod minimiser;
mod mode;
mod price;

use dinlab_indian::dictionary::{tuned_heavy_ball, tuned_nesterov};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{figure::Figure, Claim, Evidence, Hypothesis, HypothesisState, Measurement};
use serde::Serialize;

use self::{
    equal_work::{measure_logistic, measure_valley, Valley},
    measure::{measure_decrease, measure_mode, measure_price, measure_variation},
    minimiser::{minimiser, Minimiser},
    mode::{Algorithm, Mode},
};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct OscillationMeasures;

static CLAIM: Claim = Claim {
    id: "oscillation-measures",
    family: 'C',
    title: "What fewer oscillations means, and what it costs",
    sentence: "Along an eigendirection crossings, reversals, overshoot, upward variation, path excess and spectral peak are closed \
               forms of (α, β, γ, λ) that decrease in β up to β = (2√λ−α)/λ; without any oscillation on [μ, L] the best factor of \
               INDIAN is 1 − μ/L, that of gradient descent. In the valley, at the step and momentum of heavy ball and Nesterov, INDIAN \
               with that β oscillates less and is as fast.",
    statement: r"\mu=|\mu|e^{i\varphi}:\ \text{crossings}=\tfrac{\varphi}{\pi}k,\ \text{overshoot}=|\mu|^{\pi/\varphi},\ \sum\tfrac{(\Delta J)_+}{J_0}=\tfrac{q^2}{1-r^2},\ \tfrac{\text{path}}{\text{displacement}}=1+\tfrac{2q}{1-r};\qquad \min_{\alpha,\beta,\gamma}\{\rho:\ \text{no oscillation on }[\mu,L]\}=1-\tfrac\mu L",
    hypotheses: &[
        "near the place looked at J is quadratic in the direction looked at: quadratics and one piece of `valley` exactly, the \
         minimiser of the logistic regression up to the size 10⁻⁷ of the start (by construction)",
        "for own cases: J is twice continuously differentiable and a minimiser with a positive definite Hessian is found \
         from the given start, by Newton's method or as the limit of DIN (exact, computed); the step contracts along its stiffest \
         direction, and no multiplier there is a negative number (exact, computed)",
        "for own cases also: a step size is given, the run starts at rest beside the minimiser with no horizon of its own, and the \
         rounding of the minimiser is at most 10⁻³ of what the fit of the multipliers rests on (exact, computed)",
    ],
    sources: &[sources::at(sources::JMLR, "section 5.2: parasite oscillations"), sources::at(sources::SADDLES, "section on spirals")],
    differences: "the papers speak of oscillations without a measure; measures, closed forms and the price are derived in this file",
    measured: "Along runs of the shipped INDIAN, heavy ball and Nesterov: sign changes and velocity reversals, distance of \
               interpolated zeros, multiplier of the series (dynamic mode decomposition), interpolated extrema, spectral peak; \
               upward variation and path at three step sizes, extrapolated to the flow. The series ends where it has stayed below \
               10⁻⁹ of its begin for 200 iterations. The price: random search over (α, β, γ) with the shipped step. \
               Valley, equal work (a measured comparison; its rule is fixed in `equal_work.rs`): sign changes across the floor, upward \
               variation, gradients until J = 0.1. Logistic regression: upward variation and iterations per four digits of ‖θ − θ*‖, predicted from \
               the Hessian at the minimiser.",
    refuted_by: "a count off by more than one, an envelope, a variation, a path or a peak off its closed form, a measure that grows \
                 with β, parameters without oscillation that beat 1 − μ/L, an order of the methods in the valley other than stated, or iterations \
                 on the logistic regression off by more than 10%",
    tolerance: "counts: 1 (phase); spacing: interpolation error |log|μ||/4 at either end; envelope: 10⁻⁶ on quadratics, 10⁻³ where J is \
                quadratic up to 10⁻⁷; interpolated extrema: 0.3φ²(φ² + |log|μ||) for the parabola through three samples; variation: 10⁻³, change of the extrapolation below a tenth of it; \
                peak: a tenth of the decay rate, width 10%; search: 10⁻⁶ below, 2% above the bound; valley: 5% for \
                the time against Nesterov, none for the orders; logistic regression: 10%, for modes beside the slowest and the phase of an oscillation",
    control: "gross: the flow's ω and overshoot in the place of the multiplier's at a large step; variation with β doubled; near \
              miss: α off by 10⁻³ in the envelope, β off by 1% in the variation; a claimed price 2% too high; in the valley INDIAN with β = γ, which is heavy ball, and with a tenth more friction; a quarter more iterations",
    evidence: Evidence::Sampled,
    cost: "some 10⁶ iterations in the plane and 10⁴ on the logistic regression; about a second",
};

/// What a case looks at.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// One eigendirection of one run.
    Mode(Mode),
    /// Upward variation and path excess against the flow's closed form; the factor on β is 1 except in controls.
    Variation {
        /// α.
        alpha: f64,
        /// β.
        beta: f64,
        /// λ.
        hessian_eigenvalue: f64,
        /// Largest of the three step sizes.
        step_size: f64,
        /// Time after which the oscillation has died out.
        time: f64,
        /// Factor on β in the prediction.
        factor: f64,
    },
    /// All measures along an increasing sequence of β.
    Decrease {
        /// α.
        alpha: f64,
        /// λ of the direction.
        hessian_eigenvalue: f64,
        /// Step size.
        step_size: f64,
        /// Horizon.
        time: f64,
    },
    /// INDIAN, heavy ball and Nesterov in the valley with one step and one momentum.
    EqualWork(Valley),
    /// The methods with their constants on the logistic regression; the factor is on the predicted number of iterations.
    Tuned {
        /// 1 except in a control.
        factor: f64,
    },
    /// Best factors on [μ, L] with and without oscillation.
    Price {
        /// μ and L.
        interval: [f64; 2],
        /// Random draws.
        draws: u64,
        /// Factor on μ/L in the prediction; 1 except in a control.
        factor: f64,
    },
}

/// The stiffest direction of the logistic regression at its minimiser.
fn logistic(algorithm: impl Fn([f64; 2]) -> Algorithm) -> Option<Mode> {
    let subject = Subject::named("logistic");
    let start = vec![0.0; subject.dimension()];
    let bounds = [subject.facts().convexity.as_ref()?.value, subject.facts().smoothness.as_ref()?.value];
    stiffest(subject, &start, algorithm(bounds))
}

/// Size of a start beside a minimiser, and the fraction of it down to which the mode is followed: what the
/// nonlinearity of J brings into other directions stays a thousand times smaller.
const AMPLITUDE: f64 = 1e-7;
const FOLLOWED: f64 = 1e-3;

fn stiffest(objective: Subject, start: &[f64], algorithm: Algorithm) -> Option<Mode> {
    let found = minimiser(&*objective, start)?;
    Some(beside(objective, &found, AMPLITUDE, algorithm))
}

fn beside(objective: Subject, found: &Minimiser, amplitude: f64, algorithm: Algorithm) -> Mode {
    let theta: Vec<f64> = found.theta.iter().zip(&found.direction).map(|(t, d)| t + amplitude * d).collect();
    let centre = dinlab_numeric::dot(&found.direction, &found.theta);
    let mode = Mode::new("quadratic:1", algorithm, &theta, 0, found.largest);
    Mode { objective, direction: found.direction.clone(), centre, floor: FOLLOWED, ..mode }
}

/// The largest amplitude at which the gradient along the stiffest direction is linear to 10⁻⁷: the larger it is, the less
/// the rounding of θ* matters.
fn amplitude(objective: &Subject, found: &Minimiser) -> f64 {
    let mut oracle = objective.oracle();
    let n = found.theta.len();
    let mut gradient = |w: f64| -> Vec<f64> {
        let x: Vec<f64> = found.theta.iter().zip(&found.direction).map(|(t, d)| t + w * d).collect();
        let mut v = vec![0.0; n];
        oracle.gradient(&x, &mut v);
        v
    };
    let rest = gradient(0.0);
    let mut linear = |w: f64| {
        let force = found.largest * w;
        let linear = rest.iter().zip(&found.direction).map(|(v, d)| v + force * d).collect::<Vec<f64>>();
        dinlab_numeric::distance(&gradient(w), &linear) <= 1e-7 * force.abs()
    };
    let sizes = (1..7).map(|digits| 0.1_f64.powi(digits));
    let mut fitting = sizes.filter(|a| [*a, -a, 0.5 * a, -0.5 * a].into_iter().all(&mut linear));
    fitting.next().unwrap_or(AMPLITUDE)
}

/// The transversal direction of `valley` before θ₁ = 0: w = θ₁ + θ₂ feels 400w − 1.
fn valley(beta: f64) -> Mode {
    let mode = Mode::new("valley", Algorithm::indian(0.5, beta, 1e-3), &[-1.0, 1.5], 0, 400.0);
    Mode { direction: vec![1.0, 1.0], centre: 1.0 / 400.0, first_below: 0.0, ..mode }
}

impl Check for OscillationMeasures {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let two = [1.0, 1.0];
        let stiff = |alpha, beta, gamma| {
            Mode::new("quadratic:1,400", Algorithm::indian(alpha, beta, gamma), &two, 1, 400.0)
        };
        let soft = |alpha, beta, gamma| {
            Mode::new("quadratic:1,400", Algorithm::indian(alpha, beta, gamma), &two, 0, 1.0)
        };
        let named = |named| Mode::new("quadratic:1,20", Algorithm::Named(named), &two, 1, 20.0);
        let mut modes = vec![
            soft(0.5, 0.01, 1e-2),
            stiff(0.5, 0.01, 2e-3),
            // A large step: the angle is far from γω.
            stiff(0.5, 0.02, 0.015),
            Mode::new("quadratic:7", Algorithm::indian(0.3, 0.05, 0.05), &[1.0], 0, 7.0),
            // No direction spirals for αβ ≥ 1.
            stiff(10.0, 0.2, 1e-3),
            soft(10.0, 0.2, 1e-2),
            named(tuned_heavy_ball(1.0, 36.0)),
            named(tuned_nesterov(1.0, 100.0)),
            valley(0.01),
        ];
        modes.extend(logistic(|_| Algorithm::indian(0.5, 0.1, 0.1)));
        modes.extend(logistic(|[mu, l]| Algorithm::Named(tuned_heavy_ball(mu, l))));
        if effort > Effort::Quick {
            modes.push(valley(0.03));
            modes.extend(logistic(|[mu, l]| Algorithm::Named(tuned_nesterov(mu, 1.5 * l))));
            modes.extend(logistic(|_| Algorithm::indian(2.0, 1.5, 0.05)));
        }
        let mut cases: Vec<Case> = modes.into_iter().map(Case::Mode).collect();
        let variation = |alpha, beta, hessian_eigenvalue: f64| {
            let (step_size, time, factor) = (4e-3 / hessian_eigenvalue.sqrt(), 30.0, 1.0);
            Case::Variation { alpha, beta, hessian_eigenvalue, step_size, time, factor }
        };
        cases.extend([variation(0.5, 0.3, 1.0), variation(0.5, 0.02, 400.0), variation(1.3, 0.1, 9.0)]);
        let decrease = |hessian_eigenvalue: f64| {
            let (step_size, time) = (4e-3 / hessian_eigenvalue.sqrt(), 60.0);
            Case::Decrease { alpha: 0.5, hessian_eigenvalue, step_size, time }
        };
        cases.extend([decrease(1.0), decrease(400.0)]);
        let draws = match effort {
            Effort::Quick => 6_000,
            Effort::Standard => 40_000,
            Effort::Thorough => 400_000,
        };
        let mut valleys = vec![
            Valley::new([-1.0, 1.5], 0.005, 0.99),
            Valley::new([-1.0, 1.5], 0.01, 0.99),
            Valley::new([-1.0, 1.5], 0.02, 0.95),
        ];
        if effort > Effort::Quick {
            valleys.push(Valley::new([-1.0, 1.5], 0.01, 0.95));
            valleys.push(Valley::new([-1.0, 1.5], 0.02, 0.99));
        }
        cases.extend(valleys.into_iter().map(Case::EqualWork));
        cases.push(Case::Tuned { factor: 1.0 });
        cases.extend([[1.0, 100.0], [0.5, 8.0]].map(|interval| Case::Price { interval, draws, factor: 1.0 }));
        cases
    }

    fn control(&self) -> Vec<Case> {
        let mode =
            || Mode::new("quadratic:1,400", Algorithm::indian(0.5, 0.02, 0.015), &[1.0, 1.0], 1, 400.0);
        let variation = |factor| Case::Variation {
            alpha: 0.5,
            beta: 0.3,
            hessian_eigenvalue: 1.0,
            step_size: 4e-3,
            time: 30.0,
            factor,
        };
        vec![
            Case::Mode(Mode { flow_only: true, ..mode() }),
            Case::Mode(Mode { factors: [1.001, 1.0], ..mode() }),
            Case::Mode(Mode { factors: [1.0, 1.001], ..mode() }),
            variation(2.0),
            variation(1.01),
            Case::Price { interval: [0.5, 8.0], draws: 6_000, factor: 0.98 },
            // INDIAN with β = γ, which is heavy ball; with a tenth more friction.
            Case::EqualWork(Valley { factors: [1.0, 0.103], ..Valley::new([-1.0, 1.5], 0.01, 0.99) }),
            Case::EqualWork(Valley { factors: [1.1, 1.0], ..Valley::new([-1.0, 1.5], 0.02, 0.95) }),
            Case::Tuned { factor: 1.25 },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let objective: Subject = own.objective.clone().ok_or_else(|| refuse("it needs an objective"))?.into();
        if own.until.is_some() || own.steps.is_some() || !matches!(own.start, None | Some(Start::Rest)) {
            return Err(refuse("it starts at rest beside the minimiser and ends where the oscillation has died out: give neither"));
        }
        let step_size = own.step_size.ok_or_else(|| refuse("it needs a step size"))?;
        let algorithm = Algorithm::indian(own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1), step_size);
        let start = own.start_point()?;
        // Without a minimiser the hypotheses say so.
        let mode = match minimiser(&*objective, &start) {
            Some(found) => {
                let amplitude = amplitude(&objective, &found);
                beside(objective, &found, amplitude, algorithm)
            }
            None => Mode { objective, ..Mode::new("quadratic:1", algorithm, &start, 0, f64::NAN) },
        };
        Ok(Case::Mode(Mode { own: true, ..mode }))
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let by_construction = |words: &str| vec![Hypothesis::new(words, HypothesisState::ByConstruction)];
        let mode = match case {
            Case::Mode(mode) => mode,
            Case::EqualWork(_) => return by_construction("J is the valley, step and momentum are the same"),
            Case::Tuned { .. } => {
                return by_construction("J is strongly convex and smooth, μ and L are known")
            }
            _ => return by_construction("J is quadratic"),
        };
        if mode.first_below.is_finite() {
            return vec![Hypothesis::new(
                "J is quadratic where it is looked at",
                HypothesisState::ByConstruction,
            )];
        }
        let smooth = mode.objective.facts().regularity == Regularity::Smooth;
        let (contracts, flips) = mode.prediction().map_or((false, true), |p| (p.decay > 0.0, p.flips));
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact(
                "a minimiser with a positive definite Hessian is found",
                mode.hessian_eigenvalue > 0.0,
            ),
            Hypothesis::exact("the step contracts along its stiffest direction", contracts),
            Hypothesis::exact(
                "no multiplier there is a negative number: its sign would flip at every step",
                !flips,
            ),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        match case {
            Case::Mode(mode) => measure_mode(mode),
            Case::Variation { .. } => measure_variation(case),
            Case::Decrease { .. } => measure_decrease(case),
            Case::EqualWork(valley) => measure_valley(valley),
            Case::Tuned { factor } => measure_logistic(*factor),
            Case::Price { .. } => Ok(measure_price(case, context)),
        }
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use dinlab_record::Verdict;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn closed_forms_hold_and_controls_fail() {
        let interrupted = AtomicBool::new(false);
        let context = Context { effort: Effort::Standard, seed: 0, id: CLAIM.id, interrupted: &interrupted };
        let check = OscillationMeasures;
        let cases = check.cases(Effort::Standard);
        assert_eq!(cases.len(), 27);
        for case in cases {
            assert!(check.hypotheses(&case).iter().all(|h| h.state != HypothesisState::False), "{case:?}");
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
    fn own_cases_need_a_minimiser() {
        let own = |objective: &str, theta: &[f64]| OwnCase {
            objective: Some(dinlab_objective::build(objective, &Default::default()).unwrap()),
            theta: Some(theta.to_vec()),
            step_size: Some(0.05),
            ..OwnCase::default()
        };
        let applies = |own: &OwnCase| {
            let case = OscillationMeasures.own_case(own).unwrap();
            OscillationMeasures.hypotheses(&case).iter().all(|h| h.state != HypothesisState::False)
        };
        assert!(applies(&own("hill", &[0.9, 0.8])) && applies(&own("expr:x^2+cosh(y)", &[0.2, 0.1])));
        assert!(!applies(&own("expr:x^4", &[0.0])) && !applies(&own("valley", &[0.5, 0.5])));
    }
}
