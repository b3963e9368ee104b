//! The verifier: fractions, the model of the statement, and nothing of the solver.
//!
//! It rebuilds from the statement what the conditions are, insists that the file's are the same, and checks the three
//! facts of weak duality exactly. No number of the file is believed, and there is no tolerance.

use std::collections::BTreeMap;

use crate::{
    certificate::{relation_text, sentence, Certificate, ExpressionRecord},
    cycle::certificate::{CycleCertificate, VerifiedCycle},
    error::CertifyError,
    expression::Expression,
    file::{foreign, fraction, refuted, schema_of, CertificateFile, Envelope},
    ldl,
    lyapunov::certificate::{RateCertificate, VerifiedRate},
    method::registry,
    model::Model,
    number::Rational,
    statement::Statement,
};

/// What a valid certificate shows.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The statement.
    pub statement: Statement,
    /// The bound claimed.
    pub bound: Rational,
    /// The bound that the multipliers prove, not above the claimed one.
    pub proved: Rational,
    /// Conditions used.
    pub conditions: usize,
}

/// What a certificate of any kind shows.
#[derive(Debug, Clone)]
pub enum Any {
    /// A worst case.
    WorstCase(Box<Verified>),
    /// A rate.
    Rate(Box<VerifiedRate>),
    /// A cycle.
    Cycle(Box<VerifiedCycle>),
}

/// Reads a file of any kind and verifies it.
///
/// # Errors
/// [`CertifyError::NotACertificate`] for other files, [`CertifyError::Refuted`] for certificates that do not hold.
pub fn verify_any(text: &str) -> Result<Any, CertifyError> {
    const KINDS: [&str; 3] = [Certificate::SCHEMA, RateCertificate::SCHEMA, CycleCertificate::SCHEMA];
    let schema = schema_of(text, &KINDS)?;
    Ok(match schema.as_str() {
        Certificate::SCHEMA => Any::WorstCase(Box::new(verify(text)?)),
        RateCertificate::SCHEMA => Any::Rate(Box::new(RateCertificate::read(text)?.verify()?)),
        CycleCertificate::SCHEMA => Any::Cycle(Box::new(CycleCertificate::read(text)?.verify()?)),
        other => return Err(foreign(other, &KINDS)),
    })
}

/// Reads the certificate of a worst case and verifies it.
///
/// # Errors
/// As [`verify_any`].
pub fn verify(text: &str) -> Result<Verified, CertifyError> {
    Certificate::read(text)?.verify()
}

impl CertificateFile for Certificate {
    const SCHEMA: &'static str = "dinlab/certificate/1";
    type Shown = Verified;

    fn envelope(&self) -> Envelope<'_> {
        Envelope { schema: &self.schema, sentence: &self.sentence, hash: &self.hash }
    }

    fn with_hash(&self, hash: String) -> Self {
        Self { hash, ..self.clone() }
    }

    fn sentence_of(shown: &Verified) -> String {
        sentence(&shown.statement, &shown.bound)
    }

    /// The three facts of weak duality, and that the name follows from the coefficients.
    fn proved(&self) -> Result<Verified, CertifyError> {
        let statement = self.statement.read()?;
        let model: Model<Rational> = statement.model();
        same_coordinates(self, &model)?;
        let total = combination(self, &model)?;
        if let Some((i, value)) = total.values.iter().find(|(_, c)| !c.is_zero()) {
            return Err(refuted(format!("function value {i} is left over with coefficient {value}")));
        }
        let n = model.basis().len();
        let half = Rational::from_parts(1.into(), 2_u8.into());
        let mut slack = vec![vec![Rational::ZERO; n]; n];
        for (&(a, b), c) in &total.gram {
            if a == b {
                slack[a][a] = -c.clone();
            } else {
                let value = -(c * &half);
                (slack[a][b], slack[b][a]) = (value.clone(), value);
            }
        }
        ldl::positive_semidefinite(&slack).map_err(|row| {
            refuted(format!("the remaining quadratic form is not negative semidefinite (row {row})"))
        })?;
        let bound = fraction(&self.bound)?;
        if total.constant > bound {
            return Err(refuted("the multipliers prove a larger bound than the one claimed"));
        }
        if !registry::is_named(&statement) {
            return Err(refuted(format!(
                "the name `{}` does not follow from the coefficients",
                shortened(&statement.name)
            )));
        }
        let conditions = self.conditions.len() + self.matrices.len();
        Ok(Verified { statement, bound, proved: total.constant, conditions })
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn same_coordinates(certificate: &Certificate, model: &Model<Rational>) -> Result<(), CertifyError> {
    let same = |given: &[String], own: &[(String, f64)]| {
        given.len() == own.len() && given.iter().zip(own).all(|(a, (b, _))| a == b)
    };
    if !same(&certificate.basis, model.basis()) || !same(&certificate.values, model.values()) {
        return Err(refuted("basis and function values are not those of the statement"));
    }
    if certificate.objective != ExpressionRecord::of(model.objective()) {
        return Err(refuted("the objective is not that of the statement"));
    }
    Ok(())
}

/// Objective plus all conditions times their multipliers; every condition must be one of the statement's.
fn combination(
    certificate: &Certificate,
    model: &Model<Rational>,
) -> Result<Expression<Rational>, CertifyError> {
    let mut known: BTreeMap<String, (&'static str, Expression<Rational>)> = BTreeMap::new();
    let mut matrices = BTreeMap::new();
    for key in model.always().into_iter().chain(model.pairs()) {
        if let Some((name, relation, expression)) = model.constraint(&key) {
            if known.insert(name.clone(), (relation_text(relation), expression)).is_some() {
                return Err(refuted(format!("two conditions have the name `{name}`")));
            }
        } else if let Some((name, entries)) = model.matrix(&key) {
            matrices.insert(name, entries);
        }
    }
    let mut total = model.objective().clone();
    for condition in &certificate.conditions {
        let Some((relation, expression)) = known.get(&condition.name) else {
            return Err(refuted(format!("the statement has no condition `{}`", condition.name)));
        };
        if condition.relation != *relation || condition.expression != ExpressionRecord::of(expression) {
            return Err(refuted(format!("condition `{}` is not that of the statement", condition.name)));
        }
        let multiplier = fraction(&condition.multiplier)?;
        if *relation == ">=0" && multiplier < Rational::ZERO {
            return Err(refuted(format!("the multiplier of `{}` is negative", condition.name)));
        }
        total = total.plus(&multiplier, expression);
    }
    for record in &certificate.matrices {
        let Some(entries) = matrices.get(&record.name) else {
            return Err(refuted(format!("the statement has no matrix condition `{}`", record.name)));
        };
        let size = entries.len();
        let triangle: Vec<(usize, usize)> = (0..size).flat_map(|b| (0..=b).map(move |a| (a, b))).collect();
        let own: Vec<ExpressionRecord> =
            triangle.iter().map(|&(a, b)| ExpressionRecord::of(&entries[a][b])).collect();
        if record.entries != own || record.multiplier.len() != own.len() {
            return Err(refuted(format!("matrix condition `{}` is not that of the statement", record.name)));
        }
        let mut multiplier = vec![vec![Rational::ZERO; size]; size];
        for (&(a, b), text) in triangle.iter().zip(&record.multiplier) {
            let value = fraction(text)?;
            let twice = if a == b { value.clone() } else { &value + &value };
            total = total.plus(&twice, &entries[a][b]);
            (multiplier[a][b], multiplier[b][a]) = (value.clone(), value);
        }
        ldl::positive_semidefinite(&multiplier).map_err(|_| {
            refuted(format!("the multiplier of `{}` is not positive semidefinite", record.name))
        })?;
    }
    Ok(total)
}
