//! The step map's geometry, and |θₖ| of the four kinds of runs.

use dinlab_objective::Start;
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel, PointKind};
use num_traits::One;

use super::case::Case;
use crate::{
    check::Context,
    error::CheckError,
    exact::{float, fraction, Fraction},
};

const STEPS: u64 = 420;

pub(super) fn figure(id: &str, _: &Context<'_>) -> Result<Figure, CheckError> {
    let parameters = [fraction(1, 2), fraction(1, 2), fraction(1, 10)];
    let missing = || CheckError::OwnCase { reason: "the multipliers are no fractions".into() };
    let case = Case::new(parameters, None, Fraction::one(), fraction(1, 100)).ok_or_else(missing)?;
    let theory = case.theory().ok_or_else(missing)?;
    let slope = float(&theory.slope);
    let [low, high] = case.interval(&theory).map(|x| float(&x));

    let exact = |theta: Fraction, steps: u64| {
        let mut state = case.exact_start(theta);
        let mut path = vec![[float(&state[0]), float(&state[1])]];
        for _ in 0..steps {
            state = case.exact_step(state);
            path.push([float(&state[0]), float(&state[1])]);
        }
        path
    };
    let captured: Vec<Vec<[f64; 2]>> = (1..4)
        .map(|i| {
            let ends = case.interval(&theory);
            exact(&ends[0] + (&ends[1] - &ends[0]) * fraction(i, 4), 40)
        })
        .collect();
    let missed = exact(fraction(24, 10), 40);

    let mut plane = Panel::new("one step from rest", Axis::linear("θ"), Axis::linear("u"))
        .with(Layer::dashed("stable line u = σθ", vec![-0.1, 1.1], vec![-0.1 * slope, 1.1 * slope], 6))
        .with(Layer::curve("captured starts", vec![low, high], vec![0.0, 0.0], 1));
    for (i, path) in captured.iter().enumerate() {
        let label = if i == 0 { "their orbits (exact)" } else { "" };
        plane = plane
            .with(orbit(label, path, 0, Dash::Solid, Marker::Circle).0)
            .with(orbit("", path, 0, Dash::Solid, Marker::Circle).1);
    }
    let (line, points) = orbit("orbit from θ₀ = 2.4", &missed, 2, Dash::Dotted, Marker::Cross);
    plane = plane
        .with(line)
        .with(points)
        .with(Layer::Critical { points: vec![[0.0, 0.0]], kinds: vec![PointKind::Maximum] });

    let k: Vec<f64> = (0..=STEPS).map(|k| k as f64).collect();
    let inside = fraction(21, 10) + fraction(1, 37);
    let exactly = exact(inside.clone(), STEPS).iter().map(|s| s[0].abs()).collect();
    let decay = Panel::new("distance to the maximum", Axis::linear("iteration k"), Axis::log("|θₖ|"))
        .with(Layer::curve("exact arithmetic", k.clone(), exactly, 0))
        .with(Layer::dashed(
            "floating point",
            k.clone(),
            case.floating(float(&inside), case.tied(), STEPS)?,
            1,
        ))
        .with(Layer::Curve {
            label: "u₀ = 0.01 instead of 0".into(),
            x: k.clone(),
            y: case.floating(float(&inside), Start::Auxiliary(vec![0.01]), STEPS)?,
            color: 3,
            dash: Dash::Dotted,
        })
        .with(Layer::Curve {
            label: "θ₀ = 2.4".into(),
            x: k,
            y: case.floating(2.4, case.tied(), STEPS)?,
            color: 2,
            dash: Dash::Solid,
        });
    Ok(Figure {
        id: id.into(),
        title: "Starts at rest that converge to a strict maximum".into(),
        caption: case.words(),
        columns: 2,
        panels: vec![plane, decay],
    })
}

/// A polyline and its vertices.
fn orbit(label: &str, path: &[[f64; 2]], color: usize, dash: Dash, marker: Marker) -> (Layer, Layer) {
    let (x, y): (Vec<f64>, Vec<f64>) = path.iter().map(|s| (s[0], s[1])).unzip();
    (
        Layer::Curve { label: label.into(), x: x.clone(), y: y.clone(), color, dash },
        Layer::points("", x, y, color, marker),
    )
}
