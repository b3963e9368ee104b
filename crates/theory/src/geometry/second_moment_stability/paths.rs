//! The shipped runs against the linearised steps of the very batches they drew: nothing random is left in the comparison.

use dinlab_indian::{iterate_observed, Draws};
use dinlab_numeric::{distance, max, norm};
use dinlab_record::{observe::Blind, Budget, Measurement};
use nalgebra::DVector;

use super::{
    operator::{average, hessian, step, Moments},
    Case, MOST_STEPS, SMALL,
};
use crate::{check::Context, error::CheckError, runs::require};

/// Runs that are followed.
const FOLLOWED: u64 = 50;

/// Largest distance of (θ_k − θ*)/h of the runs from the product of the steps A(H_B) along their batches, over the largest state on the
/// way, and rounding of that.
fn deviation(case: &Case, scale: f64, context: &Context<'_>) -> Result<[f64; 2], CheckError> {
    let samples = case.objective.samples().ok_or_else(|| CheckError::needs("a finite sum"))?;
    let (count, n) = (samples.count(), case.minimum.len());
    let (mut off, mut rounding) = (0.0, 0.0);
    for index in 0..FOLLOWED {
        context.proceed()?;
        let run = case.run(context, index, MOST_STEPS, scale);
        let outcome = iterate_observed(&*case.objective, &run, &mut Blind)?;
        require(&outcome.status, &case.words())?;
        let Some(batch) = &run.batch else { break };
        let factor = batch.factor(count);
        let mut draws = Draws::new(batch, case.objective.name(), count);
        let mut z = DVector::from_fn(2 * n, |i, _| if i < n { 1.0 } else { 0.0 });
        let mut largest = norm(z.as_slice());
        for _ in 0..MOST_STEPS {
            let curvature = factor * hessian(samples, draws.next_batch(), &case.minimum);
            z = step(case.parameters(), &curvature) * z;
            largest = max(largest, norm(z.as_slice()));
        }
        let reached: Vec<f64> =
            outcome.theta.iter().zip(&case.minimum).map(|(t, m)| (t - m) / scale).collect();
        off = max(off, distance(&reached, &z.as_slice()[..n]) / largest);
        rounding = max(
            rounding,
            1e2 * f64::EPSILON * MOST_STEPS as f64 * (1.0 + norm(&case.minimum) / (scale * largest)),
        );
    }
    Ok([off, rounding])
}

/// The runs follow their batches' linearised steps; twice as near to θ* as well.
pub(super) fn followed(case: &Case, context: &Context<'_>) -> Result<Measurement, CheckError> {
    let [off, rounding] = deviation(case, SMALL, context)?;
    let [nearer, _] = deviation(case, 0.5 * SMALL, context)?;
    let budget = Budget { rounding, ..Budget::discretisation(10.0 * SMALL) };
    Ok(Measurement::at_most(
        "distance of runs from the linearised steps of their batches, relative",
        off,
        0.0,
        budget,
    )
    .on(format!("{}, {FOLLOWED} runs of {MOST_STEPS} steps", case.words()))
    .refined(off - nearer))
}

/// The batches' scaling makes their mean curvature that of J.
pub(super) fn unbiased(case: &Case, moments: &Moments) -> Result<Measurement, CheckError> {
    let samples = case.objective.samples().ok_or_else(|| CheckError::needs("a finite sum"))?;
    let all: Vec<usize> = (0..samples.count()).collect();
    let whole = hessian(samples, &all, &case.minimum);
    let off = (average(moments.hessians()) - &whole).norm();
    let budget =
        Budget::rounding(1e2 * f64::EPSILON * moments.hessians().iter().map(|h| h.norm()).fold(0.0, max));
    Ok(Measurement::at_most("distance of the batches' mean Hessian from that of J", off, 0.0, budget)
        .on(case.words()))
}
