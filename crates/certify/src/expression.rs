//! Vectors over the basis of the Gram matrix, and scalars that are linear in Gram matrix and function values.

use std::collections::BTreeMap;

use crate::number::Number;

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
    /// Whether nothing is left.
    pub fn vanishes(&self) -> bool {
        self.gram.is_empty() && self.values.is_empty() && self.constant.vanishes()
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
