//! The options of `train`, and what they mean together.

use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use dinlab_indian::Schedule;
use dinlab_neural::{
    data, method, train, Dataset, Initial, Loss, Method, Network, NeuralError, Plan, Targets,
};
use dinlab_objective::{Selection, Start};
use serde_json::{json, Map, Value};

use super::runs::Contender;
use crate::values::{self, StepSizes};

/// Options that decide what is trained.
#[derive(Debug, Args)]
pub struct Options {
    /// Data: digits, mnist-10k, mnist-1d, two-moons, spiral, chebyshev (`dinlab list data`), or a folder with IDX or CIFAR files
    #[arg(long, value_name = "DATA")]
    pub data: String,
    /// Architecture: linear, mlp:w1,w2,.., lenet5, nin, residual (`dinlab list architectures`)
    #[arg(long, value_name = "ARCH")]
    pub arch: String,
    /// Methods, separated by commas (`dinlab list training-methods`)
    #[arg(long, value_name = "M,..", default_value = "indian", value_delimiter = ',')]
    pub method: Vec<String>,
    /// First step size: one for all methods, or one for each; without it, it is searched (--grid)
    #[arg(long, value_name = "G,..", allow_hyphen_values = true)]
    pub step_size: Option<StepSizes>,
    /// Decay: step size k is G (k+1)^-Q, k counting steps from 0 [default: 0; jmlr: 0.5]
    #[arg(long, value_name = "Q", value_parser = values::non_negative, allow_hyphen_values = true)]
    pub decay: Option<f64>,
    /// Samples per step; the last batch of an epoch may be smaller
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = values::positive_count, allow_hyphen_values = true)]
    pub batch: u64,
    /// Epochs
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::count, allow_hyphen_values = true)]
    pub epochs: u64,
    /// Runs per method, each with its own weights and batches; the same ones for every method [default: 1; jmlr: 5]
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    pub seeds: Option<u64>,
    /// jmlr: the protocol of Castera et al. (step sizes G (k+1)^-1/2 with G searched, initial velocity minus the gradient, 5 seeds)
    #[arg(long, value_enum)]
    pub protocol: Option<Protocol>,
    /// First step sizes that are tried, the same for every method [default: eleven from 1e-4 to 10, half a decade apart]
    #[arg(long, value_name = "G,..", conflicts_with = "step_size", allow_hyphen_values = true)]
    pub grid: Option<StepSizes>,
    /// Epochs of each trial; the training loss after them decides
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = values::positive_count, allow_hyphen_values = true)]
    pub tune_epochs: u64,
    /// Train on so many samples only
    #[arg(long, value_name = "N", value_parser = values::positive_count, allow_hyphen_values = true)]
    pub samples: Option<u64>,
    /// Loss [default: cross-entropy for classes, squared otherwise]
    #[arg(long, value_enum)]
    pub loss: Option<LossName>,
    /// R: adds (R/2) |theta|^2 to the loss
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = values::non_negative, allow_hyphen_values = true)]
    pub l2: f64,
    /// Law of the initial weights: he, glorot or normal:sigma
    #[arg(long, value_name = "LAW", default_value = "he", value_parser = initial)]
    pub initial: Initial,
    /// Start of psi for indian and innaprop: rest or speed:c (velocity -c times the gradient of the whole training loss) [default: rest;
    /// jmlr: speed:1]
    #[arg(long, value_name = "rest|speed:c", value_parser = values::named_start)]
    pub init: Option<Start>,
    /// Derivatives used at kinks [default: abs=0,relu=0,max=0.5]
    #[arg(long, value_name = "LIST", value_parser = values::selection)]
    pub kink: Option<Selection>,
    /// Arithmetic
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    pub precision: Precision,
    #[command(flatten)]
    pub parameters: Parameters,
}

/// Parameters of the methods that have them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Parameters of the methods that have them")]
pub struct Parameters {
    /// Viscous damping of indian (0.5) and innaprop (0.1)
    #[arg(long, value_name = "A", value_parser = values::non_negative, allow_hyphen_values = true)]
    alpha: Option<f64>,
    /// Hessian-driven damping of indian (0.1) and innaprop (0.9)
    #[arg(long, value_name = "B", value_parser = values::non_negative, allow_hyphen_values = true)]
    beta: Option<f64>,
    /// Momentum of momentum and nesterov (0.9)
    #[arg(long, value_name = "M", value_parser = values::fraction, allow_hyphen_values = true)]
    momentum: Option<f64>,
    /// Decay of the mean of adam and adamw (0.9)
    #[arg(long, value_name = "B", value_parser = values::fraction, allow_hyphen_values = true)]
    beta1: Option<f64>,
    /// Decay of the mean square of rmsprop (0.9), adam, adamw and innaprop (0.999)
    #[arg(long, value_name = "B", value_parser = values::fraction, allow_hyphen_values = true)]
    beta2: Option<f64>,
    /// Added to the square root by adagrad (1e-10), rmsprop, adam, adamw and innaprop (1e-8)
    #[arg(long, value_name = "E", value_parser = values::positive, allow_hyphen_values = true)]
    epsilon: Option<f64>,
    /// Decoupled weight decay of adamw and innaprop (0.01)
    #[arg(long, value_name = "L", value_parser = values::non_negative, allow_hyphen_values = true)]
    weight_decay: Option<f64>,
}

impl Parameters {
    fn given(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("alpha", self.alpha),
            ("beta", self.beta),
            ("momentum", self.momentum),
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("epsilon", self.epsilon),
            ("weight_decay", self.weight_decay),
        ]
    }
}

/// A protocol that sets several options at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Section 5.3 of Castera, Bolte, Fevotte, Pauwels, JMLR 22(134), 2021
    Jmlr,
}

/// A loss by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LossName {
    /// -log softmax(z)_y
    CrossEntropy,
    /// 1/2 |z - y|^2
    Squared,
}

/// An arithmetic by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// Single precision
    F32,
    /// Double precision
    F64,
}

fn initial(text: &str) -> Result<Initial, String> {
    Initial::named(text).ok_or_else(|| {
        "expected he, glorot or normal:sigma with a positive number, such as normal:0.05".into()
    })
}

/// Options that fit together, with all defaults filled in.
#[derive(Debug)]
pub struct Setting {
    /// The methods with their parameters.
    pub methods: Vec<Method>,
    /// First step sizes, one per method; `None` where they are searched.
    pub step_sizes: Option<Vec<f64>>,
    /// Step sizes that are tried.
    pub grid: Vec<f64>,
    /// Epochs of a trial.
    pub tune_epochs: u64,
    /// Exponent of decay.
    pub decay: f64,
    /// Samples per step.
    pub batch: usize,
    /// Runs per method.
    pub seeds: u64,
    template: Plan,
}

impl Options {
    /// The data.
    pub fn data(&self, seed: u64) -> anyhow::Result<Dataset> {
        let data = data::load(&self.data, seed).map_err(|error| anyhow::anyhow!("--data: {error}"))?;
        match self.samples {
            None => Ok(data),
            Some(samples) => data
                .with_training_samples(usize::try_from(samples).unwrap_or(usize::MAX))
                .map_err(|error| anyhow::anyhow!("--samples: {error}")),
        }
    }

    /// Checks everything that can be checked before work begins.
    pub fn resolve(&self, network: &Arc<Network>, data: &Dataset) -> anyhow::Result<Setting> {
        let jmlr = self.protocol == Some(Protocol::Jmlr);
        let methods = self.methods()?;
        let step_sizes = match &self.step_size {
            None => None,
            Some(StepSizes(sizes)) if sizes.len() == 1 => Some(vec![sizes[0]; methods.len()]),
            Some(StepSizes(sizes)) => {
                ensure!(
                    sizes.len() == methods.len(),
                    "--step-size has {} numbers for {} methods: expected one, or one for each",
                    sizes.len(),
                    methods.len()
                );
                Some(sizes.clone())
            }
        };
        let grid = match &self.grid {
            Some(StepSizes(grid)) => grid.clone(),
            None => (0..11).map(|i| 10_f64.powf(-4.0 + 0.5 * f64::from(i))).collect(),
        };
        let chosen = self.kink.unwrap_or_default();
        ensure!(
            chosen == Selection::default() || network.has_kinks(),
            "--kink {chosen}: the network `{}` has no kinks; expected one with relu, leaky-relu or maximum pooling, or no --kink",
            network.name()
        );
        let loss = match (self.loss, &data.train.targets) {
            (Some(LossName::CrossEntropy), _) | (None, Targets::Classes { .. }) => Loss::CrossEntropy,
            _ => Loss::Squared,
        };
        if self.init.is_some() && !methods.iter().any(Method::has_second) {
            bail!("--init is for indian and innaprop: the other methods start at rest");
        }
        let decay = self.decay.unwrap_or(if jmlr { 0.5 } else { 0.0 });
        let template = Plan {
            network: network.clone(),
            loss,
            penalty: self.l2,
            selection: chosen,
            initial: self.initial,
            method: methods[0],
            start: self.init.clone().unwrap_or(if jmlr { Start::Speed(1.0) } else { Start::Rest }),
            schedule: Schedule::Constant(1.0),
            batch: usize::try_from(self.batch).unwrap_or(usize::MAX),
            epochs: self.epochs,
            seed: 0,
        };
        template.validate(data).map_err(|error| match error {
            NeuralError::BatchSize { .. } => anyhow::anyhow!("--batch: {error}"),
            other => anyhow::anyhow!("{other}"),
        })?;
        let seeds = self.seeds.unwrap_or(if jmlr { 5 } else { 1 });
        let (batch, tune_epochs) = (template.batch, self.tune_epochs);
        Ok(Setting { methods, step_sizes, grid, tune_epochs, decay, batch, seeds, template })
    }

    fn methods(&self) -> anyhow::Result<Vec<Method>> {
        let given = self.parameters.given();
        let build = |name: &String| {
            let value = |parameter: &str| {
                given.iter().find(|(known, _)| *known == parameter).and_then(|(_, value)| *value)
            };
            method::build(name, value).map_err(|error| anyhow::anyhow!("--method: {error}"))
        };
        let methods = self.method.iter().map(build).collect::<anyhow::Result<Vec<Method>>>()?;
        for (i, method) in methods.iter().enumerate() {
            if methods[..i].iter().any(|other| other.name() == method.name()) {
                bail!("--method: `{}` is named twice", method.name());
            }
        }
        for (name, value) in given {
            let has = |method: &Method| method.entry().parameters.iter().any(|p| p.name == name);
            if value.is_some() && !methods.iter().any(has) {
                let flag = name.replace('_', "-");
                let names: Vec<&str> = method::ALL
                    .iter()
                    .filter(|e| e.parameters.iter().any(|p| p.name == name))
                    .map(|e| e.name)
                    .collect();
                bail!("--{flag}: none of the methods has it; it belongs to {}", names.join(", "));
            }
        }
        Ok(methods)
    }

    /// The plan of the record: all that is needed to make it again.
    pub fn plan(&self, setting: &Setting) -> Map<String, Value> {
        let template = &setting.template;
        let keys = [
            ("command", json!("train")),
            ("data", json!(self.data)),
            ("arch", json!(self.arch)),
            ("method", json!(self.method)),
            ("step_size", json!(self.step_size.as_ref().map(|s| &s.0))),
            ("grid", if self.step_size.is_some() { Value::Null } else { json!(setting.grid) }),
            ("tune_epochs", json!(self.tune_epochs)),
            ("decay", json!(setting.decay)),
            ("batch", json!(self.batch)),
            ("epochs", json!(self.epochs)),
            ("seeds", json!(setting.seeds)),
            ("protocol", json!(self.protocol.map(|_| "jmlr"))),
            ("samples", json!(self.samples)),
            ("loss", json!(template.loss.name())),
            ("l2", json!(self.l2)),
            ("initial", json!(self.initial.to_string())),
            (
                "init",
                if setting.methods.iter().any(Method::has_second) {
                    json!(template.start.to_string())
                } else {
                    Value::Null
                },
            ),
            (
                "kink",
                if template.network.has_kinks() {
                    json!(template.selection.to_string())
                } else {
                    Value::Null
                },
            ),
            (
                "precision",
                json!(match self.precision {
                    Precision::F32 => "f32",
                    Precision::F64 => "f64",
                }),
            ),
        ];
        let mut plan: Map<String, Value> =
            keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
        plan.extend(self.parameters.given().map(|(key, value)| (key.to_owned(), json!(value))));
        plan
    }
}

impl Setting {
    /// One contender per method, checked at every step size that it will see.
    pub fn contenders(&self, seed: u64, data: &Dataset) -> anyhow::Result<Vec<Contender>> {
        let seeds: Vec<u64> = (0..self.seeds).map(|run| train::run_seed(seed, run)).collect();
        let contender = |(index, &method): (usize, &Method)| {
            let start = if method.has_second() { self.template.start.clone() } else { Start::Rest };
            let template = Plan { method, start, ..self.template.clone() };
            let contender = Contender {
                step_size: self.step_sizes.as_ref().map(|sizes| sizes[index]),
                grid: self.grid.clone(),
                tune_epochs: self.tune_epochs,
                decay: self.decay,
                seeds: seeds.clone(),
                tried: Vec::new(),
                template,
            };
            // A trial at the pole of INNAprop is a trial that fails; a run that the user asked for is an error.
            for job in contender.step_size.map(|_| contender.jobs()).unwrap_or_default() {
                job.plan.validate(data).map_err(|error| anyhow::anyhow!("--step-size: {error}"))?;
            }
            Ok(contender)
        };
        self.methods.iter().enumerate().map(contender).collect()
    }

    /// Loss, initial law and so on, for the record.
    pub fn template(&self) -> &Plan {
        &self.template
    }
}
