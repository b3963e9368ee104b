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
    Rational, Statement,
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

/// How rates are searched: the last bracket is 10⁻⁷ wide, and its good end is verified.
pub const RATE: Precision = Precision { width: 1e-7, certify: true };

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
