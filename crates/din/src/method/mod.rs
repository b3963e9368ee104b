//! One integration method a file, behind one interface; step-size control and output live in the driver.

mod collocation;
pub(crate) mod dop853;
mod dop853_table;
pub(crate) mod dopri5;
mod explicit;
pub(crate) mod linear;
#[cfg(test)]
mod order_tests;
pub(crate) mod radau;
mod radau_table;
mod resolvent;

use crate::system::System;

/// Tolerances of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    pub rtol: f64,
    pub atol: f64,
}

impl Tolerance {
    /// Weight of one component: atol + rtol·max(|y|, |next|), where only `next` may be NaN.
    #[inline(always)]
    pub(crate) fn scale(self, y: f64, next: f64) -> f64 {
        let (y, next) = (y.abs(), next.abs());
        self.atol + self.rtol * if y > next { y } else { next }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Attempt {
    /// The step was computed; its error in units of the tolerance.
    Done {
        /// ≤ 1 is acceptable.
        error: f64,
    },
    /// A stage was not finite.
    NonFinite,
    /// The nonlinear equations could not be solved; try this fraction of the step.
    Unsolved {
        /// Factor for the step; 1 to try it again.
        factor: f64,
    },
}

/// Constants of the step-size controller h ← h·safety·err^(−k_i)·err_old^(k_p).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control {
    /// Order of the error estimate plus one.
    pub error_order: f64,
    /// Proportional part (Hairer's β).
    pub proportional: f64,
    /// Smallest factor of one change.
    pub shrink: f64,
    /// Largest factor of one change.
    pub grow: f64,
    /// A step that would grow by less than this factor is kept as it is.
    pub hold: f64,
}

/// Evaluations made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub evaluations: u64,
    pub jacobians: u64,
    pub factorisations: u64,
}

/// A one-step method with dense output. Calls come in the order `begin`, then any number of `attempt`, and
/// `accept` after the attempt that was good enough. `dense` is valid from `accept` to the next `attempt`.
pub(crate) trait Method {
    fn control(&self) -> Control;
    /// Starts at (t, y), where f(t, y) = slope.
    fn begin(&mut self, slope: &[f64]);
    /// Tries the step h from (t, y).
    fn attempt(
        &mut self,
        system: &mut dyn System,
        t: f64,
        y: &[f64],
        h: f64,
        tolerance: Tolerance,
    ) -> Attempt;
    /// The new state of the last attempt.
    fn candidate(&self) -> &[f64];
    /// Takes the last attempt. `dense` says whether dense output of this step will be asked for.
    fn accept(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64, dense: bool);
    /// State at the fraction s of the accepted step.
    fn dense(&self, s: f64, out: &mut [f64]);
    /// h·(largest eigenvalue estimate) of the last attempt, where the method gives one for free.
    fn stiffness(&self) -> Option<f64> {
        None
    }
    /// f at the end of the accepted step.
    fn slope(&self) -> &[f64];
    fn cost(&self) -> Cost;
}

/// Memory of a vector of the state's length. Arrays serve the usual small lengths: the same code then runs with
/// lengths known to the compiler, in registers and without loops.
pub(crate) trait Storage: AsRef<[f64]> + AsMut<[f64]> {
    /// The zero vector of length n, which for arrays must be their length.
    fn zero(n: usize) -> Self;
}

impl<const N: usize> Storage for [f64; N] {
    fn zero(n: usize) -> Self {
        assert_eq!(n, N, "array of another length");
        [0.0; N]
    }
}

impl Storage for Vec<f64> {
    fn zero(n: usize) -> Self {
        vec![0.0; n]
    }
}

/// Components handled together, for vector instructions.
const BLOCK: usize = 4;

/// out ← y + Σ (haⱼ)kⱼ, with the sum in the order of the stages for every component. The last stage is what the
/// processor waits for: two operations follow it.
#[inline(always)]
pub(crate) fn combine<V: Storage, const S: usize>(out: &mut V, y: &[f64], h: f64, k: [&V; S], a: [f64; S]) {
    let out = out.as_mut();
    let n = out.len();
    let y = &y[..n];
    let a = a.map(|a| h * a);
    let whole = n - n % BLOCK;
    for first in (0..whole).step_by(BLOCK) {
        let mut sum = [0.0; BLOCK];
        for j in 0..S {
            let k = &k[j].as_ref()[first..first + BLOCK];
            for i in 0..BLOCK {
                sum[i] += a[j] * k[i];
            }
        }
        let (out, y) = (&mut out[first..first + BLOCK], &y[first..first + BLOCK]);
        for i in 0..BLOCK {
            out[i] = y[i] + sum[i];
        }
    }
    for i in whole..n {
        let mut sum = 0.0;
        for j in 0..S {
            sum += a[j] * k[j].as_ref()[i];
        }
        out[i] = y[i] + sum;
    }
}
