//! SVG documents made fit to stand inside a page.

/// The `<svg>` element of a document, with every id and every reference to it prefixed by `prefix`, since ids
/// must be unique in a page that holds many figures. None when `document` has no `<svg>` element.
pub(crate) fn inline(document: &str, prefix: &str) -> Option<String> {
    let start = document.find("<svg")?;
    let end = document.rfind("</svg>").filter(|end| *end > start)? + "</svg>".len();
    let mut svg = document.get(start..end)?.to_owned();
    // The quotes belong to the patterns, so that text such as "wid=" or a colour "#fff" is left alone.
    for pattern in [" id=\"", "url(#", "href=\"#", " id='", "href='#"] {
        svg = svg.replace(pattern, &format!("{pattern}{prefix}-"));
    }
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn ids_and_references_are_prefixed_alike() {
        let svg = inline(fixture::SVG, "f1").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(
            svg.contains("id=\"f1-clip\"")
                && svg.contains("url(#f1-clip)")
                && svg.contains("href=\"#f1-clip\"")
        );
        assert!(svg.contains("fill=\"#ffffff\""));
    }

    #[test]
    fn other_documents_are_refused() {
        assert_eq!(inline("<png/>", "f"), None);
        assert_eq!(inline("</svg><svg", "f"), None);
    }
}
