//! From operations to instructions of the accumulator machine: their order, and what goes through memory.

use super::{
    machine::{Code, Instruction, NONE},
    op::{Kinked, Op, Slope, Unary},
};

/// Instructions for `ops`, whose operands are variables below `n` and results of earlier operations from there on; result
/// `outputs[i]` is the derivative by variable i. Also the operands of norms, and the number of slots.
pub(super) fn schedule(
    n: usize,
    ops: &[Op],
    lists: &[u32],
    outputs: &[u32],
) -> (Vec<Instruction>, Vec<u32>, usize) {
    let mut writer =
        Writer { n, ops, lists, at: vec![NONE; ops.len()], code: Vec::new(), operands: Vec::new() };
    for (variable, &output) in (0..).zip(outputs) {
        writer.compute(output);
        writer.deliver(output, variable);
    }
    let Writer { mut code, at, mut operands, .. } = writer;
    let slots = assign_slots(n, &mut code, &at, &mut operands);
    (code, operands, slots)
}

struct Writer<'a> {
    n: usize,
    ops: &'a [Op],
    lists: &'a [u32],
    /// The instruction that computes each operation; [`NONE`] for those that wait.
    at: Vec<u32>,
    code: Vec<Instruction>,
    /// Operands of the norms in `code`, each norm with a part of its own.
    operands: Vec<u32>,
}

impl Writer<'_> {
    /// Whether what is called `a` has been computed.
    fn known(&self, a: u32) -> bool {
        (a as usize).checked_sub(self.n).is_none_or(|i| self.at[i] != NONE)
    }

    /// Writes `a` and all that it needs, depth first; of two operands the first comes last, so that the accumulator holds it.
    fn compute(&mut self, a: u32) {
        let mut stack = vec![a];
        while let Some(&top) = stack.last() {
            if self.known(top) {
                stack.pop();
                continue;
            }
            let op = self.ops[top as usize - self.n];
            let before = stack.len();
            op.operands(self.lists, |b| {
                if !self.known(b) {
                    stack.push(b);
                }
            });
            // The last one pushed is computed first: the second operand.
            if stack.len() == before {
                self.write(top, op);
                stack.pop();
            }
        }
    }

    fn write(&mut self, name: u32, op: Op) {
        let i = name as usize - self.n;
        self.at[i] = self.code.len() as u32;
        // What the accumulator holds before this instruction.
        let holds = |a: u32| {
            (a as usize)
                .checked_sub(self.n)
                .is_some_and(|b| self.at[b] != NONE && self.at[b] + 1 == self.at[i])
        };
        let one = |a: u32, code: Code| (if holds(a) { NONE } else { a }, code);
        let either =
            |a: u32, b: u32, code: fn(u32) -> Code, swapped: fn(u32) -> Code| match (holds(a), holds(b)) {
                (false, true) => (NONE, swapped(a)),
                (true, _) => (NONE, code(b)),
                _ => (a, code(b)),
            };
        let in_order = |a: u32, b: u32, code: fn(u32) -> Code| (if holds(a) { NONE } else { a }, code(b));
        let (load, code) = match op {
            // Variables have no operation of their own here.
            Op::Input(a) => (a, Code::Keep),
            Op::Constant(c) => (NONE, Code::Constant(c)),
            Op::Unary(f, a) => one(
                a,
                match f {
                    Unary::Neg => Code::Neg,
                    Unary::Square => Code::Square,
                    Unary::Sqrt => Code::Sqrt,
                    _ => Code::Library(f),
                },
            ),
            Op::AddConstant(a, c) => one(a, Code::AddConstant(c)),
            Op::SubFrom(a, c) => one(a, Code::SubFrom(c)),
            Op::MulConstant(a, c) => one(a, Code::MulConstant(c)),
            Op::Powi(a, n) => one(a, Code::Powi(n)),
            Op::Powf(a, p) => one(a, Code::Powf(p)),
            Op::Kinked(Kinked::Abs, a, _) => one(a, Code::Abs),
            Op::Kinked(Kinked::Relu, a, _) => one(a, Code::Relu),
            Op::Kinked(Kinked::Sign, a, _) => one(a, Code::Sign),
            Op::Slope(Slope::Abs, a) => one(a, Code::AbsSlope),
            Op::Slope(Slope::Relu, a) => one(a, Code::ReluSlope),
            Op::Add(a, b) => either(a, b, Code::Add, Code::Add),
            Op::Sub(a, b) => either(a, b, Code::Sub, Code::Reversed),
            Op::Mul(a, b) => either(a, b, Code::Mul, Code::Mul),
            Op::Div(a, b) => in_order(a, b, Code::Div),
            Op::Pow(a, b) => in_order(a, b, Code::Pow),
            Op::Max(a, b, _) => in_order(a, b, Code::Max),
            Op::Min(a, b, _) => in_order(a, b, Code::Min),
            Op::Weight(a, b) => in_order(a, b, Code::Weight),
            Op::Huber(a, d) => in_order(a, d, Code::Huber),
            Op::Norm(start, length) => {
                let own = self.operands.len() as u32;
                self.operands.extend_from_slice(&self.lists[start as usize..][..length as usize]);
                (NONE, Code::Norm(own, length))
            }
        };
        self.code.push(Instruction { load, code, store: NONE, result: NONE });
    }

    /// Makes `a`, which is known, the derivative by `variable`.
    fn deliver(&mut self, a: u32, variable: u32) {
        if let Some(i) = (a as usize).checked_sub(self.n) {
            let own = &mut self.code[self.at[i] as usize];
            if own.result == NONE {
                own.result = variable;
                return;
            }
        }
        self.code.push(Instruction { load: a, code: Code::Keep, store: NONE, result: variable });
    }
}

/// Calls `visit` with every operand that an instruction reads from memory.
fn read(instruction: &mut Instruction, operands: &mut [u32], mut visit: impl FnMut(&mut u32)) {
    if instruction.load != NONE {
        visit(&mut instruction.load);
    }
    match &mut instruction.code {
        Code::Add(b)
        | Code::Sub(b)
        | Code::Reversed(b)
        | Code::Mul(b)
        | Code::Div(b)
        | Code::Pow(b)
        | Code::Max(b)
        | Code::Min(b)
        | Code::Weight(b)
        | Code::Huber(b) => visit(b),
        Code::Norm(start, length) => {
            operands[*start as usize..][..*length as usize].iter_mut().for_each(visit);
        }
        _ => {}
    }
}

/// Gives slots to the results that are read from memory, one after the other to the same slot where their lives allow it, and
/// names operands by slots. Returns the number of slots.
fn assign_slots(n: usize, code: &mut [Instruction], at: &[u32], operands: &mut [u32]) -> usize {
    // The last instruction that reads what each instruction computes; 0 for none.
    let mut last = vec![0; code.len()];
    for (i, instruction) in code.iter_mut().enumerate() {
        read(instruction, operands, |a| {
            if let Some(op) = (*a as usize).checked_sub(n) {
                last[at[op] as usize] = i;
            }
        });
    }
    let (mut free, mut slots, mut slot_of) = (Vec::new(), 0, vec![NONE; code.len()]);
    let mut ending: Vec<Vec<u32>> = vec![Vec::new(); code.len()];
    for i in 0..code.len() {
        read(&mut code[i], operands, |a| {
            if let Some(op) = (*a as usize).checked_sub(n) {
                *a = n as u32 + slot_of[at[op] as usize];
            }
        });
        free.append(&mut ending[i]);
        if last[i] > 0 {
            let slot = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            (slot_of[i], code[i].store) = (slot, slot);
            ending[last[i]].push(slot);
        }
    }
    slots as usize
}
