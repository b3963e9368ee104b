//! Which motions leave a state on kink surfaces.
//!
//! Let φ(d) = max over the pieces met in direction d of ⟨v, d⟩ where J is convex there, and in general the directional
//! derivative of J. Motions that leave θ solve d ∈ c − b·∂φ(d) (d = θ′, c = u, b = β, or for β = 0 the same one order
//! higher; module `field`). d lies in the relative interior of one cone of the fan of pieces: of a piece (*free*: v is
//! its gradient and d must point into it), or of an intersection of surfaces (*slide*: v is the convex combination of
//! the gradients that meet there with d tangent to all surfaces of the intersection, and d must point to the right
//! side of the others). All cones are tried. For convex J the solution is unique, d is the least-norm element of
//! c − b·∂J(θ) and the right derivative of the solution (Brézis, Opérateurs maximaux monotones, 1973); for one surface
//! this is: cross if both one-sided normal velocities agree in sign, slide if they point at each other, three solutions
//! if they point away from each other.
//!
//! A candidate is *strict* if nothing about it is on the edge: every normal velocity that should not vanish does not,
//! and v is in the relative interior of the convex hull.

use dinlab_numeric::{axpy, dot};

use super::{
    dense::{independent, orthogonal, solve},
    mode::{heights, Mode, Slide, Wall},
    pieces::Pieces,
    site::{Cell, Site},
};

/// One motion.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub mode: Mode,
    pub v: Vec<f64>,
    pub d: Vec<f64>,
    pub strict: bool,
}

/// Most surfaces whose cones (3 to that power) are all tried.
pub(super) const MOST_TRIED: usize = 6;
/// Most hyperplanes tried for the walls of one hull.
const MOST_PLANES: usize = 20_000;

/// All motions that leave the site, strict ones first; `theta` is the point.
pub(super) fn candidates(site: &Site, pieces: &mut Pieces<'_>, theta: &[f64]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let k = site.open.len();
    let mut faces = 1_usize;
    (0..k).for_each(|_| faces *= 3);
    for number in 0..faces {
        // Base 3 digits: 0 on the surface, 1 at its positive side, 2 at its negative side.
        let digits: Vec<usize> = (0..k).scan(number, |n, _| Some(std::mem::replace(n, *n / 3) % 3)).collect();
        let candidate =
            if digits.contains(&0) { slide(site, pieces, theta, &digits) } else { free(site, &digits) };
        let Some(candidate) = candidate else { continue };
        let close = |a: &[f64], b: &[f64], size: f64| dinlab_numeric::distance(a, b) <= size;
        let known = found.iter_mut().find(|other| {
            close(&other.v, &candidate.v, 100.0 * site.small())
                && other.mode.slide.kinks == candidate.mode.slide.kinks
        });
        match known {
            Some(other) if candidate.strict && !other.strict => *other = candidate,
            Some(_) => {}
            None => found.push(candidate),
        }
    }
    found.sort_by_key(|candidate| !candidate.strict);
    found
}

/// Cells with the given sides; digit 0 allows both.
fn matching<'a>(site: &'a Site, digits: &[usize]) -> Vec<&'a Cell> {
    let fits = |cell: &&Cell| {
        site.open.iter().zip(digits).all(|(&i, digit)| match digit {
            0 => true,
            1 => cell.signs[site.active[i]] > 0,
            _ => cell.signs[site.active[i]] < 0,
        })
    };
    site.cells.iter().filter(fits).collect()
}

/// Compares the motion with the sides it should go to: `None` if it goes elsewhere, else the surfaces that it does
/// not leave to first order although it should. Such a surface is no obstacle where its two sides have the same
/// gradient (`weak`).
fn destination(site: &Site, cell: &Cell, d: &[f64], digits: &[usize]) -> Option<Vec<usize>> {
    let mut ties = Vec::new();
    for (&i, &digit) in site.open.iter().zip(digits) {
        if digit == 0 {
            continue;
        }
        let (rate, zero) = site.rate(cell, i, d);
        let sign = if digit == 1 { 1.0 } else { -1.0 };
        if rate.abs() <= zero {
            ties.push(i);
        } else if sign * rate < 0.0 || rate.is_nan() {
            return None;
        }
    }
    Some(ties)
}

/// Whether all cells that differ from this one only in `ties` have the same gradient.
fn weak(site: &Site, cell: &Cell, ties: &[usize]) -> bool {
    site.cells
        .iter()
        .filter(|other| {
            site.open.iter().all(|&i| {
                let kink = site.active[i];
                ties.contains(&i) || other.signs[kink] == cell.signs[kink]
            })
        })
        .all(|other| dinlab_numeric::distance(&other.v, &cell.v) <= site.small())
}

fn free(site: &Site, digits: &[usize]) -> Option<Candidate> {
    let cell = *matching(site, digits).first()?;
    let d = site.motion(&cell.v);
    let ties = destination(site, cell, &d, digits)?;
    let strict = weak(site, cell, &ties);
    let mut mode = Mode::free(cell.signs.clone());
    mode.touching = ties.iter().map(|&i| site.active[i]).collect();
    Some(Candidate { mode, v: cell.v.clone(), d, strict })
}

fn slide(site: &Site, pieces: &mut Pieces<'_>, theta: &[f64], digits: &[usize]) -> Option<Candidate> {
    let cells = matching(site, digits);
    let held: Vec<usize> =
        site.open.iter().zip(digits).filter(|(_, &digit)| digit == 0).map(|(&i, _)| i).collect();
    let both_sides = |i: usize| {
        let sign = |cell: &&Cell| cell.signs[site.active[i]];
        cells.iter().any(|c| sign(c) > 0) && cells.iter().any(|c| sign(c) < 0)
    };
    if cells.is_empty() || !held.iter().all(|&i| both_sides(i)) {
        return None;
    }
    let base = cells[0];
    let rows: Vec<&[f64]> = held.iter().map(|&i| base.normals[i].as_slice()).collect();
    let chosen: Vec<usize> = independent(&rows, 1e-9).into_iter().map(|row| held[row]).collect();
    let mu = multipliers(site, base, &chosen)?;
    let mut v = base.v.clone();
    for (&i, &m) in chosen.iter().zip(&mu) {
        axpy(m, &base.normals[i], &mut v);
    }
    let d = site.motion(&v);
    let ties = destination(site, base, &d, digits)?;
    let normals: Vec<f64> = chosen.iter().flat_map(|&i| base.normals[i].iter().copied()).collect();
    let walls = walls(&cells, &chosen, base, site.small())?;
    let slide = Slide {
        kinks: held.iter().map(|&i| site.active[i]).collect(),
        independent: chosen.iter().map(|&i| site.active[i]).collect(),
        cells: cells.iter().map(|cell| cell.signs.clone()).collect(),
        walls,
    };
    let heights = heights(&slide, pieces, theta, &v, &mu, &normals);
    let lowest = dinlab_numeric::minimum(&heights);
    let inside = lowest >= -site.small();
    if !inside {
        return None;
    }
    let strict = lowest > site.small() && cells.iter().all(|cell| weak(site, cell, &ties));
    let touching = ties.iter().map(|&i| site.active[i]).collect();
    Some(Candidate { mode: Mode { signs: base.signs.clone(), touching, slide }, v, d, strict })
}

/// μ of v = v₀ + Σ μⱼnⱼ such that the motion is tangent to the chosen surfaces.
fn multipliers(site: &Site, base: &Cell, chosen: &[usize]) -> Option<Vec<f64>> {
    let d = site.motion(&base.v);
    let mut mu: Vec<f64> = chosen.iter().map(|&i| site.rate(base, i, &d).0 / site.b).collect();
    let normal = |i: usize| &base.normals[i];
    let mut gram: Vec<f64> =
        chosen.iter().flat_map(|&i| chosen.iter().map(move |&j| dot(normal(i), normal(j)))).collect();
    solve(&mut gram, &mut mu).then_some(mu)
}

/// Walls of the convex hull of the cells' gradients as hyperplanes in the coordinates along the chosen normals; `None`
/// if the hull has a lower dimension (then the same motion is found with fewer surfaces).
fn walls(cells: &[&Cell], chosen: &[usize], base: &Cell, small: f64) -> Option<Vec<Wall>> {
    let r = chosen.len();
    let coordinates: Vec<Vec<f64>> = cells
        .iter()
        .map(|cell| {
            let unit = |i: usize| dinlab_numeric::norm(&base.normals[i]);
            chosen
                .iter()
                .map(|&i| (dot(&base.normals[i], &cell.v) - dot(&base.normals[i], &base.v)) / unit(i))
                .collect()
        })
        .collect();
    let mut distinct: Vec<usize> = Vec::new();
    for i in 0..cells.len() {
        if distinct.iter().all(|&j| dinlab_numeric::distance(&coordinates[i], &coordinates[j]) > small) {
            distinct.push(i);
        }
    }
    let mut walls: Vec<(Wall, Vec<usize>)> = Vec::new();
    let mut subset: Vec<usize> = (0..r).collect();
    for _ in 0..MOST_PLANES {
        if distinct.len() <= r {
            return None;
        }
        let on: Vec<usize> = subset.iter().map(|&i| distinct[i]).collect();
        if let Some((inside, touching)) = wall(&coordinates, &distinct, &on, small) {
            if walls.iter().all(|(_, other)| *other != touching) {
                walls.push((Wall::Plane { on, inside }, touching));
            }
        }
        if !next_subset(&mut subset, distinct.len()) {
            let walls: Vec<Wall> = walls.into_iter().map(|(wall, _)| wall).collect();
            return (walls.len() > r).then_some(walls);
        }
    }
    None
}

/// A point off the hyperplane through the points `on`, and all points on it, if the others lie on one side.
fn wall(points: &[Vec<f64>], distinct: &[usize], on: &[usize], small: f64) -> Option<(usize, Vec<usize>)> {
    let origin = &points[on[0]];
    let minus = |a: &[f64]| -> Vec<f64> { a.iter().zip(origin).map(|(a, o)| a - o).collect() };
    let rows: Vec<Vec<f64>> = on[1..].iter().map(|&i| minus(&points[i])).collect();
    let normal = orthogonal(&rows, origin.len())?;
    let (mut inside, mut farthest, mut touching) = (None, 0.0, Vec::new());
    let (mut above, mut below) = (false, false);
    for &i in distinct {
        let height = dot(&normal, &minus(&points[i]));
        above |= height > small;
        below |= height < -small;
        if height.abs() <= small {
            touching.push(i);
        } else if height.abs() > farthest {
            (inside, farthest) = (Some(i), height.abs());
        }
    }
    if above && below {
        return None;
    }
    Some((inside?, touching))
}

/// The next subset of 0..n of this size in lexicographic order.
fn next_subset(subset: &mut [usize], n: usize) -> bool {
    let r = subset.len();
    let Some(i) = (0..r).rev().find(|&i| subset[i] < n - r + i) else { return false };
    subset[i] += 1;
    for j in i + 1..r {
        subset[j] = subset[j - 1] + 1;
    }
    true
}
