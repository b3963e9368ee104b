//! Tapes: a formula as a flat list of operations, each of which writes one slot and reads earlier ones.
//!
//! A tape comes from the parser ([`crate::Expression::tape`]) or from any formula ([`Tape::record`]). It is evaluated
//! in any [`Scalar`] arithmetic, one point at a time or operation by operation over blocks of points
//! ([`Tape::gradient_block`]); its gradient is one reverse sweep, whatever the dimension. It knows its kink
//! surfaces, and on request evaluates the smooth piece on a chosen side of each.

mod block;
mod builder;
mod machine;
mod op;
mod program;
mod recorder;
mod schedule;
mod sweep;

use crate::{formula::Formula, scalar::Scalar};

pub use block::{Aligned, Block, BlockScratch, LANES};
pub use builder::Builder;
pub use op::Unary;
pub use program::{GradientProgram, ProgramScratch};
pub use recorder::Recorder;

use op::Op;
use sweep::{Forced, Selected, Softened};

/// Which primitive makes a kink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KinkKind {
    /// |x|: surface x = 0.
    Abs,
    /// max(x, 0): surface x = 0.
    Relu,
    /// max(x, y): surface x − y = 0.
    Max,
    /// min(x, y): surface x − y = 0.
    Min,
    /// sign(x): surface x = 0, where the value itself jumps.
    Sign,
}

/// A surface {x : g(x) = 0} across which J may fail to be differentiable. Huber's function makes none (it is
/// continuously differentiable), nor does a Euclidean norm (its kink is a point of its arguments, not a surface).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KinkSurface {
    /// The primitive.
    pub kind: KinkKind,
    /// Column of the primitive in the expression, from 1, where the tape comes from one.
    pub column: Option<u32>,
    first: u32,
    second: Option<u32>,
}

/// A formula as a list of operations.
#[derive(Debug, Clone, PartialEq)]
pub struct Tape {
    dimension: usize,
    ops: Vec<Op>,
    /// Whether the slot depends on a variable.
    active: Vec<bool>,
    /// Operands of the norms.
    lists: Vec<u32>,
    kinks: Vec<KinkSurface>,
    output: u32,
}

/// Slots and adjoints of one evaluation, to be used again in the next; it fits itself to the tape.
#[derive(Debug, Clone, Default)]
pub struct Scratch<S> {
    slots: Vec<S>,
    adjoints: Vec<S>,
    buffer: Vec<S>,
}

impl<S: Scalar> Scratch<S> {
    /// An empty scratch; it allocates in its first use.
    pub fn new() -> Self {
        Self { slots: Vec::new(), adjoints: Vec::new(), buffer: Vec::new() }
    }

    fn fit(&mut self, length: usize) {
        self.slots.resize(length, S::constant(0.0));
        self.adjoints.resize(length, S::constant(0.0));
    }
}

impl Tape {
    /// Runs a formula on the recording scalar.
    pub fn record<F: Formula + ?Sized>(formula: &F) -> Self {
        recorder::record(formula)
    }

    /// n.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of operations, inputs and constants included.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether there is no operation; never the case for a tape made by a builder.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The kink surfaces, in the order in which the operations run.
    pub fn kinks(&self) -> &[KinkSurface] {
        &self.kinks
    }

    /// Whether the tape contains a Huber function (gradient continuous, Hessian not).
    pub fn has_huber(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Huber(..)))
    }

    /// Whether the tape contains a Euclidean norm (not differentiable where all its arguments vanish).
    pub fn has_norm(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Norm(..)))
    }

    /// Whether every operation is definable in the real field with exp, so that J is tame. Sine, cosine and tangent are not, since they vanish at infinitely many places; a
    /// function that uses them on a bounded set alone may be tame all the same.
    pub fn is_definable(&self) -> bool {
        let periodic = |op: &Op| matches!(op, Op::Unary(Unary::Sin | Unary::Cos | Unary::Tan, ..));
        !self.ops.iter().any(periodic)
    }

    /// J(x); `x` has length n.
    pub fn value_with<S: Scalar>(&self, x: &[S], scratch: &mut Scratch<S>) -> S {
        self.forward(x, scratch, &Selected);
        scratch.slots[self.output as usize]
    }

    /// J(x), and the selected element of ∂J(x) in `out`; `x` and `out` have length n. On dual numbers the dual part of
    /// the gradient is a Hessian-vector product.
    pub fn gradient_with<S: Scalar>(&self, x: &[S], scratch: &mut Scratch<S>, out: &mut [S]) -> S {
        self.forward(x, scratch, &Selected);
        self.reverse(scratch, out, &Selected);
        scratch.slots[self.output as usize]
    }

    /// Value and gradient at `x` of the smooth piece named by `signs`, one entry per kink surface g: +1 takes the
    /// branch that holds where g > 0 and −1 the one where g < 0, whatever the sign of g(x), so that a piece goes on
    /// beyond its region; 0 leaves the choice to g(x) and the selection. On a surface this is the gradient from that side.
    pub fn gradient_on_piece<S: Scalar>(
        &self,
        x: &[S],
        signs: &[i8],
        scratch: &mut Scratch<S>,
        out: &mut [S],
    ) -> S {
        self.forward(x, scratch, &Forced(signs));
        self.reverse(scratch, out, &Forced(signs));
        scratch.slots[self.output as usize]
    }

    /// Value and gradient of J with every kink smoothed over `width` > 0: |x| becomes x²/(2·width) for |x| ≤ width and
    /// |x| − width/2 beyond, its Moreau envelope; max(x, 0) = (x + |x|)/2 and max, min likewise. Continuously
    /// differentiable except where J itself jumps.
    pub fn gradient_smoothed<S: Scalar>(
        &self,
        x: &[S],
        width: f64,
        scratch: &mut Scratch<S>,
        out: &mut [S],
    ) -> S {
        self.forward(x, scratch, &Softened(width));
        self.reverse(scratch, out, &Softened(width));
        scratch.slots[self.output as usize]
    }

    /// g(x) for each kink surface as the piece named by `signs` has it (a kink inside the argument of another one takes
    /// its forced side), and the gradients of those in `which` in `normals`, one row of length n each. Returns J(x) of
    /// the piece. On dual numbers the dual parts are derivatives along a direction.
    pub fn kinks_on_piece<S: Scalar>(
        &self,
        x: &[S],
        signs: &[i8],
        which: &[usize],
        scratch: &mut Scratch<S>,
        values: &mut [S],
        normals: &mut [S],
    ) -> S {
        let sides = Forced(signs);
        self.forward(x, scratch, &sides);
        self.read_kinks(scratch, values);
        for (&kink, row) in which.iter().zip(normals.chunks_mut(self.dimension)) {
            let KinkSurface { first, second, .. } = self.kinks[kink];
            match second {
                None => self.reverse_from(&[(first, 1.0)], scratch, row, &sides),
                Some(second) => self.reverse_from(&[(first, 1.0), (second, -1.0)], scratch, row, &sides),
            }
        }
        scratch.slots[self.output as usize]
    }

    /// g(x) for each kink surface; `out` has as many entries as there are surfaces.
    pub fn kink_values<S: Scalar>(&self, x: &[S], scratch: &mut Scratch<S>, out: &mut [S]) {
        self.forward(x, scratch, &Selected);
        self.read_kinks(scratch, out);
    }

    fn read_kinks<S: Scalar>(&self, scratch: &Scratch<S>, out: &mut [S]) {
        for (target, kink) in out.iter_mut().zip(&self.kinks) {
            let first = scratch.slots[kink.first as usize];
            *target = kink.second.map_or(first, |second| first - scratch.slots[second as usize]);
        }
    }

    /// The smallest Euclidean norm that occurs in the evaluation at `x`; infinite without norms. Where it is 0, J has a
    /// kink that is no surface.
    pub fn smallest_norm(&self, x: &[f64], scratch: &mut Scratch<f64>) -> f64 {
        self.forward(x, scratch, &Selected);
        let norms = self.ops.iter().zip(&scratch.slots).zip(&self.active);
        norms
            .filter(|((op, _), active)| matches!(op, Op::Norm(..)) && **active)
            .fold(f64::INFINITY, |least, ((_, value), _)| dinlab_numeric::min(least, *value))
    }
}

/// A tape is again a formula; evaluations through this view allocate their scratch.
impl Formula for Tape {
    fn dimension(&self) -> usize {
        self.dimension
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        self.value_with(x, &mut Scratch::new())
    }
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        self.gradient_with(x, &mut Scratch::new(), out);
    }
}
