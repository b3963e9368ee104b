//! Certified bounds as checks use them: a bound that exact arithmetic has verified, or a reason why there is none.

use dinlab_certify::{
    certificate::Certificate,
    lyapunov::{
        flow::Flow,
        search::{continuous, discrete, Precision, Rate},
        Condition, Family,
    },
    rational,
    verify::verify,
    worst_case::{worst_case, Outcome},
    CertificateFile, Rational, Statement,
};

use crate::error::CheckError;

/// A verified upper bound and the solver's own value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The measure never exceeds this (rounded up).
    pub certified: f64,
    /// The solver's value, accurate to its tolerance.
    pub value: f64,
}

/// Worst case of a method by names; see [`Statement::parse`]. The certificate is written and read by the verifier.
pub fn bound(method: &str, class: &str, steps: usize, options: &str) -> Result<Bound, CheckError> {
    let statement = Statement::parse(method, class, steps, options)?;
    let answer = worst_case(&statement);
    match &answer.outcome {
        Outcome::Certified(proof) => {
            let verified = verify(&Certificate::new(&statement, proof).to_json())?;
            Ok(Bound { certified: rational::float_above(&verified.bound), value: answer.value })
        }
        Outcome::Unbounded => Ok(Bound { certified: f64::INFINITY, value: f64::INFINITY }),
        Outcome::Infeasible | Outcome::Unknown(_) => {
            Err(CheckError::NotCertified { statement: statement.sentence() })
        }
    }
}

/// How rates are searched: the last bracket is 10⁻⁶ of 1 − ρ wide, and its good end is verified.
pub const RATE: Precision = Precision { width: 1e-6, certify: true };

/// What a verified rate may give up, as a part of 1 − ρ (or r): where the inequalities have no interior, rounding needs one, and
/// the condition of V grows with κ; and twice the width of the bracket. Measured: 10⁻⁶ to 1.1·10⁻⁵ for gradient descent and triple
/// momentum, κ from 25 to 10⁵.
pub fn given_up(kappa: f64) -> f64 {
    2.0 * RATE.width + dinlab_numeric::min(1e-7 * kappa, 1e-3)
}

/// Verified rate ρ of a method, `None` where no Lyapunov function was found.
pub fn rate(family: &Family, class: &Condition) -> Option<Rate> {
    discrete(family, class, RATE).certified
}

/// Verified rate r of a flow, `None` where no Lyapunov function was found.
pub fn flow_rate(flow: &Flow, class: &Condition) -> Option<Rate> {
    continuous(flow, class, RATE).certified
}

/// A fraction that the program writes itself.
pub fn number(text: &str) -> Result<Rational, CheckError> {
    rational::parse(text)
        .map_err(|reason| dinlab_certify::CertifyError::Number { name: text.to_owned(), reason }.into())
}

/// 𝓕_{1/κ,1}.
pub fn class(kappa: u64) -> Result<Condition, CheckError> {
    Ok(Condition::new(Rational::ONE / Rational::from(kappa), Rational::ONE)?)
}

/// A float as the fraction it is meant to be: the shortest decimal that reads back as it.
pub fn fraction(value: f64) -> Result<Rational, CheckError> {
    number(&value.to_string())
}
