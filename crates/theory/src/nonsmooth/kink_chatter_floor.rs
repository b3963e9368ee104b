//! With a fixed step INDIAN does not come to rest at a kink that attracts it: J stays at the floor
//! J* + γβ|v⁻||v⁺|/2 in the mean, v⁻ and v⁺ the two one-sided gradients there.
//!
//! *Derivation.* Near the kink point θ* let J be positively homogeneous about θ* (two affine pieces), so that
//! ⟨v, θ − θ*⟩ = J − J* for v = ∇J(θ). Once u has settled, θ₊ = θ − γβv, hence
//! ‖θ₊ − θ*‖² = ‖θ − θ*‖² − 2γβ(J − J*) + γ²β²‖v‖². The path stays bounded, so in the mean J − J* = ½γβ‖v‖², and v = 0:
//! v⁺ is taken with frequency |v⁻|/(|v⁻| + |v⁺|), which gives mean ‖v‖² = |v⁻||v⁺|. It does not depend on where in its
//! interval the orbit moves. One step goes from the side + down by γβv⁺ and from the side − up by γβ|v⁻|, so the normal
//! coordinate stays in [−γβ|v⁺|, γβ|v⁻|]. For |θ|: the mean of |θ| is γβ/2 and its range [0, γβ].
//!
//! *Corrections.* u alternates by about γ|1 − αβ|·|v|/2 beside β|v|: relative error γ|1 − αβ|/β. Curvature L of the pieces:
//! relative error Lγβ. A mean over W steps differs by the telescoped end terms, at most (γβ·max|v|)²/(2γβW), which is r/W of
//! it, r the ratio of the larger slope to the smaller; the halves of the window then differ by 2r/W, and 20r/W is allowed.

use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, dot, max, min, norm};
use dinlab_objective::{tape::Scratch, Start};
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
    terms::project,
};

/// The check.
pub struct KinkChatterFloor;

static CLAIM: Claim = Claim {
    id: "kink-chatter-floor",
    family: 'B',
    title: "Floor of INDIAN with a fixed step at a kink",
    sentence: "With a fixed step INDIAN ends by jumping across an attracting kink: J stays above its minimum by \
               γβ|v⁻||v⁺|/2 in the mean, and the distance from the kink within γβ times the slopes.",
    statement: r"\langle J-J^*\rangle=\tfrac12\gamma\beta\,|v^-||v^+|\,(1+O(\gamma)),\qquad n\cdot(\theta_k-\theta^*)\in\gamma\beta\,[-|v^+|,|v^-|]\,(1+O(\gamma))",
    hypotheses: &[
        "β > 0 (exact)",
        "the run settles at a kink with two pieces and opposite slopes (seen on the run)",
        "|u| is small beside β|v| at the end (measured)",
    ],
    sources: &[sources::at(sources::JMLR, "Figure 1 and section 5.2 show the floor")],
    differences: "derived in this file; no printed form",
    measured: "The last W iterations of the shipped algorithm: mean of J − J*, extent of the normal coordinate on both sides, \
               mean of u. The window must lie on two pieces of J; J* is J at the \
               mean iterate moved onto the kink between them, and v⁻, v⁺ are the gradients of the pieces there.",
    refuted_by: "a mean floor other than the prediction, or an excursion beyond the interval",
    tolerance: "γ|1−αβ|/β + Lγβ + 20r/W in relative terms, derived in the file; the halves of the window must agree ten times better",
    control: "gross: vanishing steps (the floor disappears), a smooth J (there is none); near misses: β larger by 2%, and by 10⁻³ at a small step",
    evidence: Evidence::Resolved,
    cost: "10⁵ to 10⁶ iterations per case",
};

/// Iterations of the window at most.
const WINDOW: u64 = 100_000;

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    schedule: Schedule,
    theta: Vec<f64>,
    start: String,
    steps: u64,
    /// Factor of β in the prediction.
    factor: f64,
    /// Control: slopes claimed where there is no kink.
    claimed: Option<[f64; 2]>,
    own: bool,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, step_size: f64, theta: &[f64], time: f64) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            schedule: Schedule::Constant(step_size),
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            steps: (time / step_size).ceil() as u64,
            factor: 1.0,
            claimed: None,
            own: false,
            initial: Start::Rest,
        }
    }

    /// A tolerance of 4·10⁻⁴: half from the step, half from the window.
    fn fine() -> Self {
        Self::new("power:1", 0.5, 0.1, 2e-5, &[1.0], 20.0)
    }

    fn step_size(&self) -> f64 {
        self.schedule.at(0)
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, steps, .. } = self;
        let gamma = self.step_size();
        format!("{objective}, α={alpha}, β={beta}, γ={gamma}, θ₀={theta:?}, {steps} steps")
    }
}

/// The last iterations of a run.
struct Window {
    theta: Vec<Vec<f64>>,
    u: Vec<Vec<f64>>,
}

fn window(case: &Case) -> Result<Window, CheckError> {
    let n = case.theta.len();
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, case.theta.clone(), case.schedule.clone(), case.steps);
    run.start = case.initial.clone();
    let first = case.steps - WINDOW.min(case.steps / 2);
    let mut kept = Window { theta: Vec::new(), u: Vec::new() };
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        if o.index >= first {
            kept.theta.push(o.theta.to_vec());
            kept.u.push(o.state[n..].to_vec());
        }
        Flow::Continue
    })?;
    match outcome.status {
        Status::ReachedEnd => Ok(kept),
        status if case.own => {
            let reason = format!("the run ended as {status}: it needs one that settles at a kink");
            Err(CheckError::OwnCase { reason })
        }
        status => Err(CheckError::UnexpectedStatus { what: case.words(), status, expected: "reached-end" }),
    }
}

/// The kink the window lives on.
struct Site {
    point: Vec<f64>,
    value: f64,
    /// Unit normal from the side − to the side +, and v⁻ < 0 < v⁺ along it.
    normal: Vec<f64>,
    slopes: [f64; 2],
}

/// `None` unless the window lies on two pieces of J, with opposite gradients.
fn site(case: &Case, window: &Window) -> Option<Site> {
    let tape = case.objective.tape()?;
    let mut scratch = Scratch::new();
    let mut values = vec![0.0; tape.kinks().len()];
    // The pieces visited, and how often.
    let mut pieces: Vec<(Vec<i8>, usize)> = Vec::new();
    for theta in &window.theta {
        tape.kink_values(theta, &mut scratch, &mut values);
        let signs: Vec<i8> = values.iter().map(|g| if *g > 0.0 { 1 } else { -1 }).collect();
        if let Some((_, count)) = pieces.iter_mut().find(|(known, _)| *known == signs) {
            *count += 1;
        } else if pieces.len() == 2 {
            return None;
        } else {
            pieces.push((signs, 1));
        }
    }
    let [(first, often), (second, seldom)] = &pieces[..] else { return None };
    // One passage is no chatter: an orbit with slopes of ratio r is on the rarer side once in 1 + r steps.
    if 100 * often.min(seldom) < window.theta.len() {
        return None;
    }
    let kink = (0..first.len()).find(|&k| first[k] != second[k])?;
    let mut point = vec![0.0; case.theta.len()];
    for theta in &window.theta {
        dinlab_numeric::axpy(1.0 / window.theta.len() as f64, theta, &mut point);
    }
    point = project(tape, kink, point);
    let mut gradient = |signs: &[i8]| {
        let mut v = vec![0.0; point.len()];
        tape.gradient_on_piece(&point, signs, &mut scratch, &mut v);
        v
    };
    let (minus, plus) = match first[kink] < 0 {
        true => (gradient(first), gradient(second)),
        false => (gradient(second), gradient(first)),
    };
    let size = distance(&minus, &plus);
    let normal: Vec<f64> = plus.iter().zip(&minus).map(|(p, m)| (p - m) / size).collect();
    let slopes = [dot(&minus, &normal), dot(&plus, &normal)];
    let value = tape.value_with(&point, &mut scratch);
    (slopes[0] < 0.0 && slopes[1] > 0.0).then_some(Site { point, value, normal, slopes })
}

/// Mean of J − J* over part of the window.
fn mean_excess(case: &Case, states: &[Vec<f64>], lowest: f64) -> f64 {
    let mut oracle = case.objective.oracle();
    let excess: Vec<f64> = states.iter().map(|theta| oracle.value(theta) - lowest).collect();
    dinlab_numeric::sum(&excess) / excess.len() as f64
}

/// Largest curvature of the pieces at the last iterate, which lies on no kink.
fn curvature(case: &Case, window: &Window) -> f64 {
    let n = case.theta.len();
    let mut hessian = vec![0.0; n * n];
    let last = &window.theta[window.theta.len() - 1];
    case.objective.oracle().hessian(last, &mut hessian);
    norm(&hessian)
}

impl Check for KinkChatterFloor {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("power:1", 0.5, 0.1, 2e-4, &[1.0], 20.0),
            Case::fine(),
            // αβ > 1, and slopes 2 and −1/2.
            Case::new("expr:max(2*x,-0.5*x)", 2.0, 1.0, 1e-3, &[0.7], 30.0),
            // Slopes 3.5 and −2.5.
            Case::new("expr:3*abs(x-1)+0.5*x", 0.5, 0.1, 2e-4, &[0.0], 20.0),
            // An oblique kink: v = ±(1, −1).
            Case::new("expr:abs(x-y)+0.5*(x+y-2)^2", 0.7, 0.2, 2e-4, &[0.4, 1.1], 30.0),
            Case::new("valley", 0.5, 0.1, 1e-4, &[0.6, 0.8], 30.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("valley", 1.0, 0.2, 2e-5, &[-0.7, 0.6], 40.0));
            cases.push(Case::new("wells:0.5,1,2", 0.0, 0.3, 1e-4, &[1.6], 30.0));
            cases.push(Case::new("power:1", 0.5, 0.1, 1e-6, &[0.3], 5.0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::new("power:1", 0.5, 0.1, 2e-4, &[1.0], 20.0);
        let vanishing = Schedule::Power { initial: 2e-3, exponent: 0.5 };
        vec![
            Case { schedule: vanishing, steps: 1_000_000, ..case.clone() },
            Case { claimed: Some([-1.0, 1.0]), ..Case::new("quadratic:1", 0.5, 0.1, 1e-3, &[1.0], 100.0) },
            Case { factor: 1.02, ..case },
            Case { factor: 1.001, ..Case::fine() },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective with a kink";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let step_size = own.step_size.unwrap_or(1e-4);
        let initial = own.start.clone().unwrap_or_default();
        let steps = own.steps.unwrap_or_else(|| (50.0 / step_size).ceil() as u64);
        if steps < 1000 {
            return Err(CheckError::OwnCase { reason: "it needs at least 1000 steps".into() });
        }
        Ok(Case {
            objective,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            schedule: Schedule::Constant(step_size),
            theta: own.start_point()?,
            start: initial.to_string(),
            steps,
            factor: 1.0,
            claimed: None,
            own: true,
            initial,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let kinks = case.objective.tape().map_or(0, |tape| tape.kinks().len());
        let settles = if case.own && kinks > 0 && case.beta > 0.0 {
            // A run that breaks down is reported when it is measured.
            window(case).map_or(true, |window| site(case, &window).is_some())
        } else {
            true
        };
        let words = "the run settles at a kink with two pieces and opposite slopes";
        vec![
            Hypothesis::exact("β > 0", case.beta > 0.0),
            Hypothesis::exact("J has kinks", kinks > 0),
            match settles {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let (gamma, beta) = (case.step_size(), case.factor * case.beta);
        let window = window(case)?;
        let count = window.theta.len();
        let found = site(case, &window);
        let lowest = match &found {
            Some(site) => site.value,
            None => {
                window.theta.iter().map(|theta| case.objective.oracle().value(theta)).fold(f64::INFINITY, min)
            }
        };
        let slopes = found.as_ref().map(|site| site.slopes).or(case.claimed).unwrap_or([f64::NAN; 2]);
        let steepness = -slopes[1] / slopes[0];
        let ratio = max(steepness, 1.0 / steepness);
        let relative = gamma * (1.0 - case.alpha * case.beta).abs() / case.beta
            + curvature(case, &window) * gamma * case.beta
            + 20.0 * ratio / count as f64;
        let predicted = 0.5 * gamma * beta * -slopes[0] * slopes[1];
        let mean = mean_excess(case, &window.theta, lowest);
        let halves = [&window.theta[..count / 2], &window.theta[count / 2..]]
            .map(|half| mean_excess(case, half, lowest) - mean);
        let mut all = vec![Measurement::equal(
            "mean of J − J*",
            mean,
            predicted,
            Budget::discretisation(relative * predicted),
        )
        .refined(max(halves[0].abs(), halves[1].abs()))];
        if let Some(site) = &found {
            all.extend(excursions(case, site, &window, relative, beta));
        }
        Ok(all.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let shown = [
            ("valley, θ₁ − 1", Case::new("valley", 0.5, 0.1, 1e-4, &[0.6, 0.8], 30.0)),
            ("3|θ − 1| + ½θ", Case::new("expr:3*abs(x-1)+0.5*x", 0.5, 0.1, 2e-4, &[0.0], 20.0)),
        ];
        let panels: Result<Vec<Panel>, CheckError> =
            shown.iter().enumerate().map(|(color, (title, case))| histogram(title, case, color)).collect();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Where INDIAN stays at a kink".into(),
            caption: "the last half of the iterations, 100,000 at most; the vertical lines are the ends −|v⁺| and |v⁻| of the interval"
                .into(),
            columns: 2,
            panels: panels?,
        })
    }
}

/// How far the window goes to either side, and how small u has become.
fn excursions(case: &Case, site: &Site, window: &Window, relative: f64, beta: f64) -> Vec<Measurement> {
    let gamma = case.step_size();
    let coordinates = coordinates(site, window);
    let [low, high] = [dinlab_numeric::minimum(&coordinates), dinlab_numeric::maximum(&coordinates)];
    let size = distance(&[site.slopes[0]], &[site.slopes[1]]);
    let budget = Budget::bound(relative * gamma * beta * size);
    let mut u = vec![0.0; site.point.len()];
    for state in &window.u {
        dinlab_numeric::axpy(1.0 / window.u.len() as f64, state, &mut u);
    }
    let least = min(-site.slopes[0], site.slopes[1]);
    vec![
        Measurement::at_most("farthest on the side +", high, -gamma * beta * site.slopes[0], budget),
        Measurement::at_most("farthest on the side −", -low, gamma * beta * site.slopes[1], budget),
        Measurement::at_least("width of the interval visited", high - low, 0.5 * gamma * beta * size, budget),
        Measurement::at_most(
            "mean of |u| over β·min(|v⁻|, |v⁺|)",
            dot(&u, &site.normal).abs() / (case.beta * least),
            0.01,
            Budget::default(),
        ),
    ]
}

/// Normal coordinates of the window about the kink point.
fn coordinates(site: &Site, window: &Window) -> Vec<f64> {
    let offset = dot(&site.point, &site.normal);
    window.theta.iter().map(|theta| dot(theta, &site.normal) - offset).collect()
}

fn histogram(title: &str, case: &Case, color: usize) -> Result<Panel, CheckError> {
    let window = window(case)?;
    let missing = || CheckError::OwnCase { reason: "the run did not settle at a kink".into() };
    let site = site(case, &window).ok_or_else(missing)?;
    let unit = case.step_size() * case.beta;
    let scaled: Vec<f64> = coordinates(&site, &window).iter().map(|c| c / unit).collect();
    let (low, high) = (-1.15 * site.slopes[1], -1.15 * site.slopes[0]);
    const BARS: usize = 46;
    let edges: Vec<f64> = (0..=BARS).map(|i| low + (high - low) * i as f64 / BARS as f64).collect();
    let mut heights = vec![0.0; BARS];
    for value in &scaled {
        let bar = ((value - low) / (high - low) * BARS as f64).floor();
        if bar >= 0.0 && bar < BARS as f64 {
            heights[bar as usize] += 1.0;
        }
    }
    let axis = Axis::linear("distance from the kink / γβ");
    let ends = [-site.slopes[1], -site.slopes[0]];
    let mut panel = Panel::new(title, axis, Axis::linear("iterations")).with(Layer::Histogram {
        label: String::new(),
        edges,
        heights,
        color,
    });
    for x in ends {
        panel = panel.with(Layer::Vertical { label: String::new(), x, color: 7, dash: Dash::Dashed });
    }
    Ok(panel)
}
