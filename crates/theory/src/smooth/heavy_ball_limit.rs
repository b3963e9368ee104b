//! For β → 0 DIN tends to the heavy ball with the same (θ₀, θ′₀): sup over [0, T] of ‖θ_β − θ_HB‖ = Cβ + O(β²).
//!
//! *Derivation.* The right-hand side of θ″ = −αθ′ − β∇²J(θ)θ′ − ∇J(θ) is linear in β, so the solution is
//! differentiable in β; φ = dθ/dβ at β = 0 solves the linear equation φ″ + αφ′ + ∇²J(θ)φ + ∇²J(θ)θ′ = 0,
//! φ(0) = φ′(0) = 0, along the heavy ball. Hence C = sup ‖φ‖. The check measures the order and C.

use dinlab_din::{integrate, Dynamics, Integrator, Run, Settings, System};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::{Oracle, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    limit::{extrapolated, orders},
    runs::{flow, require},
    sources,
    subject::Subject,
};

/// The check.
pub struct HeavyBallLimit;

static CLAIM: Claim = Claim {
    id: "heavy-ball-limit",
    family: 'A',
    title: "DIN tends to the heavy ball as β → 0, with error Cβ",
    sentence: "With the same position and velocity at the start, DIN stays within Cβ + O(β²) of the heavy ball on a \
               bounded time interval, and C is the largest size of the sensitivity φ with φ″ + αφ′ + ∇²J φ + ∇²J θ′ = 0.",
    statement: r"\sup_{[0,T]}\|\theta_\beta-\theta_{HB}\|=C\beta+O(\beta^2),\qquad C=\sup_{[0,T]}\|\varphi\|,\quad \ddot\varphi+\alpha\dot\varphi+\nabla^2J(\theta)\varphi+\nabla^2J(\theta)\dot\theta=0",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "both systems start from the same (θ₀, θ′₀) (by construction)",
    ],
    sources: &[sources::at(sources::AABR, "introduction: DIN as a perturbation of the heavy ball")],
    differences: "the source names the limit; order and constant are derived here by differentiating in β",
    measured: "Largest distance on a common grid of times between the shipped DIN and the shipped heavy ball for β in \
               ratio 2. The distance, its slope between neighbours and its quotient by β are extrapolated to β = 0.",
    refuted_by: "a distance that does not tend to 0, an extrapolated slope farther than 0.02 from 1, or an extrapolated constant off by more than 0.01 %",
    tolerance: "margins of 10⁻³ of the largest Cβ on the limit, 0.02 on the slope and 10⁻⁴ on the constant. What the \
                extrapolation leaves is measured by its change from the level before; this, and the change with a hundredth of the integration tolerance must be below a \
                tenth of the margin",
    control: "gross: the heavy ball with friction 2α; near miss: with friction 1.02 α. Both errors tend to a positive \
              number",
    evidence: Evidence::Resolved,
    cost: "about fifteen short integrations per case, milliseconds",
};

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    theta: Vec<f64>,
    velocity: Vec<f64>,
    until: f64,
    /// Largest β; halved from level to level.
    beta: f64,
    levels: usize,
    /// Factor on the heavy ball's friction; 1 except in controls.
    reference_friction: f64,
}

impl Case {
    fn new(objective: &str, alpha: f64, theta: &[f64], velocity: &[f64], until: f64) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            theta: theta.to_vec(),
            velocity: velocity.to_vec(),
            until,
            beta: 0.01,
            levels: 6,
            reference_friction: 1.0,
        }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, theta, velocity, until, .. } = self;
        format!("{objective}, α={alpha}, θ₀={theta:?}, θ′₀={velocity:?}, T={until}")
    }
}

/// Dense enough that a maximum between two samples is missed by less than 10⁻⁶ of it: the miss changes with β, and
/// extrapolation magnifies it.
const SAMPLES: usize = 6401;

fn settings(rtol: f64) -> Settings {
    Settings { rtol, atol: rtol, integrator: Integrator::Radau, ..Settings::default() }
}

/// Positions on the grid of times.
fn positions(case: &Case, dynamics: Dynamics, rtol: f64) -> Result<Vec<Vec<f64>>, CheckError> {
    let mut run = Run::new(dynamics, &case.theta, case.until);
    run.start = Start::Velocity(case.velocity.clone());
    run.samples = SAMPLES;
    run.settings = settings(rtol);
    Ok(flow(&*case.objective, &run)?.theta)
}

fn largest_distance(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().zip(b).map(|(p, q)| distance(p, q)).fold(0.0, max)
}

/// βs and largest distances, coarsest first.
fn errors(case: &Case, context: &Context<'_>, rtol: f64) -> Result<[Vec<f64>; 2], CheckError> {
    let alpha = case.alpha;
    let limit = positions(case, Dynamics::HeavyBall { alpha: alpha * case.reference_friction }, rtol)?;
    let mut result = [Vec::new(), Vec::new()];
    for level in 0..case.levels {
        context.proceed()?;
        let beta = case.beta / f64::from(1_u32 << level);
        let din = positions(case, Dynamics::Din { alpha, beta }, rtol)?;
        result[0].push(beta);
        result[1].push(largest_distance(&din, &limit));
    }
    Ok(result)
}

/// The heavy ball with its sensitivity to β: state (θ, θ′, φ, φ′).
struct Sensitivity<'a> {
    oracle: Box<dyn Oracle + 'a>,
    alpha: f64,
    n: usize,
}

impl System for Sensitivity<'_> {
    fn dimension(&self) -> usize {
        4 * self.n
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        let n = self.n;
        let (theta, velocity, phi, phi_dot) = (&y[..n], &y[n..2 * n], &y[2 * n..3 * n], &y[3 * n..]);
        let mut gradient = vec![0.0; n];
        let mut curved = vec![0.0; n];
        self.oracle.gradient(theta, &mut gradient);
        let direction: Vec<f64> = phi.iter().zip(velocity).map(|(p, v)| p + v).collect();
        self.oracle.hessian_vector(theta, &direction, &mut curved);
        for i in 0..n {
            dy[i] = velocity[i];
            dy[n + i] = -self.alpha * velocity[i] - gradient[i];
            dy[2 * n + i] = phi_dot[i];
            dy[3 * n + i] = -self.alpha * phi_dot[i] - curved[i];
        }
    }
}

/// C: the largest ‖φ‖ on the grid of times.
fn constant(case: &Case) -> Result<f64, CheckError> {
    let n = case.theta.len();
    let mut start = [case.theta.as_slice(), &case.velocity].concat();
    start.resize(4 * n, 0.0);
    let last = (SAMPLES - 1) as f64;
    let grid: Vec<f64> = (0..SAMPLES).map(|i| case.until * (i as f64 / last)).collect();
    let mut system = Sensitivity { oracle: case.objective.oracle(), alpha: case.alpha, n };
    let mut largest = 0.0;
    let outcome =
        integrate(&mut system, &start, 0.0, case.until, &grid, &mut [], &settings(1e-11), &mut |_, y| {
            largest = max(largest, norm(&y[2 * n..3 * n]));
            Flow::Continue
        })?;
    require(&outcome.status, &case.words())?;
    Ok(largest)
}

fn quotients([beta, errors]: &[Vec<f64>; 2]) -> Vec<f64> {
    errors.iter().zip(beta).map(|(e, b)| e / b).collect()
}

/// Halves the largest β until DIN stays within a thousandth of the way from the heavy ball: only then are errors of the
/// first order in β.
fn with_small_beta(mut case: Case) -> Result<Case, CheckError> {
    let limit = positions(&case, Dynamics::HeavyBall { alpha: case.alpha }, 1e-8)?;
    let way = limit.iter().map(|theta| distance(theta, &case.theta)).fold(0.0, max);
    for _ in 0..30 {
        let din = positions(&case, Dynamics::Din { alpha: case.alpha, beta: case.beta }, 1e-8)?;
        if largest_distance(&din, &limit) <= 1e-3 * way {
            break;
        }
        case.beta *= 0.5;
    }
    Ok(case)
}

impl Check for HeavyBallLimit {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("quadratic:1,4", 0.5, &[1.0, -1.0], &[0.0, 0.5], 5.0),
            Case::new("sconv", 0.8, &[1.0, -0.5], &[0.3, 0.2], 4.0),
            Case::new("hill", 0.7, &[-1.2, 1.5], &[0.0, 0.0], 3.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case { beta: 1e-3, ..Case::new("double-well", 0.3, &[0.4, 1.0], &[0.5, 0.0], 4.0) });
            cases.push(Case::new("cosines:2,3", 0.3, &[1.0, 2.0, -2.5], &[0.0, 1.0, 0.0], 5.0));
            cases.push(Case { beta: 2e-3, ..Case::new("himmelblau", 1.0, &[0.0, 0.0], &[1.0, 0.0], 1.0) });
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.levels = 8);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |reference_friction| Case { reference_friction, ..self.cases(Effort::Quick)[1].clone() };
        vec![with(2.0), with(1.02)]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = CheckError::needs::<&str>;
        let theta = own.start_point()?;
        let velocity = match &own.start {
            None => vec![0.0; theta.len()],
            Some(Start::Velocity(velocity)) => velocity.clone(),
            Some(_) => return Err(needs("`velocity` as the start: other starts change θ′₀ with β")),
        };
        let objective = own.subject()?;
        if own.beta == Some(0.0) {
            return Err(needs("a largest β above 0 (it is halved five times)"));
        }
        let case = Case {
            objective,
            alpha: own.alpha.unwrap_or(0.5),
            theta,
            velocity,
            until: own.until.unwrap_or(3.0),
            beta: own.beta.unwrap_or(0.01),
            levels: 6,
            reference_friction: 1.0,
        };
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        if own.beta.is_none() && smooth {
            return with_small_beta(case);
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        vec![Hypothesis::exact("J is twice continuously differentiable", smooth)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let (coarse, fine) = (errors(case, context, 1e-11)?, errors(case, context, 1e-13)?);
        // From all levels but the finest, and from all: what still moves is not yet the limit's.
        let ([_, rough_order], [before, order]) =
            (extrapolated(&orders(&coarse[1]), 2.0), extrapolated(&orders(&fine[1]), 2.0));
        let drift = (order - before).abs() + (order - rough_order).abs();
        let ([_, rough_factor], [earlier, factor]) =
            (extrapolated(&quotients(&coarse), 2.0), extrapolated(&quotients(&fine), 2.0));
        let change = (factor - earlier).abs() + (factor - rough_factor).abs();
        let ([_, rough_limit], [near, limit]) = (extrapolated(&coarse[1], 2.0), extrapolated(&fine[1], 2.0));
        let predicted = constant(case)?;
        Ok(vec![
            Measurement::equal(
                "largest distance at β = 0, in units of Cβ for the largest β",
                limit / (predicted * case.beta),
                0.0,
                Budget::discretisation(1e-3),
            )
            .on(case.words())
            .refined(((limit - near).abs() + (limit - rough_limit).abs()) / (predicted * case.beta)),
            Measurement::equal("order in β", order, 1.0, Budget::discretisation(0.02))
                .on(case.words())
                .refined(drift),
            Measurement::equal("constant C", factor, predicted, Budget::discretisation(1e-4 * predicted))
                .on(case.words())
                .refined(change),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel =
            Panel::new("", Axis::log("β"), Axis::log("largest distance from the heavy ball on [0, T]"));
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle];
        for (color, (case, marker)) in self.cases(Effort::Quick).into_iter().zip(markers).enumerate() {
            let case = Case { beta: 0.32, levels: 9, ..case };
            let [beta, error] = errors(&case, context, 1e-11)?;
            let c = constant(&case)?;
            let line = beta.iter().map(|b| c * b).collect();
            panel = panel.with(Layer::points(case.objective.to_string(), beta.clone(), error, color, marker));
            panel = panel.with(Layer::dashed(format!("{c:.3} β"), beta, line, color));
        }
        let case = Case { beta: 0.32, levels: 9, reference_friction: 0.98, ..self.control()[1].clone() };
        let [beta, error] = errors(&case, context, 1e-11)?;
        let label = format!("{}, limit with friction 0.98 α", case.objective);
        let panel = panel.with(Layer::points(label, beta, error, 7, Marker::Cross));
        let words: Vec<String> = self.cases(Effort::Quick).iter().map(Case::words).collect();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Distance of DIN from the heavy ball".into(),
            caption: format!("{}. Dashed: the predicted first order.", words.join("; ")),
            columns: 1,
            panels: vec![panel],
        })
    }
}
