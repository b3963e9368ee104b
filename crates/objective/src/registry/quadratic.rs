//! J(θ) = ½ Σ λᵢθᵢ², or ½ θᵀAθ for a symmetric matrix A given row by row.

use std::sync::Arc;

use super::{numbers, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "quadratic",
    arguments: ":a,b,…  or  :a,b;b,c",
    summary: "1/2 sum of lambda_i x_i^2 (quadratic:1,100), or 1/2 x'Ax for a symmetric A (quadratic:2,1;1,3)",
    examples: &["quadratic:1,100", "quadratic:0.5", "quadratic:2,1;1,3"],
    build,
};

/// ½ θᵀAθ, A row-major.
#[derive(Debug, Clone)]
pub struct Quadratic {
    matrix: Vec<f64>,
    dimension: usize,
}

impl Formula for Quadratic {
    fn dimension(&self) -> usize {
        self.dimension
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let mut total = S::constant(0.0);
        for (row, &xi) in self.matrix.chunks(self.dimension).zip(x) {
            total = total + xi * product(row, x);
        }
        S::constant(0.5) * total
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        for (row, target) in self.matrix.chunks(self.dimension).zip(out) {
            *target = product(row, x);
        }
    }
}

fn product<S: Scalar>(row: &[f64], x: &[S]) -> S {
    let mut total = S::constant(0.0);
    for (&a, &v) in row.iter().zip(x) {
        if a != 0.0 {
            total = total + S::constant(a) * v;
        }
    }
    total
}

const EXPECTED: &str = "finite numbers `a,b,…` (diagonal) or rows of a symmetric matrix `a,b;b,c`";

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let bad = || ObjectiveError::BadArgument {
        objective: "quadratic".into(),
        argument: arguments.chars().take(60).collect(),
        expected: EXPECTED.into(),
    };
    let rows =
        arguments.split(';').map(|row| numbers("quadratic", row, EXPECTED)).collect::<Result<Vec<_>, _>>()?;
    let (n, matrix) = match rows.as_slice() {
        [diagonal] => {
            let n = diagonal.len();
            let mut matrix = vec![0.0; n * n];
            diagonal.iter().enumerate().for_each(|(i, &a)| matrix[i * n + i] = a);
            (n, matrix)
        }
        _ => (rows.len(), rows.concat()),
    };
    let square = rows.len() == 1 || rows.iter().all(|row| row.len() == n);
    if !square || (0..n).any(|i| (0..i).any(|j| matrix[i * n + j] != matrix[j * n + i])) {
        return Err(bad());
    }
    let eigenvalues: Vec<f64> =
        nalgebra::DMatrix::from_row_slice(n, n, &matrix).symmetric_eigenvalues().iter().copied().collect();
    let (low, high) = (dinlab_numeric::minimum(&eigenvalues), dinlab_numeric::maximum(&eigenvalues));
    let kind = match (low, high) {
        (low, _) if low > 0.0 => CriticalKind::Minimum,
        (_, high) if high < 0.0 => CriticalKind::Maximum,
        (low, high) if low < 0.0 && high > 0.0 => CriticalKind::StrictSaddle,
        _ => CriticalKind::Degenerate,
    };
    let facts = Facts {
        regularity: Regularity::Smooth,
        convex: low >= 0.0,
        coercive: low > 0.0,
        tame: true,
        infimum: if low >= 0.0 { Some(0.0) } else { None },
        critical_points: vec![CriticalPoint { point: vec![0.0; n], kind }],
        complete: eigenvalues.iter().all(|&e| e != 0.0),
        smoothness: Some(Bound::global(dinlab_numeric::norm_inf(&eigenvalues))),
        convexity: Some(Bound::global(low)),
        kl_exponent: Some(0.5),
        source: "closed form".into(),
        ..Facts::unknown(format!("quadratic:{arguments}"), r"\tfrac12\theta^\top A\theta", n)
    };
    Ok(Arc::new(Native::new(Quadratic { matrix, dimension: n }, facts, options.selection)))
}
