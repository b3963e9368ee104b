//! Along bounded orbits of DIN both sides of J − J̄ are controlled by the energy E = 2(1+αβ)J + ‖u‖².
//!
//! *Derivation.* E_λ = λJ + ½‖u‖² decreases for λ± = (1 ± √(αβ))², because its derivative is minus a square there. So both
//! E_{λ±} − Ē_{λ±} ≥ 0, their sum is E − Ē, and λ₊ − λ₋ = 4√(αβ) gives
//!
//! 4√(αβ)(J − J̄) = (E_{λ₊} − Ē_{λ₊}) − (E_{λ₋} − Ē_{λ₋}), hence |J − J̄| ≤ (E − Ē)/(4√(αβ)).
//!
//! From E alone there is only the upper half, J − J̄ ≤ (E − Ē)/(2(1+αβ)): J may dip below its limit.
//!
//! *Sharpness.* Equality holds all along an orbit iff one of the squares vanishes on it. E_{λ₋}: √α θ′ + √β v = 0, for
//! αβ = 1 the start `rest` (u = 0, θ′ = −βv). E_{λ₊}: √α θ′ = √β v, for all α, β the orbit θ₀e^{−√(α/β)t} that tends to a
//! saddle with Hessian eigenvalue −α/β from the side of smaller J.

use dinlab_analysis::{fit_rate, RateKind};
use dinlab_din::{integrate, system, Settings};
use dinlab_numeric::{distance, dot, max};
use dinlab_objective::Objective;
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, ErratumCase, OwnCase},
    critical::newton,
    error::CheckError,
    problem::Problem,
    sources,
};

/// The check.
pub struct ValueRateTwoSided;

static CLAIM: Claim = Claim {
    id: "value-rate-two-sided",
    family: 'A',
    title: "Values of DIN approach their limit from both sides no slower than the energy, and like 1/t at least",
    sentence: "Along every bounded orbit |J − J̄| ≤ (E − Ē)/(4√(αβ)), with the best possible constant, and for semi-algebraic J \
               E − Ē = O(1/t), O(t^{−1/(2a−1)}) where the Łojasiewicz exponent a is above ½.",
    statement: r"|J(\theta(t))-\bar J|\le\frac{E(t)-\bar E}{4\sqrt{\alpha\beta}},\qquad E=2(1+\alpha\beta)J+\|u\|^2,\qquad E-\bar E=O(t^{-1/(2a-1)})\ \text{for}\ a>\tfrac12",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "α, β > 0 (exact)",
        "J satisfies a Łojasiewicz inequality: it is semi-algebraic or analytic (exact, from the facts; assumed for formulas of the user)",
        "the orbit is bounded: J is coercive (exact), or the run stays bounded (observed)",
        "the limit is a known critical point, or nondegenerate (computed by Newton's method from the end of the run)",
    ],
    sources: &[
        sources::at(sources::JMLR, "Theorems 11 and 13"),
        sources::at(sources::AABR, "convergence of DIN"),
    ],
    differences: "the two-sided bound and its sharpness are derived in this file; the printed proof bounds one side only",
    measured: "J and E at a thousand times along the shipped flow: the largest quotient of |J − J̄| and (E − Ē)/(4√(αβ)), at \
               most 1, and equal to 1 on the extremal orbits; the exponent of E − Ē, from the blind fit of a power of t − t₀, or over the last \
               octave above rounding where the decay is no power. J̄ is the value at \
               the limit, not the last value of the run.",
    refuted_by: "a quotient above 1 + 10⁻⁶, a quotient on an extremal orbit below 1 − 10⁻⁶, an exponent below the \
                 claimed one by more than 1 %",
    tolerance: "10⁻⁶ for integration, measured at a hundredth of the tolerance, and for the rounding of J − J̄: times with E − Ē \
                below 10⁻⁹ of its start are left out unless θ → 0 and J̄ = 0; the exponent has the interval of its fit, and a \
                margin of 1 % for the remainder O(log t/t)",
    control: "gross: the exponent of a = ¾ claimed for the flat e^{−1/x²}, which has none; near misses: the constant 4.02√(αβ) on both kinds \
              of extremal orbit, and an exponent 3 % larger",
    evidence: Evidence::Resolved,
    cost: "two integrations per case, tens of milliseconds",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    #[serde(flatten)]
    problem: Problem,
    /// The limit where it is not found by itself.
    limit: Option<Vec<f64>>,
    /// Whether the orbit is extremal: the quotient is 1, not at most 1.
    extremal: bool,
    /// The claimed exponent of E − Ē, none where the run is too short for one.
    exponent: Option<f64>,
    /// Factor on 4√(αβ); 1 except in controls.
    constant: f64,
    /// Whether the one-sided bound 2(1+αβ) is used for both sides (as printed).
    printed: bool,
    own: bool,
}

impl Case {
    fn new(objective: &str, damping: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        let problem = Problem::new(objective, damping, theta, u, until);
        let exponent = Some(claimed(&*problem.objective));
        Self { problem, limit: None, extremal: false, exponent, constant: 1.0, printed: false, own: false }
    }

    /// From rest at αβ = 1.
    fn from_above(objective: &str, beta: f64, theta: &[f64], until: f64) -> Self {
        let at_rest = vec![0.0; theta.len()];
        Self { extremal: true, ..Self::new(objective, [1.0 / beta, beta], theta, &at_rest, until) }
    }

    /// To the saddle 0 of ½(−(α/β)x² + y²) along its stable line.
    fn from_below(alpha: f64, beta: f64) -> Self {
        let root = (alpha / beta).sqrt();
        let objective = format!("quadratic:{},1", -alpha / beta);
        // θ′ = −√(α/β)θ and u = θ′ + β∇J.
        let u = [-root - alpha, 0.0];
        let case = Self::new(&objective, [alpha, beta], &[1.0, 0.0], &u, 5.0 / root);
        Self { limit: Some(vec![0.0, 0.0]), extremal: true, exponent: None, ..case }
    }

    /// The constant whose product with |J − J̄| is compared with E − Ē.
    fn factor(&self) -> f64 {
        let product = self.problem.alpha * self.problem.beta;
        self.constant * if self.printed { 2.0 * (1.0 + product) } else { 4.0 * product.sqrt() }
    }
}

/// 1/(2a−1) for a known exponent a > ½, otherwise 1.
fn claimed(objective: &dyn Objective) -> f64 {
    match objective.facts().kl_exponent {
        Some(a) if a > 0.5 => 1.0 / (2.0 * a - 1.0),
        _ => 1.0,
    }
}

/// J − J̄ and E − Ē along a run.
struct Gaps {
    t: Vec<f64>,
    value: Vec<f64>,
    energy: Vec<f64>,
    /// E − Ē below this is rounding.
    floor: f64,
}

/// Uniform times for the oscillations, and times in geometric progression for the tail.
fn grid(until: f64) -> Vec<f64> {
    const HALF: usize = 600;
    let early = dinlab_numeric::min(until, 60.0);
    let mut grid: Vec<f64> = (0..=HALF).map(|k| early * (k as f64 / HALF as f64)).collect();
    grid.extend((0..HALF).map(|k| until * 1e-4_f64.powf(k as f64 / HALF as f64)));
    grid.sort_by(f64::total_cmp);
    grid.dedup();
    grid
}

/// The limit of the orbit that ends near `end`: the nearest known critical point where all are known, otherwise the one that
/// Newton's method finds there.
fn limit(case: &Case, end: &[f64]) -> Result<Vec<f64>, CheckError> {
    let facts = case.problem.objective.facts();
    if let Some(limit) = &case.limit {
        return Ok(limit.clone());
    }
    if facts.complete {
        let near = |a: &&dinlab_objective::CriticalPoint, b: &&dinlab_objective::CriticalPoint| {
            distance(&a.point, end).total_cmp(&distance(&b.point, end))
        };
        if let Some(known) = facts.critical_points.iter().min_by(near) {
            return Ok(known.point.clone());
        }
    }
    newton(&*case.problem.objective, end, 1e-2 * (1.0 + dinlab_numeric::norm_inf(end))).ok_or_else(|| {
        CheckError::needs(
            "an orbit whose limit is a known or a nondegenerate critical point: near the end of the run Newton's method finds \
             none (a longer horizon may help)",
        )
    })
}

fn gaps(case: &Case, tolerance: f64) -> Result<Gaps, CheckError> {
    let problem = &case.problem;
    let n = problem.theta.len();
    let objective: &dyn Objective = &*problem.objective;
    // Towards a degenerate minimum, 0 in the registry, sizes fall by many orders of magnitude; elsewhere rounding of θ is
    // what remains.
    let degenerate = objective.facts().kl_exponent.is_some_and(|a| a > 0.5);
    let atol = if degenerate { 1e-20 } else { 1e-3 * tolerance };
    let settings = Settings { rtol: tolerance, atol, ..Settings::default() };
    let (mut t, mut states) = (Vec::new(), Vec::new());
    let outcome = integrate(
        &mut *system(problem.dynamics(), objective),
        &problem.state(),
        0.0,
        problem.until,
        &grid(problem.until),
        &mut [],
        &settings,
        &mut |time, y| {
            t.push(time);
            states.push(y.to_vec());
            Flow::Continue
        },
    )?;
    if outcome.status != Status::ReachedEnd {
        if case.own {
            let reason =
                format!("the orbit is not seen to be bounded: the run ended with status {}", outcome.status);
            return Err(CheckError::OwnCase { reason });
        }
        let what = problem.words();
        return Err(CheckError::UnexpectedStatus { what, status: outcome.status, expected: "reached-end" });
    }
    let limit = limit(case, &outcome.state[..n])?;
    let mut oracle = objective.oracle();
    let last = oracle.value(&limit);
    let weight = 2.0 * (1.0 + problem.alpha * problem.beta);
    let value: Vec<f64> = states.iter().map(|y| oracle.value(&y[..n]) - last).collect();
    let energy: Vec<f64> =
        states.iter().zip(&value).map(|(y, gap)| weight * gap + dot(&y[n..], &y[n..])).collect();
    let exact = last == 0.0 && limit.iter().all(|x| *x == 0.0);
    let floor = if exact { 1e-30 * energy[0] } else { 1e-9 * energy[0] };
    Ok(Gaps { t, value, energy, floor })
}

impl Gaps {
    /// Whether E − Ē is never more than rounding.
    fn at_rest(&self) -> bool {
        self.energy.iter().all(|e| e.abs() <= self.floor)
    }

    /// Largest factor·|J − J̄|/(E − Ē) above the floor.
    fn quotient(&self, factor: f64) -> f64 {
        let above = self.value.iter().zip(&self.energy).filter(|(_, e)| e.is_nan() || **e > self.floor);
        above.map(|(j, e)| factor * j.abs() / e).fold(0.0, max)
    }

    /// Exponent of E − Ē above the floor with its interval: of a power of (t − origin) where the blind fit finds one, otherwise
    /// over the last octave; and whether it was a power. One with an unknown origin is what an orbit follows that passes the
    /// minimum closely.
    fn exponent(&self) -> Result<([f64; 3], bool), CheckError> {
        let count = self.energy.iter().position(|e| *e <= self.floor).unwrap_or(self.t.len());
        let (t, energy) = (&self.t[..count], &self.energy[..count]);
        let fit = fit_rate(t, energy)?;
        if fit.kind == RateKind::Power {
            return Ok(([fit.value, fit.low, fit.high], true));
        }
        let half = t.partition_point(|time| *time < 0.5 * t[count - 1]);
        let found = (energy[half] / energy[count - 1]).ln() / (t[count - 1] / t[half]).ln();
        Ok(([found; 3], false))
    }
}

const TOLERANCES: [f64; 2] = [1e-10, 1e-12];
const MARGIN: f64 = 1e-6;

impl Check for ValueRateTwoSided {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("quadratic:1,9", [0.5, 0.1], &[1.0, -1.0], &[0.0, 2.0], 60.0),
            Case::from_above("sconv", 0.5, &[1.0, -0.5], 20.0),
            Case::from_below(0.5, 0.1),
            Case::new("hill", [0.7, 0.3], &[-1.2, 1.5], &[0.5, -1.0], 60.0),
            // Through the deeper well into the shallower one: J dips below its limit.
            Case::new("expr:0.25*(x^2-1)^2 + 0.1*x", [0.05, 0.02], &[-2.15], &[0.0], 400.0),
            Case::new("power:4", [1.0, 0.3], &[1.0], &[0.3], 1e4),
        ];
        if effort > Effort::Quick {
            cases.push(Case::from_above("cosines:2,3", 2.0, &[1.0, 2.0, -2.5], 30.0));
            cases.push(Case::from_below(2.0, 0.7));
            cases.push(Case::new("himmelblau", [1.0, 0.05], &[0.0, 0.0], &[1.0, 1.0], 30.0));
            cases.push(Case::new("power:6", [0.8, 1.5], &[-0.9], &[0.0], 1e4));
            cases.push(Case::new("power:3", [2.5, 0.3], &[1.0], &[0.0], 1e4));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let flat = Case::new("expr:exp(-1/x^2)", [1.0, 0.3], &[0.7], &[0.0], 1e5);
        let power = Case::new("power:4", [1.0, 0.3], &[1.0], &[0.3], 1e4);
        vec![
            Case { exponent: Some(2.0), limit: Some(vec![0.0]), ..flat },
            Case { constant: 1.005, ..Case::from_above("sconv", 0.5, &[1.0, -0.5], 20.0) },
            Case { constant: 1.005, ..Case::from_below(0.5, 0.1) },
            Case { exponent: Some(2.06), ..power },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let exponent = Some(claimed(&*own.subject()?));
        // Powers show late.
        let until = if exponent == Some(1.0) { 1e3 } else { 1e4 };
        let problem = Problem::own(own, [0.5, 0.1], until)?;
        Ok(Case { problem, limit: None, extremal: false, exponent, constant: 1.0, printed: false, own: true })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let (problem, facts) = (&case.problem, case.problem.objective.facts());
        let formula = facts.name.starts_with("expr:");
        let lojasiewicz = match (facts.tame, formula) {
            (true, _) => HypothesisState::Exact,
            (false, true) => HypothesisState::Assumed,
            // Smooth registered objectives are analytic or semi-algebraic, at least on the bounded set of the orbit.
            (false, false) => HypothesisState::Sampled,
        };
        let bounded = if facts.coercive { HypothesisState::Exact } else { HypothesisState::Sampled };
        vec![
            problem.is_smooth(),
            Hypothesis::exact("α, β > 0", problem.alpha > 0.0 && problem.beta > 0.0),
            Hypothesis::new("J satisfies a Łojasiewicz inequality", lojasiewicz),
            Hypothesis::new("the orbit is bounded", bounded),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let coarse = gaps(case, TOLERANCES[0])?;
        context.proceed()?;
        let fine = gaps(case, TOLERANCES[1])?;
        if case.own && fine.at_rest() {
            return Err(CheckError::needs(
                "a start that is no rest point (--start, or --velocity and --init for the second variable): E does not change \
                 along the run",
            ));
        }
        let (words, factor) = (case.problem.words(), case.factor());
        let (rough, quotient) = (coarse.quotient(factor), fine.quotient(factor));
        let name = "largest quotient of |J − J̄| and its bound";
        let budget = Budget::discretisation(MARGIN);
        let found = match case.extremal {
            true => Measurement::equal(format!("{name}, on an extremal orbit"), quotient, 1.0, budget),
            false => Measurement::at_most(name, quotient, 1.0, budget),
        };
        let mut all = vec![found.on(&words).refined(quotient - rough)];
        if let Some(claimed) = case.exponent {
            let (([rough, ..], _), ([exponent, low, high], power)) = (coarse.exponent()?, fine.exponent()?);
            if case.own && !power && exponent < claimed {
                let reason = format!(
                    "by t={} E − Ē follows no power yet: it needs a longer horizon, or a start that does not pass the \
                     minimum as closely",
                    case.problem.until
                );
                return Err(CheckError::OwnCase { reason });
            }
            let budget = Budget::discretisation(1e-2 * claimed);
            let found = Measurement::at_least("exponent of E − Ē", exponent, claimed, budget);
            // An exponent far above the claim need not be known well.
            let change = if exponent > 2.0 * claimed { 0.0 } else { exponent - rough };
            let found = found.between(low, high);
            all.push(found.on(&words).refined(change));
        }
        Ok(all)
    }

    fn errata(&self, context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        let case = Case { printed: true, extremal: false, ..Case::from_below(0.5, 0.1) };
        Ok(vec![ErratumCase {
            printed: "J(θ(t)) − J̄ = O(1/t) follows from E − Ē = O(1/t), E = 2(1+αβ)J + ‖u‖², as E − Ē ≥ 2(1+αβ)(J − J̄)",
            place: "Castera et al. 2021, proof of Theorem 13",
            grade: "gap",
            corrected: "that step bounds J − J̄ from above only, and fails for |J − J̄| where J is below its limit. Both Lyapunov \
                        functions give |J − J̄| ≤ (E − Ē)/(4√(αβ)), and with it the theorem as stated",
            measurements: self.measure(&case, context)?,
        }])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let well = Case::new("expr:0.25*(x^2-1)^2 + 0.1*x", [0.05, 0.02], &[-2.15], &[0.0], 400.0);
        let flat = Case::new("power:4", [1.0, 0.3], &[1.0], &[0.3], 1e4);
        let mut panels = Vec::new();
        for (case, title, low) in
            [(well, "well with a tilt, α=0.05, β=0.02", 1e-8), (flat, "|θ|⁴, α=1, β=0.3", 1e-9)]
        {
            context.proceed()?;
            let gaps = gaps(&case, 1e-10)?;
            let scaled = |by: f64| gaps.energy.iter().map(|e| e / by).collect::<Vec<f64>>();
            let product = case.problem.alpha * case.problem.beta;
            let axes = (Axis::log("t").range(0.1, case.problem.until), Axis::log("").range(low, 100.0));
            let below: Vec<f64> = gaps.value.iter().map(|j| if *j < 0.0 { -j } else { f64::NAN }).collect();
            let above: Vec<f64> = gaps.value.iter().map(|j| if *j > 0.0 { *j } else { f64::NAN }).collect();
            let mut panel = Panel::new(title, axes.0, axes.1)
                .with(Layer::curve("J − J(∞) > 0", gaps.t.clone(), above, 0))
                .with(Layer::curve("J(∞) − J > 0", gaps.t.clone(), below.clone(), 1))
                .with(Layer::dashed("(E − E(∞))/(4√(αβ))", gaps.t.clone(), scaled(4.0 * product.sqrt()), 2))
                .with(Layer::dashed("(E − E(∞))/(2(1+αβ))", gaps.t.clone(), scaled(2.0 + 2.0 * product), 3));
            if below.iter().all(|b| b.is_nan()) {
                panel.layers.remove(1);
            }
            panels.push(panel);
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Values of DIN and the two bounds by the energy".into(),
            caption: "Left: through the deeper well into the shallower one. The lower dashed line bounds J − J(∞) from above only.".into(),
            columns: 2,
            panels,
        })
    }
}
