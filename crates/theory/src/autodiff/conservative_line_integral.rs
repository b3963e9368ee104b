//! What a backward pass computes is a selection of a conservative field: along every curve its integral is the difference of J, whatever relu′(0) is.
//!
//! *Error of the midpoint rule.* For g of bounded variation V on [0, 1] the rule with n points is off by at most V/(2n). V is read off the samples
//! of g = ⟨D(c(t)), ċ(t)⟩, with a tenth for what lies between them.

use std::sync::Arc;

use dinlab_neural::{Activation, Layer, Loss, Network, NetworkObjective, Part, Shape, Targets};
use dinlab_numeric::dot;
use dinlab_objective::{Objective, Selection};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer as Drawn, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct ConservativeLineIntegral;

static CLAIM: Claim = Claim {
    id: "conservative-line-integral",
    family: 'G',
    title: "Line integrals of what the backward pass computes",
    sentence: "Along a curve in the parameters of a ReLU network the integral of the computed gradient is the difference of J for every value of \
               relu′(0), also while the curve runs inside a kink, where the gradient itself depends on that value.",
    statement: r"\int_0^1\langle D_s(c(t)),\dot c(t)\rangle\,dt=J(c(1))-J(c(0))\quad\text{for every }s=\mathrm{relu}'(0)",
    hypotheses: &["the program is definable: relu, sums, products (by construction)"],
    sources: &[sources::at(sources::CONSERVATIVE, "Theorem 8 and section 5")],
    differences: "as printed; s outside [0, 1] is included, which the theory of conservative fields allows",
    measured: "The backward pass of a network with two hidden layers of relu, squared loss on six samples: midpoint sums along random segments, and along \
               a segment on which one pre-activation is exactly 0 throughout; J by forward passes alone. On the latter also how far the gradients for two \
               values of s are apart.",
    refuted_by: "an integral off by more than its bound for some s, or gradients inside the kink that do not depend on s",
    tolerance: "1.1·V/(2n) with the variation V of the integrand along the samples, derived in the file; rounding 10³ε times the scale",
    control: "gross: the gradient of the same network with softplus stands for that of relu; near miss: that of leaky relu, whose slopes are wrong by 1%",
    evidence: Evidence::Resolved,
    cost: "some 10⁵ gradients",
};

/// Curves of the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Curve {
    /// Between two random points.
    Segment(u64),
    /// Along which one pre-activation stays 0.
    InsideKink,
}

/// One curve with one s.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    curve: Curve,
    s: f64,
    points: usize,
    /// Control: activation of the network whose gradient is integrated.
    field: Activation,
}

impl Case {
    fn words(&self) -> String {
        let curve = match self.curve {
            Curve::Segment(index) => format!("random segment {}", index + 1),
            Curve::InsideKink => "segment inside a kink".into(),
        };
        format!("{curve}, s = {}, {} points, gradient of {}", self.s, self.points, self.field.name())
    }
}

/// Samples with whole coordinates, so that a pre-activation can be 0 exactly; the first is (1, 1).
fn samples() -> Arc<Part> {
    let inputs = vec![1.0, 1.0, -1.0, 2.0, 2.0, -1.0, 0.0, 1.0, -2.0, -1.0, 1.0, 0.0];
    let values = vec![1.0, -1.0, 0.5, 0.0, 2.0, -0.5];
    Arc::new(Part { shape: Shape::vector(2), inputs, targets: Targets::Values { values, width: 1 } })
}

fn objective(activation: Activation, s: f64) -> Result<NetworkObjective, CheckError> {
    let act = Layer::Activation(activation);
    let dense = |outputs| Layer::Dense { outputs };
    let layers = vec![dense(4), act.clone(), dense(4), act, dense(1)];
    let network = Arc::new(Network::new("2-4-4-1", Shape::vector(2), layers)?);
    let selection = Selection { relu: s, ..Selection::default() };
    Ok(NetworkObjective::new("network", network, samples(), Loss::Squared, 0.0, selection))
}

/// Both ends of the curve.
fn ends(case: &Case, n: usize, context: &Context<'_>) -> [Vec<f64>; 2] {
    match case.curve {
        Curve::Segment(index) => {
            let mut stream = context.stream("segment", index);
            [stream.normals(n), stream.normals(n)]
        }
        Curve::InsideKink => {
            // Weights of the first unit (t, −t), bias 0: 0 at the sample (1, 1), exactly. The other parameters move as well.
            let mut stream = context.stream("inside", 0);
            let mut from = stream.normals(n);
            let mut to: Vec<f64> = from.iter().map(|v| v + 0.5 * stream.normal()).collect();
            // Weights come first, unit by unit, then the biases of the layer.
            let (weights, bias) = (2, 8);
            for (end, t) in [(&mut from, 0.5), (&mut to, 1.25)] {
                end[..weights].copy_from_slice(&[t, -t]);
                end[bias] = 0.0;
            }
            [from, to]
        }
    }
}

/// ⟨D, ċ⟩ at the midpoints.
fn integrand(case: &Case, context: &Context<'_>) -> Result<Vec<f64>, CheckError> {
    let objective = objective(case.field, case.s)?;
    let n = objective.dimension();
    let [from, to] = ends(case, n, context);
    let velocity: Vec<f64> = to.iter().zip(&from).map(|(b, a)| b - a).collect();
    let mut oracle = Objective::oracle(&objective);
    let mut gradient = vec![0.0; n];
    let mut along = Vec::with_capacity(case.points);
    for i in 0..case.points {
        context.proceed()?;
        let t = (i as f64 + 0.5) / case.points as f64;
        oracle.gradient(&at(&from, &velocity, t), &mut gradient);
        along.push(dot(&gradient, &velocity));
    }
    Ok(along)
}

/// The point at t. Inside the kink the first two numbers are negatives of each other; rounding keeps that, and the pre-activation 0.
fn at(from: &[f64], velocity: &[f64], t: f64) -> Vec<f64> {
    from.iter().zip(velocity).map(|(a, v)| a + t * v).collect()
}

impl Check for ConservativeLineIntegral {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (segments, points) = match effort {
            Effort::Quick => (2, 2_000),
            Effort::Standard => (6, 10_000),
            Effort::Thorough => (30, 40_000),
        };
        let curves = (0..segments).map(Curve::Segment).chain([Curve::InsideKink]);
        curves
            .flat_map(|curve| {
                [0.0, 0.5, 1.0, 7.0].map(|s| Case { curve, s, points, field: Activation::Relu })
            })
            .collect()
    }

    fn control(&self) -> Vec<Case> {
        let case = |curve, field| Case { curve, s: 0.0, points: 10_000, field };
        vec![case(Curve::Segment(0), Activation::Softplus), case(Curve::Segment(1), Activation::LeakyRelu)]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::new("the program is definable", HypothesisState::ByConstruction)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let along = integrand(case, context)?;
        let integral = dinlab_numeric::sum(&along) / case.points as f64;
        let variation: f64 = along.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
        let function = objective(Activation::Relu, case.s)?;
        let [from, to] = ends(case, function.dimension(), context);
        let mut oracle = Objective::oracle(&function);
        let (left, right) = (oracle.value(&from), oracle.value(&to));
        let budget = Budget {
            rounding: 1e3 * f64::EPSILON * (left + right),
            bound: 1.1 * variation / (2.0 * case.points as f64),
            ..Budget::default()
        };
        let mut found =
            vec![Measurement::equal("∫⟨D, ċ⟩ dt against J(c(1)) − J(c(0))", integral, right - left, budget)
                .on(case.words())];
        if case.curve == Curve::InsideKink {
            let middle: Vec<f64> = from.iter().zip(&to).map(|(a, b)| 0.5 * (a + b)).collect();
            let mut gradients = [vec![0.0; from.len()], vec![0.0; from.len()]];
            for (gradient, s) in gradients.iter_mut().zip([0.0, 1.0]) {
                Objective::oracle(&objective(Activation::Relu, s)?).gradient(&middle, gradient);
            }
            let apart = dinlab_numeric::distance(&gradients[0], &gradients[1]);
            found.push(
                Measurement::at_least(
                    "distance of the gradients for s = 0 and s = 1",
                    apart,
                    1e-3,
                    Budget::default(),
                )
                .on(case.words()),
            );
        }
        Ok(found)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel = Panel::new("", Axis::linear("t"), Axis::linear("J(c(t)) − J(c(0))"));
        let points = 400;
        let t: Vec<f64> = (0..=points).map(|i| i as f64 / points as f64).collect();
        let function = objective(Activation::Relu, 0.0)?;
        let case = |field| Case { curve: Curve::Segment(0), s: 7.0, points, field };
        let [from, to] = ends(&case(Activation::Relu), function.dimension(), context);
        let velocity: Vec<f64> = to.iter().zip(&from).map(|(b, a)| b - a).collect();
        let mut oracle = Objective::oracle(&function);
        let start = oracle.value(&from);
        let values: Vec<f64> = t.iter().map(|&t| oracle.value(&at(&from, &velocity, t)) - start).collect();
        panel = panel.with(Drawn::Curve {
            label: "differences of J".into(),
            x: t.clone(),
            y: values,
            color: 0,
            dash: Dash::Solid,
        });
        for (color, field, label, dash) in [
            (1, Activation::Relu, "integral, relu′(0) = 7", Dash::Dashed),
            (2, Activation::Softplus, "integral of softplus' gradient", Dash::Dotted),
        ] {
            let mut total = 0.0;
            let mut sums = vec![0.0];
            for v in integrand(&case(field), context)? {
                total += v / points as f64;
                sums.push(total);
            }
            panel = panel.with(Drawn::Curve { label: label.into(), x: t.clone(), y: sums, color, dash });
        }
        let caption =
            "a random segment in the parameters of a 2-4-4-1 network, squared loss on six samples".into();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption,
            columns: 1,
            panels: vec![panel],
        })
    }
}
