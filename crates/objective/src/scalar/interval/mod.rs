//! Intervals [low, high] as a [`Scalar`]: evaluating a formula on boxes gives an enclosure of all its values there, so
//! that every registered and typed formula has one. Ends are rounded outwards (`rounding`); elementary functions are
//! enclosed by series with their remainders (`elementary`), not by the system's library.
//!
//! **What is enclosed** is the function whose constants are the `f64` of the formula: 0.1 means the double nearest to 0.1.
//!
//! **Kinks.** Slopes are hulls of Clarke's subdifferentials, whatever selection is in force. A number also remembers whether
//! the expression behind it is smooth on the box (`smooth`, one of the decorations of IEEE 1788): second derivatives
//! that dual numbers give are derivatives only there.
//!
//! **NaN.** An operation that is not defined on all of its arguments (√ of a negative number, division by an interval that
//! holds 0, ∞ − ∞) gives NaN ends, and so does everything computed from them, sin and 0·x among it. Every comparison with
//! them is false, hence proves nothing.

mod elementary;
mod rounding;
#[cfg(test)]
mod tests;

use super::Scalar;
use rounding::{add_down, add_up, div_down, div_up, mul_down, mul_up, sqrt_down, sqrt_up};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A closed interval of real numbers; ends may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether the expression is infinitely differentiable on the box on which it was evaluated.
    pub smooth: bool,
}

impl Interval {
    /// The point 1.
    pub const ONE: Self = Self { low: 1.0, high: 1.0, smooth: true };
    /// No bound at all, and not even that the value is defined.
    pub const NOTHING_KNOWN: Self = Self { low: f64::NAN, high: f64::NAN, smooth: false };
    /// All real numbers.
    pub const REALS: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY, smooth: false };

    /// [low, high]; ends out of order, like NaN, give [`Interval::NOTHING_KNOWN`].
    pub fn new(low: f64, high: f64) -> Self {
        if low <= high {
            Self { low, high, smooth: true }
        } else {
            Self::NOTHING_KNOWN
        }
    }

    /// [x, x].
    pub fn point(x: f64) -> Self {
        Self { low: x, high: x, smooth: !x.is_nan() }
    }

    /// Smallest interval that holds both.
    pub fn hull(self, other: Self) -> Self {
        let ends = (dinlab_numeric::min(self.low, other.low), dinlab_numeric::max(self.high, other.high));
        Self { smooth: self.smooth && other.smooth, ..Self::new(ends.0, ends.1) }
    }

    /// What both have in common; `None` where that is empty or not known.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (low, high) =
            (dinlab_numeric::max(self.low, other.low), dinlab_numeric::min(self.high, other.high));
        (low <= high).then_some(Self { low, high, smooth: self.smooth && other.smooth })
    }

    /// Whether x lies inside; false where an end is NaN.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Whether all of `self` lies strictly inside `other`.
    pub fn is_interior_of(self, other: Self) -> bool {
        other.low < self.low && self.high < other.high
    }

    /// Whether all of `self` lies in `other`.
    pub fn is_within(self, other: Self) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    /// A number near the middle, inside the interval where it is bounded.
    pub fn middle(self) -> f64 {
        let middle = 0.5 * self.low + 0.5 * self.high;
        if middle < self.low {
            self.low
        } else if middle > self.high {
            self.high
        } else {
            middle
        }
    }

    /// Upper bound of the distance of the ends from the [`Interval::middle`].
    pub fn radius(self) -> f64 {
        let middle = self.middle();
        dinlab_numeric::max(add_up(self.high, -middle), add_up(middle, -self.low))
    }

    /// Largest absolute value.
    pub fn magnitude(self) -> f64 {
        dinlab_numeric::max(self.low.abs(), self.high.abs())
    }

    /// Smallest absolute value.
    pub fn mignitude(self) -> f64 {
        if self.contains(0.0) {
            0.0
        } else {
            dinlab_numeric::min(self.low.abs(), self.high.abs())
        }
    }

    /// x² without the dependence of x·x.
    pub fn squared(self) -> Self {
        let (small, large) = (self.mignitude(), self.magnitude());
        // A square that underflows is widened below 0, where none is.
        self.with_ends(dinlab_numeric::max(mul_down(small, small), 0.0), mul_up(large, large))
    }

    /// Whether an end is NaN: the expression behind it may not be defined on all of the box.
    pub fn is_undefined(self) -> bool {
        self.low.is_nan() || self.high.is_nan()
    }

    /// The part inside [low, high], for values known to lie there.
    fn within(self, low: f64, high: f64) -> Self {
        self.intersection(Self::new(low, high)).unwrap_or(Self::NOTHING_KNOWN)
    }

    /// These ends with the smoothness of `self`.
    fn with_ends(self, low: f64, high: f64) -> Self {
        let made = Self::new(low, high);
        Self { smooth: made.smooth && self.smooth, ..made }
    }

    /// Increasing function, from its enclosure at points.
    fn increasing(self, f: impl Fn(f64) -> Self) -> Self {
        self.with_ends(f(self.low).low, f(self.high).high)
    }

    /// Hull of the slopes of a kink at 0: `left` left of it, 1 right of it.
    fn slope(self, left: f64) -> Self {
        let ends = (if self.low > 0.0 { 1.0 } else { left }, if self.high < 0.0 { left } else { 1.0 });
        if self.is_undefined() {
            Self::NOTHING_KNOWN
        } else {
            self.rough(!self.contains(0.0)).with_ends(ends.0, ends.1)
        }
    }

    /// The same ends, smooth only where the function just applied is.
    fn rough(self, smooth: bool) -> Self {
        Self { smooth: self.smooth && smooth, ..self }
    }

    /// Whether some crest + 2πj, j whole, may lie inside, with `crest` in quarter turns.
    fn may_hold_crest(self, quarters: f64) -> bool {
        let pi = elementary::pi();
        let turns = (self / pi - Self::point(0.5 * quarters)) / Self::point(2.0);
        let excluded = turns.low.ceil() > turns.high.floor();
        // Unknown ends exclude nothing.
        !excluded
    }

    /// Sine-like wave with maxima at `crest` + 4j quarter turns.
    fn wave(self, f: impl Fn(f64) -> Self, crest: f64) -> Self {
        if self.is_undefined() {
            // The bounds ±1 hold only for what is defined.
            return Self::NOTHING_KNOWN;
        }
        let ends = f(self.low).hull(f(self.high));
        let low = if self.may_hold_crest(crest + 2.0) { -1.0 } else { ends.low };
        let high = if self.may_hold_crest(crest) { 1.0 } else { ends.high };
        self.with_ends(low, high)
    }
}

impl Add for Interval {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        self.rough(o.smooth).with_ends(add_down(self.low, o.low), add_up(self.high, o.high))
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self.rough(o.smooth).with_ends(add_down(self.low, -o.high), add_up(self.high, -o.low))
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let pairs = [(self.low, o.low), (self.low, o.high), (self.high, o.low), (self.high, o.high)];
        let low = dinlab_numeric::minimum(&pairs.map(|(a, b)| mul_down(a, b)));
        let high = dinlab_numeric::maximum(&pairs.map(|(a, b)| mul_up(a, b)));
        self.rough(o.smooth).with_ends(low, high)
    }
}

impl Div for Interval {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        if o.contains(0.0) {
            return Self::NOTHING_KNOWN;
        }
        let pairs = [(self.low, o.low), (self.low, o.high), (self.high, o.low), (self.high, o.high)];
        let low = dinlab_numeric::minimum(&pairs.map(|(a, b)| div_down(a, b)));
        let high = dinlab_numeric::maximum(&pairs.map(|(a, b)| div_up(a, b)));
        self.rough(o.smooth).with_ends(low, high)
    }
}

impl Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self { low: -self.high, high: -self.low, ..self }
    }
}

impl Scalar for Interval {
    fn constant(value: f64) -> Self {
        Self::point(value)
    }
    fn sqrt(self) -> Self {
        if self.low >= 0.0 {
            self.rough(self.low > 0.0).with_ends(sqrt_down(self.low), sqrt_up(self.high))
        } else {
            Self::NOTHING_KNOWN
        }
    }
    fn exp(self) -> Self {
        self.increasing(elementary::exp)
    }
    fn ln(self) -> Self {
        self.rough(self.low > 0.0).increasing(elementary::ln)
    }
    fn sin(self) -> Self {
        self.wave(elementary::sin, 1.0)
    }
    fn cos(self) -> Self {
        self.wave(elementary::cos, 0.0)
    }
    fn tan(self) -> Self {
        // Poles at odd quarter turns.
        if self.may_hold_crest(1.0) || self.may_hold_crest(3.0) {
            return Self::NOTHING_KNOWN;
        }
        self.increasing(|x| elementary::sin(x) / elementary::cos(x))
    }
    fn sinh(self) -> Self {
        self.increasing(elementary::sinh)
    }
    fn cosh(self) -> Self {
        let (small, large) = (self.mignitude(), self.magnitude());
        self.with_ends(elementary::cosh(small).low, elementary::cosh(large).high)
    }
    fn tanh(self) -> Self {
        self.increasing(elementary::tanh)
    }
    fn softplus(self) -> Self {
        self.increasing(elementary::softplus)
    }
    fn logistic(self) -> Self {
        self.increasing(elementary::logistic)
    }
    fn powi(self, n: i32) -> Self {
        if self.is_undefined() {
            return Self::NOTHING_KNOWN;
        }
        let repeated = |x: f64| {
            let (mut power, mut base, mut left) = (Self::ONE, Self::point(x), n.unsigned_abs());
            while left > 0 {
                if left & 1 == 1 {
                    power = power * base;
                }
                base = base.squared();
                left >>= 1;
            }
            power
        };
        let power = if n % 2 == 0 {
            self.with_ends(repeated(self.mignitude()).low, repeated(self.magnitude()).high)
        } else {
            self.increasing(|x| {
                let size = repeated(x.abs());
                if x < 0.0 {
                    -size
                } else {
                    size
                }
            })
        };
        if n < 0 {
            Self::ONE / power
        } else {
            power
        }
    }
    fn powf(self, p: f64) -> Self {
        if p.fract() == 0.0 && p.abs() < 1e9 {
            return self.powi(p as i32);
        }
        if self.low < 0.0 {
            return Self::NOTHING_KNOWN;
        }
        let at = |x: f64| match (x == 0.0, p > 0.0) {
            (true, true) => Self::point(0.0),
            (true, false) => Self::new(f64::MAX, f64::INFINITY),
            _ => (Self::point(p) * elementary::ln(x)).exp(),
        };
        let ends = if p > 0.0 {
            (at(self.low).low, at(self.high).high)
        } else {
            (at(self.high).low, at(self.low).high)
        };
        self.rough(self.low > 0.0).with_ends(ends.0, ends.1)
    }
    fn abs(self) -> Self {
        self.rough(!self.contains(0.0)).with_ends(self.mignitude(), self.magnitude())
    }
    fn abs_slope(self) -> Self {
        self.slope(-1.0)
    }
    fn relu(self) -> Self {
        let positive = |x: f64| if x <= 0.0 { 0.0 } else { x };
        self.rough(!self.contains(0.0)).with_ends(positive(self.low), positive(self.high))
    }
    fn relu_slope(self) -> Self {
        self.slope(0.0)
    }
    fn max(self, o: Self) -> Self {
        let apart = self.low > o.high || self.high < o.low;
        // Where one is the larger on the whole box, only that one matters.
        let smooth = if self.low > o.high { self.smooth } else { o.smooth && (apart || self.smooth) };
        let ends = Self::new(dinlab_numeric::max(self.low, o.low), dinlab_numeric::max(self.high, o.high));
        Self { smooth: ends.smooth && apart && smooth, ..ends }
    }
    fn max_weight(self, o: Self) -> Self {
        (self - o).slope(0.0)
    }
    fn sign(self) -> Self {
        self.rough(!self.contains(0.0)).with_ends(self.low.sign(), self.high.sign())
    }
    fn huber(self, d: Self) -> Self {
        // Not decreasing in |x| nor in d ≥ 0, so that the ends decide.
        let at = |a: f64, d: f64| {
            if a <= d {
                Self::point(0.5) * Self::point(a).squared()
            } else {
                Self::point(d) * (Self::point(a) - Self::point(0.5) * Self::point(d))
            }
        };
        let (small, large) = (self.mignitude(), self.magnitude());
        let apart = large < d.low || small > d.high;
        if d.low >= 0.0 {
            self.rough(d.smooth && apart).with_ends(at(small, d.low).low, at(large, d.high).high)
        } else {
            Self::NOTHING_KNOWN
        }
    }
    fn norm(values: &[Self]) -> Self {
        values.iter().fold(Self::point(0.0), |s, v| s + v.squared()).sqrt()
    }
    fn square(self) -> Self {
        self.squared()
    }
}
