//! `references.bib`: the works behind the checks that ran.

use std::collections::BTreeMap;

use dinlab_record::Source;

use crate::tex_escape::escape;

/// One entry per key, ordered by key. Several places of one work are gathered in `annote`, which the standard
/// styles do not print.
pub fn bibtex(sources: &[Source]) -> String {
    let mut works: BTreeMap<&str, (&Source, Vec<&str>)> = BTreeMap::new();
    for source in sources {
        let (_, places) = works.entry(source.key).or_insert((source, Vec::new()));
        if !source.place.is_empty() && !places.contains(&source.place) {
            places.push(source.place);
        }
    }
    works.values().map(|(work, places)| entry(work, places)).collect::<Vec<_>>().join("\n")
}

fn entry(work: &Source, places: &[&str]) -> String {
    let venue = work.venue.to_lowercase();
    // A record holds the venue as printed; only works that clearly are no article get another type.
    let book = ["springer", "press", "edition", "birkhäuser", "kluwer", "siam, ", "wiley"];
    let unpublished = ["arxiv", "report", "preprint", "thesis", "hal-", "in preparation"];
    let (kind, field) = if venue.is_empty() || unpublished.iter().any(|word| venue.contains(word)) {
        ("misc", "howpublished")
    } else if book.iter().any(|word| venue.contains(word)) {
        ("book", "publisher")
    } else {
        ("article", "journal")
    };
    let mut fields =
        vec![("author", authors(work.authors)), ("title", format!("{{{}}}", escape(work.title)))];
    if !work.venue.is_empty() {
        fields.push((field, escape(work.venue)));
    }
    fields.push(("year", work.year.to_string()));
    if !places.is_empty() {
        fields.push(("annote", format!("Used here: {}", escape(&places.join("; ")))));
    }
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("  {name} = {{{value}}}")).collect();
    format!("@{kind}{{{},\n{}\n}}\n", work.key, fields.join(",\n"))
}

/// "A, B and C" → "A and B and C", which is how BibTeX separates authors.
fn authors(printed: &str) -> String {
    let printed = printed.replace(" et al.", ", others").replace(" & ", ", ").replace(" and ", ", ");
    let names: Vec<String> =
        printed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(escape).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::SOURCES;

    #[test]
    fn works_appear_once_in_order_with_accents_escaped() {
        let text = bibtex(SOURCES);
        assert_eq!(text.matches("@article{castera2021,").count(), 1);
        assert!(text.find("attouch2002") < text.find("castera2021"));
        assert!(text.contains(r"author = {Castera and Bolte and F{\'{e}}votte and Pauwels}"), "{text}");
        assert!(text.contains("author = {Alvarez and Attouch and Bolte and Redont}"));
        assert!(text.contains("annote = {Used here: Theorem 13; Figure 1(d)}"));
        assert!(text.is_ascii());
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        assert_eq!(bibtex(&[]), "");
    }

    #[test]
    fn preprints_are_no_articles() {
        let preprint = Source { venue: "arXiv:1234.5678", authors: "Castera et al.", ..SOURCES[0] };
        let text = bibtex(&[preprint]);
        assert!(text.starts_with("@misc{") && text.contains("howpublished = {arXiv:1234.5678}"), "{text}");
        assert!(text.contains("author = {Castera and others}"));
        let book = Source { venue: "Springer, 2nd edition", ..SOURCES[0] };
        assert!(bibtex(&[book]).contains("publisher = {Springer, 2nd edition}"));
    }
}
