//! The figure of a slice.

use dinlab_numeric::{max, min};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use super::Found;

/// Level lines on a plane.
const LEVELS: usize = 18;

/// J over the line, or as a map with level lines over the plane, the path on it.
pub fn figure(found: &Found, [first, second]: [String; 2], caption: String) -> Figure {
    let (title, panel) = match found.axes.len() {
        1 => ("Values along a line", line(found, first)),
        _ => ("Values on a plane", plane(found, first, second)),
    };
    let id = "landscape-slice".into();
    Figure { id, title: title.into(), caption, columns: 1, panels: vec![panel] }
}

fn line(found: &Found, name: String) -> Panel {
    let mut panel = Panel::new("", Axis::linear(name), Axis::linear("J")).with(Layer::curve(
        "J on the line",
        found.axes[0].clone(),
        found.values.clone(),
        0,
    ));
    if let Some(path) = &found.frame.path {
        // The values of the iterates themselves, which lie beside the line.
        let x = path.points.iter().map(|p| p[0]).collect();
        panel = panel.with(Layer::points("J at the iterates", x, path.values.clone(), 1, Marker::Dot));
    } else {
        let middle = found.values[found.values.len() / 2];
        if found.values.len() % 2 == 1 {
            panel = panel.with(Layer::points("the point", vec![0.0], vec![middle], 1, Marker::Circle));
        }
    }
    panel
}

fn plane(found: &Found, first: String, second: String) -> Panel {
    let finite = || found.values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, min), finite().fold(f64::NEG_INFINITY, max));
    // Values over decades are seen as logarithms.
    let logarithmic = low > 0.0 && high > 20.0 * low;
    let seen = |v: f64| if logarithmic { v.log10() } else { v };
    let label = if logarithmic { "log10 J" } else { "J" };
    let [x, y] = [0, 1].map(|i| found.axes[i].clone());
    let edges = |axis: &[f64]| {
        let half = 0.5 * (axis[1] - axis[0]);
        [axis[0] - half, axis[axis.len() - 1] + half]
    };
    let (left, bottom) = (edges(&x), edges(&y));
    let mut sorted: Vec<f64> = finite().collect();
    sorted.sort_by(f64::total_cmp);
    let level = |i: usize| sorted.get((i + 1) * sorted.len() / (LEVELS + 1)).copied().unwrap_or(high);
    let mut panel = Panel::new(
        "",
        Axis::linear(first).range(left[0], left[1]),
        Axis::linear(second).range(bottom[0], bottom[1]),
    )
    .with(Layer::Map {
        label: label.into(),
        x: left,
        y: bottom,
        nx: x.len(),
        ny: y.len(),
        values: found.values.iter().map(|v| seen(*v)).collect(),
        limits: [seen(low), seen(high)],
    })
    .with(Layer::Contour {
        x,
        y,
        values: found.values.clone(),
        levels: (0..LEVELS).map(level).collect(),
    });
    match &found.frame.path {
        Some(path) => {
            let column = |i: usize| path.points.iter().map(|p| p[i]).collect::<Vec<f64>>();
            let ends = |i: usize| vec![path.points[0][i]];
            panel = panel
                .with(Layer::curve("path", column(0), column(1), 1))
                .with(Layer::points("start", ends(0), ends(1), 1, Marker::Ring))
                .with(Layer::points("end", vec![0.0], vec![0.0], 1, Marker::Square));
        }
        None => panel = panel.with(Layer::points("the point", vec![0.0], vec![0.0], 1, Marker::Circle)),
    }
    panel
}
