//! The gradients that networks are trained with, in `f32` and `f64`, at pre-activations near a kink.
//!
//! *Prediction.* A pre-activation is the rounded sum of a bias b and of w·x, which is itself a number with p binary digits: it is exactly 0 where w·x was rounded
//! to −b. Near b ∈ (1, 2) such numbers are 2^(1−p) apart, so where w·x + b has the density π near 0, on a scale much larger than that, the probability is π(0)·2^(1−p), in
//! whatever order the products were added up and whether they were fused. Weights are drawn at random and then moved along x until w·x + b is normal with a deviation τ
//! of some hundred spacings (that is the law of random weights given that they come so near), so that π(0) = 1/(τ√2π) and zeros are frequent in every precision.
//!
//! *What zeros do.* Two gradients with different s = relu′(0) differ at the unit that is 0 and nowhere else, by (s₁ − s₀)·a·r·x (and by (s₁ − s₀)·a·r for its bias), where a is the unit's
//! weight in the output and r the residual of that sample: computed beside it in double precision.

use std::sync::Arc;

use dinlab_analysis::statistics::equivalence_mean;
use dinlab_neural::{Activation, Evaluator, Layer, Loss, Network, Part, Real, Shape, Targets};
use dinlab_numeric::{dot, max, min, Stream};
use dinlab_objective::Selection;
use dinlab_record::{Budget, Measurement};
use rayon::prelude::*;
use serde::Serialize;

use super::GROUPS;
use crate::{check::Context, error::CheckError};

/// Length of a sample, samples, hidden units of a network.
const LENGTH: usize = 16;
const SAMPLES: usize = 8;
const UNITS: usize = 64;
/// τ in spacings 2^(1−p). Rounding of weights and sums spreads z by some ten spacings more, which lowers π(0) by about ½(10/256)² < 10⁻³.
const SPREAD: f64 = 256.0;
/// On the frequency over its prediction.
const MARGIN: f64 = 0.1;

/// Networks in one precision with two selections.
#[derive(Debug, Clone, Serialize)]
pub struct Gradients {
    /// `f64`, else `f32`.
    pub double: bool,
    /// Values of relu′(0).
    pub s: [f64; 2],
    /// Units near a kink.
    pub units: u64,
    /// Control: exponent of two in the predicted frequency, per digit.
    pub exponent: f64,
    /// Control: factor of the predicted jump.
    pub factor: f64,
}

/// What a group of networks shows.
#[derive(Default)]
struct Group {
    /// Units whose gradient depends on s.
    jumps: u64,
    /// Largest distance of a difference of gradients from what it should be, over its rounding bound.
    distance: f64,
}

impl Gradients {
    /// Gradients in one precision.
    pub fn new(double: bool, s: [f64; 2], units: u64) -> Self {
        Self { double, s, units, exponent: -1.0, factor: 1.0 }
    }

    fn digits(&self) -> i32 {
        if self.double {
            53
        } else {
            24
        }
    }

    /// π(0)·2^(1−p), τ being so many spacings: the digits cancel unless the exponent is a wrong one. It is anchored at the five digits of the smallest emulated arithmetic.
    fn frequency(&self) -> f64 {
        let wrong = (self.exponent + 1.0) * f64::from(self.digits() - 5);
        wrong.exp2() / (SPREAD * (2.0 * std::f64::consts::PI).sqrt())
    }

    /// Frequency of zeros and size of what they do.
    pub fn measure(&self, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let name = if self.double { "f64" } else { "f32" };
        let words = format!("gradients in {name}, s = {} and {}, {} units", self.s[0], self.s[1], self.units);
        let networks = self.units / UNITS as u64 / GROUPS;
        let group = |group: u64| {
            let mut stream = context.stream(name, group);
            let mut all = Group::default();
            for _ in 0..networks {
                context.proceed()?;
                let one =
                    if self.double { self.one::<f64>(&mut stream)? } else { self.one::<f32>(&mut stream)? };
                all.jumps += one.jumps;
                all.distance = max(all.distance, one.distance);
            }
            Ok::<_, CheckError>(all)
        };
        let groups: Vec<Group> = (0..GROUPS).into_par_iter().map(group).collect::<Result<_, _>>()?;
        let expected = self.frequency() * (networks * UNITS as u64) as f64;
        let ratios: Vec<f64> = groups.iter().map(|g| g.jumps as f64 / expected).collect();
        let mean = dinlab_numeric::sum(&ratios) / GROUPS as f64;
        let distance = groups.iter().fold(0.0, |m, g| max(m, g.distance));
        Ok(vec![
            Measurement::equal("frequency of zeros over π(0)·2^(1−p)", mean, 1.0, Budget::sampling(MARGIN))
                .on(&words)
                .sampled(equivalence_mean(&ratios, 1.0, MARGIN)?),
            Measurement::at_most(
                "distance of the difference of gradients from (s₁ − s₀)·a·r·x or 0, over its rounding bound",
                distance,
                1.0,
                Budget::default(),
            )
            .on(&words),
        ])
    }

    /// One network: unit h has its kink near sample h modulo [`SAMPLES`].
    fn one<T: Real>(&self, stream: &mut Stream) -> Result<Group, CheckError> {
        let spacing = f64::from(1 - self.digits()).exp2();
        let inputs: Vec<f32> = (0..SAMPLES * LENGTH).map(|_| stream.normal() as f32).collect();
        let values: Vec<f32> = (0..SAMPLES).map(|_| stream.normal() as f32).collect();
        let x: Vec<Vec<f64>> =
            inputs.chunks_exact(LENGTH).map(|x| x.iter().map(|&v| v.into()).collect()).collect();
        // Weights and biases of the units, then their weights in the output and its bias.
        let mut theta = vec![T::ZERO; UNITS * (LENGTH + 1) + UNITS + 1];
        for h in 0..UNITS {
            let near = &x[h % SAMPLES];
            let bias = T::constant(stream.uniform(1.0, 2.0));
            let w = stream.normals(LENGTH);
            let wanted = SPREAD * spacing * stream.normal() - bias.value();
            let along = (wanted - dot(&w, near)) / dot(near, near);
            for (i, (w, x)) in w.iter().zip(near).enumerate() {
                theta[h * LENGTH + i] = T::constant(w + along * x);
            }
            theta[UNITS * LENGTH + h] = bias;
            theta[UNITS * (LENGTH + 1) + h] = T::constant(stream.normal());
        }
        let targets = Targets::Values { values, width: 1 };
        let part = Part { shape: Shape::vector(LENGTH), inputs, targets };
        let layers = vec![
            Layer::Dense { outputs: UNITS },
            Layer::Activation(Activation::Relu),
            Layer::Dense { outputs: 1 },
        ];
        let network = Arc::new(Network::new("near a kink", Shape::vector(LENGTH), layers)?);
        let all: Vec<usize> = (0..SAMPLES).collect();
        let gradient = |s: f64| {
            let selection = Selection { relu: s, ..Selection::default() };
            let mut found = vec![T::ZERO; theta.len()];
            Evaluator::new(network.clone(), Loss::Squared, selection, SAMPLES)
                .gradient(&part, &all, &theta, 1.0, &mut found);
            found
        };
        let (one, two) = (gradient(self.s[0]), gradient(self.s[1]));
        let beside = Beside::new(&theta, &x, &part);
        let mut group = Group::default();
        for h in 0..UNITS {
            let own = (0..LENGTH).map(|i| h * LENGTH + i).chain([UNITS * LENGTH + h]);
            let differences: Vec<f64> = own.map(|i| two[i].value() - one[i].value()).collect();
            let apart = |jump: f64, x: &[f64]| {
                let off = |(i, difference): (usize, &f64)| {
                    let expected = jump * x.get(i).copied().unwrap_or(1.0);
                    (difference - expected).abs() / (T::EPSILON * beside.bound(h, i, self.s))
                };
                differences.iter().enumerate().map(off).fold(0.0, max)
            };
            let jumps = differences[LENGTH] != 0.0;
            group.jumps += u64::from(jumps);
            // Mostly it is the sample that the unit was moved to; once in some 10⁷ units of f32 it is another one.
            let at = |n: usize| apart(self.factor * (self.s[1] - self.s[0]) * beside.slope(h, n), &x[n]);
            let distance =
                if jumps { (0..SAMPLES).map(at).fold(f64::INFINITY, min) } else { apart(0.0, &x[0]) };
            group.distance = max(group.distance, distance);
        }
        // The weights of the output see zeros only, whatever s is.
        let rest = UNITS * (LENGTH + 1)..;
        let same = one[rest.clone()] == two[rest];
        group.distance = max(group.distance, if same { 0.0 } else { f64::INFINITY });
        Ok(group)
    }
}

/// The network of [`Gradients::one`] in double precision, written out.
struct Beside<'a> {
    x: &'a [Vec<f64>],
    /// a.
    output: Vec<f64>,
    /// Residuals and the sums of the sizes of what they are made of.
    residuals: Vec<[f64; 2]>,
}

impl<'a> Beside<'a> {
    fn new<T: Real>(theta: &[T], x: &'a [Vec<f64>], part: &Part) -> Self {
        let theta: Vec<f64> = theta.iter().map(|v| v.value()).collect();
        let (weights, rest) = theta.split_at(UNITS * LENGTH);
        let (biases, rest) = rest.split_at(UNITS);
        let output = rest[..UNITS].to_vec();
        let Targets::Values { values, .. } = &part.targets else { unreachable!("made with values") };
        let residual = |(x, &y): (&Vec<f64>, &f32)| {
            let y = f64::from(y);
            let (mut sum, mut size) = (rest[UNITS] - y, y.abs());
            for h in 0..UNITS {
                let w = &weights[h * LENGTH..(h + 1) * LENGTH];
                sum += output[h] * max(dot(w, x) + biases[h], 0.0);
                let terms: f64 = w.iter().zip(x).map(|(w, x)| (w * x).abs()).sum();
                size += output[h].abs() * (terms + biases[h].abs());
            }
            [sum, size]
        };
        let residuals = x.iter().zip(values).map(residual).collect();
        Self { x, output, residuals }
    }

    /// a·r.
    fn slope(&self, unit: usize, sample: usize) -> f64 {
        self.output[unit] * self.residuals[sample][0]
    }

    /// Sizes of all terms of entry i of the unit's gradient with s of the size that was used, times the number of operations on the way to one: a residual is a sum of sums, the entry a sum
    /// of products with it.
    fn bound(&self, unit: usize, i: usize, s: [f64; 2]) -> f64 {
        let operations = (LENGTH + UNITS + SAMPLES + 8) as f64;
        let largest = max(1.0, max(s[0].abs(), s[1].abs()));
        let terms = self.x.iter().zip(&self.residuals);
        let sizes: f64 = terms.map(|(x, [_, size])| size * x.get(i).copied().unwrap_or(1.0).abs()).sum();
        operations * largest * self.output[unit].abs() * sizes
    }
}
