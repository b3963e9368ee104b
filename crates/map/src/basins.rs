//! Basins of attraction over a plane of starts.

use std::sync::atomic::AtomicBool;

use dinlab_din::stable_manifold;
use dinlab_objective::{registry::Shared, CriticalKind};
use dinlab_sweep::{run_list, Algorithm, Ending, FlowSteps, Job, Measures, Second, Setting};
use rayon::prelude::*;

use crate::{
    error::MapError,
    limits::{self, Attractor, Limits, Point},
    plane::Plane,
    refine::{refine, segments, Classify},
    separatrix::{self, Scene},
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

impl Basins {
    /// The same with runs so many times as long.
    pub(crate) fn longer(&self, times: u32) -> Self {
        let runner = match self.runner {
            Runner::Indian { step_size, steps } => {
                Runner::Indian { step_size, steps: steps.saturating_mul(u64::from(times)) }
            }
            Runner::Din { until, tolerance } => Runner::Din { until: until * f64::from(times), tolerance },
        };
        Self { runner, ..self.clone() }
    }
}

/// A coordinate of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Theta(usize),
    Velocity(usize),
}

/// Names of the axes of starts in n dimensions.
pub fn axes(n: usize) -> Vec<String> {
    let name = |what: &str, i: usize| format!("{what}_{}", i + 1);
    (0..n).map(|i| name("theta", i)).chain((0..n).map(|i| name("velocity", i))).collect()
}

/// The map: classes are the minima (a connected set of them is one), in order of their coordinates, and `diverges`; runs that are near
/// no minimum at the end have none. Pieces of the boundary are named by the saddle whose stable manifold they are.
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
    let Limits { mut critical, attractors, mut notes } = limits::find(plane, basins, slots, stop)?;
    if attractors.is_empty() {
        let lacks = "no minimum was found: runs do not settle; expected an objective with a minimum, and more --steps, a stable step size or another plane";
        return Err(MapError::Objective { objective: basins.objective.name().into(), lacks: lacks.into() });
    }
    let radius = basins.radius.unwrap_or_else(|| limits::reach(&attractors));
    // Points of all attractors, and whose each is.
    let all = attractors.iter().enumerate().flat_map(|(i, a)| a.samples.iter().map(move |s| (i as u8, s)));
    let (owner, samples): (Vec<u8>, Vec<Vec<f64>>) = all.map(|(i, s)| (i, s.clone())).unzip();
    let count = attractors.len() as u8;
    let run = |points: &[[f64; 2]], longer: u32| -> Result<Vec<Option<u8>>, MapError> {
        let measures = Measures { limit: Some((samples.clone(), radius)), ..Measures::default() };
        let job = job(&basins.longer(longer), slots, measures);
        let (limit, width) = (column(&job, "limit")?, job.columns().len());
        let class_of = |row: &[f64]| match Ending::from_code(row[0]) {
            Some(Ending::Diverged | Ending::NonFinite) => Some(count),
            _ if row[limit] > 0.0 => Some(owner[row[limit] as usize - 1]),
            _ => None,
        };
        let source = |cell: u64, setting: &mut Setting| place(slots, points[cell as usize], setting);
        let cells: Vec<u64> = (0..points.len() as u64).collect();
        Ok(run_list(&job, &cells, &source, stop)?.chunks_exact(width).map(class_of).collect())
    };
    let centres: Vec<[f64; 2]> = (0..plane.len()).map(|cell| plane.centre(cell)).collect();
    let mut class = run(&centres, 1)?;
    // Runs that begin outside the domain of J say nothing.
    let outside = outside(basins, slots, &centres);
    drop(centres);
    class.iter_mut().zip(&outside).filter(|(_, outside)| **outside).for_each(|(c, _)| *c = Some(count + 1));
    let without: Vec<Option<u8>> = class.iter().map(|c| c.filter(|c| *c <= count)).collect();
    let at = |fractions: &[[f64; 2]]| -> Vec<[f64; 2]> { fractions.iter().map(|t| plane.at(*t)).collect() };
    let classify = |fractions: &[[f64; 2]]| run(&at(fractions), 1);
    let sides = filled(plane, &without, &classify)?;
    let (original, mut boundary) = refine(plane, segments(plane, &sides), basins.accuracy, &classify)?;
    let mut curves = Vec::new();
    if n == 1 && slots == [Slot::Theta(0), Slot::Velocity(0)] {
        curves = manifolds(plane, basins, &critical)?;
        if matches!(basins.runner, Runner::Din { .. }) {
            for point in &mut boundary {
                point.distance = nearest(plane, &curves, point.at);
            }
        }
    }
    if curves.is_empty() {
        let basins = &basins.longer(LONGER);
        let scene = Scene { plane, basins, slots };
        let classify = |fractions: &[[f64; 2]]| run(&at(fractions), LONGER);
        let traced = separatrix::trace(&scene, &mut critical, &original, &boundary, &classify, stop)?;
        curves = traced.curves;
        notes.extend(traced.notes);
    }
    let mut classes: Vec<String> = attractors.iter().map(|a| name(plane, slots, a)).collect();
    classes.push("diverges".into());
    if outside.contains(&true) {
        classes.push("starts where J is not a number".into());
    }
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
        dots: dots(plane, slots, &attractors),
        notes,
        plane: plane.clone(),
    })
}

/// Which starts are outside the domain of J: its value is NaN there, though the formula of its gradient may be finite.
fn outside(basins: &Basins, slots: [Slot; 2], starts: &[[f64; 2]]) -> Vec<bool> {
    let part = |starts: &[[f64; 2]]| -> Vec<bool> {
        let mut oracle = basins.objective.oracle();
        let mut setting = Setting { theta: basins.start.clone(), ..Setting::new(basins.start.len()) };
        let nan = |start: &[f64; 2]| {
            place(slots, *start, &mut setting);
            oracle.value(&setting.theta).is_nan()
        };
        starts.iter().map(nan).collect()
    };
    starts.par_chunks(1 << 12).flat_map_iter(part).collect()
}

/// The classes, with those of starts a little aside where a cell has none and a neighbour has one: on a line of symmetry runs can
/// tend to a saddle exactly.
fn filled(plane: &Plane, class: &[Option<u8>], classify: &Classify<'_>) -> Result<Vec<Option<u8>>, MapError> {
    let (nx, ny) = (plane.x.cells, plane.y.cells);
    let beside = |cell: &usize| {
        let (i, j) = (cell % nx, cell / nx);
        let neighbours = [(i > 0, 1, 0), (i + 1 < nx, 0, 1), (j > 0, nx, 0), (j + 1 < ny, 0, nx)];
        neighbours.iter().any(|(there, less, more)| *there && class[cell + more - less].is_some())
    };
    let cells: Vec<usize> = (0..class.len()).filter(|i| class[*i].is_none()).filter(beside).collect();
    let aside = |cell: &usize| {
        let t = plane.fractions(*cell);
        [t[0] + 0.0137 / nx as f64, t[1] + 0.0071 / ny as f64]
    };
    let seen = classify(&cells.iter().map(aside).collect::<Vec<_>>())?;
    let mut sides = class.to_vec();
    cells.into_iter().zip(seen).for_each(|(cell, class)| sides[cell] = class);
    Ok(sides)
}

/// Runs that have to come near a saddle are so many times longer than those of the cells.
const LONGER: u32 = 4;

/// What a class is called.
fn name(plane: &Plane, slots: [Slot; 2], attractor: &Attractor) -> String {
    if !attractor.is_set() {
        return format!("→ {}", words(&attractor.samples[0]));
    }
    // Of a set that leaves the plane, a point in it.
    let centre = plane.at([0.5, 0.5]);
    let from_centre = |sample: &[f64]| {
        let parts = slots.iter().zip(centre).map(|(slot, c)| coordinate(*slot, sample) - c);
        dinlab_numeric::norm(&parts.collect::<Vec<_>>())
    };
    let inner = attractor.samples.iter().min_by(|a, b| from_centre(a).total_cmp(&from_centre(b)));
    format!("→ a set of minima through {}", words(inner.unwrap_or(&attractor.samples[0])))
}

pub(crate) fn words(point: &[f64]) -> String {
    let numbers: Vec<String> = point
        .iter()
        .take(4)
        .map(|x| format!("{:.4}", (x * 1e4).round() / 1e4 + 0.0))
        .map(|x| x.trim_end_matches('0').trim_end_matches('.').replace('-', "−"))
        .collect();
    format!("({}{})", numbers.join(", "), if point.len() > 4 { ", …" } else { "" })
}

fn column(job: &Job, name: &str) -> Result<usize, MapError> {
    job.columns()
        .iter()
        .position(|known| known == name)
        .ok_or(MapError::UnknownAxis { axis: name.into(), expected: String::new() })
}

pub(crate) fn place(slots: [Slot; 2], at: [f64; 2], setting: &mut Setting) {
    for (slot, value) in slots.into_iter().zip(at) {
        match slot {
            Slot::Theta(i) => setting.theta[i] = value,
            Slot::Velocity(i) => setting.second[i] = value,
        }
    }
}

pub(crate) fn job(basins: &Basins, slots: [Slot; 2], measures: Measures) -> Job {
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

/// A coordinate of a point at rest.
fn coordinate(slot: Slot, at: &[f64]) -> f64 {
    match slot {
        Slot::Theta(i) => at[i],
        Slot::Velocity(_) => 0.0,
    }
}

/// Where a point at rest is in the plane; `None` outside.
fn shown(plane: &Plane, slots: [Slot; 2], at: &[f64]) -> Option<[f64; 2]> {
    let inside = |axis: &crate::Axis, v: f64| v >= axis.from && v <= axis.to;
    let at = slots.map(|slot| coordinate(slot, at));
    (inside(&plane.x, at[0]) && inside(&plane.y, at[1])).then_some(at)
}

/// Points of sets of minima in the plane.
fn dots(plane: &Plane, slots: [Slot; 2], attractors: &[Attractor]) -> Vec<[f64; 2]> {
    let sets = attractors.iter().filter(|a| a.is_set());
    sets.flat_map(|a| &a.samples).filter_map(|s| shown(plane, slots, s)).collect()
}

/// Critical points in the plane, by type.
fn marks(plane: &Plane, slots: [Slot; 2], critical: &[Point]) -> Vec<(String, [f64; 2])> {
    critical
        .iter()
        .filter_map(|p| Some((p.kind, shown(plane, slots, &p.at)?)))
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
        style: 0,
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
