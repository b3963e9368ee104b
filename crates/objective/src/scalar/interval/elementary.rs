//! Elementary functions of one `f64` with an enclosure of the exact value. Nothing here trusts the system's library:
//! arguments are reduced in interval arithmetic and the series are summed in it, with the remainders of Taylor's theorem.
//! Widths, tested against exact rational sums, are at most `ULPS` units in the last place of the value (for sin and cos:
//! of the larger of the value and 10⁻³, and up to |x| = 10⁶; beyond 1.6·10⁶ they return [−1, 1]).

use super::Interval;

/// Width of the enclosures in units in the last place, as tested.
#[cfg(test)]
pub(super) const ULPS: f64 = 24.0;

/// log 2 = `LN2_HIGH` + `LN2_LOW`; the first has 21 zero bits at its end, so that small multiples of it are exact (the
/// split is that of fdlibm).
pub(super) const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(super) const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// π/2 in three parts, the first two of 33 bits (the split is that of fdlibm); the third is rounded down.
pub(super) const HALF_PI: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
/// Quarter turns up to which multiples of the first two parts of π/2 are exact.
const QUARTERS_MAX: f64 = 1_048_576.0;

/// A series: how many terms are summed, up to which argument, and what the rest of it is at most there (tested).
pub(super) struct Series {
    pub(super) terms: u32,
    pub(super) reach: f64,
    pub(super) tail: f64,
}

/// eʳ = Σ rⁱ/i!: i up to 15.
pub(super) const EXP: Series = Series { terms: 16, reach: 0.35, tail: 4e-21 };
/// log((1+s)/(1−s))/2s = Σ s²ⁱ/(2i+1) for mantissas between 1/√2 and √2.
pub(super) const LOG: Series = Series { terms: 14, reach: 0.1716, tail: 2e-23 };
/// The same for s = t/(2+t), t up to 1.
pub(super) const LOG_ONE_PLUS: Series = Series { terms: 23, reach: 0.334, tail: 4e-24 };
/// sin r/r = Σ (−r²)ⁱ/(2i+1)!.
pub(super) const SIN: Series = Series { terms: 10, reach: 0.8, tail: 3e-22 };
/// cos r = Σ (−r²)ⁱ/(2i)!.
pub(super) const COS: Series = Series { terms: 11, reach: 0.8, tail: 7e-24 };
/// sinh x/x = Σ x²ⁱ/(2i+1)!.
pub(super) const SINH: Series = Series { terms: 12, reach: 1.0, tail: 1e-25 };

/// [v, next v]: the constant between two neighbouring numbers.
fn after(v: f64) -> Interval {
    Interval::new(v, v.next_up())
}

impl Series {
    /// Enclosure of the rest at an argument.
    fn remainder(&self, at: Interval) -> Interval {
        debug_assert!(at.is_undefined() || at.magnitude() <= self.reach, "{at:?}");
        Interval::new(-self.tail, self.tail)
    }
}

/// 2ᵏ for −1022 ≤ k ≤ 1023.
fn power_of_two(k: i32) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

/// π.
pub(super) fn pi() -> Interval {
    after(std::f64::consts::PI)
}

/// eˣ.
pub(super) fn exp(x: f64) -> Interval {
    if x.is_nan() {
        return Interval::NOTHING_KNOWN;
    }
    if x > 709.0 {
        return Interval::new(exp(709.0).low, f64::INFINITY);
    }
    if x < -708.0 {
        return Interval::new(0.0, exp(-708.0).high);
    }
    let k = (x / std::f64::consts::LN_2).round();
    let r = Interval::point(x)
        - Interval::point(k) * Interval::point(LN2_HIGH)
        - Interval::point(k) * after(LN2_LOW);
    let mut sum = Interval::ONE;
    for i in (1..EXP.terms).rev() {
        sum = Interval::ONE + r * sum / Interval::point(f64::from(i));
    }
    (sum + EXP.remainder(r)) * Interval::point(power_of_two(k as i32))
}

/// log((1+s)/(1−s)) = 2(s + s³/3 + s⁵/5 + …).
fn log_ratio(s: Interval, series: &Series) -> Interval {
    let square = s.squared();
    let mut sum = Interval::point(0.0);
    for i in (0..series.terms).rev() {
        sum = Interval::ONE / Interval::point(f64::from(2 * i + 1)) + square * sum;
    }
    Interval::point(2.0) * s * (sum + series.remainder(s))
}

/// log x for x > 0; −∞ at 0.
pub(super) fn ln(x: f64) -> Interval {
    if x == 0.0 {
        return Interval::new(f64::NEG_INFINITY, f64::MIN);
    }
    if x == f64::INFINITY {
        return Interval::new(f64::from(1024) * 0.693, f64::INFINITY);
    }
    if x.is_nan() || x < 0.0 {
        return Interval::NOTHING_KNOWN;
    }
    // Subnormal numbers are scaled to normal ones.
    let (scaled, shift) = if x < f64::MIN_POSITIVE { (x * power_of_two(64), -64) } else { (x, 0) };
    let exponent = ((scaled.to_bits() >> 52) as i32) - 1023;
    let mantissa = scaled / power_of_two(exponent);
    let high = mantissa > std::f64::consts::SQRT_2;
    let m = Interval::point(if high { mantissa / 2.0 } else { mantissa });
    let k = f64::from(exponent + shift + i32::from(high));
    let s = (m - Interval::ONE) / (m + Interval::ONE);
    let k = Interval::point(k);
    k * Interval::point(LN2_HIGH) + (k * after(LN2_LOW) + log_ratio(s, &LOG))
}

/// log(1 + t) for 0 ≤ t ≤ 1.
fn ln_one_plus(t: Interval) -> Interval {
    log_ratio(t / (Interval::point(2.0) + t), &LOG_ONE_PLUS)
}

/// x = kπ/2 + r with |r| ≤ 0.79; `None` where x is too large for the three parts of π/2.
fn quarter(x: f64) -> Option<(i64, Interval)> {
    let k = (x / std::f64::consts::FRAC_PI_2).round();
    if k.is_nan() || k.abs() >= QUARTERS_MAX {
        return None;
    }
    let times = |part: Interval| Interval::point(k) * part;
    let r = Interval::point(x) - times(Interval::point(HALF_PI[0])) - times(Interval::point(HALF_PI[1]));
    Some((k as i64, r - times(after(HALF_PI[2]))))
}

/// sin r for |r| ≤ 0.8.
fn sin_series(r: Interval) -> Interval {
    let square = r.squared();
    let mut sum = Interval::ONE;
    for i in (1..SIN.terms).rev() {
        sum = Interval::ONE - square * sum / Interval::point(f64::from(2 * i * (2 * i + 1)));
    }
    r * (sum + SIN.remainder(r))
}

/// cos r for |r| ≤ 0.8.
fn cos_series(r: Interval) -> Interval {
    let square = r.squared();
    let mut sum = Interval::ONE;
    for i in (1..COS.terms).rev() {
        sum = Interval::ONE - square * sum / Interval::point(f64::from(2 * i * (2 * i - 1)));
    }
    sum + COS.remainder(r)
}

/// sin(x + `turns`·π/2).
fn shifted_sine(x: f64, turns: i64) -> Interval {
    let Some((k, r)) = quarter(x) else { return Interval::new(-1.0, 1.0) };
    let value = match (k + turns).rem_euclid(4) {
        0 => sin_series(r),
        1 => cos_series(r),
        2 => -sin_series(r),
        _ => -cos_series(r),
    };
    value.within(-1.0, 1.0)
}

/// sin x.
pub(super) fn sin(x: f64) -> Interval {
    shifted_sine(x, 0)
}

/// cos x.
pub(super) fn cos(x: f64) -> Interval {
    shifted_sine(x, 1)
}

/// sinh x.
pub(super) fn sinh(x: f64) -> Interval {
    if x < -1.0 {
        return -sinh(-x);
    }
    if x > 1.0 {
        let e = exp(x);
        return Interval::point(0.5) * (e - Interval::ONE / e);
    }
    let x = Interval::point(x);
    let square = x.squared();
    let mut sum = Interval::ONE;
    for i in (1..SINH.terms).rev() {
        sum = Interval::ONE + square * sum / Interval::point(f64::from(2 * i * (2 * i + 1)));
    }
    x * (sum + SINH.remainder(x))
}

/// cosh x.
pub(super) fn cosh(x: f64) -> Interval {
    let e = exp(x.abs());
    Interval::point(0.5) * (e + Interval::ONE / e)
}

/// tanh x.
pub(super) fn tanh(x: f64) -> Interval {
    let value = if x.abs() <= 1.0 {
        sinh(x) / cosh(x)
    } else {
        // 1 − 2/(e^{2|x|} + 1), with the sign of x.
        let size = Interval::ONE - Interval::point(2.0) / (exp(2.0 * x.abs()) + Interval::ONE);
        if x < 0.0 {
            -size
        } else {
            size
        }
    };
    value.within(-1.0, 1.0)
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e^{−|x|}).
pub(super) fn softplus(x: f64) -> Interval {
    let positive = if x <= 0.0 { 0.0 } else { x };
    Interval::point(positive) + ln_one_plus(exp(-x.abs()))
}

/// 1/(1 + e⁻ˣ).
pub(super) fn logistic(x: f64) -> Interval {
    // The exponential of a negative number, so that neither end overflows.
    let e = exp(-x.abs());
    let value = if x < 0.0 { e / (Interval::ONE + e) } else { Interval::ONE / (Interval::ONE + e) };
    value.within(0.0, 1.0)
}
