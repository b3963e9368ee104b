//! At Hessian eigenvalue λ > 0 one step of INDIAN is a strict contraction iff γ < β + α/λ and
//! 4 − 2γ(α+βλ) + γ²λ > 0 (Jury's conditions on μ² − Tμ + D, T = 2 − γ(α+βλ), D = 1 − γ(α+βλ) + γ²λ).
//!
//! What is measured is the matrix of the shipped step, obtained by stepping the two basis vectors, and runs of
//! the shipped algorithm; the inequalities enter only as the prediction.

use dinlab_analysis::{
    spectrum::{eigenvalues_2x2, modulus, spectral_radius},
    stability::{stable, step_size_max},
};
use dinlab_indian::{indian_step, Grid, Method, Run, Schedule};
use dinlab_numeric::{max, norm};
use dinlab_objective::{build, Options};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Budget, Claim, Evidence, Hypothesis, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
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
               and runs of the algorithm are seen to shrink or grow. A linear recursion contracts in some norm \
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
                first_crossing(|gamma| self.predicts_stable(alpha, beta, gamma, lambda))
                    .unwrap_or(f64::INFINITY)
            }
        }
    }
}

/// Matrix of one shipped step on J = λθ²/2: columns are the images of the basis vectors.
fn step_matrix(alpha: f64, beta: f64, gamma: f64, lambda: f64) -> [[f64; 2]; 2] {
    let image = |theta: f64, u: f64| {
        let (mut theta, mut u, v) = ([theta], [u], [lambda * theta]);
        indian_step(alpha, beta, gamma, &mut theta, &mut u, &v);
        [theta[0], u[0]]
    };
    let (first, second) = (image(1.0, 0.0), image(0.0, 1.0));
    [[first[0], second[0]], [first[1], second[1]]]
}

fn measured_radius(alpha: f64, beta: f64, gamma: f64, lambda: f64) -> f64 {
    let [a, b] = eigenvalues_2x2(step_matrix(alpha, beta, gamma, lambda));
    max(modulus(a), modulus(b))
}

/// Smallest γ of a geometric scan at which `stable` turns false, refined by bisection to rounding.
fn first_crossing(stable: impl Fn(f64) -> bool) -> Option<f64> {
    let mut low = 1e-6;
    if !stable(low) {
        return None;
    }
    while low < 1e6 {
        let high = 1.02 * low;
        if !stable(high) {
            let (mut a, mut b) = (low, high);
            while b - a > 2.0 * f64::EPSILON * b {
                let middle = 0.5 * (a + b);
                if stable(middle) {
                    a = middle;
                } else {
                    b = middle;
                }
            }
            return Some(b);
        }
        low = high;
    }
    None
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
        let excess = measured_radius(alpha, beta, gamma, lambda) - 1.0;
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
        let radius = |gamma| measured_radius(alpha, beta, gamma, lambda);
        let Some(located) = first_crossing(|gamma| radius(gamma) < 1.0) else { continue };
        let slope = (radius(located * 1.0001) - radius(located * 0.9999)) / 2e-4;
        let matrix = step_matrix(alpha, beta, located, lambda);
        let [a, b] = eigenvalues_2x2(matrix);
        let gap = max(modulus(a - b), f64::EPSILON.sqrt());
        let scale = max(1.0, norm(&matrix.concat()));
        let tolerance = 64.0 * f64::EPSILON * scale / (gap * slope.abs()) * located;
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
        all.extend(boundary(case, context)?);
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Spectral radius of one INDIAN step and the two closed-form limits".into(),
            caption:
                "colour: radius of the shipped step's matrix; lines: γ = β + α/λ and 4 − 2γ(α+βλ) + γ²λ = 0"
                    .into(),
            columns: 2,
            panels: vec![
                region(0.5, 0.1, [1e-2, 1e1], [1e-1, 1e4], "α = 0.5, β = 0.1"),
                region(1.0, 0.1, [1.0, 5.0], [5e-2, 2.0], "α = 1, β = 0.1: the island beyond γα = 2"),
            ],
        })
    }
}

fn region(alpha: f64, beta: f64, x: [f64; 2], y: [f64; 2], title: &str) -> Panel {
    const CELLS: usize = 160;
    let between = |[low, high]: [f64; 2], f: f64| low * (high / low).powf(f);
    let center = |i: usize| (i as f64 + 0.5) / CELLS as f64;
    let values = (0..CELLS * CELLS)
        .map(|cell| {
            let (gamma, lambda) = (between(x, center(cell % CELLS)), between(y, center(cell / CELLS)));
            // Three decimals are more than a colour shows, and keep the record small.
            (1e3 * measured_radius(alpha, beta, gamma, lambda)).round() / 1e3
        })
        .collect();
    let gammas: Vec<f64> = (0..=400).map(|i| between(x, f64::from(i) / 400.0)).collect();
    // Curves as λ(γ): λ_NS = α/(γ−β), λ_F = 2(2−γα)/(γ(2β−γ)); NaN outside their range breaks the curve.
    let limit = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
        gammas.iter().map(|&g| Some(f(g)).filter(|l| *l > y[0] && *l < y[1]).unwrap_or(f64::NAN)).collect()
    };
    let neimark_sacker = limit(&|g| alpha / (g - beta));
    let flip = limit(&|g| 2.0 * (2.0 - g * alpha) / (g * (2.0 * beta - g)));
    let [x0, x1] = x;
    let [y0, y1] = y;
    let map = Layer::Map {
        label: "spectral radius ρ".into(),
        x,
        y,
        nx: CELLS,
        ny: CELLS,
        values,
        limits: [0.0, 2.0],
    };
    Panel::new(title, Axis::log("step size γ").range(x0, x1), Axis::log("eigenvalue λ").range(y0, y1))
        .with(map)
        .with(Layer::curve("Neimark–Sacker: λ = α/(γ−β)", gammas.clone(), neimark_sacker, 1))
        .with(Layer::dashed("flip: μ = −1", gammas, flip, 7))
}
