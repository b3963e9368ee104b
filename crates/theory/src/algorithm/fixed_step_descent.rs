//! With an L-Lipschitz gradient and inf J > −∞ (no convexity), INDIAN with a fixed step has a Lyapunov function:
//!
//! * αβ < 1, γ < γ̄ = min(2β, 2α/L): E = (1−αβ)J + ½‖u‖² decreases;
//! * αβ = 1 from `rest` (u ≡ 0, gradient descent with step γβ), γ < γ̄ = 2/(βL): E = J decreases;
//! * αβ > 1, γ < γ̄ = 2/L_F, L_F = ½[(α+βL) + √((α+βL)² − 4L)]: E = (αβ−1)J + ½‖u‖² decreases.
//!
//! Derivation for αβ < 1. The descent lemma along θ⁺ − θ = γ(u − βv) and the expansion of ‖u⁺‖² give
//! E⁺ − E ≤ −γ q₀ + γ² q₁ with q₀ = α‖u‖² + (1−αβ)β‖v‖² (the choice of E cancels the mixed term). The pencil
//! (q₁, q₀) has trace ½(L/α + 1/β) and determinant L/(4αβ), so its eigenvalues are L/(2α) and 1/(2β), and
//! E⁺ − E ≤ −γ(1 − γ/γ̄) q₀. For αβ > 1 the step is gradient descent on F = E/(α − 1/β), whose largest curvature is
//! L_F. Summed over k: Σ q₀(u_k, v_k) ≤ (E₀ − inf E)/(γ(1 − γ/γ̄)) in the first case.

use dinlab_indian::{indian_step, Method, Run, Schedule};
use dinlab_numeric::{dot, max, min, norm};
use dinlab_objective::{Domain, Objective, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    sources,
    subject::Subject,
};

/// The check.
pub struct FixedStepDescent;

static CLAIM: Claim = Claim {
    id: "fixed-step-descent",
    family: 'C',
    title: "Descent and convergence with a fixed step, without convexity",
    sentence: "For an L-Lipschitz gradient and αβ < 1 every step with γ < min(2β, 2α/L) decreases \
               (1−αβ)J + ½‖u‖², and the gradients are square-summable with an explicit bound; αβ ≥ 1 has its own limit.",
    statement: r"\gamma<\bar\gamma=\min\left(2\beta,\tfrac{2\alpha}{L}\right)\ \Rightarrow\ E_{k+1}-E_k\le-\gamma\left(1-\tfrac{\gamma}{\bar\gamma}\right)\left(\alpha\|u_k\|^2+(1-\alpha\beta)\beta\|v_k\|^2\right)",
    hypotheses: &[
        "∇J is L-Lipschitz on the whole space (exact, from the objective's facts)",
        "inf J > −∞ (exact, from the objective's facts)",
        "γ < γ̄ (exact)",
        "for αβ = 1: start at rest (by construction)",
    ],
    sources: &[sources::at(sources::SADDLES, "fixed-step convergence")],
    differences: "constants derived in this project; they replace the fixed-step theorem of the paper, whose text was \
                  not at hand",
    measured: "One shipped step from many states: random states of the objective, and a scan of all directions (u, v) on \
               quadratics of curvature ±L, where the bound is attained. Then a run: the sum of \
               α‖u‖² + (1−αβ)β‖v‖² against its bound, and the gradient at the end.",
    refuted_by: "a single step that increases E beyond rounding, a sum above its bound, or a run whose gradient does not \
                 vanish",
    tolerance: "increase of E: 10³·ε relative to the terms summed; sum: rounding ε times the number of steps; gradient \
                at the end: 10⁻⁶ of its first value",
    control: "gross: γ above 2πα/L on L(1 − cos θ), started on the rotating orbit v = −2πα/γ, which advances by 2π each \
              step for ever; near miss: γ = 1.02·γ̄, where the scan finds an increase",
    evidence: Evidence::Sampled,
    cost: "10⁵ steps, a fraction of a second",
};

/// Parameters, and where the run starts.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    /// γ as a fraction of γ̄.
    fraction: f64,
    states: u64,
    theta: Option<Vec<f64>>,
    /// u₀ of the run; at rest without it.
    auxiliary: Option<Vec<f64>>,
    steps: u64,
}

impl Case {
    fn new(objective: &str, alpha: f64, beta: f64, fraction: f64) -> Self {
        let (objective, theta, auxiliary) = (Subject::named(objective), None, None);
        Self { objective, alpha, beta, fraction, states: 2_000, theta, auxiliary, steps: 200_000 }
    }

    fn lipschitz(&self) -> Option<f64> {
        let bound = self.objective.facts().smoothness.as_ref()?;
        (bound.domain == Domain::Global).then_some(bound.value)
    }

    /// γ̄; NaN without a global L.
    fn limit(&self) -> f64 {
        let (alpha, beta, l) = (self.alpha, self.beta, self.lipschitz().unwrap_or(f64::NAN));
        if alpha * beta < 1.0 {
            min(2.0 * beta, 2.0 * alpha / l)
        } else if alpha * beta == 1.0 {
            2.0 / (beta * l)
        } else {
            let sum = alpha + beta * l;
            4.0 / (sum + (sum * sum - 4.0 * l).sqrt())
        }
    }

    fn step_size(&self) -> f64 {
        self.fraction * self.limit()
    }

    /// Weight of J in E; the weight of ½‖u‖² is 0 for αβ = 1 and 1 otherwise.
    fn weights(&self) -> (f64, f64) {
        match self.alpha * self.beta {
            1.0 => (1.0, 0.0),
            product => ((1.0 - product).abs(), 1.0),
        }
    }

    fn energy(&self, value: f64, u: &[f64]) -> f64 {
        let (of_value, of_u) = self.weights();
        of_value * value + 0.5 * of_u * dot(u, u)
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, fraction, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, γ={fraction}·γ̄={:.6}", self.step_size())
    }
}

/// Largest relative increase of E in one shipped step over random states of the objective.
fn increase_on_states(case: &Case, context: &Context<'_>) -> Result<f64, CheckError> {
    let n = case.objective.dimension();
    let mut oracle = case.objective.oracle();
    let (mut v, mut worst) = (vec![0.0; n], f64::NEG_INFINITY);
    for index in 0..case.states {
        let mut stream = context.stream("state", index);
        let mut theta: Vec<f64> = (0..n).map(|_| stream.uniform(-4.0, 4.0)).collect();
        let before = oracle.value_gradient(&theta, &mut v);
        // u of the size of the terms it competes with: between ‖v‖/100 and 100‖v‖.
        let size = stream.log_uniform(1e-2, 1e2) * norm(&v);
        let at_rest = case.alpha * case.beta == 1.0;
        let mut u: Vec<f64> =
            stream.normals(n).iter().map(|z| if at_rest { 0.0 } else { size * z }).collect();
        let (start, scale) = (case.energy(before, &u), case.energy(before.abs(), &u));
        indian_step(case.alpha, case.beta, case.step_size(), &mut theta, &mut u, &v);
        let after = oracle.value(&theta);
        let change = (case.energy(after, &u) - start) / max(scale, case.energy(after.abs(), &u));
        worst = max(worst, change);
    }
    Ok(worst)
}

/// The same over all directions (u, v) on ½·curvature·θ² with curvature ±L, where the descent lemma is an equality.
fn increase_on_quadratics(case: &Case) -> f64 {
    const ANGLES: u32 = 7_200;
    let l = case.lipschitz().unwrap_or(f64::NAN);
    let mut worst = f64::NEG_INFINITY;
    for curvature in [l, -l] {
        // Angle 0 is the state (u, 0), at rest for αβ = 1: nothing moves there.
        for i in 1..ANGLES {
            let (sin, cos) = (std::f64::consts::PI * f64::from(i) / f64::from(ANGLES)).sin_cos();
            // Scaled by the diagonal of q₀, so that the angles resolve both terms evenly.
            let scale = (case.beta * (1.0 - case.alpha * case.beta).abs() / case.alpha).sqrt();
            let v = sin;
            let mut u = [if case.alpha * case.beta == 1.0 { 0.0 } else { cos * max(scale, 1e-3) }];
            let mut theta = [v / curvature];
            let value = |t: f64| 0.5 * curvature * t * t;
            let before = case.energy(value(theta[0]), &u);
            let size = case.energy(value(theta[0]).abs(), &u);
            indian_step(case.alpha, case.beta, case.step_size(), &mut theta, &mut u, &[v]);
            let change = case.energy(value(theta[0]), &u) - before;
            worst = max(worst, change / max(size, case.energy(value(theta[0]).abs(), &u)));
        }
    }
    worst
}

/// What a run adds up.
struct Sums {
    /// Σ α‖u‖² + (1−αβ)β‖v‖².
    dissipation: f64,
    first_energy: f64,
    first_gradient: f64,
    last_gradient: f64,
    /// A tenth of the run earlier, or a little more.
    earlier_gradient: f64,
    gradients: Vec<f64>,
}

fn run(case: &Case, context: &Context<'_>) -> Result<Sums, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let n = objective.dimension();
    let theta = match &case.theta {
        Some(theta) => theta.clone(),
        None => (0..n).map(|i| [2.8, -1.3, 0.4, 2.1][i % 4]).collect(),
    };
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, theta, Schedule::Constant(case.step_size()), case.steps);
    run.start = case.auxiliary.clone().map_or(Start::Rest, Start::Auxiliary);
    let mut oracle = objective.oracle();
    let (mut v, mut gradients, mut energy) = (vec![0.0; n], Vec::new(), f64::NAN);
    let (mut total, mut size) = (0.0, f64::NAN);
    // The gradient at the last two indices of a sequence that grows by a tenth: the earlier lies before 10/11 of the run.
    let (mut mark, mut marked) = (1_u64, [f64::NAN; 2]);
    let product = case.alpha * case.beta;
    dinlab_indian::iterate_observed(objective, &run, &mut |o: Observation<'_>| {
        let u = &o.state[n..];
        let value = oracle.value_gradient(o.theta, &mut v);
        if o.index == 0 {
            energy = case.energy(value, u);
        }
        total += case.alpha * dot(u, u) + (1.0 - product) * case.beta * dot(&v, &v);
        size = norm(&v);
        if o.index >= mark {
            (mark, marked) = (mark + mark / 10 + 1, [marked[1], size]);
        }
        if gradients.len() < 4_000 {
            gradients.push(size);
        }
        let done = size + norm(u) < 1e-12 * gradients[0];
        if done || context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    context.proceed()?;
    Ok(Sums {
        dissipation: total,
        first_energy: energy,
        first_gradient: gradients.iter().copied().fold(0.0, max),
        last_gradient: size,
        earlier_gradient: marked[0],
        gradients,
    })
}

impl Check for FixedStepDescent {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("cosines:1,3", 0.5, 0.5, 0.999),
            Case::new("cosines:100,2", 0.5, 0.1, 0.9),
            Case::new("cosines:4,3", 2.0, 0.05, 0.999),
            Case::new("cosines:2,3", 2.0, 0.5, 0.999),
            Case::new("cosines:3,3", 4.0, 0.8, 0.999),
            Case::new("quadratic:1,7,50", 0.3, 0.02, 0.9),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("logistic", 0.8, 0.4, 0.9));
            cases.push(Case::new("cosines:0.01,4", 0.2, 4.5, 0.999));
            cases.iter_mut().for_each(|case| case.states = 20_000);
        }
        if effort == Effort::Thorough {
            for (i, product) in [0.01, 0.1, 0.5, 0.9, 0.99, 1.01, 2.0, 10.0].into_iter().enumerate() {
                let alpha = 0.1 * 1.7_f64.powi(i as i32);
                cases.push(Case::new("cosines:5,3", alpha, product / alpha, 0.999));
            }
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        // Rotating orbit of L(1 − cos θ): v = −2πα/γ at a fixed phase, u = 2π(1 − αβ)/γ.
        let (alpha, beta, l, gamma) = (0.5, 0.1, 100.0, 0.033);
        let turn = 2.0 * std::f64::consts::PI;
        let rotating = Case::new("cosines:100,1", alpha, beta, 1.0);
        let fraction = gamma / rotating.limit();
        let theta = vec![-(turn * alpha / (gamma * l)).asin()];
        let auxiliary = Some(vec![turn * (1.0 - alpha * beta) / gamma]);
        vec![
            Case { fraction, theta: Some(theta), auxiliary, steps: 20_000, ..rotating },
            Case { steps: 100, ..Case::new("cosines:1,3", 0.5, 0.5, 1.02) },
            Case { steps: 100, ..Case::new("cosines:3,3", 4.0, 0.8, 1.02) },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let needs = CheckError::needs::<&str>;
        let objective = own.objective.clone().ok_or_else(|| needs("an objective"))?;
        let mut case = Case {
            objective: objective.into(),
            theta: own.theta.clone(),
            steps: own.steps.unwrap_or(200_000),
            ..Case::new("cosines", own.alpha.unwrap_or(0.5), own.beta.unwrap_or(0.1), 0.999)
        };
        if let Some(step_size) = own.step_size {
            case.fraction = step_size / case.limit();
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let facts = case.objective.facts();
        let positive = case.alpha > 0.0 && case.beta > 0.0;
        vec![
            Hypothesis::exact(
                "∇J is Lipschitz on the whole space with a known constant",
                facts.regularity != Regularity::Lipschitz && case.lipschitz().is_some(),
            ),
            Hypothesis::exact("inf J > −∞", facts.infimum.is_some()),
            Hypothesis::exact("α > 0 and β > 0", positive),
            // Written so that NaN (no L) is false.
            Hypothesis::exact(format!("γ < γ̄ = {:.6}", case.limit()), case.fraction < 1.0),
            Hypothesis::new("start at rest for αβ = 1", HypothesisState::ByConstruction),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let rounding = 1e3 * f64::EPSILON;
        let none = |name: &str, value| {
            Measurement::at_most(name, value, 0.0, Budget::rounding(rounding)).on(case.words())
        };
        let sums = run(case, context)?;
        let mut all = vec![
            none(
                "largest relative increase of E in one step, random states",
                increase_on_states(case, context)?,
            ),
            none("largest relative increase of E in one step, quadratics", increase_on_quadratics(case)),
            Measurement::at_most(
                "gradient at the end of the run relative to its largest",
                sums.last_gradient / sums.first_gradient,
                0.0,
                Budget::discretisation(1e-6),
            )
            .refined((sums.last_gradient - sums.earlier_gradient) / sums.first_gradient)
            .on(case.words()),
        ];
        if case.alpha * case.beta < 1.0 && case.fraction < 1.0 {
            let least = case.weights().0 * case.objective.facts().infimum.unwrap_or(f64::NAN);
            let bound = (sums.first_energy - least) / (case.step_size() * (1.0 - case.fraction));
            let rounding = f64::EPSILON * case.steps as f64 * bound;
            all.push(
                Measurement::at_most(
                    "sum of α‖u‖² + (1−αβ)β‖v‖² over the run",
                    sums.dissipation,
                    bound,
                    Budget::rounding(rounding),
                )
                .on(case.words()),
            );
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let rotating = self.control().swap_remove(0);
        let below = Case { fraction: 0.0312 / rotating.limit(), steps: 4_000, ..rotating.clone() };
        let within = Case { fraction: 0.9, steps: 4_000, ..rotating.clone() };
        let mut panel = Panel::new("", Axis::linear("iteration k"), Axis::log("‖∇J(θₖ)‖").range(1e-10, 1e3));
        let curves = [("γ = 0.9 γ̄", within), ("γ = 0.0312 < 2πα/L", below), ("γ = 0.033 > 2πα/L", rotating)];
        for (color, (label, case)) in curves.into_iter().enumerate() {
            let gradients = run(&case, context)?.gradients;
            let k = (0..gradients.len()).map(|k| k as f64).collect();
            let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][color];
            panel.layers.push(Layer::Curve { label: label.into(), x: k, y: gradients, color, dash });
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "A rotating orbit limits the fixed step on nonconvex J".into(),
            caption: "J = 100(1 − cos θ), α = 0.5, β = 0.1, γ̄ = 2α/L = 0.01, started on the rotating orbit"
                .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
