//! Questions by name, for tests.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)] // tests and their shared parts; no test uses all of them

use dinlab_certify::{
    rational,
    worst_case::{worst_case, Answer, Outcome},
    Statement,
};

/// A question; see [`Statement::parse`].
pub fn question(method: &str, class: &str, steps: usize, options: &str) -> Statement {
    Statement::parse(method, class, steps, options).unwrap()
}

/// Its certified bound and the answer.
pub fn certified(statement: &Statement) -> (f64, Answer) {
    let answer = worst_case(statement);
    match &answer.outcome {
        Outcome::Certified(proof) => (rational::float_above(&proof.bound), answer),
        other => panic!("{}: {other:?}", statement.sentence()),
    }
}
