//! INDIAN and its rivals: 64 cells start together and make their steps together; a trajectory that ends early is put aside.

use std::sync::atomic::AtomicBool;

use dinlab_indian::Schedule;
use dinlab_objective::{
    lanes::{widest, Kernel, Vector},
    tape::{Block, LANES},
};

use super::{
    check_stop, read, second,
    state::{Kind, Parameters, State, Stepper, ZERO},
    End, Table, Tracker,
};
use crate::{
    error::SweepError,
    job::{Algorithm, Cells, Ending, Job},
};

/// Steps between two looks at the state where nothing is measured.
const STRIDE: u64 = 256;
/// Below this fraction of the divergence bound at both ends of a stride its steps are not looked at one by one.
const HARMLESS: f64 = 1e-50;

pub(super) fn run(
    job: &Job,
    cells: &[u64],
    source: &dyn Cells,
    stop: &AtomicBool,
    mut table: Table<'_>,
) -> Result<(), SweepError> {
    let Algorithm::Method { name, steps, schedule } = &job.algorithm else { return Ok(()) };
    let kind = Kind::named(name).ok_or_else(|| SweepError::UnknownMethod { name: (*name).into() })?;
    let moving = job.moving();
    let mut blocks = Blocks::new(job, kind, &moving);
    for (number, some) in cells.chunks(LANES).enumerate() {
        blocks.start(some, source)?;
        blocks.advance(*steps, schedule, stop)?;
        let rows: Vec<usize> = (0..some.len()).map(|lane| number * LANES + lane).collect();
        blocks.finish(&rows, &mut table);
    }
    Ok(())
}

struct Blocks<'a> {
    job: &'a Job,
    kind: Kind,
    moving: &'a [usize],
    stepper: Stepper<'a>,
    point: Box<dyn dinlab_objective::Oracle + 'a>,
    p: Parameters,
    state: State,
    before: State,
    /// Where lanes start, and stay once they have ended.
    rest: State,
    tracker: Tracker<'a>,
    alive: [bool; LANES],
    endings: [Ending; LANES],
    at: Block,
    ends: Vec<Block>,
}

impl<'a> Blocks<'a> {
    fn new(job: &'a Job, kind: Kind, moving: &'a [usize]) -> Self {
        let n = job.objective.dimension();
        Self {
            job,
            kind,
            moving,
            stepper: Stepper::new(kind, &*job.objective, moving),
            point: job.objective.oracle(),
            p: Parameters::zero(),
            state: State::new(n),
            before: State::new(n),
            rest: State::new(n),
            tracker: Tracker::new(&job.measures, moving, n),
            alive: [false; LANES],
            endings: [Ending::ReachedEnd; LANES],
            at: ZERO,
            ends: vec![ZERO; n],
        }
    }

    /// Sets the lanes to the start of `cells`; those that are left over repeat the first one and are not alive.
    fn start(&mut self, cells: &[u64], source: &dyn Cells) -> Result<(), SweepError> {
        let (mut s, mut auxiliary) = (self.job.base.clone(), Vec::new());
        for lane in 0..LANES {
            self.alive[lane] = lane < cells.len();
            read(self.job, cells.get(lane).copied().unwrap_or(cells[0]), source, &mut s)?;
            let p = &mut self.p;
            let places = [
                (&mut p.alpha, s.alpha),
                (&mut p.beta, s.beta),
                (&mut p.step_size, s.step_size),
                (&mut p.momentum, s.momentum),
                (&mut p.beta1, s.beta1),
                (&mut p.beta2, s.beta2),
                (&mut p.epsilon, s.epsilon),
            ];
            for (block, value) in places {
                block[lane] = value;
            }
            match self.kind {
                Kind::Indian => second(self.job, &s, self.point.as_mut(), &mut auxiliary)?,
                Kind::Nesterov | Kind::NesterovConvex => auxiliary.clone_from(&s.theta),
                _ => auxiliary.resize(s.theta.len(), 0.0),
            }
            for i in 0..s.theta.len() {
                self.state.theta[i][lane] = s.theta[i];
                self.state.first[i][lane] = auxiliary[i];
                self.state.second[i][lane] = 0.0;
            }
        }
        self.stepper.forget();
        self.state.powers.fill([1.0; LANES]);
        self.rest.copy_from(&self.state);
        let bound = self.bound();
        for lane in 0..cells.len() {
            self.tracker.begin(lane, &self.state.theta, self.point.as_mut());
            let inside = self.entries().all(|block| block[lane].abs() <= bound);
            if !inside {
                self.end(lane, Ending::Diverged, 0, false);
            }
        }
        Ok(())
    }

    fn bound(&self) -> f64 {
        dinlab_numeric::min(self.job.divergence_bound, f64::MAX)
    }

    /// The blocks that must stay within the bound: θ, and u of INDIAN, of the variables that move.
    fn entries(&self) -> impl Iterator<Item = &Block> {
        let auxiliary = (self.kind == Kind::Indian).then_some(&self.state.first);
        let vectors = [Some(&self.state.theta), auxiliary].into_iter().flatten();
        vectors.flat_map(|vector| self.moving.iter().map(move |&i| &vector[i]))
    }

    fn advance(&mut self, steps: u64, schedule: &Schedule, stop: &AtomicBool) -> Result<(), SweepError> {
        let constant = matches!(schedule, Schedule::Constant(_));
        let stepwise = self.job.measures.stepwise();
        let mut k = 0;
        while k < steps && self.alive.contains(&true) {
            check_stop(stop)?;
            let stride = STRIDE.min(steps - k);
            if !stepwise {
                self.before.copy_from(&self.state);
                let harmless = self.within(HARMLESS * self.bound());
                if !(constant && self.stepper.fused(stride, &self.p, &mut self.state)) {
                    for j in k..k + stride {
                        self.stepper.gradient(&self.state);
                        self.stepper.update(j, schedule.at(j), &self.p, &mut self.state);
                    }
                }
                if harmless && self.within(HARMLESS * self.bound()) {
                    k += stride;
                    continue;
                }
                self.state.copy_from(&self.before);
            }
            for j in k..k + stride {
                self.careful_step(j, schedule.at(j));
            }
            k += stride;
        }
        for lane in 0..LANES {
            if self.alive[lane] {
                self.end(lane, Ending::ReachedEnd, steps, false);
            }
        }
        Ok(())
    }

    /// Whether every entry of every lane that is alive is at most `bound`.
    fn within(&self, bound: f64) -> bool {
        let entries: Vec<&Block> = self.entries().collect();
        let outside = widest(Outside { entries: &entries, bound });
        !self.alive.iter().zip(outside).any(|(alive, count)| *alive && count != 0.0)
    }

    /// One step, looked at.
    fn careful_step(&mut self, k: u64, factor: f64) {
        self.before.copy_from(&self.state);
        self.stepper.gradient(&self.state);
        self.stepper.update(k, factor, &self.p, &mut self.state);
        let bound = self.bound();
        let outside = {
            let entries: Vec<&Block> = self.entries().collect();
            widest(Outside { entries: &entries, bound })
        };
        let stepwise = self.job.measures.stepwise();
        for lane in 0..LANES {
            if !self.alive[lane] {
                continue;
            }
            let finite = outside[lane] == 0.0 || self.entries().all(|block| block[lane].is_finite());
            if !finite {
                self.end(lane, Ending::NonFinite, k + 1, true);
                continue;
            }
            if stepwise {
                let clock = ((k + 1) as f64, k + 1);
                let (before, after) = (&self.before.theta, &self.state.theta);
                self.tracker.observe(lane, clock, before, after, self.point.as_mut());
            }
            if outside[lane] != 0.0 {
                self.end(lane, Ending::Diverged, k + 1, false);
            } else if self.job.measures.tolerance.is_some_and(|tolerance| self.settled(lane, tolerance)) {
                self.end(lane, Ending::Converged, k + 1, false);
            }
        }
    }

    /// Whether the gradient and the displacement over γ of the last step are at most `tolerance`.
    fn settled(&self, lane: usize, tolerance: f64) -> bool {
        let gamma = self.stepper.gamma[lane];
        self.moving.iter().all(|&i| {
            let shift = self.state.theta[i][lane] - self.before.theta[i][lane];
            self.stepper.v[i][lane].abs() <= tolerance && shift.abs() <= tolerance * gamma
        })
    }

    /// Notes the end of a lane, in the state before the last step if `back`, and puts the lane to rest at its start.
    fn end(&mut self, lane: usize, ending: Ending, k: u64, back: bool) {
        let theta = if back { &self.before.theta } else { &self.state.theta };
        for (end, block) in self.ends.iter_mut().zip(theta) {
            end[lane] = block[lane];
        }
        (self.endings[lane], self.at[lane], self.alive[lane]) = (ending, k as f64, false);
        self.p.step_size[lane] = 0.0;
        self.stepper.forget();
        self.state.take_lane(&self.rest, lane);
    }

    fn finish(&mut self, rows: &[usize], table: &mut Table<'_>) {
        let wanted = &self.job.measures;
        for (lane, &row) in rows.iter().enumerate() {
            let end = End { ending: self.endings[lane], at: self.at[lane], theta: &self.ends, lane };
            table.write(row, &end, self.moving, wanted, &self.tracker);
        }
        for lane in rows.len()..LANES {
            for end in &mut self.ends {
                end[lane] = end[0];
            }
        }
        table.evaluate(rows, &self.ends, self.moving, wanted, self.stepper.oracle.as_mut());
    }
}

/// For each lane the number of entries that are not at most `bound` in size, or are NaN.
pub(super) struct Outside<'a> {
    pub(super) entries: &'a [&'a Block],
    pub(super) bound: f64,
}

impl Kernel for Outside<'_> {
    type Output = Block;
    #[inline(always)]
    fn run<V: Vector>(self) -> Block {
        let mut count = ZERO;
        for block in self.entries {
            for (count, x) in count.iter_mut().zip(block.iter()) {
                *count += if x.abs() <= self.bound { 0.0 } else { 1.0 };
            }
        }
        count
    }
}
