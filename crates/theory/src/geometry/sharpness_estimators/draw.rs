//! Error over the number of products, with the bounds.

use dinlab_analysis::krylov::{kaniel_paige_saad, lanczos, power_iteration, Orthogonalisation};
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use super::{hidden, start};
use crate::error::CheckError;

pub(super) fn figure(id: &str) -> Result<Figure, CheckError> {
    Ok(Figure {
        id: id.into(),
        title: "Sharpness from Hessian-vector products".into(),
        caption: "left: eigenvalues 2, 1.3 and 200 in [0, 1); right: eigenvalues 3 and 150 in [0, 1)".into(),
        columns: 2,
        panels: vec![errors()?, ghosts()?],
    })
}

fn errors() -> Result<Panel, CheckError> {
    let mut spectrum = vec![2.0, 1.3];
    spectrum.extend((0..200).rev().map(|i| f64::from(i) / 200.0));
    let (q, cosine) = start(&spectrum);
    let steps: Vec<usize> = (2..=30).collect();
    let x: Vec<f64> = steps.iter().map(|m| *m as f64).collect();
    // Below 10⁻¹⁶ there is nothing to see.
    let shown = |v: f64| if v > 1e-16 { v } else { f64::NAN };
    let (mut true_error, mut bar, mut bound) = (Vec::new(), Vec::new(), Vec::new());
    for &m in &steps {
        let found = lanczos(&mut hidden(&spectrum, 1.0), &q, m, 0.0, Orthogonalisation::Twice)?;
        let [value, error] = found.largest();
        true_error.push(shown(2.0 - value));
        bar.push(shown(error));
        bound.push(shown(kaniel_paige_saad([2.0, 1.3, 0.0], cosine, m)));
    }
    let power = power_iteration(&mut hidden(&spectrum, 1.0), &q, 30, 0.0)?;
    let powers = power.history[1..].iter().map(|v| shown(2.0 - v)).collect();
    Ok(Panel::new(
        "error of the largest eigenvalue",
        Axis::linear("products with the operator"),
        Axis::log("error"),
    )
    .with(Layer::curve("Lanczos: λ₁ − Ritz value", x.clone(), true_error, 0))
    .with(Layer::dashed("Kaniel–Paige–Saad bound", x.clone(), bound, 6))
    .with(Layer::curve("Lanczos: residual (error bar)", x.clone(), bar, 1))
    .with(Layer::curve("power iteration", x, powers, 2)))
}

fn ghosts() -> Result<Panel, CheckError> {
    let mut spectrum = vec![3.0];
    spectrum.extend((0..150).rev().map(|i| f64::from(i) / 150.0));
    let (q, _) = start(&spectrum);
    let steps: Vec<usize> = (4..=100).step_by(2).collect();
    let mut panel = Panel::new(
        "copies of the eigenvalue 3 among the Ritz values",
        Axis::linear("steps m"),
        Axis::linear("copies").range(0.0, 6.5),
    );
    let ways = [
        (Orthogonalisation::Twice, "reorthogonalised twice", Marker::Circle),
        (Orthogonalisation::None, "recurrence alone: ghosts", Marker::Cross),
    ];
    for (color, (way, name, marker)) in ways.into_iter().enumerate() {
        let mut copies = Vec::new();
        for &m in &steps {
            let found = lanczos(&mut hidden(&spectrum, 1.0), &q, m, 0.0, way)?;
            copies.push(found.ritz_values.iter().filter(|v| (*v - 3.0).abs() < 1e-6).count() as f64);
        }
        panel =
            panel.with(Layer::points(name, steps.iter().map(|m| *m as f64).collect(), copies, color, marker));
    }
    Ok(panel)
}
