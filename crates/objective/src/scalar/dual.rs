//! Forward dual numbers a + Σ bᵢεᵢ (εᵢεⱼ = 0) with a static number of directions. They nest:
//! `Dual<Dual<f64, 1>, N>` gives second derivatives.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;

/// A value and its derivatives along `N` directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<S, const N: usize> {
    /// Value.
    pub re: S,
    /// Derivatives along the directions.
    pub eps: [S; N],
}

impl<S: Scalar, const N: usize> Dual<S, N> {
    /// A number that does not depend on the directions.
    #[inline(always)]
    pub fn lift(re: S) -> Self {
        Self { re, eps: [S::constant(0.0); N] }
    }

    /// Chain rule: value `re`, derivative `slope` times the inner derivative.
    #[inline(always)]
    fn chain(self, re: S, slope: S) -> Self {
        Self { re, eps: self.eps.map(|e| slope * e) }
    }

    #[inline(always)]
    fn zip(self, other: Self, re: S, f: impl Fn(S, S) -> S) -> Self {
        Self { re, eps: std::array::from_fn(|i| f(self.eps[i], other.eps[i])) }
    }
}

impl<S: Scalar, const N: usize> Add for Dual<S, N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, self.re + other.re, |a, b| a + b)
    }
}

impl<S: Scalar, const N: usize> Sub for Dual<S, N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, self.re - other.re, |a, b| a - b)
    }
}

// The product and quotient rules mix operators.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<S: Scalar, const N: usize> Mul for Dual<S, N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, self.re * other.re, |a, b| a * other.re + self.re * b)
    }
}

#[allow(clippy::suspicious_arithmetic_impl)] // a rule of derivatives mixes operators
impl<S: Scalar, const N: usize> Div for Dual<S, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let quotient = self.re / other.re;
        self.zip(other, quotient, |a, b| (a - quotient * b) / other.re)
    }
}

impl<S: Scalar, const N: usize> Neg for Dual<S, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { re: -self.re, eps: self.eps.map(|e| -e) }
    }
}

impl<S: Scalar, const N: usize> Scalar for Dual<S, N> {
    #[inline(always)]
    fn constant(value: f64) -> Self {
        Self::lift(S::constant(value))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.re.sqrt();
        self.chain(root, S::constant(0.5) / root)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.re.exp();
        self.chain(value, value)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.re.ln(), S::constant(1.0) / self.re)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(self.re.sin(), self.re.cos())
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(self.re.cos(), -self.re.sin())
    }
    #[inline(always)]
    fn tan(self) -> Self {
        let value = self.re.tan();
        self.chain(value, S::constant(1.0) + value * value)
    }
    #[inline(always)]
    fn sinh(self) -> Self {
        self.chain(self.re.sinh(), self.re.cosh())
    }
    #[inline(always)]
    fn cosh(self) -> Self {
        self.chain(self.re.cosh(), self.re.sinh())
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let value = self.re.tanh();
        self.chain(value, S::constant(1.0) - value * value)
    }
    #[inline(always)]
    fn softplus(self) -> Self {
        self.chain(self.re.softplus(), self.re.logistic())
    }
    #[inline(always)]
    fn logistic(self) -> Self {
        let value = self.re.logistic();
        self.chain(value, value * (-self.re).logistic())
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        if n == 0 {
            return Self::constant(1.0);
        }
        self.chain(self.re.powi(n), S::constant(f64::from(n)) * self.re.powi(n - 1))
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        if p == 0.0 {
            return Self::constant(1.0);
        }
        self.chain(self.re.powf(p), S::constant(p) * self.re.powf(p - 1.0))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.chain(self.re.abs(), self.re.abs_slope())
    }
    #[inline(always)]
    fn abs_slope(self) -> Self {
        Self::lift(self.re.abs_slope())
    }
    #[inline(always)]
    fn relu(self) -> Self {
        self.chain(self.re.relu(), self.re.relu_slope())
    }
    #[inline(always)]
    fn relu_slope(self) -> Self {
        Self::lift(self.re.relu_slope())
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        let weight = self.re.max_weight(other.re);
        let rest = S::constant(1.0) - weight;
        self.zip(other, self.re.max(other.re), |a, b| weight * a + rest * b)
    }
    #[inline(always)]
    fn max_weight(self, other: Self) -> Self {
        Self::lift(self.re.max_weight(other.re))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // min(x, y) = −max(−x, −y): the weight of the first argument at a tie is that of max.
        let weight = (-self.re).max_weight(-other.re);
        let rest = S::constant(1.0) - weight;
        self.zip(other, self.re.min(other.re), |a, b| weight * a + rest * b)
    }
    #[inline(always)]
    fn sign(self) -> Self {
        Self::lift(self.re.sign())
    }
    #[inline(always)]
    fn huber(self, d: Self) -> Self {
        // The inner arithmetic's own value, which on boxes knows that there is no kink at 0.
        let size = self.re.abs();
        let (along, across) = (self.re.clamped(d.re), size - size.min(d.re));
        self.zip(d, self.re.huber(d.re), |a, b| along * a + across * b)
    }
    #[inline(always)]
    fn norm(values: &[Self]) -> Self {
        let zero = S::constant(0.0);
        let squares = values.iter().fold(zero, |s, v| s + v.re * v.re);
        let norm = squares.sqrt();
        // Direction x/‖x‖; at the origin sign(‖x‖) = 0 selects the zero subgradient instead of 0/0.
        let inverse = norm.sign() / (norm + S::constant(1.0) - norm.sign());
        let mut eps = [zero; N];
        for v in values {
            for (total, &e) in eps.iter_mut().zip(&v.eps) {
                *total = *total + v.re * inverse * e;
            }
        }
        Self { re: norm, eps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivative(f: impl Fn(Dual<f64, 1>) -> Dual<f64, 1>, x: f64) -> f64 {
        f(Dual { re: x, eps: [1.0] }).eps[0]
    }

    #[test]
    fn elementary_derivatives_match_their_closed_forms() {
        let x = 0.7_f64;
        let cases: Vec<(f64, f64)> = vec![
            (derivative(Scalar::sqrt, x), 0.5 / x.sqrt()),
            (derivative(Scalar::exp, x), x.exp()),
            (derivative(Scalar::ln, x), 1.0 / x),
            (derivative(Scalar::sin, x), x.cos()),
            (derivative(Scalar::cos, x), -x.sin()),
            (derivative(Scalar::tan, x), x.cos().powi(-2)),
            (derivative(Scalar::sinh, x), x.cosh()),
            (derivative(Scalar::cosh, x), x.sinh()),
            (derivative(Scalar::tanh, x), x.cosh().powi(-2)),
            (derivative(Scalar::softplus, x), 1.0 / (1.0 + (-x).exp())),
            (derivative(|d| d.powi(-3), x), -3.0 * x.powi(-4)),
            (derivative(|d| d.powf(2.5), x), 2.5 * x.powf(1.5)),
            (derivative(|d| d.pow(d), x), x.powf(x) * (x.ln() + 1.0)),
            (derivative(|d| d.huber(Dual::constant(0.5)), x), 0.5),
            (derivative(|d| d.huber(Dual::constant(0.9)), x), x),
            (derivative(|d| Dual::norm(&[d, Dual::constant(2.4)]), x), x / 2.5),
        ];
        for (i, (found, expected)) in cases.into_iter().enumerate() {
            assert!(
                (found - expected).abs() <= 4e-16 * (1.0 + expected.abs()),
                "case {i}: {found} {expected}"
            );
        }
    }

    #[test]
    fn nested_duals_give_second_derivatives() {
        let x: Dual<Dual<f64, 1>, 1> = Dual { re: Dual { re: 0.3, eps: [1.0] }, eps: [Dual::constant(1.0)] };
        let y = (x * x).sin();
        let expected = 2.0 * 0.09_f64.cos() - 4.0 * 0.09 * 0.09_f64.sin();
        assert!((y.eps[0].eps[0] - expected).abs() < 1e-15);
    }

    #[test]
    fn ties_use_the_selection_in_force_and_restore_it() {
        use crate::Selection;
        let abs = || derivative(Scalar::abs, 0.0);
        assert_eq!(abs(), 0.0);
        let chosen = Selection { abs: -1.0, relu: 0.25, max: 1.0 };
        let inside = chosen.during(|| {
            let max = derivative(|d| (d * Dual::constant(3.0)).max(d), 0.0);
            (abs(), derivative(Scalar::relu, 0.0), max, derivative(|d| (-d).min(d), 0.0))
        });
        assert_eq!(inside, (-1.0, 0.25, 3.0, -1.0));
        assert_eq!((abs(), derivative(|d| Dual::norm(&[d]), 0.0)), (0.0, 0.0));
        assert_eq!(derivative(|d| d.huber(Dual::constant(1.0)), 0.0), 0.0);
    }

    #[test]
    fn nan_propagates_through_kinks() {
        let nan = Dual::<f64, 1> { re: f64::NAN, eps: [1.0] };
        for y in
            [nan.abs(), nan.relu(), nan.max(Dual::constant(1.0)), nan.min(Dual::constant(1.0)), nan.sign()]
        {
            assert!(y.re.is_nan());
        }
        assert!(nan.abs().eps[0].is_nan() && nan.relu().eps[0].is_nan());
    }
}
