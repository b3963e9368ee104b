//! The machine that runs gradient programs over lanes: an accumulator of several vector registers, and memory.
//!
//! Each instruction is one operation on the accumulator, which holds all lanes of a [`Vector`] in registers from one
//! instruction to the next: what only the next operation reads never touches memory, and looking at an instruction is shared
//! by all lanes.

use std::borrow::{Borrow, BorrowMut};

use super::{
    block::{Aligned, Block, LANES},
    op::Unary,
};
use crate::lanes::Vector;

/// No operand, or no place.
pub(super) const NONE: u32 = u32::MAX;

/// What is done with the accumulator. Operands `u32` are variables below the dimension, slots from there on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Code {
    Keep,
    Neg,
    Square,
    Sqrt,
    /// A function of the mathematical library.
    Library(Unary),
    Powi(i32),
    Powf(f64),
    Abs,
    Relu,
    Sign,
    AbsSlope,
    ReluSlope,
    Constant(f64),
    AddConstant(f64),
    /// c − accumulator.
    SubFrom(f64),
    MulConstant(f64),
    Add(u32),
    /// Accumulator − operand.
    Sub(u32),
    /// Operand − accumulator.
    Reversed(u32),
    Mul(u32),
    Div(u32),
    Pow(u32),
    Max(u32),
    Min(u32),
    /// Weight of the accumulator in its maximum with the operand.
    Weight(u32),
    Huber(u32),
    /// Euclidean norm of the operands in this part of the list (start, length).
    Norm(u32, u32),
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instruction {
    /// What is put into the accumulator first.
    pub(super) load: u32,
    pub(super) code: Code,
    /// The slot that the accumulator then goes to, counted from 0.
    pub(super) store: u32,
    /// The variable whose derivative the accumulator then is.
    pub(super) result: u32,
}

/// Runs `code` on the lanes from `c` on.
#[inline(always)]
pub(super) fn run<V: Vector, B: BorrowMut<Block>>(
    code: &[Instruction],
    lists: &[u32],
    x: &[B],
    slots: &mut [Aligned],
    out: &mut [B],
    c: usize,
) {
    let mut acc = V::constant(0.0);
    for instruction in code {
        if instruction.load != NONE {
            acc = at::<V, B>(x, slots, instruction.load, c);
        }
        acc = match instruction.code {
            Code::Keep => acc,
            Code::Neg => -acc,
            Code::Square => acc * acc,
            Code::Sqrt => acc.sqrt(),
            Code::Library(f) => by_number(acc, |numbers| library(f, numbers)),
            Code::Powi(n) => acc.powi(n),
            Code::Powf(p) => by_number(acc, |numbers| powf(p, numbers)),
            Code::Abs => acc.abs(),
            Code::Relu => acc.relu(),
            Code::Sign => acc.sign(),
            Code::AbsSlope => acc.abs_slope(),
            Code::ReluSlope => acc.relu_slope(),
            Code::Constant(c) => V::constant(c),
            Code::AddConstant(c) => acc + V::constant(c),
            Code::SubFrom(c) => V::constant(c) - acc,
            Code::MulConstant(c) => V::constant(c) * acc,
            Code::Add(b) => acc + at::<V, B>(x, slots, b, c),
            Code::Sub(b) => acc - at::<V, B>(x, slots, b, c),
            Code::Reversed(a) => at::<V, B>(x, slots, a, c) - acc,
            Code::Mul(b) => acc * at::<V, B>(x, slots, b, c),
            Code::Div(b) => acc / at::<V, B>(x, slots, b, c),
            Code::Pow(b) => {
                let mut exponents = [0.0; LANES];
                at::<V, B>(x, slots, b, c).store(&mut exponents);
                by_number(acc, |numbers| pow(&exponents, numbers))
            }
            Code::Max(b) => acc.max(at::<V, B>(x, slots, b, c)),
            Code::Min(b) => acc.min(at::<V, B>(x, slots, b, c)),
            Code::Weight(b) => acc.max_weight(at::<V, B>(x, slots, b, c)),
            Code::Huber(b) => acc.huber(at::<V, B>(x, slots, b, c)),
            Code::Norm(start, length) => {
                let mut sum = V::constant(0.0);
                for &a in &lists[start as usize..][..length as usize] {
                    let x: V = at::<V, B>(x, slots, a, c);
                    sum = sum + x * x;
                }
                sum.sqrt()
            }
        };
        if instruction.store != NONE {
            acc.store(&mut slots[instruction.store as usize].0[c..]);
        }
        if instruction.result != NONE {
            acc.store(&mut out[instruction.result as usize].borrow_mut()[c..]);
        }
    }
}

/// Operand `a`. No closure: one may end up in a function of its own, outside of the vector unit.
#[inline(always)]
fn at<V: Vector, B: Borrow<Block>>(x: &[B], slots: &[Aligned], a: u32, c: usize) -> V {
    match (a as usize).checked_sub(x.len()) {
        None => V::load(&x[a as usize].borrow()[c..]),
        Some(slot) => V::load(&slots[slot].0[c..]),
    }
}

/// Through memory, so that the accumulator need not survive calls in registers.
#[inline(always)]
fn by_number<V: Vector>(acc: V, change: impl FnOnce(&mut [f64])) -> V {
    let mut numbers = [0.0; LANES];
    acc.store(&mut numbers);
    change(&mut numbers[..V::LANES]);
    V::load(&numbers)
}

#[inline(never)]
fn library(f: Unary, numbers: &mut [f64]) {
    numbers.iter_mut().for_each(|x| *x = f.value(*x));
}

#[inline(never)]
fn powf(p: f64, numbers: &mut [f64]) {
    numbers.iter_mut().for_each(|x| *x = x.powf(p));
}

#[inline(never)]
fn pow(exponents: &Block, numbers: &mut [f64]) {
    numbers.iter_mut().zip(exponents).for_each(|(x, y)| *x = x.powf(*y));
}
