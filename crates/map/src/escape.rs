//! Iterations that INDIAN needs to leave a strict saddle, over planes of α, β and γ.
//!
//! From rest, h away along the unit eigenvector of the Hessian eigenvalue −m, the unstable amplitude is A = (βm − s₋)h/(s₊ − s₋), s± the roots of
//! s² + (α−βm)s − m, and it is multiplied by μ₊ = 1 + γs₊ per iteration: the run is beyond R at iteration
//! ⌈log(R/A)/log μ₊⌉.

use std::sync::atomic::AtomicBool;

use dinlab_analysis::spectrum::roots_continuous;
use dinlab_numeric::{dot, max, norm};
use dinlab_objective::registry::Shared;
use dinlab_sweep::{run_list, Ball, Job, Measures, Setting};

use crate::{
    critical::{eigendirections, newton},
    error::MapError,
    plane::Plane,
    Map, Mismatch, Mismatches,
};

/// A map of escapes.
#[derive(Clone)]
pub struct Escape {
    /// J.
    pub objective: Shared,
    /// A point near the saddle.
    pub near: Vec<f64>,
    /// α, β, γ where they are no axis.
    pub fixed: [f64; 3],
    /// h.
    pub offset: f64,
    /// R.
    pub radius: f64,
    /// Most iterations.
    pub steps: u64,
}

/// Names of the axes.
pub const AXES: [&str; 3] = ["alpha", "beta", "step-size"];

/// The map, and the saddle.
///
/// # Errors
/// A bad plane, no saddle with one unstable direction nearby, or runs that cannot start.
pub fn map(plane: &Plane, escape: &Escape, stop: &AtomicBool) -> Result<(Map, Vec<f64>), MapError> {
    plane.validate()?;
    let slot = |name: &str| {
        AXES.iter()
            .position(|known| *known == name)
            .ok_or_else(|| MapError::UnknownAxis { axis: name.into(), expected: AXES.join(", ") })
    };
    let slots = [slot(&plane.x.name)?, slot(&plane.y.name)?];
    let refused =
        |lacks: &str| MapError::Objective { objective: escape.objective.name().into(), lacks: lacks.into() };
    let saddle = newton(&*escape.objective, &escape.near).ok_or_else(|| {
        refused("no critical point was found near --start; expected a point near a strict saddle")
    })?;
    let all = eigendirections(&*escape.objective, &saddle);
    let negative = all.iter().filter(|e| e.0 < 0.0).count();
    let Some((lambda, direction)) = all.first().filter(|_| negative == 1) else {
        return Err(refused("the critical point near --start does not have exactly one negative Hessian eigenvalue; expected a strict saddle"));
    };
    let (m, h, radius) = (-lambda, escape.offset, escape.radius);
    let at = |point: [f64; 2]| {
        let mut p = escape.fixed;
        slots.into_iter().zip(point).for_each(|(slot, value)| p[slot] = value);
        p
    };
    let start: Vec<f64> = saddle.iter().zip(direction).map(|(s, e)| s + h * e).collect();
    // Most runs leave early, and none is stopped when it has: those that have not are run again, four times as long.
    let mut value = vec![f64::NAN; plane.len()];
    let mut cells: Vec<u64> = (0..plane.len() as u64).collect();
    let mut steps = escape.steps.min(256);
    loop {
        let mut job = Job::indian(escape.objective.clone(), steps);
        job.base.theta = start.clone();
        job.measures =
            Measures { escape: Some(Ball { center: saddle.clone(), radius }), ..Measures::default() };
        let (width, column) =
            (job.columns().len(), job.columns().iter().position(|c| c == "escape").unwrap_or(0));
        let source = |cell: u64, setting: &mut Setting| {
            [setting.alpha, setting.beta, setting.step_size] = at(plane.centre(cell as usize));
        };
        let rows = run_list(&job, &cells, &source, stop)?;
        for (cell, row) in cells.iter().zip(rows.chunks_exact(width)) {
            if row[column] >= 0.0 {
                value[*cell as usize] = row[column];
            }
        }
        cells.retain(|cell| value[*cell as usize].is_nan());
        if cells.is_empty() || steps == escape.steps {
            break;
        }
        steps = escape.steps.min(steps.saturating_mul(4));
    }
    let bend = nonlinearity(escape, &saddle, direction, m);
    let (mut predicted, mut mismatches) = (Vec::with_capacity(plane.len()), Mismatches::default());
    for (cell, measured) in value.iter().enumerate() {
        let (k, slack) = law(at(plane.centre(cell)), m, h, radius, bend);
        let k = if k <= escape.steps as f64 { k } else { f64::NAN };
        let differs = match (measured.is_nan(), k.is_nan()) {
            (true, true) => false,
            (false, false) => (measured - k).abs() > 1.0 + slack,
            // At the end of the run one may have left and the other not.
            (true, false) => k + 1.0 + slack < escape.steps as f64,
            (false, true) => measured + 1.0 + slack < escape.steps as f64,
        };
        mismatches.compare(differs, Mismatch { at: plane.centre(cell), measured: *measured, predicted: k });
        predicted.push(k);
    }
    let map = Map {
        plane: plane.clone(),
        classes: Vec::new(),
        class: Vec::new(),
        value,
        quantity: "iterations to leave".into(),
        predicted,
        mismatches,
        boundary: Vec::new(),
        curves: Vec::new(),
        marks: Vec::new(),
        dots: Vec::new(),
        notes: Vec::new(),
    };
    Ok((map, saddle))
}

/// Predicted iteration, and the first-order effect of the nonlinearity on it.
fn law([alpha, beta, gamma]: [f64; 3], m: f64, h: f64, radius: f64, bend: f64) -> (f64, f64) {
    let [fast, slow] = roots_continuous(alpha, beta, -m).map(|s| s.re);
    let amplitude = (beta * m - slow) / (fast - slow) * h;
    let mu = 1.0 + gamma * fast;
    let k = ((radius / amplitude).ln() / mu.ln()).ceil();
    // m dμ₊/dm = γ s₊²(s₊+α)/(s₊²+m).
    let elasticity = gamma * fast * fast * (fast + alpha) / (fast * fast + m);
    (max(k, 1.0), 2.0 * bend * elasticity / (mu * mu.ln() * (1.0 - 1.0 / mu)))
}

/// max |1 + ⟨e, ∇J⟩/(±mR)| at the distance R.
fn nonlinearity(escape: &Escape, saddle: &[f64], direction: &[f64], m: f64) -> f64 {
    let (mut oracle, mut gradient) = (escape.objective.oracle(), vec![0.0; saddle.len()]);
    let mut side = |r: f64| {
        let point: Vec<f64> = saddle.iter().zip(direction).map(|(s, e)| s + r * e).collect();
        oracle.gradient(&point, &mut gradient);
        // What leaves the direction counts too.
        let along = dot(direction, &gradient);
        let across: Vec<f64> = gradient.iter().zip(direction).map(|(g, e)| g - along * e).collect();
        (1.0 + along / (m * r)).abs() + norm(&across) / (m * r.abs())
    };
    max(side(escape.radius), side(-escape.radius))
}
