//! For αβ > 1 DIN is a gradient system in disguise. With a = α − 1/β > 0, y = ψ/√(βa) and
//! F(θ, y) = βJ(θ) + ½‖√a θ + y/√β‖²,
//!
//! * −∂F/∂θ = −β∇J − aθ − √(a/β) y = −β∇J − aθ − ψ/β = θ′,
//! * −∂F/∂y = −√(a/β) θ − y/β = (−aθ − ψ/β)/√(βa) = ψ′/√(βa) = y′,
//!
//! so the orbits are those of the gradient flow of F, and explicit Euler of one is explicit Euler of the other:
//! INDIAN is gradient descent on F with the same step size. Only the rescaled ψ has this property. For αβ < 1
//! there is no real F: eigenvalues of DIN can be complex, those of a gradient system cannot.

use dinlab_din::{initial_state, integrate, system, Dynamics, Integrator, Settings, System};
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{distance, max, min, norm};
use dinlab_objective::{start, Objective, Oracle, Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, Measurement, Observation,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::hessian,
    error::CheckError,
    problem::Problem,
    runs::{require, Augmented},
    sources,
    subject::Subject,
};

/// The check.
pub struct GradientSystem;

static CLAIM: Claim = Claim {
    id: "gradient-system",
    family: 'A',
    title: "For αβ > 1 DIN is a gradient flow and INDIAN is gradient descent",
    sentence: "For αβ > 1 DIN is the gradient flow of F(θ, y) = βJ(θ) + ½‖√a θ + y/√β‖² with a = α − 1/β and \
               y = ψ/√(βa), and INDIAN is gradient descent on F with the same step size.",
    statement: r"(\dot\theta,\dot y)=-\nabla F(\theta,y),\quad F=\beta J(\theta)+\tfrac12\left\|\sqrt a\,\theta+\tfrac{y}{\sqrt\beta}\right\|^2,\quad a=\alpha-\tfrac1\beta,\quad y=\tfrac{\psi}{\sqrt{\beta a}},\qquad \int_0^T\|\nabla F\|^2\,dt=F(0)-F(T)",
    hypotheses: &["αβ > 1 (exact)", "J is differentiable with a continuous gradient (exact, from the objective's facts)"],
    sources: &[
        sources::at(sources::JMLR, "equation (5) and update (11)"),
        sources::AABR,
    ],
    differences: "the gradient structure of DIN for αβ > 1 is known; the scaling of ψ and the identity of the two \
                  algorithms are derived in this project",
    measured: "Distance between orbits of the shipped (θ, u) and (θ, ψ) systems and the gradient flow of F, whose \
               right-hand side is written out from the statement; distance between iterates of the shipped INDIAN \
               and gradient descent on F; along the shipped orbit, ∫(‖θ′‖² + ‖y′‖²)/(F(0) − F(T)) and the largest \
               rise of F.",
    refuted_by: "orbits or iterates apart by more than the tolerance, a ratio other than 1, or F rising",
    tolerance: "orbits and ratio: margin 10⁻⁶ of the orbit's extent and of 1, the change at a hundredth of the \
                integrator's tolerance below a tenth of it; iterates: 16 rounding units of the largest state per \
                step, added up over the steps and multiplied by the growth of a small error of the start that \
                gradient descent on F shows (1 where it shrinks)",
    control: "gross: αβ < 1 with |a| in place of a; near misses: weight of J in F off by 10⁻³, a off by 10⁻³",
    evidence: Evidence::Resolved,
    cost: "six integrations and one run of the algorithm per case, below a second",
};

const SAMPLES: usize = 201;
const TOLERANCES: [f64; 2] = [1e-10, 1e-12];
const MARGIN: f64 = 1e-6;

/// One objective with parameters.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    theta: Vec<f64>,
    u: Vec<f64>,
    until: f64,
    step_size: f64,
    steps: u64,
    /// Factor on J in F; 1 except in controls.
    weight: f64,
    /// Factor on a in F and y; 1 except in controls.
    stiffness: f64,
    /// A user's case: a step size above the stability limit is then theirs to change, not a refutation.
    own: bool,
}

impl Case {
    fn new(objective: &str, [alpha, beta]: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        Self {
            objective: Subject::named(objective),
            alpha,
            beta,
            theta: theta.to_vec(),
            u: u.to_vec(),
            until,
            step_size: 0.01,
            steps: 500,
            weight: 1.0,
            stiffness: 1.0,
            own: false,
        }
    }

    fn standard() -> Self {
        Self::new("hill", [4.0, 0.8], &[-1.2, 1.5], &[0.5, -1.0], 10.0)
    }

    fn words(&self) -> String {
        let Self { objective, alpha, beta, theta, u, until, step_size, steps, .. } = self;
        format!("{objective}, α={alpha}, β={beta}, θ₀={theta:?}, u₀={u:?}, T={until}, γ={step_size}, {steps} steps")
    }

    /// a; its absolute value where the claim does not apply (controls).
    fn a(&self) -> f64 {
        self.stiffness * (self.alpha - 1.0 / self.beta).abs()
    }

    /// √(βa) = ψ/y.
    fn scale(&self) -> f64 {
        (self.beta * self.a()).sqrt()
    }

    /// (θ, y) of (θ, ψ).
    fn scaled(&self, state: &[f64]) -> Vec<f64> {
        let (theta, psi) = state.split_at(self.theta.len());
        let scale = self.scale();
        theta.iter().copied().chain(psi.iter().map(|p| p / scale)).collect()
    }

    /// (θ, y) of (θ, u).
    fn scaled_from_u(&self, state: &[f64]) -> Vec<f64> {
        let (theta, u) = state.split_at(self.theta.len());
        self.scaled(&[theta, &start::psi(self.alpha, self.beta, theta, u)].concat())
    }
}

/// F of a case: the prediction, written out from the statement.
struct Potential<'a> {
    oracle: Box<dyn Oracle + 'a>,
    root: f64,
    beta: f64,
    weight: f64,
}

impl<'a> Potential<'a> {
    fn new(case: &'a Case) -> Self {
        let oracle = case.objective.oracle();
        Self { oracle, root: case.a().sqrt(), beta: case.beta, weight: case.weight }
    }

    /// F(θ, y).
    fn value(&mut self, state: &[f64]) -> f64 {
        let (theta, y) = state.split_at(state.len() / 2);
        let bond: Vec<f64> = theta.iter().zip(y).map(|(t, y)| self.root * t + y / self.beta.sqrt()).collect();
        self.weight * self.beta * self.oracle.value(theta) + 0.5 * norm(&bond).powi(2)
    }

    /// ∇F(θ, y).
    fn gradient(&mut self, state: &[f64], out: &mut [f64]) {
        let n = state.len() / 2;
        let (theta, y) = state.split_at(n);
        let (for_theta, for_y) = out.split_at_mut(n);
        self.oracle.gradient(theta, for_theta);
        for i in 0..n {
            let bond = self.root * theta[i] + y[i] / self.beta.sqrt();
            for_theta[i] = self.weight * self.beta * for_theta[i] + self.root * bond;
            for_y[i] = bond / self.beta.sqrt();
        }
    }
}

impl System for Potential<'_> {
    fn dimension(&self) -> usize {
        2 * self.oracle.dimension()
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        self.gradient(y, dy);
        dy.iter_mut().for_each(|v| *v = -*v);
    }
}

/// States of an integration at the sample times.
fn sampled(
    case: &Case,
    field: &mut dyn System,
    start: &[f64],
    tolerance: f64,
) -> Result<(Vec<f64>, Vec<Vec<f64>>), CheckError> {
    let last = (SAMPLES - 1) as f64;
    let times: Vec<f64> = (0..SAMPLES).map(|i| case.until * (i as f64 / last)).collect();
    let mut states = Vec::new();
    let mut observer = |_: f64, y: &[f64]| {
        states.push(y.to_vec());
        Flow::Continue
    };
    let (rtol, atol, integrator) = (tolerance, tolerance, Integrator::Dop853);
    // Far more than these runs take: a system that blows up must fail soon.
    let settings = Settings { rtol, atol, integrator, max_evaluations: 1_000_000, ..Settings::default() };
    let outcome = integrate(field, start, 0.0, case.until, &times, &mut [], &settings, &mut observer)?;
    require(&outcome.status, &case.words())?;
    Ok((times, states))
}

/// The orbits in (θ, y): of the (θ, ψ) system, of the (θ, u) system, of the gradient flow; and ∫(‖θ′‖² + ‖y′‖²).
struct Orbits {
    times: Vec<f64>,
    in_psi: Vec<Vec<f64>>,
    in_u: Vec<Vec<f64>>,
    gradient_flow: Vec<Vec<f64>>,
    dissipated: Vec<f64>,
}

fn orbits(case: &Case, tolerance: f64) -> Result<Orbits, CheckError> {
    let objective: &dyn Objective = &*case.objective;
    let (alpha, beta, n) = (case.alpha, case.beta, case.theta.len());
    let start = Start::Auxiliary(case.u.clone());
    let in_psi = Dynamics::DinPsi { alpha, beta };
    let state = initial_state(in_psi, objective, &case.theta, &start, 0.0)?;
    let square = beta * case.a();
    let speed = move |_: f64, _: &[f64], slope: &[f64], out: &mut [f64]| {
        out[0] = norm(&slope[..n]).powi(2) + norm(&slope[n..]).powi(2) / square;
    };
    let mut augmented = Augmented::new(system(in_psi, objective), 1, Box::new(speed));
    let (times, states) = sampled(case, &mut augmented, &[state.as_slice(), &[0.0]].concat(), tolerance)?;
    let in_u = Dynamics::Din { alpha, beta };
    let second = [case.theta.as_slice(), &case.u].concat();
    let (_, in_u) = sampled(case, &mut *system(in_u, objective), &second, tolerance)?;
    let (_, gradient_flow) = sampled(case, &mut Potential::new(case), &case.scaled(&state), tolerance)?;
    Ok(Orbits {
        times,
        in_psi: states.iter().map(|s| case.scaled(&s[..2 * n])).collect(),
        in_u: in_u.iter().map(|s| case.scaled_from_u(s)).collect(),
        gradient_flow,
        dissipated: states.iter().map(|s| s[2 * n]).collect(),
    })
}

/// Largest distance between two sequences; NaN if there is one.
fn gap(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let distances = a.iter().zip(b).map(|(a, b)| distance(a, b));
    distances.fold(0.0, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { max(a, b) })
}

/// Gaps of the two systems relative to the extent of the orbit, ratio of dissipation to drop, rise of F relative to
/// its drop.
fn figures(case: &Case, tolerance: f64) -> Result<[f64; 4], CheckError> {
    let orbits = orbits(case, tolerance)?;
    let first = &orbits.in_psi[0];
    let extent = orbits.in_psi.iter().map(|s| distance(s, first)).fold(0.0, max);
    let mut potential = Potential::new(case);
    let values: Vec<f64> = orbits.in_psi.iter().map(|s| potential.value(s)).collect();
    let last = values.len() - 1;
    let drop = values[0] - values[last];
    let rise = values.windows(2).map(|w| w[1] - w[0]).fold(0.0, max);
    Ok([
        gap(&orbits.in_u, &orbits.gradient_flow) / extent,
        gap(&orbits.in_psi, &orbits.gradient_flow) / extent,
        orbits.dissipated[last] / drop,
        rise / drop.abs(),
    ])
}

/// Iterates of gradient descent on F with the case's step size.
fn descent(case: &Case, start: Vec<f64>) -> Vec<Vec<f64>> {
    let mut potential = Potential::new(case);
    let (mut state, mut gradient) = (start, vec![0.0; 2 * case.theta.len()]);
    let mut states = vec![state.clone()];
    for _ in 0..case.steps {
        potential.gradient(&state, &mut gradient);
        state.iter_mut().zip(&gradient).for_each(|(x, g)| *x -= case.step_size * g);
        states.push(state.clone());
    }
    states
}

/// Iterates of the shipped INDIAN in (θ, y).
fn indian(case: &Case) -> Result<Vec<Vec<f64>>, CheckError> {
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let mut run = Run::new(method, case.theta.clone(), Schedule::Constant(case.step_size), case.steps);
    run.start = Start::Auxiliary(case.u.clone());
    let mut states = Vec::new();
    let mut observer = |o: Observation<'_>| {
        states.push(case.scaled_from_u(o.state));
        Flow::Continue
    };
    let outcome = iterate_observed(&*case.objective, &run, &mut observer)?;
    if case.own && !outcome.status.is_complete() {
        let (gamma, status) = (case.step_size, &outcome.status);
        let reason =
            format!("INDIAN with step size {gamma} ended as `{status}`: it needs a smaller step size");
        return Err(CheckError::OwnCase { reason });
    }
    require(&outcome.status, &case.words())?;
    Ok(states)
}

/// Distance of the two algorithms.
fn algorithms(case: &Case) -> Result<Measurement, CheckError> {
    const NUDGE: f64 = 1e-7;
    let indian = indian(case)?;
    let descended = descent(case, indian[0].clone());
    let nudged = descent(case, indian[0].iter().map(|x| x + NUDGE).collect());
    let width = (indian[0].len() as f64).sqrt();
    let growth = max(1.0, gap(&nudged, &descended) / (NUDGE * width));
    let largest = indian.iter().map(|s| norm(s)).fold(0.0, max);
    let rounding = 16.0 * f64::EPSILON * largest * case.steps as f64 * growth;
    let name = "largest distance of INDIAN and gradient descent on F";
    Ok(Measurement::equal(name, gap(&indian, &descended), 0.0, Budget::rounding(rounding)).on(case.words()))
}

impl Check for GradientSystem {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("well", [1.5, 1.0], &[0.3], &[2.0], 8.0),
            Case::new("quadratic:1,9", [3.0, 0.4], &[1.0, -1.0], &[2.0, 3.0], 5.0),
            Case::standard(),
            Case {
                step_size: 0.005,
                ..Case::new("double-well", [25.0, 0.05], &[0.1, 1.0], &[3.0, -2.0], 10.0)
            },
        ];
        if effort > Effort::Quick {
            let slow = Case::new("himmelblau", [12.0, 0.1], &[0.0, 0.0], &[-1.0, 2.0], 4.0);
            cases.push(Case { step_size: 0.002, ..slow });
            cases.push(Case::new("cosines:2,3", [2.0, 0.6], &[1.0, 2.0, -2.5], &[0.0, 0.0, 1.0], 10.0));
        }
        if effort == Effort::Thorough {
            cases.iter_mut().for_each(|case| case.steps *= 10);
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let standard = Case::standard();
        vec![
            Case { alpha: 0.7, beta: 0.3, ..standard.clone() },
            Case { weight: 1.001, ..standard.clone() },
            Case { stiffness: 1.001, ..standard },
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let Problem { objective, alpha, beta, theta, u, until } = Problem::own(own, [4.0, 0.8], 10.0)?;
        // Well inside the stable steps at the curvature of the start: F's largest curvature is at most α + βL.
        let cautious = 0.1 / (alpha + beta * norm(&hessian(&*objective, &theta)));
        let step_size = if cautious > 0.0 { min(0.01, cautious) } else { 0.01 };
        Ok(Case {
            objective,
            alpha,
            beta,
            theta,
            u,
            until,
            step_size: own.step_size.unwrap_or(step_size),
            steps: own.steps.unwrap_or(500).clamp(1, 100_000),
            weight: 1.0,
            stiffness: 1.0,
            own: true,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let differentiable = case.objective.facts().regularity != Regularity::Lipschitz;
        vec![
            Hypothesis::exact("αβ > 1", case.alpha * case.beta > 1.0),
            Hypothesis::exact("J is continuously differentiable", differentiable),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let coarse = figures(case, TOLERANCES[0])?;
        context.proceed()?;
        let fine = figures(case, TOLERANCES[1])?;
        let name = |i: usize| match i {
            0 => "largest gap between DIN in (θ, u) and the gradient flow of F",
            1 => "largest gap between DIN in (θ, ψ) and the gradient flow of F",
            2 => "∫‖(θ′, y′)‖² dt / (F(0) − F(T))",
            _ => "largest rise of F between samples, relative to its drop",
        };
        let mut all: Vec<Measurement> = (0..4)
            .map(|i| {
                let predicted = if i == 2 { 1.0 } else { 0.0 };
                Measurement::equal(name(i), fine[i], predicted, Budget::discretisation(MARGIN))
                    .on(case.words())
                    .refined(coarse[i] - fine[i])
            })
            .collect();
        all.push(algorithms(case)?);
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        context.proceed()?;
        let case = Case { until: 3.0, ..Case::standard() };
        let orbits = orbits(&case, 1e-11)?;
        let column = |states: &[Vec<f64>], i: usize| states.iter().map(|s| s[i]).collect::<Vec<_>>();
        let coarse = Case { step_size: 0.1, steps: 15, ..case.clone() };
        let (discrete, descended) = (indian(&coarse)?, descent(&coarse, orbits.in_psi[0].clone()));
        let plane = Panel::new("orbit and iterates", Axis::linear("θ₁"), Axis::linear("θ₂"))
            .with(Layer::curve("DIN", column(&orbits.in_psi, 0), column(&orbits.in_psi, 1), 0))
            .with(Layer::dashed(
                "gradient flow of F",
                column(&orbits.gradient_flow, 0),
                column(&orbits.gradient_flow, 1),
                1,
            ))
            .with(Layer::points(
                "INDIAN, γ = 0.1",
                column(&discrete, 0),
                column(&discrete, 1),
                0,
                Marker::Ring,
            ))
            .with(Layer::points(
                "gradient descent on F, γ = 0.1",
                column(&descended, 0),
                column(&descended, 1),
                1,
                Marker::Cross,
            ));
        let mut potential = Potential::new(&case);
        let values: Vec<f64> = orbits.in_psi.iter().map(|s| potential.value(s)).collect();
        let drop: Vec<f64> = values.iter().map(|v| values[0] - v).collect();
        let balance = Panel::new("energy balance", Axis::linear("time t"), Axis::linear("drop of F"))
            .with(Layer::curve("∫‖∇F‖² dt", orbits.times.clone(), orbits.dissipated, 0))
            .with(Layer::dashed("F(0) − F(t)", orbits.times, drop, 1));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "DIN with αβ > 1 and the gradient flow of F".into(),
            caption: coarse.words(),
            columns: 2,
            panels: vec![plane, balance],
        })
    }
}
