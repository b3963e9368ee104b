//! CSV with text columns: the data of a figure, and all measurements of a report.

use dinlab_record::figure::{Axis, Figure, Layer, Panel, Scale};
use dinlab_record::{CheckReport, Kind};

use crate::{number::exact, table::cell};

/// The data of a figure, one point a line: panel (from 1), layer kind, label, x, y, and the further numbers of
/// that kind in `low`, `high` (ends of intervals, bands, bars, arrows) and `value` (maps, contours, slopes).
/// Cells that a kind does not use are empty.
pub fn figure_csv(figure: &Figure) -> String {
    let mut out = format!("# {}\n", figure.title.replace(['\n', '\r'], " "));
    out += "panel,layer,label,x,y,low,high,value\n";
    for (i, panel) in figure.panels.iter().enumerate() {
        for layer in &panel.layers {
            points(panel, layer, &mut |kind, label, numbers: Point| {
                let numbers: Vec<String> =
                    numbers.iter().map(|x| x.map_or_else(String::new, exact)).collect();
                out += &format!("{},{kind},{},{}\n", i + 1, cell(label), numbers.join(","));
            });
        }
    }
    out
}

/// Numbers of one point: x, y, low, high, value.
type Point = [Option<f64>; 5];

/// Calls `emit` with kind, label and numbers of every point of a layer.
fn points(panel: &Panel, layer: &Layer, emit: &mut dyn FnMut(&str, &str, Point)) {
    let at = |v: &[f64], i: usize| v.get(i).copied();
    match layer {
        Layer::Curve { label, x, y, .. } => {
            x.iter().zip(y).for_each(|(x, y)| emit("curve", label, [Some(*x), Some(*y), None, None, None]));
        }
        Layer::Points { label, x, y, low, high, .. } => {
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                emit("points", label, [Some(*x), Some(*y), at(low, i), at(high, i), None]);
            }
        }
        Layer::Band { label, x, low, high, .. } => {
            for (i, x) in x.iter().enumerate() {
                emit("band", label, [Some(*x), None, at(low, i), at(high, i), None]);
            }
        }
        Layer::Slope { label, slope, anchor, span } => {
            emit(
                "slope",
                label,
                [Some(anchor[0]), Some(anchor[1]), Some(span[0]), Some(span[1]), Some(*slope)],
            );
        }
        Layer::Horizontal { label, y, .. } => emit("horizontal", label, [None, Some(*y), None, None, None]),
        Layer::Vertical { label, x, .. } => emit("vertical", label, [Some(*x), None, None, None, None]),
        Layer::Field { origins, directions } => {
            for (o, d) in origins.iter().zip(directions) {
                emit("field", "", [Some(o[0]), Some(o[1]), Some(d[0]), Some(d[1]), None]);
            }
        }
        Layer::Critical { points, kinds } => {
            for (p, kind) in points.iter().zip(kinds) {
                let kind = serde_json::to_value(kind).unwrap_or_default();
                emit("critical", kind.as_str().unwrap_or(""), [Some(p[0]), Some(p[1]), None, None, None]);
            }
        }
        Layer::Contour { .. } | Layer::Map { .. } | Layer::Classes { .. } => grid_points(panel, layer, emit),
        Layer::Histogram { label, edges, heights, .. } => {
            for (i, height) in heights.iter().enumerate() {
                emit("histogram", label, [None, Some(*height), at(edges, i), at(edges, i + 1), None]);
            }
        }
    }
}

/// The same for layers that hold values on a grid.
fn grid_points(panel: &Panel, layer: &Layer, emit: &mut dyn FnMut(&str, &str, Point)) {
    match layer {
        Layer::Contour { x, y, values, .. } => {
            for (j, y) in y.iter().enumerate() {
                for (i, x_i) in x.iter().enumerate() {
                    emit(
                        "contour",
                        "",
                        [Some(*x_i), Some(*y), None, None, values.get(j * x.len() + i).copied()],
                    );
                }
            }
        }
        Layer::Map { label, x, y, nx, ny, values, .. } => {
            let width = if *nx == 0 { 1 } else { *nx };
            for (k, value) in values.iter().enumerate() {
                let (x, y) = (centre(&panel.x, x, k % width, *nx), centre(&panel.y, y, k / width, *ny));
                emit("map", label, [Some(x), Some(y), None, None, Some(*value)]);
            }
        }
        Layer::Classes { labels, x, y, nx, ny, classes } => {
            let width = if *nx == 0 { 1 } else { *nx };
            for (k, value) in classes.iter().enumerate() {
                let (x, y) = (centre(&panel.x, x, k % width, *nx), centre(&panel.y, y, k / width, *ny));
                let label =
                    (0..labels.len()).find(|i| *i as f64 == *value).map_or("", |i| labels[i].as_str());
                emit("classes", label, [Some(x), Some(y), None, None, Some(*value)]);
            }
        }
        _ => {}
    }
}

/// Centre of cell `k` of `n` equal ones on an axis, as it is drawn.
fn centre(axis: &Axis, range: &[f64; 2], k: usize, n: usize) -> f64 {
    let part = (k as f64 + 0.5) / n as f64;
    let between = |low: f64, high: f64| low + part * (high - low);
    match axis.scale {
        Scale::Linear => between(range[0], range[1]),
        Scale::Log => between(range[0].ln(), range[1].ln()).exp(),
    }
}

/// All measurements of a report, one a line, with the check they belong to.
pub fn measurements_csv(report: &CheckReport) -> String {
    let mut out = String::from("check,name,case,value,low,high,predicted,kind,tolerance,strain,unit\n");
    for entry in &report.checks {
        for m in &entry.measurements {
            let kind = match m.kind {
                Kind::Equal => "equal",
                Kind::Upper => "upper",
                Kind::Lower => "lower",
            };
            out += &format!(
                "{},{},{},{},{},{},{},{kind},{},{},{}\n",
                cell(&entry.id),
                cell(&m.name),
                cell(&m.case),
                exact(m.value),
                exact(m.low),
                exact(m.high),
                exact(m.predicted),
                exact(m.tolerance),
                exact(m.strain()),
                cell(&m.unit)
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, Sheet};
    use dinlab_record::figure::{Axis, Panel};

    #[test]
    fn figures_keep_every_point() {
        let text = figure_csv(&fixture::figure());
        assert_eq!(
            text,
            "# Decay\npanel,layer,label,x,y,low,high,value\n\
             1,curve,\"measured, α = 0.5\",0,1,,,\n\
             1,curve,\"measured, α = 0.5\",1,nan,,,\n\
             1,horizontal,floor,,0.1,,,\n"
        );
        assert!(Sheet::parse(text.as_bytes(), "text").is_ok());
    }

    #[test]
    fn grids_and_degenerate_layers_do_not_panic() {
        let panel = Panel::new("", Axis::linear("x"), Axis::linear("y"))
            .with(Layer::Contour { x: vec![0.0, 1.0], y: vec![0.0], values: vec![5.0], levels: vec![] })
            .with(Layer::Map {
                label: "m".into(),
                x: [0.0, 1.0],
                y: [0.0, 1.0],
                nx: 0,
                ny: 0,
                values: vec![1.0],
                limits: [0.0, 1.0],
            })
            .with(Layer::Histogram { label: "h".into(), edges: vec![0.0], heights: vec![1.0], color: 0 });
        let figure = Figure { panels: vec![panel], ..fixture::figure() };
        assert_eq!(figure_csv(&figure).lines().count(), 2 + 2 + 1 + 1);
    }

    #[test]
    fn measurements_are_all_there() {
        let report = fixture::report();
        let sheet = Sheet::parse(measurements_csv(&report).as_bytes(), "text").unwrap();
        let expected: usize = report.checks.iter().map(|c| c.measurements.len()).sum();
        assert_eq!(sheet.column("strain").unwrap().len(), expected);
    }
}
