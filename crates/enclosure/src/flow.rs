//! Verified orbits of DIN, θ' = u − β∇J(θ), u' = −αu − (1 − αβ)∇J(θ), with all truncation and rounding errors counted.
//!
//! A step has three parts (Lohner 1987; Nedialkov, Jackson, Corliss, Appl. Math. Comput. 105 (1999)): a box Y that the orbit does not leave
//! during the step, by Picard's operator; the Taylor polynomial at a point with the remainder over Y; and the derivative of the
//! polynomial over the present set, applied to the deviation from that point in orthogonal coordinates (QR), which keeps the
//! enclosure from growing by mere rotation.

use dinlab_objective::{tape::Scratch, Dual, Interval, Scalar, Series};
use nalgebra::DMatrix;

use crate::{
    function::Function,
    matrix::{apply, identity_minus, middles, points, product, row_norm, transposed},
    Cell, EnclosureError,
};

/// Number of Taylor coefficients, the remainder's included.
const TERMS: usize = 13;
/// Width of the remainder of one step that is aimed at, relative to 1 + |state|.
const REMAINDER: f64 = 1e-13;
/// Steps after which an orbit is given up.
const STEPS_MAX: usize = 20_000;

/// DIN of one objective.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    function: Function<'a>,
    alpha: f64,
    beta: f64,
}

/// The orbit during one step. Steps have exact lengths; the times are their sums, rounded.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Start of the step.
    pub from: f64,
    /// End of the step.
    pub until: f64,
    /// Box of (θ, u) that holds the orbit between both.
    pub during: Cell,
    /// Box of (θ, u) at the end.
    pub end: Cell,
}

/// Why an enclosure ended where it did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// At the time asked for.
    ReachedEnd,
    /// The caller had seen enough.
    Asked,
    /// A kink may be reached after this time: the orbit is not smooth there.
    Kink {
        /// End of the last step that was shown.
        at: f64,
    },
    /// The enclosure has become too wide, or the orbit leaves every bounded box.
    TooWide {
        /// End of the last step that was shown.
        at: f64,
    },
    /// Too many steps.
    TooManySteps {
        /// End of the last step that was shown.
        at: f64,
    },
}

/// An enclosed orbit.
#[derive(Debug, Clone)]
pub struct Tube {
    /// Its steps.
    pub segments: Vec<Segment>,
    /// How it ended.
    pub stop: Stop,
}

impl<'a> Flow<'a> {
    /// DIN with these parameters, α ≥ 0 and β ≥ 0 finite.
    pub fn new(function: Function<'a>, alpha: f64, beta: f64) -> Result<Self, EnclosureError> {
        for (what, value) in [("alpha", alpha), ("beta", beta)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(EnclosureError::Parameter {
                    what,
                    value,
                    expected: "a finite number of at least 0",
                });
            }
        }
        Ok(Self { function, alpha, beta })
    }

    /// α.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// β.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// J.
    pub fn function(&self) -> Function<'a> {
        self.function
    }

    /// The right-hand side of DIN at (θ, u), 2n entries, in any arithmetic.
    fn field<S: Scalar>(&self, state: &[S], scratch: &mut Scratch<S>) -> Vec<S> {
        let (theta, u) = state.split_at(state.len() / 2);
        let mut v = theta.to_vec();
        self.function.tape().gradient_with(theta, scratch, &mut v);
        let (alpha, beta, one) = (S::constant(self.alpha), S::constant(self.beta), S::constant(1.0));
        let coupling = one - alpha * beta;
        let theta_dot = u.iter().zip(&v).map(|(&u, &v)| u - beta * v);
        let u_dot = u.iter().zip(&v).map(|(&u, &v)| -(alpha * u) - coupling * v);
        theta_dot.chain(u_dot).collect()
    }

    /// Taylor coefficients 0 … `count` − 1 of the orbit through `state`, one row per coordinate.
    fn coefficients<S: Scalar>(&self, state: &[S], count: usize) -> Vec<Vec<S>> {
        let mut rows: Vec<Vec<S>> = state.iter().map(|&x| vec![x]).collect();
        let mut scratch = Scratch::new();
        for k in 1..count {
            let series: Vec<Series<S, TERMS>> = rows.iter().map(|row| Series::new(row)).collect();
            let field = self.field(&series, &mut scratch);
            for (row, f) in rows.iter_mut().zip(field) {
                row.push(f.coefficients[k - 1] / S::constant(k as f64));
            }
        }
        rows
    }

    /// The state at time `until` in floating point: a guess, which proves nothing. Taylor steps whose last term is small.
    pub(crate) fn guess(&self, start: &[f64], until: f64) -> Vec<f64> {
        let (mut state, mut t) = (start.to_vec(), 0.0);
        for _ in 0..STEPS_MAX {
            let rows = self.coefficients(&state, TERMS);
            let size = state.iter().fold(1.0, |m, x| dinlab_numeric::max(m, x.abs()));
            let last = rows.iter().fold(0.0, |m, row| dinlab_numeric::max(m, row[TERMS - 1].abs()));
            // At a kink the coefficients know nothing of the other side: short steps then go across it.
            let free = (1e-9 * size / (last + f64::MIN_POSITIVE)).powf(1.0 / (TERMS - 1) as f64);
            let h = dinlab_numeric::min(dinlab_numeric::min(free, 0.05), until - t);
            if !(h > 0.0) {
                break;
            }
            state = rows.iter().map(|row| row.iter().rev().fold(0.0, |s, c| s * h + c)).collect();
            t += h;
        }
        state
    }

    /// A box that holds the orbit from every state in `from` during [0, h] (Picard); `None` where none was found.
    fn stays_in(&self, from: &[Interval], h: f64) -> Option<Cell> {
        let during = Interval::new(0.0, h);
        let reach = |over: &[Interval]| -> Cell {
            let field = self.field(over, &mut Scratch::new());
            from.iter().zip(field).map(|(&x, f)| x + during * f).collect()
        };
        let mut guess = reach(from);
        for _ in 0..12 {
            guess = guess
                .iter()
                .zip(from)
                .map(|(&y, &x)| {
                    let y = y.hull(x);
                    let extra = 0.1 * (y.high - y.low) + 1e-14 * (1.0 + y.magnitude());
                    Interval::new(y.low - extra, y.high + extra)
                })
                .collect();
            let image = reach(&guess);
            if image.iter().zip(&guess).all(|(a, b)| a.is_within(*b)) {
                return Some(image);
            }
            guess = image;
        }
        None
    }
}

/// The set m + Q·r: a point, an orthogonal frame (nearly), and a box in that frame.
struct Set {
    point: Vec<f64>,
    frame: Vec<f64>,
    rest: Cell,
}

impl Set {
    fn hull(&self) -> Cell {
        apply(&points(&self.frame), &self.rest)
            .into_iter()
            .zip(&self.point)
            .map(|(d, &m)| Interval::point(m) + d)
            .collect()
    }
}

/// Follows the orbit from (θ, u) = `start` (2n entries) to time `until`, or until `enough` says so at the end of a step.
pub fn enclose(
    flow: Flow,
    start: &[Interval],
    until: f64,
    mut enough: impl FnMut(&Segment) -> bool,
) -> Result<Tube, EnclosureError> {
    let d = 2 * flow.function.dimension();
    if start.len() != d {
        return Err(EnclosureError::Length { what: "the start", found: start.len(), expected: d });
    }
    if !(until >= 0.0 && until.is_finite()) {
        return Err(EnclosureError::Parameter {
            what: "until",
            value: until,
            expected: "a finite time of at least 0",
        });
    }
    let point = middles(start);
    let rest = start.iter().zip(&point).map(|(&x, &m)| x - Interval::point(m)).collect();
    let frame = (0..d * d).map(|k| if k / d == k % d { 1.0 } else { 0.0 }).collect();
    let mut set = Set { point, frame, rest };
    let (mut t, mut h) = (0.0, 0.02_f64.clamp(0.0, until));
    let mut segments: Vec<Segment> = Vec::new();
    while t < until {
        if segments.len() == STEPS_MAX {
            return Ok(Tube { segments, stop: Stop::TooManySteps { at: t } });
        }
        let last = t + h >= until;
        let step = if last { until - t } else { h };
        match advance(flow, &set, step) {
            Step::Done { set: next, during, suggested } => {
                let end = next.hull();
                let segment = Segment { from: t, until: if last { until } else { t + step }, during, end };
                t = segment.until;
                set = next;
                h = suggested;
                let stop = enough(&segment);
                segments.push(segment);
                if stop {
                    return Ok(Tube { segments, stop: Stop::Asked });
                }
            }
            Step::Shorter if h > 1e-10 * (1.0 + t) => h *= 0.5,
            Step::Shorter => return Ok(Tube { segments, stop: Stop::TooWide { at: t } }),
            Step::Kinked if h > 1e-5 => h *= 0.25,
            Step::Kinked => return Ok(Tube { segments, stop: Stop::Kink { at: t } }),
        }
    }
    Ok(Tube { segments, stop: Stop::ReachedEnd })
}

enum Step {
    Done { set: Set, during: Cell, suggested: f64 },
    Shorter,
    Kinked,
}

fn advance(flow: Flow, set: &Set, h: f64) -> Step {
    let d = set.point.len();
    let now = set.hull();
    let Some(during) = flow.stays_in(&now, h) else { return Step::Shorter };
    if during.iter().any(|side| !(side.magnitude() < 1e100)) {
        return Step::Shorter;
    }
    if !flow.function.value(&during[..d / 2]).smooth {
        return Step::Kinked;
    }
    let time = Interval::point(h);
    let powers: Vec<Interval> =
        std::iter::successors(Some(Interval::ONE), |&p| Some(p * time)).take(TERMS).collect();
    let remainder: Cell =
        flow.coefficients(&during, TERMS).iter().map(|row| row[TERMS - 1] * powers[TERMS - 1]).collect();
    let size = 1.0 + dinlab_numeric::maximum(&now.iter().map(|x| x.magnitude()).collect::<Vec<_>>());
    let width = dinlab_numeric::maximum(&remainder.iter().map(|r| r.magnitude()).collect::<Vec<_>>());
    if !(width < 1e3 * REMAINDER * size) {
        return Step::Shorter;
    }
    let sum =
        |row: &[Interval]| row.iter().zip(&powers).rev().fold(Interval::point(0.0), |s, (&c, &p)| s + c * p);
    let moved: Cell = flow
        .coefficients(&points(&set.point), TERMS - 1)
        .iter()
        .zip(&remainder)
        .map(|(row, &r)| sum(row) + r)
        .collect();
    let derivative = polynomial_derivative(flow, &now, &powers);
    let suggested =
        h * (0.9 * (REMAINDER * size / (width + f64::MIN_POSITIVE)).powf(1.0 / TERMS as f64)).clamp(0.3, 2.0);
    match carried(&moved, &derivative, set) {
        Some(set) => Step::Done { set, during, suggested },
        None => Step::Shorter,
    }
}

/// Derivative of the Taylor polynomial with respect to the state, over the present set: 2n×2n by rows.
fn polynomial_derivative(flow: Flow, now: &[Interval], powers: &[Interval]) -> Vec<Interval> {
    let d = now.len();
    let mut out = vec![Interval::point(0.0); d * d];
    for j in 0..d {
        let along: Vec<Dual<Interval, 1>> = (0..d)
            .map(|i| Dual { re: now[i], eps: [Interval::point(if i == j { 1.0 } else { 0.0 })] })
            .collect();
        for (i, row) in flow.coefficients(&along, TERMS - 1).iter().enumerate() {
            out[i * d + j] =
                row.iter().zip(powers).rev().fold(Interval::point(0.0), |s, (c, &p)| s + c.eps[0] * p);
        }
    }
    out
}

/// The image of the set in a new orthogonal frame, that of the image of the old one.
fn carried(moved: &[Interval], derivative: &[Interval], set: &Set) -> Option<Set> {
    let d = moved.len();
    let image = product(derivative, &points(&set.frame), d);
    let mut columns = DMatrix::from_row_slice(d, d, &middles(&image));
    if columns.iter().any(|v| !v.is_finite()) {
        return None;
    }
    // Wide directions first: the frame follows them best.
    let weight = |j: usize| columns.column(j).norm() * (set.rest[j].high - set.rest[j].low);
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)));
    columns = DMatrix::from_fn(d, d, |i, j| columns[(i, order[j])]);
    let q = columns.qr().q();
    let frame: Vec<f64> = (0..d * d).map(|k| q[(k / d, k % d)]).collect();
    let inverse = inverse_of_nearly_orthogonal(&frame, d)?;
    let point = middles(moved);
    let away: Cell = moved.iter().zip(&point).map(|(&x, &m)| x - Interval::point(m)).collect();
    let turned = apply(&product(&inverse, &image, d), &set.rest);
    let rest = turned.into_iter().zip(apply(&inverse, &away)).map(|(a, b)| a + b).collect();
    Some(Set { point, frame, rest })
}

/// Q⁻¹ for QᵀQ = I − E with small E: Qᵀ plus at most e/(1 − e)·max|Q| in every entry, e = ‖E‖.
fn inverse_of_nearly_orthogonal(frame: &[f64], d: usize) -> Option<Vec<Interval>> {
    let q = points(frame);
    let qt = transposed(&q, d);
    let e = row_norm(&identity_minus(&product(&qt, &q, d), d), d);
    if !(e < 0.01) {
        return None;
    }
    let largest = frame.iter().fold(0.0, |m, v| dinlab_numeric::max(m, v.abs()));
    let bound = (Interval::point(e) / (Interval::ONE - Interval::point(e)) * Interval::point(largest)).high;
    Some(qt.into_iter().map(|v| v + Interval::new(-bound, bound)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_objective::{build, Options};

    #[test]
    fn quadratic_orbits_hold_the_closed_form() {
        // J = θ²/2·λ: s² + (α + βλ)s + λ = 0.
        let (alpha, beta, lambda) = (0.5, 0.25, 4.0);
        let objective = build("quadratic:4", &Options::default()).unwrap();
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), alpha, beta).unwrap();
        let start = points(&[1.0, 0.5]);
        let tube = enclose(flow, &start, 10.0, |_| false).unwrap();
        assert_eq!(tube.stop, Stop::ReachedEnd);
        let trace = -(alpha + beta * lambda);
        let omega = (lambda - trace * trace / 4.0_f64).sqrt();
        // θ = e^{trace·t/2}(cos ωt + c sin ωt) with θ'(0) = u − βλθ.
        let c = (0.5 - beta * lambda - trace / 2.0) / omega;
        for segment in &tube.segments {
            let t = segment.until;
            let exact = (0.5 * trace * t).exp() * ((omega * t).cos() + c * (omega * t).sin());
            let theta = segment.end[0];
            assert!(theta.low - 1e-14 <= exact && exact <= theta.high + 1e-14, "t {t}: {theta:?} {exact}");
            assert!(theta.high - theta.low < 1e-10, "t {t}: {theta:?}");
        }
    }

    /// J = −20θ² has a mode that grows like e^{6t}: long steps have no box, short ones one that holds the orbit.
    #[test]
    fn the_box_of_a_step_holds_the_orbit_or_there_is_none() {
        let objective = build("expr:-20*x^2", &Options::default()).unwrap();
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), 0.5, 0.0).unwrap();
        let start = [1.0, 0.0];
        let mut found = 0;
        for k in 0..40 {
            let h = 1e-3 * 1.3_f64.powi(k);
            let Some(during) = flow.stays_in(&points(&start), h) else { continue };
            found += 1;
            for part in 1..=8 {
                let state = flow.guess(&start, h * f64::from(part) / 8.0);
                let slack = |x: f64| 1e-6 * (1.0 + x.abs());
                let inside = |(b, &x): (&Interval, &f64)| b.low - slack(x) <= x && x <= b.high + slack(x);
                assert!(during.iter().zip(&state).all(inside), "h {h}: {during:?} {state:?}");
            }
        }
        assert!((5..40).contains(&found), "{found}");
    }

    /// One step as long as is accepted, where the remainder is far above rounding: ω = 1000, so that powers of h differ.
    #[test]
    fn the_remainder_of_a_long_step_is_counted() {
        let objective = build("quadratic:1000000", &Options::default()).unwrap();
        let alpha = 0.5;
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), alpha, 0.0).unwrap();
        let start =
            || Set { point: vec![1.0, 0.0], frame: vec![1.0, 0.0, 0.0, 1.0], rest: points(&[0.0, 0.0]) };
        let lengths = (0..200).map(|k| 0.01 * 0.95_f64.powi(k));
        let (h, end) = lengths
            .filter_map(|h| match advance(flow, &start(), h) {
                Step::Done { set, .. } => Some((h, set.hull()[0])),
                _ => None,
            })
            .next()
            .unwrap();
        let omega = (1e6 - 0.25 * alpha * alpha).sqrt();
        let exact = (-0.5 * alpha * h).exp() * ((omega * h).cos() + 0.5 * alpha / omega * (omega * h).sin());
        assert!(end.low - 1e-15 <= exact && exact <= end.high + 1e-15, "h {h}: {end:?} {exact}");
        assert!((1e-13..1e-6).contains(&(end.high - end.low)), "h {h}: {end:?}");
    }

    #[test]
    fn inverses_of_frames_that_are_not_quite_orthogonal_are_enclosed() {
        // (1 s; 0 1) has the inverse (1 −s; 0 1).
        let s = 1e-3;
        let found = inverse_of_nearly_orthogonal(&[1.0, s, 0.0, 1.0], 2).unwrap();
        let inverse = [1.0, -s, 0.0, 1.0];
        assert!(found.iter().zip(inverse).all(|(side, x)| side.contains(x)), "{found:?}");
        assert!(inverse_of_nearly_orthogonal(&[1.0, 0.1, 0.0, 1.0], 2).is_none());
    }

    #[test]
    fn a_wide_start_stays_a_sound_and_useful_box() {
        let objective = build("double-well", &Options::default()).unwrap();
        let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), 0.5, 0.1).unwrap();
        let side = |x: f64| Interval::new(x - 1e-4, x + 1e-4);
        let start = [side(0.5), side(0.8), Interval::point(0.0), Interval::point(0.0)];
        let tube = enclose(flow, &start, 3.0, |_| false).unwrap();
        let thin = enclose(flow, &points(&[0.50009, 0.79991, 0.0, 0.0]), 3.0, |_| false).unwrap();
        let (wide, inner) = (&tube.segments.last().unwrap().end, &thin.segments.last().unwrap().end);
        assert!(inner.iter().zip(wide).all(|(a, b)| a.is_within(*b)), "{inner:?} {wide:?}");
        assert!(wide.iter().all(|x| x.high - x.low < 0.05), "{wide:?}");
    }

    #[test]
    fn kinks_and_explosions_end_with_a_reason() {
        let stop = |name: &str, start: &[f64]| {
            let objective = build(name, &Options::default()).unwrap();
            let flow = Flow::new(Function::new(objective.as_ref()).unwrap(), 0.5, 0.1).unwrap();
            enclose(flow, &points(start), 5.0, |_| false).unwrap().stop
        };
        assert!(matches!(stop("expr:abs(x)", &[1.0, 0.0]), Stop::Kink { at } if at > 0.5));
        assert!(matches!(stop("expr:-x^4", &[1.0, 0.0]), Stop::TooWide { .. }));
    }
}
