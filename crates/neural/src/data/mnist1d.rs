//! MNIST-1D, generated: ten templates that are padded, stretched, scaled, shifted, made noisy, sheared and sampled at 40 points.
//!
//! S. Greydanus, D. Kobak, Scaling Down Deep Learning with MNIST-1D, ICML 2024 (arXiv 2011.14439). Templates, order of the steps and constants are
//! the published ones; random numbers are this project's, so samples differ from the published file and only their law is the same.

use dinlab_numeric::Stream;

use super::{Entry, Part, Targets};
use crate::{error::NeuralError, layer::Shape};

pub(super) const ENTRY: Entry = Entry {
    name: "mnist-1d",
    arguments: "[:samples]",
    summary: "ten one-dimensional digits, 40 numbers each, 10 classes (5000 samples)",
    source: "generated after Greydanus, Kobak, Scaling Down Deep Learning with MNIST-1D, ICML 2024, arXiv 2011.14439",
    make: |arguments, seed| {
        let expected = "mnist-1d:samples with a whole number from 50 to 1000000";
        let [count] = super::numbers("mnist-1d", arguments, [5000.0], expected)?;
        if count != count.trunc() || !(50.0..=1e6).contains(&count) {
            let given = format!("mnist-1d:{arguments}");
            return Err(NeuralError::Arguments { what: "data set", given, expected: expected.into() });
        }
        Ok(make(count as usize, seed))
    },
};

/// Twelve ordinates per digit.
const TEMPLATES: [[f64; 12]; 10] = [
    [5.0, 6.0, 6.5, 6.75, 7.0, 7.0, 7.0, 7.0, 6.75, 6.5, 6.0, 5.0],
    [5.0, 3.0, 3.0, 3.4, 3.8, 4.2, 4.6, 5.0, 5.4, 5.8, 5.0, 5.0],
    [5.0, 6.0, 6.5, 6.5, 6.0, 5.25, 4.75, 4.0, 3.5, 3.5, 4.0, 5.0],
    [5.0, 6.0, 6.5, 6.5, 6.0, 5.0, 5.0, 6.0, 6.5, 6.5, 6.0, 5.0],
    [5.0, 4.4, 3.8, 3.2, 2.6, 2.6, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0],
    [5.0, 3.0, 3.0, 3.0, 3.0, 5.0, 6.0, 6.5, 6.5, 6.0, 4.5, 5.0],
    [5.0, 4.0, 3.5, 3.25, 3.0, 3.0, 3.0, 3.0, 3.25, 3.5, 4.0, 5.0],
    [5.0, 7.0, 7.0, 6.6, 6.2, 5.8, 5.4, 5.0, 4.6, 4.2, 5.0, 5.0],
    [5.0, 4.0, 3.5, 3.5, 4.0, 5.0, 5.0, 4.0, 3.5, 3.5, 4.0, 5.0],
    [5.0, 4.0, 3.5, 3.5, 4.0, 5.0, 5.0, 5.0, 5.0, 4.7, 4.3, 5.0],
];

const LEAST_PADDING: usize = 36;
const MOST_PADDING: usize = 60;
/// Length before the last sampling.
const LONG: usize = 12 + MOST_PADDING;
const MOST_SHIFT: usize = 48;
const SCALE: f64 = 0.4;
const CORRELATED_NOISE: f64 = 0.25;
const INDEPENDENT_NOISE: f64 = 0.02;
const SHEAR: f64 = 0.75;
/// Numbers per sample.
const LENGTH: usize = 40;

fn make(count: usize, seed: u64) -> Part {
    let mut stream = Stream::new(seed, "neural/mnist-1d", 0);
    let (mut all, mut labels) = (Vec::with_capacity(count * LENGTH), Vec::with_capacity(count));
    for i in 0..count {
        let class = i % 10;
        all.extend(sample(&template(class), &mut stream));
        labels.push(class as u32);
    }
    // Mean 0 and variance 1 over all numbers.
    let mean = dinlab_numeric::sum(&all) / all.len() as f64;
    all.iter_mut().for_each(|v| *v -= mean);
    let deviation = dinlab_numeric::norm(&all) / (all.len() as f64).sqrt();
    Part {
        shape: Shape::new(1, 1, LENGTH),
        inputs: all.iter().map(|v| (v / deviation) as f32).collect(),
        targets: Targets::Classes { labels, count: 10 },
    }
}

/// Whitened, moved so that it starts at 0, and divided by 6.
fn template(class: usize) -> [f64; 12] {
    let raw = TEMPLATES[class];
    let mean = dinlab_numeric::sum(&raw) / 12.0;
    let deviation = dinlab_numeric::norm(&raw.map(|v| v - mean)) / 12.0_f64.sqrt();
    raw.map(|v| (v - raw[0]) / deviation / 6.0)
}

fn sample(template: &[f64; 12], stream: &mut Stream) -> Vec<f64> {
    // The small number tells the template from the padding.
    let mut x: Vec<f64> = template.iter().map(|v| v + 1e-8).collect();
    x.resize(12 + LEAST_PADDING + stream.below(MOST_PADDING - LEAST_PADDING + 1), 0.0);
    let mut x = resampled(&x, LONG);
    let scale = 1.0 + SCALE * stream.uniform(-0.5, 0.5);
    x.iter_mut().for_each(|v| *v *= scale);
    x.rotate_right(stream.below(MOST_SHIFT));
    let noise = smoothed(&stream.normals(LONG));
    for (v, noise) in x.iter_mut().zip(noise) {
        if *v == 0.0 {
            *v = CORRELATED_NOISE * noise;
        }
        *v += INDEPENDENT_NOISE * stream.normal();
    }
    let slope = SHEAR * stream.uniform(-0.5, 0.5);
    for (i, v) in x.iter_mut().enumerate() {
        *v -= slope * (i as f64 / (LONG - 1) as f64 - 0.5);
    }
    resampled(&x, LENGTH)
}

/// Linear interpolation at `length` equidistant points.
fn resampled(x: &[f64], length: usize) -> Vec<f64> {
    let at = |i: usize| {
        let position = i as f64 * (x.len() - 1) as f64 / (length - 1) as f64;
        let left = (position as usize).min(x.len() - 2);
        let t = position - left as f64;
        (1.0 - t) * x[left] + t * x[left + 1]
    };
    (0..length).map(at).collect()
}

/// Gaussian filter of standard deviation 2, cut at 4 deviations, reflected at the ends (d c b a | a b c d | d c b a).
fn smoothed(x: &[f64]) -> Vec<f64> {
    let weights: Vec<f64> = (-8_i64..=8).map(|k| (-(k * k) as f64 / 8.0).exp()).collect();
    let total: f64 = weights.iter().sum();
    let n = x.len() as i64;
    let reflected = |i: i64| {
        if i < 0 {
            -1 - i
        } else if i >= n {
            2 * n - 1 - i
        } else {
            i
        }
    };
    let at = |i: i64| {
        (-8..=8).map(|k| weights[(k + 8) as usize] * x[reflected(i + k) as usize]).sum::<f64>() / total
    };
    (0..n).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_the_published_form() {
        let part = make(200, 1);
        assert_eq!((part.len(), part.shape.len()), (200, 40));
        let x: Vec<f64> = part.inputs.iter().map(|&v| f64::from(v)).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6);
        assert_eq!(part, make(200, 1));
        assert_ne!(part, make(200, 2));
    }

    #[test]
    fn filter_and_interpolation_keep_constants_and_lines() {
        assert!(smoothed(&[2.0; 20]).iter().all(|v| (v - 2.0).abs() < 1e-14));
        let line: Vec<f64> = (0..9).map(f64::from).collect();
        let fine = resampled(&line, 17);
        assert!(fine.iter().enumerate().all(|(i, v)| (v - 0.5 * i as f64).abs() < 1e-14));
        // scipy.ndimage.gaussian_filter(delta at 8 of 17, sigma = 2): its middle value.
        let mut delta = vec![0.0; 17];
        delta[8] = 1.0;
        assert!((smoothed(&delta)[8] - 0.199_474).abs() < 1e-4);
    }
}
