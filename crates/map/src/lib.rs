//! Maps of parameter planes and of planes of starts: simulated cells beside the closed-form boundary, the cells where the
//! two differ, and the boundary located to a stated accuracy.
//!
//! Each kind of map is a file: [`linear`] (stability, rate, oscillation of eigenmodes), [`basins`], [`escape`], [`best`]. They
//! give plain data ([`Map`]); [`draw`] makes figures of them.

pub mod basins;
pub mod best;
pub mod contour;
pub mod critical;
pub mod draw;
pub mod error;
pub mod escape;
mod limits;
pub mod linear;
mod modes;
pub mod plane;
pub mod refine;
pub mod runs;
mod separatrix;

use serde::Serialize;

pub use error::MapError;
pub use plane::{Axis, Plane};

/// A map: what every cell gave, what was predicted, and where classes change.
#[derive(Debug, Clone)]
pub struct Map {
    /// The plane and its cells.
    pub plane: Plane,
    /// Names of the classes, in the order of their numbers.
    pub classes: Vec<String>,
    /// Class of each cell, row-major (first axis fastest); `None` for none of them.
    pub class: Vec<Option<u8>>,
    /// Measured number of each cell; empty where there is only a class.
    pub value: Vec<f64>,
    /// What `value` is.
    pub quantity: String,
    /// The same number in closed form; empty where there is none.
    pub predicted: Vec<f64>,
    /// Cells where measurement and closed form differ by more than rounding allows.
    pub mismatches: Mismatches,
    /// Where classes change, located by bisection between neighbouring cells.
    pub boundary: Vec<BoundaryPoint>,
    /// Closed-form curves, by name.
    pub curves: Vec<Curve>,
    /// Points to be marked, by name.
    pub marks: Vec<(String, [f64; 2])>,
    /// Points of sets of minima.
    pub dots: Vec<[f64; 2]>,
    /// What else is to be said, a line each.
    pub notes: Vec<String>,
}

/// Cells where measurement and closed form differ.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Mismatches {
    /// Number of cells that were compared.
    pub compared: u64,
    /// Number of them that differ.
    pub count: u64,
    /// The first of them.
    pub listed: Vec<Mismatch>,
}

/// One such cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mismatch {
    /// Coordinates of the cell's centre.
    pub at: [f64; 2],
    /// Number (or class) measured.
    pub measured: f64,
    /// Number (or class) predicted.
    pub predicted: f64,
}

/// Mismatches listed at most.
pub const LISTED: usize = 20;

impl Mismatches {
    /// Counts a comparison.
    pub fn compare(&mut self, differs: bool, mismatch: Mismatch) {
        self.compared += 1;
        if differs {
            self.count += 1;
            if self.listed.len() < LISTED {
                self.listed.push(mismatch);
            }
        }
    }
}

/// A place where the class changes between two neighbouring cells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BoundaryPoint {
    /// Middle of the bracket that is left.
    pub at: [f64; 2],
    /// Its half-length, as a fraction of the axis.
    pub error: f64,
    /// Classes at its two ends.
    pub classes: [u8; 2],
    /// Distance to the closed-form boundary along the same segment, as a fraction of the axis; `None` where the closed form has
    /// no boundary there, or there is no closed form.
    pub distance: Option<f64>,
}

/// A closed-form curve.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// What it is; empty for further pieces of the one before.
    pub label: String,
    /// Curves of different styles are drawn differently.
    pub style: usize,
    /// Points; NaN between pieces.
    pub x: Vec<f64>,
    /// See `x`.
    pub y: Vec<f64>,
}
