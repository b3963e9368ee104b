//! Two-dimensional cross-correlation as matrix products: the windows of one sample become the columns of a matrix.

use crate::{
    gemm::{multiply, Matrix},
    layer::{Shape, Window},
    number::Number,
};

/// Sizes of one convolution.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Window.
    pub window: Window,
    /// Sample before.
    pub input: Shape,
    /// Sample after.
    pub output: Shape,
}

impl Sizes {
    /// Numbers under one window: rows of the matrix of windows.
    pub fn depth(&self) -> usize {
        self.input.channels * self.window.size[0] * self.window.size[1]
    }
    /// Length of the scratch that the passes need: two matrices of windows.
    pub fn scratch(&self) -> usize {
        if self.is_pointwise() {
            0
        } else {
            2 * self.depth() * self.output.plane()
        }
    }
    /// A 1×1 window that moves by one: the windows are the sample itself.
    fn is_pointwise(&self) -> bool {
        self.window == Window::square(1, 1, 0)
    }
}

/// Range [begin, end) of outputs whose input `o·stride + offset − padding` lies in 0..`length`.
fn inside(outputs: usize, stride: usize, offset: usize, padding: usize, length: usize) -> (usize, usize) {
    let begin = padding.saturating_sub(offset).div_ceil(stride);
    // o·stride < length + padding − offset.
    let end = (length + padding).saturating_sub(offset).div_ceil(stride);
    (begin.min(outputs), end.min(outputs).max(begin.min(outputs)))
}

/// Calls `visit(row of the matrix, output range, input start)` for each run of one output row: outputs `range` (indices in the plane)
/// read the inputs from `start` on in steps of the stride.
fn runs(sizes: &Sizes, mut visit: impl FnMut(usize, usize, std::ops::Range<usize>, usize)) {
    let Sizes { window, input, output } = sizes;
    let [rows, columns] = window.size;
    for channel in 0..input.channels {
        for ky in 0..rows {
            let (top, bottom) = inside(output.height, window.stride[0], ky, window.padding[0], input.height);
            for kx in 0..columns {
                let (left, right) =
                    inside(output.width, window.stride[1], kx, window.padding[1], input.width);
                let row = (channel * rows + ky) * columns + kx;
                if left == right {
                    continue;
                }
                let ix = left * window.stride[1] + kx - window.padding[1];
                for oy in top..bottom {
                    let iy = oy * window.stride[0] + ky - window.padding[0];
                    visit(
                        row,
                        channel,
                        oy * output.width + left..oy * output.width + right,
                        iy * input.width + ix,
                    );
                }
            }
        }
    }
}

/// Windows of one sample as columns; places in the padding are 0.
fn unfold<T: Number>(sizes: &Sizes, n: usize, sample: usize, x: &[T], columns: &mut [T]) {
    let (plane, width) = (sizes.input.plane(), sizes.output.plane());
    let stride = sizes.window.stride[1];
    if sizes.window.padding != [0; 2] {
        columns.fill(T::ZERO);
    }
    runs(sizes, |row, channel, range, start| {
        let source = &x[(channel * n + sample) * plane + start..(channel * n + sample + 1) * plane];
        let target = &mut columns[row * width + range.start..row * width + range.end];
        if stride == 1 {
            let source = &source[..target.len()];
            target.copy_from_slice(source);
        } else {
            for (target, &v) in target.iter_mut().zip(source.iter().step_by(stride)) {
                *target = v;
            }
        }
    });
}

/// The transpose of [`unfold`]: adds the columns to the sample.
fn fold<T: Number>(sizes: &Sizes, n: usize, sample: usize, columns: &[T], dx: &mut [T]) {
    let (plane, width) = (sizes.input.plane(), sizes.output.plane());
    let stride = sizes.window.stride[1];
    runs(sizes, |row, channel, range, start| {
        let target = &mut dx[(channel * n + sample) * plane + start..(channel * n + sample + 1) * plane];
        let source = &columns[row * width + range.start..row * width + range.end];
        if stride == 1 {
            for (target, &v) in target.iter_mut().zip(source) {
                *target += v;
            }
        } else {
            for (target, &v) in target.iter_mut().step_by(stride).zip(source) {
                *target += v;
            }
        }
    });
}

/// Forward over n samples. `theta`: weights channel by channel (input channel, row, column), then biases.
pub fn forward<T: Number>(theta: &[T], sizes: &Sizes, n: usize, x: &[T], y: &mut [T], scratch: &mut [T]) {
    let (channels, depth, plane) = (sizes.output.channels, sizes.depth(), sizes.output.plane());
    let (weights, bias) = theta.split_at(channels * depth);
    for (rows, &b) in y.chunks_exact_mut(n * plane).zip(bias) {
        rows.fill(b);
    }
    let weights = Matrix::rows(weights, depth);
    if sizes.is_pointwise() {
        return multiply(
            (channels, depth, n * plane),
            weights,
            Matrix::rows(x, n * plane),
            y,
            n * plane,
            true,
        );
    }
    let columns = &mut scratch[..depth * plane];
    for sample in 0..n {
        unfold(sizes, n, sample, x, columns);
        let target = &mut y[sample * plane..];
        multiply((channels, depth, plane), weights, Matrix::rows(columns, plane), target, n * plane, true);
    }
}

/// Backward over n samples.
#[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
pub fn backward<T: Number>(
    theta: &[T],
    sizes: &Sizes,
    n: usize,
    x: &[T],
    dy: &[T],
    mut dx: Option<&mut [T]>,
    dtheta: &mut [T],
    scratch: &mut [T],
) {
    let (channels, depth, plane) = (sizes.output.channels, sizes.depth(), sizes.output.plane());
    let weights = &theta[..channels * depth];
    let (dweights, dbias) = dtheta.split_at_mut(channels * depth);
    for (db, rows) in dbias.iter_mut().zip(dy.chunks_exact(n * plane)) {
        *db += rows.iter().fold(T::ZERO, |s, &d| s + d);
    }
    let width = n * plane;
    if sizes.is_pointwise() {
        multiply(
            (channels, width, depth),
            Matrix::rows(dy, width),
            Matrix::columns(x, width),
            dweights,
            depth,
            true,
        );
        if let Some(dx) = dx {
            let transposed = Matrix::columns(weights, depth);
            multiply((depth, channels, width), transposed, Matrix::rows(dy, width), dx, width, false);
        }
        return;
    }
    if let Some(dx) = dx.as_deref_mut() {
        dx.fill(T::ZERO);
    }
    let (columns, dcolumns) = scratch.split_at_mut(depth * plane);
    for sample in 0..n {
        unfold(sizes, n, sample, x, columns);
        let dy = Matrix::rows(&dy[sample * plane..], width);
        multiply((channels, plane, depth), dy, Matrix::columns(columns, plane), dweights, depth, true);
        if let Some(dx) = dx.as_deref_mut() {
            let dcolumns = &mut dcolumns[..depth * plane];
            multiply((depth, channels, plane), Matrix::columns(weights, depth), dy, dcolumns, plane, false);
            fold(sizes, n, sample, dcolumns, dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_exactly_the_outputs_that_read_the_input() {
        for (outputs, stride, offset, padding, length) in [
            (5, 1, 0, 2, 5),
            (5, 1, 4, 2, 5),
            (3, 2, 0, 1, 6),
            (3, 2, 2, 1, 6),
            (4, 3, 1, 0, 11),
            (1, 1, 0, 0, 1),
            (2, 1, 4, 4, 1),
        ] {
            let reads = |o: usize| (o * stride + offset).checked_sub(padding).is_some_and(|i| i < length);
            let expected: Vec<usize> = (0..outputs).filter(|&o| reads(o)).collect();
            let (begin, end) = inside(outputs, stride, offset, padding, length);
            assert_eq!(
                (begin..end).collect::<Vec<_>>(),
                expected,
                "{outputs} {stride} {offset} {padding} {length}"
            );
        }
    }
}
