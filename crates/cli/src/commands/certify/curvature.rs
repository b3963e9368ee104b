//! `dinlab certify curvature`: bounds of the extreme eigenvalues of the Hessian over a box.

use clap::Args;
use serde_json::json;

use super::interval::{ends, function, words, OnBox};
use crate::{
    args::Common,
    output::{self, Product},
    session::{Exit, Session},
    values,
};

/// Bound the eigenvalues of the Hessian over a box: mu and L (interval arithmetic, at most 4 variables)
#[derive(Debug, Args)]
pub struct Curvature {
    #[command(flatten)]
    subject: OnBox,
    /// Most pieces into which the box is divided
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = values::positive_count, allow_hyphen_values = true)]
    pieces: u64,
    #[command(flatten)]
    pub common: Common,
}

impl Curvature {
    /// Bounds and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let (objective, region) = self.subject.resolve()?;
        let function = function(&*objective)?;
        session.prepare(output::Format::RECORD)?;
        let pieces = usize::try_from(self.pieces).unwrap_or(usize::MAX);
        let found = dinlab_enclosure::curvature(function, &region, pieces)?;
        let plan = self.subject.plan("certify curvature", ("pieces", self.pieces));
        let body = json!({
            "evidence": "enclosed", "smooth": found.smooth,
            "least_eigenvalue": ends(&found.least), "greatest_eigenvalue": ends(&found.greatest),
        });
        let mut text = format!("least eigenvalue of the Hessian in the box     in {}\n", words(&found.least));
        text += &format!("greatest eigenvalue of the Hessian in the box  in {}\n", words(&found.greatest));
        text += match (found.smooth, found.least.low > 0.0) {
            (false, _) => "nothing shown: the box meets a kink, or J is not defined on all of it\n",
            (true, true) => "enclosed: J is strongly convex on the box\n",
            (true, false) => "enclosed\n",
        };
        output::emit(session, &Product::new("certify-curvature", plan, body, text))?;
        Ok(Exit::Success)
    }
}
