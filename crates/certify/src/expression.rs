//! Vectors over the basis of the Gram matrix, and scalars that are linear in Gram matrix and function values.

use std::collections::BTreeMap;

use crate::number::{Number, Rational};

/// Σ cₐ eₐ over basis vectors a (dimension-free: only inner products of them ever matter).
#[derive(Debug, Clone, PartialEq)]
pub struct Vector<S>(BTreeMap<usize, S>);

impl<S: Number> Vector<S> {
    /// The origin.
    pub fn zero() -> Self {
        Self(BTreeMap::new())
    }
    /// Basis vector number `a`.
    pub fn basis(a: usize) -> Self {
        Self(BTreeMap::from([(a, S::whole(1))]))
    }
    /// self + factor · other.
    #[must_use]
    pub fn plus(&self, factor: &S, other: &Self) -> Self {
        let mut sum = self.0.clone();
        for (&a, c) in &other.0 {
            let entry = sum.entry(a).or_insert_with(S::zero);
            *entry = entry.plus(&factor.times(c));
        }
        sum.retain(|_, c| !c.vanishes());
        Self(sum)
    }
    /// self − other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&S::whole(-1), other)
    }
    /// self + other.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.plus(&S::whole(1), other)
    }
    /// factor · self.
    #[must_use]
    pub fn scaled(&self, factor: &S) -> Self {
        Self::zero().plus(factor, self)
    }
    /// ⟨self, other⟩.
    pub fn dot(&self, other: &Self) -> Expression<S> {
        let mut gram = BTreeMap::new();
        for (&a, c) in &self.0 {
            for (&b, d) in &other.0 {
                let key = if a <= b { (a, b) } else { (b, a) };
                let entry = gram.entry(key).or_insert_with(S::zero);
                *entry = entry.plus(&c.times(d));
            }
        }
        gram.retain(|_, c: &mut S| !c.vanishes());
        Expression { gram, values: BTreeMap::new(), constant: S::zero() }
    }
    /// ‖self‖².
    pub fn square(&self) -> Expression<S> {
        self.dot(self)
    }
    /// Coefficients by basis vector.
    pub fn coefficients(&self) -> &BTreeMap<usize, S> {
        &self.0
    }
    /// The same vector where basis vector a is `old[a]` in a new basis.
    #[must_use]
    pub fn in_basis(&self, old: &[Self]) -> Self {
        self.0.iter().fold(Self::zero(), |sum, (&a, c)| sum.plus(c, &old[a]))
    }
}

impl Vector<Rational> {
    /// Each coefficient the nearest float.
    pub fn to_float(&self) -> Vector<f64> {
        Vector(self.0.iter().map(|(&a, c)| (a, c.float())).collect())
    }
}

impl Vector<f64> {
    /// ‖self‖² in a Gram matrix (row-major n × n).
    pub fn square_at(&self, gram: &[f64], n: usize) -> f64 {
        let rows =
            self.0.iter().map(|(&a, c)| self.0.iter().map(|(&b, d)| c * d * gram[a * n + b]).sum::<f64>());
        rows.sum()
    }
}

/// Σ m_ab ⟨eₐ, e_b⟩ (a ≤ b, each product once) + Σ cᵢ fᵢ + constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression<S> {
    /// Coefficients of ⟨eₐ, e_b⟩, a ≤ b.
    pub gram: BTreeMap<(usize, usize), S>,
    /// Coefficients of function values.
    pub values: BTreeMap<usize, S>,
    /// Constant.
    pub constant: S,
}

impl<S: Number> Expression<S> {
    /// 0.
    pub fn zero() -> Self {
        Self::constant(S::zero())
    }
    /// A constant.
    pub fn constant(constant: S) -> Self {
        Self { gram: BTreeMap::new(), values: BTreeMap::new(), constant }
    }
    /// Function value number `i`.
    pub fn value(i: usize) -> Self {
        Self { values: BTreeMap::from([(i, S::whole(1))]), ..Self::zero() }
    }
    /// self + factor · other.
    #[must_use]
    pub fn plus(mut self, factor: &S, other: &Self) -> Self {
        for (&key, c) in &other.gram {
            let entry = self.gram.entry(key).or_insert_with(S::zero);
            *entry = entry.plus(&factor.times(c));
        }
        for (&i, c) in &other.values {
            let entry = self.values.entry(i).or_insert_with(S::zero);
            *entry = entry.plus(&factor.times(c));
        }
        self.constant = self.constant.plus(&factor.times(&other.constant));
        self.gram.retain(|_, c| !c.vanishes());
        self.values.retain(|_, c| !c.vanishes());
        self
    }
    /// self − other.
    #[must_use]
    pub fn minus(self, other: &Self) -> Self {
        self.plus(&S::whole(-1), other)
    }
    /// self + other.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        self.plus(&S::whole(1), other)
    }
    /// factor · self.
    #[must_use]
    pub fn scaled(&self, factor: &S) -> Self {
        Self::zero().plus(factor, self)
    }
    /// The same where basis vector a is `old[a]` in a new basis.
    #[must_use]
    pub fn in_basis(&self, old: &[Vector<S>]) -> Self {
        let rest = Self { gram: BTreeMap::new(), ..self.clone() };
        self.gram.iter().fold(rest, |sum, (&(a, b), c)| sum.plus(c, &old[a].dot(&old[b])))
    }
    /// Sum of the absolute values of its parts, but for the constant, where basis vectors and values have these units.
    pub fn size(&self, basis: &[(String, f64)], values: &[(String, f64)]) -> f64 {
        let products: f64 =
            self.gram.iter().map(|(&(a, b), c)| c.float().abs() * basis[a].1 * basis[b].1).sum();
        let functions: f64 = self.values.iter().map(|(&i, c)| c.float().abs() * values[i].1).sum();
        products + functions
    }
    /// Whether nothing is left.
    pub fn vanishes(&self) -> bool {
        self.gram.is_empty() && self.values.is_empty() && self.constant.vanishes()
    }
}

impl Expression<Rational> {
    /// Each coefficient the nearest float.
    pub fn to_float(&self) -> Expression<f64> {
        Expression {
            gram: self.gram.iter().map(|(&key, c)| (key, c.float())).collect(),
            values: self.values.iter().map(|(&i, c)| (i, c.float())).collect(),
            constant: self.constant.float(),
        }
    }
}

impl Expression<f64> {
    /// Value at a Gram matrix (row-major n × n) and function values.
    pub fn at(&self, gram: &[f64], n: usize, values: &[f64]) -> f64 {
        let products: f64 = self.gram.iter().map(|(&(a, b), c)| c * gram[a * n + b]).sum();
        let functions: f64 = self.values.iter().map(|(&i, c)| c * values[i]).sum();
        products + functions + self.constant
    }
}
