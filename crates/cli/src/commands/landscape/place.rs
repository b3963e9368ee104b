//! The objective and the point where it is looked at.

use std::{path::Path, sync::Arc};

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_neural::{checkpoint, train, Initial, NetworkObjective};
use dinlab_numeric::{all_finite, norm};
use dinlab_objective::{registry::Shared, Oracle};
use serde_json::{json, Map, Value};

use crate::{
    args::{check_length, Reading},
    output::number,
    values::Vector,
};

/// Options that say what is looked at, and where.
#[derive(Debug, Args)]
pub struct Place {
    /// Objective: a registered name, expr:FORMULA, sum:FORMULA;FORMULA;.. or net:ARCHITECTURE@DATA (then @R for a penalty)
    #[arg(long, value_name = "J")]
    pub objective: String,
    #[command(flatten)]
    reading: Reading,
    /// Point: numbers x,y,.. or a file .npy; for networks also a file .checkpoint of `dinlab train`, or a law of initial weights
    /// (he, glorot, normal:sigma) [default for networks: he]
    #[arg(long, value_name = "POINT", allow_hyphen_values = true)]
    at: Option<String>,
}

/// What is looked at.
pub struct Resolved {
    /// J.
    pub objective: Shared,
    /// The same where it is a network.
    pub network: Option<Arc<NetworkObjective>>,
    /// The point, of the objective's dimension.
    pub theta: Vec<f64>,
    /// J there.
    pub value: f64,
    /// ∇J there.
    pub gradient: Vec<f64>,
    /// The point as typed, or the default.
    at: String,
}

impl Place {
    /// Builds the objective and the point, and evaluates it there.
    pub fn resolve(&self, seed: u64) -> anyhow::Result<Resolved> {
        let network = self.reading.network(&self.objective)?;
        let objective = match &network {
            Some(network) => network.clone() as Shared,
            None => self.reading.objective(&self.objective)?,
        };
        let at = match (&self.at, &network) {
            (Some(at), _) => at.clone(),
            (None, Some(_)) => "he".into(),
            (None, None) => bail!("--at is missing: expected numbers x,y,.. or a file .npy"),
        };
        let (n, name) = (objective.dimension(), shown(objective.name()));
        let theta = point(&at, network.as_deref(), seed).with_context(|| format!("--at {}", shown(&at)))?;
        check_length("--at", &Vector(theta.clone()), n, objective.name())?;
        let mut gradient = vec![0.0; n];
        let value = objective.oracle().value_gradient(&theta, &mut gradient);
        ensure!(
            value.is_finite() && all_finite(&gradient),
            "--at {}: the objective `{name}` is not defined there (value {value}); expected a point where value and gradient are finite",
            shown(&at)
        );
        Ok(Resolved { objective, network, theta, value, gradient, at })
    }

    /// Keys of the plan.
    pub fn plan(&self, kind: &str, seed: u64, resolved: &Resolved) -> Map<String, Value> {
        let keys = [
            ("command", json!(format!("landscape {kind}"))),
            ("objective", json!(self.objective)),
            ("kink", json!(resolved.objective.selection().to_string())),
            ("variables", json!(self.reading.variables)),
            ("at", json!(resolved.at)),
            ("seed", json!(seed)),
        ];
        keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
    }
}

impl Resolved {
    /// n.
    pub fn dimension(&self) -> usize {
        self.theta.len()
    }

    /// An oracle, for one thread.
    pub fn oracle(&self) -> Box<dyn Oracle + '_> {
        self.objective.oracle()
    }

    /// What every record of this command says about the point.
    pub fn body(&self) -> Map<String, Value> {
        let keys = [
            ("dimension", json!(self.dimension())),
            ("value", number(self.value)),
            ("gradient_norm", number(norm(&self.gradient))),
        ];
        keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
    }

    /// The first lines on the terminal.
    pub fn text(&self) -> String {
        format!(
            "{} ({} variables) at {}\nvalue                 {:.6e}\ngradient norm         {:.6e}\n",
            shown(self.objective.name()),
            self.dimension(),
            shown(&self.at),
            self.value,
            norm(&self.gradient)
        )
    }

    /// The line below a figure.
    pub fn caption(&self) -> String {
        format!("{} at {}", shown(self.objective.name()), shown(&self.at))
    }
}

fn shown(text: &str) -> String {
    dinlab_report::number::shorten(text, 60)
}

/// The point that a text names.
fn point(at: &str, network: Option<&NetworkObjective>, seed: u64) -> anyhow::Result<Vec<f64>> {
    let path = Path::new(at);
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match (extension.as_deref(), network) {
        (Some("npy"), _) => {
            let bytes = std::fs::read(path).context("cannot read it")?;
            let theta = dinlab_report::npy::vector(&bytes).map_err(|reason| anyhow::anyhow!("{reason}"))?;
            ensure!(all_finite(&theta), "its numbers are not all finite");
            Ok(theta)
        }
        (Some("checkpoint"), Some(network)) => {
            let bytes = std::fs::read(path).context("cannot read it")?;
            Ok(checkpoint::weights(&bytes, network.network(), at)?)
        }
        (Some("checkpoint"), None) => bail!("a checkpoint is one of a network, expected --objective net:.."),
        _ => match (Initial::named(at), network) {
            // The seed of the first run of `dinlab train`.
            (Some(initial), Some(network)) => Ok(initial.draw(network.network(), train::run_seed(seed, 0))),
            (Some(_), None) => bail!("a law of initial weights is for networks, expected numbers x,y,.."),
            (None, network) => at.parse::<Vector>().map(|v| v.0).map_err(|reason| {
                let more =
                    if network.is_some() { ", a file .checkpoint, he, glorot or normal:sigma" } else { "" };
                anyhow::anyhow!("{reason}; or a file .npy{more}")
            }),
        },
    }
}
