//! What the kinds with interval arithmetic share: boxes from the command line, and boxes as text and as JSON.

use dinlab_enclosure::{Function, Interval};
use dinlab_objective::Objective;
use serde_json::{json, Value};

use crate::{output::number, values::Sides};

/// J on boxes, or a message that names `--objective`.
pub fn function(objective: &dyn Objective) -> anyhow::Result<Function<'_>> {
    Function::new(objective).map_err(|error| anyhow::anyhow!("--objective: {error}"))
}

/// The box of `--box`; one side stands for all variables.
pub fn region(sides: &Sides, n: usize, name: &str) -> anyhow::Result<Vec<Interval>> {
    let found = sides.0.len();
    if found != n && found != 1 {
        anyhow::bail!(
            "--box has {found} sides, but the objective `{name}` has {n} variables: expected 1 or {n}"
        );
    }
    Ok((0..n).map(|i| sides.0[i.min(found - 1)]).map(|(low, high)| Interval::new(low, high)).collect())
}

/// The sides as they are typed.
pub fn typed(sides: &Sides) -> Value {
    json!(sides.0.iter().map(|(low, high)| format!("{low}:{high}")).collect::<Vec<_>>().join(","))
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
