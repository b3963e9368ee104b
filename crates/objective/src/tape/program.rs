//! The gradient of a tape as one straight program over blocks of points.
//!
//! The reverse sweep is recorded once, in the arithmetic of the recorder: what two adjoints share is computed once, adjoints
//! that are merely handed on cost nothing, and what no derivative needs is dropped. Operations are put into an order in which
//! most results are read by the next operation alone ([`super::machine`]). What an operation is applied to is as in the sweep over single points, so lanes have its bits (signs of zero
//! excepted: sums that begin with 0 begin with their first term).

use std::borrow::BorrowMut;

use super::{
    block::{Aligned, Block, LANES},
    machine::{self, Instruction},
    op::{Op, Unary},
    recorder::record_all,
    schedule::schedule,
    Tape,
};
use crate::{
    formula::Formula,
    lanes::{longest, Kernel, Vector},
};

/// ∇J as a list of instructions.
#[derive(Debug, Clone)]
pub struct GradientProgram {
    dimension: usize,
    code: Vec<Instruction>,
    lists: Vec<u32>,
    /// Number of slots.
    slots: usize,
}

/// Slots of one thread's evaluations.
#[derive(Debug, Clone, Default)]
pub struct ProgramScratch(Vec<Aligned>);

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
    let mut code = Vec::new();
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
        code.push(op.renamed(|a| names[a as usize], super::op::NO_KINK));
    }
    let outputs: Vec<u32> = outputs.iter().map(|&output| names[output as usize]).collect();
    let (code, lists, slots) = schedule(n, &code, &lists, &outputs);
    GradientProgram { dimension: n, code, lists, slots }
}

impl ProgramScratch {
    /// Makes room for `program`.
    pub fn fit(&mut self, program: &GradientProgram) {
        self.0.resize(program.slots, Aligned([0.0; LANES]));
    }
}

impl GradientProgram {
    /// The selected elements of ∂J at the points of a block; `x` and `out` have one block per coordinate. The selection in
    /// force applies.
    pub fn run(&self, x: &[Block], scratch: &mut ProgramScratch, out: &mut [Block]) {
        scratch.fit(self);
        longest(Run { program: self, x, scratch, out });
    }

    /// [`GradientProgram::run`] for the lanes from `c` on, inside of a [`Kernel`]; `scratch` must fit.
    #[inline(always)]
    pub fn run_lanes<V: Vector, B: BorrowMut<Block>>(
        &self,
        x: &[B],
        scratch: &mut ProgramScratch,
        out: &mut [B],
        c: usize,
    ) {
        machine::run::<V, B>(&self.code, &self.lists, &x[..self.dimension], &mut scratch.0, out, c);
    }
}

struct Run<'a> {
    program: &'a GradientProgram,
    x: &'a [Block],
    scratch: &'a mut ProgramScratch,
    out: &'a mut [Block],
}

impl Kernel for Run<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { program, x, scratch, out } = self;
        for c in (0..LANES).step_by(V::LANES) {
            program.run_lanes::<V, Block>(x, scratch, out, c);
        }
    }
}
