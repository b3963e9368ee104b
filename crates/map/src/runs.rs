//! Stability of a minimum of an objective, cell by cell from runs of the algorithm on the objective itself: where do they
//! and the linear theory part ways?

use std::sync::atomic::AtomicBool;

use dinlab_numeric::{distance, norm, Stream};
use dinlab_objective::registry::Shared;
use dinlab_sweep::{run_list, Ending, Job, Setting};

use crate::{error::MapError, linear::AXES, plane::Plane, Map, Mismatch, Mismatches};

/// What runs.
#[derive(Clone)]
pub struct Runs {
    /// J.
    pub objective: Shared,
    /// The minimum.
    pub minimum: Vec<f64>,
    /// α, β, γ where they are no axis.
    pub fixed: [f64; 3],
    /// Iterations.
    pub steps: u64,
}

/// Offset of the start in units of 1 + ‖θ*‖.
const OFFSET: f64 = 1e-6;
/// A run decides where the closed form lets the distance grow or fall by at least e to this power.
const DECIDED: f64 = 12.0;

/// Replaces classes and numbers of a closed-form stability map by those of runs: the class is `stays` or `leaves` (or `diverges`),
/// the number the growth of the distance to the minimum per iteration (as a factor, over the whole run: no spectral radius where the run
/// leaves the neighbourhood or comes down to rounding), from a random direction and rest. Cells where the
/// closed form gives too little growth or decay for the runs to decide are not compared.
///
/// # Errors
/// An axis `eigenvalue`, or runs that cannot start.
pub fn stability(map: &mut Map, runs: &Runs, stop: &AtomicBool) -> Result<(), MapError> {
    let plane: Plane = map.plane.clone();
    let slot = |name: &str| {
        AXES[..3]
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| MapError::UnknownAxis { axis: name.into(), expected: AXES[..3].join(", ") })
    };
    let slots = [slot(&plane.x.name)?, slot(&plane.y.name)?];
    let direction = Stream::new(0, "map: direction of the start", 0).normals(runs.minimum.len());
    let size = OFFSET * (1.0 + norm(&runs.minimum)) / norm(&direction);
    let mut job = Job::indian(runs.objective.clone(), runs.steps);
    job.base.theta = runs.minimum.iter().zip(&direction).map(|(m, d)| m + size * d).collect();
    let begun = distance(&job.base.theta, &runs.minimum);
    let width = job.columns().len();
    let source = |cell: u64, setting: &mut Setting| {
        let mut p = runs.fixed;
        slots.into_iter().zip(plane.centre(cell as usize)).for_each(|(slot, value)| p[slot] = value);
        [setting.alpha, setting.beta, setting.step_size] = p;
    };
    let cells: Vec<u64> = (0..plane.len() as u64).collect();
    let rows = run_list(&job, &cells, &source, stop)?;
    let n = runs.minimum.len();
    let mut mismatches = Mismatches::default();
    for (cell, row) in rows.chunks_exact(width).enumerate() {
        let away = distance(&row[2..2 + n], &runs.minimum);
        let lost = matches!(Ending::from_code(row[0]), Some(Ending::Diverged | Ending::NonFinite));
        // NaN does not stay.
        let stays = away < begun;
        let class = if lost { 2 } else { u8::from(!stays) };
        let growth = ((away / begun).ln() / if row[1] > 0.0 { row[1] } else { 1.0 }).exp();
        let radius = map.predicted[cell];
        if (radius.ln() * runs.steps as f64).abs() >= DECIDED {
            let differs = (class == 0) != (radius < 1.0);
            mismatches
                .compare(differs, Mismatch { at: plane.centre(cell), measured: growth, predicted: radius });
        }
        map.class[cell] = Some(class);
        map.value[cell] = growth;
    }
    map.classes = ["stays", "leaves", "diverges"].map(str::to_owned).to_vec();
    map.quantity = "growth of the distance per iteration, from runs".into();
    map.mismatches = mismatches;
    Ok(())
}
