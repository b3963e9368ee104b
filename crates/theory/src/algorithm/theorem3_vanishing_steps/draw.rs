//! The figure: quantiles of the distance to the D-critical set against k, and J along single runs.

use dinlab_indian::{iterate_observed, Grid};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Flow, Observation,
};

use super::{case::Case, smooth};
use crate::{check::Context, error::CheckError};

/// Runs behind the quantiles.
const RUNS: usize = 40;

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    let kink = Case::new("medians:0,1,3", 1.0, 0.3, 2.0, 0.5, RUNS);
    Ok(Figure {
        id: id.into(),
        title: "INDIAN with batches of one term and steps 0.3 (k+1)^(−1/2)".into(),
        caption: "distance: median and 10–90% of 40 runs; kink: |θ| + |θ − 1| + |θ − 3|, α = 1, β = 0.3; smooth: |θ| − |θ| + ½(θ − 3)², \
                  α = 1.2, β = 0.5; right: Σ||θ| − b| for b = ½, 1, 2, five runs"
            .into(),
        columns: 2,
        panels: vec![distances(&kink, context)?, values(context)?],
    })
}

fn distances(kink: &Case, context: &Context<'_>) -> Result<Panel, CheckError> {
    let mut panel = Panel::new("", Axis::log("iteration k"), Axis::log("distance to the D-critical set"));
    for (color, (label, slope, case)) in
        [("smooth", -0.25, smooth(0.5, RUNS)), ("kink", -0.5, kink.clone())].into_iter().enumerate()
    {
        let (mut k, mut rows): (Vec<f64>, Vec<Vec<f64>>) = Default::default();
        for repetition in 0..RUNS {
            let mut run = case.run(repetition as u64, context);
            run.grid = Grid::Geometric { per_decade: 12 };
            let (mut times, mut row) = (Vec::new(), Vec::new());
            iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
                if o.index >= 10 {
                    times.push(o.time);
                    row.push(case.nearest(o.theta).0);
                }
                Flow::Continue
            })?;
            k = times;
            rows.push(row);
        }
        let quantile = |share: f64| -> Vec<f64> {
            let at = |i: usize| {
                let mut column: Vec<f64> = rows.iter().map(|row| row[i]).collect();
                column.sort_by(f64::total_cmp);
                column[(share * (column.len() - 1) as f64).round() as usize]
            };
            (0..k.len()).map(at).collect()
        };
        let median = quantile(0.5);
        let anchor = [k[k.len() - 1], 2.0 * median[median.len() - 1]];
        panel = panel
            .with(Layer::Band {
                label: format!("{label}, 10–90%"),
                x: k.clone(),
                low: quantile(0.1),
                high: quantile(0.9),
                color,
            })
            .with(Layer::curve(format!("{label}, median"), k.clone(), median, color))
            .with(Layer::Slope {
                label: format!("slope of {}", if label == "smooth" { "√γ" } else { "γ" }),
                slope,
                anchor,
                span: [200.0, 8_000.0],
            });
    }
    Ok(panel)
}

fn values(context: &Context<'_>) -> Result<Panel, CheckError> {
    let case = Case::new("wells:0.5,1,2", 1.0, 0.3, 2.5, 0.5, 1);
    let mut panel = Panel::new("", Axis::log("iteration k"), Axis::linear("J(θₖ)"));
    let mut oracle = case.objective.oracle();
    for repetition in 0..5 {
        let mut run = case.run(repetition, context);
        run.grid = Grid::Geometric { per_decade: 60 };
        let (mut k, mut y) = (Vec::new(), Vec::new());
        iterate_observed(&*case.objective, &run, &mut |o: Observation<'_>| {
            if o.index > 0 {
                k.push(o.time);
                y.push(oracle.value(o.theta));
            }
            Flow::Continue
        })?;
        panel = panel.with(Layer::curve("", k, y, repetition as usize));
    }
    Ok(panel.with(Layer::Horizontal {
        label: "D-critical value".into(),
        y: 1.5,
        color: 7,
        dash: dinlab_record::figure::Dash::Dashed,
    }))
}
