//! The gradient of a tape as one straight program over blocks of points.
//!
//! The reverse sweep is recorded once, in the arithmetic of the recorder: what two adjoints share is computed once, adjoints
//! that are merely handed on cost nothing, and what no derivative needs is dropped. Each operation is one loop over the lanes
//! of a block. The order of operations is that of the sweep over single points, so lanes have its bits (signs of zero
//! excepted: sums that begin with 0 begin with their first term).

use super::{
    block::{Block, LANES},
    op::{Kinked, Op, Slope, Unary},
    recorder::record_all,
    Tape,
};
use crate::{
    formula::Formula,
    lanes::{widest, Kernel, Vector},
};

/// ∇J as a list of operations.
#[derive(Debug, Clone)]
pub struct GradientProgram {
    dimension: usize,
    /// Operations; operands below `dimension` are the variables, the others the results of earlier operations.
    code: Vec<Op>,
    lists: Vec<u32>,
    /// Where the result of an operation goes: a slot, or ∂J/∂xᵢ directly where nothing else reads it.
    direct: Vec<Option<u32>>,
    /// Slots, variables or constants that are derivatives and still have to be copied.
    copied: Vec<(u32, u32)>,
}

/// Slots of one thread's evaluations.
#[derive(Debug, Clone, Default)]
pub struct ProgramScratch(Vec<Block>);

impl Tape {
    /// The program of the gradient. Costs a few times what parsing did.
    pub fn gradient_program(&self) -> GradientProgram {
        let n = self.dimension();
        let (builder, outputs) = record_all(n, |x| {
            let mut v = vec![x[0]; n];
            self.gradient(x, &mut v);
            v
        });
        let (ops, lists) = builder.into_operations();
        compile(n, &ops, lists, &outputs)
    }
}

/// Shorter operations with the same results, bit by bit: a + (−b) = a − b, and c(d + d) = (2c)d where |c| ≥ 1 (the doubling is
/// exact, and both overflow together).
fn shortened(op: Op, before: &[Op], same: &[u32]) -> Op {
    let of = |a: u32| before[same[a as usize] as usize];
    match op {
        Op::Add(a, b) => match (of(a), of(b)) {
            (_, Op::Unary(Unary::Neg, x)) => Op::Sub(a, x),
            (Op::Unary(Unary::Neg, x), _) => Op::Sub(b, x),
            _ => op,
        },
        Op::Sub(a, b) => match of(b) {
            Op::Unary(Unary::Neg, x) => Op::Add(a, x),
            _ => op,
        },
        Op::MulConstant(a, c) if c.abs() >= 1.0 && c.abs() < 1e300 => match of(a) {
            Op::Add(x, y) if x == y => Op::MulConstant(x, 2.0 * c),
            _ => op,
        },
        _ => op,
    }
}

fn compile(n: usize, recorded: &[Op], mut lists: Vec<u32>, outputs: &[u32]) -> GradientProgram {
    // What an operation is called in the program; those that change nothing are called as their operand.
    let mut same: Vec<u32> = (0..recorded.len() as u32).collect();
    let mut ops: Vec<Op> = Vec::with_capacity(recorded.len());
    for (i, &op) in recorded.iter().enumerate() {
        if let Op::AddConstant(a, 0.0) | Op::MulConstant(a, 1.0) = op {
            same[i] = same[a as usize];
        }
        ops.push(shortened(op, &ops, &same));
    }
    let mut used = vec![false; ops.len()];
    outputs.iter().for_each(|&o| used[same[o as usize] as usize] = true);
    for i in (0..ops.len()).rev().filter(|&i| same[i] == i as u32) {
        if used[i] {
            ops[i].operands(&lists, |a| used[same[a as usize] as usize] = true);
        }
    }
    let old_lists = lists.clone();
    let mut names = vec![0_u32; ops.len()];
    let (mut code, mut readers) = (Vec::new(), vec![0_u32; n]);
    for (i, op) in ops.iter().enumerate() {
        if same[i] != i as u32 {
            names[i] = names[same[i] as usize];
            continue;
        }
        if let Op::Input(v) = *op {
            names[i] = v;
            continue;
        }
        if !used[i] {
            continue;
        }
        names[i] = (n + code.len()) as u32;
        if let Op::Norm(start, length) = *op {
            let range = start as usize..(start + length) as usize;
            lists[range.clone()]
                .iter_mut()
                .zip(&old_lists[range])
                .for_each(|(new, old)| *new = names[*old as usize]);
        }
        let renamed = op.renamed(|a| names[a as usize], super::op::NO_KINK);
        renamed.operands(&lists, |a| readers[a as usize] += 1);
        code.push(renamed);
        readers.push(0);
    }
    let mut direct = vec![None; code.len()];
    let mut copied = Vec::new();
    // An operand counts as a reader, and so does a second derivative that is the same number.
    outputs.iter().for_each(|&output| readers[names[output as usize] as usize] += 1);
    for (variable, &output) in (0..).zip(outputs) {
        let name = names[output as usize];
        match (name as usize).checked_sub(n) {
            Some(slot) if readers[name as usize] == 1 => direct[slot] = Some(variable),
            _ => copied.push((variable, name)),
        }
    }
    GradientProgram { dimension: n, code, lists, direct, copied }
}

impl GradientProgram {
    /// The selected elements of ∂J at the points of a block; `x` and `out` have one block per coordinate. The selection in
    /// force applies.
    pub fn run(&self, x: &[Block], scratch: &mut ProgramScratch, out: &mut [Block]) {
        scratch.0.resize(self.code.len(), [0.0; LANES]);
        widest(Run { program: self, x: &x[..self.dimension], slots: &mut scratch.0, out });
    }
}

struct Run<'a> {
    program: &'a GradientProgram,
    x: &'a [Block],
    slots: &'a mut [Block],
    out: &'a mut [Block],
}

impl Kernel for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { program, x, slots, out } = self;
        let n = x.len();
        for (i, (op, direct)) in program.code.iter().zip(&program.direct).enumerate() {
            let (before, rest) = slots.split_at_mut(i);
            let target = match direct {
                Some(variable) => &mut out[*variable as usize],
                None => &mut rest[0],
            };
            let at = |a: u32| -> &Block {
                match (a as usize).checked_sub(n) {
                    None => &x[a as usize],
                    Some(slot) => &before[slot],
                }
            };
            match *op {
                Op::Norm(start, length) => {
                    let list = &program.lists[start as usize..(start + length) as usize];
                    *target = [0.0; LANES];
                    for &a in list {
                        two::<V>(target, at(a), |sum, x| sum + x * x);
                    }
                    one_in_place::<V>(target, V::sqrt);
                }
                _ => run_one::<V>(op, at, target),
            }
        }
        for &(variable, name) in &program.copied {
            out[variable as usize] = match (name as usize).checked_sub(n) {
                None => x[name as usize],
                Some(slot) => slots[slot],
            };
        }
    }
}

/// One operation other than a norm.
#[inline(always)]
fn run_one<'a, V: Vector>(op: &Op, at: impl Fn(u32) -> &'a Block, out: &mut Block) {
    match *op {
        Op::Input(_) | Op::Norm(..) => {}
        Op::Constant(c) => *out = [c; LANES],
        Op::Unary(f, a) => match f {
            Unary::Neg => map::<V>(out, at(a), |a| -a),
            Unary::Square => map::<V>(out, at(a), |a| a * a),
            _ => map::<V>(out, at(a), |a| f.value(a)),
        },
        Op::Add(a, b) => zip::<V>(out, at(a), at(b), |a, b| a + b),
        Op::Sub(a, b) => zip::<V>(out, at(a), at(b), |a, b| a - b),
        Op::Mul(a, b) => zip::<V>(out, at(a), at(b), |a, b| a * b),
        Op::Div(a, b) => zip::<V>(out, at(a), at(b), |a, b| a / b),
        Op::AddConstant(a, c) => {
            let c = V::constant(c);
            map::<V>(out, at(a), |a| a + c);
        }
        Op::SubFrom(a, c) => {
            let c = V::constant(c);
            map::<V>(out, at(a), |a| c - a);
        }
        Op::MulConstant(a, c) => {
            let c = V::constant(c);
            map::<V>(out, at(a), |a| c * a);
        }
        Op::Powi(a, n) => map::<V>(out, at(a), |a| a.powi(n)),
        Op::Powf(a, p) => map::<V>(out, at(a), |a| a.powf(p)),
        Op::Pow(a, b) => zip::<V>(out, at(a), at(b), V::pow),
        Op::Kinked(Kinked::Abs, a, _) => map::<V>(out, at(a), V::abs),
        Op::Kinked(Kinked::Relu, a, _) => map::<V>(out, at(a), V::relu),
        Op::Kinked(Kinked::Sign, a, _) => map::<V>(out, at(a), V::sign),
        Op::Max(a, b, _) => zip::<V>(out, at(a), at(b), V::max),
        Op::Min(a, b, _) => zip::<V>(out, at(a), at(b), V::min),
        Op::Slope(Slope::Abs, a) => map::<V>(out, at(a), V::abs_slope),
        Op::Slope(Slope::Relu, a) => map::<V>(out, at(a), V::relu_slope),
        Op::Weight(a, b) => zip::<V>(out, at(a), at(b), V::max_weight),
        Op::Huber(a, d) => zip::<V>(out, at(a), at(d), V::huber),
    }
}

#[inline(always)]
fn map<V: Vector>(out: &mut Block, a: &Block, f: impl Fn(V) -> V) {
    for c in (0..LANES).step_by(V::LANES) {
        f(V::load(&a[c..])).store(&mut out[c..]);
    }
}

#[inline(always)]
fn zip<V: Vector>(out: &mut Block, a: &Block, b: &Block, f: impl Fn(V, V) -> V) {
    for c in (0..LANES).step_by(V::LANES) {
        f(V::load(&a[c..]), V::load(&b[c..])).store(&mut out[c..]);
    }
}

#[inline(always)]
fn two<V: Vector>(out: &mut Block, a: &Block, f: impl Fn(V, V) -> V) {
    for c in (0..LANES).step_by(V::LANES) {
        f(V::load(&out[c..]), V::load(&a[c..])).store(&mut out[c..]);
    }
}

#[inline(always)]
fn one_in_place<V: Vector>(out: &mut Block, f: impl Fn(V) -> V) {
    for c in (0..LANES).step_by(V::LANES) {
        f(V::load(&out[c..])).store(&mut out[c..]);
    }
}
