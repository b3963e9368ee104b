//! Directions along which the solver says that the measure grows without bound.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::{
    expression::Expression,
    model::{Key, Model, Relation},
    solver::Solution,
};

/// Accuracy to which a ray must satisfy the conditions, some orders above that asked of the solver.
const RAY: f64 = 1e-7;

/// Basis vectors along which a ray of the problem with a charge on the trace goes: the measure does not see them.
pub(super) fn free_directions(ray: &Solution, n: usize) -> Vec<usize> {
    let diagonal: Vec<f64> = (0..n).map(|a| ray.matrices[0][a * n + a].abs()).collect();
    let largest = diagonal.iter().fold(0.0, |m, &d| dinlab_numeric::max(m, d));
    (0..n).filter(|&a| diagonal[a] > 1e-5 * largest).collect()
}

/// Whether a ray satisfies the homogeneous constraints and raises the measure, to the solver's accuracy: every condition in
/// units relative to the sizes that it is made of.
pub(super) fn is_good(model: &Model<f64>, keys: &[Key], ray: &Solution) -> bool {
    let n = model.basis().len();
    let (gram, numbers) = (&ray.matrices[0], &ray.numbers);
    let homogeneous = |e: &Expression<f64>| e.at(gram, n, numbers) - e.constant;
    let basis: Vec<f64> = model.basis().iter().map(|(_, unit)| *unit).collect();
    let scaled = DMatrix::from_fn(n, n, |a, b| gram[a * n + b] / (basis[a] * basis[b]));
    let entries = scaled.iter().copied();
    let relative = numbers.iter().zip(model.values()).map(|(x, (_, unit))| x / unit);
    let size = entries.chain(relative).fold(0.0, |m, x| dinlab_numeric::max(m, x.abs()));
    let room = |e: &Expression<f64>| RAY * size * e.size(model.basis(), model.values());
    let fits = |key: &Key| match model.constraint(key) {
        Some((_, Relation::NonNegative, e)) => homogeneous(&e) >= -room(&e),
        Some((_, Relation::Zero, e)) => homogeneous(&e).abs() <= room(&e),
        None => model.matrix(key).is_none_or(|(_, rows)| {
            let k = rows.len();
            let entry = |e: &Expression<f64>| homogeneous(e);
            let matrix = DMatrix::from_fn(k, k, |a, b| entry(&rows[a][b]));
            let rooms = rows.iter().flatten().map(room).fold(0.0, dinlab_numeric::max);
            least_eigenvalue(matrix) >= -rooms * k as f64
        }),
    };
    let objective = model.objective();
    homogeneous(objective) > 10.0 * room(objective)
        && least_eigenvalue(scaled) >= -RAY * size
        && keys.iter().all(fits)
}

/// Smallest eigenvalue of a symmetric matrix, NaN where an entry is.
fn least_eigenvalue(matrix: DMatrix<f64>) -> f64 {
    if matrix.iter().any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    SymmetricEigen::new(matrix).eigenvalues.iter().fold(f64::INFINITY, |m, v| dinlab_numeric::min(m, *v))
}
