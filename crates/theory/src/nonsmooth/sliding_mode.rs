//! While DIN slides in a kink its normal auxiliary velocity decays like e^{−t/β} and selects the subgradient, and the
//! tangential motion is DIN of J restricted to the kink.
//!
//! *Derivation.* On a flat kink with unit normal n the motion stays in it while ⟨θ′, n⟩ = 0, that is ⟨v, n⟩ = ⟨u, n⟩/β, which must lie in
//! [⟨v⁻, n⟩, ⟨v⁺, n⟩]; Filippov's v is the element of ∂J with this normal component. Then ⟨u, n⟩′ = −α⟨u, n⟩ − (1 − αβ)⟨u, n⟩/β =
//! −⟨u, n⟩/β. Along the kink all of ∂J has the same component, the derivative of J restricted to it, so the tangential
//! components of θ and u obey DIN of the restriction. Sliding begins exactly where q⁻ = ⟨u − βv⁻, n⟩ > 0 > q⁺ and ends where
//! ⟨u, n⟩/β leaves the interval. In the valley on θ₁ = 1: v₁ = u₁/β ∈ [−1 − 200w, 1 − 200w], θ₂ obeys DIN of 100(θ₂ − 1)²; since both
//! u₁ and w decay, the orbit slides into (1, 1) from some time on.
//!
//! *INDIAN beside it.* It chatters across the kink within γβΔ, Δ = ⟨v⁺ − v⁻, n⟩; so over m steps the mean of its ⟨v, n⟩ differs
//! from that of ⟨u, n⟩/β by Δ/m at most, and from the solution's by O(γ) more.

use dinlab_analysis::least_squares::regress;
use dinlab_din::{
    inclusion::{solve, Options, Sample, Solution},
    Dynamics, Run, Settings,
};
use dinlab_indian::{iterate_observed, Method, Run as IndianRun, Schedule};
use dinlab_numeric::{dot, max, min, norm};
use dinlab_objective::{subdifferential::DIMENSION_LIMIT, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, KinkEventKind, KinkSegment, Measurement,
    Observation, Side,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    judge::compared,
    runs::{flow, require},
    sources,
    subject::Subject,
    terms::{surface, Terms},
};

/// The check.
pub struct SlidingMode;

static CLAIM: Claim = Claim {
    id: "sliding-mode",
    family: 'B',
    title: "Sliding along a kink",
    sentence: "In a flat kink DIN slides with v·n = u·n/β, u·n decaying like e^{−t/β}, and moves along it as DIN of the \
               restriction of J; it starts where both sides lead into the kink and ends when v leaves ∂J.",
    statement: r"u_n(t)=u_n(t_0)e^{-(t-t_0)/\beta},\qquad v=\text{the element of }\partial J\text{ with }v_n=u_n/\beta\in[v_n^-,v_n^+]",
    hypotheses: &[
        "the run slides on one flat kink surface (seen on the run)",
        "β > 0 (exact)",
        "at most three variables, for the test of membership in ∂J (exact)",
    ],
    sources: &[
        sources::at(sources::JMLR, "inclusion (6)"),
        sources::at(sources::SHOCKS, "motion on the boundary after a shock"),
    ],
    differences: "derived in this file; no printed form",
    measured: "On every slide of the event solver: distance from the surface, slope of log |u·n|, distance of the selected v from \
               the polytope ∂J (from the cells, not from the solver), the selection at its exit, the tangential motion against a \
               smooth run of DIN on the restriction, and INDIAN's mean of v·n over 200 steps. Elsewhere: that a first arrival \
               that is too fast crosses.",
    refuted_by: "another decay, a selection outside ∂J, an exit elsewhere, another tangential motion, sliding where it should cross",
    tolerance: "rate 10⁻⁵ relative, halves of the window agree ten times better; membership 10⁻⁸ and exit 10⁻³ of the size of \
                ∂J (θ at the exit is extrapolated from samples); tangential motion 10⁻⁸ (both at 10⁻¹²); INDIAN Δ/200 + the change of v·n over the window + O(γ)",
    control: "gross: a fast first arrival (α = 0.01, β = 10⁻³ in the valley) said to slide; near miss: decay rate larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "milliseconds",
};

/// The restriction of J to a kink line as an objective of its own.
#[derive(Debug, Clone, Serialize)]
struct Restriction {
    objective: Subject,
    /// Unit vector along the line, which passes through 0 in this coordinate.
    tangent: Vec<f64>,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    start: String,
    until: f64,
    /// What happens at the first arrival at kink surface number `.0`: whether it slides.
    first: Option<(usize, bool)>,
    restriction: Option<Restriction>,
    /// Factor of the predicted rate.
    factor: f64,
    own: bool,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: &[f64], until: f64) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            start: Start::Rest.to_string(),
            until,
            first: None,
            restriction: None,
            factor: 1.0,
            own: false,
            initial: Start::Rest,
        }
    }

    fn restricted(self, objective: &str, tangent: [f64; 2]) -> Self {
        let size = norm(&tangent);
        let tangent = tangent.map(|t| t / size).to_vec();
        Self { restriction: Some(Restriction { objective: Subject::named(objective), tangent }), ..self }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, start, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?} ({start})")
    }
}

/// Of the run that is compared with, and of the run that is measured.
const TOLERANCES: [f64; 2] = [1e-11, 1e-12];

fn solution(case: &Case, tolerance: f64) -> Result<Solution, CheckError> {
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &case.theta, case.until);
    run.start = case.initial.clone();
    run.settings = Settings::with_tolerance(tolerance);
    run.samples = 2001;
    let solution = solve(&*case.objective, &run, &Options::default(), &mut Blind)?;
    require(&solution.trajectory.status, &case.words())?;
    Ok(solution)
}

/// A slide on one surface with enough samples.
struct Slide<'a> {
    segment: &'a KinkSegment,
    samples: Vec<&'a Sample>,
    normal: Vec<f64>,
    kink: usize,
    /// Whether it ends by leaving the surface.
    leaves: bool,
}

/// The slides of a solution on single flat surfaces.
fn slides<'a>(case: &Case, solution: &'a Solution) -> Vec<Slide<'a>> {
    const FEWEST: usize = 8;
    let Some(tape) = case.objective.tape() else { return Vec::new() };
    let mut found = Vec::new();
    for (index, segment) in solution.report.segments.iter().enumerate() {
        let on: Vec<usize> = (0..segment.sides.len()).filter(|&k| segment.sides[k] == Side::Slide).collect();
        let [kink] = on[..] else { continue };
        let samples: Vec<&Sample> = solution.samples.iter().filter(|s| s.segment == index).collect();
        if samples.len() < FEWEST {
            continue;
        }
        let unit = |sample: &Sample| {
            let (_, normal) = surface(tape, kink, &sample.theta);
            let size = norm(&normal);
            normal.iter().map(|a| a / size).collect::<Vec<f64>>()
        };
        let normal = unit(samples[0]);
        if samples.iter().all(|s| dinlab_numeric::distance(&unit(s), &normal) < 1e-9) {
            let leaves = solution.report.events.iter().any(|event| {
                event.t == segment.to && event.kind == KinkEventKind::SlideLeave && event.surfaces == [kink]
            });
            found.push(Slide { segment, samples, normal, kink, leaves });
        }
    }
    found
}

/// Slope of log |u·n| over the whole window and over its first half.
fn rates(slide: &Slide<'_>) -> Result<Option<[f64; 2]>, CheckError> {
    let along = |s: &Sample| dot(&s.u, &slide.normal);
    let first = along(slide.samples[0]).abs();
    // Absolute errors of 10⁻¹² are small beside these.
    let clear = |s: &&&Sample| along(s).abs() > max(1e-5 * first, 1e-6);
    let chosen: Vec<&&Sample> = slide.samples.iter().take_while(clear).collect();
    if chosen.len() < 8 {
        return Ok(None);
    }
    let t: Vec<f64> = chosen.iter().map(|s| s.t).collect();
    let y: Vec<f64> = chosen.iter().map(|s| along(s).abs().ln()).collect();
    let half = t.len() / 2;
    Ok(Some([regress(&t, &y)?.slope, regress(&t[..half], &y[..half])?.slope]))
}

fn measure_slide(case: &Case, slide: &Slide<'_>, terms: &Terms) -> Result<Vec<Measurement>, CheckError> {
    let tape = terms.all()[0];
    let (mut off, mut outside, mut normal_speed) = (0.0, 0.0, 0.0);
    let (mut size, mut reach) = (0.0, 0.0);
    for sample in slide.samples.iter().step_by(1 + slide.samples.len() / 100) {
        let (g, normal) = surface(tape, slide.kink, &sample.theta);
        off = max(off, g.abs() / norm(&normal));
        let sets = terms.sets(&sample.theta)?;
        size = max(size, sets.clarke.largest_norm());
        outside = max(outside, sets.clarke.distance(&sample.selection));
        let v = dot(&sample.selection, &slide.normal);
        normal_speed = max(normal_speed, (dot(&sample.u, &slide.normal) - case.beta * v).abs());
        reach = max(reach, norm(&sample.theta));
    }
    let budget = |scale: f64| Budget::discretisation(1e-8 * scale);
    let mut found = vec![
        Measurement::at_most(
            "distance from the surface while it slides",
            off,
            0.0,
            Budget::rounding(1e-11 * (1.0 + reach)),
        ),
        Measurement::at_most("distance of the selection from ∂J", outside, 0.0, budget(1.0 + size)),
        Measurement::at_most("|u·n − βv·n|", normal_speed, 0.0, budget(1.0 + case.beta * size)),
    ];
    if let Some([rate, half]) = rates(slide)? {
        let predicted = -case.factor / case.beta;
        let budget = Budget::discretisation(1e-5 / case.beta);
        found.push(Measurement::equal("rate of log |u·n|", rate, predicted, budget).refined(rate - half));
    }
    if slide.leaves {
        found.extend(measure_exit(slide, terms)?);
    }
    Ok(found)
}

/// Where a slide ends by leaving its surface, the selection is at an end of its interval.
fn measure_exit(slide: &Slide<'_>, terms: &Terms) -> Result<Option<Measurement>, CheckError> {
    let [.., a, b, c] = slide.samples[..] else { return Ok(None) };
    let v = dot(&slide.segment.selection_to, &slide.normal);
    // θ at the exit, from the parabola through the last three samples, which are equidistant.
    let s = (slide.segment.to - c.t) / (c.t - b.t);
    let weights = [0.5 * s * (s + 1.0), -s * (s + 2.0), 0.5 * (s + 1.0) * (s + 2.0)];
    let point: Vec<f64> = (0..c.theta.len())
        .map(|i| weights[0] * a.theta[i] + weights[1] * b.theta[i] + weights[2] * c.theta[i])
        .collect();
    let sets = terms.sets_near(&point, 1e-9)?;
    let back: Vec<f64> = slide.normal.iter().map(|n| -n).collect();
    let ends = [-sets.clarke.support(&back), sets.clarke.support(&slide.normal)];
    let gap = min((v - ends[0]).abs(), (v - ends[1]).abs());
    let budget = Budget::discretisation(1e-3 * (ends[1] - ends[0]));
    let name = "distance of the selection from the end of its interval at the exit";
    Ok(Some(Measurement::at_most(name, gap, 0.0, budget)))
}

/// The tangential motion against DIN of the restriction.
fn measure_tangent(
    case: &Case,
    slide: &Slide<'_>,
    restriction: &Restriction,
) -> Result<Vec<Measurement>, CheckError> {
    let (first, last) = (slide.samples[0], slide.samples[slide.samples.len() - 1]);
    let project = |v: &[f64]| dot(v, &restriction.tangent);
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &[project(&first.theta)], last.t - first.t);
    run.start = Start::Auxiliary(vec![project(&first.u)]);
    run.settings = Settings::with_tolerance(1e-12);
    run.samples = slide.samples.len();
    let along = flow(&*restriction.objective, &run)?;
    let off = along
        .theta
        .iter()
        .zip(&slide.samples)
        .map(|(s, sample)| (s[0] - project(&sample.theta)).abs())
        .fold(0.0, max);
    let travelled = slide.samples.iter().map(|s| (project(&s.theta) - project(&first.theta)).abs());
    let travelled = travelled.fold(0.0, max);
    let name = "distance of the tangential motion from DIN of the restriction";
    let budget = Budget::discretisation(1e-8 * (1.0 + norm(&first.theta)));
    Ok(vec![
        Measurement::at_most(name, off, 0.0, budget),
        Measurement::at_least("distance travelled along the kink", travelled, 1e-4, Budget::default()),
    ])
}

/// INDIAN from a state of the slide: mean of v·n over 200 steps against the solution's.
fn measure_iterates(case: &Case, slide: &Slide<'_>, terms: &Terms) -> Result<Vec<Measurement>, CheckError> {
    const STEPS: u64 = 200;
    const WINDOWS: u64 = 3;
    let first = slide.samples[0];
    let sets = terms.sets(&first.theta)?;
    let strength = sets.clarke.width(&slide.normal);
    let span = slide.samples[slide.samples.len() - 1].t - first.t;
    // Three windows in a fifth of β or of the slide, whichever is shorter.
    let gamma = 0.2 * min(case.beta, span) / (STEPS * WINDOWS) as f64;
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = IndianRun::new(method, first.theta.clone(), Schedule::Constant(gamma), STEPS * WINDOWS);
    run.start = Start::Auxiliary(first.u.clone());
    let mut oracle = case.objective.oracle();
    let mut v = vec![0.0; first.theta.len()];
    let mut means = vec![0.0; WINDOWS as usize];
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        oracle.gradient(o.theta, &mut v);
        let window = (o.index / STEPS) as usize;
        if let Some(mean) = means.get_mut(window) {
            *mean += dot(&v, &slide.normal) / STEPS as f64;
        }
        Flow::Continue
    })?;
    require(&outcome.status, &case.words())?;
    let start = dot(&first.u, &slide.normal) / case.beta;
    let mut found = Vec::new();
    for (k, mean) in means.iter().enumerate() {
        let middle = (k as f64 + 0.5) * STEPS as f64 * gamma;
        let expected = start * (-middle / case.beta).exp();
        // Δ/m for the chatter; the solution is convex in time within the window: its mean and its middle differ by less
        // than the change over the window; the first window starts inside the chatter band.
        let change = start.abs() * STEPS as f64 * gamma / case.beta;
        let budget = Budget::bound(2.0 * strength / STEPS as f64 + change * 0.25);
        let name = format!("mean of INDIAN's v·n, window {}", k + 1);
        found.push(Measurement::equal(name, *mean, expected, budget));
    }
    Ok(found)
}

/// What happens when the run first reaches a surface.
fn measure_first(solution: &Solution, kink: usize, expected: bool) -> Measurement {
    let first = solution.report.events.iter().find(|e| e.surfaces.contains(&kink));
    let slid = first.map(|e| e.kind == KinkEventKind::SlideEnter);
    let name = if expected { "slides at the first arrival" } else { "crosses at the first arrival" };
    Measurement::holds(name, slid == Some(expected))
}

/// All measurements of a run with one tolerance.
fn measured(case: &Case, tolerance: f64, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    context.proceed()?;
    let solution = solution(case, tolerance)?;
    let mut found = Vec::new();
    if let Some((kink, slid)) = case.first {
        found.push(measure_first(&solution, kink, slid));
    }
    let whole = case.objective.tape().map(Terms::whole);
    if let Some(terms) = whole.filter(|_| case.first.is_none()) {
        let slides = slides(case, &solution);
        found.push(Measurement::at_least("slides seen", slides.len() as f64, 1.0, Budget::default()));
        for slide in &slides {
            context.proceed()?;
            found.extend(measure_slide(case, slide, &terms)?);
            found.extend(measure_iterates(case, slide, &terms)?);
            if let Some(restriction) = &case.restriction {
                found.extend(measure_tangent(case, slide, restriction)?);
            }
        }
    }
    Ok(found)
}

impl Check for SlidingMode {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            // Into (1, 1).
            Case::new("valley", 0.5, 0.1, &[-1.5, 0.0], 20.0).restricted("expr:100*(x-1)^2", [0.0, 1.0]),
            // On θ₁ = 0 below the kink's vertex, until u₁ is too large.
            Case::new("valley", 0.5, 0.1, &[0.0, -0.2], 1.0).restricted("expr:100*x^2", [0.0, 1.0]),
            Case { first: Some((1, false)), ..Case::new("valley", 0.01, 1e-3, &[-0.5, 0.5], 20.0) },
            // Oblique: on x = y.
            Case::new("expr:2*abs(x-y)+0.5*(x-1)^2+y^2", 0.4, 0.3, &[1.2, 0.2], 8.0)
                .restricted("expr:0.5*(x/sqrt(2)-1)^2+0.5*x^2", [1.0, 1.0]),
            // Slopes 3 and −1 across 2x + y = 0, αβ > 1; on it J = ½(s√5 − 1)², θ = s(1, −2)/√5 … x = s/√5.
            Case::new("expr:max(6*x+3*y,-2*x-y)+0.5*(5*x-1)^2", 2.5, 0.8, &[1.0, 0.5], 6.0)
                .restricted("expr:0.5*(sqrt(5)*x-1)^2", [1.0, -2.0]),
        ];
        if effort > Effort::Quick {
            cases.push(
                Case::new("valley", 2.0, 0.7, &[-0.4, 1.3], 20.0).restricted("expr:100*(x-1)^2", [0.0, 1.0]),
            );
            cases.push(Case::new("expr:abs(x)+0.5*abs(y)+0.1*(x+y-1)^2", 0.3, 0.2, &[1.5, 2.0], 20.0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let fast = Case::new("valley", 0.01, 1e-3, &[-0.5, 0.5], 20.0);
        let near = Case::new("expr:2*abs(x-y)+0.5*(x-1)^2+y^2", 0.4, 0.3, &[1.2, 0.2], 8.0);
        vec![Case { first: Some((1, true)), ..fast }, Case { factor: 1.001, ..near }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective with kinks";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let initial = own.start.clone().unwrap_or_default();
        Ok(Case {
            theta: own.start_point()?,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            start: initial.to_string(),
            until: own.until.unwrap_or(20.0),
            first: None,
            restriction: None,
            factor: 1.0,
            own: true,
            initial,
            objective,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let kinks = case.objective.tape().map_or(0, |tape| tape.kinks().len());
        let low = case.theta.len() <= DIMENSION_LIMIT;
        let askable = case.own && low && kinks > 0 && case.beta > 0.0;
        let seen = !askable
            || solution(case, TOLERANCES[1])
                .map_or(true, |s| s.report.branches.is_empty() && !slides(case, &s).is_empty());
        let words = "the run slides on one flat kink surface for a while, and no state of it branches";
        vec![
            Hypothesis::exact("J has kinks", kinks > 0),
            Hypothesis::exact("β > 0", case.beta > 0.0),
            Hypothesis::exact("at most three variables", low),
            match seen {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let [coarse, fine] = TOLERANCES.map(|tolerance| measured(case, tolerance, context));
        Ok(compared(fine?, &coarse?).into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new("valley", 0.5, 0.1, &[-1.5, 0.0], 20.0);
        let solution = solution(&case, TOLERANCES[1])?;
        let slides = slides(&case, &solution);
        let missing = || CheckError::OwnCase { reason: "the run does not slide".into() };
        let slide = slides.last().ok_or_else(missing)?;
        let tape = case.objective.tape().ok_or_else(missing)?;
        let terms = Terms::whole(tape);
        let end = slide.segment.from + 6.0 * case.beta;
        let shown: Vec<&&Sample> = slide.samples.iter().filter(|s| s.t <= end).collect();
        let t: Vec<f64> = shown.iter().map(|s| s.t).collect();
        let v = shown.iter().map(|s| dot(&s.selection, &slide.normal)).collect();
        let back: Vec<f64> = slide.normal.iter().map(|n| -n).collect();
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for sample in &shown {
            let sets = terms.sets(&sample.theta)?;
            low.push(-sets.clarke.support(&back));
            high.push(sets.clarke.support(&slide.normal));
        }
        let first = dot(&shown[0].selection, &slide.normal);
        let decay = t.iter().map(|s| first * (-(s - t[0]) / case.beta).exp()).collect();
        let panel = Panel::new("", Axis::linear("t"), Axis::linear("v₁"))
            .with(Layer::Band { label: "∂J".into(), x: t.clone(), low, high, color: 0 })
            .with(Layer::curve("selected v₁", t.clone(), v, 1))
            .with(Layer::Curve { label: "e^(−t/β)".into(), x: t, y: decay, color: 2, dash: Dash::Dashed });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "The selected subgradient while DIN slides in θ₁ = 1".into(),
            caption: "valley, α = 0.5, β = 0.1, from (−1.5, 0) at rest".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
