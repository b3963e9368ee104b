//! Runs a selection of checks: parallel over all their cases, in a fixed order of results, cancellable, cacheable.

use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    sync::atomic::AtomicBool,
    time::Instant,
};

use dinlab_record::{figure::Figure, Claim, Hypothesis, HypothesisState, Measurement};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    fresh_seeds::{self, Repeats},
};

/// What to run.
#[derive(Clone)]
pub struct Request<'a> {
    /// Effort.
    pub effort: Effort,
    /// Seed.
    pub seed: u64,
    /// The user's own case, when given: replaces the standard cases.
    pub own: Option<OwnCase>,
    /// Raised to stop early.
    pub interrupted: &'a AtomicBool,
}

/// What was measured on one case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseResult {
    /// Hypotheses on this case.
    pub hypotheses: Vec<Hypothesis>,
    /// Measurements; empty when a hypothesis is false.
    pub measurements: Vec<Measurement>,
}

impl CaseResult {
    /// Whether a hypothesis is false.
    pub fn excluded(&self) -> bool {
        self.hypotheses.iter().any(|h| h.state == HypothesisState::False)
    }
}

/// A printed form with its measurements, owned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErratumResult {
    /// What is printed.
    pub printed: String,
    /// Where.
    pub place: String,
    /// Grade.
    pub grade: String,
    /// What is true.
    pub corrected: String,
    /// Measurements of the printed form.
    pub measurements: Vec<Measurement>,
}

/// Everything a check measured, before any verdict: this is what a cache keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Standard (or own) cases.
    pub cases: Vec<CaseResult>,
    /// Control cases.
    pub control: Vec<CaseResult>,
    /// Printed forms.
    pub errata: Vec<ErratumResult>,
    /// Random measurements under fresh seeds.
    #[serde(default)]
    pub repeats: Vec<Repeats>,
    /// Figure.
    pub figure: Option<Figure>,
    /// Why it could not run; what was measured before is kept.
    pub error: Option<String>,
    /// Whether the user stopped it before it was finished.
    pub interrupted: bool,
    /// Sum of the seconds of its tasks.
    pub seconds: f64,
}

/// A check with its case type erased.
pub trait AnyCheck: Send + Sync {
    /// The claim.
    fn claim(&self) -> &'static Claim;
    /// Cases and control cases in full, as they go into the cache key and the record.
    fn plan(&self, request: &Request<'_>) -> Result<Value, CheckError>;
    /// The independent pieces of work.
    fn tasks(&self, request: &Request<'_>) -> Result<Vec<Task<'_>>, CheckError>;
}

/// One piece of work.
pub type Task<'a> = Box<dyn Fn(&Context<'_>) -> Result<Piece, CheckError> + Send + Sync + 'a>;

/// The result of one piece of work.
pub enum Piece {
    /// A standard case.
    Case(CaseResult),
    /// A control case.
    Control(CaseResult),
    /// Printed forms.
    Errata(Vec<ErratumResult>),
    /// One case under fresh seeds.
    Repeats(Vec<Repeats>),
    /// The figure.
    Figure(Box<Figure>),
}

impl<C: Check> AnyCheck for C {
    fn claim(&self) -> &'static Claim {
        Check::claim(self)
    }

    fn plan(&self, request: &Request<'_>) -> Result<Value, CheckError> {
        Ok(json!({
            "effort": request.effort,
            "cases": chosen(self, request)?,
            "control": self.control(),
        }))
    }

    fn tasks(&self, request: &Request<'_>) -> Result<Vec<Task<'_>>, CheckError> {
        let mut tasks: Vec<Task<'_>> = Vec::new();
        let own = request.own.is_some();
        for case in chosen(self, request)? {
            tasks.push(Box::new(move |context| {
                let hypotheses = self.hypotheses(&case);
                let mut result = CaseResult { hypotheses, measurements: Vec::new() };
                if !result.excluded() {
                    match measured(self, &case, context) {
                        // What the check needs of a user's case may show only while it runs.
                        Err(CheckError::OwnCase { reason }) if own => {
                            result.hypotheses.push(Hypothesis::exact(&reason, false));
                        }
                        other => result.measurements = other?,
                    }
                    if own {
                        result.measurements.iter_mut().for_each(undecided);
                    }
                }
                Ok(Piece::Case(result))
            }));
        }
        for case in self.control() {
            tasks.push(Box::new(move |context| {
                let measurements = measured(self, &case, context)?;
                Ok(Piece::Control(CaseResult { hypotheses: Vec::new(), measurements }))
            }));
        }
        if request.own.is_none() && request.effort == Effort::Thorough {
            for case in self.cases(Effort::Quick) {
                let task = move |context: &Context<'_>| {
                    Ok(Piece::Repeats(fresh_seeds::repeat(self, &case, context)?))
                };
                tasks.push(Box::new(task));
            }
        }
        if request.own.is_none() {
            tasks.push(Box::new(move |context| {
                let own = self.errata(context)?.into_iter().map(|e| ErratumResult {
                    printed: e.printed.into(),
                    place: e.place.into(),
                    grade: e.grade.into(),
                    corrected: e.corrected.into(),
                    measurements: e.measurements,
                });
                Ok(Piece::Errata(own.collect()))
            }));
            tasks.push(Box::new(move |context| Ok(Piece::Figure(Box::new(self.figure(context)?)))));
        }
        Ok(tasks)
    }
}

fn chosen<C: Check>(check: &C, request: &Request<'_>) -> Result<Vec<C::Case>, CheckError> {
    match &request.own {
        Some(own) => Ok(vec![check.own_case(own)?]),
        None => Ok(check.cases(request.effort)),
    }
}

/// On a user's case a number that is none, or a run that ended early, says that the case could not be measured, not that
/// the claim is false: it must come out inconclusive. (On standard cases both are defects, and `violated`.)
fn undecided(m: &mut Measurement) {
    if m.value.is_nan() || m.name.starts_with(ENDED) {
        let name = if m.value.is_nan() { format!("{}: a number", m.name) } else { m.name.clone() };
        *m = Measurement::holds(name, false).on(m.case.clone()).refined(f64::NAN);
    }
}

const ENDED: &str = "the run ends with status";

/// Measures one case; a run that ends otherwise than the theory needs becomes a violated measurement.
fn measured<C: Check>(
    check: &C,
    case: &C::Case,
    context: &Context<'_>,
) -> Result<Vec<Measurement>, CheckError> {
    match check.measure(case, context) {
        Err(CheckError::UnexpectedStatus { what, status, expected }) => {
            let name = format!("{ENDED} {expected}");
            Ok(vec![Measurement::holds(name, false).on(format!("{what} (ended: {status})"))])
        }
        other => other,
    }
}

/// Runs `checks` on rayon's current pool. `progress(i)` is called after each finished task of check `i`.
pub fn run(
    checks: &[&dyn AnyCheck],
    request: &Request<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = vec![Outcome::default(); checks.len()];
    let mut work: Vec<(usize, Task<'_>)> = Vec::new();
    for (i, check) in checks.iter().enumerate() {
        match check.tasks(request) {
            Ok(tasks) => work.extend(tasks.into_iter().map(|task| (i, task))),
            Err(error) => outcomes[i].error = Some(error.to_string()),
        }
    }
    let pieces: Vec<(usize, f64, Result<Piece, Failure>)> = work
        .par_iter()
        .with_max_len(1)
        .map(|(i, task)| {
            let begun = Instant::now();
            let id = checks[*i].claim().id;
            let context =
                Context { effort: request.effort, seed: request.seed, id, interrupted: request.interrupted };
            let result = attempt(task, &context);
            progress(*i);
            (*i, begun.elapsed().as_secs_f64(), result)
        })
        .collect();
    for (i, seconds, result) in pieces {
        let outcome = &mut outcomes[i];
        outcome.seconds += seconds;
        match result {
            Ok(Piece::Case(case)) => outcome.cases.push(case),
            Ok(Piece::Control(case)) => outcome.control.push(case),
            Ok(Piece::Errata(errata)) => outcome.errata = errata,
            Ok(Piece::Repeats(repeats)) => outcome.repeats.extend(repeats),
            Ok(Piece::Figure(figure)) => outcome.figure = Some(*figure),
            Err(Failure::Interrupted) => outcome.interrupted = true,
            Err(Failure::Error(text)) => outcome.error = outcome.error.take().or(Some(text)),
        }
    }
    outcomes
}

/// Number of tasks of a check under this request (0 when it cannot run), for progress bars.
pub fn size(check: &dyn AnyCheck, request: &Request<'_>) -> usize {
    check.tasks(request).map_or(0, |tasks| tasks.len())
}

enum Failure {
    Interrupted,
    Error(String),
}

fn attempt(task: &Task<'_>, context: &Context<'_>) -> Result<Piece, Failure> {
    context.proceed().map_err(|_| Failure::Interrupted)?;
    // One broken check must not take the others with it: its entry carries the message.
    match catch_unwind(AssertUnwindSafe(|| task(context))) {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(CheckError::Interrupted)) => Err(Failure::Interrupted),
        Ok(Err(error)) => Err(Failure::Error(error.to_string())),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown panic");
            Err(Failure::Error(format!("internal error: {text}")))
        }
    }
}
