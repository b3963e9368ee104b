//! `dinlab certify KIND`: statements that hold with all rounding and truncation errors counted, and bounds that an
//! exact verifier has accepted.

mod basin;
mod basin_figure;
mod critical_points;
mod curvature;
mod cycle;
mod interval;
mod lists;
mod map;
mod options;
mod picture;
mod rate;
mod system;
mod threshold;
mod verify;
mod worst_case;

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
    /// Bound the worst case of a method over a class of functions after N steps (exact certificate)
    WorstCase(Box<worst_case::WorstCase>),
    /// Bound the linear rate on strongly convex smooth functions by a Lyapunov function (exact certificate)
    Rate(Box<rate::Rate>),
    /// Map the certified rate of INDIAN over step and friction (exact arithmetic in every cell)
    Map(Box<map::Map>),
    /// Find a cycle of a method on a strongly convex smooth function: it refutes every rate (exact certificate)
    Cycle(Box<cycle::Cycle>),
    /// Bracket the Hessian damping that an accelerated rate needs (exact certificates and interval arithmetic)
    Threshold(Box<threshold::Threshold>),
    /// Verify a certificate file in exact arithmetic, without any solver
    Verify(verify::Verify),
    /// List the methods of worst-case
    Methods(lists::Methods),
    /// List the classes of functions of worst-case
    Classes(lists::Classes),
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
            Kind::WorstCase(c) => &c.common,
            Kind::Rate(c) => &c.common,
            Kind::Map(c) => &c.common,
            Kind::Cycle(c) => &c.common,
            Kind::Threshold(c) => &c.common,
            Kind::Verify(c) => &c.common,
            Kind::Methods(c) => &c.common,
            Kind::Classes(c) => &c.common,
            Kind::Basin(c) => &c.common,
            Kind::CriticalPoints(c) => &c.common,
            Kind::Curvature(c) => &c.common,
        }
    }

    /// Runs the kind.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        match &self.kind {
            Kind::WorstCase(c) => c.run(session),
            Kind::Rate(c) => c.run(session),
            Kind::Map(c) => c.run(session),
            Kind::Cycle(c) => c.run(session),
            Kind::Threshold(c) => c.run(session),
            Kind::Verify(c) => c.run(session),
            Kind::Methods(c) => c.run(session),
            Kind::Classes(c) => c.run(session),
            Kind::Basin(c) => c.run(session),
            Kind::CriticalPoints(c) => c.run(session),
            Kind::Curvature(c) => c.run(session),
        }
    }
}
