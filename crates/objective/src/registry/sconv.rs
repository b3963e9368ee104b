//! J(x, y) = ½x² + ¼x⁴ + (y − x/2)²: strongly convex, not quadratic.

use std::sync::Arc;

use super::{no_arguments, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Domain, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "sconv",
    arguments: "",
    summary: "x^2/2 + x^4/4 + (y - x/2)^2: strongly convex, minimiser 0",
    examples: &["sconv"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct StronglyConvex;

impl Formula for StronglyConvex {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let c = S::constant;
        let square = x[0] * x[0];
        c(0.5) * square + c(0.25) * square * square + (x[1] - c(0.5) * x[0]).square()
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let c = S::constant;
        let w = x[1] - c(0.5) * x[0];
        out[0] = x[0] + x[0] * x[0] * x[0] - w;
        out[1] = c(2.0) * w;
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("sconv", arguments)?;
    // The Hessian [[3/2 + 3x², −1], [−1, 2]] grows with x²: extremes at x = 0 and on the sides |x| = 2.
    let mean_and_spread = |a: f64| (0.5 * (a + 2.0), (0.25 * (a - 2.0) * (a - 2.0) + 1.0).sqrt());
    let (low_mean, low_spread) = mean_and_spread(1.5);
    let (high_mean, high_spread) = mean_and_spread(13.5);
    let facts = Facts {
        regularity: Regularity::Smooth,
        convex: true,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        critical_points: vec![CriticalPoint { point: vec![0.0; 2], kind: CriticalKind::Minimum }],
        complete: true,
        smoothness: Some(Bound { value: high_mean + high_spread, domain: Domain::Box(vec![[-2.0, 2.0]; 2]) }),
        convexity: Some(Bound::global(low_mean - low_spread)),
        kl_exponent: Some(0.5),
        source: "standard test problem of this project".into(),
        ..Facts::unknown("sconv", r"\tfrac12x^2+\tfrac14x^4+(y-\tfrac x2)^2", 2)
    };
    Ok(Arc::new(Native::new(StronglyConvex, facts, options.selection)))
}
