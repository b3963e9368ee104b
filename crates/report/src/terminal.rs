//! The table that `dinlab check` prints at its end.

use dinlab_record::{CheckReport, Verdict};

use crate::{number, summary};

/// How the table is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalStyle {
    /// ANSI colours for the verdicts.
    pub color: bool,
    /// Characters per line; names of checks are shortened to fit, the other columns never.
    pub width: usize,
}

impl Default for TerminalStyle {
    /// No colour, 100 characters.
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

const HEADER: [&str; 6] = ["check", "verdict", "evidence", "strain", "control", "time"];
/// Columns that are aligned on the right.
const RIGHT: [bool; 6] = [false, false, false, true, false, true];
const GAP: usize = 2;
/// Shortest width left to the check's name.
const SHORTEST_NAME: usize = 12;

/// The table, one line per check, followed by the smallest violating case of every violated check, the reason of
/// every check that is inconclusive or could not run, the findings in print, and one sentence on the whole.
pub fn summary_table(report: &CheckReport, style: TerminalStyle) -> String {
    let rows: Vec<[String; 6]> = report.checks.iter().map(row).collect();
    let mut widths = HEADER.map(|name| name.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let others: usize = widths[1..].iter().map(|width| width + GAP).sum();
    widths[0] = widths[0].min(style.width.saturating_sub(others).max(SHORTEST_NAME));
    let mut out = line(&HEADER.map(str::to_owned), &widths, None);
    for (cells, entry) in rows.iter().zip(&report.checks) {
        out += &line(cells, &widths, if style.color { Some(color(entry.verdict)) } else { None });
    }
    for entry in &report.checks {
        out += &remarks(entry);
    }
    out + &format!("\n{}\n", summary::sentence(&report.checks))
}

fn row(entry: &dinlab_record::CheckEntry) -> [String; 6] {
    let time = if entry.cached { "cached".into() } else { number::seconds(entry.timing) };
    [
        entry.id.clone(),
        format!("{} {}", summary::verdict_symbol(entry.verdict), summary::verdict_text(entry.verdict)),
        summary::evidence_text(entry),
        summary::worst_strain(entry),
        summary::control_text(entry).into(),
        time,
    ]
}

fn line(cells: &[String; 6], widths: &[usize; 6], verdict_color: Option<&str>) -> String {
    let mut out = String::new();
    for (i, cell) in cells.iter().enumerate() {
        let cell = number::shorten(cell, widths[i]);
        let padding = " ".repeat(widths[i] - cell.chars().count());
        let cell = match verdict_color {
            Some(code) if i == 1 => format!("\x1b[{code}m{cell}\x1b[0m"),
            _ => cell,
        };
        out += &if RIGHT[i] { format!("{padding}{cell}") } else { format!("{cell}{padding}") };
        out += &" ".repeat(GAP);
    }
    format!("{}\n", out.trim_end())
}

fn color(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Consistent) => "32",
        Some(Verdict::Violated) | None => "31",
        Some(Verdict::Inconclusive) => "33",
        Some(Verdict::NotApplicable) => "2",
    }
}

/// What a reader must know about one check beyond its line.
fn remarks(entry: &dinlab_record::CheckEntry) -> String {
    let mut lines = Vec::new();
    match entry.verdict {
        None => lines.push(format!("could not run: {}", entry.error.as_deref().unwrap_or(&entry.reason))),
        Some(Verdict::Violated) => {
            lines.push(format!("violated: {}", entry.reason));
            let unnamed = !summary::reason_names_smallest(entry);
            if let Some(m) = summary::smallest_violation(entry).filter(|_| unnamed) {
                let case = if m.case.is_empty() { String::new() } else { format!("{}: ", m.case) };
                lines.push(format!(
                    "smallest case that violates it: {case}{}, {}",
                    m.name,
                    summary::comparison(m)
                ));
            }
            lines.push(format!("reproduce: {}", entry.command));
        }
        Some(Verdict::Inconclusive) => lines.push(format!("inconclusive: {}", entry.reason)),
        Some(Verdict::NotApplicable) => lines.push(format!("not applicable: {}", entry.reason)),
        Some(Verdict::Consistent) => {}
    }
    for erratum in summary::errata(entry).filter(|e| e.verdict == Verdict::Violated) {
        lines.push(format!(
            "finding: {} prints \"{}\"; correct: {}",
            erratum.place, erratum.printed, erratum.corrected
        ));
    }
    lines.extend(fresh_seeds(entry));
    if lines.is_empty() {
        return String::new();
    }
    // Control characters of the record must not reach the terminal.
    let text: String = lines.iter().map(|line| format!("  {}\n", clean(line))).collect();
    format!("\n{}\n{text}", clean(&entry.id))
}

/// How uniform the p-values under fresh seeds are; `None` where no seeds were drawn.
fn fresh_seeds(entry: &dinlab_record::CheckEntry) -> Option<String> {
    let (all, first) = (&entry.fresh_seeds, entry.fresh_seeds.first()?);
    let uniform = all.iter().filter(|f| f.uniform).count();
    let mut text = format!(
        "fresh seeds: p-values of {uniform} of {} random measurements are uniform over {} seeds",
        all.len(),
        first.p_values.len()
    );
    for f in all.iter().filter(|f| !f.uniform) {
        text += &format!(
            "; not of {} on {}: bias {} ± {}, margin {}",
            f.name,
            f.case,
            number::pretty(f.bias),
            number::pretty(f.bias_error),
            number::pretty(f.margin)
        );
    }
    Some(text)
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn columns_are_aligned_and_fit_the_width() {
        let report = fixture::report();
        for width in [0, 60, 80, 200] {
            let text = summary_table(&report, TerminalStyle { color: false, width });
            let lines: Vec<&str> = text.lines().take(6).collect();
            let column = lines[0].find("verdict").unwrap();
            for line in &lines[1..] {
                let before: Vec<char> = line.chars().take(column).collect();
                assert_eq!(before[column - 1], ' ', "{line}");
                assert!(line.chars().count() <= width.max(80), "{line}");
            }
            assert!(!text.contains('\x1b'));
        }
    }

    #[test]
    fn violations_errors_and_findings_are_explained() {
        let text = summary_table(&fixture::report(), TerminalStyle::default());
        for part in [
            "smallest case that violates it: quadratic:1, α = 1: energy increase, measured 2e-8, predicted ≤ 0 within 1e-9",
            "reproduce: dinlab check fixed-step-descent",
            "could not run: data/jmlr-figure-1d.csv",
            "inconclusive: the negative control did not fail",
            "finding: JMLR 22(134), Theorem 13 prints",
            "fresh seeds: p-values of 1 of 2 random measurements are uniform over 40 seeds; not of mean exit",
            "5 checks: 1 consistent",
        ] {
            assert!(text.contains(part), "missing {part:?} in\n{text}");
        }
    }

    #[test]
    fn colour_only_when_asked_and_no_escape_from_the_record() {
        let mut report = fixture::report();
        report.checks[4].error = Some("bad \x1b[31m file".into());
        let plain = summary_table(&report, TerminalStyle::default());
        assert!(!plain.contains('\x1b'));
        let colored = summary_table(&report, TerminalStyle { color: true, width: 100 });
        assert!(colored.contains("\x1b[32m✓ consistent\x1b[0m"));
    }
}
