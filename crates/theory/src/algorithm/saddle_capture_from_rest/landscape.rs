//! The function that captures: J′ is odd, −mθ up to `inner`, kθ from `outer` on, and rises steeply in between.

use num_traits::{Signed, Zero};
use serde::Serialize;

use crate::exact::{as_text, float, fraction, Fraction};

/// J through its derivative on θ ≥ 0.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Landscape {
    /// −J″ at the maximum 0.
    #[serde(serialize_with = "as_text")]
    pub(super) m: Fraction,
    /// J″ from `outer` on, where J′ = kθ.
    #[serde(serialize_with = "as_text")]
    pub(super) k: Fraction,
    /// End of the part where J′ = −mθ.
    #[serde(serialize_with = "as_text")]
    pub(super) inner: Fraction,
    /// Begin of the part where J′ = kθ.
    #[serde(serialize_with = "as_text")]
    pub(super) outer: Fraction,
    /// J″ changes linearly over this length at both ends of the steep part: J ∈ C². For 0 it jumps.
    #[serde(serialize_with = "as_text")]
    pub(super) width: Fraction,
    /// J″ on the steep part.
    #[serde(serialize_with = "as_text")]
    pub(super) steep: Fraction,
}

impl Landscape {
    /// The steep part is what makes J′ continuous: k·outer + m·inner = ∫ J″.
    pub(super) fn new(m: Fraction, k: Fraction, inner: Fraction, outer: Fraction, width: Fraction) -> Self {
        let rise = &k * &outer + &m * &inner + &width * (&m - &k) / fraction(2, 1);
        let steep = rise / (&outer - &inner - &width);
        Self { m, k, inner, outer, width, steep }
    }

    /// J′(θ).
    pub(super) fn derivative(&self, theta: &Fraction) -> Fraction {
        let Self { m, k, inner, outer, width, steep } = self;
        let beyond = |from: &Fraction| {
            let excess = theta.abs() - from;
            if excess.is_negative() {
                Fraction::zero()
            } else {
                excess
            }
        };
        // ∫ of J″, which rises by `by` at `from`, at once or over the width.
        let bend = |by: Fraction, from: &Fraction| {
            if width.is_zero() {
                return by * beyond(from);
            }
            let (x, y) = (beyond(from), beyond(&(from + width)));
            by * (&x * &x - &y * &y) / (width * fraction(2, 1))
        };
        let slope = -m * theta.abs() + bend(steep + m, inner) + bend(k - steep, &(outer - width));
        if theta.is_negative() {
            -slope
        } else {
            slope
        }
    }

    /// J as a formula for the shipped parser.
    pub(super) fn expression(&self) -> String {
        let Self { m, k, inner, outer, width, steep } = self;
        let (up, down) = (steep + m, k - steep);
        let (half, two, six) = (m / fraction(2, 1), fraction(2, 1), fraction(6, 1));
        if width.is_zero() {
            return format!(
                "expr:-({half})*x^2 + ({})*relu(abs(x) - {inner})^2 + ({})*relu(abs(x) - {outer})^2",
                up / &two,
                down / &two
            );
        }
        format!(
            "expr:-({half})*x^2 + ({})*(relu(abs(x) - {inner})^3 - relu(abs(x) - {})^3) \
             + ({})*(relu(abs(x) - {})^3 - relu(abs(x) - {outer})^3)",
            up / (&six * width),
            inner + width,
            down / (&six * width),
            outer - width
        )
    }

    /// L = max |J″|.
    pub(super) fn smoothness(&self) -> Fraction {
        [&self.m, &self.k.abs(), &self.steep.abs()].into_iter().max().cloned().unwrap_or_default()
    }

    /// Sum of the absolute values of the terms that the formula for J′ adds up at θ, for rounding.
    pub(super) fn summands(&self, theta: f64) -> f64 {
        let of = |f: &Fraction| float(f);
        let wide = if self.width.is_zero() { 1.0 } else { theta / of(&self.width) };
        (of(&self.m) + (of(&self.steep) + of(&self.m)) * wide + (of(&self.k) - of(&self.steep)).abs() * wide)
            * theta
    }
}
