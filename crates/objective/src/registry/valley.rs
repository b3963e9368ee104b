//! J(θ) = 100(θ₂ − |θ₁|)² + |1 − θ₁|, the nonsmooth Rosenbrock-like function of JMLR 22(134), section 5.2.

use std::sync::Arc;

use super::{no_arguments, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "valley",
    arguments: "",
    summary: "100(y - |x|)^2 + |1 - x|, kinks on x = 0 and x = 1, minimiser (1, 1)",
    examples: &["valley"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Valley;

impl Formula for Valley {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let w = x[1] - x[0].abs();
        S::constant(100.0) * w * w + (S::constant(1.0) - x[0]).abs()
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let w = S::constant(200.0) * (x[1] - x[0].abs());
        out[0] = -w * x[0].abs_slope() - (S::constant(1.0) - x[0]).abs_slope();
        out[1] = w;
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("valley", arguments)?;
    let facts = Facts {
        regularity: Regularity::Lipschitz,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        // At (0, 0) the subdifferential is {(-1, 0)}: not critical.
        critical_points: vec![CriticalPoint { point: vec![1.0, 1.0], kind: CriticalKind::Minimum }],
        complete: true,
        // Off the kinks the Hessian is 200 [[1, ∓1], [∓1, 1]].
        piece_smoothness: Some(Bound::global(400.0)),
        // With the least-norm subgradient: off x = 1 it is bounded below near (1, 1), on x = 1 J is 100(y − 1)².
        kl_exponent: Some(0.5),
        kinks: vec!["x = 0 (concave where y > 0, convex where y < 0)".into(), "x = 1 (convex)".into()],
        view: vec![[-1.5, 1.5], [-0.5, 2.0]],
        source: "Castera, Bolte, Févotte, Pauwels, JMLR 22(134), 2021, section 5.2".into(),
        ..Facts::unknown("valley", r"100(\theta_2-|\theta_1|)^2+|1-\theta_1|", 2)
    };
    Ok(Arc::new(Native::new(Valley, facts, options.selection)))
}
