//! Choice of the window and of the kind of decay.

use dinlab_numeric::max;

use super::curve::Curve;
use super::family::{exponential, Estimate, FamilyFit};
use super::octave::{is_modulated, settling, Settling};
use super::RateKind;

/// Which members of the family are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// All three kinds.
    All,
    /// Exponential only.
    Exponential,
}

/// What a window says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub kind: RateKind,
    pub value: f64,
    pub half: f64,
    pub order: f64,
    /// Index of the first point of the window.
    pub first: usize,
    /// Relative error, the smaller the better.
    pub score: f64,
}

/// Bend (log of the ratio of the rates at the two ends) below which a curve is straight enough for an exponential,
/// its interval included.
const STRAIGHT: f64 = 0.2;
/// Smallest bend of a power, and of an extinction.
const BENT: f64 = 0.05;
const DYING: f64 = -0.3;
/// Windows whose error is within this factor of the smallest one are as good; the widest of them is taken.
const AS_GOOD: f64 = 1.5;
/// Relative error that counts as exact.
const EXACT: f64 = 1e-10;
/// A fit with a larger relative error says nothing.
const USELESS: f64 = 0.5;

/// Chooses window and kind.
pub(crate) fn choose(curve: &Curve, family: Family) -> Choice {
    let starts = starts(curve);
    let judged: Vec<Choice> = starts.iter().filter_map(|&first| judge(curve, first, family)).collect();
    let whole = exponential(&curve.t, &curve.log).unwrap_or(Estimate { value: f64::NAN, half: f64::NAN });
    let none = |value: f64, half: f64| Choice {
        kind: RateKind::None,
        value,
        half,
        order: f64::NAN,
        first: 0,
        score: f64::INFINITY,
    };
    if let Some(end) = grows_at_the_end(curve, &starts) {
        return none(end.value, end.half);
    }
    let smallest = judged.iter().fold(f64::INFINITY, |m, c| if c.score < m { c.score } else { m });
    let kind = judged.iter().find(|c| c.score == smallest).map(|c| c.kind);
    let limit = max(AS_GOOD * smallest, EXACT);
    let best = judged.iter().find(|c| Some(c.kind) == kind && c.score <= limit);
    match best {
        Some(best) if best.score <= USELESS => match settled(curve, *best, family) {
            Some(settled) => settled,
            None => none(f64::NAN, f64::NAN),
        },
        _ if !decays(whole, curve) => none(whole.value, whole.half),
        Some(_) => none(f64::NAN, f64::NAN),
        None => exponential_by_default(curve, whole).unwrap_or_else(|| none(f64::NAN, f64::NAN)),
    }
}

/// Where noise hides the kind in every window: an exponential, if the whole curve shows no bend.
fn exponential_by_default(curve: &Curve, rate: Estimate) -> Option<Choice> {
    let bend = FamilyFit::solve(&curve.t, &curve.log)?.bend();
    let (kind, score) = (RateKind::Exponential, rate.half / rate.value);
    let straight = bend.value.abs() < bend.half && bend.value.abs() < 0.5 && score <= USELESS;
    straight.then_some(Choice { kind, value: rate.value, half: rate.half, order: f64::NAN, first: 0, score })
}

/// Widens the interval by what the number still has to go, as its last three octaves show; `None` if it has no limit.
fn settled(curve: &Curve, choice: Choice, family: Family) -> Option<Choice> {
    let (over, limit): (Option<Settling>, f64) = match choice.kind {
        RateKind::Exponential => (settling(curve, exponential), 0.95),
        RateKind::Power if is_modulated(curve, choice.first) => (None, 1.0),
        RateKind::Power => (settling(curve, |t, l| FamilyFit::solve(t, l).map(|fit| fit.exponent())), 0.75),
        RateKind::FiniteTime | RateKind::None => (None, 1.0),
    };
    let Some(over) = over else { return Some(choice) };
    let moves = over.change > 1e-3 * choice.value.abs();
    // In log x an exponential is a power of x: there a straight line is all that is asked. Maxima may beat.
    let strict = family == Family::All && !curve.enveloped;
    match moves && over.ratio > limit {
        true if strict => None,
        true => Some(Choice { half: max(choice.half, over.change), ..choice }),
        false => Some(Choice { half: max(choice.half, over.remaining()), ..choice }),
    }
}

fn decays(rate: Estimate, curve: &Curve) -> bool {
    let range = curve.t[curve.len() - 1] - curve.t[0];
    rate.value - rate.half > 0.0 && rate.value * range > 1e-9
}

/// The rate of the latest window if the curve clearly grows there.
fn grows_at_the_end(curve: &Curve, starts: &[usize]) -> Option<Estimate> {
    let first = *starts.last()?;
    let rate = exponential(&curve.t[first..], &curve.log[first..])?;
    let range = curve.t[curve.len() - 1] - curve.t[first];
    (rate.value + rate.half < 0.0 && rate.value * range < -0.3).then_some(rate)
}

/// First points of the nested windows: evenly in index, in decay and in log time, at least 15 % of the points left.
fn starts(curve: &Curve) -> Vec<usize> {
    let n = curve.len();
    let least = 8.max(n * 3 / 20).min(n);
    let (top, bottom) = (curve.log[0], curve.log[n - 1]);
    let length = curve.t[n - 1] - curve.t[0];
    let mut starts = vec![0];
    for k in 1..10 {
        let share = f64::from(k) / 10.0;
        starts.push((share * n as f64) as usize);
        let level = top + share * (bottom - top);
        starts.extend(curve.log.iter().position(|&l| l <= level));
        let time = curve.t[0] + length * 0.5_f64.powi(k);
        starts.extend(curve.t.iter().position(|&t| t >= time));
    }
    starts.retain(|&first| first + least <= n);
    starts.sort_unstable();
    let apart = n.div_ceil(40);
    let mut kept: Vec<usize> = Vec::new();
    for first in starts {
        if kept.last().is_none_or(|&last| first >= last + apart) {
            kept.push(first);
        }
    }
    kept
}

/// Fits one window. `None` if it does not decay, or its kind is not certain.
fn judge(curve: &Curve, first: usize, family: Family) -> Option<Choice> {
    let (t, log) = (&curve.t[first..], &curve.log[first..]);
    let rate = exponential(t, log)?;
    let range = t[t.len() - 1] - t[0];
    if !(rate.value - rate.half > 0.0 && rate.value * range > 1e-9) {
        return None;
    }
    let choice = |kind, number: Estimate, drift: f64, scale: f64, order: f64| {
        let half = max(number.half, drift);
        Some(Choice { kind, value: number.value, half, order, first, score: half / scale })
    };
    let straight = || {
        let drift = halves(t, log, exponential).map_or(0.0, |(a, b)| a.excess(b));
        choice(RateKind::Exponential, rate, drift, rate.value, f64::NAN)
    };
    let whole = if family == Family::All { FamilyFit::solve(t, log) } else { None };
    let Some(fit) = whole else { return straight() };
    let parts = halves(t, log, FamilyFit::solve);
    let drift =
        |number: fn(&FamilyFit) -> Estimate| parts.as_ref().map_or(0.0, |(a, b)| number(a).excess(number(b)));
    let bend = fit.bend();
    let steady = drift(FamilyFit::shape) <= 0.5 * fit.shape().value.abs();
    let certain = bend.value.abs() > bend.half && steady;
    if certain && bend.value > BENT {
        let p = fit.exponent();
        choice(RateKind::Power, p, drift(FamilyFit::exponent), p.value, f64::NAN)
    } else if certain && bend.value < DYING {
        let order = -fit.exponent().value;
        choice(RateKind::FiniteTime, fit.origin(), drift(FamilyFit::origin), range, order)
    } else if bend.value.abs() + bend.half < STRAIGHT {
        straight()
    } else {
        None
    }
}

/// The same fit on both halves of a window, where each has 8 points.
fn halves<T>(t: &[f64], log: &[f64], fit: impl Fn(&[f64], &[f64]) -> Option<T>) -> Option<(T, T)> {
    if t.len() < 16 {
        return None;
    }
    let middle = t.len() / 2;
    Some((fit(&t[..middle], &log[..middle])?, fit(&t[middle..], &log[middle..])?))
}
