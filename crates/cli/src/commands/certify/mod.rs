//! `dinlab certify KIND`: statements that hold with all rounding and truncation errors counted.

mod basin;
mod critical_points;
mod curvature;
mod interval;

use clap::{Args, Subcommand};

use crate::{
    args::Common,
    session::{Exit, Session},
};

/// Prove statements with all errors counted
#[derive(Debug, Args)]
pub struct Certify {
    /// What to prove.
    #[command(subcommand)]
    kind: Kind,
}

/// The kinds, one file each.
#[derive(Debug, Subcommand)]
enum Kind {
    /// Prove to which minimiser an orbit of DIN converges (interval arithmetic, at most 4 variables)
    Basin(basin::Basin),
    /// Prove which critical points a box holds, with their types (interval arithmetic, at most 4 variables)
    CriticalPoints(critical_points::CriticalPoints),
    /// Bound the eigenvalues of the Hessian over a box: mu and L (interval arithmetic, at most 4 variables)
    Curvature(curvature::Curvature),
}

impl Certify {
    /// The options that every command takes.
    pub fn common(&self) -> &Common {
        match &self.kind {
            Kind::Basin(c) => &c.common,
            Kind::CriticalPoints(c) => &c.common,
            Kind::Curvature(c) => &c.common,
        }
    }

    /// Runs the kind.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match &self.kind {
            Kind::Basin(c) => c.run(session),
            Kind::CriticalPoints(c) => c.run(session),
            Kind::Curvature(c) => c.run(session),
        }
    }
}
