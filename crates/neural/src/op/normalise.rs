//! Group normalisation, sample by sample: z = (x − m)/√(v + ε) over a group of channels, y = scale·z + shift per channel.

use std::ops::Range;

use crate::{
    layer::{Shape, NORMALISE_EPSILON},
    number::Number,
};

/// The planes of one group of one sample, as ranges of the chunk.
fn planes(
    shape: Shape,
    groups: usize,
    n: usize,
    group: usize,
    sample: usize,
) -> impl Iterator<Item = (usize, Range<usize>)> + Clone {
    let (each, plane) = (shape.channels / groups, shape.plane());
    (group * each..(group + 1) * each).map(move |channel| {
        let begin = (channel * n + sample) * plane;
        (channel, begin..begin + plane)
    })
}

/// Mean, 1/√(v + ε) and size of a group.
fn moments<T: Number>(x: &[T], parts: impl Iterator<Item = (usize, Range<usize>)> + Clone) -> (T, T, T) {
    let (mut count, mut sum) = (0, T::ZERO);
    for (_, part) in parts.clone() {
        count += part.len();
        sum = x[part].iter().fold(sum, |s, &v| s + v);
    }
    let count = T::constant(count as f64);
    let mean = sum / count;
    let squares =
        parts.fold(T::ZERO, |s, (_, part)| x[part].iter().fold(s, |s, &v| s + (v - mean) * (v - mean)));
    let inverse = T::ONE / (squares / count + T::constant(NORMALISE_EPSILON)).sqrt();
    (mean, inverse, count)
}

/// Forward over n samples; `theta` holds scales, then shifts.
pub fn forward<T: Number>(theta: &[T], shape: Shape, groups: usize, n: usize, x: &[T], y: &mut [T]) {
    let (scales, shifts) = theta.split_at(shape.channels);
    for sample in 0..n {
        for group in 0..groups {
            let (mean, inverse, _) = moments(x, planes(shape, groups, n, group, sample));
            for (channel, part) in planes(shape, groups, n, group, sample) {
                for i in part {
                    y[i] = scales[channel] * ((x[i] - mean) * inverse) + shifts[channel];
                }
            }
        }
    }
}

/// Backward: with z as above and e = scale·dy, dx = (e − mean(e) − z·mean(ez))/√(v + ε), means over the group.
#[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
pub fn backward<T: Number>(
    theta: &[T],
    shape: Shape,
    groups: usize,
    n: usize,
    x: &[T],
    dy: &[T],
    mut dx: Option<&mut [T]>,
    dtheta: &mut [T],
) {
    let scales = &theta[..shape.channels];
    let (dscales, dshifts) = dtheta.split_at_mut(shape.channels);
    for sample in 0..n {
        for group in 0..groups {
            let (mean, inverse, count) = moments(x, planes(shape, groups, n, group, sample));
            let (mut sum, mut weighted) = (T::ZERO, T::ZERO);
            for (channel, part) in planes(shape, groups, n, group, sample) {
                let (mut shift, mut scale) = (T::ZERO, T::ZERO);
                for i in part {
                    shift += dy[i];
                    scale += dy[i] * ((x[i] - mean) * inverse);
                }
                dscales[channel] += scale;
                dshifts[channel] += shift;
                sum += scales[channel] * shift;
                weighted += scales[channel] * scale;
            }
            let (sum, weighted) = (sum / count, weighted / count);
            let Some(dx) = dx.as_deref_mut() else { continue };
            for (channel, part) in planes(shape, groups, n, group, sample) {
                for i in part {
                    let z = (x[i] - mean) * inverse;
                    dx[i] = inverse * (scales[channel] * dy[i] - sum - z * weighted);
                }
            }
        }
    }
}
