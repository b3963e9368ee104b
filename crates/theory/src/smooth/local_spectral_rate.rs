//! Near a minimum with Hessian eigenvalues λᵢ > 0 orbits of DIN decay like e^{−rt}, r = minᵢ r(λᵢ), r(λ) = −max Re s
//! over the roots of s² + (α+βλ)s + λ = 0, provided the start excites the slowest mode (generic starts do).
//!
//! *Derivation.* With (θ, u) = (θ*, 0) + e^{st}(x, y) and ∇²J(θ*)x = λx the linearised system is sx = y − βλx,
//! sy = −αy − (1−αβ)λx; eliminating y gives (s + α)(s + βλ) + (1−αβ)λ = s² + (α+βλ)s + λ = 0.

use dinlab_analysis::spectrum::decay_rate;
use dinlab_din::Dynamics;
use dinlab_numeric::{distance, max, min};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::curvatures,
    decay::{self, Sampled, Tail, WINDOWS},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct LocalSpectralRate;

static CLAIM: Claim = Claim {
    id: "local-spectral-rate",
    family: 'A',
    title: "Exponential rate of DIN near a minimum",
    sentence: "Near a nondegenerate minimum generic orbits of DIN decay like e^{−rt}, with r the smallest −Re s over the \
               roots s of s² + (α+βλ)s + λ = 0 for the Hessian's eigenvalues λ.",
    statement: r"\limsup_{t\to\infty}\tfrac1t\log\|(\theta-\theta^*,u)\|=-r,\qquad r=\min_i\min_\pm\bigl(-\operatorname{Re}s_\pm(\lambda_i)\bigr),\qquad s^2+(\alpha+\beta\lambda)s+\lambda=0",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the Hessian at the limit is positive definite (computed there); one case has λ = 0 and must show rate 0",
        "the start is generic: it excites the slowest mode (assumed; one case tests an exception)",
    ],
    sources: &[sources::at(sources::AABR, "linearisation at a minimum")],
    differences: "the formula is the linearisation; the sources do not print it",
    measured: "Multipliers μ are fitted to differences of uniformly sampled states (θ, u) of the shipped integrator \
               (dynamic mode decomposition), in the window where they have fallen to 10⁻⁸…10⁻¹⁰ of the scale of θ; the \
               rate is −log|μ|/Δt for the largest. The fit knows neither the limit nor the prediction. The prediction \
               takes the Hessian at the limit reached.",
    refuted_by: "a fitted rate that differs from the prediction by more than 10⁻⁴ in relative terms",
    tolerance: "equivalence margin 10⁻⁴ of r (of α where r = 0); nonlinear terms are O(10⁻⁷) in the window; rounding is 10⁻⁶ of its last differences; steps are \
                bounded by Δt, because a tolerance relative to θ* ≠ 0 alone would let them grow as the orbit dies. The \
                change to a lower window with half the largest step must stay below a tenth of the margin",
    control: "gross: the fastest mode in place of the slowest; the exceptional start with the generic prediction; the \
              direction λ = 0 left out of the prediction; near miss: α off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "two integrations of some 10⁴ steps per case, tens of milliseconds",
};

/// What is compared with the fitted rate.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    Slowest,
    /// Control: the fastest mode.
    Fastest,
    /// Control: α scaled.
    ScaledFriction(f64),
    /// Control: zero eigenvalues left out.
    PositiveOnly,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    start: String,
    /// Δt.
    sampling: f64,
    /// Hessian eigenvalues that the start excites, where it is an exception to "generic".
    excited: Option<Vec<f64>>,
    /// The minimum whose distance is fitted instead of differences: these do not see a mode with s = 0.
    about: Option<Vec<f64>>,
    prediction: Prediction,
    own: bool,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64]) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            sampling: 0.1,
            excited: None,
            about: None,
            prediction: Prediction::Slowest,
            own: false,
            initial: Start::Rest,
        }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?}")
    }

    fn rate(&self, eigenvalues: &[f64]) -> f64 {
        let alpha = match self.prediction {
            Prediction::ScaledFriction(factor) => factor * self.alpha,
            _ => self.alpha,
        };
        let rates = eigenvalues
            .iter()
            .filter(|lambda| self.prediction != Prediction::PositiveOnly || **lambda > 0.0)
            .map(|&lambda| decay_rate(alpha, self.beta, lambda));
        match self.prediction {
            Prediction::Fastest => rates.fold(f64::NEG_INFINITY, max),
            _ => rates.fold(f64::INFINITY, min),
        }
    }
}

fn tail(case: &Case, largest_step: f64) -> Result<Tail, CheckError> {
    let run = Sampled {
        objective: &*case.objective,
        dynamics: Dynamics::Din { alpha: case.alpha, beta: case.beta },
        theta: &case.theta,
        start: &case.initial,
        sampling: case.sampling,
        unit: 1.0,
    };
    match decay::tail(&run, largest_step) {
        Err(CheckError::UnexpectedStatus { status, .. }) if case.own => {
            let horizon = case.sampling * decay::MOST_SAMPLES as f64;
            let reason = format!("the run did not settle until t={horizon} (status {status})");
            Err(CheckError::OwnCase { reason })
        }
        other => other,
    }
}

/// Rate predicted from the Hessian at the limit reached.
fn predicted(case: &Case, limit: &[f64]) -> Result<f64, CheckError> {
    let eigenvalues = match &case.excited {
        Some(excited) => excited.clone(),
        None => curvatures(&*case.objective, limit)?,
    };
    if case.own && eigenvalues.iter().any(|lambda| lambda.is_nan() || *lambda <= 0.0) {
        let reason = format!(
            "the run settled at {limit:?}, where the Hessian has eigenvalues {eigenvalues:?}: \
             not a nondegenerate minimum"
        );
        return Err(CheckError::OwnCase { reason });
    }
    Ok(case.rate(&eigenvalues))
}

impl Check for LocalSpectralRate {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("quadratic:1", 0.5, 0.1, &[1.0]),
            // αβ > 1: real roots.
            Case::new("quadratic:1,10", 3.0, 0.8, &[1.0, 1.0]),
            // αβ = 1: the roots are −α and −βλ, and `rest` excites the latter.
            Case::new("quadratic:3", 2.0, 0.5, &[1.0]),
            exception(),
            // λ = 0: no decay of the distance to the minimum 0.
            degenerate(),
            Case::new("sconv", 0.2, 0.01, &[0.5, -0.5]),
            Case::new("hill", 0.7, 0.3, &[0.8, 0.6]),
            Case::new("double-well", 1.0, 0.2, &[1.2, 0.1]),
        ];
        if effort > Effort::Quick {
            // Large β: the slowest mode is the one of the largest λ, near 1/β.
            cases.push(Case::new("quadratic:4,400", 0.5, 1.5, &[1.0, 1.0]));
            // Fast modes: samples, and with them the steps, closer.
            cases.push(Case { sampling: 0.02, ..Case::new("himmelblau", 2.0, 0.02, &[2.9, 2.1]) });
            cases.push(Case { sampling: 0.02, ..Case::new("rosenbrock", 1.0, 0.1, &[0.9, 0.9]) });
            cases.push(Case::new("beale", 1.0, 0.3, &[2.8, 0.4]));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction, case: Case| Case { prediction, ..case };
        vec![
            with(Prediction::Fastest, Case::new("double-well", 1.0, 0.2, &[1.2, 0.1])),
            Case { excited: None, ..exception() },
            with(Prediction::PositiveOnly, degenerate()),
            with(Prediction::ScaledFriction(1.001), Case::new("hill", 0.7, 0.3, &[0.8, 0.6])),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let initial = own.start.clone().unwrap_or_default();
        let sampling = own.step_size.unwrap_or(0.1);
        if !(sampling > 0.0 && sampling.is_finite()) {
            return Err(CheckError::needs("a step size (the distance of samples) above 0"));
        }
        Ok(Case {
            objective: own.subject()?,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            theta: own.theta.clone().ok_or_else(|| CheckError::needs("a start"))?,
            start: initial.to_string(),
            sampling,
            excited: None,
            about: None,
            prediction: Prediction::Slowest,
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
        let coarse = tail(case, case.sampling)?;
        let predicted = predicted(case, &coarse.limit)?;
        let value = coarse.rate(WINDOWS[0], case.about.as_deref())?;
        context.proceed()?;
        let finer = tail(case, 0.5 * case.sampling)?.rate(WINDOWS[1], case.about.as_deref())?;
        let margin = 1e-4 * if predicted == 0.0 { case.alpha } else { predicted.abs() };
        Ok(vec![Measurement::equal("decay rate", value, predicted, Budget::discretisation(margin))
            .on(case.words())
            .in_unit("1/time")
            .refined(value - finer)])
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel = Panel::new("", Axis::linear("t"), Axis::log("‖θ − θ*‖"));
        let with = |alpha, beta| Case::new("hill", alpha, beta, &[0.8, 0.6]);
        for (color, case) in [with(0.7, 0.3), with(0.7, 0.05), with(2.5, 1.0)].into_iter().enumerate() {
            let tail = tail(&case, case.sampling)?;
            let rate = predicted(&case, &tail.limit)?;
            let n = tail.limit.len();
            let distances: Vec<f64> = tail.states.iter().map(|s| distance(&s[..n], &tail.limit)).collect();
            let keep = distances.iter().position(|d| *d < 3e-7).unwrap_or(distances.len());
            let t: Vec<f64> = (0..keep).map(|k| k as f64 * case.sampling).collect();
            // The line lies on the upper envelope of the tail.
            let level = t.iter().zip(&distances).skip(keep / 2).map(|(t, d)| d * (rate * t).exp());
            let level = 1.2 * level.fold(0.0, max);
            let line = t.iter().map(|t| level * (-rate * t).exp()).collect();
            let label = format!("α = {}, β = {}", case.alpha, case.beta);
            panel = panel.with(Layer::curve(label, t.clone(), distances[..keep].to_vec(), color));
            panel = panel.with(Layer::Curve {
                label: format!("predicted, r = {rate:.4}"),
                x: t,
                y: line,
                color,
                dash: Dash::Dashed,
            });
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Exponential decay of DIN near a minimum".into(),
            caption:
                "hill, θ₀ = (0.8, 0.6), start at rest. Dashed: predicted slope, shifted onto the envelope."
                    .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}

/// The exception to "generic": only the fast mode is excited.
fn exception() -> Case {
    Case { excited: Some(vec![25.0]), ..Case::new("quadratic:1,25", 2.0, 0.1, &[0.0, 1.0]) }
}

/// A valley of minima along the first axis.
fn degenerate() -> Case {
    let initial = Start::Velocity(vec![0.5, 0.0]);
    let about = Some(vec![0.0, 0.0]);
    Case { about, start: initial.to_string(), initial, ..Case::new("quadratic:0,4", 1.0, 0.2, &[1.0, 1.0]) }
}
