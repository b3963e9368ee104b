//! What the page's template sees: text only, ordered and grouped; no decision is left to the template.

use std::collections::BTreeMap;

use dinlab_record::{CheckEntry, CheckReport, HypothesisState, Measurement, Sampling, Verdict};
use serde::Serialize;

use crate::summary::Standing;
use crate::{mathml, number, summary, svg, ReportError};

/// Tables up to this length are shown whole.
const SHORT_TABLE: usize = 12;
/// Of longer ones, this many of the worst rows of each group stay visible.
const WORST_ROWS: usize = 3;
/// At most this many groups stay visible.
const OPEN_GROUPS: usize = 8;
/// Rows beyond this are left to checks.json, so that the page stays readable in a browser.
const MOST_ROWS: usize = 1000;

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    sentence: String,
    tally: Vec<Tally>,
    findings: usize,
    checks: Vec<CheckView>,
    provenance: Vec<(&'static str, String)>,
    command: String,
    started: String,
    wall: String,
}

#[derive(Debug, Serialize)]
struct Tally {
    class: String,
    symbol: &'static str,
    text: String,
    count: usize,
}

/// A verdict: class for the style sheet, sign and words.
#[derive(Debug, Serialize)]
struct Mark {
    class: String,
    symbol: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct CheckView {
    id: String,
    family: String,
    title: String,
    claim: String,
    verdict: Mark,
    reason: String,
    evidence: String,
    error: Option<String>,
    open: bool,
    /// MathML, safe as it is; none where the LaTeX was not understood.
    formula: Option<String>,
    statement: String,
    hypotheses: Vec<(String, &'static str, &'static str)>,
    measurements: TableView,
    worst: Option<Row>,
    smallest_violation: Option<Row>,
    control: Option<ControlView>,
    control_text: &'static str,
    fresh_seeds: Vec<FreshSeedsView>,
    errata: Vec<ErratumView>,
    findings: usize,
    figure: Option<String>,
    caption: String,
    source: Vec<String>,
    keys: String,
    command: String,
    seed: u64,
    plan: String,
    timing: String,
    cached: bool,
}

#[derive(Debug, Serialize)]
struct ControlView {
    mark: Mark,
    failed: bool,
    measurements: TableView,
}

#[derive(Debug, Serialize)]
struct FreshSeedsView {
    name: String,
    case: String,
    seeds: usize,
    distance: String,
    p_uniform: String,
    bias: String,
    margin: String,
    uniform: bool,
}

#[derive(Debug, Serialize)]
struct ErratumView {
    printed: String,
    place: String,
    grade: String,
    corrected: String,
    finding: bool,
    mark: Mark,
    measurements: TableView,
}

/// A table of measurements: groups shown, groups folded away, and how many rows neither holds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TableView {
    total: usize,
    shown: Vec<Group>,
    folded: Vec<Group>,
    folded_count: usize,
    left_out: usize,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    note: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Serialize)]
struct Row {
    name: String,
    case: String,
    value: String,
    interval: Option<String>,
    relation: &'static str,
    predicted: String,
    tolerance: String,
    budget: String,
    unit: String,
    strain: String,
    /// Length of the strain bar in per cent of its column, 0 to 100.
    bar: u8,
    class: &'static str,
    symbol: &'static str,
    state: &'static str,
    notes: Vec<String>,
    exact: String,
}

pub(crate) fn page(report: &CheckReport, figures: &BTreeMap<String, String>) -> Result<Page, ReportError> {
    let p = &report.provenance;
    let commit = format!("{}{}", p.commit, if p.dirty { " with uncommitted changes" } else { "" });
    let tally = summary::tally(&report.checks)
        .into_iter()
        .map(|(verdict, count)| {
            let mark = mark(verdict);
            Tally { class: mark.class, symbol: mark.symbol, text: mark.text, count }
        })
        .collect();
    Ok(Page {
        sentence: summary::sentence(&report.checks),
        tally,
        findings: report.checks.iter().map(summary::findings).sum(),
        checks: report.checks.iter().map(|entry| check(entry, figures)).collect::<Result<_, _>>()?,
        provenance: vec![
            ("Version", p.version.clone()),
            ("Commit", commit),
            ("Seed", p.seed.to_string()),
            ("Compiler", p.toolchain.clone()),
            ("Target", p.target.clone()),
            ("Plan", report.plan.to_string()),
            ("Format", report.schema.clone()),
            ("Started", p.started.clone()),
            ("Wall time", number::seconds(p.wall_seconds)),
        ],
        command: p.command.clone(),
        started: p.started.clone(),
        wall: number::seconds(p.wall_seconds),
    })
}

fn check(entry: &CheckEntry, figures: &BTreeMap<String, String>) -> Result<CheckView, ReportError> {
    let figure = match figures.get(&entry.id) {
        None => None,
        Some(text) => {
            let svg = svg::inline(text, &format!("figure-{}", slug(&entry.id)));
            Some(svg.ok_or_else(|| ReportError::NotSvg { check: entry.id.clone() })?)
        }
    };
    let violated = entry.verdict == Some(Verdict::Violated);
    Ok(CheckView {
        id: entry.id.clone(),
        family: entry.family.clone(),
        title: entry.title.clone(),
        claim: entry.claim.clone(),
        verdict: mark(entry.verdict),
        reason: entry.reason.clone(),
        evidence: summary::evidence_text(entry),
        error: entry.error.clone(),
        open: violated,
        formula: mathml::display(&entry.statement),
        statement: entry.statement.clone(),
        hypotheses: entry.hypotheses.iter().map(|h| hypothesis(&h.text, h.state)).collect(),
        measurements: table(&entry.measurements),
        worst: entry.worst_case.as_ref().map(row),
        smallest_violation: if violated && !summary::reason_names_smallest(entry) {
            summary::smallest_violation(entry).map(row)
        } else {
            None
        },
        control: entry.control.as_ref().map(|control| ControlView {
            mark: mark(Some(control.verdict)),
            failed: control.verdict == Verdict::Violated,
            measurements: table(&control.measurements),
        }),
        control_text: summary::control_text(entry),
        fresh_seeds: entry.fresh_seeds.iter().map(fresh_seeds).collect(),
        errata: summary::errata(entry).map(erratum).collect(),
        findings: summary::findings(entry),
        figure,
        caption: entry.figure.as_ref().map_or_else(String::new, |f| f.title.clone()),
        source: entry.source.clone(),
        keys: entry.keys.join(", "),
        command: entry.command.clone(),
        seed: entry.seed,
        plan: entry.plan.to_string(),
        timing: number::seconds(entry.timing),
        cached: entry.cached,
    })
}

fn erratum(e: &dinlab_record::Erratum) -> ErratumView {
    ErratumView {
        printed: e.printed.clone(),
        place: e.place.clone(),
        grade: e.grade.clone(),
        corrected: e.corrected.clone(),
        finding: e.verdict == Verdict::Violated,
        mark: mark(Some(e.verdict)),
        measurements: table(&e.measurements),
    }
}

fn fresh_seeds(f: &dinlab_record::FreshSeeds) -> FreshSeedsView {
    FreshSeedsView {
        name: f.name.clone(),
        case: f.case.clone(),
        seeds: f.p_values.len(),
        distance: number::pretty(f.distance),
        p_uniform: number::pretty(f.p_uniform),
        bias: format!("{} ± {}", number::pretty(f.bias), number::pretty(f.bias_error)),
        margin: number::pretty(f.margin),
        uniform: f.uniform,
    }
}

fn mark(verdict: Option<Verdict>) -> Mark {
    let text = summary::verdict_text(verdict);
    Mark { class: text.clone(), symbol: summary::verdict_symbol(verdict), text }
}

fn hypothesis(text: &str, state: HypothesisState) -> (String, &'static str, &'static str) {
    let (class, words) = match state {
        HypothesisState::Exact => ("held", "decided exactly"),
        HypothesisState::ByConstruction => ("held", "true by construction"),
        HypothesisState::Sampled => ("assumed", "checked on samples"),
        HypothesisState::Assumed => ("assumed", "assumed"),
        HypothesisState::False => ("false", "false here"),
    };
    (text.to_owned(), class, words)
}

/// Letters, digits and hyphens only: usable in ids.
fn slug(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Groups measurements by name, in order of first appearance, worst rows first.
pub(crate) fn table(measurements: &[Measurement]) -> TableView {
    let mut groups: Vec<(&str, Vec<&Measurement>)> = Vec::new();
    let mut index = BTreeMap::new();
    for m in measurements {
        let at = *index.entry(m.name.as_str()).or_insert_with(|| {
            groups.push((&m.name, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(m);
    }
    for (_, rows) in &mut groups {
        rows.sort_by(|a, b| summary::by_strain_descending(a, b));
    }
    let total = measurements.len();
    if total > SHORT_TABLE && groups.len() > OPEN_GROUPS {
        groups.sort_by(|a, b| summary::by_strain_descending(a.1[0], b.1[0]));
    }
    let mut view = TableView { total, ..TableView::default() };
    for (i, (name, rows)) in groups.into_iter().enumerate() {
        let open = match () {
            () if total <= SHORT_TABLE => rows.len(),
            () if i < OPEN_GROUPS => WORST_ROWS.min(rows.len()),
            () => 0,
        };
        let (shown, folded) = rows.split_at(open);
        let folded_here = folded.len().min(MOST_ROWS - view.folded_count);
        view.left_out += folded.len() - folded_here;
        view.folded_count += folded_here;
        let count = rows.len();
        if open > 0 {
            let note = if open < count { format!("worst {open} of {count}") } else { String::new() };
            view.shown.push(group(name, note, shown));
        }
        if folded_here > 0 {
            view.folded.push(group(name, format!("{folded_here} of {count}"), &folded[..folded_here]));
        }
    }
    view
}

fn group(name: &str, note: String, rows: &[&Measurement]) -> Group {
    Group { name: name.to_owned(), note, rows: rows.iter().map(|m| row(m)).collect() }
}

fn row(m: &Measurement) -> Row {
    let strain = m.strain();
    let (class, symbol, state) = match summary::standing(m) {
        Standing::Within => ("within", "✓", "within"),
        Standing::Unclear => ("unclear", "?", "unclear"),
        Standing::Outside => ("outside", "✗", "outside"),
        Standing::Undefined => ("undefined", "✗", "not a number"),
    };
    // NaN and infinite strains fill the bar.
    let bar = if strain <= 0.0 {
        0.0
    } else if strain < 1.0 {
        (100.0 * strain).ceil()
    } else {
        100.0
    };
    let has_interval = m.low != m.value || m.high != m.value;
    Row {
        name: m.name.clone(),
        case: m.case.clone(),
        value: number::resolving(m.value, m.tolerance),
        interval: (has_interval && !m.value.is_nan()).then(|| {
            format!("[{}, {}]", number::resolving(m.low, m.tolerance), number::resolving(m.high, m.tolerance))
        }),
        relation: summary::kind_symbol(m.kind),
        predicted: number::resolving(m.predicted, m.tolerance),
        tolerance: number::pretty(m.tolerance),
        budget: budget(m),
        unit: m.unit.clone(),
        strain: number::strain(strain),
        bar: bar as u8,
        class,
        symbol,
        state,
        notes: notes(m),
        exact: format!("measured {}, predicted {}", number::exact(m.value), number::exact(m.predicted)),
    }
}

fn budget(m: &Measurement) -> String {
    let parts = [
        ("rounding", m.budget.rounding),
        ("discretisation", m.budget.discretisation),
        ("sampling", m.budget.sampling),
        ("bound", m.budget.bound),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, part)| *part != 0.0)
        .map(|(name, part)| format!("{name} {}", number::pretty(*part)))
        .collect();
    if parts.is_empty() {
        "exact comparison".into()
    } else {
        parts.join(" + ")
    }
}

fn notes(m: &Measurement) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(change) = m.refinement {
        notes.push(format!("changed by {} under refinement", number::pretty(change)));
    }
    if let Some(Sampling { samples, standard_error, p_violation, p_equivalence, detectable }) = m.sampling {
        notes.push(format!(
            "{samples} samples, standard error {}, p(within margin) {}, p(outside margin) {}, detects deviations from {}",
            number::pretty(standard_error),
            number::pretty(p_violation),
            number::pretty(p_equivalence),
            number::pretty(detectable)
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn long_tables_show_the_worst_rows_and_lose_none() {
        let measurements = fixture::consistent().measurements;
        let view = table(&measurements);
        let count = |groups: &[Group]| groups.iter().map(|g| g.rows.len()).sum::<usize>();
        assert_eq!(count(&view.shown) + count(&view.folded) + view.left_out, measurements.len());
        assert_eq!(view.shown[0].rows[0].case, "quadratic:1,30, α = 0.5, β = 0.1");
        assert_eq!(view.shown[0].note, "worst 3 of 30");
    }

    #[test]
    fn very_long_tables_say_what_they_leave_out() {
        let many: Vec<Measurement> =
            fixture::consistent().measurements.iter().cycle().take(5000).cloned().collect();
        let view = table(&many);
        assert_eq!(view.folded_count, MOST_ROWS);
        let shown: usize = view.shown.iter().map(|g| g.rows.len()).sum();
        assert_eq!(shown + view.folded_count + view.left_out, 5000);
    }

    #[test]
    fn not_a_number_is_marked_and_fills_the_bar() {
        let rows = table(&fixture::violated().measurements);
        let row = rows.shown.iter().flat_map(|g| &g.rows).find(|r| r.value == "nan").unwrap();
        assert_eq!((row.class, row.bar), ("undefined", 100));
    }
}
