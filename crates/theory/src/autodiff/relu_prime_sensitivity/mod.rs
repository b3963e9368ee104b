//! In exact arithmetic the value of relu′(0) almost never matters; in finite precision pre-activations are exactly 0 with positive frequency.
//!
//! *Prediction.* A sum that is accumulated with p binary digits lies on a grid of spacing δ ~ 2^(−p) times its largest partial sum, and has a density
//! π(0) at 0 on a coarser scale: it is 0 with a probability proportional to δ, so log₂ of the frequency falls by 1 per digit.

mod emulated;
mod network;
mod training;

use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use self::{
    emulated::{totals, zeros, Products},
    network::Gradients,
    training::Training,
};
use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct ReluPrimeSensitivity;

static CLAIM: Claim = Claim {
    id: "relu-prime-sensitivity",
    family: 'G',
    title: "Exact zeros of pre-activations and precision",
    sentence: "The frequency with which a pre-activation is exactly 0, so that relu′(0) matters, is proportional to 2^(−p) for arithmetic with p binary digits.",
    statement: r"\Pr\{\mathrm{fl}_p(\textstyle\sum_iw_ix_i)=0\}\propto2^{-p}",
    hypotheses: &["weights and inputs have densities (by construction: normal numbers)"],
    sources: &[sources::at(sources::RELU_PRIME, "section 3 (bit-precision)")],
    differences: "the dependence on precision is printed as an observation; the exponent is derived in this file",
    measured: "Dot products of 8 pairs of normal numbers, every input, product and partial sum rounded to nearest with p digits: the number of \
               exact zeros for several p, and the slope of its logarithm. The gradients that networks are trained with, in f32 (p = 24) and f64 (p = 53), of relu units with random weights that come \
               within some hundred spacings of their kink: how often two values of relu′(0) give different gradients, against π(0)·2^(1−p), and by how much, against (s₁ − s₀)·a·r·x. \
               Training in f64 with relu′(0) = 0 and 1: weights that differ at the end.",
    refuted_by: "a slope other than −1 or a frequency other than π(0)·2^(1−p) beyond its interval; gradients that differ where no pre-activation is 0, or by another amount; training in f64 that depends on relu′(0)",
    tolerance: "margin 0.05 in the slope (the size of the partial sums, hence the grid, does not depend on p to first order in 2^(−p)), 0.1 in the frequency; equivalence over 40 groups. \
                Differences of gradients: the rounding bound of sums (operations times ε times the sizes of all terms). Training: none (a zero is expected once in some 10¹¹ such runs)",
    control: "gross: inputs and weights among −1, 0, 1, whose sums are exact at every precision, and training from whole weights on whole inputs; near miss: the exponents −1.2 in emulated arithmetics and −1.01 in f64, \
              differences of gradients 0.1% larger",
    evidence: Evidence::Sampled,
    cost: "10⁷ to 10⁹ rounded operations and some 10⁷ pre-activations",
};

/// Groups of products or networks, each with its own random stream.
const GROUPS: u64 = 40;

/// One part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Dot products in emulated arithmetics.
    Products(Products),
    /// Gradients of networks.
    Gradients(Gradients),
    /// Training.
    Training(Training),
}

impl Check for ReluPrimeSensitivity {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (digits, products, units) = match effort {
            Effort::Quick => (vec![5, 7, 9, 11], 4_000_000, 2_000_000),
            Effort::Standard => (vec![5, 7, 9, 11], 8_000_000, 6_000_000),
            Effort::Thorough => (vec![5, 9, 12, 15], 80_000_000, 30_000_000),
        };
        vec![
            Case::Products(Products { digits, products, whole: false, exponent: -1.0 }),
            Case::Gradients(Gradients::new(false, [0.0, 1.0], units)),
            Case::Gradients(Gradients::new(true, [0.0, 0.5], units)),
            Case::Training(Training { whole: false }),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let products = |whole, exponent| {
            Case::Products(Products { digits: vec![5, 6, 7, 8], products: 1_000_000, whole, exponent })
        };
        let gradients = Gradients::new(true, [0.0, 1.0], 500_000);
        vec![
            products(true, -1.0),
            products(false, -1.2),
            Case::Gradients(Gradients { exponent: -1.01, ..gradients.clone() }),
            Case::Gradients(Gradients { factor: 1.001, ..gradients }),
            Case::Training(Training { whole: true }),
        ]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::new("weights and inputs have densities", HypothesisState::ByConstruction)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        match case {
            Case::Products(products) => products.measure(context),
            Case::Gradients(gradients) => gradients.measure(context),
            Case::Training(training) => training.measure(context),
        }
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case =
            Products { digits: vec![4, 5, 6, 7, 8, 9], products: 400_000, whole: false, exponent: -1.0 };
        let counts = totals(&zeros(&case, context)?);
        let x: Vec<f64> = case.digits.iter().map(|&p| f64::from(p)).collect();
        let frequency: Vec<f64> = counts.iter().map(|&n| n as f64 / case.products as f64).collect();
        let middle = x.len() / 2;
        let line: Vec<f64> = x.iter().map(|p| frequency[middle] * (x[middle] - p).exp2()).collect();
        let panel = Panel::new("", Axis::linear("binary digits p"), Axis::log("frequency of exact zeros"))
            .with(Layer::Curve {
                label: "∝ 2^(−p)".into(),
                x: x.clone(),
                y: line,
                color: 1,
                dash: Dash::Dashed,
            })
            .with(Layer::points("measured", x, frequency, 0, Marker::Circle));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: case.words(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
