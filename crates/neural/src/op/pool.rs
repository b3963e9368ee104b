//! Maximum and mean over windows, plane by plane. Places in the padding are left out.

use std::ops::Range;

use crate::{
    layer::{Shape, Window},
    number::Number,
};

/// Sizes of one pooling layer over a chunk.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Window.
    pub window: Window,
    /// Sample before.
    pub input: Shape,
    /// Sample after.
    pub output: Shape,
}

/// Calls `visit(output index, rows, columns)` for each window of one plane.
fn windows(sizes: &Sizes, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
    let Sizes { window, input, output } = sizes;
    let span = |o: usize, axis: usize, length: usize| {
        let begin = o * window.stride[axis];
        let end = (begin + window.size[axis]).saturating_sub(window.padding[axis]).min(length);
        begin.saturating_sub(window.padding[axis])..end
    };
    for oy in 0..output.height {
        let rows = span(oy, 0, input.height);
        for ox in 0..output.width {
            visit(oy * output.width + ox, rows.clone(), span(ox, 1, input.width));
        }
    }
}

/// Places of a window in reading order.
fn places(width: usize, rows: Range<usize>, columns: Range<usize>) -> impl DoubleEndedIterator<Item = usize> {
    rows.flat_map(move |row| row * width + columns.start..row * width + columns.end)
}

/// y = maximum of each window, taken as max(… max(max(x₁, x₂), x₃) …) in reading order; at a tie the first argument has `weight` in the
/// derivative. NaN if any number is.
pub fn maximum_forward<T: Number>(sizes: &Sizes, weight: f64, x: &[T], y: &mut [T]) {
    let width = sizes.input.width;
    for (x, y) in x.chunks_exact(sizes.input.plane()).zip(y.chunks_exact_mut(sizes.output.plane())) {
        windows(sizes, |out, rows, columns| {
            let mut best = x[rows.start * width + columns.start];
            for row in rows.clone() {
                for (column, &v) in
                    x[row * width + columns.start..row * width + columns.end].iter().enumerate()
                {
                    if v.exceeds(best) {
                        best = v;
                    } else if v.ties(best) && (row, column) != (rows.start, 0) {
                        best = best.blend(v, weight);
                    }
                }
            }
            y[out] = best;
        });
    }
}

/// dx of [`maximum_forward`].
pub fn maximum_backward<T: Number>(sizes: &Sizes, weight: f64, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
    dx.fill(T::ZERO);
    let (before, after) = (sizes.input.plane(), sizes.output.plane());
    let (first, other) = (T::constant(weight), T::constant(1.0 - weight));
    let width = sizes.input.width;
    let planes = x.chunks_exact(before).zip(dx.chunks_exact_mut(before));
    for ((x, dx), (y, dy)) in planes.zip(y.chunks_exact(after).zip(dy.chunks_exact(after))) {
        windows(sizes, |out, rows, columns| {
            let (mut winner, mut ties) = (usize::MAX, 0);
            for row in rows.clone() {
                for i in row * width + columns.start..row * width + columns.end {
                    if x[i].ties(y[out]) {
                        ties += 1;
                        winner = i;
                    }
                }
            }
            match ties {
                1 => dx[winner] += dy[out],
                // NaN: so is everything that depends on it.
                0 => places(width, rows, columns).for_each(|i| dx[i] += x[i] * dy[out]),
                _ => {
                    // The last of m equal numbers has weight 1 − w, the one before w(1 − w), …, the first w^(m−1).
                    let mut rest = dy[out];
                    for i in places(width, rows, columns).rev().filter(|&i| x[i].ties(y[out])) {
                        ties -= 1;
                        dx[i] += if ties == 0 { rest } else { other * rest };
                        rest = first * rest;
                    }
                }
            }
        });
    }
}

/// y = mean of each window.
pub fn mean_forward<T: Number>(sizes: &Sizes, x: &[T], y: &mut [T]) {
    let width = sizes.input.width;
    for (x, y) in x.chunks_exact(sizes.input.plane()).zip(y.chunks_exact_mut(sizes.output.plane())) {
        windows(sizes, |out, rows, columns| {
            let count = T::constant(1.0 / (rows.len() * columns.len()) as f64);
            y[out] = count * places(width, rows, columns).fold(T::ZERO, |s, i| s + x[i]);
        });
    }
}

/// dx of [`mean_forward`].
pub fn mean_backward<T: Number>(sizes: &Sizes, dy: &[T], dx: &mut [T]) {
    dx.fill(T::ZERO);
    let width = sizes.input.width;
    for (dx, dy) in dx.chunks_exact_mut(sizes.input.plane()).zip(dy.chunks_exact(sizes.output.plane())) {
        windows(sizes, |out, rows, columns| {
            let share = T::constant(1.0 / (rows.len() * columns.len()) as f64) * dy[out];
            places(width, rows, columns).for_each(|i| dx[i] += share);
        });
    }
}
