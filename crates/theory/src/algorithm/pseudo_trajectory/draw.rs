//! The figure: one window with its flow, and the mean distance against the step size.

use dinlab_analysis::pseudo_trajectory::scaling;
use dinlab_indian::Schedule;
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use super::case::{rademacher, Case};
use crate::{check::Context, error::CheckError};

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    Ok(Figure {
        id: id.into(),
        title: "INDIAN beside DIN over a window of length 2".into(),
        caption: "J = x² in two terms, noise ±4 on the gradient, α = 0.7, β = 0.3, θ₀ = 0.5 at rest; bars: 95%, 400 runs".into(),
        columns: 2,
        panels: vec![window(context)?, orders(context)?],
    })
}

fn window(context: &Context<'_>) -> Result<Panel, CheckError> {
    let case = Case::new(&rademacher(4.0), 0.7, 0.3, &[0.5], 1);
    let mut panel = Panel::new("one run each", Axis::linear("time t"), Axis::linear("θ"));
    for (color, gamma) in [(1, 0.02), (2, 0.00125)] {
        let curve = case.curves(&Schedule::Constant(gamma), &[0], 3, context)?.remove(0);
        let theta = (0..curve.times().len()).map(|i| curve.node(i)[0]).collect();
        panel =
            panel.with(Layer::curve(format!("INDIAN, γ = {gamma}"), curve.times().to_vec(), theta, color));
    }
    let quiet = Case { batch: None, ..case };
    let flow = quiet.curves(&Schedule::Constant(1e-4), &[0], 0, context)?.remove(0);
    let (times, theta) =
        (0..flow.times().len()).step_by(100).map(|i| (flow.times()[i], flow.node(i)[0])).unzip();
    Ok(panel.with(Layer::dashed("DIN", times, theta, 0)))
}

fn orders(context: &Context<'_>) -> Result<Panel, CheckError> {
    let noisy = Case::new(&rademacher(4.0), 0.7, 0.3, &[0.5], 400);
    let found = scaling(&noisy.scales(), &noisy.distances(context)?)?;
    let quiet = Case::new("quadratic:2", 0.7, 0.3, &[0.5], 1).quiet();
    let distances: Vec<f64> = quiet.distances(context)?.iter().map(|row| row[0]).collect();
    let (x, y) = (noisy.scales(), quiet.scales());
    let slope = |label: &str, slope: f64, anchor: [f64; 2]| Layer::Slope {
        label: label.into(),
        slope,
        anchor,
        span: [1e-3, 2.5e-2],
    };
    Ok(Panel::new("distance", Axis::log("step size γ"), Axis::log("sup ‖INDIAN − DIN‖ over the window"))
        .with(slope("slope 1/2", 0.5, [x[2], found.means[2]]))
        .with(slope("slope 1", 1.0, [y[4], distances[4]]))
        .with(Layer::Points {
            label: "with noise (mean)".into(),
            low: found.means.iter().zip(&found.half_widths).map(|(m, h)| m - h).collect(),
            high: found.means.iter().zip(&found.half_widths).map(|(m, h)| m + h).collect(),
            x,
            y: found.means,
            color: 1,
            marker: Marker::Circle,
        })
        .with(Layer::points("without noise", y, distances, 0, Marker::Square)))
}
