//! Energy balance of DIN. With E = E_{1+αβ} = (1+αβ)J + ½‖u‖² the derivative −α‖θ′‖² − β‖v‖² has no mixed term, so
//!
//! ∫₀ᵀ (α‖θ′‖² + β‖v‖²) dt = E(0) − E(T),
//!
//! and at kinks as well: u is continuous, J is continuous, and the chain rule holds for almost every t on tame J.
//! A kink that is crossed contributes nothing, although θ′ and v jump there.
//!
//! On a slide v is the selection that holds the orbit on its surfaces; another element of ∂J(θ) has the same ⟨v, θ′⟩, but
//! does not satisfy θ′ = u − βv: with an extreme one in its place the balance breaks by ∫β(‖v_ext‖² − ‖v‖²).
//!
//! Orbits with kinks are those of the event solver; along them ∫‖v‖² and the dissipation are integrated with the state.

use dinlab_din::Dynamics;
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{dot, norm};
use dinlab_objective::{tape::KinkKind, Oracle, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Observation,
};
use serde::Serialize;

mod orbit;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::hessian,
    error::CheckError,
    limit::extrapolated,
    problem::Problem,
    runs::require,
    sources,
    subject::Subject,
};
use orbit::{orbit, Orbit};

/// The check.
pub struct DissipationBalance;

static CLAIM: Claim = Claim {
    id: "dissipation-balance",
    family: 'A',
    title: "Dissipation equals the drop of the energy E_{1+αβ}, through kinks and slides as well",
    sentence: "Along DIN ∫(α‖θ′‖² + β‖v‖²)dt equals the drop of (1+αβ)J + ½‖u‖², and nothing is lost at a kink that \
               is crossed; on a slide v is the selection that holds the orbit on the kink.",
    statement: r"\int_0^T\left(\alpha\|\dot\theta\|^2+\beta\|v\|^2\right)dt=E(0)-E(T),\qquad E=(1+\alpha\beta)J(\theta)+\tfrac12\|u\|^2,\quad v\in\partial J(\theta)",
    hypotheses: &[
        "J is twice continuously differentiable off its kinks, and tame where it has any (exact, from the objective's facts)",
        "the kink surfaces of J are known (exact)",
    ],
    sources: &[
        sources::at(sources::JMLR, "Lemmas 4 and 8"),
        sources::AABR,
    ],
    differences: "derived in this project as an equality from Lemma 8 and the chain rule, Lemma 4",
    measured: "The integral as an extra coordinate of the shipped right-hand side, under the integrator's error \
               control, over the drop of E computed from the two ends; with kinks along the shipped event \
               solver, through crossings and slides. On smooth J the same sums along the shipped INDIAN, \
               Σγ(α‖(θₖ₊₁−θₖ)/γ‖² + β‖vₖ‖²), extrapolated to γ = 0.",
    refuted_by: "a ratio of dissipation to drop that differs from 1 by more than 10⁻⁶",
    tolerance: "margin 10⁻⁶ of the drop; the change when integrated with a hundredth of the tolerance, or with one \
                level of extrapolation less, must stay below a tenth of it",
    control: "gross: E without the factor 1+αβ; an extreme subgradient in place of the selection on the slides of the valley; \
              near misses: α in the integrand off by 10⁻³, on smooth J and on one with kinks",
    evidence: Evidence::Resolved,
    cost: "a few integrations and runs per case, about a second in all",
};

const MARGIN: f64 = 1e-6;
const TOLERANCES: [f64; 2] = [1e-10, 1e-12];

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    u: Vec<f64>,
    until: f64,
    /// Steps of INDIAN to `until` at the coarsest level; on smooth J only.
    steps: u64,
    /// Factor on α in the integrand; 1 except in controls.
    friction: f64,
    /// Factor on J in E; `None` for 1 + αβ.
    weight: Option<f64>,
    /// Whether v on a slide is replaced by the gradient on one side; in a control.
    extreme: bool,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        let (objective, theta, u) = (Subject::named(objective), theta.to_vec(), u.to_vec());
        Self {
            objective,
            alpha,
            beta,
            theta,
            u,
            until,
            steps: 1000,
            friction: 1.0,
            weight: None,
            extreme: false,
        }
    }

    fn standard() -> Self {
        Self::new("hill", [0.7, 0.3], &[-1.2, 1.5], &[0.5, -1.0], 8.0)
    }

    fn valley() -> Self {
        Self::new("valley", [1.3, 0.1], &[-1.0, 1.5], &[0.0, 0.0], 30.0)
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, u, until, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?}, u₀={u:?}, T={until}")
    }

    fn smooth(&self) -> bool {
        self.objective.facts().regularity == Regularity::Smooth
    }

    fn energy(&self, oracle: &mut dyn Oracle, state: &[f64]) -> f64 {
        let n = self.theta.len();
        let weight = self.weight.unwrap_or(1.0 + self.alpha * self.beta);
        weight * oracle.value(&state[..n]) + 0.5 * dot(&state[n..2 * n], &state[n..2 * n])
    }

    fn dynamics(&self) -> Dynamics {
        Dynamics::Din { alpha: self.alpha, beta: self.beta }
    }

    /// α‖θ′‖² + β‖v‖².
    fn dissipation(&self, velocity: &[f64], v: &[f64]) -> f64 {
        self.friction * self.alpha * dot(velocity, velocity) + self.beta * dot(v, v)
    }
}

/// Ratio of dissipation to drop along the flow, and the time up to which it was followed.
fn along_flow(case: &Case, tolerance: f64) -> Result<(f64, Orbit), CheckError> {
    let orbit = orbit(case, tolerance, 0)?;
    let mut oracle = case.objective.oracle();
    let start = [case.theta.as_slice(), &case.u].concat();
    let drop = case.energy(&mut *oracle, &start) - case.energy(&mut *oracle, &orbit.state);
    let dissipated = orbit.state[2 * case.theta.len()];
    Ok((dissipated / drop, orbit))
}

/// Ratio of dissipation to drop along INDIAN.
fn along_indian(case: &Case, steps: u64) -> Result<f64, CheckError> {
    let n = case.theta.len();
    let step_size = case.until / steps as f64;
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, case.theta.clone(), Schedule::Constant(step_size), steps);
    run.start = Start::Auxiliary(case.u.clone());
    let mut oracle = case.objective.oracle();
    let (mut v, mut last, mut sum) = (vec![0.0; n], None::<Vec<f64>>, 0.0);
    let mut observer = |o: Observation<'_>| {
        if let Some(before) = &last {
            let velocity: Vec<f64> = o.theta.iter().zip(before).map(|(a, b)| (a - b) / step_size).collect();
            oracle.gradient(before, &mut v);
            sum += step_size * case.dissipation(&velocity, &v);
        }
        last = Some(o.theta.to_vec());
        Flow::Continue
    };
    let outcome = iterate_observed(&*case.objective, &run, &mut observer)?;
    require(&outcome.status, &case.words())?;
    let start = [case.theta.as_slice(), &case.u].concat();
    let end = [outcome.theta, outcome.auxiliary.unwrap_or_default()].concat();
    let mut oracle = case.objective.oracle();
    Ok(sum / (case.energy(&mut *oracle, &start) - case.energy(&mut *oracle, &end)))
}

impl Check for DissipationBalance {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("well", [0.5, 2.0], &[0.3], &[2.0], 6.0),
            Case::new("quadratic:1,9", [3.0, 0.8], &[1.0, -1.0], &[0.0, 2.0], 4.0),
            Case::standard(),
            Case::new("power:1", [0.2, 0.1], &[1.0], &[0.5], 20.0),
            Case::valley(),
            Case::new("valley", [0.5, 0.01], &[-1.0, 1.5], &[0.0, 0.0], 10.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("double-well", [0.4, 0.02], &[0.4, 1.0], &[-1.0, 0.0], 4.0));
            cases.push(Case::new("himmelblau", [1.0, 0.05], &[0.0, 0.0], &[1.0, 1.0], 3.0));
            cases.push(Case::new("cosines:2,3", [0.3, 0.2], &[1.0, 2.0, -2.5], &[0.0, 1.0, 0.0], 8.0));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.steps *= 4);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case { weight: Some(1.0), ..Case::standard() },
            Case { friction: 1.001, ..Case::standard() },
            Case { extreme: true, ..Case::valley() },
            Case { friction: 1.001, ..Case::valley() },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let Problem { objective, alpha, beta, theta, u, until } = Problem::own(own, [0.5, 0.1], 5.0)?;
        // Coarse steps well inside the stable ones at the curvature of the start.
        let curvature = norm(&hessian(&*objective, &theta));
        let cautious = 10.0 * until * (alpha + beta * curvature + curvature.sqrt());
        let steps = own.steps.unwrap_or(if cautious > 1000.0 { cautious as u64 } else { 1000 });
        let steps = steps.clamp(16, 100_000);
        Ok(Case {
            objective,
            alpha,
            beta,
            theta,
            u,
            until,
            steps,
            friction: 1.0,
            weight: None,
            extreme: false,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let (facts, tape) = (case.objective.facts(), case.objective.tape());
        let smooth = facts.regularity == Regularity::Smooth;
        let surfaces = tape.is_some_and(|tape| {
            !tape.has_norm() && tape.kinks().iter().all(|kink| kink.kind != KinkKind::Sign)
        });
        vec![
            Hypothesis::exact(
                "J is twice continuously differentiable off its kinks",
                facts.regularity != Regularity::ContinuouslyDifferentiable,
            ),
            Hypothesis::exact("J is smooth, or locally Lipschitz and tame", smooth || facts.tame),
            Hypothesis::exact(
                "the kink surfaces are known, and J is continuous across them",
                smooth || surfaces,
            ),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let (coarse, _) = along_flow(case, TOLERANCES[0])?;
        context.proceed()?;
        let (fine, orbit) = along_flow(case, TOLERANCES[1])?;
        let sliding = orbit.slides.iter().fold(0.0, |sum, [from, to]| sum + (to - from));
        let path = match orbit.crossings.len() {
            0 if orbit.slides.is_empty() => String::new(),
            count => format!(", {count} kinks crossed, sliding for {sliding:.4}"),
        };
        let flow = Measurement::equal("dissipation / drop of E", fine, 1.0, Budget::discretisation(MARGIN));
        let mut all = vec![flow.on(case.words() + &path).refined(coarse - fine)];
        if case.smooth() {
            let mut ratios = Vec::new();
            for level in 0..6 {
                context.proceed()?;
                ratios.push(along_indian(case, case.steps << level)?);
            }
            let [coarse, fine] = extrapolated(&ratios, 2.0);
            let name = "dissipation / drop of E along INDIAN, γ → 0";
            let discrete = Measurement::equal(name, fine, 1.0, Budget::discretisation(MARGIN));
            all.push(discrete.on(case.words()).refined(coarse - fine));
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        context.proceed()?;
        let panels = vec![panel(&Case::standard())?, panel(&Case::valley())?];
        let caption = format!("{}; {}", Case::standard().words(), Case::valley().words());
        let title = "Cumulative dissipation and drop of the energy".into();
        Ok(Figure { id: CLAIM.id.into(), title, caption, columns: 2, panels })
    }
}

/// Cumulative dissipation against the drop of E, with the kinks crossed.
fn panel(case: &Case) -> Result<Panel, CheckError> {
    // Most is dissipated early on: dense samples there, and a logarithmic time axis that leaves t = 0 out.
    let orbit = orbit(case, 1e-10, 6000)?;
    let n = case.theta.len();
    let mut oracle = case.objective.oracle();
    let start = case.energy(&mut *oracle, &[case.theta.as_slice(), &case.u].concat());
    let numbered = orbit.samples.iter().enumerate().skip(1);
    let shown: Vec<_> = numbered.filter(|(i, _)| *i < 100 || i % 20 == 0).map(|(_, s)| s).collect();
    let times: Vec<f64> = shown.iter().map(|s| s.0).collect();
    let dissipated = shown.iter().map(|s| s.1[2 * n]).collect();
    let drop = shown.iter().map(|s| start - case.energy(&mut *oracle, &s.1)).collect();
    let mut panel = Panel::new(case.objective.name(), Axis::log("time t"), Axis::linear("energy"))
        .with(Layer::curve("∫(α‖θ′‖² + β‖v‖²) dt", times.clone(), dissipated, 0))
        .with(Layer::dashed("E(0) − E(t)", times, drop, 1));
    for (index, &x) in orbit.crossings.iter().enumerate() {
        let label = if index == 0 { "kink crossed".into() } else { String::new() };
        panel = panel.with(Layer::Vertical { label, x, color: 7, dash: Dash::Dotted });
    }
    for (index, &[x, _]) in orbit.slides.iter().enumerate() {
        let label = if index == 0 { "slide begins".into() } else { String::new() };
        panel = panel.with(Layer::Vertical { label, x, color: 2, dash: Dash::Dashed });
    }
    Ok(panel)
}
