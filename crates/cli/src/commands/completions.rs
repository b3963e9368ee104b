//! `dinlab completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

use crate::{
    args::{Cli, Common},
    output::{self, Product},
    session::{Exit, Session},
};

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    pub common: Common,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        session.prepare(output::Format::RECORD)?;
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "dinlab", &mut script);
        let text = String::from_utf8_lossy(&script).into_owned();
        let plan = json!({"command": "completions"});
        let body = json!({"shell": self.shell.to_string(), "script": text});
        output::emit(session, &Product::new("completions", plan, body, text))?;
        Ok(Exit::Success)
    }
}
