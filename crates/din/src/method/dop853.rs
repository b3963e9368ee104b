//! The explicit triple 8(5,3) of Dormand and Prince with dense output of order 7, after Hairer, Nørsett, Wanner,
//! Solving Ordinary Differential Equations I, 2nd ed., II.5–6 and II.10.

use super::{
    combine,
    dop853_table::*,
    explicit::{cubic, stiffness},
    Attempt, Control, Cost, Method, Storage, Tolerance,
};
use crate::system::System;

pub(crate) struct Dop853<V> {
    /// Stages 1 to 12, then the slope at the end of the step.
    k: [V; 13],
    /// Stages 14 to 16, for dense output only.
    extra: [V; 3],
    stage: V,
    next: V,
    dense: [V; 8],
    stiffness: f64,
    cost: Cost,
}

impl<V: Storage> Dop853<V> {
    pub(crate) fn new(n: usize) -> Self {
        let zero = || V::zero(n);
        Self {
            k: std::array::from_fn(|_| zero()),
            extra: std::array::from_fn(|_| zero()),
            stage: zero(),
            next: zero(),
            dense: std::array::from_fn(|_| zero()),
            stiffness: 0.0,
            cost: Cost::default(),
        }
    }

    /// The combined estimate err = |h|·e₅²/√(e₅² + 0.01 e₃²); `None` if anything is not finite.
    fn error(&self, y: &[f64], h: f64, tolerance: Tolerance) -> Option<f64> {
        let next = self.next.as_ref();
        let n = next.len();
        let y = &y[..n];
        let [k1, _, _, _, _, k6, k7, k8, k9, k10, k11, k12, _] = self.k.each_ref().map(|k| &k.as_ref()[..n]);
        let (mut fifth, mut third) = (0.0, 0.0);
        for i in 0..n {
            let k = [k1[i], k6[i], k7[i], k8[i], k9[i], k10[i], k11[i], k12[i]];
            let (mut e5, mut e3) = (0.0, 0.0);
            for j in 0..8 {
                e5 += E5[j] * k[j];
                e3 += B[j] * k[j];
            }
            e3 -= B3[0] * k1[i] + B3[1] * k9[i] + B3[2] * k12[i];
            let weight = 1.0 / tolerance.scale(y[i], next[i]);
            fifth += (weight * e5) * (weight * e5);
            third += (weight * e3) * (weight * e3);
        }
        let total = fifth + 0.01 * third;
        if !total.is_finite() || !dinlab_numeric::all_finite(next) {
            return None;
        }
        if total == 0.0 {
            return Some(0.0);
        }
        Some(h.abs() * fifth / (total * n as f64).sqrt())
    }
}

impl<V: Storage> Method for Dop853<V> {
    fn control(&self) -> Control {
        Control { error_order: 8.0, proportional: 0.0, shrink: 0.333, grow: 6.0, hold: 1.0 }
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
        let stage = &mut self.stage;
        let [k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, k12, _] = &mut self.k;
        combine(stage, y, h, [k1], A2);
        system.rhs(t + C[1] * h, stage.as_ref(), k2.as_mut());
        combine(stage, y, h, [k1, k2], A3);
        system.rhs(t + C[2] * h, stage.as_ref(), k3.as_mut());
        combine(stage, y, h, [k1, k3], A4);
        system.rhs(t + C[3] * h, stage.as_ref(), k4.as_mut());
        combine(stage, y, h, [k1, k3, k4], A5);
        system.rhs(t + C[4] * h, stage.as_ref(), k5.as_mut());
        combine(stage, y, h, [k1, k4, k5], A6);
        system.rhs(t + C[5] * h, stage.as_ref(), k6.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6], A7);
        system.rhs(t + C[6] * h, stage.as_ref(), k7.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6, k7], A8);
        system.rhs(t + C[7] * h, stage.as_ref(), k8.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6, k7, k8], A9);
        system.rhs(t + C[8] * h, stage.as_ref(), k9.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6, k7, k8, k9], A10);
        system.rhs(t + C[9] * h, stage.as_ref(), k10.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6, k7, k8, k9, k10], A11);
        system.rhs(t + C[10] * h, stage.as_ref(), k11.as_mut());
        combine(stage, y, h, [k1, k4, k5, k6, k7, k8, k9, k10, k11], A12);
        system.rhs(t + h, stage.as_ref(), k12.as_mut());
        combine(&mut self.next, y, h, [k1, k6, k7, k8, k9, k10, k11, k12], B);
        self.cost.evaluations += 11;

        // Stages 2 to 5 reach the estimate through the later ones.
        let Some(error) = self.error(y, h, tolerance) else { return Attempt::NonFinite };
        if error > 1.0 {
            return Attempt::Done { error };
        }
        system.rhs(t + h, self.next.as_ref(), self.k[12].as_mut());
        self.cost.evaluations += 1;
        let [next, stage, k12, k13] = [&self.next, &self.stage, &self.k[11], &self.k[12]].map(AsRef::as_ref);
        let Some(stiffness) = stiffness(h, [k13, k12], [next, stage]) else { return Attempt::NonFinite };
        self.stiffness = stiffness;
        Attempt::Done { error }
    }

    fn candidate(&self) -> &[f64] {
        self.next.as_ref()
    }

    fn accept(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64, dense: bool) {
        if dense {
            self.prepare_dense(system, t, y, h);
        }
        self.k.swap(0, 12);
    }

    fn dense(&self, s: f64, out: &mut [f64]) {
        let [r1, r2, r3, r4, r5, r6, r7, r8] = self.dense.each_ref().map(AsRef::as_ref);
        let q = 1.0 - s;
        for i in 0..out.len() {
            let inner = r5[i] + s * (r6[i] + q * (r7[i] + s * r8[i]));
            out[i] = r1[i] + s * (r2[i] + q * (r3[i] + s * (r4[i] + q * inner)));
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

impl<V: Storage> Dop853<V> {
    fn prepare_dense(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64) {
        let [k1, _, _, _, _, k6, k7, k8, k9, k10, k11, k12, k13] = &self.k;
        let [k14, k15, k16] = &mut self.extra;
        let stage = &mut self.stage;
        combine(stage, y, h, [k1, k7, k8, k9, k10, k11, k12, k13], A14);
        system.rhs(t + C[12] * h, stage.as_ref(), k14.as_mut());
        combine(stage, y, h, [k1, k6, k7, k8, k11, k12, k13, k14], A15);
        system.rhs(t + C[13] * h, stage.as_ref(), k15.as_mut());
        combine(stage, y, h, [k1, k6, k7, k8, k9, k13, k14, k15], A16);
        system.rhs(t + C[14] * h, stage.as_ref(), k16.as_mut());
        self.cost.evaluations += 3;
        let stages = [k1, k6, k7, k8, k9, k10, k11, k12, k13, k14, k15, k16].map(|k| k.as_ref());
        let (k1, k13, next) = (stages[0], stages[8], self.next.as_ref());
        let [r1, r2, r3, r4, high @ ..] = &mut self.dense.each_mut().map(AsMut::as_mut);
        cubic([r1, r2, r3, r4], y, next, h, k1, k13);
        for i in 0..next.len() {
            for (r, d) in high.iter_mut().zip(&D) {
                let mut sum = 0.0;
                for j in 0..12 {
                    sum += d[j] * stages[j][i];
                }
                r[i] = h * sum;
            }
        }
    }
}
