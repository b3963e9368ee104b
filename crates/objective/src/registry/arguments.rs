//! Reading what follows the colon of a specification.

use crate::error::ObjectiveError;

/// Most variables a registered objective may have: with its facts it then needs about 50 MB.
pub(crate) const DIMENSION_MAX: usize = 1_000_000;

/// Error for an argument that `objective` does not take.
pub(crate) fn bad_argument(objective: &str, text: &str, expected: impl Into<String>) -> ObjectiveError {
    ObjectiveError::BadArgument {
        objective: objective.into(),
        argument: text.chars().take(60).collect(),
        expected: expected.into(),
    }
}

/// Numbers separated by commas, all finite.
pub(crate) fn numbers(objective: &str, text: &str, expected: &str) -> Result<Vec<f64>, ObjectiveError> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    text.split(',')
        .map(|part| number(part).ok_or_else(|| bad_argument(objective, part.trim(), expected)))
        .collect()
}

/// The inverse of [`numbers`].
pub(crate) fn listed(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

/// One number that satisfies `valid`, or `default` where nothing is given.
pub(crate) fn number_or(
    objective: &str,
    text: &str,
    default: f64,
    valid: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<f64, ObjectiveError> {
    if text.trim().is_empty() {
        return Ok(default);
    }
    match numbers(objective, text, expected)?.as_slice() {
        [value] if valid(*value) => Ok(*value),
        _ => Err(bad_argument(objective, text, expected)),
    }
}

/// A whole number that satisfies `valid`, or `default` where nothing is given.
pub(crate) fn whole_or(
    objective: &str,
    text: &str,
    default: usize,
    valid: impl Fn(usize) -> bool,
    expected: &str,
) -> Result<usize, ObjectiveError> {
    match text.trim() {
        "" => Ok(default),
        given => given
            .parse()
            .ok()
            .filter(|&value| valid(value))
            .ok_or_else(|| bad_argument(objective, given, expected)),
    }
}

/// Error for an objective that takes no argument.
pub(crate) fn no_arguments(objective: &str, text: &str) -> Result<(), ObjectiveError> {
    if text.is_empty() {
        return Ok(());
    }
    Err(bad_argument(objective, text, "nothing after the name"))
}
