//! A model in another basis of the Gram matrix. What is asked is the same, and so are the multipliers of an answer; the
//! solver's matrix is congruent to the one before.

use super::{FunctionData, Model};
use crate::{
    class::Point,
    expression::{Expression, Vector},
    number::{Number, Rational},
};

impl<S: Number> Model<S> {
    /// The vectors that conditions and measure speak of: points, gradients, the start and what is measured.
    pub fn vectors(&self) -> Vec<Vector<S>> {
        let points = self.functions.iter().flat_map(|f| &f.points);
        let mut all: Vec<Vector<S>> = points.flat_map(|p| [p.x.clone(), p.g.clone()]).collect();
        all.extend(self.marked.iter().cloned());
        all.retain(|v| !v.coefficients().is_empty());
        all
    }

    /// Every vector and expression through the given maps.
    fn mapped<T: Number>(
        &self,
        vector: impl Fn(&Vector<S>) -> Vector<T>,
        expression: impl Fn(&Expression<S>) -> Expression<T>,
    ) -> Model<T> {
        let point = |p: &Point<S>| Point {
            label: p.label.clone(),
            x: vector(&p.x),
            g: vector(&p.g),
            f: expression(&p.f),
        };
        let function = |f: &FunctionData<S>| FunctionData {
            name: f.name.clone(),
            class: f.class.clone(),
            points: f.points.iter().map(point).collect(),
            minimum: f.minimum,
        };
        Model {
            basis: self.basis.clone(),
            values: self.values.clone(),
            functions: self.functions.iter().map(function).collect(),
            sides: self.sides.iter().map(|(name, how, e)| (name.clone(), *how, expression(e))).collect(),
            objective: expression(&self.objective),
            marked: self.marked.iter().map(&vector).collect(),
            units: self.units,
            loose: self.loose,
        }
    }

    /// The model where old basis vector a is `old[a]` in a new basis of as many vectors. Units are those of before: see
    /// [`Model::rescale`].
    #[must_use]
    pub fn in_basis(&self, old: &[Vector<S>]) -> Self {
        self.mapped(|v| v.in_basis(old), |e| e.in_basis(old))
    }
}

impl Model<Rational> {
    /// The model in floats, each coefficient the nearest one.
    pub fn to_float(&self) -> Model<f64> {
        self.mapped(Vector::to_float, Expression::to_float)
    }
}
