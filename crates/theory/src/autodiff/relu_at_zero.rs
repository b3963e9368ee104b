//! Automatic differentiation differentiates programs, not functions: at kinks the answer depends on how J is written and on
//! the derivative s = relu′(0) and the weight w of the first argument of max at a tie.
//!
//! Three implementations are measured: the reverse mode of expressions, forward dual numbers, and the backward pass of the networks
//! (where z = Σ aᵢ relu(cᵢθ) has the weights cᵢθ in its first layer, and the derivative by θ is the chain rule over them).

use std::sync::Arc;

use dinlab_neural::{Activation, Evaluator, Layer, Loss, Network, Part, Shape, Targets};
use dinlab_objective::{build, registry::Shared, Options, Selection};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer as Drawn, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct ReluAtZero;

static CLAIM: Claim = Claim {
    id: "relu-at-zero",
    family: 'G',
    title: "What automatic differentiation gives at a kink",
    sentence: "At 0 the derivative of a program with relu is a closed form in s = relu′(0) that depends on how the function is written; \
               elsewhere it is right for every s.",
    statement: r"\begin{aligned}&\mathrm{relu}(x)+\mathrm{relu}(-x):0,\quad \mathrm{relu}(x)-\mathrm{relu}(-x):2s,\quad \mathrm{relu}(-x)+x-\mathrm{relu}(x):1-2s,\\&\max(x,-x):2w-1,\quad \mathrm{relu}(\mathrm{relu}(x)):s^2\end{aligned}",
    hypotheses: &["the program is run as it is written (by construction)"],
    sources: &[
        sources::at(sources::CONSERVATIVE, "section 1 (spurious derivatives), section 5"),
        sources::at(sources::JMLR, "section 2.3.3 (sums of subdifferentials)"),
    ],
    differences: "the programs of the papers with s and w kept general; relu(relu(x)) added, which no s but 0 and 1 repairs",
    measured: "Derivatives at 0 and at ±0.7 by the reverse mode of expressions, by forward dual numbers and by the backward pass of \
               networks with relu layers, for five values of s and three of w.",
    refuted_by: "a derivative other than the closed form in any of the three",
    tolerance: "8ε: each is a sum of at most four numbers of size one",
    control: "gross: central differences at 0 stand for the derivative (they give the slope of the function, not 2s); near miss: \
              s larger by 10⁻³ in the prediction",
    evidence: Evidence::Resolved,
    cost: "milliseconds",
};

/// A program in one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Program {
    AbsoluteValue,
    Identity,
    Zero,
    ZeroAgain,
    Maximum,
    Nested,
}

impl Program {
    const ALL: [Self; 6] =
        [Self::AbsoluteValue, Self::Identity, Self::Zero, Self::ZeroAgain, Self::Maximum, Self::Nested];

    fn text(self) -> &'static str {
        match self {
            Self::AbsoluteValue => "relu(x)+relu(-x)",
            Self::Identity => "relu(x)-relu(-x)",
            Self::Zero => "relu(-x)+x-relu(x)",
            Self::ZeroAgain => "relu(x)-relu(-x)-x",
            Self::Maximum => "max(x,-x)",
            Self::Nested => "relu(relu(x))",
        }
    }

    /// Derivative at 0.
    fn at_zero(self, s: f64, w: f64) -> f64 {
        match self {
            Self::AbsoluteValue => 0.0,
            Self::Identity => 2.0 * s,
            Self::Zero => 1.0 - 2.0 * s,
            Self::ZeroAgain => 2.0 * s - 1.0,
            Self::Maximum => 2.0 * w - 1.0,
            Self::Nested => s * s,
        }
    }

    /// Derivative at x ≠ 0, which is that of the function.
    fn elsewhere(self, x: f64) -> f64 {
        match self {
            Self::AbsoluteValue | Self::Maximum => x.signum(),
            Self::Identity => 1.0,
            Self::Zero | Self::ZeroAgain => 0.0,
            Self::Nested => f64::from(u8::from(x > 0.0)),
        }
    }

    /// Σ aᵢ relu(cᵢθ) as pairs (aᵢ, cᵢ), where it is one.
    fn units(self) -> Option<[(f64, f64); 2]> {
        match self {
            Self::AbsoluteValue => Some([(1.0, 1.0), (1.0, -1.0)]),
            Self::Identity => Some([(1.0, 1.0), (-1.0, -1.0)]),
            _ => None,
        }
    }
}

/// All programs under one selection.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    s: f64,
    w: f64,
    /// Control: added to s in the prediction.
    off: f64,
    /// Control: central differences in place of the derivative at 0.
    differences: bool,
}

impl Case {
    fn new(s: f64, w: f64) -> Self {
        Self { s, w, off: 0.0, differences: false }
    }

    fn selection(&self) -> Selection {
        Selection { abs: 0.0, relu: self.s, max: self.w }
    }

    fn words(&self, program: Program, x: f64) -> String {
        format!("{} at {x}, s = {}, w = {}", program.text(), self.s, self.w)
    }
}

fn objective(program: Program, selection: Selection) -> Result<Shared, CheckError> {
    Ok(build(&format!("expr:{}", program.text()), &Options { selection, variables: None })?)
}

/// Derivatives by reverse and forward mode.
fn both_modes(objective: &Shared, x: f64) -> [f64; 2] {
    let mut reverse = [f64::NAN];
    objective.oracle().gradient(&[x], &mut reverse);
    let forward = objective.gradient_from_value(&[x]).map_or(f64::NAN, |g| g[0]);
    [reverse[0], forward]
}

fn difference(objective: &Shared, h: f64) -> f64 {
    let mut oracle = objective.oracle();
    (oracle.value(&[h]) - oracle.value(&[-h])) / (2.0 * h)
}

/// dz/dθ by the backward pass of a network, for z = Σ aᵢ relu(cᵢθ).
fn network_slope(units: [(f64, f64); 2], theta: f64, selection: Selection) -> Result<f64, CheckError> {
    let layers =
        vec![Layer::Dense { outputs: 2 }, Layer::Activation(Activation::Relu), Layer::Dense { outputs: 1 }];
    let network = Arc::new(Network::new("two units", Shape::vector(1), layers)?);
    let z: f64 = units.iter().map(|(a, c)| a * dinlab_numeric::max(c * theta, 0.0)).sum();
    // ½(z − y)² with y = z − 1 has the derivative 1 by z (values here are exact in single precision up to rounding of y).
    let target = (z - 1.0) as f32;
    let part = Part {
        shape: Shape::vector(1),
        inputs: vec![1.0],
        targets: Targets::Values { values: vec![target], width: 1 },
    };
    let by_output = z - f64::from(target);
    // Weights, biases of the first layer; weights, bias of the second.
    let [(a, c), (b, d)] = units;
    let parameters = [c * theta, d * theta, 0.0, 0.0, a, b, 0.0];
    let mut gradient = [0.0; 7];
    let mut evaluator = Evaluator::<f64>::new(network, Loss::Squared, selection, 1);
    evaluator.gradient(&part, &[0], &parameters, 1.0, &mut gradient);
    Ok((c * gradient[0] + d * gradient[1]) / by_output)
}

impl Check for ReluAtZero {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, _: Effort) -> Vec<Case> {
        let values = [0.0, 0.25, 0.5, 1.0, 7.0];
        values.into_iter().flat_map(|s| [0.5, 1.0, 0.0].map(|w| Case::new(s, w))).collect()
    }

    fn control(&self) -> Vec<Case> {
        vec![Case { differences: true, ..Case::new(0.0, 0.5) }, Case { off: 1e-3, ..Case::new(0.25, 0.5) }]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::new("the program is run as it is written", HypothesisState::ByConstruction)]
    }

    fn measure(&self, case: &Case, _: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let scale = dinlab_numeric::max(1.0, case.s * case.s);
        let budget = Budget::rounding(8.0 * f64::EPSILON * scale);
        let mut found = Vec::new();
        for program in Program::ALL {
            let objective = objective(program, case.selection())?;
            for x in [0.0, 0.7, -0.7] {
                let predicted =
                    if x == 0.0 { program.at_zero(case.s + case.off, case.w) } else { program.elsewhere(x) };
                let [reverse, forward] = both_modes(&objective, x);
                let reverse =
                    if case.differences && x == 0.0 { difference(&objective, 1e-3) } else { reverse };
                let words = case.words(program, x);
                found.push(
                    Measurement::equal("derivative, reverse mode", reverse, predicted, budget).on(&words),
                );
                found.push(
                    Measurement::equal("derivative, forward mode", forward, predicted, budget).on(&words),
                );
                if let Some(units) = program.units() {
                    let slope = network_slope(units, x, case.selection())?;
                    found.push(
                        Measurement::equal("derivative, backward pass", slope, predicted, budget).on(&words),
                    );
                }
            }
        }
        Ok(found)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        let grid: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
        let mut panel = Panel::new("", Axis::linear("s = relu′(0)"), Axis::linear("derivative at 0"));
        let markers = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Cross];
        let shown = [Program::AbsoluteValue, Program::Identity, Program::Zero, Program::Nested];
        for (i, program) in shown.into_iter().enumerate() {
            let coarse: Vec<f64> = grid.iter().copied().step_by(4).collect();
            let mut measured = Vec::new();
            for &s in &coarse {
                measured.push(
                    both_modes(&objective(program, Selection { relu: s, ..Selection::default() })?, 0.0)[0],
                );
            }
            let curve: Vec<f64> = grid.iter().map(|&s| program.at_zero(s, 0.5)).collect();
            let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::Solid][i];
            panel = panel
                .with(Drawn::Curve { label: String::new(), x: grid.clone(), y: curve, color: i, dash })
                .with(Drawn::points(program.text(), coarse, measured, i, markers[i]));
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: "markers: reverse mode; lines: closed forms; max(x,−x) gives 2w − 1".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
