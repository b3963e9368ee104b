//! How long DIN needs to leave a critical point with one unstable direction, and how Hessian damping changes that.
//!
//! Linear theory and laws are in [`crate::saddle`]: a start with unstable amplitude A passes |⟨e, θ−θ*⟩| = R at the time
//! log(R/|A|)/s₊, s₊ the positive root of s² + (α−βm)s − m. For a start of size σ this is (log(R/σκ) − log|Z|)/s₊: mean
//! [log(R/σκ) + (γ_E+log 2)/2]/s₊, standard deviation π/(2√2 s₊). Differentiating the equation of s₊ in β,
//! ds₊/dβ = ms₊/(2s₊ + α − βm) > 0: Hessian damping speeds up the escape.
//!
//! *Nonlinearity.* Where ⟨e, ∇J⟩ = −m⟨e, θ⟩(1 + g(θ)), |g| ≤ G|θ|/R up to R, the momentary growth rate changes by
//! at most (m ds₊/dm) G|θ|/R to first order; with |θ| = Re^{s₊(t−T)} the exit time moves by at most (m ds₊/dm)G/s₊².

use dinlab_din::{initial_state, integrate, system, Direction, Dynamics, Event, Settings};
use dinlab_numeric::{max, norm};
use dinlab_objective::{CriticalKind, Regularity};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Status,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{curvature_scale, eigendirections, search_unstable, settle_unstable, slope, FLAT},
    error::CheckError,
    limit::extrapolated,
    problem::brief,
    saddle::{nonlinearity, Drawn, ExitLaw, Law, Unstable},
    sources,
    subject::Subject,
};

/// The check.
pub struct SaddleEscapeFlow;

static CLAIM: Claim = Claim {
    id: "saddle-escape-flow",
    family: 'A',
    title: "DIN leaves strict saddles after a time with a known law; Hessian damping shortens it",
    sentence: "From almost every jointly drawn (θ₀, ψ₀) DIN leaves a strict saddle; from a normal start of size σ the exit time \
               is (log(R/σκ) − log|Z|)/s₊ with Z standard normal, and s₊ grows with β: ds₊/dβ = ms₊/(2s₊ + α − βm).",
    statement: r"T=\frac{\log\frac{R}{\sigma\kappa}-\log|Z|}{s_+},\quad \mathbb E\,T=\frac{\log\frac R{\sigma\kappa}+\frac{\gamma_E+\log2}2}{s_+},\quad \operatorname{sd}T=\frac{\pi}{2\sqrt2\,s_+},\quad s_+^2+(\alpha-\beta m)s_+=m",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the point is critical, up to rounding (computed)",
        "its Hessian has one negative eigenvalue and no other that is not positive (computed)",
        "β > 0, so that ψ₀ can be drawn (exact)",
        "the law of the start is transversal to the stable line, κ > 0 (exact); for a named start, whose (θ₀, ψ₀) lies on a null \
         set, this is what replaces the joint density",
    ],
    sources: &[sources::at(sources::SADDLES, "avoidance for DIN")],
    differences: "the paper proves that the saddle is avoided from almost every (θ₀, ψ₀); the law of the time and the effect \
                  of β are derived in this file",
    measured: "Starts from streams of their own; for each run of the shipped flow the integrator locates the time at which \
               |⟨e, θ−θ*⟩| rises through R, and the side. Compared: each start with its own prediction, all starts with the \
               law (mean, standard deviation, distribution); the growth rate between R/20 and R with s₊, and its \
               derivative in β by differences of runs.",
    refuted_by: "one start that stays, leaves on the other side or at another time than predicted; a mean, standard \
                 deviation or distribution off the law; a growth rate or its derivative off the formula",
    tolerance: "one start: twice the first-order effect of the nonlinearity, (m ds₊/dm)G/s₊², plus the rounding of θ about \
                θ* relative to the smallest |A|. R is halved from 10⁻³ until G ≤ 10⁻³, σ is the smallest size at which ∇J is \
                resolved. Mean and standard deviation: margins of 6.5 standard errors of the predicted law; distribution: 2.7/√n; \
                growth rate and derivative: 2·(m ds₊/dm)G and 10⁻⁵, 10⁻³ in relative terms",
    control: "gross: starts on the stable line, against the law of starts at rest; near miss: friction 1.001 α in the \
              prediction",
    evidence: Evidence::Sampled,
    cost: "some thousand short runs per case, a second",
};

/// One critical point, one damping, many starts.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    saddle: Vec<f64>,
    alpha: f64,
    beta: f64,
    law: Law,
    starts: u64,
    /// Factor on α in the prediction; 1 except in the near miss.
    friction: f64,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], law: Law, starts: u64) -> Self {
        let objective = Subject::named(objective);
        let saddle = first_known(&objective).unwrap_or_else(|| vec![0.0; objective.dimension()]);
        Self { objective, saddle, alpha, beta, law, starts, friction: 1.0 }
    }

    fn words(&self) -> String {
        let Self { objective, saddle, alpha, beta, law, starts, .. } = self;
        let law = law.words(Some((*alpha, *beta)));
        format!("{objective} at {}, α={alpha}, β={beta}, {law}, {starts} starts", brief(saddle))
    }
}

/// The first known saddle (maximum in one dimension).
fn first_known(objective: &Subject) -> Option<Vec<f64>> {
    let unstable =
        if objective.dimension() == 1 { CriticalKind::Maximum } else { CriticalKind::StrictSaddle };
    objective.facts().critical_points.iter().find(|c| c.kind == unstable).map(|c| c.point.clone())
}

/// Everything about the critical point that runs and predictions need.
struct Setting<'a> {
    case: &'a Case,
    direction: Vec<f64>,
    unstable: Unstable,
    law: ExitLaw,
    radius: f64,
    /// σ.
    size: f64,
    /// G.
    bend: f64,
    /// Steps short enough for 10⁻¹² per step, whatever the size of θ*.
    largest_step: f64,
}

/// The smallest size at which the gradient is resolved to 10⁻⁶.
fn resolved_size(case: &Case, direction: &[f64], m: f64) -> f64 {
    let sizes = [1e-12, 1e-10, 1e-9, 1e-8, 1e-7];
    let clear = |size: &&f64| nonlinearity(&*case.objective, &case.saddle, direction, m, **size) < 1e-6;
    *sizes.iter().find(clear).unwrap_or(&1e-6)
}

impl<'a> Setting<'a> {
    fn new(case: &'a Case) -> Result<Self, CheckError> {
        let directions = eigendirections(&*case.objective, &case.saddle);
        let Some(&(lowest, ref direction)) = directions.first() else {
            return Err(CheckError::needs("a finite Hessian at the critical point"));
        };
        let steepest = directions.iter().map(|d| d.0.abs()).fold(0.0, max);
        let (m, direction) = (-lowest, direction.clone());
        let unstable = Unstable::new(m, Some((case.alpha * case.friction, case.beta)));
        let size = resolved_size(case, &direction, m);
        let mut radius = 1e-3;
        let bend = |radius| nonlinearity(&*case.objective, &case.saddle, &direction, m, radius);
        while bend(radius) > 1e-3 && radius > 2e3 * size {
            radius *= 0.5;
        }
        let bend = bend(radius);
        let (growth, kappa) = (unstable.fast, unstable.kappa(case.law));
        let slow = 2.0 * bend * unstable.elasticity() / (growth * growth);
        let law = ExitLaw { growth, level: (radius / (size * kappa)).ln(), whole: false, slow };
        let largest_step = 0.2 / (case.alpha + case.beta * steepest + steepest.sqrt());
        Ok(Self { case, direction, unstable, law, radius, size, bend, largest_step })
    }

    fn draw(&self, context: &Context<'_>, index: u64) -> Drawn {
        let mut stream = context.stream(&format!("start/{}", self.case.words()), index);
        self.unstable.draw(self.case.law, &self.direction, self.size, &mut stream)
    }

    /// Long against all time scales, of the friction 1/α as well.
    fn horizon(&self) -> f64 {
        let root = self.unstable.m.sqrt();
        300.0 * (1.0 + self.case.alpha / root) / root
    }

    /// Times at R/20 and R and the side; none if it has not left by the horizon.
    fn run(&self, start: &Drawn, beta: f64) -> Result<Option<([f64; 2], f64)>, CheckError> {
        let case = self.case;
        let dynamics = Dynamics::Din { alpha: case.alpha, beta };
        let theta: Vec<f64> = case.saddle.iter().zip(&start.offset).map(|(x, d)| x + d).collect();
        let state = initial_state(dynamics, &*case.objective, &theta, &start.start, 0.0)?;
        let along = |y: &[f64]| -> f64 {
            self.direction.iter().zip(y.iter().zip(&case.saddle)).map(|(e, (y, x))| e * (y - x)).sum()
        };
        let event = |id: &str, level: f64, terminal| Event {
            id: id.into(),
            function: Box::new(move |_, y| along(y).abs() - level),
            direction: Direction::Rising,
            terminal,
        };
        let mut events = [event("inner", self.radius / 20.0, false), event("outer", self.radius, true)];
        // The length of the steps bounds their errors: θ* ≠ 0 is rounded to more than what tolerances below would ask for.
        let settings = Settings {
            rtol: 1e-10,
            atol: 1e-6 * self.size,
            max_step: self.largest_step,
            ..Settings::default()
        };
        let outcome = integrate(
            &mut *system(dynamics, &*case.objective),
            &state,
            0.0,
            self.horizon(),
            &[],
            &mut events,
            &settings,
            &mut |_, _| Flow::Continue,
        )?;
        match outcome.status {
            Status::ReachedEnd => Ok(None),
            Status::Event { at, .. } => {
                let inner = outcome.events.iter().rev().find(|e| e.id == "inner").map_or(f64::NAN, |e| e.t);
                Ok(Some(([inner, at], along(&outcome.state).signum())))
            }
            status => Err(CheckError::UnexpectedStatus { what: case.words(), status, expected: "event" }),
        }
    }

    /// Growth rate between R/20 and R of one start on the unstable line, with another β.
    fn growth(&self, beta: f64) -> Result<f64, CheckError> {
        let unstable = Unstable::new(self.unstable.m, Some((self.case.alpha, beta)));
        // Far enough from R/20 for what is not on the unstable line to have died.
        let offset: Vec<f64> = self.direction.iter().map(|e| e * self.size).collect();
        let u = (unstable.fast - beta * unstable.m) * self.size;
        let start = dinlab_objective::Start::Auxiliary(self.direction.iter().map(|e| e * u).collect());
        let left = self.run(&Drawn { offset, start, amplitude: self.size }, beta)?;
        Ok(left.map_or(f64::NAN, |([inner, outer], _)| 20.0_f64.ln() / (outer - inner)))
    }

    /// s₊ and ds₊/dβ as measured, the latter by central differences extrapolated from two steps, with its change.
    fn statics(&self) -> Result<([f64; 2], f64), CheckError> {
        let beta = self.case.beta;
        let difference = |share: f64| {
            let h = share * beta;
            Ok::<f64, CheckError>((self.growth(beta + h)? - self.growth(beta - h)?) / (2.0 * h))
        };
        let differences = [difference(0.08)?, difference(0.04)?, difference(0.02)?];
        let [before, last] = extrapolated(&differences, 4.0);
        Ok(([self.growth(beta)?, last], last - before))
    }
}

impl Check for SaddleEscapeFlow {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = match effort {
            Effort::Quick => 300,
            Effort::Standard => 2_000,
            Effort::Thorough => 20_000,
        };
        let mut cases = vec![
            Case::new("well", [0.5, 0.3], Law::Speed(0.3), n),
            Case::new("double-well", [1.0, 0.2], Law::Joint, n),
            Case::new("quadratic:1,2;2,1", [0.4, 1.5], Law::Joint, n),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("well", [1.0, 1.0], Law::Joint, n));
            cases.push(Case::new("himmelblau", [2.0, 0.05], Law::Joint, n));
            cases.push(Case::new("double-well", [0.5, 1.0], Law::Speed(1.0), n));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |law| Case::new("double-well", [1.0, 0.2], law, 200);
        vec![with(Law::StableLine), Case { friction: 1.001, ..with(Law::Joint) }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let refuse = |reason: &str| Err(CheckError::OwnCase { reason: reason.into() });
        if own.until.is_some() {
            return refuse("runs end when they have left the saddle: give no horizon");
        }
        let law =
            match &own.start {
                None => Law::Joint,
                Some(dinlab_objective::Start::Rest) => Law::Speed(own.beta.unwrap_or(0.3)),
                Some(dinlab_objective::Start::Speed(c)) => Law::Speed(*c),
                Some(_) => return refuse(
                    "it draws (θ₀, ψ₀) jointly, or θ₀ alone for the starts rest and speed:c; no other start",
                ),
            };
        let objective = own.subject()?;
        let saddle = match (&own.theta, first_known(&objective)) {
            (None, Some(known)) => Some(known),
            (None, None) => search_unstable(&*objective),
            (Some(near), _) => settle_unstable(&*objective, near),
        };
        let Some(saddle) = saddle else {
            return refuse(
                "it needs a start near a strict saddle: Newton's method from here reaches none nearby",
            );
        };
        let (alpha, beta) = (own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.3));
        Ok(Case { objective, saddle, alpha, beta, law, starts: 1_000, friction: 1.0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        let mut all = vec![Hypothesis::exact("J is twice continuously differentiable", smooth)];
        let directions = eigendirections(&*case.objective, &case.saddle);
        let size = directions.iter().map(|d| d.0.abs()).fold(0.0, max);
        let critical =
            slope(&*case.objective, &case.saddle) <= 1e-12 * (1.0 + size) * (1.0 + norm(&case.saddle));
        let scale = curvature_scale(&*case.objective, &case.saddle);
        let values: Vec<f64> = directions.iter().map(|d| d.0 / scale).collect();
        let single = matches!(values.as_slice(), [first, rest @ ..]
            if *first < -FLAT && rest.iter().all(|v| *v > FLAT));
        all.push(Hypothesis::exact("the point is critical, up to rounding", critical));
        all.push(Hypothesis::exact("one Hessian eigenvalue is negative, all others are positive", single));
        all.push(Hypothesis::exact("β > 0", case.beta > 0.0));
        if single && case.beta > 0.0 {
            let kappa = Unstable::new(-directions[0].0, Some((case.alpha, case.beta))).kappa(case.law);
            let named = if matches!(case.law, Law::Joint) { "joint density" } else { "named start: κ > 0" };
            let state = if kappa > 0.0 { HypothesisState::Exact } else { HypothesisState::False };
            all.push(Hypothesis::new(format!("law transversal to the stable line ({named})"), state));
        }
        all
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let setting = Setting::new(case)?;
        let (words, s) = (case.words(), setting.unstable.fast);
        let drawn: Vec<Drawn> = (0..case.starts).map(|index| setting.draw(context, index)).collect();
        let one = |start: &Drawn| {
            context.proceed()?;
            setting.run(start, case.beta)
        };
        let runs = drawn.par_iter().map(one).collect::<Result<Vec<_>, CheckError>>()?;
        let left: Vec<(&Drawn, f64, f64)> =
            drawn.iter().zip(&runs).filter_map(|(d, r)| r.map(|([_, t], side)| (d, t, side))).collect();
        let count = |n: usize, of: usize, name: &str| {
            Measurement::equal(name, n as f64, of as f64, Budget::default()).on(&words)
        };
        let mut all = vec![count(left.len(), runs.len(), "starts that leave the saddle")];
        if left.len() < 2 {
            return Ok(all);
        }
        let astray = left.iter().filter(|(d, _, side)| *side != d.amplitude.signum()).count();
        all.push(count(astray, 0, "starts that leave on the other side"));
        let exit = |amplitude: f64| (setting.radius / amplitude.abs()).ln() / s;
        let worst = left.iter().map(|(d, t, _)| (t - exit(d.amplitude)).abs()).fold(0.0, max);
        let smallest = left.iter().map(|(d, ..)| d.amplitude.abs()).fold(f64::INFINITY, dinlab_numeric::min);
        let rounding = 20.0 * f64::EPSILON * norm(&case.saddle) / (smallest * s) + 1e-7 / s;
        let budget = Budget { rounding, ..Budget::bound(setting.law.slow) };
        all.push(
            Measurement::at_most("largest |t − log(R/|A|)/s₊| of a start", worst, 0.0, budget)
                .on(&words)
                .in_unit("time"),
        );
        let times: Vec<f64> = left.iter().map(|(_, t, _)| *t).collect();
        all.extend(setting.law.judge(&times, "exit time", &words)?);
        let ([growth, derivative], change) = setting.statics()?;
        let coarser = Setting { largest_step: 2.0 * setting.largest_step, ..Setting::new(case)? };
        let rough = coarser.growth(case.beta)?;
        let (alpha, m) = (case.alpha * case.friction, setting.unstable.m);
        let predicted = m * s / (2.0 * s + alpha - case.beta * m);
        let bend = 2.0 * setting.bend * setting.unstable.elasticity();
        let budget = Budget { bound: bend, ..Budget::discretisation(1e-5 * s) };
        all.push(Measurement::equal("growth rate", growth, s, budget).on(&words).refined(growth - rough));
        let budget = Budget::discretisation(1e-3 * predicted + 4.0 * setting.bend * predicted);
        let name = "derivative of the growth rate in β";
        all.push(Measurement::equal(name, derivative, predicted, budget).on(&words).refined(change));
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new("well", [0.5, 0.3], Law::Speed(0.3), 500);
        let setting = Setting::new(&case)?;
        let exit = |index: u64| {
            context.proceed()?;
            setting.run(&setting.draw(context, index), case.beta)
        };
        let runs = (0..case.starts).into_par_iter().map(exit).collect::<Result<Vec<_>, CheckError>>()?;
        let times: Vec<f64> = runs.into_iter().flatten().map(|([_, t], _)| t).collect();
        let axes = (Axis::linear("s₊t − log(R/σκ)"), Axis::linear("density"));
        let density = Panel::new("exit time, standardised", axes.0, axes.1);
        let density = setting.law.histogram(density, "well, rest", &times, 0);
        let mut speed = Panel::new(
            "growth rate at the saddle",
            Axis::linear("β").range(0.0, 3.1),
            Axis::linear("s₊").range(0.0, 3.5),
        );
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle];
        for (color, alpha) in [0.2, 1.0, 3.0].into_iter().enumerate() {
            let betas: Vec<f64> = (1..=10).map(|i| 0.3 * f64::from(i)).collect();
            let mut measured = Vec::new();
            for beta in &betas {
                let case = Case::new("well", [alpha, *beta], Law::Joint, 0);
                measured.push(Setting::new(&case)?.growth(*beta)?);
            }
            let grid: Vec<f64> = (0..=100).map(|i| 0.03 * f64::from(i)).collect();
            let line = grid.iter().map(|b| Unstable::new(1.0, Some((alpha, *b))).fast).collect();
            speed = speed
                .with(Layer::points(format!("α = {alpha}"), betas, measured, color, markers[color]))
                .with(Layer::dashed("", grid, line, color));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "DIN leaving a strict saddle".into(),
            caption: format!(
                "Left: {}. Right: measured on well at 0 (m = 1), dashed: root of s² + (α−βm)s = m.",
                case.words()
            ),
            columns: 2,
            panels: vec![density, speed],
        })
    }
}
