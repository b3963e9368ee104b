//! Errors of this crate: every one is an input that cannot be run. A diverging run is a status, not an error.

use dinlab_objective::StartError;

/// Why a run could not be started.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IndianError {
    /// No such name in the registry.
    #[error("unknown method `{name}`{}; `dinlab list methods` lists all",
        nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownMethod {
        /// What was given.
        name: String,
        /// The registered name nearest to it.
        nearest: Option<String>,
    },
    /// A parameter of a method outside its range.
    #[error("method `{method}`: {parameter} = {value} is not valid: expected {expected}")]
    Parameter {
        /// Registry name.
        method: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// Accepted range in words.
        expected: &'static str,
    },
    /// A step size that is not positive and finite.
    #[error("step size {value} (step {index}) is not valid: expected a positive finite number")]
    StepSize {
        /// Which step.
        index: usize,
        /// What was given.
        value: f64,
    },
    /// An exponent of a decaying schedule that is negative or not finite.
    #[error("decay exponent {value} is not valid: expected {expected}")]
    Exponent {
        /// What was given.
        value: f64,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A factor of decay outside (0, 1).
    #[error("decay factor {value} is not valid: expected a number greater than 0 and less than 1")]
    Ratio {
        /// What was given.
        value: f64,
    },
    /// No such name among the schedules.
    #[error("unknown schedule `{name}`{}; `dinlab list schedules` lists all",
        nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    UnknownSchedule {
        /// What was given.
        name: String,
        /// The name nearest to it.
        nearest: Option<String>,
    },
    /// The numbers after the name of a schedule are not what it takes.
    #[error("schedule `{given}` is not valid: expected {expected}")]
    ScheduleArgument {
        /// What was given.
        given: String,
        /// What would be accepted.
        expected: String,
    },
    /// Mini-batches of an objective that is not a finite sum.
    #[error("objective `{objective}` is not a finite sum, so there are no batches of it: expected one that is, such as \
        logistic, medians:0,1,3 or sum:FORMULA;FORMULA")]
    NoFiniteSum {
        /// Its name.
        objective: String,
    },
    /// A batch that is empty or larger than the sum.
    #[error(
        "batch size {size} is not valid: expected a whole number from 1 to {count}, the number of terms"
    )]
    BatchSize {
        /// What was given.
        size: usize,
        /// N.
        count: usize,
    },
    /// A list of step sizes shorter than the run.
    #[error("the list holds {found} step sizes, but the run has {steps} steps")]
    ListTooShort {
        /// Length of the list.
        found: usize,
        /// Steps asked for.
        steps: u64,
    },
    /// A recording grid that records nothing.
    #[error("{what} = 0 is not valid: expected an integer >= 1")]
    Grid {
        /// Which number.
        what: &'static str,
    },
    /// A divergence bound that is not positive.
    #[error("divergence bound {value} is not valid: expected a positive number")]
    DivergenceBound {
        /// What was given.
        value: f64,
    },
    /// A start of the wrong length.
    #[error("the start has {found} entries, but the objective has dimension {expected}")]
    Dimension {
        /// Dimension of the objective.
        expected: usize,
        /// Length of the start.
        found: usize,
    },
    /// A NaN or infinite coordinate of the start.
    #[error("entry {index} of the start is {value}: expected a finite number")]
    NonFiniteStart {
        /// Which entry, counted from 1.
        index: usize,
        /// What was given.
        value: f64,
    },
    /// A start other than `rest` for a method that has no second variable of its own.
    #[error("method `{method}` has no velocity or psi to start from (`{start}` was given): expected `rest`")]
    StartNotSupported {
        /// Registry name.
        method: &'static str,
        /// What was given.
        start: String,
    },
    /// The second variable of INDIAN could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// The candidate nearest to `name`, if it is near at all.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    // The distance costs |name|·|candidate|.
    let name: String = name.chars().take(60).collect();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| 2 * distance <= candidate.len())
        .map(|(_, candidate)| candidate.to_owned())
}
