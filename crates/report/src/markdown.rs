//! A Markdown table of a run, for a README or an issue.

use dinlab_record::CheckReport;

use crate::{number, summary};

/// One row per check.
pub fn markdown(report: &CheckReport) -> String {
    let mut out = String::from(
        "| check | claim | verdict | evidence | measured | predicted | tolerance | strain | control |\n\
         |---|---|---|---|---:|---:|---:|---:|---|\n",
    );
    for entry in &report.checks {
        let numbers = entry.worst_case.as_ref().map_or_else(
            || ["–", "–", "–", "–"].map(str::to_owned),
            |m| {
                [
                    number::pretty(m.value),
                    format!("{} {}", summary::kind_symbol(m.kind), number::pretty(m.predicted)),
                    number::pretty(m.tolerance),
                    number::strain(m.strain()),
                ]
            },
        );
        out += &format!(
            "| `{}` | {} | {} {} | {} | {} | {} |\n",
            entry.id.replace(['`', '|', '\n'], ""),
            cell(&entry.claim),
            summary::verdict_symbol(entry.verdict),
            summary::verdict_text(entry.verdict),
            summary::evidence_text(entry),
            numbers.join(" | "),
            summary::control_text(entry)
        );
    }
    out + &format!("\n{}.\n", summary::sentence(&report.checks))
}

/// Text that cannot end the cell, start emphasis or open an HTML tag.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn every_row_has_nine_cells_whatever_the_text() {
        let mut report = fixture::report();
        report.checks[0].claim = "a | b <script> *c*\nd".into();
        let text = markdown(&report);
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
        assert_eq!(rows.len(), 2 + report.checks.len());
        for row in rows {
            assert_eq!(row.replace(r"\|", "").matches('|').count(), 10, "{row}");
        }
        assert!(text.contains(r"a \| b &lt;script> \*c\* d"));
    }
}
