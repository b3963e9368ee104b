//! `dinlab certify cycle`.

use anyhow::{bail, ensure};
use clap::Args;
use dinlab_certify::{
    cycle::{certificate::CycleCertificate, polygon},
    lyapunov::certificate::Exact,
    rational,
};
use serde_json::{json, Value};

use super::{options::Destination, system::Given};
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
    #[command(flatten)]
    certificate: Destination,
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
        self.certificate.prepare()?;
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
                let written = self.certificate.write(&certificate)?;
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
                let text = format!(
                    "{name}: {}\n  certified; {} corners, {} at a time, verified in exact arithmetic\n{written}",
                    certificate.sentence, polygon.corners, polygon.turns
                );
                (body, text)
            }
        };
        output::emit(session, &Product::new("certify-cycle", Value::Object(plan), body, text))?;
        Ok(Exit::Success)
    }
}
