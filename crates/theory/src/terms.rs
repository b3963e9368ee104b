//! The terms of an objective as tapes, and what is computed from them: ∂J and D_J.

use dinlab_numeric::{axpy, dot};
use dinlab_objective::{
    subdifferential::{Subdifferential, ON_KINK},
    tape::Scratch,
    Objective, Tape,
};

use crate::error::CheckError;

/// J = Σ Jₙ as tapes: the terms of a finite sum, or J itself as the only one.
pub struct Terms(Vec<Tape>);

impl Terms {
    /// The terms of `objective`; an error where there is no formula.
    pub fn of(objective: &dyn Objective) -> Result<Self, CheckError> {
        if let Some(sum) = objective.samples() {
            return Ok(Self((0..sum.count()).map(|n| sum.tape(n)).collect()));
        }
        let tape = objective.tape().ok_or_else(|| CheckError::OwnCase {
            reason: format!("{} is not given by a formula", objective.name()),
        })?;
        Ok(Self::whole(tape))
    }

    /// A formula as its only term.
    pub fn whole(tape: &Tape) -> Self {
        Self(vec![tape.clone()])
    }

    /// One reference for each term, as the functions of `objective::subdifferential` take them.
    pub fn all(&self) -> Vec<&Tape> {
        self.0.iter().collect()
    }

    /// Number of kink surfaces of all terms.
    pub fn kinks(&self) -> usize {
        self.0.iter().map(|tape| tape.kinks().len()).sum()
    }

    /// ∂J(x) and D_J(x); `on_kink` as [`ON_KINK`].
    pub fn sets_near(&self, x: &[f64], on_kink: f64) -> Result<Subdifferential, CheckError> {
        Ok(Subdifferential::at(&self.all(), x, on_kink)?)
    }

    /// ∂J(x) and D_J(x) at an exact point.
    pub fn sets(&self, x: &[f64]) -> Result<Subdifferential, CheckError> {
        self.sets_near(x, ON_KINK)
    }
}

/// g and ∇g of a kink surface of a tape at `x`.
pub fn surface(tape: &Tape, kink: usize, x: &[f64]) -> (f64, Vec<f64>) {
    let (mut values, mut normal) = (vec![0.0; tape.kinks().len()], vec![0.0; x.len()]);
    tape.kinks_on_piece(x, &[], &[kink], &mut Scratch::new(), &mut values, &mut normal);
    (values[kink], normal)
}

/// The point of the surface reached from `x` along normals (Newton).
pub fn project(tape: &Tape, kink: usize, mut x: Vec<f64>) -> Vec<f64> {
    for _ in 0..50 {
        let (g, normal) = surface(tape, kink, &x);
        axpy(-g / dot(&normal, &normal), &normal, &mut x);
    }
    x
}
