//! Clarke's subdifferential ∂J of a sum J = Σ Jₙ and the sum of subdifferentials D_J = Σ ∂Jₙ, as polytopes, in low dimension.
//!
//! Where J is given by finitely many smooth pieces, ∂J(x) is the convex hull of the gradients at x of those pieces whose
//! cells have x in the closure of their interior (Clarke; Scholtes, Introduction to Piecewise Differentiable Equations, 2012,
//! section 4). The cells come from the kink surfaces of the tapes. For J the cells of all terms count together, for D_J those of
//! each term alone, which is why D_J may be larger than ∂J: the terms' kinks no longer know of each other.

mod cells;
mod critical;
mod edge;
mod pieces;
mod polytope;
mod problem;

use crate::{
    error::ObjectiveError,
    tape::{Scratch, Tape},
};

pub use critical::{critical_set, CriticalSet, DCriticalPoint};
pub use pieces::DIMENSION_LIMIT;
pub use polytope::Polytope;
pub use problem::SubdifferentialProblem;

use SubdifferentialProblem as Problem;

/// Distance from a kink, as a fraction of 1 + ‖x‖, below which a point lies on it: points that come from a solved equation
/// miss the kink by rounding.
pub const ON_KINK: f64 = 1e-10;

/// The two sets at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Subdifferential {
    /// x.
    pub point: Vec<f64>,
    /// J(x).
    pub value: f64,
    /// ∂J(x).
    pub clarke: Polytope,
    /// ∂Jₙ(x), one for each term.
    pub terms: Vec<Polytope>,
    /// D_J(x) = Σ ∂Jₙ(x).
    pub sum: Polytope,
}

impl Subdifferential {
    /// Both sets at `x` for the sum of `terms`; `on_kink` as [`ON_KINK`], which is what to give for an exact point.
    pub fn at(terms: &[&Tape], x: &[f64], on_kink: f64) -> Result<Self, ObjectiveError> {
        check(terms, x)?;
        let clarke = hull(terms, x, on_kink, None)?;
        let each: Result<Vec<Polytope>, Problem> =
            (0..terms.len()).map(|i| hull(&terms[i..=i], x, on_kink, Some(i))).collect();
        let each = each?;
        let mut rest = each.iter().cloned();
        let first = rest.next().ok_or(Problem::NoTerms)?;
        let sum = rest.fold(first, |sum, term| sum.plus(&term));
        let mut scratch = Scratch::new();
        let value = terms.iter().map(|tape| tape.value_with(x, &mut scratch)).sum();
        Ok(Self { point: x.to_vec(), value, clarke, terms: each, sum })
    }

    /// Hausdorff distance of ∂J(x) and D_J(x).
    pub fn gap(&self) -> f64 {
        self.sum.hausdorff(&self.clarke)
    }

    /// Whether 0 ∈ ∂J(x), up to `tolerance`·(1 + size of D_J(x)).
    pub fn critical(&self, tolerance: f64) -> bool {
        self.clarke.distance(&vec![0.0; self.point.len()]) <= tolerance * (1.0 + self.sum.largest_norm())
    }

    /// Whether 0 ∈ D_J(x), up to `tolerance`·(1 + size of D_J(x)).
    pub fn d_critical(&self, tolerance: f64) -> bool {
        self.sum.distance(&vec![0.0; self.point.len()]) <= tolerance * (1.0 + self.sum.largest_norm())
    }
}

fn check(terms: &[&Tape], x: &[f64]) -> Result<(), Problem> {
    let n = terms.first().ok_or(Problem::NoTerms)?.dimension();
    if n > DIMENSION_LIMIT {
        return Err(Problem::TooManyDimensions { found: n, limit: DIMENSION_LIMIT });
    }
    for found in terms.iter().map(|t| t.dimension()).chain([x.len()]) {
        if found != n {
            return Err(Problem::Dimension { expected: n, found });
        }
    }
    Ok(())
}

/// Hull of the gradients of the sum of `terms` over the pieces that meet at x; `only` is the term's number where it is
/// one of many.
fn hull(terms: &[&Tape], x: &[f64], on_kink: f64, only: Option<usize>) -> Result<Polytope, Problem> {
    let number = |i: usize| only.unwrap_or(i) + 1;
    let point = || x.to_vec();
    let mut scratch = Scratch::new();
    for (i, tape) in terms.iter().enumerate() {
        if tape.smallest_norm(x, &mut scratch) <= on_kink {
            return Err(Problem::NormVanishes { term: number(i), point: point() });
        }
    }
    let values: Vec<f64> = terms.iter().map(|tape| tape.value_with(x, &mut scratch)).collect();
    let reach = on_kink * (1.0 + dinlab_numeric::norm(x));
    let mut gradients = Vec::new();
    for signs in pieces::touching(terms, x, on_kink)? {
        let mut total = vec![0.0; x.len()];
        for (i, (tape, signs)) in terms.iter().zip(&signs).enumerate() {
            let mut v = vec![0.0; x.len()];
            let value = tape.gradient_on_piece(x, signs, &mut scratch, &mut v);
            let slope = dinlab_numeric::norm(&v);
            if !(value.is_finite() && slope.is_finite()) {
                return Err(Problem::NonFinite { term: number(i), point: point() });
            }
            // Two pieces agree on their common boundary, which is within reach of x.
            if (value - values[i]).abs() > 1e-9 * (1.0 + value.abs()) + 1e3 * reach * (1.0 + slope) {
                return Err(Problem::Discontinuous { term: number(i), point: point() });
            }
            dinlab_numeric::axpy(1.0, &v, &mut total);
        }
        gradients.push(total);
    }
    let failed = || Problem::NonFinite { term: number(0), point: point() };
    Polytope::hull(gradients).ok_or_else(failed)
}
