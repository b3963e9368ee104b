//! Bounded orbits of DIN converge to rest points: θ → a critical point, u → 0 (ψ → (1−αβ)θ), for J that is semi-algebraic
//! or analytic.
//!
//! *Why.* E = 2(1+αβ)J + ‖u‖² decreases with −E′ = 2(α‖θ′‖² + β‖v‖²), which is at least a multiple of ‖∇E‖² and of
//! the speed squared; with a Łojasiewicz inequality for E the length of the orbit is finite (`finite-length` has the
//! constants). Without friction (α = β = 0) nothing of this holds, and orbits go on forever.

use dinlab_analysis::spectrum::symmetric_eigenvalues;
use dinlab_din::{simulate_observed, Run, Settings};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::{Objective, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel, PointKind},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation, Status,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{hessian, newton, slope},
    error::CheckError,
    problem::brief,
    sources,
    subject::Subject,
};

/// The check.
pub struct CriticalPointConvergence;

static CLAIM: Claim = Claim {
    id: "critical-point-convergence",
    family: 'A',
    title: "Bounded orbits of DIN converge to critical points, with u → 0",
    sentence: "For semi-algebraic or analytic J and α, β > 0 every bounded orbit of DIN converges to one critical point, and u to 0.",
    statement: r"\theta(t)\to\theta_\infty,\quad\nabla J(\theta_\infty)=0,\quad u(t)\to0,\quad \psi(t)\to(1-\alpha\beta)\theta_\infty",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "J satisfies a Łojasiewicz inequality: it is semi-algebraic or analytic (exact, from the facts; assumed for formulas of the user)",
        "α > 0 (exact; β = 0 is the heavy ball, for which the same is true)",
        "orbits are bounded: J is coercive (exact, or observed)",
    ],
    sources: &[
        sources::at(sources::AABR, "convergence of bounded orbits for analytic J"),
        sources::at(sources::JMLR, "Theorem 13"),
    ],
    differences: "as printed, for smooth J",
    measured: "Random states (θ₀ uniform in the objective's view, u₀ normal), run by the shipped flow until the state changes by less than \
               10⁻¹⁰ of 1 + ‖θ‖ per unit of time. Compared: how many runs come to rest; the largest ‖∇J‖ + ‖u‖ there; the largest \
               distance of the end to a critical point, from the objective's list where that is complete, otherwise from Newton's method.",
    refuted_by: "one run that does not come to rest by t = 2·10⁴, or that rests elsewhere than at a critical point",
    tolerance: "at the end the state is within (change per unit time)/rate of its limit: 10⁻⁶ allows for rates down to 10⁻⁴; ‖∇J‖ + ‖u‖ is \
                compared with 10⁻⁶(1 + ‖∇²J‖). Degenerate critical points, which are reached like a power of t, are refused",
    control: "gross: α = β = 0, where orbits never rest; near miss: the critical points of hill with its tilt off by 10⁻³",
    evidence: Evidence::Sampled,
    cost: "some dozen runs per case, milliseconds each",
};

/// One objective with parameters and a number of starts.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    starts: u64,
    /// A start of the user's, run first.
    theta: Option<Vec<f64>>,
    /// The objective whose list of critical points is used; differs from the first in controls only.
    listed: Subject,
    own: bool,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], starts: u64) -> Self {
        let (objective, listed) = (Subject::named(objective), Subject::named(objective));
        Self { objective, alpha, beta, starts, theta: None, listed, own: false }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, starts, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, {starts} starts")
    }
}

const SETTLED: f64 = 1e-10;
const HORIZON: usize = 20_000;
/// Margin on the distance to a critical point.
const MARGIN: f64 = 1e-6;

/// A run with its samples at distance 1.
struct Orbit {
    theta: Vec<Vec<f64>>,
    state: Vec<f64>,
    settled: bool,
}

fn orbit(case: &Case, context: &Context<'_>, index: u64) -> Result<Orbit, CheckError> {
    context.proceed()?;
    let mut stream = context.stream(&format!("start/{}", case.words()), index);
    let view = &case.objective.facts().view;
    let mut theta: Vec<f64> = view.iter().map(|[low, high]| stream.uniform(*low, *high)).collect();
    if let (0, Some(own)) = (index, &case.theta) {
        theta.clone_from(own);
    }
    let dynamics = dinlab_din::Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &theta, HORIZON as f64);
    run.samples = HORIZON + 1;
    run.start = Start::Auxiliary(stream.normals(theta.len()));
    run.settings = Settings { rtol: 1e-10, atol: 1e-12, ..Settings::default() };
    let mut found = Orbit { theta: Vec::new(), state: Vec::new(), settled: false };
    let trajectory = simulate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        found.settled =
            !found.state.is_empty() && distance(o.state, &found.state) < SETTLED * (1.0 + norm(o.theta));
        found.state = o.state.to_vec();
        found.theta.push(o.theta.to_vec());
        if found.settled {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    match trajectory.status {
        Status::ReachedEnd | Status::Interrupted => Ok(found),
        status if case.own => {
            let reason = format!("the orbit from {} is not seen to be bounded: {status}", brief(&theta));
            Err(CheckError::OwnCase { reason })
        }
        status => Err(CheckError::UnexpectedStatus { what: case.words(), status, expected: "reached-end" }),
    }
}

fn orbits(case: &Case, context: &Context<'_>) -> Result<Vec<Orbit>, CheckError> {
    (0..case.starts).into_par_iter().map(|index| orbit(case, context, index)).collect()
}

/// Distance to the nearest critical point; infinite where there is none nearby.
fn remoteness(case: &Case, end: &[f64]) -> f64 {
    let facts = case.listed.facts();
    if facts.complete {
        let distances = facts.critical_points.iter().map(|c| distance(&c.point, end));
        return distances.fold(f64::INFINITY, dinlab_numeric::min);
    }
    newton(&*case.objective, end, 0.1).map_or(f64::INFINITY, |point| distance(&point, end))
}

/// Refuses the user's case where a run is still under way at the horizon.
fn refuse_unsettled(case: &Case, orbit: &Orbit) -> Result<(), CheckError> {
    let Some(end) = orbit.theta.last().filter(|_| case.own && !orbit.settled) else { return Ok(()) };
    let reason = format!(
        "a run is not at rest by t={HORIZON}, where it is at {}: it is slow (small curvatures, small α or large β; \
         like a power of t where the Hessian is singular, see value-rate-two-sided) or not bounded",
        brief(end)
    );
    Err(CheckError::OwnCase { reason })
}

/// Refuses the user's case where Newton's method does not tell how far the end is from a critical point.
fn refuse_degenerate(case: &Case, end: &[f64], remote: f64) -> Result<(), CheckError> {
    if !case.own || case.listed.facts().complete || remote <= MARGIN {
        return Ok(());
    }
    let all = symmetric_eigenvalues(&hessian(&*case.objective, end), end.len())?;
    let size = all.iter().map(|v| v.abs()).fold(0.0, max);
    if remote.is_finite() && all.iter().all(|v| v.abs() > 1e-3 * (1.0 + size)) {
        return Ok(());
    }
    let reason = format!(
        "a run rests at {}, where Newton's method finds no isolated critical point to compare with: the critical set \
         is degenerate there, or the curvature very small",
        brief(end)
    );
    Err(CheckError::OwnCase { reason })
}

impl Check for CriticalPointConvergence {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = match effort {
            Effort::Quick => 30,
            Effort::Standard => 200,
            Effort::Thorough => 2_000,
        };
        let mut cases = vec![
            Case::new("well", [0.5, 2.0], n),
            Case::new("hill", [0.7, 0.3], n),
            Case::new("himmelblau", [1.0, 0.05], n),
            Case::new("expr:x^4 - x^2*y + y^2 + 0.3*sin(x) + 0.2*y", [0.4, 0.6], n),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("double-well", [0.2, 0.0], n));
            cases.push(Case::new("rosenbrock", [1.0, 0.1], n));
            cases.push(Case::new("styblinski-tang", [2.0, 0.1], n));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let tilted = Case::new("expr:0.25*(x^2-1)^2 + 0.5*(y-x^2)^2 + 0.1001*y", [0.7, 0.3], 5);
        vec![Case::new("well", [0.0, 0.0], 3), Case { listed: Subject::named("hill"), ..tilted }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        if own.start.is_some() || own.until.is_some() {
            let reason =
                "it draws u₀ itself and runs until the orbit rests: give no velocity, psi or horizon";
            return Err(CheckError::OwnCase { reason: reason.into() });
        }
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1));
        let theta = own.theta.as_ref().map(|_| own.start_point()).transpose()?;
        Ok(Case { listed: objective.clone(), objective, alpha, beta, starts: 40, theta, own: true })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let lojasiewicz = if facts.tame { HypothesisState::Exact } else { HypothesisState::Assumed };
        let bounded = if facts.coercive { HypothesisState::Exact } else { HypothesisState::Sampled };
        let smooth = facts.regularity == dinlab_objective::Regularity::Smooth;
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::new("J satisfies a Łojasiewicz inequality", lojasiewicz),
            Hypothesis::exact("α > 0", case.alpha > 0.0),
            Hypothesis::new("orbits are bounded", bounded),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let orbits = orbits(case, context)?;
        orbits.iter().try_for_each(|orbit| refuse_unsettled(case, orbit))?;
        let objective: &dyn Objective = &*case.objective;
        let (mut residual, mut remote) = (0.0, 0.0);
        for orbit in &orbits {
            let (end, u) = orbit.state.split_at(objective.dimension());
            let scale = 1.0 + norm(&hessian(objective, end));
            residual = max(residual, (slope(objective, end) + norm(u)) / scale);
            let distance = remoteness(case, end);
            refuse_degenerate(case, end, distance)?;
            remote = max(remote, distance);
        }
        let settled = orbits.iter().filter(|o| o.settled).count() as f64;
        let words = case.words();
        Ok(vec![
            Measurement::equal("runs that come to rest", settled, orbits.len() as f64, Budget::default())
                .on(&words),
            Measurement::at_most(
                "largest (‖∇J‖ + ‖u‖)/(1 + ‖∇²J‖) at the end",
                residual,
                0.0,
                Budget::discretisation(MARGIN),
            )
            .on(&words),
            Measurement::at_most(
                "largest distance of an end to a critical point",
                remote,
                0.0,
                Budget::discretisation(MARGIN),
            )
            .on(&words),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        const N: usize = 80;
        let case = Case::new("himmelblau", [1.0, 0.05], 12);
        let objective: &dyn Objective = &*case.objective;
        let axis: Vec<f64> = (0..N).map(|i| -5.5 + 11.0 * i as f64 / (N - 1) as f64).collect();
        let mut oracle = objective.oracle();
        let values = axis.iter().flat_map(|y| axis.iter().map(|x| [*x, *y]).collect::<Vec<_>>());
        let values: Vec<f64> = values.map(|point| oracle.value(&point)).collect();
        let levels = vec![3.0, 15.0, 40.0, 90.0, 160.0, 250.0];
        let mut plane =
            Panel::new("orbits", Axis::linear("θ₁").range(-5.5, 5.5), Axis::linear("θ₂").range(-5.5, 5.5))
                .with(Layer::Contour { x: axis.clone(), y: axis, values, levels });
        let mut decay = Panel::new("‖∇J‖ + ‖u‖", Axis::linear("t"), Axis::log("").range(1e-10, 1e3));
        for index in 0..case.starts {
            let color = index as usize % 6;
            let [theta, residual] = path(&case, context, index)?;
            let t: Vec<f64> = (0..residual.len()).map(|k| SAMPLING * k as f64).collect();
            let (x, y) = theta.chunks(2).map(|p| (p[0], p[1])).unzip();
            plane = plane.with(Layer::curve("", x, y, color));
            decay = decay.with(Layer::curve("", t, residual, color));
        }
        let known = &objective.facts().critical_points;
        let kind = |c: &dinlab_objective::CriticalPoint| match c.kind {
            dinlab_objective::CriticalKind::Minimum => PointKind::Minimum,
            dinlab_objective::CriticalKind::StrictSaddle => PointKind::Saddle,
            dinlab_objective::CriticalKind::Maximum => PointKind::Maximum,
            dinlab_objective::CriticalKind::Degenerate => PointKind::Other,
        };
        let points = known.iter().map(|c| [c.point[0], c.point[1]]).collect();
        plane = plane.with(Layer::Critical { points, kinds: known.iter().map(kind).collect() });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Orbits of DIN come to rest at critical points".into(),
            caption: format!("{}: θ₀ uniform, u₀ normal.", case.words()),
            columns: 2,
            panels: vec![plane, decay],
        })
    }
}

/// Distance of samples in the figure.
const SAMPLING: f64 = 0.05;

/// Positions, flattened, and ‖∇J‖ + ‖u‖ of an orbit for the figure.
fn path(case: &Case, context: &Context<'_>, index: u64) -> Result<[Vec<f64>; 2], CheckError> {
    let first = orbit(case, context, index)?.theta[0].clone();
    let mut stream = context.stream("figure", index);
    let dynamics = dinlab_din::Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &first, 600.0 * SAMPLING);
    run.samples = 601;
    run.start = Start::Auxiliary(stream.normals(first.len()));
    let (mut theta, mut residual) = (Vec::new(), Vec::new());
    simulate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        theta.extend_from_slice(o.theta);
        residual.push(slope(&*case.objective, o.theta) + norm(&o.state[o.theta.len()..]));
        Flow::Continue
    })?;
    Ok([theta, residual])
}
