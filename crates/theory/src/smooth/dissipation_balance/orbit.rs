//! An orbit of DIN with its dissipation, pieced together at the kinks it crosses.

use dinlab_din::{integrate, system, Direction, Dynamics, Event, Integrator, Outcome, Settings};
use dinlab_objective::{
    tape::{Scratch, Tape},
    Dual, Facts, Objective, Oracle, Scalar, Selection,
};
use dinlab_record::{Flow, Status};

use super::Case;
use crate::{
    error::CheckError,
    runs::{require, Augmented},
};

/// The smooth piece of an objective named by the signs of its kink functions, continued beyond its region.
struct Piece<'a> {
    whole: &'a dyn Objective,
    tape: &'a Tape,
    signs: Vec<i8>,
}

impl Objective for Piece<'_> {
    fn facts(&self) -> &Facts {
        self.whole.facts()
    }
    fn oracle(&self) -> Box<dyn Oracle + '_> {
        let n = self.whole.dimension();
        let (scratch, dual, buffer) = (Scratch::new(), Scratch::new(), vec![0.0; n]);
        Box::new(PieceOracle { piece: self, scratch, dual, buffer })
    }
    fn selection(&self) -> Selection {
        self.whole.selection()
    }
}

struct PieceOracle<'a> {
    piece: &'a Piece<'a>,
    scratch: Scratch<f64>,
    dual: Scratch<Dual<f64, 1>>,
    buffer: Vec<f64>,
}

impl Oracle for PieceOracle<'_> {
    fn dimension(&self) -> usize {
        self.buffer.len()
    }
    fn value(&mut self, x: &[f64]) -> f64 {
        let Self { piece, scratch, buffer, .. } = self;
        piece.tape.gradient_on_piece(x, &piece.signs, scratch, buffer)
    }
    fn gradient(&mut self, x: &[f64], out: &mut [f64]) {
        self.piece.tape.gradient_on_piece(x, &self.piece.signs, &mut self.scratch, out);
    }
    fn hessian_vector(&mut self, x: &[f64], direction: &[f64], out: &mut [f64]) {
        let point: Vec<_> = x.iter().zip(direction).map(|(&re, &e)| Dual { re, eps: [e] }).collect();
        let mut image = vec![Dual::constant(0.0); x.len()];
        self.piece.tape.gradient_on_piece(&point, &self.piece.signs, &mut self.dual, &mut image);
        out.iter_mut().zip(&image).for_each(|(target, image)| *target = image.eps[0]);
    }
}

/// How an orbit went.
pub(super) struct Orbit {
    /// Last time: the horizon, or the beginning of sliding.
    pub until: f64,
    /// (θ, u, dissipation) there.
    pub state: Vec<f64>,
    /// Times at which kinks were crossed.
    pub crossings: Vec<f64>,
    /// Samples of time and (θ, u, dissipation).
    pub samples: Vec<(f64, Vec<f64>)>,
}

/// Signs of the kink functions at θ.
pub(super) fn sides(tape: &Tape, theta: &[f64]) -> Vec<i8> {
    let mut values = vec![0.0; tape.kinks().len()];
    tape.kink_values(theta, &mut Scratch::new(), &mut values);
    values.iter().map(|v| i8::from(*v > 0.0) - i8::from(*v < 0.0)).collect()
}

/// Follows the orbit to the horizon, or to the first kink where the two sides do not let it through.
pub(super) fn orbit(case: &Case, tolerance: f64, samples: usize) -> Result<Orbit, CheckError> {
    // The balance holds up to any time: enough kinks to test it, few enough where there are thousands.
    const CROSSINGS: usize = 20;
    let whole: &dyn Objective = &*case.objective;
    let state = [case.theta.as_slice(), &case.u, &[0.0]].concat();
    let mut orbit = Orbit { until: 0.0, state, crossings: Vec::new(), samples: Vec::new() };
    let Some(tape) = whole.tape().filter(|tape| !tape.kinks().is_empty()) else {
        let outcome = advance(case, whole, &mut orbit, &mut [], tolerance, samples)?;
        require(&outcome.status, &case.words())?;
        return Ok(orbit);
    };
    let mut piece = Piece { whole, tape, signs: sides(tape, &case.theta) };
    while orbit.crossings.len() < CROSSINGS {
        let outcome = advance(case, &piece, &mut orbit, &mut watched(&piece), tolerance, samples)?;
        if !matches!(outcome.status, Status::Event { .. }) {
            require(&outcome.status, &case.words())?;
            break;
        }
        let met = kinks_met(case, &piece, &orbit.state);
        let before = normal_speeds(case, &piece, &orbit.state);
        met.iter().for_each(|&i| piece.signs[i] = -piece.signs[i]);
        let after = normal_speeds(case, &piece, &orbit.state);
        // Also ends where nothing was met: a kink that is touched, not crossed.
        if met.is_empty() || !met.iter().all(|&i| before[i] * after[i] > 0.0) {
            break;
        }
        orbit.crossings.push(orbit.until);
    }
    Ok(orbit)
}

/// Integrates from the orbit's last state to the horizon or to an event, and appends the samples.
fn advance(
    case: &Case,
    objective: &dyn Objective,
    orbit: &mut Orbit,
    events: &mut [Event<'_>],
    tolerance: f64,
    samples: usize,
) -> Result<Outcome, CheckError> {
    let (n, from) = (case.theta.len(), orbit.until);
    let (mut oracle, mut v) = (objective.oracle(), vec![0.0; n]);
    let integrand = |_: f64, y: &[f64], slope: &[f64], out: &mut [f64]| {
        oracle.gradient(&y[..n], &mut v);
        out[0] = case.dissipation(&slope[..n], &v);
    };
    let inner = system(Dynamics::Din { alpha: case.alpha, beta: case.beta }, objective);
    let mut field = Augmented::new(inner, 1, Box::new(integrand));
    let times = (0..samples).map(|i| case.until * i as f64 / (samples - 1) as f64);
    let times: Vec<f64> = times.filter(|t| *t > from || *t == 0.0 && from == 0.0).collect();
    let table = &mut orbit.samples;
    let mut observer = |t: f64, y: &[f64]| {
        table.push((t, y.to_vec()));
        Flow::Continue
    };
    let (rtol, atol, integrator) = (tolerance, tolerance, Integrator::Dop853);
    let settings = Settings { rtol, atol, integrator, ..Settings::default() };
    let outcome =
        integrate(&mut field, &orbit.state, from, case.until, &times, events, &settings, &mut observer)?;
    (orbit.until, orbit.state) = (outcome.t, outcome.state.clone());
    Ok(outcome)
}

/// Terminal events where the orbit leaves the piece.
fn watched<'a>(piece: &'a Piece<'a>) -> Vec<Event<'a>> {
    let watch = |(index, &sign): (usize, &i8)| {
        let (n, count) = (piece.whole.dimension(), piece.signs.len());
        let (mut scratch, mut values) = (Scratch::new(), vec![0.0; count]);
        Event {
            id: format!("kink {}", index + 1),
            function: Box::new(move |_: f64, y: &[f64]| {
                piece.tape.kink_values(&y[..n], &mut scratch, &mut values);
                values[index]
            }),
            // Only outwards: the root is met up to rounding, and the next piece may begin on the wrong side.
            direction: if sign > 0 { Direction::Falling } else { Direction::Rising },
            terminal: true,
        }
    };
    piece.signs.iter().enumerate().map(watch).collect()
}

/// Kink functions that are zero up to rounding here and about to leave the piece (a formula may contain the same
/// surface twice).
fn kinks_met(case: &Case, piece: &Piece<'_>, state: &[f64]) -> Vec<usize> {
    let n = case.theta.len();
    let mut values = vec![0.0; piece.signs.len()];
    piece.tape.kink_values(&state[..n], &mut Scratch::new(), &mut values);
    let speeds = normal_speeds(case, piece, state);
    let near = 1e-10 * (1.0 + dinlab_numeric::norm(&state[..n]));
    (0..values.len())
        .filter(|&i| values[i].abs() < near && speeds[i] * f64::from(piece.signs[i]) < 0.0)
        .collect()
}

/// Rates of the kink functions along the velocity of the piece.
fn normal_speeds(case: &Case, piece: &Piece<'_>, state: &[f64]) -> Vec<f64> {
    let n = case.theta.len();
    let mut slope = vec![0.0; 2 * n];
    let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
    system(dynamics, piece).rhs(0.0, &state[..2 * n], &mut slope);
    let moving: Vec<_> = state[..n].iter().zip(&slope).map(|(&re, &e)| Dual { re, eps: [e] }).collect();
    let mut rates = vec![Dual::constant(0.0); piece.signs.len()];
    piece.tape.kink_values(&moving, &mut Scratch::new(), &mut rates);
    rates.iter().map(|rate| rate.eps[0]).collect()
}
