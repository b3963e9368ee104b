//! `f64` as a [`Scalar`].

use super::{selection::Selection, Scalar};

impl Scalar for f64 {
    #[inline]
    fn constant(value: f64) -> Self {
        value
    }
    #[inline]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline]
    fn exp(self) -> Self {
        self.exp()
    }
    #[inline]
    fn ln(self) -> Self {
        self.ln()
    }
    #[inline]
    fn sin(self) -> Self {
        self.sin()
    }
    #[inline]
    fn cos(self) -> Self {
        self.cos()
    }
    #[inline]
    fn tan(self) -> Self {
        self.tan()
    }
    #[inline]
    fn sinh(self) -> Self {
        self.sinh()
    }
    #[inline]
    fn cosh(self) -> Self {
        self.cosh()
    }
    #[inline]
    fn tanh(self) -> Self {
        self.tanh()
    }
    #[inline]
    fn softplus(self) -> Self {
        Scalar::relu(self) + (-self.abs()).exp().ln_1p()
    }
    #[inline]
    fn logistic(self) -> Self {
        // e^{-|x|} never overflows; both branches agree at 0 and NaN passes through.
        let e = (-self.abs()).exp();
        if self < 0.0 {
            e / (1.0 + e)
        } else {
            1.0 / (1.0 + e)
        }
    }
    #[inline]
    fn powi(self, n: i32) -> Self {
        self.powi(n)
    }
    #[inline]
    fn powf(self, p: f64) -> Self {
        self.powf(p)
    }
    #[inline]
    fn pow(self, y: Self) -> Self {
        self.powf(y)
    }
    #[inline]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline]
    fn abs_slope(self) -> Self {
        if self > 0.0 {
            1.0
        } else if self < 0.0 {
            -1.0
        } else if self == 0.0 {
            Selection::current().abs
        } else {
            Self::NAN
        }
    }
    #[inline]
    fn relu(self) -> Self {
        if self <= 0.0 {
            0.0
        } else {
            self
        }
    }
    #[inline]
    fn relu_slope(self) -> Self {
        if self > 0.0 {
            1.0
        } else if self < 0.0 {
            0.0
        } else if self == 0.0 {
            Selection::current().relu
        } else {
            Self::NAN
        }
    }
    #[inline]
    fn max(self, other: Self) -> Self {
        dinlab_numeric::max(self, other)
    }
    #[inline]
    fn max_weight(self, other: Self) -> Self {
        if self > other {
            1.0
        } else if self < other {
            0.0
        } else if self == other {
            Selection::current().max
        } else {
            Self::NAN
        }
    }
    #[inline]
    fn min(self, other: Self) -> Self {
        dinlab_numeric::min(self, other)
    }
    #[inline]
    fn sign(self) -> Self {
        if self > 0.0 {
            1.0
        } else if self < 0.0 {
            -1.0
        } else {
            // 0 stays 0 and NaN stays NaN.
            self
        }
    }
}
