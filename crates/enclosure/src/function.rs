//! An objective on boxes: values, generalised gradients and Hessians.

use dinlab_objective::{tape::Scratch, Dual, Interval, Objective, Tape};

use crate::EnclosureError;

/// Largest dimension for which the methods of this crate are offered.
pub const DIMENSION_MAX: usize = 4;

/// J, ready to be evaluated on boxes.
#[derive(Debug, Clone, Copy)]
pub struct Function<'a> {
    tape: &'a Tape,
}

/// J, ∇J and ∇²J on a box.
#[derive(Debug, Clone)]
pub struct Jet {
    /// Values.
    pub value: Interval,
    /// Generalised gradients (Clarke's hull across kinks), n.
    pub gradient: Vec<Interval>,
    /// Second derivatives, n×n by rows. They mean something only where `smooth` holds.
    pub hessian: Vec<Interval>,
    /// Whether J is smooth on the whole box.
    pub smooth: bool,
}

impl<'a> Function<'a> {
    /// The function of an objective with a formula.
    pub fn new(objective: &'a dyn Objective) -> Result<Self, EnclosureError> {
        let tape = objective
            .tape()
            .ok_or_else(|| EnclosureError::NoFormula { name: objective.name().to_owned() })?;
        if tape.dimension() > DIMENSION_MAX {
            return Err(EnclosureError::Dimension { found: tape.dimension(), limit: DIMENSION_MAX });
        }
        Ok(Self { tape })
    }

    /// n.
    pub fn dimension(&self) -> usize {
        self.tape.dimension()
    }

    pub(crate) fn tape(&self) -> &'a Tape {
        self.tape
    }

    /// Enclosure of J on a box.
    pub fn value(&self, x: &[Interval]) -> Interval {
        self.tape.value_with(x, &mut Scratch::new())
    }

    /// Enclosures of J and of ∂J on a box.
    pub fn gradient(&self, x: &[Interval]) -> (Interval, Vec<Interval>) {
        let mut gradient = x.to_vec();
        let value = self.tape.gradient_with(x, &mut Scratch::new(), &mut gradient);
        (value, gradient)
    }

    /// Enclosures of J, ∂J and ∇²J on a box.
    pub fn jet(&self, x: &[Interval]) -> Jet {
        let n = x.len();
        let mut scratch = Scratch::new();
        let mut image = vec![Dual::<Interval, 1>::lift(Interval::point(0.0)); n];
        let mut jet = Jet {
            value: Interval::NOTHING_KNOWN,
            gradient: Vec::new(),
            hessian: Vec::with_capacity(n * n),
            smooth: true,
        };
        for i in 0..n {
            let along: Vec<Dual<Interval, 1>> = (0..n)
                .map(|j| Dual { re: x[j], eps: [Interval::point(if i == j { 1.0 } else { 0.0 })] })
                .collect();
            jet.value = self.tape.gradient_with(&along, &mut scratch, &mut image).re;
            jet.hessian.extend(image.iter().map(|g| g.eps[0]));
        }
        jet.gradient = image.iter().map(|g| g.re).collect();
        jet.smooth = jet.value.smooth;
        // The Hessian is symmetric: each pair of entries encloses the same numbers.
        for i in 0..n {
            for j in 0..i {
                if let Some(both) = jet.hessian[i * n + j].intersection(jet.hessian[j * n + i]) {
                    jet.hessian[i * n + j] = both;
                    jet.hessian[j * n + i] = both;
                }
            }
        }
        jet
    }
}
