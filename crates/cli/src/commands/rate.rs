//! `dinlab rate FILE.csv --column NAME`: fits a rate of convergence on any curve.

use std::path::PathBuf;

use anyhow::{bail, Context as _};
use clap::Args;
use dinlab_report::{number::exact, Sheet, Table};
use serde_json::json;

use crate::{
    args::Common,
    output::{self, number, numbers, Product},
    session::{Exit, Session},
};

/// Fit a rate of convergence on a column of a CSV file
#[derive(Debug, Args)]
pub struct Rate {
    /// CSV file with a header line
    #[arg(required_unless_present = "file_option")]
    file: Option<PathBuf>,
    #[arg(long = "file", id = "file_option", hide = true)]
    file_option: Option<PathBuf>,
    /// Column that converges to 0
    #[arg(long, value_name = "NAME")]
    column: String,
    /// Column of times or iteration numbers [default: the first one named t or k]
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

impl Rate {
    /// Fits.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Some(file) = self.file.as_ref().or(self.file_option.as_ref()) else {
            bail!("FILE.csv is missing");
        };
        let sheet = Sheet::read(file)?;
        let against = self.against(&sheet)?;
        let y = sheet.column(&self.column).context("--column")?;
        let t = sheet.column(&against).context("--against")?;
        check(&against, &t)?;
        let fit = dinlab_analysis::fit_rate(&t, &y)
            .with_context(|| format!("{}: no rate can be fitted on `{}`", file.display(), self.column))?;
        session.prepare(output::Format::ALL)?;
        let plan = json!({
            "command": "rate", "file": file.to_string_lossy(), "column": self.column, "against": against,
        });
        let kind = serde_json::to_value(fit.kind)?;
        let word = kind.as_str().unwrap_or_default().to_owned();
        let body = json!({
            "kind": kind, "value": number(fit.value), "low": number(fit.low), "high": number(fit.high),
            "window": numbers(&fit.window), "points": fit.points, "floor": number(fit.floor),
            "order": number(fit.order), "envelope": fit.envelope,
        });
        let text = format!(
            "{word}: {} [{}, {}] on {against} in [{}, {}]",
            exact(fit.value),
            exact(fit.low),
            exact(fit.high),
            exact(fit.window[0]),
            exact(fit.window[1])
        );
        let columns = ["value", "low", "high", "window_from", "window_until"].map(str::to_owned).to_vec();
        let table =
            Table::new(columns, vec![vec![fit.value, fit.low, fit.high, fit.window[0], fit.window[1]]]);
        output::emit(session, &Product::new("rate", plan, body, text).with_table(table))?;
        Ok(Exit::Success)
    }

    fn against(&self, sheet: &Sheet) -> anyhow::Result<String> {
        if let Some(name) = &self.against {
            return Ok(name.clone());
        }
        match sheet.columns.iter().find(|name| *name == "t" || *name == "k") {
            Some(name) => Ok(name.clone()),
            None => bail!(
                "{} has no column `t` or `k`: name the column of times with --against; it has: {}",
                sheet.origin,
                sheet.columns.join(", ")
            ),
        }
    }
}

/// Times must be finite and increase.
fn check(name: &str, t: &[f64]) -> anyhow::Result<()> {
    if let Some(i) = t.iter().position(|v| !v.is_finite()) {
        bail!("column `{name}`: row {} is {}, expected finite numbers", i + 1, t[i]);
    }
    if let Some(i) = t.windows(2).position(|pair| pair[1] <= pair[0]) {
        bail!(
            "column `{name}` is not increasing: row {} is {}, row {} is {}; expected times that increase strictly",
            i + 1, t[i], i + 2, t[i + 1]
        );
    }
    Ok(())
}
