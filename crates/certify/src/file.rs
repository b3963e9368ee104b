//! What certificate files of every kind have in common: schema, a sentence for readers, numbers as fractions, and a hash.
//!
//! Nothing of a file is believed: [`CertificateFile::verify`] computes the proof again and the sentence from what it proved.

use serde::{de::DeserializeOwned, Serialize};
use sha2::{Digest, Sha256};

use crate::{error::CertifyError, number::Rational};

/// A fraction as text `p/q` or `p`.
pub type Fraction = String;

/// Longest fraction that is read, in characters.
const LONGEST: usize = 100_000;

/// The parts that every kind of file has.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Name and version of the format.
    pub schema: &'a str,
    /// What is proved, in words.
    pub sentence: &'a str,
    /// `sha256:` of everything else, as compact JSON in the order of the fields.
    pub hash: &'a str,
}

/// A certificate that can be written to a file, and verified without any solver.
pub trait CertificateFile: Clone + Serialize + DeserializeOwned {
    /// Name and version of the format.
    const SCHEMA: &'static str;
    /// What a valid certificate shows.
    type Shown;

    /// Schema, sentence and hash as they stand in the file.
    fn envelope(&self) -> Envelope<'_>;

    /// The same content with another hash.
    fn with_hash(&self, hash: String) -> Self;

    /// Checks the proof in fractions.
    ///
    /// # Errors
    /// [`CertifyError::Refuted`] with the first condition that fails, [`CertifyError::NotACertificate`] for a content that states nothing.
    fn proved(&self) -> Result<Self::Shown, CertifyError>;

    /// The sentence that belongs into the file of what was proved.
    fn sentence_of(shown: &Self::Shown) -> String;

    /// The hash that belongs to the content.
    fn digest(&self) -> String {
        let text = serde_json::to_string(&self.with_hash(String::new())).unwrap_or_default();
        let bytes = Sha256::digest(text.as_bytes());
        bytes.iter().fold(String::from("sha256:"), |out, byte| out + &format!("{byte:02x}"))
    }

    /// With the hash that belongs to the content.
    fn sealed(self) -> Self {
        self.with_hash(self.digest())
    }

    /// As a file.
    fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a file of this kind.
    ///
    /// # Errors
    /// [`CertifyError::NotACertificate`] for anything else.
    fn read(text: &str) -> Result<Self, CertifyError> {
        let schema = schema_of(text, &[Self::SCHEMA])?;
        if schema != Self::SCHEMA {
            return Err(foreign(&schema, &[Self::SCHEMA]));
        }
        serde_json::from_str(text).map_err(|error| not(error.to_string()))
    }

    /// Verifies: hash, proof, and that the sentence says what was proved.
    ///
    /// # Errors
    /// As [`Self::proved`]; [`CertifyError::Refuted`] for a hash or a sentence that does not belong to the rest.
    fn verify(&self) -> Result<Self::Shown, CertifyError> {
        let Envelope { schema, sentence, hash } = self.envelope();
        if schema != Self::SCHEMA {
            return Err(foreign(schema, &[Self::SCHEMA]));
        }
        if hash != self.digest() {
            return Err(refuted("the hash does not belong to the content"));
        }
        let shown = self.proved()?;
        if sentence != Self::sentence_of(&shown) {
            return Err(refuted("the sentence does not follow from what is proved"));
        }
        Ok(shown)
    }
}

/// A proof that fails.
pub fn refuted(reason: impl Into<String>) -> CertifyError {
    CertifyError::Refuted { reason: reason.into() }
}

/// A file that is no certificate.
pub fn not(reason: impl Into<String>) -> CertifyError {
    CertifyError::NotACertificate { reason: reason.into() }
}

/// A schema that is none of those wanted.
pub fn foreign(schema: &str, wanted: &[&str]) -> CertifyError {
    let schema: String = schema.chars().take(60).collect();
    not(format!("its schema is `{schema}`, expected `{}`", wanted.join("` or `")))
}

/// Schema of a text in JSON.
///
/// # Errors
/// [`CertifyError::NotACertificate`] without one.
pub fn schema_of(text: &str, wanted: &[&str]) -> Result<String, CertifyError> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| not(format!("not JSON ({error})")))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str);
    schema
        .map(str::to_owned)
        .ok_or_else(|| not(format!("it has no schema, expected `{}`", wanted.join("` or `"))))
}

/// Reads `p` or `p/q` in digits.
///
/// # Errors
/// [`CertifyError::NotACertificate`] for other texts, and for more than 100,000 characters.
pub fn fraction(text: &str) -> Result<Rational, CertifyError> {
    let refuse = || not(format!("`{}` is no fraction", text.chars().take(40).collect::<String>()));
    let (p, q) = text.split_once('/').unwrap_or((text, "1"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() > LONGEST || !digits(p.strip_prefix('-').unwrap_or(p)) || !digits(q) {
        return Err(refuse());
    }
    let p: dashu_int::IBig = p.parse().map_err(|_| refuse())?;
    let q: dashu_int::UBig = q.parse().map_err(|_| refuse())?;
    if q == dashu_int::UBig::ZERO {
        return Err(refuse());
    }
    Ok(Rational::from_parts(p, q))
}

/// Reads a list.
///
/// # Errors
/// As [`fraction`].
pub fn fractions(texts: &[Fraction]) -> Result<Vec<Rational>, CertifyError> {
    texts.iter().map(|text| fraction(text)).collect()
}

/// Writes a list.
pub fn texts(numbers: &[Rational]) -> Vec<Fraction> {
    numbers.iter().map(ToString::to_string).collect()
}
