//! Beale's function, J(x, y) = Σᵢ (cᵢ − x(1 − yⁱ))² for i = 1, 2, 3 and c = (1.5, 2.25, 2.625).

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
    name: "beale",
    arguments: "",
    summary:
        "sum of (c_i - x(1 - y^i))^2, c = (1.5, 2.25, 2.625): minimiser (3, 0.5), two saddles, not coercive",
    examples: &["beale"],
    build,
};

const TARGETS: [f64; 3] = [1.5, 2.25, 2.625];

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Beale;

impl Formula for Beale {
    fn dimension(&self) -> usize {
        2
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let [one, y] = [S::constant(1.0), x[1]];
        let residual = |c: f64, power: S| S::constant(c) - x[0] * (one - power);
        residual(TARGETS[0], y).square()
            + residual(TARGETS[1], y * y).square()
            + residual(TARGETS[2], y * y * y).square()
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let (one, two) = (S::constant(1.0), S::constant(2.0));
        out.fill(S::constant(0.0));
        let mut lower = one; // yⁱ⁻¹
        for (i, &c) in (1..=3).zip(&TARGETS) {
            let power = lower * x[1];
            let residual = two * (S::constant(c) - x[0] * (one - power));
            out[0] = out[0] - residual * (one - power);
            out[1] = out[1] + residual * x[0] * S::constant(f64::from(i)) * lower;
            lower = power;
        }
    }
}

/// ∂J/∂x = 0 is linear in x. For y ≠ 1 it gives x as a rational function of y, and then ∂J/∂y = 0 a polynomial of
/// degree 6 with exactly two real roots besides y = 1 (Sturm's theorem in rational arithmetic): 1/2 and −2.64…. For
/// y = 1 only x = 0 is left. The digits are those roots rounded to double precision.
const CRITICAL: [([f64; 2], CriticalKind); 3] = [
    ([3.0, 0.5], CriticalKind::Minimum),
    ([0.0, 1.0], CriticalKind::StrictSaddle),
    ([0.10053793732415836, -2.644513585023125], CriticalKind::StrictSaddle),
];

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    no_arguments("beale", arguments)?;
    // With residuals rᵢ the Hessian is 2Σ∇rᵢ∇rᵢᵀ + 2Σ rᵢ∇²rᵢ. On the box |1 − yⁱ| ≤ 2, 1, 2 and |rᵢ| ≤ 9.5, 6.25, 10.625;
    // the triangle inequality bounds the three entries of each part.
    let domain = || Domain::Box(vec![[-4.0, 4.0], [-1.0, 1.0]]);
    let (x, r): (f64, [f64; 3]) = (4.0, [9.5, 6.25, 10.625]);
    let outer_mixed = 2.0 * x * (2.0 + 2.0 + 6.0);
    let outer_second = 2.0 * x * x * (1.0 + 4.0 + 9.0);
    let curved_mixed = 2.0 * (r[0] + 2.0 * r[1] + 3.0 * r[2]);
    let curved_second = 2.0 * x * (2.0 * r[1] + 6.0 * r[2]);
    let facts = Facts {
        regularity: Regularity::Smooth,
        // J is constant on the line y = 1.
        coercive: false,
        tame: true,
        infimum: Some(0.0),
        critical_points: CRITICAL
            .iter()
            .map(|&(point, kind)| CriticalPoint { point: point.to_vec(), kind })
            .collect(),
        complete: true,
        smoothness: Some(Bound {
            value: outer_second + curved_second + outer_mixed + curved_mixed,
            domain: domain(),
        }),
        // The outer products are positive semidefinite: only the other part counts from below.
        convexity: Some(Bound { value: -(curved_second + curved_mixed), domain: domain() }),
        kl_exponent: Some(0.5),
        view: vec![[-1.0, 4.0], [-1.0, 1.5]],
        source: "Beale, On an Iterative Method for Finding a Local Minimum, Princeton, 1958".into(),
        ..Facts::unknown("beale", r"(1.5-x(1-y))^2+(2.25-x(1-y^2))^2+(2.625-x(1-y^3))^2", 2)
    };
    Ok(Arc::new(Native::new(Beale, facts, options.selection)))
}
