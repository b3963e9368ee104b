//! Critical points near a given one.

use dinlab_numeric::{all_finite, distance, norm};
use dinlab_objective::{tape::Scratch, CriticalKind, Objective};
use nalgebra::{DMatrix, DVector};

/// The critical point that Newton's method reaches from `near`, as exactly as rounding allows; `None` where it does not settle, or
/// moves farther than 1 + ‖near‖.
pub fn newton(objective: &dyn Objective, near: &[f64]) -> Option<Vec<f64>> {
    let n = near.len();
    if !all_finite(near) {
        return None;
    }
    let mut oracle = objective.oracle();
    let (mut x, mut gradient, mut hessian) = (near.to_vec(), vec![0.0; n], vec![0.0; n * n]);
    oracle.gradient(&x, &mut gradient);
    let mut scale = 1.0;
    for _ in 0..60 {
        oracle.hessian(&x, &mut hessian);
        let matrix = DMatrix::from_row_slice(n, n, &hessian);
        scale = 1.0 + matrix.norm();
        let Some(step) = matrix.lu().solve(&DVector::from_column_slice(&gradient)) else { break };
        let next: Vec<f64> = x.iter().zip(step.iter()).map(|(x, s)| x - s).collect();
        let mut moved = vec![0.0; n];
        oracle.gradient(&next, &mut moved);
        if !all_finite(&moved) || norm(&moved) >= norm(&gradient) {
            break;
        }
        (x, gradient) = (next, moved);
    }
    let settled = norm(&gradient) < 1e-9 * scale && distance(&x, near) <= 1.0 + norm(near);
    settled.then_some(x)
}

/// Whether the gradient has a jump or a bend at a kink through the point: it does not change with the Hessian there, in steps of 10⁻⁵.
/// Kinks that cancel (`abs(x)^3`) do no harm.
pub fn is_on_kink(objective: &dyn Objective, at: &[f64]) -> bool {
    const STEP: f64 = 1e-5;
    let Some(tape) = objective.tape() else { return false };
    let n = at.len();
    let mut distances = vec![f64::INFINITY; tape.kinks().len()];
    let mut scratch = Scratch::default();
    tape.kink_values(at, &mut scratch, &mut distances);
    distances.push(tape.smallest_norm(at, &mut scratch));
    // The ends of a Huber function are no surfaces of the tape: where there is one, every point is looked at.
    if !tape.has_huber() && distances.iter().all(|d| d.abs() > 1e-9 * (1.0 + norm(at))) {
        return false;
    }
    let mut oracle = objective.oracle();
    let (mut here, mut there, mut hessian) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
    oracle.gradient(at, &mut here);
    oracle.hessian(at, &mut hessian);
    let scale = 1e-3 * STEP * (1.0 + norm(&hessian));
    (0..n).any(|i| {
        [STEP, -STEP].into_iter().any(|step| {
            let mut x = at.to_vec();
            x[i] += step;
            oracle.gradient(&x, &mut there);
            let rest = |j: usize| there[j] - here[j] - step * hessian[j * n + i];
            norm(&(0..n).map(rest).collect::<Vec<_>>()) > scale
        })
    })
}

/// Eigenvalues of the Hessian with unit eigenvectors, smallest first; empty where it is not finite.
pub fn eigendirections(objective: &dyn Objective, at: &[f64]) -> Vec<(f64, Vec<f64>)> {
    let n = at.len();
    let mut hessian = vec![0.0; n * n];
    objective.oracle().hessian(at, &mut hessian);
    if !all_finite(&hessian) {
        return Vec::new();
    }
    let matrix = DMatrix::from_row_slice(n, n, &hessian);
    let eigen = (0.5 * (&matrix + matrix.transpose())).symmetric_eigen();
    let vectors = eigen.eigenvectors.column_iter().map(|v| v.iter().copied().collect());
    let mut found: Vec<(f64, Vec<f64>)> = eigen.eigenvalues.iter().copied().zip(vectors).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// Type of a critical point by the signs of its eigenvalues, 10⁻⁹ of the largest counting as 0.
pub fn kind_of(objective: &dyn Objective, at: &[f64]) -> CriticalKind {
    let all = eigendirections(objective, at);
    let scale = all.iter().fold(0.0, |s, e| dinlab_numeric::max(s, e.0.abs()));
    let count = |test: &dyn Fn(f64) -> bool| all.iter().filter(|e| test(e.0)).count();
    let (up, down) = (count(&|l| l > 1e-9 * scale), count(&|l| l < -1e-9 * scale));
    match (up, down) {
        (up, 0) if up == all.len() && up > 0 => CriticalKind::Minimum,
        (0, down) if down == all.len() && down > 0 => CriticalKind::Maximum,
        (_, down) if down > 0 => CriticalKind::StrictSaddle,
        _ => CriticalKind::Degenerate,
    }
}
