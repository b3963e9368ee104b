//! Numbers with a tangent: x + εx′, ε² = 0. A backward pass in this arithmetic at (θ, d) gives ∇J(θ) + ε∇²J(θ)d
//! (forward over reverse).

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::number::{Number, Real};

/// A value and its derivative along one direction. The layout is fixed: matrix products read both parts with stride 2.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Tangent<T> {
    /// Value.
    pub re: T,
    /// Derivative.
    pub eps: T,
}

impl<T: Real> Tangent<T> {
    /// re + ε·eps.
    #[inline]
    pub fn new(re: T, eps: T) -> Self {
        Self { re, eps }
    }
}

impl<T: Real> Add for Tangent<T> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.eps + other.eps)
    }
}

impl<T: Real> AddAssign for Tangent<T> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Real> Sub for Tangent<T> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.eps - other.eps)
    }
}

impl<T: Real> Mul for Tangent<T> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re, self.eps * other.re + self.re * other.eps)
    }
}

impl<T: Real> Div for Tangent<T> {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let quotient = self.re / other.re;
        Self::new(quotient, (self.eps - quotient * other.eps) / other.re)
    }
}

impl<T: Real> Neg for Tangent<T> {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.re, -self.eps)
    }
}

/// 2/√π.
const ERF_SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;

impl<T: Real> Number for Tangent<T> {
    const ZERO: Self = Self { re: T::ZERO, eps: T::ZERO };
    const ONE: Self = Self { re: T::ONE, eps: T::ZERO };

    fn constant(value: f64) -> Self {
        Self::new(T::constant(value), T::ZERO)
    }
    fn datum(value: f32) -> Self {
        Self::new(T::datum(value), T::ZERO)
    }
    fn value(self) -> f64 {
        self.re.value()
    }
    fn sqrt(self) -> Self {
        let root = self.re.sqrt();
        Self::new(root, self.eps / (root + root))
    }
    fn exp(self) -> Self {
        let e = self.re.exp();
        Self::new(e, e * self.eps)
    }
    fn ln(self) -> Self {
        Self::new(self.re.ln(), self.eps / self.re)
    }
    fn tanh(self) -> Self {
        let t = self.re.tanh();
        Self::new(t, (T::ONE - t * t) * self.eps)
    }
    fn erf(self) -> Self {
        let slope = T::constant(ERF_SLOPE) * (-self.re * self.re).exp();
        Self::new(self.re.erf(), slope * self.eps)
    }
    fn logistic(self) -> Self {
        let p = self.re.logistic();
        Self::new(p, p * (T::ONE - p) * self.eps)
    }
    fn softplus(self) -> Self {
        Self::new(self.re.softplus(), self.re.logistic() * self.eps)
    }
    #[inline]
    fn is_negative(self) -> bool {
        self.re.is_negative()
    }
    #[inline]
    fn is_zero(self) -> bool {
        Number::is_zero(self.re)
    }
    #[inline]
    fn exceeds(self, other: Self) -> bool {
        self.re.exceeds(other.re)
    }
    #[inline]
    fn ties(self, other: Self) -> bool {
        self.re.ties(other.re)
    }
    #[inline]
    fn blend(self, other: Self, weight: f64) -> Self {
        let w = T::constant(weight);
        Self::new(self.re, w * self.eps + (T::ONE - w) * other.eps)
    }
}
