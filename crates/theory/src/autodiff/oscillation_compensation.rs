//! Subgradients along a run with vanishing steps do not tend to 0 at a kink, but their averages, weighted by the steps, do: oscillations compensate.
//!
//! v_k is taken from the output of the shipped method: θ_{k+1} = θ_k + γ_k(u_k − βv_k) gives v_k = (u_k − (θ_{k+1} − θ_k)/γ_k)/β.

use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, max, norm};
use dinlab_objective::Start;
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    runs::require,
    sources,
    subject::Subject,
};

/// The check.
pub struct OscillationCompensation;

static CLAIM: Claim = Claim {
    id: "oscillation-compensation",
    family: 'G',
    title: "Oscillations of subgradients compensate",
    sentence: "Along INDIAN with vanishing steps of infinite sum the subgradients stay of size one near a kink, but their averages with weights \
               γ_k χ(θ_k) tend to 0, and so do those of u_k, for every continuous χ ≥ 0 fixed beforehand.",
    statement: r"\frac{\sum_{k\le K}\gamma_kv_k\chi(\theta_k)}{\sum_{k\le K}\gamma_k\chi(\theta_k)}\to0,\qquad v_k\in\partial J(\theta_k)",
    hypotheses: &[
        "γ_k → 0 and Σγ_k = ∞ (exact, from the schedule)",
        "J is path-differentiable (definable: the cases are sums of absolute values, by construction)",
        "the run is bounded (seen)",
    ],
    sources: &[sources::at(sources::OSCILLATION, "Theorem 7 (oscillation compensation)")],
    differences: "printed for the subgradient method; measured for INDIAN, where it is an analogue and not a theorem of that paper",
    measured: "Norm of the weighted averages of v_k and of u_k after K and K/100 steps, with χ(θ) = max(0, 1 − |θ − θ*|/r), and with χ = 1, where it is bookkeeping (βΣγv = θ₀ − θ_K + Σγu for any v); the same \
               average of |v_k| for comparison; and how far each iterate is from the displayed step with the selected v_k ∈ ∂J(θ_k), without which the averages \
               would be of something else.",
    refuted_by: "an average above 10⁻² at the end, one that does not fall, or subgradients that vanish by themselves, or iterates that are not INDIAN's",
    tolerance: "a limit has no bound at a finite K: 10⁻² times the size of the subgradients, and a fall by a factor 3 over two decades (K^(−1/2), the order of \
                1/Σγ_k, would be 10); the step: 16ε times the size of the state, a dozen operations",
    control: "both on a cone: gross: a linear J, along which the run drifts; near miss: v with 2% of its size added in one direction",
    evidence: Evidence::Sampled,
    cost: "some 10⁶ steps",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    theta: Vec<f64>,
    /// Centre and radius of χ; none for χ = 1.
    bump: Option<(Vec<f64>, f64)>,
    steps: u64,
    /// Control: added to the first component of v, in units of 1.
    bias: f64,
}

const ALPHA: f64 = 0.5;
const BETA: f64 = 0.3;
const EXPONENT: f64 = 0.5;

impl Case {
    fn new(objective: &str, theta: &[f64], bump: Option<(&[f64], f64)>, steps: u64) -> Self {
        let bump = bump.map(|(centre, radius)| (centre.to_vec(), radius));
        Self { objective: Subject::named(objective), theta: theta.to_vec(), bump, steps, bias: 0.0 }
    }

    fn words(&self) -> String {
        let chi = match &self.bump {
            Some((centre, radius)) => format!("χ a cone of radius {radius} at {centre:?}"),
            None => "χ = 1".into(),
        };
        format!(
            "{} from {:?}, α = {ALPHA}, β = {BETA}, {chi}, {} steps",
            self.objective, self.theta, self.steps
        )
    }

    fn schedule(&self) -> Schedule {
        Schedule::Power { initial: 1.0, exponent: EXPONENT }
    }

    fn weight(&self, theta: &[f64]) -> f64 {
        match &self.bump {
            None => 1.0,
            Some((centre, radius)) => max(0.0, 1.0 - distance(theta, centre) / radius),
        }
    }
}

/// Weighted sums along a run.
#[derive(Debug, Clone, Default)]
struct Sums {
    v: Vec<f64>,
    u: Vec<f64>,
    size: f64,
    weight: f64,
}

impl Sums {
    fn averages(&self) -> [f64; 3] {
        [norm(&self.v) / self.weight, norm(&self.u) / self.weight, self.size / self.weight]
    }
}

/// Averages of v, u and |v| after each of the given numbers of steps (increasing), and the largest residual of the displayed step along
/// the run, θ⁺ = θ + γ(u − βv) and u⁺ = u − γ(αu + (1 − αβ)v) with v ∈ ∂J(θ) as selected, over the size of the state.
fn averages(case: &Case, at: &[u64], context: &Context<'_>) -> Result<(Vec<[f64; 3]>, f64), CheckError> {
    let n = case.theta.len();
    let schedule = case.schedule();
    let method = Method::Indian { alpha: ALPHA, beta: BETA };
    let run =
        Run { start: Start::Rest, ..Run::new(method, case.theta.clone(), schedule.clone(), case.steps) };
    let mut sums = Sums { v: vec![0.0; n], u: vec![0.0; n], ..Sums::default() };
    let mut before: Option<(Vec<f64>, Vec<f64>)> = None;
    let mut found = Vec::new();
    let mut oracle = case.objective.oracle();
    let (mut selected, mut residual) = (vec![0.0; n], 0.0);
    let outcome = iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
        if let Some((theta, u)) = &before {
            let gamma = schedule.at(o.index - 1);
            oracle.gradient(theta, &mut selected);
            let scale = max(1.0, max(norm(theta), norm(u)));
            for i in 0..n {
                let step = theta[i] + gamma * (u[i] - BETA * selected[i]);
                let other = u[i] - gamma * (ALPHA * u[i] + (1.0 - ALPHA * BETA) * selected[i]);
                let off = max((o.theta[i] - step).abs(), (o.state[n + i] - other).abs());
                residual = max(residual, off / scale);
            }
            let weight = gamma * case.weight(theta);
            let mut squares = 0.0;
            for i in 0..n {
                let shift = if i == 0 { case.bias } else { 0.0 };
                let v = (u[i] - (o.theta[i] - theta[i]) / gamma) / BETA + shift;
                sums.v[i] += weight * v;
                sums.u[i] += weight * u[i];
                squares += v * v;
            }
            sums.size += weight * squares.sqrt();
            sums.weight += weight;
            if at.contains(&o.index) {
                found.push(sums.averages());
            }
        }
        before = Some((o.theta.to_vec(), o.state[n..].to_vec()));
        if context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    context.proceed()?;
    require(&outcome.status, &case.words())?;
    Ok((found, residual))
}

impl Check for OscillationCompensation {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let steps = match effort {
            Effort::Quick => 100_000,
            Effort::Standard => 300_000,
            Effort::Thorough => 3_000_000,
        };
        vec![
            Case::new("power:1", &[1.3], None, steps),
            Case::new("power:1", &[1.3], Some((&[0.0], 0.5)), steps),
            Case::new("medians:0,1,3", &[2.4], Some((&[1.0], 0.7)), steps),
            Case::new("expr:abs(x)+2*abs(y-x)", &[0.6, 1.5], Some((&[0.0, 0.0], 1.5)), steps),
        ]
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::new("expr:x", &[0.0], Some((&[-1.0], 1.5)), 100_000),
            Case { bias: 0.02, ..Case::new("power:1", &[1.3], Some((&[0.0], 0.5)), 100_000) },
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let assumption = case.schedule().assumption();
        vec![
            Hypothesis::exact("γ_k → 0 and Σγ_k = ∞", assumption.satisfied() == Some(true)),
            // The cases are sums of absolute values.
            Hypothesis::new("J is definable", HypothesisState::ByConstruction),
            Hypothesis::new("the run is bounded", HypothesisState::Sampled),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let (found, residual) = averages(case, &[case.steps / 100, case.steps], context)?;
        let ([early, late], words) = ([found[0], found[1]], case.words());
        let size = late[2];
        let tolerance = Budget::discretisation(1e-2 * size);
        let mut out = vec![
            Measurement::equal("average of v at the end", late[0], 0.0, tolerance).on(&words),
            Measurement::equal("average of u at the end", late[1], 0.0, tolerance).on(&words),
            Measurement::at_least("average of |v| at the end", size, 0.3, Budget::default()).on(&words),
            Measurement::equal(
                "largest residual of the displayed step along the run",
                residual,
                0.0,
                Budget::rounding(16.0 * f64::EPSILON),
            )
            .on(&words),
        ];
        // Averages that are tiny already early have no room to fall.
        if early[0] > 1e-3 * size {
            let fall = late[0] / early[0];
            out.push(
                Measurement::at_most(
                    "average of v at the end over that after a hundredth",
                    fall,
                    1.0 / 3.0,
                    Budget::default(),
                )
                .on(&words),
            );
        }
        Ok(out)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let grid: Vec<u64> =
            (0..=16).map(|i| (10.0 * 10_f64.powf(f64::from(i) / 4.0)).round() as u64).collect();
        let mut panel = Panel::new("", Axis::log("K"), Axis::log("norm of the average"));
        let shown = [
            (Case::new("power:1", &[1.3], None, 100_000), "|θ|"),
            (Case::new("medians:0,1,3", &[2.4], None, 100_000), "medians"),
            (Case::new("expr:x", &[0.0], None, 100_000), "θ (control)"),
        ];
        let x: Vec<f64> = grid.iter().map(|&k| k as f64).collect();
        for (color, (case, label)) in shown.into_iter().enumerate() {
            let (found, _) = averages(&case, &grid, context)?;
            let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][color];
            let y = found.iter().map(|a| a[0]).collect();
            panel = panel.with(Layer::Curve { label: format!("v, {label}"), x: x.clone(), y, color, dash });
            if color == 0 {
                let y = found.iter().map(|a| a[2]).collect();
                panel = panel.with(Layer::Curve {
                    label: "|v|, |θ|".into(),
                    x: x.clone(),
                    y,
                    color: 5,
                    dash: Dash::Solid,
                });
            }
        }
        let caption = format!("INDIAN, α = {ALPHA}, β = {BETA}, γ_k = (k+1)^(−1/2), χ = 1");
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption,
            columns: 1,
            panels: vec![panel],
        })
    }
}
