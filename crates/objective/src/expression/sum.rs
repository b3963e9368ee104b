//! `sum:` objectives as finite sums: one tape for each term.

use super::TapeObjective;
use crate::{
    samples::{FiniteSum, SampleOracle},
    scalar::{dual::Dual, selection::Selection},
    tape::{Scratch, Tape},
};

impl FiniteSum for TapeObjective {
    fn count(&self) -> usize {
        self.terms.len()
    }
    fn oracle(&self) -> Box<dyn SampleOracle + '_> {
        let n = self.terms[0].dimension();
        Box::new(TapesOracle {
            terms: &self.terms,
            selection: self.selection,
            scratch: Scratch::new(),
            dual_scratch: Scratch::new(),
            gradient: vec![0.0; n],
            point: vec![Dual::lift(0.0); n],
            image: vec![Dual::lift(0.0); n],
        })
    }
    fn tape(&self, n: usize) -> Tape {
        self.terms[n].clone()
    }
}

struct TapesOracle<'a> {
    terms: &'a [Tape],
    selection: Selection,
    scratch: Scratch<f64>,
    dual_scratch: Scratch<Dual<f64, 1>>,
    gradient: Vec<f64>,
    point: Vec<Dual<f64, 1>>,
    image: Vec<Dual<f64, 1>>,
}

impl SampleOracle for TapesOracle<'_> {
    fn value(&mut self, batch: &[usize], x: &[f64]) -> f64 {
        let scratch = &mut self.scratch;
        batch.iter().fold(0.0, |total, &n| total + self.terms[n].value_with(x, scratch))
    }
    fn gradient(&mut self, batch: &[usize], x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.selection.during(|| {
            for &n in batch {
                self.terms[n].gradient_with(x, &mut self.scratch, &mut self.gradient);
                out.iter_mut().zip(&self.gradient).for_each(|(target, g)| *target += g);
            }
        });
    }
    fn hessian_vector(&mut self, batch: &[usize], x: &[f64], direction: &[f64], out: &mut [f64]) {
        for ((target, &re), &e) in self.point.iter_mut().zip(x).zip(direction) {
            *target = Dual { re, eps: [e] };
        }
        out.fill(0.0);
        self.selection.during(|| {
            for &n in batch {
                self.terms[n].gradient_with(&self.point, &mut self.dual_scratch, &mut self.image);
                out.iter_mut().zip(&self.image).for_each(|(target, image)| *target += image.eps[0]);
            }
        });
    }
}
