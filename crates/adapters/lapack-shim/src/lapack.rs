//! Factorisations. `info` > 0 means "did not work": not positive definite, singular, no convergence, not finite.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::{columns, columns_of, flag, size};

/// What a job that is not implemented answers: an illegal first argument.
const REFUSED: i32 = -1;
/// Iterations of nalgebra's sweeps before a failure is reported.
const ITERATIONS: usize = 10_000;

/// Cholesky factor in the stored triangle.
///
/// # Safety
/// The contract of LAPACK `dpotrf`.
#[no_mangle]
pub unsafe extern "C" fn dpotrf_(
    uplo: *const i8,
    n: *const i32,
    a: *mut f64,
    lda: *const i32,
    info: *mut i32,
) {
    let (n, lda, upper) = (size(n), size(lda), flag(uplo) == b'U');
    let a = columns(a, lda, n, n);
    let at = |i: usize, j: usize| if upper { i * lda + j } else { j * lda + i };
    for j in 0..n {
        for i in j..n {
            let sum: f64 = (0..j).map(|k| a[at(i, k)] * a[at(j, k)]).sum();
            let rest = a[at(i, j)] - sum;
            if i > j {
                a[at(i, j)] = rest / a[at(j, j)];
            } else if rest > 0.0 && rest.is_finite() {
                a[at(j, j)] = rest.sqrt();
            } else {
                // NaN ends here as well.
                *info = i32::try_from(j + 1).unwrap_or(i32::MAX);
                return;
            }
        }
    }
    *info = 0;
}

/// Solves with the factor of `dpotrf`.
///
/// # Safety
/// The contract of LAPACK `dpotrs`.
#[no_mangle]
pub unsafe extern "C" fn dpotrs_(
    uplo: *const i8,
    n: *const i32,
    nrhs: *const i32,
    a: *const f64,
    lda: *const i32,
    b: *mut f64,
    ldb: *const i32,
    info: *mut i32,
) {
    let (n, nrhs, lda, ldb, upper) = (size(n), size(nrhs), size(lda), size(ldb), flag(uplo) == b'U');
    let (a, b) = (columns_of(a, lda, n, n), columns(b, ldb, n, nrhs));
    let l = |i: usize, j: usize| if upper { a[i * lda + j] } else { a[j * lda + i] };
    for column in 0..nrhs {
        let x = &mut b[column * ldb..column * ldb + n];
        for i in 0..n {
            let sum: f64 = (0..i).map(|k| l(i, k) * x[k]).sum();
            x[i] = (x[i] - sum) / l(i, i);
        }
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| l(k, i) * x[k]).sum();
            x[i] = (x[i] - sum) / l(i, i);
        }
    }
    *info = 0;
}

/// Gaussian elimination with row exchanges; `ipiv` counts from 1.
///
/// # Safety
/// The contract of LAPACK `dgesv`.
#[no_mangle]
pub unsafe extern "C" fn dgesv_(
    n: *const i32,
    nrhs: *const i32,
    a: *mut f64,
    lda: *const i32,
    ipiv: *mut i32,
    b: *mut f64,
    ldb: *const i32,
    info: *mut i32,
) {
    let (n, nrhs, lda, ldb) = (size(n), size(nrhs), size(lda), size(ldb));
    let (a, b) = (columns(a, lda, n, n), columns(b, ldb, n, nrhs));
    for k in 0..n {
        let mut pivot = k;
        for i in k + 1..n {
            if a[k * lda + i].abs() > a[k * lda + pivot].abs() {
                pivot = i;
            }
        }
        *ipiv.add(k) = i32::try_from(pivot + 1).unwrap_or(i32::MAX);
        let value = a[k * lda + pivot];
        if value == 0.0 || !value.is_finite() {
            *info = i32::try_from(k + 1).unwrap_or(i32::MAX);
            return;
        }
        for j in 0..n {
            a.swap(j * lda + k, j * lda + pivot);
        }
        for j in 0..nrhs {
            b.swap(j * ldb + k, j * ldb + pivot);
        }
        for i in k + 1..n {
            let factor = a[k * lda + i] / a[k * lda + k];
            a[k * lda + i] = factor;
            for j in k + 1..n {
                a[j * lda + i] -= factor * a[j * lda + k];
            }
            for j in 0..nrhs {
                b[j * ldb + i] -= factor * b[j * ldb + k];
            }
        }
    }
    for j in 0..nrhs {
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| a[k * lda + i] * b[j * ldb + k]).sum();
            b[j * ldb + i] = (b[j * ldb + i] - sum) / a[i * lda + i];
        }
    }
    *info = 0;
}

/// All eigenvalues, ascending, and with `jobz` = V the eigenvectors.
///
/// # Safety
/// The contract of LAPACK `dsyevr` with `range` = A; a query has `lwork` = −1.
#[no_mangle]
pub unsafe extern "C" fn dsyevr_(
    jobz: *const i8,
    range: *const i8,
    uplo: *const i8,
    n: *const i32,
    a: *mut f64,
    lda: *const i32,
    _vl: *const f64,
    _vu: *const f64,
    _il: *const i32,
    _iu: *const i32,
    _abstol: *const f64,
    m: *mut i32,
    w: *mut f64,
    z: *mut f64,
    ldz: *const i32,
    _isuppz: *mut i32,
    work: *mut f64,
    lwork: *const i32,
    iwork: *mut i32,
    liwork: *const i32,
    info: *mut i32,
) {
    *info = 0;
    if *lwork == -1 || *liwork == -1 {
        (*work, *iwork) = (1.0, 1);
        return;
    }
    if flag(range) != b'A' {
        *info = REFUSED;
        return;
    }
    let (count, lda, upper) = (size(n), size(lda), flag(uplo) == b'U');
    let stored = columns(a, lda, count, count);
    let matrix = DMatrix::from_fn(count, count, |i, j| {
        let (low, high) = if i <= j { (i, j) } else { (j, i) };
        if upper {
            stored[high * lda + low]
        } else {
            stored[low * lda + high]
        }
    });
    if matrix.iter().any(|x| !x.is_finite()) {
        *info = 1;
        return;
    }
    let Some(eigen) = SymmetricEigen::try_new(matrix, f64::EPSILON, ITERATIONS) else {
        *info = 1;
        return;
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j]));
    let values = columns(w, 1, 1, count);
    for (value, &i) in values.iter_mut().zip(&order) {
        *value = eigen.eigenvalues[i];
    }
    if flag(jobz) == b'V' {
        let ldz = size(ldz);
        let vectors = columns(z, ldz, count, count);
        for (j, &source) in order.iter().enumerate() {
            vectors[j * ldz..j * ldz + count].copy_from_slice(eigen.eigenvectors.column(source).as_slice());
        }
    }
    *m = *n;
}

/// Sweeps of Jacobi rotations; about ten suffice for any matrix that is finite.
const SWEEPS: usize = 60;

/// U·diag(s) and V with A = U diag(s) Vᵀ for m ≥ n, by rotations of columns (one-sided Jacobi: Golub, Van Loan, section
/// 8.6.3). Small singular values come out to full relative accuracy, where nalgebra's decomposition loses rank-deficient
/// matrices; the last iterations of an interior-point method are full of those.
fn jacobi(mut a: DMatrix<f64>) -> Option<(DMatrix<f64>, DMatrix<f64>)> {
    let n = a.ncols();
    let mut v = DMatrix::identity(n, n);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let (alpha, beta) = (a.column(p).norm_squared(), a.column(q).norm_squared());
                let gamma = a.column(p).dot(&a.column(q));
                if gamma.abs() <= 4.0 * n as f64 * f64::EPSILON * (alpha * beta).sqrt() {
                    continue;
                }
                rotated = true;
                let zeta = (beta - alpha) / (2.0 * gamma);
                let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let c = 1.0 / (1.0 + t * t).sqrt();
                let s = c * t;
                for matrix in [&mut a, &mut v] {
                    for i in 0..matrix.nrows() {
                        let (x, y) = (matrix[(i, p)], matrix[(i, q)]);
                        (matrix[(i, p)], matrix[(i, q)]) = (c * x - s * y, s * x + c * y);
                    }
                }
            }
        }
        if !rotated {
            return Some((a, v));
        }
    }
    None
}

/// Compact singular value decomposition A = U diag(s) Vᵀ, s descending.
unsafe fn svd(
    m: usize,
    n: usize,
    a: &[f64],
    lda: usize,
    s: *mut f64,
    u: (*mut f64, usize),
    vt: (*mut f64, usize),
) -> i32 {
    let matrix = DMatrix::from_fn(m, n, |i, j| a[j * lda + i]);
    if matrix.iter().any(|x| !x.is_finite()) {
        return 1;
    }
    // The wide case is the tall one of the transpose, with U and V exchanged.
    let wide = m < n;
    let k = if wide { m } else { n };
    let Some((scaled, right)) = jacobi(if wide { matrix.transpose() } else { matrix }) else { return 1 };
    let mut order: Vec<(f64, usize)> = (0..k).map(|j| (scaled.column(j).norm(), j)).collect();
    order.sort_by(|x, y| y.0.total_cmp(&x.0));
    let left = orthonormal(&scaled, &order);
    let right = DMatrix::from_fn(right.nrows(), k, |i, j| right[(i, order[j].1)]);
    let (left, right) = if wide { (right, left) } else { (left, right) };
    for (value, (size, _)) in columns(s, 1, 1, k).iter_mut().zip(&order) {
        *value = *size;
    }
    let out = columns(u.0, u.1, m, k);
    for j in 0..k {
        for i in 0..m {
            out[j * u.1 + i] = left[(i, j)];
        }
    }
    let out = columns(vt.0, vt.1, k, n);
    for j in 0..n {
        for i in 0..k {
            out[j * vt.1 + i] = right[(j, i)];
        }
    }
    0
}

/// Columns divided by their norms, in the given order; where a norm is 0, a unit vector orthogonal to those before.
fn orthonormal(scaled: &DMatrix<f64>, order: &[(f64, usize)]) -> DMatrix<f64> {
    let m = scaled.nrows();
    let mut out = DMatrix::zeros(m, order.len());
    for (j, &(size, source)) in order.iter().enumerate() {
        if size > 0.0 {
            out.set_column(j, &(scaled.column(source) / size));
            continue;
        }
        for axis in 0..m {
            let mut candidate = nalgebra::DVector::<f64>::zeros(m);
            candidate[axis] = 1.0;
            for before in 0..j {
                let along = out.column(before).dot(&candidate);
                candidate -= out.column(before) * along;
            }
            if candidate.norm() > 0.5 / (m as f64).sqrt() {
                out.set_column(j, &(&candidate / candidate.norm()));
                break;
            }
        }
    }
    out
}

/// Singular values and compact vectors.
///
/// # Safety
/// The contract of LAPACK `dgesdd` with `jobz` = S; a query has `lwork` = −1.
#[no_mangle]
pub unsafe extern "C" fn dgesdd_(
    jobz: *const i8,
    m: *const i32,
    n: *const i32,
    a: *mut f64,
    lda: *const i32,
    s: *mut f64,
    u: *mut f64,
    ldu: *const i32,
    vt: *mut f64,
    ldvt: *const i32,
    work: *mut f64,
    lwork: *const i32,
    _iwork: *mut i32,
    info: *mut i32,
) {
    dgesvd_(jobz, jobz, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork, info);
}

/// Singular values and compact vectors.
///
/// # Safety
/// The contract of LAPACK `dgesvd` with both jobs S; a query has `lwork` = −1.
#[no_mangle]
pub unsafe extern "C" fn dgesvd_(
    jobu: *const i8,
    jobvt: *const i8,
    m: *const i32,
    n: *const i32,
    a: *mut f64,
    lda: *const i32,
    s: *mut f64,
    u: *mut f64,
    ldu: *const i32,
    vt: *mut f64,
    ldvt: *const i32,
    work: *mut f64,
    lwork: *const i32,
    info: *mut i32,
) {
    *info = 0;
    if *lwork == -1 {
        *work = 1.0;
        return;
    }
    if flag(jobu) != b'S' || flag(jobvt) != b'S' {
        *info = REFUSED;
        return;
    }
    let (m, n, lda) = (size(m), size(n), size(lda));
    let a = columns_of(a, lda, m, n);
    *info = svd(m, n, a, lda, s, (u, size(ldu)), (vt, size(ldvt)));
}
