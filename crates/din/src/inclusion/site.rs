//! What meets at a point of a kink surface: the smooth pieces around it, all active kinks at once.

use dinlab_numeric::{dot, norm};

use super::{dense, field::split, law::Law, pieces::Pieces};

/// Rates below this fraction of what they are made of count as zero.
pub(super) const ZERO: f64 = 1e-10;
/// Angles below this do not open a cell.
const NARROW: f64 = 1e-9;

/// A smooth piece whose region touches the point with non-empty interior.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Signs at all surfaces.
    pub signs: Vec<i8>,
    /// Gradient of the piece.
    pub v: Vec<f64>,
    /// Normals of the active surfaces as this piece has them, in the order of `active`.
    pub normals: Vec<Vec<f64>>,
    /// uᵀ∇²gᵢu for β = 0, else 0.
    pub curvatures: Vec<f64>,
}

/// The neighbourhood of a state.
pub(super) struct Site {
    pub active: Vec<usize>,
    pub cells: Vec<Cell>,
    /// Positions in `active` of the surfaces at which the side is not decided by a continuous velocity.
    pub open: Vec<usize>,
    /// c of d = c − b·v.
    pub c: Vec<f64>,
    pub b: f64,
    /// Size of c and of all v.
    pub scale: f64,
}

impl Site {
    /// Without pieces.
    pub(super) fn bare(law: Law, n: usize, t: f64, y: &[f64], active: &[usize]) -> Self {
        let (_, u) = split(law, n, y);
        let mut c = vec![0.0; n];
        law.drift(t, u, &mut c);
        let scale = norm(&c);
        Self { active: active.to_vec(), cells: Vec::new(), open: Vec::new(), c, b: law.weight(), scale }
    }

    /// Adds the pieces on both sides of each surface, on the present side of the others.
    pub(super) fn add_sides(
        &mut self,
        law: Law,
        pieces: &mut Pieces<'_>,
        theta: &[f64],
        u: &[f64],
        signs: &[i8],
    ) {
        for kink in self.active.clone() {
            for side in [-1, 1] {
                let mut signs = signs.to_vec();
                signs[kink] = side;
                let cell = cell(law, pieces, theta, u, &self.active, signs);
                self.cells.push(cell);
            }
        }
        self.set_scale();
    }

    /// A piece at the point.
    pub(super) fn piece(
        &self,
        law: Law,
        pieces: &mut Pieces<'_>,
        theta: &[f64],
        u: &[f64],
        signs: Vec<i8>,
    ) -> Cell {
        cell(law, pieces, theta, u, &self.active, signs)
    }

    fn set_scale(&mut self) {
        let gradients = self.cells.iter().map(|cell| norm(&cell.v)).fold(0.0, dinlab_numeric::max);
        self.scale = norm(&self.c) + self.b * gradients;
    }

    /// All pieces around a state at which the surfaces in `active` are met; `signs` holds the sides of the others.
    pub(super) fn new(
        law: Law,
        pieces: &mut Pieces<'_>,
        t: f64,
        y: &[f64],
        active: &[usize],
        signs: &[i8],
    ) -> Self {
        let n = pieces.dimension();
        let (theta, u) = split(law, n, y);
        let mut site = Self::bare(law, n, t, y, active);
        for pattern in 0..1_usize << active.len() {
            let mut signs = signs.to_vec();
            for (i, &kink) in active.iter().enumerate() {
                signs[kink] = if pattern >> i & 1 == 1 { 1 } else { -1 };
            }
            let cell = cell(law, pieces, theta, u, active, signs);
            if opens(&cell, active) {
                site.cells.push(cell);
            }
        }
        if law.continuous_velocity() {
            site.keep_ahead(u);
        }
        site.open = (0..active.len()).filter(|&i| site.undecided(i)).collect();
        site.set_scale();
        site
    }

    /// With a continuous velocity u only the pieces into whose closure u points matter.
    fn keep_ahead(&mut self, u: &[f64]) {
        let active = &self.active;
        self.cells.retain(|cell| {
            (0..active.len()).all(|i| {
                let normal = &cell.normals[i];
                f64::from(cell.signs[active[i]]) * dot(normal, u) >= -ZERO * norm(normal) * norm(u)
            })
        });
    }

    fn undecided(&self, i: usize) -> bool {
        let sign = |cell: &Cell| cell.signs[self.active[i]];
        let Some(first) = self.cells.first() else { return false };
        self.cells.iter().any(|cell| sign(cell) != sign(first))
    }

    /// ⟨nᵢ, d⟩ + curvature in a cell, and what counts as zero for it.
    pub(super) fn rate(&self, cell: &Cell, i: usize, d: &[f64]) -> (f64, f64) {
        let normal = &cell.normals[i];
        let rate = dot(normal, d) + cell.curvatures[i];
        (rate, ZERO * (norm(normal) * self.scale + cell.curvatures[i].abs()))
    }

    /// d for a selection.
    pub(super) fn motion(&self, v: &[f64]) -> Vec<f64> {
        self.c.iter().zip(v).map(|(c, v)| c - self.b * v).collect()
    }

    /// What counts as zero for a difference of gradients.
    pub(super) fn small(&self) -> f64 {
        ZERO * self.scale / self.b
    }
}

fn cell(
    law: Law,
    pieces: &mut Pieces<'_>,
    theta: &[f64],
    u: &[f64],
    active: &[usize],
    signs: Vec<i8>,
) -> Cell {
    let n = theta.len();
    let mut v = vec![0.0; n];
    pieces.gradient(theta, &signs, &mut v);
    let curvatures = if law.continuous_velocity() {
        pieces.along(theta, u, &signs, active);
        pieces.normal_rates.chunks(n).map(|row| dot(row, u)).collect()
    } else {
        pieces.kinks(theta, &signs, active);
        vec![0.0; active.len()]
    };
    let normals = pieces.normals.chunks(n).map(<[f64]>::to_vec).collect();
    Cell { signs, v, normals, curvatures }
}

/// Whether some direction leads into the cell: the cone {d : sᵢ⟨nᵢ, d⟩ > 0} is not empty exactly if the convex hull
/// of the vectors sᵢnᵢ does not contain 0.
fn opens(cell: &Cell, active: &[usize]) -> bool {
    let inward: Vec<Vec<f64>> = cell
        .normals
        .iter()
        .zip(active)
        .map(|(normal, &kink)| {
            let factor = f64::from(cell.signs[kink]) / norm(normal);
            normal.iter().map(|x| factor * x).collect()
        })
        .collect();
    inward.len() < 2 || norm(&dense::least_norm(&inward)) > NARROW
}
