//! The four panels of the published figure, and the fit surface beside them.

use dinlab_objective::{
    data::{jmlr_figure_1d, Vertex},
    Objective,
};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel, PointKind},
    Claim, Flow,
};

use super::{
    curves::{alphas, logs, misfit, run, vertices, Setting, SPEEDS, STEPS, THETA},
    PRINTED_ALPHA,
};
use crate::{check::Context, error::CheckError, subject::Subject};

/// Orange, blue and red of the palette, as in the published figure.
const COLORS: [usize; 3] = [4, 0, 1];
/// Blocks into which a curve of 88,001 iterations is thinned; each keeps its lowest and its highest point.
const BLOCK: usize = 110;

/// Largest misfit shown (decades).
const CAP: f64 = 0.3;

pub(super) fn figure(
    claim: &Claim,
    settings: &[(char, Setting); 3],
    context: &Context<'_>,
) -> Result<Figure, CheckError> {
    let valley = Subject::named("valley");
    let mut panels = Vec::new();
    let mut values =
        Panel::new("(d) values along the iterations", Axis::linear("iteration k"), Axis::log("J"));
    for (&(panel, setting), color) in settings.iter().zip(COLORS) {
        context.proceed()?;
        let (mut path, mut level) = (Vec::new(), Vec::new());
        run(&*valley, setting, STEPS, &mut |theta, value| {
            path.push([short(theta[0]), short(theta[1])]);
            level.push(value);
            Flow::Continue
        })?;
        let title = format!("({panel}) α={}, β={}", setting.alpha, setting.beta);
        panels.push(trajectory(&*valley, &title, &path, color));
        let (x, y) = thinned(&level);
        values = values.with(Layer::curve(format!("({panel})"), x, y, color));
        if panel != 'c' {
            let printed = logs(&*valley, Setting { alpha: PRINTED_ALPHA, ..setting }, STEPS)?;
            let (x, y) = thinned(&printed);
            let y = y.into_iter().map(|log10| 10_f64.powf(log10)).collect();
            let label = format!("({panel}) as printed, α={PRINTED_ALPHA}");
            values = values.with(Layer::Curve { label, x, y, color, dash: Dash::Dotted });
        }
    }
    let (x, y) = sparse_vertices();
    values = values.with(Layer::points("published", x, y, 6, Marker::Cross));
    panels.push(values);
    panels.extend(surfaces(&*valley, settings, context)?);
    Ok(Figure {
        id: claim.id.into(),
        title: "Figure 1 of JMLR 22(134): identified parameters; in (d) also the printed ones, dotted".into(),
        caption: "INDIAN on the valley function, γ=1e-4, start (−1, 1.5), θ′(0)=−0.1·g₀, 88000 iterations; below: misfit \
                  to the first half of the vertices, cut at 0.3 decades"
            .into(),
        columns: 2,
        panels,
    })
}

/// Four decimals: more cannot be drawn.
fn short(x: f64) -> f64 {
    (1e4 * x).round() / 1e4
}

/// Published vertices at least 1,500 iterations or 0.4 decades apart from the one before: all of them would hide the
/// curves.
fn sparse_vertices() -> (Vec<f64>, Vec<f64>) {
    let mut kept: Vec<&Vertex> = Vec::new();
    for vertex in jmlr_figure_1d() {
        let far = kept.last().is_none_or(|last| {
            last.panel != vertex.panel
                || (vertex.iteration - last.iteration).abs() > 1500.0
                || (vertex.log10_value - last.log10_value).abs() > 0.4
        });
        if far {
            kept.push(vertex);
        }
    }
    kept.iter().map(|v| (v.iteration, 10_f64.powf(v.log10_value))).unzip()
}

/// A path over the level lines of J.
fn trajectory(valley: &dyn Objective, title: &str, path: &[[f64; 2]], color: usize) -> Panel {
    let (left, right, bottom, top) = (-2.0, 2.0, -0.5, 2.5);
    // Twelve cells per unit both ways: the valley floor runs through the nodes.
    let axis = |low: f64, high: f64| -> Vec<f64> {
        (0..=(12.0 * (high - low)) as usize).map(|i| low + i as f64 / 12.0).collect()
    };
    let (x, y) = (axis(left, right), axis(bottom, top));
    let mut oracle = valley.oracle();
    let values =
        y.iter().flat_map(|&b| x.iter().map(move |&a| [a, b])).map(|p| short(oracle.value(&p))).collect();
    let levels = vec![2.0, 5.0, 15.0, 50.0, 150.0, 500.0];
    let thin: Vec<[f64; 2]> = path.iter().copied().step_by(BLOCK / 2).collect();
    let (xs, ys) = (thin.iter().map(|p| p[0]).collect(), thin.iter().map(|p| p[1]).collect());
    let start = (vec![THETA[0]], vec![THETA[1]]);
    let mut panel =
        Panel::new(title, Axis::linear("θ₁").range(left, right), Axis::linear("θ₂").range(bottom, top))
            .with(Layer::Contour { x, y, values, levels })
            .with(Layer::curve("", xs, ys, color))
            .with(Layer::points("start", start.0, start.1, 6, Marker::Square))
            .with(Layer::Critical { points: vec![[1.0, 1.0]], kinds: vec![PointKind::Minimum] });
    panel.equal_aspect = true;
    panel
}

/// Lowest and highest point of each block, in order.
fn thinned(level: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut kept = Vec::new();
    for (block, values) in level.chunks(BLOCK).enumerate() {
        let extreme = |sign: f64| {
            (0..values.len()).min_by(|&i, &j| (sign * values[i]).total_cmp(&(sign * values[j]))).unwrap_or(0)
        };
        let (low, high) = (extreme(1.0), extreme(-1.0));
        for i in [low.min(high), low.max(high)] {
            kept.push(((block * BLOCK + i) as f64, values[i]));
        }
    }
    kept.dedup();
    kept.into_iter().unzip()
}

/// Misfit against α at the identified speed, and against the speed at the identified α.
fn surfaces(
    valley: &dyn Objective,
    settings: &[(char, Setting); 3],
    context: &Context<'_>,
) -> Result<[Panel; 2], CheckError> {
    let misfit_axis = || Axis::log("misfit (rms of log₁₀ J)");
    let mut along_alpha = Panel::new("(e) fit of α, at speed 0.1", Axis::linear("α"), misfit_axis());
    let mut along_speed = Panel::new("(f) fit of the initial speed", Axis::linear("speed c"), misfit_axis());
    for (&(panel, setting), color) in settings.iter().zip(COLORS) {
        context.proceed()?;
        let all = vertices(panel);
        let seen = &all[..all.len() / 2];
        let alphas = alphas();
        let scores: Result<Vec<f64>, _> =
            alphas.iter().map(|&alpha| misfit(valley, Setting { alpha, ..setting }, seen, CAP)).collect();
        along_alpha = profile(along_alpha, panel, alphas, scores?, color);
        let scores: Result<Vec<f64>, _> =
            SPEEDS.iter().map(|&speed| misfit(valley, Setting { speed, ..setting }, seen, CAP)).collect();
        along_speed = profile(along_speed, panel, SPEEDS.to_vec(), scores?, color);
    }
    Ok([along_alpha, along_speed])
}

fn profile(panel: Panel, curve: char, x: Vec<f64>, y: Vec<f64>, color: usize) -> Panel {
    panel.with(Layer::dashed("", x.clone(), y.clone(), color)).with(Layer::points(
        format!("({curve})"),
        x,
        y,
        color,
        Marker::Circle,
    ))
}
