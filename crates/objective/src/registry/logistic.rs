//! J(θ) = (1/m) Σᵢ log(1 + exp(−yᵢ xᵢᵀθ)) + (r/2)‖θ‖² on the breast-cancer data.
//!
//! The 30 features have mean 0 and variance 1; a last feature 1 carries the intercept, which is regularised like
//! the others. yᵢ is −1 for malignant, 1 for benign. r-strongly convex.
//!
//! As a finite sum: J_i(θ) = (1/m) [log(1 + exp(−yᵢ xᵢᵀθ)) + (r/2)‖θ‖²], the regulariser spread over the samples.

use std::sync::{Arc, OnceLock};

use super::{number_or, Entry, Options, Shared};
use crate::{
    data,
    error::ObjectiveError,
    facts::{Bound, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    samples::Terms,
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
pub(super) struct Samples {
    rows: Vec<f64>,
    count: usize,
    dimension: usize,
    /// λmax(XᵀX)/m.
    largest: f64,
}

impl Samples {
    /// From features (row-major, `columns` each; a feature 1 is appended) and for each row whether yᵢ = 1.
    pub(super) fn new(features: &[f64], columns: usize, positive: impl Fn(usize) -> bool) -> Self {
        let n = columns + 1;
        let (mut rows, mut gram) = (Vec::new(), nalgebra::DMatrix::<f64>::zeros(n, n));
        for (i, features) in features.chunks(columns).enumerate() {
            let minus_y = if positive(i) { -1.0 } else { 1.0 };
            let row: Vec<f64> = features.iter().copied().chain([1.0]).map(|v| minus_y * v).collect();
            for j in 0..n {
                for k in 0..n {
                    gram[(j, k)] += row[j] * row[k];
                }
            }
            rows.extend(row);
        }
        let count = rows.len() / n;
        let largest = gram.symmetric_eigenvalues().max() / count as f64;
        Self { rows, count, dimension: n, largest }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.dimension..(i + 1) * self.dimension]
    }
}

fn samples() -> &'static Samples {
    static SAMPLES: OnceLock<Samples> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let set = data::breast_cancer();
        Samples::new(&set.standardised_columns(), set.columns, |i| set.targets[i] == 1.0)
    })
}

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Logistic {
    samples: &'static Samples,
    regularisation: f64,
}

/// −yᵢ xᵢᵀθ. Four partial sums: one alone would wait for each addition.
#[inline(always)]
fn margin<S: Scalar>(row: &[f64], x: &[S]) -> S {
    let mut partial = [S::constant(0.0); 4];
    let (blocks, points) = (row.chunks_exact(4), x.chunks_exact(4));
    let rest = blocks.remainder().iter().zip(points.remainder());
    for (a, v) in blocks.zip(points) {
        for k in 0..4 {
            partial[k] = partial[k] + S::constant(a[k]) * v[k];
        }
    }
    let [p, q, r, s] = partial;
    rest.fold((p + q) + (r + s), |total, (&a, &v)| total + S::constant(a) * v)
}

#[inline(always)]
fn half_square<S: Scalar>(x: &[S]) -> S {
    S::constant(0.5) * x.iter().fold(S::constant(0.0), |total, &v| total + v * v)
}

impl Logistic {
    /// Adds the gradient of (1/m) log(1 + exp(−yᵢ xᵢᵀθ)).
    #[inline(always)]
    fn add_loss_gradient<S: Scalar>(&self, i: usize, x: &[S], out: &mut [S]) {
        let row = self.samples.row(i);
        let weight = S::constant(1.0 / self.samples.count as f64) * margin(row, x).logistic();
        for (target, &a) in out.iter_mut().zip(row) {
            *target = *target + weight * S::constant(a);
        }
    }
}

impl Formula for Logistic {
    fn dimension(&self) -> usize {
        self.samples.dimension
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let (c, m) = (S::constant, self.samples.count);
        let loss = (0..m).fold(c(0.0), |total, i| total + margin(self.samples.row(i), x).softplus());
        c(1.0 / m as f64) * loss + c(self.regularisation) * half_square(x)
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        for (target, &v) in out.iter_mut().zip(x) {
            *target = S::constant(self.regularisation) * v;
        }
        for i in 0..self.samples.count {
            self.add_loss_gradient(i, x, out);
        }
    }
}

impl Terms for Logistic {
    fn count(&self) -> usize {
        self.samples.count
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        let loss = margin(self.samples.row(n), x).softplus();
        S::constant(1.0 / self.samples.count as f64)
            * (loss + S::constant(self.regularisation) * half_square(x))
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let share = S::constant(self.regularisation / self.samples.count as f64);
        for (target, &v) in out.iter_mut().zip(x) {
            *target = *target + share * v;
        }
        self.add_loss_gradient(n, x, out);
    }
    fn batch_gradient<S: Scalar>(&self, batch: &[usize], x: &[S], out: &mut [S]) {
        // The regulariser once for all terms: it costs as much as a sample.
        let share = S::constant(self.regularisation * batch.len() as f64 / self.samples.count as f64);
        for (target, &v) in out.iter_mut().zip(x) {
            *target = share * v;
        }
        for &n in batch {
            self.add_loss_gradient(n, x, out);
        }
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let source = "closed form; data: Wolberg, Street, Mangasarian, UCI, 1995";
    regularised("logistic", samples(), source, arguments, options)
}

/// The regularised logistic regression `name` on the given samples.
pub(super) fn regularised(
    name: &str,
    samples: &'static Samples,
    source: &str,
    arguments: &str,
    options: &Options,
) -> Result<Shared, ObjectiveError> {
    let expected = format!("one finite number r > 0, e.g. {name}:0.01");
    let r = number_or(name, arguments, 0.01, |r| r > 0.0, &expected)?;
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
        source: source.into(),
        ..Facts::unknown(
            format!("{name}:{r}"),
            r"\tfrac1m\sum_i\log(1+e^{-y_ix_i^\top\theta})+\tfrac r2\|\theta\|^2",
            samples.dimension,
        )
    };
    Ok(Arc::new(Native::sum(Logistic { samples, regularisation: r }, facts, options.selection)))
}
