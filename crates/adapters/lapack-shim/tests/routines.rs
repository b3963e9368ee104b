//! The routines against nalgebra and against their definitions, through their Fortran names.

use nalgebra::DMatrix;

extern "C" {
    fn dgesdd_(
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
        iwork: *mut i32,
        info: *mut i32,
    );
    fn dpotrf_(uplo: *const i8, n: *const i32, a: *mut f64, lda: *const i32, info: *mut i32);
    fn dgemm_(
        transa: *const i8,
        transb: *const i8,
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
    );
}

/// Entries without structure, from a linear congruence.
fn matrix(m: usize, n: usize, seed: u64) -> DMatrix<f64> {
    let mut state = seed;
    DMatrix::from_fn(m, n, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    })
}

fn svd(a: &DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>, DMatrix<f64>, i32) {
    let (m, n) = a.shape();
    let k = if m < n { m } else { n };
    let (mut copy, mut u, mut vt, mut s) =
        (a.clone(), DMatrix::zeros(m, k), DMatrix::zeros(k, n), vec![0.0; k]);
    let (mut work, mut iwork, mut info) = ([0.0], [0], 0);
    let int = |x: usize| i32::try_from(x).expect("small");
    // SAFETY: sizes and leading dimensions are those of the matrices.
    unsafe {
        dgesdd_(
            &(b'S' as i8),
            &int(m),
            &int(n),
            copy.as_mut_ptr(),
            &int(m),
            s.as_mut_ptr(),
            u.as_mut_ptr(),
            &int(m),
            vt.as_mut_ptr(),
            &int(k),
            work.as_mut_ptr(),
            &1,
            iwork.as_mut_ptr(),
            &mut info,
        );
    }
    (u, s, vt, info)
}

#[test]
fn singular_values_rebuild_the_matrix_even_without_rank() {
    dinlab_lapack_shim::link();
    let thin = matrix(6, 2, 7) * matrix(2, 6, 9);
    let graded = DMatrix::from_fn(8, 8, |i, j| 10_f64.powi(-2 * i32::try_from(i + j).expect("small")));
    for a in [matrix(5, 5, 1), matrix(7, 4, 2), matrix(4, 7, 3), thin, graded, DMatrix::zeros(3, 3)] {
        let (u, s, vt, info) = svd(&a);
        assert_eq!(info, 0);
        assert!(s.windows(2).all(|w| w[0] >= w[1]), "{s:?}");
        let rebuilt = &u * DMatrix::from_diagonal(&s.clone().into()) * &vt;
        assert!((rebuilt - &a).norm() <= 1e-14 * (1.0 + a.norm()), "{a}");
        let one = DMatrix::identity(s.len(), s.len());
        assert!(
            (u.transpose() * &u - &one).norm() < 1e-12 && (&vt * vt.transpose() - one).norm() < 1e-12,
            "{a}"
        );
    }
    assert_ne!(svd(&DMatrix::from_element(2, 2, f64::NAN)).3, 0);
}

#[test]
fn cholesky_refuses_what_is_not_positive() {
    dinlab_lapack_shim::link();
    let factor = |mut a: DMatrix<f64>| {
        let (n, mut info) = (i32::try_from(a.nrows()).expect("small"), 0);
        // SAFETY: as above.
        unsafe { dpotrf_(&(b'L' as i8), &n, a.as_mut_ptr(), &n, &mut info) };
        (a, info)
    };
    let b = matrix(4, 4, 5);
    let a = &b * b.transpose();
    let (l, info) = factor(a.clone());
    let l = l.lower_triangle();
    assert!(info == 0 && (&l * l.transpose() - a).norm() < 1e-14);
    assert_ne!(factor(DMatrix::from_element(2, 2, f64::NAN)).1, 0);
    assert_eq!(factor(DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 1.0])).1, 2);
}

#[test]
fn products_follow_the_flags() {
    dinlab_lapack_shim::link();
    let (a, b) = (matrix(3, 4, 1), matrix(4, 5, 2));
    for (ta, tb) in [(b'N', b'N'), (b'T', b'N'), (b'N', b'T'), (b'T', b'T')] {
        let left = if ta == b'T' { a.transpose() } else { a.clone() };
        let right = if tb == b'T' { b.transpose() } else { b.clone() };
        let mut c = DMatrix::from_element(3, 5, f64::NAN);
        let int = |x: usize| i32::try_from(x).expect("small");
        // SAFETY: as above.
        unsafe {
            dgemm_(
                &(ta as i8),
                &(tb as i8),
                &3,
                &5,
                &4,
                &2.0,
                left.as_ptr(),
                &int(left.nrows()),
                right.as_ptr(),
                &int(right.nrows()),
                &0.0,
                c.as_mut_ptr(),
                &3,
            );
        }
        assert!((c - 2.0 * &a * &b).norm() < 1e-14);
    }
}
