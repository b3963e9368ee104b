//! Basins of attraction over a plane of starts.

use std::sync::atomic::AtomicBool;

use dinlab_din::stable_manifold;
use dinlab_numeric::distance;
use dinlab_objective::{registry::Shared, CriticalKind};
use dinlab_sweep::{run_list, Algorithm, Ending, FlowSteps, Job, Measures, Second, Setting};

use crate::{
    critical::{kind_of, newton},
    error::MapError,
    plane::Plane,
    refine::{refine, segments},
    Curve, Map, Mismatches,
};

/// What runs in every cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Runner {
    /// INDIAN with a constant step.
    Indian {
        /// γ.
        step_size: f64,
        /// Number of iterations.
        steps: u64,
    },
    /// DIN, integrated to a time with rtol = atol.
    Din {
        /// End.
        until: f64,
        /// Tolerance.
        tolerance: f64,
    },
}

/// A map of basins.
#[derive(Clone)]
pub struct Basins {
    /// J.
    pub objective: Shared,
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// What runs.
    pub runner: Runner,
    /// Start of the coordinates that are no axis; also the velocity where an axis is one.
    pub start: Vec<f64>,
    /// Distance within which an end counts as a minimum; from the minima where not given.
    pub radius: Option<f64>,
    /// Accuracy of the boundary, as a fraction of each axis.
    pub accuracy: f64,
}

/// A coordinate of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Theta(usize),
    Velocity(usize),
}

/// Names of the axes of starts in n dimensions.
pub fn axes(n: usize) -> Vec<String> {
    let name = |what: &str, i: usize| format!("{what}_{}", i + 1);
    (0..n).map(|i| name("theta", i)).chain((0..n).map(|i| name("velocity", i))).collect()
}

/// Centre, class of point and label of an attractor or another critical point.
struct Point {
    at: Vec<f64>,
    kind: CriticalKind,
}

/// The map: classes are the minima, in the order found, and `diverges`; runs that are near no minimum at the end have none.
///
/// # Errors
/// A bad plane, or runs that cannot start.
pub fn map(plane: &Plane, basins: &Basins, stop: &AtomicBool) -> Result<Map, MapError> {
    plane.validate()?;
    let n = basins.objective.dimension();
    let names = axes(n);
    let slot = |name: &str| match names.iter().position(|known| known == name) {
        Some(i) if i < n => Ok(Slot::Theta(i)),
        Some(i) => Ok(Slot::Velocity(i - n)),
        None => Err(MapError::UnknownAxis { axis: name.into(), expected: names.join(", ") }),
    };
    let slots = [slot(&plane.x.name)?, slot(&plane.y.name)?];
    let critical = critical_points(plane, basins, slots, stop)?;
    let minima: Vec<Vec<f64>> =
        critical.iter().filter(|p| p.kind == CriticalKind::Minimum).map(|p| p.at.clone()).collect();
    if minima.is_empty() {
        let lacks = "no minimum was found: runs do not settle; expected more --steps, a stable step size or another plane";
        return Err(MapError::Objective { objective: basins.objective.name().into(), lacks: lacks.into() });
    }
    let radius = basins.radius.unwrap_or_else(|| reach(&minima));
    let count = minima.len();
    let job = job(basins, slots, Measures { limit: Some((minima.clone(), radius)), ..Measures::default() });
    let limit = column(&job, "limit")?;
    let width = job.columns().len();
    let class_of = |row: &[f64]| match Ending::from_code(row[0]) {
        Some(Ending::Diverged | Ending::NonFinite) => Some(count as u8),
        _ if row[limit] > 0.0 => Some(row[limit] as u8 - 1),
        _ => None,
    };
    let run = |points: &[[f64; 2]]| -> Result<Vec<Option<u8>>, MapError> {
        let source = |cell: u64, setting: &mut Setting| place(slots, points[cell as usize], setting);
        let cells: Vec<u64> = (0..points.len() as u64).collect();
        Ok(run_list(&job, &cells, &source, stop)?.chunks_exact(width).map(class_of).collect())
    };
    let centres: Vec<[f64; 2]> = (0..plane.len()).map(|cell| plane.centre(cell)).collect();
    let class = run(&centres)?;
    drop(centres);
    let classify = |fractions: &[[f64; 2]]| run(&fractions.iter().map(|t| plane.at(*t)).collect::<Vec<_>>());
    let (_, mut boundary) = refine(plane, segments(plane, &class), basins.accuracy, &classify)?;
    let mut curves = Vec::new();
    if n == 1 && slots == [Slot::Theta(0), Slot::Velocity(0)] {
        curves = manifolds(plane, basins, &critical)?;
        if matches!(basins.runner, Runner::Din { .. }) {
            for point in &mut boundary {
                point.distance = nearest(plane, &curves, point.at);
            }
        }
    }
    let mut classes: Vec<String> = minima.iter().map(|m| format!("→ {}", words(m))).collect();
    classes.push("diverges".into());
    Ok(Map {
        classes,
        class,
        value: Vec::new(),
        quantity: "basin".into(),
        predicted: Vec::new(),
        mismatches: Mismatches::default(),
        boundary,
        curves,
        marks: marks(plane, slots, &critical),
        plane: plane.clone(),
    })
}

fn words(point: &[f64]) -> String {
    let numbers: Vec<String> = point
        .iter()
        .take(4)
        .map(|x| format!("{:.4}", x + 0.0).trim_end_matches('0').trim_end_matches('.').replace('-', "−"))
        .collect();
    format!("({}{})", numbers.join(", "), if point.len() > 4 { ", …" } else { "" })
}

fn column(job: &Job, name: &str) -> Result<usize, MapError> {
    job.columns()
        .iter()
        .position(|known| known == name)
        .ok_or(MapError::UnknownAxis { axis: name.into(), expected: String::new() })
}

fn place(slots: [Slot; 2], at: [f64; 2], setting: &mut Setting) {
    for (slot, value) in slots.into_iter().zip(at) {
        match slot {
            Slot::Theta(i) => setting.theta[i] = value,
            Slot::Velocity(i) => setting.second[i] = value,
        }
    }
}

fn job(basins: &Basins, slots: [Slot; 2], measures: Measures) -> Job {
    let mut job = match basins.runner {
        Runner::Indian { step_size, steps } => {
            let mut job = Job::indian(basins.objective.clone(), steps);
            job.base.step_size = step_size;
            job
        }
        Runner::Din { until, tolerance } => {
            let steps = FlowSteps::Adaptive { rtol: tolerance, atol: tolerance };
            Job::new(basins.objective.clone(), Algorithm::Flow { until, steps })
        }
    };
    (job.base.alpha, job.base.beta) = (basins.alpha, basins.beta);
    job.base.theta = basins.start.clone();
    if slots.iter().any(|slot| matches!(slot, Slot::Velocity(_))) {
        job.second = Second::Velocity;
    }
    job.measures = measures;
    job
}

/// A quarter of the smallest distance of two minima; a tenth of 1 + ‖m‖ for a single one.
fn reach(minima: &[Vec<f64>]) -> f64 {
    let mut least = f64::INFINITY;
    for (i, a) in minima.iter().enumerate() {
        for b in &minima[..i] {
            least = dinlab_numeric::min(least, distance(a, b));
        }
    }
    if least.is_finite() {
        0.25 * least
    } else {
        0.1 * (1.0 + dinlab_numeric::norm(&minima[0]))
    }
}

/// The known critical points where the list is complete; else what Newton's method makes of the ends of runs from a coarse
/// grid, and from the grid itself.
fn critical_points(
    plane: &Plane,
    basins: &Basins,
    slots: [Slot; 2],
    stop: &AtomicBool,
) -> Result<Vec<Point>, MapError> {
    let facts = basins.objective.facts();
    if facts.complete {
        return Ok(facts
            .critical_points
            .iter()
            .map(|c| Point { at: c.point.clone(), kind: c.kind })
            .collect());
    }
    const SIDE: usize = 24;
    let part = |i: usize| (i as f64 + 0.5) / SIDE as f64;
    let starts: Vec<[f64; 2]> =
        (0..SIDE * SIDE).map(|k| plane.at([part(k % SIDE), part(k / SIDE)])).collect();
    let job = job(basins, slots, Measures::default());
    let width = job.columns().len();
    let source = |cell: u64, setting: &mut Setting| place(slots, starts[cell as usize], setting);
    let cells: Vec<u64> = (0..starts.len() as u64).collect();
    let rows = run_list(&job, &cells, &source, stop)?;
    let mut found: Vec<Point> = Vec::new();
    let mut add = |near: &[f64]| {
        let Some(at) = newton(&*basins.objective, near) else { return };
        let scale = 1e-6 * (1.0 + dinlab_numeric::norm(&at));
        if found.len() < 200 && found.iter().all(|p| distance(&p.at, &at) > scale) {
            let kind = kind_of(&*basins.objective, &at);
            found.push(Point { at, kind });
        }
    };
    let n = basins.objective.dimension();
    for row in rows.chunks_exact(width) {
        add(&row[2..2 + n]);
    }
    for start in &starts {
        let mut setting = Setting { theta: basins.start.clone(), ..Setting::new(n) };
        place(slots, *start, &mut setting);
        add(&setting.theta);
    }
    found.sort_by(|a, b| {
        a.at.iter()
            .zip(&b.at)
            .map(|(a, b)| a.total_cmp(b))
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(found)
}

/// Critical points in the plane, by type.
fn marks(plane: &Plane, slots: [Slot; 2], critical: &[Point]) -> Vec<(String, [f64; 2])> {
    let coordinate = |slot: Slot, at: &[f64]| match slot {
        Slot::Theta(i) => at[i],
        Slot::Velocity(_) => 0.0,
    };
    let inside = |axis: &crate::Axis, v: f64| v >= axis.from && v <= axis.to;
    critical
        .iter()
        .map(|p| (p.kind, slots.map(|slot| coordinate(slot, &p.at))))
        .filter(|(_, at)| inside(&plane.x, at[0]) && inside(&plane.y, at[1]))
        .map(|(kind, at)| {
            let name = match kind {
                CriticalKind::Minimum => "minimum",
                CriticalKind::StrictSaddle => "saddle",
                CriticalKind::Maximum => "maximum",
                CriticalKind::Degenerate => "degenerate",
            };
            (name.to_owned(), at)
        })
        .collect()
}

/// Stable manifolds of DIN at the maxima of a function of one variable.
fn manifolds(plane: &Plane, basins: &Basins, critical: &[Point]) -> Result<Vec<Curve>, MapError> {
    let mut curve = Curve {
        label: "stable manifolds of the saddles (DIN)".into(),
        second: false,
        x: Vec::new(),
        y: Vec::new(),
    };
    let reach = [plane.x.from.abs(), plane.x.to.abs(), plane.y.from.abs(), plane.y.to.abs()];
    let reach = dinlab_numeric::maximum(&reach);
    for point in critical.iter().filter(|p| p.kind == CriticalKind::Maximum) {
        for branch in stable_manifold(&*basins.objective, [basins.alpha, basins.beta], point.at[0], reach)? {
            if !curve.x.is_empty() {
                curve.x.push(f64::NAN);
                curve.y.push(f64::NAN);
            }
            for p in branch {
                curve.x.push(p[0]);
                curve.y.push(p[1]);
            }
        }
    }
    Ok(if curve.x.is_empty() { Vec::new() } else { vec![curve] })
}

/// Distance to the nearest piece of the curves, as a fraction of the axes.
fn nearest(plane: &Plane, curves: &[Curve], at: [f64; 2]) -> Option<f64> {
    let scale = [plane.x.to - plane.x.from, plane.y.to - plane.y.from];
    let local = |x: f64, y: f64| [(x - at[0]) / scale[0], (y - at[1]) / scale[1]];
    let mut least = f64::INFINITY;
    for curve in curves {
        for i in 1..curve.x.len() {
            let (p, q) = (local(curve.x[i - 1], curve.y[i - 1]), local(curve.x[i], curve.y[i]));
            let d = [q[0] - p[0], q[1] - p[1]];
            let squares = d[0] * d[0] + d[1] * d[1];
            let t = (-(p[0] * d[0] + p[1] * d[1]) / squares).clamp(0.0, 1.0);
            let apart = (p[0] + t * d[0]).hypot(p[1] + t * d[1]);
            // NaN between pieces never is the least.
            if apart < least {
                least = apart;
            }
        }
    }
    least.is_finite().then_some(least)
}
