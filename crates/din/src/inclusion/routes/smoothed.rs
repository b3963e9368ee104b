//! All kinks smoothed over ε and over ε/2 (|x| by its Moreau envelope), both integrated, and extrapolated:
//! θ ≈ 2θ_{ε/2} − θ_ε. The error of one width is O(ε) as long as the solution crosses or slides; at a branching state
//! the limit need not exist (a symmetric smoothing stays on the ridge for ever).

use dinlab_numeric::{axpy, dot, max};
use dinlab_objective::{tape::Scratch, Objective, Tape};
use dinlab_record::{Flow, KinkReport, Status, Work};

use super::{
    super::{law::Law, Ended, Sample},
    Horizon,
};
use crate::{
    driver::integrate,
    error::DinError,
    inclusion,
    integrator::{Integrator, Settings},
    run::Run,
    system::System,
};

struct SmoothedField<'a> {
    law: Law,
    tape: &'a Tape,
    width: f64,
    scratch: Scratch<f64>,
    v: Vec<f64>,
    velocity: Vec<f64>,
}

impl SmoothedField<'_> {
    fn select(&mut self, theta: &[f64]) {
        self.tape.gradient_smoothed(theta, self.width, &mut self.scratch, &mut self.v);
    }
}

impl System for SmoothedField<'_> {
    fn dimension(&self) -> usize {
        self.v.len() * if self.law.has_second() { 2 } else { 1 } + 2
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let (n, law, last) = (self.v.len(), self.law, self.dimension() - 2);
        self.select(&y[..n]);
        law.velocity(&y[n..last], &self.v, &mut self.velocity);
        dy[..n].copy_from_slice(&self.velocity);
        let a = if law.has_second() { law.friction(t) } else { 0.0 };
        for i in n..last {
            dy[i] = -a * self.velocity[i - n] - self.v[i - n];
        }
        dy[last + 1] = dot(&self.v, &self.v);
        dy[last] = a * dot(&self.velocity, &self.velocity) + law.beta * dy[last + 1];
    }
}

/// Runs both widths and extrapolates.
pub(in super::super) fn simulate(
    objective: &dyn Objective,
    tape: &Tape,
    law: Law,
    start: &[f64],
    horizon: Horizon<'_>,
    run: &Run,
    observer: &mut dyn FnMut(usize, &Sample) -> Flow,
) -> Result<Ended, DinError> {
    let width = inclusion::smoothing(run);
    let n = objective.dimension();
    let mut work = Work::default();
    let mut one = |width: f64| -> Result<(Vec<Sample>, Sample, Status), DinError> {
        let (v, velocity) = (vec![0.0; n], vec![0.0; n]);
        let mut field = SmoothedField { law, tape, width, scratch: Scratch::new(), v, velocity };
        let mut rows: Vec<(f64, Vec<f64>)> = Vec::new();
        let inner = Settings { integrator: Integrator::Auto, ..run.settings.clone() };
        let keep = &mut |t: f64, y: &[f64]| {
            rows.push((t, y.to_vec()));
            Flow::Continue
        };
        let begin = [start, &[0.0, 0.0]].concat();
        let (from, until) = (horizon.from, horizon.until);
        let outcome = integrate(&mut field, &begin, from, until, horizon.grid, &mut [], &inner, keep)?;
        work.accepted += outcome.work.accepted;
        work.rejected += outcome.work.rejected;
        work.evaluations += outcome.work.evaluations;
        work.jacobians += outcome.work.jacobians;
        work.factorisations += outcome.work.factorisations;
        rows.push((outcome.t, outcome.state));
        let mut samples: Vec<Sample> = rows.iter().map(|(t, y)| sample(&mut field, *t, y)).collect();
        let last = samples.split_off(samples.len() - 1).swap_remove(0);
        Ok((samples, last, outcome.status))
    };
    let (coarse, coarse_last, coarse_status) = one(width)?;
    let (fine, fine_last, fine_status) = one(0.5 * width)?;
    let mut distance = 0.0;
    let mut samples = Vec::new();
    let mut status = if coarse_status.is_complete() { fine_status } else { coarse_status };
    for (a, b) in coarse.iter().zip(&fine) {
        let extrapolated = extrapolate(a, b);
        distance = max(distance, dinlab_numeric::distance(&extrapolated.theta, &b.theta));
        let flow = observer(samples.len(), &extrapolated);
        samples.push(extrapolated);
        if flow == Flow::Stop {
            status = Status::Interrupted;
            break;
        }
    }
    let last = if status.is_complete() { extrapolate(&coarse_last, &fine_last) } else { fine_last };
    let reason = format!(
        "kinks smoothed over {width:e} and half of it, extrapolated; the extrapolation moves theta by at most \
         {distance:.1e}"
    );
    let report = KinkReport::default();
    Ok(Ended { samples, last, report, work, integrator: Integrator::Smoothed, reason, status })
}

fn sample(field: &mut SmoothedField<'_>, t: f64, y: &[f64]) -> Sample {
    let n = field.v.len();
    field.select(&y[..n]);
    Sample {
        t,
        theta: y[..n].to_vec(),
        u: y[n..y.len() - 2].to_vec(),
        selection: field.v.clone(),
        dissipated: y[y.len() - 2],
        selection_square: y[y.len() - 1],
        segment: 0,
    }
}

fn extrapolate(coarse: &Sample, fine: &Sample) -> Sample {
    let limit = |a: &[f64], b: &[f64]| {
        let mut out: Vec<f64> = b.iter().map(|b| 2.0 * b).collect();
        axpy(-1.0, a, &mut out);
        out
    };
    Sample {
        t: fine.t,
        theta: limit(&coarse.theta, &fine.theta),
        u: limit(&coarse.u, &fine.u),
        selection: limit(&coarse.selection, &fine.selection),
        dissipated: 2.0 * fine.dissipated - coarse.dissipated,
        selection_square: 2.0 * fine.selection_square - coarse.selection_square,
        segment: 0,
    }
}
