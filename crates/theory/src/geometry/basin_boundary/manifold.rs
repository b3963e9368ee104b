//! The stable manifold of a saddle in the phase plane of a function of one variable, by running DIN backwards.

use dinlab_din::{integrate, system, Dynamics, Settings, System};
use dinlab_objective::Objective;
use dinlab_record::Flow;

use crate::{error::CheckError, saddle::Unstable};

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

/// Points (θ, θ′) along the two branches of the stable manifold of DIN at the critical point `saddle` of a function of one
/// variable with negative curvature there, from the saddle outwards, as long as |θ| and |θ′| stay below `reach` (and at most
/// 40/|s₋| of time backwards). Traced with tolerance 10⁻¹⁰ from 10⁻⁶ beside the saddle.
pub fn stable(
    objective: &dyn Objective,
    [alpha, beta]: [f64; 2],
    saddle: &[f64],
    reach: f64,
) -> Result<Vec<Vec<[f64; 2]>>, CheckError> {
    let mut oracle = objective.oracle();
    let mut hessian = [0.0];
    oracle.hessian(saddle, &mut hessian);
    let m = -hessian[0];
    let unstable = Unstable::new(m, Some((alpha, beta)));
    let mut branches = Vec::new();
    for side in [1.0, -1.0] {
        let mut field = Backwards(system(Dynamics::Din { alpha, beta }, objective));
        let h = 1e-6 * side;
        // Eigenvector (1, s₋ − βm) in (θ, u).
        let start = [saddle[0] + h, (unstable.slow - beta * m) * h];
        let until = 40.0 / unstable.slow.abs();
        let grid: Vec<f64> = (0..=4000).map(|i| until * f64::from(i) / 4000.0).collect();
        let settings = Settings { rtol: 1e-10, atol: 1e-14, ..Settings::default() };
        let (mut branch, mut v) = (Vec::new(), [0.0]);
        let mut record = |_: f64, y: &[f64]| {
            oracle.gradient(&y[..1], &mut v);
            let velocity = y[1] - beta * v[0];
            branch.push([y[0], velocity]);
            if y[0].abs() < reach && velocity.abs() < reach { Flow::Continue } else { Flow::Stop }
        };
        integrate(&mut field, &start, 0.0, until, &grid, &mut [], &settings, &mut record)?;
        branch.retain(|p| p[0].abs() < reach && p[1].abs() < reach);
        branches.push(branch);
    }
    Ok(branches)
}
