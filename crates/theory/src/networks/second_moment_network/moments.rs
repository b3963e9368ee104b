//! What a step makes of z = (P(θ − θ*), Pu) to first order: as the closed form says, and as the network's own steps do.

use dinlab_indian::{Batch, Sampling};
use dinlab_neural::{Method, State};
use dinlab_numeric::axpy;
use dinlab_objective::{samples::SampleOracle, Objective, Start};
use nalgebra::{DMatrix, DVector};

use super::minimum::Interpolating;
use crate::{
    error::CheckError,
    geometry::second_moment_stability::{operator, radius, sets},
};

/// A(H_B) = [[I − γβH, γI], [−γ(1 − αβ)H, (1 − αγ)I]] with H_B the mean of ∇f_n∇f_nᵀ over the batch.
pub(super) fn step([alpha, beta, gamma]: [f64; 3], slopes: &DMatrix<f64>, batch: &[usize]) -> DMatrix<f64> {
    let m = slopes.nrows();
    let mut hessian = DMatrix::zeros(m, m);
    for &n in batch {
        hessian += slopes.column(n) * slopes.column(n).transpose() / batch.len() as f64;
    }
    let identity = DMatrix::<f64>::identity(m, m);
    let mut a = DMatrix::zeros(2 * m, 2 * m);
    a.view_mut((0, 0), (m, m)).copy_from(&(&identity - gamma * beta * &hessian));
    a.view_mut((0, m), (m, m)).copy_from(&(gamma * &identity));
    a.view_mut((m, 0), (m, m)).copy_from(&(-gamma * (1.0 - alpha * beta) * &hessian));
    a.view_mut((m, m), (m, m)).copy_from(&((1.0 - alpha * gamma) * &identity));
    a
}

/// ρ(𝒯) for equally likely steps.
pub(super) fn growth(steps: &[DMatrix<f64>]) -> f64 {
    radius(&operator(steps))
}

/// 𝒯S = E[A S Aᵀ], each batch equally likely.
pub(super) fn apply(steps: &[DMatrix<f64>], second: &DMatrix<f64>) -> DMatrix<f64> {
    let zero = DMatrix::zeros(second.nrows(), second.ncols());
    steps.iter().fold(zero, |sum, a| sum + a * second * a.transpose()) / steps.len() as f64
}

/// Steps of the network itself around its minimum.
pub(super) struct Steps<'a> {
    found: &'a Interpolating,
    oracle: Box<dyn SampleOracle + 'a>,
    batches: Vec<Vec<usize>>,
    /// What the sum over a batch is multiplied by.
    scale: f64,
    /// ε: distance at which the steps are taken.
    distance: f64,
}

impl<'a> Steps<'a> {
    pub(super) fn new(found: &'a Interpolating, batch: usize, distance: f64) -> Result<Self, CheckError> {
        let samples = found.objective.samples().ok_or_else(|| CheckError::needs("a finite sum"))?;
        let scale = Batch::new(Sampling::WithoutReplacement(batch)).factor(samples.count());
        let batches = sets(samples.count(), batch);
        Ok(Self { found, oracle: samples.oracle(), batches, scale, distance })
    }

    /// One step of the training method from (θ* + εx, εw): what it makes of z = (x, w) when the batch is `index`.
    fn image(&mut self, p: [f64; 3], z: &DVector<f64>, index: usize) -> Result<DVector<f64>, CheckError> {
        let Interpolating { minimum, across, .. } = self.found;
        let m = across.ncols();
        let lift = |half: usize| -> Vec<f64> { (across * z.rows(half * m, m)).iter().copied().collect() };
        let mut theta = minimum.clone();
        axpy(self.distance, &lift(0), &mut theta);
        let u = lift(1).iter().map(|u| self.distance * u).collect();
        let mut gradient = vec![0.0; theta.len()];
        self.oracle.gradient(&self.batches[index], &theta, &mut gradient);
        gradient.iter_mut().for_each(|g| *g *= self.scale);
        let method = Method::Indian { alpha: p[0], beta: p[1] };
        let mut state = State::<f64>::new(method, &theta, &Start::Auxiliary(u), &[])?;
        state.step(p[2], &mut theta, &gradient);
        let off: Vec<f64> = theta.iter().zip(minimum).map(|(t, m)| t - m).collect();
        let down = |x: &[f64]| across.transpose() * DVector::from_column_slice(x) / self.distance;
        let halves = [down(&off), down(state.second().unwrap_or(&[f64::NAN]))];
        Ok(DVector::from_iterator(2 * m, halves.iter().flat_map(|half| half.iter().copied())))
    }

    /// A(H_B) of every batch, as the steps show it: half the differences of what they make of basis vectors and of their negatives, which are linear up to ε².
    pub(super) fn matrices(&mut self, p: [f64; 3]) -> Result<Vec<DMatrix<f64>>, CheckError> {
        let size = 2 * self.found.across.ncols();
        let mut all = Vec::with_capacity(self.batches.len());
        for index in 0..self.batches.len() {
            let mut matrix = DMatrix::zeros(size, size);
            for j in 0..size {
                let z = DVector::from_fn(size, |i, _| f64::from(u8::from(i == j)));
                let odd = 0.5 * (self.image(p, &z, index)? - self.image(p, &-z, index)?);
                matrix.set_column(j, &odd);
            }
            all.push(matrix);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::minimum::interpolating, *};
    use dinlab_numeric::norm;

    #[test]
    fn every_sample_is_fitted_and_the_trace_of_the_second_moment_grows_like_the_radius() {
        for (width, count) in [(3, 4), (6, 6)] {
            let found = interpolating(width, count).unwrap();
            let samples = found.objective.samples().unwrap();
            let (mut oracle, mut v) = (samples.oracle(), vec![0.0; found.minimum.len()]);
            for n in 0..count {
                oracle.gradient(&[n], &found.minimum, &mut v);
                assert!(norm(&v) < 1e-13, "sample {n}: {}", norm(&v));
            }
            let p = [2.0, 0.5, 0.5];
            let steps: Vec<_> = sets(count, 1).iter().map(|b| step(p, &found.slopes, b)).collect();
            let mut second = DMatrix::identity(2 * count, 2 * count);
            for _ in 0..2_000 {
                second /= second.trace();
                second = apply(&steps, &second);
            }
            let radius = growth(&steps);
            assert!((second.trace() / radius - 1.0).abs() < 1e-9, "{} {radius}", second.trace());
        }
    }
}
