//! `dinlab landscape KIND`: what an objective or a network looks like around a point or along a run.

mod eigenpairs;
mod motion;
mod noise;
mod place;
mod sharpness;
mod slice;
mod spectrum;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dinlab_analysis::krylov::Operator;
use dinlab_objective::Oracle;

use crate::{
    args::Common,
    session::{Exit, Session},
};

/// Measure the landscape of an objective or a network
#[derive(Debug, Args)]
pub struct Landscape {
    /// What to measure.
    #[command(subcommand)]
    kind: Kind,
}

/// The kinds, one file each.
#[derive(Debug, Subcommand)]
enum Kind {
    /// Density of the Hessian's eigenvalues, trace and norm, by stochastic Lanczos quadrature with error bars
    Spectrum(spectrum::Spectrum),
    /// Largest and smallest eigenvalues of the Hessian with vectors and residual bounds
    Eigenpairs(eigenpairs::Eigenpairs),
    /// Largest eigenvalue of the Hessian along a run, beside the largest that is stable
    Sharpness(sharpness::Sharpness),
    /// Values along a line or on a plane: filter-normalised, along eigenvectors, or in the principal plane of a run
    Slice(Box<slice::Slice>),
    /// Covariance of the gradients of a finite sum's terms: trace, eigenvalues, noise of a batch
    Noise(noise::Noise),
}

impl Landscape {
    /// The options that every command takes.
    pub fn common(&self) -> &Common {
        match &self.kind {
            Kind::Spectrum(c) => &c.common,
            Kind::Eigenpairs(c) => &c.common,
            Kind::Sharpness(c) => &c.common,
            Kind::Slice(c) => &c.common,
            Kind::Noise(c) => &c.common,
        }
    }

    /// Runs the kind, on as many threads as --jobs says.
    pub fn run(&self, session: &Session) -> anyhow::Result<Exit> {
        let jobs = session.common.jobs.map_or(0, |jobs| usize::try_from(jobs).unwrap_or(256).min(256));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
        let pool = pool.with_context(|| format!("--jobs: cannot start {jobs} threads"))?;
        pool.install(|| match &self.kind {
            Kind::Spectrum(c) => c.run(session),
            Kind::Eigenpairs(c) => c.run(session),
            Kind::Sharpness(c) => c.run(session),
            Kind::Slice(c) => c.run(session),
            Kind::Noise(c) => c.run(session),
        })
    }
}

/// The Hessian at a point as an operator.
fn hessian<'a>(oracle: &'a mut dyn Oracle, point: &'a [f64]) -> Box<Operator<'a>> {
    Box::new(move |v, out| oracle.hessian_vector(point, v, out))
}

/// Numbers that a command may keep in memory: two gigabytes.
const MOST_NUMBERS: usize = 250_000_000;

/// Refuses so many vectors of length n, naming the flag that asked for them.
fn check_memory(flag: &str, vectors: usize, n: usize) -> anyhow::Result<()> {
    let most = (MOST_NUMBERS / n.max(1)).max(2);
    anyhow::ensure!(
        vectors <= most,
        "{flag} {vectors}: as many vectors of {n} numbers do not fit into memory; expected at most {most}"
    );
    Ok(())
}
