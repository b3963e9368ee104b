//! Matrix products C = AB and C += AB with any strides, checked before they are handed to the kernels of the crate `gemm`. Each runs on the
//! calling thread, so its result does not depend on how many there are. The only unsafe code of the crate.

#![allow(unsafe_code)] // the product of matrices is a function of raw pointers

mod blocked;

use crate::{number::Real, tangent::Tangent};

/// A matrix inside a slice: entry (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    /// The slice.
    pub data: &'a [T],
    /// Distance from one row to the next.
    pub row_stride: usize,
    /// Distance from one column to the next.
    pub column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Rows one after the other, `width` apart.
    pub fn rows(data: &'a [T], width: usize) -> Self {
        Self { data, row_stride: width, column_stride: 1 }
    }

    /// The transpose of [`Matrix::rows`].
    pub fn columns(data: &'a [T], width: usize) -> Self {
        Self { data, row_stride: 1, column_stride: width }
    }

    fn check(&self, rows: usize, columns: usize, what: &str) {
        let last = (rows - 1) * self.row_stride + (columns - 1) * self.column_stride;
        assert!(
            last < self.data.len(),
            "{what}: {rows}×{columns} does not fit into {} numbers",
            self.data.len()
        );
    }
}

/// Strides of a raw matrix: rows, columns.
type Strides = (isize, isize);

/// Arithmetics with a matrix product.
pub trait Product: Sized {
    /// C = AB, or C += AB, for m×k and k×n matrices.
    ///
    /// # Safety
    /// All entries must lie in memory that may be read (A, B) and written (C), and those of C must differ.
    #[allow(clippy::too_many_arguments)] // shapes and slices of one formula; a struct would only rename them
    #[doc(hidden)]
    unsafe fn product(
        size: (usize, usize, usize),
        a: (*const Self, Strides),
        b: (*const Self, Strides),
        c: (*mut Self, Strides),
        accumulate: bool,
    );
}

macro_rules! product {
    ($t:ident) => {
        impl Product for $t {
            #[inline]
            unsafe fn product(
                size: (usize, usize, usize),
                a: (*const Self, Strides),
                b: (*const Self, Strides),
                c: (*mut Self, Strides),
                accumulate: bool,
            ) {
                // SAFETY: the caller's promise is what is asked for.
                unsafe { blocked::product(size, a, b, c, accumulate) }
            }
        }
    };
}

product!(f32);
product!(f64);

impl<T: Real> Product for Tangent<T> {
    unsafe fn product(
        size: (usize, usize, usize),
        (a, (ars, acs)): (*const Self, Strides),
        (b, (brs, bcs)): (*const Self, Strides),
        (c, (crs, ccs)): (*mut Self, Strides),
        accumulate: bool,
    ) {
        // (A + εA′)(B + εB′) = AB + ε(A′B + AB′): three products of parts that lie two numbers apart.
        let (a, b, c) = (a.cast::<T>(), b.cast::<T>(), c.cast::<T>());
        let a_strides = (2 * ars, 2 * acs);
        let b_strides = (2 * brs, 2 * bcs);
        let c_strides = (2 * crs, 2 * ccs);
        // SAFETY: `Tangent` is two numbers of type T, value first (repr(C)); the caller answers for the entries.
        unsafe {
            T::product(size, (a, a_strides), (b, b_strides), (c, c_strides), accumulate);
            T::product(size, (a.add(1), a_strides), (b, b_strides), (c.add(1), c_strides), accumulate);
            T::product(size, (a, a_strides), (b.add(1), b_strides), (c.add(1), c_strides), true);
        }
    }
}

/// C = AB, or C += AB with `accumulate`, where A is m×k, B is k×n and C is m×n with rows `width` apart in `c`. Panics if a matrix
/// does not lie inside its slice.
pub fn multiply<T: Product>(
    (m, k, n): (usize, usize, usize),
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    width: usize,
    accumulate: bool,
) {
    assert!(m > 0 && k > 0 && n > 0 && n <= width, "product of {m}×{k} and {k}×{n} into rows of {width}");
    a.check(m, k, "left factor");
    b.check(k, n, "right factor");
    Matrix::rows(&*c, width).check(m, n, "product");
    let signed = |stride: usize| stride as isize;
    // SAFETY: all entries were found to lie inside the slices, and rows of C do not overlap because n ≤ width.
    unsafe {
        T::product(
            (m, k, n),
            (a.data.as_ptr(), (signed(a.row_stride), signed(a.column_stride))),
            (b.data.as_ptr(), (signed(b.row_stride), signed(b.column_stride))),
            (c.as_mut_ptr(), (signed(width), 1)),
            accumulate,
        );
    }
}
