//! Training in double precision with two values of relu′(0): the same weights to the last bit.
//!
//! A run has some 10⁵ pre-activations of size one, each of which is 0 with a probability of about 2^(−53): 10⁻¹¹ together. Whole weights and inputs (control) have
//! zeros from the start.

use std::sync::Arc;

use dinlab_indian::Schedule;
use dinlab_neural::{architecture, data, Initial, Loss, Method, Plan, Progress};
use dinlab_objective::{Selection, Start};
use dinlab_record::{Budget, Measurement};
use serde::Serialize;

use crate::{check::Context, error::CheckError};

/// One pair of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Training {
    /// Control: whole inputs.
    pub whole: bool,
}

impl Training {
    /// Weights that differ at the end.
    pub fn measure(&self, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut data = data::load("two-moons:200", context.seed)?;
        if self.whole {
            // Inputs at 0: with biases that start at 0 all pre-activations of the first layer are 0.
            data.train.inputs.iter_mut().for_each(|x| *x = x.trunc());
        }
        let data = Arc::new(data);
        let network = Arc::new(architecture::build("mlp:16", &data.train)?);
        let run = |s: f64| {
            context.proceed()?;
            let plan = Plan {
                network: network.clone(),
                loss: Loss::CrossEntropy,
                penalty: 0.0,
                selection: Selection { relu: s, ..Selection::default() },
                initial: Initial::He,
                method: Method::Indian { alpha: 0.5, beta: 0.1 },
                start: Start::Rest,
                schedule: Schedule::Constant(0.05),
                batch: 8,
                epochs: 30,
                seed: context.stream("training", 0).bits(),
            };
            let mut training = dinlab_neural::Training::<f64>::new(plan, data.clone())?;
            while training.advance() != Progress::Over {}
            Ok::<_, CheckError>(training.weights().to_vec())
        };
        let (one, two) = (run(0.0)?, run(1.0)?);
        let differ = one.iter().zip(&two).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        let finite = dinlab_numeric::all_finite(&one);
        let differ = if finite { differ as f64 } else { f64::NAN };
        let inputs = if self.whole { "inputs cut to whole numbers" } else { "inputs as they are" };
        Ok(vec![Measurement::equal(
            "weights that depend on relu′(0) after training in f64",
            differ,
            0.0,
            Budget::default(),
        )
        .on(format!("16 relu units on two moons, 30 epochs, {inputs}"))])
    }
}
