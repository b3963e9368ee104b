//! At Hessian eigenvalue λ > 0 one step of INDIAN is a strict contraction iff γ < β + α/λ and
//! 4 − 2γ(α+βλ) + γ²λ > 0 (Jury's conditions on μ² − Tμ + D, T = 2 − γ(α+βλ), D = 1 − γ(α+βλ) + γ²λ).
//!
//! What is measured is the matrix of the shipped step, obtained by stepping the two basis vectors, and runs of
//! the shipped algorithm; the inequalities enter only as the prediction.

mod draw;
mod plane;

use dinlab_analysis::{
    spectrum::spectral_radius,
    stability::{stable, step_size_max},
};
use dinlab_indian::{Grid, Method, Run, Schedule};
use dinlab_objective::{build, Options};
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, Measurement, Status};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    shipped::{crossing_error, first_crossing, radius, step_matrix},
    sources,
};

/// The check.
pub struct StabilityRegion;

static CLAIM: Claim = Claim {
    id: "stability-region",
    family: 'D',
    title: "Exact stability region of INDIAN on an eigenmode",
    sentence: "On a Hessian eigenvalue λ > 0 the step of INDIAN contracts exactly when γ < β + α/λ and \
               4 − 2γ(α+βλ) + γ²λ > 0.",
    statement: r"\rho(\alpha,\beta,\gamma,\lambda)<1\iff\gamma<\beta+\frac{\alpha}{\lambda}\ \text{ and }\ 4-2\gamma(\alpha+\beta\lambda)+\gamma^2\lambda>0",
    hypotheses: &["λ > 0 (by construction)", "J is quadratic along the mode (by construction)"],
    sources: &[sources::at(sources::JMLR, "update (11)")],
    differences: "derived in this project from Jury's conditions; no printed form",
    measured: "The shipped step is applied to the two basis vectors; the spectral radius of that matrix is compared \
               with the inequalities on random quadruples, the step at which it crosses 1 is located by bisection, \
               whole planes of two of α, β, γ, λ are compared cell by cell, and runs of the algorithm are seen to shrink or grow. A linear recursion contracts in some norm \
               exactly when this radius is below 1.",
    refuted_by: "a quadruple with |ρ − 1| > 10⁻⁹ on the wrong side, a boundary elsewhere, or a run that grows where \
                 the inequalities say it shrinks",
    tolerance: "mismatches: none allowed outside |ρ − 1| ≤ 10⁻⁹ (rounding of the roots near a double root is √ε). \
                Boundary: 64·ε·S/(gap·slope), S the largest matrix entry, gap the distance of the two roots, slope \
                dρ/d log γ measured there.",
    control: "gross: the condition γ < β + α/λ dropped; near miss: its right-hand side multiplied by 1.001",
    evidence: Evidence::Resolved,
    cost: "2·10⁵ eigenvalue pairs and some runs, under a second",
};

/// What is compared with the measured radius.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// Both inequalities.
    Both,
    /// Control: only the flip condition.
    FlipOnly,
    /// Control: the right-hand side of the Neimark–Sacker condition scaled.
    Scaled(f64),
}

/// Random quadruples, with α and β fixed in the user's own case.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    quadruples: u64,
    boundaries: u64,
    runs: u64,
    alpha: Option<f64>,
    beta: Option<f64>,
    prediction: Prediction,
}

impl Case {
    fn standard(quadruples: u64) -> Self {
        let (alpha, beta, prediction) = (None, None, Prediction::Both);
        Self { quadruples, boundaries: quadruples / 1000, runs: 40, alpha, beta, prediction }
    }

    fn predicts_stable(&self, alpha: f64, beta: f64, gamma: f64, lambda: f64) -> bool {
        let flip = 4.0 - 2.0 * gamma * (alpha + beta * lambda) + gamma * gamma * lambda > 0.0;
        match self.prediction {
            Prediction::Both => stable(alpha, beta, gamma, lambda),
            Prediction::FlipOnly => flip,
            Prediction::Scaled(factor) => flip && gamma < factor * (beta + alpha / lambda),
        }
    }

    /// First step size at which the prediction turns from stable to unstable.
    fn predicted_boundary(&self, alpha: f64, beta: f64, lambda: f64) -> f64 {
        match self.prediction {
            Prediction::Both => step_size_max(alpha, beta, &[lambda]),
            Prediction::FlipOnly | Prediction::Scaled(_) => {
                first_crossing(1e-6, 1e6, |gamma| self.predicts_stable(alpha, beta, gamma, lambda))
                    .unwrap_or(f64::INFINITY)
            }
        }
    }
}

fn quadruple(case: &Case, context: &Context<'_>, purpose: &str, index: u64) -> [f64; 4] {
    let mut stream = context.stream(purpose, index);
    let alpha = stream.log_uniform(1e-2, 1e2);
    let beta = stream.log_uniform(1e-2, 1e2);
    let gamma = stream.log_uniform(1e-3, 1e1);
    let lambda = stream.log_uniform(1e-2, 1e3);
    [case.alpha.unwrap_or(alpha), case.beta.unwrap_or(beta), gamma, lambda]
}

fn words([alpha, beta, gamma, lambda]: [f64; 4]) -> String {
    format!("α={alpha:.6}, β={beta:.6}, γ={gamma:.6}, λ={lambda:.6}")
}

/// Number of quadruples on the wrong side, with the one farthest from the edge in the case text.
fn mismatches(case: &Case, context: &Context<'_>) -> Result<Measurement, CheckError> {
    let (mut count, mut worst) = (0_u64, (0.0, String::new()));
    for index in 0..case.quadruples {
        if index % 4096 == 0 {
            context.proceed()?;
        }
        let q @ [alpha, beta, gamma, lambda] = quadruple(case, context, "quadruple", index);
        let excess = radius(alpha, beta, gamma, lambda) - 1.0;
        let wrong = (excess < 0.0) != case.predicts_stable(alpha, beta, gamma, lambda);
        // NaN counts as a mismatch.
        if wrong && (excess.is_nan() || excess.abs() > 1e-9) {
            count += 1;
            if worst.1.is_empty() || excess.abs() > worst.0 {
                worst = (excess.abs(), format!("; worst at {}", words(q)));
            }
        }
    }
    Ok(Measurement::equal("quadruples on the wrong side", count as f64, 0.0, Budget::default())
        .on(format!("{} random quadruples{}", case.quadruples, worst.1)))
}

/// The located boundary that strains its tolerance most.
fn boundary(case: &Case, context: &Context<'_>) -> Result<Option<Measurement>, CheckError> {
    let mut worst: Option<Measurement> = None;
    for index in 0..case.boundaries {
        context.proceed()?;
        let [alpha, beta, _, lambda] = quadruple(case, context, "boundary", index);
        let shrinks = |gamma| radius(alpha, beta, gamma, lambda) < 1.0;
        let Some(located) = first_crossing(1e-6, 1e6, shrinks) else { continue };
        let tolerance = located * crossing_error(|factor| step_matrix(alpha, beta, factor * located, lambda));
        let predicted = case.predicted_boundary(alpha, beta, lambda);
        let measurement =
            Measurement::equal("largest stable step size", located, predicted, Budget::rounding(tolerance))
                .on(format!("α={alpha:.6}, β={beta:.6}, λ={lambda:.6}"));
        if worst.as_ref().is_none_or(|w| measurement.strain() > w.strain() || measurement.strain().is_nan()) {
            worst = Some(measurement);
        }
    }
    Ok(worst)
}

/// Runs of the algorithm on J = λθ²/2: shrink where stable, grow where not.
fn runs(case: &Case, context: &Context<'_>) -> Result<Measurement, CheckError> {
    const STEPS: u64 = 20_000;
    let (mut wrong, mut done, mut index, mut first) = (0_u64, 0, 0, String::new());
    while done < case.runs && index < 100 * case.runs {
        context.proceed()?;
        let q @ [alpha, beta, gamma, lambda] = quadruple(case, context, "run", index);
        index += 1;
        // Within 0.3% of the edge twenty thousand steps do not tell growth from decay.
        if (spectral_radius(alpha, beta, gamma, lambda) - 1.0).abs() < 3e-3 {
            continue;
        }
        done += 1;
        let objective = build(&format!("quadratic:{lambda}"), &Options::default())?;
        let method = Method::Indian { alpha, beta };
        let mut run = Run::new(method, vec![1.0], Schedule::Constant(gamma), STEPS);
        run.grid = Grid::Every(STEPS);
        let trajectory = dinlab_indian::iterate(objective.as_ref(), &run)?;
        let shrank = trajectory.status == Status::ReachedEnd && trajectory.last.theta[0].abs() < 1e-3;
        if shrank != case.predicts_stable(alpha, beta, gamma, lambda) {
            wrong += 1;
            if first.is_empty() {
                first = format!("; first at {}", words(q));
            }
        }
    }
    Ok(Measurement::equal("runs that do the opposite", wrong as f64, 0.0, Budget::default())
        .on(format!("{done} runs of {STEPS} steps{first}")))
}

impl Check for StabilityRegion {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        vec![Case::standard(match effort {
            Effort::Quick => 20_000,
            Effort::Standard => 200_000,
            Effort::Thorough => 2_000_000,
        })]
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case { prediction, ..Case::standard(20_000) };
        vec![with(Prediction::FlipOnly), with(Prediction::Scaled(1.001))]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        Ok(Case { alpha: own.alpha, beta: own.beta, ..Case::standard(50_000) })
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("λ > 0", true)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut all = vec![mismatches(case, context)?, runs(case, context)?];
        all.extend(plane::all(case, context)?);
        all.extend(boundary(case, context)?);
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        Ok(draw::figure(CLAIM.id))
    }
}
