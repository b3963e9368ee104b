//! The two arithmetics of a model: `f64` to find multipliers, fractions to verify them.

use dashu_ratio::RBig;

/// Exact fractions.
pub type Rational = RBig;

/// What a model's coefficients may be. The same methods and classes are written once and built in both.
pub trait Number: Clone + PartialEq + std::fmt::Debug + 'static {
    /// 0.
    fn zero() -> Self;
    /// The nearest number to a fraction (itself, in exact arithmetic).
    fn of(value: &Rational) -> Self;
    /// self + other.
    fn plus(&self, other: &Self) -> Self;
    /// self − other.
    fn minus(&self, other: &Self) -> Self;
    /// self · other.
    fn times(&self, other: &Self) -> Self;
    /// Whether self = 0.
    fn vanishes(&self) -> bool;
    /// The nearest float.
    fn float(&self) -> f64;

    /// A whole number.
    fn whole(value: i64) -> Self {
        Self::of(&Rational::from(value))
    }
    /// A fraction p/q with q > 0.
    fn ratio(p: i64, q: u64) -> Self {
        Self::of(&Rational::from_parts(p.into(), q.into()))
    }
    /// −self.
    fn negated(&self) -> Self {
        Self::zero().minus(self)
    }
}

impl Number for f64 {
    fn zero() -> Self {
        0.0
    }
    fn of(value: &Rational) -> Self {
        value.to_f64().value()
    }
    fn plus(&self, other: &Self) -> Self {
        self + other
    }
    fn minus(&self, other: &Self) -> Self {
        self - other
    }
    fn times(&self, other: &Self) -> Self {
        self * other
    }
    fn vanishes(&self) -> bool {
        *self == 0.0
    }
    fn float(&self) -> f64 {
        *self
    }
}

impl Number for Rational {
    fn zero() -> Self {
        Self::ZERO
    }
    fn of(value: &Rational) -> Self {
        value.clone()
    }
    fn plus(&self, other: &Self) -> Self {
        self + other
    }
    fn minus(&self, other: &Self) -> Self {
        self - other
    }
    fn times(&self, other: &Self) -> Self {
        self * other
    }
    fn vanishes(&self) -> bool {
        self.is_zero()
    }
    fn float(&self) -> f64 {
        self.to_f64().value()
    }
}
