//! PDF, made from the SVG document. Only with feature `pdf`.

use std::sync::Arc;

use dinlab_record::figure::Figure;
use svg2pdf::usvg;

use crate::{font, ChartError};

/// The figure as a one-page PDF with vector lines and its font embedded.
///
/// # Errors
/// As [`crate::svg`], and where the document cannot be converted.
pub fn pdf(figure: &Figure) -> Result<Vec<u8>, ChartError> {
    let document = crate::svg(figure)?;
    let mut options = usvg::Options::default();
    let fonts = Arc::make_mut(&mut options.fontdb);
    fonts.load_font_data(font::BYTES.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let failed = |reason: String| ChartError::Backend { backend: "pdf", reason };
    let tree = usvg::Tree::from_str(&document, &options).map_err(|e| failed(e.to_string()))?;
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), svg2pdf::PageOptions::default())
        .map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use dinlab_record::figure::{Axis, Figure, Layer, Panel};

    #[test]
    fn a_figure_becomes_a_pdf_with_its_font_and_its_map() {
        let panel = Panel::new("θ", Axis::linear("t"), Axis::linear("‖∇J‖"));
        let panel = panel.with(Layer::curve("α", vec![0.0, 1.0], vec![0.0, 2.0], 0));
        let map = Layer::Map {
            x: [0.0, 1.0],
            y: [0.0, 2.0],
            nx: 2,
            ny: 2,
            values: vec![0.0, 1.0, 2.0, 3.0],
            label: "ρ".into(),
            limits: [0.0, 3.0],
        };
        let panel = panel.with(map);
        let figure = Figure {
            id: "f".into(),
            title: "T".into(),
            caption: "c".into(),
            columns: 1,
            panels: vec![panel],
        };
        let file = super::pdf(&figure).unwrap();
        assert!(file.starts_with(b"%PDF-"));
        let contains = |what: &[u8]| file.windows(what.len()).any(|w| w == what);
        assert!(contains(b"FontFile2"), "no embedded font");
        assert!(contains(b"/Subtype /Image"), "no colour map");
    }
}
