//! J(θ) = L Σᵢ (1 − cos θᵢ): L-smooth, not convex, bounded.

use std::{f64::consts::PI, sync::Arc};

use super::{bad_argument, number_or, whole_or, Entry, Options, Shared, DIMENSION_MAX};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "cosines",
    arguments: "[:L[,n]]",
    summary: "L sum of (1 - cos x_i): L-smooth, not convex, bounded (cosines:1,2 without arguments)",
    examples: &["cosines", "cosines:3", "cosines:0.5,1", "cosines:2,6"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Cosines {
    curvature: f64,
    dimension: usize,
}

impl Formula for Cosines {
    fn dimension(&self) -> usize {
        self.dimension
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        // 1 − cos θ = 2 sin²(θ/2), which does not cancel near the minimisers.
        let half = S::constant(0.5);
        let total = x.iter().fold(S::constant(0.0), |total, &v| total + (half * v).sin().square());
        S::constant(2.0 * self.curvature) * total
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let l = S::constant(self.curvature);
        for (target, &v) in out.iter_mut().zip(x) {
            *target = l * v.sin();
        }
    }
}

/// Critical points are listed up to this dimension (all of {0, π}ⁿ), beyond it the two extreme ones.
const LISTED: usize = 4;

/// One period of the critical points (πℤ)ⁿ.
fn critical_points(n: usize) -> Vec<CriticalPoint> {
    let points: Vec<Vec<f64>> = if n <= LISTED {
        let on_top = |mask: usize, i: usize| if mask >> i & 1 == 1 { PI } else { 0.0 };
        (0..1 << n).map(|mask| (0..n).map(|i| on_top(mask, i)).collect()).collect()
    } else {
        vec![vec![0.0; n], vec![PI; n]]
    };
    let kind = |point: &[f64]| match point.iter().filter(|&&v| v > 0.0).count() {
        0 => CriticalKind::Minimum,
        tops if tops == n => CriticalKind::Maximum,
        _ => CriticalKind::StrictSaddle,
    };
    points.into_iter().map(|point| CriticalPoint { kind: kind(&point), point }).collect()
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let expected = format!("L or L,n with a finite L > 0 and a dimension n from 1 to {DIMENSION_MAX}");
    let (first, second) = arguments.split_once(',').unwrap_or((arguments, "2"));
    if arguments.contains(',') && (first.trim().is_empty() || second.trim().is_empty()) {
        return Err(bad_argument("cosines", arguments, expected));
    }
    let l = number_or("cosines", first, 1.0, |l| l > 0.0, &expected)?;
    let n = whole_or("cosines", second, 2, |n| (1..=DIMENSION_MAX).contains(&n), &expected)?;
    let formula = if l == 1.0 { String::new() } else { l.to_string() } + r"\sum_i(1-\cos\theta_i)";
    let facts = Facts {
        regularity: Regularity::Smooth,
        // Infinitely many wells: analytic (the Łojasiewicz inequality holds near every point), not definable.
        tame: false,
        infimum: Some(0.0),
        critical_points: critical_points(n),
        complete: false,
        smoothness: Some(Bound::global(l)),
        convexity: Some(Bound::global(-l)),
        kl_exponent: Some(0.5),
        view: vec![[-2.0 * PI, 2.0 * PI]; n],
        source: "standard test problem of this project".into(),
        ..Facts::unknown(format!("cosines:{l},{n}"), formula, n)
    };
    Ok(Arc::new(Native::new(Cosines { curvature: l, dimension: n }, facts, options.selection)))
}
