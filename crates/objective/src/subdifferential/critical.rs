//! All D-critical points and values of a piecewise quadratic sum on the line or in the plane.
//!
//! On the relative interior of every face of the cell complex J is quadratic, and 0 ∈ D_J forces its derivative along the
//! face to vanish (for definable J, d/dt J(c) = ⟨v, ċ⟩ for every v ∈ D_J(c) along curves: JMLR 22(134), 2021, Lemma 5). So the
//! candidates are the critical points of finitely many quadratics. Where such a quadratic is constant along the face, J is
//! constant on the candidates, and one D-critical point among them decides the value: in the interior of a cell all are, on
//! an edge D_J(x) is a segment orthogonal to it whose ends are piecewise linear along the edge. Every candidate is then tested
//! by D_J itself, so that a wrong candidate does no harm.

use std::collections::HashSet;

use dinlab_numeric::{distance, dot, norm, norm_inf};

use super::{
    cells::{enumerate, Cell, Quadratic, Ray},
    edge::{finite, Edge},
    problem::SubdifferentialProblem as Problem,
    Subdifferential, ON_KINK,
};
use crate::{error::ObjectiveError, tape::Tape};

/// A point with 0 ∈ D_J.
#[derive(Debug, Clone, PartialEq)]
pub struct DCriticalPoint {
    /// Position.
    pub point: Vec<f64>,
    /// J there.
    pub value: f64,
    /// Whether it is critical, 0 ∈ ∂J.
    pub critical: bool,
    /// Whether it is alone; otherwise it stands for a continuum of D-critical points on which J is constant.
    pub isolated: bool,
}

/// The D-critical set.
#[derive(Debug, Clone, PartialEq)]
pub struct CriticalSet {
    /// Every isolated point, and at least one of each continuum; in lexicographic order.
    pub points: Vec<DCriticalPoint>,
    /// D-critical values, all of them, ascending, those within 10⁻⁹ taken as one.
    pub values: Vec<f64>,
    /// Values at critical points.
    pub critical_values: Vec<f64>,
    /// Number of cells.
    pub cells: usize,
}

/// Relative distance within which values, points and memberships count as equal: ten times what solving a well-conditioned
/// linear system of two equations in the data's scale may lose, and far below what separates pieces.
pub(super) const EQUAL: f64 = 1e-9;
/// Relative size below which a coefficient is 0.
pub(super) const NOTHING: f64 = 1e-11;
/// Largest dimension.
const PLANE: usize = 2;

/// The D-critical set of the sum of `terms`, in one or two dimensions, everywhere.
pub fn critical_set(terms: &[&Tape]) -> Result<CriticalSet, ObjectiveError> {
    let n = terms.first().ok_or(Problem::NoTerms)?.dimension();
    if n > PLANE {
        return Err(Problem::TooManyDimensions { found: n, limit: PLANE }.into());
    }
    super::check(terms, &vec![0.0; n])?;
    let cells = enumerate(terms, n)?;
    let mut candidates = Vec::new();
    for cell in &cells {
        cell_candidates(cell, n, &mut candidates);
        edge_candidates(terms, cell, n, &mut candidates)?;
    }
    let mut points: Vec<DCriticalPoint> = Vec::new();
    for Candidate { point, isolated } in merged(candidates) {
        let sets = Subdifferential::at(terms, &point, ON_KINK)?;
        if sets.d_critical(EQUAL) {
            let critical = sets.critical(EQUAL);
            points.push(DCriticalPoint { point, value: sets.value, critical, isolated });
        }
    }
    points.sort_by(|a, b| a.point.partial_cmp(&b.point).unwrap_or(std::cmp::Ordering::Equal));
    let values = clustered(points.iter().map(|p| p.value).collect());
    let critical_values = clustered(points.iter().filter(|p| p.critical).map(|p| p.value).collect());
    let patterns: HashSet<_> = cells.iter().map(|cell| &cell.signs).collect();
    Ok(CriticalSet { points, values, critical_values, cells: patterns.len() })
}

struct Candidate {
    point: Vec<f64>,
    isolated: bool,
}

fn merged(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates.into_iter().filter(|c| dinlab_numeric::all_finite(&c.point)) {
        let near = |k: &&mut Candidate| {
            distance(&k.point, &candidate.point) <= EQUAL * (1.0 + norm(&candidate.point))
        };
        match kept.iter_mut().find(near) {
            Some(same) => same.isolated &= candidate.isolated,
            None => kept.push(candidate),
        }
    }
    kept
}

/// Distinct values in ascending order.
fn clustered(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup_by(|later, kept| (*later - *kept).abs() <= EQUAL * (1.0 + kept.abs()));
    values
}

/// A point between rays, far out where they are at infinity.
fn between(rays: &[Ray], n: usize) -> Option<Vec<f64>> {
    let sum: Ray = std::array::from_fn(|k| rays.iter().map(|r| r[k]).sum());
    finite(sum, n)
}

/// Critical points of the quadratic in the interior of a plane cell.
fn cell_candidates(cell: &Cell, n: usize, out: &mut Vec<Candidate>) {
    if n < PLANE {
        return;
    }
    let Quadratic { h, b } = cell.quadratic;
    let scale = norm_inf(&[norm_inf(&h[0]), norm_inf(&h[1])]);
    let determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0];
    if determinant.abs() > NOTHING * scale * scale {
        let x = vec![
            (h[0][1] * b[1] - h[1][1] * b[0]) / determinant,
            (h[1][0] * b[0] - h[0][0] * b[1]) / determinant,
        ];
        out.push(Candidate { point: x, isolated: true });
    } else if scale > 0.0 {
        // Rank one: a line of critical points, if the other equation is a multiple of this one.
        let row = if norm(&h[0]) >= norm(&h[1]) { 0 } else { 1 };
        let other = 1 - row;
        let ratio = dot(&h[other], &h[row]) / dot(&h[row], &h[row]);
        if (b[other] - ratio * b[row]).abs() <= NOTHING * (norm_inf(&b) + scale) {
            let ends = line_ends(&cell.rays, [h[row][0], h[row][1], b[row]]);
            let mut points: Vec<_> = ends.iter().filter_map(|r| finite(*r, n)).collect();
            points.extend(if ends.is_empty() { None } else { between(&ends, n) });
            out.extend(points.into_iter().map(|point| Candidate { point, isolated: false }));
        }
    } else if norm_inf(&b) == 0.0 {
        let middle = between(&cell.rays, n);
        let corners = cell.rays.iter().filter_map(|r| finite(*r, n));
        out.extend(corners.chain(middle).map(|point| Candidate { point, isolated: false }));
    }
}

/// Where a line meets the boundary of a cell.
fn line_ends(rays: &[Ray], line: Ray) -> Vec<Ray> {
    let size = norm(&line);
    let values: Vec<f64> = rays.iter().map(|r| dot(r, &line) / size).collect();
    let mut ends: Vec<Ray> = Vec::new();
    for (i, ray) in rays.iter().enumerate() {
        let next = (i + 1) % rays.len();
        if values[i].abs() <= NOTHING {
            ends.push(*ray);
        } else if values[i] * values[next] < 0.0 {
            let (p, q) = (values[i].abs(), values[next].abs());
            ends.push(std::array::from_fn(|k| q * ray[k] + p * rays[next][k]));
        }
    }
    ends
}

/// Vertices, and the critical points of the quadratic along each edge.
fn edge_candidates(
    terms: &[&Tape],
    cell: &Cell,
    n: usize,
    out: &mut Vec<Candidate>,
) -> Result<(), ObjectiveError> {
    let m = cell.rays.len();
    for i in 0..if n < PLANE { 1 } else { m } {
        let Some(edge) = Edge::new(cell.rays[i], cell.rays[(i + 1) % m], n) else { continue };
        out.push(Candidate { point: edge.origin.clone(), isolated: true });
        if edge.length.is_finite() {
            out.push(Candidate { point: edge.at(edge.length), isolated: true });
        }
        let q = &cell.quadratic;
        let slope_at = |t: f64| dot(&q.gradient(&edge.at(t))[..n], &edge.direction);
        let (start, later) = (slope_at(0.0), slope_at(1.0));
        let curvature = later - start;
        let size = norm_inf(&[norm_inf(&q.h[0]), norm_inf(&q.h[1])]);
        let scale = size * (1.0 + norm(&edge.origin)) + norm_inf(&q.b);
        if curvature.abs() > NOTHING * scale {
            let t = -start / curvature;
            if t > -1e-6 * (1.0 + t.abs()) && t < edge.length + 1e-6 * (1.0 + t.abs()) {
                out.push(Candidate { point: edge.at(t), isolated: true });
            }
        } else if start.abs() <= NOTHING * scale {
            let along = edge.d_critical_parameters(terms)?;
            let points = along.into_iter().map(|(t, isolated)| Candidate { point: edge.at(t), isolated });
            out.extend(points);
        }
    }
    Ok(())
}
