//! The arithmetics in which a network is evaluated: `f32` (training), `f64` (analysis), and each of them with a tangent
//! ([`crate::tangent::Tangent`]), so that one forward and one backward pass also give exact Hessian-vector products.

use std::{
    fmt::Debug,
    ops::{Add, AddAssign, Div, Mul, Neg, Sub},
};

use crate::gemm::Product;

/// A number of a pass. Kinks are primitives with a stated derivative, as in `dinlab_objective::Scalar`; NaN propagates
/// through all of them.
pub trait Number:
    Copy
    + Debug
    + Default
    + Send
    + Sync
    + PartialEq
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + Product
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// A constant, rounded to the precision of the arithmetic.
    fn constant(value: f64) -> Self;
    /// A constant that is given in single precision (data).
    fn datum(value: f32) -> Self;
    /// The value, without its tangent.
    fn value(self) -> f64;

    /// √x.
    fn sqrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// tanh x.
    fn tanh(self) -> Self;
    /// erf x.
    fn erf(self) -> Self;
    /// 1/(1 + e⁻ˣ) without overflow.
    fn logistic(self) -> Self;
    /// log(1 + eˣ) without overflow.
    fn softplus(self) -> Self;

    /// Whether the value is below 0; false for NaN.
    fn is_negative(self) -> bool;
    /// Whether the value is 0.
    fn is_zero(self) -> bool;
    /// Whether the value exceeds that of `other`, or is NaN.
    fn exceeds(self, other: Self) -> bool;
    /// Whether the value equals that of `other`.
    fn ties(self, other: Self) -> bool;
    /// `self`, whose value equals that of `other`, with the derivative w·self′ + (1 − w)·other′.
    fn blend(self, other: Self, weight: f64) -> Self;
}

/// The two arithmetics without tangent: parameters, gradients and states of methods are made of these.
pub trait Real: Number + num_traits::Num + serde::Serialize {
    /// Name in records and files: `f32` or `f64`.
    const NAME: &'static str;
    /// Unit roundoff times two (the distance from 1 to the next number).
    const EPSILON: f64;
    /// Appends the little-endian bytes.
    fn write(self, out: &mut Vec<u8>);
    /// Reads what [`Real::write`] wrote; `bytes` has [`Real::SIZE`] bytes (panics otherwise).
    fn read(bytes: &[u8]) -> Self;
    /// Bytes of one number.
    const SIZE: usize;
    /// Whether the number is neither infinite nor NaN.
    fn finite(self) -> bool;
}

macro_rules! real {
    ($t:ident, $name:literal, $erf:path) => {
        impl Number for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline]
            fn constant(value: f64) -> Self {
                value as $t
            }
            #[inline]
            fn datum(value: f32) -> Self {
                $t::from(value)
            }
            #[inline]
            fn value(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline]
            fn exp(self) -> Self {
                $t::exp(self)
            }
            #[inline]
            fn ln(self) -> Self {
                $t::ln(self)
            }
            #[inline]
            fn tanh(self) -> Self {
                $t::tanh(self)
            }
            #[inline]
            fn erf(self) -> Self {
                $erf(self)
            }
            #[inline]
            fn logistic(self) -> Self {
                if self < 0.0 {
                    let e = $t::exp(self);
                    e / (1.0 + e)
                } else {
                    1.0 / (1.0 + $t::exp(-self))
                }
            }
            #[inline]
            fn softplus(self) -> Self {
                // For NaN the second branch is taken and gives NaN.
                if self < 0.0 {
                    $t::exp(self).ln_1p()
                } else {
                    self + $t::exp(-self).ln_1p()
                }
            }
            #[inline]
            fn is_negative(self) -> bool {
                self < 0.0
            }
            #[inline]
            fn is_zero(self) -> bool {
                self == 0.0
            }
            #[inline]
            fn exceeds(self, other: Self) -> bool {
                self > other || self.is_nan()
            }
            #[inline]
            fn ties(self, other: Self) -> bool {
                self == other
            }
            #[inline]
            fn blend(self, _: Self, _: f64) -> Self {
                self
            }
        }

        impl Real for $t {
            const NAME: &'static str = $name;
            const EPSILON: f64 = $t::EPSILON as f64;
            const SIZE: usize = size_of::<$t>();
            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$t>()];
                own.copy_from_slice(bytes);
                $t::from_le_bytes(own)
            }
            fn finite(self) -> bool {
                self.is_finite()
            }
        }
    };
}

real!(f32, "f32", libm::erff);
real!(f64, "f64", libm::erf);
