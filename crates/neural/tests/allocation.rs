//! The training loop keeps no new memory after the first step. (Scratch that the crate `gemm` makes and frees inside a product is the only
//! allocation left; it is gone when the step ends.)

#![allow(unsafe_code)] // a counting allocator is unsafe to implement

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
};

use dinlab_indian::Schedule;
use dinlab_neural::{architecture, data, method, Initial, Loss, Plan, Training};
use dinlab_objective::{Selection, Start};

struct Counting;

/// Bytes in use.
static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::SeqCst);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::SeqCst);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_memory_is_kept_after_the_first_step() {
    let data = Arc::new(data::load("mnist-10k", 0).unwrap().with_training_samples(160).unwrap());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for name in ["indian", "adam", "nesterov"] {
        let plan = Plan {
            network: Arc::new(architecture::build("lenet5", &data.train).unwrap()),
            loss: Loss::CrossEntropy,
            penalty: 1e-4,
            selection: Selection::default(),
            initial: Initial::He,
            method: method::build(name, |_| None).unwrap(),
            start: Start::Rest,
            schedule: Schedule::Constant(0.01),
            batch: 32,
            epochs: 3,
            seed: 0,
        };
        pool.install(|| {
            let mut training = Training::<f32>::new(plan, data.clone()).unwrap();
            // Both threads must have had work once, to make what they keep: the scratch of the matrix products.
            rayon::broadcast(|_| {
                let (a, mut c) = (vec![1.0_f32; 64 * 64], vec![0.0_f32; 64 * 64]);
                let matrix = dinlab_neural::gemm::Matrix::rows(&a, 64);
                dinlab_neural::gemm::multiply((64, 64, 64), matrix, matrix, &mut c, 64, false);
            });
            training.advance();
            let before = LIVE.load(Ordering::SeqCst);
            // To the middle of the third epoch, evaluations included.
            for _ in 0..12 {
                training.advance();
            }
            assert_eq!(LIVE.load(Ordering::SeqCst), before, "{name}");
        });
    }
}
