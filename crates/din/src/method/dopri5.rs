//! The explicit pair 5(4) of Dormand and Prince (J. Comput. Appl. Math. 6, 1980) with Shampine's dense output of
//! order 4, coefficients as in Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I, II.5–6.

use super::{
    combine,
    explicit::{cubic, stiffness},
    Attempt, Control, Cost, Method, Storage, Tolerance,
};
use crate::system::System;

/// Nodes.
pub const C: [f64; 7] = [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0];
/// Row 2 of the tableau.
pub const A2: [f64; 1] = [0.2];
/// Row 3.
pub const A3: [f64; 2] = [3.0 / 40.0, 9.0 / 40.0];
/// Row 4.
pub const A4: [f64; 3] = [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0];
/// Row 5.
pub const A5: [f64; 4] = [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0];
/// Row 6.
pub const A6: [f64; 5] = [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0];
/// Weights of stages 1, 3, 4, 5, 6 (stage 2 has weight 0).
pub const B: [f64; 5] = [35.0 / 384.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0];
/// Difference of the weights of orders 5 and 4, stages 1, 3, 4, 5, 6, 7.
pub const E: [f64; 6] =
    [71.0 / 57600.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];
/// Dense output, stages 1, 3, 4, 5, 6, 7.
const D: [f64; 6] = [
    -12715105075.0 / 11282082432.0,
    87487479700.0 / 32700410799.0,
    -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0,
    -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0,
];

pub(crate) struct Dopri5<V> {
    k: [V; 7],
    stage: V,
    next: V,
    dense: [V; 5],
    stiffness: f64,
    cost: Cost,
}

impl<V: Storage> Dopri5<V> {
    pub(crate) fn new(n: usize) -> Self {
        let zero = || V::zero(n);
        Self {
            k: std::array::from_fn(|_| zero()),
            stage: zero(),
            next: zero(),
            dense: std::array::from_fn(|_| zero()),
            stiffness: 0.0,
            cost: Cost::default(),
        }
    }
}

impl<V: Storage> Method for Dopri5<V> {
    fn control(&self) -> Control {
        Control { error_order: 5.0, proportional: 0.04, shrink: 0.2, grow: 10.0, hold: 1.0 }
    }

    fn begin(&mut self, slope: &[f64]) {
        self.k[0].as_mut().copy_from_slice(slope);
    }

    fn attempt(
        &mut self,
        system: &mut dyn System,
        t: f64,
        y: &[f64],
        h: f64,
        tolerance: Tolerance,
    ) -> Attempt {
        let [k1, k2, k3, k4, k5, k6, k7] = &mut self.k;
        let stage = &mut self.stage;
        combine(stage, y, h, [k1], A2);
        system.rhs(t + C[1] * h, stage.as_ref(), k2.as_mut());
        combine(stage, y, h, [k1, k2], A3);
        system.rhs(t + C[2] * h, stage.as_ref(), k3.as_mut());
        combine(stage, y, h, [k1, k2, k3], A4);
        system.rhs(t + C[3] * h, stage.as_ref(), k4.as_mut());
        combine(stage, y, h, [k1, k2, k3, k4], A5);
        system.rhs(t + C[4] * h, stage.as_ref(), k5.as_mut());
        combine(stage, y, h, [k1, k2, k3, k4, k5], A6);
        system.rhs(t + h, stage.as_ref(), k6.as_mut());
        combine(&mut self.next, y, h, [k1, k3, k4, k5, k6], B);
        system.rhs(t + h, self.next.as_ref(), k7.as_mut());
        self.cost.evaluations += 6;

        let (next, stage) = (self.next.as_ref(), self.stage.as_ref());
        let n = next.len();
        let y = &y[..n];
        let [k1, _, k3, k4, k5, k6, k7] = self.k.each_ref().map(|k| &k.as_ref()[..n]);
        let mut error = 0.0;
        for i in 0..n {
            let e = E[0] * k1[i] + E[1] * k3[i] + E[2] * k4[i] + E[3] * k5[i] + E[4] * k6[i] + E[5] * k7[i];
            let r = h * e / tolerance.scale(y[i], next[i]);
            error += r * r;
        }
        // Every stage enters the error, so a NaN or ∞ in any of them shows here.
        let Some(stiffness) = stiffness(h, [k7, k6], [next, stage]).filter(|_| error.is_finite()) else {
            return Attempt::NonFinite;
        };
        self.stiffness = stiffness;
        Attempt::Done { error: (error / n as f64).sqrt() }
    }

    fn candidate(&self) -> &[f64] {
        self.next.as_ref()
    }

    fn accept(&mut self, _: &mut dyn System, _: f64, y: &[f64], h: f64, dense: bool) {
        if dense {
            let [k1, _, k3, k4, k5, k6, k7] = self.k.each_ref().map(AsRef::as_ref);
            let [r1, r2, r3, r4, r5] = self.dense.each_mut().map(AsMut::as_mut);
            let next = self.next.as_ref();
            cubic([r1, r2, r3, r4], y, next, h, k1, k7);
            for i in 0..next.len() {
                let sum = D[0] * k1[i] + D[1] * k3[i] + D[2] * k4[i];
                r5[i] = h * (sum + D[3] * k5[i] + D[4] * k6[i] + D[5] * k7[i]);
            }
        }
        // First same as last.
        self.k.swap(0, 6);
    }

    fn dense(&self, s: f64, out: &mut [f64]) {
        let [r1, r2, r3, r4, r5] = self.dense.each_ref().map(AsRef::as_ref);
        let q = 1.0 - s;
        for i in 0..out.len() {
            out[i] = r1[i] + s * (r2[i] + q * (r3[i] + s * (r4[i] + q * r5[i])));
        }
    }

    fn stiffness(&self) -> Option<f64> {
        Some(self.stiffness)
    }

    fn slope(&self) -> &[f64] {
        self.k[0].as_ref()
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}
