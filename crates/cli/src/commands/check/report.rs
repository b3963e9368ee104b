//! What `dinlab check` writes into the report folder, and what it prints.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use anyhow::Context as _;
use dinlab_record::CheckReport;
use dinlab_report::TerminalStyle;
use dinlab_theory::AnyCheck;
use rayon::prelude::*;

use crate::{commands::figure, folder::Folder, output, session::Session};

/// Writes `checks.json`, `index.html`, `checks.tex`, `references.bib`, `figures/` and `data/`, each file in one
/// step; the page comes last, so that it never shows what is not there.
pub fn write(folder: &Folder, report: &CheckReport, checks: &[&dyn AnyCheck]) -> anyhow::Result<()> {
    let drawn: Vec<(String, String)> = report
        .checks
        .par_iter()
        .filter_map(|entry| entry.figure.as_ref().map(|figure| (entry.id.clone(), figure)))
        .map(|(id, figure)| {
            let svg = figure::draw(folder, &id, figure, figure::DEFAULT)?;
            folder.write(format!("data/{id}.csv"), dinlab_report::figure_csv(figure).as_bytes())?;
            Ok((id, svg))
        })
        .collect::<anyhow::Result<_>>()?;
    let figures: BTreeMap<String, String> = drawn.into_iter().collect();
    folder.write("checks.json", dinlab_report::to_json(report).as_bytes())?;
    folder.write("checks.tex", dinlab_report::latex(report).as_bytes())?;
    let sources: Vec<_> = checks.iter().flat_map(|check| check.claim().sources.iter().copied()).collect();
    folder.write("references.bib", dinlab_report::bibtex(&sources).as_bytes())?;
    folder.write("index.html", dinlab_report::html(report, &figures)?.as_bytes())
}

/// The record, or the summary for a person; and the file of `-o`.
pub fn print(session: &Session, report: &CheckReport) -> anyhow::Result<()> {
    if let Some(target) = &session.common.output {
        let bytes = match target.format {
            output::Format::Csv => dinlab_report::measurements_csv(report).into_bytes(),
            _ => dinlab_report::to_json(report).into_bytes(),
        };
        dinlab_report::atomic::write(&target.path, &bytes)?;
    }
    if session.common.json {
        return output::stdout(&dinlab_report::to_json(report));
    }
    if session.common.quiet {
        return Ok(());
    }
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let style = TerminalStyle { color, ..TerminalStyle::default() };
    let page = session.common.out.join("index.html");
    output::stdout(&format!("{}\n{}\n", dinlab_report::summary_table(report, style), page.display()))
        .context("the report is written, but its summary could not be printed")
}
