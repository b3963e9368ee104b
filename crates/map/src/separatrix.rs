//! Boundaries of basins as stable manifolds: which saddle does a start on the boundary run to?
//!
//! A start on the stable manifold of a saddle tends to it. Bisection between two basins to the rounding of the coordinates gives
//! two starts so near to it that their orbits stay together until 10⁻¹⁶ has grown to something visible. They part beside the saddle,
//! in its unstable direction: both are asked for before a piece of the boundary gets the saddle's name. The pieces are joined block
//! by block, as contours are.

use std::{collections::HashMap, sync::atomic::AtomicBool};

use dinlab_din::{simulate_observed, Dynamics};
use dinlab_indian::{iterate_observed, Grid, Method, Schedule};
use dinlab_numeric::{distance, dot, norm};
use dinlab_objective::{CriticalKind, Objective, Start};
use dinlab_record::{observe::Observation, Flow};
use dinlab_sweep::Setting;
use rayon::prelude::*;

use crate::{
    basins::{place, Basins, Runner, Slot},
    contour::{chain, Edge},
    critical::{eigendirections, kind_of, newton},
    error::MapError,
    limits::Point,
    plane::Plane,
    refine::{bisect, Classify, Segment},
    BoundaryPoint, Curve,
};

/// Boundary points whose orbit is followed; others are taken for what the nearest of them between the same basins is.
const FOLLOWED: usize = 400;
/// Curves with a name of their own.
const MOST_CURVES: usize = 6;
/// Bisection down to here, as a fraction of an axis.
const FINEST: f64 = 4e-15;
/// States of an orbit that are looked at.
const SEEN: u64 = 4000;
/// Orbits have parted when they are so far apart, as a fraction of the plane's diagonal.
const PARTED: f64 = 1e-4;
/// A critical point so near to where they part is one they ran to, as a fraction of the diagonal.
const BESIDE: f64 = 0.1;
/// Least part of the direction in which they part that has to be in the unstable directions.
const ALONG: f64 = 0.9;

/// Curves, one for each saddle, and what is to be said about them.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    pub curves: Vec<Curve>,
    pub notes: Vec<String>,
}

/// What all orbits share.
pub(crate) struct Scene<'a> {
    pub plane: &'a Plane,
    pub basins: &'a Basins,
    pub slots: [Slot; 2],
}

/// Names the pieces of the boundary by saddles, and adds saddles that nobody knew to `critical`.
///
/// # Errors
/// Runs that cannot start, or an interruption.
pub(crate) fn trace(
    scene: &Scene<'_>,
    critical: &mut Vec<Point>,
    segments: &[Segment],
    boundary: &[BoundaryPoint],
    classify: &Classify<'_>,
    stop: &AtomicBool,
) -> Result<Traced, MapError> {
    if boundary.is_empty() {
        return Ok(Traced::default());
    }
    let step = segments.len().div_ceil(FOLLOWED);
    let chosen: Vec<usize> = (0..segments.len()).step_by(step).collect();
    let coarse: Vec<Segment> = chosen.iter().map(|&i| segments[i]).collect();
    let fine = bisect(coarse, FINEST, classify)?;
    let partings: Vec<Option<Parting>> = fine
        .par_iter()
        .map(|segment| match stop.load(std::sync::atomic::Ordering::Relaxed) {
            true => Err(MapError::Interrupted),
            false => scene.parting(segment),
        })
        .collect::<Result<_, _>>()?;
    let names: Vec<Option<usize>> =
        partings.iter().map(|parting| parting.as_ref().and_then(|p| p.saddle(scene, critical))).collect();
    Ok(scene.curves(critical, &chosen, &names, boundary))
}

/// Where two orbits from both sides of a boundary part.
struct Parting {
    /// θ of the first.
    at: Vec<f64>,
    /// Unit vector to the second.
    direction: Vec<f64>,
    /// Where the first was slowest before.
    slowest: Vec<f64>,
}

/// Part of a unit vector in the directions of negative curvature at a critical point.
fn unstable_part(objective: &dyn Objective, at: &[f64], direction: &[f64]) -> f64 {
    let down = eigendirections(objective, at).into_iter().filter(|(curvature, _)| *curvature < 0.0);
    norm(&down.map(|(_, v)| dot(&v, direction)).collect::<Vec<_>>())
}

impl Parting {
    /// Number of the critical point that the orbits ran to before they parted. A new one is added to `critical`.
    fn saddle(&self, scene: &Scene<'_>, critical: &mut Vec<Point>) -> Option<usize> {
        let objective = &*scene.basins.objective;
        let size = scene.size();
        let along = |at: &[f64]| unstable_part(objective, at, &self.direction) > ALONG;
        let unstable = |p: &Point| matches!(p.kind, CriticalKind::StrictSaddle | CriticalKind::Maximum);
        let mut near: Vec<(f64, usize)> = (0..critical.len())
            .filter(|i| unstable(&critical[*i]))
            .map(|i| (distance(&critical[i].at, &self.at), i))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(&(apart, i)) = near.first() {
            let next = near.get(1).map_or(f64::INFINITY, |next| next.0);
            if apart < BESIDE * size && apart < 0.5 * next && along(&critical[i].at) {
                return Some(i);
            }
        }
        let at = newton(objective, &self.slowest)?;
        let point = Point { kind: kind_of(objective, &at), at };
        let known = critical.iter().any(|p| distance(&p.at, &point.at) < 1e-6 * size);
        let beside = distance(&point.at, &self.at) < BESIDE * size;
        if known || !beside || !unstable(&point) || !along(&point.at) {
            return None;
        }
        critical.push(point);
        Some(critical.len() - 1)
    }
}

impl Scene<'_> {
    /// Diagonal of the plane.
    fn size(&self) -> f64 {
        let (x, y) = (&self.plane.x, &self.plane.y);
        (x.to - x.from).hypot(y.to - y.from)
    }

    /// Where the orbits from both ends of a segment part; `None` where they do not.
    fn parting(&self, segment: &Segment) -> Result<Option<Parting>, MapError> {
        let orbits =
            [self.orbit(self.plane.at(segment.ends[0]))?, self.orbit(self.plane.at(segment.ends[1]))?];
        let n = self.basins.objective.dimension();
        let states = orbits[0].chunks_exact(2 * n).zip(orbits[1].chunks_exact(2 * n));
        let (mut slowest, mut least) = (Vec::new(), f64::INFINITY);
        for (a, b) in states {
            let (theta, speed) = a.split_at(n);
            let apart = distance(theta, &b[..n]);
            if apart > PARTED * self.size() {
                let direction = theta.iter().zip(b).map(|(a, b)| (b - a) / apart).collect();
                return Ok(Some(Parting { at: theta.to_vec(), direction, slowest }));
            }
            // The gradient and u = θ′ + β∇J both vanish at a critical point.
            if slowest.is_empty() || norm(speed) < least {
                least = norm(speed);
                slowest = theta.to_vec();
            }
        }
        Ok(None)
    }

    /// States (θ, ‖(u, ∇J)‖ in the first of n places) of the run from a point of the plane, one after the other.
    fn orbit(&self, at: [f64; 2]) -> Result<Vec<f64>, MapError> {
        let basins = self.basins;
        let objective = &*basins.objective;
        let n = objective.dimension();
        let mut setting = Setting { theta: basins.start.clone(), ..Setting::new(n) };
        place(self.slots, at, &mut setting);
        let moves = self.slots.iter().any(|slot| matches!(slot, Slot::Velocity(_)));
        let start = if moves { Start::Velocity(setting.second.clone()) } else { Start::Rest };
        let (mut oracle, mut gradient) = (objective.oracle(), vec![0.0; n]);
        let mut states = Vec::new();
        let mut record = |seen: Observation<'_>| {
            oracle.gradient(seen.theta, &mut gradient);
            states.extend_from_slice(seen.theta);
            states.push(norm(&seen.state[n..]).hypot(norm(&gradient)));
            states.extend(std::iter::repeat_n(0.0, n - 1));
            Flow::Continue
        };
        match basins.runner {
            Runner::Indian { step_size, steps } => {
                let method = Method::Indian { alpha: basins.alpha, beta: basins.beta };
                let schedule = Schedule::Constant(step_size);
                let mut run = dinlab_indian::Run::new(method, setting.theta, schedule, steps);
                run.start = start;
                run.grid = Grid::Every(steps.div_ceil(SEEN));
                iterate_observed(objective, &run, &mut record)?;
            }
            Runner::Din { until, tolerance } => {
                let dynamics = Dynamics::Din { alpha: basins.alpha, beta: basins.beta };
                let mut run = dinlab_din::Run::new(dynamics, &setting.theta, until);
                (run.start, run.samples) = (start, SEEN as usize);
                (run.settings.rtol, run.settings.atol) = (tolerance, tolerance);
                simulate_observed(objective, &run, &mut record)?;
            }
        }
        Ok(states)
    }

    /// The boundary as curves, one per saddle.
    fn curves(
        &self,
        critical: &[Point],
        chosen: &[usize],
        names: &[Option<usize>],
        boundary: &[BoundaryPoint],
    ) -> Traced {
        let scale = [self.plane.x.to - self.plane.x.from, self.plane.y.to - self.plane.y.from];
        let apart = |a: [f64; 2], b: [f64; 2]| ((a[0] - b[0]) / scale[0]).hypot((a[1] - b[1]) / scale[1]);
        let between = |point: &BoundaryPoint| {
            let [a, b] = point.classes;
            [a.min(b), a.max(b)]
        };
        let named = |point: &BoundaryPoint| -> Option<usize> {
            let near = |k: &usize| apart(boundary[chosen[*k]].at, point.at);
            let same = (0..chosen.len()).filter(|k| between(&boundary[chosen[*k]]) == between(point));
            names[same.min_by(|a, b| near(a).total_cmp(&near(b)))?]
        };
        let owner: Vec<Option<usize>> = boundary.iter().map(named).collect();
        let mut counts: Vec<(Option<usize>, usize)> = Vec::new();
        for name in &owner {
            match counts.iter_mut().find(|known| known.0 == *name) {
                Some(known) => known.1 += 1,
                None => counts.push((*name, 1)),
            }
        }
        // The largest first; what belongs to no saddle last.
        counts.sort_by_key(|(name, count)| (name.is_none(), std::cmp::Reverse(*count)));
        let edges = edges(self.plane, boundary);
        let places: HashMap<Edge, usize> = edges.iter().copied().zip(0..).collect();
        let positions: HashMap<Edge, [f64; 2]> =
            edges.iter().copied().zip(boundary.iter().map(|point| point.at)).collect();
        let neighbours = neighbours(self.plane, &places);
        let mut traced = Traced::default();
        for (rank, (name, count)) in counts.iter().enumerate() {
            let what = match name {
                Some(i) => {
                    let kind = if critical[*i].kind == CriticalKind::Maximum { "maximum" } else { "saddle" };
                    format!("stable manifold of the {kind} {}", crate::basins::words(&critical[*i].at))
                }
                None => "boundary that runs to no saddle seen".to_owned(),
            };
            traced.notes.push(format!("{what}: {count} of {} boundary points", boundary.len()));
            let label = match (rank < MOST_CURVES, rank == MOST_CURVES) {
                (true, _) => what,
                (_, true) => "stable manifolds of further saddles".to_owned(),
                _ => String::new(),
            };
            let mut links: HashMap<Edge, Vec<Edge>> = HashMap::new();
            for [p, q] in neighbours.iter().filter(|[p, _]| owner[places[p]] == *name) {
                links.entry(*p).or_default().push(*q);
                links.entry(*q).or_default().push(*p);
            }
            let (x, y) = chain(links, &positions);
            if !x.is_empty() {
                traced.curves.push(Curve {
                    label,
                    style: if name.is_none() { 3 } else { [0, 1, 2, 4, 5, 6, 6][rank.min(MOST_CURVES)] },
                    x,
                    y,
                });
            }
        }
        traced
    }
}

/// Edges between neighbouring cell centres that carry a boundary point.
fn edges(plane: &Plane, boundary: &[BoundaryPoint]) -> Vec<Edge> {
    let edge = |point: &BoundaryPoint| {
        let position = |axis: &crate::Axis, v: f64| axis.fraction(v) * axis.cells as f64 - 0.5;
        let (i, j) = (position(&plane.x, point.at[0]), position(&plane.y, point.at[1]));
        // One coordinate is that of a centre.
        match (i - i.round()).abs() > (j - j.round()).abs() {
            true => (i.floor() as usize, j.round() as usize, true),
            false => (i.round() as usize, j.floor() as usize, false),
        }
    };
    boundary.iter().map(edge).collect()
}

/// Which boundary points are neighbours: those on the edges of one block of four cell centres.
fn neighbours(plane: &Plane, points: &HashMap<Edge, usize>) -> Vec<[Edge; 2]> {
    let mut all = Vec::new();
    for j in 0..plane.y.cells.saturating_sub(1) {
        for i in 0..plane.x.cells.saturating_sub(1) {
            let around = [(i, j, true), (i + 1, j, false), (i, j + 1, true), (i, j, false)];
            let found: Vec<Edge> = around.into_iter().filter(|edge| points.contains_key(edge)).collect();
            match found[..] {
                [p, q] => all.push([p, q]),
                // Three basins meet: all to the first of them.
                [p, q, r] => all.extend([[p, q], [q, r]]),
                [p, q, r, s] => all.extend([[p, q], [r, s]]),
                _ => {}
            }
        }
    }
    all
}

#[cfg(test)]
#[path = "separatrix_tests.rs"]
mod tests;
