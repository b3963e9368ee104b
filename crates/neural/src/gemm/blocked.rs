//! Matrix products by the kernels of the crate `gemm`, with blocks and packed factors of our own: its own loop over blocks allocates in every product, this one keeps
//! one workspace per thread.
//!
//! C = AB with rows of C contiguous is computed as Cᵀ = BᵀAᵀ: a kernel multiplies a strip of Bᵀ (as many rows as fill its registers, contiguous) by a few columns of Aᵀ. Blocks are
//! fixed, so the order of every sum depends on the sizes alone.

use std::cell::RefCell;

use gemm_common::microkernel::{HMicroKernelFn, MicroKernelFn};

use super::Strides;

/// Depth of a block: a strip of the left factor stays in the first two caches.
const DEPTH: usize = 512;
/// Columns of a block of the right factor; a multiple of all kernels' columns.
const COLUMNS: usize = 240;
/// Most rows of a strip.
const MOST_ROWS: usize = 64;
/// Products of at most so many entries are made of dot products where both factors lie right for it: packing would cost more.
const FEW: usize = 256;
/// Columns from which a strip is packed even if it could be read in place.
const MANY: usize = 48;

/// The kernels of one arithmetic: entry (i, j) multiplies i + 1 vectors of rows by j + 1 columns.
pub(super) struct Kernels<T: 'static> {
    /// Numbers in a vector.
    lanes: usize,
    /// Vectors of rows, columns.
    size: (usize, usize),
    table: fn(usize, usize) -> MicroKernelFn<T>,
    /// Most rows and columns of dot products at a time, over numbers that follow one another; 0 where there is no such kernel.
    dots: (usize, usize),
    dot_table: fn(usize, usize) -> HMicroKernelFn<T>,
}

/// Packed factors of one thread.
pub(super) struct Workspace<T> {
    strip: Vec<T>,
    columns: Vec<T>,
}

impl<T: Copy> Workspace<T> {
    fn new(zero: T) -> Self {
        Self { strip: vec![zero; DEPTH * MOST_ROWS], columns: vec![zero; DEPTH * COLUMNS] }
    }
}

/// Arithmetics with kernels.
pub(super) trait Kernel: Copy + 'static {
    const ZERO: Self;
    const ONE: Self;
    /// The widest that this processor has.
    fn kernels() -> Kernels<Self>;
    /// Runs with the workspace of this thread.
    fn with_workspace(run: impl FnOnce(&mut Workspace<Self>));
}

macro_rules! table {
    ($module:path, $t:ty, $lanes:expr) => {{
        use $module as found;
        Kernels::<$t> {
            lanes: $lanes,
            size: (found::MR_DIV_N, found::NR),
            table: |i, j| found::UKR[i][j],
            dots: (found::H_M, found::H_N),
            dot_table: |i, j| found::H_UKR[i][j],
        }
    }};
}

macro_rules! kernel {
    ($t:ident, $kernels:ident, $wide:expr) => {
        impl Kernel for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            fn kernels() -> Kernels<Self> {
                #[cfg(target_arch = "x86_64")]
                {
                    if is_x86_feature_detected!("avx512f") {
                        return table!($kernels::microkernel::avx512f::$t, $t, 2 * $wide);
                    }
                    if is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2") {
                        return table!($kernels::microkernel::fma::$t, $t, $wide);
                    }
                }
                table!($kernels::microkernel::scalar::$t, $t, 1)
            }
            fn with_workspace(run: impl FnOnce(&mut Workspace<Self>)) {
                thread_local! {
                    static OWN: RefCell<Workspace<$t>> = RefCell::new(Workspace::new(0.0));
                }
                OWN.with(|own| run(&mut own.borrow_mut()));
            }
        }
    };
}

kernel!(f32, gemm_f32, 8);
kernel!(f64, gemm_f64, 4);

/// C = AB, or C += AB, for an m×k matrix A, a k×n matrix B.
///
/// # Safety
/// All entries at the given strides (rows, columns) must be valid, those of C distinct from one another and from those of A and B.
pub(super) unsafe fn product<T: Kernel>(
    (m, k, n): (usize, usize, usize),
    a: (*const T, Strides),
    b: (*const T, Strides),
    c: (*mut T, Strides),
    accumulate: bool,
) {
    let kernels = T::kernels();
    let (a_strips, b_strips) = (a.1 .0 == 1, b.1 .1 == 1);
    // Strips of A in place of those of B: where few columns fill no vector and A can be read in place; or where packing B costs more than packing A and writing C, whose columns are
    // then not contiguous, number by number.
    let narrow = a_strips && n <= kernels.lanes && m > n;
    let packed = if a_strips { 0 } else { m * k };
    let turned = narrow || (!b_strips && n * k > 2 * (packed + m * n));
    let turn = |(rows, columns): Strides| (columns, rows);
    // SAFETY: C = AB with the entries promised by the caller, or the same read as Cᵀ = BᵀAᵀ.
    unsafe {
        match turned {
            false => blocked(&kernels, (m, k, n), a, b, c, accumulate),
            true => {
                blocked(&kernels, (n, k, m), (b.0, turn(b.1)), (a.0, turn(a.1)), (c.0, turn(c.1)), accumulate)
            }
        }
    }
}

/// The loop over blocks, with strips of B.
///
/// # Safety
/// As [`product`].
unsafe fn blocked<T: Kernel>(
    &Kernels { lanes, size: (most_vectors, most_columns), table, dots, dot_table }: &Kernels<T>,
    (m, k, n): (usize, usize, usize),
    (a, (ars, acs)): (*const T, Strides),
    (b, (brs, bcs)): (*const T, Strides),
    (c, (crs, ccs)): (*mut T, Strides),
    accumulate: bool,
) {
    if dots.0 > 0 && acs == 1 && brs == 1 && m * n <= FEW {
        for depth in (0..k).step_by(2 * DEPTH) {
            let (deep, add) = ((2 * DEPTH).min(k - depth), accumulate || depth > 0);
            for row in (0..n).step_by(dots.0) {
                for column in (0..m).step_by(dots.1) {
                    let kernel = dot_table(dots.0.min(n - row) - 1, dots.1.min(m - column) - 1);
                    let (row, column) = (row as isize, column as isize);
                    // SAFETY: offsets and the `deep` numbers from there on stay inside the matrices.
                    unsafe {
                        let target = c.offset(row * ccs + column * crs);
                        let left = b.offset(row * bcs).add(depth);
                        let right = a.offset(column * ars).add(depth);
                        let (one, add) = (T::ONE, u8::from(add));
                        kernel(
                            deep, target, left, right, crs, ccs, bcs, ars, one, one, add, false, false, false,
                        );
                    }
                }
            }
        }
        return;
    }
    let rows = most_vectors * lanes;
    debug_assert!(rows <= MOST_ROWS && COLUMNS.is_multiple_of(most_columns));
    T::with_workspace(|Workspace { strip, columns }| {
        for column in (0..m).step_by(COLUMNS) {
            let width = COLUMNS.min(m - column);
            for depth in (0..k).step_by(DEPTH) {
                let deep = DEPTH.min(k - depth);
                // The first block sets C, the others add to it.
                let add = accumulate || depth > 0;
                // SAFETY: offsets stay inside A.
                let right = unsafe { a.offset(column as isize * ars + depth as isize * acs) };
                // Columns whose entries are far apart are read by every strip: worth packing for more than two.
                let pack_columns = acs != 1 && n > 2 * rows;
                if pack_columns {
                    // SAFETY: the entries of this block of A; `columns` has room for DEPTH·COLUMNS.
                    unsafe { pack(right, (acs, ars), (deep, width), width, columns) };
                }
                let (right, right_depth, right_column) = match pack_columns {
                    true => (columns.as_ptr(), width as isize, 1),
                    false => (right, acs, ars),
                };
                for row in (0..n).step_by(rows) {
                    let high = rows.min(n - row);
                    // SAFETY: offsets stay inside B and C.
                    let (left, target) = unsafe {
                        (
                            b.offset(row as isize * bcs + depth as isize * brs),
                            c.offset(row as isize * ccs + column as isize * crs),
                        )
                    };
                    let vectors = high.div_ceil(lanes);
                    let full = vectors * lanes;
                    let pack_strip = bcs != 1 || high < full || width > MANY;
                    if pack_strip {
                        // SAFETY: the entries of this block of B; `strip` has room for DEPTH·MOST_ROWS.
                        unsafe { pack(left, (brs, bcs), (deep, high), full, strip) };
                    }
                    let (left, left_depth) = match pack_strip {
                        true => (strip.as_ptr(), full as isize),
                        false => (left, brs),
                    };
                    for j in (0..width).step_by(most_columns) {
                        let some = most_columns.min(width - j);
                        let kernel = table(vectors - 1, some - 1);
                        // SAFETY: the left factor has `deep` columns of `full` numbers (padded in `strip`), the right one `some` columns; C has
                        // `high` × `some` entries. The processor was asked for its features.
                        unsafe {
                            kernel(
                                high,
                                some,
                                deep,
                                target.offset(j as isize * crs),
                                left,
                                right.offset(j as isize * right_column),
                                crs,
                                ccs,
                                left_depth,
                                right_depth,
                                right_column,
                                T::ONE,
                                T::ONE,
                                u8::from(add),
                                false,
                                false,
                                false,
                                left,
                            );
                        }
                    }
                }
            }
        }
    });
}

/// Copies `deep` rows of `wide` numbers, `full` apart; what is left of a row is 0.
///
/// # Safety
/// The entries at the given strides (from row to row, within a row) must be valid.
unsafe fn pack<T: Kernel>(
    from: *const T,
    (next_row, next): Strides,
    (deep, wide): (usize, usize),
    full: usize,
    to: &mut [T],
) {
    let to = &mut to[..deep * full];
    if next == 1 {
        for (l, row) in to.chunks_exact_mut(full).enumerate() {
            // SAFETY: `wide` numbers in a row.
            let source = unsafe { std::slice::from_raw_parts(from.offset(l as isize * next_row), wide) };
            row[..wide].copy_from_slice(source);
            row[wide..].fill(T::ZERO);
        }
        return;
    }
    if wide < full {
        to.fill(T::ZERO);
    }
    let mut done = 0;
    if next_row == 1 {
        // Numbers that follow one another lie in different rows: squares are turned in registers.
        const SIDE: usize = 8;
        done = deep / SIDE * SIDE;
        for (block, rows) in to[..done * full].chunks_exact_mut(SIDE * full).enumerate() {
            let mut i = 0;
            while i + SIDE <= wide {
                let mut square = [[T::ZERO; SIDE]; SIDE];
                for (j, column) in square.iter_mut().enumerate() {
                    // SAFETY: entries (8·block + 0…7, i + j).
                    *column = unsafe {
                        from.add(block * SIDE)
                            .offset((i + j) as isize * next)
                            .cast::<[T; SIDE]>()
                            .read_unaligned()
                    };
                }
                for (l, row) in rows.chunks_exact_mut(full).enumerate() {
                    for (target, column) in row[i..i + SIDE].iter_mut().zip(&square) {
                        *target = column[l];
                    }
                }
                i += SIDE;
            }
            for i in i..wide {
                for (l, row) in rows.chunks_exact_mut(full).enumerate() {
                    // SAFETY: entry (8·block + l, i).
                    row[i] = unsafe { *from.add(block * SIDE + l).offset(i as isize * next) };
                }
            }
        }
    }
    for (l, row) in to.chunks_exact_mut(full).enumerate().skip(done) {
        for (i, target) in row[..wide].iter_mut().enumerate() {
            // SAFETY: entry (l, i) with l < deep and i < wide.
            *target = unsafe { *from.offset(l as isize * next_row + i as isize * next) };
        }
    }
}
