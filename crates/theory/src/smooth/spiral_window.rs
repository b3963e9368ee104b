//! DIN approaches a minimum in spirals in the eigendirection of a Hessian eigenvalue λ iff
//! (1 − √(1−αβ))/β < √λ < (1 + √(1−αβ))/β; never if αβ ≥ 1.
//!
//! *Derivation.* The roots of s² + (α+βλ)s + λ = 0 are complex iff α + βλ < 2√λ, that is β√λ² − 2√λ + α < 0: √λ between
//! the roots (1 ∓ √(1−αβ))/β. Then θ = e^{−(α+βλ)t/2}(a cos ωt + b sin ωt) with ω² = λ − (α+βλ)²/4: zeros are π/ω
//! apart and successive extrema have the ratio −e^{−π(α+βλ)/(2ω)}. Real roots give a sum of two real exponentials,
//! which vanishes at most once.

use std::f64::consts::PI;

use dinlab_din::{initial_state, integrate, system, Direction, Dynamics, Event, Located, Settings};
use dinlab_numeric::{dot, max, norm};
use dinlab_objective::{CriticalKind, Objective, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical,
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct SpiralWindow;

static CLAIM: Claim = Claim {
    id: "spiral-window",
    family: 'A',
    title: "Which curvatures make DIN spiral",
    sentence: "In the eigendirection of λ DIN approaches a minimum in spirals iff √λ lies strictly between \
               (1 − √(1−αβ))/β and (1 + √(1−αβ))/β; there zeros are π/ω apart and extrema shrink by \
               e^(−π(α+βλ)/(2ω)), elsewhere θ vanishes at most once.",
    statement: r"\text{spirals}\iff\frac{1-\sqrt{1-\alpha\beta}}{\beta}<\sqrt\lambda<\frac{1+\sqrt{1-\alpha\beta}}{\beta},\qquad \omega=\sqrt{\lambda-\tfrac14(\alpha+\beta\lambda)^2}",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the minimum is known and nondegenerate (exact, from the facts and the Hessian there)",
        "directions whose mode has died before the state is small are left out (their zeros are below rounding)",
        "curvatures with ω < r/20 are left out: half a turn takes longer than a decay by e⁻⁶³",
    ],
    sources: &[sources::at(sources::SADDLES, "section on Hartman-Grobman")],
    differences: "the square-root form of the window, the frequency and the ratio are derived here",
    measured: "Zeros and extrema of θ (of its projections on the eigenvectors for a nonlinear J) located by the shipped \
               integrator until the state has shrunk to 10⁻⁶⁰ of the start (nonlinear: between 10⁻⁶ and 10⁻⁹). Two zeros \
               or more count as a spiral. ω comes from the first and the last zero, the ratio from the first and the \
               last extremum. Curvatures on a grid across both ends of the window, closer near the ends, and two \
               starts.",
    refuted_by: "one curvature on the wrong side, a frequency off by more than 10⁻⁵ or a logarithm of the ratio off by \
                 more than 10⁻⁵ in relative terms",
    tolerance: "counts are exact; 10⁻⁵ on ω and on the logarithm of the ratio, of which the integration has a tenth, \
                measured with a hundredth of the tolerance; nonlinear terms are below 10⁻⁶ in their window",
    control: "gross: αβ = 1.01, where nothing spirals, against the window of αβ = 0.9; near misses: √λ at the ends of \
              the window off by 1 %, β off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "some hundred short integrations per case, a tenth of a second",
};

/// Parameters with a family of curvatures, or with an objective.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    /// `None`: quadratics in one dimension over a grid of curvatures.
    objective: Option<Subject>,
    theta: Vec<f64>,
    /// Points per decade of the grid.
    density: usize,
    /// Factor on β in the prediction; 1 except in controls.
    predicted_beta: f64,
    /// Factors on the ends (in √λ) in the prediction; 1 except in controls.
    ends: [f64; 2],
}

impl Case {
    fn quadratics(alpha: f64, beta: f64) -> Self {
        let (objective, theta) = (None, vec![1.0]);
        Self { alpha, beta, objective, theta, density: 3, predicted_beta: 1.0, ends: [1.0, 1.0] }
    }

    fn nonlinear(objective: &str, alpha: f64, beta: f64, theta: &[f64]) -> Self {
        let objective = Some(Subject::named(objective));
        Self { objective, theta: theta.to_vec(), ..Self::quadratics(alpha, beta) }
    }

    fn words(&self) -> String {
        let subject = match &self.objective {
            None => "quadratics".to_owned(),
            Some(objective) => format!("{objective}, θ₀={:?}", self.theta),
        };
        format!("{subject}, α={}, β={}", self.alpha, self.beta)
    }

    /// Ends of the window in √λ as predicted; empty for αβ ≥ 1.
    fn window(&self) -> Option<[f64; 2]> {
        let (alpha, beta) = (self.alpha, self.beta * self.predicted_beta);
        if alpha * beta >= 1.0 {
            return None;
        }
        let root = (1.0 - alpha * beta).sqrt();
        // The lower end as α/(1 + √(1−αβ)): no cancellation.
        Some([self.ends[0] * alpha / (1.0 + root), self.ends[1] * (1.0 + root) / beta])
    }

    /// (ω, (α+βλ)/2) as predicted where λ is predicted to spiral.
    fn spiral(&self, lambda: f64) -> Option<[f64; 2]> {
        let [low, high] = self.window()?;
        let root = lambda.sqrt();
        if !(low < root && root < high) {
            return None;
        }
        let half = 0.5 * (self.alpha + self.beta * self.predicted_beta * lambda);
        // ω² in factors; a shifted window of a control can make it negative, and ω NaN.
        Some([((root - half) * (root + half)).sqrt(), half])
    }

    /// Whether half a turn is too slow to be seen.
    fn excluded(&self, lambda: f64) -> bool {
        let half = 0.5 * (self.alpha + self.beta * lambda);
        let square = (lambda.sqrt() - half) * (lambda.sqrt() + half);
        square > 0.0 && square.sqrt() < half / 20.0
    }

    /// Curvatures across both ends, closer near them; about α/β where there is no window.
    fn grid(&self) -> Vec<f64> {
        let centre = self.alpha / self.beta;
        let ends = match Self::quadratics(self.alpha, self.beta).window() {
            Some([low, high]) => [low * low, high * high],
            None => [centre, centre],
        };
        let (first, last) = ((0.25 * ends[0]).log10(), (4.0 * ends[1]).log10());
        let count = ((last - first) * self.density as f64).ceil();
        let mut grid: Vec<f64> =
            (0..=count as usize).map(|i| 10_f64.powf(first + (last - first) * i as f64 / count)).collect();
        for end in ends {
            grid.extend([0.3, 0.1, 0.03, 0.01].iter().flat_map(|d| [end * (1.0 - d), end * (1.0 + d)]));
        }
        grid.sort_by(f64::total_cmp);
        grid
    }
}

/// Zeros and extrema of one coordinate of one run.
#[derive(Debug, Clone)]
struct Turns {
    lambda: f64,
    zeros: Vec<f64>,
    extrema: Vec<f64>,
    /// Whether the direction still carries enough of the state for its zeros to be seen.
    visible: bool,
}

impl Turns {
    fn spirals(&self) -> bool {
        self.zeros.len() >= 2
    }
    fn frequency(&self) -> f64 {
        let last = self.zeros.len() - 1;
        PI * last as f64 / (self.zeros[last] - self.zeros[0])
    }
    /// log of the ratio of successive extrema.
    fn shrinking(&self) -> f64 {
        let last = self.extrema.len() - 1;
        (self.extrema[last] / self.extrema[0]).abs().ln() / last as f64
    }
}

/// A direction to project on, with its curvature.
struct Eigendirection {
    lambda: f64,
    vector: Vec<f64>,
}

/// Runs until the state has shrunk to `size[1]`, and keeps turns from `size[0]` on.
fn turns(
    case: &Case,
    objective: &dyn Objective,
    (theta, start): (&[f64], &Start),
    minimum: &[f64],
    directions: &[Eigendirection],
    (size, largest_step): ([f64; 2], f64),
    rtol: f64,
) -> Result<Vec<Turns>, CheckError> {
    let (beta, n) = (case.beta, theta.len());
    let dynamics = Dynamics::Din { alpha: case.alpha, beta };
    let state = initial_state(dynamics, objective, theta, start, 0.0)?;
    let along = |vector: &[f64], y: &[f64]| {
        vector.iter().zip(y.iter().zip(minimum)).map(|(e, (y, m))| e * (y - m)).sum::<f64>()
    };
    let distance = |y: &[f64]| {
        let theta: Vec<f64> = y[..n].iter().zip(minimum).map(|(y, m)| y - m).collect();
        norm(&theta).hypot(norm(&y[n..]))
    };
    let mut events = Vec::new();
    for (index, direction) in directions.iter().enumerate() {
        let vector = &direction.vector;
        events.push(event(format!("zero {index}"), Direction::Both, false, move |y| along(vector, y)));
        let (mut oracle, mut gradient) = (objective.oracle(), vec![0.0; n]);
        events.push(event(format!("extremum {index}"), Direction::Both, false, move |y| {
            oracle.gradient(&y[..n], &mut gradient);
            dot(vector, &y[n..]) - beta * dot(vector, &gradient)
        }));
    }
    events.push(event("small".into(), Direction::Falling, false, |y| distance(y) - size[0]));
    events.push(event("faded".into(), Direction::Falling, true, |y| distance(y) - size[1]));
    // About 0 the state stays exact relative to itself; elsewhere rounding is relative to the minimum.
    let atol = if largest_step.is_finite() { 1e-14 } else { 1e-80 };
    let settings = Settings { rtol, atol, max_step: largest_step, ..Settings::default() };
    let outcome = integrate(
        &mut *system(dynamics, objective),
        &state,
        0.0,
        1e6,
        &[],
        &mut events,
        &settings,
        &mut |_, _| Flow::Continue,
    )?;
    if !matches!(outcome.status, Status::Event { .. }) {
        let what = format!("{} on {}", case.words(), objective.name());
        return Err(CheckError::UnexpectedStatus { what, status: outcome.status, expected: "event" });
    }
    let kept =
        |id: String| outcome.events.iter().filter(move |e| e.id == id && distance(&e.state) <= size[0]);
    let small = outcome.events.iter().find(|e| e.id == "small");
    // A mode that dies faster than the slowest one has no zeros above rounding once the state is small.
    let visible = |vector: &[f64]| {
        small.is_none_or(|e| along(vector, &e.state).hypot(dot(vector, &e.state[n..])) > 100.0 * size[1])
    };
    let height = |vector: &[f64], e: &Located| along(vector, &e.state);
    Ok(directions
        .iter()
        .enumerate()
        .map(|(index, direction)| Turns {
            lambda: direction.lambda,
            visible: visible(&direction.vector),
            zeros: kept(format!("zero {index}")).map(|e| e.t).collect(),
            extrema: kept(format!("extremum {index}")).map(|e| height(&direction.vector, e)).collect(),
        })
        .collect())
}

fn event<'a>(
    id: String,
    direction: Direction,
    terminal: bool,
    mut function: impl FnMut(&[f64]) -> f64 + 'a,
) -> Event<'a> {
    Event { id, function: Box::new(move |_, y| function(y)), direction, terminal }
}

/// Turns of all curvatures of the case, from both starts.
fn all_turns(
    case: &Case,
    context: &Context<'_>,
    rtol: f64,
    tail: ([f64; 2], f64),
) -> Result<Vec<Turns>, CheckError> {
    if let Some(objective) = &case.objective {
        let (minimum, directions) = eigendirections(&**objective)?;
        return turns(case, &**objective, (&case.theta, &Start::Rest), &minimum, &directions, tail, rtol);
    }
    let mut found = Vec::new();
    for lambda in case.grid() {
        context.proceed()?;
        let objective = Subject::named(&format!("quadratic:{lambda}"));
        let directions = [Eigendirection { lambda, vector: vec![1.0] }];
        // At rest, and thrown at the minimum so that θ overshoots once where it does not spiral.
        for start in [Start::Rest, Start::Velocity(vec![-2.0 * (case.alpha + case.beta * lambda)])] {
            let whole = ([f64::INFINITY, 1e-60], f64::INFINITY);
            found.extend(turns(case, &*objective, (&case.theta, &start), &[0.0], &directions, whole, rtol)?);
        }
    }
    Ok(found)
}

/// The known minimum with eigenvalues and eigenvectors of its Hessian.
fn eigendirections(objective: &dyn Objective) -> Result<(Vec<f64>, Vec<Eigendirection>), CheckError> {
    let n = objective.dimension();
    let minimum = objective.facts().minimisers().next().map(|c| c.point.clone()).unwrap_or(vec![0.0; n]);
    let directions = critical::eigendirections(objective, &minimum);
    let directions =
        directions.into_iter().map(|(lambda, vector)| Eigendirection { lambda, vector }).collect();
    Ok((minimum, directions))
}

/// What is compared with the prediction.
struct Summary {
    misplaced: f64,
    /// Largest relative deviation of ω and of the logarithm of the ratio.
    frequency: f64,
    shrinking: f64,
}

fn summary(case: &Case, turns: &[Turns]) -> Summary {
    let mut result = Summary { misplaced: 0.0, frequency: 0.0, shrinking: 0.0 };
    // `max` of the workspace lets NaN through: a prediction that does not exist cannot pass.
    for turn in turns.iter().filter(|turn| turn.visible && !case.excluded(turn.lambda)) {
        let predicted = case.spiral(turn.lambda);
        if turn.spirals() != predicted.is_some() {
            result.misplaced += 1.0;
        } else if let Some([omega, half]) = predicted {
            result.frequency = max(result.frequency, (turn.frequency() / omega - 1.0).abs());
            if turn.extrema.len() >= 2 {
                let log = -PI * half / omega;
                result.shrinking = max(result.shrinking, (turn.shrinking() / log - 1.0).abs());
            }
        }
    }
    result
}

/// Sizes of the state between which nonlinear runs are used, with the largest step there: a tolerance relative to a
/// minimum other than 0 alone would let the steps grow as the orbit dies.
const TAIL: [([f64; 2], f64); 2] = [([1e-6, 1e-9], 0.05), ([2e-7, 5e-10], 0.025)];

impl Check for SpiralWindow {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::quadratics(0.5, 0.5),
            Case::quadratics(1.0, 1.01),
            Case::nonlinear("sconv", 0.3, 0.1, &[1.0, -0.5]),
        ];
        if effort > Effort::Quick {
            cases.push(Case::quadratics(1.0, 0.05));
            cases.push(Case::quadratics(0.2, 4.5));
            cases.push(Case::quadratics(2.0, 2.0));
            cases.push(Case::nonlinear("double-well", 0.3, 0.1, &[1.2, 0.2]));
            cases.iter_mut().for_each(|case| case.density = 15);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case { predicted_beta: 0.9 / 1.01, density: 1, ..Case::quadratics(1.0, 1.01) },
            Case { ends: [1.01, 1.0], density: 1, ..Case::quadratics(0.5, 0.5) },
            Case { ends: [1.0, 0.99], density: 1, ..Case::quadratics(0.5, 0.5) },
            Case { predicted_beta: 1.001, ..Case::nonlinear("sconv", 0.3, 0.1, &[1.0, -0.5]) },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.5));
        if !(alpha > 0.0 && beta > 0.0) {
            return Err(CheckError::needs("α > 0 and β > 0: the window has no end otherwise"));
        }
        let Some(objective) = own.objective.clone() else {
            return Ok(Case::quadratics(alpha, beta));
        };
        let theta = own
            .theta
            .clone()
            .ok_or_else(|| CheckError::needs("a start near the objective's first known minimum"))?;
        Ok(Case { objective: Some(objective.into()), theta, ..Case::quadratics(alpha, beta) })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let Some(objective) = &case.objective else {
            return vec![Hypothesis::exact("J is twice continuously differentiable", true)];
        };
        let facts = objective.facts();
        let smooth = facts.regularity == Regularity::Smooth;
        let known = facts.critical_points.iter().any(|c| c.kind == CriticalKind::Minimum);
        let positive =
            known && eigendirections(&**objective).is_ok_and(|(_, all)| all.iter().all(|d| d.lambda > 0.0));
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact("a nondegenerate minimum is known", positive),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let coarse = summary(case, &all_turns(case, context, 1e-8, TAIL[0])?);
        let fine = summary(case, &all_turns(case, context, 1e-10, TAIL[1])?);
        let deviation = |name: &str, coarse: f64, fine: f64| {
            Measurement::equal(name, fine, 0.0, Budget::discretisation(1e-5))
                .on(case.words())
                .refined(coarse - fine)
        };
        let budget = Budget::rounding(0.5);
        let mut found =
            vec![Measurement::equal("runs on the wrong side of the window", fine.misplaced, 0.0, budget)
                .on(case.words())];
        if case.window().is_some() {
            found.push(deviation("largest deviation of ω", coarse.frequency, fine.frequency));
            let name = "largest deviation of the logarithm of the ratio of extrema";
            found.push(deviation(name, coarse.shrinking, fine.shrinking));
        }
        Ok(found)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut rate = Panel::new("frequency", Axis::log("√λ"), Axis::linear("ω/√λ"));
        let mut ratio = Panel::new("overshoot", Axis::log("√λ"), Axis::linear("|next extremum / extremum|"));
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle];
        for (color, ((alpha, beta), marker)) in
            [(0.5, 0.5), (1.0, 0.05), (1.0, 0.9)].into_iter().zip(markers).enumerate()
        {
            let case = Case { density: 8, ..Case::quadratics(alpha, beta) };
            let seen: Vec<Turns> = all_turns(&case, context, 1e-9, TAIL[0])?.into_iter().step_by(2).collect();
            let label = format!("α={alpha}, β={beta}");
            let x: Vec<f64> = seen.iter().map(|turn| turn.lambda.sqrt()).collect();
            let measured = |turn: &Turns| {
                if turn.spirals() {
                    turn.frequency() / turn.lambda.sqrt()
                } else {
                    0.0
                }
            };
            let shrinking = |turn: &Turns| if turn.extrema.len() > 1 { turn.shrinking().exp() } else { 0.0 };
            let points = |y: Vec<f64>| Layer::points(label.clone(), x.clone(), y, color, marker);
            rate = rate.with(points(seen.iter().map(measured).collect()));
            ratio = ratio.with(points(seen.iter().map(shrinking).collect()));
            let fine: Vec<f64> =
                (0..=400).map(|i| x[0] * (x[x.len() - 1] / x[0]).powf(f64::from(i) / 400.0)).collect();
            let predicted = |of: fn([f64; 2], f64) -> f64| {
                fine.iter().map(|x| case.spiral(x * x).map_or(0.0, |s| of(s, *x))).collect()
            };
            let frequencies = predicted(|[omega, _], root| omega / root);
            let ratios = predicted(|[omega, half], _| (-PI * half / omega).exp());
            rate = rate.with(Layer::dashed("", fine.clone(), frequencies, color));
            ratio = ratio.with(Layer::dashed("", fine.clone(), ratios, color));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Which curvatures make DIN spiral".into(),
            caption:
                "Quadratics with curvature λ, start at rest. 0 stands for: at most one zero, at most one \
                      extremum. Dashed: predicted."
                    .into(),
            columns: 2,
            panels: vec![rate, ratio],
        })
    }
}
