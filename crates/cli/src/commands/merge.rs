//! `dinlab merge`: shards of a sweep → one table.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::sweep::{export, Summary, FORMATS};
use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
};

/// Merge the shards of a sweep into one table
#[derive(Debug, Args)]
pub struct Merge {
    /// Files of rows: shards (.sweep) in any order, or checkpoints
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Merge what there is: cells may be missing, sweeps unfinished
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    pub common: Common,
}

impl Merge {
    /// Merges.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Some(target) = &session.common.output else {
            bail!("-o is missing: the file of the merged rows, .csv, .json, .npy, .npz or .sweep");
        };
        session.prepare(FORMATS)?;
        if self.files.contains(&target.path) {
            bail!("-o {}: it is one of the files to be merged", target.path.display());
        }
        let merged = dinlab_sweep::Merge::open(&self.files, self.partial)?;
        let mut summary = Summary::new(merged.header.columns.clone());
        export(&self.files, target, self.partial, &mut summary, false)?;
        let mut body = summary.record();
        body["cells"] = json!(merged.header.cells);
        body["complete"] = json!(merged.complete);
        body["file"] = json!(target.path.to_string_lossy());
        let text = format!("{}rows in        {}\n", summary.text(), target.path.display());
        let quiet = Session { common: Common { output: None, ..session.common.clone() }, ..session.clone() };
        output::emit(&quiet, &Product::new("merge", serde_json::to_value(&merged.header.plan)?, body, text))?;
        Ok(Exit::Success)
    }
}
