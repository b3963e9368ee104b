//! The training loop allocates nothing after the first step: not for a moment either.

#![allow(unsafe_code, clippy::unwrap_used)] // a counting allocator is unsafe to implement; a test may fail

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
};

use dinlab_indian::Schedule;
use dinlab_neural::{architecture, data, gemm, method, Initial, Loss, Plan, Training};
use dinlab_objective::{Selection, Start};

struct Counting;

/// Allocations since the program began.
static MADE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MADE.fetch_add(1, Ordering::SeqCst);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of twelve steps after the first, with both evaluations at ends of epochs.
fn allocations(architecture: &str, method: &str, threads: usize) -> usize {
    let data = Arc::new(data::load("mnist-10k", 0).unwrap().with_training_samples(160).unwrap());
    let plan = Plan {
        network: Arc::new(architecture::build(architecture, &data.train).unwrap()),
        loss: Loss::CrossEntropy,
        penalty: 1e-4,
        selection: Selection::default(),
        initial: Initial::He,
        method: method::build(method, |_| None).unwrap(),
        start: Start::Rest,
        schedule: Schedule::Constant(0.01),
        batch: 32,
        epochs: 3,
        seed: 0,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut training = Training::<f32>::new(plan, data.clone()).unwrap();
        // Every thread must have had work once, to make what it keeps: the workspace of the matrix products.
        rayon::broadcast(|_| {
            let (a, mut c) = (vec![1.0_f32; 64 * 64], vec![0.0_f32; 64 * 64]);
            let matrix = gemm::Matrix::rows(&a, 64);
            gemm::multiply((64, 64, 64), matrix, matrix, &mut c, 64, false);
        });
        training.advance();
        let before = MADE.load(Ordering::SeqCst);
        for _ in 0..12 {
            training.advance();
        }
        MADE.load(Ordering::SeqCst) - before
    })
}

/// One test, since the count is the program's.
#[test]
fn nothing_is_allocated_after_the_first_step() {
    for threads in [1, 2] {
        for method in ["indian", "adam", "nesterov"] {
            assert_eq!(allocations("lenet5", method, threads), 0, "{method}, {threads} threads");
        }
        assert_eq!(allocations("mlp:100,relu", "indian", threads), 0, "mlp, {threads} threads");
    }
}
