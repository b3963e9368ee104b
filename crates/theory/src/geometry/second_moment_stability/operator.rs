//! Moments of the linearised iteration from the shipped step on every batch, and the gain G.

use dinlab_indian::{indian_step, Batch, Sampling};
use dinlab_numeric::max;
use dinlab_objective::FiniteSum;
use nalgebra::{DMatrix, DVector};

use super::Case;
use crate::error::CheckError;

/// Most batches that are enumerated.
pub(super) const MOST_BATCHES: usize = 64;

/// The steps of all batches, equally likely, as matrices on z = (θ, u).
#[derive(Clone)]
pub(super) struct Moments {
    parameters: [f64; 3],
    /// Batch Hessians.
    hessians: Vec<DMatrix<f64>>,
    /// A(H_B).
    steps: Vec<DMatrix<f64>>,
}

/// G(λ) for one mode.
pub(super) fn gain([alpha, beta, gamma]: [f64; 3], lambda: f64) -> f64 {
    let (b0, b1) = (gamma * beta, -gamma * (beta - gamma));
    let t = 2.0 - gamma * (alpha + beta * lambda);
    let d = t - 1.0 + gamma * gamma * lambda;
    ((b0 * b0 + b1 * b1) * (1.0 + d) + 2.0 * b0 * b1 * t) / ((1.0 - d) * (1.0 + d - t) * (1.0 + d + t))
}

impl Moments {
    /// Of a case: every batch as often as the law of sampling draws it.
    pub(super) fn of(case: &Case) -> Result<Self, CheckError> {
        let samples = case.objective.samples().ok_or_else(|| CheckError::needs("a finite sum"))?;
        let count = samples.count();
        let factor = Batch::new(case.sampling).factor(count);
        let batches = match case.sampling {
            Sampling::WithoutReplacement(size) => sets(count, size),
            Sampling::WithReplacement(size) => tuples(count, size),
            Sampling::NonemptySubsets => (1..=count).flat_map(|size| sets(count, size)).collect(),
        };
        let hessians = batches.iter().map(|batch| factor * hessian(samples, batch, &case.minimum)).collect();
        Ok(Self::new(case.parameters(), hessians))
    }

    /// Of one mode with the given batch curvatures.
    pub(super) fn of_scalar(parameters: [f64; 3], curvatures: &[f64]) -> Self {
        Self::new(parameters, curvatures.iter().map(|c| DMatrix::from_element(1, 1, *c)).collect())
    }

    fn new(parameters: [f64; 3], hessians: Vec<DMatrix<f64>>) -> Self {
        let steps = hessians.iter().map(|h| step(parameters, h)).collect();
        Self { parameters, hessians, steps }
    }

    /// The batch Hessians, scaled as batches are.
    pub(super) fn hessians(&self) -> &[DMatrix<f64>] {
        &self.hessians
    }

    /// The batch curvatures, where there is one variable.
    pub(super) fn scalar(&self) -> Option<Vec<f64>> {
        let one = self.hessians[0].nrows() == 1;
        one.then(|| self.hessians.iter().map(|h| h[(0, 0)]).collect())
    }

    /// With the deviations of the batch Hessians from their mean scaled.
    pub(super) fn spread(&self, factor: f64) -> Self {
        let mean = average(&self.hessians);
        Self::new(self.parameters, self.hessians.iter().map(|h| &mean + factor * (h - &mean)).collect())
    }

    /// With the off-diagonal entries of the batch Hessians left out.
    pub(super) fn diagonal(&self) -> Self {
        let diagonal = |h: &DMatrix<f64>| DMatrix::from_diagonal(&h.diagonal());
        Self::new(self.parameters, self.hessians.iter().map(diagonal).collect())
    }

    /// ρ(E[A⊗A]).
    pub(super) fn radius(&self) -> f64 {
        radius(&operator(&self.steps))
    }

    /// ‖E[A⊗A]‖.
    pub(super) fn size(&self) -> f64 {
        operator(&self.steps).norm()
    }

    /// ρ(E[A]).
    pub(super) fn mean_radius(&self) -> f64 {
        radius(&average(&self.steps))
    }

    /// E‖θ_k‖² from θ₀ = (1, …, 1), u₀ = 0.
    pub(super) fn mean_square(&self, k: u64) -> f64 {
        let z = self.start();
        let mut second = &z * z.transpose();
        for _ in 0..k {
            second = average(&self.steps.iter().map(|a| a * &second * a.transpose()).collect::<Vec<_>>());
        }
        (0..z.len() / 2).map(|i| second[(i, i)]).fold(0.0, |s, v| s + v)
    }

    /// E‖θ_k‖⁴ from the same start: the fourth moments as a matrix on z⊗z.
    pub(super) fn mean_fourth(&self, k: u64) -> f64 {
        let z = self.start();
        let pair = z.kronecker(&z);
        let mut fourth = &pair * pair.transpose();
        let steps: Vec<DMatrix<f64>> = self.steps.iter().map(|a| a.kronecker(a)).collect();
        for _ in 0..k {
            fourth = average(&steps.iter().map(|a| a * &fourth * a.transpose()).collect::<Vec<_>>());
        }
        let (n, d) = (z.len() / 2, z.len());
        let mut total = 0.0;
        for i in 0..n {
            for j in 0..n {
                // E θᵢ²θⱼ²
                total += fourth[(i * d + i, j * d + j)];
            }
        }
        total
    }

    fn start(&self) -> DVector<f64> {
        let n = self.hessians[0].nrows();
        DVector::from_fn(2 * n, |i, _| if i < n { 1.0 } else { 0.0 })
    }
}

/// Hessian of the sum of the named terms (n×n), from products with the basis vectors.
pub(super) fn hessian(samples: &dyn FiniteSum, batch: &[usize], at: &[f64]) -> DMatrix<f64> {
    let n = at.len();
    let mut oracle = samples.oracle();
    let (mut unit, mut image) = (vec![0.0; n], vec![0.0; n]);
    let mut hessian = DMatrix::zeros(n, n);
    for j in 0..n {
        unit[j] = 1.0;
        oracle.hessian_vector(batch, at, &unit, &mut image);
        unit[j] = 0.0;
        hessian.set_column(j, &DVector::from_column_slice(&image));
    }
    hessian
}

/// The shipped step with v = Hθ, from the images of the basis vectors.
pub(super) fn step([alpha, beta, gamma]: [f64; 3], hessian: &DMatrix<f64>) -> DMatrix<f64> {
    let n = hessian.nrows();
    let mut matrix = DMatrix::zeros(2 * n, 2 * n);
    for j in 0..2 * n {
        let mut z = vec![0.0; 2 * n];
        z[j] = 1.0;
        let (theta, u) = z.split_at_mut(n);
        let v = hessian * DVector::from_column_slice(theta);
        indian_step(alpha, beta, gamma, theta, u, v.as_slice());
        matrix.set_column(j, &DVector::from_column_slice(&z));
    }
    matrix
}

/// E[A⊗A] of matrices that are equally likely.
pub(crate) fn operator(steps: &[DMatrix<f64>]) -> DMatrix<f64> {
    average(&steps.iter().map(|a| a.kronecker(a)).collect::<Vec<_>>())
}

pub(super) fn average(all: &[DMatrix<f64>]) -> DMatrix<f64> {
    let (rows, columns) = all[0].shape();
    all.iter().fold(DMatrix::zeros(rows, columns), |sum, m| sum + m) / all.len() as f64
}

/// Spectral radius.
pub(crate) fn radius(matrix: &DMatrix<f64>) -> f64 {
    matrix.complex_eigenvalues().iter().map(|z| z.re.hypot(z.im)).fold(0.0, max)
}

/// All sets of `size` of 0..count.
pub(crate) fn sets(count: usize, size: usize) -> Vec<Vec<usize>> {
    match size {
        0 => vec![Vec::new()],
        _ => (0..count)
            .flat_map(|last| {
                sets(last, size - 1).into_iter().map(move |mut set| {
                    set.push(last);
                    set
                })
            })
            .collect(),
    }
}

/// All sequences of `size` of 0..count.
fn tuples(count: usize, size: usize) -> Vec<Vec<usize>> {
    (0..size).fold(vec![Vec::new()], |all, _| {
        all.iter().flat_map(|t| (0..count).map(move |i| [t.as_slice(), &[i]].concat())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped::step_matrix;
    use dinlab_numeric::Stream;

    #[test]
    fn the_gain_is_the_sum_of_squared_responses() {
        let mut stream = Stream::new(0, "gain", 0);
        let mut tried = 0;
        while tried < 300 {
            let p @ [a, b, g] =
                [stream.log_uniform(0.1, 10.0), stream.log_uniform(0.1, 10.0), stream.log_uniform(0.01, 3.0)];
            let lambda = stream.log_uniform(0.01, 100.0);
            if crate::shipped::radius(a, b, g, lambda) > 0.99 {
                continue;
            }
            tried += 1;
            let m = step_matrix(a, b, g, lambda);
            let (mut z, mut total) = ([g * b, g * (1.0 - a * b)], 0.0);
            for _ in 0..5_000 {
                total += z[0] * z[0];
                z = [m[0][0] * z[0] + m[0][1] * z[1], m[1][0] * z[0] + m[1][1] * z[1]];
            }
            assert!((gain(p, lambda) / total - 1.0).abs() < 1e-9, "{p:?} {lambda}");
        }
    }

    #[test]
    fn sgd_is_a_special_case() {
        // (1 − γ²λ)² + γ⁴σ² = 1 with step γ².
        let (g, lambda) = (0.4_f64, 1.3);
        let variance = (1.0 - (1.0 - g * g * lambda).powi(2)) / g.powi(4);
        assert!((variance * gain([1.0 / g, g, g], lambda) - 1.0).abs() < 1e-13);
    }

    #[test]
    fn sets_are_counted() {
        assert_eq!(sets(5, 2).len(), 10);
        assert_eq!(sets(4, 4), vec![vec![0, 1, 2, 3]]);
        assert_eq!(tuples(2, 2), vec![vec![0, 0], vec![0, 1], vec![1, 0], vec![1, 1]]);
        assert_eq!(sets(3, 1), vec![vec![0], vec![1], vec![2]]);
    }
}
