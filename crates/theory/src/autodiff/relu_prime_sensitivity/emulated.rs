//! Dot products in arithmetics with few digits, every operation rounded.
//!
//! *Estimator.* Numbers of zeros N_p are Poisson: log₂ N_p has the variance 1/(N_p ln² 2), so N_p is its weight in the least-squares slope. Errors come
//! from 40 groups of products, each of which gives a linearised estimate of the slope, whose mean is the slope itself (logs of small counts would
//! be biased).

use dinlab_analysis::statistics::equivalence_mean;
use dinlab_numeric::Stream;
use dinlab_record::{Budget, Measurement};
use rayon::prelude::*;
use serde::Serialize;

use super::GROUPS;
use crate::{check::Context, error::CheckError};

/// Terms of a dot product.
const LENGTH: usize = 8;
/// Dot products in several precisions.
#[derive(Debug, Clone, Serialize)]
pub struct Products {
    /// p.
    pub digits: Vec<u32>,
    /// Products for each p.
    pub products: u64,
    /// Control: whole numbers.
    pub whole: bool,
    /// Predicted slope.
    pub exponent: f64,
}

impl Products {
    /// The case in words.
    pub fn words(&self) -> String {
        let numbers = if self.whole { "numbers among −1, 0, 1" } else { "normal numbers" };
        format!("{} dot products of {LENGTH} {numbers}, p = {:?}", self.products, self.digits)
    }

    /// Slope of the frequency by digits.
    pub fn measure(&self, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let groups = zeros(self, context)?;
        let fewest = totals(&groups).into_iter().min().unwrap_or(0) as f64;
        let (slope, estimates) = slope(&self.digits, &groups);
        let margin = 0.05;
        let name = "slope of log₂ frequency per digit";
        Ok(vec![
            Measurement::at_least("zeros at the highest precision", fewest, 100.0, Budget::default())
                .on(self.words()),
            Measurement::equal(name, slope, self.exponent, Budget::sampling(margin))
                .on(self.words())
                .sampled(equivalence_mean(&estimates, self.exponent, margin)?),
        ])
    }
}

/// x to nearest with p < 53 binary digits (Veltkamp's splitting; exact for sizes far from overflow).
fn rounded(x: f64, p: u32) -> f64 {
    let c = x * ((53 - p) as f64).exp2() + x;
    c - (c - x)
}

/// Zeros among the products, per group and precision; the same numbers for every precision.
pub fn zeros(case: &Products, context: &Context<'_>) -> Result<Vec<Vec<u64>>, CheckError> {
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
pub fn totals(groups: &[Vec<u64>]) -> Vec<u64> {
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
