//! DIN with the pair of Dormand and Prince: 64 trajectories at a time, each with its own step size and time; a lane whose
//! trajectory has ended takes the next cell.

use std::sync::atomic::AtomicBool;

use dinlab_numeric::{max, min};
use dinlab_objective::{
    lanes::widest,
    tape::{Block, LANES},
    BlockOracle, Oracle,
};

use super::{
    check_stop,
    discrete::Outside,
    pair::{stretch, Coefficients, Control, Decide, Estimate, Stage},
    read, second,
    state::ZERO,
    End, Table, Tracker,
};
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
        flow.decide(&mut table);
        for lane in std::mem::take(&mut flow.free) {
            flow.refill(lane, &mut queue, source, &mut table)?;
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
    c: Coefficients,
    y: Vec<Block>,
    stage: Vec<Block>,
    k: [Vec<Block>; 7],
    v: Vec<Block>,
    error: Block,
    control: Control,
    /// Row of the trajectory in each lane.
    rows: [Option<usize>; LANES],
    /// Lanes whose trajectory has just ended.
    free: Vec<usize>,
    tracker: Tracker<'a>,
    /// Ends that wait for the evaluation of J.
    ends: Vec<Block>,
    waiting: Vec<usize>,
}

impl<'a> Flow<'a> {
    fn new(job: &'a Job, until: f64, steps: FlowSteps, moving: &'a [usize]) -> Self {
        let n = job.objective.dimension();
        let pair = || vec![ZERO; 2 * n];
        Self {
            job,
            until,
            steps,
            moving,
            blocks: job.objective.blocks(),
            point: job.objective.oracle(),
            c: Coefficients { alpha: ZERO, beta: ZERO, h: ZERO },
            y: pair(),
            stage: pair(),
            k: std::array::from_fn(|_| pair()),
            v: vec![ZERO; n],
            error: ZERO,
            control: Control::new(),
            rows: [None; LANES],
            free: Vec::new(),
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
        self.c.h[lane] = 0.0;
        let mut s = self.job.base.clone();
        for (row, cell) in &mut *queue {
            read(self.job, cell, source, &mut s)?;
            self.rows[lane] = Some(row);
            match self.begin(lane, &s)? {
                None => return Ok(()),
                Some(ending) => {
                    self.end(lane, ending, table);
                    self.free.pop();
                }
            }
        }
        Ok(())
    }

    /// Puts a cell into a lane; the ending if its start is already one.
    fn begin(&mut self, lane: usize, s: &Setting) -> Result<Option<Ending>, SweepError> {
        let mut u = Vec::new();
        second(self.job, s, self.point.as_mut(), &mut u)?;
        let n = s.theta.len();
        let mut gradient = vec![0.0; n];
        self.point.gradient(&s.theta, &mut gradient);
        (self.c.alpha[lane], self.c.beta[lane], self.c.h[lane]) = (s.alpha, s.beta, 0.0);
        for i in 0..n {
            let slope = slope(s.alpha, s.beta, u[i], gradient[i]);
            for (b, value, slope) in [(i, s.theta[i], slope.0), (n + i, u[i], slope.1)] {
                self.y[b][lane] = value;
                self.stage[b][lane] = value;
                self.k[0][b][lane] = slope;
            }
        }
        let c = &mut self.control;
        (c.t[lane], c.old_error[lane], c.refused[lane]) = (0.0, 1e-4, 0.0);
        (c.attempts[lane], c.accepted[lane]) = (0.0, 0.0);
        self.tracker.begin(lane, &self.y[..n], self.point.as_mut());
        if !(self.size(lane) <= self.bound()) {
            return Ok(Some(Ending::Diverged));
        }
        if !self.moving.iter().all(|&i| gradient[i].is_finite()) {
            return Ok(Some(Ending::NonFinite));
        }
        let first = match self.steps {
            FlowSteps::Fixed => {
                self.control.fixed[lane] = s.step_size;
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
        let n = self.v.len();
        let entries = self.moving.iter().flat_map(|&i| [self.y[i][lane], self.y[n + i][lane]]);
        entries.fold(0.0, |m, v| max(m, v.abs()))
    }

    /// Sets the first step to `h`, or to the whole time.
    fn choose(&mut self, lane: usize, h: f64) {
        let last = stretch(self.steps != FlowSteps::Fixed) * h >= self.until;
        self.control.last[lane] = if last { 1.0 } else { 0.0 };
        self.c.h[lane] = if last { self.until } else { h };
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
        let n = self.v.len();
        for s in 0..7 {
            if s > 0 {
                self.blocks.gradients(&self.stage[..n], &mut self.v);
            }
            let Self { moving, c, y, stage, k, v, .. } = self;
            widest(Stage { s, moving, c, y, stage, k, v });
        }
        let Self { moving, c, y, stage, k, error, .. } = self;
        match self.steps {
            FlowSteps::Adaptive { rtol, atol } => {
                widest(Estimate { tolerance: (rtol, atol), moving, h: &c.h, y, stage, k, error });
            }
            FlowSteps::Fixed => {
                *error = ZERO;
                for b in moving.iter().flat_map(|&i| [i, n + i]) {
                    for lane in 0..LANES {
                        let sound = stage[b][lane].is_finite() && k[6][b][lane].is_finite();
                        error[lane] += if sound { 0.0 } else { f64::NAN };
                    }
                }
            }
        }
    }

    /// Takes or refuses the step just tried in all lanes, and ends the trajectories that have come to their end.
    fn decide(&mut self, table: &mut Table<'_>) {
        if self.job.measures.stepwise() {
            for lane in 0..LANES {
                if self.rows[lane].is_some() && self.error[lane] <= 1.0 {
                    let t = if self.control.last[lane] != 0.0 {
                        self.until
                    } else {
                        self.control.t[lane] + self.c.h[lane]
                    };
                    let clock = (t, self.control.accepted[lane] as u64 + 1);
                    let n = self.v.len();
                    self.tracker.observe(lane, clock, &self.y[..n], &self.stage[..n], self.point.as_mut());
                }
            }
        }
        let adaptive = self.steps != FlowSteps::Fixed;
        let Self { until, moving, error, c, y, stage, k, control, .. } = self;
        widest(Decide { adaptive, until: *until, moving, error, h: &mut c.h, y, stage, k, control });
        let most = self.job.max_attempts as f64;
        let bound = self.bound();
        let outside = {
            let n = self.v.len();
            let entries: Vec<&Block> =
                self.moving.iter().flat_map(|&i| [&self.y[i], &self.y[n + i]]).collect();
            widest(Outside { entries: &entries, bound })
        };
        let tolerance = self.job.measures.tolerance;
        for lane in 0..LANES {
            if self.rows[lane].is_none() {
                continue;
            }
            let c = &self.control;
            let (ok, finite) = (c.ok[lane] != 0.0, self.error[lane].is_finite());
            let ending = if ok && outside[lane] != 0.0 {
                Ending::Diverged
            } else if ok && tolerance.is_some_and(|tolerance| self.settled(lane, tolerance)) {
                Ending::Converged
            } else if c.at_end[lane] != 0.0 {
                Ending::ReachedEnd
            } else if !finite && (!adaptive || c.tiny[lane] != 0.0) {
                Ending::NonFinite
            } else if c.tiny[lane] != 0.0 {
                Ending::StepUnderflow
            } else if c.attempts[lane] >= most {
                Ending::BudgetExhausted
            } else {
                continue;
            };
            self.end(lane, ending, table);
        }
    }

    /// Whether ∇J and θ′ are at most `tolerance` at the present state, whose slope is `k[0]`.
    fn settled(&self, lane: usize, tolerance: f64) -> bool {
        self.moving
            .iter()
            .all(|&i| self.v[i][lane].abs() <= tolerance && self.k[0][i][lane].abs() <= tolerance)
    }

    fn end(&mut self, lane: usize, ending: Ending, table: &mut Table<'_>) {
        let Some(row) = self.rows[lane].take() else { return };
        self.free.push(lane);
        self.c.h[lane] = 0.0;
        let end = End { ending, at: self.control.t[lane], theta: &self.y, lane };
        table.write(row, &end, self.moving, &self.job.measures, &self.tracker);
        let place = self.waiting.len();
        for (end, block) in self.ends.iter_mut().zip(&self.y) {
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
