//! From the solver's floats to fractions that satisfy everything exactly, or a reason why not.

use thiserror::Error;

use crate::{
    ldl,
    lmi::{Lmi, Symmetric},
    number::Rational,
    rational,
};

/// Why a rounded point is no certificate.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refusal {
    /// The solver gave something that is not finite.
    #[error("the solver's multipliers are not finite")]
    NotFinite,
    /// The equations contradict each other on what is left.
    #[error("the equations between the multipliers cannot be satisfied")]
    Equations,
    /// A multiplier that must not be negative is.
    #[error("multiplier {index} is {value:e}, which is negative")]
    Negative {
        /// Which one.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// A matrix is not positive semidefinite.
    #[error("the matrix of the {block} is not positive semidefinite (row {row})")]
    Indefinite {
        /// Which block.
        block: String,
        /// Row at which elimination fails.
        row: usize,
    },
}

/// Bits after the binary point of a rounded multiplier of size 1 and above; smaller ones keep as many of their own (all a float
/// has), since next to large vectors small multipliers weigh as much.
const BITS: usize = 60;
/// Bits after the binary point at most.
const MOST_BITS: usize = 300;

fn nearest(value: f64) -> Option<Rational> {
    let small = dinlab_numeric::max(-value.abs().log2(), 0.0);
    rational::dyadic(
        value,
        if small.is_finite() { (BITS + small.ceil() as usize).min(MOST_BITS) } else { BITS },
    )
}

/// The least of the segment from `y`, which fails, to `z`, which does not, that still passes: halvings of the way
/// towards `y`, each verified. Costs nothing but exact arithmetic.
pub fn nearest_certified(lmi: &Lmi<Rational>, y: &[f64], z: &[f64], halvings: u32) -> Option<Vec<Rational>> {
    let (mut low, mut high, mut best) = (0.0, 1.0, None);
    for _ in 0..halvings {
        let t = 0.5 * (low + high);
        let mixed: Vec<f64> = y.iter().zip(z).map(|(y, z)| (1.0 - t) * y + t * z).collect();
        match certify(lmi, &mixed) {
            Ok(exact) => (high, best) = (t, Some(exact)),
            Err(_) => low = t,
        }
    }
    best
}

/// Multipliers below this part of the largest are tried as exact zeros: in problems without room (linear ones) the others
/// are then determined by the equations alone. The last resort keeps all.
const ZEROS: [f64; 3] = [0.0, 1e-8, 1e-6];

/// Rounds `y`, repairs the equations on the variables with the largest values, and verifies signs and matrices.
///
/// # Errors
/// A [`Refusal`] that names the first condition that fails; no tolerance is involved.
pub fn certify(lmi: &Lmi<Rational>, y: &[f64]) -> Result<Vec<Rational>, Refusal> {
    let largest = y.iter().fold(0.0, |m, v| dinlab_numeric::max(m, v.abs()));
    let mut first = None;
    for zero in ZEROS {
        match attempt(lmi, y, zero * largest) {
            Ok(exact) => return Ok(exact),
            // More zeros help only where the equations left something negative.
            Err(refusal @ (Refusal::Negative { .. } | Refusal::Equations)) => {
                first.get_or_insert(refusal);
            }
            Err(refusal) => return Err(first.unwrap_or(refusal)),
        }
    }
    Err(first.unwrap_or(Refusal::NotFinite))
}

fn attempt(lmi: &Lmi<Rational>, y: &[f64], zero: f64) -> Result<Vec<Rational>, Refusal> {
    let kept: Vec<f64> =
        y.iter().zip(&lmi.nonnegative).map(|(&v, &sign)| if sign && v <= zero { 0.0 } else { v }).collect();
    let rounded: Option<Vec<Rational>> = kept.iter().map(|&value| nearest(value)).collect();
    let mut exact = rounded.ok_or(Refusal::NotFinite)?;
    repair(lmi, &kept, &mut exact)?;
    verify(lmi, &exact)?;
    Ok(exact)
}

/// Solves the equations exactly for a few variables, the others kept. Free variables and large ones come first: they
/// can move by a rounding error without changing sign. What is 0 and must not be negative stays 0.
fn repair(lmi: &Lmi<Rational>, y: &[f64], exact: &mut [Rational]) -> Result<(), Refusal> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    let rank = |i: &usize| if lmi.nonnegative[*i] { y[*i].abs() } else { f64::INFINITY };
    order.sort_by(|i, j| rank(j).total_cmp(&rank(i)));
    let position: Vec<usize> = {
        let mut place = vec![0; y.len()];
        for (at, &i) in order.iter().enumerate() {
            place[i] = at;
        }
        place
    };
    // Each row: coefficients by position in the order, and what is missing.
    let mut rows: Vec<(std::collections::BTreeMap<usize, Rational>, Rational)> = Vec::new();
    for equation in &lmi.equations {
        let mut row = std::collections::BTreeMap::new();
        let mut missing = -equation.constant.clone();
        for (i, c) in &equation.terms {
            missing -= c * &exact[*i];
            if lmi.nonnegative[*i] && y[*i] == 0.0 {
                continue;
            }
            let entry = row.entry(position[*i]).or_insert(Rational::ZERO);
            *entry += c;
        }
        row.retain(|_, c: &mut Rational| !c.is_zero());
        rows.push((row, missing));
    }
    // Gauss–Jordan: the pivot of a row is its first variable in the order.
    let mut solved: Vec<(usize, usize)> = Vec::new();
    for r in 0..rows.len() {
        let Some((&pivot, lead)) = rows[r].0.iter().next() else {
            if rows[r].1.is_zero() {
                continue;
            }
            return Err(Refusal::Equations);
        };
        let inverse = Rational::ONE / lead;
        for c in rows[r].0.values_mut() {
            *c *= &inverse;
        }
        rows[r].1 *= &inverse;
        let (row, missing) = rows[r].clone();
        for (s, other) in rows.iter_mut().enumerate() {
            if s == r {
                continue;
            }
            let Some(factor) = other.0.remove(&pivot) else { continue };
            for (&at, c) in row.iter().skip(1) {
                let entry = other.0.entry(at).or_insert(Rational::ZERO);
                *entry -= &factor * c;
            }
            other.0.retain(|_, c| !c.is_zero());
            other.1 -= &factor * &missing;
        }
        solved.push((r, pivot));
    }
    for (r, pivot) in solved {
        exact[order[pivot]] += &rows[r].1;
    }
    Ok(())
}

/// The matrix of block `b` at `y`.
pub fn matrix(lmi: &Lmi<Rational>, b: usize, y: &[Rational]) -> Vec<Vec<Rational>> {
    let block = &lmi.blocks[b];
    let mut full = vec![vec![Rational::ZERO; block.size]; block.size];
    let mut add = |matrix: &Symmetric<Rational>, factor: &Rational| {
        for (&(a, c), value) in matrix {
            full[a][c] += value * factor;
        }
    };
    add(&block.constant, &Rational::ONE);
    for (i, matrix) in &block.terms {
        if !y[*i].is_zero() {
            add(matrix, &y[*i]);
        }
    }
    for a in 0..block.size {
        for c in 0..a {
            full[a][c] = full[c][a].clone();
        }
    }
    full
}

/// Whether `y` satisfies equations, signs and matrices exactly.
///
/// # Errors
/// The first condition that fails.
pub fn holds(lmi: &Lmi<Rational>, y: &[Rational]) -> Result<(), Refusal> {
    for equation in &lmi.equations {
        let sum = equation.terms.iter().fold(equation.constant.clone(), |sum, (i, c)| sum + c * &y[*i]);
        if !sum.is_zero() {
            return Err(Refusal::Equations);
        }
    }
    verify(lmi, y)
}

/// Signs and matrices, exactly; equations are exact by construction.
fn verify(lmi: &Lmi<Rational>, y: &[Rational]) -> Result<(), Refusal> {
    for (index, value) in y.iter().enumerate() {
        if lmi.nonnegative[index] && *value < Rational::ZERO {
            return Err(Refusal::Negative { index, value: rational::float(value) });
        }
    }
    for (b, block) in lmi.blocks.iter().enumerate() {
        ldl::positive_semidefinite(&matrix(lmi, b, y))
            .map_err(|row| Refusal::Indefinite { block: block.name.clone(), row })?;
    }
    Ok(())
}

/// cᵀy + constant.
pub fn cost(lmi: &Lmi<Rational>, y: &[Rational]) -> Rational {
    lmi.cost.iter().zip(y).fold(lmi.cost_constant.clone(), |sum, (c, y)| sum + c * y)
}
