//! With u = θ′ + βv, u′ = −αu − (1 − αβ)v = −αθ′ − v and v = ∇J(θ), the energy E_λ = λJ + ½‖u‖² has along DIN
//!
//! E_λ′ = λ⟨v, θ′⟩ − ⟨αθ′ + v, θ′ + βv⟩ = −α‖θ′‖² − β‖v‖² + (λ − 1 − αβ)⟨θ′, v⟩,
//!
//! which is ≤ 0 for all θ′, v iff (λ − 1 − αβ)² ≤ 4αβ, that is for λ between λ∓ = (1 ∓ √(αβ))². At the ends
//! λ∓ − 1 − αβ = ∓2√(αβ), so E′ = −‖√α θ′ ± √β v‖². The printed lemma has these two signs exchanged, because it
//! takes v = (θ′ − ψ′)/β where the system says v = (ψ′ − θ′)/β.
//!
//! The left-hand side is taken from the output of the shipped integrator (a difference quotient of E along short
//! pieces of orbit, θ′ likewise) and of the shipped INDIAN (one step, extrapolated to γ = 0), never from the
//! right-hand side of the equations.

use dinlab_din::{integrate, system, Dynamics, Integrator, Settings, System};
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, dot, max, norm};
use dinlab_objective::{Objective, Oracle, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, ErratumCase, OwnCase},
    error::CheckError,
    problem::Problem,
    runs::{require, Augmented},
    sources,
    subject::Subject,
};

/// The check.
pub struct LyapunovDerivativeSigns;

static CLAIM: Claim = Claim {
    id: "lyapunov-derivative-signs",
    family: 'A',
    title: "Derivative of the energies E_λ along DIN, with its signs",
    sentence: "Along DIN E_λ = λJ + ½‖u‖² has derivative −α‖θ′‖² − β‖v‖² + (λ−1−αβ)⟨θ′,v⟩: it decreases for λ between \
               λ₋ = (1−√(αβ))² and λ₊ = (1+√(αβ))², and at these ends it is −‖√α θ′ ± √β v‖².",
    statement: r"\dot E_\lambda=-\alpha\|\dot\theta\|^2-\beta\|v\|^2+(\lambda-1-\alpha\beta)\langle\dot\theta,v\rangle,\qquad \dot E_{\lambda_\mp}=-\left\|\sqrt\alpha\,\dot\theta\pm\sqrt\beta\,v\right\|^2,\qquad v=\frac{\dot\psi-\dot\theta}{\beta}",
    hypotheses: &["J is twice continuously differentiable (exact, from the objective's facts)", "α, β > 0 (exact)"],
    sources: &[sources::at(sources::JMLR, "Lemma 8, equation (20)")],
    differences: "the printed lemma exchanges the signs in the two squares and prints v with the opposite sign; the \
                  formula for all λ and the exact interval are derived in this project",
    measured: "From random states: the difference quotient of E_λ along the shipped integrator's orbit (seven points) \
               against the closed form with θ′ from the same quotient and v = ∇J; and (E_λ(k+1) − E_λ(k))/γ of one \
               shipped INDIAN step for halved step sizes, extrapolated to γ = 0. Along an orbit: the drop of E_λ \
               over the integral of its squares. Beyond λ₊: the predicted rise at θ′ = r∇J.",
    refuted_by: "a relative defect above 10⁻⁶ of α‖θ′‖² + β‖v‖² in any state, or a drop that is not the integral",
    tolerance: "margin 10⁻⁶ of α‖θ′‖² + β‖v‖² (a coefficient off by 10⁻⁵ shows); the quotients' \
                truncation is of order (δ·rate)⁶, δ = 0.0025/rate, and is measured by doubling δ, by leaving out one \
                level of extrapolation, and by a hundredfold tolerance along the orbit: the change must stay below \
                a tenth of the margin",
    control: "gross: the printed signs; near miss: α in the prediction off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "a few thousand short integrations and steps per case, about a second in all",
};

const MARGIN: f64 = 1e-6;
/// Spacing of the difference quotient in units of the local time scale.
const LAPSE: f64 = 0.0025;

/// Which signs the prediction has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Signs {
    Correct,
    Printed,
}

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    /// Start (from rest) and horizon of the integrated form.
    theta: Vec<f64>,
    until: f64,
    /// Number of random states.
    states: u64,
    signs: Signs,
    /// Factor on α in the prediction; 1 except in controls.
    friction: f64,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], theta: &[f64], until: f64) -> Self {
        let (objective, theta) = (Subject::named(objective), theta.to_vec());
        Self { objective, alpha, beta, theta, until, states: 100, signs: Signs::Correct, friction: 1.0 }
    }

    fn standard() -> Self {
        Self::new("hill", [0.7, 0.3], &[-1.2, 1.5], 8.0)
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, until, states, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, {states} random states, θ₀={theta:?}, T={until}")
    }

    /// λ₋, 1 + αβ, λ₊.
    fn lambdas(&self) -> [f64; 3] {
        let product = self.alpha * self.beta;
        [(1.0 - product.sqrt()).powi(2), 1.0 + product, (1.0 + product.sqrt()).powi(2)]
    }

    /// The predicted derivatives of E at these λ.
    fn predicted(&self, velocity: &[f64], v: &[f64]) -> [f64; 3] {
        let (alpha, beta) = (self.alpha * self.friction, self.beta);
        let square = |sign: f64| -> f64 {
            let (a, b) = (alpha.sqrt(), sign * beta.sqrt());
            velocity.iter().zip(v).map(|(p, v)| (a * p + b * v).powi(2)).sum()
        };
        let first = if self.signs == Signs::Correct { 1.0 } else { -1.0 };
        [-square(first), -alpha * dot(velocity, velocity) - beta * dot(v, v), -square(-first)]
    }

    /// α‖θ′‖² + β‖v‖²: what defects are measured in.
    fn unit(&self, velocity: &[f64], v: &[f64]) -> f64 {
        self.alpha * dot(velocity, velocity) + self.beta * dot(v, v)
    }
}

/// E_λ for each λ.
fn energies<const N: usize>(oracle: &mut dyn Oracle, lambdas: [f64; N], state: &[f64]) -> [f64; N] {
    let (theta, u) = state.split_at(state.len() / 2);
    let (value, kinetic) = (oracle.value(theta), 0.5 * dot(u, u));
    lambdas.map(|lambda| lambda * value + kinetic)
}

/// A random state (θ, u): θ in the objective's view, u of random size.
fn random_state(case: &Case, context: &Context<'_>, index: u64) -> Vec<f64> {
    let mut stream = context.stream("state", index);
    let view = &case.objective.facts().view;
    let mut state: Vec<f64> = view.iter().map(|&[low, high]| stream.uniform(low, high)).collect();
    let size = stream.log_uniform(0.1, 10.0);
    state.extend(stream.normals(view.len()).iter().map(|z| size * z));
    state
}

/// Rate at which the flow changes its direction or leaves the state, from two values of the field.
fn rate(field: &mut dyn System, state: &[f64]) -> f64 {
    let (mut slope, mut shifted) = (vec![0.0; state.len()], vec![0.0; state.len()]);
    field.rhs(0.0, state, &mut slope);
    let speed = norm(&slope);
    let shift = 1e-6 * (1.0 + norm(state));
    let moved: Vec<f64> = state.iter().zip(&slope).map(|(y, f)| y + shift * f / max(speed, 1e-300)).collect();
    field.rhs(0.0, &moved, &mut shifted);
    1.0 + distance(&slope, &shifted) / shift + speed / (1.0 + norm(state))
}

/// Derivatives at time 0 of the E_λ and of θ along the orbit through `state`, by the seven-point quotient.
fn along_flow<const N: usize>(
    case: &Case,
    lambdas: [f64; N],
    state: &[f64],
    lapse: f64,
) -> Result<([f64; N], Vec<f64>), CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let mut field = system(Dynamics::Din { alpha: case.alpha, beta: case.beta }, objective);
    let mut oracle = objective.oracle();
    let settings =
        Settings { rtol: 1e-14, atol: 1e-14, integrator: Integrator::Dop853, ..Settings::default() };
    let (mut energy, mut velocity) = ([0.0; N], vec![0.0; case.objective.dimension()]);
    let stencil = [(-3.0, -1.0), (-2.0, 9.0), (-1.0, -45.0), (1.0, 45.0), (2.0, -9.0), (3.0, 1.0)];
    for (steps, weight) in stencil {
        let mut ignore = |_: f64, _: &[f64]| Flow::Continue;
        let until = steps * lapse;
        let outcome = integrate(&mut *field, state, 0.0, until, &[], &mut [], &settings, &mut ignore)?;
        require(&outcome.status, &case.words())?;
        let factor = weight / (60.0 * lapse);
        let values = energies(&mut *oracle, lambdas, &outcome.state);
        energy.iter_mut().zip(values).for_each(|(e, value)| *e += factor * value);
        velocity.iter_mut().zip(&outcome.state).for_each(|(p, theta)| *p += factor * theta);
    }
    Ok((energy, velocity))
}

/// Quotients (E(1) − E(0))/γ of one INDIAN step extrapolated to γ = 0, with and without the last level, and
/// (θ(1) − θ(0))/γ.
fn along_indian(case: &Case, state: &[f64], step_size: f64) -> Result<[[f64; 3]; 2], CheckError> {
    const LEVELS: usize = 6;
    let (theta, u) = state.split_at(state.len() / 2);
    let mut oracle = case.objective.oracle();
    let before = energies(&mut *oracle, case.lambdas(), state);
    let mut rows: Vec<Vec<[f64; 3]>> = Vec::new();
    for level in 0..LEVELS {
        let gamma = step_size / f64::from(1_u32 << level);
        let method = Method::Indian { alpha: case.alpha, beta: case.beta };
        let mut run = Run::new(method, theta.to_vec(), Schedule::Constant(gamma), 1);
        run.start = Start::Auxiliary(u.to_vec());
        let outcome = iterate_observed(&*case.objective, &run, &mut Blind)?;
        require(&outcome.status, &case.words())?;
        let after = [outcome.theta, outcome.auxiliary.unwrap_or_default()].concat();
        let after = energies(&mut *oracle, case.lambdas(), &after);
        let mut row = vec![std::array::from_fn(|i| (after[i] - before[i]) / gamma)];
        if let Some(last) = rows.last() {
            for (k, coarse) in last.iter().enumerate() {
                let (fine, p): (&[f64; 3], f64) = (&row[k], f64::from(2_u32 << k));
                row.push(std::array::from_fn(|i| fine[i] + (fine[i] - coarse[i]) / (p - 1.0)));
            }
        }
        rows.push(row);
    }
    let end = |level: usize| rows[level][level];
    Ok([end(LEVELS - 2), end(LEVELS - 1)])
}

/// θ′ of INDIAN: the displacement of one step divided by it.
fn displacement(case: &Case, state: &[f64], step_size: f64) -> Result<Vec<f64>, CheckError> {
    let (theta, u) = state.split_at(state.len() / 2);
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, theta.to_vec(), Schedule::Constant(step_size), 1);
    run.start = Start::Auxiliary(u.to_vec());
    let outcome = iterate_observed(&*case.objective, &run, &mut Blind)?;
    Ok(outcome.theta.iter().zip(theta).map(|(after, before)| (after - before) / step_size).collect())
}

const NAMES: [&str; 3] = ["λ₋", "1+αβ", "λ₊"];

/// Worst relative defects over the random states, of the flow and of INDIAN, coarse and fine.
fn pointwise(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let mut field = system(Dynamics::Din { alpha: case.alpha, beta: case.beta }, objective);
    let mut oracle = objective.oracle();
    let mut v = vec![0.0; objective.dimension()];
    // [flow, INDIAN][coarse, fine][λ]
    let mut worst = [[[0.0_f64; 3]; 2]; 2];
    for index in 0..case.states {
        context.proceed()?;
        let state = random_state(case, context, index);
        oracle.gradient(&state[..v.len()], &mut v);
        let lapse = LAPSE / rate(&mut *field, &state);
        let mut record = |source: usize, level: usize, measured: [f64; 3], velocity: &[f64]| {
            let (predicted, unit) = (case.predicted(velocity, &v), case.unit(velocity, &v));
            for (i, slot) in worst[source][level].iter_mut().enumerate() {
                let defect = (measured[i] - predicted[i]).abs() / unit;
                *slot = if defect.is_nan() || slot.is_nan() { f64::NAN } else { max(*slot, defect) };
            }
        };
        for (level, lapse) in [(0, 2.0 * lapse), (1, lapse)] {
            let (measured, velocity) = along_flow(case, case.lambdas(), &state, lapse)?;
            record(0, level, measured, &velocity);
        }
        let velocity = displacement(case, &state, 16.0 * lapse)?;
        for (level, measured) in along_indian(case, &state, 16.0 * lapse)?.into_iter().enumerate() {
            record(1, level, measured, &velocity);
        }
    }
    let mut all = Vec::new();
    for (source, label) in ["along the flow", "along INDIAN, γ → 0"].iter().enumerate() {
        for (i, lambda) in NAMES.iter().enumerate() {
            let [coarse, fine] = [worst[source][0][i], worst[source][1][i]];
            let name = format!("worst relative defect of E′ at λ = {lambda} {label}");
            all.push(
                Measurement::equal(name, fine, 0.0, Budget::discretisation(MARGIN))
                    .on(case.words())
                    .refined(coarse - fine),
            );
        }
    }
    Ok(all)
}

/// Drops of E along an orbit minus the integrals of the prediction, in units of ∫(α‖θ′‖² + β‖v‖²).
fn integrated_defects(case: &Case, tolerance: f64) -> Result<[f64; 3], CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let n = objective.dimension();
    let (mut oracle, mut v, own) = (objective.oracle(), vec![0.0; n], case.clone());
    let integrands = move |_: f64, y: &[f64], slope: &[f64], out: &mut [f64]| {
        oracle.gradient(&y[..n], &mut v);
        out[..3].copy_from_slice(&own.predicted(&slope[..n], &v));
        out[3] = own.unit(&slope[..n], &v);
    };
    let inner = system(Dynamics::Din { alpha: case.alpha, beta: case.beta }, objective);
    let mut field = Augmented::new(inner, 4, Box::new(integrands));
    let mut start = case.theta.clone();
    start.resize(2 * n + 4, 0.0);
    let (rtol, atol, integrator) = (tolerance, tolerance, Integrator::Dop853);
    let settings = Settings { rtol, atol, integrator, ..Settings::default() };
    let mut ignore = |_: f64, _: &[f64]| Flow::Continue;
    let outcome = integrate(&mut field, &start, 0.0, case.until, &[], &mut [], &settings, &mut ignore)?;
    require(&outcome.status, &case.words())?;
    let mut oracle = objective.oracle();
    let before = energies(&mut *oracle, case.lambdas(), &start[..2 * n]);
    let after = energies(&mut *oracle, case.lambdas(), &outcome.state[..2 * n]);
    let integrals = &outcome.state[2 * n..];
    Ok(std::array::from_fn(|i| (after[i] - before[i] - integrals[i]) / integrals[3]))
}

fn integrated(case: &Case) -> Result<Vec<Measurement>, CheckError> {
    let (coarse, fine) = (integrated_defects(case, 1e-10)?, integrated_defects(case, 1e-12)?);
    let each = NAMES.iter().enumerate().map(|(i, lambda)| {
        let name = format!("E(T) − E(0) − ∫E′ at λ = {lambda}, relative");
        Measurement::equal(name, fine[i], 0.0, Budget::discretisation(MARGIN))
            .on(case.words())
            .refined(coarse[i] - fine[i])
    });
    Ok(each.collect())
}

/// State at the case's θ₀ with θ′ = r∇J, r = (λ − 1 − αβ)/(2α), where E_λ rises fastest.
fn rising_start(case: &Case, lambda: f64) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; case.theta.len()];
    case.objective.oracle().gradient(&case.theta, &mut v);
    let r = (lambda - 1.0 - case.alpha * case.beta) / (2.0 * case.alpha);
    let state = case.theta.iter().copied().chain(v.iter().map(|g| (r + case.beta) * g)).collect();
    (state, v)
}

/// E_λ rises beyond λ₊: at θ′ = r∇J its derivative is ((λ − 1 − αβ)²/(4α) − β)‖∇J‖² > 0.
fn beyond(case: &Case) -> Result<Measurement, CheckError> {
    let (alpha, beta) = (case.alpha * case.friction, case.beta);
    let lambda = 1.3 * case.lambdas()[2];
    let (state, v) = rising_start(case, lambda);
    let mut field = system(Dynamics::Din { alpha: case.alpha, beta: case.beta }, &*case.objective);
    let lapse = LAPSE / rate(&mut *field, &state);
    let unit = beta * dot(&v, &v);
    let measured = |lapse| Ok::<f64, CheckError>(along_flow(case, [lambda], &state, lapse)?.0[0] / unit);
    let (coarse, fine) = (measured(2.0 * lapse)?, measured(lapse)?);
    let excess = (lambda - 1.0 - alpha * beta).powi(2) / (4.0 * alpha * beta) - 1.0;
    let budget = Budget::discretisation(MARGIN * max(1.0, excess));
    Ok(Measurement::equal("rise of E at λ = 1.3λ₊, in units of β‖∇J‖²", fine, excess, budget)
        .on(case.words())
        .refined(coarse - fine))
}

impl Check for LyapunovDerivativeSigns {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("well", [0.5, 2.0], &[0.3], 6.0),
            Case::new("quadratic:1,9", [3.0, 0.8], &[1.0, -1.0], 4.0),
            Case::standard(),
            Case::new("double-well", [0.4, 0.02], &[0.4, 1.0], 5.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("himmelblau", [1.0, 0.05], &[0.0, 0.0], 3.0));
            cases.push(Case::new("cosines:2,3", [0.3, 0.2], &[1.0, 2.0, -2.5], 8.0));
            cases.iter_mut().for_each(|case| case.states = 600);
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.states = 10_000);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let few = Case { states: 20, ..Case::standard() };
        vec![Case { signs: Signs::Printed, ..few.clone() }, Case { friction: 1.001, ..few }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let Problem { objective, alpha, beta, theta, until, .. } = Problem::own(own, [0.5, 0.1], 5.0)?;
        Ok(Case { objective, alpha, beta, theta, until, states: 200, signs: Signs::Correct, friction: 1.0 })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact("α, β > 0", case.alpha > 0.0 && case.beta > 0.0),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut all = pointwise(case, context)?;
        all.extend(integrated(case)?);
        all.push(beyond(case)?);
        Ok(all)
    }

    fn errata(&self, context: &Context<'_>) -> Result<Vec<ErratumCase>, CheckError> {
        let case = Case { signs: Signs::Printed, states: 50, ..Case::standard() };
        let mut measurements = pointwise(&case, context)?;
        measurements.extend(integrated(&case)?);
        // The printed lemma is about the two ends of the interval only.
        measurements.retain(|m| m.name.contains("λ₋") || m.name.contains("λ₊"));
        Ok(vec![ErratumCase {
            printed: "v = (θ′ − ψ′)/β, E_min′ = −‖√α θ′ − (ψ′ − θ′)/√β‖², E_max′ = −‖√α θ′ + (ψ′ − θ′)/√β‖²",
            place: "Castera et al. 2021, Lemma 8, equation (20) and proof",
            grade: "false",
            corrected: "v = (ψ′ − θ′)/β, and the two signs are exchanged: E_min′ = −‖√α θ′ + (ψ′ − θ′)/√β‖², \
                        E_max′ = −‖√α θ′ − (ψ′ − θ′)/√β‖²; their sum, equation (31), and Theorems 3 and 13 are \
                        unaffected",
            measurements,
        }])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        context.proceed()?;
        figure()
    }
}

/// E_λ(t)/|E_λ(0)| for five λ from the state where E_λ rises fastest for the largest of them, and what the two
/// forms of the derivative predict for λ₊.
fn figure() -> Result<Figure, CheckError> {
    const SAMPLES: usize = 301;
    let case = Case { until: 3.0, ..Case::standard() };
    let [low, middle, high] = case.lambdas();
    let lambdas = [low, middle, high, 1.3 * high, 2.0 * high];
    let (start, _) = rising_start(&case, lambdas[3]);
    let n = case.theta.len();
    let times: Vec<f64> = (0..SAMPLES).map(|i| case.until * i as f64 / (SAMPLES - 1) as f64).collect();
    let objective: &dyn Objective = &*case.objective;
    let (mut oracle, mut v, mut slope) = (objective.oracle(), vec![0.0; n], vec![0.0; 2 * n]);
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    let mut field = system(dynamics, objective);
    let printed = Case { signs: Signs::Printed, ..case.clone() };
    let mut curves = vec![Vec::new(); lambdas.len()];
    let (mut true_slope, mut printed_slope) = (Vec::new(), Vec::new());
    let mut observer = |_: f64, y: &[f64]| {
        let values = energies(&mut *oracle, lambdas, y);
        curves.iter_mut().zip(values).for_each(|(curve, value)| curve.push(value));
        oracle.gradient(&y[..n], &mut v);
        field.rhs(0.0, y, &mut slope);
        true_slope.push(case.predicted(&slope[..n], &v)[2]);
        printed_slope.push(printed.predicted(&slope[..n], &v)[2]);
        Flow::Continue
    };
    let settings = Settings::with_tolerance(1e-11);
    let mut run = system(dynamics, objective);
    let outcome = integrate(&mut *run, &start, 0.0, case.until, &times, &mut [], &settings, &mut observer)?;
    require(&outcome.status, &case.words())?;
    let labels = ["λ₋", "1+αβ", "λ₊", "1.3 λ₊", "2 λ₊"];
    let mut energy = Panel::new("", Axis::linear("time t"), Axis::linear("E_λ(t) / |E_λ(0)|"));
    for (i, label) in labels.iter().enumerate() {
        let first = curves[i][0].abs();
        let scaled: Vec<f64> = curves[i].iter().map(|e| e / first).collect();
        let layer = if i < 3 { Layer::curve } else { Layer::dashed };
        energy = energy.with(layer(format!("λ = {label}"), times.clone(), scaled, i));
    }
    let inner: Vec<f64> = times[1..SAMPLES - 1].to_vec();
    let quotient: Vec<f64> = (1..SAMPLES - 1)
        .map(|i| (curves[2][i + 1] - curves[2][i - 1]) / (times[i + 1] - times[i - 1]))
        .collect();
    let derivative = Panel::new("", Axis::linear("time t"), Axis::linear("E′ at λ₊"))
        .with(Layer::curve("difference quotient", inner, quotient, 0))
        .with(Layer::dashed("−‖√α θ′ − √β v‖²", times.clone(), true_slope, 1))
        .with(Layer::dashed("as printed", times, printed_slope, 7));
    Ok(Figure {
        id: CLAIM.id.into(),
        title: "Energies E_λ along DIN and the derivative at λ₊".into(),
        caption: format!("{}, α={}, β={}", case.objective, case.alpha, case.beta),
        columns: 2,
        panels: vec![energy, derivative],
    })
}
