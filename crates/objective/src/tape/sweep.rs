//! Forward and reverse sweep at one point, in any arithmetic.

use super::{
    op::{Kinked, Op, Slope},
    Scratch, Tape,
};
use crate::scalar::Scalar;

/// Which side of each kink surface is taken.
pub(super) trait Sides {
    /// ±1 for a forced side, 0 where the argument and the selection decide.
    fn side(&self, kink: u32) -> i8;

    /// Width of smoothed kinks; 0 for kinks as they are.
    fn width(&self) -> f64 {
        0.0
    }
}

/// All kinks smoothed: |x| by Huber's function of this width over it (its Moreau envelope of that index), the others
/// by way of |x|.
pub(super) struct Softened(pub(super) f64);

impl Sides for Softened {
    #[inline]
    fn side(&self, _: u32) -> i8 {
        0
    }
    #[inline]
    fn width(&self) -> f64 {
        self.0
    }
}

/// All sides by argument and selection.
pub(super) struct Selected;

impl Sides for Selected {
    #[inline]
    fn side(&self, _: u32) -> i8 {
        0
    }
}

/// Sides forced by one sign per kink; missing entries force nothing.
pub(super) struct Forced<'a>(pub(super) &'a [i8]);

impl Sides for Forced<'_> {
    #[inline]
    fn side(&self, kink: u32) -> i8 {
        self.0.get(kink as usize).map_or(0, |side| side.signum())
    }
}

impl Tape {
    /// Fills the slots.
    pub(super) fn forward<S: Scalar, P: Sides>(&self, x: &[S], scratch: &mut Scratch<S>, sides: &P) {
        scratch.fit(self.ops.len());
        let Scratch { slots, buffer, .. } = scratch;
        for (i, op) in self.ops.iter().enumerate() {
            let at = |a: u32| slots[a as usize];
            slots[i] = match *op {
                Op::Input(v) => x[v as usize],
                Op::Constant(c) => S::constant(c),
                Op::Unary(f, a) => f.value(at(a)),
                Op::Add(a, b) => at(a) + at(b),
                Op::Sub(a, b) => at(a) - at(b),
                Op::Mul(a, b) => at(a) * at(b),
                Op::Div(a, b) => at(a) / at(b),
                Op::AddConstant(a, c) => at(a) + S::constant(c),
                Op::SubFrom(a, c) => S::constant(c) - at(a),
                Op::MulConstant(a, c) => S::constant(c) * at(a),
                Op::Powi(a, n) => at(a).powi(n),
                Op::Powf(a, p) => at(a).powf(p),
                Op::Pow(a, b) => at(a).pow(at(b)),
                Op::Kinked(f, a, _) if sides.width() > 0.0 => soft_kinked(f, at(a), sides.width()),
                Op::Max(a, b, _) if sides.width() > 0.0 => soft_max(at(a), at(b), sides.width()),
                Op::Min(a, b, _) if sides.width() > 0.0 => -soft_max(-at(a), -at(b), sides.width()),
                Op::Kinked(f, a, kink) => kinked(f, at(a), sides.side(kink)),
                Op::Max(a, b, kink) => choice(at(a), at(b), sides.side(kink), S::max),
                Op::Min(a, b, kink) => choice(at(a), at(b), -sides.side(kink), S::min),
                Op::Slope(Slope::Abs, a) => at(a).abs_slope(),
                Op::Slope(Slope::Relu, a) => at(a).relu_slope(),
                Op::Weight(a, b) => at(a).max_weight(at(b)),
                Op::Huber(a, d) => at(a).huber(at(d)),
                Op::Norm(start, length) => {
                    buffer.clear();
                    buffer.extend(self.list(start, length).iter().map(|&a| at(a)));
                    S::norm(buffer)
                }
            };
        }
    }

    /// Adjoints from the slots, and from them the derivatives with respect to the inputs.
    pub(super) fn reverse<S: Scalar, P: Sides>(&self, scratch: &mut Scratch<S>, out: &mut [S], sides: &P) {
        self.reverse_from(&[(self.output, 1.0)], scratch, out, sides);
    }

    /// The same for a sum of slots with the given weights in place of the output.
    pub(super) fn reverse_from<S: Scalar, P: Sides>(
        &self,
        seeds: &[(u32, f64)],
        scratch: &mut Scratch<S>,
        out: &mut [S],
        sides: &P,
    ) {
        let c = S::constant;
        let Scratch { slots, adjoints, .. } = scratch;
        adjoints.fill(c(0.0));
        out.fill(c(0.0));
        for &(slot, weight) in seeds {
            adjoints[slot as usize] = adjoints[slot as usize] + c(weight);
        }
        for (i, op) in self.ops.iter().enumerate().rev() {
            if !self.active[i] {
                continue;
            }
            let (w, v) = (adjoints[i], slots[i]);
            let at = |a: u32| slots[a as usize];
            let mut give = |a: u32, amount: S| adjoints[a as usize] = adjoints[a as usize] + amount;
            match *op {
                Op::Input(variable) => out[variable as usize] = w,
                Op::Constant(_) | Op::Slope(..) | Op::Weight(..) | Op::Kinked(Kinked::Sign, ..) => {}
                Op::Unary(f, a) => give(a, w * f.slope(at(a), v)),
                Op::Add(a, b) => {
                    give(a, w);
                    give(b, w);
                }
                Op::Sub(a, b) => {
                    give(a, w);
                    give(b, -w);
                }
                Op::Mul(a, b) => {
                    give(a, w * at(b));
                    give(b, w * at(a));
                }
                Op::Div(a, b) => {
                    let share = w / at(b);
                    give(a, share);
                    give(b, -(share * v));
                }
                Op::AddConstant(a, _) => give(a, w),
                Op::SubFrom(a, _) => give(a, -w),
                Op::MulConstant(a, factor) => give(a, c(factor) * w),
                Op::Powi(a, n) => give(a, w * powi_slope(at(a), n)),
                Op::Powf(a, p) => give(a, w * powf_slope(at(a), p)),
                Op::Pow(a, b) => {
                    give(a, w * at(b) * at(a).pow(at(b) - c(1.0)));
                    // d/db only where b varies: log a is not defined for a ≤ 0.
                    if self.active[b as usize] {
                        give(b, w * v * at(a).ln());
                    }
                }
                Op::Kinked(f, a, _) if sides.width() > 0.0 => {
                    give(a, w * soft_kinked_slope(f, at(a), sides.width()));
                }
                Op::Max(a, b, _) | Op::Min(a, b, _) if sides.width() > 0.0 => {
                    let difference = if matches!(op, Op::Max(..)) { at(a) - at(b) } else { at(b) - at(a) };
                    let weight = soft_kinked_slope(Kinked::Relu, difference, sides.width());
                    give(a, w * weight);
                    give(b, w * (c(1.0) - weight));
                }
                Op::Kinked(f, a, kink) => give(a, w * kinked_slope(f, at(a), sides.side(kink))),
                Op::Max(a, b, kink) => {
                    let weight = weight(at(a), at(b), sides.side(kink));
                    give(a, w * weight);
                    give(b, w * (c(1.0) - weight));
                }
                Op::Min(a, b, kink) => {
                    let weight = weight(-at(a), -at(b), -sides.side(kink));
                    give(a, w * weight);
                    give(b, w * (c(1.0) - weight));
                }
                Op::Huber(a, d) => {
                    // ∂/∂a as in `Scalar::huber` of dual numbers; ∂/∂d = |a| − min(|a|, d).
                    let size = at(a).abs();
                    give(a, w * at(a).clamped(at(d)));
                    give(d, w * (size - size.min(at(d))));
                }
                Op::Norm(start, length) => {
                    // The direction x/‖x‖; sign(‖x‖) = 0 selects zero at the origin instead of 0/0.
                    let inverse = v.sign() / (v + c(1.0) - v.sign());
                    for &a in self.list(start, length) {
                        give(a, w * (at(a) * inverse));
                    }
                }
            }
        }
    }

    pub(super) fn list(&self, start: u32, length: u32) -> &[u32] {
        &self.lists[start as usize..(start + length) as usize]
    }
}

#[inline]
fn kinked<S: Scalar>(f: Kinked, a: S, side: i8) -> S {
    match (f, side) {
        (Kinked::Abs, 0) => a.abs(),
        (Kinked::Relu, 0) => a.relu(),
        (Kinked::Sign, 0) => a.sign(),
        (Kinked::Abs, 1..) | (Kinked::Relu, 1..) => a,
        (Kinked::Abs, _) => -a,
        (Kinked::Relu, _) => S::constant(0.0),
        (Kinked::Sign, side) => S::constant(f64::from(side.signum())),
    }
}

fn soft_kinked<S: Scalar>(f: Kinked, a: S, width: f64) -> S {
    let c = S::constant;
    let abs = a.huber(c(width)) / c(width);
    match f {
        Kinked::Abs => abs,
        Kinked::Relu => c(0.5) * (a + abs),
        Kinked::Sign => a.sign(),
    }
}

fn soft_kinked_slope<S: Scalar>(f: Kinked, a: S, width: f64) -> S {
    let c = S::constant;
    let slope = a.abs().min(c(width)) * a.abs_slope() / c(width);
    match f {
        Kinked::Abs => slope,
        Kinked::Relu => c(0.5) * (c(1.0) + slope),
        Kinked::Sign => c(0.0),
    }
}

fn soft_max<S: Scalar>(a: S, b: S, width: f64) -> S {
    b + soft_kinked(Kinked::Relu, a - b, width)
}

#[inline]
fn kinked_slope<S: Scalar>(f: Kinked, a: S, side: i8) -> S {
    let c = S::constant;
    match (f, side) {
        (Kinked::Sign, _) => c(0.0),
        (Kinked::Abs, 0) => a.abs_slope(),
        (Kinked::Relu, 0) => a.relu_slope(),
        (Kinked::Abs, side) => c(f64::from(side.signum())),
        (Kinked::Relu, side) => c(if side > 0 { 1.0 } else { 0.0 }),
    }
}

/// `a` for a positive side, `b` for a negative one.
#[inline]
fn choice<S: Scalar>(a: S, b: S, side: i8, free: impl Fn(S, S) -> S) -> S {
    match side {
        0 => free(a, b),
        1.. => a,
        _ => b,
    }
}

#[inline]
fn weight<S: Scalar>(a: S, b: S, side: i8) -> S {
    match side {
        0 => a.max_weight(b),
        1.. => S::constant(1.0),
        _ => S::constant(0.0),
    }
}

#[inline]
pub(super) fn powi_slope<S: Scalar>(a: S, n: i32) -> S {
    if n == 0 {
        return S::constant(0.0);
    }
    S::constant(f64::from(n)) * a.powi(n.saturating_sub(1))
}

#[inline]
pub(super) fn powf_slope<S: Scalar>(a: S, p: f64) -> S {
    if p == 0.0 {
        return S::constant(0.0);
    }
    S::constant(p) * a.powf(p - 1.0)
}
