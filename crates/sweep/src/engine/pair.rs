//! The arithmetic of one attempted step of Dormand and Prince's pair, for 64 lanes with step sizes of their own.
//!
//! States and slopes hold θ in the blocks 0..n and u in n..2n, n the number of variables of the objective; blocks of variables
//! that do not move are not touched.

use dinlab_din::dormand_prince::{A2, A3, A4, A5, A6, B, E};
use dinlab_objective::{
    lanes::{Kernel, Vector},
    tape::{Block, LANES},
};

/// α, β and the step size of every lane.
#[derive(Debug, Clone)]
pub(super) struct Coefficients {
    pub(super) alpha: Block,
    pub(super) beta: Block,
    pub(super) h: Block,
}

/// Slope `s` (from 0) from the gradient `v` at the stage, then the next stage y + hΣaⱼkⱼ. Slope 0 is there already; after
/// slope 6 there is no stage.
pub(super) struct Stage<'a> {
    pub(super) s: usize,
    pub(super) moving: &'a [usize],
    pub(super) c: &'a Coefficients,
    pub(super) y: &'a [Block],
    pub(super) stage: &'a mut [Block],
    pub(super) k: &'a mut [Vec<Block>; 7],
    pub(super) v: &'a [Block],
}

impl Kernel for Stage<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { s, moving, c, y, stage, k, v } = self;
        let n = v.len();
        for &i in moving {
            if s > 0 {
                let (theta, u) = k[s].split_at_mut(n);
                slope::<V>(c, &stage[n + i], &v[i], &mut theta[i], &mut u[i]);
            }
            for b in [i, n + i] {
                let (y, h, out) = (&y[b], &c.h, &mut stage[b]);
                match s {
                    0 => combine::<V, 1>(&A2, [&k[0][b]], h, y, out),
                    1 => combine::<V, 2>(&A3, [&k[0][b], &k[1][b]], h, y, out),
                    2 => combine::<V, 3>(&A4, [&k[0][b], &k[1][b], &k[2][b]], h, y, out),
                    3 => combine::<V, 4>(&A5, [&k[0][b], &k[1][b], &k[2][b], &k[3][b]], h, y, out),
                    4 => combine::<V, 5>(&A6, [&k[0][b], &k[1][b], &k[2][b], &k[3][b], &k[4][b]], h, y, out),
                    // The result leaves out slope 1.
                    5 => combine::<V, 5>(&B, [&k[0][b], &k[2][b], &k[3][b], &k[4][b], &k[5][b]], h, y, out),
                    _ => {}
                }
            }
        }
    }
}

/// θ′ = u − βv, u′ = −αu − (1 − αβ)v.
#[inline(always)]
fn slope<V: Vector>(c: &Coefficients, u: &Block, v: &Block, dtheta: &mut Block, du: &mut Block) {
    for l in (0..LANES).step_by(V::LANES) {
        let at = |block: &Block| V::load(&block[l..]);
        let (alpha, beta, u, v) = (at(&c.alpha), at(&c.beta), at(u), at(v));
        (u - beta * v).store(&mut dtheta[l..]);
        (-alpha * u - (V::constant(1.0) - alpha * beta) * v).store(&mut du[l..]);
    }
}

#[inline(always)]
fn combine<V: Vector, const S: usize>(a: &[f64; S], k: [&Block; S], h: &Block, y: &Block, out: &mut Block) {
    for l in (0..LANES).step_by(V::LANES) {
        let mut sum = V::constant(a[0]) * V::load(&k[0][l..]);
        for j in 1..S {
            sum = sum + V::constant(a[j]) * V::load(&k[j][l..]);
        }
        (V::load(&y[l..]) + V::load(&h[l..]) * sum).store(&mut out[l..]);
    }
}

/// Root mean square of the difference of orders 5 and 4 over the tolerance; NaN where any slope is not finite.
pub(super) struct Estimate<'a> {
    pub(super) tolerance: (f64, f64),
    pub(super) moving: &'a [usize],
    pub(super) h: &'a Block,
    pub(super) y: &'a [Block],
    pub(super) stage: &'a [Block],
    pub(super) k: &'a [Vec<Block>; 7],
    pub(super) error: &'a mut Block,
}

impl Kernel for Estimate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { tolerance: (rtol, atol), moving, h, y, stage, k, error } = self;
        let n = y.len() / 2;
        *error = [0.0; LANES];
        for &i in moving {
            for b in [i, n + i] {
                let slopes = [&k[0][b], &k[2][b], &k[3][b], &k[4][b], &k[5][b], &k[6][b]];
                for l in (0..LANES).step_by(V::LANES) {
                    let at = |block: &Block| V::load(&block[l..]);
                    let mut sum = V::constant(E[0]) * at(slopes[0]);
                    for j in 1..6 {
                        sum = sum + V::constant(E[j]) * at(slopes[j]);
                    }
                    let size = at(&y[b]).abs().max(at(&stage[b]).abs());
                    let ratio = at(h) * sum / (V::constant(atol) + V::constant(rtol) * size);
                    (at(error) + ratio * ratio).store(&mut error[l..]);
                }
            }
        }
        let share = V::constant(0.5 / moving.len() as f64);
        for l in (0..LANES).step_by(V::LANES) {
            (V::load(&error[l..]) * share).sqrt().store(&mut error[l..]);
        }
    }
}

/// What a lane's controller remembers, and what it decided about the last attempt.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) t: Block,
    /// Last accepted error, at least 10⁻⁴.
    pub(super) old_error: Block,
    /// 1 where the attempt before was refused.
    pub(super) refused: Block,
    /// 1 where the step about to be tried ends at the end of the run.
    pub(super) last: Block,
    /// Size of fixed steps.
    pub(super) fixed: Block,
    pub(super) attempts: Block,
    pub(super) accepted: Block,
    /// 1 where the attempt was accepted.
    pub(super) ok: Block,
    /// 1 where the attempt ended at the end of the run.
    pub(super) at_end: Block,
    /// 1 where the next step would be below rounding.
    pub(super) tiny: Block,
}

impl Control {
    pub(super) fn new() -> Self {
        let zero = [0.0; LANES];
        Self {
            t: zero,
            old_error: [1e-4; LANES],
            refused: zero,
            last: zero,
            fixed: zero,
            attempts: zero,
            accepted: zero,
            ok: zero,
            at_end: zero,
            tiny: zero,
        }
    }
}

/// Accepts or refuses the attempt in every lane and chooses the next step, by the PI controller of Hairer, Nørsett, Wanner I,
/// II.4 (with the exponents of the scalar integrator): factor 0.9·err^(−0.17)·err_old^0.04. Powers go by way of polynomials
/// for log₂ and 2ˣ that are right to 10⁻³: a step size need not be more accurate, and lanes can do them.
pub(super) struct Decide<'a> {
    pub(super) adaptive: bool,
    pub(super) until: f64,
    pub(super) moving: &'a [usize],
    pub(super) error: &'a Block,
    pub(super) h: &'a mut Block,
    pub(super) y: &'a mut [Block],
    pub(super) stage: &'a [Block],
    pub(super) k: &'a mut [Vec<Block>; 7],
    pub(super) control: &'a mut Control,
}

impl Kernel for Decide<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { adaptive, until, moving, error, h, y, stage, k, control: c } = self;
        let stretch = stretch(adaptive);
        for l in 0..LANES {
            let e = error[l];
            let ok = e <= 1.0;
            let finite = e < f64::INFINITY;
            let bounded = if e > 1e-30 { e } else { 1e-30 };
            let bounded = if bounded < 1e30 { bounded } else { 1e30 };
            let factor = 0.9 * exp2(-0.17 * log2(bounded) + 0.04 * log2(c.old_error[l]));
            let factor = if factor > 0.2 { factor } else { 0.2 };
            let most = if ok && c.refused[l] == 0.0 { 10.0 } else { 1.0 };
            let factor = if factor < most { factor } else { most };
            let factor = if finite { factor } else { 0.5 };
            let next = if adaptive || !ok { h[l] * factor } else { c.fixed[l] };
            let at_end = ok && c.last[l] != 0.0;
            let advanced = if at_end { until } else { c.t[l] + h[l] };
            let t = if ok { advanced } else { c.t[l] };
            let left = until - t;
            let last = stretch * next >= left;
            c.tiny[l] = flag(t + next == t || next <= 4.0 * f64::EPSILON * t + f64::MIN_POSITIVE);
            h[l] = if last { left } else { next };
            c.t[l] = t;
            c.last[l] = flag(last);
            c.refused[l] = flag(!ok);
            let remembered = if e > 1e-4 { e } else { 1e-4 };
            c.old_error[l] = if ok { remembered } else { c.old_error[l] };
            c.ok[l] = flag(ok);
            c.at_end[l] = flag(at_end);
            c.attempts[l] += 1.0;
            c.accepted[l] += flag(ok);
        }
        let n = y.len() / 2;
        let (first, seventh) = k.split_at_mut(6);
        for &i in moving {
            for b in [i, n + i] {
                // First same as last.
                let (y, stage, k0, k6) = (&mut y[b], &stage[b], &mut first[0][b], &seventh[0][b]);
                for l in 0..LANES {
                    let ok = c.ok[l] != 0.0;
                    y[l] = if ok { stage[l] } else { y[l] };
                    k0[l] = if ok { k6[l] } else { k0[l] };
                }
            }
        }
    }
}

/// A step is stretched by a hundredth rather than followed by a tiny one; equal steps only by their rounding.
pub(super) fn stretch(adaptive: bool) -> f64 {
    if adaptive {
        1.01
    } else {
        1.0 + 1e-9
    }
}

#[inline(always)]
fn flag(truth: bool) -> f64 {
    if truth {
        1.0
    } else {
        0.0
    }
}

/// log₂ of a normal number to 10⁻³.
#[inline(always)]
fn log2(x: f64) -> f64 {
    let bits = x.to_bits();
    // The exponent's bits in the mantissa of 2^52 make it a float without a conversion.
    let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - 4_503_599_627_371_519.0;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    exponent + (-2.153_620_718 + m * (3.047_884_161 + m * (-1.051_875_031 + m * 0.158_248_672)))
}

/// 2ˣ to 2·10⁻⁴ for |x| < 1000.
#[inline(always)]
fn exp2(x: f64) -> f64 {
    let shifted = x + 6_755_399_441_055_744.0; // 1.5·2^52: rounds to the nearest whole number
    let z = (x - (shifted - 6_755_399_441_055_744.0)) * std::f64::consts::LN_2;
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    scale * (1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomials_are_as_accurate_as_they_say() {
        for i in -3000..3000 {
            let x = f64::from(i) / 100.0;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 2e-4, "{x}");
            let y = x.exp2();
            assert!((log2(y) - x).abs() < 1e-3, "{x}: {}", log2(y));
        }
    }
}
