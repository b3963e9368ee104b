//! Basins in the phase plane with the saddle's stable manifold and its tangent.

use dinlab_din::stable_manifold;
use dinlab_record::figure::{Axis, Figure, Layer, Panel, PointKind};
use rayon::prelude::*;

use super::{end, Case};
use crate::error::CheckError;

pub(super) fn figure(id: &str) -> Result<Figure, CheckError> {
    Ok(Figure {
        id: id.into(),
        title: "Basins of the two minima of J = (θ²−1)²/4 under DIN".into(),
        caption: "colour: where a start (θ, θ′) ends; line: stable manifold of the saddle, traced backwards; dashed: its tangent".into(),
        columns: 2,
        panels: vec![plane([0.5, 0.1])?, plane([0.2, 1.5])?],
    })
}

fn plane([alpha, beta]: [f64; 2]) -> Result<Panel, CheckError> {
    const CELLS: usize = 90;
    const REACH: f64 = 2.0;
    let case = Case::new("well", &[0.0], [alpha, beta], None, 0);
    let center = |i: usize| REACH * (2.0 * (i as f64 + 0.5) / CELLS as f64 - 1.0);
    let classes = (0..CELLS * CELLS)
        .into_par_iter()
        .map(|cell| Ok(if end(&case, center(cell % CELLS), center(cell / CELLS))? > 0.0 { 1.0 } else { 0.0 }))
        .collect::<Result<Vec<f64>, CheckError>>()?;
    let mut panel = Panel::new(
        format!("α = {alpha}, β = {beta}"),
        Axis::linear("θ").range(-REACH, REACH),
        Axis::linear("θ′").range(-REACH, REACH),
    )
    .with(Layer::Classes {
        labels: vec!["ends at −1".into(), "ends at 1".into()],
        x: [-REACH, REACH],
        y: [-REACH, REACH],
        nx: CELLS,
        ny: CELLS,
        classes,
    });
    let mut label = "stable manifold of the saddle";
    for branch in stable_manifold(&*case.objective, [alpha, beta], 0.0, REACH)? {
        let (x, y) = branch.iter().map(|p| (p[0], p[1])).unzip();
        panel = panel.with(Layer::curve(label, x, y, 6));
        label = "";
    }
    let slope = case.predicted(1.0);
    let ends = [-0.6, 0.6];
    panel = panel
        .with(Layer::dashed("tangent s₋θ", ends.to_vec(), ends.map(|x| slope * x).to_vec(), 1))
        .with(Layer::Critical {
            points: vec![[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]],
            kinds: vec![PointKind::Minimum, PointKind::Saddle, PointKind::Minimum],
        });
    panel.equal_aspect = true;
    Ok(panel)
}
