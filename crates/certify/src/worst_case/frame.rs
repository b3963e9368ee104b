//! Another basis of the Gram matrix, for worst cases far below the start. There x_N = x₀ − Σhₖgₖ is a small difference of
//! large vectors: known to the solver's accuracy relative to x₀ only, and the room left for rounding is charged in units of
//! x₀. In a basis that contains x_N itself, in its own units, both are relative to x_N.

use super::{Answer, FINEST};
use crate::{
    expression::Vector,
    model::Model,
    number::{Number, Rational},
};

/// Part of its own size below which what is left of a vector is rounding: it depends on those chosen before.
const DEPENDENT: f64 = 1e-6;

/// A model in a basis of its own.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The model in fractions.
    exact: Model<Rational>,
    /// Basis vectors of the statement in this basis.
    old: Vec<Vector<Rational>>,
}

impl Frame {
    /// The statement's own basis.
    pub(super) fn new(model: Model<Rational>) -> Self {
        let old = (0..model.basis().len()).map(Vector::basis).collect();
        Self { exact: model, old }
    }

    /// The model for the solver.
    pub(super) fn model(&self) -> Model<f64> {
        self.exact.to_float()
    }

    /// The Gram matrix of the statement's basis, from that of this one.
    pub(super) fn own_gram(&self, gram: &[f64]) -> Vec<f64> {
        let n = self.old.len();
        let old: Vec<Vector<f64>> = self.old.iter().map(Vector::to_float).collect();
        let product = |a: usize, b: usize| old[a].dot(&old[b]).at(gram, n, &[]);
        (0..n * n).map(|k| product(k / n, k % n)).collect()
    }

    /// The frame of an answer in this one: each vector of the problem is divided by its size there, and as many as make a basis
    /// are taken, each the one of which most is orthogonal to those before, so that no vector of the problem is a small
    /// difference of large ones. Basis vectors whose rows must vanish in the dual stay as they are.
    pub(super) fn next(&self, answer: &Answer) -> Option<Self> {
        let (n, rows) = (self.old.len(), &answer.rows);
        let units: Vec<f64> = self.exact.basis().iter().map(|(_, unit)| *unit).collect();
        let free: Vec<usize> = (0..n).filter(|a| !rows.contains(a)).collect();
        let mut candidates = Vec::new();
        for vector in self.exact.vectors().into_iter().chain((0..n).map(Vector::basis)) {
            // Along the rows nothing is known and nothing is asked.
            let rest = rows.iter().fold(vector.clone(), |v, &a| match v.coefficients().get(&a).cloned() {
                Some(c) => v.plus(&c.negated(), &Vector::basis(a)),
                None => v,
            });
            let float = rest.to_float();
            let parts: f64 = float.coefficients().iter().map(|(&a, c)| c.abs() * units[a]).sum();
            if !(parts > 0.0 && parts.is_finite()) {
                continue;
            }
            let size = dinlab_numeric::max(float.square_at(&answer.gram, n), 0.0).sqrt();
            let size = dinlab_numeric::max(size, FINEST * parts);
            let row: Vec<f64> =
                (0..n).map(|a| float.coefficients().get(&a).map_or(0.0, |c| c * units[a] / size)).collect();
            candidates.push((rest, size, row));
        }
        let chosen = spread(candidates.iter().map(|c| c.2.clone()).collect(), free.len())?;
        let mut new: Vec<(Vector<Rational>, f64)> = (0..n).map(|a| (Vector::basis(a), units[a])).collect();
        for (&place, &k) in free.iter().zip(&chosen) {
            new[place] = (candidates[k].0.clone(), candidates[k].1);
        }
        let vectors: Vec<Vector<Rational>> = new.iter().map(|(v, _)| v.clone()).collect();
        let inverse = inverse(&vectors)?;
        let mut exact = self.exact.in_basis(&inverse);
        let values: Vec<f64> = self
            .exact
            .values()
            .iter()
            .zip(&answer.values)
            .map(|((_, unit), value)| dinlab_numeric::max(FINEST * unit, value.abs()))
            .collect();
        let basis: Vec<f64> = new.iter().map(|(_, size)| *size).collect();
        if basis.iter().chain(&values).any(|unit| !(unit.is_finite() && *unit > 0.0)) {
            return None;
        }
        exact.rescale(&basis, &values);
        let old = self.old.iter().map(|v| v.in_basis(&inverse)).collect();
        Some(Self { exact, old })
    }
}

/// Indices of `count` rows, each the one with the longest part orthogonal to those before.
fn spread(mut rows: Vec<Vec<f64>>, count: usize) -> Option<Vec<usize>> {
    let square = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>();
    let first: Vec<f64> = rows.iter().map(|row| square(row)).collect();
    let mut chosen = Vec::new();
    for _ in 0..count {
        let alive = (0..rows.len()).filter(|&k| square(&rows[k]) > DEPENDENT * DEPENDENT * first[k]);
        let best = alive.max_by(|&i, &j| square(&rows[i]).total_cmp(&square(&rows[j])))?;
        let length = square(&rows[best]).sqrt();
        let direction: Vec<f64> = rows[best].iter().map(|x| x / length).collect();
        for row in &mut rows {
            // Twice: once leaves rounding of the first size behind.
            for _ in 0..2 {
                let along: f64 = row.iter().zip(&direction).map(|(x, d)| x * d).sum();
                row.iter_mut().zip(&direction).for_each(|(x, d)| *x -= along * d);
            }
        }
        chosen.push(best);
    }
    Some(chosen)
}

/// Inverse of the matrix with these rows, by rows: the unit vectors in the basis of the rows.
fn inverse(rows: &[Vector<Rational>]) -> Option<Vec<Vector<Rational>>> {
    let n = rows.len();
    // Row k says: left[k] in unit vectors is right[k] in the new basis.
    let (mut left, mut right) = (rows.to_vec(), (0..n).map(Vector::basis).collect::<Vec<_>>());
    let mut place = vec![0; n];
    let mut used = vec![false; n];
    for column in 0..n {
        // The shortest row with an entry here keeps fractions short.
        let fits = |k: &usize| !used[*k] && left[*k].coefficients().contains_key(&column);
        let pivot = (0..n).filter(fits).min_by_key(|&k| left[k].coefficients().len())?;
        used[pivot] = true;
        place[column] = pivot;
        let factor = Rational::ONE / left[pivot].coefficients().get(&column)?;
        (left[pivot], right[pivot]) = (left[pivot].scaled(&factor), right[pivot].scaled(&factor));
        for k in (0..n).filter(|&k| k != pivot) {
            let Some(c) = left[k].coefficients().get(&column).map(Number::negated) else { continue };
            left[k] = left[k].plus(&c, &left[pivot]);
            right[k] = right[k].plus(&c, &right[pivot]);
        }
    }
    Some(place.into_iter().map(|k| right[k].clone()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test

    use super::*;
    use crate::{
        statement::Statement,
        worst_case::{in_units, Options},
    };

    #[test]
    fn an_inverse_is_one() {
        let row = |entries: &[(usize, i64)]| {
            entries.iter().fold(Vector::zero(), |v: Vector<Rational>, &(a, c)| {
                v.plus(&Rational::from(c), &Vector::basis(a))
            })
        };
        let rows = [row(&[(0, 1), (1, 2), (2, -1)]), row(&[(1, 3)]), row(&[(0, 5), (2, 7)])];
        let inverse = inverse(&rows).unwrap();
        for (k, rows) in rows.iter().enumerate() {
            assert_eq!(rows.in_basis(&inverse), Vector::basis(k));
        }
        assert!(super::inverse(&[rows[0].clone(), rows[0].clone(), rows[1].clone()]).is_none());
    }

    /// What is asked does not depend on the basis: measure and conditions of the frame at its Gram matrix are the statement's at
    /// the matrix that comes back, and x₃, far below the start, is a vector of the basis.
    #[test]
    fn a_frame_asks_the_same() {
        let options = "convexity=0.9 step-size=1 measure=distance";
        let statement = Statement::parse("gradient-descent", "smooth-strongly-convex", 3, options).unwrap();
        let own = Frame::new(statement.model());
        let first = in_units(&statement, &own.model(), Options::default());
        let frame = own.next(&first).unwrap();
        let (ours, theirs) = (own.model(), frame.model());
        let measured = theirs.vectors().pop().unwrap();
        assert_eq!(measured.coefficients().len(), 1, "{measured:?}");
        let (n, answer) = (ours.basis().len(), in_units(&statement, &frame.model(), Options::default()));
        let gram = frame.own_gram(&answer.gram);
        for key in ours.always().into_iter().chain(ours.pairs()) {
            let (a, b) = (ours.constraint(&key).unwrap().2, theirs.constraint(&key).unwrap().2);
            let (x, y) = (a.at(&gram, n, &answer.values), b.at(&answer.gram, n, &answer.values));
            // Sums of some tens of products of the size of the start, 1, next to coefficients up to 1/(2(1 − μ)) = 5.
            assert!((x - y).abs() <= 1e-12, "{key:?}: {x} {y}");
        }
    }
}
