//! Radius of the step over (γ, λ) with both limits.

use dinlab_record::figure::{Axis, Figure, Layer, Panel};

use crate::shipped::radius;

pub(super) fn figure(id: &str) -> Figure {
    Figure {
        id: id.into(),
        title: "Spectral radius of one INDIAN step and the two closed-form limits".into(),
        caption: "colour: radius of the shipped step's matrix; lines: γ = β + α/λ and 4 − 2γ(α+βλ) + γ²λ = 0"
            .into(),
        columns: 2,
        panels: vec![
            region(0.5, 0.1, [1e-2, 1e1], [1e-1, 1e4], "α = 0.5, β = 0.1"),
            region(1.0, 0.1, [1.0, 5.0], [5e-2, 2.0], "α = 1, β = 0.1: the island beyond γα = 2"),
        ],
    }
}

fn region(alpha: f64, beta: f64, x: [f64; 2], y: [f64; 2], title: &str) -> Panel {
    const CELLS: usize = 160;
    let between = |[low, high]: [f64; 2], f: f64| low * (high / low).powf(f);
    let center = |i: usize| (i as f64 + 0.5) / CELLS as f64;
    let values = (0..CELLS * CELLS)
        .map(|cell| {
            let (gamma, lambda) = (between(x, center(cell % CELLS)), between(y, center(cell / CELLS)));
            // Three decimals are more than a colour shows, and keep the record small.
            (1e3 * radius(alpha, beta, gamma, lambda)).round() / 1e3
        })
        .collect();
    let gammas: Vec<f64> = (0..=400).map(|i| between(x, f64::from(i) / 400.0)).collect();
    // Curves as λ(γ): λ_NS = α/(γ−β), λ_F = 2(2−γα)/(γ(2β−γ)); NaN outside their range breaks the curve.
    let limit = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
        gammas.iter().map(|&g| Some(f(g)).filter(|l| *l > y[0] && *l < y[1]).unwrap_or(f64::NAN)).collect()
    };
    let neimark_sacker = limit(&|g| alpha / (g - beta));
    let flip = limit(&|g| 2.0 * (2.0 - g * alpha) / (g * (2.0 * beta - g)));
    let [x0, x1] = x;
    let [y0, y1] = y;
    let map = Layer::Map {
        label: "spectral radius ρ".into(),
        x,
        y,
        nx: CELLS,
        ny: CELLS,
        values,
        limits: [0.0, 2.0],
    };
    Panel::new(title, Axis::log("step size γ").range(x0, x1), Axis::log("eigenvalue λ").range(y0, y1))
        .with(map)
        .with(Layer::curve("Neimark–Sacker: λ = α/(γ−β)", gammas.clone(), neimark_sacker, 1))
        .with(Layer::dashed("flip: μ = −1", gammas, flip, 7))
}
