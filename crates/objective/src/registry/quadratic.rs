//! J(θ) = ½ Σ λᵢθᵢ², or ½ θᵀAθ for a symmetric matrix A given row by row.

use std::sync::Arc;

use dinlab_numeric::{maximum, minimum, norm_inf};

use super::{bad_argument, listed, numbers, Entry, Options, Shared};
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
    examples: &[
        "quadratic:1,100",
        "quadratic:0.5",
        "quadratic:2,1;1,3",
        "quadratic:-1,2",
        "quadratic:1,1;1,1",
        "quadratic:-1,-2",
    ],
    build,
};

/// ½ θᵀAθ.
#[derive(Debug, Clone)]
pub enum Quadratic {
    /// A = diag(λ).
    Diagonal(Vec<f64>),
    /// A given by its rows.
    Dense(Vec<Vec<f64>>),
}

impl Formula for Quadratic {
    fn dimension(&self) -> usize {
        match self {
            Self::Diagonal(lambda) => lambda.len(),
            Self::Dense(rows) => rows.len(),
        }
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let zero = S::constant(0.0);
        let form = match self {
            Self::Diagonal(lambda) => product(lambda, x.iter().map(|&v| v * v)),
            Self::Dense(rows) => {
                rows.iter().zip(x).fold(zero, |total, (row, &v)| total + v * product(row, x.iter().copied()))
            }
        };
        S::constant(0.5) * form
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        match self {
            Self::Diagonal(lambda) => {
                for ((target, &l), &v) in out.iter_mut().zip(lambda).zip(x) {
                    *target = S::constant(l) * v;
                }
            }
            Self::Dense(rows) => {
                for (target, row) in out.iter_mut().zip(rows) {
                    *target = product(row, x.iter().copied());
                }
            }
        }
    }
}

#[inline(always)]
fn product<S: Scalar>(row: &[f64], x: impl Iterator<Item = S>) -> S {
    row.iter().zip(x).fold(S::constant(0.0), |total, (&a, v)| total + S::constant(a) * v)
}

/// Largest matrix whose eigenvalues are found in a few milliseconds.
const ROWS_MAX: usize = 100;
const EXPECTED: &str =
    "finite numbers a,b,… (diagonal) or at most 100 rows of a symmetric matrix a,b;b,c, e.g. quadratic:1,100";

fn parse(arguments: &str) -> Result<Quadratic, ObjectiveError> {
    let row = |text: &str| numbers("quadratic", text, EXPECTED);
    if !arguments.contains(';') {
        return row(arguments).map(Quadratic::Diagonal);
    }
    let rows = arguments.split(';').map(row).collect::<Result<Vec<_>, _>>()?;
    let n = rows.len();
    let square = n <= ROWS_MAX && rows.iter().all(|row| row.len() == n);
    if !square || (0..n).any(|i| (0..i).any(|j| rows[i][j] != rows[j][i])) {
        return Err(bad_argument("quadratic", arguments, EXPECTED));
    }
    Ok(Quadratic::Dense(rows))
}

/// Eigenvalues of A; those that are zero up to rounding are exactly zero.
fn eigenvalues(form: &Quadratic) -> Vec<f64> {
    match form {
        Quadratic::Diagonal(lambda) => lambda.clone(),
        Quadratic::Dense(rows) => {
            let n = rows.len();
            // Scaled: squares of huge entries must not overflow inside the iteration.
            let scale = maximum(&rows.iter().map(|row| norm_inf(row)).collect::<Vec<_>>());
            if scale == 0.0 {
                return vec![0.0; n];
            }
            let matrix = nalgebra::DMatrix::from_fn(n, n, |i, j| rows[i][j] / scale);
            let found = matrix.symmetric_eigenvalues();
            let rounding = 4.0 * n as f64 * f64::EPSILON;
            found.iter().map(|&e| if e.abs() <= rounding { 0.0 } else { scale * e }).collect()
        }
    }
}

fn type_at_zero(low: f64, high: f64) -> CriticalKind {
    match (low, high) {
        (low, _) if low >= 0.0 => CriticalKind::Minimum,
        (low, high) if low < 0.0 && high > 0.0 => CriticalKind::StrictSaddle,
        (_, high) if high < 0.0 => CriticalKind::Maximum,
        _ => CriticalKind::Degenerate,
    }
}

/// The specification that gives the same objective again.
fn name(form: &Quadratic) -> String {
    match form {
        Quadratic::Diagonal(lambda) => format!("quadratic:{}", listed(lambda)),
        Quadratic::Dense(rows) => {
            format!("quadratic:{}", rows.iter().map(|row| listed(row)).collect::<Vec<_>>().join(";"))
        }
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let form = parse(arguments)?;
    let n = form.dimension();
    let eigenvalues = eigenvalues(&form);
    let (low, high) = (minimum(&eigenvalues), maximum(&eigenvalues));
    let facts = Facts {
        regularity: Regularity::Smooth,
        convex: low >= 0.0,
        coercive: low > 0.0,
        tame: true,
        infimum: (low >= 0.0).then_some(0.0),
        critical_points: vec![CriticalPoint { point: vec![0.0; n], kind: type_at_zero(low, high) }],
        complete: eigenvalues.iter().all(|&e| e != 0.0),
        smoothness: Some(Bound::global(norm_inf(&eigenvalues))),
        convexity: Some(Bound::global(low)),
        kl_exponent: Some(0.5),
        source: "closed form".into(),
        ..Facts::unknown(name(&form), r"\tfrac12\theta^\top A\theta", n)
    };
    Ok(Arc::new(Native::new(form, facts, options.selection)))
}
