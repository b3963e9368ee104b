//! Files of reductions.

use anyhow::{bail, Context as _};
use dinlab_report::json::pretty;
use dinlab_sweep::reduce::{Reduce, Tally};
use serde_json::{json, Value};

use super::summary;
use crate::output::{Format, Target};

/// What reductions can be written as.
pub const FORMATS: &[Format] = &[
    Format::Csv,
    Format::Json,
    Format::Npy,
    #[cfg(feature = "parquet")]
    Format::Parquet,
    Format::Sweep,
];

/// Refuses a format that cannot hold what is asked for. To be called before work begins.
pub fn check(target: &Target, wanted: &[Reduce]) -> anyhow::Result<()> {
    let path = target.path.display();
    if !FORMATS.contains(&target.format) {
        bail!("-o {path}: with --reduce no rows are kept; expected .json, .csv, .npy or .sweep");
    }
    let tables = wanted.iter().filter(|one| **one != Reduce::Extremes).count();
    if !matches!(target.format, Format::Json | Format::Sweep) && tables != 1 {
        bail!(
            "-o {path}: a .{} file holds one histogram or one grid, but {tables} are asked for; .json holds all",
            target.format
        );
    }
    Ok(())
}

/// Fields of the record.
pub fn body(tally: &Tally) -> Value {
    let mut body = summary::record(&tally.reduction);
    body["cells"] = json!(tally.header.cells);
    body["complete"] = json!(tally.complete());
    body
}

/// Writes the file.
pub fn write(tally: &Tally, target: &Target) -> anyhow::Result<()> {
    let plan = serde_json::to_string(&tally.header.plan)?;
    let bytes = match (target.format, summary::table(&tally.reduction)) {
        (Format::Sweep, _) => return Ok(tally.write(&target.path)?),
        (Format::Csv, Some(table)) => format!("# plan: {plan}\n{}", table.to_csv()).into_bytes(),
        // Behind the array, where readers of arrays do not look.
        (Format::Npy, Some(table)) => {
            [dinlab_report::npy(&table), format!("\n# plan: {plan}\n").into_bytes()].concat()
        }
        #[cfg(feature = "parquet")]
        (Format::Parquet, Some(table)) => dinlab_report::parquet(&table, &plan)
            .with_context(|| format!("cannot write {}", target.path.display()))?,
        (Format::Json, _) => {
            // Without clock and command line, so that a run that was interrupted has the bytes of one that was not.
            let mut record = json!({
                "schema": "dinlab/sweep/1",
                "provenance": {"version": tally.header.version},
                "plan": serde_json::to_value(&tally.header.plan)?,
            });
            if let (Value::Object(record), Value::Object(body)) = (&mut record, body(tally)) {
                record.extend(body);
            }
            (pretty(&record) + "\n").into_bytes()
        }
        _ => bail!("-o {}: expected .json, .csv, .npy or .sweep", target.path.display()),
    };
    dinlab_report::atomic::write(&target.path, &bytes).context("cannot write the reductions")
}
