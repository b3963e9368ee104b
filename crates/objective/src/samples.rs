//! Finite sums J = J_1 + … + J_N and their generalised gradients, term by term.
//!
//! **Convention.** The terms *add up* to the J that is registered; nothing is averaged behind the reader's back. Where J
//! is a mean over m samples the factor 1/m is inside each J_n, and what does not belong to a sample (a regulariser) is
//! spread evenly over the terms. So a batch B has Σ_{n∈B} v_n, vₙ ∈ ∂J_n, of mean p·D_J when each n lies in it with
//! probability p, and a framework's batch *mean* of the sample losses of a mean J is (1/p) Σ_{n∈B} v_n.
//!
//! Terms are counted from 0 in code.

use crate::{
    formula::Formula,
    oracle::Native,
    scalar::{dual::Dual, selection::Selection, Scalar},
    tape::Tape,
};

/// The view of an objective as a finite sum.
pub trait FiniteSum: Send + Sync {
    /// N.
    fn count(&self) -> usize;

    /// A fresh oracle of partial sums with its own scratch; make one per thread.
    fn oracle(&self) -> Box<dyn SampleOracle + '_>;

    /// J_n as a tape, with its kink surfaces and smooth pieces. Panics unless n < N.
    fn tape(&self, n: usize) -> Tape;
}

/// Values and derivatives of partial sums. `batch` lists terms n < N (panics otherwise); one that is listed twice counts
/// twice, and the empty batch gives 0. The generalised gradient of each term is the selected element of ∂J_n, so their
/// sum is an element of D_J = Σ ∂J_n, which need not lie in ∂J.
pub trait SampleOracle {
    /// Σ_{n∈batch} J_n(x).
    fn value(&mut self, batch: &[usize], x: &[f64]) -> f64;

    /// Σ_{n∈batch} v_n, v_n ∈ ∂J_n(x) as selected.
    fn gradient(&mut self, batch: &[usize], x: &[f64], out: &mut [f64]);

    /// Σ_{n∈batch} ∇²J_n(x)·direction, as `Oracle::hessian_vector` does it.
    fn hessian_vector(&mut self, batch: &[usize], x: &[f64], direction: &[f64], out: &mut [f64]);
}

/// A formula that is a finite sum.
pub trait Terms: Formula {
    /// N.
    fn count(&self) -> usize;

    /// J_n(x).
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S;

    /// Adds the selected element of ∂J_n(x) to `out`.
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]);

    /// Σ_{n∈batch} of those elements; to be overridden where the terms share work.
    fn batch_gradient<S: Scalar>(&self, batch: &[usize], x: &[S], out: &mut [S]) {
        out.fill(S::constant(0.0));
        for &n in batch {
            self.add_term_gradient(n, x, out);
        }
    }
}

impl<F: Terms> FiniteSum for Native<F> {
    fn count(&self) -> usize {
        self.formula().count()
    }
    fn oracle(&self) -> Box<dyn SampleOracle + '_> {
        let n = self.formula().dimension();
        Box::new(TermOracle {
            formula: self.formula(),
            selection: self.chosen(),
            point: vec![Dual::constant(0.0); n],
            image: vec![Dual::constant(0.0); n],
        })
    }
    fn tape(&self, n: usize) -> Tape {
        Tape::record(&OneTerm { formula: self.formula(), n })
    }
}

struct TermOracle<'a, F> {
    formula: &'a F,
    selection: Selection,
    point: Vec<Dual<f64, 1>>,
    image: Vec<Dual<f64, 1>>,
}

impl<F: Terms> SampleOracle for TermOracle<'_, F> {
    fn value(&mut self, batch: &[usize], x: &[f64]) -> f64 {
        batch.iter().fold(0.0, |total, &n| total + self.formula.term(n, x))
    }
    fn gradient(&mut self, batch: &[usize], x: &[f64], out: &mut [f64]) {
        self.selection.during(|| self.formula.batch_gradient(batch, x, out));
    }
    fn hessian_vector(&mut self, batch: &[usize], x: &[f64], direction: &[f64], out: &mut [f64]) {
        for ((target, &re), &e) in self.point.iter_mut().zip(x).zip(direction) {
            *target = Dual { re, eps: [e] };
        }
        self.selection.during(|| self.formula.batch_gradient(batch, &self.point, &mut self.image));
        for (target, image) in out.iter_mut().zip(&self.image) {
            *target = image.eps[0];
        }
    }
}

/// J_n alone.
struct OneTerm<'a, F> {
    formula: &'a F,
    n: usize,
}

impl<F: Terms> Formula for OneTerm<'_, F> {
    fn dimension(&self) -> usize {
        self.formula.dimension()
    }
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        self.formula.term(self.n, x)
    }
}
