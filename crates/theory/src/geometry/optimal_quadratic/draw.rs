//! ρ over κ for five methods, and over (β, γ) with the optimum marked.

use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

use super::{rivals, Case};

pub(super) fn figure(id: &str) -> Figure {
    Figure {
        id: id.into(),
        title: "The best factor per iteration on quadratics".into(),
        caption: "left: 1 − ρ of the shipped step at tuned parameters; right: ρ on [1, 100] with the best α for each (β, γ)".into(),
        columns: 2,
        panels: vec![over_condition(), over_parameters()],
    }
}

fn over_condition() -> Panel {
    let kappas: Vec<f64> = (0..=40).map(|i| 10_f64.powf(0.3 + 3.7 * f64::from(i) / 40.0)).collect();
    let mut panel =
        Panel::new("distance of the factor from 1", Axis::log("condition number κ"), Axis::log("1 − ρ"));
    let best: Vec<f64> = kappas
        .iter()
        .map(|&kappa| {
            let case = Case::new(kappa, 0);
            1.0 - case.radius(case.best())
        })
        .collect();
    panel = panel.with(Layer::curve("INDIAN at its best (heavy ball)", kappas.clone(), best, 0));
    for (i, (name, ..)) in rivals(1.0, 10.0).into_iter().enumerate() {
        let radii = kappas
            .iter()
            .map(|&kappa| {
                let case = Case::new(kappa, 0);
                1.0 - case.radius(rivals(1.0, kappa)[i].1)
            })
            .collect();
        panel = panel.with(Layer::curve(name, kappas.clone(), radii, i + 1));
    }
    panel
}

fn over_parameters() -> Panel {
    const CELLS: usize = 120;
    let case = Case::new(100.0, 0);
    let [_, beta, gamma] = case.best();
    let (x, y) = ([0.1 * beta, 10.0 * beta], [0.2 * gamma, 2.0 * gamma]);
    let between = |[low, high]: [f64; 2], i: usize| low * (high / low).powf((i as f64 + 0.5) / CELLS as f64);
    let values = (0..CELLS * CELLS)
        .map(|cell| {
            let (b, g) = (between(x, cell % CELLS), between(y, cell / CELLS));
            let best = (0..120)
                .map(|i| case.radius([0.05 * 400_f64.powf(f64::from(i) / 119.0), b, g]))
                .fold(f64::INFINITY, dinlab_numeric::min);
            (1e3 * best).round() / 1e3
        })
        .collect();
    let map = Layer::Map {
        label: "ρ at the best α".into(),
        x,
        y,
        nx: CELLS,
        ny: CELLS,
        values,
        limits: [0.8, 1.0],
    };
    Panel::new("κ = 100", Axis::log("β").range(x[0], x[1]), Axis::log("step size γ").range(y[0], y[1]))
        .with(map)
        .with(Layer::points("closed form: γ = β = 2/(√μ+√L)", vec![beta], vec![gamma], 1, Marker::Ring))
}
