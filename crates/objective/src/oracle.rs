//! What everyone above this crate uses: objectives as trait objects with one oracle per thread.

use std::{any::Any, sync::OnceLock};

use crate::{
    blocks::{BlockOracle, FormulaBlocks, PointBlocks},
    facts::Facts,
    formula::{forward_gradient, Formula},
    samples::{FiniteSum, Terms},
    scalar::{dual::Dual, selection::Selection, Scalar},
    tape::Tape,
};

/// An objective J: ℝⁿ → ℝ.
pub trait Objective: Send + Sync {
    /// Known facts.
    fn facts(&self) -> &Facts;

    /// A fresh oracle with its own scratch; make one per thread.
    fn oracle(&self) -> Box<dyn Oracle + '_>;

    /// The selection used at kinks.
    fn selection(&self) -> Selection;

    /// n.
    fn dimension(&self) -> usize {
        self.facts().dimension
    }

    /// Registry name with arguments.
    fn name(&self) -> &str {
        &self.facts().name
    }

    /// The gradient by forward differentiation of the value alone, whatever the formula says about its gradient: an
    /// independent second opinion. `None` where there is no formula to differentiate.
    fn gradient_from_value(&self, x: &[f64]) -> Option<Vec<f64>> {
        let _ = x;
        None
    }

    /// The formula as a tape: kink surfaces, smooth pieces, block evaluation. `None` where there is no formula.
    fn tape(&self) -> Option<&Tape> {
        None
    }

    /// A fresh oracle for blocks of points; make one per thread.
    fn blocks(&self) -> Box<dyn BlockOracle + '_> {
        let n = self.dimension();
        Box::new(PointBlocks { oracle: self.oracle(), point: vec![0.0; n], gradient: vec![0.0; n] })
    }

    /// The [`Native`] formula, for [`crate::registry::visit`]. `None` where there is none.
    fn native(&self) -> Option<&dyn Any> {
        None
    }

    /// J as a finite sum of J_n, with mini-batches. `None` where it is not given as one.
    fn samples(&self) -> Option<&dyn FiniteSum> {
        None
    }
}

/// Values and derivatives of one objective. All vectors have length n. Where J is not finite the results are
/// not finite either; nothing panics.
pub trait Oracle {
    /// n.
    fn dimension(&self) -> usize;

    /// J(x).
    fn value(&mut self, x: &[f64]) -> f64;

    /// The selected element of ∂J(x).
    fn gradient(&mut self, x: &[f64], out: &mut [f64]);

    /// ∇²J(x)·direction, exact where J is twice differentiable; the selection applied to ∇J elsewhere.
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]);

    /// Value and gradient together.
    fn value_gradient(&mut self, x: &[f64], out: &mut [f64]) -> f64 {
        self.gradient(x, out);
        self.value(x)
    }

    /// ∇²J(x), n×n in row-major order (symmetric up to rounding).
    fn hessian(&mut self, x: &[f64], out: &mut [f64]) {
        let n = self.dimension();
        let mut unit = vec![0.0; n];
        for i in 0..n {
            unit[i] = 1.0;
            self.hessian_vector(x, &unit, &mut out[i * n..(i + 1) * n]);
            unit[i] = 0.0;
        }
    }
}

/// An objective made of a [`Formula`], its facts and a selection.
#[derive(Debug, Clone)]
pub struct Native<F> {
    formula: F,
    facts: Facts,
    selection: Selection,
    /// Recorded when it is first asked for.
    tape: OnceLock<Tape>,
    /// The view as a finite sum, where the formula is one.
    samples: Option<fn(&Self) -> &dyn FiniteSum>,
}

impl<F: Formula> Native<F> {
    /// Wraps a formula. Panics if the facts state another dimension than the formula: that is a programming error.
    pub fn new(formula: F, facts: Facts, selection: Selection) -> Self {
        assert_eq!(formula.dimension(), facts.dimension, "dimension of {}", facts.name);
        Self { formula, facts, selection, tape: OnceLock::new(), samples: None }
    }

    /// The formula itself, for other arithmetics.
    pub fn formula(&self) -> &F {
        &self.formula
    }

    /// The selection at kinks.
    pub(crate) fn chosen(&self) -> Selection {
        self.selection
    }
}

impl<F: Terms + 'static> Native<F> {
    /// As [`Native::new`], for a formula that is a finite sum.
    pub fn sum(formula: F, facts: Facts, selection: Selection) -> Self {
        Self { samples: Some(|native| native), ..Self::new(formula, facts, selection) }
    }
}

impl<F: Formula + 'static> Objective for Native<F> {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn oracle(&self) -> Box<dyn Oracle + '_> {
        let n = self.formula.dimension();
        Box::new(NativeOracle {
            formula: &self.formula,
            selection: self.selection,
            point: vec![Dual::constant(0.0); n],
            image: vec![Dual::constant(0.0); n],
        })
    }
    fn selection(&self) -> Selection {
        self.selection
    }
    fn gradient_from_value(&self, x: &[f64]) -> Option<Vec<f64>> {
        let mut out = vec![0.0; x.len()];
        self.selection.during(|| forward_gradient(&self.formula, x, &mut out));
        Some(out)
    }
    fn tape(&self) -> Option<&Tape> {
        Some(self.tape.get_or_init(|| Tape::record(&self.formula)))
    }
    fn blocks(&self) -> Box<dyn BlockOracle + '_> {
        Box::new(FormulaBlocks { formula: &self.formula, selection: self.selection })
    }
    fn native(&self) -> Option<&dyn Any> {
        Some(self)
    }
    fn samples(&self) -> Option<&dyn FiniteSum> {
        self.samples.map(|view| view(self))
    }
}

struct NativeOracle<'a, F> {
    formula: &'a F,
    selection: Selection,
    point: Vec<Dual<f64, 1>>,
    image: Vec<Dual<f64, 1>>,
}

impl<F: Formula> Oracle for NativeOracle<'_, F> {
    fn dimension(&self) -> usize {
        self.formula.dimension()
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.formula.value(x)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.selection.during(|| {
            // In the plane with lengths that the compiler knows. Adding 0 (−0 becomes 0) makes it store the pair in
            // one instruction: processors stall when a pair is read that was just stored in halves.
            if let (&[a, b], [p, q]) = (x, &mut *out) {
                let mut gradient = [0.0; 2];
                self.formula.gradient(&[a, b], &mut gradient);
                [*p, *q] = gradient.map(|g| g + 0.0);
            } else {
                self.formula.gradient(x, out);
            }
        });
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        for ((target, &re), &e) in self.point.iter_mut().zip(x).zip(direction) {
            *target = Dual { re, eps: [e] };
        }
        self.selection.during(|| self.formula.gradient(&self.point, &mut self.image));
        for (target, image) in out.iter_mut().zip(&self.image) {
            *target = image.eps[0];
        }
    }
}
