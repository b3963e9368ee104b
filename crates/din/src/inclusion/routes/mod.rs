//! Routes to the solution of the inclusion that know nothing of events, for comparison with it: proximal steps, smoothed
//! kinks, explicit Euler. The first and the last share the loop in this file.

mod euler;
mod proximal;
mod smoothed;
mod time_stepping;

use dinlab_numeric::{all_finite, axpy, dot, norm_inf};
use dinlab_objective::Objective;
use dinlab_record::{Flow, KinkReport, Status, Work};

use super::{law::Law, Ended, Sample};
use crate::{
    error::DinError,
    inclusion,
    integrator::{Integrator, Settings},
    run::Run,
};

pub(super) use smoothed::simulate as smoothed;

/// A one-step method with a fixed step; the state is (θ, u) or θ.
trait Step {
    /// Moves y by the step h and sets v, the selection used.
    fn step(&mut self, t: f64, h: f64, y: &mut [f64], v: &mut [f64]);
    /// What there is to say about the steps made.
    fn remark(&self) -> String;
}

/// The interval of a run and where it is sampled.
#[derive(Clone, Copy)]
pub(super) struct Horizon<'a> {
    pub from: f64,
    pub until: f64,
    pub grid: &'a [f64],
}

/// Runs a method of fixed step.
pub(super) fn fixed_step(
    objective: &dyn Objective,
    law: Law,
    start: &[f64],
    horizon: Horizon<'_>,
    run: &Run,
    observer: &mut dyn FnMut(usize, &Sample) -> Flow,
) -> Result<Ended, DinError> {
    let settings = &run.settings;
    let implicit = settings.integrator == Integrator::TimeStepping;
    let length = horizon.until - horizon.from;
    let steps = if length > 0.0 {
        dinlab_numeric::max((length / inclusion::fixed_step(run)).ceil(), 1.0)
    } else {
        0.0
    };
    let h = length / dinlab_numeric::max(steps, 1.0);
    let mut method: Box<dyn Step + '_> = if implicit {
        Box::new(time_stepping::TimeStepping::new(objective, law))
    } else {
        Box::new(euler::Euler::new(objective, law))
    };
    let mut march = March::new(objective, law, start, horizon);
    let status = march.run(&mut *method, steps, h, settings, observer);
    let reason = format!("step {h:e}, error of first order in it; {}", method.remark());
    Ok(march.end(status, settings.integrator, reason))
}

struct March<'a> {
    law: Law,
    n: usize,
    horizon: Horizon<'a>,
    t: f64,
    y: Vec<f64>,
    v: Vec<f64>,
    dissipated: f64,
    selection_square: f64,
    next: usize,
    samples: Vec<Sample>,
    work: Work,
}

impl<'a> March<'a> {
    fn new(objective: &dyn Objective, law: Law, start: &[f64], horizon: Horizon<'a>) -> Self {
        let n = objective.dimension();
        let mut v = vec![0.0; n];
        objective.oracle().gradient(&start[..n], &mut v);
        Self {
            law,
            n,
            horizon,
            t: horizon.from,
            y: start.to_vec(),
            v,
            dissipated: 0.0,
            selection_square: 0.0,
            next: 0,
            samples: Vec::new(),
            work: Work::default(),
        }
    }

    fn run(
        &mut self,
        method: &mut dyn Step,
        steps: f64,
        h: f64,
        settings: &Settings,
        observer: &mut dyn FnMut(usize, &Sample) -> Flow,
    ) -> Status {
        let mut before = self.y.clone();
        if self.show(&before, self.t, 0.0, observer) == Flow::Stop {
            return Status::Interrupted;
        }
        let mut k = 0.0;
        while k < steps {
            if self.work.accepted >= settings.max_evaluations {
                return Status::BudgetExhausted;
            }
            before.clone_from(&self.y);
            let from = self.t;
            method.step(from, h, &mut self.y, &mut self.v);
            k += 1.0;
            // Products, not sums: the time of step number k does not drift.
            self.t = if k < steps { self.horizon.from + k * h } else { self.horizon.until };
            self.work.accepted += 1;
            self.work.evaluations += 1;
            if !all_finite(&self.y) {
                return Status::NonFinite { at: self.t };
            }
            if norm_inf(&self.y) > settings.divergence_bound {
                return Status::Diverged { at: self.t };
            }
            let flow = self.show(&before, from, h, observer);
            self.dissipate(&before, h);
            if flow == Flow::Stop {
                return Status::Interrupted;
            }
        }
        Status::ReachedEnd
    }

    fn dissipate(&mut self, before: &[f64], h: f64) {
        let velocity: Vec<f64> = (0..self.n).map(|i| (self.y[i] - before[i]) / h).collect();
        let friction = if self.law.has_second() { self.law.friction(self.t) } else { 0.0 };
        let square = dot(&self.v, &self.v);
        self.dissipated += h * (friction * dot(&velocity, &velocity) + self.law.beta * square);
        self.selection_square += h * square;
    }

    /// Samples up to the present time, linearly between the two ends of the step.
    fn show(
        &mut self,
        before: &[f64],
        from: f64,
        h: f64,
        observer: &mut dyn FnMut(usize, &Sample) -> Flow,
    ) -> Flow {
        while let Some(&t) = self.horizon.grid.get(self.next).filter(|&&t| t <= self.t) {
            let part = if h > 0.0 { (t - from) / h } else { 0.0 };
            let mut y = before.to_vec();
            y.iter_mut().for_each(|v| *v *= 1.0 - part);
            axpy(part, &self.y, &mut y);
            let sample = self.sample(t, &y);
            self.next += 1;
            let flow = observer(self.samples.len(), &sample);
            self.samples.push(sample);
            if flow == Flow::Stop {
                return flow;
            }
        }
        Flow::Continue
    }

    fn sample(&self, t: f64, y: &[f64]) -> Sample {
        Sample {
            t,
            theta: y[..self.n].to_vec(),
            u: y[self.n..].to_vec(),
            selection: self.v.clone(),
            dissipated: self.dissipated,
            selection_square: self.selection_square,
            segment: 0,
        }
    }

    fn end(self, status: Status, integrator: Integrator, reason: String) -> Ended {
        let last = self.sample(self.t, &self.y);
        let (samples, work, report) = (self.samples, self.work, KinkReport::default());
        Ended { samples, last, report, work, integrator, reason, status }
    }
}
