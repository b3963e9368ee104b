//! Matrix products of LeNet-5 (f32, chunks of 8 samples): our loop over blocks beside that of the crate `gemm`, both with the same kernels, taken in turn:
//! `cargo bench --workspace --bench products`.

#![allow(clippy::print_stdout)] // a benchmark prints
#![allow(unsafe_code)] // the peer takes raw pointers

use std::time::Instant;

use dinlab_neural::gemm::{multiply, Matrix};
use gemm_common::Parallelism;

/// m, k, n.
type Size = (usize, usize, usize);

/// What, sizes, whether the left and the right factor are transposed.
const PRODUCTS: [(&str, Size, [bool; 2]); 13] = [
    ("first convolution", (6, 25, 784), [false, false]),
    ("    its weights", (6, 784, 25), [false, true]),
    ("second convolution", (16, 150, 100), [false, false]),
    ("    its weights", (16, 100, 150), [false, true]),
    ("    its input", (150, 16, 100), [true, false]),
    ("first dense layer", (120, 400, 8), [false, false]),
    ("    its weights", (120, 8, 400), [false, true]),
    ("    its input", (400, 120, 8), [true, false]),
    ("second dense layer", (84, 120, 8), [false, false]),
    ("    its weights", (84, 8, 120), [false, true]),
    ("    its input", (120, 84, 8), [true, false]),
    ("large, square", (512, 512, 512), [false, false]),
    ("large, transposed", (512, 512, 512), [true, true]),
];

fn matrix(data: &[f32], rows: usize, columns: usize, transposed: bool) -> Matrix<'_, f32> {
    if transposed {
        Matrix::columns(data, rows)
    } else {
        Matrix::rows(data, columns)
    }
}

fn peer((m, k, n): Size, a: Matrix<'_, f32>, b: Matrix<'_, f32>, c: &mut [f32]) {
    let signed = |stride: usize| stride as isize;
    // SAFETY: the matrices have the sizes that their slices were made for.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            signed(n),
            true,
            a.data.as_ptr(),
            signed(a.column_stride),
            signed(a.row_stride),
            b.data.as_ptr(),
            signed(b.column_stride),
            signed(b.row_stride),
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

fn main() {
    let mut total = [0.0; 2];
    for (what, size, [left, right]) in PRODUCTS {
        let (m, k, n) = size;
        let (a, b, mut c) = (vec![0.5_f32; m * k], vec![0.25_f32; k * n], vec![0.0_f32; m * n]);
        let (a, b) = (matrix(&a, m, k, left), matrix(&b, k, n, right));
        let repetitions = (20_000_000 / (m * k * n)).max(1);
        let mut best = [f64::INFINITY; 2];
        for round in 0..60 {
            let begun = Instant::now();
            for _ in 0..repetitions {
                match round % 2 {
                    0 => multiply(size, a, b, &mut c, n, true),
                    _ => peer(size, a, b, &mut c),
                }
            }
            let taken = 1e9 * begun.elapsed().as_secs_f64() / repetitions as f64;
            best[round % 2] = dinlab_numeric::min(best[round % 2], taken);
        }
        let [own, theirs] = best;
        if !what.starts_with("large") {
            total = [total[0] + own, total[1] + theirs];
        }
        println!(
            "{what:20} {m:4} x {k:4} x {n:4}: {own:10.0} ns, gemm {theirs:10.0}, ratio {:.2}",
            own / theirs
        );
    }
    println!("all of LeNet-5: ratio {:.2}", total[0] / total[1]);
}
