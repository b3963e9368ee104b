//! The figure: a mean over runs between the two recursions that could be its law.

use dinlab_indian::{Sampling, Scaling};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use super::{case::Case, fit::candidate};
use crate::{check::Context, error::CheckError};

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    let panels = [
        ("no scaling", Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::None)),
        ("scaled by 1/p", Case::ten_terms(Sampling::WithoutReplacement(2), Scaling::InverseProbability)),
    ]
    .map(|(title, case)| panel(title, &Case { runs: 400, ..case }, context));
    Ok(Figure {
        id: id.into(),
        title: "Mean of INDIAN with batches of 2 of 10 terms".into(),
        caption: "ten parabolas, α = 0.5, β = 0.4, γ = 0.05, θ₀ = 10 at rest, 400 runs; band: middle 95% of groups of 4 runs"
            .into(),
        columns: 2,
        panels: panels.into_iter().collect::<Result<_, _>>()?,
    })
}

fn panel(title: &str, case: &Case, context: &Context<'_>) -> Result<Panel, CheckError> {
    let groups = case.group_means(context)?;
    let steps = case.steps as usize;
    let k: Vec<f64> = (1..=steps).map(|k| k as f64).collect();
    // θ is every other number of a curve.
    let theta = |curve: &[f64]| -> Vec<f64> { curve.iter().step_by(2).copied().collect() };
    let quantile = |share: f64| -> Vec<f64> {
        let at = |i: usize| {
            let mut values: Vec<f64> = groups.iter().map(|g| g[2 * i]).collect();
            values.sort_by(f64::total_cmp);
            values[(share * (values.len() - 1) as f64).round() as usize]
        };
        (0..steps).map(at).collect()
    };
    let mean: Vec<f64> =
        (0..steps).map(|i| groups.iter().fold(0.0, |s, g| s + g[2 * i]) / groups.len() as f64).collect();
    let thin = |x: &[f64]| -> Vec<f64> { x.iter().step_by(4).copied().collect() };
    Ok(Panel::new(title, Axis::linear("iteration k"), Axis::linear("θₖ").range(-4.0, 11.0))
        .with(Layer::Band {
            label: "groups of 4 runs".into(),
            x: k.clone(),
            low: quantile(0.025),
            high: quantile(0.975),
            color: 0,
        })
        .with(Layer::curve("INDIAN on pJ", k.clone(), theta(&candidate(case, 0.2)), 1))
        .with(Layer::dashed("INDIAN on J", k.clone(), theta(&candidate(case, 1.0)), 2))
        .with(Layer::points("mean of 400 runs", thin(&k), thin(&mean), 0, Marker::Ring)))
}
