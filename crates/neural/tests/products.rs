//! Matrix products against three loops, for all ways to read the factors, in all blocks.

use dinlab_neural::{
    gemm::{multiply, Matrix},
    Number, Tangent,
};
use dinlab_numeric::Stream;

fn naive<T: Number>(k: usize, a: Matrix<'_, T>, b: Matrix<'_, T>, i: usize, j: usize) -> T {
    (0..k).fold(T::ZERO, |s, l| {
        s + a.data[i * a.row_stride + l * a.column_stride] * b.data[l * b.row_stride + j * b.column_stride]
    })
}

/// The error of a sum of k products is at most kε times the sum of their sizes, for any order of summation.
fn compare<T: dinlab_neural::gemm::Product + Number>(
    sizes: impl Iterator<Item = (usize, usize, usize)>,
    draw: impl Fn(&mut Stream) -> T,
    difference: impl Fn(T, T) -> f64,
    epsilon: f64,
) {
    let mut stream = Stream::new(3, "gemm", 0);
    for (trial, size) in sizes.enumerate() {
        let (m, k, n) = size;
        let a: Vec<T> = (0..m * k).map(|_| draw(&mut stream)).collect();
        let b: Vec<T> = (0..k * n).map(|_| draw(&mut stream)).collect();
        let width = n + trial % 5;
        let before: Vec<T> = (0..m * width).map(|_| draw(&mut stream)).collect();
        for way in 0..8 {
            let a = if way & 1 == 0 { Matrix::rows(&a, k) } else { Matrix::columns(&a, m) };
            let b = if way & 2 == 0 { Matrix::rows(&b, n) } else { Matrix::columns(&b, k) };
            let accumulate = way & 4 != 0;
            let mut c = before.clone();
            multiply(size, a, b, &mut c, width, accumulate);
            for i in 0..m {
                for j in 0..width {
                    let old = before[i * width + j];
                    let sum = if j < n { naive(k, a, b, i, j) } else { T::ZERO };
                    let expected = if j < n && !accumulate { sum } else { old + sum };
                    let found = difference(c[i * width + j], expected);
                    // Entries are below 5 in size; both parts of a tangent have at most 2k products.
                    let bound = 2.0 * 2.0 * (k + 1) as f64 * epsilon * 25.0 * k as f64;
                    assert!(found <= bound, "{size:?}, way {way}: {found}");
                }
            }
        }
    }
}

/// Random small sizes, and sizes around the ends of vectors, strips and blocks.
fn sizes(count: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut stream = Stream::new(3, "sizes", 0);
    let ends = [
        (1, 1, 1),
        (1, 600, 1),
        (1, 3, 300),
        (300, 3, 1),
        (16, 100, 150),
        (150, 16, 100),
        (6, 784, 25),
        (120, 8, 400),
        (400, 120, 8),
        (7, 513, 65),
        (241, 5, 64),
        (250, 30, 130),
        (13, 1100, 17),
        (3, 512, 63),
        (240, 2, 33),
    ];
    ends.into_iter()
        .chain((0..count).map(move |_| (1 + stream.below(20), 1 + stream.below(40), 1 + stream.below(150))))
}

#[test]
fn products_are_those_of_three_loops() {
    compare(sizes(100), Stream::normal, |x, y| (x - y).abs(), f64::EPSILON);
    compare(sizes(100), |s| s.normal() as f32, |x, y| f64::from((x - y).abs()), f64::from(f32::EPSILON));
    compare(
        sizes(40),
        |s| Tangent::new(s.normal(), s.normal()),
        |x, y| dinlab_numeric::max((x.re - y.re).abs(), (x.eps - y.eps).abs()),
        f64::EPSILON,
    );
}

#[test]
fn what_is_overwritten_is_not_read() {
    let (a, b) = (vec![1.0; 20 * 30], vec![2.0; 30 * 40]);
    for (a, b) in
        [(Matrix::rows(&a, 30), Matrix::rows(&b, 40)), (Matrix::columns(&a, 20), Matrix::columns(&b, 30))]
    {
        let mut c = vec![f64::NAN; 20 * 40];
        multiply((20, 30, 40), a, b, &mut c, 40, false);
        assert!(c.iter().all(|c| *c == 60.0));
    }
}

#[test]
#[should_panic(expected = "left factor")]
fn matrices_outside_their_slices_are_refused() {
    let (left, right) = (Matrix::rows(&[1.0, 2.0, 3.0], 2), Matrix::rows(&[1.0; 4], 2));
    multiply((2, 2, 2), left, right, &mut [0.0; 4], 2, false);
}
