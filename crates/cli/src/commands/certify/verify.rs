//! `dinlab certify verify FILE`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dinlab_certify::{rational, target, verify, CertifyError, Rational, Statement};
use serde_json::json;

use crate::{
    args::Common,
    output::{self, number, Product},
    session::{Exit, Session},
};

/// Longest file that is read: certificates of a hundred steps have some megabytes.
const LONGEST: u64 = 64 << 20;

/// Verify a certificate in exact arithmetic
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 it holds; 1 it does not; 2 the file is no certificate.")]
pub struct Verify {
    /// File that `--certificate FILE` of worst-case, rate or cycle wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    pub common: Common,
}

/// Coefficients in words, long lists cut.
fn coefficients(statement: &Statement) -> String {
    let list = |values: &Vec<Rational>| {
        let shown: Vec<String> = values.iter().take(6).map(target::show).collect();
        format!("{}{}", shown.join(" "), if values.len() > 6 { " ..." } else { "" })
    };
    statement
        .method
        .coefficients()
        .iter()
        .map(|(name, values)| format!(", {name} {}", list(values)))
        .collect()
}

impl Verify {
    /// Verifies.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        session.prepare(output::Format::RECORD)?;
        let shown = self.file.display();
        let size = std::fs::metadata(&self.file).with_context(|| format!("cannot read {shown}"))?.len();
        anyhow::ensure!(
            size <= LONGEST,
            "{shown}: {size} bytes are more than any certificate has ({LONGEST})"
        );
        let text = std::fs::read_to_string(&self.file).with_context(|| format!("cannot read {shown}"))?;
        let plan = json!({"command": "certify verify", "resolved": {"file": self.file}});
        match verify::verify_any(&text) {
            Ok(verify::Any::Rate(found)) => {
                let body = json!({
                    "status": "holds", "evidence": "certified", "sentence": found.sentence(),
                    "rate": {"exact": found.rate.to_string()},
                });
                let text = format!(
                    "{}\n  holds: the Lyapunov function satisfies both inequalities in exact arithmetic\n",
                    found.sentence()
                );
                output::emit(session, &Product::new("certify-verify", plan, body, text))?;
                Ok(Exit::Success)
            }
            Ok(verify::Any::WorstCase(found)) => {
                let bound = rational::decimal_above(&found.bound, 12);
                let sentence = found.statement.sentence();
                let body = json!({
                    "status": "holds", "evidence": "certified", "sentence": sentence,
                    "method": found.statement.method.kind(),
                    "coefficients": found.statement.method.coefficients().iter()
                        .map(|(name, list)| (name.clone(), list.iter().map(target::show).collect::<Vec<_>>()))
                        .collect::<std::collections::BTreeMap<_, _>>(),
                    "bound": {"exact": found.bound.to_string(), "decimal": bound,
                              "float": number(rational::float_above(&found.bound))},
                    "proved": found.proved.to_string(), "conditions": found.conditions,
                });
                let text = format!(
                    "{sentence}\n  method: {}{}\n  holds: {} <= {bound}, by {} conditions of the class in exact arithmetic\n",
                    found.statement.method.kind(),
                    coefficients(&found.statement),
                    found.statement.measure.formula(),
                    found.conditions
                );
                output::emit(session, &Product::new("certify-verify", plan, body, text))?;
                Ok(Exit::Success)
            }
            Ok(verify::Any::Cycle(found)) => {
                let body = json!({
                    "status": "holds", "evidence": "certified", "sentence": found.sentence(),
                    "points": found.cycle.points.len(),
                });
                let text = format!(
                    "{}\n  holds: the points follow the method and a function of the class has their gradients and values, in exact arithmetic\n",
                    found.sentence()
                );
                output::emit(session, &Product::new("certify-verify", plan, body, text))?;
                Ok(Exit::Success)
            }
            Err(CertifyError::Refuted { reason }) => {
                let body = json!({"status": "refuted", "reason": reason});
                let text = format!("{shown}\n  does not hold: {reason}\n");
                output::emit(session, &Product::new("certify-verify", plan, body, text))?;
                Ok(Exit::Violated)
            }
            Err(error) => Err(anyhow::Error::new(error).context(format!("{shown}"))),
        }
    }
}
