//! What whoever adds an objective writes.

use crate::scalar::{dual::Dual, Scalar};

/// Up to this dimension the default gradient keeps its scratch on the stack.
const ON_STACK: usize = 8;

/// A function J: ℝⁿ → ℝ as code that runs in any [`Scalar`] arithmetic.
///
/// Mark the implementations of `value` and `gradient`, and the functions they call, `#[inline(always)]`: only then are they
/// compiled into the kernels of [`crate::lanes`] for wider vector units than the program as a whole may assume. Without it
/// they are right but slow there.
pub trait Formula: Send + Sync {
    /// n.
    fn dimension(&self) -> usize;

    /// J(x); `x` has length n.
    fn value<S: Scalar>(&self, x: &[S]) -> S;

    /// An element of the generalised gradient, chosen by the selection in force; `x` and `out` have length n.
    /// The default differentiates [`Formula::value`] with ⌈n/4⌉ forward sweeps: override it where O(n) sweeps cost
    /// too much.
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        forward_gradient(self, x, out);
    }
}

/// The default of [`Formula::gradient`]: forward differentiation of the value. Where a formula overrides its gradient
/// the tests compare the two.
#[inline(always)]
pub fn forward_gradient<F: Formula + ?Sized, S: Scalar>(formula: &F, x: &[S], out: &mut [S]) {
    // As many directions as there are variables, up to four: idle ones cost as much as used ones.
    match x.len() {
        n @ 0..=1 => sweep(formula, x, out, &mut [Dual::<S, 1>::constant(0.0); 1][..n]),
        2 => sweep(formula, x, out, &mut [Dual::<S, 2>::constant(0.0); 2]),
        n @ 3..=ON_STACK => sweep(formula, x, out, &mut [Dual::<S, 4>::constant(0.0); ON_STACK][..n]),
        n => sweep(formula, x, out, &mut vec![Dual::<S, 4>::constant(0.0); n]),
    }
}

#[inline(always)]
fn sweep<F: Formula + ?Sized, S: Scalar, const N: usize>(
    formula: &F,
    x: &[S],
    out: &mut [S],
    scratch: &mut [Dual<S, N>],
) {
    for (target, &v) in scratch.iter_mut().zip(x) {
        *target = Dual::lift(v);
    }
    for first in (0..x.len()).step_by(N) {
        let block = N.min(x.len() - first);
        for i in 0..block {
            scratch[first + i].eps[i] = S::constant(1.0);
        }
        let derivatives = formula.value(scratch).eps;
        for i in 0..block {
            out[first + i] = derivatives[i];
            scratch[first + i].eps[i] = S::constant(0.0);
        }
    }
}
