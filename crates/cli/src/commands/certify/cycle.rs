//! `dinlab certify cycle`.

use std::path::PathBuf;

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use dinlab_certify::{
    cycle::{certificate::CycleCertificate, polygon},
    lyapunov::certificate::Exact,
    rational,
};
use serde_json::{json, Value};

use super::system::Given;
use crate::{
    args::Common,
    output::{self, number, Product},
    session::{Exit, Session},
    values,
};

/// Find a cycle of a method on a mu-strongly convex, L-smooth function: it refutes every rate (exact certificate)
#[derive(Debug, Args)]
#[command(
    after_help = "Methods are those of `certify rate` in discrete time. Cycles along regular polygons are looked for; the one
that is found is rounded to fractions and verified: its points follow the method, and a function of the class
has these gradients and values. No cycle found proves nothing."
)]
pub struct Cycle {
    #[command(flatten)]
    given: Given,
    /// Most corners of a polygon
    #[arg(long, value_name = "K", default_value_t = 60, value_parser = values::positive_count, allow_hyphen_values = true)]
    corners: u64,
    /// Write the certificate to a file
    #[arg(long, value_name = "FILE.json")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

impl Cycle {
    /// Searches and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let class = self.given.class()?;
        ensure!(
            (2..=400).contains(&self.corners),
            "--corners {}: expected a whole number from 2 to 400",
            self.corners
        );
        let system = self.given.system(&class)?;
        let Exact::Discrete(family) = &system else {
            bail!("--method {}: expected a method in discrete time", self.given.name());
        };
        session.prepare(output::Format::RECORD)?;
        if let Some(file) = &self.certificate {
            let folder = file.parent().unwrap_or(std::path::Path::new("."));
            output::check_writable(folder).with_context(|| format!("--certificate {}", file.display()))?;
        }
        let mut plan = self.given.plan(&system);
        plan.insert("command".into(), json!("certify cycle"));
        plan.insert("corners".into(), json!(self.corners));
        let name = self.given.name();
        let found = polygon::find(family, &class, u32::try_from(self.corners).unwrap_or(60));
        let (body, text) = match found {
            None => (
                json!({"status": "none", "evidence": null, "cycle": null}),
                format!(
                    "{name}: no cycle along a regular polygon of up to {} corners was found; that proves nothing\n",
                    self.corners
                ),
            ),
            Some((polygon, cycle)) => {
                let certificate = CycleCertificate::new(family, &class, &cycle);
                certificate
                    .verify()
                    .context("the certificate just made does not hold: please report this")?;
                if let Some(file) = &self.certificate {
                    dinlab_report::atomic::write(file, certificate.to_json().as_bytes())?;
                }
                let points: Vec<Value> = cycle
                    .points
                    .iter()
                    .map(|point| point.iter().map(|x| number(rational::float(x))).collect())
                    .collect();
                let body = json!({
                    "status": "cycle", "evidence": "certified", "sentence": certificate.sentence,
                    "cycle": {"corners": polygon.corners, "turns": polygon.turns, "points": points},
                    "certificate": certificate.hash,
                });
                let mut text = format!(
                    "{name}: {}\n  certified; {} corners, {} at a time, verified in exact arithmetic\n",
                    certificate.sentence, polygon.corners, polygon.turns
                );
                if let Some(file) = &self.certificate {
                    text += &format!(
                        "  certificate: {} (check it with `dinlab certify verify`)\n",
                        file.display()
                    );
                }
                (body, text)
            }
        };
        output::emit(session, &Product::new("certify-cycle", Value::Object(plan), body, text))?;
        Ok(Exit::Success)
    }
}
