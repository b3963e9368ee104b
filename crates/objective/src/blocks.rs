//! Values and gradients at a block of points at once, see [`crate::lanes`].

use crate::{
    formula::Formula,
    lanes::{widest, Kernel, Vector},
    oracle::Oracle,
    scalar::selection::Selection,
    tape::{Block, BlockScratch, GradientProgram, ProgramScratch, Tape, LANES},
};

/// As [`Oracle`], for [`LANES`] points; one block per coordinate. Each lane has the bits that the oracle of the same
/// objective gives, payloads of NaN and signs of zero excepted.
pub trait BlockOracle {
    /// J at the points; `x` has n blocks.
    fn values(&mut self, x: &[Block], out: &mut Block);

    /// The selected elements of ∂J at the points; `x` and `out` have n blocks.
    fn gradients(&mut self, x: &[Block], out: &mut [Block]);

    /// The program that computes the gradients, and the selection at kinks, where there is one: for loops of steps that
    /// look at it themselves.
    fn program(&self) -> Option<(&GradientProgram, Selection)> {
        None
    }
}

/// Most variables that are kept on the stack.
const ON_STACK: usize = 4;

/// Blocks by way of a formula in lanes.
pub(crate) struct FormulaBlocks<'a, F> {
    pub(crate) formula: &'a F,
    pub(crate) selection: Selection,
}

struct Gradients<'a, F> {
    formula: &'a F,
    x: &'a [Block],
    out: &'a mut [Block],
}

impl<F: Formula> Kernel for Gradients<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let (n, zero) = (self.x.len(), V::constant(0.0));
        if n == 2 {
            // Lengths that the compiler knows.
            for first in (0..LANES).step_by(V::LANES) {
                let x = [V::load(&self.x[0][first..]), V::load(&self.x[1][first..])];
                let mut v = [zero; 2];
                self.formula.gradient(&x, &mut v);
                v[0].store(&mut self.out[0][first..]);
                v[1].store(&mut self.out[1][first..]);
            }
            return;
        }
        let (mut on_stack, mut on_heap) = ([zero; 2 * ON_STACK], Vec::new());
        let scratch = match n {
            0..=ON_STACK => &mut on_stack[..2 * n],
            _ => {
                on_heap.resize(2 * n, zero);
                &mut on_heap[..]
            }
        };
        let (point, v) = scratch.split_at_mut(n);
        for first in (0..LANES).step_by(V::LANES) {
            for (target, block) in point.iter_mut().zip(self.x) {
                *target = V::load(&block[first..]);
            }
            self.formula.gradient(point, v);
            for (value, block) in v.iter().zip(&mut *self.out) {
                value.store(&mut block[first..]);
            }
        }
    }
}

struct Values<'a, F> {
    formula: &'a F,
    x: &'a [Block],
    out: &'a mut Block,
}

impl<F: Formula> Kernel for Values<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut point = vec![V::constant(0.0); self.x.len()];
        for first in (0..LANES).step_by(V::LANES) {
            for (target, block) in point.iter_mut().zip(self.x) {
                *target = V::load(&block[first..]);
            }
            self.formula.value(&point).store(&mut self.out[first..]);
        }
    }
}

impl<F: Formula> BlockOracle for FormulaBlocks<'_, F> {
    fn values(&mut self, x: &[Block], out: &mut Block) {
        widest(Values { formula: self.formula, x, out });
    }
    fn gradients(&mut self, x: &[Block], out: &mut [Block]) {
        self.selection.during(|| widest(Gradients { formula: self.formula, x, out }));
    }
}

/// Blocks by way of a tape, operation by operation; its gradient is a program of its own.
pub(crate) struct TapeBlocks<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) program: &'a GradientProgram,
    pub(crate) selection: Selection,
    pub(crate) scratch: BlockScratch,
    pub(crate) slots: ProgramScratch,
}

impl BlockOracle for TapeBlocks<'_> {
    fn values(&mut self, x: &[Block], out: &mut Block) {
        self.tape.value_block(x, &mut self.scratch, out);
    }
    fn gradients(&mut self, x: &[Block], out: &mut [Block]) {
        let Self { program, selection, slots, .. } = self;
        selection.during(|| program.run(x, slots, out));
    }
    fn program(&self) -> Option<(&GradientProgram, Selection)> {
        Some((self.program, self.selection))
    }
}

/// Blocks by way of a scalar oracle, point by point: for objectives that are no formula.
pub(crate) struct PointBlocks<'a> {
    pub(crate) oracle: Box<dyn Oracle + 'a>,
    pub(crate) point: Vec<f64>,
    pub(crate) gradient: Vec<f64>,
}

impl PointBlocks<'_> {
    fn take(&mut self, x: &[Block], lane: usize) {
        for (target, block) in self.point.iter_mut().zip(x) {
            *target = block[lane];
        }
    }
}

impl BlockOracle for PointBlocks<'_> {
    fn values(&mut self, x: &[Block], out: &mut Block) {
        for lane in 0..LANES {
            self.take(x, lane);
            out[lane] = self.oracle.value(&self.point);
        }
    }
    fn gradients(&mut self, x: &[Block], out: &mut [Block]) {
        for lane in 0..LANES {
            self.take(x, lane);
            self.oracle.gradient(&self.point, &mut self.gradient);
            for (block, value) in out.iter_mut().zip(&self.gradient) {
                block[lane] = *value;
            }
        }
    }
}
