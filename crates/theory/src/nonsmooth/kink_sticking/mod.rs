//! At an attracting kink of the line DIN loses the speed β(s⁺ − s⁻) at every crossing and sticks for ever after finitely
//! many: convergence in finite time, with explicit times.
//!
//! *Derivation.* Slopes s⁻ < 0 < s⁺ on the two sides. Off the kink θ″ + αθ′ + s± = 0. At an impact of speed V the normal
//! velocity beyond would be V − β(s⁺ − s⁻) (`kink-velocity-jump`): positive, it crosses; otherwise no motion leads off and the
//! kink holds it, with v = u/β, so u′ = −αu − (1 − αβ)u/β = −u/β: u decays like e^{−t/β} and stays in β[s⁻, s⁺]. For α = 0
//! and slopes ±1 the impact speeds are V − 2βk, there are ⌊V/2β⌋ crossings, and it sticks at
//! t₁ + Σ_{k ≥ 1} 2(V − 2βk). From 1 with zero velocity V = t₁ = √2; the start `rest` has the velocity −β and V = √(2 + β²).
//!
//! For β = 0 nothing is lost at the kink: it crosses for ever, and does not accumulate. One flight with speed v and slope s
//! returns v − 2αv²/(3s) + O(v³), so 1/V grows by 2α/(3s) at every crossing and t_n ~ (3s/α) log n.

mod impacts;

use dinlab_analysis::least_squares;
use dinlab_din::{
    inclusion::{solve, Options, Solution},
    Dynamics, Run, Settings,
};
use dinlab_indian::{iterate_observed, Method, Run as IndianRun, Schedule};
use dinlab_numeric::{max, min, norm_inf};
use dinlab_objective::Start;
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, KinkEventKind, Measurement, Observation, Side,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
    terms::{surface, Terms},
};
pub use impacts::flight;
use impacts::{Impacts, Law};

/// The check.
pub struct KinkSticking;

static CLAIM: Claim = Claim {
    id: "kink-sticking",
    family: 'B',
    title: "Sticking in finite time at a kink of the line",
    sentence: "At a kink with slopes s⁻ < 0 < s⁺ every crossing costs DIN the speed β(s⁺ − s⁻), and an impact slower than \
               that sticks for ever: finitely many crossings, explicit times; the heavy ball never sticks.",
    statement: r"V_{k+1}=\text{flight}(V_k-\beta(s^+-s^-)),\quad \text{sticks iff }V_k\le\beta(s^+-s^-);\qquad \alpha=0,\ s^\pm=\pm1:\ \lfloor V/2\beta\rfloor\text{ crossings},\ T=t_1+\sum_k2(V-2\beta k)",
    hypotheses: &[
        "one variable, one kink, J affine on both sides with slopes of opposite signs (exact)",
        "no impact speed is a whole multiple of the loss (borderline; exact)",
        "the start is off the kink (exact)",
    ],
    sources: &[
        sources::at(sources::SHOCKS, "shocks at kinks of convex potentials"),
        sources::at(sources::JMLR, "inclusion (6)"),
    ],
    differences: "derived in this file; no printed form",
    measured: "Event solver: number of crossings, time and speed of every impact, place and decay of u after sticking. INDIAN: \
               crossings before it sticks (state beyond three chatter amplitudes) and the time of sticking. For β = 0, growth of \
               1/V per crossing, extrapolated to V = 0. Prediction: the flights in closed form with roots by bisection.",
    refuted_by: "another number of crossings, an impact at another time or speed, motion after sticking",
    tolerance: "event solver: 10⁻¹⁰ at integration tolerance 10⁻¹² (relative to the scale of the times and speeds); INDIAN: \
                n(n+1)γ(2 + Δ/s) after n impacts, derived in the file; growth of 1/V: 10⁻³ \
                relative, the change when the window is halved a tenth of it at most",
    control: "gross: the heavy ball said to stick; near miss: loss larger by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "milliseconds; 10⁵ steps of INDIAN",
};

/// How the prediction is changed.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    Claim,
    /// Control: the loss of this β.
    LossOf(f64),
}

/// One start.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: f64,
    start: String,
    prediction: Prediction,
    #[serde(skip)]
    initial: Start,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, theta: f64, initial: Start) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta,
            start: initial.to_string(),
            prediction: Prediction::Claim,
            initial,
        }
    }

    fn dropped(objective: &str, alpha: f64, beta: f64, theta: f64) -> Self {
        Self::new(objective, alpha, beta, theta, Start::Velocity(vec![0.0]))
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, start, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta} ({start})")
    }
}

/// The kink of a one-dimensional J that is affine on both sides of it.
struct Kink {
    place: f64,
    slopes: [f64; 2],
}

/// `None` if J is not of that form.
fn kink(case: &Case) -> Result<Option<Kink>, CheckError> {
    let terms = Terms::of(&*case.objective)?;
    let mut places: Vec<f64> = Vec::new();
    if case.objective.dimension() != 1 {
        return Ok(None);
    }
    for tape in terms.all() {
        for index in 0..tape.kinks().len() {
            // Affine arguments have their zero after one step of Newton's method.
            let (g, normal) = surface(tape, index, &[case.theta]);
            let place = case.theta - g / normal[0];
            if places.iter().all(|p| (p - place).abs() > 1e-9 * (1.0 + p.abs())) {
                places.push(place);
            }
        }
    }
    let [place] = places[..] else { return Ok(None) };
    let sets = terms.sets(&[place])?;
    let (low, high) = (-sets.clarke.support(&[-1.0]), sets.clarke.support(&[1.0]));
    let affine = [-1e3, -1.0, 1.0, 1e3].iter().all(|d| {
        let there = terms.sets(&[place + d]).map(|s| s.clarke.support(&[1.0]));
        let expected = if *d > 0.0 { high } else { low };
        there.is_ok_and(|slope| (slope - expected).abs() <= 1e-9 * (1.0 + expected.abs()))
    });
    Ok((affine && low < 0.0 && high > 0.0).then_some(Kink { place, slopes: [low, high] }))
}

/// Position relative to the kink and velocity at the start.
fn start_state(case: &Case, kink: &Kink) -> Result<[f64; 2], CheckError> {
    let slope = kink.slopes[usize::from(case.theta > kink.place)];
    let u = case.initial.auxiliary(case.alpha, case.beta, &[case.theta], &[slope])?;
    Ok([case.theta - kink.place, u[0] - case.beta * slope])
}

fn predicted(case: &Case, kink: &Kink, most: usize) -> Result<Impacts, CheckError> {
    let beta = match case.prediction {
        Prediction::Claim => case.beta,
        Prediction::LossOf(beta) => beta,
    };
    let loss = beta * (kink.slopes[1] - kink.slopes[0]);
    let [position, velocity] = start_state(case, kink)?;
    Ok(Law { slopes: kink.slopes, alpha: case.alpha, loss }.impacts(position, velocity, most))
}

/// Most impacts that are followed.
const MOST: usize = 200;

fn solution(case: &Case, until: f64, tolerance: f64) -> Result<Solution, CheckError> {
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(dynamics, &[case.theta], until);
    run.start = case.initial.clone();
    run.settings = Settings::with_tolerance(tolerance);
    run.samples = 801;
    let solution = solve(&*case.objective, &run, &Options::default(), &mut Blind)?;
    require(&solution.trajectory.status, &case.words())?;
    Ok(solution)
}

/// Times and speeds of the impacts of a solution, the sticking one included, and whether it has stuck.
fn seen(solution: &Solution) -> Impacts {
    let mut found = Impacts { times: Vec::new(), speeds: Vec::new(), sticks: false };
    for event in &solution.report.events {
        let surface = event.surfaces[0];
        let before = solution.report.segments.iter().rfind(|s| s.from < event.t);
        let from_minus = before.is_some_and(|s| s.sides[surface] == Side::Minus);
        let velocity = if from_minus { event.velocity_minus[0] } else { event.velocity_plus[0] };
        match event.kind {
            KinkEventKind::Cross => {}
            KinkEventKind::SlideEnter => found.sticks = true,
            _ => continue,
        }
        found.times.push(event.t);
        found.speeds.push(velocity.abs());
    }
    found
}

/// The solution over a horizon that is doubled until the point has stuck for some time, or has crossed often.
fn until_stuck(case: &Case, tolerance: f64) -> Result<(Solution, Impacts), CheckError> {
    const LONGEST: f64 = 4096.0;
    let mut until = 4.0;
    loop {
        let solution = solution(case, until, tolerance)?;
        let found = seen(&solution);
        let rested = found.sticks && found.times.last().is_some_and(|t| until > t + 5.0 * case.beta);
        if rested || found.times.len() > MOST || until >= LONGEST {
            return Ok((solution, found));
        }
        until *= 2.0;
    }
}

fn measure_impacts(case: &Case, kink: &Kink) -> Result<Vec<Measurement>, CheckError> {
    let (solution, found) = until_stuck(case, 1e-12)?;
    let (_, rough) = until_stuck(case, 3e-12)?;
    let expected = predicted(case, kink, MOST)?;
    let whole = |name: &str, value: usize, predicted: usize| {
        Measurement::equal(name, value as f64, predicted as f64, Budget::default())
    };
    let mut all = vec![
        Measurement::holds("it sticks", found.sticks == expected.sticks),
        whole("number of impacts", found.times.len(), expected.times.len()),
    ];
    let scale = 1.0 + norm_inf(&expected.times) + norm_inf(&expected.speeds);
    let budget = Budget::discretisation(1e-10 * scale);
    for (k, (t, v)) in found.times.iter().zip(&found.speeds).enumerate().take(expected.times.len()) {
        let change = |now: f64, then: &[f64]| then.get(k).map_or(f64::NAN, |before| now - before);
        let time = Measurement::equal(format!("time of impact {}", k + 1), *t, expected.times[k], budget);
        all.push(time.refined(change(*t, &rough.times)));
        let speed = Measurement::equal(format!("speed of impact {}", k + 1), *v, expected.speeds[k], budget);
        all.push(speed.refined(change(*v, &rough.speeds)));
    }
    if found.sticks {
        all.extend(after_sticking(case, kink, &solution, found.times[found.times.len() - 1])?);
    }
    Ok(all)
}

/// The point stays, and u decays like e^{−t/β}.
fn after_sticking(
    case: &Case,
    kink: &Kink,
    solution: &Solution,
    from: f64,
) -> Result<Vec<Measurement>, CheckError> {
    let resting: Vec<_> = solution.samples.iter().filter(|s| s.t > from).collect();
    let drift = resting.iter().map(|s| (s.theta[0] - kink.place).abs()).fold(0.0, max);
    let place = Budget::rounding(1e-12 * (1.0 + kink.place.abs()));
    let mut all = vec![Measurement::at_most("distance from the kink after sticking", drift, 0.0, place)];
    let first = resting.first().map_or(0.0, |s| s.u[0].abs());
    let (mut t, mut y) = (Vec::new(), Vec::new());
    // Absolute errors of 10⁻¹² are small beside these.
    for sample in resting.iter().filter(|s| s.u[0].abs() > max(1e-5 * first, 1e-6)) {
        t.push(sample.t);
        y.push(sample.u[0].abs().ln());
    }
    if t.len() > 3 {
        let rate = least_squares::regress(&t, &y)?.slope;
        let budget = Budget::discretisation(1e-5 / case.beta);
        let half = least_squares::regress(&t[..t.len() / 2], &y[..t.len() / 2])?.slope;
        all.push(
            Measurement::equal("rate of log |u| after sticking", rate, -1.0 / case.beta, budget)
                .refined(rate - half),
        );
    }
    Ok(all)
}

/// Crossings and sticking time of INDIAN, seen beyond three amplitudes of its chatter.
fn measure_iterates(case: &Case, kink: &Kink) -> Result<Vec<Measurement>, CheckError> {
    const STEP: f64 = 2e-5;
    let expected = predicted(case, kink, MOST)?;
    // A flight that does not leave the chatter cannot be told from it.
    let loss = case.beta * (kink.slopes[1] - kink.slopes[0]);
    let slowest = expected.speeds.iter().map(|v| v - loss).filter(|v| *v > 0.0).fold(f64::INFINITY, min);
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let horizon = expected.times.last().map_or(1.0, |t| 1.5 * t + 10.0 * case.beta);
    let steps = (horizon / STEP).ceil() as u64;
    let mut run = IndianRun::new(method, vec![case.theta], Schedule::Constant(STEP), steps);
    run.start = case.initial.clone();
    let band = 3.0 * STEP * case.beta * norm_inf(&kink.slopes);
    if 0.5 * slowest * slowest / norm_inf(&kink.slopes) < 4.0 * band {
        return Ok(Vec::new());
    }
    let (mut side, mut crossings) = (case.theta - kink.place, 0_usize);
    // Time of the first change of sign since the band was left last.
    let (mut arrival, mut last) = (f64::NAN, side);
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        let x = o.theta[0] - kink.place;
        if x.abs() > band {
            crossings += usize::from(x * side < 0.0);
            side = x;
            arrival = f64::NAN;
        }
        if x * last <= 0.0 && arrival.is_nan() {
            arrival = o.time * STEP;
        }
        last = x;
        Flow::Continue
    })?;
    require(&outcome.status, &case.words())?;
    let impacts = expected.times.len();
    // A crossing takes up to a step with the wrong side, which changes the speed by γΔ at most; a flight of Euler's method
    // comes back γ later and faster by γs. A change δ of the speed changes a flight's time by 2δ/s: the k-th of n flights is
    // off by 2kγ(Δ + s)/s + γ, and the sum is below n(n+1)γ(2 + Δ/s).
    let n = impacts as f64;
    let least = min(-kink.slopes[0], kink.slopes[1]);
    let strength = kink.slopes[1] - kink.slopes[0];
    let budget = Budget::bound(n * (n + 1.0) * STEP * (2.0 + strength / least));
    let time = expected.times[impacts - 1];
    Ok(vec![
        Measurement::equal(
            "crossings of INDIAN before it sticks",
            crossings as f64,
            (impacts - 1) as f64,
            Budget::default(),
        ),
        Measurement::equal("time at which INDIAN sticks", arrival, time, budget),
    ])
}

/// Without β: growth of 1/V over two crossings, in the limit of small V.
fn measure_conservative(case: &Case, kink: &Kink) -> Result<Vec<Measurement>, CheckError> {
    let expected: f64 = kink.slopes.iter().map(|s| 2.0 * case.alpha / (3.0 * s.abs())).sum();
    // t_n ~ (3/α)·log n times a slope: long enough for a few hundred crossings.
    let mut until = 16.0;
    let found = loop {
        let found = seen(&solution(case, until, 1e-12)?);
        if found.times.len() >= 300 || found.sticks || until > 1e3 {
            break found;
        }
        until *= 1.5;
    };
    let inverse: Vec<f64> = found.speeds.iter().map(|v| 1.0 / v).collect();
    let growth: Vec<f64> = inverse.windows(3).map(|w| w[2] - w[0]).collect();
    let limit = |from: usize| -> Result<f64, CheckError> {
        let speeds = &found.speeds[from..growth.len()];
        Ok(least_squares::regress(speeds, &growth[from..])?.intercept)
    };
    let mut all = vec![
        Measurement::holds("it does not stick", !found.sticks),
        Measurement::at_least("crossings seen", found.times.len() as f64, 300.0, Budget::default()),
    ];
    if growth.len() > 40 {
        let (late, later) = (limit(growth.len() / 2)?, limit(3 * growth.len() / 4)?);
        let budget = Budget::discretisation(1e-3 * expected);
        all.push(
            Measurement::equal("growth of 1/V over two crossings as V → 0", later, expected, budget)
                .refined(later - late),
        );
    }
    Ok(all)
}

impl Check for KinkSticking {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::dropped("power:1", 0.0, 0.13, 1.0),
            Case::dropped("power:1", 0.5, 0.1, 1.0),
            Case::new("power:1", 0.3, 0.2, -2.0, Start::Rest),
            // Slopes −1/2 and 2, αβ > 1, thrown at the kink.
            Case::new("expr:max(2*x,-0.5*x)", 2.0, 0.6, 1.5, Start::Velocity(vec![-7.0])),
            // Slopes 3.5 and −2.5 at 1.
            Case::dropped("expr:3*abs(x-1)+0.5*x", 0.2, 0.05, 2.3),
            // The heavy ball.
            Case::dropped("power:1", 0.5, 0.0, 1.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("sum:abs(x+1);max(-3*x-3,x+1)", 0.1, 0.03, 0.5, Start::Speed(-0.7)));
            cases.push(Case::dropped("power:1", 0.0, 0.011, 1.0));
            cases.push(Case::dropped("expr:max(2*x,-0.5*x)", 0.8, 0.0, 1.0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::dropped("power:1", 0.5, 0.1, 1.0);
        vec![
            Case { beta: 0.0, prediction: Prediction::LossOf(0.1), ..case.clone() },
            Case { prediction: Prediction::LossOf(0.1001), ..case },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let reason = "it needs an objective of one variable with one kink, such as expr:3*abs(x-1)+0.5*x";
        let objective: Subject =
            own.objective.clone().ok_or(CheckError::OwnCase { reason: reason.into() })?.into();
        let initial = own.start.clone().unwrap_or_default();
        Ok(Case {
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            theta: own.start_point()?[0],
            start: initial.to_string(),
            prediction: Prediction::Claim,
            initial,
            objective,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let found = kink(case).ok().flatten();
        let off = found.as_ref().is_some_and(|k| (case.theta - k.place).abs() > 1e-9 * (1.0 + k.place.abs()));
        let clear = found.as_ref().filter(|_| off).is_none_or(|kink| {
            let loss = case.beta * (kink.slopes[1] - kink.slopes[0]);
            // Counted with a loss that is larger or smaller by 10⁻⁶ it must stay the same.
            let count = |factor: f64| {
                let other = Case { prediction: Prediction::LossOf(factor * case.beta), ..case.clone() };
                predicted(&other, kink, MOST).map_or(0, |impacts| impacts.times.len())
            };
            loss == 0.0 || count(1.0 - 1e-6) == count(1.0 + 1e-6)
        });
        vec![
            Hypothesis::exact(
                "one variable, one kink, J affine on both sides with slopes of opposite signs",
                found.is_some(),
            ),
            Hypothesis::exact("the start is off the kink", off || found.is_none()),
            Hypothesis::exact("no impact is borderline (speed equal to the loss within 10⁻⁶)", clear),
            Hypothesis::exact("β > 0, or friction", case.beta > 0.0 || case.alpha > 0.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let reason = || CheckError::OwnCase { reason: "J has not the form of this claim".into() };
        let kink = kink(case)?.ok_or_else(reason)?;
        let found = if case.beta == 0.0 && case.prediction == Prediction::Claim {
            measure_conservative(case, &kink)?
        } else {
            let mut all = measure_impacts(case, &kink)?;
            all.extend(measure_iterates(case, &kink)?);
            all
        };
        Ok(found.into_iter().map(|m| m.on(case.words())).collect())
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::dropped("power:1", 0.0, 0.13, 1.0);
        let solution = solution(&case, 12.0, 1e-10)?;
        let found = seen(&solution);
        let (t, x): (Vec<f64>, Vec<f64>) = solution.samples.iter().map(|s| (s.t, s.theta[0])).unzip();
        let stuck = found.times[found.times.len() - 1];
        let number: Vec<f64> = (1..=found.speeds.len()).map(|k| k as f64).collect();
        let line = number.iter().map(|k| 2.0_f64.sqrt() - 0.26 * (k - 1.0)).collect();
        let motion = Panel::new("motion", Axis::linear("t"), Axis::linear("θ"))
            .with(Layer::curve("θ(t)", t, x, 0))
            .with(Layer::points(
                "impacts",
                found.times.clone(),
                vec![0.0; found.times.len()],
                1,
                Marker::Ring,
            ))
            .with(Layer::Vertical { label: "sticks".into(), x: stuck, color: 2, dash: Dash::Dashed });
        let speeds = Panel::new("speed at the impacts", Axis::linear("impact"), Axis::linear("V"))
            .with(Layer::points("event solver", number.clone(), found.speeds.clone(), 1, Marker::Ring))
            .with(Layer::dashed("√2 − 2β(k − 1)", number, line, 2))
            .with(Layer::Horizontal {
                label: "2β: slower ones stick".into(),
                y: 0.26,
                color: 7,
                dash: Dash::Dotted,
            });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Sticking at a kink in finite time".into(),
            caption: "J = |θ|, α = 0, β = 0.13, from θ = 1 with velocity 0".into(),
            columns: 2,
            panels: vec![motion, speeds],
        })
    }
}
