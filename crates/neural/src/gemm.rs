//! Matrix products C = AB and C += AB with any strides, checked before they are handed to the crate `gemm`. Each runs on the
//! calling thread, so its result does not depend on how many there are. The only unsafe code of the crate.

#![allow(unsafe_code)] // the product of matrices is a function of raw pointers

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
                (m, k, n): (usize, usize, usize),
                (a, (ars, acs)): (*const Self, Strides),
                (b, (brs, bcs)): (*const Self, Strides),
                (c, (crs, ccs)): (*mut Self, Strides),
                accumulate: bool,
            ) {
                let serial = gemm::Parallelism::None;
                // SAFETY: the caller's promise is what `gemm` asks for.
                unsafe {
                    gemm::gemm(
                        m, n, k, c, ccs, crs, accumulate, a, acs, ars, b, bcs, brs, 1.0, 1.0, false, false,
                        false, serial,
                    );
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Number;
    use dinlab_numeric::Stream;

    fn naive<T: Number>(
        size: (usize, usize, usize),
        a: Matrix<'_, T>,
        b: Matrix<'_, T>,
        i: usize,
        j: usize,
    ) -> T {
        (0..size.1).fold(T::ZERO, |s, l| {
            s + a.data[i * a.row_stride + l * a.column_stride]
                * b.data[l * b.row_stride + j * b.column_stride]
        })
    }

    /// The error of a sum of k products is at most kε times the sum of their sizes, for any order of summation.
    fn compare<T: Number>(draw: impl Fn(&mut Stream) -> T, difference: impl Fn(T, T) -> f64, epsilon: f64) {
        let mut stream = Stream::new(3, "gemm", 0);
        for trial in 0..200 {
            let size = (1 + stream.below(20), 1 + stream.below(40), 1 + stream.below(70));
            let (m, k, n) = size;
            let a: Vec<T> = (0..m * k).map(|_| draw(&mut stream)).collect();
            let b: Vec<T> = (0..k * n).map(|_| draw(&mut stream)).collect();
            let a = if trial % 2 == 0 { Matrix::rows(&a, k) } else { Matrix::columns(&a, m) };
            let b = if trial % 3 == 0 { Matrix::rows(&b, n) } else { Matrix::columns(&b, k) };
            let width = n + trial % 5;
            let before: Vec<T> = (0..m * width).map(|_| draw(&mut stream)).collect();
            for accumulate in [false, true] {
                let mut c = before.clone();
                multiply(size, a, b, &mut c, width, accumulate);
                for i in 0..m {
                    for j in 0..width {
                        let old = before[i * width + j];
                        let sum = if j < n { naive(size, a, b, i, j) } else { T::ZERO };
                        let expected = if j < n && !accumulate { sum } else { old + sum };
                        let found = difference(c[i * width + j], expected);
                        // Entries are below 5 in size; both parts of a tangent have at most 2k products.
                        assert!(
                            found <= 2.0 * 2.0 * (k + 1) as f64 * epsilon * 25.0 * k as f64,
                            "{size:?}: {found}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_three_loops() {
        compare(Stream::normal, |x, y| (x - y).abs(), f64::EPSILON);
        compare(|s| s.normal() as f32, |x, y| f64::from((x - y).abs()), f64::from(f32::EPSILON));
        compare(
            |s| Tangent::new(s.normal(), s.normal()),
            |x, y| dinlab_numeric::max((x.re - y.re).abs(), (x.eps - y.eps).abs()),
            f64::EPSILON,
        );
    }

    #[test]
    #[should_panic(expected = "left factor")]
    fn matrices_outside_their_slices_are_refused() {
        multiply(
            (2, 2, 2),
            Matrix::rows(&[1.0, 2.0, 3.0], 2),
            Matrix::rows(&[1.0; 4], 2),
            &mut [0.0; 4],
            2,
            false,
        );
    }
}
