//! J(θ) = ½ Σᵢ (θᵢ⁴ − 16θᵢ² + 5θᵢ): 3ⁿ critical points, 2ⁿ of them minima.

use std::sync::Arc;

use super::{whole_or, Entry, Options, Shared, DIMENSION_MAX};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Domain, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "styblinski-tang",
    arguments: "[:n]",
    summary: "1/2 sum of x_i^4 - 16 x_i^2 + 5 x_i: 3^n critical points, 2^n of them minima (n = 2 without argument)",
    examples: &["styblinski-tang", "styblinski-tang:1", "styblinski-tang:4", "styblinski-tang:7"],
    build,
};

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct StyblinskiTang {
    dimension: usize,
}

impl Formula for StyblinskiTang {
    fn dimension(&self) -> usize {
        self.dimension
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let c = S::constant;
        let total = x.iter().fold(c(0.0), |total, &v| total + v * (v * (v * v - c(16.0)) + c(5.0)));
        c(0.5) * total
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let c = S::constant;
        for (target, &v) in out.iter_mut().zip(x) {
            *target = v * (c(2.0) * v * v - c(16.0)) + c(2.5);
        }
    }
}

/// Critical points are listed up to this dimension, beyond it the global minimiser alone.
const LISTED: usize = 4;

/// The roots of θ³ − 8θ + 5/4 = 0 in rising order: a minimum (the global one), a maximum, a minimum. Viète's
/// trigonometric form, then one Newton step against the rounding of the cosine.
fn roots() -> [f64; 3] {
    let (p, q) = (-8.0_f64, 1.25_f64);
    let angle = (1.5 * q / p * (-3.0 / p).sqrt()).acos() / 3.0;
    // Thirds of a turn that put the roots in rising order.
    [2.0, 1.0, 0.0].map(|thirds| {
        let t = 2.0 * (-p / 3.0).sqrt() * (angle - thirds * std::f64::consts::TAU / 3.0).cos();
        t - (t * (t * t + p) + q) / (3.0 * t * t + p)
    })
}

fn critical_points(n: usize) -> Vec<CriticalPoint> {
    let roots = roots();
    if n > LISTED {
        return vec![CriticalPoint { point: vec![roots[0]; n], kind: CriticalKind::Minimum }];
    }
    (0..3_usize.pow(n as u32))
        .map(|code| {
            let digits: Vec<usize> = (0..n).map(|i| code / 3_usize.pow(i as u32) % 3).collect();
            let kind = match digits.iter().filter(|&&d| d == 1).count() {
                0 => CriticalKind::Minimum,
                tops if tops == n => CriticalKind::Maximum,
                _ => CriticalKind::StrictSaddle,
            };
            CriticalPoint { point: digits.into_iter().map(|d| roots[d]).collect(), kind }
        })
        .collect()
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let expected = format!("a dimension from 1 to {DIMENSION_MAX}");
    let n = whole_or("styblinski-tang", arguments, 2, |n| (1..=DIMENSION_MAX).contains(&n), &expected)?;
    let formula = StyblinskiTang { dimension: n };
    let critical_points = critical_points(n);
    let lowest = n as f64 * StyblinskiTang { dimension: 1 }.value(&[roots()[0]]);
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(lowest),
        critical_points,
        complete: n <= LISTED,
        // The Hessian is diagonal, 6θ² − 16.
        smoothness: Some(Bound { value: 80.0, domain: Domain::Box(vec![[-4.0, 4.0]; n]) }),
        convexity: Some(Bound::global(-16.0)),
        kl_exponent: Some(0.5),
        view: vec![[-4.0, 4.0]; n],
        source: "Styblinski, Tang, Neural Networks 3, 1990".into(),
        ..Facts::unknown(
            format!("styblinski-tang:{n}"),
            r"\tfrac12\sum_i\theta_i^4-16\theta_i^2+5\theta_i",
            n,
        )
    };
    Ok(Arc::new(Native::new(formula, facts, options.selection)))
}
