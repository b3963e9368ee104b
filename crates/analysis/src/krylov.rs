//! Extreme eigenvalues and eigenvectors of a symmetric operator that is known only through its products with vectors: Lanczos'
//! method and power iteration, each with an error bar that needs no knowledge of the spectrum.
//!
//! For a unit vector y and a number ρ some eigenvalue lies within ‖Ay − ρy‖ of ρ (Parlett, The Symmetric Eigenvalue Problem,
//! theorem 4.5.1). That residual is the error bar of both methods. It says that there is an eigenvalue there, not that it is the
//! largest one: a start orthogonal to an eigenvector never finds it, and of a multiple eigenvalue one vector is found.

use dinlab_numeric::{axpy, dot, max, norm, norm_inf};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use crate::error::{check_finite, AnalysisError};

/// A symmetric operator: writes A·v into the second argument.
pub type Operator<'a> = dyn FnMut(&[f64], &mut [f64]) + 'a;

/// How new directions are kept orthogonal to the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orthogonalisation {
    /// Against all earlier directions, twice ("twice is enough": Giraud, Langou, Rozložník, Comput. Math. Appl. 50, 2005).
    Twice,
    /// The three-term recurrence alone. In floating point it loses orthogonality as soon as a Ritz value converges, and finds
    /// that eigenvalue again and again. Here to show just that.
    None,
}

/// What Lanczos' method found.
#[derive(Debug, Clone, PartialEq)]
pub struct Lanczos {
    /// Ritz values, smallest first.
    pub ritz_values: Vec<f64>,
    /// Error bar of each: residual ‖Ay − ρy‖ = |βₘ yₘ| plus rounding 4mε‖T‖.
    pub error_bars: Vec<f64>,
    /// Number of products with the operator.
    pub steps: usize,
    /// Whether an invariant subspace was found: the Ritz values are then eigenvalues up to rounding.
    pub invariant: bool,
}

impl Lanczos {
    /// Largest Ritz value with its error bar.
    pub fn largest(&self) -> [f64; 2] {
        let last = self.ritz_values.len() - 1;
        [self.ritz_values[last], self.error_bars[last]]
    }

    /// Smallest Ritz value with its error bar.
    pub fn smallest(&self) -> [f64; 2] {
        [self.ritz_values[0], self.error_bars[0]]
    }
}

/// A Ritz pair.
#[derive(Debug, Clone, PartialEq)]
pub struct RitzPair {
    /// Ritz value.
    pub value: f64,
    /// Ritz vector of norm 1.
    pub vector: Vec<f64>,
    /// Norm of the residual Av − λv, with rounding: an eigenvalue lies within this distance of `value`.
    pub residual: f64,
}

/// Below this fraction of ‖T‖ the next direction is rounding, and the space spanned so far invariant.
const INVARIANT: f64 = 1e-10;

/// AQ = QT + βq e_mᵀ so far: Q orthonormal (rows of `basis`), T tridiagonal.
struct Process {
    basis: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    /// β.
    rest: f64,
    /// Whether the span is invariant up to rounding.
    invariant: bool,
}

impl Process {
    /// Runs for at most `steps` products, or until `done` says so after one.
    fn run(
        operator: &mut Operator<'_>,
        start: &[f64],
        steps: usize,
        orthogonalisation: Orthogonalisation,
        done: &mut dyn FnMut(&Self) -> bool,
    ) -> Result<Self, AnalysisError> {
        let n = start.len();
        let twice = orthogonalisation == Orthogonalisation::Twice;
        // Beyond n directions there is nothing left to find; without orthogonalisation rounding goes on.
        let most = if twice { steps.min(n) } else { steps };
        if most == 0 {
            return Err(AnalysisError::TooFewPoints { needed: 1, found: 0 });
        }
        let (basis, diagonal, beside) = (vec![unit(start)?], Vec::new(), Vec::new());
        let mut process = Self { basis, diagonal, beside, rest: 0.0, invariant: false };
        let mut image = vec![0.0; n];
        loop {
            let Self { basis, diagonal, beside, .. } = &mut process;
            let m = basis.len();
            let q = &basis[m - 1];
            operator(q, &mut image);
            check_finite("operator's product", &image)?;
            diagonal.push(dot(q, &image));
            axpy(-diagonal[m - 1], q, &mut image);
            if m > 1 {
                axpy(-beside[m - 2], &basis[m - 2], &mut image);
            }
            if twice {
                for _ in 0..2 {
                    for earlier in &*basis {
                        let along = dot(earlier, &image);
                        axpy(-along, earlier, &mut image);
                    }
                }
            }
            let scale = max(norm_inf(diagonal), norm_inf(beside));
            process.rest = norm(&image);
            process.invariant = process.rest <= INVARIANT * scale || m == n && twice;
            if process.invariant || m >= most || done(&process) {
                return Ok(process);
            }
            process.beside.push(process.rest);
            process.basis.push(image.iter().map(|v| v / process.rest).collect());
        }
    }

    /// Eigenvalues of T in increasing order, each with its eigenvector.
    fn eigen(&self) -> Vec<(f64, Vec<f64>)> {
        let m = self.diagonal.len();
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            0 => self.diagonal[i],
            1 => self.beside[i.min(j)],
            _ => 0.0,
        };
        let eigen = DMatrix::from_fn(m, m, entry).symmetric_eigen();
        let vector = |i: usize| eigen.eigenvectors.column(i).iter().copied().collect();
        let mut pairs: Vec<(f64, Vec<f64>)> = (0..m).map(|i| (eigen.eigenvalues[i], vector(i))).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs
    }

    /// Error bar of an eigenvector y of T: |βyₘ| plus rounding 4mε‖T‖.
    fn error_bar(&self, y: &[f64], scale: f64) -> f64 {
        let m = y.len();
        self.rest * y[m - 1].abs() + 4.0 * m as f64 * f64::EPSILON * scale
    }

    fn found(&self) -> Lanczos {
        let pairs = self.eigen();
        let scale = largest_modulus(&pairs);
        let error_bars = pairs.iter().map(|(_, y)| self.error_bar(y, scale)).collect();
        let ritz_values = pairs.iter().map(|(value, _)| *value).collect();
        Lanczos { ritz_values, error_bars, steps: self.diagonal.len(), invariant: self.invariant }
    }
}

fn largest_modulus(pairs: &[(f64, Vec<f64>)]) -> f64 {
    pairs.iter().map(|(value, _)| value.abs()).fold(0.0, max)
}

/// Lanczos' method from `start` (length n, not zero, not normalised), at most `steps` products. It stops early where the
/// directions span an invariant subspace, or where both extreme Ritz values have residuals below `tolerance` times the
/// largest of all in size (0: never).
pub fn lanczos(
    operator: &mut Operator<'_>,
    start: &[f64],
    steps: usize,
    tolerance: f64,
    orthogonalisation: Orthogonalisation,
) -> Result<Lanczos, AnalysisError> {
    let mut look = 1;
    let mut done = |process: &Process| {
        let m = process.diagonal.len();
        // The eigenproblem of T costs m³: it is looked at in growing distances.
        if tolerance <= 0.0 || m < look {
            return false;
        }
        look = m + 1 + m / 8;
        let found = process.found();
        let largest = max(found.ritz_values[0].abs(), found.largest()[0].abs());
        max(found.smallest()[1], found.largest()[1]) <= tolerance * largest
    };
    Ok(Process::run(operator, start, steps, orthogonalisation, &mut done)?.found())
}

/// The `top` largest and the `bottom` smallest Ritz pairs, largest first, after at most `steps` products from `start` (length n, not zero). It ends
/// early once all of them have residuals below `tolerance` times the largest Ritz value in size. There are fewer where the directions
/// span an invariant subspace that is smaller. Memory: one vector of length n a product.
pub fn eigenpairs(
    operator: &mut Operator<'_>,
    start: &[f64],
    steps: usize,
    [top, bottom]: [usize; 2],
    tolerance: f64,
) -> Result<Vec<RitzPair>, AnalysisError> {
    let wanted = |count: usize| (0..count).rev().filter(move |&i| i + top >= count || i < bottom);
    let mut look = top + bottom;
    let mut done = |process: &Process| {
        let m = process.diagonal.len();
        if m < look {
            return false;
        }
        look = m + 1 + m / 8;
        let pairs = process.eigen();
        let scale = largest_modulus(&pairs);
        wanted(m).all(|i| process.error_bar(&pairs[i].1, scale) <= tolerance * scale)
    };
    let process = Process::run(operator, start, steps, Orthogonalisation::Twice, &mut done)?;
    let pairs = process.eigen();
    let scale = largest_modulus(&pairs);
    let pair = |i: usize| {
        let (value, y) = &pairs[i];
        let mut vector = vec![0.0; start.len()];
        process.basis.iter().zip(y).for_each(|(q, w)| axpy(*w, q, &mut vector));
        RitzPair { value: *value, vector, residual: process.error_bar(y, scale) }
    };
    Ok(wanted(pairs.len()).map(pair).collect())
}

/// The largest Ritz pair after at most `steps` products from `start` (not zero; length n), or earlier once its residual is below
/// `tolerance` times the largest Ritz value in size.
pub fn largest_eigenpair(
    operator: &mut Operator<'_>,
    start: &[f64],
    steps: usize,
    tolerance: f64,
) -> Result<RitzPair, AnalysisError> {
    Ok(eigenpairs(operator, start, steps, [1, 0], tolerance)?.swap_remove(0))
}

/// A rule of Gaussian quadrature.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Nodes in increasing order.
    pub nodes: Vec<f64>,
    /// Their weights, with sum 1.
    pub weights: Vec<f64>,
    /// Whether the directions span an invariant subspace: the rule is then the measure itself, up to rounding.
    pub exact: bool,
}

/// The quadrature that `steps` products make of the spectral measure of `start` (length n, not zero; normalised here): the
/// eigenvalues of T and the squares of the first entries of its eigenvectors. Exact for polynomials of degree 2m − 1 (Golub,
/// Meurant, Matrices, Moments and Quadrature, 2010, chapter 6).
pub fn quadrature(operator: &mut Operator<'_>, start: &[f64], steps: usize) -> Result<Rule, AnalysisError> {
    let process = Process::run(operator, start, steps, Orthogonalisation::Twice, &mut |_| false)?;
    let (nodes, weights) = process.eigen().into_iter().map(|(node, y)| (node, y[0] * y[0])).unzip();
    Ok(Rule { nodes, weights, exact: process.invariant })
}

/// What power iteration found.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerIteration {
    /// Rayleigh quotient ρ of the last vector: the eigenvalue of largest *modulus*, which may be negative.
    pub value: f64,
    /// Error bar ‖Av − ρv‖.
    pub error_bar: f64,
    /// Rayleigh quotients of all iterations.
    pub history: Vec<f64>,
    /// Number of products with the operator.
    pub steps: usize,
    /// Whether the error bar came below the tolerance.
    pub converged: bool,
}

/// Power iteration from `start` (length n, not zero) until ‖Av − ρv‖ ≤ `tolerance`·|ρ|, at most `steps` products.
pub fn power_iteration(
    operator: &mut Operator<'_>,
    start: &[f64],
    steps: usize,
    tolerance: f64,
) -> Result<PowerIteration, AnalysisError> {
    let mut v = unit(start)?;
    let mut image = vec![0.0; v.len()];
    let mut found = PowerIteration {
        value: f64::NAN,
        error_bar: f64::INFINITY,
        history: Vec::new(),
        steps: 0,
        converged: false,
    };
    while found.steps < steps {
        operator(&v, &mut image);
        check_finite("operator's product", &image)?;
        found.steps += 1;
        found.value = dot(&v, &image);
        found.history.push(found.value);
        let residual: Vec<f64> = image.iter().zip(&v).map(|(a, v)| a - found.value * v).collect();
        found.error_bar = norm(&residual);
        found.converged = found.error_bar <= tolerance * found.value.abs();
        if found.converged || norm(&image) == 0.0 {
            break;
        }
        v = unit(&image)?;
    }
    Ok(found)
}

/// Largest |⟨v, Aw⟩ − ⟨w, Av⟩| over the larger of ‖Av‖‖w‖ and ‖Aw‖‖v‖, for pairs of neighbours in the list: 0 up to
/// rounding for a symmetric operator.
pub fn asymmetry(operator: &mut Operator<'_>, vectors: &[Vec<f64>]) -> f64 {
    let images: Vec<Vec<f64>> = vectors
        .iter()
        .map(|v| {
            let mut image = vec![0.0; v.len()];
            operator(v, &mut image);
            image
        })
        .collect();
    let mut worst = 0.0;
    for i in 1..vectors.len() {
        let (v, w, av, aw) = (&vectors[i - 1], &vectors[i], &images[i - 1], &images[i]);
        let scale = max(norm(av) * norm(w), norm(aw) * norm(v));
        if scale != 0.0 {
            worst = max(worst, (dot(v, aw) - dot(w, av)).abs() / scale);
        }
    }
    worst
}

/// Bound of Kaniel, Paige and Saad on λ₁ − ρ after `steps` of Lanczos' method (Golub, Van Loan, Matrix Computations, 4th
/// ed., theorem 10.1.2): (λ₁ − λₙ) tan²∠(q, x₁)/T²₍ₘ₋₁₎(1 + 2(λ₁−λ₂)/(λ₂−λₙ)). `ordered` are the three eigenvalues λ₁ > λ₂ > λₙ, `cosine`
/// that of the angle between start and x₁.
pub fn kaniel_paige_saad([first, second, last]: [f64; 3], cosine: f64, steps: usize) -> f64 {
    let gap = 1.0 + 2.0 * (first - second) / (second - last);
    let tangent_squared = (1.0 - cosine * cosine) / (cosine * cosine);
    // T_k(x) = cosh(k arcosh x) for x ≥ 1.
    let chebyshev = ((steps as f64 - 1.0) * gap.acosh()).cosh();
    (first - last) * tangent_squared / (chebyshev * chebyshev)
}

fn unit(v: &[f64]) -> Result<Vec<f64>, AnalysisError> {
    check_finite("start", v)?;
    let length = norm(v);
    if length == 0.0 {
        return Err(AnalysisError::Degenerate { what: "start" });
    }
    Ok(v.iter().map(|x| x / length).collect())
}

#[cfg(test)]
#[path = "krylov_tests.rs"]
mod tests;
