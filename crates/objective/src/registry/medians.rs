//! J(θ) = Σ_n |θ − a_n| in one dimension, a sum of N kinks: its minimisers are the medians of a.
//!
//! The terms are convex, so D_J = ∂J. For odd N (or equal middle points) the minimiser is unique and sharp; otherwise
//! every point between the two middle ones is a minimiser.

use std::sync::Arc;

use super::{bad_argument, listed, numbers, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    samples::Terms,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "medians",
    arguments: ":a,b,...",
    summary: "sum of |x - a_n| in one dimension: the minimisers are the medians of the a_n",
    examples: &["medians:0,1,3", "medians:-1,0.5,0.5,2,4"],
    build,
};

const EXPECTED: &str = "finite numbers separated by commas, e.g. medians:0,1,3";
/// Most terms.
pub(super) const TERMS_MAX: usize = 100_000;

/// The formula.
#[derive(Debug, Clone)]
pub struct Medians {
    points: Vec<f64>,
}

impl Formula for Medians {
    fn dimension(&self) -> usize {
        1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        (0..self.count()).fold(S::constant(0.0), |total, n| total + self.term(n, x))
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        out[0] = S::constant(0.0);
        (0..self.count()).for_each(|n| self.add_term_gradient(n, x, out));
    }
}

impl Terms for Medians {
    fn count(&self) -> usize {
        self.points.len()
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        (x[0] - S::constant(self.points[n])).abs()
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        out[0] = out[0] + (x[0] - S::constant(self.points[n])).abs_slope();
    }
}

/// The middle of the medians of a list that is not empty, and whether it is the only one.
pub(super) fn median(points: &[f64]) -> (f64, bool) {
    let mut sorted = points.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    (if low == high { low } else { 0.5 * low + 0.5 * high }, low == high)
}

/// Numbers as they are typed, one or more and not more than [`TERMS_MAX`].
pub(super) fn points(name: &str, arguments: &str, expected: &str) -> Result<Vec<f64>, ObjectiveError> {
    let points = numbers(name, arguments, expected)?;
    if points.len() > TERMS_MAX {
        return Err(bad_argument(name, arguments, format!("at most {TERMS_MAX} numbers")));
    }
    Ok(points)
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let points = points("medians", arguments, EXPECTED)?;
    let (centre, complete) = median(&points);
    let (first, last) = (dinlab_numeric::minimum(&points), dinlab_numeric::maximum(&points));
    let margin = 1.0 + 0.5 * last - 0.5 * first;
    let name = format!("medians:{}", listed(&points));
    let formula = Medians { points };
    let facts = Facts {
        regularity: Regularity::Lipschitz,
        convex: true,
        coercive: true,
        tame: true,
        infimum: Some(formula.value(&[centre])),
        critical_points: vec![CriticalPoint { point: vec![centre], kind: CriticalKind::Minimum }],
        complete,
        piece_smoothness: Some(Bound::global(0.0)),
        convexity: Some(Bound::global(0.0)),
        // Piecewise linear: the slope is bounded away from 0 off the minimisers.
        kl_exponent: Some(0.0),
        kinks: vec!["x = a_n for each n (convex)".into()],
        view: vec![[first - margin, last + margin]],
        source: "closed form".into(),
        ..Facts::unknown(name, r"\sum_n|\theta-a_n|", 1)
    };
    Ok(Arc::new(Native::sum(formula, facts, options.selection)))
}
