//! Cycle certificates: a method and a function of its class on which it goes round in circles, in fractions.

use serde::{Deserialize, Serialize};

use super::Cycle;
use crate::{
    error::CertifyError,
    file::{fraction, fractions, refuted, texts, CertificateFile, Envelope, Fraction},
    lyapunov::{Condition, Family},
    number::Rational,
    target,
};

/// Content of a cycle certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CycleCertificate {
    /// [`CertificateFile::SCHEMA`].
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

impl CycleCertificate {
    /// Writes a cycle.
    pub fn new(family: &Family, class: &Condition, cycle: &Cycle) -> Self {
        let rows = |rows: &[Vec<Rational>]| rows.iter().map(|row| texts(row)).collect();
        Self {
            schema: Self::SCHEMA.to_owned(),
            sentence: sentence(family, class, cycle),
            step_squared: family.step_squared.to_string(),
            friction: family.friction.to_string(),
            damping: family.damping.to_string(),
            convexity: class.convexity.to_string(),
            smoothness: class.smoothness.to_string(),
            points: rows(&cycle.points),
            gradients: rows(&cycle.gradients),
            values: texts(&cycle.values),
            hash: String::new(),
        }
        .sealed()
    }
}

impl CertificateFile for CycleCertificate {
    const SCHEMA: &'static str = "dinlab/cycle-certificate/1";
    type Shown = VerifiedCycle;

    fn envelope(&self) -> Envelope<'_> {
        Envelope { schema: &self.schema, sentence: &self.sentence, hash: &self.hash }
    }

    fn with_hash(&self, hash: String) -> Self {
        Self { hash, ..self.clone() }
    }

    fn sentence_of(shown: &VerifiedCycle) -> String {
        shown.sentence()
    }

    /// Recursion and interpolation conditions.
    fn proved(&self) -> Result<VerifiedCycle, CertifyError> {
        let rows = |rows: &[Vec<Fraction>]| rows.iter().map(|row| fractions(row)).collect::<Result<_, _>>();
        let family = Family {
            step_squared: fraction(&self.step_squared)?,
            friction: fraction(&self.friction)?,
            damping: fraction(&self.damping)?,
        };
        let class = Condition::new(fraction(&self.convexity)?, fraction(&self.smoothness)?)?;
        let cycle = Cycle {
            points: rows(&self.points)?,
            gradients: rows(&self.gradients)?,
            values: fractions(&self.values)?,
        };
        cycle.holds(&family, &class).map_err(refuted)?;
        Ok(VerifiedCycle { family, class, cycle })
    }
}
