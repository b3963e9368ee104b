//! The figure: decay without noise against total time, and the floor against the step size.

use dinlab_indian::{iterate_observed, Grid, Method, Run, Schedule};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Flow, Observation,
};

use super::case::{excess, quadratic, Case, Quadratic};
use crate::{check::Context, error::CheckError};

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    let case = Case::sweep("sum:0.5*x^2 + x; 0.5*x^2 - x", 1.5, 0.6, &[1.0], 40);
    let Some(quadratic) = quadratic(&*case.objective) else {
        return Err(CheckError::OwnCase { reason: "the objective of the figure is no quadratic".into() });
    };
    Ok(Figure {
        id: id.into(),
        title: "Steps γₖ = 0.1 (k+1)^(−q), 4,000 of them".into(),
        caption: "J = x² in two terms, α = 1.5, β = 0.6, θ₀ = 1 at rest; right: batches of one term, 40 runs, bars 95%".into(),
        columns: 2,
        panels: vec![progress(&case, &quadratic)?, floors(&case, &quadratic, context)?],
    })
}

fn progress(case: &Case, quadratic: &Quadratic) -> Result<Panel, CheckError> {
    let mut panel = Panel::new(
        "without noise",
        Axis::linear("total time t = Σγₖ").range(0.0, 14.0),
        Axis::log("J − J*").range(1e-12, 3.0),
    );
    for (color, q) in [0.5, 0.25, 0.125].into_iter().enumerate() {
        let method = Method::Indian { alpha: case.alpha, beta: case.beta };
        let schedule = Schedule::Power { initial: case.initial, exponent: q };
        let mut run = Run::new(method, case.theta.clone(), schedule.clone(), case.steps);
        run.grid = Grid::Every(1);
        let (mut time, mut x, mut y) = (0.0, Vec::new(), Vec::new());
        iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
            if o.index > 0 {
                time += schedule.at(o.index - 1);
            }
            if time <= 14.0 && (x.is_empty() || time - x[x.len() - 1] > 0.1) {
                x.push(time);
                y.push(excess(quadratic, o.theta));
            }
            Flow::Continue
        })?;
        panel = panel.with(Layer::curve(format!("q = {q}"), x, y, color));
    }
    let t = vec![2.0, 14.0];
    let rate = case.rate(quadratic);
    let line = t.iter().map(|t| 4.0 * (-2.0 * rate * t).exp()).collect();
    Ok(panel.with(Layer::dashed("slope −2r", t, line, 5)))
}

fn floors(case: &Case, quadratic: &Quadratic, context: &Context<'_>) -> Result<Panel, CheckError> {
    let floors = case.floors(quadratic, context)?;
    let x: Vec<f64> = floors.iter().map(|f| f.step_size).collect();
    let found = dinlab_analysis::pseudo_trajectory::scaling(
        &x,
        &floors.iter().map(|f| f.values.clone()).collect::<Vec<_>>(),
    )?;
    let gammas: Vec<f64> = (0..=40).map(|i| 1.2e-3 * 80f64.powf(f64::from(i) / 40.0)).collect();
    let stationary = gammas.iter().map(|&g| case.stationary(quadratic, g)).collect();
    Ok(Panel::new("with noise", Axis::log("step size γ (last octave)"), Axis::log("mean of J − J*"))
        .with(Layer::dashed("½λσ²G at constant γ", gammas, stationary, 5))
        .with(Layer::Points {
            label: "q = 1/2, 1/4, 1/8, 1/16".into(),
            low: found.means.iter().zip(&found.half_widths).map(|(m, h)| m - h).collect(),
            high: found.means.iter().zip(&found.half_widths).map(|(m, h)| m + h).collect(),
            x,
            y: found.means,
            color: 1,
            marker: Marker::Circle,
        }))
}
