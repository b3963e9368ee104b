//! The data of a figure as one tidy table: one row a point, one column a meaning.

use std::fmt::Write;

use dinlab_record::figure::Figure;

use crate::layer;

/// A row; what a layer does not have stays empty.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row<'a> {
    pub label: &'a str,
    pub x: Option<f64>,
    pub y: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub u: Option<f64>,
    pub v: Option<f64>,
    pub value: Option<f64>,
    pub kind: &'static str,
}

/// Collects rows as CSV text (RFC 4180).
pub(crate) struct Rows {
    text: String,
    panel: usize,
    index: usize,
    layer: &'static str,
}

/// Doubles in the shortest form that reads back to the same value; non-finite ones as the records write them.
fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(v) if v.is_nan() => "nan".into(),
        Some(v) => format!("{v:?}"),
    }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

impl Rows {
    pub(crate) fn push(&mut self, row: Row) {
        let Row { label, x, y, low, high, u, v, value, kind } = row;
        let numbers = [x, y, low, high, u, v, value].map(number).join(",");
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.text,
            "{},{},{},{},{numbers},{kind}",
            self.panel,
            self.index,
            self.layer,
            quoted(label)
        );
    }
}

/// The data of a figure as CSV. Columns: `panel` and `index` count panels and layers from 1; `layer` is the kind;
/// `low` and `high` are ends of error bars, bands or bars of a histogram; `u` and `v` directions of a field; `value`
/// what a map or a contour grid holds (or the exponent of a slope); `kind` the type of a critical point, or `node` or
/// `level` of a contour grid.
pub fn csv(figure: &Figure) -> String {
    let header = "panel,index,layer,label,x,y,low,high,u,v,value,kind\n";
    let mut rows = Rows { text: header.into(), panel: 0, index: 0, layer: "" };
    for (p, panel) in figure.panels.iter().enumerate() {
        for (i, layer) in panel.layers.iter().enumerate() {
            let kind = layer::kind(layer);
            (rows.panel, rows.index, rows.layer) = (p + 1, i + 1, kind.name);
            (kind.rows)(layer, panel, &mut rows);
        }
    }
    rows.text
}
