//! Truncated power series Σ cₖ tᵏ as a [`Scalar`]: a formula evaluated on them gives the Taylor coefficients of its values
//! along a curve. The recurrences are those of Moore's *Interval Analysis* (1966), one for each function from the
//! differential equation that it solves. Coefficients may themselves be intervals or dual numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;

/// The first `length` of at most `K` coefficients; the others are not known.
#[derive(Debug, Clone, Copy)]
pub struct Series<S, const K: usize> {
    /// Coefficients; those from `length` on mean nothing.
    pub coefficients: [S; K],
    /// How many of them are known. Constants know all.
    pub length: usize,
}

impl<S: Scalar, const K: usize> Series<S, K> {
    /// The series whose first coefficients are these; at most `K` are used.
    pub fn new(known: &[S]) -> Self {
        let zero = S::constant(0.0);
        Self {
            coefficients: std::array::from_fn(|k| known.get(k).copied().unwrap_or(zero)),
            length: known.len().min(K),
        }
    }

    /// The constant series.
    pub fn lift(value: S) -> Self {
        let zero = S::constant(0.0);
        Self { coefficients: std::array::from_fn(|k| if k == 0 { value } else { zero }), length: K }
    }

    /// Coefficients one after the other from the rule that gives the k-th from the earlier ones.
    fn build(length: usize, rule: impl Fn(usize, &[S]) -> S) -> Self {
        let mut out = [S::constant(0.0); K];
        for k in 0..length {
            let (known, rest) = out.split_at_mut(k);
            rest[0] = rule(k, known);
        }
        Self { coefficients: out, length }
    }

    fn map(self, f: impl Fn(S) -> S) -> Self {
        Self::build(self.length, |k, _| f(self.coefficients[k]))
    }

    fn zip(self, other: Self, f: impl Fn(S, S) -> S) -> Self {
        Self::build(self.length.min(other.length), |k, _| f(self.coefficients[k], other.coefficients[k]))
    }

    /// f(x) of the first coefficient, and slope(x)·cₖ for the others: functions that are linear near a point.
    fn piecewise_linear(self, value: S, slope: S) -> Self {
        Self::build(self.length, |k, _| if k == 0 { value } else { slope * self.coefficients[k] })
    }

    /// Solution of y' = w·x', where wⱼ is known once y₀ … yⱼ are: k yₖ = Σ i xᵢ w₍ₖ₋ᵢ₎.
    fn solve(self, first: S, w: impl Fn(&[S]) -> S) -> Self {
        let x = self.coefficients;
        let mut y = [S::constant(0.0); K];
        let mut weights = [S::constant(0.0); K];
        y[0] = first;
        for k in 1..self.length {
            weights[k - 1] = w(&y[..k]);
            y[k] = derivative_sum(k, &x, &weights);
        }
        Self { coefficients: y, length: self.length }
    }

    /// Both of y' = ±z·x' and z' = y·x' (sign −1 for cos, sin).
    fn pair(self, first: (S, S), minus: bool) -> (Self, Self) {
        let x = self.coefficients;
        let (mut y, mut z) = ([S::constant(0.0); K], [S::constant(0.0); K]);
        (y[0], z[0]) = first;
        for k in 1..self.length {
            let sum = derivative_sum(k, &x, &z);
            (y[k], z[k]) = (if minus { -sum } else { sum }, derivative_sum(k, &x, &y));
        }
        (Self { coefficients: y, length: self.length }, Self { coefficients: z, length: self.length })
    }
}

fn whole<S: Scalar>(k: usize) -> S {
    S::constant(k as f64)
}

/// (1/k) Σᵢ₌₁ᵏ i xᵢ w₍ₖ₋ᵢ₎, the k-th coefficient of ∫ w dx.
fn derivative_sum<S: Scalar>(k: usize, x: &[S], w: &[S]) -> S {
    let sum = (1..=k).fold(S::constant(0.0), |s, i| s + whole::<S>(i) * x[i] * w[k - i]);
    sum / whole(k)
}

/// Σ a₍first₎…, the k-th coefficient of a product: Σᵢ aᵢ b₍ₖ₋ᵢ₎ for i from `first` to `last`.
fn convolution<S: Scalar>(k: usize, a: &[S], b: &[S], first: usize, last: usize) -> S {
    (first..=last).fold(S::constant(0.0), |s, i| s + a[i] * b[k - i])
}

impl<S: Scalar, const K: usize> Add for Series<S, K> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl<S: Scalar, const K: usize> Sub for Series<S, K> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl<S: Scalar, const K: usize> Mul for Series<S, K> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (a, b) = (&self.coefficients, &other.coefficients);
        Self::build(self.length.min(other.length), |k, _| convolution(k, a, b, 0, k))
    }
}

// c·b = a, solved for the k-th coefficient of c.
#[allow(clippy::suspicious_arithmetic_impl)]
impl<S: Scalar, const K: usize> Div for Series<S, K> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let (a, b) = (&self.coefficients, &other.coefficients);
        Self::build(self.length.min(other.length), |k, c| {
            let known = (0..k).fold(S::constant(0.0), |s, i| s + c[i] * b[k - i]);
            (a[k] - known) / b[0]
        })
    }
}

impl<S: Scalar, const K: usize> Neg for Series<S, K> {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl<S: Scalar, const K: usize> Scalar for Series<S, K> {
    fn constant(value: f64) -> Self {
        Self::lift(S::constant(value))
    }
    fn sqrt(self) -> Self {
        let a = &self.coefficients;
        Self::build(self.length, |k, c| match k {
            0 => a[0].sqrt(),
            _ => (a[k] - convolution(k, c, c, 1, k - 1)) / (S::constant(2.0) * c[0]),
        })
    }
    fn exp(self) -> Self {
        self.solve(self.coefficients[0].exp(), |y| y[y.len() - 1])
    }
    fn ln(self) -> Self {
        let a = &self.coefficients;
        Self::build(self.length, |k, c| match k {
            0 => a[0].ln(),
            _ => {
                let sum = (1..k).fold(S::constant(0.0), |s, i| s + whole::<S>(i) * c[i] * a[k - i]);
                (a[k] - sum / whole(k)) / a[0]
            }
        })
    }
    fn sin(self) -> Self {
        self.pair((self.coefficients[0].cos(), self.coefficients[0].sin()), true).1
    }
    fn cos(self) -> Self {
        self.pair((self.coefficients[0].cos(), self.coefficients[0].sin()), true).0
    }
    fn sinh(self) -> Self {
        self.pair((self.coefficients[0].cosh(), self.coefficients[0].sinh()), false).1
    }
    fn cosh(self) -> Self {
        self.pair((self.coefficients[0].cosh(), self.coefficients[0].sinh()), false).0
    }
    fn tanh(self) -> Self {
        // y' = (1 − y²)x'.
        self.solve(self.coefficients[0].tanh(), |y| {
            let j = y.len() - 1;
            let square = convolution(j, y, y, 0, j);
            S::constant(if j == 0 { 1.0 } else { 0.0 }) - square
        })
    }
    fn softplus(self) -> Self {
        let slope = self.logistic().coefficients;
        let x = &self.coefficients;
        Self::build(self.length, |k, _| match k {
            0 => x[0].softplus(),
            _ => derivative_sum(k, x, &slope),
        })
    }
    fn logistic(self) -> Self {
        // y' = (y − y²)x'.
        self.solve(self.coefficients[0].logistic(), |y| {
            let j = y.len() - 1;
            y[j] - convolution(j, y, y, 0, j)
        })
    }
    fn powi(self, n: i32) -> Self {
        let (mut power, mut base, mut left) = (Self::constant(1.0), self, n.unsigned_abs());
        while left > 0 {
            if left & 1 == 1 {
                power = power * base;
            }
            left >>= 1;
            if left > 0 {
                base = base * base;
            }
        }
        // The first coefficient by the arithmetic's own power, which may know more about it.
        power.coefficients[0] = self.coefficients[0].powi(n.saturating_abs());
        let power = Self { length: power.length.min(self.length), ..power };
        if n < 0 {
            Self::constant(1.0) / power
        } else {
            power
        }
    }
    fn powf(self, p: f64) -> Self {
        if p.fract() == 0.0 && p.abs() < 1e6 {
            return self.powi(p as i32);
        }
        let a = &self.coefficients;
        // k a₀ cₖ = Σᵢ (p i − (k − i)) aᵢ c₍ₖ₋ᵢ₎.
        Self::build(self.length, |k, c| match k {
            0 => a[0].powf(p),
            _ => {
                let sum = (1..=k).fold(S::constant(0.0), |s, i| {
                    let factor = S::constant(p) * whole(i) - whole(k - i);
                    s + factor * a[i] * c[k - i]
                });
                sum / (whole::<S>(k) * a[0])
            }
        })
    }
    fn abs(self) -> Self {
        let first = self.coefficients[0];
        self.piecewise_linear(first.abs(), first.abs_slope())
    }
    fn abs_slope(self) -> Self {
        Self::lift(self.coefficients[0].abs_slope())
    }
    fn relu(self) -> Self {
        let first = self.coefficients[0];
        self.piecewise_linear(first.relu(), first.relu_slope())
    }
    fn relu_slope(self) -> Self {
        Self::lift(self.coefficients[0].relu_slope())
    }
    fn max(self, other: Self) -> Self {
        let (a, b) = (&self.coefficients, &other.coefficients);
        let weight = a[0].max_weight(b[0]);
        let rest = S::constant(1.0) - weight;
        Self::build(self.length.min(other.length), |k, _| match k {
            0 => a[0].max(b[0]),
            _ => weight * a[k] + rest * b[k],
        })
    }
    fn max_weight(self, other: Self) -> Self {
        Self::lift(self.coefficients[0].max_weight(other.coefficients[0]))
    }
    fn sign(self) -> Self {
        Self::lift(self.coefficients[0].sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::dual::Dual;

    /// f along x(t) = x₀ + x₁t + x₂t², summed, against f at x(t).
    #[test]
    fn sums_of_series_are_the_functions_along_the_curve() {
        const K: usize = 14;
        type F = fn(Series<f64, K>) -> Series<f64, K>;
        #[allow(clippy::type_complexity)] // a table of functions with their names
        let cases: &[(&str, F, fn(f64) -> f64)] = &[
            ("sqrt", Scalar::sqrt, f64::sqrt),
            ("exp", Scalar::exp, f64::exp),
            ("ln", Scalar::ln, f64::ln),
            ("sin", Scalar::sin, f64::sin),
            ("cos", Scalar::cos, f64::cos),
            ("tan", Scalar::tan, f64::tan),
            ("sinh", Scalar::sinh, f64::sinh),
            ("cosh", Scalar::cosh, f64::cosh),
            ("tanh", Scalar::tanh, f64::tanh),
            ("softplus", Scalar::softplus, Scalar::softplus),
            ("logistic", Scalar::logistic, Scalar::logistic),
            ("powi", |x| x.powi(5), |x| x.powi(5)),
            ("powi -2", |x| x.powi(-2), |x| x.powi(-2)),
            ("powf", |x| x.powf(1.7), |x| x.powf(1.7)),
            ("abs", |x| (-x).abs() * x, |x| x * x),
            ("relu", |x| x.relu() + (-x).relu(), |x| x),
            ("max", |x| x.max(x * x), |x| x),
            ("div", |x| (x * x + Series::constant(1.0)) / x, |x| (x * x + 1.0) / x),
        ];
        let (x0, x1, x2, t) = (0.6, 0.8, -0.5, 0.04);
        let curve = x0 + x1 * t + x2 * t * t;
        for &(name, series, value) in cases {
            let y = series(Series::new(&[x0, x1, x2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
            let sum = y.coefficients.iter().rev().fold(0.0, |s, c| s * t + c);
            assert!((sum - value(curve)).abs() < 1e-14, "{name}: {sum} {}", value(curve));
        }
    }

    #[test]
    fn a_short_series_knows_only_its_first_coefficients() {
        let x = Series::<f64, 6>::new(&[0.5, 1.0]);
        let y = x.exp() * Series::constant(2.0);
        assert_eq!(y.length, 2);
        assert_eq!(y.coefficients[1], 2.0 * 0.5_f64.exp());
    }

    #[test]
    fn coefficients_may_be_dual_numbers() {
        // d/dx₀ of the coefficients of exp(x₀ + t) is the coefficients themselves.
        let x = Series::<Dual<f64, 1>, 5>::new(&[
            Dual { re: 0.3, eps: [1.0] },
            Dual::constant(1.0),
            Dual::constant(0.0),
            Dual::constant(0.0),
            Dual::constant(0.0),
        ]);
        for c in x.exp().coefficients {
            assert!((c.re - c.eps[0]).abs() < 1e-15);
        }
    }
}
