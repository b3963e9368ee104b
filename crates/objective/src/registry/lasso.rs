//! J(θ) = ½‖Aθ − b‖² + τ‖θ‖₁ on the diabetes data.
//!
//! The columns of A have mean 0 and Euclidean norm 1, and so has b: the solution is 0 exactly for
//! τ ≥ ‖Aᵀb‖∞ ≈ 0.586, the largest correlation of a feature with the response, and J(0) = ½.
//!
//! As a finite sum over the m = 442 samples: J_i(θ) = ½(aᵢᵀθ − bᵢ)² + (τ/m)‖θ‖₁, the penalty spread over the samples. All
//! terms are convex, so D_J = ∂J.

use std::sync::{Arc, OnceLock};

use dinlab_numeric::{dot, norm};

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
    name: "lasso",
    arguments: "[:tau]",
    summary:
        "1/2 |Ax - b|^2 + tau |x|_1 on the diabetes data, unit columns, n = 10 (tau = 0.05 without argument)",
    examples: &["lasso", "lasso:0.2", "lasso:0"],
    build,
};

/// The quadratic part: ½θᵀGθ − cᵀθ + ½‖b‖² with G = AᵀA, c = Aᵀb.
#[derive(Debug)]
struct LeastSquares {
    dimension: usize,
    /// A, row-major, and b.
    rows: Vec<f64>,
    response: Vec<f64>,
    /// G, row-major.
    gram: Vec<f64>,
    correlation: Vec<f64>,
    half_square: f64,
    /// Extreme eigenvalues of G.
    eigenvalues: [f64; 2],
}

fn least_squares() -> &'static LeastSquares {
    static PART: OnceLock<LeastSquares> = OnceLock::new();
    PART.get_or_init(|| {
        let set = data::diabetes();
        let (m, n) = (set.rows, set.columns);
        let rows = set.unit_columns();
        let columns: Vec<Vec<f64>> = (0..n).map(|j| (0..m).map(|i| rows[i * n + j]).collect()).collect();
        let mut b = set.targets.clone();
        data::centre(&mut b);
        let size = norm(&b);
        b.iter_mut().for_each(|v| *v /= size);
        let gram: Vec<f64> = (0..n * n).map(|k| dot(&columns[k / n], &columns[k % n])).collect();
        let spectrum = nalgebra::DMatrix::from_row_slice(n, n, &gram).symmetric_eigenvalues();
        LeastSquares {
            dimension: n,
            correlation: columns.iter().map(|column| dot(column, &b)).collect(),
            half_square: 0.5 * dot(&b, &b),
            eigenvalues: [spectrum.min(), spectrum.max()],
            gram,
            rows,
            response: b,
        }
    })
}

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Lasso {
    part: &'static LeastSquares,
    tau: f64,
}

impl Lasso {
    /// aᵢᵀθ − bᵢ.
    #[inline(always)]
    fn residual<S: Scalar>(&self, i: usize, x: &[S]) -> S {
        let row = self.row(i).iter().zip(x);
        row.fold(S::constant(-self.part.response[i]), |total, (&a, &v)| total + S::constant(a) * v)
    }
    fn row(&self, i: usize) -> &[f64] {
        &self.part.rows[i * self.part.dimension..(i + 1) * self.part.dimension]
    }
    /// τ/m.
    fn share(&self) -> f64 {
        self.tau / self.part.response.len() as f64
    }
}

impl Formula for Lasso {
    fn dimension(&self) -> usize {
        self.part.dimension
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let (c, n) = (S::constant, self.part.dimension);
        let (mut smooth, mut norm) = (c(self.part.half_square), c(0.0));
        for i in 0..n {
            let row = &self.part.gram[i * n..(i + 1) * n];
            let image = row.iter().zip(x).fold(c(0.0), |total, (&g, &v)| total + c(g) * v);
            smooth = smooth + x[i] * (c(0.5) * image - c(self.part.correlation[i]));
            norm = norm + x[i].abs();
        }
        smooth + c(self.tau) * norm
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let (c, n) = (S::constant, self.part.dimension);
        for (i, target) in out.iter_mut().enumerate() {
            let row = &self.part.gram[i * n..(i + 1) * n];
            let start = c(self.tau) * x[i].abs_slope() - c(self.part.correlation[i]);
            *target = row.iter().zip(x).fold(start, |total, (&g, &v)| total + c(g) * v);
        }
    }
}

impl Terms for Lasso {
    fn count(&self) -> usize {
        self.part.response.len()
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        let norm = x.iter().fold(S::constant(0.0), |total, v| total + v.abs());
        S::constant(0.5) * self.residual(n, x).square() + S::constant(self.share()) * norm
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let r = self.residual(n, x);
        for ((target, &a), v) in out.iter_mut().zip(self.row(n)).zip(x) {
            *target = *target + r * S::constant(a) + S::constant(self.share()) * v.abs_slope();
        }
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let tau =
        number_or("lasso", arguments, 0.05, |tau| tau >= 0.0, "one finite number tau >= 0, e.g. lasso:0.05")?;
    let part = least_squares();
    let [low, high] = part.eigenvalues;
    let smooth = tau == 0.0;
    let facts = Facts {
        regularity: if smooth { Regularity::Smooth } else { Regularity::Lipschitz },
        convex: true,
        coercive: true,
        tame: true,
        // With kinks the gradient jumps: it has no Lipschitz constant, its smooth pieces have.
        smoothness: smooth.then(|| Bound::global(high)),
        piece_smoothness: Some(Bound::global(high)),
        convexity: Some(Bound::global(low)),
        // Strongly convex.
        kl_exponent: Some(0.5),
        kinks: if smooth { Vec::new() } else { vec!["x_i = 0 for each i (convex)".into()] },
        view: vec![[-1.0, 1.0]; part.dimension],
        source: "Tibshirani, J. Royal Statistical Society B 58, 1996; data: Efron et al., Annals of Statistics 32, 2004".into(),
        ..Facts::unknown(
            format!("lasso:{tau}"),
            r"\tfrac12\|A\theta-b\|^2+\tau\|\theta\|_1",
            part.dimension,
        )
    };
    Ok(Arc::new(Native::sum(Lasso { part, tau }, facts, options.selection)))
}
