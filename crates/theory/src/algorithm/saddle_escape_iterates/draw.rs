//! Survival curves and the law of −log|Z|.

use dinlab_analysis::escape;
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Panel};

use super::case::Case;
use crate::{check::Context, error::CheckError, saddle::Law};

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    let names = ["INDIAN (0.5, 1)", "INDIAN (1, 1.1)", "INDIAN (0.5, 0.1)", "gradient descent"];
    let dampings = [Some((0.5, 1.0)), Some((1.0, 1.1)), Some((0.5, 0.1)), None];
    let mut survival =
        Panel::new("starts still at the saddle", Axis::linear("iteration k"), Axis::linear("share"));
    let mut density = Panel::new(
        "exit iteration, standardised",
        Axis::linear("log μ₊ · k − log(R/σκ)"),
        Axis::linear("density"),
    );
    for (color, (name, damping)) in names.into_iter().zip(dampings).enumerate() {
        let case = Case::new("double-well", damping, Law::Joint, 1_000);
        let theory = case.theory();
        let mut exits: Vec<f64> =
            case.runs(&theory, context)?.iter().filter_map(|r| r.exit).map(|k| k as f64).collect();
        exits.sort_by(f64::total_cmp);
        let n = exits.len() as f64;
        let share = (0..exits.len()).map(|i| 1.0 - (i as f64 + 1.0) / n).collect();
        let (from, to) = (exits[0] - 5.0, exits[exits.len() - 1] + 5.0);
        let grid: Vec<f64> = (0..=200).map(|i| from + (to - from) * f64::from(i) / 200.0).collect();
        // Continuous version of the law, half an iteration later on average.
        let law = grid.iter().map(|k| 1.0 - theory.law.distribution(k - 0.5)).collect();
        survival = survival
            .with(Layer::curve(name, exits.clone(), share, color))
            .with(Layer::dashed("", grid, law, color));
        if color == 2 {
            density = theory.law.histogram(density, name, &exits, color);
        }
    }
    density = density.with(Layer::Vertical {
        label: "mean of the law".into(),
        x: escape::MEAN,
        color: 6,
        dash: Dash::Dotted,
    });
    Ok(Figure {
        id: id.into(),
        title: "Leaving a strict saddle".into(),
        caption:
            "double-well, γ=0.02, normal (θ₀, ψ₀) of size 1e-12, R=0.01, 1000 starts; dashed: law of −log|Z|"
                .into(),
        columns: 2,
        panels: vec![survival, density],
    })
}
