//! Sharpness at the end over sharpness at the start, and where random starts settle.

use dinlab_objective::Start;
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel};

use super::{Case, OFFSET, SHORT, STEPS};
use crate::{check::Context, error::CheckError};

pub(super) fn figure(id: &str, context: &Context<'_>) -> Result<Figure, CheckError> {
    let settings = [
        ([1.0, 0.5, 0.2], "flip first: α=1, β=0.5, γ=0.2"),
        ([0.5, 0.1, 0.19], "Neimark–Sacker first: α=0.5, β=0.1, γ=0.19"),
    ];
    let mut panels = Vec::new();
    for (parameters, title) in settings {
        panels.push(ends(parameters, title)?);
    }
    panels.push(cloud(context)?);
    Ok(Figure {
        id: id.into(),
        title: "Minimisers that INDIAN can stay at".into(),
        caption:
            "J = (xy−1)²/2: minimisers xy = 1 of sharpness x²+y²; starts 10⁻⁶ beside one, and random ones"
                .into(),
        columns: 2,
        panels,
    })
}

fn ends(parameters: [f64; 3], title: &str) -> Result<Panel, CheckError> {
    let ratios: Vec<f64> =
        (0..40).map(|i| 0.5 + 0.03 * f64::from(i)).filter(|s| (s - 1.0).abs() > 0.005).collect();
    let case = Case::new(parameters, &ratios, 0);
    let mut found = Vec::new();
    for minimiser in &case.minimisers {
        let start = minimiser.iter().zip(case.offset(minimiser, OFFSET)).map(|(m, d)| m + d).collect();
        let end = case.settle(start, Start::Rest, STEPS / 20, minimiser)?;
        found.push(if end.still { case.ratio(&end.theta)? } else { f64::NAN });
    }
    let line = vec![0.5, 1.7];
    Ok(Panel::new(
        title,
        Axis::linear("sharpness at the start / λ*"),
        Axis::linear("at the end / λ*").range(0.0, 1.4),
    )
    .with(Layer::dashed("unchanged (DIN)", line.clone(), line, 6))
    .with(Layer::Horizontal { label: "λ*".into(), y: 1.0, color: 1, dash: Dash::Dotted })
    .with(Layer::points("INDIAN", ratios, found, 0, Marker::Circle)))
}

fn cloud(context: &Context<'_>) -> Result<Panel, CheckError> {
    let case = Case::new([0.5, 0.1, 0.19], &[], 0);
    let limit = case.limit();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for index in 0..400 {
        let mut stream = context.stream("cloud", index);
        let theta = vec![stream.uniform(-3.0, 3.0), stream.uniform(-3.0, 3.0)];
        let from = theta.clone();
        let end = case.settle(theta, Start::Auxiliary(stream.normals(2)), SHORT / 2, &from)?;
        if end.still {
            x.push(end.theta[0]);
            y.push(end.theta[1]);
        }
    }
    let grid: Vec<f64> = (0..=400).map(|i| -3.0 + 6.0 * f64::from(i) / 400.0).collect();
    let hyperbola = grid.iter().map(|x| if x.abs() < 0.33 { f64::NAN } else { 1.0 / x }).collect();
    let angle = |i: i32| std::f64::consts::TAU * f64::from(i) / 200.0;
    let circle = |f: fn(f64) -> f64| (0..=200).map(|i| limit.sqrt() * f(angle(i))).collect::<Vec<f64>>();
    let mut panel = Panel::new(
        "where 400 random starts settle (α=0.5, β=0.1, γ=0.19)",
        Axis::linear("x").range(-3.0, 3.0),
        Axis::linear("y").range(-3.0, 3.0),
    )
    .with(Layer::curve("minimisers xy = 1", grid, hyperbola, 2))
    .with(Layer::dashed("sharpness λ*", circle(f64::cos), circle(f64::sin), 1))
    .with(Layer::points("ends", x, y, 0, Marker::Circle));
    panel.equal_aspect = true;
    Ok(panel)
}
