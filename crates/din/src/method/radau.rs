//! Radau IIA methods of order 5, 9, 13 and 17 with simplified Newton iteration, after Hairer, Wanner, J. Comput. Appl.
//! Math. 111 (1999), and Solving Ordinary Differential Equations II, 2nd ed., IV.8. The equations of s stages fall into
//! one real and (s − 1)/2 complex systems of the size of the state.
//!
//! Dense output is the collocation polynomial p, uniformly of order s. It is what samples and events see, so its error is
//! what is controlled: to leading order it is h·(f(t, y) − p′(t)), the defect at the start of the step, times a constant of
//! the method. At the nodes errors are smaller by far. (The original controls an error of the same order at the nodes,
//! against loosened tolerances; samples between the nodes would then miss the tolerance.)

use std::ops::RangeInclusive;

use nalgebra::Complex;

use super::{
    collocation::Polynomial,
    radau_table::{Table, TABLES},
    resolvent::Resolvent,
    Attempt, Control, Cost, Method, Storage, Tolerance, BLOCK,
};
use crate::system::System;

/// Contraction of the Newton iteration below which the Jacobian is kept.
const KEEP: f64 = 1e-3;
/// Newton iterations end at errors of this size in units of the tolerance, or at rounding level.
const ENOUGH: f64 = 0.01;
const ROUNDING: f64 = 50.0 * f64::EPSILON;
/// The polynomial is extrapolated over so many times the step it comes from.
const FARTHEST: f64 = 3.0;
/// Error in units of the first correction where the contraction is not known: only a correction at rounding level ends
/// the iteration.
const WITHOUT_HISTORY: f64 = 1e3;
/// Relative tolerances from which on 5, 7 and 9 stages are suited (measured: docs/benchmarks.md).
const SUITED: [f64; 3] = [3e-6, 3e-8, 3e-11];
/// Contraction of a calm step, and number of calm steps before the order is raised.
const CALM: f64 = 0.1;
const CALM_STEPS: u32 = 8;

pub(crate) struct Radau<V> {
    table: &'static Table,
    /// Index of the table, the one suited to the tolerance, and those allowed.
    level: usize,
    suited: usize,
    levels: RangeInclusive<usize>,
    /// Steps in a row after which a higher order could have been taken.
    calm: u32,
    slope: V,
    next: V,
    /// Increments zᵢ of the stages, slopes there, residuals of the equations, corrections.
    z: Vec<V>,
    f: Vec<V>,
    residual: Vec<V>,
    correction: Vec<V>,
    stage: V,
    matrix: Resolvent<V>,
    jacobian: Jacobian,
    /// Step for which the matrices are prepared; 0 for none.
    factorised: f64,
    /// Contraction of the last Newton iteration; 1 where none is known.
    rate: f64,
    polynomial: Polynomial<V>,
    newton_tolerance: Option<f64>,
    cost: Cost,
}

/// Which Jacobian the matrices hold.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Jacobian {
    /// None that is of use.
    Stale,
    /// One of an earlier step, which served it well.
    Kept,
    /// One of this step.
    Fresh,
}

enum Newton {
    Converged,
    Failed { factor: f64 },
    NonFinite,
}

impl<V: Storage> Radau<V> {
    /// The method with 3, 5, 7 or 9 stages.
    pub(crate) fn new(n: usize, stages: usize) -> Self {
        let level = (stages.clamp(3, 9) - 3) / 2;
        Self::with_levels(n, level, level..=level)
    }

    /// The method that changes its order: it starts with the number of stages that is best for most problems at this
    /// tolerance, has fewer where the Newton iteration fails, and more where it contracts at once.
    pub(crate) fn variable(n: usize, rtol: f64) -> Self {
        let level = SUITED.iter().filter(|&&limit| rtol <= limit).count();
        Self::with_levels(n, level, 0..=TABLES.len() - 1)
    }

    fn with_levels(n: usize, level: usize, levels: RangeInclusive<usize>) -> Self {
        let zero = || V::zero(n);
        let most = TABLES[*levels.end()].stages;
        let several = || (0..most).map(|_| zero()).collect::<Vec<_>>();
        Self {
            table: &TABLES[level],
            level,
            suited: level,
            levels,
            calm: 0,
            slope: zero(),
            next: zero(),
            z: several(),
            f: several(),
            residual: several(),
            correction: several(),
            stage: zero(),
            matrix: Resolvent::new(n),
            jacobian: Jacobian::Stale,
            factorised: 0.0,
            rate: 1.0,
            polynomial: Polynomial::new(n, most),
            newton_tolerance: None,
            cost: Cost::default(),
        }
    }

    /// Solves its equations to this accuracy whatever the tolerance of the step.
    #[cfg(test)]
    pub(crate) fn with_newton_tolerance(n: usize, stages: usize, newton_tolerance: f64) -> Self {
        Self { newton_tolerance: Some(newton_tolerance), ..Self::new(n, stages) }
    }

    /// Jacobian and matrices for the step h; false if they are singular or not finite.
    fn prepare(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64) -> bool {
        if self.jacobian == Jacobian::Stale {
            // In the middle of the step, where the extrapolated polynomial leads: half as far from the last stage.
            let middle = self.table.stages / 2;
            add(&mut self.stage, y, &self.z[middle]);
            let mut found = self.matrix.linearise(system, t + self.table.c[middle] * h, self.stage.as_ref());
            if !found {
                found = self.matrix.linearise(system, t, y);
            }
            self.cost.jacobians += 1;
            self.factorised = 0.0;
            if !found {
                return false;
            }
            self.jacobian = Jacobian::Fresh;
        }
        if self.factorised == h {
            return true;
        }
        let complex = self.table.complex.iter().map(|&(re, im)| h / Complex::new(re, -im));
        let regular = self.matrix.factorise(h / self.table.real, complex);
        self.cost.factorisations += 1 + self.table.complex.len() as u64;
        self.factorised = if regular { h } else { 0.0 };
        regular
    }

    /// First guess: the last collocation polynomial, extrapolated.
    fn guess(&mut self, y: &[f64], h: f64) {
        for (z, c) in self.z.iter_mut().zip(self.table.c) {
            if self.polynomial.h != 0.0 && h.abs() <= FARTHEST * self.polynomial.h.abs() {
                self.polynomial.at(1.0 + c * h / self.polynomial.h, z.as_mut());
                z.as_mut().iter_mut().zip(y).for_each(|(z, y)| *z -= y);
            } else {
                z.as_mut().fill(0.0);
            }
        }
    }

    /// Takes another number of stages. The Jacobian and the last polynomial remain of use.
    fn change_level(&mut self, level: usize) {
        self.calm = 0;
        if level != self.level && self.levels.contains(&level) {
            (self.level, self.table) = (level, &TABLES[level]);
            (self.factorised, self.rate) = (0.0, 1.0);
        }
    }

    fn newton(&mut self, system: &mut dyn System, t: f64, y: &[f64], h: f64, tolerance: Tolerance) -> Newton {
        let default = dinlab_numeric::max(ROUNDING / tolerance.rtol, ENOUGH);
        let enough = self.newton_tolerance.unwrap_or(default);
        // 7, 12, 17, 22 as in the original.
        let patience = if self.newton_tolerance.is_some() { 5 } else { 1 };
        let most = (7 + (self.table.stages as i32 - 3) * 5 / 2) * patience;
        let mut progress = Progress::new();
        for iteration in 0..most {
            for i in 0..self.table.stages {
                add(&mut self.stage, y, &self.z[i]);
                system.rhs(t + self.table.c[i] * h, self.stage.as_ref(), self.f[i].as_mut());
            }
            self.cost.evaluations += self.table.stages as u64;
            let size = self.correct(y, h, tolerance);
            if !size.is_finite() {
                return Newton::NonFinite;
            }
            if let Some(factor) = progress.record(size, most - 1 - iteration, enough) {
                return Newton::Failed { factor };
            }
            for (z, correction) in self.z[..self.table.stages].iter_mut().zip(&self.correction) {
                z.as_mut().iter_mut().zip(correction.as_ref()).for_each(|(z, c)| *z += c);
            }
            if size == 0.0 || progress.error_of_size * size < enough {
                self.rate = progress.rate;
                return Newton::Converged;
            }
        }
        Newton::Failed { factor: 0.5 }
    }

    /// Solves (I − hA⊗J)Δz = hAf − z for the correction; its size in units of the tolerance.
    fn correct(&mut self, y: &[f64], h: f64, tolerance: Tolerance) -> f64 {
        let Self { table, matrix, z, f, residual, correction, .. } = self;
        let s = table.stages;
        let (residual, correction) = (&mut residual[..s], &mut correction[..s]);
        product(residual, table.a, &f[..s]);
        for (r, z) in residual.iter_mut().zip(z) {
            r.as_mut().iter_mut().zip(z.as_ref()).for_each(|(r, z)| *r = h * *r - z);
        }
        product(correction, table.ti, residual);
        matrix.solve_real(&mut correction[0]);
        for (index, pair) in correction[1..].chunks_exact_mut(2).enumerate() {
            if let [re, im] = pair {
                matrix.solve_complex(index, re, im);
            }
        }
        residual.swap_with_slice(correction);
        product(correction, table.t, residual);
        let mut sum = 0.0;
        for i in 0..y.len() {
            // Weighted before it is squared: tiny components with tiny tolerances must not underflow.
            let weight = 1.0 / tolerance.scale(y[i], y[i]);
            for c in correction.iter() {
                let e = weight * c.as_ref()[i];
                sum += e * e;
            }
        }
        (sum / (s * y.len()) as f64).sqrt()
    }

    /// Error of the collocation polynomial in units of the tolerance, from its defect at the start of the step and, where
    /// that is small, at a second place, which sees transients that begin later in the step. `None` if not finite.
    fn error(
        &mut self,
        system: &mut dyn System,
        t: f64,
        y: &[f64],
        h: f64,
        tolerance: Tolerance,
    ) -> Option<f64> {
        let table = self.table;
        add(&mut self.next, y, &self.z[table.stages - 1]);
        self.stage.as_mut().copy_from_slice(self.slope.as_ref());
        let start = self.filtered(y, h, tolerance, table.slope, table.spread);
        if start > 1.0 || !start.is_finite() {
            return start.is_finite().then_some(start);
        }
        for i in 0..y.len() {
            self.f[0].as_mut()[i] = y[i] + weighted(table.probe_value, &self.z, i);
        }
        system.rhs(t + table.probe * h, self.f[0].as_ref(), self.stage.as_mut());
        let later = self.filtered(y, h, tolerance, table.probe_slope, table.probe_spread);
        let error = dinlab_numeric::max(start, later);
        if error > 1.0 || !error.is_finite() {
            self.cost.evaluations += 1;
            return error.is_finite().then_some(error);
        }
        // f at the end: the next step's estimate needs it, and it must be finite there.
        system.rhs(t + h, self.next.as_ref(), self.f[0].as_mut());
        self.cost.evaluations += 2;
        dinlab_numeric::all_finite(self.f[0].as_ref()).then_some(error)
    }

    /// Norm of (I − hJ/μ)⁻¹(h·f − Σ dᵢzᵢ)·spread for f in `stage`: stiff components count with what is left of them.
    /// Filtering twice, as the original does after a rejection, is left out: on strongly stiff components it accepts
    /// errors far above the tolerance.
    fn filtered(&mut self, y: &[f64], h: f64, tolerance: Tolerance, slope: &[f64], spread: f64) -> f64 {
        let Self { matrix, z, stage, next, .. } = self;
        for (i, defect) in stage.as_mut().iter_mut().enumerate() {
            *defect = spread * (h * *defect - weighted(slope, z, i));
        }
        matrix.solve_real(stage);
        let (defect, next) = (stage.as_ref(), next.as_ref());
        let mut sum = 0.0;
        for i in 0..y.len() {
            let e = defect[i] / tolerance.scale(y[i], next[i]);
            sum += e * e;
        }
        (sum / y.len() as f64).sqrt()
    }
}

impl<V: Storage> Method for Radau<V> {
    fn control(&self) -> Control {
        // Where matrices are dear a step that would grow by less than a fifth is kept.
        let hold = if self.matrix.is_cheap() { 1.0 } else { 1.2 };
        let error_order = self.table.stages as f64 + 1.0;
        Control { error_order, proportional: 0.0, shrink: 0.2, grow: 8.0, hold }
    }

    fn begin(&mut self, slope: &[f64]) {
        self.slope.as_mut().copy_from_slice(slope);
        (self.jacobian, self.factorised, self.rate, self.polynomial.h) = (Jacobian::Stale, 0.0, 1.0, 0.0);
    }

    fn attempt(
        &mut self,
        system: &mut dyn System,
        t: f64,
        y: &[f64],
        h: f64,
        tolerance: Tolerance,
    ) -> Attempt {
        self.guess(y, h);
        if !self.prepare(system, t, y, h) {
            (self.jacobian, self.polynomial.h) = (Jacobian::Stale, 0.0);
            return Attempt::NonFinite;
        }
        // Methods of this kind damp what grows too fast for their steps, and an error below the tolerance would not show it.
        let growth = h.abs() * self.matrix.growth(h.signum());
        let bearable = 1.25 * self.table.stages as f64 - 2.25;
        if growth > 1.05 * bearable {
            return Attempt::Unsolved { factor: bearable / growth };
        }
        match self.newton(system, t, y, h, tolerance) {
            Newton::Converged => {}
            Newton::NonFinite => {
                (self.jacobian, self.polynomial.h) = (Jacobian::Stale, 0.0);
                return Attempt::NonFinite;
            }
            Newton::Failed { factor } => {
                // With an old Jacobian the same step is tried with a new one.
                let old = self.jacobian == Jacobian::Kept;
                if !old {
                    self.change_level(self.level.saturating_sub(1));
                }
                let factor = if old { 1.0 } else { factor };
                self.jacobian = Jacobian::Stale;
                return Attempt::Unsolved { factor };
            }
        }
        let Some(error) = self.error(system, t, y, h, tolerance) else { return Attempt::NonFinite };
        self.jacobian = if self.rate < KEEP { Jacobian::Kept } else { Jacobian::Stale };
        Attempt::Done { error }
    }

    fn candidate(&self) -> &[f64] {
        self.next.as_ref()
    }

    fn accept(&mut self, _: &mut dyn System, _: f64, y: &[f64], h: f64, _: bool) {
        self.polynomial.fit(y, h, self.table.c, &self.z);
        // Where the equations are all but linear a higher order than the suited one costs little.
        let target = if self.rate < KEEP { *self.levels.end() } else { self.suited };
        self.calm = if self.rate < CALM && self.level < target { self.calm + 1 } else { 0 };
        if self.calm == CALM_STEPS {
            self.change_level(self.level + 1);
        }
        self.slope.as_mut().copy_from_slice(self.f[0].as_ref());
    }

    fn dense(&self, s: f64, out: &mut [f64]) {
        self.polynomial.at(s, out);
    }

    fn slope(&self) -> &[f64] {
        self.slope.as_ref()
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

/// How a Newton iteration contracts.
struct Progress {
    /// Size of the last correction, and its ratio to the one before; 0 where there is none.
    last: f64,
    ratio: f64,
    /// Contraction; 1 where none is known.
    rate: f64,
    /// Bound for the error after a correction in units of its size.
    error_of_size: f64,
}

impl Progress {
    /// Nothing is taken over from earlier steps: on a function that is linear by pieces they would know nothing of the
    /// next piece.
    fn new() -> Self {
        Self { last: 0.0, ratio: 0.0, rate: 1.0, error_of_size: WITHOUT_HISTORY }
    }

    /// Takes note of a correction, after which `left` iterations are left. Returns the factor for a smaller step if the
    /// iteration will not reach an error of `enough`.
    fn record(&mut self, size: f64, left: i32, enough: f64) -> Option<f64> {
        if self.last == 0.0 {
            self.last = size;
            return None;
        }
        let ratio = size / self.last;
        let is_first = self.ratio == 0.0;
        // The larger of two: far from normal matrices contract unevenly.
        self.rate = dinlab_numeric::max(ratio, self.ratio);
        (self.last, self.ratio) = (size, ratio);
        let at_the_end = self.rate.powi(left) / (1.0 - self.rate) * size;
        // At rounding level corrections no longer shrink: that is not divergence.
        let stalled = size <= 0.5 * enough;
        if !stalled && self.rate >= 1.0 {
            return Some(0.5);
        }
        if !stalled && at_the_end > enough {
            let excess = dinlab_numeric::min(at_the_end / enough, 1e6);
            return Some(dinlab_numeric::min(0.8 * excess.powf(-1.0 / f64::from(4 + left)), 0.7));
        }
        // One ratio alone says little about the next one.
        let expected = if is_first { self.rate.sqrt() } else { self.rate };
        self.error_of_size = if expected < 0.5 { expected / (1.0 - expected) } else { 2.0 };
        None
    }
}

/// Component i of Σ wⱼzⱼ.
#[inline(always)]
fn weighted<V: Storage>(weights: &[f64], z: &[V], i: usize) -> f64 {
    weights.iter().zip(z).fold(0.0, |s, (w, z)| s + w * z.as_ref()[i])
}

/// out ← y + z.
#[inline(always)]
fn add<V: Storage>(out: &mut V, y: &[f64], z: &V) {
    let (out, z) = (out.as_mut(), z.as_ref());
    let n = out.len();
    let (y, z) = (&y[..n], &z[..n]);
    for i in 0..n {
        out[i] = y[i] + z[i];
    }
}

/// out ← (matrix ⊗ I)x.
#[inline(always)]
fn product<V: Storage>(out: &mut [V], matrix: &[f64], x: &[V]) {
    let s = x.len();
    for (out, row) in out.iter_mut().zip(matrix.chunks_exact(s)) {
        let out = out.as_mut();
        let n = out.len();
        let whole = n - n % BLOCK;
        for first in (0..whole).step_by(BLOCK) {
            let mut sum = [0.0; BLOCK];
            for (a, x) in row.iter().zip(x) {
                let x = &x.as_ref()[first..first + BLOCK];
                for i in 0..BLOCK {
                    sum[i] += a * x[i];
                }
            }
            out[first..first + BLOCK].copy_from_slice(&sum);
        }
        for i in whole..n {
            out[i] = row.iter().zip(x).fold(0.0, |s, (a, x)| s + a * x.as_ref()[i]);
        }
    }
}
