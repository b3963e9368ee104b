//! The vector types on which the adapter works.

use nalgebra::DVector;

/// A vector that lends its entries as a slice.
pub trait Coordinates: Clone {
    /// The entries.
    fn coordinates(&self) -> &[f64];
    /// The entries, to be changed.
    fn coordinates_mut(&mut self) -> &mut [f64];
    /// A vector with these entries.
    fn from_coordinates(entries: Vec<f64>) -> Self;
}

impl Coordinates for Vec<f64> {
    fn coordinates(&self) -> &[f64] {
        self
    }
    fn coordinates_mut(&mut self) -> &mut [f64] {
        self
    }
    fn from_coordinates(entries: Vec<f64>) -> Self {
        entries
    }
}

impl Coordinates for DVector<f64> {
    fn coordinates(&self) -> &[f64] {
        self.as_slice()
    }
    fn coordinates_mut(&mut self) -> &mut [f64] {
        self.as_mut_slice()
    }
    fn from_coordinates(entries: Vec<f64>) -> Self {
        Self::from_vec(entries)
    }
}
