//! Measurements along 64 trajectories at once, without history.

use dinlab_objective::{
    tape::{Block, LANES},
    Oracle,
};

use crate::job::Measures;

/// Iterates to a window of the rate fit: its largest distance stands for it, so that oscillation does not.
const WINDOW: u32 = 16;
/// Distances below this times 1 + ‖θ‖ are rounding.
const FLOOR: f64 = 1e-13;

/// Sums of a least-squares line.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Line {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }
    fn with(self, o: Self) -> Self {
        Self { n: self.n + o.n, x: self.x + o.x, y: self.y + o.y, xx: self.xx + o.xx, xy: self.xy + o.xy }
    }
    fn slope(self) -> f64 {
        if self.n < 3.0 {
            return f64::NAN;
        }
        (self.n * self.xy - self.x * self.y) / (self.n * self.xx - self.x * self.x)
    }
}

/// The fit of one lane: the windows of the last one or two octaves.
#[derive(Debug, Clone, Copy, Default)]
struct RateFit {
    filled: u32,
    largest: f64,
    place: f64,
    windows: u64,
    older: Line,
    recent: Line,
}

impl RateFit {
    fn add(&mut self, x: f64, squared: f64, floor_squared: f64) {
        if !(squared <= self.largest) {
            (self.largest, self.place) = (squared, x);
        }
        self.filled += 1;
        if self.filled < WINDOW {
            return;
        }
        let largest = std::mem::replace(&mut self.largest, 0.0);
        self.filled = 0;
        if largest > floor_squared && largest.is_finite() {
            self.windows += 1;
            if self.windows >= 4 && self.windows.is_power_of_two() {
                self.older = std::mem::take(&mut self.recent);
            }
            self.recent.add(self.place, 0.5 * largest.ln());
        }
    }
}

/// All measurements of a block.
pub(crate) struct Tracker<'a> {
    wanted: &'a Measures,
    moving: &'a [usize],
    pub(crate) first_in: Block,
    pub(crate) escape: Block,
    fits: Vec<RateFit>,
    /// Last displacement of θ.
    displacement: Vec<Block>,
    pub(crate) turns: Block,
    pub(crate) length: Block,
    pub(crate) sharpness: Block,
    matrix: Vec<f64>,
    point: Vec<f64>,
}

impl<'a> Tracker<'a> {
    pub(crate) fn new(wanted: &'a Measures, moving: &'a [usize], n: usize) -> Self {
        let never = [-1.0; LANES];
        Self {
            wanted,
            moving,
            first_in: never,
            escape: never,
            fits: vec![RateFit::default(); if wanted.rate.is_some() { LANES } else { 0 }],
            displacement: vec![[0.0; LANES]; if wanted.oscillation { n } else { 0 }],
            turns: [0.0; LANES],
            length: [0.0; LANES],
            sharpness: [f64::INFINITY; LANES],
            matrix: vec![0.0; if wanted.sharpness.is_some() { n * n } else { 0 }],
            point: vec![0.0; n],
        }
    }

    /// A new trajectory begins in this lane.
    pub(crate) fn begin(&mut self, lane: usize, theta: &[Block], oracle: &mut dyn Oracle) {
        self.first_in[lane] = -1.0;
        self.escape[lane] = -1.0;
        self.turns[lane] = 0.0;
        self.length[lane] = 0.0;
        self.sharpness[lane] = f64::INFINITY;
        if let Some(fit) = self.fits.get_mut(lane) {
            *fit = RateFit::default();
        }
        for block in &mut self.displacement {
            block[lane] = 0.0;
        }
        self.look(lane, 0.0, theta);
        if self.wanted.sharpness.is_some() {
            self.look_at_curvature(lane, theta, oracle);
        }
    }

    fn squared(&self, lane: usize, theta: &[Block], center: &[f64]) -> f64 {
        self.moving.iter().zip(center).fold(0.0, |s, (&i, c)| {
            let d = theta[i][lane] - c;
            s + d * d
        })
    }

    fn look(&mut self, lane: usize, x: f64, theta: &[Block]) {
        if let Some(ball) = self.wanted.first_in.as_ref().filter(|_| self.first_in[lane] < 0.0) {
            if self.squared(lane, theta, &ball.center) <= ball.radius * ball.radius {
                self.first_in[lane] = x;
            }
        }
        if let Some(ball) = self.wanted.escape.as_ref().filter(|_| self.escape[lane] < 0.0) {
            if self.squared(lane, theta, &ball.center) > ball.radius * ball.radius {
                self.escape[lane] = x;
            }
        }
    }

    /// The trajectory of this lane went from `before` to `after`, where its clock shows `x` and it has made `count` steps.
    pub(crate) fn observe(
        &mut self,
        lane: usize,
        (x, count): (f64, u64),
        before: &[Block],
        after: &[Block],
        oracle: &mut dyn Oracle,
    ) {
        self.look(lane, x, after);
        if self.wanted.oscillation || self.wanted.rate.is_some() {
            let (mut step, mut turn, mut size) = (0.0, 0.0, 1.0);
            for &i in self.moving {
                let d = after[i][lane] - before[i][lane];
                step += d * d;
                size += after[i][lane] * after[i][lane];
                if let Some(last) = self.displacement.get_mut(i) {
                    turn += d * last[lane];
                    last[lane] = d;
                }
            }
            if self.wanted.oscillation {
                self.turns[lane] += if turn < 0.0 { 1.0 } else { 0.0 };
                self.length[lane] += step.sqrt();
            }
            if let Some(center) = &self.wanted.rate {
                let squared = if center.is_empty() { step } else { self.squared(lane, after, center) };
                self.fits[lane].add(x, squared, FLOOR * FLOOR * size);
            }
        }
        if self.wanted.sharpness.is_some_and(|every| count.is_multiple_of(every)) {
            self.look_at_curvature(lane, after, oracle);
        }
    }

    fn look_at_curvature(&mut self, lane: usize, theta: &[Block], oracle: &mut dyn Oracle) {
        for (target, block) in self.point.iter_mut().zip(theta) {
            *target = block[lane];
        }
        oracle.hessian(&self.point, &mut self.matrix);
        let largest = self.largest_eigenvalue();
        self.sharpness[lane] = dinlab_numeric::min(self.sharpness[lane], largest);
    }

    /// λ_max of the rows and columns that move; NaN if an entry is not finite.
    fn largest_eigenvalue(&self) -> f64 {
        let n = self.point.len();
        let at = |i: usize, j: usize| {
            let (i, j) = (self.moving[i], self.moving[j]);
            0.5 * (self.matrix[i * n + j] + self.matrix[j * n + i])
        };
        match self.moving.len() {
            1 => at(0, 0),
            2 => {
                let (mean, half) = (0.5 * (at(0, 0) + at(1, 1)), 0.5 * (at(0, 0) - at(1, 1)));
                mean + half.hypot(at(0, 1))
            }
            m => {
                let matrix = nalgebra::DMatrix::from_fn(m, m, at);
                match matrix.iter().all(|v| v.is_finite()) {
                    true => dinlab_numeric::maximum(matrix.symmetric_eigenvalues().as_slice()),
                    false => f64::NAN,
                }
            }
        }
    }

    /// The fitted rate.
    pub(crate) fn rate(&self, lane: usize) -> f64 {
        let fit = &self.fits[lane];
        -fit.older.with(fit.recent).slope()
    }
}
