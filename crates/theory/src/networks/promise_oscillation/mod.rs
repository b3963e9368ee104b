//! Parasite oscillations of training: INDIAN against heavy ball at equal step and momentum, near a minimum and from random weights.

mod minimum;
mod network;
mod training;

use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use self::{minimum::Minimum, training::Training};
use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct PromiseOscillation;

static CLAIM: Claim = Claim {
    id: "promise-oscillation",
    family: 'H',
    title: "Hessian damping removes oscillations of training",
    sentence: "At equal step and momentum INDIAN with β near (2√λ − α)/λ, λ the top Hessian eigenvalue, oscillates less than heavy ball along the top direction and its training loss ends no higher; near a minimum the motion along that direction has a closed form.",
    statement: r"s=\gamma^2,\ m=1-\alpha\gamma:\quad w_k=A\mu_1^k+B\mu_2^k,\ \mu=1+\gamma z,\ z^2+(\alpha+\beta\lambda)z+\lambda=0;\quad \beta=\gamma\text{ is heavy ball},\ \beta\ge(2\sqrt\lambda-\alpha)/\lambda\text{ does not spiral}",
    hypotheses: &[
        "J ∈ C² (exact: tanh)",
        "full batches, so that every reversal is the method's own (by construction)",
        "equal s, m, weights and steps (by construction)",
        "the end of the descent is near a minimum (its gradient is measured; where it is above 10⁻⁵ nothing is decided)",
    ],
    sources: &[sources::at(sources::JMLR, "sections 1 and 5.2: parasite oscillations and their damping")],
    differences: "the paper argues from the mechanical model and Figure 1; the statement for networks, with s and m equal, and the closed form are derived (oscillation-measures has them on \
                  quadratics)",
    measured: "A 64-8-10 tanh network on 100 digits, cross-entropy with a penalty. Near a minimum, displaced along the top eigenvector: the coordinate against the closed form, and sign \
               changes, for heavy ball (β = γ), Nesterov (β = (1+m)γ) and INDIAN past the critical β. From random weights, paired: velocity reversals along the top Hessian direction \
               (found again every 25 steps) and the loss at the end. (At these steps J rises for neither method, so that its upward variation decides nothing.)",
    refuted_by: "another motion near the minimum; more reversals than heavy ball, or a loss more than 25 % above its, on average over the starts",
    tolerance: "near the minimum: 10⁻⁵ of the displacement δ = 10⁻⁴, five times what a gradient of 10⁻⁵ does; nonlinearity is of order δ² (halving δ shows it). Sampling: no margin for reversals, log₁₀ 1.25 \
                for the loss; at least 20 paired starts",
    control: "gross: INDIAN with β = γ/4 in training (less damped than heavy ball); near miss: α off by 0.1 % in the closed form",
    evidence: Evidence::Resolved,
    cost: "some 10⁴ full gradients of a small network",
};

/// One part.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Near a minimum.
    Minimum(Minimum),
    /// From random weights.
    Training(Training),
}

const fn minimum(momentum: f64) -> Minimum {
    Minimum { momentum, factor: 1.0 }
}

const fn training(momentum: f64, seeds: u64) -> Training {
    Training { momentum, seeds, of_critical: true, factor: 1.0 }
}

impl Check for PromiseOscillation {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (momenta, seeds): (&[f64], u64) = match effort {
            Effort::Quick => (&[0.9], 24),
            Effort::Standard => (&[0.9, 0.95], 40),
            Effort::Thorough => (&[0.8, 0.9, 0.95], 100),
        };
        let near = momenta.iter().map(|&m| Case::Minimum(minimum(m)));
        near.chain(momenta.iter().map(|&m| Case::Training(training(m, seeds)))).collect()
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case::Training(Training { of_critical: false, factor: 0.25, ..training(0.9, 24) }),
            Case::Minimum(Minimum { factor: 1.001, ..minimum(0.9) }),
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let mut all = vec![
            Hypothesis::exact("J ∈ C² (tanh)", true),
            Hypothesis::new("full batches; equal s, m, weights and steps", HypothesisState::ByConstruction),
        ];
        if let Case::Minimum(_) = case {
            all.push(Hypothesis::new("the end of the descent is a minimum", HypothesisState::Sampled));
        }
        all
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        match case {
            Case::Minimum(minimum) => minimum.measure(context),
            Case::Training(training) => training.measure(context),
        }
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let title = "Near a minimum, along the top eigenvector";
        let mut near = Panel::new(title, Axis::linear("k"), Axis::linear("displacement"));
        for (color, mode) in minimum(0.9).modes(context)?.0.into_iter().enumerate() {
            let k: Vec<f64> = (0..mode.measured.len()).map(|k| k as f64).collect();
            let marker = [Marker::Circle, Marker::Square, Marker::Triangle][color % 3];
            near = near.with(Layer::dashed("", k.clone(), mode.predicted, color)).with(Layer::points(
                mode.name,
                k,
                mode.measured,
                color,
                marker,
            ));
        }
        let mut train = Panel::new("Training, one start", Axis::linear("k"), Axis::log("J"));
        let shown = training(0.9, 1).pair(&network::network(context)?, 0, context)?;
        for (color, (name, run)) in ["heavy ball", "INDIAN, critical β"].into_iter().zip(shown).enumerate() {
            let x = (0..run.loss.len()).map(|k| k as f64).collect();
            let dash = [Dash::Solid, Dash::Dashed][color];
            train = train.with(Layer::Curve { label: name.into(), x, y: run.loss, color: 2 * color, dash });
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: "64-8-10 tanh network on 100 digits, full batches, m = 0.9; left: marks measured, dashed the closed form; both: equal step s = γ² and momentum".into(),
            columns: 2,
            panels: vec![near, train],
        })
    }
}
