//! One step of INDIAN is one to one for all J with ‖∇²J‖ ≤ L, and then a diffeomorphism, iff Lγ|β−γ| < |1−αγ|.
//!
//! Derivation (in this file). At a Hessian eigenvalue λ the Jacobian of (θ, u) ↦ (θ + γ(u−βλθ), (1−αγ)u − γ(1−αβ)λθ)
//! has the determinant D(λ) = (1−γβλ)(1−αγ) + γ²(1−αβ)λ = 1 − αγ − γ(β−γ)λ, which is affine in λ: it vanishes nowhere
//! on [−L, L] iff |1−αγ| > Lγ|β−γ|; where it vanishes, two states of a quadratic have the same image. Conversely, eliminating
//! u from the step gives θ − c∇J(θ) = θ⁺ − γu⁺/(1−αγ) with c = γ(β−γ)/(1−αγ), and θ ↦ θ − c∇J(θ) is one to one and onto
//! for |c|L < 1, with the inverse as limit of θ ← z + c∇J(θ). For γ < min(β, 1/α) the condition reads
//! Lγ² − (α+βL)γ + 1 > 0.

use dinlab_indian::{indian_step, iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::{Objective, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use nalgebra::DMatrix;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, ErratumCase, OwnCase},
    critical::curvatures,
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
};

/// The check.
pub struct StepMapInvertible;

static CLAIM: Claim = Claim {
    id: "step-map-invertible",
    family: 'C',
    title: "The step map of INDIAN is a diffeomorphism exactly for Lγ|β−γ| < |1−αγ|",
    sentence: "One step of INDIAN is a diffeomorphism for every J in C² with ‖∇²J‖ ≤ L if and only if Lγ|β−γ| < |1−αγ|; its \
               Jacobian determinant at a Hessian eigenvalue λ is 1 − αγ − γ(β−γ)λ.",
    statement: r"\det\frac{\partial(\theta_{k+1},u_{k+1})}{\partial(\theta_k,u_k)}=\prod_i\bigl(1-\alpha\gamma-\gamma(\beta-\gamma)\lambda_i\bigr)\ne0\ \ \forall\,\lambda_i\in[-L,L]\iff L\gamma|\beta-\gamma|<|1-\alpha\gamma|",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "for the inverse of a step: L is known on all of a convex set that contains its points (exact, from the facts), and the \
         condition holds (exact)",
        "for own cases: a step size and neither start nor horizon is given (states are drawn from the objective's view); rounding of \
         the differences leaves the determinant uncertain by less than 10⁻² of its terms (exact, computed)",
    ],
    sources: &[sources::at(sources::SADDLES, "Theorem 4.1: hypothesis of the avoidance theorem")],
    differences: "derived in this file as a condition that is necessary and sufficient; the wording of the theorem was not at \
                  hand. It is what avoidance from almost every pair (θ₀, ψ₀) is proved under, and sufficient for it only",
    measured: "Determinants of the shipped step: over random (α, β, γ, L) its 2×2 matrix at a scan of λ over [−L, L], whose sign \
               changes are compared with the condition; on nonlinear J by central differences through the shipped driver at \
               random states. Inverses: the shipped step of random states, undone by the fixed-point iteration.",
    refuted_by: "one quadruple whose scan contradicts the condition; a determinant off the product; a state that the inverse does \
                 not find again",
    tolerance: "scan: quadruples within 10⁻⁹ of equality are left out, the determinant's rounding is below 10⁻¹² of its terms; \
                determinants: change under halving of the difference; inverse: 100 ε over the distance of |c|L to 1",
    control: "gross: the condition without |β−γ| → β; α = 1/γ, β = γ, where the step forgets u; near miss: right side 1.001|1−αγ|, \
              β off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "50,000 quadruples of 41 steps of length 1; below a tenth of a second",
};

/// What a case looks at.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Look {
    /// Random (α, β, γ, L).
    Scan { quadruples: u64 },
    /// Determinant and inverse on one J.
    States { objective: Subject, alpha: f64, beta: f64, step_size: f64, states: u64 },
}

/// One case.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    look: Look,
    /// Factor on |1−αγ| in the condition, and on β in all predictions; 1 except in near misses.
    factors: [f64; 2],
    /// Control: β in the place of β−γ.
    without_step: bool,
}

impl Case {
    fn of(look: Look) -> Self {
        Self { look, factors: [1.0; 2], without_step: false }
    }

    fn states(objective: &str, [alpha, beta, step_size]: [f64; 3]) -> Self {
        let objective = Subject::named(objective);
        Self::of(Look::States { objective, alpha, beta, step_size, states: 12 })
    }

    /// D(λ) as predicted.
    fn determinant(&self, [alpha, beta, gamma]: [f64; 3], lambda: f64) -> f64 {
        let beta = self.factors[1] * beta;
        let pull = if self.without_step { beta } else { beta - gamma };
        1.0 - alpha * gamma - gamma * pull * lambda
    }

    /// |1−αγ| − Lγ|β−γ| and the size of its terms.
    fn margin(&self, [alpha, beta, gamma]: [f64; 3], l: f64) -> [f64; 2] {
        let beta = self.factors[1] * beta;
        let pull = l * gamma * if self.without_step { beta } else { (beta - gamma).abs() };
        [
            self.factors[0] * (1.0 - alpha * gamma).abs() - pull,
            1.0 + alpha * gamma + l * gamma * (beta + gamma),
        ]
    }
}

/// Determinant of one shipped step on λθ²/2, from the images of the two unit states.
fn step_determinant([alpha, beta, gamma]: [f64; 3], lambda: f64) -> f64 {
    let column = |theta: f64, u: f64| {
        let (mut theta, mut u, v) = ([theta], [u], [lambda * theta]);
        indian_step(alpha, beta, gamma, &mut theta, &mut u, &v);
        (theta[0], u[0])
    };
    let ((a, c), (b, d)) = (column(1.0, 0.0), column(0.0, 1.0));
    a * d - b * c
}

/// Points of the scan over [−L, L]; odd, so that 0 is among them.
const SCAN: u32 = 41;

/// Whether the determinant of the shipped step keeps its sign over [−L, L].
fn keeps_sign(parameters: [f64; 3], l: f64) -> bool {
    let at = |i: u32| step_determinant(parameters, l * (2.0 * f64::from(i) / f64::from(SCAN - 1) - 1.0));
    let first = at(0);
    (1..SCAN).all(|i| at(i) * first > 0.0)
}

fn scan(case: &Case, quadruples: u64, context: &Context<'_>) -> Vec<Measurement> {
    let (mut mismatches, mut used, mut invertible) = (0_u64, 0_u64, 0_u64);
    for index in 0..quadruples {
        let mut stream = context.stream("quadruple", index);
        let parameters = [0.01, 0.01, 0.001].map(|low| stream.log_uniform(low, 10.0));
        let l = stream.log_uniform(0.01, 1e4);
        let [margin, size] = case.margin(parameters, l);
        if margin.abs() < 1e-9 * size {
            continue;
        }
        let found = keeps_sign(parameters, l);
        used += 1;
        invertible += u64::from(found);
        mismatches += u64::from(found != (margin > 0.0));
    }
    let words = format!("{quadruples} random (α, β, γ, L)");
    let share = invertible as f64 / used as f64;
    vec![
        Measurement::equal(
            "sign changes of the determinant against the condition",
            mismatches as f64,
            0.0,
            Budget::default(),
        )
        .on(&words),
        // Both answers must be frequent, or the comparison would be empty.
        Measurement::equal("share of invertible quadruples", share, 0.5, Budget::sampling(0.4)).on(words),
    ]
}

/// (θ, u) after one step of the shipped driver.
fn one_step(
    objective: &dyn Objective,
    [alpha, beta, gamma]: [f64; 3],
    state: &[f64],
) -> Result<Vec<f64>, CheckError> {
    let (theta, u) = state.split_at(objective.dimension());
    let mut run = Run::new(Method::Indian { alpha, beta }, theta.to_vec(), Schedule::Constant(gamma), 1);
    run.start = Start::Auxiliary(u.to_vec());
    let outcome = iterate_observed(objective, &run, &mut Blind)?;
    require(&outcome.status, "one step")?;
    Ok([outcome.theta, outcome.auxiliary.unwrap_or_default()].concat())
}

/// Determinant of the step's Jacobian by central differences of size h, and what rounding may add to it: every entry of a
/// row is uncertain by ε|image|/h, and a cofactor is at most the product of the other columns' norms.
fn jacobian_determinant(
    objective: &dyn Objective,
    parameters: [f64; 3],
    state: &[f64],
    h: f64,
) -> Result<[f64; 2], CheckError> {
    let n = state.len();
    let mut grain = 0.0;
    let mut jacobian = DMatrix::zeros(n, n);
    let mut moved = state.to_vec();
    for j in 0..n {
        let mut image = |shift: f64| {
            moved[j] = state[j] + shift;
            one_step(objective, parameters, &moved)
        };
        let (plus, minus) = (image(h)?, image(-h)?);
        moved[j] = state[j];
        grain = max(grain, f64::EPSILON * max(norm(&plus), norm(&minus)) / h);
        for i in 0..n {
            jacobian[(i, j)] = (plus[i] - minus[i]) / (2.0 * h);
        }
    }
    let columns: Vec<f64> = jacobian.column_iter().map(|c| c.norm()).collect();
    let others = |j: usize| (0..n).filter(|i| *i != j).map(|i| columns[i]).product::<f64>();
    let uncertain = (n as f64).sqrt() * grain * (0..n).map(others).fold(0.0, |total, c| total + c);
    Ok([jacobian.determinant(), uncertain])
}

/// ∏ D(λᵢ) over the Hessian's eigenvalues at θ, and the product of the sizes of its terms.
fn predicted(
    case: &Case,
    objective: &dyn Objective,
    parameters: [f64; 3],
    theta: &[f64],
) -> Result<[f64; 2], CheckError> {
    let mut result = [1.0, 1.0];
    for lambda in curvatures(objective, theta)? {
        result[0] *= case.determinant(parameters, lambda);
        result[1] *= case.margin(parameters, lambda.abs())[1];
    }
    Ok(result)
}

/// The state whose step is `image`, by θ ← z + c∇J(θ); for the inverse u is read off the second equation.
fn undo(objective: &dyn Objective, [alpha, beta, gamma]: [f64; 3], image: &[f64]) -> Vec<f64> {
    let n = objective.dimension();
    let (theta_next, u_next) = image.split_at(n);
    let keep = 1.0 - alpha * gamma;
    let c = gamma * (beta - gamma) / keep;
    let z: Vec<f64> = theta_next.iter().zip(u_next).map(|(t, u)| t - gamma * u / keep).collect();
    let (mut oracle, mut v) = (objective.oracle(), vec![0.0; n]);
    let mut theta = z.clone();
    for _ in 0..20_000 {
        oracle.gradient(&theta, &mut v);
        let next: Vec<f64> = z.iter().zip(&v).map(|(z, v)| z + c * v).collect();
        let settled = distance(&next, &theta) <= f64::EPSILON * (1.0 + norm(&next));
        theta = next;
        if settled {
            break;
        }
    }
    oracle.gradient(&theta, &mut v);
    let u = u_next.iter().zip(&v).map(|(u, v)| (u + gamma * (1.0 - alpha * beta) * v) / keep);
    theta.iter().copied().chain(u).collect()
}

fn states(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let Look::States { objective, alpha, beta, step_size, states } = &case.look else {
        return Ok(Vec::new());
    };
    let (objective, parameters) = (&**objective, [*alpha, *beta, *step_size]);
    let words = format!("{}, α={alpha}, β={beta}, γ={step_size}", objective.name());
    let smoothness = objective.facts().smoothness.as_ref();
    let contraction = smoothness.map_or(f64::INFINITY, |l| {
        l.value * step_size * (beta - step_size).abs() / (1.0 - alpha * step_size).abs()
    });
    let (mut off, mut change, mut lost, mut grain) = (0.0, 0.0, 0.0, 0.0);
    for index in 0..*states {
        context.proceed()?;
        let mut stream = context.stream(&format!("state/{words}"), index);
        let theta: Vec<f64> = objective.facts().view.iter().map(|[a, b]| stream.uniform(*a, *b)).collect();
        let state = [theta.clone(), stream.normals(theta.len())].concat();
        let [value, size] = predicted(case, objective, parameters, &theta)?;
        let h = 2e-4;
        let ([coarse, _], [fine, uncertain]) = (
            jacobian_determinant(objective, parameters, &state, h)?,
            jacobian_determinant(objective, parameters, &state, 0.5 * h)?,
        );
        grain = max(grain, 2.0 * uncertain / size);
        // Extrapolated once: the error of central differences is O(h²).
        let extrapolated = fine + (fine - coarse) / 3.0;
        off = max(off, (extrapolated - value).abs() / size);
        change = max(change, (extrapolated - fine).abs() / size);
        if contraction < 1.0 {
            let image = one_step(objective, parameters, &state)?;
            lost = max(lost, distance(&undo(objective, parameters, &image), &state) / (1.0 + norm(&state)));
        }
    }
    if grain.is_nan() || grain >= 1e-2 {
        let reason = format!(
            "rounding of the differences leaves the determinant uncertain by {grain:.1e} of its terms: it needs a J of smaller \
             curvature or a smaller step"
        );
        return Err(CheckError::OwnCase { reason });
    }
    // Below the margin for the differences themselves rounding has room in it.
    let rounding = if grain > 1e-6 { grain } else { 1e-9 };
    let mut result = vec![Measurement::equal(
        "largest distance of the determinant from ∏(1 − αγ − γ(β−γ)λᵢ), relative to its terms",
        off,
        0.0,
        Budget { rounding, ..Budget::discretisation(1e-6) },
    )
    .on(&words)
    .refined(0.1 * change)];
    if contraction < 1.0 {
        // Rounding of u⁺ is divided by 1−αγ and summed by the geometric series of the contraction.
        let growth = 1.0 / ((1.0 - contraction) * (1.0 - alpha * step_size).abs());
        result.push(
            Measurement::equal(
                "largest error of a state found again from its image",
                lost,
                0.0,
                Budget::rounding(
                    100.0
                        * f64::EPSILON
                        * growth
                        * (1.0 + beta * step_size * smoothness.map_or(0.0, |l| l.value)),
                ),
            )
            .on(words),
        );
    }
    Ok(result)
}

impl Check for StepMapInvertible {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let quadruples = match effort {
            Effort::Quick => 20_000,
            Effort::Standard => 50_000,
            Effort::Thorough => 500_000,
        };
        vec![
            Case::states("well", [0.5, 1.0, 0.02]),
            // A saddle, a large step and negative curvature on both sides of the condition.
            Case::states("double-well", [0.5, 0.3, 0.1]),
            Case::states("hill", [0.7, 0.3, 0.1]),
            Case::states("cosines:2,3", [0.5, 0.1, 0.6]),
            Case::states("quadratic:2,1;1,3", [1.0, 0.5, 0.4]),
            Case::states("sconv", [0.3, 0.2, 0.02]),
            Case::states("expr:log(1+x^2)+sin(x*y)+cosh(y/2)", [0.9, 0.4, 0.25]),
            Case::of(Look::Scan { quadruples }),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let scan = || Case::of(Look::Scan { quadruples: 20_000 });
        vec![
            Case { without_step: true, ..scan() },
            Case { factors: [1.001, 1.0], ..scan() },
            Case { factors: [1.0, 1.001], ..Case::states("hill", [0.7, 0.3, 0.1]) },
            // The prediction without γ at αγ = 1, γ = β: the step forgets u, and the determinant is 0.
            Case { without_step: true, ..Case::states("hill", [10.0, 0.1, 0.1]) },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| CheckError::OwnCase { reason: reason.into() };
        if own.theta.is_some() || own.start.is_some() || own.until.is_some() || own.steps.is_some() {
            return Err(refuse("it draws its states itself: give no start and no horizon"));
        }
        Ok(Case::of(Look::States {
            objective: own.objective.clone().ok_or_else(|| refuse("it needs an objective"))?.into(),
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size.ok_or_else(|| refuse("it needs a step size"))?,
            states: 12,
        }))
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = match &case.look {
            Look::Scan { .. } => true,
            Look::States { objective, .. } => objective.facts().regularity == Regularity::Smooth,
        };
        vec![Hypothesis::exact("J is twice continuously differentiable", smooth)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        match case.look {
            Look::Scan { quadruples } => Ok(scan(case, quadruples, context)),
            Look::States { .. } => states(case, context),
        }
    }

    fn errata(&self, context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        // Steps below the printed cap and below min(β, 1/α) at which the determinant nevertheless changes its sign.
        let (mut tried, mut kept) = (0_u64, 0_u64);
        for index in 0..5_000 {
            let mut stream = context.stream("printed", index);
            let [alpha, beta] = [0.1, 0.1].map(|low| stream.log_uniform(low, 10.0));
            let l = stream.log_uniform(0.1, 1e3);
            let b = alpha + beta * l;
            let cap = dinlab_numeric::min(beta, 1.0 / alpha);
            if b * b <= 4.0 * l {
                continue;
            }
            let printed = dinlab_numeric::min(cap, (b + (b * b - 4.0 * l).sqrt()) / (2.0 * l));
            tried += 1;
            kept += u64::from(keeps_sign([alpha, beta, stream.uniform(0.0, 1.0) * printed], l));
        }
        Ok(vec![ErratumCase {
            printed: "step cap (α+βL)/(2L) + √((α+βL)² − 4L)/(2L), for γ < min(β, 1/α)",
            place: "public script of the strict-saddle experiment (overridden there by 1/L, so no published result depends on it)",
            grade: "false",
            corrected: "the smaller root, with the minus sign: Lγ² − (α+βL)γ + 1 > 0 holds below it; between the roots the step \
                        map is not invertible",
            measurements: vec![Measurement::equal(
                "share of steps below the printed cap with an invertible step map",
                kept as f64 / tried as f64,
                1.0,
                Budget::default(),
            )
            .on(format!("{tried} random (α, β, L) with real roots, γ uniform below the cap"))],
        }])
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let (l, beta) = (8.0, 0.5);
        let (nx, ny) = (160, 120);
        let (alphas, gammas) = ([0.0, 6.0], [0.0, 1.2]);
        let centre =
            |[low, high]: [f64; 2], i: usize, n: usize| low + (high - low) * (i as f64 + 0.5) / n as f64;
        let mut values = Vec::with_capacity(nx * ny);
        for j in 0..ny {
            for i in 0..nx {
                let parameters = [centre(alphas, i, nx), beta, centre(gammas, j, ny)];
                let ends = [-l, l].map(|lambda| step_determinant(parameters, lambda));
                // 0 where the determinant changes its sign on [−L, L].
                values.push(if ends[0] * ends[1] > 0.0 {
                    dinlab_numeric::min(ends[0].abs(), ends[1].abs())
                } else {
                    0.0
                });
            }
        }
        let gamma: Vec<f64> = (1..=400).map(|i| 1.2 * f64::from(i) / 400.0).collect();
        // αγ = 1 ∓ Lγ|β−γ|.
        let border = |sign: f64| -> Vec<f64> {
            gamma
                .iter()
                .map(|g| (1.0 + sign * l * g * (beta - g).abs()) / g)
                .map(|a| if (0.0..=6.0).contains(&a) { a } else { f64::NAN })
                .collect()
        };
        let panel = Panel::new("", Axis::linear("α").range(0.0, 6.0), Axis::linear("γ").range(0.0, 1.2))
            .with(Layer::Map {
                label: "min |det| over λ in [−L, L]".into(),
                x: alphas,
                y: gammas,
                nx,
                ny,
                values,
                limits: [0.0, 1.0],
            })
            .with(Layer::Curve {
                label: "Lγ|β−γ| = |1−αγ|".into(),
                x: border(-1.0),
                y: gamma.clone(),
                color: 1,
                dash: Dash::Solid,
            })
            .with(Layer::Curve { label: "".into(), x: border(1.0), y: gamma, color: 1, dash: Dash::Solid })
            .with(Layer::Horizontal { label: "γ = β".into(), y: beta, color: 2, dash: Dash::Dashed });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Where one step of INDIAN is one to one".into(),
            caption: format!(
                "β = {beta}, L = {l}; determinants of the shipped step; 0: two states have the same image"
            ),
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
    fn condition_holds_and_controls_fail() {
        let interrupted = AtomicBool::new(false);
        let context = Context { effort: Effort::Quick, seed: 1, id: CLAIM.id, interrupted: &interrupted };
        let check = StepMapInvertible;
        for case in check.cases(Effort::Quick) {
            for m in check.measure(&case, &context).unwrap() {
                assert_eq!(judge::judge(&m), Verdict::Consistent, "{m:?}");
            }
        }
        for case in check.control() {
            let verdicts = check.measure(&case, &context).unwrap().into_iter().map(|m| judge::judge(&m));
            assert_eq!(judge::combine(verdicts), Verdict::Violated, "{case:?}");
        }
        for erratum in check.errata(&context).unwrap() {
            assert_eq!(judge::judge(&erratum.measurements[0]), Verdict::Violated);
        }
    }
}
