//! All cells of a piecewise quadratic sum on the line or in the plane, bounded or not.
//!
//! Points are written (x, y, w) with w ≥ 0, the point x/w of the plane, or the direction x at infinity for w = 0. A convex
//! cell inside one quadrant is then a pointed cone given by its extreme rays in order, and an affine function a·x + b cuts it
//! by its sign a·x + bw on the rays. So unbounded cells need no box. The axes cut cells in two, which does no harm: every
//! part carries the signs of its cell.

use dinlab_numeric::{norm, norm_inf};

use super::{
    pieces::{kink_function, Signs, DIMENSION_LIMIT},
    problem::SubdifferentialProblem as Problem,
};
use crate::{
    scalar::dual::Dual,
    tape::{Scratch, Tape},
};

/// (x, y, w).
pub(super) type Ray = [f64; 3];

/// Parts of cells, at most.
const CELLS_LIMIT: usize = 20_000;
/// A ray is on a line if it is nearer to it than this (unit rays, unit normals).
const ON_LINE: f64 = 1e-12;
/// Relative deviation from an affine function that is rounding.
const ROUNDING: f64 = 1e-9;

/// The part of a cell in one quadrant.
pub(super) struct Cell {
    /// Extreme rays in order around the cell; two on the line.
    pub rays: Vec<Ray>,
    pub signs: Signs,
    /// J on the cell up to a constant.
    pub quadratic: Quadratic,
}

/// ∇q(x) = Hx + b; entries beyond the dimension are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quadratic {
    pub h: [[f64; 2]; 2],
    pub b: [f64; 2],
}

impl Quadratic {
    pub fn gradient(&self, x: &[f64]) -> [f64; 2] {
        let mut g = self.b;
        for (i, row) in self.h.iter().enumerate() {
            g[i] += row.iter().zip(x).map(|(h, x)| h * x).sum::<f64>();
        }
        g
    }
}

/// Arbitrary points at which pieces are identified and their form is verified.
fn probes(n: usize) -> Vec<Vec<f64>> {
    let points = [[0.37, -0.81], [-1.43, 0.59], [2.71, 1.93], [-0.67, -3.11]];
    points.iter().map(|p| p[..n].to_vec()).collect()
}

pub(super) fn enumerate(terms: &[&Tape], n: usize) -> Result<Vec<Cell>, Problem> {
    let mut cutter = Cutter { terms, n, signs: Vec::new(), found: Vec::new() };
    cutter.signs = terms.iter().map(|t| vec![0; t.kinks().len()]).collect();
    let sides = [1.0, -1.0];
    for x in sides {
        if n == 1 {
            cutter.visit(0, 0, vec![[x, 0.0, 0.0], [0.0, 0.0, 1.0]])?;
            continue;
        }
        for y in sides {
            cutter.visit(0, 0, vec![[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])?;
        }
    }
    Ok(cutter.found)
}

struct Cutter<'a> {
    terms: &'a [&'a Tape],
    n: usize,
    signs: Signs,
    found: Vec<Cell>,
}

impl Cutter<'_> {
    fn visit(&mut self, term: usize, kink: usize, rays: Vec<Ray>) -> Result<(), Problem> {
        let Some(tape) = self.terms.get(term) else {
            if self.found.len() == CELLS_LIMIT {
                return Err(Problem::TooManyPieces { limit: CELLS_LIMIT });
            }
            let quadratic = self.quadratic()?;
            self.found.push(Cell { rays, signs: self.signs.clone(), quadratic });
            return Ok(());
        };
        if kink == tape.kinks().len() {
            return self.visit(term + 1, 0, rays);
        }
        let line = self.line(term, kink)?;
        for sign in [1.0, -1.0] {
            let directed = line.map(|a| sign * a);
            // A function that is constant 0 takes either branch; one is enough.
            let part =
                if line == [0.0; 3] { (sign > 0.0).then(|| rays.clone()) } else { clip(&rays, directed) };
            if let Some(part) = part {
                self.signs[term][kink] = sign as i8;
                self.visit(term, kink + 1, part)?;
            }
        }
        self.signs[term][kink] = 0;
        Ok(())
    }

    /// The function of a kink on the present piece as (a, b), scaled to largest entry 1.
    fn line(&self, term: usize, kink: usize) -> Result<Ray, Problem> {
        let probes = probes(self.n);
        let g = kink_function(self.terms[term], kink, &self.signs[term], &probes[0]);
        let value_at = |p: &[f64]| kink_function(self.terms[term], kink, &self.signs[term], p).value;
        let along = |p: &[f64]| g.normal.iter().zip(p).map(|(a, x)| a * x).sum::<f64>();
        let offset = g.value - along(&probes[0]);
        if !(offset.is_finite() && norm(&g.normal).is_finite()) {
            return Err(Problem::NonFinite { term: term + 1, point: probes[0].clone() });
        }
        for p in &probes[1..] {
            let (found, expected) = (value_at(p), along(p) + offset);
            let scale = norm_inf(&g.normal) * norm_inf(p) + offset.abs() + found.abs();
            if !agree(found, expected, scale) {
                let what = "a kink's argument is not affine on a piece";
                return Err(Problem::NotPiecewiseQuadratic { term: term + 1, what });
            }
        }
        let mut line = [0.0; 3];
        line[..self.n].copy_from_slice(&g.normal);
        line[2] = offset;
        let size = norm_inf(&line);
        // Rounding of a function that cancels to 0 must not become a line.
        let noise = 1e-13 * (1.0 + norm_inf(&probes[0])) * (1.0 + g.value.abs());
        Ok(if size <= noise { [0.0; 3] } else { line.map(|a| a / size) })
    }

    /// J on the present piece, as the sum of the terms' pieces.
    fn quadratic(&self) -> Result<Quadratic, Problem> {
        let mut total = Quadratic { h: [[0.0; 2]; 2], b: [0.0; 2] };
        for (i, (tape, signs)) in self.terms.iter().zip(&self.signs).enumerate() {
            let q = piece(tape, signs, i)?;
            for r in 0..2 {
                total.b[r] += q.b[r];
                for c in 0..2 {
                    total.h[r][c] += q.h[r][c];
                }
            }
        }
        Ok(total)
    }
}

/// Whether two numbers agree up to rounding at this scale; NaN agrees with nothing.
fn agree(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= ROUNDING * scale
}

/// One term on the piece named by `signs`, verified to be quadratic.
fn piece(tape: &Tape, signs: &[i8], term: usize) -> Result<Quadratic, Problem> {
    type D = Dual<f64, DIMENSION_LIMIT>;
    let n = tape.dimension();
    let probes = probes(n);
    let lifted: Vec<D> = probes[0]
        .iter()
        .enumerate()
        .map(|(i, &re)| Dual { re, eps: std::array::from_fn(|k| f64::from(u8::from(k == i))) })
        .collect();
    let mut out = vec![D::lift(0.0); n];
    tape.gradient_on_piece(&lifted, signs, &mut Scratch::new(), &mut out);
    let mut q = Quadratic { h: [[0.0; 2]; 2], b: [0.0; 2] };
    for (i, g) in out.iter().enumerate() {
        q.h[i][..n].copy_from_slice(&g.eps[..n]);
        q.b[i] = g.re - (0..n).map(|k| g.eps[k] * probes[0][k]).sum::<f64>();
    }
    if !q.b.iter().chain(q.h.iter().flatten()).all(|v| v.is_finite()) {
        return Err(Problem::NonFinite { term: term + 1, point: probes[0].clone() });
    }
    let mut scratch = Scratch::new();
    let mut found = vec![0.0; n];
    let scale_h = norm_inf(&[norm_inf(&q.h[0]), norm_inf(&q.h[1])]);
    for p in &probes[1..] {
        tape.gradient_on_piece(p, signs, &mut scratch, &mut found);
        let expected = q.gradient(p);
        for i in 0..n {
            let scale = scale_h * norm_inf(p) + norm_inf(&q.b) + found[i].abs();
            if !agree(found[i], expected[i], scale) {
                let what = "a piece has no constant Hessian";
                return Err(Problem::NotPiecewiseQuadratic { term: term + 1, what });
            }
        }
    }
    Ok(q)
}

/// The part of the cell where the function is positive, if it has interior points.
fn clip(rays: &[Ray], line: Ray) -> Option<Vec<Ray>> {
    let size = norm(&line);
    let values: Vec<f64> = rays
        .iter()
        .map(|r| r.iter().zip(&line).map(|(a, b)| a * b).sum::<f64>() / size)
        .map(|v| if v.abs() <= ON_LINE { 0.0 } else { v })
        .collect();
    if values.iter().all(|v| *v <= 0.0) {
        return None;
    }
    if values.iter().all(|v| *v >= 0.0) {
        return Some(rays.to_vec());
    }
    let m = rays.len();
    let mut part: Vec<Ray> = Vec::with_capacity(m + 1);
    for i in 0..m {
        let next = (i + 1) % m;
        if values[i] >= 0.0 {
            part.push(rays[i]);
        }
        // Two rays bound an interval: there is one edge, not two.
        if values[i] * values[next] < 0.0 && (m > 2 || i == 0) {
            let (p, q) = (values[i].abs(), values[next].abs());
            let cut: Ray = std::array::from_fn(|k| q * rays[i][k] + p * rays[next][k]);
            let length = norm(&cut);
            part.push(cut.map(|c| c / length));
        }
    }
    Some(part)
}
