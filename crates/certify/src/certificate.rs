//! Certificate files: a statement, and everything that a program with fractions needs to check it.
//!
//! A worst case is proved by weak duality. With objective ⟨C, G⟩ + cᵀf + c₀, conditions ⟨Mₖ, G⟩ + mₖᵀf + bₖ ≥ 0 (or = 0) and
//! multipliers λₖ (≥ 0 for ≥), whenever c + Σλₖmₖ = 0 and −(C + ΣλₖMₖ) ⪰ 0, the objective is at most c₀ + Σλₖbₖ.
//! `gram` lists coefficients of ⟨eₐ, e_b⟩ with a ≤ b, each product once: entry (a, b) of a matrix is half of it off the
//! diagonal. A matrix condition A(G) ⪰ 0 has a multiplier Y ⪰ 0 and adds ⟨Y, A(G)⟩.

use serde::{Deserialize, Serialize};

use crate::{
    error::CertifyError,
    expression::Expression,
    file::{fraction, not, CertificateFile, Fraction},
    lmi::Multiplier,
    method::Method,
    model::{Model, Relation},
    number::Rational,
    rational,
    statement::{Measure, Start, Statement},
    target,
    worst_case::Proof,
};

/// Content of a certificate file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`CertificateFile::SCHEMA`].
    pub schema: String,
    /// The statement in words; the fields of `statement` decide.
    pub sentence: String,
    /// The statement.
    pub statement: StatementRecord,
    /// The measure is at most this.
    pub bound: Fraction,
    /// Names of the basis of the Gram matrix.
    pub basis: Vec<String>,
    /// Names of the function values.
    pub values: Vec<String>,
    /// What is bounded.
    pub objective: ExpressionRecord,
    /// Conditions with multipliers other than 0.
    pub conditions: Vec<Condition>,
    /// Matrix conditions.
    pub matrices: Vec<MatrixRecord>,
    /// `sha256:` of everything else, as compact JSON in this order of fields.
    pub hash: String,
}

/// A statement in names and fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRecord {
    /// Name on the command line.
    pub name: String,
    /// Kind of method.
    pub method: String,
    /// All its coefficients.
    pub coefficients: std::collections::BTreeMap<String, Vec<Fraction>>,
    /// Class.
    pub class: String,
    /// Its constants.
    pub constants: std::collections::BTreeMap<String, Fraction>,
    /// N.
    pub steps: usize,
    /// What is bounded.
    pub measure: Measure,
    /// What is given.
    pub start: Start,
    /// R.
    pub radius: Fraction,
}

/// A linear expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpressionRecord {
    /// (a, b, coefficient of ⟨eₐ, e_b⟩), a ≤ b.
    pub gram: Vec<(usize, usize, Fraction)>,
    /// (i, coefficient of fᵢ).
    pub values: Vec<(usize, Fraction)>,
    /// Constant.
    pub constant: Fraction,
}

/// A condition with its multiplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name in the model.
    pub name: String,
    /// `>=0` or `=0`.
    pub relation: String,
    /// λ.
    pub multiplier: Fraction,
    /// The expression.
    pub expression: ExpressionRecord,
}

/// A matrix condition with its multiplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixRecord {
    /// Name in the model.
    pub name: String,
    /// Upper triangle, column by column.
    pub entries: Vec<ExpressionRecord>,
    /// Y, upper triangle, column by column.
    pub multiplier: Vec<Fraction>,
}

impl ExpressionRecord {
    /// Writes an expression.
    pub fn of(expression: &Expression<Rational>) -> Self {
        Self {
            gram: expression.gram.iter().map(|(&(a, b), c)| (a, b, c.to_string())).collect(),
            values: expression.values.iter().map(|(&i, c)| (i, c.to_string())).collect(),
            constant: expression.constant.to_string(),
        }
    }
}

/// `>=0` or `=0`.
pub fn relation_text(relation: Relation) -> &'static str {
    match relation {
        Relation::NonNegative => ">=0",
        Relation::Zero => "=0",
    }
}

impl StatementRecord {
    /// Writes a statement.
    pub fn of(statement: &Statement) -> Self {
        let text = |list: &Vec<Rational>| list.iter().map(ToString::to_string).collect();
        Self {
            name: statement.name.clone(),
            method: statement.method.kind().to_owned(),
            coefficients: statement.method.coefficients().iter().map(|(k, v)| (k.clone(), text(v))).collect(),
            class: statement.class.clone(),
            constants: statement.constants.iter().map(|(k, v)| (k.clone(), v.to_string())).collect(),
            steps: statement.steps,
            measure: statement.measure,
            start: statement.start,
            radius: statement.radius.to_string(),
        }
    }

    /// Reads a statement, and refuses what is none.
    pub fn read(&self) -> Result<Statement, CertifyError> {
        let number = |text: &String| fraction(text);
        let constants = self
            .constants
            .iter()
            .map(|(k, v)| Ok((k.clone(), number(v)?)))
            .collect::<Result<_, CertifyError>>()?;
        let (target, constants) = target::build(&self.class, &constants)?;
        let coefficients = self
            .coefficients
            .iter()
            .map(|(k, list)| Ok((k.clone(), list.iter().map(number).collect::<Result<_, _>>()?)))
            .collect::<Result<_, CertifyError>>()?;
        if self.steps == 0 || self.steps > crate::statement::MOST_STEPS {
            return Err(not(format!("{} steps", self.steps)));
        }
        let method = Method::from_parts(&self.method, &coefficients, self.steps).ok_or_else(|| {
            not(format!("`{}` with these coefficients is no method of {} steps", self.method, self.steps))
        })?;
        let statement = Statement {
            name: self.name.clone(),
            method,
            class: self.class.clone(),
            constants,
            target,
            steps: self.steps,
            measure: self.measure,
            start: self.start,
            radius: number(&self.radius)?,
        };
        let all = statement.method.coefficients();
        for number in all.values().flatten().chain(statement.constants.values()).chain([&statement.radius]) {
            if !rational::is_of_usual_size(number) {
                return Err(not(format!("{} is of no size that is accepted", target::show(number))));
            }
        }
        crate::method::registry::fits(&statement.method, &statement.target)?;
        statement.fits()?;
        Ok(statement)
    }
}

/// A statement with its bound in words, as it stands in the file.
pub fn sentence(statement: &Statement, bound: &Rational) -> String {
    format!("{}: at most {}", statement.sentence(), rational::decimal_above(bound, 12))
}

impl Certificate {
    /// Writes the proof of a statement.
    pub fn new(statement: &Statement, proof: &Proof) -> Self {
        let model: Model<Rational> = statement.model();
        let mut conditions = Vec::new();
        let mut matrices: Vec<MatrixRecord> = Vec::new();
        for (what, value) in &proof.multipliers {
            match what {
                Multiplier::Scalar(key) => {
                    if let Some((name, relation, expression)) = model.constraint(key) {
                        conditions.push(Condition {
                            name,
                            relation: relation_text(relation).to_owned(),
                            multiplier: value.to_string(),
                            expression: ExpressionRecord::of(&expression),
                        });
                    }
                }
                Multiplier::Entry(key, a, b) => {
                    let Some((name, entries)) = model.matrix(key) else { continue };
                    if matrices.iter().all(|m| m.name != name) {
                        let triangle: Vec<(usize, usize)> =
                            (0..entries.len()).flat_map(|b| (0..=b).map(move |a| (a, b))).collect();
                        matrices.push(MatrixRecord {
                            name: name.clone(),
                            entries: triangle
                                .iter()
                                .map(|&(a, b)| ExpressionRecord::of(&entries[a][b]))
                                .collect(),
                            multiplier: triangle.iter().map(|_| "0".to_owned()).collect(),
                        });
                    }
                    if let Some(record) = matrices.iter_mut().find(|m| m.name == name) {
                        record.multiplier[b * (b + 1) / 2 + a] = value.to_string();
                    }
                }
            }
        }
        let names = |list: &[(String, f64)]| list.iter().map(|(name, _)| name.clone()).collect();
        Self {
            schema: Self::SCHEMA.to_owned(),
            sentence: sentence(statement, &proof.bound),
            statement: StatementRecord::of(statement),
            bound: proof.bound.to_string(),
            basis: names(model.basis()),
            values: names(model.values()),
            objective: ExpressionRecord::of(model.objective()),
            conditions,
            matrices,
            hash: String::new(),
        }
        .sealed()
    }
}
