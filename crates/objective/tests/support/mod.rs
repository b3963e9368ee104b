//! What the tests over the registry share.
#![allow(dead_code)] // each test file uses its part

use std::sync::Arc;

use dinlab_numeric::{dot, Stream};
use dinlab_objective::{build, registry::ALL, Objective, Options, Oracle};

/// Every example of every entry with the given options.
pub fn examples_with(options: &Options) -> Vec<Arc<dyn Objective>> {
    let specifications = ALL.iter().flat_map(|entry| entry.examples.iter().copied());
    specifications.map(|s| build(s, options).unwrap_or_else(|e| panic!("{s}: {e}"))).collect()
}

/// Every example of every entry.
pub fn examples() -> Vec<Arc<dyn Objective>> {
    examples_with(&Options::default())
}

/// A point in the given box.
pub fn inside(sides: &[[f64; 2]], stream: &mut Stream) -> Vec<f64> {
    sides.iter().map(|&[low, high]| stream.uniform(low, high)).collect()
}

/// A point in the objective's view.
pub fn sample(objective: &dyn Objective, stream: &mut Stream) -> Vec<f64> {
    inside(&objective.facts().view, stream)
}

/// Uniform direction.
pub fn direction(n: usize, stream: &mut Stream) -> Vec<f64> {
    let v = stream.normals(n);
    let size = dinlab_numeric::norm(&v);
    v.into_iter().map(|c| c / size).collect()
}

/// x + h·d.
pub fn moved(x: &[f64], h: f64, d: &[f64]) -> Vec<f64> {
    x.iter().zip(d).map(|(v, e)| v + h * e).collect()
}

/// Gradient as a new vector.
pub fn gradient(oracle: &mut dyn Oracle, x: &[f64]) -> Vec<f64> {
    let mut g = vec![0.0; x.len()];
    oracle.gradient(x, &mut g);
    g
}

/// Hessian as a matrix.
pub fn hessian(oracle: &mut dyn Oracle, x: &[f64]) -> nalgebra::DMatrix<f64> {
    let n = x.len();
    let mut h = vec![0.0; n * n];
    oracle.hessian(x, &mut h);
    nalgebra::DMatrix::from_row_slice(n, n, &h)
}

/// Slope of J at `x` along `d` from the gradient.
pub fn slope(oracle: &mut dyn Oracle, x: &[f64], d: &[f64]) -> f64 {
    dot(&gradient(oracle, x), d)
}

/// Largest |J| among the given points, at least 1: the scale of rounding errors of values.
pub fn scale(values: &[f64]) -> f64 {
    dinlab_numeric::max(1.0, dinlab_numeric::norm_inf(values))
}
