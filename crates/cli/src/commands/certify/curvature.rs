//! `dinlab certify curvature`: bounds of the extreme eigenvalues of the Hessian over a box.

use clap::Args;
use serde_json::json;

use super::interval::{ends, function, region, typed, words};
use crate::{
    args::{Common, Reading},
    output::{self, Product},
    session::{Exit, Session},
    values::{self, Sides},
};

/// Bound the eigenvalues of the Hessian over a box: mu and L (interval arithmetic, at most 4 variables)
#[derive(Debug, Args)]
pub struct Curvature {
    /// Objective: a registered name (`dinlab list objectives`) or expr:FORMULA
    #[arg(long, value_name = "J")]
    objective: String,
    #[command(flatten)]
    reading: Reading,
    /// Box, low:high for each variable, or one for all
    #[arg(long = "box", value_name = "a:b,..", allow_hyphen_values = true)]
    sides: Sides,
    /// Most pieces into which the box is divided
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = values::positive_count, allow_hyphen_values = true)]
    pieces: u64,
    #[command(flatten)]
    pub common: Common,
}

impl Curvature {
    /// Bounds and prints.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let objective = self.reading.objective(&self.objective)?;
        let function = function(&*objective)?;
        let region = region(&self.sides, objective.dimension(), objective.name())?;
        session.prepare(output::Format::RECORD)?;
        let pieces = usize::try_from(self.pieces).unwrap_or(usize::MAX);
        let found = dinlab_enclosure::curvature(function, &region, pieces)?;
        let plan = json!({
            "command": "certify curvature", "objective": self.objective, "variables": self.reading.variables,
            "box": typed(&self.sides), "pieces": self.pieces,
        });
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
