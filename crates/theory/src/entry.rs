//! From outcomes to the entries of `checks.json`: verdicts, worst cases, reasons.

use dinlab_record::{
    CheckEntry, Control, Erratum, Evidence, Hypothesis, HypothesisState, Measurement, Source, Verdict,
};

use crate::{
    fresh_seeds::{self, Repeats},
    judge,
    suite::{AnyCheck, CaseResult, Outcome, Request},
};

/// Entries of all checks of one run. Random measurements share the level over the whole run, so this is done for
/// all outcomes at once, whether they were computed now or taken from a cache.
pub fn entries(checks: &[&dyn AnyCheck], outcomes: &[Outcome], request: &Request<'_>) -> Vec<CheckEntry> {
    let all: Vec<&Measurement> = outcomes.iter().flat_map(standard).collect();
    let verdicts = judge::judge_all(&all);
    let repeats: Vec<&[Repeats]> = outcomes.iter().map(|outcome| outcome.repeats.as_slice()).collect();
    let mut uniformity = fresh_seeds::judge(&repeats).into_iter();
    let mut rest = verdicts.as_slice();
    let mut result = Vec::with_capacity(checks.len());
    for (check, outcome) in checks.iter().zip(outcomes) {
        let (own, later) = rest.split_at(standard(outcome).count());
        rest = later;
        let mut entry = entry(*check, outcome, own, request);
        entry.fresh_seeds = uniformity.next().unwrap_or_default();
        result.push(entry);
    }
    result
}

fn standard(outcome: &Outcome) -> impl Iterator<Item = &Measurement> {
    outcome.cases.iter().flat_map(|case| &case.measurements)
}

fn entry(check: &dyn AnyCheck, outcome: &Outcome, verdicts: &[Verdict], request: &Request<'_>) -> CheckEntry {
    let claim = check.claim();
    let measurements: Vec<Measurement> = standard(outcome).cloned().collect();
    let control = control(&outcome.control);
    let (verdict, reason) = conclude(outcome, &measurements, verdicts, &control);
    let errata: Vec<Erratum> = outcome
        .errata
        .iter()
        .map(|e| Erratum {
            printed: e.printed.clone(),
            place: e.place.clone(),
            grade: e.grade.clone(),
            corrected: e.corrected.clone(),
            verdict: judge::combine(e.measurements.iter().map(judge::judge)),
            measurements: e.measurements.clone(),
        })
        .collect();
    CheckEntry {
        id: claim.id.into(),
        family: claim.family.into(),
        title: claim.title.into(),
        claim: claim.sentence.into(),
        statement: claim.statement.into(),
        verdict,
        reason,
        evidence: evidence(claim.evidence, &measurements),
        hypotheses: hypotheses(&outcome.cases),
        worst_case: worst(&measurements).cloned(),
        measurements,
        control: Some(control),
        fresh_seeds: Vec::new(),
        erratum: errata.first().cloned(),
        errata,
        source: claim.sources.iter().map(reference).collect(),
        keys: claim.sources.iter().map(|s| s.key.into()).collect(),
        seed: request.seed,
        plan: check.plan(request).unwrap_or(serde_json::Value::Null),
        timing: outcome.seconds,
        cached: false,
        command: format!("dinlab check {} --effort {} --seed {}", claim.id, effort(request), request.seed),
        figure: outcome.figure.clone(),
        error: outcome.error.clone(),
    }
}

fn effort(request: &Request<'_>) -> String {
    serde_json::to_value(request.effort).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A printed reference.
pub fn reference(source: &Source) -> String {
    let place = if source.place.is_empty() { String::new() } else { format!(", {}", source.place) };
    format!("{}, {}, {} ({}){place}", source.authors, source.title, source.venue, source.year)
}

/// The control as a whole is what its least violated case is.
fn control(cases: &[CaseResult]) -> Control {
    let verdict = cases
        .iter()
        .map(|case| judge::combine(case.measurements.iter().map(judge::judge)))
        .min()
        .unwrap_or(Verdict::Inconclusive);
    Control { verdict, measurements: cases.iter().flat_map(|case| case.measurements.clone()).collect() }
}

fn conclude(
    outcome: &Outcome,
    measurements: &[Measurement],
    verdicts: &[Verdict],
    control: &Control,
) -> (Option<Verdict>, String) {
    let verdict = judge::combine(verdicts.iter().copied());
    // Cases come smallest first, so the first violated measurement is the smallest case that violates.
    let first = |wanted| verdicts.iter().position(|&v| v == wanted).map(|i| &measurements[i]);
    if let Some(case) = first(Verdict::Violated) {
        // What was measured stands, also where another case or the figure could not run.
        return (Some(verdict), format!("smallest violating case: {}", describe(case)));
    }
    if let Some(error) = &outcome.error {
        return (None, format!("could not run: {error}"));
    }
    if !outcome.cases.is_empty() && outcome.cases.iter().all(CaseResult::excluded) {
        let reasons: Vec<String> = hypotheses(&outcome.cases)
            .into_iter()
            .filter(|h| h.state == HypothesisState::False)
            .map(|h| h.text)
            .collect();
        return (Some(Verdict::NotApplicable), format!("a hypothesis is false here: {}", reasons.join("; ")));
    }
    if control.verdict != Verdict::Violated {
        return (Some(Verdict::Inconclusive), "the negative control did not fail as it must".into());
    }
    let left_out = outcome.cases.iter().filter(|case| case.excluded()).count();
    let rest = match left_out {
        0 => String::new(),
        n => format!("; a hypothesis is false for {n} of {} cases", outcome.cases.len()),
    };
    let reason = match first(Verdict::Inconclusive) {
        Some(case) => format!("not resolved: {}", describe(case)),
        None if measurements.is_empty() => "nothing was measured".into(),
        None => format!("all {} measurements within tolerance{rest}", measurements.len()),
    };
    (Some(verdict), reason)
}

/// One measurement in one line.
pub fn describe(m: &Measurement) -> String {
    let relation = match m.kind {
        dinlab_record::Kind::Equal => "=",
        dinlab_record::Kind::Upper => "≤",
        dinlab_record::Kind::Lower => "≥",
    };
    let case = if m.case.is_empty() { String::new() } else { format!(" on {}", m.case) };
    format!(
        "{}{case}: measured {:.6e}, predicted {relation} {:.6e}, tolerance {:.1e}",
        m.name, m.value, m.predicted, m.tolerance
    )
}

fn worst(measurements: &[Measurement]) -> Option<&Measurement> {
    // NaN strain counts as the worst of all.
    let strain = |m: &Measurement| if m.strain().is_nan() { f64::INFINITY } else { m.strain() };
    measurements.iter().reduce(|a, b| if strain(b) > strain(a) { b } else { a })
}

fn hypotheses(cases: &[CaseResult]) -> Vec<Hypothesis> {
    let mut distinct: Vec<Hypothesis> = Vec::new();
    for hypothesis in cases.iter().flat_map(|case| &case.hypotheses) {
        if !distinct.contains(hypothesis) {
            distinct.push(hypothesis.clone());
        }
    }
    distinct
}

/// `resolved` needs every number with a discretisation error to have been refined.
fn evidence(claimed: Evidence, measurements: &[Measurement]) -> Evidence {
    let unrefined = measurements.iter().any(|m| m.budget.discretisation > 0.0 && m.refinement.is_none());
    if unrefined {
        Evidence::Sampled
    } else {
        claimed
    }
}
