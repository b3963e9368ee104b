//! Comparison of two records: reports check by check, any other records number by number. Timing, caching and
//! provenance stand outside the compared part (design: the same plan and seed give the same record).

use std::collections::BTreeMap;

use dinlab_record::{CheckEntry, CheckReport, Measurement};
use serde::Serialize;
use serde_json::Value;

use crate::{number, summary};

/// Relative difference up to which two numbers count as the same: platforms differ by rounding.
pub const RELATIVE_TOLERANCE: f64 = 1e-9;
/// Keys outside the compared part, at any depth.
const IGNORED: &[&str] = &["provenance", "timing", "cached", "jobs", "command", "wall_seconds", "started"];

/// What differs between two records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Checks (or, for other records, values) found in both and compared.
    pub compared: usize,
    /// Relative tolerance for numbers.
    pub relative_tolerance: f64,
    /// Differences in the order of the first record, then what only the second has.
    pub changes: Vec<Change>,
}

/// One difference; `a` is the first record, `b` the second.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// A check that only one record has.
    CheckOnly {
        /// The check.
        check: String,
        /// `a` or `b`.
        only_in: char,
    },
    /// A verdict, evidence grade, control, erratum or seed that differs.
    Text {
        /// The check.
        check: String,
        /// What differs.
        what: String,
        /// In the first record.
        a: String,
        /// In the second record.
        b: String,
    },
    /// A measurement that only one record has.
    MeasurementOnly {
        /// The check.
        check: String,
        /// Name and case.
        measurement: String,
        /// `a` or `b`.
        only_in: char,
    },
    /// A number of a measurement that differs by more than the tolerance.
    Number {
        /// The check.
        check: String,
        /// Name and case.
        measurement: String,
        /// `value`, `predicted` or `tolerance`.
        field: String,
        /// In the first record (`inf`, `-inf`, `nan` as words).
        a: String,
        /// In the second record.
        b: String,
        /// Relative difference.
        #[serde(with = "dinlab_record::real")]
        relative: f64,
    },
    /// A value at a path of a plain record (`$.final.theta[0]`) that differs or is missing ("–").
    Path {
        /// The path.
        path: String,
        /// In the first record.
        a: String,
        /// In the second record.
        b: String,
    },
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Compares two reports with [`RELATIVE_TOLERANCE`].
pub fn diff(a: &CheckReport, b: &CheckReport) -> Diff {
    diff_within(a, b, RELATIVE_TOLERANCE)
}

/// Compares two reports; numbers may differ relatively by `relative_tolerance`.
pub fn diff_within(a: &CheckReport, b: &CheckReport, relative_tolerance: f64) -> Diff {
    let mut out = Diff { compared: 0, relative_tolerance, changes: Vec::new() };
    for first in &a.checks {
        match b.checks.iter().find(|second| second.id == first.id) {
            Some(second) => {
                out.compared += 1;
                compare_checks(first, second, &mut out);
            }
            None => out.changes.push(Change::CheckOnly { check: first.id.clone(), only_in: 'a' }),
        }
    }
    let added = b.checks.iter().filter(|second| a.checks.iter().all(|first| first.id != second.id));
    out.changes.extend(added.map(|second| Change::CheckOnly { check: second.id.clone(), only_in: 'b' }));
    out
}

fn compare_checks(a: &CheckEntry, b: &CheckEntry, out: &mut Diff) {
    let pairs = [
        ("verdict", summary::verdict_text(a.verdict), summary::verdict_text(b.verdict)),
        ("evidence", a.evidence.to_string(), b.evidence.to_string()),
        ("control", control(a), control(b)),
        ("errata", errata(a), errata(b)),
        ("error", a.error.clone().unwrap_or_default(), b.error.clone().unwrap_or_default()),
        ("seed", a.seed.to_string(), b.seed.to_string()),
        ("plan", a.plan.to_string(), b.plan.to_string()),
    ];
    for (what, a_text, b_text) in pairs {
        if a_text != b_text {
            out.changes.push(Change::Text { check: a.id.clone(), what: what.into(), a: a_text, b: b_text });
        }
    }
    compare_measurements(&a.id, "", &a.measurements, &b.measurements, out);
    let empty = Vec::new();
    let of =
        |entry: &'_ CheckEntry| entry.control.as_ref().map(|c| c.measurements.clone()).unwrap_or_default();
    let (a_control, b_control) = (of(a), of(b));
    if a_control != empty || b_control != empty {
        compare_measurements(&a.id, "control: ", &a_control, &b_control, out);
    }
}

fn control(entry: &CheckEntry) -> String {
    entry.control.as_ref().map_or_else(|| "none".into(), |control| control.verdict.to_string())
}

fn errata(entry: &CheckEntry) -> String {
    let errata: Vec<String> =
        summary::errata(entry).map(|e| format!("{} ({})", e.verdict, e.place)).collect();
    errata.join(", ")
}

/// Matches measurements by name, case and, where these repeat, by how often they came before.
fn compare_measurements(check: &str, prefix: &str, a: &[Measurement], b: &[Measurement], out: &mut Diff) {
    let (a_keyed, b_keyed) = (keyed(a), keyed(b));
    let b_index: BTreeMap<_, _> = b_keyed.iter().map(|(key, m)| (key.clone(), *m)).collect();
    let label = |m: &Measurement| format!("{prefix}{}", described(m));
    for (key, first) in &a_keyed {
        let Some(second) = b_index.get(key) else {
            out.changes.push(Change::MeasurementOnly {
                check: check.into(),
                measurement: label(first),
                only_in: 'a',
            });
            continue;
        };
        let fields = [
            ("value", first.value, second.value),
            ("predicted", first.predicted, second.predicted),
            ("tolerance", first.tolerance, second.tolerance),
        ];
        for (field, x, y) in fields {
            let relative = relative_difference(x, y);
            if !within(relative, out.relative_tolerance) {
                out.changes.push(Change::Number {
                    check: check.into(),
                    measurement: label(first),
                    field: field.into(),
                    a: number::exact(x),
                    b: number::exact(y),
                    relative,
                });
            }
        }
    }
    let a_keys: std::collections::BTreeSet<_> = a_keyed.iter().map(|(key, _)| key).collect();
    for (_, second) in b_keyed.iter().filter(|(key, _)| !a_keys.contains(key)) {
        out.changes.push(Change::MeasurementOnly {
            check: check.into(),
            measurement: label(second),
            only_in: 'b',
        });
    }
}

type Key = (String, String, usize);

fn keyed(measurements: &[Measurement]) -> Vec<(Key, &Measurement)> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    measurements
        .iter()
        .map(|m| {
            let count = seen.entry((&m.name, &m.case)).or_insert(0);
            *count += 1;
            ((m.name.clone(), m.case.clone(), *count), m)
        })
        .collect()
}

fn described(m: &Measurement) -> String {
    if m.case.is_empty() {
        m.name.clone()
    } else {
        format!("{} on {}", m.name, m.case)
    }
}

/// |x − y| over the larger magnitude; 0 for equal numbers, also both NaN; infinite where only one is finite.
fn relative_difference(x: f64, y: f64) -> f64 {
    if x == y || (x.is_nan() && y.is_nan()) {
        0.0
    } else if !x.is_finite() || !y.is_finite() {
        f64::INFINITY
    } else {
        let scale = dinlab_numeric::max(x.abs(), y.abs());
        // Scaled first: the difference of two huge numbers of opposite sign overflows.
        (x / scale - y / scale).abs()
    }
}

/// NaN differs.
fn within(relative: f64, tolerance: f64) -> bool {
    relative <= tolerance
}

/// Compares two plain records: every number, text and list entry, with the path to it. Keys outside the compared
/// part (provenance, timing, caching, jobs) are skipped at any depth.
pub fn diff_values(a: &Value, b: &Value, relative_tolerance: f64) -> Diff {
    let mut out = Diff { compared: 0, relative_tolerance, changes: Vec::new() };
    walk("$", Some(a), Some(b), &mut out);
    out
}

fn walk(path: &str, a: Option<&Value>, b: Option<&Value>, out: &mut Diff) {
    match (a, b) {
        (Some(Value::Object(x)), Some(Value::Object(y))) => {
            let new_keys = y.keys().filter(|key| !x.contains_key(*key));
            for key in x.keys().chain(new_keys).filter(|key| !IGNORED.contains(&key.as_str())) {
                walk(&format!("{path}.{key}"), x.get(key), y.get(key), out);
            }
        }
        (Some(Value::Array(x)), Some(Value::Array(y))) => {
            let longest = x.len().max(y.len());
            for i in 0..longest {
                walk(&format!("{path}[{i}]"), x.get(i), y.get(i), out);
            }
        }
        _ => {
            out.compared += usize::from(a.is_some() && b.is_some());
            if !same(a, b, out.relative_tolerance) {
                out.changes.push(Change::Path { path: path.into(), a: shown(a), b: shown(b) });
            }
        }
    }
}

fn same(a: Option<&Value>, b: Option<&Value>, tolerance: f64) -> bool {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    match (number(a), number(b)) {
        (Some(x), Some(y)) => a == b || within(relative_difference(x, y), tolerance),
        _ => a == b,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "–".into(), |value| number::shorten(&value.to_string(), 60))
}

impl std::fmt::Display for Diff {
    /// One line per change under the name of its check, and a last line that counts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut current = None;
        for change in &self.changes {
            if let Some(check) = change.check() {
                if current != Some(check) {
                    writeln!(f, "{check}")?;
                    current = Some(check);
                }
            }
            writeln!(f, "  {change}")?;
        }
        let plural = if self.changes.len() == 1 { "" } else { "s" };
        let tolerance = number::plain(self.relative_tolerance);
        write!(
            f,
            "{} compared, {} difference{plural} (numbers: relative tolerance {tolerance})",
            self.compared,
            self.changes.len()
        )
    }
}

impl Change {
    fn check(&self) -> Option<&str> {
        match self {
            Self::CheckOnly { check, .. }
            | Self::Text { check, .. }
            | Self::MeasurementOnly { check, .. }
            | Self::Number { check, .. } => Some(check),
            Self::Path { .. } => None,
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |only_in: &char| if *only_in == 'a' { "first" } else { "second" };
        match self {
            Self::CheckOnly { only_in, .. } => write!(f, "only in the {} record", side(only_in)),
            Self::Text { what, a, b, .. } => {
                let (a, b) = excerpts(a, b);
                write!(f, "{what}: {a} → {b}")
            }
            Self::MeasurementOnly { measurement, only_in, .. } => {
                write!(f, "{measurement}: only in the {} record", side(only_in))
            }
            Self::Number { measurement, field, a, b, relative, .. } => {
                write!(f, "{measurement}: {field} {a} → {b} (relative {})", number::plain(*relative))
            }
            Self::Path { path, a, b } => write!(f, "{path}: {a} → {b}"),
        }
    }
}

/// Two texts as they are printed: long ones (plans) from a little before the place where they part.
fn excerpts(a: &str, b: &str) -> (String, String) {
    const LONGEST: usize = 72;
    const BEFORE: usize = 24;
    if a.chars().count() <= LONGEST && b.chars().count() <= LONGEST {
        return (a.into(), b.into());
    }
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let start = common.saturating_sub(BEFORE);
    let cut = |text: &str| {
        let rest: String = text.chars().skip(start).collect();
        let before = if start > 0 { "…" } else { "" };
        format!("{before}{}", number::shorten(&rest, LONGEST))
    };
    (cut(a), cut(b))
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_texts_are_shown_where_they_part() {
        let plan = |step: &str| format!("{}\"step_size\":{step}{}", "x".repeat(500), "y".repeat(500));
        let (a, b) = excerpts(&plan("0.1"), &plan("0.2"));
        assert!(a.contains("\"step_size\":0.1") && b.contains("\"step_size\":0.2"), "{a} {b}");
        assert!(a.starts_with('…') && a.ends_with('…') && a.chars().count() < 80, "{a}");
        assert_eq!(excerpts("a", "b"), ("a".into(), "b".into()));
    }

    use super::*;
    use crate::fixture;
    use dinlab_record::Verdict;
    use serde_json::json;

    #[test]
    fn equal_reports_with_other_timing_and_provenance_do_not_differ() {
        let a = fixture::report();
        let mut b = a.clone();
        b.provenance.commit = "other".into();
        b.provenance.wall_seconds = 99.0;
        b.checks[0].timing = 99.0;
        b.checks[0].cached = true;
        b.checks[0].measurements[0].value *= 1.0 + 1e-14;
        let diff = diff(&a, &b);
        assert!(diff.is_empty(), "{diff}");
        assert_eq!(diff.compared, 5);
    }

    #[test]
    fn verdicts_numbers_and_missing_parts_are_reported() {
        let a = fixture::report();
        let mut b = a.clone();
        b.checks[0].verdict = Some(Verdict::Violated);
        b.checks[0].measurements[1].value = f64::NAN;
        b.checks[0].measurements.remove(0);
        b.checks[0].control = None;
        b.checks.remove(4);
        b.checks.push(fixture::entry("new-check", None));
        let text = diff(&a, &b).to_string();
        for part in [
            "local-spectral-rate\n  verdict: consistent → violated",
            "control: violated → none",
            "decay rate on quadratic:1,1, α = 0.5, β = 0.1: only in the first record",
            "→ nan (relative inf)",
            "figure-one\n  only in the first record",
            "new-check\n  only in the second record",
            "4 compared, 7 differences (numbers: relative tolerance 1e-9)",
        ] {
            assert!(text.contains(part), "missing {part:?} in\n{text}");
        }
    }

    #[test]
    fn plain_records_differ_by_path() {
        let a = json!({"final": {"theta": [1.0, "nan"], "value": 2}, "timing": 1, "provenance": {"commit": "a"}, "status": "converged"});
        let b = json!({"final": {"theta": [1.0 + 1e-12, "nan", 3.0], "value": 2.5}, "timing": 2, "provenance": {}, "status": "reached-end"});
        let diff = diff_values(&a, &b, 1e-9);
        let paths: Vec<String> = diff.changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            paths,
            [
                "$.final.theta[2]: – → 3.0",
                "$.final.value: 2 → 2.5",
                "$.status: \"converged\" → \"reached-end\""
            ]
        );
        assert!(diff_values(&a, &a, 0.0).is_empty());
    }

    #[test]
    fn relative_differences_survive_extremes() {
        assert_eq!(relative_difference(f64::NAN, f64::NAN), 0.0);
        assert_eq!(relative_difference(f64::MAX, -f64::MAX), 2.0);
        assert_eq!(relative_difference(0.0, 5e-324), 1.0);
        assert!(!within(relative_difference(f64::NAN, 1.0), 1e9));
        assert!(!within(relative_difference(f64::INFINITY, f64::NEG_INFINITY), 1e9));
    }
}
