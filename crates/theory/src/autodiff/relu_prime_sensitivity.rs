//! In exact arithmetic the value of relu′(0) almost never matters; in finite precision pre-activations are exactly 0 with positive frequency.
//!
//! *Prediction.* A sum that is accumulated with p binary digits lies on a grid of spacing δ ~ 2^(−p) times its largest partial sum, and has a density
//! π(0) at 0 on a coarser scale: it is 0 with a probability proportional to δ, so log₂ of the frequency falls by 1 per digit.
//!
//! *Estimator.* Numbers of zeros N_p are Poisson: log₂ N_p has the variance 1/(N_p ln² 2), so N_p is its weight in the least-squares slope. Errors come
//! from 40 groups of products, each of which gives a linearised estimate of the slope, whose mean is the slope itself (logs of small counts would
//! be biased).

use dinlab_analysis::statistics::equivalence_mean;
use dinlab_numeric::Stream;
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use rayon::prelude::*;
use serde::Serialize;

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
               exact zeros for several p, and the slope of its logarithm.",
    refuted_by: "a slope other than −1 beyond its interval",
    tolerance: "margin 0.05 in the slope (the size of the partial sums, hence the grid, does not depend on p to first order in 2^(−p)); equivalence over 40 groups",
    control: "gross: inputs and weights among −1, 0, 1, whose sums are exact at every precision; near miss: the exponent −1.2",
    evidence: Evidence::Sampled,
    cost: "10⁷ to 10⁹ rounded operations",
};

/// Terms of a dot product.
const LENGTH: usize = 8;
/// Groups of products, each with its own random stream.
const GROUPS: u64 = 40;

/// Dot products in several precisions.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    digits: Vec<u32>,
    products: u64,
    /// Control: whole numbers.
    whole: bool,
    /// Predicted slope.
    exponent: f64,
}

impl Case {
    fn words(&self) -> String {
        let numbers = if self.whole { "numbers among −1, 0, 1" } else { "normal numbers" };
        format!("{} dot products of {LENGTH} {numbers}, p = {:?}", self.products, self.digits)
    }
}

/// x to nearest with p < 53 binary digits (Veltkamp's splitting; exact for sizes far from overflow).
fn rounded(x: f64, p: u32) -> f64 {
    let c = x * ((53 - p) as f64).exp2() + x;
    c - (c - x)
}

/// Zeros among the products, per group and precision; the same numbers for every precision.
fn zeros(case: &Case, context: &Context<'_>) -> Result<Vec<Vec<u64>>, CheckError> {
    let group = |group: u64| {
        context.proceed()?;
        let mut counts = vec![0; case.digits.len()];
        let mut stream = context.stream("products", group);
        let mut pairs = [[0.0; 2]; LENGTH];
        for _ in 0..case.products / GROUPS {
            pairs.iter_mut().flatten().for_each(|v| *v = draw(case.whole, &mut stream));
            for (count, &p) in counts.iter_mut().zip(&case.digits) {
                let sum = pairs
                    .iter()
                    .fold(0.0, |s, [w, x]| rounded(s + rounded(rounded(*w, p) * rounded(*x, p), p), p));
                *count += u64::from(sum == 0.0);
            }
        }
        Ok(counts)
    };
    (0..GROUPS).into_par_iter().map(group).collect()
}

/// Numbers of zeros over all groups.
fn totals(groups: &[Vec<u64>]) -> Vec<u64> {
    let mut total = vec![0; groups.first().map_or(0, Vec::len)];
    groups.iter().for_each(|group| total.iter_mut().zip(group).for_each(|(total, n)| *total += n));
    total
}

fn draw(whole: bool, stream: &mut Stream) -> f64 {
    if whole {
        stream.below(3) as f64 - 1.0
    } else {
        stream.normal()
    }
}

/// Slope of log₂ N by p, and its linearised estimate per group.
fn slope(digits: &[u32], groups: &[Vec<u64>]) -> (f64, Vec<f64>) {
    let counts: Vec<f64> = totals(groups).iter().map(|&n| n as f64).collect();
    let x: Vec<f64> = digits.iter().map(|&p| f64::from(p)).collect();
    let weight = dinlab_numeric::sum(&counts);
    let centre = counts.iter().zip(&x).map(|(n, x)| n * x).sum::<f64>() / weight;
    let spread: f64 = counts.iter().zip(&x).map(|(n, x)| n * (x - centre).powi(2)).sum();
    let coefficients: Vec<f64> = counts.iter().zip(&x).map(|(n, x)| n * (x - centre) / spread).collect();
    let slope: f64 = coefficients.iter().zip(&counts).map(|(c, n)| c * n.log2()).sum();
    let estimate = |group: &Vec<u64>| {
        let parts = coefficients.iter().zip(&counts).zip(group);
        slope
            + parts.map(|((c, n), &own)| c * (own as f64 * GROUPS as f64 / n - 1.0)).sum::<f64>()
                / std::f64::consts::LN_2
    };
    (slope, groups.iter().map(estimate).collect())
}

impl Check for ReluPrimeSensitivity {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (digits, products) = match effort {
            Effort::Quick => (vec![5, 7, 9, 11], 4_000_000),
            Effort::Standard => (vec![5, 7, 9, 11], 8_000_000),
            Effort::Thorough => (vec![5, 9, 12, 15], 80_000_000),
        };
        vec![Case { digits, products, whole: false, exponent: -1.0 }]
    }

    fn control(&self) -> Vec<Case> {
        let case = |whole, exponent| Case { digits: vec![5, 6, 7, 8], products: 1_000_000, whole, exponent };
        vec![case(true, -1.0), case(false, -1.2)]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::new("weights and inputs have densities", HypothesisState::ByConstruction)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let groups = zeros(case, context)?;
        let fewest = totals(&groups).into_iter().min().unwrap_or(0) as f64;
        let (slope, estimates) = slope(&case.digits, &groups);
        let margin = 0.05;
        Ok(vec![
            Measurement::at_least("zeros at the highest precision", fewest, 100.0, Budget::default())
                .on(case.words()),
            Measurement::equal(
                "slope of log₂ frequency per digit",
                slope,
                case.exponent,
                Budget::sampling(margin),
            )
            .on(case.words())
            .sampled(equivalence_mean(&estimates, case.exponent, margin)?),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case { digits: vec![4, 5, 6, 7, 8, 9], products: 400_000, whole: false, exponent: -1.0 };
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
