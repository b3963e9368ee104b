//! DIN with asymptotically vanishing damping on convex J: x″ + (α/t)x′ + β∇²J(x)x′ + ∇J(x) = 0.
//!
//! *Derivation.* Let u = x′ + β∇J and z = (α−1)(x−x*) + tu. Then z′ = (α−1)x′ + u + t(−(α/t)x′ − ∇J) = (β−t)∇J, and for
//! E(t) = t(t−β)(J−J*) + ½‖z‖² the terms with ⟨∇J, x′⟩ cancel:
//!
//! E′ = (2t−β)(J−J*) − (α−1)(t−β)⟨∇J, x−x*⟩ − βt(t−β)‖∇J‖².
//!
//! Convexity, ⟨∇J, x−x*⟩ ≥ J−J*, gives for t ≥ β
//!
//! E′ ≤ [(3−α)t + (α−2)β](J−J*) − βt(t−β)‖∇J‖²,
//!
//! whose bracket is not positive for α > 3, t ≥ t₁ = max(β, (α−2)β/(α−3)). From there on E decreases, so that
//! J−J* ≤ E(t₁)/(t(t−β)), β∫t(t−β)‖∇J‖²dt ≤ E(t₁) and ∫[(α−3)t − (α−2)β](J−J*)dt ≤ E(t₁). The last is behind the
//! statement J−J* = o(t⁻²); that one is a limit, which no run refutes, and is shown in the figure only.

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Settings};
use dinlab_numeric::{all_finite, dot, max, min, norm};
use dinlab_objective::{Objective, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{self, settle},
    error::CheckError,
    problem::brief,
    runs::{require, Augmented},
    sources,
    subject::Subject,
};

/// The check.
pub struct AvdLyapunov;

static CLAIM: Claim = Claim {
    id: "avd-lyapunov",
    family: 'A',
    title: "DIN with vanishing damping α/t on convex J: J − J* = O(t⁻²), ∇J square integrable with weight t²",
    sentence: "For convex J, α > 3 and t ≥ t₁ = max(β, (α−2)β/(α−3)) the function E = t(t−β)(J−J*) + ½‖(α−1)(x−x*) + \
               t(x′+β∇J)‖² decreases; hence J − J* ≤ E(t₁)/(t(t−β)), β∫t(t−β)‖∇J‖² ≤ E(t₁) and ∫[(α−3)t−(α−2)β](J−J*) ≤ E(t₁).",
    statement: r"\dot E\le[(3-\alpha)t+(\alpha-2)\beta](J-J^*)-\beta t(t-\beta)\|\nabla J\|^2,\qquad J-J^*\le\frac{E(t_1)}{t(t-\beta)},\qquad \beta\int_{t_1}^\infty t(t-\beta)\|\nabla J\|^2dt\le E(t_1)",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "J is convex (exact, from the facts, or sampled: Hessians in a box about start and minimiser)",
        "x* is a minimiser (exact, from the facts, or computed)",
        "α > 3 (exact), start at t₁ > 0 (by construction; the equation is singular at 0)",
    ],
    sources: &[sources::at(sources::APR, "rates O(t⁻²) for α ≥ 3 and o(t⁻²) for α > 3 (abstract)")],
    differences: "the results are the source's; this form of E and its derivative, with the constants above, is derived in \
                  this file",
    measured: "Along the shipped flow, with the integrals as extra coordinates under its error control: the change of E against \
               the integral of the exact derivative; the excess of E over the integrated inequality; the largest rise of E; J−J* \
               times t(t−β), and the weighted integrals of ‖∇J‖² and of J−J*, in units of E(t₁).",
    refuted_by: "a change of E that differs from its integral by more than 10⁻⁶ E(t₁), an excess or a rise above that, or a \
                 bound that is exceeded",
    tolerance: "margin 10⁻⁶ of E(t₁) for integration and rounding; the change with a hundredth of the integration tolerance must stay \
                below a tenth of it",
    control: "gross: α = 2 on √(1+x²), where E rises and the bound is exceeded, and the nonconvex x²/(1+x²); near miss: α off by \
              10⁻³ in E and its derivative",
    evidence: Evidence::Resolved,
    cost: "two integrations per case, milliseconds",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    /// x* and J*.
    minimiser: Vec<f64>,
    infimum: f64,
    theta: Vec<f64>,
    velocity: Vec<f64>,
    /// Horizon in units of the start time.
    span: f64,
    /// Factor on α in E and in its derivative; 1 except in controls.
    friction: f64,
    #[serde(skip)]
    own: bool,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], minimiser: &[f64], theta: &[f64], span: f64) -> Self {
        let objective = Subject::named(objective);
        let infimum = objective.oracle().value(minimiser);
        let (minimiser, theta, velocity) = (minimiser.to_vec(), theta.to_vec(), vec![0.0; theta.len()]);
        Self { objective, alpha, beta, minimiser, infimum, theta, velocity, span, friction: 1.0, own: false }
    }

    fn about(self, minimiser: Vec<f64>) -> Self {
        let infimum = self.objective.oracle().value(&minimiser);
        Self { minimiser, infimum, ..self }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, minimiser, theta, span, .. } = self;
        let (theta, minimiser) = (brief(theta), brief(minimiser));
        format!(
            "{objective}, α={alpha}, β={beta}, x*={minimiser}, x={theta} at t₁={}, T/t₁={span}",
            self.from()
        )
    }

    /// t₁; where that is 0 any time above it will do, and for α ≤ 3 (controls) there is none.
    fn from(&self) -> f64 {
        let beta = if self.alpha > 3.0 {
            max(self.beta, (self.alpha - 2.0) * self.beta / (self.alpha - 3.0))
        } else {
            self.beta
        };
        if beta > 0.0 {
            beta
        } else {
            1.0
        }
    }
}

/// E, J−J*, and the three integrals at one time.
struct Sample {
    t: f64,
    energy: f64,
    gap: f64,
    /// ∫t(t−β)‖∇J‖², ∫E′ in closed form, ∫[(3−α)t + (α−2)β](J−J*).
    integrals: [f64; 3],
}

/// E and J−J* at a state.
fn energy(case: &Case, oracle: &mut dyn dinlab_objective::Oracle, t: f64, state: &[f64]) -> (f64, f64) {
    let (x, u) = state.split_at(case.theta.len());
    let gap = oracle.value(x) - case.infimum;
    let alpha = case.alpha * case.friction;
    let z: Vec<f64> =
        x.iter().zip(&case.minimiser).zip(u).map(|((x, m), u)| (alpha - 1.0) * (x - m) + t * u).collect();
    (t * (t - case.beta) * gap + 0.5 * dot(&z, &z), gap)
}

/// Samples per octave of time.
const DENSITY: f64 = 24.0;

fn samples(case: &Case, tolerance: f64) -> Result<Vec<Sample>, CheckError> {
    let (objective, n): (&dyn Objective, usize) = (&*case.objective, case.theta.len());
    let (from, dynamics) = (case.from(), Dynamics::DinAvd { alpha: case.alpha, beta: case.beta });
    let mut start =
        initial_state(dynamics, objective, &case.theta, &Start::Velocity(case.velocity.clone()), from)?;
    start.resize(2 * n + 3, 0.0);
    let (mut oracle, mut gradient, own) = (objective.oracle(), vec![0.0; n], case.clone());
    let (alpha, beta) = (case.alpha * case.friction, case.beta);
    let integrands = move |t: f64, y: &[f64], _: &[f64], out: &mut [f64]| {
        let gap = oracle.value_gradient(&y[..n], &mut gradient) - own.infimum;
        let offset: Vec<f64> = y[..n].iter().zip(&own.minimiser).map(|(x, m)| x - m).collect();
        let square = t * (t - beta) * dot(&gradient, &gradient);
        out[0] = square;
        out[1] =
            (2.0 * t - beta) * gap - (alpha - 1.0) * (t - beta) * dot(&gradient, &offset) - beta * square;
        out[2] = ((3.0 - alpha) * t + (alpha - 2.0) * beta) * gap;
    };
    let mut field = Augmented::new(system(dynamics, objective), 3, Box::new(integrands));
    let count = (DENSITY * case.span.log2()).ceil();
    let until = from * case.span;
    let grid: Vec<f64> =
        (0..=count as usize).map(|k| min(from * case.span.powf(k as f64 / count), until)).collect();
    // The second component is known to the rounding of ∇J about x*.
    let spread = if case.own { norm(&case.minimiser) } else { 0.0 };
    let stiffness = 1.0 + case.beta * norm(&critical::hessian(objective, &case.minimiser));
    // Errors of the state are weighted by t² in E: they must stay small relative to the state.
    let settings = Settings {
        rtol: tolerance,
        atol: max(1e-6 * tolerance, 4.0 * f64::EPSILON * spread * stiffness),
        integrator: Integrator::Auto,
        ..Settings::default()
    };
    let (mut oracle, mut found) = (objective.oracle(), Vec::new());
    let mut observer = |t: f64, y: &[f64]| {
        let (energy, gap) = energy(case, &mut *oracle, t, &y[..2 * n]);
        found.push(Sample { t, energy, gap, integrals: [y[2 * n], y[2 * n + 1], y[2 * n + 2]] });
        Flow::Continue
    };
    let outcome = integrate(&mut field, &start, from, until, &grid, &mut [], &settings, &mut observer)?;
    match outcome.status {
        Status::ReachedEnd | Status::Interrupted => require(&outcome.status, &case.words())?,
        status if case.own => {
            let reason = format!("its orbit cannot be followed up to t={until}: {status}");
            return Err(CheckError::OwnCase { reason });
        }
        status => require(&status, &case.words())?,
    }
    Ok(found)
}

/// What is measured on a run, in units of E(t₁).
struct Figures {
    defect: f64,
    excess: f64,
    rise: f64,
    bound: f64,
    integral: f64,
    weighted: f64,
}

fn figures(case: &Case, tolerance: f64) -> Result<Figures, CheckError> {
    let samples = samples(case, tolerance)?;
    let first = samples[0].energy;
    let last = samples[samples.len() - 1].t;
    let seen = first > 1e7 * f64::EPSILON * case.infimum.abs() * last * last;
    if first <= 0.0 || (case.own && !seen) {
        let what =
            format!("a start farther from x*: E(t₁) = {first:.3e} is not above the rounding of t²(J−J*)");
        return Err(CheckError::needs(what));
    }
    let worst = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).fold(f64::NEG_INFINITY, max) / first;
    let rises = samples.windows(2).map(|w| w[1].energy - w[0].energy);
    Ok(Figures {
        defect: worst(&|s| (s.energy - first - s.integrals[1]).abs()),
        excess: worst(&|s| s.energy - first - s.integrals[2] + case.beta * s.integrals[0]),
        rise: rises.fold(f64::NEG_INFINITY, max) / first,
        bound: worst(&|s| s.gap * s.t * (s.t - case.beta)),
        integral: worst(&|s| case.beta * s.integrals[0]),
        weighted: worst(&|s| -s.integrals[2]),
    })
}

/// Whether the Hessian has no negative eigenvalue: at points of a box about start and minimiser, and of one about the
/// orbit, and at samples of the orbit.
fn convex_nearby(case: &Case, context: &str) -> bool {
    let mut stream = dinlab_numeric::Stream::new(0, context, 0);
    let convex = |point: &[f64]| {
        let size = norm(&critical::hessian(&*case.objective, point));
        critical::curvatures(&*case.objective, point).is_ok_and(|all| all[0] >= -1e-9 * size)
    };
    let visited = visited(case);
    let mut reach = vec![dinlab_numeric::distance(&case.theta, &case.minimiser); case.theta.len()];
    for point in &visited {
        let offsets = point.iter().zip(&case.minimiser).map(|(x, m)| (x - m).abs());
        reach.iter_mut().zip(offsets).for_each(|(reach, offset)| *reach = max(*reach, offset));
    }
    let mut inside = || -> Vec<f64> {
        let sides = case.minimiser.iter().zip(&reach);
        sides.map(|(m, reach)| m + stream.uniform(-1.2, 1.2) * (reach + 1e-3)).collect()
    };
    (0..200).all(|_| convex(&inside())) && visited.iter().all(|point| convex(point))
}

/// Positions along the orbit, as far as it can be followed.
fn visited(case: &Case) -> Vec<Vec<f64>> {
    const COUNT: usize = 2000;
    let (objective, from) = (&*case.objective, case.from());
    let dynamics = Dynamics::DinAvd { alpha: case.alpha, beta: case.beta };
    let start = Start::Velocity(case.velocity.clone());
    let Ok(start) = initial_state(dynamics, objective, &case.theta, &start, from) else { return Vec::new() };
    let at = |k: usize| min(from * case.span.powf(k as f64 / COUNT as f64), from * case.span);
    let (grid, mut found) = ((0..=COUNT).map(at).collect::<Vec<f64>>(), Vec::new());
    let mut keep = |_: f64, y: &[f64]| {
        found.push(y[..case.theta.len()].to_vec());
        Flow::Continue
    };
    let mut field = system(dynamics, objective);
    let settings = Settings { integrator: Integrator::Auto, ..Settings::default() };
    // What was followed counts, however far.
    let _ = integrate(&mut *field, &start, from, from * case.span, &grid, &mut [], &settings, &mut keep);
    found.retain(|point| all_finite(point));
    found
}

impl Check for AvdLyapunov {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("expr:(x+y-1)^4", [4.0, 0.5], &[0.5, 0.5], &[2.0, 1.0], 100.0),
            Case::new("sconv", [5.0, 1.0], &[0.0, 0.0], &[1.0, -1.0], 30.0),
            Case::new("expr:sqrt(1+x^2)", [4.0, 0.3], &[0.0], &[20.0], 60.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("quadratic:0.1,4", [3.5, 0.2], &[0.0, 0.0], &[1.0, 1.0], 200.0));
            cases.push(Case::new("power:4", [8.0, 0.0], &[0.0], &[1.5], 500.0));
            let entropic = "expr:log(exp(x) + exp(-x) + exp(y-x)) + y^2/9";
            let entropic = Case::new(entropic, [6.0, 2.0], &[0.0, 0.0], &[3.0, -2.0], 20.0);
            cases.extend(settle(&*entropic.objective, &[0.0, 0.0]).ok().flatten().map(|m| entropic.about(m)));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::new("expr:sqrt(1+x^2)-1", [2.0, 0.3], &[0.0], &[50.0], 60.0),
            Case::new("expr:x^2/(1+x^2)", [4.0, 0.3], &[0.0], &[30.0], 60.0),
            Case { friction: 1.001, ..self.cases(Effort::Quick)[0].clone() },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let (objective, theta) = (own.subject()?, own.start_point()?);
        if theta.len() != objective.dimension() {
            return Err(CheckError::needs("as many coordinates in the start as the objective has"));
        }
        let velocity = match &own.start {
            None => vec![0.0; theta.len()],
            Some(Start::Velocity(velocity)) => velocity.clone(),
            Some(_) => return Err(CheckError::needs("`velocity` as the start, if any")),
        };
        let minimiser = match objective.facts().minimisers().next() {
            Some(known) => known.point.clone(),
            None => settle(&*objective, &theta)?.ok_or_else(|| {
                CheckError::needs("an objective with a minimiser: a run from the start settles at none")
            })?,
        };
        let infimum = objective.oracle().value(&minimiser);
        let (alpha, beta) = (own.alpha.unwrap_or(4.0), own.beta.unwrap_or(0.5));
        let mut case = Case {
            objective,
            alpha,
            beta,
            minimiser,
            infimum,
            theta,
            velocity,
            span: 50.0,
            friction: 1.0,
            own: true,
        };
        if let Some(until) = own.until {
            case.span = until / case.from();
            if case.span.is_nan() || case.span < 4.0 {
                let what = format!("a horizon of at least 4t₁ = {}", 4.0 * case.from());
                return Err(CheckError::needs(what));
            }
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let convex = if facts.convex {
            HypothesisState::Exact
        } else if facts.regularity == Regularity::Smooth && convex_nearby(case, CLAIM.id) {
            HypothesisState::Sampled
        } else {
            HypothesisState::False
        };
        let critical =
            critical::slope(&*case.objective, &case.minimiser) < 1e-8 && all_finite(&case.minimiser);
        vec![
            Hypothesis::exact(
                "J is twice continuously differentiable",
                facts.regularity == Regularity::Smooth,
            ),
            Hypothesis::new("J is convex", convex),
            Hypothesis::exact("x* is critical (a minimiser, J being convex)", critical),
            Hypothesis::exact("α > 3", case.alpha > 3.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let coarse = figures(case, 1e-9)?;
        context.proceed()?;
        let fine = figures(case, 1e-11)?;
        let margin = Budget::discretisation(1e-6);
        let bound = |name: &str, coarse: f64, fine: f64, bound: f64| {
            Measurement::at_most(name, fine, bound, margin).on(case.words()).refined(coarse - fine)
        };
        let defect = Measurement::equal("|E(t) − E(t₁) − ∫E′|, largest", fine.defect, 0.0, margin);
        let name = "∫[(α−3)t − (α−2)β](J−J*)";
        Ok(vec![
            defect.on(case.words()).refined(coarse.defect - fine.defect),
            bound("excess of E over the integrated inequality", coarse.excess, fine.excess, 0.0),
            bound("largest rise of E between samples", coarse.rise, fine.rise, 0.0),
            bound("largest t(t−β)(J−J*)", coarse.bound, fine.bound, 1.0),
            bound("β∫t(t−β)‖∇J‖²", coarse.integral, fine.integral, 1.0),
            bound(name, coarse.weighted, fine.weighted, 1.0),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut energy = Panel::new("E/E(t₁)", Axis::log("t/t₁"), Axis::linear("").range(0.0, 3.5));
        let mut gap = Panel::new("(J−J*) t(t−β)/E(t₁)", Axis::log("t/t₁"), Axis::log("").range(1e-8, 10.0));
        let names = ["(x+y−1)⁴, α=4", "sconv, α=5", "√(1+x²), α=4", "√(1+x²), α=2"];
        let cases = self.cases(Effort::Quick).into_iter().chain(self.control().into_iter().take(1));
        for (color, (case, name)) in cases.zip(names).enumerate() {
            context.proceed()?;
            let samples = samples(&case, 1e-9)?;
            let first = samples[0].energy;
            let t: Vec<f64> = samples.iter().map(|s| s.t / case.from()).collect();
            let e = samples.iter().map(|s| s.energy / first).collect();
            let scaled = samples.iter().map(|s| s.gap * s.t * (s.t - case.beta) / first).collect();
            let dash = if color == 3 { Dash::Dashed } else { Dash::Solid };
            let layer = |y| Layer::Curve { label: name.into(), x: t.clone(), y, color, dash };
            energy = energy.with(layer(e));
            gap = gap.with(layer(scaled));
        }
        let (label, dash) = ("bound".to_owned(), Dash::Dotted);
        gap = gap.with(Layer::Horizontal { label, y: 1.0, color: 7, dash });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Lyapunov function and gap of DIN with vanishing damping".into(),
            caption: "At rest at t₁. Dashed: α = 2 is not covered, and E rises beyond E(t₁).".into(),
            columns: 2,
            panels: vec![energy, gap],
        })
    }
}
