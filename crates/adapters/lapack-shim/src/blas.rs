//! Products.

use crate::{columns, columns_of, flag, size};

/// y ← βy; β = 0 overwrites, so that NaN in fresh memory does not survive.
fn scale(beta: f64, y: &mut f64) {
    *y = if beta == 0.0 { 0.0 } else { beta * *y };
}

/// Entry (i, j) of op(A).
fn entry(a: &[f64], leading: usize, transposed: bool, i: usize, j: usize) -> f64 {
    if transposed {
        a[i * leading + j]
    } else {
        a[j * leading + i]
    }
}

/// C ← α op(A) op(B) + βC, with op(A) of m × k.
///
/// # Safety
/// The contract of BLAS `dgemm`.
#[no_mangle]
pub unsafe extern "C" fn dgemm_(
    trans_a: *const i8,
    trans_b: *const i8,
    m: *const i32,
    n: *const i32,
    k: *const i32,
    alpha: *const f64,
    a: *const f64,
    lda: *const i32,
    b: *const f64,
    ldb: *const i32,
    beta: *const f64,
    c: *mut f64,
    ldc: *const i32,
) {
    let (m, n, k, lda, ldb, ldc) = (size(m), size(n), size(k), size(lda), size(ldb), size(ldc));
    let (ta, tb) = (flag(trans_a) != b'N', flag(trans_b) != b'N');
    let a = if ta { columns_of(a, lda, k, m) } else { columns_of(a, lda, m, k) };
    let b = if tb { columns_of(b, ldb, n, k) } else { columns_of(b, ldb, k, n) };
    let c = columns(c, ldc, m, n);
    for j in 0..n {
        for i in 0..m {
            scale(*beta, &mut c[j * ldc + i]);
        }
        for l in 0..k {
            let factor = *alpha * entry(b, ldb, tb, l, j);
            if ta {
                for i in 0..m {
                    c[j * ldc + i] += factor * a[i * lda + l];
                }
            } else {
                let column = &a[l * lda..l * lda + m];
                for (target, value) in c[j * ldc..j * ldc + m].iter_mut().zip(column) {
                    *target += factor * value;
                }
            }
        }
    }
}

/// y ← α op(A) x + βy.
///
/// # Safety
/// The contract of BLAS `dgemv`, with positive increments.
#[no_mangle]
pub unsafe extern "C" fn dgemv_(
    trans: *const i8,
    m: *const i32,
    n: *const i32,
    alpha: *const f64,
    a: *const f64,
    lda: *const i32,
    x: *const f64,
    incx: *const i32,
    beta: *const f64,
    y: *mut f64,
    incy: *const i32,
) {
    let (m, n, lda, incx, incy) = (size(m), size(n), size(lda), size(incx), size(incy));
    let transposed = flag(trans) != b'N';
    let (rows, inner) = if transposed { (n, m) } else { (m, n) };
    let a = columns_of(a, lda, m, n);
    let (x, y) = (columns_of(x, incx, 1, inner), columns(y, incy, 1, rows));
    for i in 0..rows {
        let sum: f64 = (0..inner).map(|j| entry(a, lda, transposed, i, j) * x[j * incx]).sum();
        scale(*beta, &mut y[i * incy]);
        y[i * incy] += *alpha * sum;
    }
}

/// y ← αAx + βy with a symmetric A of which one triangle is stored.
///
/// # Safety
/// The contract of BLAS `dsymv`, with positive increments.
#[no_mangle]
pub unsafe extern "C" fn dsymv_(
    uplo: *const i8,
    n: *const i32,
    alpha: *const f64,
    a: *const f64,
    lda: *const i32,
    x: *const f64,
    incx: *const i32,
    beta: *const f64,
    y: *mut f64,
    incy: *const i32,
) {
    let (n, lda, incx, incy) = (size(n), size(lda), size(incx), size(incy));
    let upper = flag(uplo) == b'U';
    let a = columns_of(a, lda, n, n);
    let (x, y) = (columns_of(x, incx, 1, n), columns(y, incy, 1, n));
    for i in 0..n {
        let stored = |j: usize| (i <= j) == upper || i == j;
        let sum: f64 = (0..n).map(|j| entry(a, lda, !stored(j), i, j) * x[j * incx]).sum();
        scale(*beta, &mut y[i * incy]);
        y[i * incy] += *alpha * sum;
    }
}

/// One triangle of C ← α op(A) op(A)ᵀ + βC, op(A) of n × k.
///
/// # Safety
/// The contract of BLAS `dsyrk`.
#[no_mangle]
pub unsafe extern "C" fn dsyrk_(
    uplo: *const i8,
    trans: *const i8,
    n: *const i32,
    k: *const i32,
    alpha: *const f64,
    a: *const f64,
    lda: *const i32,
    beta: *const f64,
    c: *mut f64,
    ldc: *const i32,
) {
    let half = 0.5 * *alpha;
    dsyr2k_(uplo, trans, n, k, &half, a, lda, a, lda, beta, c, ldc);
}

/// One triangle of C ← α(op(A) op(B)ᵀ + op(B) op(A)ᵀ) + βC.
///
/// # Safety
/// The contract of BLAS `dsyr2k`.
#[no_mangle]
pub unsafe extern "C" fn dsyr2k_(
    uplo: *const i8,
    trans: *const i8,
    n: *const i32,
    k: *const i32,
    alpha: *const f64,
    a: *const f64,
    lda: *const i32,
    b: *const f64,
    ldb: *const i32,
    beta: *const f64,
    c: *mut f64,
    ldc: *const i32,
) {
    let (n, k, lda, ldb, ldc) = (size(n), size(k), size(lda), size(ldb), size(ldc));
    let (upper, transposed) = (flag(uplo) == b'U', flag(trans) != b'N');
    let (rows, inner) = if transposed { (k, n) } else { (n, k) };
    let (a, b) = (columns_of(a, lda, rows, inner), columns_of(b, ldb, rows, inner));
    let c = columns(c, ldc, n, n);
    for j in 0..n {
        let (first, last) = if upper { (0, j + 1) } else { (j, n) };
        for i in first..last {
            let sum: f64 = (0..k)
                .map(|l| {
                    entry(a, lda, transposed, i, l) * entry(b, ldb, transposed, j, l)
                        + entry(b, ldb, transposed, i, l) * entry(a, lda, transposed, j, l)
                })
                .sum();
            scale(*beta, &mut c[j * ldc + i]);
            c[j * ldc + i] += *alpha * sum;
        }
    }
}
