//! What a method sees: functions to ask, a place to start, and afterwards what can be measured.

use crate::{
    class::{Class, Point},
    expression::{Expression, Vector},
    model::{Function, Model, Relation, Units},
    number::{Number, Rational},
};

/// The functions a method is run on.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One function.
    Single(Class),
    /// f + h: f with gradients, h with a proximal step.
    Composite {
        /// Class of f.
        smooth: Class,
        /// Class of h.
        proximal: Class,
    },
    /// f convex and Lh − f convex for a reference function h (Bauschke, Bolte, Teboulle, Math. Oper. Res. 42, 2017).
    Relative {
        /// L > 0.
        smoothness: Rational,
    },
}

/// An iterate: the point, and the subgradient of h that the proximal step took there.
#[derive(Debug, Clone)]
pub struct Iterate<S> {
    /// x.
    pub x: Vector<S>,
    /// h at x, where the step that made x knows it.
    pub proximal: Option<Point<S>>,
}

/// A model under construction, with the functions of the target.
#[derive(Debug, Clone)]
pub struct Setting<S> {
    /// The model.
    pub model: Model<S>,
    first: Function,
    second: Option<Function>,
    relative: Option<Rational>,
    start: Vector<S>,
}

impl<S: Number> Setting<S> {
    /// Functions with their minimum, and the start x₀.
    pub fn new(target: &Target, units: Units) -> Self {
        let mut model = Model::new(units);
        let start = model.unknown_point("x0");
        model.starts_at(&start);
        let (first, second, relative) = match target {
            Target::Single(class) => {
                let f = model.function("f", class.clone());
                model.minimiser(f);
                (f, None, None)
            }
            Target::Composite { smooth, proximal } => {
                let f = model.function("f", smooth.clone());
                let h = model.function("h", proximal.clone());
                // Optimality: ∇f(x*) = −s with s ∈ ∂h(x*). Taking ⟨∇f(x*), x⟩ from f and adding it to h changes neither f + h nor a
                // proximal gradient step, and neither class: both have their minimum at x*, with value 0. Left free,
                // ∇f(x*) would be a direction in which the Gram matrix is unbounded.
                model.minimiser(f);
                model.minimiser(h);
                (f, Some(h), None)
            }
            Target::Relative { smoothness } => {
                let convex = Class::Convex { convexity: Rational::ZERO };
                let f = model.function("f", convex.clone());
                let d = model.function("d", convex);
                model.minimiser(f);
                // d = Lh − f at the minimiser: its gradient is that of Lh.
                let s = model.unknown_gradient("gd(*)");
                let value = model.unknown_value("d(*)");
                model.point(d, "*", Vector::zero(), s, value);
                (f, Some(d), Some(smoothness.clone()))
            }
        };
        Self { model, first, second, relative, start }
    }

    /// x₀.
    pub fn start(&self) -> Vector<S> {
        self.start.clone()
    }

    /// A parameter in the arithmetic of the model.
    pub fn number(&self, value: &Rational) -> S {
        S::of(value)
    }

    fn label(&self, function: Function) -> String {
        // The minimiser is the first point.
        (self.model.points(function).len() - 1).to_string()
    }

    /// ∇f(x), or one subgradient.
    pub fn gradient(&mut self, x: &Vector<S>) -> Vector<S> {
        self.oracle(x).g
    }

    /// f, with its (sub)gradient, at x.
    pub fn oracle(&mut self, x: &Vector<S>) -> Point<S> {
        let label = self.label(self.first);
        self.model.oracle(self.first, x, &label)
    }

    /// Proximal step of h, or of the only function: x⁺ = y − γs, s ∈ ∂h(x⁺).
    pub fn proximal(&mut self, y: &Vector<S>, step: &S) -> Point<S> {
        let h = self.second.unwrap_or(self.first);
        let label = self.label(h);
        self.model.proximal(h, y, step, &label)
    }

    /// An unknown point, to be tied down by [`Setting::require_zero`].
    pub fn unknown_point(&mut self, name: &str) -> Vector<S> {
        self.model.unknown_point(name)
    }

    /// A condition of the method.
    pub fn require_zero(&mut self, name: &str, expression: Expression<S>) {
        self.model.require(name, Relation::Zero, expression);
    }

    /// An inequality of the method.
    pub fn require_nonnegative(&mut self, name: &str, expression: Expression<S>) {
        self.model.require(name, Relation::NonNegative, expression);
    }

    /// See [`Model::loosen`].
    pub fn loosen(&mut self) {
        self.model.loosen();
    }

    /// Reference function of a relative target at a point where f is known: gradient and value of h = (d + f)/L are
    /// prescribed by the method, d's follow.
    pub fn reference(&mut self, f: &Point<S>, gradient: &Vector<S>) -> Expression<S> {
        let Some((d, l)) = self.second.zip(self.relative.clone()) else { return Expression::zero() };
        let label = self.label(d);
        let value = self.model.unknown_value(&format!("d({label})"));
        let l = S::of(&l);
        let g = gradient.scaled(&l).minus(&f.g);
        self.model.point(d, &label, f.x.clone(), g, value.clone());
        value.and(&f.f)
    }

    /// L · D_h(x*, x) for a point with reference `value` = L·h(x) and gradient `gradient` = ∇h(x).
    pub fn divergence(&self, x: &Vector<S>, value: &Expression<S>, gradient: &Vector<S>) -> Expression<S> {
        let Some((d, l)) = self.second.zip(self.relative.clone()) else { return Expression::zero() };
        // f(x*) = 0, so that L·h(x*) = d(x*); x* is the origin.
        let at_minimiser = &self.model.points(d)[0].f;
        at_minimiser.clone().minus(value).plus(&S::of(&l), &gradient.dot(x))
    }

    /// Value and gradient of the whole objective at an iterate.
    pub fn whole(&mut self, iterate: &Iterate<S>) -> (Expression<S>, Vector<S>) {
        if let (None, Some(p)) = (self.second, &iterate.proximal) {
            // The step that made the point has already asked for it.
            return (p.f.clone(), p.g.clone());
        }
        let f = self.oracle(&iterate.x);
        let Some(h) = self.second.filter(|_| self.relative.is_none()) else { return (f.f, f.g) };
        let p = match &iterate.proximal {
            Some(p) => p.clone(),
            None => {
                let label = self.label(h);
                self.model.oracle(h, &iterate.x, &label)
            }
        };
        (f.f.and(&p.f), f.g.and(&p.g))
    }
}
