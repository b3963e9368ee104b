//! Rosenbrock's function, J(θ) = Σᵢ 100(θ₂ᵢ − θ₂ᵢ₋₁²)² + (1 − θ₂ᵢ₋₁)² over i = 1 … n/2: the sum over *separate* pairs
//! (Moré, Garbow, Hillstrom 1981, "extended Rosenbrock"), not the chained variant that couples neighbouring pairs.

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
    name: "rosenbrock",
    arguments: "[:n]",
    summary: "100(y - x^2)^2 + (1 - x)^2 summed over n/2 separate pairs (x, y), n even",
    examples: &["rosenbrock", "rosenbrock:10"],
    build,
};

/// The formula; n is even.
#[derive(Debug, Clone, Copy)]
pub struct Rosenbrock {
    dimension: usize,
}

impl Formula for Rosenbrock {
    fn dimension(&self) -> usize {
        self.dimension
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        let (one, hundred) = (S::constant(1.0), S::constant(100.0));
        x.chunks_exact(2).fold(S::constant(0.0), |total, p| {
            total + hundred * (p[1] - p[0] * p[0]).square() + (one - p[0]).square()
        })
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        let (one, two) = (S::constant(1.0), S::constant(2.0));
        for (p, g) in x.chunks_exact(2).zip(out.chunks_exact_mut(2)) {
            let w = S::constant(200.0) * (p[1] - p[0] * p[0]);
            g[0] = -two * (p[0] * w + (one - p[0]));
            g[1] = w;
        }
    }
}

/// Sides of the box for (x, y) on which the curvature bounds hold.
const SIDES: [[f64; 2]; 2] = [[-2.0, 2.0], [-1.0, 3.0]];

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let expected = format!("an even dimension from 2 to {DIMENSION_MAX}");
    let valid = |n: usize| (2..=DIMENSION_MAX).contains(&n) && n.is_multiple_of(2);
    let n = whole_or("rosenbrock", arguments, 2, valid, &expected)?;
    // Each pair has the Hessian [[1200x² − 400y + 2, −400x], [−400x, 200]], decreasing in y. Its larger eigenvalue
    // grows with |x|, the smaller one too: the extremes are at (±2, −1) and (0, 3).
    let [a, b, d] = [1200.0 * 4.0 + 400.0 + 2.0, -800.0, 200.0];
    let largest = 0.5 * (a + d) + (0.25 * (a - d) * (a - d) + b * b).sqrt();
    let smallest = 2.0 - 400.0 * 3.0;
    let domain = Domain::Box(SIDES.iter().copied().cycle().take(n).collect());
    let facts = Facts {
        regularity: Regularity::Smooth,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        // ∂J/∂y = 0 gives y = x², and then ∂J/∂x = −2(1 − x).
        critical_points: vec![CriticalPoint { point: vec![1.0; n], kind: CriticalKind::Minimum }],
        complete: true,
        smoothness: Some(Bound { value: largest, domain: domain.clone() }),
        convexity: Some(Bound { value: smallest, domain }),
        kl_exponent: Some(0.5),
        view: SIDES.iter().copied().cycle().take(n).collect(),
        source: "Rosenbrock, Computer J. 3, 1960; n > 2: Moré, Garbow, Hillstrom, ACM TOMS 7, 1981".into(),
        ..Facts::unknown(
            format!("rosenbrock:{n}"),
            r"\sum_{i=1}^{n/2}100(\theta_{2i}-\theta_{2i-1}^2)^2+(1-\theta_{2i-1})^2",
            n,
        )
    };
    Ok(Arc::new(Native::new(Rosenbrock { dimension: n }, facts, options.selection)))
}
