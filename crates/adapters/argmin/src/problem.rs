//! Any dinlab objective as an argmin problem.

use std::{cell::RefCell, marker::PhantomData};

use argmin::core::{CostFunction, Error, Gradient, Hessian};
use dinlab_objective::{Objective, Oracle};
use nalgebra::{DMatrix, DVector};

use crate::{coordinates::Coordinates, error::ArgminError};

/// An objective with value, gradient and Hessian for argmin's solvers, on vectors of type `P` (`DVector<f64>` or
/// `Vec<f64>`).
///
/// Points of the wrong length are errors. Values that are not finite are passed on: what they mean is up to the
/// solver.
pub struct Problem<'a, P = DVector<f64>> {
    /// One oracle for the life of the problem: argmin calls through a shared reference.
    oracle: RefCell<Box<dyn Oracle + 'a>>,
    vectors: PhantomData<P>,
}

impl<'a, P> Problem<'a, P> {
    /// Wraps an objective.
    pub fn new(objective: &'a dyn Objective) -> Self {
        Self { oracle: RefCell::new(objective.oracle()), vectors: PhantomData }
    }

    /// n, or an error when `point` has another length.
    fn dimension(&self, point: &[f64]) -> Result<usize, ArgminError> {
        let expected = self.oracle.borrow().dimension();
        match point.len() == expected {
            true => Ok(expected),
            false => Err(ArgminError::Dimension { expected, found: point.len() }),
        }
    }
}

impl<P: Coordinates> CostFunction for Problem<'_, P> {
    type Param = P;
    type Output = f64;

    fn cost(&self, point: &P) -> Result<f64, Error> {
        self.dimension(point.coordinates())?;
        Ok(self.oracle.borrow_mut().value(point.coordinates()))
    }
}

impl<P: Coordinates> Gradient for Problem<'_, P> {
    type Param = P;
    type Gradient = P;

    fn gradient(&self, point: &P) -> Result<P, Error> {
        let mut out = vec![0.0; self.dimension(point.coordinates())?];
        self.oracle.borrow_mut().gradient(point.coordinates(), &mut out);
        Ok(P::from_coordinates(out))
    }
}

impl<P: Coordinates> Hessian for Problem<'_, P> {
    type Param = P;
    type Hessian = DMatrix<f64>;

    fn hessian(&self, point: &P) -> Result<DMatrix<f64>, Error> {
        let n = self.dimension(point.coordinates())?;
        let mut out = vec![0.0; n * n];
        self.oracle.borrow_mut().hessian(point.coordinates(), &mut out);
        Ok(DMatrix::from_row_slice(n, n, &out))
    }
}
