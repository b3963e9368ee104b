//! `dinlab merge`: shards of a sweep → one table.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use dinlab_sweep::reduce::{Reduce, Reduction, Tally};
use serde_json::json;

use super::sweep::{export, reduced, summary, without_output, FORMATS};
use crate::{
    args::Common,
    output::{self, Product, Target},
    session::{Exit, Session},
};

/// Merge the shards of a sweep into one table
#[derive(Debug, Args)]
pub struct Merge {
    /// Files of rows or of reductions: shards (.sweep) in any order, or checkpoints
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
        let reduced: Vec<bool> =
            self.files.iter().map(|path| Tally::is_in(path)).collect::<Result<_, _>>()?;
        match (reduced.contains(&true), reduced.iter().position(|reduced| !reduced)) {
            (true, None) => return self.reductions(session, target),
            (true, Some(rows)) => {
                bail!("{}: it is no file of reductions, but others are", self.files[rows].display())
            }
            (false, _) => {}
        }
        let merged = dinlab_sweep::Merge::open(&self.files, self.partial)?;
        let resolved = merged.header.plan.resolve()?;
        let mut summary = Reduction::new(merged.header.columns.clone(), &resolved.grid, &[])?;
        export(&self.files, target, self.partial, &mut summary, false)?;
        let mut body = summary::record(&summary);
        body["cells"] = json!(merged.header.cells);
        body["complete"] = json!(merged.complete);
        body["file"] = json!(target.path.to_string_lossy());
        let text = format!("{}rows in        {}\n", summary::text(&summary, false), target.path.display());
        let plan = serde_json::to_value(&merged.header.plan)?;
        output::emit(&without_output(session), &Product::new("merge", plan, body, text))?;
        Ok(Exit::Success)
    }

    fn reductions(&self, session: &Session, target: &Target) -> anyhow::Result<Exit> {
        let tally = dinlab_sweep::merge_reductions(&self.files, self.partial)?;
        let wanted = tally.header.plan.resolve()?.reduce;
        reduced::check(target, &wanted)?;
        reduced::write(&tally, target)?;
        let mut body = reduced::body(&tally);
        body["file"] = json!(target.path.to_string_lossy());
        let places = wanted.contains(&Reduce::Extremes);
        let text =
            format!("{}reduced to     {}\n", summary::text(&tally.reduction, places), target.path.display());
        let plan = serde_json::to_value(&tally.header.plan)?;
        output::emit(&without_output(session), &Product::new("merge", plan, body, text))?;
        Ok(Exit::Success)
    }
}
