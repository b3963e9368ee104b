//! What training hands back: record, table, text.

use std::sync::Arc;

use dinlab_neural::{Dataset, Loss, Network, Point};
use dinlab_record::Status;
use dinlab_report::Table;
use serde_json::{json, Map, Value};

use super::{
    options::Setting,
    runs::{Contender, Done},
};
use crate::output::{number, Product};

/// One method with its runs.
#[derive(Debug)]
pub struct Outcome {
    /// The method, its trials and its step size.
    pub contender: Contender,
    /// Its runs, one per seed.
    pub runs: Vec<Done>,
}

/// Everything.
#[derive(Debug)]
pub struct Result {
    /// By method.
    pub outcomes: Vec<Outcome>,
    /// The data.
    pub data: Arc<Dataset>,
    /// The network.
    pub network: Arc<Network>,
    loss: Loss,
    decay: f64,
    batch: usize,
    threads: [usize; 2],
}

/// Mean, smallest and largest of the finite numbers; NaN where one is not finite.
pub fn spread(values: &[f64]) -> [f64; 3] {
    let mean = dinlab_numeric::sum(values) / values.len() as f64;
    [mean, dinlab_numeric::minimum(values), dinlab_numeric::maximum(values)]
}

impl Outcome {
    /// A quantity after the last epoch that all runs finished, run by run; NaN for a run that left the finite numbers: what it had before is no result.
    pub fn finals(&self, quantity: impl Fn(&Point) -> f64) -> Vec<f64> {
        let last =
            self.runs.iter().filter(|run| run.is_whole()).map(|run| run.curve.len()).min().unwrap_or(0);
        let value = |run: &Done| match last.checked_sub(1).and_then(|i| run.curve.get(i)) {
            Some(point) if run.is_whole() => quantity(point),
            _ => f64::NAN,
        };
        self.runs.iter().map(value).collect()
    }

    /// Whether there is a test accuracy.
    pub fn has_classes(&self) -> bool {
        self.runs.iter().any(|run| run.curve.first().is_some_and(|p| p.test_accuracy.is_finite()))
    }

    /// Epochs that all runs finished.
    pub fn common_epochs(&self) -> usize {
        self.runs.iter().map(|run| run.curve.len()).min().unwrap_or(0)
    }

    /// Whether the chosen step size is the smallest or largest that was tried.
    fn at_edge(&self) -> bool {
        let tried = &self.contender.tried;
        let ends = [tried.first(), tried.last()];
        ends.into_iter().flatten().any(|(step_size, _)| Some(*step_size) == self.contender.step_size)
    }

    fn json(&self) -> Value {
        let contender = &self.contender;
        let method = &contender.template.method;
        let names = method.entry().parameters.iter().map(|p| p.name);
        let parameters: Map<String, Value> =
            names.zip(method.values()).map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let tried = contender
            .tried
            .iter()
            .map(|(step_size, loss)| json!({"step_size": step_size, "train_loss": number(*loss)}));
        let [loss, best, worst] = spread(&self.finals(|p| p.train_loss));
        let [accuracy, low, high] = spread(&self.finals(|p| p.test_accuracy));
        json!({
            "method": method.name(),
            "source": method.entry().source,
            "parameters": parameters,
            "start": contender.template.start.to_string(),
            "step_size": contender.step_size.map(number),
            "schedule": contender.step_size.map(|g| if contender.decay == 0.0 { format!("{g}") } else { format!("{g} (k+1)^-{}", contender.decay) }),
            "tuning": if contender.tried.is_empty() { Value::Null } else { json!({
                "criterion": "training loss after the trial's epochs, first seed",
                "epochs": contender.tune_epochs,
                "tried": tried.collect::<Vec<_>>(),
                "at_edge_of_grid": self.at_edge(),
            }) },
            "final": {
                "train_loss": {"mean": number(loss), "best": number(best), "worst": number(worst)},
                "test_accuracy": {"mean": number(accuracy), "worst": number(low), "best": number(high)},
            },
            "runs": self.runs.iter().map(|run| json!({
                "seed": run.seed,
                "status": run.status,
                "curve": run.curve,
            })).collect::<Vec<_>>(),
        })
    }
}

impl Result {
    /// Puts the runs back to their methods.
    pub fn new(
        setting: &Setting,
        data: &Arc<Dataset>,
        network: &Arc<Network>,
        contenders: Vec<Contender>,
        done: &[Done],
        threads: [usize; 2],
    ) -> Self {
        let mut rest = done;
        let outcomes = contenders.into_iter().map(|contender| {
            // After an interrupt there may be fewer.
            let (own, others) = rest.split_at(contender.seeds.len().min(rest.len()));
            rest = others;
            Outcome { contender, runs: own.to_vec() }
        });
        Self {
            outcomes: outcomes.collect(),
            data: data.clone(),
            network: network.clone(),
            loss: setting.template().loss,
            decay: setting.decay,
            batch: setting.batch,
            threads,
        }
    }

    /// A line that says what was trained on what.
    pub fn caption(&self) -> String {
        let seeds = self.outcomes.first().map_or(0, |outcome| outcome.runs.len());
        let decay = if self.decay == 0.0 {
            "constant step sizes".to_owned()
        } else {
            format!("step sizes γ₀(k+1)^−{}", self.decay)
        };
        format!(
            "{} ({} parameters) on {} ({} training samples), batches of {}, {decay}, {seeds} {}",
            self.network.name(),
            self.network.parameters(),
            self.data.name,
            self.data.train.len(),
            self.batch,
            if seeds == 1 { "seed" } else { "seeds" }
        )
    }

    /// Name of the loss.
    pub fn loss(&self) -> &'static str {
        self.loss.name()
    }

    /// Record, table and text.
    pub fn product(&self, plan: Map<String, Value>) -> Product {
        let body = json!({
            "network": {
                "name": self.network.name(),
                "parameters": self.network.parameters(),
                "multiplications_per_sample": self.network.multiplications(),
                "layers": self.network.layers(),
            },
            "data": {
                "name": self.data.name,
                "source": self.data.source,
                "training_samples": self.data.train.len(),
                "test_samples": self.data.test.len(),
                "outputs": self.data.train.outputs(),
            },
            "methods": self.outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
            "timing": {
                "threads_per_run": self.threads[0],
                "runs_at_a_time": self.threads[1],
                "runs": self.outcomes.iter().flat_map(|o| &o.runs).map(|run| json!({"seconds": run.seconds, "samples": run.samples})).collect::<Vec<_>>(),
            },
        });
        Product::new("train", Value::Object(plan), body, self.text()).with_table(self.table())
    }

    fn table(&self) -> Table {
        let columns = [
            "method",
            "run",
            "epoch",
            "step",
            "train_loss",
            "train_accuracy",
            "test_loss",
            "test_accuracy",
            "batch_loss",
        ];
        let mut rows = Vec::new();
        for (index, outcome) in self.outcomes.iter().enumerate() {
            for (run, done) in outcome.runs.iter().enumerate() {
                rows.extend(done.curve.iter().map(|p| {
                    let counts = [index as f64 + 1.0, run as f64 + 1.0, p.epoch as f64, p.step as f64];
                    [
                        &counts[..],
                        &[p.train_loss, p.train_accuracy, p.test_loss, p.test_accuracy, p.batch_loss],
                    ]
                    .concat()
                }));
            }
        }
        Table::new(columns.map(str::to_owned).to_vec(), rows)
    }

    fn text(&self) -> String {
        let mut out = format!("{}\n\n", self.caption());
        let has_classes = self.outcomes.iter().any(Outcome::has_classes);
        out += "method     first step size  training loss (best to worst)      ";
        out += if has_classes { "test accuracy (worst to best)\n" } else { "test loss (best to worst)\n" };
        for outcome in &self.outcomes {
            let step_size = outcome.contender.step_size.map_or("-".into(), |g| format!("{g:.4e}"));
            let edge = if outcome.at_edge() && !outcome.contender.tried.is_empty() { "*" } else { " " };
            out += &format!("{:<10} {step_size:>14}{edge}  ", outcome.contender.template.method.name());
            if outcome.runs.is_empty() {
                out += "not run\n";
                continue;
            }
            let [mean, best, worst] = spread(&outcome.finals(|p| p.train_loss));
            out += &format!("{:<35}", format!("{mean:.3e} ({best:.3e} to {worst:.3e})"));
            if has_classes {
                let [mean, low, high] = spread(&outcome.finals(|p| 100.0 * p.test_accuracy));
                out += &format!("{mean:.2} % ({low:.2} to {high:.2})\n");
            } else {
                let [mean, low, high] = spread(&outcome.finals(|p| p.test_loss));
                out += &format!("{mean:.3e} ({low:.3e} to {high:.3e})\n");
            }
            for (i, run) in outcome.runs.iter().enumerate() {
                if run.status != Status::ReachedEnd {
                    out += &format!("           run {}: {}\n", i + 1, run.status);
                }
            }
        }
        if self.outcomes.iter().any(|outcome| !outcome.contender.tried.is_empty() && outcome.at_edge()) {
            out += "* at the edge of the grid of step sizes: a wider one (--grid) may hold a better one\n";
        }
        let seconds: f64 = self.outcomes.iter().flat_map(|o| &o.runs).map(|run| run.seconds).sum();
        let samples: u64 = self.outcomes.iter().flat_map(|o| &o.runs).map(|run| run.samples).sum();
        if samples > 0 {
            out +=
                &format!("\n{:.0} samples/s in each run, evaluations included\n", samples as f64 / seconds);
        }
        out
    }
}
