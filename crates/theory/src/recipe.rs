//! INDIAN by the recipe of the JMLR paper, for several settings at once: batches of 32, γ_k = γ₀(k+1)^−q, initial velocity −∇J, γ₀ of each setting from
//! one grid by training loss after some epochs, seeds paired over the settings. What `figure-two` and `figure-four` share.

use std::sync::Arc;

use dinlab_analysis::{
    standing::mean_interval,
    statistics::{equivalence_mean, lower_bound_mean, Summary},
};
use dinlab_indian::Schedule;
use dinlab_neural::{
    architecture,
    contest::{end, train_all},
    data, Dataset, Initial, Loss, Method, Network, Plan, Point,
};
use dinlab_numeric::{maximum, minimum, sum, Stream};
use dinlab_objective::{Selection, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Kind, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Context, Effort},
    contest::{logarithm, LEAST_SEEDS},
    error::CheckError,
    keep,
    memo::Memo,
};

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// q.
    pub decay: f64,
    /// Controls: factor on the chosen γ₀.
    pub factor: f64,
}

/// What is run.
#[derive(Debug, Clone, Serialize)]
pub struct Recipe {
    /// Data set with classes.
    pub data: &'static str,
    /// Network.
    pub architecture: &'static str,
    /// First training and test samples taken; all where `None`.
    pub most_samples: Option<usize>,
    /// Epochs of a run.
    pub epochs: u64,
    /// Epochs of a trial of γ₀.
    pub tune_epochs: u64,
    /// Paired runs.
    pub seeds: usize,
    /// Candidates for γ₀.
    pub grid: Vec<f64>,
    /// Settings.
    pub lines: Vec<Line>,
}

/// Curves of one setting.
#[derive(Debug, Clone)]
pub struct Curves {
    /// γ₀.
    pub step_size: f64,
    /// One curve per seed.
    pub runs: Vec<Vec<Point>>,
}

static KEPT: Memo<Vec<Curves>> = Memo::new();

/// The grid of all: half decades around 0.3.
fn grid() -> Vec<f64> {
    vec![0.03, 0.1, 0.3, 1.0, 3.0]
}

impl Recipe {
    /// LeNet-5 on MNIST digits: the cases of both figures.
    pub fn digits_by_lenet(effort: Effort, lines: Vec<Line>) -> Self {
        let (most_samples, epochs, tune_epochs, seeds) = match effort {
            Effort::Quick => (Some(320), 1, 1, 3),
            Effort::Standard => (None, 3, 1, 5),
            Effort::Thorough => (None, 10, 3, 20),
        };
        let (data, architecture) = ("mnist-10k", "lenet5");
        Self { data, architecture, most_samples, epochs, tune_epochs, seeds, grid: grid(), lines }
    }

    /// A small network on small digits, with enough seeds to decide: the controls of both figures.
    pub fn small_digits(lines: Vec<Line>) -> Self {
        let (data, architecture) = ("digits", "mlp:32");
        let (most_samples, epochs, tune_epochs, seeds) = (Some(600), 4, 2, 24);
        Self { data, architecture, most_samples, epochs, tune_epochs, seeds, grid: grid(), lines }
    }

    /// Runs it, once for all who ask in this run.
    pub fn curves(&self, context: &Context<'_>) -> Result<Arc<Vec<Curves>>, CheckError> {
        KEPT.get(&format!("{self:?} {}", context.seed), || self.run(context))
    }

    fn run(&self, context: &Context<'_>) -> Result<Vec<Curves>, CheckError> {
        let mut whole = data::load(self.data, context.seed)?;
        if let Some(most) = self.most_samples {
            let first = |count: usize| (0..count.min(most)).collect::<Vec<usize>>();
            whole.train = whole.train.select(&first(whole.train.len()));
            whole.test = whole.test.select(&first(whole.test.len()));
        }
        let data = Arc::new(whole);
        let network = Arc::new(architecture::build(self.architecture, &data.train)?);
        let every = |plans: &[Plan], data: &Arc<Dataset>| {
            train_all(plans, data, keep::means(context))?.ok_or(CheckError::Interrupted)
        };
        let seed = |stage: &str, index| Stream::new(context.seed, &format!("recipe/{stage}"), index).bits();
        let trial = |line: &Line| {
            self.grid
                .iter()
                .map(|&g| self.plan(&network, line, g, self.tune_epochs, seed("trial", 0)))
                .collect()
        };
        let trials: Vec<Plan> = self.lines.iter().flat_map(|line| -> Vec<Plan> { trial(line) }).collect();
        let tried = every(&trials, &data)?;
        let losses: Vec<f64> = tried.iter().map(|c| end(c, self.tune_epochs, |p| p.train_loss)).collect();
        let best = |losses: &[f64]| {
            let place = (0..losses.len()).reduce(|a, b| if losses[b] < losses[a] { b } else { a });
            self.grid[place.unwrap_or(0)]
        };
        let chosen: Vec<f64> = losses.chunks(self.grid.len()).map(best).collect();
        let plans: Vec<Plan> = self
            .lines
            .iter()
            .zip(&chosen)
            .flat_map(|(line, g)| (0..self.seeds).map(move |i| (line, line.factor * g, i as u64)))
            .map(|(line, g, i)| self.plan(&network, line, g, self.epochs, seed("run", i)))
            .collect();
        let mut curves = every(&plans, &data)?.into_iter();
        let one = |&step_size: &f64| Curves { step_size, runs: curves.by_ref().take(self.seeds).collect() };
        Ok(chosen.iter().map(one).collect())
    }

    fn plan(&self, network: &Arc<Network>, line: &Line, initial: f64, epochs: u64, seed: u64) -> Plan {
        Plan {
            network: network.clone(),
            loss: Loss::CrossEntropy,
            penalty: 0.0,
            selection: Selection::default(),
            initial: Initial::He,
            method: Method::Indian { alpha: line.alpha, beta: line.beta },
            start: Start::Speed(1.0),
            schedule: Schedule::Power { initial, exponent: line.decay },
            batch: 32,
            epochs,
            seed,
        }
    }

    /// Data and network in words.
    pub fn place(&self) -> String {
        format!("{}, {}", self.data, self.architecture)
    }
}

/// log₁₀ of the training loss at the end, one per seed.
pub fn losses(curves: &Curves, epochs: u64) -> Vec<f64> {
    curves.runs.iter().map(|run| logarithm(end(run, epochs, |p| p.train_loss))).collect()
}

/// Test accuracy at the end, one per seed.
pub fn accuracies(curves: &Curves) -> Vec<f64> {
    curves.runs.iter().map(|run| run.last().map_or(f64::NAN, |p| p.test_accuracy)).collect()
}

/// The mean of paired differences against 0: `Kind::Equal` within the margin, `Kind::Upper` at most the margin. Fewer than 20 seeds decide nothing.
pub fn compared(
    name: String,
    kind: Kind,
    x: &[f64],
    y: &[f64],
    margin: f64,
) -> Result<Measurement, CheckError> {
    let differences: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    let [low, high] = mean_interval(&differences, 0.99)?;
    let mean = Summary::of(&differences)?.mean;
    let m = Measurement::new(name, kind, mean, 0.0, Budget::sampling(margin)).between(low, high);
    if differences.len() < LEAST_SEEDS {
        return Ok(m.refined(f64::NAN));
    }
    let gains: Vec<f64> = differences.iter().map(|d| -d).collect();
    Ok(m.sampled(match kind {
        Kind::Equal => equivalence_mean(&differences, 0.0, margin)?,
        _ => lower_bound_mean(&gains, 0.0, margin)?,
    }))
}

/// Training loss and test accuracy over epochs: means with the band from best to worst.
pub fn figure(claim: &Claim, recipe: &Recipe, curves: &[Curves], label: impl Fn(&Line) -> String) -> Figure {
    let loss = Panel::new("Training loss", Axis::linear("epochs"), Axis::log("J"));
    let accuracy = Panel::new("Test accuracy", Axis::linear("epochs"), Axis::linear("share of test samples"));
    let draw = |mut panel: Panel, of: &dyn Fn(&Point) -> f64| {
        for (color, (line, curves)) in recipe.lines.iter().zip(curves).enumerate() {
            let epochs = 0..recipe.epochs as usize + 1;
            let at = |epoch: usize| -> Vec<f64> {
                curves.runs.iter().filter_map(|run| run.get(epoch)).map(of).collect()
            };
            let over = |of: &dyn Fn(&[f64]) -> f64| epochs.clone().map(|e| of(&at(e))).collect::<Vec<f64>>();
            let x: Vec<f64> = epochs.clone().map(|e| e as f64).collect();
            let (low, high) = (over(&minimum), over(&maximum));
            panel = panel.with(Layer::Band { label: String::new(), x: x.clone(), low, high, color });
            let y = over(&|v| sum(v) / v.len() as f64);
            let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][color % 3];
            let label = format!("{}, γ₀ = {}", label(line), curves.step_size);
            panel = panel.with(Layer::Curve { label, x, y, color, dash });
        }
        panel
    };
    let panels = vec![draw(loss, &|p| p.train_loss), draw(accuracy, &|p| p.test_accuracy)];
    let caption = format!(
        "{}: mean of {} seeds, band from best to worst; γ₀ from one grid by training loss after epoch {}",
        recipe.place(),
        recipe.seeds,
        recipe.tune_epochs
    );
    Figure { id: claim.id.into(), title: claim.title.into(), caption, columns: 2, panels }
}
