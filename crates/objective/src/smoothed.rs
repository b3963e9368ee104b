//! An objective with its kinks rounded off.

use crate::{
    facts::{Facts, Regularity},
    oracle::{Objective, Oracle},
    scalar::{dual::Dual, selection::Selection, Scalar},
    tape::{Scratch, Tape},
};

/// J with |x| replaced by its Moreau envelope of index `width` (Huber's function over it), and the other kinked
/// primitives by way of |x|: [`Tape::gradient_smoothed`].
pub struct Smoothed<'a> {
    tape: &'a Tape,
    width: f64,
    facts: Facts,
    selection: Selection,
}

impl<'a> Smoothed<'a> {
    /// Rounds the kinks of `objective` off over `width` > 0; `None` where its formula is not known.
    pub fn new(objective: &'a dyn Objective, width: f64) -> Option<Self> {
        let known = objective.facts();
        let name = format!("{} smoothed over {width}", known.name);
        let facts = Facts {
            regularity: Regularity::ContinuouslyDifferentiable,
            view: known.view.clone(),
            ..Facts::unknown(name, known.formula.clone(), known.dimension)
        };
        Some(Self { tape: objective.tape()?, width, facts, selection: objective.selection() })
    }
}

impl Objective for Smoothed<'_> {
    fn facts(&self) -> &Facts {
        &self.facts
    }
    fn oracle(&self) -> Box<dyn Oracle + '_> {
        let n = self.facts.dimension;
        let (scratch, dual, buffer) = (Scratch::new(), Scratch::new(), vec![0.0; n]);
        Box::new(SmoothedOracle { tape: self.tape, width: self.width, scratch, dual, buffer })
    }
    fn selection(&self) -> Selection {
        self.selection
    }
}

struct SmoothedOracle<'a> {
    tape: &'a Tape,
    width: f64,
    scratch: Scratch<f64>,
    dual: Scratch<Dual<f64, 1>>,
    buffer: Vec<f64>,
}

impl Oracle for SmoothedOracle<'_> {
    fn dimension(&self) -> usize {
        self.buffer.len()
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        self.tape.gradient_smoothed(x, self.width, &mut self.scratch, &mut self.buffer)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.tape.gradient_smoothed(x, self.width, &mut self.scratch, out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        let point: Vec<_> = x.iter().zip(direction).map(|(&re, &e)| Dual { re, eps: [e] }).collect();
        let mut image = vec![Dual::constant(0.0); x.len()];
        self.tape.gradient_smoothed(&point, self.width, &mut self.dual, &mut image);
        out.iter_mut().zip(&image).for_each(|(target, image)| *target = image.eps[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinks_become_their_moreau_envelopes() {
        let kinks =
            crate::build("expr:abs(x)+2*max(x,0)+3*max(x,-x/2)+min(x,3)", &Default::default()).unwrap();
        let smooth = Smoothed::new(&*kinks, 0.5).unwrap();
        let mut oracle = smooth.oracle();
        let huber = |x: f64| if x.abs() <= 0.5 { x * x } else { x.abs() - 0.25 };
        let mut slope = [0.0];
        for x in [-2.0_f64, -0.4, 0.0, 0.1, 0.45, 3.0, 9.0] {
            let max = |a: f64, b: f64| 0.5 * (a + b + huber(a - b));
            let expected = huber(x) + 2.0 * max(x, 0.0) + 3.0 * max(x, -0.5 * x) - max(-x, -3.0);
            assert!((oracle.value(&[x]) - expected).abs() < 1e-14, "{x}");
            oracle.gradient(&[x], &mut slope);
            let difference = (oracle.value(&[x + 1e-6]) - oracle.value(&[x - 1e-6])) / 2e-6;
            assert!((slope[0] - difference).abs() < 1e-5, "{x}: {slope:?} {difference}");
        }
        assert_eq!(smooth.facts().regularity, Regularity::ContinuouslyDifferentiable);
    }
}
