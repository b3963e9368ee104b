//! J(θ) = Σ_n ||θ| − b_n| in one dimension, b_n > 0: two wells at ± the medians of b, and a concave kink at 0 between them.
//!
//! On θ ≥ 0 it is Σ|θ − b_n|. At 0 each term is b_n − |θ|, so D_J(0) = ∂J(0) = [−N, N]: 0 is critical, a maximum. Elsewhere
//! kinks are convex, so D_J = ∂J everywhere.

use std::sync::Arc;

use super::{
    bad_argument, listed,
    medians::{median, points},
    Entry, Options, Shared,
};
use crate::{
    error::ObjectiveError,
    facts::{Bound, CriticalKind, CriticalPoint, Facts, Regularity},
    formula::Formula,
    oracle::Native,
    samples::Terms,
    scalar::Scalar,
};

pub(super) const ENTRY: Entry = Entry {
    name: "wells",
    arguments: ":b,c,...",
    summary:
        "sum of ||x| - b_n| in one dimension, b_n > 0: two wells at plus and minus the medians of the b_n",
    examples: &["wells:1", "wells:0.5,1,2"],
    build,
};

const EXPECTED: &str = "positive finite numbers separated by commas, e.g. wells:0.5,1,2";

/// The formula.
#[derive(Debug, Clone)]
pub struct Wells {
    radii: Vec<f64>,
}

impl Formula for Wells {
    fn dimension(&self) -> usize {
        1
    }
    #[inline(always)]
    fn value<S: Scalar>(&self, x: &[S]) -> S {
        (0..self.count()).fold(S::constant(0.0), |total, n| total + self.term(n, x))
    }
    #[inline(always)]
    fn gradient<S: Scalar>(&self, x: &[S], out: &mut [S]) {
        out[0] = S::constant(0.0);
        (0..self.count()).for_each(|n| self.add_term_gradient(n, x, out));
    }
}

impl Terms for Wells {
    fn count(&self) -> usize {
        self.radii.len()
    }
    #[inline(always)]
    fn term<S: Scalar>(&self, n: usize, x: &[S]) -> S {
        (x[0].abs() - S::constant(self.radii[n])).abs()
    }
    #[inline(always)]
    fn add_term_gradient<S: Scalar>(&self, n: usize, x: &[S], out: &mut [S]) {
        let outer = (x[0].abs() - S::constant(self.radii[n])).abs_slope();
        out[0] = out[0] + outer * x[0].abs_slope();
    }
}

fn build(arguments: &str, options: &Options) -> Result<Shared, ObjectiveError> {
    let radii = points("wells", arguments, EXPECTED)?;
    if radii.iter().any(|&b| b <= 0.0) {
        return Err(bad_argument("wells", arguments, EXPECTED));
    }
    let (centre, complete) = median(&radii);
    let widest = dinlab_numeric::maximum(&radii);
    let name = format!("wells:{}", listed(&radii));
    let formula = Wells { radii };
    let at = |x: f64, kind| CriticalPoint { point: vec![x], kind };
    let facts = Facts {
        regularity: Regularity::Lipschitz,
        coercive: true,
        tame: true,
        infimum: Some(formula.value(&[centre])),
        critical_points: vec![
            at(-centre, CriticalKind::Minimum),
            at(0.0, CriticalKind::Maximum),
            at(centre, CriticalKind::Minimum),
        ],
        complete,
        piece_smoothness: Some(Bound::global(0.0)),
        // Piecewise linear: the slope is bounded away from 0 off the minimisers.
        kl_exponent: Some(0.0),
        kinks: vec!["x = 0 (concave)".into(), "|x| = b_n for each n (convex)".into()],
        view: vec![[-1.0 - 1.5 * widest, 1.0 + 1.5 * widest]],
        source: "closed form".into(),
        ..Facts::unknown(name, r"\sum_n\bigl||\theta|-b_n\bigr|", 1)
    };
    Ok(Arc::new(Native::sum(formula, facts, options.selection)))
}
