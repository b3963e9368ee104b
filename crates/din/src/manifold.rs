//! The stable manifold of a maximum of a function of one variable in the phase plane, by running DIN backwards.

use dinlab_objective::Objective;
use dinlab_record::Flow;

use crate::{
    driver::integrate,
    dynamics::Dynamics,
    error::{check_that, DinError},
    integrator::Settings,
    system::System,
    systems::system,
};

/// A system with time reversed.
struct Backwards<'a>(Box<dyn System + 'a>);

impl System for Backwards<'_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        self.0.rhs(-t, y, dy);
        dy.iter_mut().for_each(|v| *v = -*v);
    }
}

/// Points (θ, θ′) of the two branches of the stable manifold of DIN at the critical point `at` of a function of one variable with
/// negative curvature −m there: its tangent is θ′ = s₋θ, s₋ the negative root of s² + (α − βm)s − m. From the point outwards to
/// the first one with |θ| or |θ′| beyond `reach` (and at most 40/|s₋| of time backwards); traced with tolerance 10⁻¹⁰ from 10⁻⁶
/// beside the point.
///
/// # Errors
/// A curvature that is not negative, or an integration that cannot start.
pub fn stable_manifold(
    objective: &dyn Objective,
    [alpha, beta]: [f64; 2],
    at: f64,
    reach: f64,
) -> Result<Vec<Vec<[f64; 2]>>, DinError> {
    let mut oracle = objective.oracle();
    let mut hessian = [0.0];
    oracle.hessian(&[at], &mut hessian);
    let m = -hessian[0];
    check_that("curvature at the critical point", -m, "negative", m > 0.0)?;
    let b = alpha - beta * m;
    // s₋ = −½(b + √(b²+4m)), from the product of the roots where b < 0.
    let root = (b * b + 4.0 * m).sqrt();
    let slow = if b > 0.0 { -0.5 * (b + root) } else { -2.0 * m / (root - b) };
    let mut branches = Vec::new();
    for side in [1.0, -1.0] {
        let mut field = Backwards(system(Dynamics::Din { alpha, beta }, objective));
        let h = 1e-6 * side;
        // Eigenvector (1, s₋ − βm) in (θ, u).
        let start = [at + h, (slow - beta * m) * h];
        let until = 40.0 / slow.abs();
        let grid: Vec<f64> = (0..=40_000).map(|i| until * f64::from(i) / 4e4).collect();
        let settings = Settings { rtol: 1e-10, atol: 1e-14, ..Settings::default() };
        let (mut branch, mut v) = (Vec::new(), [0.0]);
        let mut record = |_: f64, y: &[f64]| {
            oracle.gradient(&y[..1], &mut v);
            let velocity = y[1] - beta * v[0];
            let inside = y[0].abs() < reach && velocity.abs() < reach;
            // Backwards the curve may be fast: only what is a visible distance away is kept.
            let apart = branch
                .last()
                .is_none_or(|last: &[f64; 2]| (last[0] - y[0]).hypot(last[1] - velocity) > 2e-3 * reach);
            if apart || !inside {
                branch.push([y[0], velocity]);
            }
            if inside {
                Flow::Continue
            } else {
                Flow::Stop
            }
        };
        integrate(&mut field, &start, 0.0, until, &grid, &mut [], &settings, &mut record)?;
        branches.push(branch);
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_quadratic_it_is_a_line() {
        let objective = dinlab_objective::build("quadratic:-2", &Default::default()).unwrap();
        let (alpha, beta) = (0.5, 0.3);
        let b = alpha - 2.0 * beta;
        let slope = -0.5 * (b + f64::sqrt(b * b + 8.0));
        let branches = stable_manifold(objective.as_ref(), [alpha, beta], 0.0, 1.0).unwrap();
        assert_eq!(branches.len(), 2);
        for point in branches.concat() {
            assert!((point[1] - slope * point[0]).abs() < 1e-8 * (1.0 + point[0].abs()), "{point:?}");
        }
        let well = dinlab_objective::build("quadratic:2", &Default::default()).unwrap();
        assert!(stable_manifold(well.as_ref(), [alpha, beta], 0.0, 1.0).is_err());
    }
}
