//! Evaluation over blocks of points, operation by operation: the cost of looking at an operation is shared by all
//! points of a block, and the loops over a block's lanes compile to vector code.

use std::borrow::{Borrow, BorrowMut};

use super::{
    op::{Kinked, Op, Slope, Unary},
    sweep::{powf_slope, powi_slope},
    Tape,
};
use crate::{
    lanes::{widest, Kernel, Vector},
    scalar::{selection::Selection, Scalar},
};

/// Points per block.
pub const LANES: usize = 64;

/// One coordinate, or one result, of the points of a block.
pub type Block = [f64; LANES];

/// A block that begins at a cache line: the widest vectors of one that does not lie across two lines each.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Aligned(pub Block);

impl Borrow<Block> for Aligned {
    #[inline(always)]
    fn borrow(&self) -> &Block {
        &self.0
    }
}

impl BorrowMut<Block> for Aligned {
    #[inline(always)]
    fn borrow_mut(&mut self) -> &mut Block {
        &mut self.0
    }
}

/// Slots and adjoints of block evaluations; it fits itself to the tape.
#[derive(Debug, Clone, Default)]
pub struct BlockScratch {
    slots: Vec<Block>,
    adjoints: Vec<Block>,
    /// Which adjoints hold something: the first share is stored, not added to zeros.
    reached: Vec<bool>,
}

impl BlockScratch {
    /// An empty scratch; it allocates in its first use.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A sweep compiled for every vector unit: its loops are over the lanes of one operation, which compilers vectorise.
struct Run<'a> {
    tape: &'a Tape,
    x: &'a [Block],
    scratch: &'a mut BlockScratch,
    gradient: Option<&'a mut [Block]>,
}

impl Kernel for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        self.tape.forward_block(self.x, &mut self.scratch.slots);
        if let Some(out) = self.gradient {
            self.tape.reverse_block(self.scratch, out);
        }
    }
}

impl Tape {
    /// Values at the points of a block; `x` has n blocks, one per coordinate.
    pub fn value_block(&self, x: &[Block], scratch: &mut BlockScratch, out: &mut Block) {
        widest(Run { tape: self, x, scratch, gradient: None });
        *out = scratch.slots[self.output as usize];
    }

    /// Values, and selected elements of ∂J, at the points of a block; `x` and `out` have n blocks, one per coordinate.
    pub fn gradient_block(
        &self,
        x: &[Block],
        scratch: &mut BlockScratch,
        value: &mut Block,
        out: &mut [Block],
    ) {
        widest(Run { tape: self, x, scratch, gradient: Some(out) });
        *value = scratch.slots[self.output as usize];
    }

    /// Kink functions g at the points of a block; `out` has one block per kink surface.
    pub fn kink_block(&self, x: &[Block], scratch: &mut BlockScratch, out: &mut [Block]) {
        self.forward_block(x, &mut scratch.slots);
        for (target, kink) in out.iter_mut().zip(&self.kinks) {
            let first = &scratch.slots[kink.first as usize];
            match kink.second.map(|second| &scratch.slots[second as usize]) {
                None => *target = *first,
                Some(second) => {
                    target.iter_mut().zip(first.iter().zip(second)).for_each(|(t, (a, b))| *t = a - b)
                }
            }
        }
    }

    #[inline(always)]
    fn forward_block(&self, x: &[Block], slots: &mut Vec<Block>) {
        slots.resize(self.ops.len(), [0.0; LANES]);
        for (i, op) in self.ops.iter().enumerate() {
            let (before, rest) = slots.split_at_mut(i);
            let out = &mut rest[0];
            let at = |a: u32| &before[a as usize];
            match *op {
                Op::Input(v) => *out = x[v as usize],
                Op::Constant(c) => *out = [c; LANES],
                Op::Unary(Unary::Neg, a) => map(out, at(a), |a| -a),
                Op::Unary(Unary::Square, a) => map(out, at(a), |a| a * a),
                Op::Unary(f, a) => map(out, at(a), |a| f.value(a)),
                Op::Add(a, b) => zip(out, at(a), at(b), |a, b| a + b),
                Op::Sub(a, b) => zip(out, at(a), at(b), |a, b| a - b),
                Op::Mul(a, b) => zip(out, at(a), at(b), |a, b| a * b),
                Op::Div(a, b) => zip(out, at(a), at(b), |a, b| a / b),
                Op::AddConstant(a, c) => map(out, at(a), |a| a + c),
                Op::SubFrom(a, c) => map(out, at(a), |a| c - a),
                Op::MulConstant(a, c) => map(out, at(a), |a| c * a),
                Op::Powi(a, n) => map(out, at(a), |a| a.powi(n)),
                Op::Powf(a, p) => map(out, at(a), |a| a.powf(p)),
                Op::Pow(a, b) => zip(out, at(a), at(b), f64::powf),
                Op::Kinked(Kinked::Abs, a, _) => map(out, at(a), f64::abs),
                Op::Kinked(Kinked::Relu, a, _) => map(out, at(a), Scalar::relu),
                Op::Kinked(Kinked::Sign, a, _) => map(out, at(a), Scalar::sign),
                Op::Max(a, b, _) => zip(out, at(a), at(b), dinlab_numeric::max),
                Op::Min(a, b, _) => zip(out, at(a), at(b), dinlab_numeric::min),
                Op::Slope(Slope::Abs, a) => map(out, at(a), Scalar::abs_slope),
                Op::Slope(Slope::Relu, a) => map(out, at(a), Scalar::relu_slope),
                Op::Weight(a, b) => zip(out, at(a), at(b), Scalar::max_weight),
                Op::Huber(a, d) => zip(out, at(a), at(d), Scalar::huber),
                Op::Norm(start, length) => {
                    *out = [0.0; LANES];
                    for &a in self.list(start, length) {
                        let a = at(a);
                        for l in 0..LANES {
                            out[l] += a[l] * a[l];
                        }
                    }
                    out.iter_mut().for_each(|v| *v = v.sqrt());
                }
            }
        }
    }

    #[inline(always)]
    fn reverse_block(&self, scratch: &mut BlockScratch, out: &mut [Block]) {
        let BlockScratch { slots, adjoints, reached } = scratch;
        adjoints.resize(self.ops.len(), [0.0; LANES]);
        reached.clear();
        reached.resize(self.ops.len(), false);
        let mut written = 0;
        adjoints[self.output as usize] = [1.0; LANES];
        reached[self.output as usize] = true;
        let tie = Selection::current();
        for (i, op) in self.ops.iter().enumerate().rev() {
            if !self.active[i] || !reached[i] {
                continue;
            }
            let (before, rest) = adjoints.split_at_mut(i);
            let (w, v) = (&rest[0], &slots[i]);
            let at = |a: u32| &slots[a as usize];
            let mut share = Share { before, w, active: &self.active, reached };
            match *op {
                Op::Input(variable) => {
                    out[variable as usize] = *w;
                    written += 1;
                }
                Op::Constant(_) | Op::Slope(..) | Op::Weight(..) | Op::Kinked(Kinked::Sign, ..) => {}
                Op::Unary(Unary::Neg, a) | Op::SubFrom(a, _) => share.give(a, |_, w| -w),
                Op::Unary(Unary::Square, a) => {
                    let x = at(a);
                    share.give(a, |l, w| w * (x[l] + x[l]));
                }
                Op::Unary(f, a) => {
                    let x = at(a);
                    share.give(a, |l, w| w * f.slope(x[l], v[l]));
                }
                Op::Add(a, b) => {
                    share.give(a, |_, w| w);
                    share.give(b, |_, w| w);
                }
                Op::Sub(a, b) => {
                    share.give(a, |_, w| w);
                    share.give(b, |_, w| -w);
                }
                Op::Mul(a, b) => {
                    let (x, y) = (at(a), at(b));
                    share.give(a, |l, w| w * y[l]);
                    share.give(b, |l, w| w * x[l]);
                }
                Op::Div(a, b) => {
                    let y = at(b);
                    share.give(a, |l, w| w / y[l]);
                    share.give(b, |l, w| -(w / y[l] * v[l]));
                }
                Op::AddConstant(a, _) => share.give(a, |_, w| w),
                Op::MulConstant(a, c) => share.give(a, |_, w| c * w),
                Op::Powi(a, n) => {
                    let x = at(a);
                    share.give(a, |l, w| w * powi_slope(x[l], n));
                }
                Op::Powf(a, p) => {
                    let x = at(a);
                    share.give(a, |l, w| w * powf_slope(x[l], p));
                }
                Op::Pow(a, b) => {
                    let (x, y) = (at(a), at(b));
                    share.give(a, |l, w| w * y[l] * x[l].powf(y[l] - 1.0));
                    share.give(b, |l, w| w * v[l] * x[l].ln());
                }
                Op::Kinked(Kinked::Abs, a, _) => {
                    let x = at(a);
                    share.give(a, |l, w| w * step(x[l], -1.0, tie.abs));
                }
                Op::Kinked(Kinked::Relu, a, _) => {
                    let x = at(a);
                    share.give(a, |l, w| w * step(x[l], 0.0, tie.relu));
                }
                Op::Max(a, b, _) => {
                    let (x, y) = (at(a), at(b));
                    share.give(a, |l, w| w * larger(x[l], y[l], tie.max));
                    share.give(b, |l, w| w * (1.0 - larger(x[l], y[l], tie.max)));
                }
                Op::Min(a, b, _) => {
                    let (x, y) = (at(a), at(b));
                    share.give(a, |l, w| w * larger(y[l], x[l], tie.max));
                    share.give(b, |l, w| w * (1.0 - larger(y[l], x[l], tie.max)));
                }
                Op::Huber(a, d) => {
                    let (x, d_) = (at(a), at(d));
                    share.give(a, |l, w| {
                        w * dinlab_numeric::min(x[l].abs(), d_[l]) * step(x[l], -1.0, tie.abs)
                    });
                    share.give(d, |l, w| w * (x[l].abs() - dinlab_numeric::min(x[l].abs(), d_[l])));
                }
                Op::Norm(start, length) => {
                    for &a in self.list(start, length) {
                        let x = at(a);
                        share.give(a, |l, w| {
                            let sign = Scalar::sign(v[l]);
                            w * (x[l] * (sign / (v[l] + 1.0 - sign)))
                        });
                    }
                }
            }
        }
        if written < out.len() {
            self.clear_unreached(reached, out);
        }
    }

    /// Zeros for the variables that the value does not depend on.
    fn clear_unreached(&self, reached: &[bool], out: &mut [Block]) {
        for (variable, target) in out.iter_mut().enumerate() {
            let own = |op: &Op| matches!(*op, Op::Input(v) if v as usize == variable);
            if !self.ops.iter().zip(reached).zip(&self.active).any(|((op, r), a)| own(op) && *r && *a) {
                *target = [0.0; LANES];
            }
        }
    }
}

/// The adjoint of an operation, to be shared among the adjoints of its operands.
struct Share<'a> {
    before: &'a mut [Block],
    w: &'a Block,
    active: &'a [bool],
    reached: &'a mut [bool],
}

impl Share<'_> {
    /// Adds `amount(lane, w)` to the adjoint of operand `a`.
    #[inline(always)]
    fn give(&mut self, a: u32, amount: impl Fn(usize, f64) -> f64) {
        if !self.active[a as usize] {
            return;
        }
        let target = &mut self.before[a as usize];
        if std::mem::replace(&mut self.reached[a as usize], true) {
            for l in 0..LANES {
                target[l] += amount(l, self.w[l]);
            }
        } else {
            for l in 0..LANES {
                target[l] = amount(l, self.w[l]);
            }
        }
    }
}

#[inline(always)]
fn map(out: &mut Block, a: &Block, f: impl Fn(f64) -> f64) {
    for l in 0..LANES {
        out[l] = f(a[l]);
    }
}

#[inline(always)]
fn zip(out: &mut Block, a: &Block, b: &Block, f: impl Fn(f64, f64) -> f64) {
    for l in 0..LANES {
        out[l] = f(a[l], b[l]);
    }
}

/// Slope of a kink at 0: 1 right of it, `left` left of it, `tie` on it, NaN for NaN. Written as selections of lanes.
#[inline(always)]
fn step(x: f64, left: f64, tie: f64) -> f64 {
    // Exactly one term is not zero: a compare and a mask each, without a blend.
    let right_of = if x > 0.0 { 1.0 } else { 0.0 };
    let left_of = if x < 0.0 { left } else { 0.0 };
    let on = if x == 0.0 { tie } else { 0.0 };
    let undefined = if x.is_nan() { f64::NAN } else { 0.0 };
    (right_of + left_of) + (on + undefined)
}

/// 1 where a > b, 0 where a < b, `tie` where a = b, NaN where either is.
#[inline(always)]
fn larger(a: f64, b: f64, tie: f64) -> f64 {
    let weight = if a > b { 1.0 } else { 0.0 };
    let weight = if a == b { tie } else { weight };
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        weight
    }
}
