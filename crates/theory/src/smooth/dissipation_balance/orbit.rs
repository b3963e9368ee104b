//! An orbit of DIN with its dissipation: along the shipped right-hand side where J is smooth, by the event solver where
//! it has kinks.

use dinlab_din::{integrate, Integrator, Run, Settings};
use dinlab_numeric::dot;
use dinlab_objective::tape::Scratch;
use dinlab_record::{Flow, KinkEventKind, Side};

use super::Case;
use crate::{
    error::CheckError,
    runs::{self, require, Augmented},
};

/// How an orbit went.
pub(super) struct Orbit {
    /// (θ, u, dissipation) at the horizon.
    pub state: Vec<f64>,
    /// Times at which kinks were crossed.
    pub crossings: Vec<f64>,
    /// Intervals of sliding.
    pub slides: Vec<[f64; 2]>,
    /// Samples of time and (θ, u, dissipation).
    pub samples: Vec<(f64, Vec<f64>)>,
}

/// Samples for the integral over the slides of the control.
const FINE: usize = 20_001;

/// Follows the orbit to the horizon.
pub(super) fn orbit(case: &Case, tolerance: f64, samples: usize) -> Result<Orbit, CheckError> {
    if case.smooth() {
        smooth(case, tolerance, samples)
    } else {
        with_kinks(case, tolerance, if case.extreme { FINE } else { samples.max(2) })
    }
}

fn smooth(case: &Case, tolerance: f64, samples: usize) -> Result<Orbit, CheckError> {
    let n = case.theta.len();
    let (mut oracle, mut v) = (case.objective.oracle(), vec![0.0; n]);
    let integrand = |_: f64, y: &[f64], slope: &[f64], out: &mut [f64]| {
        oracle.gradient(&y[..n], &mut v);
        out[0] = case.friction * case.alpha * dot(&slope[..n], &slope[..n]) + case.beta * dot(&v, &v);
    };
    let inner = dinlab_din::system(case.dynamics(), &*case.objective);
    let mut field = Augmented::new(inner, 1, Box::new(integrand));
    let times: Vec<f64> = (0..samples).map(|i| case.until * i as f64 / (samples - 1) as f64).collect();
    let mut table = Vec::new();
    let mut observer = |t: f64, y: &[f64]| {
        table.push((t, y.to_vec()));
        Flow::Continue
    };
    let start = [case.theta.as_slice(), &case.u, &[0.0]].concat();
    let settings = Settings { integrator: Integrator::Dop853, ..Settings::with_tolerance(tolerance) };
    let outcome = integrate(&mut field, &start, 0.0, case.until, &times, &mut [], &settings, &mut observer)?;
    require(&outcome.status, &case.words())?;
    Ok(Orbit { state: outcome.state, crossings: Vec::new(), slides: Vec::new(), samples: table })
}

fn with_kinks(case: &Case, tolerance: f64, samples: usize) -> Result<Orbit, CheckError> {
    let mut run = Run::new(case.dynamics(), &case.theta, case.until);
    run.start = dinlab_objective::Start::Auxiliary(case.u.clone());
    run.samples = samples;
    run.settings = Settings { integrator: Integrator::Event, ..Settings::with_tolerance(tolerance) };
    let solution = runs::inclusion(&*case.objective, &run)?;
    let (tape, mut scratch) = (case.objective.tape(), Scratch::new());
    let mut extreme = vec![0.0; case.theta.len()];
    // What the selection of a slide would dissipate less than the gradient on one side of its surfaces.
    let (mut surplus, mut last) = (0.0, None::<(f64, f64)>);
    let mut table = Vec::new();
    for sample in &solution.samples {
        let segment = &solution.report.segments[sample.segment];
        let mut excess = None;
        if let (true, true, Some(tape)) = (case.extreme, segment.slides(), tape) {
            let sides: Vec<i8> =
                segment.sides.iter().map(|s| if *s == Side::Minus { -1 } else { 1 }).collect();
            tape.gradient_on_piece(&sample.theta, &sides, &mut scratch, &mut extreme);
            excess = Some((
                sample.t,
                case.beta * (dot(&extreme, &extreme) - dot(&sample.selection, &sample.selection)),
            ));
        }
        if let (Some((t, before)), Some((now, after))) = (last, excess) {
            surplus += 0.5 * (now - t) * (before + after);
        }
        last = excess;
        let selected = case.beta * sample.selection_square;
        let dissipated = case.friction * (sample.dissipated - selected) + selected + surplus;
        table.push((sample.t, [sample.theta.as_slice(), &sample.u, &[dissipated]].concat()));
    }
    let crossed = |kind| move |event: &&dinlab_record::KinkEvent| event.kind == kind;
    let events = solution.report.events.iter();
    let segments = solution.report.segments.iter();
    Ok(Orbit {
        state: table.last().map(|row| row.1.clone()).unwrap_or_default(),
        crossings: events.filter(crossed(KinkEventKind::Cross)).map(|event| event.t).collect(),
        slides: segments.filter(|s| s.slides()).map(|s| [s.from, s.to]).collect(),
        samples: table,
    })
}
