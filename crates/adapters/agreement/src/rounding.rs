//! Running error bounds to first order in the unit roundoff ε.
//!
//! A sum of k products has an error of at most kε times the sum of their absolute values, in whatever order it is taken (Higham, Accuracy and
//! Stability of Numerical Algorithms, 2nd ed., section 3.1); errors of operands go through by their derivatives. That bounds one gradient
//! ([`gradient`]). What 20 of them do to θ₂₀ follows from the adjoint of the step ([`bound`]).

use dinlab_numeric::{distance, norm};
use dinlab_objective::Start;

use crate::{Setting, ALPHA, BETA, STEPS, STEP_SIZE};

/// Error of a library's exp, tanh or logarithm in units of ε: a few units in the last place for the vectorised ones.
const FUNCTION: f64 = 16.0;

/// Numbers with bounds of their errors.
struct Rounded {
    value: Vec<f64>,
    error: Vec<f64>,
}

/// Bounds of the errors of the gradient over some samples at θ, computed with unit roundoff ε from exact θ and data.
pub(crate) fn gradient(setting: &Setting, samples: &[usize], theta: &[f64], roundoff: f64) -> Vec<f64> {
    let (inputs, labels) = setting.batch(samples);
    let [first, second] = setting.layers();
    let batch = samples.len() as f64;
    let mut errors = vec![0.0; theta.len()];
    for (x, &label) in inputs.chunks_exact(first.shape[1]).zip(&labels) {
        let x = Rounded { value: x.iter().map(|&x| f64::from(x)).collect(), error: vec![0.0; x.len()] };
        let mut hidden = dense(&theta[first.weights.clone()], &theta[first.biases.clone()], &x, roundoff);
        for (value, error) in hidden.value.iter_mut().zip(&mut hidden.error) {
            // |tanh′| ≤ 1.
            *value = value.tanh();
            *error += FUNCTION * roundoff * value.abs();
        }
        let z = dense(&theta[second.weights.clone()], &theta[second.biases.clone()], &hidden, roundoff);
        let out = output(&z, label as usize, batch, roundoff);
        outer(&mut errors[second.weights.clone()], &out, &hidden, batch, roundoff);
        accumulate(&mut errors[second.biases.clone()], &out, batch, roundoff);
        let mut back = transposed(&theta[second.weights.clone()], &out, roundoff);
        for i in 0..back.value.len() {
            let (a, slope) = (hidden.value[i], 1.0 - hidden.value[i] * hidden.value[i]);
            back.error[i] = back.error[i] * slope
                + back.value[i].abs() * (2.0 * a.abs() * hidden.error[i] + 4.0 * roundoff);
            back.value[i] *= slope;
        }
        outer(&mut errors[first.weights.clone()], &back, &x, batch, roundoff);
        accumulate(&mut errors[first.biases.clone()], &back, batch, roundoff);
    }
    errors
}

/// Wx + b.
fn dense(weights: &[f64], biases: &[f64], x: &Rounded, roundoff: f64) -> Rounded {
    let terms = x.value.len() as f64 + 2.0;
    let row = |(row, &bias): (&[f64], &f64)| {
        let (mut value, mut size, mut error) = (bias, bias.abs(), 0.0);
        for (i, w) in row.iter().enumerate() {
            value += w * x.value[i];
            size += (w * x.value[i]).abs();
            error += w.abs() * x.error[i];
        }
        (value, error + terms * roundoff * size)
    };
    let (value, error) = weights.chunks_exact(x.value.len()).zip(biases).map(row).unzip();
    Rounded { value, error }
}

/// Wᵀd.
fn transposed(weights: &[f64], d: &Rounded, roundoff: f64) -> Rounded {
    let inputs = weights.len() / d.value.len();
    let terms = d.value.len() as f64 + 2.0;
    let mut out = Rounded { value: vec![0.0; inputs], error: vec![0.0; inputs] };
    for (row, (d, error)) in weights.chunks_exact(inputs).zip(d.value.iter().zip(&d.error)) {
        for (i, w) in row.iter().enumerate() {
            out.value[i] += w * d;
            out.error[i] += w.abs() * (error + terms * roundoff * d.abs());
        }
    }
    out
}

/// (softmax(z) − indicator of the class)/batch. Softmax by any of the usual ways: exponentials of differences of z, whose rounding is that of numbers
/// as large as the range of z and the logarithm of the number of classes.
fn output(z: &Rounded, class: usize, batch: f64, roundoff: f64) -> Rounded {
    let largest = z.value.iter().copied().fold(f64::NEG_INFINITY, dinlab_numeric::max);
    let range = z.value.iter().map(|z| largest - z).fold(0.0, dinlab_numeric::max);
    let weights: Vec<f64> = z.value.iter().map(|z| (z - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let shift = z.error.iter().copied().fold(0.0, dinlab_numeric::max);
    let size = range + largest.abs() + sum.ln() + z.value.len() as f64 + 3.0 * FUNCTION;
    let one = |(i, w): (usize, &f64)| {
        let (p, y) = (w / sum, f64::from(u8::from(i == class)));
        ((p - y) / batch, (p * (2.0 * shift + 2.0 * roundoff * size) + 4.0 * roundoff * (p + y)) / batch)
    };
    let (value, error) = weights.iter().enumerate().map(one).unzip();
    Rounded { value, error }
}

/// Adds the bounds of one sample's d xᵀ, one term of a sum over the batch.
fn outer(errors: &mut [f64], d: &Rounded, x: &Rounded, batch: f64, roundoff: f64) {
    let terms = batch + 2.0;
    for (o, row) in errors.chunks_exact_mut(x.value.len()).enumerate() {
        for (i, error) in row.iter_mut().enumerate() {
            let (d, dd) = (d.value[o].abs(), d.error[o]);
            *error += dd * x.value[i].abs() + d * x.error[i] + terms * roundoff * d * x.value[i].abs();
        }
    }
}

/// The same for biases.
fn accumulate(errors: &mut [f64], d: &Rounded, batch: f64, roundoff: f64) {
    let one = Rounded { value: vec![1.0], error: vec![0.0] };
    outer(errors, d, &one, batch, roundoff);
}

/// Bound for ‖θ̃₂₀ − θ₂₀‖ of a run that ended at `end` and one along `path`, each with its own rounding.
///
/// Let d be the unit vector of the difference, (p, q) = (d, 0) at the end, and s = βp + (1 − αβ)q. Backwards along the path, with H the batch's Hessian,
///
/// p ← p − γHs, q ← γp + (1 − αγ)q,
///
/// so that, to first order, an error δv of a step's gradient moves ⟨d, θ₂₀⟩ by −γ⟨s, δv⟩ and errors of the step itself by ⟨p, ·⟩ and ⟨q, ·⟩. The bound is
/// the sum of all of them with absolute values.
pub(crate) fn bound(setting: &Setting, path: &[Vec<f64>], end: &[f64], start: &Start, roundoff: f64) -> f64 {
    let gamma = STEP_SIZE;
    let length = distance(end, &path[STEPS]);
    if length == 0.0 {
        return 0.0;
    }
    let mut p: Vec<f64> = end.iter().zip(&path[STEPS]).map(|(a, b)| (a - b) / length).collect();
    let mut q = vec![0.0; p.len()];
    let mut total = 0.0;
    for (step, samples) in setting.epoch(0).iter().enumerate().take(STEPS).rev() {
        let theta = &path[step];
        let v = setting.gradient::<f64>(samples, theta);
        let errors = gradient(setting, samples, theta, roundoff);
        let s: Vec<f64> = p.iter().zip(&q).map(|(p, q)| BETA * p + (1.0 - ALPHA * BETA) * q).collect();
        let image = hessian_times(setting, samples, theta, &s);
        for i in 0..p.len() {
            let u = (path[step + 1][i] - theta[i]) / gamma + BETA * v[i];
            // Two runs, each with at most four roundings of each number.
            let own = 8.0 * roundoff * (theta[i].abs() + gamma * (u.abs() + BETA * v[i].abs()));
            let other = 8.0 * roundoff * (u.abs() + gamma * v[i].abs());
            total += 2.0 * gamma * s[i].abs() * errors[i] + p[i].abs() * own + q[i].abs() * other;
            (p[i], q[i]) = (p[i] - gamma * image[i], gamma * p[i] + (1.0 - ALPHA * gamma) * q[i]);
            if step == 0 {
                // θ₀ in the arithmetic, and u₀ = (β − c)v.
                total += p[i].abs() * roundoff * theta[i].abs();
                if let Start::Speed(c) = start {
                    total += q[i].abs() * (BETA - c).abs() * (2.0 * errors[i] + 8.0 * roundoff * v[i].abs());
                }
            }
        }
    }
    total
}

/// The batch's Hessian times a vector, by central differences (relative error of the order 10⁻¹⁰).
fn hessian_times(setting: &Setting, samples: &[usize], theta: &[f64], direction: &[f64]) -> Vec<f64> {
    let h = 1e-5 / norm(direction);
    let at = |h: f64| -> Vec<f64> {
        let point: Vec<f64> = theta.iter().zip(direction).map(|(t, d)| t + h * d).collect();
        setting.gradient(samples, &point)
    };
    at(h).iter().zip(at(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect()
}
