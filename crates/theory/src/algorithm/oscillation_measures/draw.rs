//! Where INDIAN is free of oscillation and what that costs, the measures along β, and a real problem.

use dinlab_indian::dictionary::{tuned_heavy_ball, tuned_nesterov, Named, Parameters};
use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel};
use rayon::prelude::*;
use std::f64::consts::PI;

use super::{
    equal_work::{gaps, tuned, Valley},
    mode::{variation, variation_of_flow, Algorithm, Mode},
    price,
};
use crate::{error::CheckError, subject::Subject};

pub(super) fn figure(id: &str) -> Result<Figure, CheckError> {
    let [any, free] = maps();
    Ok(Figure {
        id: id.into(),
        title: "Oscillation of INDIAN and the price of its absence".into(),
        caption: "above: quadratics with Hessian in [1, 100], best step size for each (α, β); in the middle, left: λ = 400, α = 0.5; \
                  right: logistic regression, start 0, each method with its constants for [μ, L]; below: valley from (−1, 1.5), \
                  one step s = γ² and one momentum for all, INDIAN with β = (2√400 − α)/400"
            .into(),
        columns: 2,
        panels: vec![any, free, along_beta()?, logistic()?, across()?, trade()?],
    })
}

const INTERVAL: [f64; 2] = [1.0, 100.0];

/// Iterations per digit over (α, β), with and without oscillation allowed.
fn maps() -> [Panel; 2] {
    const N: usize = 36;
    let (alphas, betas) = ([0.3, 30.0], [0.01, 3.0]);
    let centre = |[low, high]: [f64; 2], i: usize| {
        let share = (i as f64 + 0.5) / N as f64;
        low * (high / low).powf(share)
    };
    let cells: Vec<[f64; 2]> = (0..N * N)
        .into_par_iter()
        .map(|cell| {
            let best = price::best(centre(alphas, cell % N), centre(betas, cell / N), INTERVAL);
            best.map(|rho| (-std::f64::consts::LN_10 / rho.ln()).log10())
        })
        .collect();
    let beta: Vec<f64> = (0..=200).map(|i| 0.01 * 300_f64.powf(f64::from(i) / 200.0)).collect();
    let inside = |a: f64| if (0.3..=30.0).contains(&a) { a } else { f64::NAN };
    let border = |root: f64| -> Vec<f64> {
        // The spiral window ends at λ = root²: α + βλ = 2√λ, on the side where the window lies in [1, 100].
        beta.iter()
            .map(|b| inside(2.0 * root - b * root * root))
            .map(|a| if a > 0.0 { a } else { f64::NAN })
            .collect()
    };
    let panel = |title: &str, index: usize| {
        Panel::new(title, Axis::log("α"), Axis::log("β"))
            .with(Layer::Map {
                label: "log₁₀ iterations per digit".into(),
                x: alphas,
                y: betas,
                nx: N,
                ny: N,
                values: cells
                    .iter()
                    .map(|c| if c[index].is_finite() { c[index] } else { f64::NAN })
                    .collect(),
                limits: [0.9, 3.5],
            })
            .with(Layer::Curve {
                label: "αβ = 1".into(),
                x: beta.iter().map(|b| inside(1.0 / b)).collect(),
                y: beta.clone(),
                color: 1,
                dash: Dash::Solid,
            })
            .with(Layer::dashed("window ends at √L or √μ", border(10.0), beta.clone(), 2))
            .with(Layer::dashed("", border(1.0), beta.clone(), 2))
    };
    let point = |named: Named| named.indian().ok().map(|p: Parameters| ([p.alpha], [p.beta]));
    let mut any = panel("oscillation allowed", 0);
    let [mu, l] = INTERVAL;
    for (label, named, marker) in [
        ("heavy ball", tuned_heavy_ball(mu, l), Marker::Ring),
        ("Nesterov", tuned_nesterov(mu, l), Marker::Cross),
        ("triple momentum", Named::TripleMomentum { convexity: mu, smoothness: l }, Marker::Triangle),
    ] {
        if let Some((x, y)) = point(named) {
            any = any.with(Layer::points(label, x.to_vec(), y.to_vec(), 3, marker));
        }
    }
    [any, panel("free of oscillation", 1)]
}

/// Overshoot, upward variation and path excess of the stiff direction along β: runs and closed forms.
fn along_beta() -> Result<Panel, CheckError> {
    let (alpha, lambda, step_size) = (0.5, 400.0_f64, 2e-4);
    let objective = Subject::named("quadratic:400");
    let last = (2.0 * lambda.sqrt() - alpha) / lambda;
    let fine: Vec<f64> = (1..200).map(|i| last * f64::from(i) / 200.0).collect();
    let ratio = |beta: f64| {
        let d = 0.5 * (alpha + beta * lambda);
        (-PI * d / (lambda - d * d).sqrt()).exp()
    };
    let flow: Vec<[f64; 2]> = fine.iter().map(|b| variation_of_flow(alpha, *b, lambda)).collect();
    let mut found: [Vec<f64>; 3] = Default::default();
    let coarse: Vec<f64> = (0..8).map(|i| last * (f64::from(i) + 0.5) / 8.0).collect();
    for beta in &coarse {
        let algorithm = Algorithm::indian(alpha, *beta, step_size);
        let mode = Mode::new("quadratic:400", algorithm, &[1.0], 0, lambda).found()?;
        let [upward, excess] = variation(algorithm, &objective, &[1.0], 10.0)?;
        found[0].push(mode.ratio());
        found[1].push(upward);
        found[2].push(excess - 1.0);
    }
    let [a, b, c] = found;
    Ok(Panel::new("measures of a stiff direction", Axis::linear("β"), Axis::log("measure").range(1e-4, 1e2))
        .with(Layer::points("overshoot", coarse.clone(), a, 0, Marker::Circle))
        .with(Layer::points("upward variation / J₀", coarse.clone(), b, 1, Marker::Square))
        .with(Layer::points("path / displacement − 1", coarse, c, 2, Marker::Triangle))
        .with(Layer::dashed("closed forms", fine.clone(), fine.iter().map(|b| ratio(*b)).collect(), 0))
        .with(Layer::dashed("", fine.clone(), flow.iter().map(|f| f[0]).collect(), 1))
        .with(Layer::dashed("", fine, flow.iter().map(|f| f[1] - 1.0).collect(), 2)))
}

/// J − J* of the logistic regression at equal work: one gradient an iteration.
fn logistic() -> Result<Panel, CheckError> {
    let objective = Subject::named("logistic");
    let mut panel =
        Panel::new("logistic regression", Axis::linear("gradients"), Axis::log("J − J*").range(1e-15, 2.0));
    for (color, (label, algorithm)) in tuned(&objective)?.into_iter().enumerate() {
        let [mut values, _] = gaps(&objective, algorithm)?;
        values.truncate(401);
        let k = (0..values.len()).map(|k| k as f64).collect();
        panel = panel.with(Layer::curve(label, k, values, color));
    }
    Ok(panel)
}

/// The distance from the valley's floor over the first gradients.
fn across() -> Result<Panel, CheckError> {
    const SHOWN: usize = 400;
    let axes = [Axis::linear("gradients"), Axis::linear("θ₂ − |θ₁|").range(-0.5, 0.5)];
    let [x, y] = axes;
    let mut panel = Panel::new("valley, γ = 0.01, m = 0.99", x, y);
    for (color, trace) in Valley::new([-1.0, 1.5], 0.01, 0.99).traces()?.into_iter().take(3).enumerate() {
        let k = (0..SHOWN).map(|k| k as f64).collect();
        panel = panel.with(Layer::curve(trace.name, k, trace.across[..SHOWN].to_vec(), color));
    }
    Ok(panel)
}

/// Upward variation against the time to the target, over steps and momenta.
fn trade() -> Result<Panel, CheckError> {
    let mut found: Vec<(&str, Vec<f64>, Vec<f64>)> = Vec::new();
    for gamma in [0.005, 0.01, 0.02, 0.04] {
        for momentum in [0.99, 0.98, 0.95, 0.9] {
            for (index, trace) in Valley::new([-1.0, 1.5], gamma, momentum).traces()?.into_iter().enumerate()
            {
                let first = momentum == 0.99;
                // The momentum of the convex one is its own.
                if index == 3 && !first {
                    continue;
                }
                if found.len() <= index {
                    found.push((trace.name, Vec::new(), Vec::new()));
                }
                found[index].1.push(trace.time());
                found[index].2.push(trace.upward());
            }
        }
    }
    let [x, y] =
        [Axis::log("gradients until J = 0.1"), Axis::log("upward variation of J / J₀").range(5e-3, 30.0)];
    let mut panel = Panel::new("valley, s from 25·10⁻⁶ to 1.6·10⁻³, m from 0.9 to 0.99", x, y);
    let markers = [Marker::Ring, Marker::Cross, Marker::Circle, Marker::Triangle];
    for (color, ((name, x, y), marker)) in found.into_iter().zip(markers).enumerate() {
        panel = panel.with(Layer::points(name, x, y, color, marker));
    }
    Ok(panel)
}
