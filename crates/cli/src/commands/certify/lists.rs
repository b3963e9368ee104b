//! `dinlab certify methods` and `dinlab certify classes`.

use clap::Args;
use dinlab_certify::{method::registry, target};
use serde_json::{json, Value};

use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
};

/// List the methods of `certify worst-case`
#[derive(Debug, Args)]
pub struct Methods {
    #[command(flatten)]
    pub common: Common,
}

/// List the classes of functions of `certify worst-case`
#[derive(Debug, Args)]
pub struct Classes {
    #[command(flatten)]
    pub common: Common,
}

impl Methods {
    /// Prints the list.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let rows: Vec<_> = registry::ALL.iter().map(|e| (e.name, e.about, e.parameters)).collect();
        list(session, "methods", "parameters", &rows)
    }
}

impl Classes {
    /// Prints the list.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let rows: Vec<_> = target::ALL.iter().map(|e| (e.name, e.about, e.constants)).collect();
        list(session, "classes", "constants", &rows)
    }
}

type Row = (&'static str, &'static str, &'static [&'static str]);

fn list(session: &Session, what: &str, options: &str, rows: &[Row]) -> anyhow::Result<Exit> {
    session.prepare(output::Format::RECORD)?;
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about, flags) in rows {
        let flags: Vec<String> = flags.iter().map(|flag| format!("--{flag}")).collect();
        text += &format!("{name:width$}  {about}");
        text += &if flags.is_empty() { "\n".to_owned() } else { format!("  [{}]\n", flags.join(" ")) };
    }
    let items: Vec<Value> = rows
        .iter()
        .map(|(name, about, flags)| json!({"name": name, "about": about, (options): flags}))
        .collect();
    let plan = json!({"command": format!("certify {what}")});
    output::emit(session, &Product::new("certify-list", plan, json!({ (what): items }), text))?;
    Ok(Exit::Success)
}
