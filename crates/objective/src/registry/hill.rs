//! J(x, y) = (x² − 1)²/4 + (y − x²)²/2 + y/10: semi-algebraic, coercive, not convex.

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
    name: "hill",
    arguments: "",
    summary: "(x^2 - 1)^2/4 + (y - x^2)^2/2 + y/10: two minima, one saddle",
    examples: &["hill"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Hill;

impl Formula for Hill {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let c = S::constant;
        let square = x[0] * x[0];
        c(0.25) * (square - c(1.0)).square() + c(0.5) * (x[1] - square).square() + c(0.1) * x[1]
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let c = S::constant;
        let square = x[0] * x[0];
        out[0] = x[0] * (square - c(1.0)) - c(2.0) * x[0] * (x[1] - square);
        out[1] = x[1] - square + c(0.1);
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("hill", arguments)?;
    // ∂J/∂y = 0 gives y = x² − 1/10, and then ∂J/∂x = x(x² − 1 + 1/5): x = 0 or x² = 4/5.
    let x = 0.8_f64.sqrt();
    // The Hessian [[9x² − 1 − 2y, −2x], [−2x, 1]] decreases with y and both its eigenvalues grow with |x|:
    // its extremes are at (±1.8, −1), where its first entry is 30.16, and at (0, 2).
    let domain = || Domain::Box(vec![[-1.8, 1.8], [-1.0, 2.0]]);
    let at = |x: f64, y: f64, kind| CriticalPoint { point: vec![x, y], kind };
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(0.25 * 0.04 + 0.5 * 0.01 + 0.1 * 0.7),
        critical_points: vec![
            at(x, 0.7, CriticalKind::Minimum),
            at(-x, 0.7, CriticalKind::Minimum),
            at(0.0, -0.1, CriticalKind::StrictSaddle),
        ],
        complete: true,
        smoothness: Some(Bound {
            value: 0.5 * 31.16 + (0.25 * 29.16 * 29.16 + 12.96_f64).sqrt(),
            domain: domain(),
        }),
        convexity: Some(Bound { value: -5.0, domain: domain() }),
        kl_exponent: Some(0.5),
        view: vec![[-1.8, 1.8], [-1.0, 2.0]],
        source: "standard test problem of this project".into(),
        ..Facts::unknown("hill", r"\tfrac14(x^2-1)^2+\tfrac12(y-x^2)^2+\tfrac1{10}y", 2)
    };
    Ok(Arc::new(Native::new(Hill, facts, options.selection)))
}
