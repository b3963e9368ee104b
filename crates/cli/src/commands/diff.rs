//! `dinlab diff A B`: two records or two report folders. Exit code 0 if nothing differs, 1 if something does.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use dinlab_record::{report::CHECKS_SCHEMA, CheckReport};
use dinlab_report::diff::{diff, diff_values, RELATIVE_TOLERANCE};
use serde_json::{json, Value};

use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
};

/// Compare two records or two report folders, check by check
#[derive(Debug, Args)]
pub struct Diff {
    /// Record or report folder
    a: PathBuf,
    /// Record or report folder to compare it with
    b: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

impl Diff {
    /// Compares; differences in provenance, timing and caching do not count.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let (a, b) = (read(&self.a)?, read(&self.b)?);
        session.prepare(output::Format::RECORD)?;
        let difference = match (as_report(&a, &self.a)?, as_report(&b, &self.b)?) {
            (Some(a), Some(b)) => diff(&a, &b),
            (None, None) => diff_values(&a, &b, RELATIVE_TOLERANCE),
            _ => anyhow::bail!(
                "{} and {} are records of different kinds: compare two of the same `schema`",
                self.a.display(),
                self.b.display()
            ),
        };
        let paths = json!({"a": self.a.to_string_lossy(), "b": self.b.to_string_lossy()});
        let plan = json!({"command": "diff", "resolved": paths});
        let same = difference.is_empty();
        let mut body = serde_json::to_value(&difference)?;
        body["same"] = same.into();
        output::emit(session, &Product::new("diff", plan, body, difference.to_string()))?;
        Ok(if same { Exit::Success } else { Exit::Violated })
    }
}

/// A record, or the `checks.json` of a folder.
fn read(path: &Path) -> anyhow::Result<Value> {
    let file = if path.is_dir() { path.join("checks.json") } else { path.to_owned() };
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}: expected a record or a report folder", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

fn as_report(record: &Value, path: &Path) -> anyhow::Result<Option<CheckReport>> {
    if record.get("schema").and_then(Value::as_str) != Some(CHECKS_SCHEMA) {
        return Ok(None);
    }
    let report = serde_json::from_value(record.clone());
    report.map(Some).with_context(|| format!("{} is not a report of checks", path.display()))
}
