//! Across a kink the velocity of DIN jumps by −β(v⁺ − v⁻), along the normal; u, θ and the tangential velocity are continuous.
//!
//! *Derivation.* u′ = −αu − (1 − αβ)v is bounded, so u is continuous; θ′ = u − βv jumps as v does. Along the kink the one-sided
//! gradients agree (J is continuous), so v⁺ − v⁻ = Δn with n the unit normal. A convex kink (Δ > 0) brakes, a concave one
//! accelerates: mechanics with inelastic shocks of the fixed impulse βΔ.
//!
//! *Estimator.* Difference quotients wₖ = (θₖ₊₁ − θₖ)/γ of the shipped iterates, extrapolated by parabolas from three steps on
//! each side to the crossing: no window lies across it. A run with the case's step finds the crossing; a second one starts
//! from the state before it with a step 10³ times smaller. Between the two sides of the second run lies a fraction of one
//! step in which the algorithm still uses v⁻: it changes u by at most γ|1 − αβ|‖Δv‖ and θ by γβ‖Δv‖, hence the velocity by at most
//! γ(|1 − αβ| + Lβ²)‖Δv‖, L the curvature of the pieces. That is the discretisation error.

use dinlab_indian::{iterate_observed, Grid, Method, Run, Schedule};
use dinlab_numeric::{axpy, dot, norm};
use dinlab_objective::{tape::Scratch, Start, Tape};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct KinkVelocityJump;

static CLAIM: Claim = Claim {
    id: "kink-velocity-jump",
    family: 'B',
    title: "Jump of the velocity at a kink",
    sentence: "When DIN crosses a kink its velocity jumps by −β times the jump of the gradient, along the normal, while u \
               and the tangential velocity stay continuous.",
    statement: r"\dot\theta^+-\dot\theta^-=-\beta\,(v^+-v^-)=-\beta\Delta\,n,\qquad u^+=u^-",
    hypotheses: &[
        "the kink is crossed transversally, one surface at a time (seen on the run)",
        "the gradients on the two sides are exact (from the pieces of the formula)",
    ],
    sources: &[sources::at(sources::SHOCKS, "shock laws"), sources::at(sources::JMLR, "inclusion (6)")],
    differences: "derived in this file for ∂J of any locally Lipschitz J with smooth pieces; Attouch et al. treat convex potentials",
    measured: "Difference quotients of the shipped iterates on either side, extrapolated to the crossing, with small steps; \
               prediction from the one-sided gradients at the crossing point.",
    refuted_by: "a normal jump other than −βΔ, a jump of the tangential velocity or of u",
    tolerance: "10⁻⁴ of β‖Δv‖; the error derived in the file is γ(|1−αβ|/β + Lβ) of it, 10⁻⁵ and below, and must show in the \
                change when γ is halved as less than a tenth; rounding ε‖θ‖/γ",
    control: "gross: the heavy ball (β = 0) and u in place of the velocity, neither of which jumps; near miss: β larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "some 10⁴ steps per case",
};

/// The second run's step as a fraction of the first one's.
const ZOOM: f64 = 1e-3;
/// States kept before and after a crossing.
const NEAR: usize = 4;

/// Which quantity is said to jump.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Jumping {
    Velocity,
    Auxiliary,
}

/// One passage.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    step_size: f64,
    theta: Vec<f64>,
    start: String,
    steps: u64,
    /// Number of the crossing, from 0.
    crossing: usize,
    jumping: Jumping,
    /// β of the prediction.
    claimed: f64,
    own: bool,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64], crossing: usize) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            step_size: 1e-4,
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            steps: 200_000,
            crossing,
            jumping: Jumping::Velocity,
            claimed: beta,
            own: false,
            initial: Start::Rest,
        }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, crossing, start, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?} ({start}), crossing {}", crossing + 1)
    }
}

/// States (θ, u) about a crossing: it lies between number NEAR − 1 and number NEAR.
struct Passage {
    states: Vec<Vec<f64>>,
    /// Sides of all kink surfaces before and after.
    sides: [Vec<i8>; 2],
    step_size: f64,
}

fn sides(tape: &Tape, x: &[f64], scratch: &mut Scratch<f64>) -> Vec<i8> {
    let mut values = vec![0.0; tape.kinks().len()];
    tape.kink_values(x, scratch, &mut values);
    values.iter().map(|g| if *g > 0.0 { 1 } else { -1 }).collect()
}

/// Runs until crossing number `crossing` has been passed: sides that held for NEAR steps before and hold for NEAR after,
/// so that chattering is none.
fn passage(
    case: &Case,
    theta: &[f64],
    start: &Start,
    step_size: f64,
    crossing: usize,
) -> Result<Option<Passage>, CheckError> {
    let Some(tape) = case.objective.tape() else { return Ok(None) };
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, theta.to_vec(), Schedule::Constant(step_size), case.steps);
    run.start = start.clone();
    run.grid = Grid::Every(1);
    let mut scratch = Scratch::new();
    let mut recent: Vec<(Vec<f64>, Vec<i8>)> = Vec::new();
    let mut passed = 0;
    let mut found = None;
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        if recent.len() == 2 * NEAR {
            recent.remove(0);
        }
        recent.push((o.state.to_vec(), sides(tape, o.theta, &mut scratch)));
        if recent.len() < 2 * NEAR {
            return Flow::Continue;
        }
        let (before, after) = (&recent[NEAR - 1].1, &recent[NEAR].1);
        let steady =
            recent[..NEAR].iter().all(|r| r.1 == *before) && recent[NEAR..].iter().all(|r| r.1 == *after);
        if before == after || !steady {
            return Flow::Continue;
        }
        passed += 1;
        if passed <= crossing {
            return Flow::Continue;
        }
        let states = recent.iter().map(|r| r.0.clone()).collect();
        found = Some(Passage { states, sides: [before.clone(), after.clone()], step_size });
        Flow::Stop
    })?;
    match outcome.status {
        Status::ReachedEnd | Status::Interrupted => Ok(found),
        status if case.own => {
            Err(CheckError::OwnCase { reason: format!("the run ended as {status} before it crossed a kink") })
        }
        status => Err(CheckError::UnexpectedStatus { what: case.words(), status, expected: "reached-end" }),
    }
}

/// The same crossing with small steps, from the state before it.
fn zoomed(case: &Case, zoom: f64) -> Result<Option<Passage>, CheckError> {
    let Some(coarse) = passage(case, &case.theta, &case.initial, case.step_size, case.crossing)? else {
        return Ok(None);
    };
    let n = case.theta.len();
    let (theta, u) = coarse.states[NEAR - 2].split_at(n);
    passage(case, theta, &Start::Auxiliary(u.to_vec()), zoom * case.step_size, 0)
}

/// Parabola through values at −2, −1, 0 (times `direction`), at s.
fn extrapolate(values: [&[f64]; 3], s: f64) -> Vec<f64> {
    // Lagrange weights of the nodes −2, −1, 0.
    let weights = [0.5 * s * (s + 1.0), -s * (s + 2.0), 0.5 * (s + 1.0) * (s + 2.0)];
    let mut sum = vec![0.0; values[0].len()];
    for (w, v) in weights.iter().zip(values) {
        axpy(*w, v, &mut sum);
    }
    sum
}

/// What jumps at a crossing, and what should.
struct Jump {
    velocity: Vec<f64>,
    auxiliary: Vec<f64>,
    /// v⁺ − v⁻ at the crossing point.
    gradient: Vec<f64>,
}

fn jump(case: &Case, passage: &Passage) -> Jump {
    let n = case.theta.len();
    let theta = |k: usize| &passage.states[k][..n];
    let u = |k: usize| &passage.states[k][n..];
    let gamma = passage.step_size;
    let w =
        |k: usize| -> Vec<f64> { theta(k + 1).iter().zip(theta(k)).map(|(b, a)| (b - a) / gamma).collect() };
    let last = NEAR - 1;
    let changed = (0..passage.sides[0].len()).find(|&k| passage.sides[0][k] != passage.sides[1][k]);
    let tape = case.objective.tape();
    let mut scratch = Scratch::new();
    let mut g = |x: &[f64]| {
        let mut values = vec![0.0; passage.sides[0].len()];
        if let Some(tape) = tape {
            tape.kink_values(x, &mut scratch, &mut values);
        }
        changed.map_or(f64::NAN, |k| values[k])
    };
    // Fraction of the step before the crossing.
    let (before, after) = (g(theta(last)), g(theta(last + 1)));
    let s = before / (before - after);
    let minus = [w(last - 2), w(last - 1), w(last)];
    let plus = [w(last + 3), w(last + 2), w(last + 1)];
    let difference = |from: [&[f64]; 3], to: [&[f64]; 3]| -> Vec<f64> {
        let (a, b) = (extrapolate(from, s), extrapolate(to, 1.0 - s));
        b.iter().zip(a).map(|(b, a)| b - a).collect()
    };
    let velocity = difference([&minus[0], &minus[1], &minus[2]], [&plus[0], &plus[1], &plus[2]]);
    let auxiliary = difference([u(last - 2), u(last - 1), u(last)], [u(last + 3), u(last + 2), u(last + 1)]);
    let crossing = extrapolate([theta(last - 2), theta(last - 1), theta(last)], s);
    let mut gradient = vec![0.0; n];
    if let Some(tape) = tape {
        for (sign, sides) in [(-1.0, &passage.sides[0]), (1.0, &passage.sides[1])] {
            let mut v = vec![0.0; n];
            tape.gradient_on_piece(&crossing, sides, &mut Scratch::new(), &mut v);
            axpy(sign, &v, &mut gradient);
        }
    }
    Jump { velocity, auxiliary, gradient }
}

impl Check for KinkVelocityJump {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let from = |start: Start, case: Case| Case { start: start.to_string(), initial: start, ..case };
        let mut cases = vec![
            Case::new("power:1", 0.5, 0.1, &[1.0], 0),
            // αβ > 1; slopes −1 and 3.
            from(Start::Velocity(vec![-9.0]), Case::new("expr:max(3*x,-x)", 2.0, 0.6, &[1.0], 0)),
            // A concave kink accelerates.
            from(Start::Speed(1.0), Case::new("expr:x^2-0.8*abs(x-0.5)", 0.3, 0.2, &[1.5], 0)),
            // The valley across θ₁ = 0, and an oblique kink with its own curvature.
            Case::new("valley", 0.5, 0.1, &[-0.9, 1.0], 0),
            Case::new("expr:0.7*abs(x-2*y)+0.5*x^2+y^2", 0.4, 0.15, &[1.3, -0.2], 0),
            // A curved kink, with a nested one that is not crossed.
            Case::new("expr:abs(y-x^2)+max(x,-3)+0.5*(x-0.3)^2", 0.4, 0.1, &[0.4, 1.2], 0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("power:1", 0.0, 0.05, &[1.0], 3));
            cases.push(Case::new("wells:0.5,1,2", 0.1, 0.2, &[3.0], 0));
            cases.push(Case::new("sum:abs(x);-0.4*max(x,2*x);0.3*(x-2)^2", 0.3, 0.3, &[-2.0], 0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::new("power:1", 0.5, 0.1, &[1.0], 0);
        vec![
            Case { beta: 0.0, ..case.clone() },
            Case { jumping: Jumping::Auxiliary, ..case.clone() },
            Case { claimed: 1.001 * case.beta, ..case },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective with a kink";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let initial = own.start.clone().unwrap_or_default();
        let step_size = own.step_size.unwrap_or(1e-4);
        let until = own.until.unwrap_or(50.0);
        Ok(Case {
            theta: own.start_point()?,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size,
            start: initial.to_string(),
            steps: own.steps.unwrap_or((until / step_size).ceil() as u64),
            crossing: 0,
            jumping: Jumping::Velocity,
            claimed: own.beta.unwrap_or(0.1),
            own: true,
            initial,
            objective,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let kinks = case.objective.tape().map_or(0, |tape| tape.kinks().len());
        let crosses = !case.own || kinks == 0 || !matches!(zoomed(case, ZOOM), Ok(None));
        let words = "the run crosses a kink";
        vec![
            Hypothesis::exact("J has kinks", kinks > 0),
            match crosses {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let missing = || CheckError::UnexpectedStatus {
            what: case.words(),
            status: Status::ReachedEnd,
            expected: "event at a kink",
        };
        let fine = zoomed(case, ZOOM)?.ok_or_else(missing)?;
        let finer = zoomed(case, 0.5 * ZOOM)?.ok_or_else(missing)?;
        let (rough, jump) = (jump(case, &fine), jump(case, &finer));
        let size = norm(&jump.gradient);
        if size <= 1e-9 * (1.0 + norm(&finer.states[NEAR])) {
            return Err(CheckError::needs(
                "a kink across which ∇J jumps: at the one that the run crosses it does not",
            ));
        }
        let normal: Vec<f64> = jump.gradient.iter().map(|g| g / size).collect();
        let split = |v: &[f64]| {
            let along = dot(v, &normal);
            let mut rest = v.to_vec();
            axpy(-along, &normal, &mut rest);
            (along, norm(&rest))
        };
        let scale = case.claimed * size;
        let reach = norm(&finer.states[NEAR]) + 1.0;
        let budget = Budget {
            rounding: 64.0 * f64::EPSILON * reach / finer.step_size,
            discretisation: 1e-4 * scale,
            ..Budget::default()
        };
        let chosen = |j: &Jump| match case.jumping {
            Jumping::Velocity => split(&j.velocity),
            Jumping::Auxiliary => split(&j.auxiliary),
        };
        let ((across, along), (before, beside)) = (chosen(&jump), chosen(&rough));
        let (u, u_rough) = (norm(&jump.auxiliary), norm(&rough.auxiliary));
        let all = [
            Measurement::equal("jump of the normal velocity", across, -scale, budget)
                .refined(across - before),
            Measurement::at_most("jump of the tangential velocity", along, 0.0, budget)
                .refined(along - beside),
            Measurement::at_most("jump of u", u, 0.0, budget).refined(u - u_rough),
        ];
        Ok(all.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new("valley", 0.5, 0.1, &[-0.9, 1.0], 0);
        let (alpha, beta, gamma) = (case.alpha, case.beta, 1e-4);
        let method = Method::Indian { alpha, beta };
        let mut run = Run::new(method, case.theta.clone(), Schedule::Constant(gamma), 60_000);
        run.start = case.initial.clone();
        let mut states: Vec<[f64; 2]> = Vec::new();
        let (mut crossed, mut after) = (None, 0);
        iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
            if crossed.is_none() && o.theta[0] > 0.0 {
                crossed = Some(o.index as usize);
            }
            states.push([o.theta[0], o.state[2]]);
            after += usize::from(crossed.is_some());
            if after > 400 {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })?;
        let at = crossed.unwrap_or(states.len() - 2);
        let shown = at.saturating_sub(400)..states.len() - 1;
        let time = |k: usize| (k as f64 - at as f64) * gamma;
        let t: Vec<f64> = shown.clone().map(time).collect();
        let velocity = shown.clone().map(|k| (states[k + 1][0] - states[k][0]) / gamma).collect();
        let u = shown.map(|k| states[k][1]).collect();
        let panel = Panel::new("", Axis::linear("time from the crossing"), Axis::linear("first component"))
            .with(Layer::curve("velocity θ₁′", t.clone(), velocity, 0))
            .with(Layer::Curve { label: "u₁".into(), x: t, y: u, color: 1, dash: Dash::Dashed })
            .with(Layer::Vertical { label: String::new(), x: 0.0, color: 7, dash: Dash::Dotted });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "The velocity jumps at a kink, u does not".into(),
            caption: "INDIAN on the valley across θ₁ = 0, α = 0.5, β = 0.1, γ = 10⁻⁴, from (−0.9, 1) at rest"
                .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
