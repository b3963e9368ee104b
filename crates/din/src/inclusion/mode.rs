//! Modes: on which side of each surface a trajectory is, and which surfaces hold it.

use dinlab_numeric::{axpy, dot};
use dinlab_record::Side;

use super::{dense::orthogonal, pieces::Pieces};

/// A wall of the set of selections on a slide. Its height above the selection is positive inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wall {
    /// Sliding kink number `index` at its side −1 (`upper` false) or +1, where the kinks act independently of each
    /// other; `orientation` is the sign of the kink's strength.
    Side { index: usize, upper: bool, orientation: f64 },
    /// The hyperplane through these cells; `inside` is a cell off it.
    Plane { on: Vec<usize>, inside: usize },
}

/// Surfaces that hold the trajectory, and the selections among which v moves.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Slide {
    /// The surfaces.
    pub kinks: Vec<usize>,
    /// Those of them whose normals are linearly independent; they span the same space.
    pub independent: Vec<usize>,
    /// Signs of the pieces that meet; the selections are the convex hull of their gradients. For walls of kind
    /// `Side` the first has all sliding signs −1 and number 1 + i has sign +1 at kink i alone.
    pub cells: Vec<Vec<i8>>,
    /// Walls of that hull.
    pub walls: Vec<Wall>,
}

/// Which field is in force.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mode {
    /// ±1 for every surface; on a slide those of its first cell.
    pub signs: Vec<i8>,
    /// Surfaces on which the trajectory lies although they do not hold it and make no difference there; their sign
    /// is set once they are left.
    pub touching: Vec<usize>,
    /// What holds it.
    pub slide: Slide,
}

impl Mode {
    pub(super) fn free(signs: Vec<i8>) -> Self {
        Self { signs, touching: Vec::new(), slide: Slide::default() }
    }

    pub(super) fn is_sliding(&self, kink: usize) -> bool {
        self.slide.kinks.contains(&kink)
    }

    pub(super) fn sides(&self) -> Vec<Side> {
        (0..self.signs.len())
            .map(|k| match self.signs[k] {
                _ if self.is_sliding(k) => Side::Slide,
                _ if self.touching.contains(&k) => Side::Touch,
                1.. => Side::Plus,
                _ => Side::Minus,
            })
            .collect()
    }
}

/// Heights of the walls above the selection v = v₀ + Σ μᵢnᵢ, where v₀ is the gradient of the first cell; `normals`
/// are the independent ones, row by row. In units of v.
pub(super) fn heights(
    slide: &Slide,
    pieces: &mut Pieces<'_>,
    theta: &[f64],
    v: &[f64],
    mu: &[f64],
    normals: &[f64],
) -> Vec<f64> {
    let n = theta.len();
    let gradients: Vec<Vec<f64>> = slide
        .cells
        .iter()
        .map(|signs| {
            let mut gradient = vec![0.0; n];
            pieces.gradient(theta, signs, &mut gradient);
            gradient
        })
        .collect();
    let unit: Vec<Vec<f64>> = normals
        .chunks(n)
        .map(|row| {
            let size = dinlab_numeric::norm(row);
            row.iter().map(|x| x / size).collect()
        })
        .collect();
    slide.walls.iter().map(|wall| height(wall, &gradients, v, mu, normals, &unit)).collect()
}

fn height(
    wall: &Wall,
    gradients: &[Vec<f64>],
    v: &[f64],
    mu: &[f64],
    normals: &[f64],
    unit: &[Vec<f64>],
) -> f64 {
    match wall {
        Wall::Side { index, upper, orientation } => {
            let n = v.len();
            let normal = &normals[index * n..(index + 1) * n];
            let size = dinlab_numeric::norm(normal);
            let mut jump = gradients[1 + index].clone();
            axpy(-1.0, &gradients[0], &mut jump);
            let strength = dot(&jump, normal) / size;
            let share = mu[*index] * size;
            orientation * if *upper { strength - share } else { share }
        }
        Wall::Plane { on, inside } => {
            let r = unit.len();
            let coordinates = |x: &[f64], origin: &[f64]| -> Vec<f64> {
                unit.iter().map(|q| dot(q, x) - dot(q, origin)).collect()
            };
            let origin = &gradients[on[0]];
            let rows: Vec<Vec<f64>> = on[1..].iter().map(|&i| coordinates(&gradients[i], origin)).collect();
            let Some(normal) = orthogonal(&rows, r) else { return f64::NAN };
            let side = dot(&normal, &coordinates(&gradients[*inside], origin));
            side.signum() * dot(&normal, &coordinates(v, origin))
        }
    }
}
