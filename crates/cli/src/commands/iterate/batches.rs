//! Options that make mini-batches.

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_indian::{Batch, Sampling, Scaling};
use dinlab_objective::Objective;
use serde_json::{json, Map, Value};

use crate::values;

/// Mini-batches of finite sums.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mini-batches (of objectives that are finite sums)")]
pub struct Batches {
    /// Terms per step; without it (and without --sampling) a step takes the full gradient
    #[arg(long, value_name = "B", value_parser = values::positive_count, allow_hyphen_values = true)]
    batch: Option<u64>,
    /// Law of a batch: with-replacement, without-replacement or nonempty-subsets (which takes no --batch)
    /// [default: without-replacement]
    #[arg(long, value_name = "LAW", value_parser = law)]
    sampling: Option<&'static str>,
    /// What the sum over a batch is multiplied by: inverse-probability (1/p, so that its mean is the gradient) or none
    /// [default: inverse-probability]
    #[arg(long, value_name = "BY")]
    scaling: Option<Scaling>,
}

fn law(text: &str) -> Result<&'static str, String> {
    let names = || Sampling::names().into_iter().map(|(name, _)| name);
    names().find(|name| *name == text).ok_or_else(|| {
        values::unknown(
            "sampling",
            text,
            names(),
            &format!("expected {}", names().collect::<Vec<_>>().join(", ")),
        )
    })
}

impl Batches {
    /// The batches asked for, checked against the objective.
    pub fn build(&self, objective: &dyn Objective, seed: u64) -> anyhow::Result<Option<Batch>> {
        if self.batch.is_none() && self.sampling.is_none() {
            if let Some(scaling) = self.scaling {
                bail!("--scaling {scaling}: there is nothing to scale without --batch or --sampling");
            }
            return Ok(None);
        }
        let name = self.sampling.unwrap_or("without-replacement");
        let size = self.batch.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let Some(sampling) = Sampling::named(name, size) else {
            match self.batch {
                None => bail!("--sampling {name}: it needs a size, expected --batch B with B at least 1"),
                Some(size) => {
                    bail!("--batch {size}: --sampling {name} draws batches of any size, expected no --batch")
                }
            }
        };
        let scaling = self.scaling.unwrap_or(Scaling::InverseProbability);
        let batch = Batch { scaling, seed, label: "iterate".into(), ..Batch::new(sampling) };
        let flag = if self.batch.is_some() { "--batch" } else { "--sampling" };
        batch.validate(objective).map_err(|error| anyhow::anyhow!("{error}")).context(flag)?;
        Ok(Some(batch))
    }

    /// Keys of the plan. The seed is among them where it matters.
    pub fn plan(batch: Option<&Batch>) -> Map<String, Value> {
        let keys = [
            ("batch", json!(batch.and_then(|b| b.sampling.size()))),
            ("sampling", json!(batch.map(|b| b.sampling.name()))),
            ("scaling", json!(batch.map(|b| b.scaling.to_string()))),
            ("seed", json!(batch.map(|b| b.seed))),
        ];
        keys.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
    }
}

/// What the record says about the batches: the convention in numbers.
pub fn described(batch: Option<&Batch>, objective: &dyn Objective) -> Value {
    let Some((batch, samples)) = batch.zip(objective.samples()) else { return Value::Null };
    let count = samples.count();
    json!({
        "terms": count,
        "size": batch.sampling.size(),
        "sampling": batch.sampling.name(),
        "scaling": batch.scaling.to_string(),
        "p": batch.expected_multiplicity(count),
        "factor": batch.factor(count),
        "mean_field": match batch.scaling {
            Scaling::None => "p J",
            Scaling::InverseProbability => "J",
        },
    })
}
