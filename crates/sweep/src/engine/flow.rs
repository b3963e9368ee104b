//! DIN with the pair of Dormand and Prince: 64 trajectories at a time, each with its own step size and time; a lane whose
//! trajectory has ended takes the next cell.

use std::sync::atomic::AtomicBool;

use dinlab_din::dormand_prince::{A2, A3, A4, A5, A6, B, E};
use dinlab_numeric::{max, min};
use dinlab_objective::{
    lanes::{widest, Kernel, Vector},
    tape::{Block, LANES},
    BlockOracle, Oracle,
};

use super::{check_stop, read, second, state::ZERO, End, Table, Tracker};
use crate::{
    error::SweepError,
    job::{Algorithm, Cells, Ending, FlowSteps, Job, Setting},
};

/// Steps between two looks at the flag that stops the run.
const STRIDE: u64 = 256;

pub(super) fn run(
    job: &Job,
    cells: &[u64],
    source: &dyn Cells,
    stop: &AtomicBool,
    mut table: Table<'_>,
) -> Result<(), SweepError> {
    let Algorithm::Flow { until, steps } = job.algorithm else { return Ok(()) };
    let moving = job.moving();
    let mut flow = Flow::new(job, until, steps, &moving);
    let mut queue = cells.iter().copied().enumerate();
    for lane in 0..LANES {
        flow.refill(lane, &mut queue, source, &mut table)?;
    }
    let mut count = 0_u64;
    while flow.rows.iter().any(Option::is_some) {
        if count.is_multiple_of(STRIDE) {
            check_stop(stop)?;
        }
        count += 1;
        flow.attempt();
        for lane in 0..LANES {
            if flow.rows[lane].is_some() && flow.take(lane, &mut table) {
                flow.refill(lane, &mut queue, source, &mut table)?;
            }
        }
    }
    flow.evaluate_rest(&mut table);
    Ok(())
}

struct Flow<'a> {
    job: &'a Job,
    until: f64,
    steps: FlowSteps,
    moving: &'a [usize],
    blocks: Box<dyn BlockOracle + 'a>,
    point: Box<dyn Oracle + 'a>,
    alpha: Block,
    beta: Block,
    /// Step about to be tried, and the size chosen where that is not shortened to end at `until`.
    h: Block,
    fixed: Block,
    last: [bool; LANES],
    t: Block,
    y: [Vec<Block>; 2],
    stage: [Vec<Block>; 2],
    k: Vec<[Vec<Block>; 2]>,
    v: Vec<Block>,
    error: Block,
    old_error: Block,
    factor: Block,
    rejected: [bool; LANES],
    attempts: [u64; LANES],
    accepted: [u64; LANES],
    rows: [Option<usize>; LANES],
    tracker: Tracker<'a>,
    /// Ends that wait for the evaluation of J.
    ends: Vec<Block>,
    waiting: Vec<usize>,
}

impl<'a> Flow<'a> {
    fn new(job: &'a Job, until: f64, steps: FlowSteps, moving: &'a [usize]) -> Self {
        let n = job.objective.dimension();
        let pair = || [vec![ZERO; n], vec![ZERO; n]];
        Self {
            job,
            until,
            steps,
            moving,
            blocks: job.objective.blocks(),
            point: job.objective.oracle(),
            alpha: ZERO,
            beta: ZERO,
            h: ZERO,
            fixed: ZERO,
            last: [false; LANES],
            t: ZERO,
            y: pair(),
            stage: pair(),
            k: (0..7).map(|_| pair()).collect(),
            v: vec![ZERO; n],
            error: ZERO,
            old_error: [1e-4; LANES],
            factor: ZERO,
            rejected: [false; LANES],
            attempts: [0; LANES],
            accepted: [0; LANES],
            rows: [None; LANES],
            tracker: Tracker::new(&job.measures, moving, n),
            ends: vec![ZERO; n],
            waiting: Vec::new(),
        }
    }

    /// Starts the next cells of the queue in this lane until one runs; an empty queue leaves the lane idle.
    fn refill(
        &mut self,
        lane: usize,
        queue: &mut dyn Iterator<Item = (usize, u64)>,
        source: &dyn Cells,
        table: &mut Table<'_>,
    ) -> Result<(), SweepError> {
        self.rows[lane] = None;
        self.h[lane] = 0.0;
        let mut s = self.job.base.clone();
        for (row, cell) in &mut *queue {
            read(self.job, cell, source, &mut s)?;
            self.rows[lane] = Some(row);
            match self.begin(lane, &s)? {
                None => return Ok(()),
                Some(ending) => self.end(lane, ending, table),
            }
        }
        Ok(())
    }

    /// Puts a cell into a lane; the ending if its start is already one.
    fn begin(&mut self, lane: usize, s: &Setting) -> Result<Option<Ending>, SweepError> {
        let u = second(self.job, s, self.point.as_mut())?;
        let n = s.theta.len();
        let mut gradient = vec![0.0; n];
        self.point.gradient(&s.theta, &mut gradient);
        (self.alpha[lane], self.beta[lane], self.t[lane]) = (s.alpha, s.beta, 0.0);
        for i in 0..n {
            self.y[0][i][lane] = s.theta[i];
            self.y[1][i][lane] = u[i];
            self.stage[0][i][lane] = s.theta[i];
            let slope = slope(s.alpha, s.beta, u[i], gradient[i]);
            (self.k[0][0][i][lane], self.k[0][1][i][lane]) = slope;
        }
        (self.old_error[lane], self.rejected[lane], self.h[lane]) = (1e-4, false, 0.0);
        (self.attempts[lane], self.accepted[lane]) = (0, 0);
        self.tracker.begin(lane, &self.y[0], self.point.as_mut());
        if !(self.size(lane) <= self.bound()) {
            return Ok(Some(Ending::Diverged));
        }
        if !self.moving.iter().all(|&i| gradient[i].is_finite()) {
            return Ok(Some(Ending::NonFinite));
        }
        let first = match self.steps {
            FlowSteps::Fixed => {
                self.fixed[lane] = s.step_size;
                s.step_size
            }
            FlowSteps::Adaptive { rtol, atol } => self.first_step(s, &u, &gradient, (rtol, atol)),
        };
        self.choose(lane, first);
        Ok(None)
    }

    fn bound(&self) -> f64 {
        min(self.job.divergence_bound, f64::MAX)
    }

    fn size(&self, lane: usize) -> f64 {
        let entries = self.moving.iter().flat_map(|&i| [self.y[0][i][lane], self.y[1][i][lane]]);
        entries.fold(0.0, |m, v| max(m, v.abs()))
    }

    /// Sets the next step to `h`, or to what is left.
    fn choose(&mut self, lane: usize, h: f64) {
        let left = self.until - self.t[lane];
        // A step is stretched by a hundredth rather than followed by a tiny one; equal steps only by their rounding.
        let stretch = if self.steps == FlowSteps::Fixed { 1.0 + 1e-9 } else { 1.01 };
        self.last[lane] = stretch * h >= left;
        self.h[lane] = if self.last[lane] { left } else { h };
    }

    /// After Hairer, Nørsett, Wanner I, II.4, as in the scalar integrator.
    fn first_step(&mut self, s: &Setting, u: &[f64], g: &[f64], (rtol, atol): (f64, f64)) -> f64 {
        let scale = |y: f64| atol + rtol * y.abs();
        let m = 2.0 * self.moving.len() as f64;
        let (mut size, mut speed) = (0.0, 0.0);
        for &i in self.moving {
            let (dtheta, du) = slope(s.alpha, s.beta, u[i], g[i]);
            let (a, b) = (scale(s.theta[i]), scale(u[i]));
            size += (s.theta[i] / a).powi(2) + (u[i] / b).powi(2);
            speed += (dtheta / a).powi(2) + (du / b).powi(2);
        }
        (size, speed) = ((size / m).sqrt(), (speed / m).sqrt());
        let ratio = 0.01 * size / speed;
        let usable = size >= 1e-5 && speed >= 1e-5 && ratio > 0.0 && ratio.is_finite();
        let h0 = min(if usable { ratio } else { 1e-6 }, self.until);
        let mut probe = s.theta.clone();
        for &i in self.moving {
            probe[i] += h0 * slope(s.alpha, s.beta, u[i], g[i]).0;
        }
        let mut moved = vec![0.0; probe.len()];
        self.point.gradient(&probe, &mut moved);
        let mut bend = 0.0;
        for &i in self.moving {
            let (dtheta, du) = slope(s.alpha, s.beta, u[i], g[i]);
            let later = slope(s.alpha, s.beta, u[i] + h0 * du, moved[i]);
            bend += ((later.0 - dtheta) / scale(s.theta[i])).powi(2) + ((later.1 - du) / scale(u[i])).powi(2);
        }
        let steepest = max(speed, (bend / m).sqrt() / h0);
        if !steepest.is_finite() {
            return h0;
        }
        let h1 = if steepest <= 1e-15 { max(1e-6, h0 * 1e-3) } else { (0.01 / steepest).powf(0.2) };
        min(min(100.0 * h0, h1), self.until)
    }

    /// Tries a step in all lanes: the new state is in `stage`, its slope in `k[6]`, the error in `error`.
    fn attempt(&mut self) {
        let rows: [&[f64]; 5] = [&A3, &A4, &A5, &A6, &B];
        let stage = |this: &mut Self, s: usize, a: &[f64]| {
            let Self { moving, alpha, beta, h, y, stage, k, v, .. } = this;
            widest(Stage { s, a, moving, alpha, beta, h, y, stage, k, v });
        };
        stage(self, 0, &A2);
        for (s, a) in (1..).zip(rows) {
            self.blocks.gradients(&self.stage[0], &mut self.v);
            stage(self, s, a);
        }
        self.blocks.gradients(&self.stage[0], &mut self.v);
        stage(self, 6, &[]);
        if let FlowSteps::Adaptive { rtol, atol } = self.steps {
            let Self { moving, h, y, stage, k, error, .. } = self;
            widest(Estimate { tolerance: (rtol, atol), moving, h, y, stage, k, error });
        } else {
            let Self { moving, stage, k, error, .. } = self;
            *error = ZERO;
            for part in 0..2 {
                for &i in *moving {
                    for lane in 0..LANES {
                        let sound = stage[part][i][lane].is_finite() && k[6][part][i][lane].is_finite();
                        error[lane] += if sound { 0.0 } else { f64::NAN };
                    }
                }
            }
        }
        widest(Control { error: &self.error, old: &self.old_error, factor: &mut self.factor });
    }

    /// Takes or refuses the step just tried in a lane; whether its trajectory has ended.
    fn take(&mut self, lane: usize, table: &mut Table<'_>) -> bool {
        self.attempts[lane] += 1;
        let (h, error) = (self.h[lane], self.error[lane]);
        if !(error <= 1.0) {
            self.rejected[lane] = true;
            let finite = error.is_finite();
            let smaller = h * if finite { max(0.2, self.factor[lane]) } else { 0.5 };
            let end = if !finite && self.steps == FlowSteps::Fixed {
                Some(Ending::NonFinite)
            } else if smaller <= 4.0 * f64::EPSILON * self.t[lane].abs() + f64::MIN_POSITIVE {
                Some(if finite { Ending::StepUnderflow } else { Ending::NonFinite })
            } else if self.attempts[lane] >= self.job.max_attempts {
                Some(Ending::BudgetExhausted)
            } else {
                None
            };
            self.choose(lane, smaller);
            return self.end_if(lane, end, table);
        }
        self.accepted[lane] += 1;
        self.t[lane] = if self.last[lane] { self.until } else { self.t[lane] + h };
        if self.job.measures.stepwise() {
            let clock = (self.t[lane], self.accepted[lane]);
            self.tracker.observe(lane, clock, &self.y[0], &self.stage[0], self.point.as_mut());
        }
        for part in 0..2 {
            for &i in self.moving {
                self.y[part][i][lane] = self.stage[part][i][lane];
                // First same as last.
                self.k[0][part][i][lane] = self.k[6][part][i][lane];
            }
        }
        let end = if !(self.size(lane) <= self.bound()) {
            Some(Ending::Diverged)
        } else if self.job.measures.tolerance.is_some_and(|tolerance| self.settled(lane, tolerance)) {
            Some(Ending::Converged)
        } else if self.last[lane] {
            Some(Ending::ReachedEnd)
        } else if self.attempts[lane] >= self.job.max_attempts {
            Some(Ending::BudgetExhausted)
        } else {
            None
        };
        if end.is_none() {
            let next = match self.steps {
                FlowSteps::Fixed => self.fixed[lane],
                FlowSteps::Adaptive { .. } => {
                    let most = if self.rejected[lane] { 1.0 } else { 10.0 };
                    h * max(0.2, min(most, self.factor[lane]))
                }
            };
            self.rejected[lane] = false;
            self.old_error[lane] = max(error, 1e-4);
            self.choose(lane, next);
            if self.t[lane] + self.h[lane] == self.t[lane] {
                return self.end_if(lane, Some(Ending::StepUnderflow), table);
            }
        }
        self.end_if(lane, end, table)
    }

    /// Whether ∇J and θ′ are at most `tolerance` at the present state, whose slope is `k[0]`.
    fn settled(&self, lane: usize, tolerance: f64) -> bool {
        self.moving
            .iter()
            .all(|&i| self.v[i][lane].abs() <= tolerance && self.k[0][0][i][lane].abs() <= tolerance)
    }

    fn end_if(&mut self, lane: usize, ending: Option<Ending>, table: &mut Table<'_>) -> bool {
        if let Some(ending) = ending {
            self.end(lane, ending, table);
        }
        ending.is_some()
    }

    fn end(&mut self, lane: usize, ending: Ending, table: &mut Table<'_>) {
        let Some(row) = self.rows[lane].take() else { return };
        let end = End { ending, at: self.t[lane], theta: &self.y[0], lane };
        table.write(row, &end, self.moving, &self.job.measures, &self.tracker);
        let place = self.waiting.len();
        for (end, block) in self.ends.iter_mut().zip(&self.y[0]) {
            end[place] = block[lane];
        }
        self.waiting.push(row);
        if self.waiting.len() == LANES {
            self.evaluate_rest(table);
        }
    }

    fn evaluate_rest(&mut self, table: &mut Table<'_>) {
        if !self.waiting.is_empty() {
            table.evaluate(&self.waiting, &self.ends, self.moving, &self.job.measures, self.blocks.as_mut());
            self.waiting.clear();
        }
    }
}

/// θ′ = u − βv, u′ = −αu − (1 − αβ)v.
fn slope(alpha: f64, beta: f64, u: f64, v: f64) -> (f64, f64) {
    (u - beta * v, -alpha * u - (1.0 - alpha * beta) * v)
}

/// Slope `s` (counted from 0) from the gradient at the stage, then the next stage y + hΣaⱼkⱼ; slope 0 is there already,
/// and after the last one there is no stage. Weights of five are those of the result, which leave out slope 1.
struct Stage<'a> {
    s: usize,
    a: &'a [f64],
    moving: &'a [usize],
    alpha: &'a Block,
    beta: &'a Block,
    h: &'a Block,
    y: &'a [Vec<Block>; 2],
    stage: &'a mut [Vec<Block>; 2],
    k: &'a mut [[Vec<Block>; 2]],
    v: &'a [Block],
}

impl Kernel for Stage<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { s, a, moving, alpha, beta, h, y, stage, k, v } = self;
        for &i in moving {
            for c in (0..LANES).step_by(V::LANES) {
                let at = |block: &Block| V::load(&block[c..]);
                if s > 0 {
                    let (alpha, beta, u, v) = (at(alpha), at(beta), at(&stage[1][i]), at(&v[i]));
                    (u - beta * v).store(&mut k[s][0][i][c..]);
                    let pull = V::constant(1.0) - alpha * beta;
                    (-alpha * u - pull * v).store(&mut k[s][1][i][c..]);
                }
                if a.is_empty() {
                    continue;
                }
                let h = at(h);
                for part in 0..2 {
                    let term = |weight: f64, j: usize| V::constant(weight) * at(&k[j][part][i]);
                    let mut sum = term(a[0], 0);
                    let skipped = usize::from(s == 5);
                    for (j, &weight) in (1..).zip(&a[1..]) {
                        sum = sum + term(weight, j + skipped);
                    }
                    (at(&y[part][i]) + h * sum).store(&mut stage[part][i][c..]);
                }
            }
        }
    }
}

/// Root mean square of the difference of orders 5 and 4 over the tolerance; NaN where any slope is not finite.
struct Estimate<'a> {
    tolerance: (f64, f64),
    moving: &'a [usize],
    h: &'a Block,
    y: &'a [Vec<Block>; 2],
    stage: &'a [Vec<Block>; 2],
    k: &'a [[Vec<Block>; 2]],
    error: &'a mut Block,
}

impl Kernel for Estimate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { tolerance: (rtol, atol), moving, h, y, stage, k, error } = self;
        let share = V::constant(0.5 / moving.len() as f64);
        for c in (0..LANES).step_by(V::LANES) {
            let at = |block: &Block| V::load(&block[c..]);
            let mut total = V::constant(0.0);
            for part in 0..2 {
                for &i in moving {
                    let term = |weight: f64, j: usize| V::constant(weight) * at(&k[j][part][i]);
                    let sum = term(E[0], 0) + term(E[1], 2) + term(E[2], 3);
                    let sum = sum + term(E[3], 4) + term(E[4], 5) + term(E[5], 6);
                    let size = at(&y[part][i]).abs().max(at(&stage[part][i]).abs());
                    let ratio = at(h) * sum / (V::constant(atol) + V::constant(rtol) * size);
                    total = total + ratio * ratio;
                }
            }
            (total * share).sqrt().store(&mut error[c..]);
        }
    }
}

/// Factors of the step size by the PI controller of Hairer, Nørsett, Wanner I, II.4 (with the exponents of the scalar
/// integrator), 0.9·err^(−0.17)·err_old^0.04. Powers go by way of polynomials for log₂ and 2ˣ that are right to 10⁻³:
/// a step size need not be more accurate, and lanes can do them.
struct Control<'a> {
    error: &'a Block,
    old: &'a Block,
    factor: &'a mut Block,
}

impl Kernel for Control<'_> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        for lane in 0..LANES {
            let error = if self.error[lane] > 1e-30 { self.error[lane] } else { 1e-30 };
            let error = if error < 1e30 { error } else { 1e30 };
            self.factor[lane] = 0.9 * exp2(-0.17 * log2(error) + 0.04 * log2(self.old[lane]));
        }
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
    let f = x - (shifted - 6_755_399_441_055_744.0);
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let z = f * std::f64::consts::LN_2;
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
