//! The double-precision routines of BLAS and LAPACK that clarabel's semidefinite cone calls, under their Fortran names,
//! so that no system library is needed: `dgemm`, `dgemv`, `dsymv`, `dsyrk`, `dsyr2k`, `dpotrf`, `dpotrs`, `dsyevr`,
//! `dgesdd`, `dgesvd`, `dgesv`. Matrices are column-major with a leading dimension, as there.
//!
//! Only what clarabel asks for is done: all eigenvalues (range `A`), compact singular vectors (job `S`). Anything else is
//! answered with a nonzero `info`, never with a wrong number. Sizes of certificates are 2 to 40; these are plain loops.
//! Link this crate or a real LAPACK, not both: the symbols are the same.

mod blas;
mod lapack;

/// Names the crate, so that a user of the symbols can make the linker keep them.
pub fn link() {}

/// A mutable column-major view of `columns` columns of `rows` numbers.
///
/// # Safety
/// `data` must point to `leading · (columns − 1) + rows` numbers that nobody else uses.
unsafe fn columns<'a>(data: *mut f64, leading: usize, rows: usize, columns: usize) -> &'a mut [f64] {
    if rows == 0 || columns == 0 {
        return &mut [];
    }
    std::slice::from_raw_parts_mut(data, leading * (columns - 1) + rows)
}

/// The same for reading.
///
/// # Safety
/// As [`columns`].
unsafe fn columns_of<'a>(data: *const f64, leading: usize, rows: usize, columns: usize) -> &'a [f64] {
    if rows == 0 || columns == 0 {
        return &[];
    }
    std::slice::from_raw_parts(data, leading * (columns - 1) + rows)
}

/// A Fortran integer as a size; negative ones are 0.
unsafe fn size(value: *const i32) -> usize {
    usize::try_from(*value).unwrap_or(0)
}

/// A Fortran flag, in capitals.
unsafe fn flag(value: *const i8) -> u8 {
    value.cast::<u8>().read().to_ascii_uppercase()
}
