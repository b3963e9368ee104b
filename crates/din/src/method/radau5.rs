//! Radau IIA of order 5 with simplified Newton iteration, after Hairer, Wanner, Solving Ordinary Differential
//! Equations II, 2nd ed., IV.8: the 3n equations fall into one real and one complex system of size n.
//! Dense output is the collocation polynomial.

use nalgebra::Complex;

use super::{linear::Lu, Attempt, Control, Cost, Method, Tolerance};
use crate::system::System;

const SQRT6: f64 = 2.449489742783178;
/// Nodes.
const C: [f64; 3] = [(4.0 - SQRT6) / 10.0, (4.0 + SQRT6) / 10.0, 1.0];
/// Real eigenvalue 3 + 3^(2/3) − 3^(1/3) of A⁻¹.
const REAL: f64 = 3.637834252744496;
/// Complex eigenvalue 3 + (3^(1/3) − 3^(2/3))/2 − i(3^(5/6) + 3^(7/6))/2 of A⁻¹.
const COMPLEX: Complex<f64> = Complex::new(2.681082873627752, -3.050430199247411);
/// Columns: an eigenvector of A⁻¹, then real and imaginary parts of a complex one.
const T: [[f64; 3]; 3] = [
    [0.09443876248897524, -0.141255295020954, 0.030029194105147424],
    [0.2502131229653333, 0.2041293522938, -0.3829421127572619],
    [1.0, 1.0, 0.0],
];
/// T⁻¹.
const TI: [[f64; 3]; 3] = [
    [4.178718591551904, 0.32768282076106237, 0.5233764454994495],
    [-4.178718591551904, -0.32768282076106237, 0.47662355450055044],
    [0.5028726349457868, -2.571926949855605, 0.5960392048282249],
];
/// Error estimate: (REAL/h − J)·err = f(t, y) + Σ ERROR[i]·Zᵢ/h.
const ERROR: [f64; 3] = [(-13.0 - 7.0 * SQRT6) / 3.0, (-13.0 + 7.0 * SQRT6) / 3.0, -1.0 / 3.0];
/// Coefficients of s, s², s³ of the collocation polynomial, per stage.
const P: [[f64; 3]; 3] = [
    [13.0 / 3.0 + 7.0 * SQRT6 / 3.0, -23.0 / 3.0 - 22.0 * SQRT6 / 3.0, 10.0 / 3.0 + 5.0 * SQRT6],
    [13.0 / 3.0 - 7.0 * SQRT6 / 3.0, -23.0 / 3.0 + 22.0 * SQRT6 / 3.0, 10.0 / 3.0 - 5.0 * SQRT6],
    [1.0 / 3.0, -8.0 / 3.0, 10.0 / 3.0],
];
/// Newton iterations per step.
const MOST_ITERATIONS: u32 = 7;

pub(crate) struct Radau5 {
    n: usize,
    slope: Vec<f64>,
    next: Vec<f64>,
    /// Stage increments Zᵢ and their transforms W = T⁻¹Z.
    z: [Vec<f64>; 3],
    w: [Vec<f64>; 3],
    f: [Vec<f64>; 3],
    stage: Vec<f64>,
    right: Vec<f64>,
    right_complex: Vec<Complex<f64>>,
    jacobian: Vec<f64>,
    /// Whether the Jacobian belongs to the current (t, y).
    fresh: bool,
    /// Whether it may be kept for the next step.
    keep: bool,
    real: Lu<f64>,
    complex: Lu<Complex<f64>>,
    /// Step for which the factors hold; 0 for none.
    factorised: f64,
    /// Base point and coefficients of the last collocation polynomial, and its step (0 for none).
    base: Vec<f64>,
    polynomial: [Vec<f64>; 3],
    polynomial_step: f64,
    /// Newton iterations end at corrections of this size in units of the tolerance; from rtol if `None`.
    newton_tolerance: Option<f64>,
    cost: Cost,
}

enum Newton {
    Converged { slow: bool },
    Failed,
    NonFinite,
}

impl Radau5 {
    pub(crate) fn new(n: usize) -> Self {
        let zero = || vec![0.0; n];
        let three = || std::array::from_fn(|_| zero());
        Self {
            n,
            slope: zero(),
            next: zero(),
            z: three(),
            w: three(),
            f: three(),
            stage: zero(),
            right: zero(),
            right_complex: vec![Complex::new(0.0, 0.0); n],
            jacobian: vec![0.0; n * n],
            fresh: false,
            keep: false,
            real: Lu::new(n),
            complex: Lu::new(n),
            factorised: 0.0,
            base: zero(),
            polynomial: three(),
            polynomial_step: 0.0,
            newton_tolerance: None,
            cost: Cost::default(),
        }
    }

    /// Solves its equations to this accuracy whatever the tolerance of the step.
    #[cfg(test)]
    pub(crate) fn with_newton_tolerance(n: usize, newton_tolerance: f64) -> Self {
        Self { newton_tolerance: Some(newton_tolerance), ..Self::new(n) }
    }

    /// Jacobian and factors for the step h; false if the matrices are singular or not finite.
    fn prepare(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64) -> bool {
        if !self.fresh && !self.keep {
            system.jacobian(t, y, &mut self.jacobian);
            self.cost.jacobians += 1;
            self.fresh = true;
            self.factorised = 0.0;
        }
        if self.factorised == h {
            return true;
        }
        let (n, jacobian) = (self.n, &self.jacobian);
        let shift = |i, j, value| if i == j { value } else { 0.0 };
        let real = self.real.factorise(|i, j| shift(i, j, REAL / h) - jacobian[i * n + j]);
        let complex = self.complex.factorise(|i, j| {
            Complex::new(shift(i, j, COMPLEX.re / h) - jacobian[i * n + j], shift(i, j, COMPLEX.im / h))
        });
        self.cost.factorisations += 2;
        self.factorised = if real && complex { h } else { 0.0 };
        real && complex
    }

    /// First guess: the last collocation polynomial, extrapolated.
    fn guess(&mut self, y: &[f64], h: f64) {
        let n = self.n;
        for stage in 0..3 {
            if self.polynomial_step == 0.0 {
                self.z[stage].fill(0.0);
                continue;
            }
            let s = 1.0 + C[stage] * h / self.polynomial_step;
            for i in 0..n {
                let [p1, p2, p3] = &self.polynomial;
                self.z[stage][i] = self.base[i] + s * (p1[i] + s * (p2[i] + s * p3[i])) - y[i];
            }
        }
        for i in 0..n {
            for row in 0..3 {
                self.w[row][i] = (0..3).map(|j| TI[row][j] * self.z[j][i]).fold(0.0, |s, v| s + v);
            }
        }
    }

    fn newton(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64, tolerance: Tolerance) -> Newton {
        let n = self.n;
        let small = dinlab_numeric::min(0.03, tolerance.rtol.sqrt());
        let default = dinlab_numeric::max(10.0 * f64::EPSILON / tolerance.rtol, small);
        let enough = self.newton_tolerance.unwrap_or(default);
        let most = if self.newton_tolerance.is_some() { 10 * MOST_ITERATIONS } else { MOST_ITERATIONS };
        let (mut last, mut rate) = (0.0_f64, 0.0_f64);
        for iteration in 0..most {
            for stage in 0..3 {
                for i in 0..n {
                    self.stage[i] = y[i] + self.z[stage][i];
                }
                system.rhs(t + C[stage] * h, &self.stage, &mut self.f[stage]);
                self.cost.evaluations += 1;
            }
            let size = self.correct(y, h, tolerance);
            if !size.is_finite() {
                return Newton::NonFinite;
            }
            if iteration > 0 {
                rate = size / last;
                let left = (most - 1 - iteration) as i32;
                // At rounding level corrections no longer shrink: that is not divergence.
                let stalled = size <= 0.5 * enough;
                if !stalled && (rate >= 1.0 || rate.powi(left) / (1.0 - rate) * size > enough) {
                    return Newton::Failed;
                }
            }
            self.apply();
            // The first iteration has no rate: only a correction at rounding level ends there.
            let remaining = match iteration {
                0 => size * 1e3,
                _ if rate < 0.5 => rate / (1.0 - rate) * size,
                _ => 2.0 * size,
            };
            if size == 0.0 || remaining < enough {
                return Newton::Converged { slow: iteration > 1 && rate > 1e-3 };
            }
            last = size;
        }
        Newton::Failed
    }

    /// Solves for the correction ΔW (left in `right`, `right_complex`); its size in units of the tolerance.
    fn correct(&mut self, y: &[f64], h: f64, tolerance: Tolerance) -> f64 {
        for i in 0..self.n {
            let transformed = |row: usize| (0..3).map(|j| TI[row][j] * self.f[j][i]).fold(0.0, |s, v| s + v);
            self.right[i] = transformed(0) - REAL / h * self.w[0][i];
            self.right_complex[i] = Complex::new(transformed(1), transformed(2))
                - COMPLEX / h * Complex::new(self.w[1][i], self.w[2][i]);
        }
        self.real.solve(&mut self.right);
        self.complex.solve(&mut self.right_complex);
        let mut sum = 0.0;
        for i in 0..self.n {
            let scale = tolerance.scale(y[i], y[i]);
            let (real, complex) = (self.right[i] / scale, self.right_complex[i] / scale);
            sum += real * real + complex.norm_sqr();
        }
        (sum / (3 * self.n) as f64).sqrt()
    }

    /// W ← W + ΔW, Z ← TW.
    fn apply(&mut self) {
        for i in 0..self.n {
            self.w[0][i] += self.right[i];
            self.w[1][i] += self.right_complex[i].re;
            self.w[2][i] += self.right_complex[i].im;
            for row in 0..3 {
                self.z[row][i] = (0..3).map(|j| T[row][j] * self.w[j][i]).fold(0.0, |s, v| s + v);
            }
        }
    }

    /// Error in units of the tolerance. The repeated filtering of the original code is left out: on strongly
    /// stiff components it accepts steps whose error is far above the tolerance.
    fn error(&mut self, y: &[f64], h: f64, tolerance: Tolerance) -> f64 {
        for i in 0..self.n {
            let [z1, z2, z3] = &self.z;
            self.right[i] = self.slope[i] + (ERROR[0] * z1[i] + ERROR[1] * z2[i] + ERROR[2] * z3[i]) / h;
        }
        self.real.solve(&mut self.right);
        let mut sum = 0.0;
        for i in 0..self.n {
            let e = self.right[i] / tolerance.scale(y[i], self.next[i]);
            sum += e * e;
        }
        (sum / self.n as f64).sqrt()
    }
}

impl Method for Radau5 {
    fn control(&self) -> Control {
        // Keeping the step where it would grow by less than a fifth saves factorisations.
        Control { error_order: 4.0, proportional: 0.0, shrink: 0.2, grow: 8.0, hold: 1.2 }
    }

    fn begin(&mut self, slope: &[f64]) {
        self.slope.copy_from_slice(slope);
        (self.fresh, self.keep, self.factorised, self.polynomial_step) = (false, false, 0.0, 0.0);
    }

    fn attempt(
        &mut self,
        system: &mut dyn System,
        t: f64,
        y: &[f64],
        h: f64,
        tolerance: Tolerance,
    ) -> Attempt {
        if !self.prepare(system, t, y, h) {
            self.keep = false;
            return Attempt::NonFinite;
        }
        self.guess(y, h);
        let slow = match self.newton(system, t, y, h, tolerance) {
            Newton::Converged { slow } => slow,
            Newton::NonFinite => {
                self.polynomial_step = 0.0;
                return Attempt::NonFinite;
            }
            Newton::Failed if self.fresh => return Attempt::Unsolved { factor: 0.5 },
            Newton::Failed => {
                // An old Jacobian: try the same step with a new one.
                self.keep = false;
                return Attempt::Unsolved { factor: 1.0 };
            }
        };
        for i in 0..self.n {
            self.next[i] = y[i] + self.z[2][i];
        }
        let error = self.error(y, h, tolerance);
        if error <= 1.0 {
            // f at the end: the next step's estimate needs it, and it must be finite there.
            system.rhs(t + h, &self.next, &mut self.f[1]);
            self.cost.evaluations += 1;
        }
        if !error.is_finite() || (error <= 1.0 && !dinlab_numeric::all_finite(&self.f[1])) {
            return Attempt::NonFinite;
        }
        self.keep = !slow;
        Attempt::Done { error }
    }

    fn candidate(&self) -> &[f64] {
        &self.next
    }

    fn accept(&mut self, _: &mut dyn System, _: f64, y: &[f64], h: f64, _: bool) {
        for i in 0..self.n {
            for power in 0..3 {
                self.polynomial[power][i] =
                    (0..3).map(|stage| self.z[stage][i] * P[stage][power]).fold(0.0, |s, v| s + v);
            }
        }
        self.base.copy_from_slice(y);
        self.polynomial_step = h;
        self.slope.copy_from_slice(&self.f[1]);
        self.fresh = false;
    }

    fn dense(&self, s: f64, out: &mut [f64]) {
        let [p1, p2, p3] = &self.polynomial;
        for i in 0..out.len() {
            out[i] = self.base[i] + s * (p1[i] + s * (p2[i] + s * p3[i]));
        }
    }

    fn slope(&self) -> &[f64] {
        &self.slope
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix3;

    #[test]
    fn constants_belong_to_the_collocation_method_at_the_nodes() {
        // A from its definition: Σⱼ aᵢⱼ cⱼᵏ⁻¹ = cᵢᵏ/k.
        let powers = Matrix3::from_fn(|i, k| C[i].powi(k as i32));
        let integrals = Matrix3::from_fn(|i, k| C[i].powi(k as i32 + 1) / (k as f64 + 1.0));
        let inverse = (integrals * powers.try_inverse().unwrap()).try_inverse().unwrap();
        let (t, ti) = (Matrix3::from_fn(|i, j| T[i][j]), Matrix3::from_fn(|i, j| TI[i][j]));
        assert!((t * ti - Matrix3::identity()).norm() < 1e-14);
        let block = Matrix3::new(
            REAL,
            0.0,
            0.0, //
            0.0,
            COMPLEX.re,
            -COMPLEX.im, //
            0.0,
            COMPLEX.im,
            COMPLEX.re,
        );
        let found = ti * inverse * t;
        assert!((found - block).norm() < 1e-13, "{found}");
        // The collocation polynomial takes the values of the stages at the nodes.
        for stage in 0..3 {
            for node in 0..3 {
                let c = C[node];
                let value = c * (P[stage][0] + c * (P[stage][1] + c * P[stage][2]));
                assert!((value - f64::from(u8::from(stage == node))).abs() < 1e-14);
            }
        }
    }
}
