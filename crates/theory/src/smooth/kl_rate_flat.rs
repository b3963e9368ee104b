//! On the flat minimum of J = |θ|ᶜ, c > 2, generic orbits of DIN obey z = |θ|^{−(c−2)} = kt − κ log t + O(1) with
//! k = c(c−2)/α and κ = (αβ−1)c(c−1)/α², so that J ~ (kt)^{−c/(c−2)}, whatever β.
//!
//! *Derivation.* On the slow curve θ′ = −p(θ) the equation reads p(α + βJ″ − p′) = J′. To first order p = J′/α and
//! p′ = J″/α, hence p = (J′/α)(1 − (β − 1/α)J″/α + O(J″²)). With J″ = c(c−1)/z this is
//! z′ = (c−2)|θ|^{−(c−1)}p = k(1 − κ/z + O(z⁻²)), and z = kt − κ log t + O(1). Over the octave [T, 2T] the slope of
//! z is therefore k − κ log 2/T + O(log T/T²): the remainder of the slope is O(1/T), one extrapolation removes it, and
//! the change between octaves gives κ.

use std::f64::consts::LN_2;

use dinlab_din::{initial_state, integrate, system, Dynamics, Settings};
use dinlab_objective::{Objective, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::{power, Subject},
};

/// The check.
pub struct KlRateFlat;

static CLAIM: Claim = Claim {
    id: "kl-rate-flat",
    family: 'A',
    title: "Power-law decay of DIN on |θ|ᶜ, with its constant",
    sentence: "For J = |θ|ᶜ with c > 2 a generic orbit has |θ|^{−(c−2)} = kt − κ log t + O(1) with k = c(c−2)/α and \
               κ = (αβ−1)c(c−1)/α²; so J decays like (kt)^{−c/(c−2)}, and β enters only through κ.",
    statement: r"|\theta|^{-(c-2)}=\frac{c(c-2)}{\alpha}\,t-\frac{(\alpha\beta-1)\,c(c-1)}{\alpha^2}\log t+O(1),\qquad J\sim\left[\frac{c(c-2)}{\alpha}\,t\right]^{-c/(c-2)}",
    hypotheses: &[
        "J = |θ|ᶜ in one dimension with c > 2 (exact, from the objective's name)",
        "the start is generic: off the one curve of starts that decay like e^(−αt) (assumed)",
    ],
    sources: &[
        sources::at(sources::JMLR, "section 4, rates under the KL property"),
        sources::at(sources::AABR, "convergence of DIN"),
    ],
    differences: "the sources bound the rate; exponent, constant and logarithmic term are derived here",
    measured: "z = |θ|^{−(c−2)} of a shipped run at times in ratio 2. Slope of z over the last octave, its change from \
               the octave before, and the exponent of J over an octave, each extrapolated once with its predecessor \
               because the remainder is O(1/t). A power law has the same exponent over the next octave, an \
               exponential twice the exponent. The horizon ends earlier only where θ has fallen below 10⁻¹⁵⁰.",
    refuted_by: "an exponent that changes by more than 5 % from octave to octave, a slope off by more than 10⁻⁴, a coefficient κ off by more than 0.3 % of (1+αβ)c(c−1)/α², or an exponent \
                 off by more than 0.5 %, in relative terms",
    tolerance: "the remainders after extrapolation are O(log T/T²), O(1/T) and O(1/T) in relative terms: at T = 10⁴ below \
                10⁻⁶, 10⁻³ and 4·10⁻⁴. They are measured: the change from the octave before, plus the change with a \
                hundredth of the integration tolerance, must be below a tenth of the margin",
    control: "gross: c = 2, where decay is exponential and no octave has the same exponent as the next, against the \
              statement for c = 3; near misses: friction off by 3·10⁻⁴, and the statement for c = 3.03 on c = 3",
    evidence: Evidence::Resolved,
    cost: "two integrations to t = 2·10⁵ per case, a tenth of a second",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: f64,
    velocity: f64,
    until: f64,
    /// c of the statement; differs from the objective's in controls only.
    exponent: f64,
    /// Factor on α in the prediction; 1 except in controls.
    friction: f64,
}

impl Case {
    fn new(c: f64, alpha: f64, beta: f64, until: f64) -> Self {
        let objective = Subject::named(&format!("power:{c}"));
        Self { objective, alpha, beta, theta: 1.0, velocity: -0.3, until, exponent: c, friction: 1.0 }
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, velocity, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta}, θ′₀={velocity}")
    }

    fn predicted(&self) -> Predicted {
        let (c, alpha) = (self.exponent, self.alpha * self.friction);
        let curvature = c * (c - 1.0) / (alpha * alpha);
        Predicted {
            slope: c * (c - 2.0) / alpha,
            logarithm: (alpha * self.beta - 1.0) * curvature,
            logarithm_scale: (alpha * self.beta + 1.0) * curvature,
            exponent: c / (c - 2.0),
        }
    }
}

/// The closed forms of the statement.
struct Predicted {
    slope: f64,
    logarithm: f64,
    /// κ with its two terms added instead of subtracted: it does not vanish at αβ = 1.
    logarithm_scale: f64,
    exponent: f64,
}

/// A run at times in ratio 2, first time first.
struct Octaves {
    t: Vec<f64>,
    theta: Vec<f64>,
    value: Vec<f64>,
}

/// Octaves below this time carry nothing of the asymptotics.
const FIRST_TIME: f64 = 1.0;
/// The run is not used beyond this size of θ.
const SMALLEST: f64 = 1e-150;
/// Estimates need the last five times: two pairs of octaves, and the same an octave earlier.
const NEEDED: usize = 5;

fn octaves(case: &Case, rtol: f64) -> Result<Octaves, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let velocity = Start::Velocity(vec![case.velocity]);
    let start = initial_state(dynamics, objective, &[case.theta], &velocity, 0.0)?;
    let mut grid: Vec<f64> =
        (0..60).map(|k| case.until * 0.5_f64.powi(k)).take_while(|t| *t >= FIRST_TIME).collect();
    grid.reverse();
    // θ and u fall by many orders of magnitude: an absolute tolerance above them would flatten the tail.
    let settings = Settings { rtol, atol: 1e-250, max_evaluations: 200_000_000, ..Settings::default() };
    let mut oracle = objective.oracle();
    let mut found = Octaves { t: Vec::new(), theta: Vec::new(), value: Vec::new() };
    let outcome = integrate(
        &mut *system(dynamics, objective),
        &start,
        0.0,
        case.until,
        &grid,
        &mut [],
        &settings,
        &mut |t, y| {
            if y[0].abs() < SMALLEST {
                return Flow::Stop;
            }
            found.t.push(t);
            found.theta.push(y[0].abs());
            found.value.push(oracle.value(&y[..1]));
            Flow::Continue
        },
    )?;
    let ended = matches!(outcome.status, Status::ReachedEnd | Status::Interrupted);
    if !ended || found.t.len() < NEEDED {
        let what = format!("{} until t={}", case.words(), case.until);
        return Err(CheckError::UnexpectedStatus { what, status: outcome.status, expected: "reached-end" });
    }
    Ok(found)
}

impl Octaves {
    /// z = |θ|^{−(c−2)}.
    fn linearised(&self, c: f64) -> Vec<f64> {
        self.theta.iter().map(|theta| theta.powf(2.0 - c)).collect()
    }

    /// Exponent of J over each octave.
    fn exponents(&self) -> Vec<f64> {
        self.value.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect()
    }

    /// Slope of z over each octave.
    fn slopes(&self, c: f64) -> Vec<f64> {
        let z = self.linearised(c);
        z.windows(2).zip(self.t.windows(2)).map(|(z, t)| (z[1] - z[0]) / (t[1] - t[0])).collect()
    }

    /// κ from the change of the slope between neighbouring octaves: T(s(T) − s(T/2))/log 2.
    fn logarithms(&self, c: f64) -> Vec<f64> {
        let slopes = self.slopes(c);
        slopes.windows(2).zip(&self.t[1..]).map(|(s, t)| t * (s[1] - s[0]) / LN_2).collect()
    }
}

/// Extrapolated last entry, and how much it differs from the extrapolated entry before.
fn settled(x: &[f64]) -> (f64, f64) {
    let at = |i: usize| 2.0 * x[i] - x[i - 1];
    let last = x.len() - 1;
    (at(last), at(last) - at(last - 1))
}

impl Check for KlRateFlat {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let until = if effort == Effort::Quick { 4e4 } else { 2e5 };
        let mut cases = vec![
            Case::new(4.0, 1.0, 0.1, until),
            Case::new(3.0, 2.5, 0.3, until),
            // αβ = 1: the logarithm vanishes. αβ > 1: its sign changes.
            Case::new(6.0, 1.0, 1.0, until),
            Case::new(3.0, 1.0, 2.0, until),
        ];
        if effort > Effort::Quick {
            for c in [3.0, 4.0, 6.0] {
                cases.extend([(1.0, 0.1), (1.0, 1.0), (2.5, 0.3)].map(|(a, b)| Case::new(c, a, b, until)));
            }
            cases.push(Case { theta: -0.7, velocity: 2.0, ..Case::new(2.5, 0.8, 0.5, until) });
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let good = Case::new(3.0, 2.5, 0.3, 4e4);
        vec![
            Case { exponent: 3.0, ..Case::new(2.0, 4.0, 0.5, 512.0) },
            Case { friction: 1.0003, ..good.clone() },
            Case { exponent: 3.03, ..good },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = CheckError::needs::<&str>;
        let objective = own.objective.clone().ok_or_else(|| needs("an objective, `power:c` with c > 2"))?;
        let alpha = own.alpha.unwrap_or(1.0);
        if alpha.is_nan() || alpha <= 0.0 {
            return Err(needs("friction α > 0: without it no generic orbit stays on the slow curve"));
        }
        let velocity = match &own.start {
            None => 0.0,
            Some(Start::Velocity(velocity)) if velocity.len() == 1 => velocity[0],
            Some(_) => return Err(needs("`velocity` with one number as the start")),
        };
        let theta = match own.theta.as_deref() {
            None => 1.0,
            Some(&[theta]) if theta != 0.0 => theta,
            Some(_) => return Err(needs("one number other than 0 as θ₀")),
        };
        let until = own.until.unwrap_or(4e4);
        if until.is_nan() || until < FIRST_TIME * 64.0 {
            return Err(needs("a horizon of at least 64, better 10⁴"));
        }
        let exponent = power(&*objective).unwrap_or(f64::NAN);
        let beta = own.beta.unwrap_or(0.1);
        Ok(Case { objective: objective.into(), alpha, beta, theta, velocity, until, exponent, friction: 1.0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![
            Hypothesis::exact("J = |θ|ᶜ with c > 2", power(&*case.objective).is_some_and(|c| c > 2.0)),
            Hypothesis::new("generic start", HypothesisState::Assumed),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let (coarse, fine) = (octaves(case, 1e-10)?, octaves(case, 1e-12)?);
        let predicted = case.predicted();
        let c = case.exponent;
        let measurement = |name: &str, of: &dyn Fn(&Octaves) -> Vec<f64>, predicted: f64, margin: f64| {
            let ((rough, _), (value, earlier)) = (settled(&of(&coarse)), settled(&of(&fine)));
            Measurement::equal(name, value, predicted, Budget::discretisation(margin))
                .on(case.words())
                .refined((rough - value).abs() + earlier.abs())
        };
        let Predicted { slope, logarithm, logarithm_scale, exponent } = predicted;
        let doubling = |found: &Octaves| {
            let exponents = found.exponents();
            exponents[exponents.len() - 1] / exponents[exponents.len() - 2]
        };
        Ok(vec![
            Measurement::equal(
                "exponent of the last octave over the one before",
                doubling(&fine),
                1.0,
                Budget::discretisation(0.05),
            )
            .on(case.words())
            .refined(doubling(&coarse) - doubling(&fine)),
            measurement("slope k of z", &|o| o.slopes(c), slope, 1e-4 * slope),
            measurement(
                "coefficient κ of the logarithm",
                &|o| o.logarithms(c),
                logarithm,
                3e-3 * logarithm_scale,
            ),
            measurement("exponent of J", &Octaves::exponents, exponent, 5e-3 * exponent),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut line =
            Panel::new("z = |θ|^(2−c) over kt", Axis::log("t"), Axis::linear("z/(kt)").range(0.0, 2.0));
        let mut exponent = Panel::new(
            "exponent of J over [t, 2t]",
            Axis::log("t"),
            Axis::linear("exponent").range(0.0, 6.0),
        );
        for (color, case) in [
            Case::new(3.0, 1.0, 0.1, 1e5),
            Case::new(4.0, 1.0, 0.1, 1e5),
            Case::new(4.0, 1.0, 1.0, 1e5),
            Case::new(6.0, 2.5, 0.3, 1e5),
        ]
        .into_iter()
        .enumerate()
        {
            context.proceed()?;
            let (found, predicted) = (octaves(&case, 1e-10)?, case.predicted());
            let label = format!("c={}, α={}, β={}", case.exponent, case.alpha, case.beta);
            let (t, z) = (found.t.clone(), found.linearised(case.exponent));
            let from = t.iter().position(|t| *t > 10.0).unwrap_or(0);
            let quotient = z[from..].iter().zip(&t[from..]).map(|(z, t)| z / (predicted.slope * t)).collect();
            line = line.with(Layer::curve(label.clone(), t[from..].to_vec(), quotient, color));
            let starts = t[from..t.len() - 1].to_vec();
            exponent = exponent.with(Layer::curve(label, starts, found.exponents()[from..].to_vec(), color));
            let (dash, y) = (Dash::Dashed, predicted.exponent);
            exponent = exponent.with(Layer::Horizontal { label: String::new(), y, color, dash });
        }
        let (label, dash) = ("predicted".to_owned(), Dash::Dashed);
        line = line.with(Layer::Horizontal { label, y: 1.0, color: 7, dash });
        let control = Case::new(2.0, 4.0, 0.5, 64.0);
        let found = octaves(&control, 1e-10)?;
        let starts = found.t[..found.t.len() - 1].to_vec();
        exponent = exponent.with(Layer::curve("c=2: exponential", starts, found.exponents(), 7));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Decay of DIN on flat minima".into(),
            caption: "J = |θ|^c, θ₀ = 1, θ′₀ = −0.3. Dashed: the predicted limits 1 and c/(c−2).".into(),
            columns: 2,
            panels: vec![line, exponent],
        })
    }
}
