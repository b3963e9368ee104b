//! One training run: mini-batches without replacement in a new random order every epoch, a step size schedule, curves. The state after
//! every step can be saved and continued bit for bit (`checkpoint.rs`).

use std::sync::Arc;

use dinlab_indian::Schedule;
use dinlab_numeric::Stream;
use dinlab_objective::{Selection, Start};
use dinlab_record::{real, Status};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    data::{shuffle, Dataset, Targets},
    error::NeuralError,
    evaluate::Evaluator,
    initial::Initial,
    layer::Loss,
    method::{Method, State},
    network::Network,
    number::Real,
};

/// What is run. All of it but `epochs` decides the path, so all of it but `epochs` is compared when a run is continued.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The network.
    pub network: Arc<Network>,
    /// ℓ.
    pub loss: Loss,
    /// r: J = mean of ℓ + (r/2)‖θ‖².
    pub penalty: f64,
    /// Selection at kinks.
    pub selection: Selection,
    /// Law of θ₀.
    pub initial: Initial,
    /// The method.
    pub method: Method,
    /// Start of its second variable.
    pub start: Start,
    /// Step sizes γ_k, k counting steps over all epochs.
    pub schedule: Schedule,
    /// Samples per step; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Epochs.
    pub epochs: u64,
    /// Seed of θ₀ and of the batches.
    pub seed: u64,
}

/// Losses and accuracies after an epoch (epoch 0: at θ₀).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// J over all training samples.
    #[serde(with = "real")]
    pub train_loss: f64,
    /// Share of training samples with the right class; NaN where there are no classes.
    #[serde(with = "real")]
    pub train_accuracy: f64,
    /// J over all test samples.
    #[serde(with = "real")]
    pub test_loss: f64,
    /// Share of test samples with the right class.
    #[serde(with = "real")]
    pub test_accuracy: f64,
    /// Mean over the epoch of the losses that the steps saw; NaN at epoch 0.
    #[serde(with = "real")]
    pub batch_loss: f64,
}

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// One step was made.
    Step,
    /// One step was made and with it an epoch finished; its point was added to the curve.
    Epoch,
    /// Nothing was left to do: see the status.
    Over,
}

/// A run in progress.
#[derive(Debug)]
pub struct Training<T> {
    pub(crate) plan: Plan,
    pub(crate) data: Arc<Dataset>,
    pub(crate) theta: Vec<T>,
    pub(crate) state: State<T>,
    pub(crate) epoch: u64,
    /// Samples of this epoch that are done.
    pub(crate) position: usize,
    /// Sum of their losses.
    pub(crate) epoch_loss: f64,
    pub(crate) curve: Vec<Point>,
    pub(crate) status: Option<Status>,
    gradient: Vec<T>,
    order: Vec<usize>,
    /// The epoch that `order` belongs to.
    ordered: Option<u64>,
    evaluator: Evaluator<T>,
}

impl<T: Real> Training<T> {
    /// Sets a run up at θ₀. Fails where the parts of the plan do not fit.
    pub fn new(plan: Plan, data: Arc<Dataset>) -> Result<Self, NeuralError> {
        plan.validate(&data)?;
        let theta: Vec<T> = plan.initial.draw(&plan.network, plan.seed);
        let mut training = Self::bare(plan, data, theta)?;
        if matches!(training.plan.start, Start::Speed(_)) && training.plan.method.has_second() {
            training.full_gradient();
        }
        let speed = if matches!(training.plan.start, Start::Speed(_)) { &training.gradient[..] } else { &[] };
        training.state = State::new(training.plan.method, &training.theta, &training.plan.start, speed)?;
        let point = training.evaluate(f64::NAN);
        training.curve.push(point);
        Ok(training)
    }

    /// All memory, with θ given and the method's memory not yet started.
    pub(crate) fn bare(plan: Plan, data: Arc<Dataset>, theta: Vec<T>) -> Result<Self, NeuralError> {
        // At least four lanes, so that passes over whole parts use some threads where batches are small.
        let evaluator = Evaluator::new(plan.network.clone(), plan.loss, plan.selection, plan.batch.max(32));
        Ok(Self {
            state: State::new(plan.method, &theta, &Start::Rest, &[])?,
            gradient: vec![T::ZERO; theta.len()],
            order: (0..data.train.len().max(data.test.len())).collect(),
            ordered: None,
            epoch: 0,
            position: 0,
            epoch_loss: 0.0,
            curve: Vec::with_capacity(plan.epochs.min(100_000) as usize + 1),
            status: None,
            evaluator,
            plan,
            data,
            theta,
        })
    }

    /// One step, and the evaluation at the end of an epoch. After the first step it allocates nothing.
    pub fn advance(&mut self) -> Progress {
        if self.status.is_some() {
            return Progress::Over;
        }
        if self.epoch >= self.plan.epochs {
            self.status = Some(Status::ReachedEnd);
            return Progress::Over;
        }
        self.arrange();
        let count = self.data.train.len();
        let end = (self.position + self.plan.batch).min(count);
        let samples = end - self.position;
        let factor = 1.0 / samples as f64;
        let which = &self.order[self.position..end];
        let sums = self.evaluator.gradient(&self.data.train, which, &self.theta, factor, &mut self.gradient);
        let step = self.state.steps();
        if !sums.loss.is_finite() {
            self.status = Some(Status::NonFinite { at: step as f64 });
            return Progress::Over;
        }
        if self.plan.penalty > 0.0 {
            let r = T::constant(self.plan.penalty);
            for (g, &t) in self.gradient.iter_mut().zip(&self.theta) {
                *g += r * t;
            }
        }
        self.state.step(self.plan.schedule.at(step), &mut self.theta, &self.gradient);
        self.epoch_loss += sums.loss;
        self.position = end;
        if end < count {
            return Progress::Step;
        }
        self.epoch += 1;
        self.position = 0;
        let mean = self.epoch_loss / count as f64;
        self.epoch_loss = 0.0;
        let point = self.evaluate(mean);
        self.curve.push(point);
        if !point.train_loss.is_finite() {
            self.status = Some(Status::NonFinite { at: self.state.steps() as f64 });
        }
        Progress::Epoch
    }

    /// Order of the samples in this epoch: a function of seed and epoch alone.
    fn arrange(&mut self) {
        if self.ordered == Some(self.epoch) {
            return;
        }
        order(self.plan.seed, self.epoch, self.data.train.len(), &mut self.order);
        self.ordered = Some(self.epoch);
    }

    /// ∇J over all training samples, into `gradient`.
    fn full_gradient(&mut self) {
        let all: Vec<usize> = (0..self.data.train.len()).collect();
        let factor = 1.0 / all.len() as f64;
        self.evaluator.gradient(&self.data.train, &all, &self.theta, factor, &mut self.gradient);
        let r = T::constant(self.plan.penalty);
        for (g, &t) in self.gradient.iter_mut().zip(&self.theta) {
            *g += r * t;
        }
    }

    fn evaluate(&mut self, batch_loss: f64) -> Point {
        let weights = self.state.weights(&self.theta);
        let squares = weights.iter().fold(0.0, |s, w| s + w.value() * w.value());
        let penalty = 0.5 * self.plan.penalty * squares;
        // The order of one epoch is used up when this is called.
        self.ordered = None;
        let mut measure = |part: &crate::data::Part| {
            self.order.clear();
            self.order.extend(0..part.len());
            let sums = self.evaluator.sums(part, &self.order, weights);
            let count = part.len() as f64;
            let accuracy = match part.targets {
                Targets::Classes { .. } => sums.correct as f64 / count,
                Targets::Values { .. } => f64::NAN,
            };
            (sums.loss / count + penalty, accuracy)
        };
        let (train_loss, train_accuracy) = measure(&self.data.train);
        let (test_loss, test_accuracy) = measure(&self.data.test);
        let (epoch, step) = (self.epoch, self.state.steps());
        Point { epoch, step, train_loss, train_accuracy, test_loss, test_accuracy, batch_loss }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// How the run ended; `None` while it goes on.
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }
    /// One point per finished epoch, beginning with θ₀.
    pub fn curve(&self) -> &[Point] {
        &self.curve
    }
    /// The weights.
    pub fn weights(&self) -> &[T] {
        self.state.weights(&self.theta)
    }
    /// Epochs finished.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.state.steps()
    }
    /// Samples seen, over all epochs.
    pub fn samples(&self) -> u64 {
        self.epoch * self.data.train.len() as u64 + self.position as u64
    }
    /// Mean loss of the batches of this epoch so far; NaN before the first.
    pub fn running_loss(&self) -> f64 {
        self.epoch_loss / self.position as f64
    }
}

/// Seed of the run with the given number (from 0) under the user's seed; run i of every method has the same.
pub fn run_seed(seed: u64, run: u64) -> u64 {
    Stream::new(seed, "neural/run", run).bits()
}

/// The order in which a run visits its `count` training samples in an epoch, into `order`; consecutive blocks of it are the batches.
pub fn order(run_seed: u64, epoch: u64, count: usize, order: &mut Vec<usize>) {
    order.clear();
    order.extend(0..count);
    shuffle(order, &mut Stream::new(run_seed, "neural/batches", epoch));
}

impl Plan {
    /// Steps per epoch.
    pub fn steps_per_epoch(&self, data: &Dataset) -> u64 {
        data.train.len().div_ceil(self.batch) as u64
    }

    /// Whether the parts fit together.
    pub fn validate(&self, data: &Dataset) -> Result<(), NeuralError> {
        let (network, name) = (&self.network, || data.name.clone());
        if network.input() != data.train.shape {
            let (network, expected) = (network.name().to_owned(), network.input());
            return Err(NeuralError::Input { network, expected, data: name(), found: data.train.shape });
        }
        if network.outputs() != data.train.outputs() {
            let (network, found) = (network.name().to_owned(), network.outputs());
            return Err(NeuralError::Outputs {
                network,
                found,
                data: name(),
                expected: data.train.outputs(),
            });
        }
        if self.loss == Loss::CrossEntropy && matches!(data.train.targets, Targets::Values { .. }) {
            return Err(NeuralError::NoClasses { data: name() });
        }
        if !(1..=data.train.len()).contains(&self.batch) {
            return Err(NeuralError::BatchSize { size: self.batch, count: data.train.len() });
        }
        let steps = self.steps_per_epoch(data).saturating_mul(self.epochs);
        self.schedule.validate(steps)?;
        if matches!(self.method, Method::Innaprop { .. }) {
            for step in 0..steps.min(10_000_000) {
                self.method.check_step_size(step, self.schedule.at(step))?;
            }
        }
        Ok(())
    }

    /// What decides the path of a run in arithmetic T, field by field.
    pub(crate) fn identity<T: Real>(&self, data: &Dataset) -> serde_json::Map<String, serde_json::Value> {
        let network = &self.network;
        let fields = json!({
            "architecture": architecture(network),
            "layers": network.layers(),
            "data": data.name,
            "training samples": data.train.len(),
            "test samples": data.test.len(),
            "loss": self.loss,
            "penalty": self.penalty,
            "kinks": self.selection.to_string(),
            "initial weights": self.initial.to_string(),
            "method": self.method.to_string(),
            "start": self.start.to_string(),
            "step sizes": self.schedule,
            "batch size": self.batch,
            "seed": self.seed,
            "precision": T::NAME,
        });
        match fields {
            serde_json::Value::Object(map) => map,
            _ => serde_json::Map::new(),
        }
    }
}

/// The network in the identity of a run.
pub(crate) fn architecture(network: &Network) -> String {
    format!("{} ({} parameters)", network.name(), network.parameters())
}
