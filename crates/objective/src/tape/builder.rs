//! Builds tapes: equal operations share one slot, exact constant operations are folded, constants are put into
//! the operation that uses them, and what does not reach the result is dropped.
//!
//! Only exact results are folded (so that a tape means the same in interval arithmetic), and no rewriting
//! changes a result in `f64`.

use std::collections::HashMap;

use super::{
    op::{Kinked, Op, Slope, Unary, NO_KINK},
    KinkKind, KinkSurface, Tape,
};

/// A tape under construction. Slots are returned and taken as numbers; those of another builder must not be used.
#[derive(Debug, Default)]
pub struct Builder {
    dimension: usize,
    ops: Vec<Op>,
    columns: Vec<Option<u32>>,
    lists: Vec<u32>,
    slots: HashMap<(u8, u32, u32, u64), u32>,
    column: Option<u32>,
}

impl Builder {
    /// A tape of `dimension` variables.
    pub fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    /// The column in the expression of the operations that follow.
    pub fn mark_column(&mut self, column: u32) {
        self.column = Some(column);
    }

    fn push(&mut self, op: Op) -> u32 {
        let next = self.ops.len() as u32;
        let slot = match key(op) {
            Some(key) => *self.slots.entry(key).or_insert(next),
            None => next,
        };
        if slot == next {
            self.ops.push(op);
            self.columns.push(self.column);
        }
        slot
    }

    fn known(&self, slot: u32) -> Option<f64> {
        match self.ops[slot as usize] {
            Op::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn known_pair(&self, a: u32, b: u32) -> Option<(f64, f64)> {
        self.known(a).zip(self.known(b))
    }

    /// Variable number `variable` (from 0).
    pub fn input(&mut self, variable: u32) -> u32 {
        self.push(Op::Input(variable))
    }

    /// A constant.
    pub fn constant(&mut self, value: f64) -> u32 {
        self.push(Op::Constant(value))
    }

    /// A smooth function of one argument.
    pub fn unary(&mut self, function: Unary, a: u32) -> u32 {
        let folded = self.known(a).and_then(|x| match function {
            Unary::Neg => Some(-x),
            Unary::Square => exact_product(x, x),
            Unary::Sqrt => Some(x.sqrt()).filter(|root| exact_product(*root, *root) == Some(x)),
            _ => None,
        });
        match folded {
            Some(value) => self.constant(value),
            None => self.push(Op::Unary(function, a)),
        }
    }

    /// a + b.
    pub fn add(&mut self, a: u32, b: u32) -> u32 {
        if let Some(value) = self.known_pair(a, b).and_then(|(x, y)| exact_sum(x, y)) {
            return self.constant(value);
        }
        match (self.known(a), self.known(b)) {
            (_, Some(c)) => self.push(Op::AddConstant(a, c)),
            (Some(c), None) => self.push(Op::AddConstant(b, c)),
            (None, None) => self.push(Op::Add(a, b)),
        }
    }

    /// a − b.
    pub fn sub(&mut self, a: u32, b: u32) -> u32 {
        if let Some(value) = self.known_pair(a, b).and_then(|(x, y)| exact_sum(x, -y)) {
            return self.constant(value);
        }
        match (self.known(a), self.known(b)) {
            (_, Some(c)) => self.push(Op::AddConstant(a, -c)),
            (Some(c), None) => self.push(Op::SubFrom(b, c)),
            (None, None) => self.push(Op::Sub(a, b)),
        }
    }

    /// a·b.
    pub fn mul(&mut self, a: u32, b: u32) -> u32 {
        if let Some(value) = self.known_pair(a, b).and_then(|(x, y)| exact_product(x, y)) {
            return self.constant(value);
        }
        match (self.known(a), self.known(b)) {
            (Some(c), _) => self.push(Op::MulConstant(b, c)),
            (None, Some(c)) => self.push(Op::MulConstant(a, c)),
            (None, None) if a == b => self.push(Op::Unary(Unary::Square, a)),
            (None, None) => self.push(Op::Mul(a, b)),
        }
    }

    /// a/b.
    pub fn div(&mut self, a: u32, b: u32) -> u32 {
        let exact = |(x, y): (f64, f64)| Some(x / y).filter(|q| exact_product(*q, y) == Some(x));
        if let Some(value) = self.known_pair(a, b).and_then(exact) {
            return self.constant(value);
        }
        // Division by a power of two is exact as a product.
        match self.known(b).filter(|c| c.is_normal() && exact_product(1.0 / c, *c) == Some(1.0)) {
            Some(c) if (1.0 / c).is_normal() => self.push(Op::MulConstant(a, 1.0 / c)),
            _ => self.push(Op::Div(a, b)),
        }
    }

    /// aⁿ for a whole number n.
    pub fn powi(&mut self, a: u32, n: i32) -> u32 {
        let whole = |x: f64| Some(x.powi(n)).filter(|r| n >= 0 && x == x.trunc() && r.abs() < 9.0e15);
        if let Some(value) = self.known(a).and_then(whole) {
            return self.constant(value);
        }
        match n {
            1 => a,
            2 => self.unary(Unary::Square, a),
            _ => self.push(Op::Powi(a, n)),
        }
    }

    /// aᵖ for a constant p.
    pub fn powf(&mut self, a: u32, p: f64) -> u32 {
        self.push(Op::Powf(a, p))
    }

    /// aᵇ.
    pub fn pow(&mut self, a: u32, b: u32) -> u32 {
        self.push(Op::Pow(a, b))
    }

    fn kinked(&mut self, function: Kinked, a: u32) -> u32 {
        let value = self.known(a).map(|x| {
            use crate::scalar::Scalar;
            match function {
                Kinked::Abs => x.abs(),
                Kinked::Relu => x.relu(),
                Kinked::Sign => x.sign(),
            }
        });
        match value {
            Some(value) => self.constant(value),
            None => self.push(Op::Kinked(function, a, NO_KINK)),
        }
    }

    /// |a|.
    pub fn abs(&mut self, a: u32) -> u32 {
        self.kinked(Kinked::Abs, a)
    }

    /// max(a, 0).
    pub fn relu(&mut self, a: u32) -> u32 {
        self.kinked(Kinked::Relu, a)
    }

    /// Sign of a.
    pub fn sign(&mut self, a: u32) -> u32 {
        self.kinked(Kinked::Sign, a)
    }

    /// Selected slope of |a|.
    pub fn abs_slope(&mut self, a: u32) -> u32 {
        self.push(Op::Slope(Slope::Abs, a))
    }

    /// Selected slope of max(a, 0).
    pub fn relu_slope(&mut self, a: u32) -> u32 {
        self.push(Op::Slope(Slope::Relu, a))
    }

    /// Weight of a in the selected subgradient of max(a, b).
    pub fn max_weight(&mut self, a: u32, b: u32) -> u32 {
        self.push(Op::Weight(a, b))
    }

    /// max(a, b).
    pub fn max(&mut self, a: u32, b: u32) -> u32 {
        match self.known_pair(a, b) {
            Some((x, y)) => self.constant(dinlab_numeric::max(x, y)),
            None => self.push(Op::Max(a, b, NO_KINK)),
        }
    }

    /// min(a, b).
    pub fn min(&mut self, a: u32, b: u32) -> u32 {
        match self.known_pair(a, b) {
            Some((x, y)) => self.constant(dinlab_numeric::min(x, y)),
            None => self.push(Op::Min(a, b, NO_KINK)),
        }
    }

    /// Huber's function of a with threshold d.
    pub fn huber(&mut self, a: u32, d: u32) -> u32 {
        self.push(Op::Huber(a, d))
    }

    /// Euclidean norm.
    pub fn norm(&mut self, operands: &[u32]) -> u32 {
        let start = self.lists.len() as u32;
        self.lists.extend(operands);
        self.push(Op::Norm(start, operands.len() as u32))
    }

    /// The tape whose value is that of slot `output`.
    pub fn finish(self, output: u32) -> Tape {
        let used = self.reachable(output);
        let mut tape = Tape {
            dimension: self.dimension,
            ops: Vec::new(),
            active: Vec::new(),
            lists: self.lists,
            kinks: Vec::new(),
            output: 0,
        };
        let mut renamed = vec![0_u32; self.ops.len()];
        let old_lists = tape.lists.clone();
        for (i, &op) in self.ops.iter().enumerate().filter(|(i, _)| used[*i]) {
            let mut active = matches!(op, Op::Input(_));
            op.operands(&old_lists, |a| active |= tape.active[renamed[a as usize] as usize]);
            let surface = if active { surface(op, &renamed, self.columns[i]) } else { None };
            let kink = surface.map_or(NO_KINK, |_| tape.kinks.len() as u32);
            tape.kinks.extend(surface);
            if let Op::Norm(start, length) = op {
                tape.lists[start as usize..(start + length) as usize]
                    .iter_mut()
                    .for_each(|a| *a = renamed[*a as usize]);
            }
            renamed[i] = tape.ops.len() as u32;
            tape.ops.push(op.renamed(|a| renamed[a as usize], kink));
            tape.active.push(active);
        }
        tape.output = renamed[output as usize];
        tape
    }

    /// The operations recorded so far, in order, and the operands of the norms.
    pub(super) fn into_operations(self) -> (Vec<Op>, Vec<u32>) {
        (self.ops, self.lists)
    }

    fn reachable(&self, output: u32) -> Vec<bool> {
        let mut used = vec![false; self.ops.len()];
        used[output as usize] = true;
        for i in (0..self.ops.len()).rev() {
            if used[i] {
                self.ops[i].operands(&self.lists, |a| used[a as usize] = true);
            }
        }
        used
    }
}

fn surface(op: Op, renamed: &[u32], column: Option<u32>) -> Option<KinkSurface> {
    let (kind, first, second) = match op {
        Op::Kinked(Kinked::Abs, a, _) => (KinkKind::Abs, a, None),
        Op::Kinked(Kinked::Relu, a, _) => (KinkKind::Relu, a, None),
        Op::Kinked(Kinked::Sign, a, _) => (KinkKind::Sign, a, None),
        Op::Max(a, b, _) => (KinkKind::Max, a, Some(b)),
        Op::Min(a, b, _) => (KinkKind::Min, a, Some(b)),
        _ => return None,
    };
    let new = |a: u32| renamed[a as usize];
    Some(KinkSurface { kind, column, first: new(first), second: second.map(new) })
}

/// Equal operations have equal keys; norms have none.
fn key(op: Op) -> Option<(u8, u32, u32, u64)> {
    Some(match op {
        Op::Input(v) => (0, v, 0, 0),
        Op::Constant(c) => (1, 0, 0, c.to_bits()),
        Op::Unary(f, a) => (2, a, f as u32, 0),
        Op::Add(a, b) => (3, a, b, 0),
        Op::Sub(a, b) => (4, a, b, 0),
        Op::Mul(a, b) => (5, a, b, 0),
        Op::Div(a, b) => (6, a, b, 0),
        Op::AddConstant(a, c) => (7, a, 0, c.to_bits()),
        Op::SubFrom(a, c) => (8, a, 0, c.to_bits()),
        Op::MulConstant(a, c) => (9, a, 0, c.to_bits()),
        Op::Powi(a, n) => (10, a, n as u32, 0),
        Op::Powf(a, p) => (11, a, 0, p.to_bits()),
        Op::Pow(a, b) => (12, a, b, 0),
        Op::Kinked(f, a, _) => (13, a, f as u32, 0),
        Op::Max(a, b, _) => (14, a, b, 0),
        Op::Min(a, b, _) => (15, a, b, 0),
        Op::Slope(f, a) => (16, a, f as u32, 0),
        Op::Weight(a, b) => (17, a, b, 0),
        Op::Huber(a, d) => (18, a, d, 0),
        Op::Norm(..) => return None,
    })
}

/// x + y if it is a floating-point number (Knuth's two-sum has no error term).
fn exact_sum(x: f64, y: f64) -> Option<f64> {
    let sum = x + y;
    let part = sum - x;
    let error = (x - (sum - part)) + (y - part);
    (sum.is_finite() && error == 0.0).then_some(sum)
}

/// x·y if it is a floating-point number. Results near the underflow threshold are left alone: the error term of a
/// product may vanish there.
fn exact_product(x: f64, y: f64) -> Option<f64> {
    let product = x * y;
    let safe = product.is_finite() && (product.abs() > 1e-250 || x == 0.0 || y == 0.0);
    (safe && x.mul_add(y, -product) == 0.0).then_some(product)
}
