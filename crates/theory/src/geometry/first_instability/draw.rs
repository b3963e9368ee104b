//! Onset and rotation over the step size, and what lies beyond the edge on a function that is not quadratic.

use dinlab_analysis::stability::{gamma_minus, rotation_number, sharpness_max};
use dinlab_numeric::{max, maximum, min, minimum};
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel};

use super::angle_at_onset;
use crate::{error::CheckError, shipped::iterates};

pub(super) fn figure(id: &str) -> Result<Figure, CheckError> {
    let (alpha, beta) = (0.5, 0.1);
    Ok(Figure {
        id: id.into(),
        title: "The first loss of stability and what comes after it".into(),
        caption: "above: α=0.5, β=0.1, shipped step against closed forms; below: last 24 iterates of INDIAN on λ log cosh θ".into(),
        columns: 2,
        panels: vec![
            sharpness(alpha, beta),
            rotation(alpha, beta),
            beyond([1.0, 0.5, 0.2], "beyond a flip: α=1, β=0.5, γ=0.2")?,
            beyond([0.5, 0.1, 0.19], "beyond Neimark–Sacker: α=0.5, β=0.1, γ=0.19")?,
        ],
    })
}

const STEPS: [f64; 2] = [0.03, 1.0];

fn steps(count: usize) -> Vec<f64> {
    let [low, high] = STEPS;
    (0..=count).map(|i| low * (high / low).powf(i as f64 / count as f64)).collect()
}

fn edge(panel: Panel, alpha: f64, beta: f64) -> Panel {
    match gamma_minus(alpha, beta) {
        Some(x) => panel.with(Layer::Vertical { label: "γ₋".into(), x, color: 6, dash: Dash::Dotted }),
        None => panel,
    }
}

fn sharpness(alpha: f64, beta: f64) -> Panel {
    let grid = steps(300);
    let within = |value: f64| if value > 0.0 && value < 1e4 { value } else { f64::NAN };
    let flip =
        grid.iter().map(|g| within(2.0 * (2.0 - g * alpha) / (g * (2.0 * beta - g)))).collect::<Vec<_>>();
    let neimark_sacker = grid.iter().map(|g| within(alpha / (g - beta))).collect::<Vec<_>>();
    let (x, y): (Vec<f64>, Vec<f64>) =
        steps(24).into_iter().filter_map(|g| Some((g, angle_at_onset([alpha, beta, g])?.0))).unzip();
    let panel = Panel::new(
        "curvature at the onset",
        Axis::log("step size γ").range(STEPS[0], STEPS[1]),
        Axis::log("λ*").range(0.3, 3e3),
    )
    .with(Layer::dashed("flip: 2(2−γα)/(γ(2β−γ))", grid.clone(), flip, 1))
    .with(Layer::curve("Neimark–Sacker: α/(γ−β)", grid, neimark_sacker, 2))
    .with(Layer::points("measured", x, y, 0, Marker::Circle));
    edge(panel, alpha, beta)
}

fn rotation(alpha: f64, beta: f64) -> Panel {
    let grid = steps(300);
    let turns = grid.iter().map(|&g| rotation_number(alpha, beta, g).unwrap_or(0.5)).collect();
    let (x, y): (Vec<f64>, Vec<f64>) =
        steps(24).into_iter().filter_map(|g| Some((g, angle_at_onset([alpha, beta, g])?.1))).unzip();
    let panel = Panel::new(
        "turns per iteration at the onset",
        Axis::log("step size γ").range(STEPS[0], STEPS[1]),
        Axis::linear("ω/2π").range(0.0, 0.55),
    )
    .with(Layer::curve("½, and arccos(1−γ²α/2(γ−β))/2π", grid, turns, 1))
    .with(Layer::points("measured", x, y, 0, Marker::Circle));
    edge(panel, alpha, beta)
}

/// Bifurcation diagram over λ/λ*.
fn beyond(parameters: [f64; 3], title: &str) -> Result<Panel, CheckError> {
    const COLUMNS: u32 = 150;
    let [alpha, beta, gamma] = parameters;
    let limit = sharpness_max(alpha, beta, gamma);
    let flip = 2.0 * (2.0 - gamma * alpha) / (gamma * (2.0 * beta - gamma));
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let (mut chord_x, mut chord_y) = (Vec::new(), Vec::new());
    for column in 0..=COLUMNS {
        let ratio = 0.9 + 1.6 * f64::from(column) / f64::from(COLUMNS);
        let lambda = ratio * limit;
        let theta = iterates(&format!("expr:{lambda}*log(cosh(x))"), parameters, [0.01, 0.1], 4_000)?;
        for value in &theta[theta.len() - 24..] {
            x.push(ratio);
            // Three digits are more than a mark shows.
            y.push((1e3 * value).round() / 1e3);
        }
        if flip == limit && ratio > 1.0 {
            chord_x.push(ratio);
            chord_y.push(crate::shipped::bisect(1e-9, 50.0, |a: f64| lambda * a.tanh() > flip * a));
        }
    }
    let reach = 1.1 * max(maximum(&y), -minimum(&y));
    let marks = Layer::points("last iterates", x, y, 0, Marker::Dot);
    let mut panel = Panel::new(
        title,
        Axis::linear("λ/λ*").range(0.9, 2.5),
        Axis::linear("θ").range(-min(reach, 50.0), min(reach, 50.0)),
    )
    .with(marks);
    if !chord_x.is_empty() {
        let below = chord_y.iter().map(|a| -a).collect();
        panel = panel
            .with(Layer::dashed("period 2: J′(θ) = λθ at the flip", chord_x.clone(), chord_y, 1))
            .with(Layer::dashed("", chord_x, below, 1));
    }
    Ok(panel.with(Layer::Vertical { label: "λ*".into(), x: 1.0, color: 6, dash: Dash::Dotted }))
}
