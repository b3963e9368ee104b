//! `checks.tex`: two longtables (numbers; claims with citations) that compile alone or inside a paper.

use dinlab_record::{CheckEntry, CheckReport};

use crate::{number, summary, tex_escape::escape};

/// The file opens a document of its own unless one is open already: `\begin{document}` lets the kernel's
/// `\@nodocument` to `\relax`.
const HEAD: &str = r"% Compiles alone (pdflatex, then bibtex for the references) and can be \input into a paper
% whose preamble loads booktabs and longtable.
\expandafter\ifx\csname @nodocument\endcsname\relax
  \def\dinlabfinish{}
\else
  \documentclass[10pt]{article}
  \usepackage[landscape,margin=18mm]{geometry}
  \usepackage{booktabs,longtable}
  \setlength{\emergencystretch}{3em}
  \def\dinlabfinish{\bibliographystyle{plain}\bibliography{references}\end{document}}
  \begin{document}
\fi
";

/// The document. All text of the record is escaped, so that the file is pure ASCII.
pub fn latex(report: &CheckReport) -> String {
    let p = &report.provenance;
    let dirty = if p.dirty { ", with uncommitted changes" } else { "" };
    let mut out = format!(
        "% dinlab {} (commit {}{dirty}), seed {}\n{HEAD}",
        comment(&p.version),
        comment(&p.commit),
        p.seed
    );
    out += &format!("\\noindent {}.\n\n", escape(&summary::sentence(&report.checks)));
    numbers(&mut out, &report.checks);
    claims(&mut out, &report.checks);
    out += &format!(
        "\\noindent\\footnotesize dinlab {}, commit {}{}, seed {}, {}, {}, {}.\n\n\\dinlabfinish\n",
        escape(&p.version),
        escape(&p.commit),
        escape(dirty),
        p.seed,
        escape(&p.toolchain),
        escape(&p.target),
        escape(&p.started)
    );
    out
}

fn numbers(out: &mut String, checks: &[CheckEntry]) {
    *out += concat!(
        r"{\small\begin{longtable}{@{}lllp{0.2\textwidth}rrrrl@{}}",
        "\n",
        r"\caption{Checks: worst case of each, measured beside predicted. Strain is the deviation as a share of the tolerance.}\\",
        "\n",
        r"\toprule",
        "\n",
        r"Check & Verdict & Evidence & Worst case & Measured & Predicted & Tolerance & Strain & Control \\",
        "\n",
        r"\midrule\endfirsthead",
        "\n",
        r"\toprule",
        "\n",
        r"Check & Verdict & Evidence & Worst case & Measured & Predicted & Tolerance & Strain & Control \\",
        "\n",
        r"\midrule\endhead\bottomrule\endfoot",
        "\n",
    );
    for entry in checks {
        let cells = match &entry.worst_case {
            None => ["--", "--", "--", "--", "--"].map(str::to_owned),
            Some(m) => [
                format!(r"\raggedright {}", escape(&m.name)),
                number::latex(m.value),
                format!("{} {}", escape(summary::kind_symbol(m.kind)), number::latex(m.predicted)),
                number::latex(m.tolerance),
                escape(&number::strain(m.strain())),
            ],
        };
        *out += &format!(
            "\\texttt{{{}}} & {} & {} & {} & {} \\\\\n",
            escape(&entry.id),
            summary::verdict_text(entry.verdict),
            escape(&summary::evidence_text(entry)),
            cells.join(" & "),
            // The text fonts have no such signs, and the word says it.
            summary::control_text(entry).trim_end_matches([' ', '✓', '✗'])
        );
    }
    *out += "\\end{longtable}}\n\n";
}

fn claims(out: &mut String, checks: &[CheckEntry]) {
    *out += concat!(
        r"{\small\begin{longtable}{@{}lp{0.36\textwidth}p{0.36\textwidth}@{}}",
        "\n",
        r"\caption{What each check claims, and printed forms that differ.}\\",
        "\n",
        r"\toprule Check & Claim & Printed forms that differ \\ \midrule\endfirsthead",
        "\n",
        r"\toprule Check & Claim & Printed forms that differ \\ \midrule\endhead\bottomrule\endfoot",
        "\n",
    );
    for entry in checks {
        let cite = if entry.keys.is_empty() {
            String::new()
        } else {
            format!("~\\cite{{{}}}", entry.keys.join(","))
        };
        let errata: Vec<String> = summary::errata(entry)
            .map(|e| {
                format!(
                    "{} ({}): {}; correct: {}",
                    escape(&e.printed),
                    escape(&e.place),
                    e.verdict,
                    escape(&e.corrected)
                )
            })
            .collect();
        *out += &format!(
            "\\texttt{{{}}} & \\raggedright {}{cite} & {} \\\\\n",
            escape(&entry.id),
            escape(&entry.claim),
            if errata.is_empty() { "--".into() } else { errata.join("; ") }
        );
    }
    *out += "\\end{longtable}}\n\n";
}

/// Text that cannot end the comment line.
fn comment(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn document_is_ascii_with_balanced_groups_and_even_columns() {
        let text = latex(&fixture::report());
        assert!(text.is_ascii(), "{:?}", text.chars().find(|c| !c.is_ascii()));
        let bare = text.replace(r"\{", "").replace(r"\}", "");
        assert_eq!(bare.matches('{').count(), bare.matches('}').count());
        for line in text.lines().filter(|l| l.starts_with(r"\texttt") && l.ends_with(r"\\")) {
            let columns = line.replace(r"\&", "").matches('&').count();
            assert!(columns == 8 || columns == 2, "{line}");
        }
        for part in ["not-applicable", r"x\_1", r"e\textasciicircum{}", r"100\%"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.contains(r"\cite{castera2021}") && text.ends_with("\\dinlabfinish\n"));
    }

    #[test]
    fn provenance_cannot_break_out_of_the_comment() {
        let mut report = fixture::report();
        report.provenance.commit = "abc\n\\input{/etc/passwd}".into();
        assert!(latex(&report).lines().all(|l| !l.starts_with(r"\input")));
    }
}
