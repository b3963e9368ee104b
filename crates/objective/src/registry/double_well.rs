//! J(θ) = θ₁⁴ − 4θ₁² + θ₂²: a strict saddle between two minima.

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
    name: "double-well",
    arguments: "",
    summary: "x^4 - 4x^2 + y^2: minima (+-sqrt 2, 0), strict saddle at 0 with Hessian (-8, 2)",
    examples: &["double-well"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct DoubleWell;

impl Formula for DoubleWell {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let square = x[0] * x[0];
        square * (square - S::constant(4.0)) + x[1] * x[1]
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let c = S::constant;
        out[0] = c(4.0) * x[0] * (x[0] * x[0] - c(2.0));
        out[1] = c(2.0) * x[1];
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("double-well", arguments)?;
    let at = |x: f64, kind| CriticalPoint { point: vec![x, 0.0], kind };
    let root = std::f64::consts::SQRT_2;
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(-4.0),
        critical_points: vec![
            at(root, CriticalKind::Minimum),
            at(-root, CriticalKind::Minimum),
            at(0.0, CriticalKind::StrictSaddle),
        ],
        complete: true,
        // The Hessian is diagonal: 12x² − 8 and 2.
        smoothness: Some(Bound { value: 40.0, domain: Domain::Box(vec![[-2.0, 2.0]; 2]) }),
        convexity: Some(Bound::global(-8.0)),
        kl_exponent: Some(0.5),
        source: "standard test problem of this project".into(),
        ..Facts::unknown("double-well", r"\theta_1^4-4\theta_1^2+\theta_2^2", 2)
    };
    Ok(Arc::new(Native::new(DoubleWell, facts, options.selection)))
}
