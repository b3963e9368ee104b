//! What the kinds with interval arithmetic share: an objective on a box from the command line, and boxes as text and as JSON.

use clap::Args;
use dinlab_enclosure::{Function, Interval};
use dinlab_objective::{registry::Shared, Objective};
use serde_json::{json, Map, Value};

use crate::{args::Reading, output::number, values::Sides};

/// The options that name an objective and a box.
#[derive(Debug, Args)]
pub struct OnBox {
    /// Objective: a registered name (`dinlab list objectives`) or expr:FORMULA
    #[arg(long, value_name = "J")]
    objective: String,
    #[command(flatten)]
    reading: Reading,
    /// Box, low:high for each variable, or one for all
    #[arg(long = "box", value_name = "a:b,..", allow_hyphen_values = true)]
    sides: Sides,
}

impl OnBox {
    /// The objective, and the box with one side for each of its variables.
    pub fn resolve(&self) -> anyhow::Result<(Shared, Vec<Interval>)> {
        let objective = self.reading.objective(&self.objective)?;
        let region = region(&self.sides, objective.dimension(), objective.name())?;
        Ok((objective, region))
    }

    /// The options as they are typed, with the command's own.
    pub fn plan(&self, command: &str, own: (&str, u64)) -> Value {
        let sides = self.sides.0.iter().map(|(low, high)| format!("{low}:{high}"));
        let mut plan = Map::new();
        plan.insert("command".into(), json!(command));
        plan.insert("objective".into(), json!(self.objective));
        plan.insert("variables".into(), json!(self.reading.variables));
        plan.insert("box".into(), json!(sides.collect::<Vec<_>>().join(",")));
        plan.insert(own.0.into(), json!(own.1));
        Value::Object(plan)
    }
}

/// J on boxes, or a message that names `--objective`.
pub fn function(objective: &dyn Objective) -> anyhow::Result<Function<'_>> {
    Function::new(objective).map_err(|error| anyhow::anyhow!("--objective: {error}"))
}

/// The box of `--box`; one side stands for all variables.
fn region(sides: &Sides, n: usize, name: &str) -> anyhow::Result<Vec<Interval>> {
    let found = sides.0.len();
    if found != n && found != 1 {
        anyhow::bail!(
            "--box has {found} sides, but the objective `{name}` has {n} variables: expected 1 or {n}"
        );
    }
    Ok((0..n).map(|i| sides.0[i.min(found - 1)]).map(|(low, high)| Interval::new(low, high)).collect())
}

/// [low, high].
pub fn ends(side: &Interval) -> Value {
    json!([number(side.low), number(side.high)])
}

/// One [low, high] a side.
pub fn boxed(cell: &[Interval]) -> Value {
    Value::Array(cell.iter().map(ends).collect())
}

/// An interval as a person reads it, with all digits.
pub fn words(side: &Interval) -> String {
    let end = |x: f64| format!("{x:?}").trim_end_matches(".0").to_owned();
    if side.low == side.high {
        return end(side.low);
    }
    format!("[{}, {}]", end(side.low), end(side.high))
}

/// A box as a person reads it.
pub fn cell_words(cell: &[Interval]) -> String {
    cell.iter().map(words).collect::<Vec<_>>().join(" × ")
}
