//! A performance-estimation problem: maximise a linear expression over all Gram matrices and function values that some
//! functions of the given classes produce when the method runs on them (Drori, Teboulle, Math. Program. 145, 2014;
//! Taylor, Hendrickx, Glineur, Math. Program. 161, 2017).

mod basis;

use crate::{
    class::{Class, Point, Tightness},
    expression::{Expression, Vector},
    number::{Number, Rational},
};

/// Handle of a function of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function(usize);

/// One of a model's constraints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Interpolation between two points of a function, in this order.
    Pair(Function, usize, usize),
    /// Condition number `n` of one point of a function.
    Single(Function, usize, usize),
    /// Condition stated by the method, the start or the measure.
    Side(usize),
    /// Equation number `n` over all points of a function.
    Joint(Function, usize),
    /// Matrix condition over all points of a function.
    Matrix(Function),
}

/// How an expression is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// ≥ 0.
    NonNegative,
    /// = 0.
    Zero,
}

#[derive(Debug, Clone)]
struct FunctionData<S> {
    name: String,
    class: Class,
    points: Vec<Point<S>>,
    minimum: Option<usize>,
}

/// Sizes in the problem's own units, for the scaling of the solver only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units {
    /// Of points.
    pub length: f64,
    /// Of gradients.
    pub gradient: f64,
    /// Of function values.
    pub value: f64,
}

/// The problem while it is being written, and afterwards.
#[derive(Debug, Clone)]
pub struct Model<S> {
    basis: Vec<(String, f64)>,
    values: Vec<(String, f64)>,
    functions: Vec<FunctionData<S>>,
    sides: Vec<(String, Relation, Expression<S>)>,
    objective: Expression<S>,
    /// Vectors that matter besides those of the points: the start, and what is measured.
    marked: Vec<Vector<S>>,
    units: Units,
    /// Whether the method is only described by necessary conditions.
    loose: bool,
}

impl<S: Number> Model<S> {
    /// An empty model.
    pub fn new(units: Units) -> Self {
        Self {
            basis: Vec::new(),
            values: Vec::new(),
            functions: Vec::new(),
            sides: Vec::new(),
            objective: Expression::zero(),
            marked: Vec::new(),
            units,
            loose: false,
        }
    }

    /// A new unknown point.
    pub fn unknown_point(&mut self, name: &str) -> Vector<S> {
        self.basis.push((name.to_owned(), self.units.length));
        Vector::basis(self.basis.len() - 1)
    }

    /// The place where the method starts.
    pub fn starts_at(&mut self, start: &Vector<S>) {
        self.marked.insert(0, start.clone());
    }

    /// The place where the method starts, where it has been said.
    pub fn start(&self) -> Option<&Vector<S>> {
        self.marked.first()
    }

    /// A new unknown gradient.
    pub fn unknown_gradient(&mut self, name: &str) -> Vector<S> {
        self.basis.push((name.to_owned(), self.units.gradient));
        Vector::basis(self.basis.len() - 1)
    }

    /// A new unknown number of the size of function values.
    pub fn unknown_value(&mut self, name: &str) -> Expression<S> {
        self.values.push((name.to_owned(), self.units.value));
        Expression::value(self.values.len() - 1)
    }

    /// A new function of a class.
    pub fn function(&mut self, name: &str, class: Class) -> Function {
        self.functions.push(FunctionData { name: name.to_owned(), class, points: Vec::new(), minimum: None });
        Function(self.functions.len() - 1)
    }

    /// States that f has the (sub)gradient `g` and the value `f` at `x`.
    pub fn point(
        &mut self,
        function: Function,
        label: &str,
        x: Vector<S>,
        g: Vector<S>,
        f: Expression<S>,
    ) -> usize {
        let points = &mut self.functions[function.0].points;
        points.push(Point { label: label.to_owned(), x, g, f });
        points.len() - 1
    }

    /// Minimiser at the origin with gradient 0 and value 0; every statement is invariant under translation.
    pub fn minimiser(&mut self, function: Function) {
        let index = self.point(function, "*", Vector::zero(), Vector::zero(), Expression::zero());
        self.functions[function.0].minimum = Some(index);
    }

    /// First-order oracle at `x`: a new gradient and value, or those already asked for where f is differentiable.
    pub fn oracle(&mut self, function: Function, x: &Vector<S>, label: &str) -> Point<S> {
        let data = &self.functions[function.0];
        if data.class.differentiable() {
            if let Some(known) = data.points.iter().find(|p| p.x == *x) {
                return known.clone();
            }
        }
        let (name, quadratic) = (data.name.clone(), matches!(data.class, Class::Quadratic { .. }));
        let g = self.unknown_gradient(&format!("g{name}({label})"));
        let f = if quadratic {
            x.dot(&g).scaled(&S::ratio(1, 2))
        } else {
            self.unknown_value(&format!("{name}({label})"))
        };
        let index = self.point(function, label, x.clone(), g, f);
        self.functions[function.0].points[index].clone()
    }

    /// Proximal step: the point x⁺ = y − γs with s ∈ ∂f(x⁺).
    pub fn proximal(&mut self, function: Function, y: &Vector<S>, step: &S, label: &str) -> Point<S> {
        let name = self.functions[function.0].name.clone();
        let s = self.unknown_gradient(&format!("g{name}({label})"));
        let f = self.unknown_value(&format!("{name}({label})"));
        let x = y.plus(&step.negated(), &s);
        let index = self.point(function, label, x, s, f);
        self.functions[function.0].points[index].clone()
    }

    /// A condition of the method, the start or the measure.
    pub fn require(&mut self, name: &str, relation: Relation, expression: Expression<S>) {
        self.sides.push((name.to_owned(), relation, expression));
    }

    /// What is maximised.
    pub fn maximise(&mut self, objective: Expression<S>) {
        self.objective = objective;
    }

    /// What is maximised is the square of a vector.
    pub fn maximise_square(&mut self, vector: Vector<S>) {
        self.objective = vector.square();
        self.marked.push(vector);
    }

    /// What is maximised is the smallest of several expressions.
    pub fn maximise_smallest(&mut self, name: &str, all: Vec<(String, Expression<S>)>) {
        let smallest = self.unknown_value(name);
        for (label, expression) in all {
            self.require(&format!("{name} <= {label}"), Relation::NonNegative, expression.minus(&smallest));
        }
        self.objective = smallest;
    }

    /// The objective.
    pub fn objective(&self) -> &Expression<S> {
        &self.objective
    }

    /// Names and units of the basis of the Gram matrix.
    pub fn basis(&self) -> &[(String, f64)] {
        &self.basis
    }

    /// Names and units of the function values.
    pub fn values(&self) -> &[(String, f64)] {
        &self.values
    }

    /// Sizes in the problem's own units.
    pub fn units(&self) -> Units {
        self.units
    }

    /// Points of a function.
    pub fn points(&self, function: Function) -> &[Point<S>] {
        &self.functions[function.0].points
    }

    /// Functions in the order of their making.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        (0..self.functions.len()).map(Function)
    }

    /// Class of a function.
    pub fn class(&self, function: Function) -> &Class {
        &self.functions[function.0].class
    }

    /// States that the method's own conditions are necessary only: other methods satisfy them as well.
    pub fn loosen(&mut self) {
        self.loose = true;
    }

    /// Gives basis and values other units: sizes of the solver's variables, without any effect on what is asked.
    pub fn rescale(&mut self, basis: &[f64], values: &[f64]) {
        self.basis.iter_mut().zip(basis).for_each(|((_, unit), &new)| *unit = new);
        self.values.iter_mut().zip(values).for_each(|((_, unit), &new)| *unit = new);
    }

    /// Whether all classes, and the method, have exact conditions.
    pub fn tightness(&self) -> Tightness {
        let exact = !self.loose && self.functions.iter().all(|f| f.class.tightness() == Tightness::Exact);
        if exact {
            Tightness::Exact
        } else {
            Tightness::UpperBound
        }
    }

    fn minimum(&self, data: &FunctionData<S>) -> Option<Point<S>> {
        data.minimum.map(|m| data.points[m].clone())
    }

    /// All constraints but the pairs.
    pub fn always(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = (0..self.sides.len()).map(Key::Side).collect();
        for (k, data) in self.functions.iter().enumerate() {
            for (i, point) in data.points.iter().enumerate() {
                if data.minimum != Some(i) {
                    let count = data.class.single(point, self.minimum(data).as_ref()).len();
                    keys.extend((0..count).map(|n| Key::Single(Function(k), i, n)));
                }
            }
            if let Some((equations, _)) = data.class.joint(&data.points) {
                keys.extend((0..equations.len()).map(|n| Key::Joint(Function(k), n)));
                keys.push(Key::Matrix(Function(k)));
            }
        }
        keys
    }

    /// All ordered pairs of points that the classes have a condition for.
    pub fn pairs(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for (k, data) in self.functions.iter().enumerate() {
            if matches!(data.class, Class::Quadratic { .. }) {
                continue;
            }
            let placed = |i: usize| data.class.has_minimiser() || data.minimum != Some(i);
            for i in (0..data.points.len()).filter(|&i| placed(i)) {
                for j in (0..data.points.len()).filter(|&j| placed(j) && j != i) {
                    keys.push(Key::Pair(Function(k), i, j));
                }
            }
        }
        keys
    }

    /// Pairs of neighbours in the order of evaluation, and all pairs with the minimiser: the first guess of what the
    /// optimum needs.
    pub fn likely_pairs(&self) -> Vec<Key> {
        let near = |key: &Key| match *key {
            Key::Pair(Function(k), i, j) => {
                let minimum = self.functions[k].minimum;
                let step = i.abs_diff(j) == 1;
                step || minimum == Some(i) || minimum == Some(j)
            }
            _ => true,
        };
        self.pairs().into_iter().filter(near).collect()
    }

    /// Name, relation and expression of a scalar constraint; `None` for matrix conditions and keys of other models.
    pub fn constraint(&self, key: &Key) -> Option<(String, Relation, Expression<S>)> {
        match *key {
            Key::Pair(Function(k), i, j) => {
                let data = self.functions.get(k)?;
                let (a, b) = (data.points.get(i)?, data.points.get(j)?);
                let name = format!("{} {} over {}", data.name, a.label, b.label);
                Some((name, Relation::NonNegative, data.class.pair(a, b)?))
            }
            Key::Single(Function(k), i, n) => {
                let data = self.functions.get(k)?;
                let point = data.points.get(i)?;
                let (kind, expression) =
                    data.class.single(point, self.minimum(data).as_ref()).into_iter().nth(n)?;
                Some((format!("{} {} {kind}", data.name, point.label), Relation::NonNegative, expression))
            }
            Key::Side(n) => self.sides.get(n).cloned(),
            Key::Joint(Function(k), n) => {
                let data = self.functions.get(k)?;
                let (name, expression) = data.class.joint(&data.points)?.0.into_iter().nth(n)?;
                Some((format!("{} {name}", data.name), Relation::Zero, expression))
            }
            Key::Matrix(_) => None,
        }
    }

    /// Name and entries of a matrix condition.
    pub fn matrix(&self, key: &Key) -> Option<(String, Vec<Vec<Expression<S>>>)> {
        let Key::Matrix(Function(k)) = *key else { return None };
        let data = self.functions.get(k)?;
        Some((format!("{} spectrum", data.name), data.class.joint(&data.points)?.1))
    }

    /// A parameter in the arithmetic of the model.
    pub fn number(&self, value: &Rational) -> S {
        S::of(value)
    }
}
