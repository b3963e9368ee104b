//! `dinlab explain CHECK`: everything a claim says about itself.

use clap::Args;
use dinlab_record::Claim;
use serde_json::json;

use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
    values,
};

/// Explain one check: claim, hypotheses, sources, what is measured, what would refute it
#[derive(Debug, Args)]
pub struct Explain {
    /// Name of the check
    check: String,
    #[command(flatten)]
    pub common: Common,
}

/// Characters per line.
const WIDTH: usize = 96;
const INDENT: &str = "    ";

impl Explain {
    /// Prints the claim.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let Some(check) = dinlab_theory::registry::find(&self.check) else {
            let ids = dinlab_theory::ALL.iter().map(|check| check.claim().id);
            anyhow::bail!("{}", values::unknown("check", &self.check, ids, "`dinlab list checks` lists all"));
        };
        session.prepare(output::Format::RECORD)?;
        let claim = check.claim();
        let plan = json!({"command": "explain", "resolved": {"check": claim.id}});
        let body = json!({"claim": serde_json::to_value(claim)?});
        output::emit(session, &Product::new("explain", plan, body, text(claim)))?;
        Ok(Exit::Success)
    }
}

fn text(claim: &Claim) -> String {
    let hypotheses = claim.hypotheses.iter().map(|h| format!("- {h}")).collect::<Vec<_>>().join("\n");
    let sources = claim.sources.iter().map(|s| format!("- {}", dinlab_theory::entry::reference(s)));
    let sources = sources.collect::<Vec<_>>().join("\n");
    let evidence = claim.evidence.to_string();
    let sections = [
        ("Claim", claim.sentence),
        ("Statement", claim.statement),
        ("Hypotheses", &hypotheses),
        ("Source", &sources),
        ("Differences from print", claim.differences),
        ("Measured", claim.measured),
        ("Refuted by", claim.refuted_by),
        ("Tolerance", claim.tolerance),
        ("Negative control", claim.control),
        ("Evidence, at most", &evidence),
        ("Cost", claim.cost),
    ];
    let mut out = format!("{}: {} (family {})\n", claim.id, claim.title, claim.family);
    for (heading, content) in sections {
        out += &format!("\n{heading}\n");
        for line in content.lines().flat_map(|line| wrap(line, WIDTH - INDENT.len())) {
            out += &format!("{INDENT}{line}\n");
        }
    }
    out + &format!("\nRun it\n{INDENT}dinlab check {}\n", claim.id)
}

/// Breaks a line at spaces; words longer than a line stay whole.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if used == 0 {
            lines[last].push_str(word);
        } else if used + 1 + word.chars().count() <= width {
            lines[last] += " ";
            lines[last] += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_no_word_is_lost() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("incomprehensible", 5), ["incomprehensible"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
