//! Gradient descent, heavy ball, Nesterov's method, triple momentum and the whole three-parameter family of Lessard,
//! Recht and Packard are INDIAN with other parameters, iterate by iterate and for every J; so is INNAprop's order of
//! update. The translation and its derivation are in `dinlab_indian::dictionary`; here both sides are run.
//!
//! The two sides differ by rounding only, which the iteration amplifies. How much is measured: a second run of INDIAN
//! from a start moved by 10⁻⁷ shows the growth A = max_k ‖δ_k‖/‖δ_0‖ of a perturbation.

mod rivals;

use dinlab_indian::dictionary::{Named, Parameters, ThreeParameter};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::Start;
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement, Source,
};
use serde::Serialize;

use self::rivals::{indian, Rival};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct MethodDictionary;

const LRP: Source = Source {
    key: "lessard2016",
    authors: "L. Lessard, B. Recht, A. Packard",
    title: "Analysis and Design of Optimization Algorithms via Integral Quadratic Constraints",
    venue: "SIAM Journal on Optimization 26(1):57-95",
    year: 2016,
    place: "section 3: the three-parameter family",
};

const TMM: Source = Source {
    key: "vanscoy2018",
    authors: "B. Van Scoy, R. A. Freeman, K. M. Lynch",
    title:
        "The Fastest Known Globally Convergent First-Order Method for Minimizing Strongly Convex Functions",
    venue: "IEEE Control Systems Letters 2(1):49-54",
    year: 2018,
    place: "triple momentum",
};

const INNAPROP: Source = Source {
    key: "bolte2024",
    authors: "J. Bolte, R. Boustany, E. Pauwels, A. Purica",
    title: "A Second-Order-Like Optimizer with Adaptive Gradient Scaling for Deep Learning",
    venue: "arXiv:2410.05871",
    year: 2024,
    place: "order of update",
};

static CLAIM: Claim = Claim {
    id: "method-dictionary",
    family: 'C',
    title: "Known momentum methods are INDIAN with other parameters",
    sentence: "For every J, INDIAN's θₖ is the point at which the three-parameter family of momentum methods takes its k-th \
               gradient; gradient descent, heavy ball, Nesterov's y-sequence and triple momentum are members.",
    statement: r"\xi_{k+1}=\xi_k+b(\xi_k-\xi_{k-1})-a\nabla J(y_k),\ y_k=\xi_k+\eta(\xi_k-\xi_{k-1})\ \Longrightarrow\ \theta_k=y_k,\qquad a=\gamma^2,\ b=1-\alpha\gamma,\ \eta=\tfrac\beta\gamma-1,\ u_0=\tfrac{1-\alpha\beta}\gamma(\xi_0-\xi_{-1})",
    hypotheses: &[
        "a > 0, b ≤ 1, η ≥ −1, so that α, β ≥ 0 and γ > 0 exist (exact)",
        "for ψ first: γ ≠ β and β > 0 (exact); for gradient descent with αβ = 1: u₀ = 0 (exact)",
        "rounding is amplified less than 10⁶ times over the run (sampled: a perturbed run)",
    ],
    sources: &[LRP, TMM, INNAPROP, sources::at(sources::JMLR, "algorithm")],
    differences: "the dictionary is derived in this project; the sources give the methods",
    measured: "The shipped INDIAN with parameters from the shipped dictionary against the shipped gradient descent, heavy ball and \
               Nesterov (whose y is formed from its x), and against triple momentum, the family and the ψ-first update as their \
               papers print them: largest distance over all iterates, relative to the size of the iterates.",
    refuted_by: "one iterate farther away than rounding explains, on any J",
    tolerance: "50 ε A per iteration relative to max(‖θ‖ + γ‖u‖ + γβ‖∇J‖): each side makes some ten rounding errors per \
                component and step and carries parameters that are right to a few ε; A is the measured amplification",
    control: "gross: Nesterov's x-sequence; a start with u₀ ≠ 0 where the other method starts at rest; near miss: β or the momentum \
              off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "60 iterations per method and objective; milliseconds",
};

/// One method on one objective.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    rival: Rival,
    theta: Vec<f64>,
    /// u₀ of INDIAN; the family and ψ-first start correspondingly, the other methods at rest.
    u: Vec<f64>,
    steps: u64,
    /// Factors on β and on b = 1−αγ of INDIAN; 1 except in near misses.
    factors: [f64; 2],
}

/// Amplification of rounding up to which iterates are compared.
const MOST_AMPLIFIED: f64 = 1e6;
/// Size of the perturbation that measures it, relative to 1 + ‖θ₀‖.
const MOVED: f64 = 1e-7;

impl Case {
    fn new(objective: &str, rival: Rival, theta: &[f64]) -> Self {
        let (objective, u) = (Subject::named(objective), vec![0.0; theta.len()]);
        Self { objective, rival, theta: theta.to_vec(), u, steps: 60, factors: [1.0; 2] }
    }

    fn words(&self) -> String {
        let name: String = self.objective.to_string().chars().take(40).collect();
        let at_rest = self.u.iter().all(|u| *u == 0.0);
        format!("{name}, {}{}", self.rival.words(), if at_rest { "" } else { ", u₀ ≠ 0" })
    }

    fn parameters(&self) -> Result<Parameters, CheckError> {
        let Parameters { alpha, beta, step_size } = self.rival.indian()?;
        let [of_beta, of_momentum] = self.factors;
        let momentum = 1.0 - alpha * step_size;
        // Exactly α for the factor 1.
        let alpha = alpha + (1.0 - of_momentum) * momentum / step_size;
        Ok(Parameters { alpha, beta: of_beta * beta, step_size })
    }

    /// max_k ‖δ_k‖/‖δ_0‖ for a start moved along a direction without symmetry.
    fn amplification(&self) -> Result<f64, CheckError> {
        let parameters = self.parameters()?;
        let moved: Vec<f64> = (0..self.theta.len())
            .map(|i| self.theta[i] + MOVED * (1.0 + norm(&self.theta)) * (1.0 + i as f64).sin())
            .collect();
        let one = indian(&*self.objective, parameters, &self.theta, &self.u, self.steps)?;
        let two = indian(&*self.objective, parameters, &moved, &self.u, self.steps)?;
        let first = distance(&moved, &self.theta);
        Ok(one.iter().zip(&two).map(|(a, b)| distance(a, b) / first).fold(1.0, max))
    }

    /// Distances ‖θ_k − y_k‖ and the scale of the iterates.
    fn distances(&self) -> Result<(Vec<f64>, f64), CheckError> {
        let parameters = self.parameters()?;
        let mine = indian(&*self.objective, parameters, &self.theta, &self.u, self.steps)?;
        let theirs = self.rival.sequence(&*self.objective, &self.theta, &self.u, self.steps)?;
        let (mut oracle, mut v) = (self.objective.oracle(), vec![0.0; self.theta.len()]);
        let mut scale = parameters.step_size * norm(&self.u);
        for pair in mine.windows(2) {
            oracle.gradient(&pair[0], &mut v);
            let pull = parameters.step_size * parameters.beta * norm(&v);
            // γu = (θ⁺ − θ) + γβv.
            scale = max(scale, norm(&pair[0]) + 2.0 * pull + distance(&pair[0], &pair[1]));
        }
        Ok((mine.iter().zip(&theirs).map(|(a, b)| distance(a, b)).collect(), scale))
    }
}

/// J of the main case: strongly convex quadratic minus cosines, six variables.
const SIX: &str = "expr:(x1-1)^2/2+(x2+x1)^2+3/2*(x3-x2)^2+2*x4^2+5/2*(x5+x4)^2+3*x6^2\
                   -0.3*(cos(x1)+cos(x2)+cos(x3)+cos(x4)+cos(x5)+cos(x6))";
const SIX_START: [f64; 6] = [1.3, -0.4, 0.8, -1.1, 0.6, 0.9];

/// The methods with steps that suit a curvature L, and μ for triple momentum.
fn methods(mu: f64, l: f64) -> Vec<Rival> {
    let (h, gamma) = (0.5 / l, (0.5 / l).sqrt());
    vec![
        Rival::Named(Named::GradientDescent { step_size: h }),
        Rival::Named(Named::HeavyBall { step_size: h, momentum: 0.8 }),
        Rival::Named(Named::Nesterov { step_size: h, momentum: 0.8 }),
        Rival::Named(Named::TripleMomentum { convexity: mu, smoothness: l }),
        Rival::Named(Named::FrictionEuler { alpha: 0.5 / gamma, step_size: 0.2 * gamma }),
        Rival::Family(ThreeParameter { a: h, b: 0.6, eta: 0.9 }),
        Rival::Family(ThreeParameter { a: h, b: -0.2, eta: -0.3 }),
        Rival::PsiFirst(Parameters { alpha: 0.5 / gamma, beta: 1.7 * gamma, step_size: gamma }),
        Rival::PsiFirst(Parameters { alpha: 0.5 / gamma, beta: 0.6 * gamma, step_size: 0.3 * gamma }),
    ]
}

impl Check for MethodDictionary {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut problems: Vec<(&str, f64, f64, Vec<f64>)> = vec![
            ("quadratic:1,9", 1.0, 9.0, vec![1.0, -1.0]),
            (SIX, 0.5, 14.0, SIX_START.to_vec()),
            ("hill", 0.5, 40.0, vec![-1.2, 1.5]),
            ("valley", 1.0, 400.0, vec![-1.0, 1.5]),
        ];
        if effort > Effort::Quick {
            problems.push(("rosenbrock", 1.0, 3000.0, vec![-1.0, 1.2]));
            problems.push(("logistic", 0.01, 4.0, vec![0.1; 31]));
            problems.push(("lasso", 0.01, 5.0, vec![0.3; 10]));
        }
        let mut cases = Vec::new();
        for (objective, mu, l, theta) in problems {
            for rival in methods(mu, l) {
                let case = Case::new(objective, rival, &theta);
                // The family and ψ first also from a start that is not at rest.
                if matches!(rival, Rival::Family(_) | Rival::PsiFirst(_)) {
                    let u = theta.iter().enumerate().map(|(i, t)| 0.3 * t + 0.1 * (i as f64).cos()).collect();
                    cases.push(Case { u, ..case.clone() });
                }
                cases.push(case);
            }
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.steps = 1_000);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let (step_size, momentum) = (0.03, 0.8);
        let nesterov = Rival::Named(Named::Nesterov { step_size, momentum });
        let with = |rival| Case::new(SIX, rival, &SIX_START);
        vec![
            with(Rival::NesterovPositions { step_size, momentum }),
            Case { u: vec![0.1; 6], ..with(nesterov) },
            Case { factors: [1.001, 1.0], ..with(nesterov) },
            Case { factors: [1.0, 1.001], ..with(nesterov) },
            Case {
                factors: [1.001, 1.0],
                ..with(Rival::Family(ThreeParameter { a: 0.03, b: 0.6, eta: 0.9 }))
            },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        let objective = own.objective.clone().ok_or_else(|| refuse("it needs an objective"))?;
        let theta = own.start_point()?;
        if own.until.is_some() {
            return Err(refuse("it counts iterations: give steps instead of a time"));
        }
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1));
        let step_size = own.step_size.ok_or_else(|| refuse("it needs a step size"))?;
        let parameters = Parameters { alpha, beta, step_size };
        let mut gradient = vec![0.0; theta.len()];
        objective.oracle().gradient(&theta, &mut gradient);
        let u = own.start.clone().unwrap_or_default().auxiliary(alpha, beta, &theta, &gradient)?;
        let at_rest = own.start.clone().unwrap_or_default() == Start::Rest;
        // The most specific name that these parameters have.
        let named = parameters.names().first().copied().filter(|_| at_rest);
        let rival = named.map_or(Rival::Family(parameters.three_parameter()), Rival::Named);
        Ok(Case {
            objective: objective.into(),
            rival,
            theta,
            u,
            steps: own.steps.unwrap_or(60),
            factors: [1.0; 2],
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let parameters = case.rival.indian();
        let exists = parameters.as_ref().is_ok_and(|p| p.validate().is_ok());
        let at_rest = case.u.iter().all(|u| *u == 0.0);
        let written = match (case.rival, &parameters) {
            (Rival::PsiFirst(p), _) => p.psi_first().is_ok(),
            (_, Ok(p)) => at_rest || (p.alpha * p.beta - 1.0).abs() > 1e-12,
            _ => false,
        };
        let amplified = case.amplification();
        // A run that breaks down is for `measure` to report.
        let calm = amplified.as_ref().map_or(true, |a| *a < MOST_AMPLIFIED);
        let state = if calm { HypothesisState::Sampled } else { HypothesisState::False };
        vec![
            Hypothesis::exact("INDIAN's parameters exist: a > 0, b ≤ 1, η ≥ −1", exists),
            Hypothesis::exact("the other form exists for this start", written),
            Hypothesis::new("rounding is amplified less than 10⁶ times over the run", state),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let amplification = case.amplification()?;
        let (distances, scale) = case.distances()?;
        let worst = distances.iter().copied().fold(0.0, max) / scale;
        let budget = 50.0 * f64::EPSILON * amplification * (case.steps + 1) as f64;
        Ok(vec![Measurement::equal(
            "largest relative distance of the iterates",
            worst,
            0.0,
            Budget::rounding(budget),
        )
        .on(case.words())])
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let (step_size, momentum) = (0.03, 0.8);
        let with = |rival| Case::new(SIX, rival, &SIX_START);
        let nesterov = Rival::Named(Named::Nesterov { step_size, momentum });
        let curves = [
            ("Nesterov's y", with(nesterov)),
            (
                "triple momentum",
                with(Rival::Named(Named::TripleMomentum { convexity: 0.5, smoothness: 14.0 })),
            ),
            ("Nesterov's x", with(Rival::NesterovPositions { step_size, momentum })),
            ("Nesterov's y, β off by 10⁻³", Case { factors: [1.001, 1.0], ..with(nesterov) }),
        ];
        let mut panel = Panel::new("", Axis::linear("iteration k"), Axis::log("‖θₖ − yₖ‖"));
        for (color, (label, case)) in curves.into_iter().enumerate() {
            let (distances, _) = case.distances()?;
            let k: Vec<f64> = (0..distances.len()).map(|k| k as f64).collect();
            panel = panel.with(Layer::curve(label, k, distances, color));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "INDIAN beside other methods, iterate by iterate".into(),
            caption: "strongly convex quadratic minus 0.3 Σ cos xᵢ, n = 6, start at rest; parameters from the dictionary".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use dinlab_record::Verdict;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn iterates_agree_and_controls_do_not() {
        let interrupted = AtomicBool::new(false);
        let context = Context { effort: Effort::Standard, seed: 0, id: CLAIM.id, interrupted: &interrupted };
        let check = MethodDictionary;
        for case in check.cases(Effort::Standard) {
            for h in check.hypotheses(&case) {
                assert_ne!(h.state, HypothesisState::False, "{}: {}", case.words(), h.text);
            }
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
    fn own_cases_are_named_and_refused() {
        let objective = dinlab_objective::build("himmelblau", &Default::default()).unwrap();
        let own = |alpha, beta, step_size| OwnCase {
            objective: Some(objective.clone()),
            alpha: Some(alpha),
            beta: Some(beta),
            step_size: Some(step_size),
            ..OwnCase::default()
        };
        let rival = |own: &OwnCase| MethodDictionary.own_case(own).unwrap().rival;
        assert!(matches!(rival(&own(10.0, 0.1, 0.02)), Rival::Named(Named::GradientDescent { .. })));
        assert!(matches!(rival(&own(1.0, 0.05, 0.05)), Rival::Named(Named::HeavyBall { .. })));
        assert!(matches!(rival(&own(1.0, 0.07, 0.05)), Rival::Family(_)));
        // αβ = 1 with u₀ ≠ 0 is no member of the family.
        let start = Some(Start::Speed(0.3));
        let case = MethodDictionary.own_case(&OwnCase { start, ..own(10.0, 0.1, 0.02) }).unwrap();
        assert!(MethodDictionary.hypotheses(&case).iter().any(|h| h.state == HypothesisState::False));
    }
}
