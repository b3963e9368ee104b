//! The binary `dinlab`: arguments, progress, exit codes. Everything else is done by the other crates.

mod args;
mod cache;
mod commands;
mod config;
mod drawing;
mod folder;
mod interrupt;
mod output;
mod problem;
mod progress;
mod provenance;
mod session;
mod solutions;
mod trajectory;
mod values;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;

use args::{Cli, Command};
use session::{Exit, Session};

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1).collect()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::stderr(&format!("error: {error:#}"));
            ExitCode::from(Exit::CouldNotRun.code())
        }
    }
}

fn run(typed: Vec<OsString>) -> anyhow::Result<u8> {
    let arguments = config::expand(typed)?;
    let origin = provenance::Origin::new(&arguments);
    let words = std::iter::once(OsString::from("dinlab")).chain(arguments);
    let command = match Cli::try_parse_from(words) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Help for a reader that went away is no failure; neither is a message that nobody can see.
            let _ = error.print();
            return Ok(u8::try_from(error.exit_code()).unwrap_or(Exit::CouldNotRun.code()));
        }
    };
    let session = Session { common: command.common().clone(), origin };
    let exit = match command {
        Command::Check(c) => c.run(&session),
        Command::List(c) => c.run(&session),
        Command::Explain(c) => c.run(&session),
        Command::Simulate(c) => c.run(&session),
        Command::Iterate(c) => c.run(&session),
        Command::Compare(c) => c.run(&session),
        Command::Stability(c) => c.run(&session),
        Command::Map(c) => c.run(&session),
        Command::Subdifferential(c) => c.run(&session),
        Command::Dictionary(c) => c.run(&session),
        Command::Certify(c) => c.run(&session),
        Command::Train(c) => c.run(&session),
        Command::Landscape(c) => c.run(&session),
        Command::Rate(c) => c.run(&session),
        Command::Sweep(c) => c.run(&session),
        Command::Merge(c) => c.run(&session),
        Command::Diff(c) => c.run(&session),
        Command::Figure(c) => c.run(&session),
        Command::Schema(c) => c.run(&session),
        Command::Completions(c) => c.run(&session),
    }?;
    Ok(exit.code())
}
