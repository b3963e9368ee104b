//! J(θ) = k|θ| − k|θ| + ½(θ − θ*)² in one dimension: as a function ½(θ − θ*)², as a sum of three terms a D_J that is larger
//! than ∂J at 0.
//!
//! D_J(0) = [−k, k] + [−k, k] − θ* = [−2k − θ*, 2k − θ*]: 0 is D-critical exactly if |θ*| ≤ 2k, though J'(0) = −θ*. The two
//! moduli cancel for every selection that treats them alike; only one chosen term by term, or a mini-batch, tells them
//! apart (Castera, Bolte, Févotte, Pauwels, JMLR 22(134), 2021, section 2.3.3).

use std::sync::Arc;

use super::{bad_argument, numbers, Entry, Options, Shared};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    samples::Terms,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "spurious",
    arguments: ":k,target",
    summary: "k|x| - k|x| + 1/2 (x - target)^2, three terms, k >= 0: 0 is D-critical iff |target| <= 2k",
    examples: &["spurious:1,1", "spurious:1,3"],
    build,
};

const EXPECTED: &str = "two finite numbers k >= 0 and target, e.g. spurious:1,1";

/// The formula.
#[derive(Debug, Clone, Copy)]
pub struct Spurious {
    weight: f64,
    target: f64,
}

impl Formula for Spurious {
    fn dimension(&self) -> usize {
        1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        self.term(0, x) + self.term(1, x) + self.term(2, x)
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        self.batch_gradient(&[0, 1, 2], x, out);
    }
}

impl Terms for Spurious {
    fn count(&self) -> usize {
        3
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        let k = S::constant(self.weight);
        match n {
            0 => k * x[0].abs(),
            1 => -(k * x[0].abs()),
            _ => S::constant(0.5) * (x[0] - S::constant(self.target)).square(),
        }
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let slope = S::constant(self.weight) * x[0].abs_slope();
        out[0] = match n {
            0 => out[0] + slope,
            1 => out[0] - slope,
            _ => out[0] + (x[0] - S::constant(self.target)),
        };
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let [weight, target] = match numbers("spurious", arguments, EXPECTED)?.as_slice() {
        [k, target] if *k >= 0.0 => [*k, *target],
        _ => return Err(bad_argument("spurious", arguments, EXPECTED)),
    };
    let reach = 2.0 + target.abs();
    let facts = Facts {
        // Of the function; its terms have kinks at 0, which cancel.
        regularity: Regularity::Smooth,
        convex: true,
        coercive: true,
        tame: true,
        infimum: Some(0.0),
        critical_points: vec![CriticalPoint { point: vec![target], kind: CriticalKind::Minimum }],
        complete: true,
        smoothness: Some(Bound::global(1.0)),
        convexity: Some(Bound::global(1.0)),
        kl_exponent: Some(0.5),
        view: vec![[-reach, reach]],
        source: "Castera, Bolte, Fevotte, Pauwels, JMLR 22(134), 2021, section 2.3.3".into(),
        ..Facts::unknown(
            format!("spurious:{weight},{target}"),
            r"k|\theta|-k|\theta|+\tfrac12(\theta-\theta^*)^2",
            1,
        )
    };
    Ok(Arc::new(Native::sum(Spurious { weight, target }, facts, options.selection)))
}
