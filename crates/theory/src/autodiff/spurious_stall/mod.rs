//! A run can stop where automatic differentiation gives 0 although the function has slope −1 there, but only if it starts there.
//!
//! J(θ) = ½(θ − 1)² + k z(θ) with the program z = relu(−θ) + θ − relu(θ), which computes 0. At θ = 0 the derivative of the program is −1 + k(1 − 2s):
//! zero where k(1 − 2s) = 1. Elsewhere it is that of ½(θ − 1)². `network.rs` has the same as a network.

mod network;

use dinlab_analysis::spectrum::{modulus, multipliers};
use dinlab_indian::{iterate, Method, Run, Schedule};
use dinlab_objective::{build, Options, Selection, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct SpuriousStall;

static CLAIM: Claim = Claim {
    id: "spurious-stall",
    family: 'G',
    title: "Stall at a point that is critical for the program only",
    sentence: "Where k(1 − 2s) = 1, gradient descent and INDIAN started at 0 stay there for ever, although J′(0) = −1; started at \
               10⁻³⁰⁰ they leave and converge to 1.",
    statement: r"J=\tfrac12(\theta-1)^2+k\,(\mathrm{relu}(-\theta)+\theta-\mathrm{relu}(\theta)),\qquad k(1-2s)=1:\ \theta_k\equiv0\ \text{from}\ \theta_0=0",
    hypotheses: &["k(1 − 2s) = 1 (exact)", "the step is stable at the minimum (by construction)"],
    sources: &[
        sources::at(sources::JMLR, "section 2.3.3"),
        sources::at(sources::CONSERVATIVE, "section 6 (avoidance of artificial critical points)"),
    ],
    differences: "the example is written for this project; the mechanism is that of the papers",
    measured: "J as an expression with the methods of iterations, and as a network (a residual layer with two relu units) with its own gradients and the methods of training: the largest |θ| over the run from 0; the distance from 1 at the end of the run from 10⁻³⁰⁰, and its largest distance \
               from the closed form of the method on ½(θ − 1)² alone; and among starts drawn at random (normal) how many of the runs ever have θ = 0.",
    refuted_by: "a run from 0 that moves, a run from 10⁻³⁰⁰ that does not reach 1 or feels z on its way, a random start that hits 0",
    tolerance: "the stall is exact (0); arrival: 10⁻⁶, after a time at which the slowest mode has decayed below it; the way there: 10³ε; hits: none, whose probability per run \
                is then below 5/n with 99% confidence",
    control: "gross: s = ½, where the program has the right derivative; near miss: k = 1.001/(1 − 2s), and a closed form with α 0.1% larger",
    evidence: Evidence::Resolved,
    cost: "some 10⁷ steps",
};

/// One program and method.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    k: f64,
    s: f64,
    indian: bool,
    /// As a network that is trained, else as an expression.
    network: bool,
    /// Random starts.
    starts: u64,
    /// Control: factor of α in the closed form (of the step size, for gradient descent).
    factor: f64,
}

impl Case {
    fn words(&self) -> String {
        let method = if self.indian { "INDIAN, α = 0.5, β = 0.3" } else { "gradient descent" };
        let form = if self.network { "network" } else { "expression" };
        format!("{form}, k = {}, s = {}, {method}, γ = {STEP_SIZE}", self.k, self.s)
    }

    fn new(k: f64, s: f64, indian: bool, starts: u64) -> Self {
        Self { k, s, indian, network: false, starts, factor: 1.0 }
    }

    fn method(&self) -> Method {
        if self.indian {
            Method::Indian { alpha: ALPHA, beta: BETA }
        } else {
            Method::GradientDescent
        }
    }

    /// θ_k − 1 of the method on ½(θ − 1)² from θ₀ = 0 at rest: −(1 − γ)^k, or with the multipliers μ, μ̄ of INDIAN's step −(cμ^k + c̄μ̄^k), where
    /// c + c̄ = 1 and cμ + c̄μ̄ = 1 − γβ, the first step.
    fn closed_form(&self, k: usize) -> f64 {
        let exponent = k as f64;
        if !self.indian {
            return -(1.0 - self.factor * STEP_SIZE).powf(exponent);
        }
        let [mu, _] = multipliers(self.factor * ALPHA, BETA, STEP_SIZE, 1.0);
        let (radius, angle) = (modulus(mu), mu.im.atan2(mu.re));
        // c = ½ + i s with Re μ − 2s·Im μ = 1 − γβ.
        let s = (mu.re - (1.0 - STEP_SIZE * BETA)) / (2.0 * mu.im);
        -radius.powf(exponent) * ((exponent * angle).cos() - 2.0 * s * (exponent * angle).sin())
    }
}

const ALPHA: f64 = 0.5;
const BETA: f64 = 0.3;

const STEP_SIZE: f64 = 0.1;
/// Slowest decay: e^(−0.4·0.1·k) for INDIAN (roots of s² + 0.8s + 1), so 10⁻⁶ after 350 steps.
const STEPS: u64 = 1000;

/// θ over the run.
fn path(case: &Case, from: f64, steps: u64) -> Result<Vec<f64>, CheckError> {
    if case.network {
        return network::path(case, from, steps);
    }
    let text = format!("expr:0.5*(x-1)^2+{}*(relu(-x)+x-relu(x))", case.k);
    let selection = Selection { relu: case.s, ..Selection::default() };
    let objective = build(&text, &Options { selection, variables: None })?;
    let run = Run {
        start: Start::Rest,
        ..Run::new(case.method(), vec![from], Schedule::Constant(STEP_SIZE), steps)
    };
    let path = iterate(&*objective, &run)?;
    match path.status {
        Status::ReachedEnd => Ok(path.theta.into_iter().map(|theta| theta[0]).collect()),
        status => Err(CheckError::UnexpectedStatus { what: case.words(), status, expected: "reached-end" }),
    }
}

fn largest(path: &[f64]) -> f64 {
    dinlab_numeric::norm_inf(path)
}

impl Check for SpuriousStall {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let starts = match effort {
            Effort::Quick => 1_000,
            Effort::Standard => 2_000,
            Effort::Thorough => 20_000,
        };
        let pairs = [(1.0, 0.0), (2.0, 0.25), (-1.0, 1.0)];
        let cases = pairs.into_iter().flat_map(|(k, s)| [false, true].map(|i| Case::new(k, s, i, starts)));
        cases.flat_map(|case| [case.clone(), Case { network: true, starts: starts / 4, ..case }]).collect()
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::new(1.0, 0.5, true, 0),
            Case::new(1.001, 0.0, false, 0),
            Case::new(1.001, 0.0, true, 0),
            Case { factor: 1.001, ..Case::new(1.0, 0.0, true, 0) },
            Case { factor: 1.001, ..Case::new(1.0, 0.0, false, 0) },
            Case { network: true, ..Case::new(1.0, 0.5, true, 0) },
            Case { network: true, ..Case::new(2.001, 0.25, true, 0) },
            Case { network: true, factor: 1.001, ..Case::new(2.0, 0.25, true, 0) },
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![
            Hypothesis::exact("k(1 − 2s) = 1", case.k * (1.0 - 2.0 * case.s) == 1.0),
            Hypothesis::new("the step is stable at the minimum", HypothesisState::ByConstruction),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let words = case.words();
        let stalled = largest(&path(case, 0.0, STEPS)?);
        let away = path(case, 1e-300, STEPS)?;
        let end = away.last().copied().unwrap_or(f64::NAN);
        let distances: Vec<f64> =
            away.iter().enumerate().map(|(k, theta)| theta - 1.0 - case.closed_form(k)).collect();
        let off = largest(&distances);
        let mut found = vec![
            Measurement::equal("largest |θ| from 0", stalled, 0.0, Budget::default()).on(&words),
            Measurement::equal("θ at the end from 10⁻³⁰⁰", end, 1.0, Budget::discretisation(1e-6)).on(&words),
            Measurement::equal(
                "largest distance on the way from the closed form on ½(θ − 1)²",
                off,
                0.0,
                Budget::rounding(1e3 * f64::EPSILON),
            )
            .on(&words),
        ];
        if case.starts > 0 {
            let mut hits = 0_u32;
            for start in 0..case.starts {
                context.proceed()?;
                let theta = context.stream(&words, start).normal();
                hits += u32::from(path(case, theta, 200)?.contains(&0.0));
            }
            let name = format!("runs that hit 0 among {} from random starts", case.starts);
            found.push(Measurement::equal(name, f64::from(hits), 0.0, Budget::default()).on(&words));
        }
        Ok(found)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new(1.0, 0.0, true, 0);
        let mut panel = Panel::new("", Axis::linear("k"), Axis::linear("θ"));
        let runs = [
            (0.0, "from 0", Dash::Solid),
            (1e-300, "from 10⁻³⁰⁰", Dash::Dashed),
            (-0.5, "from −0.5", Dash::Dotted),
        ];
        for (color, (from, label, dash)) in runs.into_iter().enumerate() {
            let y = path(&case, from, 150)?;
            let x = (0..y.len()).map(|i| i as f64).collect();
            panel = panel.with(Layer::Curve { label: label.into(), x, y, color, dash });
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: case.words(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
