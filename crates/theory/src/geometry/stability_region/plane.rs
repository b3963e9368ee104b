//! Whole planes of two of α, β, γ, λ, cell by cell.

use dinlab_record::{Budget, Measurement};

use super::Case;
use crate::{check::Context, error::CheckError, shipped::radius};

const NAMES: [&str; 4] = ["α", "β", "γ", "λ"];
/// Ranges of the axes.
const RANGES: [[f64; 2]; 4] = [[1e-2, 1e2], [1e-2, 1e2], [1e-3, 1e1], [1e-2, 1e3]];
/// Two axes and the values of all four where they are not an axis. The first has an island in it (γα > 2).
const PLANES: [([usize; 2], [f64; 4]); 6] = [
    ([2, 3], [1.0, 0.1, 0.0, 0.0]),
    ([0, 1], [0.0, 0.0, 0.15, 5.0]),
    ([0, 2], [0.0, 0.3, 0.0, 2.0]),
    ([1, 2], [0.5, 0.0, 0.0, 4.0]),
    ([0, 3], [0.0, 0.1, 0.25, 0.0]),
    ([1, 3], [0.8, 0.0, 0.5, 0.0]),
];

/// Cells on the wrong side of the inequalities, plane by plane. α and β given by the user replace those of the planes, and
/// planes that have them as axes are left out.
pub(super) fn all(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let given = [case.alpha, case.beta];
    let mut result = Vec::new();
    for (axes, mut fixed) in PLANES {
        if axes.iter().any(|&axis| axis < 2 && given[axis].is_some()) {
            continue;
        }
        for (i, value) in given.iter().enumerate() {
            fixed[i] = value.unwrap_or(fixed[i]);
        }
        context.proceed()?;
        result.push(one(case, axes, fixed));
    }
    Ok(result)
}

fn one(case: &Case, axes: [usize; 2], fixed: [f64; 4]) -> Measurement {
    let side = (case.quadruples as f64).sqrt() as u32;
    let place = |axis: usize, i: u32| {
        let [low, high] = RANGES[axis];
        low * (high / low).powf((f64::from(i) + 0.5) / f64::from(side))
    };
    let (mut wrong, mut stable, mut p) = (0_u64, 0_u64, fixed);
    let mut first = String::new();
    for cell in 0..side * side {
        (p[axes[0]], p[axes[1]]) = (place(axes[0], cell % side), place(axes[1], cell / side));
        let [alpha, beta, gamma, lambda] = p;
        let excess = radius(alpha, beta, gamma, lambda) - 1.0;
        stable += u64::from(excess < 0.0);
        let differs = (excess < 0.0) != case.predicts_stable(alpha, beta, gamma, lambda);
        // NaN counts as a mismatch.
        if differs && (excess.is_nan() || excess.abs() > 1e-9) {
            wrong += 1;
            if first.is_empty() {
                first = format!("; first at {}", super::words(p));
            }
        }
    }
    let [x, y] = axes.map(|axis| NAMES[axis]);
    let kept: Vec<String> =
        (0..4).filter(|i| !axes.contains(i)).map(|i| format!("{}={}", NAMES[i], fixed[i])).collect();
    Measurement::equal(
        format!("cells of the ({x}, {y}) plane on the wrong side"),
        wrong as f64,
        0.0,
        Budget::default(),
    )
    .on(format!("{}, {side}×{side} cells, {stable} stable{first}", kept.join(", ")))
}
