//! Small dense kernels that work in place.

use nalgebra::ComplexField;

/// LU factorisation with partial pivoting of an n×n row-major matrix, kept for many right-hand sides.
#[derive(Debug, Clone)]
pub(crate) struct Lu<T> {
    n: usize,
    matrix: Vec<T>,
    pivots: Vec<usize>,
}

impl<T: ComplexField<RealField = f64> + Copy> Lu<T> {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, matrix: vec![T::zero(); n * n], pivots: vec![0; n] }
    }

    /// n.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Factorises the matrix whose entry (i, j) is `entry(i, j)`; false if it is singular or not finite.
    pub(crate) fn factorise(&mut self, entry: impl Fn(usize, usize) -> T) -> bool {
        let n = self.n;
        for i in 0..n {
            for j in 0..n {
                self.matrix[i * n + j] = entry(i, j);
            }
        }
        for column in 0..n {
            let size = |i: usize| self.matrix[i * n + column].norm1();
            let mut pivot = column;
            for i in column + 1..n {
                if size(i) > size(pivot) {
                    pivot = i;
                }
            }
            if !(size(pivot) > 0.0 && size(pivot).is_finite()) {
                return false;
            }
            self.pivots[column] = pivot;
            if pivot != column {
                for j in 0..n {
                    self.matrix.swap(column * n + j, pivot * n + j);
                }
            }
            let (upper, lower) = self.matrix.split_at_mut((column + 1) * n);
            let top = &upper[column * n..];
            for row in lower.chunks_mut(n) {
                let factor = row[column] / top[column];
                row[column] = factor;
                for j in column + 1..n {
                    row[j] -= factor * top[j];
                }
            }
        }
        true
    }

    /// x ← A⁻¹x for the matrix factorised last.
    pub(crate) fn solve(&self, x: &mut [T]) {
        let n = self.n;
        for (i, &pivot) in self.pivots.iter().enumerate() {
            x.swap(i, pivot);
        }
        for i in 0..n {
            for j in 0..i {
                let term = self.matrix[i * n + j] * x[j];
                x[i] -= term;
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                let term = self.matrix[i * n + j] * x[j];
                x[i] -= term;
            }
            x[i] /= self.matrix[i * n + i];
        }
    }
}

/// Solves A x = b in place (A row-major, overwritten by its Cholesky factor; b by x) for a symmetric matrix all of
/// whose pivots exceed `floor`; false, with A and b spoilt, for any other.
pub(crate) fn solve_positive_definite(a: &mut [f64], b: &mut [f64], floor: f64) -> bool {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[i * n + j];
            for k in 0..j {
                sum -= a[i * n + k] * a[j * n + k];
            }
            if i != j {
                a[i * n + j] = sum / a[j * n + j];
            } else if sum > floor {
                a[i * n + i] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    for i in 0..n {
        for k in 0..i {
            b[i] -= a[i * n + k] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            b[i] -= a[k * n + i] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Complex;

    #[test]
    fn lu_solves_with_pivoting() {
        let a = [[0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [4.0, 1.0, 0.0]];
        let mut lu = Lu::new(3);
        assert!(lu.factorise(|i, j| Complex::new(a[i][j], if i == j { 1.0 } else { 0.0 })));
        let x = [Complex::new(1.0, 2.0), Complex::new(-1.0, 0.5), Complex::new(0.0, 3.0)];
        let mut b: Vec<_> =
            (0..3).map(|i| (0..3).fold(x[i] * Complex::i(), |s, j| s + x[j] * a[i][j])).collect();
        lu.solve(&mut b);
        assert!(b.iter().zip(&x).all(|(p, q)| (p - q).norm() < 1e-14));
        assert!(!Lu::new(2).factorise(|_, _| 1.0));
        assert!(!Lu::new(2).factorise(|_, _| f64::NAN));
    }

    #[test]
    fn cholesky_accepts_only_positive_definite() {
        let mut b = [4.0, 7.0];
        assert!(solve_positive_definite(&mut [2.0, 1.0, 1.0, 3.0], &mut b, 0.0));
        assert!((b[0] - 1.0).abs() < 1e-15 && (b[1] - 2.0).abs() < 1e-15);
        assert!(!solve_positive_definite(&mut [1.0, 2.0, 2.0, 1.0], &mut b, 0.0));
        assert!(!solve_positive_definite(&mut [f64::NAN], &mut [1.0], 0.0));
    }
}
