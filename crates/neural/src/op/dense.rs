//! y = Wx + b for n columns x at once.

use crate::{
    gemm::{multiply, Matrix},
    number::Number,
};

/// Y = WX + b, with W `outputs`×`inputs` followed by b in `theta`.
pub fn forward<T: Number>(theta: &[T], (inputs, outputs): (usize, usize), n: usize, x: &[T], y: &mut [T]) {
    let (weights, bias) = theta.split_at(inputs * outputs);
    for (row, &b) in y.chunks_exact_mut(n).zip(bias) {
        row.fill(b);
    }
    multiply((outputs, inputs, n), Matrix::rows(weights, inputs), Matrix::rows(x, n), y, n, true);
}

/// dX = WᵀdY; dW += dY Xᵀ, db += row sums of dY.
#[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
pub fn backward<T: Number>(
    theta: &[T],
    (inputs, outputs): (usize, usize),
    n: usize,
    x: &[T],
    dy: &[T],
    dx: Option<&mut [T]>,
    dtheta: &mut [T],
) {
    let weights = &theta[..inputs * outputs];
    let (dweights, dbias) = dtheta.split_at_mut(inputs * outputs);
    multiply((outputs, n, inputs), Matrix::rows(dy, n), Matrix::columns(x, n), dweights, inputs, true);
    for (db, row) in dbias.iter_mut().zip(dy.chunks_exact(n)) {
        *db += row.iter().fold(T::ZERO, |s, &d| s + d);
    }
    if let Some(dx) = dx {
        multiply((inputs, outputs, n), Matrix::columns(weights, inputs), Matrix::rows(dy, n), dx, n, false);
    }
}
