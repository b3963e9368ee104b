//! d/dt J(c(t)) = ⟨v, ċ(t)⟩ for every v ∈ ∂J(c(t)), even every v ∈ D_J(c(t)), and almost every t.
//!
//! A curve that only crosses kinks says little: it is on them at isolated times. So the curves here run *inside* kink
//! surfaces, where ∂J and D_J are segments or polygons: the width of the set in the direction ċ must vanish, and the common
//! value be the derivative of J along the curve, which is taken from differences of J alone. Along curves that cross kinks the
//! integral form is measured with selections drawn at random from D_J.
//!
//! *Error of the integral form.* The midpoint rule on n intervals of length h is exact where ⟨v, ċ⟩ is affine in t, which it is
//! on the smooth pieces here (quadratic pieces, straight curves). An interval with a crossing adds at most half the jump of
//! ⟨v, ċ⟩ times h, whichever piece its midpoint falls in. The jumps are read off the samples.

use dinlab_din::{inclusion::solve, Dynamics, Run, Settings};
use dinlab_numeric::{axpy, dot, max, norm};
use dinlab_objective::{
    subdifferential::{Polytope, DIMENSION_LIMIT},
    tape::Scratch,
    Regularity,
};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
    terms::{project, surface, Terms},
};

/// The check.
pub struct ChainRule;

static CLAIM: Claim = Claim {
    id: "chain-rule",
    family: 'B',
    title: "Chain rule along curves for every subgradient",
    sentence: "Along an absolutely continuous curve the derivative of J is ⟨v, ċ⟩ for every v in ∂J and every v in \
               D_J = Σ ∂Jₙ, for almost every time, also while the curve runs inside a kink.",
    statement: r"\frac{d}{dt}J(c(t))=\langle v,\dot c(t)\rangle\quad\text{for all }v\in D_J(c(t)),\ \text{a.e. }t",
    hypotheses: &[
        "J is locally Lipschitz and definable (from the objective's facts, else assumed)",
        "the curve lies in a kink surface for a positive time (by construction)",
    ],
    sources: &[
        sources::at(sources::JMLR, "Lemmas 4 and 5"),
        sources::at(sources::CONSERVATIVE, "path differentiability"),
    ],
    differences: "as printed",
    measured: "On curves inside kink surfaces: the width of ∂J and of D_J in the direction of the velocity, and their \
               common value against differences of J along the curve; the same on slides of the event solver's orbits. On polygons that cross kinks: the midpoint sum of \
               ⟨v, ċ⟩, v drawn from D_J at random, against the difference of J.",
    refuted_by: "a width above rounding, a value other than the derivative of J, an integral off by more than its bound",
    tolerance: "width: 10³·ε times the size of the set and the speed; derivative: 10⁻⁷ of that scale, differences of order 4 \
                refined by halving; integral: half the jumps times the interval length (derived in the file) and rounding",
    control: "gross: the field with the extra vector (0, 1) on a kink; near miss: with (0, 10⁻³); the integral of a field \
              with one component 1.01 times too large",
    evidence: Evidence::Resolved,
    cost: "milliseconds",
};

/// How a curve is given.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Curve {
    /// Coordinates as polynomials of t ∈ [0, 1], inside a kink.
    Polynomial(Vec<Vec<f64>>),
    /// From `start` along kink surface number `kink` of term `term`, by projection of a tangent line onto it.
    Surface { start: Vec<f64>, term: usize, kink: usize, length: f64 },
    /// Polygon through these points, across kinks.
    Polygon(Vec<Vec<f64>>),
    /// The parts of an orbit of DIN, from rest, on which it slides.
    Slides { alpha: f64, beta: f64, theta: Vec<f64>, until: f64 },
}

/// One objective along one curve.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    curve: Curve,
    /// Control: a vector added to the set.
    extra: Option<Vec<f64>>,
    /// Control: factor of the first component of v.
    stretch: f64,
}

impl Case {
    fn inside(objective: &str, coordinates: &[&[f64]]) -> Self {
        let curve = Curve::Polynomial(coordinates.iter().map(|c| c.to_vec()).collect());
        Self { objective: Subject::named(objective), curve, extra: None, stretch: 1.0 }
    }

    fn across(objective: &str, corners: &[[f64; 2]]) -> Self {
        let curve = Curve::Polygon(corners.iter().map(|c| c.to_vec()).collect());
        Self { objective: Subject::named(objective), curve, extra: None, stretch: 1.0 }
    }

    fn slides(objective: &str, alpha: f64, beta: f64, theta: &[f64], until: f64) -> Self {
        let curve = Curve::Slides { alpha, beta, theta: theta.to_vec(), until };
        Self { objective: Subject::named(objective), curve, extra: None, stretch: 1.0 }
    }

    fn words(&self) -> String {
        let curve = match &self.curve {
            Curve::Polynomial(c) => format!("c(t) with coefficients {c:?}"),
            Curve::Surface { start, .. } => format!("the kink surface through {start:.4?}"),
            Curve::Polygon(c) => format!("the polygon {c:?}"),
            Curve::Slides { alpha, beta, theta, .. } => {
                format!("the slides of DIN from {theta:?}, α={alpha}, β={beta}")
            }
        };
        format!("{} along {curve}", self.objective)
    }
}

/// A unit vector orthogonal to `normal`.
fn tangent(normal: &[f64]) -> Vec<f64> {
    let size = norm(normal);
    let least = (0..normal.len()).min_by(|&a, &b| normal[a].abs().total_cmp(&normal[b].abs())).unwrap_or(0);
    let mut t: Vec<f64> = normal.iter().map(|n| -n * normal[least] / (size * size)).collect();
    t[least] += 1.0;
    let length = norm(&t);
    t.iter().map(|v| v / length).collect()
}

/// The curve as a function of t ∈ [0, 1].
fn position(case: &Case, terms: &Terms, t: f64) -> Vec<f64> {
    match &case.curve {
        Curve::Polynomial(coordinates) => {
            coordinates.iter().map(|c| c.iter().rev().fold(0.0, |sum, a| sum * t + a)).collect()
        }
        Curve::Surface { start, term, kink, length } => {
            let tape = terms.all()[*term];
            let (_, normal) = surface(tape, *kink, start);
            let mut x = start.clone();
            axpy(t * length, &tangent(&normal), &mut x);
            project(tape, *kink, x)
        }
        Curve::Slides { .. } => Vec::new(),
        Curve::Polygon(corners) => {
            let along = t * (corners.len() - 1) as f64;
            let i = (along.floor() as usize).min(corners.len() - 2);
            let s = along - i as f64;
            corners[i].iter().zip(&corners[i + 1]).map(|(a, b)| a + s * (b - a)).collect()
        }
    }
}

/// Difference quotient of order 4 of a vector function.
fn derivative(function: &dyn Fn(f64) -> Vec<f64>, t: f64, h: f64) -> Vec<f64> {
    let central = |h: f64| {
        let (right, left) = (function(t + h), function(t - h));
        right.iter().zip(&left).map(|(r, l)| (r - l) / (2.0 * h)).collect::<Vec<f64>>()
    };
    central(h).iter().zip(central(2.0 * h)).map(|(fine, coarse)| (4.0 * fine - coarse) / 3.0).collect()
}

/// What is seen at one time of a curve inside a kink.
struct View {
    velocity: Vec<f64>,
    clarke: Polytope,
    sum: Polytope,
}

/// `h`: step of the difference that gives the velocity.
fn view(case: &Case, terms: &Terms, t: f64, h: f64) -> Result<View, CheckError> {
    let point = position(case, terms, t);
    let velocity = derivative(&|s| position(case, terms, s), t, h);
    let sets = terms.sets(&point)?;
    let widened = |set: Polytope| match &case.extra {
        None => Some(set),
        Some(extra) => {
            let more = set.vertices().iter().map(|v| v.iter().zip(extra).map(|(a, b)| a + b).collect());
            Polytope::hull(set.vertices().iter().cloned().chain(more).collect())
        }
    };
    let broken = || CheckError::OwnCase { reason: format!("no subdifferential at {point:?}") };
    let (clarke, sum) = (widened(sets.clarke), widened(sets.sum));
    Ok(View { velocity, clarke: clarke.ok_or_else(broken)?, sum: sum.ok_or_else(broken)? })
}

/// Widths and values at times of (0, 1): the largest deviations over the curve.
fn measure_inside(case: &Case, terms: &Terms) -> Result<Vec<Measurement>, CheckError> {
    const TIMES: usize = 24;
    let mut oracle = case.objective.oracle();
    let mut along = |t: f64| oracle.value(&position(case, terms, t));
    let mut slope = |t: f64, h: f64| {
        let mut central = |h: f64| (along(t + h) - along(t - h)) / (2.0 * h);
        (4.0 * central(h) - central(2.0 * h)) / 3.0
    };
    let (mut widths, mut coarser, mut thickness) = ([0.0; 2], [0.0; 2], 0.0);
    let (mut off, mut change, mut scale) = (0.0, 0.0, 0.0);
    for i in 0..TIMES {
        let t = (i as f64 + 0.5) / TIMES as f64;
        let View { velocity, clarke, sum } = view(case, terms, t, 1e-3)?;
        let rough = view(case, terms, t, 2e-3)?.velocity;
        scale = max(scale, sum.largest_norm() * norm(&velocity));
        widths = [max(widths[0], clarke.width(&velocity)), max(widths[1], sum.width(&velocity))];
        coarser = [max(coarser[0], clarke.width(&rough)), max(coarser[1], sum.width(&rough))];
        let spread = sum.vertices().iter().map(|v| dinlab_numeric::distance(v, &sum.vertices()[0]));
        thickness = spread.fold(thickness, max);
        let (coarse, fine) = (slope(t, 4e-3), slope(t, 2e-3));
        off = max(off, (sum.support(&velocity) - fine).abs());
        change = max(change, (coarse - fine).abs());
    }
    // Positions are rounded, and a tangent from differences is good to 10⁻¹².
    let rounding =
        Budget { rounding: 1e3 * f64::EPSILON * scale, ..Budget::discretisation(1e-11 * thickness) };
    let derivative = Budget { rounding: 1e3 * f64::EPSILON * scale, ..Budget::discretisation(1e-7 * scale) };
    Ok(vec![
        Measurement::at_most("width of ∂J along the velocity", widths[0], 0.0, rounding)
            .refined(widths[0] - coarser[0]),
        Measurement::at_most("width of D_J along the velocity", widths[1], 0.0, rounding)
            .refined(widths[1] - coarser[1]),
        Measurement::at_least(
            "extent of D_J in all directions (the curve is inside a kink)",
            thickness,
            1e-6,
            Budget::default(),
        ),
        Measurement::at_most("distance of ⟨v, ċ⟩ from the derivative of J", off, 0.0, derivative)
            .refined(change),
    ])
}

/// The same on the slides of an orbit of the event solver: θ′ = u − βv with the selection in force, and dJ/dt from
/// differences of the sampled values.
fn measure_slides(case: &Case, terms: &Terms) -> Result<Vec<Measurement>, CheckError> {
    let Curve::Slides { alpha, beta, theta, until } = &case.curve else { return Ok(Vec::new()) };
    let mut run = Run::new(Dynamics::Din { alpha: *alpha, beta: *beta }, theta, *until);
    run.settings = Settings::with_tolerance(1e-12);
    run.samples = 4001;
    let orbit = solve(&*case.objective, &run, &Default::default(), &mut Blind)?;
    require(&orbit.trajectory.status, &case.words())?;
    let (samples, values) = (&orbit.samples, &orbit.trajectory.value);
    let h = until / 4000.0;
    let slope = |i: usize, k: usize| {
        let central = |k: usize| (values[i + k] - values[i - k]) / (2.0 * h * k as f64);
        (4.0 * central(k) - central(2 * k)) / 3.0
    };
    let (mut width, mut off, mut change, mut scale, mut count) = (0.0, 0.0, 0.0, 0.0, 0_u32);
    for i in 4..values.len().saturating_sub(4) {
        let inside = samples[i - 4].segment == samples[i + 4].segment;
        if !(inside && orbit.report.segments[samples[i].segment].slides()) {
            continue;
        }
        let sample = &samples[i];
        let velocity: Vec<f64> = sample.u.iter().zip(&sample.selection).map(|(u, v)| u - beta * v).collect();
        let sets = terms.sets(&sample.theta)?;
        width = max(width, sets.sum.width(&velocity));
        scale = max(scale, sets.sum.largest_norm() * norm(&velocity));
        let (fine, coarse) = (slope(i, 1), slope(i, 2));
        off = max(off, (sets.sum.support(&velocity) - fine).abs());
        change = max(change, (fine - coarse).abs());
        count += 1;
    }
    let rounding = Budget::rounding(1e-9 * scale);
    let derivative = Budget::discretisation(1e-3 * scale);
    Ok(vec![
        Measurement::at_least("samples on slides", f64::from(count), 50.0, Budget::default()),
        Measurement::at_most("width of D_J along θ′ on slides", width, 0.0, rounding),
        Measurement::at_most("distance of ⟨v, θ′⟩ from dJ/dt on slides", off, 0.0, derivative)
            .refined(change),
    ])
}

/// Midpoint sums of ⟨v, ċ⟩ with random v ∈ D_J over n intervals per side, and the bound of the error.
fn midpoint_sum(case: &Case, terms: &Terms, n: usize, context: &Context<'_>) -> Result<[f64; 2], CheckError> {
    let Curve::Polygon(corners) = &case.curve else { return Ok([f64::NAN; 2]) };
    let mut stream = context.stream("selection", n as u64);
    let (mut total, mut bound) = (0.0, 0.0);
    for side in corners.windows(2) {
        let velocity: Vec<f64> = side[1].iter().zip(&side[0]).map(|(b, a)| b - a).collect();
        let mut before: Option<(f64, Vec<bool>)> = None;
        for i in 0..n {
            let s = (i as f64 + 0.5) / n as f64;
            let point: Vec<f64> = side[0].iter().zip(&velocity).map(|(a, v)| a + s * v).collect();
            let sets = terms.sets(&point)?;
            let vertices = sets.sum.vertices();
            let mut v = vertices[stream.below(vertices.len())].clone();
            v[0] *= case.stretch;
            let along = dot(&v, &velocity);
            let signs = sides(terms, &point);
            if let Some((last, old)) = &before {
                if *old != signs {
                    bound += 0.5 * (along - last).abs() / n as f64;
                }
            }
            before = Some((along, signs));
            total += along / n as f64;
        }
    }
    Ok([total, bound])
}

/// On which side of every kink surface of every term a point lies.
fn sides(terms: &Terms, x: &[f64]) -> Vec<bool> {
    let mut all = Vec::new();
    for tape in terms.all() {
        let mut values = vec![0.0; tape.kinks().len()];
        tape.kink_values(x, &mut Scratch::new(), &mut values);
        all.extend(values.iter().map(|g| *g > 0.0));
    }
    all
}

fn measure_across(case: &Case, terms: &Terms, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let mut oracle = case.objective.oracle();
    let Curve::Polygon(corners) = &case.curve else { return Ok(Vec::new()) };
    let difference = oracle.value(&corners[corners.len() - 1]) - oracle.value(&corners[0]);
    let mut found = Vec::new();
    for n in [100, 400, 1600] {
        context.proceed()?;
        let [total, bound] = midpoint_sum(case, terms, n, context)?;
        let rounding = 1e3 * f64::EPSILON * (total.abs() + difference.abs() + 1.0);
        // The jumps are read between midpoints, which are as far apart as the pieces are curved.
        let budget = Budget { rounding, ..Budget::bound(1.1 * bound) };
        found.push(Measurement::equal(
            format!("∫⟨v, ċ⟩ dt with {n} points a side"),
            total,
            difference,
            budget,
        ));
    }
    Ok(found)
}

impl Check for ChainRule {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            // θ = (1, t) and (0, t) in the valley, from −1 to 2.
            Case::inside("valley", &[&[1.0], &[-1.0, 3.0]]),
            Case::inside("valley", &[&[0.0], &[-1.0, 3.0]]),
            // Oblique, and with a kink that cancels: ∂J is a point, D_J a segment.
            Case::inside("sum:abs(x-y);-abs(x-y);0.5*(x-1)^2+0.5*y^2", &[&[-1.0, 2.5], &[-1.0, 2.5]]),
            Case::inside("expr:2*abs(x+2*y)-0.7*max(x+2*y,0)+x*y", &[&[-1.0, 3.0], &[0.5, -1.5]]),
            // Curved.
            Case::inside("sum:abs(y-x^2);-3*max(y-x^2,0);x", &[&[-1.0, 2.0], &[1.0, -4.0, 4.0]]),
            // On θ₁ = 0 and into (1, 1); along x = y.
            Case::slides("valley", 0.5, 0.1, &[0.0, -0.2], 10.0),
            Case::slides("expr:2*abs(x-y)+0.5*(x-1)^2+y^2", 0.4, 0.3, &[1.2, 0.2], 8.0),
            Case::across("valley", &[[-1.3, 0.4], [1.7, 1.1], [0.4, -0.6], [-0.9, 1.3]]),
            Case::across("sum:abs(x-y);-abs(x-y);max(x,-2*y);x*y", &[[-1.0, 0.3], [1.1, 0.9], [0.2, -1.4]]),
        ];
        if effort > Effort::Quick {
            // A curve inside two surfaces at once: the axis of three dimensions.
            cases.push(Case::inside(
                "sum:abs(x-z);abs(y+z);-2*abs(x-z);x*y*z",
                &[&[-0.4, 1.3], &[0.4, -1.3], &[-0.4, 1.3]],
            ));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let edge = Case::inside("valley", &[&[1.0], &[-1.0, 3.0]]);
        let across = Case::across("valley", &[[-1.3, 0.4], [1.7, 1.1], [0.4, -0.6], [-0.9, 1.3]]);
        vec![
            Case { extra: Some(vec![0.0, 1.0]), ..edge.clone() },
            Case { extra: Some(vec![0.0, 1e-3]), ..edge },
            Case { stretch: 1.01, ..across },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective of two or three variables with kinks";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let from = own.start_point()?;
        let terms = Terms::of(&*objective)?;
        let n = from.len();
        let mut best: Option<(f64, Curve)> = None;
        if (2..=DIMENSION_LIMIT).contains(&n) {
            for (term, tape) in terms.all().into_iter().enumerate() {
                for kink in 0..tape.kinks().len() {
                    let start = project(tape, kink, from.clone());
                    let away = dinlab_numeric::distance(&start, &from);
                    let (g, normal) = surface(tape, kink, &start);
                    let on = g.abs() <= 1e-12 * (1.0 + norm(&start)) * norm(&normal);
                    if on && away.is_finite() && best.as_ref().is_none_or(|(least, _)| away < *least) {
                        best = Some((away, Curve::Surface { start, term, kink, length: 0.5 }));
                    }
                }
            }
        }
        let curve = best.map_or(Curve::Polynomial(Vec::new()), |(_, curve)| curve);
        Ok(Case { objective, curve, extra: None, stretch: 1.0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let tame = if facts.tame { HypothesisState::Exact } else { HypothesisState::Assumed };
        let found = !matches!(&case.curve, Curve::Polynomial(c) if c.is_empty());
        let kinks = facts.regularity == Regularity::Lipschitz
            || Terms::of(&*case.objective).is_ok_and(|terms| terms.kinks() > 0);
        vec![
            Hypothesis::new("J is definable", tame),
            Hypothesis::exact("J or one of its terms has kinks", kinks),
            Hypothesis::exact(
                "a curve inside a kink surface (two or three variables, and a surface that the start projects onto)",
                found,
            ),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let terms = Terms::of(&*case.objective)?;
        let found = match &case.curve {
            Curve::Polygon(_) => measure_across(case, &terms, context)?,
            Curve::Slides { .. } => measure_slides(case, &terms)?,
            _ => measure_inside(case, &terms)?,
        };
        Ok(found.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::inside("valley", &[&[0.0], &[-1.0, 3.0]]);
        let terms = Terms::of(&*case.objective)?;
        let times: Vec<f64> = (1..60).map(|i| f64::from(i) / 60.0).collect();
        let views: Result<Vec<View>, CheckError> =
            times.iter().map(|&t| view(&case, &terms, t, 1e-3)).collect();
        let views = views?;
        let y: Vec<f64> = times.iter().map(|t| 3.0 * t - 1.0).collect();
        let ends = |d: [f64; 2]| -> (Vec<f64>, Vec<f64>) {
            let back = [-d[0], -d[1]];
            (
                views.iter().map(|v| -v.clarke.support(&back)).collect(),
                views.iter().map(|v| v.clarke.support(&d)).collect(),
            )
        };
        let (low, high) = ends([1.0, 0.0]);
        let (_, along) = ends([0.0, 3.0]);
        let slope = y.iter().map(|y| 600.0 * y).collect();
        let panel = Panel::new(
            "",
            Axis::linear("θ₂ on the kink θ₁ = 0 of the valley"),
            Axis::linear("elements of ∂J"),
        )
        .with(Layer::Band { label: "∂J across the kink".into(), x: y.clone(), low, high, color: 0 })
        .with(Layer::curve("⟨v, ċ⟩ for all v ∈ ∂J", y.clone(), along, 1))
        .with(Layer::Curve { label: "dJ/dt".into(), x: y, y: slope, color: 2, dash: Dash::Dashed });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Inside a kink every subgradient gives the same derivative".into(),
            caption: "valley, c(t) = (0, 3t − 1): ∂J is a segment across the curve and a point along it"
                .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
