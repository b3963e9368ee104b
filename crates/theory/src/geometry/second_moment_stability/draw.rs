//! The threshold 1/√G over λ, and growth in mean square over the spread.

use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel};

use super::operator::{gain, Moments};
use crate::shipped::{bisect, radius};

pub(super) fn figure(id: &str) -> Figure {
    Figure {
        id: id.into(),
        title: "Mean-square stability with mini-batches".into(),
        caption: "batch curvature λ ± σ_b with equal probability; points: radius of E[A⊗A] of the shipped step is 1".into(),
        columns: 2,
        panels: vec![thresholds(), growth()],
    }
}

const SETTINGS: [([f64; 3], &str); 3] = [
    ([0.5, 0.1, 0.15], "α=0.5, β=0.1, γ=0.15"),
    ([1.0, 0.5, 0.4], "α=1, β=0.5, γ=0.4"),
    ([2.5, 0.4, 0.4], "SGD, step 0.16"),
];

fn thresholds() -> Panel {
    let grid: Vec<f64> = (0..=300).map(|i| 0.05 * 400_f64.powf(f64::from(i) / 300.0)).collect();
    let mut panel = Panel::new(
        "largest noise",
        Axis::log("mean curvature λ"),
        Axis::log("σ_b at the threshold").range(0.05, 30.0),
    );
    for (color, (p @ [a, b, g], name)) in SETTINGS.into_iter().enumerate() {
        let closed = |l: &f64| if radius(a, b, g, *l) < 1.0 { gain(p, *l).sqrt().recip() } else { f64::NAN };
        let marks: Vec<f64> =
            grid.iter().step_by(20).copied().filter(|l| radius(a, b, g, *l) < 0.9999).collect();
        let found = marks
            .iter()
            .map(|&l| bisect(1e-6, 1e3, |s: f64| Moments::of_scalar(p, &[l - s, l + s]).radius() < 1.0))
            .collect();
        panel = panel
            .with(Layer::Curve {
                label: format!("1/√G, {name}"),
                x: grid.clone(),
                y: grid.iter().map(closed).collect(),
                color,
                dash: [Dash::Solid, Dash::Dashed, Dash::Dotted][color],
            })
            .with(Layer::points(
                "",
                marks,
                found,
                color,
                [Marker::Circle, Marker::Square, Marker::Triangle][color],
            ));
    }
    panel
}

fn growth() -> Panel {
    let (p, lambda) = (SETTINGS[0].0, 1.75);
    let edge = gain(p, lambda).sqrt().recip();
    let x: Vec<f64> = (0..=120).map(|i| 2.0 * edge * f64::from(i) / 120.0).collect();
    let moments = |s: &f64| Moments::of_scalar(p, &[lambda - s, lambda + s]);
    let square = x.iter().map(|s| 0.5 * moments(s).radius().ln()).collect();
    // Mean growth of log ‖z‖ along one long product of random steps.
    let path = x
        .iter()
        .map(|s| {
            let mut stream = dinlab_numeric::Stream::new(0, "second-moment-stability: path", 0);
            let (mut z, mut total) = ([1.0, 0.0], 0.0);
            const STEPS: u32 = 20_000;
            for _ in 0..STEPS {
                let c = if stream.uniform(0.0, 1.0) < 0.5 { lambda - s } else { lambda + s };
                let m = crate::shipped::step_matrix(p[0], p[1], p[2], c);
                z = [m[0][0] * z[0] + m[0][1] * z[1], m[1][0] * z[0] + m[1][1] * z[1]];
                let size = z[0].hypot(z[1]);
                total += size.ln();
                z = [z[0] / size, z[1] / size];
            }
            total / f64::from(STEPS)
        })
        .collect();
    Panel::new(
        "growth per step, α=0.5, β=0.1, γ=0.15, λ=1.75",
        Axis::linear("σ_b"),
        Axis::linear("log growth per step"),
    )
    .with(Layer::curve("root mean square: ½ log ρ(E[A⊗A])", x.clone(), square, 0))
    .with(Layer::dashed("almost every path", x, path, 1))
    .with(Layer::Vertical { label: "1/√G".into(), x: edge, color: 6, dash: Dash::Dotted })
    .with(Layer::Horizontal { label: String::new(), y: 0.0, color: 6, dash: Dash::Solid })
}
