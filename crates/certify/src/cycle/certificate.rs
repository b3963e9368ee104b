//! Cycle certificates: a method and a function of its class on which it goes round in circles, in fractions.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Cycle;
use crate::{
    certificate::{fraction, Fraction},
    error::CertifyError,
    lyapunov::{Condition, Family},
    number::Rational,
    target,
};

/// Name and version of the format.
pub const SCHEMA: &str = "dinlab/cycle-certificate/1";

/// Content of a cycle certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CycleCertificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// In words; the numbers decide.
    pub sentence: String,
    /// s = γ².
    pub step_squared: Fraction,
    /// m = αγ.
    pub friction: Fraction,
    /// c = γβ.
    pub damping: Fraction,
    /// μ.
    pub convexity: Fraction,
    /// L.
    pub smoothness: Fraction,
    /// Points of the cycle, by coordinates.
    pub points: Vec<Vec<Fraction>>,
    /// Gradients there.
    pub gradients: Vec<Vec<Fraction>>,
    /// f − f* there.
    pub values: Vec<Fraction>,
    /// `sha256:` of everything else.
    pub hash: String,
}

/// What a valid cycle certificate shows.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedCycle {
    /// The method.
    pub family: Family,
    /// Its functions.
    pub class: Condition,
    /// The cycle.
    pub cycle: Cycle,
}

impl VerifiedCycle {
    /// In words, made from what was verified.
    pub fn sentence(&self) -> String {
        sentence(&self.family, &self.class, &self.cycle)
    }
}

fn sentence(family: &Family, class: &Condition, cycle: &Cycle) -> String {
    let show = target::show;
    format!(
        "{} has a cycle of {} points on a mu-strongly convex, L-smooth f of {} variables, mu = {}, L = {}: it has no rate there",
        family.words(),
        cycle.points.len(),
        cycle.points.first().map_or(0, Vec::len),
        show(&class.convexity),
        show(&class.smoothness)
    )
}

fn texts(rows: &[Vec<Rational>]) -> Vec<Vec<Fraction>> {
    rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn fractions(rows: &[Vec<Fraction>]) -> Result<Vec<Vec<Rational>>, CertifyError> {
    rows.iter().map(|row| row.iter().map(|text| fraction(text)).collect()).collect()
}

impl CycleCertificate {
    /// Writes a cycle.
    pub fn new(family: &Family, class: &Condition, cycle: &Cycle) -> Self {
        let mut certificate = Self {
            schema: SCHEMA.to_owned(),
            sentence: sentence(family, class, cycle),
            step_squared: family.step_squared.to_string(),
            friction: family.friction.to_string(),
            damping: family.damping.to_string(),
            convexity: class.convexity.to_string(),
            smoothness: class.smoothness.to_string(),
            points: texts(&cycle.points),
            gradients: texts(&cycle.gradients),
            values: cycle.values.iter().map(ToString::to_string).collect(),
            hash: String::new(),
        };
        certificate.hash = certificate.digest();
        certificate
    }

    /// The hash that belongs to the content.
    pub fn digest(&self) -> String {
        let bare = Self { hash: String::new(), ..self.clone() };
        let text = serde_json::to_string(&bare).unwrap_or_default();
        let bytes = Sha256::digest(text.as_bytes());
        bytes.iter().fold(String::from("sha256:"), |out, byte| out + &format!("{byte:02x}"))
    }

    /// As a file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Verifies recursion and interpolation conditions exactly.
    ///
    /// # Errors
    /// [`CertifyError::Refuted`] with the first condition that fails.
    pub fn verify(&self) -> Result<VerifiedCycle, CertifyError> {
        let refuted = |reason: String| CertifyError::Refuted { reason };
        if self.schema != SCHEMA || self.hash != self.digest() {
            return Err(refuted("the hash does not belong to the content".into()));
        }
        let family = Family {
            step_squared: fraction(&self.step_squared)?,
            friction: fraction(&self.friction)?,
            damping: fraction(&self.damping)?,
        };
        let class = Condition::new(fraction(&self.convexity)?, fraction(&self.smoothness)?)?;
        let cycle = Cycle {
            points: fractions(&self.points)?,
            gradients: fractions(&self.gradients)?,
            values: self.values.iter().map(|text| fraction(text)).collect::<Result<_, _>>()?,
        };
        cycle.holds(&family, &class).map_err(refuted)?;
        Ok(VerifiedCycle { family, class, cycle })
    }
}
