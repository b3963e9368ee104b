//! The page `index.html`: one file, no script, no outside resource.

use std::collections::BTreeMap;

use dinlab_record::CheckReport;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::Environment;

use crate::{view, ReportError};

/// Template of the page, its parts, and the style sheet; names ending in `.html` are auto-escaped.
const TEMPLATES: &[(&str, &str)] = &[
    ("page.html", include_str!("templates/page.html")),
    ("check.html", include_str!("templates/check.html")),
    ("measurements.html", include_str!("templates/measurements.html")),
    ("style.css", include_str!("templates/style.css")),
];

/// The page of a run. `figures` maps a check's id to the text of an SVG document; ids without a check are
/// ignored. All text of the record is escaped; only MathML and the SVG figures go in as they are.
///
/// # Errors
/// [`ReportError::NotSvg`] when a figure is no SVG document.
pub fn html(report: &CheckReport, figures: &BTreeMap<String, String>) -> Result<String, ReportError> {
    let page = view::page(report, figures)?;
    let mut environment = Environment::new();
    // Lines that hold only template statements leave no blank lines behind.
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment.get_template("page.html")?.render(Serde(page))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn figures() -> BTreeMap<String, String> {
        ["local-spectral-rate", "fixed-step-descent"].map(|id| (id.into(), fixture::SVG.into())).into()
    }

    fn rendered() -> String {
        html(&fixture::report(), &figures()).unwrap()
    }

    #[test]
    fn page_is_self_contained_and_needs_no_script() {
        let page = rendered();
        for outside in ["<script", "<link", "src=", "@import", "url(http", "href=\"http", "<iframe"] {
            assert!(!page.contains(outside), "found {outside}");
        }
    }

    #[test]
    fn text_of_the_record_is_escaped() {
        let page = rendered();
        assert!(!page.contains("<script>alert"));
        assert!(page.contains("expr:&lt;script&gt;alert"));
        assert!(page.contains("{{ 7*7 }}"), "the record must not be read as a template");
        assert!(page.contains("Descent with a fixed step &amp; an upper bound"));
    }

    #[test]
    fn every_check_shows_its_parts() {
        let page = rendered();
        for entry in &fixture::report().checks {
            assert!(page.contains(&format!("href=\"#{}\"", entry.id)), "{}", entry.id);
            assert!(page.contains(&format!("id=\"{}\"", entry.id)), "{}", entry.id);
            assert!(page.contains(&entry.command));
        }
        for part in [
            "<math",
            "not violated ✗",
            "uncommitted changes",
            "worst 3 of 30",
            "No such file",
            "4000 samples",
        ] {
            assert!(page.contains(part), "missing {part}");
        }
    }

    #[test]
    fn formulas_that_are_not_understood_are_shown_as_source() {
        assert!(rendered().contains(r"\undefinedmacro{x} &lt;b&gt;"));
    }

    #[test]
    fn ids_are_unique_and_elements_closed() {
        let page = rendered();
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for tag in
            ["details", "table", "tr", "td", "th", "div", "section", "figure", "span", "p", "math", "svg"]
        {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
    }

    #[test]
    fn a_figure_that_is_no_svg_is_an_error() {
        let figures = [("figure-one".to_owned(), "PNG".to_owned())].into();
        assert!(matches!(html(&fixture::report(), &figures), Err(ReportError::NotSvg { .. })));
    }

    #[test]
    fn an_empty_report_renders() {
        let mut report = fixture::report();
        report.checks.clear();
        assert!(html(&report, &BTreeMap::new()).unwrap().contains("0 checks"));
    }
}
