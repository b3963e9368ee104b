//! Near a minimum with Hessian eigenvalues λᵢ the iterates of INDIAN contract by ρ = maxᵢ max |1 + γs(λᵢ)| per
//! iteration, s the roots of s² + (α+βλ)s + λ = 0, provided the start excites the slowest mode (generic starts do).

use dinlab_analysis::{
    modes::{differences, multipliers},
    spectrum::{modulus, roots_continuous},
};
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::curvatures,
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct DiscreteLocalRate;

static CLAIM: Claim = Claim {
    id: "discrete-local-rate",
    family: 'C',
    title: "Linear rate of INDIAN near a minimum",
    sentence: "Near a nondegenerate minimum the iterates of INDIAN contract per iteration by the largest |1 + γs| over \
               the roots s of s² + (α+βλ)s + λ = 0 for the Hessian's eigenvalues λ.",
    statement: r"\limsup_k\|(\theta_k-\theta^*,u_k)\|^{1/k}=\rho=\max_i\max_\pm|1+\gamma s_\pm(\lambda_i)|,\qquad s^2+(\alpha+\beta\lambda)s+\lambda=0",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the Hessian at the limit is positive definite (computed there)",
        "the start is generic: it excites the slowest mode (assumed; one case tests an exception)",
    ],
    sources: &[sources::at(sources::SADDLES, "linearisation of the step map")],
    differences: "the paper treats saddles; the rate at minima is the same linearisation",
    measured: "Multipliers are fitted to successive differences of the shipped iterates (dynamic mode decomposition), \
               where their distance from the last one is 10⁻⁷…10⁻⁹ of the scale of θ. The fit knows neither the limit \
               nor the prediction. The prediction takes the Hessian at the limit reached.",
    refuted_by: "a fitted log ρ that differs from the prediction by more than 10⁻⁴ in relative terms",
    tolerance: "equivalence margin 10⁻⁴ on log ρ; nonlinear terms are O(10⁻⁷) in the window and rounding ε/10⁻⁹; the \
                change between windows one decade apart must stay below a tenth of the margin",
    control: "gross: prediction for the flow, e^(−γr) instead of ρ, with a large step; near miss: α off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "up to 10⁵ iterations per case, milliseconds",
};

/// What is compared with the fitted factor.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    Multiplier,
    /// Control: decay of the flow over one step.
    FlowDecay,
    /// Control: α scaled.
    ScaledFriction(f64),
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    step_size: f64,
    theta: Vec<f64>,
    start: String,
    /// Hessian eigenvalues that the start excites, where it is an exception to "generic".
    excited: Option<Vec<f64>>,
    prediction: Prediction,
    own: bool,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, step_size: f64, theta: &[f64]) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            step_size,
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            excited: None,
            prediction: Prediction::Multiplier,
            own: false,
            initial: Start::Rest,
        }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, step_size, theta, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, γ={step_size}, θ₀={theta:?}")
    }

    /// log of the predicted factor for one eigenvalue.
    fn log_factor(&self, lambda: f64) -> f64 {
        let alpha = match self.prediction {
            Prediction::ScaledFriction(factor) => factor * self.alpha,
            _ => self.alpha,
        };
        let gamma = self.step_size;
        let roots = roots_continuous(alpha, self.beta, lambda);
        let factor = match self.prediction {
            Prediction::FlowDecay => roots.map(|s| (gamma * s.re).exp()),
            _ => roots.map(|s| modulus(s * gamma + 1.0)),
        };
        max(factor[0], factor[1]).ln()
    }
}

/// States at a distance from the last one between these fractions of ‖θ‖ + 1 are fitted.
const WINDOWS: [[f64; 2]; 2] = [[1e-7, 1e-9], [1e-8, 1e-10]];
/// A run has settled when one step changes the state by less than this fraction of ‖θ‖ + 1.
const SETTLED: f64 = 1e-15;
const MOST_STEPS: u64 = 1_000_000;
const MOST_PAIRS: usize = 400;

/// States (θ, u) in the first window, or of a growing run all states until it has grown a million times.
struct Tail {
    states: Vec<Vec<f64>>,
    limit: Vec<f64>,
    settled: bool,
}

fn tail(case: &Case) -> Result<Tail, CheckError> {
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, case.theta.clone(), Schedule::Constant(case.step_size), MOST_STEPS);
    run.start = case.initial.clone();
    let mut states: Vec<Vec<f64>> = Vec::new();
    let (mut previous, mut settled): (Vec<f64>, bool) = (Vec::new(), false);
    let (mut first, mut grown) = (f64::NAN, false);
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        if !previous.is_empty() {
            let change = distance(o.state, &previous) / (1.0 + norm(o.theta));
            if first.is_nan() {
                first = change;
            }
            grown = change > 1e6 * first;
            settled = change < SETTLED;
            // Above the window the states are kept only as long as the run is short: a growing one is.
            if change > WINDOWS[0][0] && states.len() > 50_000 {
                states.clear();
            }
        }
        previous = o.state.to_vec();
        states.push(previous.clone());
        if settled || grown {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    if !settled && !grown {
        return Err(unsettled(case, outcome.status));
    }
    Ok(Tail { states, limit: outcome.theta, settled })
}

fn unsettled(case: &Case, status: Status) -> CheckError {
    if case.own {
        let reason = format!("the run did not settle within {MOST_STEPS} steps (status {status})");
        return CheckError::OwnCase { reason };
    }
    CheckError::UnexpectedStatus { what: case.words(), status, expected: "converged" }
}

/// log of the largest fitted modulus, from the part of the tail whose changes lie in `window`; of a growing run, from its last
/// `share`.
fn fitted(tail: &Tail, window: [f64; 2], share: f64) -> Result<f64, CheckError> {
    let scale = 1.0 + norm(&tail.limit);
    let last = &tail.states[tail.states.len() - 1];
    let inside = |state: &Vec<f64>| {
        let left = distance(state, last) / scale;
        left <= window[0] && left >= window[1]
    };
    let (begin, end) = if tail.settled {
        let begin = tail.states.iter().position(inside).unwrap_or(0);
        (begin, tail.states.iter().rposition(inside).unwrap_or(0))
    } else {
        let count = tail.states.len();
        (((1.0 - share) * count as f64) as usize, count - 1)
    };
    // Pairs that lie several steps apart carry the rate of a slow run with more digits.
    let stride = ((end - begin) / MOST_PAIRS).max(1);
    let chosen: Vec<Vec<f64>> = tail.states[begin..=end].iter().step_by(stride).cloned().collect();
    let found = multipliers(&differences(&chosen))?;
    Ok(modulus(found[0]).ln() / stride as f64)
}

impl Check for DiscreteLocalRate {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("quadratic:1", 0.5, 0.1, 0.1, &[1.0]),
            // αβ > 1: real multipliers.
            Case::new("quadratic:1,10", 3.0, 0.8, 0.05, &[1.0, 1.0]),
            // The exception: only the fast mode is excited.
            Case { excited: Some(vec![25.0]), ..Case::new("quadratic:1,25", 2.0, 0.1, 0.05, &[0.0, 1.0]) },
            // Beyond the stability limit γ = β + α/λ = 0.6: growth at the predicted factor.
            Case::new("quadratic:1", 0.5, 0.1, 0.61, &[1e-3]),
            Case::new("hill", 0.7, 0.3, 0.1, &[0.8, 0.6]),
            Case::new("double-well", 1.0, 0.2, 0.05, &[1.2, 0.1]),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("himmelblau", 2.0, 0.02, 0.01, &[2.9, 2.1]));
            cases.push(Case::new("rosenbrock", 1.0, 0.1, 5e-3, &[0.9, 0.9]));
            cases.push(Case::new("sconv", 0.3, 0.05, 0.02, &[0.5, -0.5]));
            // Away from a double root of the slow mode, where any fit of multipliers is ill-conditioned.
            cases.push(Case::new("beale", 0.5, 0.05, 0.005, &[2.8, 0.4]));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case { prediction, ..Case::new("hill", 0.7, 0.3, 0.1, &[0.8, 0.6]) };
        vec![with(Prediction::FlowDecay), with(Prediction::ScaledFriction(1.001))]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = CheckError::needs::<&str>;
        let initial = own.start.clone().unwrap_or_default();
        Ok(Case {
            objective: own.objective.clone().ok_or_else(|| needs("an objective"))?.into(),
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size.ok_or_else(|| needs("a step size"))?,
            theta: own.start_point()?,
            start: initial.to_string(),
            excited: None,
            prediction: Prediction::Multiplier,
            own: true,
            initial,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::new("generic start", HypothesisState::Assumed),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let tail = tail(case)?;
        let eigenvalues = match &case.excited {
            Some(excited) => excited.clone(),
            None => curvatures(&*case.objective, &tail.limit)?,
        };
        let predicted = eigenvalues.iter().map(|&l| case.log_factor(l)).fold(f64::NEG_INFINITY, max);
        let (value, finer) = (fitted(&tail, WINDOWS[0], 1.0)?, fitted(&tail, WINDOWS[1], 0.5)?);
        let margin = 1e-4 * predicted.abs();
        let rate = Measurement::equal(
            "log of the factor per iteration",
            value,
            predicted,
            Budget::discretisation(margin),
        )
        .on(case.words())
        .in_unit("1/iteration");
        Ok(vec![rate.refined(value - finer)])
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel = Panel::new("", Axis::linear("iteration k"), Axis::log("‖θₖ − θ*‖"));
        let cases = [
            ("γ = 0.1", Case::new("hill", 0.7, 0.3, 0.1, &[0.8, 0.6])),
            ("γ = 0.4", Case::new("hill", 0.7, 0.3, 0.4, &[0.8, 0.6])),
        ];
        for (color, (label, case)) in cases.into_iter().enumerate() {
            let tail = tail(&case)?;
            let eigenvalues = curvatures(&*case.objective, &tail.limit)?;
            let log_rho = eigenvalues.iter().map(|&l| case.log_factor(l)).fold(f64::NEG_INFINITY, max);
            let n = tail.limit.len();
            let distances: Vec<f64> = tail.states.iter().map(|s| distance(&s[..n], &tail.limit)).collect();
            let keep = distances.iter().position(|d| *d < 1e-8).unwrap_or(distances.len());
            let k: Vec<f64> = (0..keep).map(|k| k as f64).collect();
            let line = k.iter().map(|k| 2.0 * distances[0] * (k * log_rho).exp()).collect();
            panel = panel.with(Layer::curve(
                format!("INDIAN, {label}"),
                k.clone(),
                distances[..keep].to_vec(),
                color,
            ));
            panel = panel.with(Layer::Curve {
                label: format!("slope log ρ = {log_rho:.4}"),
                x: k,
                y: line,
                color,
                dash: Dash::Dashed,
            });
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Linear convergence of INDIAN near a minimum".into(),
            caption: "hill, α = 0.7, β = 0.3, θ₀ = (0.8, 0.6), start at rest".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
