//! One line per check, shared by the terminal, Markdown and LaTeX tables and by the head of the page.

use dinlab_record::{CheckEntry, Kind, Measurement, Verdict};

use crate::number;

/// Words for a verdict; `error` when the check could not run.
pub fn verdict_text(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "error".into(), |v| v.to_string())
}

/// Sign beside the verdict, so that colour never carries it alone.
pub fn verdict_symbol(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Consistent) => "✓",
        Some(Verdict::Violated) => "✗",
        Some(Verdict::Inconclusive) => "?",
        Some(Verdict::NotApplicable) => "–",
        None => "!",
    }
}

/// Relation between measured and predicted: `=`, `≤`, `≥`.
pub fn kind_symbol(kind: Kind) -> &'static str {
    match kind {
        Kind::Equal => "=",
        Kind::Upper => "≤",
        Kind::Lower => "≥",
    }
}

/// What the negative control came to: `violated ✓` (as it must be), `not violated ✗`, `not run`, or `none`.
pub fn control_text(entry: &CheckEntry) -> &'static str {
    match &entry.control {
        None => "none",
        Some(control) if control.verdict == Verdict::Violated => "violated ✓",
        Some(control) if entry.verdict.is_none() && control.measurements.is_empty() => "not run",
        Some(_) => "not violated ✗",
    }
}

/// Strain of the worst case in words, `–` where nothing was measured.
pub fn worst_strain(entry: &CheckEntry) -> String {
    entry.worst_case.as_ref().map_or_else(|| "–".into(), |m| number::strain(m.strain()))
}

/// Printed statements of this entry that were found false.
pub fn findings(entry: &CheckEntry) -> usize {
    errata(entry).filter(|e| e.verdict == Verdict::Violated).count()
}

/// The errata of an entry; falls back on the contract's single `erratum`.
pub fn errata(entry: &CheckEntry) -> impl Iterator<Item = &dinlab_record::Erratum> {
    let single = if entry.errata.is_empty() { entry.erratum.as_ref() } else { None };
    entry.errata.iter().chain(single)
}

/// Number of checks with each outcome, in the order consistent, violated, inconclusive, not-applicable, error;
/// outcomes that did not occur are left out.
pub fn tally(checks: &[CheckEntry]) -> Vec<(Option<Verdict>, usize)> {
    [
        Some(Verdict::Consistent),
        Some(Verdict::Violated),
        Some(Verdict::Inconclusive),
        Some(Verdict::NotApplicable),
        None,
    ]
    .into_iter()
    .map(|verdict| (verdict, checks.iter().filter(|c| c.verdict == verdict).count()))
    .filter(|(_, count)| *count > 0)
    .collect()
}

/// One sentence on the whole run, for example "14 checks: 12 consistent, 2 inconclusive; 3 printed statements
/// found false".
pub fn sentence(checks: &[CheckEntry]) -> String {
    let plural = if checks.len() == 1 { "" } else { "s" };
    let counts: Vec<String> =
        tally(checks).iter().map(|(verdict, n)| format!("{n} {}", verdict_text(*verdict))).collect();
    let mut text = format!("{} check{plural}", checks.len());
    if !counts.is_empty() {
        text += &format!(": {}", counts.join(", "));
    }
    match checks.iter().map(findings).sum() {
        0 => text,
        1 => text + "; 1 printed statement found false",
        n => text + &format!("; {n} printed statements found false"),
    }
}

/// How one measurement stands, by its interval, its change under refinement and its tolerance. The verdict of a
/// check is made elsewhere and also corrects for the number of random measurements; this only marks rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The whole interval lies within the tolerance, and refinement changes little.
    Within,
    /// Neither within nor outside.
    Unclear,
    /// The whole interval lies beyond the tolerance, by more than refinement explains.
    Outside,
    /// Not a number.
    Undefined,
}

/// How a measurement stands.
pub fn standing(m: &Measurement) -> Standing {
    let deviation = |value: f64| match m.kind {
        Kind::Equal => (value - m.predicted).abs(),
        Kind::Upper => value - m.predicted,
        Kind::Lower => m.predicted - value,
    };
    let (low, high) = (deviation(m.low), deviation(m.high));
    if m.strain().is_nan() || low.is_nan() || high.is_nan() {
        return Standing::Undefined;
    }
    let holds_prediction = m.kind == Kind::Equal && m.low <= m.predicted && m.predicted <= m.high;
    let worst = dinlab_numeric::max(low, high);
    let best = if holds_prediction { 0.0 } else { dinlab_numeric::min(low, high) };
    // A change of a tenth of the tolerance is too much to accept; a violation must exceed ten times the change.
    let change = m.refinement.unwrap_or(0.0);
    let resolved = change <= 0.1 * m.tolerance || m.refinement.is_none();
    let slack = if resolved { 0.0 } else { 10.0 * change };
    if worst <= m.tolerance && resolved {
        Standing::Within
    } else if best > m.tolerance + slack {
        Standing::Outside
    } else {
        Standing::Unclear
    }
}

/// Whether a measurement contradicts its prediction; NaN does.
pub fn violates(m: &Measurement) -> bool {
    matches!(standing(m), Standing::Outside | Standing::Undefined)
}

/// The first measurement that contradicts the claim: cases stand in the record smallest first, so this is the
/// smallest case that violates it.
pub fn smallest_violation(entry: &CheckEntry) -> Option<&Measurement> {
    entry.measurements.iter().find(|m| violates(m))
}

/// Whether the entry's reason already describes that case.
pub fn reason_names_smallest(entry: &CheckEntry) -> bool {
    entry.reason.contains("smallest violating case")
}

/// Evidence grade reached; `–` when the check could not run or did not apply.
pub fn evidence_text(entry: &CheckEntry) -> String {
    match entry.verdict {
        None | Some(Verdict::NotApplicable) => "–".into(),
        Some(_) => entry.evidence.to_string(),
    }
}

/// Measured value, relation and prediction in one line of text.
pub fn comparison(m: &Measurement) -> String {
    let unit = if m.unit.is_empty() { String::new() } else { format!(" {}", m.unit) };
    format!(
        "measured {}{unit}, predicted {} {}{unit} within {}",
        number::plain(m.value),
        kind_symbol(m.kind),
        number::plain(m.predicted),
        number::plain(m.tolerance)
    )
}

/// Order for tables: NaN first, then the deepest violation.
pub fn by_strain_descending(a: &Measurement, b: &Measurement) -> std::cmp::Ordering {
    let (a, b) = (a.strain(), b.strain());
    match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => b.total_cmp(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn sentence_counts_outcomes_and_findings() {
        let report = fixture::report();
        assert_eq!(
            sentence(&report.checks),
            "5 checks: 1 consistent, 1 violated, 1 inconclusive, 1 not-applicable, 1 error; 1 printed statement found false"
        );
        assert_eq!(sentence(&[]), "0 checks");
    }

    #[test]
    fn nan_counts_as_violation_and_comes_first() {
        let mut entry = fixture::violated();
        let smallest = smallest_violation(&entry).unwrap();
        assert_eq!(smallest.case, "quadratic:1, α = 1");
        entry.measurements.sort_by(by_strain_descending);
        assert!(entry.measurements[0].strain().is_nan());
        assert!(violates(&entry.measurements[0]));
    }

    #[test]
    fn standing_looks_at_the_whole_interval_and_the_refinement() {
        use dinlab_record::Budget;
        let m = |value: f64| Measurement::equal("x", value, 1.0, Budget::discretisation(0.1));
        assert_eq!(standing(&m(1.05)), Standing::Within);
        assert_eq!(standing(&m(1.2)), Standing::Outside);
        assert_eq!(standing(&m(1.2).between(1.05, 1.35)), Standing::Unclear);
        assert_eq!(standing(&m(1.0).between(0.5, 1.5)), Standing::Unclear);
        assert_eq!(standing(&m(1.05).refined(0.05)), Standing::Unclear);
        assert_eq!(standing(&m(1.2).refined(0.05)), Standing::Unclear);
        assert_eq!(standing(&m(9.0).refined(0.05)), Standing::Outside);
        assert_eq!(standing(&m(1.05).refined(f64::NAN)), Standing::Unclear);
        assert_eq!(standing(&m(f64::NAN)), Standing::Undefined);
        assert_eq!(standing(&Measurement::holds("x", true)), Standing::Within);
        assert_eq!(standing(&Measurement::holds("x", true).refined(0.0)), Standing::Within);
        assert_eq!(
            standing(&Measurement::at_most("x", f64::INFINITY, 1.0, Budget::default())),
            Standing::Outside
        );
    }
}
