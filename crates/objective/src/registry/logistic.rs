//! J(θ) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀθ)) + (r/2)‖θ‖² on the breast-cancer data.
//!
//! The 30 features have mean 0 and variance 1; a last feature 1 carries the intercept, which is regularised like
//! the others. yᵢ is −1 for malignant, 1 for benign. r-strongly convex.

use std::sync::{Arc, OnceLock};

use super::{number_or, Entry, Options, Shared};
use crate::{
    data,
    error::ObjectiveError,
    facts::{Bound, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "logistic",
    arguments: "[:r]",
    summary:
        "mean log(1 + exp(-y a'x)) + r/2 |x|^2 on the breast-cancer data, n = 31 (r = 0.01 without argument)",
    examples: &["logistic", "logistic:1"],
    build,
};

/// The margins' matrix: row i is −yᵢ xᵢ.
#[derive(Debug)]
struct Samples {
    rows: Vec<Vec<f64>>,
    dimension: usize,
    /// λmax(XᵀX)/m.
    largest: f64,
}

fn samples() -> &'static Samples {
    static SAMPLES: OnceLock<Samples> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let set = data::breast_cancer();
        let features = set.standardised_columns();
        let rows: Vec<Vec<f64>> = features
            .chunks(set.columns)
            .zip(&set.targets)
            .map(|(row, &class)| {
                let minus_y = 1.0 - 2.0 * class;
                row.iter().copied().chain([1.0]).map(|v| minus_y * v).collect()
            })
            .collect();
        let n = set.columns + 1;
        let mut gram = nalgebra::DMatrix::<f64>::zeros(n, n);
        for row in &rows {
            for i in 0..n {
                for j in 0..n {
                    gram[(i, j)] += row[i] * row[j];
                }
            }
        }
        let largest = gram.symmetric_eigenvalues().max() / rows.len() as f64;
        Samples { rows, dimension: n, largest }
    })
}

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    samples: &'static Samples,
    regularisation: f64,
}

fn margin<S: Scalar>(row: &[f64], x: &[S]) -> S {
    row.iter().zip(x).fold(S::constant(0.0), |total, (&a, &v)| total + S::constant(a) * v)
}

impl Formula for Logistic {
    fn dimension(&self) -> usize {
        self.samples.dimension
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let (c, m) = (S::constant, self.samples.rows.len() as f64);
        let loss = self.samples.rows.iter().fold(c(0.0), |total, row| total + margin(row, x).softplus());
        let square = x.iter().fold(c(0.0), |total, &v| total + v * v);
        c(1.0 / m) * loss + c(0.5 * self.regularisation) * square
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let (c, m) = (S::constant, self.samples.rows.len() as f64);
        for (target, &v) in out.iter_mut().zip(x) {
            *target = c(self.regularisation) * v;
        }
        for row in &self.samples.rows {
            let weight = c(1.0 / m) * margin(row, x).logistic();
            for (target, &a) in out.iter_mut().zip(row) {
                *target = *target + weight * c(a);
            }
        }
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let expected = "one finite number r > 0, e.g. logistic:0.01";
    let r = number_or("logistic", arguments, 0.01, |r| r > 0.0, expected)?;
    let samples = samples();
    let facts = Facts {
        regularity: Regularity::Smooth,
        convex: true,
        coercive: true,
        tame: true,
        // The second derivative of log(1 + eˣ) is at most 1/4.
        smoothness: Some(Bound::global(0.25 * samples.largest + r)),
        convexity: Some(Bound::global(r)),
        kl_exponent: Some(0.5),
        view: vec![[-1.0, 1.0]; samples.dimension],
        source: "closed form; data: Wolberg, Street, Mangasarian, UCI, 1995".into(),
        ..Facts::unknown(
            format!("logistic:{r}"),
            r"\tfrac1m\sum_i\log(1+e^{-y_ix_i^\top\theta})+\tfrac r2\|\theta\|^2",
            samples.dimension,
        )
    };
    Ok(Arc::new(Native::new(Logistic { samples, regularisation: r }, facts, options.selection)))
}
