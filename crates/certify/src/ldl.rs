//! Positive semidefiniteness of a symmetric matrix of fractions, decided exactly.

use dashu_int::{ops::Gcd as _, IBig, UBig};

use crate::number::Rational;

/// Elimination A = LDLᵀ without fractions (Bareiss): after clearing denominators every division is exact, and the
/// pivots are leading minors. A zero pivot of a semidefinite matrix has a zero row, so no exchange is needed.
///
/// # Errors
/// The row (from 0) at which a negative pivot, or a zero pivot with a nonzero row, shows that A is not ⪰ 0; the length
/// of A where it is not square and symmetric.
pub fn positive_semidefinite(a: &[Vec<Rational>]) -> Result<(), usize> {
    let n = a.len();
    let symmetric = a.iter().all(|row| row.len() == n) && (0..n).all(|i| (0..i).all(|j| a[i][j] == a[j][i]));
    if !symmetric {
        return Err(n);
    }
    let mut m = cleared(a);
    let mut previous = IBig::ONE;
    for k in 0..n {
        if m[k][k] < IBig::ZERO {
            return Err(k);
        }
        if m[k][k] == IBig::ZERO {
            if (k + 1..n).any(|j| m[k][j] != IBig::ZERO) {
                return Err(k);
            }
            // Row and column k say nothing about the rest.
            continue;
        }
        for i in k + 1..n {
            for j in i..n {
                let value = &m[k][k] * &m[i][j] - &m[k][i] * &m[k][j];
                m[i][j] = value / &previous;
            }
        }
        previous = m[k][k].clone();
    }
    Ok(())
}

/// The matrix times the least common multiple of its denominators.
fn cleared(a: &[Vec<Rational>]) -> Vec<Vec<IBig>> {
    let mut common = UBig::ONE;
    for value in a.iter().flatten() {
        let q = value.denominator();
        let shared = (&common).gcd(q);
        common = common / shared * q;
    }
    let whole = |value: &Rational| value.numerator() * IBig::from(&common / value.denominator());
    a.iter().map(|row| row.iter().map(whole).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rational::parse;

    fn matrix(rows: &[&[&str]]) -> Vec<Vec<Rational>> {
        rows.iter().map(|row| row.iter().map(|text| parse(text).unwrap()).collect()).collect()
    }

    #[test]
    fn signs_are_decided_without_tolerance() {
        let ok = |rows: &[&[&str]]| positive_semidefinite(&matrix(rows));
        assert_eq!(ok(&[&["2", "-1"], &["-1", "2"]]), Ok(()));
        assert_eq!(ok(&[&["1", "1"], &["1", "1"]]), Ok(()));
        // One part in 10⁴⁰ below singular.
        assert_eq!(ok(&[&["1", "1"], &["1", "0.9999999999999999999999999999999999999999"]]), Err(1));
        assert_eq!(ok(&[&["0", "1/3"], &["1/3", "5"]]), Err(0));
        assert_eq!(ok(&[&["0", "0"], &["0", "5"]]), Ok(()));
        assert_eq!(ok(&[&["-1"]]), Err(0));
        // A zero pivot in the middle, then a negative one behind it.
        assert_eq!(ok(&[&["1", "1", "0"], &["1", "1", "0"], &["0", "0", "-1/7"]]), Err(2));
        assert_eq!(ok(&[&["1", "1", "2"], &["1", "1", "2"], &["2", "2", "4"]]), Ok(()));
        assert_eq!(ok(&[&["1", "1", "2"], &["1", "1", "2"], &["2", "2", "3"]]), Err(2));
        assert_eq!(ok(&[&["1", "2"], &["3", "9"]]), Err(2), "not symmetric");
    }

    /// Against products BBᵀ − tI of whole numbers, whose sign changes at the smallest eigenvalue.
    #[test]
    fn products_are_semidefinite_and_nothing_below_them_is() {
        let b = [[3_i64, -1, 4], [1, -5, 9], [2, 6, -5], [3, 5, 8]];
        let entry = |i: usize, j: usize| -> Rational {
            b[i].iter().zip(&b[j]).map(|(x, y)| x * y).sum::<i64>().into()
        };
        let mut a: Vec<Vec<Rational>> = (0..4).map(|i| (0..4).map(|j| entry(i, j)).collect()).collect();
        assert_eq!(positive_semidefinite(&a), Ok(()), "rank 3 of 4");
        a[3][3] -= parse("1e-60").unwrap();
        assert_eq!(positive_semidefinite(&a), Err(3));
    }
}
