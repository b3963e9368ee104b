//! `dinlab schema`: the JSON schema of `checks.json`. With or without `--json` it prints the schema itself, so
//! that it can be piped into a validator.

use clap::Args;

use crate::{
    args::Common,
    output,
    session::{Exit, Session},
};

/// Print the JSON schema of checks.json
#[derive(Debug, Args)]
pub struct Schema {
    #[command(flatten)]
    pub common: Common,
}

impl Schema {
    /// Prints the schema.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        session.prepare(output::Format::RECORD)?;
        let text = dinlab_report::json::pretty(&dinlab_report::schema());
        match &session.common.output {
            Some(target) => dinlab_report::atomic::write(&target.path, text.as_bytes())?,
            None => output::stdout(&text)?,
        }
        Ok(Exit::Success)
    }
}
