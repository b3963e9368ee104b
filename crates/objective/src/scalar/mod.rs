//! The one numeric generic of the workspace. A formula written over [`Scalar`] is evaluated on `f64` (value), on
//! dual numbers (derivatives), on a recording scalar (tape),
//! on intervals (enclosures), on truncated power series (Taylor methods) and on SIMD lanes.
//!
//! There is no ordering on scalars: kinks are primitives. Each has a value and a *slope*, so that every
//! arithmetic decides in its own way what happens at a tie: numbers use the [`selection::Selection`] in force,
//! lanes blend, intervals return the hull, the recorder notes a kink surface. NaN propagates through all of them.

pub mod dual;
pub mod interval;
mod real;
pub mod selection;
pub mod series;

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Arithmetic in which a formula can be evaluated.
pub trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A constant of the formula.
    fn constant(value: f64) -> Self;

    /// √x, NaN for negative x.
    fn sqrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// sin x.
    fn sin(self) -> Self;
    /// cos x.
    fn cos(self) -> Self;
    /// tan x.
    #[inline(always)]
    fn tan(self) -> Self {
        self.sin() / self.cos()
    }
    /// sinh x.
    fn sinh(self) -> Self;
    /// cosh x.
    fn cosh(self) -> Self;
    /// tanh x.
    fn tanh(self) -> Self;
    /// log(1 + eˣ) without overflow; smooth, hence a primitive and not a combination of kinked ones.
    fn softplus(self) -> Self;
    /// Logistic function 1/(1 + e⁻ˣ), the derivative of [`Scalar::softplus`].
    fn logistic(self) -> Self;
    /// xⁿ for a whole number n.
    fn powi(self, n: i32) -> Self;
    /// xᵖ for a constant p; NaN for negative x unless p is whole.
    fn powf(self, p: f64) -> Self;
    /// xʸ for positive x.
    #[inline(always)]
    fn pow(self, y: Self) -> Self {
        (y * self.ln()).exp()
    }

    /// |x|.
    fn abs(self) -> Self;
    /// Selected element of ∂|x|: the sign off 0, [`selection::Selection::abs`] at 0.
    fn abs_slope(self) -> Self;
    /// max(x, 0).
    fn relu(self) -> Self;
    /// Selected element of ∂max(x, 0): 0 or 1 off 0, [`selection::Selection::relu`] at 0.
    fn relu_slope(self) -> Self;
    /// max(x, y).
    fn max(self, other: Self) -> Self;
    /// Weight of the first argument in the selected subgradient of max(x, y): 1, 0, or
    /// [`selection::Selection::max`] at a tie.
    fn max_weight(self, other: Self) -> Self;
    /// min(x, y) = −max(−x, −y).
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        -(-self).max(-other)
    }
    /// Sign of x, 0 at 0; its derivative is 0 everywhere.
    fn sign(self) -> Self;

    /// Huber's function: x²/2 for |x| ≤ d, d(|x| − d/2) beyond. Written with m = min(|x|, d) as m|x| − m²/2, whose
    /// derivative does not depend on the selection at any tie (the factors of the kinks vanish there).
    #[inline(always)]
    fn huber(self, d: Self) -> Self {
        let a = self.abs();
        let m = a.min(d);
        m * a - Self::constant(0.5) * m * m
    }
    /// x where |x| ≤ d, else d with the sign of x: the slope of Huber's function. Not written with signs, so that its own
    /// slope is 1 on boxes around 0.
    #[inline(always)]
    fn clamped(self, d: Self) -> Self {
        self.max(-d).min(d)
    }
    /// Euclidean norm; arithmetics with derivatives select 0 at the origin.
    #[inline(always)]
    fn norm(values: &[Self]) -> Self {
        values.iter().fold(Self::constant(0.0), |s, &v| s + v * v).sqrt()
    }
    /// x².
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
}
