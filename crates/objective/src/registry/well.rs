//! J(x) = ¼(x² − 1)²: two minima and a maximum on a line.

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
    name: "well",
    arguments: "",
    summary: "(x^2 - 1)^2/4: minima +-1 with curvature 2, maximum 0 with curvature -1",
    examples: &["well"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Well;

impl Formula for Well {
    fn dimension(&self) -> usize {
        1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        S::constant(0.25) * (x[0] * x[0] - S::constant(1.0)).square()
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        out[0] = x[0] * (x[0] * x[0] - S::constant(1.0));
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("well", arguments)?;
    let at = |x: f64, kind| CriticalPoint { point: vec![x], kind };
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        critical_points: vec![
            at(1.0, CriticalKind::Minimum),
            at(-1.0, CriticalKind::Minimum),
            at(0.0, CriticalKind::Maximum),
        ],
        complete: true,
        // J'' = 3x² − 1.
        smoothness: Some(Bound { value: 11.0, domain: Domain::Box(vec![[-2.0, 2.0]]) }),
        convexity: Some(Bound::global(-1.0)),
        kl_exponent: Some(0.5),
        source: "standard test problem of this project".into(),
        ..Facts::unknown("well", r"\tfrac14(x^2-1)^2", 1)
    };
    Ok(Arc::new(Native::new(Well, facts, options.selection)))
}
