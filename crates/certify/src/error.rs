//! What can go wrong before a problem is solved, and with a certificate.

use thiserror::Error;

/// Errors of this crate.
#[derive(Debug, Error)]
pub enum CertifyError {
    /// No such method.
    #[error("unknown method `{name}`; `dinlab certify methods` lists them")]
    UnknownMethod {
        /// What was given.
        name: String,
    },
    /// No such class.
    #[error("unknown class `{name}`; `dinlab certify classes` lists them")]
    UnknownClass {
        /// What was given.
        name: String,
    },
    /// A parameter that belongs to another method.
    #[error("--{parameter} is no parameter of {method}, which takes {expected:?}")]
    ForeignParameter {
        /// The method.
        method: &'static str,
        /// What was given.
        parameter: String,
        /// What it has.
        expected: &'static [&'static str],
    },
    /// A parameter without which the method is not defined on this class.
    #[error("--{parameter} is missing: {method} has no default for it on this class")]
    MissingParameter {
        /// The method.
        method: &'static str,
        /// What is missing.
        parameter: &'static str,
    },
    /// A list of the wrong length.
    #[error("--{parameter} has {found} numbers, expected {expected}")]
    WrongLength {
        /// The parameter.
        parameter: String,
        /// What it must have.
        expected: usize,
        /// What it has.
        found: usize,
    },
    /// The default parameters of the method divide by μ.
    #[error("{method} takes its parameters from mu and L: it needs a class with --convexity greater than 0, or its own parameters")]
    NeedsStrongConvexity {
        /// The method.
        method: &'static str,
    },
    /// Silver steps exist for some numbers only.
    #[error("--steps {found}: silver steps are made for 1, 3, 7, 15, 31, … steps")]
    SilverSteps {
        /// N.
        found: usize,
    },
    /// The method cannot be run on the class.
    #[error("{method} needs {needs}")]
    MethodDoesNotFit {
        /// The method.
        method: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// A constant of the class out of range.
    #[error("--{name} {value}: expected {expected}")]
    Constant {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        expected: String,
    },
    /// A text that is no number.
    #[error("{name}: {reason}")]
    Number {
        /// What it is the value of.
        name: String,
        /// What is accepted.
        reason: String,
    },
    /// A constant that the class does not have, or lacks.
    #[error("class {class}: --{name} is {state}; its constants are {expected:?}")]
    ConstantOfClass {
        /// The class.
        class: String,
        /// The constant.
        name: String,
        /// `missing` or `not among its constants`.
        state: &'static str,
        /// What it has.
        expected: &'static [&'static str],
    },
    /// Measure or start that the class has not.
    #[error("--{option} {value} does not fit the class {class}: {reason}")]
    DoesNotFit {
        /// `measure` or `start`.
        option: &'static str,
        /// Its value.
        value: String,
        /// The class.
        class: String,
        /// Why, and what fits.
        reason: &'static str,
    },
    /// Too few or too many steps.
    #[error("--steps {found}: expected a whole number from 1 to {largest}")]
    Steps {
        /// N.
        found: usize,
        /// Largest accepted.
        largest: usize,
    },
    /// A file that is no certificate of this program.
    #[error("this is no certificate: {reason}")]
    NotACertificate {
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate that does not prove its statement.
    #[error("the certificate does not hold: {reason}")]
    Refuted {
        /// The first condition that fails.
        reason: String,
    },
}
