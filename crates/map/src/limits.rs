//! Where runs end: isolated minima, smooth or at kinks, and connected sets of minima.
//!
//! Smooth minima come from Newton's method. Elsewhere (the gradient of the selection does not vanish at a kink, the Hessian is
//! singular on a flat set) the ends of runs that stay where they are are let down to the nearest lowest point by a simplex, and
//! such points are minima where no point around them is lower. Those joined by points that are as low are one set.

use std::sync::atomic::AtomicBool;

use dinlab_analysis::simplex;
use dinlab_numeric::{all_finite, distance, max, min, norm, Stream};
use dinlab_objective::{CriticalKind, Oracle};
use dinlab_sweep::{run_list, Ending, Measures, Setting};

use crate::{
    basins::{job, place, Basins, Slot},
    critical::{kind_of, newton},
    error::MapError,
    plane::Plane,
};

/// Starts of the search per axis.
const SIDE: usize = 24;
/// Most minima: classes are bytes.
const MOST: usize = 250;
/// Most critical points that are looked for.
const MOST_CRITICAL: usize = 1000;
/// Critical points that are not isolated are drawn up to this number.
const MOST_DEGENERATE: usize = 60;
/// Most variables in which a simplex finds anything.
const MOST_VARIABLES: usize = 12;

/// A critical point.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// Position.
    pub at: Vec<f64>,
    /// Type.
    pub kind: CriticalKind,
}

/// A minimum (one sample), or a connected set of minima (several of its points).
#[derive(Debug, Clone)]
pub(crate) struct Attractor {
    /// Points of it.
    pub samples: Vec<Vec<f64>>,
    /// J there.
    pub value: f64,
    /// Longest distance that has to be bridged between samples; 0 for a point.
    gap: f64,
}

impl Attractor {
    fn point(at: Vec<f64>, value: f64) -> Self {
        Self { samples: vec![at], value, gap: 0.0 }
    }

    /// Whether it is more than a point.
    pub(crate) fn is_set(&self) -> bool {
        self.samples.len() > 1
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// Critical points, minima among them.
    pub critical: Vec<Point>,
    /// What runs tend to.
    pub attractors: Vec<Attractor>,
    /// What is to be said about them.
    pub notes: Vec<String>,
}

/// A distance at which an end counts as one of the attractors: a quarter of the smallest distance of two of them, a tenth of
/// 1 + ‖m‖ for a single one; more where the samples of a set are sparse.
pub(crate) fn reach(attractors: &[Attractor]) -> f64 {
    let mut least = f64::INFINITY;
    for (i, a) in attractors.iter().enumerate() {
        for b in &attractors[..i] {
            for (p, q) in a.samples.iter().flat_map(|p| b.samples.iter().map(move |q| (p, q))) {
                least = min(least, distance(p, q));
            }
        }
    }
    let gap = attractors.iter().map(|a| a.gap).fold(0.0, max);
    match least.is_finite() {
        true => max(0.25 * least, min(gap, 0.49 * least)),
        false => max(0.1 * (1.0 + norm(&attractors[0].samples[0])), gap),
    }
}

/// The known critical points where the list is complete; else what is found from the ends of runs from a coarse grid.
pub(crate) fn find(
    plane: &Plane,
    basins: &Basins,
    slots: [Slot; 2],
    stop: &AtomicBool,
) -> Result<Limits, MapError> {
    let facts = basins.objective.facts();
    let mut oracle = basins.objective.oracle();
    if facts.complete {
        let critical: Vec<Point> =
            facts.critical_points.iter().map(|c| Point { at: c.point.clone(), kind: c.kind }).collect();
        let minima = critical.iter().filter(|p| p.kind == CriticalKind::Minimum);
        let attractors = minima.map(|p| Attractor::point(p.at.clone(), oracle.value(&p.at))).collect();
        return Ok(Limits { critical, attractors, notes: Vec::new() });
    }
    let part = |i: usize| (i as f64 + 0.5) / SIDE as f64;
    let starts: Vec<[f64; 2]> =
        (0..SIDE * SIDE).map(|k| plane.at([part(k % SIDE), part(k / SIDE)])).collect();
    let early = ends(basins, slots, &starts, 1, stop)?;
    let late = ends(basins, slots, &starts, 2, stop)?;
    let thetas: Vec<Vec<f64>> = starts
        .iter()
        .map(|start| {
            let mut setting = Setting { theta: basins.start.clone(), ..Setting::new(basins.start.len()) };
            place(slots, *start, &mut setting);
            setting.theta
        })
        .collect();
    let search = Search::new(&mut *oracle, &thetas);
    let mut critical = smooth(basins, late.iter().map(|end| &end.0).chain(&thetas));
    let settled: Vec<&Vec<f64>> = early
        .iter()
        .zip(&late)
        .filter(|(early, late)| early.1 && late.1 && distance(&early.0, &late.0) < 0.02 * search.size)
        .map(|(_, late)| &late.0)
        .collect();
    let (attractors, notes) = search.attractors(&mut critical, &settled)?;
    critical.sort_by(|a, b| by_coordinates(&a.at, &b.at));
    Ok(Limits { critical, attractors, notes })
}

fn by_coordinates(a: &[f64], b: &[f64]) -> std::cmp::Ordering {
    let mut orders = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

/// Ends of runs `times` as long as those of the map, and whether they came to their end.
fn ends(
    basins: &Basins,
    slots: [Slot; 2],
    starts: &[[f64; 2]],
    times: u32,
    stop: &AtomicBool,
) -> Result<Vec<(Vec<f64>, bool)>, MapError> {
    let job = job(&basins.longer(times), slots, Measures::default());
    let (width, n) = (job.columns().len(), basins.objective.dimension());
    let source = |cell: u64, setting: &mut Setting| place(slots, starts[cell as usize], setting);
    let cells: Vec<u64> = (0..starts.len() as u64).collect();
    let rows = run_list(&job, &cells, &source, stop)?;
    let end = |row: &[f64]| {
        let lost = matches!(Ending::from_code(row[0]), Some(Ending::Diverged | Ending::NonFinite));
        (row[2..2 + n].to_vec(), !lost && all_finite(&row[2..2 + n]))
    };
    Ok(rows.chunks_exact(width).map(end).collect())
}

/// Critical points that Newton's method reaches.
fn smooth<'a>(basins: &Basins, near: impl Iterator<Item = &'a Vec<f64>>) -> Vec<Point> {
    let mut found: Vec<Point> = Vec::new();
    for near in near {
        let Some(at) = newton(&*basins.objective, near) else { continue };
        let scale = 1e-6 * (1.0 + norm(&at));
        if found.len() < MOST_CRITICAL && found.iter().all(|p| distance(&p.at, &at) > scale) {
            let kind = kind_of(&*basins.objective, &at);
            found.push(Point { at, kind });
        }
    }
    found
}

/// The search for lowest points.
struct Search<'a> {
    oracle: &'a mut dyn Oracle,
    /// Extent of the starts.
    size: f64,
    /// Differences of J below this are none: 10⁻⁹ of those among the starts.
    equal: f64,
    /// Directions in which neighbours are looked at, of length 1.
    directions: Vec<Vec<f64>>,
}

impl<'a> Search<'a> {
    fn new(oracle: &'a mut dyn Oracle, starts: &[Vec<f64>]) -> Self {
        let n = starts[0].len();
        let extent = |i: usize| {
            let all: Vec<f64> = starts.iter().map(|s| s[i]).collect();
            dinlab_numeric::maximum(&all) - dinlab_numeric::minimum(&all)
        };
        let size = norm(&(0..n).map(extent).collect::<Vec<_>>());
        let values: Vec<f64> = starts.iter().map(|s| oracle.value(s)).filter(|v| v.is_finite()).collect();
        let spread = match values.is_empty() {
            true => 1.0,
            false => dinlab_numeric::maximum(&values) - dinlab_numeric::minimum(&values),
        };
        let mut stream = Stream::new(0, "map: directions around a minimum", 0);
        let mut directions = Vec::new();
        for i in 0..n {
            let mut axis = vec![0.0; n];
            axis[i] = 1.0;
            directions.push(axis);
        }
        for _ in 0..16 * n {
            let direction = stream.normals(n);
            let length = norm(&direction);
            directions.push(direction.iter().map(|d| d / length).collect());
        }
        Self { oracle, size, equal: 1e-9 * spread, directions }
    }

    /// Lowest point near `from`, with first steps of length `step`.
    fn down(&mut self, from: &[f64], step: f64) -> (Vec<f64>, f64) {
        simplex::minimise(|x| self.oracle.value(x), from, step, 1000 * from.len())
    }

    /// Whether no point around is lower: by more than 10⁻⁶ of what J changes there.
    fn is_lowest(&mut self, at: &[f64]) -> bool {
        let here = self.oracle.value(at);
        [1e-3, 1e-5].into_iter().all(|part| {
            let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
            for direction in &self.directions {
                for radius in [part * self.size, -part * self.size] {
                    let x: Vec<f64> = at.iter().zip(direction).map(|(a, d)| a + radius * d).collect();
                    let rise = self.oracle.value(&x) - here;
                    // Outside the domain of J there is nothing lower.
                    let rise = if rise.is_nan() { f64::INFINITY } else { rise };
                    (least, most) = (min(least, rise), max(most, rise));
                }
            }
            let change = if most.is_finite() { max(most.abs(), -least) } else { -least };
            least >= -1e-6 * change - 1e-3 * self.equal
        })
    }

    /// Whether two lowest points are joined by points that are as low: the middle, let down, must stay between them; and so on
    /// for the halves.
    fn joined(&mut self, p: &[f64], q: &[f64], level: f64, depth: u32) -> bool {
        let apart = distance(p, q);
        let middle: Vec<f64> = p.iter().zip(q).map(|(a, b)| 0.5 * (a + b)).collect();
        let (middle, value) = self.down(&middle, 0.1 * apart);
        let between = max(distance(p, &middle), distance(q, &middle)) < 0.75 * apart;
        if !between || (value - level).abs() > self.equal {
            return false;
        }
        // Two halvings at least: three separate points in a row pass the first.
        depth >= 1 && apart < 0.03 * self.size
            || depth >= 6
            || self.joined(p, &middle, level, depth + 1) && self.joined(&middle, q, level, depth + 1)
    }

    /// Minima and sets of minima among smooth minima and the places where runs stay. Adds to the critical points what Newton's
    /// method did not see, and takes away those that belong to a set.
    fn attractors(
        mut self,
        critical: &mut Vec<Point>,
        settled: &[&Vec<f64>],
    ) -> Result<(Vec<Attractor>, Vec<String>), MapError> {
        let is_minimum = |p: &&Point| p.kind == CriticalKind::Minimum;
        let smooth: Vec<Vec<f64>> = critical.iter().filter(is_minimum).map(|p| p.at.clone()).collect();
        // Smooth minima stay as they are; the rest is thinned to what a figure could tell apart.
        let mut lowest: Vec<(Vec<f64>, f64)> =
            smooth.iter().map(|at| (at.clone(), self.oracle.value(at))).collect();
        let n = lowest.first().map_or_else(|| settled.first().map_or(0, |s| s.len()), |l| l.0.len());
        if n <= MOST_VARIABLES {
            let near = 1e-3 * self.size;
            for end in settled {
                if lowest.iter().any(|known| distance(&known.0, end) < near) {
                    continue;
                }
                let found = self.down(end, near);
                let new = lowest.iter().all(|known| distance(&known.0, &found.0) > self.size / 60.0);
                let same = |known: &(Vec<f64>, f64)| distance(&known.0, &found.0) <= 1e-6 * self.size;
                let moved = distance(end, &found.0) > 0.1 * self.size;
                if !moved
                    && !lowest.iter().any(same)
                    && (new || !self.near_one(&lowest, &found))
                    && self.is_lowest(&found.0)
                {
                    lowest.push(found);
                }
            }
        }
        if lowest.len() > 2 * SIDE * SIDE {
            lowest.truncate(2 * SIDE * SIDE);
        }
        let mut attractors = self.groups(lowest);
        attractors.sort_by(|a, b| by_coordinates(&a.samples[0], &b.samples[0]));
        if attractors.len() > MOST {
            return Err(MapError::Minima { found: attractors.len(), most: MOST });
        }
        Ok(self.tidy(critical, attractors, &smooth))
    }

    /// Whether a point is a neighbour on a set that is known already: as low as a known point that is not far.
    fn near_one(&self, lowest: &[(Vec<f64>, f64)], found: &(Vec<f64>, f64)) -> bool {
        lowest.iter().any(|known| {
            distance(&known.0, &found.0) <= self.size / 60.0 && (known.1 - found.1).abs() <= self.equal
        })
    }

    /// Groups of points that are joined, along the edges of a minimal spanning tree (Prim).
    fn groups(&mut self, lowest: Vec<(Vec<f64>, f64)>) -> Vec<Attractor> {
        let count = lowest.len();
        let (mut group, mut gaps): (Vec<usize>, Vec<f64>) = ((0..count).collect(), vec![0.0; count]);
        let mut link: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); count];
        let mut free: Vec<usize> = (1..count).collect();
        let mut last = 0;
        while !free.is_empty() {
            for &i in &free {
                let apart = distance(&lowest[last].0, &lowest[i].0);
                if apart < link[i].0 {
                    link[i] = (apart, last);
                }
            }
            let nearest = (0..free.len()).min_by(|&a, &b| link[free[a]].0.total_cmp(&link[free[b]].0));
            let Some(nearest) = nearest else { break };
            last = free.swap_remove(nearest);
            let (apart, to) = link[last];
            let level = lowest[to].1;
            if (lowest[last].1 - level).abs() <= self.equal
                && self.joined(&lowest[last].0.clone(), &lowest[to].0.clone(), level, 0)
            {
                let (a, b) = (group[last], group[to]);
                let gap = max(max(gaps[a], gaps[b]), apart);
                group.iter_mut().filter(|g| **g == a).for_each(|g| *g = b);
                gaps[b] = gap;
            }
        }
        let mut made: Vec<Attractor> = Vec::new();
        for wanted in 0..count {
            let mut samples: Vec<Vec<f64>> =
                (0..count).filter(|i| group[*i] == wanted).map(|i| lowest[i].0.clone()).collect();
            if !samples.is_empty() {
                samples.sort_by(|a, b| by_coordinates(a, b));
                made.push(Attractor { samples, value: lowest[wanted].1, gap: gaps[wanted] });
            }
        }
        made
    }

    /// Critical points and words that fit the attractors.
    fn tidy(
        &mut self,
        critical: &mut Vec<Point>,
        attractors: Vec<Attractor>,
        smooth: &[Vec<f64>],
    ) -> (Vec<Attractor>, Vec<String>) {
        let mut notes = Vec::new();
        for set in attractors.iter().filter(|a| a.is_set()) {
            let count = set.samples.len();
            notes.push(format!(
                "a connected set of minima with J = {}, seen at {count} points",
                set.value + 0.0
            ));
            critical.retain(|p| {
                let apart = set.samples.iter().map(|s| distance(s, &p.at)).fold(f64::INFINITY, min);
                let level = (self.oracle.value(&p.at) - set.value).abs() <= self.equal;
                !(level && apart <= max(2.0 * set.gap, self.size / 30.0))
            });
        }
        let degenerate = |p: &Point| p.kind == CriticalKind::Degenerate;
        let count = critical.iter().filter(|p| degenerate(p)).count();
        if count > MOST_DEGENERATE {
            notes.push(format!(
                "{count} critical points with a singular Hessian were met; they are not listed"
            ));
            critical.retain(|p| !degenerate(p));
        }
        for lone in attractors.iter().filter(|a| !a.is_set()) {
            let at = &lone.samples[0];
            if smooth.contains(at) {
                continue;
            }
            critical.retain(|p| {
                let apart = distance(&p.at, at);
                // A flat piece too small to be seen as a set: its other points are no further ones.
                let flat = degenerate(p) && (self.oracle.value(&p.at) - lone.value).abs() <= self.equal;
                apart > 1e-4 * self.size && !(flat && apart <= self.size / 60.0)
            });
            critical.push(Point { at: at.clone(), kind: CriticalKind::Minimum });
        }
        (attractors, notes)
    }
}
