//! Small dense interval matrices, by rows.

use dinlab_objective::Interval;

/// Σ aᵢbᵢ.
pub fn dot(a: &[Interval], b: &[Interval]) -> Interval {
    a.iter().zip(b).fold(Interval::point(0.0), |s, (&a, &b)| s + a * b)
}

/// A·x for A with rows of the length of x.
pub fn apply(a: &[Interval], x: &[Interval]) -> Vec<Interval> {
    a.chunks(x.len()).map(|row| dot(row, x)).collect()
}

/// A·B, both n×n.
pub fn product(a: &[Interval], b: &[Interval], n: usize) -> Vec<Interval> {
    let column = |j: usize| -> Vec<Interval> { (0..n).map(|i| b[i * n + j]).collect() };
    let columns: Vec<Vec<Interval>> = (0..n).map(column).collect();
    a.chunks(n).flat_map(|row| columns.iter().map(|c| dot(row, c)).collect::<Vec<_>>()).collect()
}

/// Aᵀ, n×n.
pub fn transposed(a: &[Interval], n: usize) -> Vec<Interval> {
    (0..n * n).map(|k| a[(k % n) * n + k / n]).collect()
}

/// Numbers as points.
pub fn points(values: &[f64]) -> Vec<Interval> {
    values.iter().copied().map(Interval::point).collect()
}

/// I − A, n×n.
pub fn identity_minus(a: &[Interval], n: usize) -> Vec<Interval> {
    (0..n * n).map(|k| Interval::point(if k / n == k % n { 1.0 } else { 0.0 }) - a[k]).collect()
}

/// Upper bound of the largest sum of absolute values along a row: a norm of the matrix.
pub fn row_norm(a: &[Interval], n: usize) -> f64 {
    let sums: Vec<f64> = a
        .chunks(n)
        .map(|row| row.iter().fold(Interval::point(0.0), |s, v| s + Interval::point(v.magnitude())).high)
        .collect();
    dinlab_numeric::maximum(&sums)
}

/// Midpoints by rows.
pub fn middles(a: &[Interval]) -> Vec<f64> {
    a.iter().map(|v| v.middle()).collect()
}

/// ‖x‖², Euclidean.
pub fn squared_norm(x: &[Interval]) -> Interval {
    x.iter().fold(Interval::point(0.0), |s, v| s + v.squared())
}
