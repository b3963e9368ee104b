//! On the sharp minimum of J = |θ|ᶜ, 1 < c < 2, generic orbits of DIN with β > 0 have J ~ e^{−ct/((c−1)β)}, whatever α:
//! exponential decay, where the gradient flow stops after a finite time.
//!
//! *Derivation.* With v = J′(θ) the curvature J″ = (c−1)v/θ tends to ∞ at 0. Let r = u/v. From θ′ = (r−β)v and
//! u′ = −αu − (1−αβ)v,
//!
//! r′ = −αr − (1−αβ) − (c−1)r(r−β)v/θ,
//!
//! and v/θ = c|θ|^{c−2} → ∞: r = β attracts and r = 0 repels. On r → β, u′ = −αθ′ − v with v = (u−θ′)/β, so
//! (log u)′ = −1/β + O(θ/v) = −1/β + O(|θ|^{2−c}): v ~ u/β ~ e^{−t/β}, and J ∝ |v|^{c/(c−1)}. The remainder of the slope of
//! log J decays exponentially.
//!
//! *Exception.* The repelling branch r ~ −(1−αβ)θ/((c−1)βv) → 0 is one curve of starts through each side of 0; on it
//! θ′ ~ −βJ′(θ), and 0 is reached after a finite time. For αβ = 1 the curve is u = 0, the start `rest`: there
//! θ′ = −βJ′ exactly, |θ|^{2−c} = |θ₀|^{2−c} − c(2−c)βt.

use dinlab_din::{initial_state, integrate, system, Direction, Dynamics, Event, Settings};
use dinlab_numeric::min;
use dinlab_objective::{Objective, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Status,
};
use serde::Serialize;
use std::f64::consts::LN_10;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::off_zero,
    sources,
    subject::{power, Subject},
};

/// The check.
pub struct KlRateSharp;

static CLAIM: Claim = Claim {
    id: "kl-rate-sharp",
    family: 'A',
    title: "Exponential decay of DIN on |θ|ᶜ for 1 < c < 2, at a rate set by β alone",
    sentence: "For J = |θ|ᶜ with 1 < c < 2 and β > 0 a generic orbit has J ~ e^{−ct/((c−1)β)}, whatever α; the exceptional \
               curve of starts, which for αβ = 1 is u₀ = 0, reaches 0 after a finite time like the gradient flow.",
    statement: r"\lim_{t\to\infty}\tfrac1t\log J(\theta(t))=-\frac{c}{(c-1)\beta},\qquad J=|\theta|^c,\ 1<c<2",
    hypotheses: &[
        "J = |θ|ᶜ in one dimension with 1 < c < 2 (exact, from the objective's name)",
        "β > 0 (exact)",
        "the start is generic: off the curve of starts that reach 0 in finite time (exact for αβ = 1, assumed otherwise)",
    ],
    sources: &[
        sources::at(sources::JMLR, "section 4, rates under the KL property"),
        sources::at(sources::AABR, "convergence of DIN"),
    ],
    differences: "the sources bound rates from above; rate and exception are derived in this file",
    measured: "Times at which J along the shipped DIN falls through 10⁻²⁵, 10⁻⁵⁰, …, 10⁻²⁵⁰ (events of the integrator). An exponential \
               needs equal times for equal factors; the last interval gives the rate. For the exception: the time at which \
               J has fallen to 10⁻¹² of its start.",
    refuted_by: "neighbouring intervals that differ by more than 1 %, a rate off by more than 10⁻⁴, or a time of the exception \
                 off by more than 10⁻⁵, in relative terms",
    tolerance: "the slope's remainder is of the order |θ|^{2−c}, a power of J, and removed by Aitken's formula where it is above \
                10⁻⁶; the change from the interval before, and the change at a hundredth of the integration tolerance, must be below a tenth of the margin",
    control: "gross: c = 2, where the rate depends on α, against the statement at c = 2; the exception against the generic \
              rate; near misses: β off by 10⁻³ and the statement for c = 1.501 on c = 1.5",
    evidence: Evidence::Resolved,
    cost: "two stiff integrations per case, a tenth of a second",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: f64,
    u: f64,
    /// Whether the start is the exceptional one for αβ = 1.
    exception: bool,
    /// c of the statement; differs from the objective's in controls only.
    exponent: f64,
    /// Factor on β in the prediction; 1 except in controls.
    damping: f64,
    own: bool,
}

impl Case {
    /// Start at θ₀ with u₀ = rβJ′(θ₀): any r > 0 that does not lead across 0.
    fn new(c: f64, alpha: f64, beta: f64, theta: f64, r: f64) -> Self {
        let objective = Subject::named(&format!("power:{c}"));
        let u = r * beta * slope(&*objective, theta);
        let (exception, damping, own) = (false, 1.0, false);
        Self { objective, alpha, beta, theta, u, exception, exponent: c, damping, own }
    }

    fn exceptional(c: f64, beta: f64) -> Self {
        Self { exception: true, ..Self::new(c, 1.0 / beta, beta, 0.8, 0.0) }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, u, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta}, u₀={u}")
    }

    fn rate(&self) -> f64 {
        self.exponent / ((self.exponent - 1.0) * self.beta * self.damping)
    }
}

/// J′.
fn slope(objective: &dyn Objective, theta: f64) -> f64 {
    let mut gradient = [0.0];
    objective.oracle().gradient(&[theta], &mut gradient);
    gradient[0]
}

/// Times at which J falls through the given powers of 10 (with a minus), in this order, by `until` at the latest.
fn times(case: &Case, powers: &[f64], until: f64, rtol: f64) -> Result<Vec<f64>, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let start = initial_state(dynamics, objective, &[case.theta], &Start::Auxiliary(vec![case.u]), 0.0)?;
    let mut events: Vec<Event<'_>> = powers
        .iter()
        .enumerate()
        .map(|(k, power)| {
            let mut oracle = objective.oracle();
            let level = -power * LN_10;
            Event {
                id: k.to_string(),
                function: Box::new(move |_, y| oracle.value(&y[..1]).ln() - level),
                direction: Direction::Falling,
                terminal: k + 1 == powers.len(),
            }
        })
        .collect();
    // θ and u fall by many orders of magnitude: an absolute tolerance above them would flatten the tail. On the
    // exceptional curve u is rounding error, and J does not fall as far.
    let atol = if case.exception { 1e-18 } else { 1e-280 };
    let settings = Settings { rtol, atol, max_evaluations: 20_000_000, ..Settings::default() };
    let mut field = system(dynamics, objective);
    // The exceptional curve is u = 0: nothing grows there.
    let (from, start) = match case.exception {
        true => (0.0, start),
        false => off_zero(&mut *field, &start, [0.0, 1e-3 * case.beta], &settings)?,
    };
    let outcome =
        integrate(&mut *field, &start, from, until, &[], &mut events, &settings, &mut |_, _| Flow::Continue)?;
    let times: Vec<f64> = (0..powers.len())
        .filter_map(|k| outcome.events.iter().find(|e| e.id == k.to_string()).map(|e| e.t))
        .collect();
    if times.len() == powers.len() {
        return Ok(times);
    }
    if case.own && !matches!(outcome.status, Status::ReachedEnd) {
        let reason = format!(
            "the run cannot be followed beyond t={} (status {}): on the way it crosses 0, where J″ is infinite; start nearer \
             to u₀ = βJ′(θ₀), or give no start",
            outcome.t, outcome.status
        );
        return Err(CheckError::OwnCase { reason });
    }
    let what = format!("{}: the time at which J is 10^−{}", case.words(), powers[times.len()]);
    Err(CheckError::UnexpectedStatus { what, status: outcome.status, expected: "event" })
}

/// Factor of J from one level to the next, as a power of 10. For c near 1 the integrator ends where the square of
/// J″ = c(c−1)|θ|^{c−2} overflows, that is at J = 10^−P with P = 154 c/(2−c) (tested below); nine tenths of that are used.
fn spacing(case: &Case) -> f64 {
    let c = power(&*case.objective).unwrap_or(f64::NAN);
    let overflow = 0.5 * f64::MAX.log10() * c / (2.0 - c);
    // At c = 2 (a control) J″ is constant.
    if c < 2.0 {
        min(25.0, 0.09 * overflow)
    } else {
        25.0
    }
}

/// J at the ends of the intervals, as powers of 10.
fn levels(case: &Case) -> Vec<f64> {
    (1..=10).map(|k| spacing(case) * f64::from(k)).collect()
}

/// Rates of log J over the intervals between [`levels`]. Their remainders are a power of J, so from each to the next
/// they shrink by one factor, and Aitken's formula removes them where they stand out of rounding.
fn rates(case: &Case, rtol: f64) -> Result<Vec<f64>, CheckError> {
    // Ten times the time that decay like e^{−t/β} needs; no decay by then refutes.
    let times = times(case, &levels(case), 1e4 * case.beta, rtol)?;
    let raw: Vec<f64> = times.windows(2).map(|t| spacing(case) * LN_10 / (t[1] - t[0])).collect();
    let accelerated = raw.windows(3).map(|s| {
        let (before, after) = (s[1] - s[0], s[2] - s[1]);
        if after.abs() > 1e-6 * s[2].abs() && after.abs() < 0.9 * before.abs() {
            s[2] + after * after / (before - after)
        } else {
            s[2]
        }
    });
    Ok(accelerated.collect())
}

const TOLERANCES: [f64; 2] = [1e-6, 1e-8];

fn generic(case: &Case) -> Result<Vec<Measurement>, CheckError> {
    let (coarse, fine) = (rates(case, TOLERANCES[0])?, rates(case, TOLERANCES[1])?);
    let last = fine.len() - 1;
    let change = (fine[last] - coarse[last]).abs() + (fine[last] - fine[last - 1]).abs();
    let rate = case.rate();
    Ok(vec![
        Measurement::equal(
            "last interval over the one before",
            fine[last - 1] / fine[last],
            1.0,
            Budget::discretisation(0.01),
        )
        .on(case.words())
        .refined(coarse[last - 1] / coarse[last] - fine[last - 1] / fine[last]),
        Measurement::equal("decay rate of J", fine[last], rate, Budget::discretisation(1e-4 * rate))
            .on(case.words())
            .in_unit("1/time")
            .refined(change),
    ])
}

/// J falls to `share` of its start within a finite time of known length.
fn exceptional(case: &Case) -> Result<Vec<Measurement>, CheckError> {
    const POWER: f64 = 12.0;
    let c = case.exponent;
    let first = case.objective.oracle().value(&[case.theta]);
    let at = |rtol| Ok::<f64, CheckError>(times(case, &[POWER - first.log10()], 1e4 * case.beta, rtol)?[0]);
    let (coarse, fine) = (at(TOLERANCES[0])?, at(TOLERANCES[1])?);
    let extinction = case.theta.abs().powf(2.0 - c) / (c * (2.0 - c) * case.beta * case.damping);
    let predicted = extinction * (1.0 - 10_f64.powf(-POWER * (2.0 - c) / c));
    let name = "time at which J has fallen by 10¹² from rest at αβ = 1";
    Ok(vec![Measurement::equal(name, fine, predicted, Budget::discretisation(1e-5 * predicted))
        .on(case.words())
        .refined(fine - coarse)])
}

const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Ring];

impl Check for KlRateSharp {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new(1.5, 1.0, 0.5, 0.02, 1.0),
            Case::new(1.5, 3.0, 0.5, -0.02, 0.5),
            Case::new(1.3, 0.0, 1.0, 0.01, 1.0),
            Case::exceptional(1.5, 0.7),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new(1.2, 0.3, 0.1, 1e-6, 2.0));
            cases.push(Case::new(1.75, 2.5, 2.0, 0.01, 0.5));
            cases.push(Case::new(1.8, 1.0, 0.5, 0.02, 1.0));
            cases.push(Case::exceptional(1.25, 2.0));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let good = Case::new(1.5, 1.0, 0.5, 0.02, 1.0);
        vec![
            Case::new(2.0, 4.0, 0.5, 0.02, 1.0),
            Case { exception: false, ..Case::exceptional(1.5, 0.7) },
            Case { damping: 1.001, ..good.clone() },
            Case { exponent: 1.501, ..good },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = |what: &str| Err(CheckError::needs(what));
        let objective = match &own.objective {
            Some(objective) => Subject::from(objective.clone()),
            None => return needs("an objective, `power:c` with 1 < c < 2"),
        };
        let (alpha, beta) = (own.alpha.unwrap_or(1.0), own.beta.unwrap_or(0.5));
        let theta = match own.theta.as_deref() {
            None => 0.01,
            Some(&[theta]) if theta != 0.0 => theta,
            Some(_) => return needs("one number other than 0 as θ₀"),
        };
        if own.until.is_some() {
            return needs("no horizon: it ends when J has fallen to 10⁻²⁵⁰");
        }
        let exponent = power(&*objective).unwrap_or(f64::NAN);
        let u = match (&own.start, objective.dimension()) {
            (_, n) if n != 1 => f64::NAN,
            (None, _) => beta * slope(&*objective, theta),
            (Some(start), _) => start.auxiliary(alpha, beta, &[theta], &[slope(&*objective, theta)])?[0],
        };
        let exception = u == 0.0 && (alpha * beta - 1.0).abs() < 4.0 * f64::EPSILON;
        Ok(Case { objective, alpha, beta, theta, u, exception, exponent, damping: 1.0, own: true })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let sharp = power(&*case.objective).is_some_and(|c| 1.0 < c && c < 2.0);
        let generic = if case.exception { HypothesisState::ByConstruction } else { HypothesisState::Assumed };
        let text = if case.exception { "the exceptional start u₀ = 0, αβ = 1" } else { "generic start" };
        vec![
            Hypothesis::exact("J = |θ|ᶜ with 1 < c < 2", sharp),
            Hypothesis::exact("β > 0", case.beta > 0.0),
            Hypothesis::new(text, generic),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        if case.exception {
            exceptional(case)
        } else {
            generic(case)
        }
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let range = Axis::linear("log₁₀ J").range(-260.0, 0.0);
        let mut panel = Panel::new("", Axis::linear("t/β").range(0.0, 300.0), range);
        for (color, case) in [
            Case::new(1.25, 1.0, 0.5, 0.01, 1.0),
            Case::new(1.5, 1.0, 0.5, 0.02, 1.0),
            Case::new(1.5, 8.0, 0.5, 0.02, 0.5),
            Case::new(1.75, 2.5, 2.0, 0.02, 1.0),
        ]
        .into_iter()
        .enumerate()
        {
            context.proceed()?;
            let levels = levels(&case);
            let t: Vec<f64> =
                times(&case, &levels, 1e4 * case.beta, 1e-6)?.iter().map(|t| t / case.beta).collect();
            let (end, y) = (levels.len() - 1, levels.iter().map(|l| -l).collect::<Vec<f64>>());
            let slope = case.rate() * case.beta / LN_10;
            let line = vec![y[end] + slope * (t[end] - t[0]), y[end]];
            let label = format!("c={}, α={}, β={}", case.exponent, case.alpha, case.beta);
            panel = panel
                .with(Layer::points(label, t.clone(), y, color, MARKERS[color]))
                .with(Layer::dashed("", vec![t[0], t[end]], line, color));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Decay of DIN on sharp minima".into(),
            caption: "J = |θ|^c from u₀ near βJ′(θ₀). Dashed: slope −c/(c−1) through the last point.".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_din::{simulate, Run};

    /// Whatever c is, the run ends where J″ has reached the root of the largest number, and not before.
    #[test]
    fn runs_near_c_1_end_where_the_square_of_the_curvature_overflows() {
        for c in [1.02_f64, 1.05, 1.1, 1.15] {
            let objective = Subject::named(&format!("power:{c}"));
            let mut run = Run::new(Dynamics::Din { alpha: 1.0, beta: 0.5 }, &[0.01], 40.0);
            run.start = Start::Velocity(vec![0.0]);
            run.settings = Settings { rtol: 1e-6, atol: 1e-280, ..Settings::default() };
            let path = simulate(&*objective, &run).unwrap();
            assert!(matches!(path.status, Status::StepUnderflow { .. }), "c={c}: {}", path.status);
            let curvature = (c * (c - 1.0)).log10() + (c - 2.0) * path.last.theta[0].abs().log10();
            let root = 0.5 * f64::MAX.log10();
            assert!((root..root + 1.5).contains(&curvature), "c={c}: J″ = 10^{curvature}");
            let case = Case::new(c, 1.0, 0.5, 0.01, 1.0);
            let deepest = levels(&case)[9];
            assert!(-path.last.value.log10() > 1.05 * deepest, "c={c}: {deepest}");
        }
    }
}
