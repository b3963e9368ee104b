//! The figure of a simulation: its path, and θ over time; slides on kink surfaces are drawn dashed.

use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    KinkReport, Trajectory,
};

use crate::solutions::{Found, Solutions};

/// Most components of θ drawn over time.
const MOST: usize = 4;
/// Colours of the palette are used again after this many.
const COLORS: usize = 7;

/// Path in the plane of θ₁ and θ₂ (of one variable over time), and the first components over time.
pub fn figure(solutions: &Solutions, caption: String) -> Figure {
    let first = &solutions.first;
    let n = first.trajectory.last.theta.len();
    let component =
        |path: &Trajectory, i: usize| path.theta.iter().map(|theta| theta[i]).collect::<Vec<f64>>();
    let mut over_time = Panel::new("over time", Axis::linear("t"), Axis::linear("θ"));
    for i in 0..n.min(MOST) {
        let label = if n == 1 { "θ".to_owned() } else { format!("θ_{}", i + 1) };
        let (t, y) = (first.trajectory.time.clone(), component(&first.trajectory, i));
        over_time = add(over_time, &label, first, t, y, i);
    }
    let mut panels = Vec::new();
    if n > 1 {
        let mut plane = Panel::new("path", Axis::linear("θ₁"), Axis::linear("θ₂"));
        for (color, found) in solutions.all().enumerate() {
            let label = if color == 0 { "solution".to_owned() } else { format!("solution {}", color + 1) };
            let path = &found.trajectory;
            plane = add(plane, &label, found, component(path, 0), component(path, 1), color);
        }
        let start = |i: usize| component(&first.trajectory, i).into_iter().take(1).collect();
        panels.push(plane.with(Layer::points("start", start(0), start(1), 0, Marker::Ring)));
    } else {
        for (number, found) in solutions.all().enumerate().skip(1) {
            let (t, y) = (found.trajectory.time.clone(), component(&found.trajectory, 0));
            over_time = add(over_time, &format!("solution {}", number + 1), found, t, y, number);
        }
    }
    panels.push(over_time);
    Figure { id: "simulate".into(), title: "Simulation".into(), caption, columns: panels.len(), panels }
}

/// Adds a curve, its slides dashed in the next colour.
fn add(panel: Panel, label: &str, found: &Found, x: Vec<f64>, y: Vec<f64>, color: usize) -> Panel {
    let slides = sliding(&found.trajectory, found.report());
    // A slide begins at the sample before it and ends at the one after it, so that the two curves meet.
    let near = |i: usize| slides[i] || (i > 0 && slides[i - 1]) || slides.get(i + 1).is_some_and(|s| *s);
    let keep = |wanted: &dyn Fn(usize) -> bool| -> Vec<f64> {
        y.iter().enumerate().map(|(i, v)| if wanted(i) { *v } else { f64::NAN }).collect()
    };
    let free = keep(&|i| !slides[i]);
    let held = slides.contains(&true).then(|| keep(&near));
    let curve = |label: String, y: Vec<f64>, color: usize, dash: Dash| Layer::Curve {
        label,
        x: x.clone(),
        y,
        color: color % COLORS,
        dash,
    };
    let panel = panel.with(curve(label.to_owned(), free, color, Dash::Solid));
    match held {
        Some(held) => panel.with(curve(format!("{label}, sliding"), held, color, Dash::Dashed)),
        None => panel,
    }
}

/// Whether each sample lies on a slide.
fn sliding(path: &Trajectory, report: Option<&KinkReport>) -> Vec<bool> {
    let on =
        |t: f64| report.is_some_and(|r| r.segments.iter().any(|s| s.slides() && s.from <= t && t <= s.to));
    path.time.iter().map(|t| on(*t)).collect()
}
