//! For β → ∞ DIN in the slow time τ = t/β follows Newton's flow: ∇J decays like e^{−τ}.
//!
//! *Derivation.* In τ (primes) DIN reads β⁻²θ″ + (α/β)θ′ + g′ + g = 0 with g = ∇J(θ), because g′ = ∇²J θ′. Hence, without
//! any approximation,
//!
//! g(τ) = e^{−τ}g₀ − β⁻²∫₀^τ e^{−(τ−s)}θ″ds − (α/β)∫₀^τ e^{−(τ−s)}θ′ds,
//!
//! and by parts ∫e^{−(τ−s)}θ″ds = θ′(τ) − e^{−τ}θ′(0) − w(τ) with w = ∫₀^τ e^{−(τ−s)}θ′ds. Where ∇²J is positive
//! definite along Newton's flow θ_N (∇²J(θ_N)θ_N′ = −∇J(θ_N)), the initial layer of θ′, of width β⁻² in τ, moves θ
//! by no more than the orders kept here, and θ, θ′ on the right may be replaced by those of θ_N:
//!
//! * started with a fixed velocity v = dθ/dt (so θ′(0) = βv): g = e^{−τ}g₀ + β⁻¹(e^{−τ}v − αw) + O(β⁻²);
//! * for α = 0 and v = 0: g = e^{−τ}g₀ − β⁻²(θ_N′ − w) + O(β⁻⁴); with Newton's velocity v = θ_N′(0)/β the bracket is
//!   θ_N′ − e^{−τ}θ_N′(0) − w.
//!
//! Where ∇²J has a negative eigenvalue the layer does not decay. What happens then depends on J: on `well` from 0.5 θ
//! jumps within the layer to the point of positive curvature with the same gradient, and ∇J goes on as e^{−τ}∇J₀ while
//! Newton's flow runs to the maximum 0; on a quadratic DIN leaves for infinity like e^{β²|λ|τ}.

use dinlab_din::{integrate, system, Dynamics, Integrator, Run, Settings};
use dinlab_numeric::{distance, norm};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::curvatures,
    error::CheckError,
    limit::{extrapolated, orders},
    problem::brief,
    runs::{flow, require, Augmented},
    sources,
    subject::Subject,
};

/// The check.
pub struct NewtonFlowLimit;

static CLAIM: Claim = Claim {
    id: "newton-flow-limit",
    family: 'A',
    title: "DIN in time t/β tends to Newton's flow as β → ∞",
    sentence: "Where the Hessian is positive definite, ∇J along DIN at time t = βτ is e^{−τ}∇J(θ₀) + β⁻¹(e^{−τ}v − αw) + \
               O(β⁻²), v the velocity at the start and w = ∫e^{−(τ−s)}θ_N′ds along Newton's flow; for α = 0 without \
               velocity the error is of order β⁻².",
    statement: r"\nabla J(\theta(\beta\tau))=e^{-\tau}\nabla J(\theta_0)+\tfrac1\beta\bigl(e^{-\tau}\dot\theta_0-\alpha w(\tau)\bigr)+O(\beta^{-2}),\qquad w(\tau)=\int_0^\tau e^{-(\tau-s)}\theta_N'(s)\,ds",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "∇J(θ₀) ≠ 0 (computed)",
        "the Hessian is positive definite along Newton's flow up to the largest τ (sampled at 41 times)",
    ],
    sources: &[sources::at(sources::AABR, "introduction: DIN as a regularised Newton method")],
    differences: "the source names the limit; order, coefficient and the part of the starting velocity are derived in this file",
    measured: "∇J at τ = ½, 1, 2 along the shipped DIN for β in ratio 2, extrapolated to β = ∞. The order is the slope of log‖∇J − e^{−τ}∇J₀‖ between \
               neighbouring β; the coefficient is β(∇J − e^{−τ}∇J₀) (times β² where the order is 2) as a vector. Both \
               are extrapolated as well, and so is θ; the coefficient is compared with w and θ_N′ from the shipped Newton flow.",
    refuted_by: "a limit farther than 5·10⁻⁵ from e^{−τ}∇J(θ₀) or from Newton's flow, in relative terms, an order that differs from 1 (2 for α = 0 without \
                 velocity) by more than 0.02, or a coefficient farther than 0.2 % of its size from its prediction",
    tolerance: "margins 5·10⁻⁵, 0.02 and 2·10⁻³. The extrapolation removes the powers of 1/β (of 1/β² for order 2); what it leaves is measured by the change \
                from the level before, and together with the change at a hundredth of the integration tolerance must be below a tenth of the \
                margin",
    control: "gross: a quadratic with a negative eigenvalue, where Newton's flow runs to the saddle and DIN to infinity; near \
              misses: the coefficient with 1.005 α, and the decay e^{−1.0005τ}",
    evidence: Evidence::Resolved,
    cost: "ten stiff integrations per case, tens of milliseconds",
};

/// Velocity at the start.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Velocity {
    /// v, the same for all β.
    Fixed(Vec<f64>),
    /// −∇²J⁻¹∇J/β.
    Newton,
}

/// One objective with a family of β.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    theta: Vec<f64>,
    velocity: Velocity,
    /// Smallest β; doubled from level to level.
    beta: f64,
    levels: usize,
    /// Factor on α in the prediction; 1 except in controls.
    friction: f64,
    /// Factor on τ in e^{−τ}; 1 except in controls.
    decay: f64,
    #[serde(skip)]
    own: bool,
}

impl Case {
    fn new(objective: &str, alpha: f64, theta: &[f64], velocity: Velocity) -> Self {
        let (objective, theta) = (Subject::named(objective), theta.to_vec());
        Self {
            objective,
            alpha,
            theta,
            velocity,
            beta: 20.0,
            levels: 5,
            friction: 1.0,
            decay: 1.0,
            own: false,
        }
    }

    fn still(objective: &str, alpha: f64, theta: &[f64]) -> Self {
        Self::new(objective, alpha, theta, Velocity::Fixed(vec![0.0; theta.len()]))
    }

    fn words(&self) -> String {
        let velocity = match &self.velocity {
            Velocity::Fixed(v) => format!("θ′₀={}", brief(v)),
            Velocity::Newton => "Newton's velocity".into(),
        };
        let Self { objective, alpha, theta, beta, levels, .. } = self;
        let last = beta * f64::from(1_u32 << (levels - 1));
        format!("{objective}, α={alpha}, θ₀={}, {velocity}, β={beta} to {last}", brief(theta))
    }

    /// 2 where nothing of order 1/β is there.
    fn order(&self) -> i32 {
        let still = match &self.velocity {
            Velocity::Fixed(v) => v.iter().all(|x| *x == 0.0),
            Velocity::Newton => true,
        };
        if still && self.alpha == 0.0 {
            2
        } else {
            1
        }
    }

    fn gradient(&self, at: &[f64]) -> Vec<f64> {
        let mut gradient = vec![0.0; at.len()];
        self.objective.oracle().gradient(at, &mut gradient);
        gradient
    }

    fn decayed(&self, tau: f64) -> f64 {
        (-tau * self.decay).exp()
    }
}

/// τ at which ∇J is compared.
const TIMES: [f64; 3] = [0.5, 1.0, 2.0];
const TOLERANCES: [f64; 2] = [1e-10, 1e-12];
/// On the limit, the order, the coefficient and the decrease. The last is not extrapolated: it allows for a remainder as large
/// as half the error at the smallest β.
const MARGINS: [f64; 4] = [5e-5, 0.02, 2e-3, 0.5];

/// Least β√λ of a case that is measured.
const LAYER: f64 = 2.0;

/// θ_N, θ_N′ and w at [`TIMES`] along the shipped Newton flow.
struct Limit {
    theta: Vec<Vec<f64>>,
    slope: Vec<Vec<f64>>,
    w: Vec<Vec<f64>>,
}

fn limit(case: &Case) -> Result<Limit, CheckError> {
    let n = case.theta.len();
    // e^τ w = ∫e^s θ_N′ ds
    let integrand = |t: f64, _: &[f64], slope: &[f64], out: &mut [f64]| {
        out.iter_mut().zip(slope).for_each(|(o, s)| *o = t.exp() * s);
    };
    let mut field = Augmented::new(system(Dynamics::NewtonFlow, &*case.objective), n, Box::new(integrand));
    let start = [case.theta.as_slice(), &vec![0.0; n]].concat();
    let settings = Settings { integrator: Integrator::Dop853, ..Settings::with_tolerance(1e-12) };
    let mut found = Limit { theta: Vec::new(), slope: Vec::new(), w: Vec::new() };
    let mut keep = |t: f64, y: &[f64]| {
        found.theta.push(y[..n].to_vec());
        found.w.push(y[n..].iter().map(|i| (-t).exp() * i).collect());
        Flow::Continue
    };
    let outcome = integrate(&mut field, &start, 0.0, TIMES[2], &TIMES, &mut [], &settings, &mut keep)?;
    require(&outcome.status, &format!("Newton's flow on {}", case.words()))?;
    found.slope = found.theta.iter().map(|at| newton_slope(case, at)).collect();
    Ok(found)
}

/// −∇²J⁻¹∇J, from the shipped right-hand side.
fn newton_slope(case: &Case, at: &[f64]) -> Vec<f64> {
    let mut slope = vec![0.0; at.len()];
    system(Dynamics::NewtonFlow, &*case.objective).rhs(0.0, at, &mut slope);
    slope
}

/// The coefficients as predicted, one vector for all times.
fn predicted(case: &Case, Limit { slope, w, .. }: &Limit) -> Vec<f64> {
    let alpha = case.alpha * case.friction;
    let initial = match (&case.velocity, case.order()) {
        (Velocity::Fixed(v), _) => v.clone(),
        (Velocity::Newton, 2) => newton_slope(case, &case.theta),
        (Velocity::Newton, _) => vec![0.0; case.theta.len()],
    };
    let mut all = Vec::new();
    for (k, tau) in TIMES.iter().enumerate() {
        for i in 0..case.theta.len() {
            let remembered = (-tau).exp() * initial[i];
            all.push(match case.order() {
                1 => remembered - alpha * w[k][i],
                _ => remembered + w[k][i] - slope[k][i],
            });
        }
    }
    all
}

/// ∇J − e^{−τ}∇J₀ and θ at [`TIMES`] along the shipped DIN, one vector each for all times.
fn error(case: &Case, beta: f64, tolerance: f64) -> Result<[Vec<f64>; 2], CheckError> {
    let velocity = match &case.velocity {
        Velocity::Fixed(v) => v.clone(),
        Velocity::Newton => newton_slope(case, &case.theta).iter().map(|s| s / beta).collect(),
    };
    let dynamics = Dynamics::Din { alpha: case.alpha, beta };
    // The samples at k/4·2β: four of them cover the times.
    let mut run = Run::new(dynamics, &case.theta, TIMES[2] * beta);
    run.samples = 5;
    run.start = Start::Velocity(velocity);
    run.settings =
        Settings { rtol: tolerance, atol: tolerance, integrator: Integrator::Radau5, ..Settings::default() };
    let theta = flow(&*case.objective, &run)?.theta;
    let first = case.gradient(&case.theta);
    let (mut errors, mut positions) = (Vec::new(), Vec::new());
    for (sample, tau) in [1, 2, 4].into_iter().zip(TIMES) {
        let gradient = case.gradient(&theta[sample]);
        errors.extend(gradient.iter().zip(&first).map(|(g, f)| g - case.decayed(tau) * f));
        positions.extend_from_slice(&theta[sample]);
    }
    Ok([errors, positions])
}

/// βs, with errors and positions at each.
#[derive(Default)]
struct Levels {
    beta: Vec<f64>,
    errors: Vec<Vec<f64>>,
    theta: Vec<Vec<f64>>,
}

fn levels(case: &Case, context: &Context<'_>, tolerance: f64) -> Result<Levels, CheckError> {
    let mut found = Levels::default();
    for level in 0..case.levels {
        context.proceed()?;
        let beta = case.beta * f64::from(1_u32 << level);
        let [errors, theta] = error(case, beta, tolerance)?;
        found.beta.push(beta);
        found.errors.push(errors);
        found.theta.push(theta);
    }
    Ok(found)
}

/// Order, limits of ∇J − e^{−τ}∇J₀ and of θ, and coefficients, each from all levels but the finest, and from all.
struct Found {
    /// Error at a β over that at half of it, in the same units: for the two smallest β and the two largest.
    pairs: [f64; 2],
    /// Error at the largest β over that at the smallest, in units of the decrease that the order predicts.
    decrease: f64,
    order: [f64; 2],
    limit: [Vec<f64>; 2],
    theta: [Vec<f64>; 2],
    coefficients: [Vec<f64>; 2],
}

fn found(case: &Case, context: &Context<'_>, tolerance: f64) -> Result<Found, CheckError> {
    let Levels { beta, errors, theta } = levels(case, context, tolerance)?;
    let ratio = f64::from(1_u32 << case.order());
    let sizes: Vec<f64> = errors.iter().map(|e| norm(e)).collect();
    let order = extrapolated(&orders(&sizes), ratio);
    let (first, last) = (0, sizes.len() - 1);
    let decrease = (sizes[last] / sizes[first]) * (beta[last] / beta[first]).powi(case.order());
    let pair = |k: usize| ratio * sizes[k + 1] / sizes[k];
    let pairs = [pair(first), pair(last - 1)];
    let scaled = |rows: &[Vec<f64>], power: i32| {
        let mut ends = [Vec::new(), Vec::new()];
        for i in 0..rows[0].len() {
            let values: Vec<f64> = beta.iter().zip(rows).map(|(b, row)| b.powi(power) * row[i]).collect();
            let [before, last] = extrapolated(&values, ratio);
            ends[0].push(before);
            ends[1].push(last);
        }
        ends
    };
    let (limit, coefficients) = (scaled(&errors, 0), scaled(&errors, case.order()));
    Ok(Found { pairs, decrease, order, limit, theta: scaled(&theta, 0), coefficients })
}

/// Smallest Hessian eigenvalue along Newton's flow; NaN where it cannot be followed.
fn lowest_curvature(case: &Case) -> f64 {
    let mut run = Run::new(Dynamics::NewtonFlow, &case.theta, TIMES[2]);
    run.samples = 41;
    let Ok(trajectory) = flow(&*case.objective, &run) else { return f64::NAN };
    let lowest = |theta: &Vec<f64>| curvatures(&*case.objective, theta).map_or(f64::NAN, |all| all[0]);
    trajectory.theta.iter().map(lowest).fold(f64::INFINITY, dinlab_numeric::min)
}

impl Check for NewtonFlowLimit {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::still("sconv", 1.0, &[1.5, -1.0]),
            Case::new("sconv", 0.0, &[1.5, -1.0], Velocity::Newton),
            Case::new("quadratic:1,10", 0.6, &[1.0, -0.5], Velocity::Fixed(vec![0.5, 0.3])),
            Case::still("expr:exp(x) + exp(-2*x) + y^2 + x*y/2", 0.0, &[1.0, 1.0]),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("quadratic:2,1;1,3", 0.0, &[1.0, 1.0], Velocity::Fixed(vec![1.0, -0.4])));
            cases.push(Case::new("cosines:2,3", 2.0, &[0.9, -0.6], Velocity::Newton));
            cases.push(Case::still("rosenbrock", 1.0, &[1.1, 1.3]));
        }
        if effort == Effort::Thorough {
            // Errors of order β⁻² meet the tolerance of the integration sooner.
            cases.iter_mut().filter(|case| case.order() == 1).for_each(|case| case.levels = 7);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let good = Case::still("sconv", 1.0, &[1.5, -1.0]);
        vec![
            Case::still("quadratic:-1,2", 1.0, &[1.0, 1.0]),
            Case { friction: 1.005, ..good.clone() },
            Case { decay: 1.0005, ..good },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let (objective, theta) = (own.subject()?, own.start_point()?);
        let velocity = match &own.start {
            None => vec![0.0; theta.len()],
            Some(Start::Velocity(velocity)) => velocity.clone(),
            Some(_) => {
                let what =
                    "`velocity` as the start: for others θ′₀ grows with β, and the first layer moves θ";
                return Err(CheckError::needs(what));
            }
        };
        if own.beta == Some(0.0) {
            return Err(CheckError::needs("a smallest β above 0 (it is doubled four times)"));
        }
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(20.0));
        let velocity = Velocity::Fixed(velocity);
        let mut case =
            Case { objective, alpha, theta, velocity, beta, levels: 5, friction: 1.0, decay: 1.0, own: true };
        if own.beta.is_none() && case.objective.facts().regularity == Regularity::Smooth {
            // The layer has the width 1/(β²λ) in τ: small curvatures need large β.
            let lowest = lowest_curvature(&case);
            if lowest > 0.0 && lowest < 1.0 {
                case.beta /= lowest.sqrt();
            }
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        let mut all = vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact("∇J(θ₀) ≠ 0", norm(&case.gradient(&case.theta)) > 0.0),
        ];
        if smooth {
            let convex = lowest_curvature(case) > 0.0;
            let state = if convex { HypothesisState::Sampled } else { HypothesisState::False };
            all.push(Hypothesis::new("∇²J is positive definite along Newton's flow", state));
        }
        all
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        if case.own {
            // Below, the starting layer is as wide as the times compared.
            let least = LAYER / lowest_curvature(case).sqrt();
            if case.beta < least {
                return Err(CheckError::needs(format!(
                    "a smallest β of at least 2/√λ = {least:.3}, λ the least curvature along Newton's flow"
                )));
            }
        }
        let (coarse, fine) = (found(case, context, TOLERANCES[0])?, found(case, context, TOLERANCES[1])?);
        let [smallest, largest] = fine.pairs.map(|pair| (pair - 1.0).abs());
        if case.own && (fine.decrease - 1.0).abs() > MARGINS[3] && largest < 0.25 * smallest {
            let what = "a larger smallest β: the error takes the predicted order only for the largest";
            return Err(CheckError::needs(what));
        }
        let limit = limit(case)?;
        let predicted = predicted(case, &limit);
        let mut all = Vec::new();
        let mut push = |name: &str, value: f64, predicted: f64, margin: f64, change: f64| {
            let found = Measurement::equal(name, value, predicted, Budget::discretisation(margin));
            all.push(found.on(case.words()).refined(change));
        };
        let slope = norm(&case.gradient(&case.theta));
        let [before, last] = &fine.limit;
        let change = distance(last, before) + distance(last, &coarse.limit[1]);
        let name = "distance of ∇J at β = ∞ to e^(−τ)∇J(θ₀), relative";
        push(name, norm(last) / slope, 0.0, MARGINS[0], change / slope);
        // Not extrapolated: errors that stay or grow refute also where no extrapolation converges.
        let name = "error at the largest β over that at the smallest, in units of the predicted decrease";
        push(name, fine.decrease, 1.0, MARGINS[3], fine.decrease - coarse.decrease);
        let (newton, [before, last]) = (limit.theta.concat(), &fine.theta);
        let size = 1.0 + norm(&newton);
        let change = distance(last, before) + distance(last, &coarse.theta[1]);
        let name = "distance of θ at β = ∞ to Newton's flow, relative to 1 + ‖θ‖";
        push(name, distance(last, &newton) / size, 0.0, MARGINS[0], change / size);
        let change = (fine.order[1] - fine.order[0]).abs() + (fine.order[1] - coarse.order[1]).abs();
        push("order in 1/β", fine.order[1], f64::from(case.order()), MARGINS[1], change);
        let (size, [before, last]) = (norm(&predicted), &fine.coefficients);
        let change = distance(last, before) + distance(last, &coarse.coefficients[1]);
        let name = "distance of the coefficient to its prediction, relative";
        push(name, distance(last, &predicted) / size, 0.0, MARGINS[2], change / size);
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let label = "‖∇J(θ(βτ)) − e^(−τ)∇J(θ₀)‖, τ = ½, 1, 2";
        let mut panel = Panel::new("", Axis::log("β"), Axis::log(label));
        let cases = [
            ("α = 1", Case { levels: 8, beta: 5.0, ..Case::still("sconv", 1.0, &[1.5, -1.0]) }),
            (
                "α = 0, Newton's velocity",
                Case { levels: 8, beta: 5.0, ..Case::new("sconv", 0.0, &[1.5, -1.0], Velocity::Newton) },
            ),
        ];
        let markers = [Marker::Circle, Marker::Square];
        for (color, (label, case)) in cases.iter().enumerate() {
            let Levels { beta, errors, .. } = levels(case, context, 1e-11)?;
            let size = norm(&predicted(case, &limit(case)?));
            let power = case.order();
            let line = beta.iter().map(|b| size / b.powi(power)).collect();
            let sizes = errors.iter().map(|e| norm(e)).collect();
            let name = if power == 1 { format!("{size:.3}/β") } else { format!("{size:.3}/β²") };
            panel = panel
                .with(Layer::points(*label, beta.clone(), sizes, color, markers[color]))
                .with(Layer::dashed(name, beta, line, color));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "DIN against Newton's flow for large β".into(),
            caption: "sconv, θ₀ = (1.5, −1). Dashed: predicted leading order.".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
