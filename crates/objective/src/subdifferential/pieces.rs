//! The smooth pieces of a sum that meet at a point: sign patterns of the kinks whose cells touch it.
//!
//! The kinks of all terms are visited in the order of their tapes; the function of a kink depends on the signs of those
//! before it only. Beyond the point a sign pattern holds on {d : sⱼ⟨aⱼ, d⟩ > 0 for all active j} up to curvature, aⱼ the
//! normals at the point; the cone is not empty exactly if 0 is not in the convex hull of the sⱼaⱼ (Gordan). Patterns with
//! an empty cone are cut off as soon as it is empty.

use dinlab_numeric::{dot, nearest_in_hull, norm};

use super::problem::SubdifferentialProblem as Problem;
use crate::tape::{Scratch, Tape};

/// Largest dimension.
pub const DIMENSION_LIMIT: usize = 3;
/// Most pieces that may meet at one point.
const PIECES_LIMIT: usize = 20_000;
/// A cone is empty if the hull of its unit normals comes nearer to 0 than this: its opening angle is then below it.
const EMPTY: f64 = 1e-9;

/// One sign per kink, for each term.
pub(super) type Signs = Vec<Vec<i8>>;

/// g, ∇g of one kink on a piece.
pub(super) struct KinkFunction {
    pub value: f64,
    pub normal: Vec<f64>,
}

/// The function of kink `kink` at `x` on the piece of `tape` named by the signs of the kinks before it.
pub(super) fn kink_function(tape: &Tape, kink: usize, signs: &[i8], x: &[f64]) -> KinkFunction {
    let (mut values, mut normal) = (vec![0.0; tape.kinks().len()], vec![0.0; x.len()]);
    tape.kinks_on_piece(x, signs, &[kink], &mut Scratch::new(), &mut values, &mut normal);
    KinkFunction { value: values[kink], normal }
}

/// A constraint ⟨normal, d⟩ > 0 with a unit normal, and the kink that makes it.
#[derive(Clone)]
struct Row {
    normal: Vec<f64>,
    term: usize,
    kink: usize,
    affine: bool,
}

/// The patterns of `terms` whose cells touch `x`. A kink counts as touched if `x` is nearer to it than
/// `tolerance`·(1 + ‖x‖), measured by its linearisation.
pub(super) fn touching(terms: &[&Tape], x: &[f64], tolerance: f64) -> Result<Vec<Signs>, Problem> {
    let mut walk = Walk {
        terms,
        x,
        reach: tolerance * (1.0 + norm(x)),
        signs: terms.iter().map(|t| vec![0; t.kinks().len()]).collect(),
        rows: Vec::new(),
        found: Vec::new(),
    };
    walk.visit(0, 0)?;
    Ok(walk.found)
}

struct Walk<'a> {
    terms: &'a [&'a Tape],
    x: &'a [f64],
    reach: f64,
    signs: Signs,
    rows: Vec<Row>,
    found: Vec<Signs>,
}

impl Walk<'_> {
    fn visit(&mut self, term: usize, kink: usize) -> Result<(), Problem> {
        let Some(tape) = self.terms.get(term) else {
            if self.found.len() == PIECES_LIMIT {
                return Err(Problem::TooManyPieces { limit: PIECES_LIMIT });
            }
            self.found.push(self.signs.clone());
            return Ok(());
        };
        if kink == tape.kinks().len() {
            return self.visit(term + 1, 0);
        }
        let g = kink_function(tape, kink, &self.signs[term], self.x);
        let size = norm(&g.normal);
        if !(g.value.is_finite() && size.is_finite()) {
            return Err(Problem::NonFinite { term: term + 1, point: self.x.to_vec() });
        }
        let active = g.value.abs() <= self.reach * size || g.value.abs() <= self.reach * self.reach;
        let forced = match active {
            false => Some(if g.value > 0.0 { 1 } else { -1 }),
            // A stationary argument: both branches have the same gradient here.
            true if size <= self.reach => Some(1),
            true => self.known_side(term, kink, &g.normal, size),
        };
        if let Some(sign) = forced {
            return self.take(term, kink, sign);
        }
        for sign in [1, -1] {
            let normal = g.normal.iter().map(|a| f64::from(sign) * a / size).collect();
            let affine = self.is_affine(term, kink, &g);
            self.rows.push(Row { normal, term, kink, affine });
            if self.open()? {
                self.take(term, kink, sign)?;
            }
            self.rows.pop();
        }
        Ok(())
    }

    fn take(&mut self, term: usize, kink: usize, sign: i8) -> Result<(), Problem> {
        self.signs[term][kink] = sign;
        self.visit(term, kink + 1)?;
        self.signs[term][kink] = 0;
        Ok(())
    }

    /// Points at about `distance`·(1 + ‖x‖) from x for telling functions apart; the directions are arbitrary.
    fn probes(&self, distance: f64) -> Vec<Vec<f64>> {
        let scale = distance * (1.0 + norm(self.x));
        let offsets = [[0.61, -0.37, 0.23], [-0.29, -0.53, 0.71], [0.17, 0.83, -0.59], [-0.71, 0.13, 0.41]];
        let shifted = |o: [f64; 3]| self.x.iter().zip(o).map(|(x, o)| x + scale * o).collect();
        offsets.into_iter().map(shifted).collect()
    }

    fn is_affine(&self, term: usize, kink: usize, g: &KinkFunction) -> bool {
        self.probes(1.0).iter().all(|p| {
            let there = kink_function(self.terms[term], kink, &self.signs[term], p);
            let change: Vec<f64> = there.normal.iter().zip(&g.normal).map(|(a, b)| a - b).collect();
            norm(&change) <= 1e-12 * norm(&g.normal)
        })
    }

    /// The side of a kink whose surface is, near x, that of a kink already decided: it vanishes where that one does.
    fn known_side(&self, term: usize, kink: usize, normal: &[f64], size: f64) -> Option<i8> {
        /// How far away surfaces are compared; different ones with a common tangent are then 10⁻⁴ apart or more.
        const NEAR: f64 = 0.05;
        let parallel = |row: &&Row| 1.0 - dot(&row.normal, normal).abs() / size <= 1e-12;
        let same = |row: &&Row| {
            self.probes(NEAR).into_iter().all(|mut p| {
                for _ in 0..20 {
                    let g = kink_function(self.terms[row.term], row.kink, &self.signs[row.term], &p);
                    let slope = dot(&g.normal, &g.normal);
                    dinlab_numeric::axpy(-g.value / slope, &g.normal, &mut p);
                }
                let there = kink_function(self.terms[term], kink, &self.signs[term], &p);
                there.value.abs() <= (1e-9 + self.reach) * size
            })
        };
        let row = self.rows.iter().filter(parallel).find(same)?;
        Some(if dot(&row.normal, normal) > 0.0 { 1 } else { -1 })
    }

    /// Whether the cone of the rows has interior points.
    fn open(&self) -> Result<bool, Problem> {
        let normals: Vec<Vec<f64>> = self.rows.iter().map(|r| r.normal.clone()).collect();
        let gap = nearest_in_hull(&normals, &vec![0.0; self.x.len()]).map_or(f64::NAN, |n| n.distance);
        if gap > EMPTY {
            return Ok(true);
        }
        // Where the closed cone is {0}, no curvature opens it; where surfaces are tangent, curvature decides.
        if self.rows.iter().all(|r| r.affine) || positively_spanning(&normals) {
            return Ok(false);
        }
        Err(Problem::Tangent { point: self.x.to_vec() })
    }
}

/// Whether {d : ⟨a, d⟩ ≥ 0 for all a} = {0}, in at most three dimensions: an extreme ray of that cone, or a line in it, is
/// orthogonal to all but one of the dimensions' worth of normals.
fn positively_spanning(normals: &[Vec<f64>]) -> bool {
    let n = normals[0].len();
    let candidates: Vec<Vec<f64>> = match n {
        1 => vec![vec![1.0]],
        2 => normals.iter().map(|a| vec![-a[1], a[0]]).collect(),
        _ => {
            let cross = |a: &[f64], b: &[f64]| {
                vec![a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
            };
            let mut all = Vec::new();
            for (i, a) in normals.iter().enumerate() {
                let units = (0..3).map(|k| (0..3).map(|j| f64::from(u8::from(j == k))).collect::<Vec<f64>>());
                let others = normals[..i].iter().cloned().chain(units);
                all.extend(others.map(|b| cross(a, &b)).filter(|c| norm(c) > EMPTY));
            }
            all
        }
    };
    let inside = |d: &[f64], sign: f64| normals.iter().all(|a| sign * dot(a, d) >= -EMPTY * norm(d));
    !candidates.iter().any(|d| inside(d, 1.0) || inside(d, -1.0))
}
