//! ns per gradient of `valley`: the native formula, the expression's tape at single points and over blocks, and
//! num-dual; `cargo bench --workspace --bench gradient`. One element is one point, so the throughput is points per second.

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use dinlab_numeric::Stream;
use dinlab_objective::{
    build,
    tape::{Block, BlockScratch, LANES},
    Formula, Options, Scalar, Tape,
};
use num_dual::DualNum;
use std::hint::black_box;

const BLOCKS: usize = 16;
const POINTS: usize = BLOCKS * LANES;
const VALLEY: &str = "expr:100*(y-abs(x))^2+abs(1-x)";

/// The formula alone: its gradient is taken by the default, forward duals.
struct ValleyByDuals;

impl Formula for ValleyByDuals {
    fn dimension(&self) -> usize {
        2
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let w = x[1] - x[0].abs();
        S::constant(100.0) * w * w + (S::constant(1.0) - x[0]).abs()
    }
}

/// The same with a gradient by hand, generic, statically dispatched.
struct ValleyByHand;

impl Formula for ValleyByHand {
    fn dimension(&self) -> usize {
        2
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        ValleyByDuals.value(x)
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let w = S::constant(200.0) * (x[1] - x[0].abs());
        out[0] = -w * x[0].abs_slope() - (S::constant(1.0) - x[0]).abs_slope();
        out[1] = w;
    }
}

fn valley_num_dual<D: DualNum<f64> + Copy>(x: D, y: D) -> D {
    let w = y - x.abs();
    w * w * 100.0 + (-x + 1.0).abs()
}

fn gradients(c: &mut Criterion) {
    let mut stream = Stream::new(0, "benchmark", 0);
    let points: Vec<[f64; 2]> =
        (0..POINTS).map(|_| [stream.uniform(-2.0, 2.0), stream.uniform(-2.0, 2.0)]).collect();
    let mut group = c.benchmark_group("gradient of valley");
    group.throughput(Throughput::Elements(POINTS as u64));

    let formula_loop = |formula: &dyn Fn(&[f64; 2], &mut [f64; 2])| {
        let mut out = [0.0; 2];
        for p in black_box(&points) {
            formula(p, &mut out);
            black_box(&out);
        }
    };
    group.bench_function("native, single calls", |b| {
        b.iter(|| formula_loop(&|p, out| ValleyByHand.gradient(p, out)))
    });
    group.bench_function("native forward duals, single calls", |b| {
        b.iter(|| formula_loop(&|p, out| ValleyByDuals.gradient(p, out)))
    });
    group.bench_function("num-dual, single calls", |b| {
        b.iter(|| {
            for p in black_box(&points) {
                let (value, gradient) = num_dual_gradient(p);
                black_box((value, gradient));
            }
        })
    });
    for (label, name) in [("oracle of valley", "valley"), ("oracle of the expression", VALLEY)] {
        let objective = build(name, &Options::default()).expect("a valid objective");
        let mut oracle = objective.oracle();
        group.bench_function(format!("{label}, single calls"), |b| {
            let mut out = [0.0; 2];
            b.iter(|| {
                for p in black_box(&points) {
                    oracle.gradient(p, &mut out);
                    black_box(&out);
                }
            })
        });
    }
    blocks(&mut group, &points);
    group.finish();
}

fn num_dual_gradient(p: &[f64; 2]) -> (f64, [f64; 2]) {
    let (value, gradient) =
        num_dual::gradient(|x| valley_num_dual(x[0], x[1]), &nalgebra::SVector::<f64, 2>::new(p[0], p[1]));
    (value, [gradient[0], gradient[1]])
}

fn blocks(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, points: &[[f64; 2]]) {
    let columns: Vec<[Block; 2]> =
        points.chunks(LANES).map(|chunk| [0, 1].map(|i| std::array::from_fn(|l| chunk[l][i]))).collect();
    // The same work as the tape's: value and gradient.
    group.bench_function("native, loop over a block", |b| {
        let (mut value, mut out) = ([0.0; LANES], [[0.0; LANES]; 2]);
        b.iter(|| {
            for block in black_box(&columns) {
                let mut gradient = [0.0; 2];
                for l in 0..LANES {
                    let x = [block[0][l], block[1][l]];
                    value[l] = ValleyByHand.value(&x);
                    ValleyByHand.gradient(&x, &mut gradient);
                    out[0][l] = gradient[0];
                    out[1][l] = gradient[1];
                }
                black_box((&value, &out));
            }
        })
    });
    let objective = build(VALLEY, &Options::default()).expect("a valid objective");
    let tape: &Tape = objective.tape().expect("expressions have tapes");
    group.bench_function("expression, block by block", |b| {
        let (mut scratch, mut value, mut out) = (BlockScratch::new(), [0.0; LANES], [[0.0; LANES]; 2]);
        b.iter(|| {
            for block in black_box(&columns) {
                tape.gradient_block(block, &mut scratch, &mut value, &mut out);
                black_box((&value, &out));
            }
        })
    });
}

criterion_group!(benches, gradients);
criterion_main!(benches);
