//! J(x, y) = (x² + y − 11)² + (x + y² − 7)²: four minima, four saddles, one maximum.

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
    name: "himmelblau",
    arguments: "",
    summary: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2: four minima, four saddles, one maximum",
    examples: &["himmelblau"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Himmelblau;

impl Formula for Himmelblau {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let [u, v] = residuals(x);
        u * u + v * v
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let [u, v] = residuals(x);
        let (two, four) = (S::constant(2.0), S::constant(4.0));
        out[0] = four * x[0] * u + two * v;
        out[1] = two * u + four * x[1] * v;
    }
}

#[inline(always)]
fn residuals<S: Scalar>(x: &[S]) -> [S; 2] {
    let c = S::constant;
    [x[0] * x[0] + x[1] - c(11.0), x[0] + x[1] * x[1] - c(7.0)]
}

/// All nine critical points (the bound of Bézout for two cubics): Newton's method in 60-digit arithmetic from a grid
/// of starts found nine, here rounded to double precision.
const CRITICAL: [([f64; 2], CriticalKind); 9] = [
    ([3.0, 2.0], CriticalKind::Minimum),
    ([-2.805118086952745, 3.131312518250573], CriticalKind::Minimum),
    ([-3.779310253377747, -3.2831859912861696], CriticalKind::Minimum),
    ([3.5844283403304917, -1.8481265269644036], CriticalKind::Minimum),
    ([-3.0730257507643897, -0.08135304428796751], CriticalKind::StrictSaddle),
    ([-0.12796134673068008, -1.9537149802445763], CriticalKind::StrictSaddle),
    ([0.08667750455539636, 2.884254701174776], CriticalKind::StrictSaddle),
    ([3.385154183607021, 0.07385187983774928], CriticalKind::StrictSaddle),
    ([-0.2708445906673476, -0.9230385564799815], CriticalKind::Maximum),
];

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("himmelblau", arguments)?;
    // The Hessian is [[12x² + 4y − 42, 4(x + y)], [4(x + y), 12y² + 4x − 26]]. On the box all its entries are largest at
    // (5, 5): [[278, 40], [40, 294]]. From below, Gershgorin: the worst row is 12x² + 4y − 42 − 4|x + y| at (−1/6, −5).
    let domain = || Domain::Box(vec![[-5.0, 5.0]; 2]);
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        critical_points: CRITICAL
            .iter()
            .map(|&(point, kind)| CriticalPoint { point: point.to_vec(), kind })
            .collect(),
        complete: true,
        smoothness: Some(Bound { value: 286.0 + 1664.0_f64.sqrt(), domain: domain() }),
        convexity: Some(Bound { value: -82.0 - 1.0 / 3.0, domain: domain() }),
        kl_exponent: Some(0.5),
        view: vec![[-5.0, 5.0]; 2],
        source: "Himmelblau, Applied Nonlinear Programming, 1972".into(),
        ..Facts::unknown("himmelblau", "(x^2+y-11)^2+(x+y^2-7)^2", 2)
    };
    Ok(Arc::new(Native::new(Himmelblau, facts, options.selection)))
}
