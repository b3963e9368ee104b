//! What several kinds of `certify` take: coefficients of a method, and a file for the certificate.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dinlab_certify::{rational, CertificateFile, Rational};

use crate::output;

/// Coefficients of methods, as typed
#[derive(Debug, Args)]
pub(super) struct Coefficients {
    /// Step size of the method (worst-case: or one for each step)
    #[arg(long, value_name = "H", allow_hyphen_values = true)]
    step_size: Option<String>,
    /// Momentum of the method
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    momentum: Option<String>,
    /// Viscous damping
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    alpha: Option<String>,
    /// Hessian-driven damping
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    beta: Option<String>,
    /// Step of the three-parameter family
    #[arg(long, value_name = "a", allow_hyphen_values = true)]
    a: Option<String>,
    /// Momentum of the three-parameter family
    #[arg(long, value_name = "b", allow_hyphen_values = true)]
    b: Option<String>,
    /// Extrapolation of the three-parameter family
    #[arg(long, value_name = "eta", allow_hyphen_values = true)]
    eta: Option<String>,
}

impl Coefficients {
    /// Names of the options with what was given.
    pub(super) fn all(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("step-size", self.step_size.as_deref()),
            ("momentum", self.momentum.as_deref()),
            ("alpha", self.alpha.as_deref()),
            ("beta", self.beta.as_deref()),
            ("a", self.a.as_deref()),
            ("b", self.b.as_deref()),
            ("eta", self.eta.as_deref()),
        ]
    }
}

/// Where the certificate goes
#[derive(Debug, Args)]
pub(super) struct Destination {
    /// Write the certificate to a file
    #[arg(long, value_name = "FILE.json")]
    certificate: Option<PathBuf>,
}

impl Destination {
    /// Refuses, before anything is computed, a file that cannot be written.
    pub(super) fn prepare(&self) -> anyhow::Result<()> {
        let Some(file) = &self.certificate else { return Ok(()) };
        output::check_file(file).with_context(|| format!("--certificate {}", file.display()))
    }

    /// Writes a certificate that holds, and says where: a line, or nothing without the option.
    pub(super) fn write(&self, certificate: &impl CertificateFile) -> anyhow::Result<String> {
        // The verifier has the last word: what it refuses is never called certified.
        certificate.verify().context("the certificate just made does not hold: please report this")?;
        let Some(file) = &self.certificate else { return Ok(String::new()) };
        dinlab_report::atomic::write(file, certificate.to_json().as_bytes())?;
        Ok(format!("  certificate: {} (check it with `dinlab certify verify`)\n", file.display()))
    }
}

/// A number of an option, exactly.
pub(super) fn one(name: &str, text: &str) -> anyhow::Result<Rational> {
    rational::parse(text).map_err(|reason| {
        let shown: String = text.chars().take(40).collect();
        anyhow::anyhow!("--{name} `{shown}`: {reason}")
    })
}

/// Numbers of an option, separated by commas.
pub(super) fn list(name: &str, text: &str) -> anyhow::Result<Vec<Rational>> {
    text.split(',').map(|part| one(name, part)).collect()
}
