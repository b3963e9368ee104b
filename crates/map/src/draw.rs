//! Maps as figures.

use dinlab_numeric::{maximum, minimum};
use dinlab_record::figure::{Axis as FigureAxis, Dash, Figure, Layer, Marker, Panel, PointKind};

use crate::{best::Row, plane::Axis, Map};

/// A figure of one map.
pub fn figure(id: &str, title: &str, caption: String, map: &Map) -> Figure {
    Figure { id: id.into(), title: title.into(), caption, columns: 1, panels: vec![panel("", map, true)] }
}

/// Small multiples.
pub fn atlas(id: &str, title: &str, caption: String, columns: usize, maps: &[(String, Map)]) -> Figure {
    let panels = maps.iter().map(|(title, map)| panel(title, map, false)).collect();
    Figure { id: id.into(), title: title.into(), caption, columns, panels }
}

/// Name of an axis as it stands beside it.
fn label(name: &str) -> String {
    match name {
        "alpha" => "viscous damping α".into(),
        "beta" => "Hessian damping β".into(),
        "step-size" => "step size γ".into(),
        "eigenvalue" => "Hessian eigenvalue λ".into(),
        "condition-number" => "condition number κ".into(),
        _ => match name.split_once('_') {
            Some(("theta", i)) => format!("θ{}", subscript(i)),
            Some(("velocity", i)) => format!("θ′{}", subscript(i)),
            _ => name.into(),
        },
    }
}

fn subscript(digits: &str) -> String {
    digits.chars().map(|c| c.to_digit(10).and_then(|d| char::from_u32('₀' as u32 + d)).unwrap_or(c)).collect()
}

fn axis(axis: &Axis) -> FigureAxis {
    let made =
        if axis.log { FigureAxis::log(label(&axis.name)) } else { FigureAxis::linear(label(&axis.name)) };
    made.range(axis.from, axis.to)
}

/// Colours of the styles of curves.
const COLORS: [usize; 7] = [1, 6, 3, 6, 0, 0, 3];
/// Dashes of the styles of curves.
const DASHES: [Dash; 7] =
    [Dash::Dashed, Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::Solid, Dash::Dashed, Dash::Solid];

fn panel(title: &str, map: &Map, boundary: bool) -> Panel {
    let plane = &map.plane;
    let mut panel = Panel::new(title, axis(&plane.x), axis(&plane.y));
    panel.equal_aspect = plane.x.name.starts_with("theta") && plane.y.name.starts_with("theta");
    let (x, y, nx, ny) = (plane.x.edges(), plane.y.edges(), plane.x.cells, plane.y.cells);
    let shows_numbers = !map.value.is_empty() && !map.quantity.starts_with("spectral");
    panel = if shows_numbers {
        let values = map.value.clone();
        let limits = limits(map);
        panel.with(Layer::Map { label: map.quantity.clone(), x, y, nx, ny, values, limits })
    } else {
        let classes = map.class.iter().map(|c| c.map_or(f64::NAN, f64::from)).collect();
        panel.with(Layer::Classes { labels: map.classes.clone(), x, y, nx, ny, classes })
    };
    for curve in &map.curves {
        panel = panel.with(Layer::Curve {
            label: curve.label.clone(),
            x: curve.x.clone(),
            y: curve.y.clone(),
            color: COLORS[curve.style % COLORS.len()],
            dash: DASHES[curve.style % DASHES.len()],
        });
    }
    if boundary && map.curves.is_empty() && !map.boundary.is_empty() {
        let (x, y) = map.boundary.iter().map(|p| (p.at[0], p.at[1])).unzip();
        panel = panel.with(Layer::points("located boundary", x, y, 6, Marker::Dot));
    }
    if !map.dots.is_empty() {
        let (x, y) = map.dots.iter().map(|at| (at[0], at[1])).unzip();
        panel = panel.with(Layer::points("minima that are not isolated", x, y, 6, Marker::Dot));
    }
    if !map.mismatches.listed.is_empty() {
        let (x, y) = map.mismatches.listed.iter().map(|m| (m.at[0], m.at[1])).unzip();
        panel = panel.with(Layer::points("differs from the closed form", x, y, 1, Marker::Cross));
    }
    marks(panel, map)
}

/// Critical points by their type, other marks as rings.
fn marks(mut panel: Panel, map: &Map) -> Panel {
    let kind = |name: &str| match name {
        "minimum" => Some(PointKind::Minimum),
        "saddle" => Some(PointKind::Saddle),
        "maximum" => Some(PointKind::Maximum),
        "degenerate" => Some(PointKind::Other),
        _ => None,
    };
    let critical: Vec<_> = map.marks.iter().filter_map(|(name, at)| Some((kind(name)?, *at))).collect();
    if !critical.is_empty() {
        let (kinds, points) = critical.into_iter().unzip();
        panel = panel.with(Layer::Critical { points, kinds });
    }
    for (name, at) in map.marks.iter().filter(|(name, _)| kind(name).is_none()) {
        panel = panel.with(Layer::points(name.clone(), vec![at[0]], vec![at[1]], 1, Marker::Ring));
    }
    panel
}

/// Ends of the colour scale: those of the finite numbers; rates below 0 (unstable) are not told apart.
fn limits(map: &Map) -> [f64; 2] {
    let finite: Vec<f64> = map.value.iter().copied().filter(|v| v.is_finite()).collect();
    let (low, high) = (minimum(&finite), maximum(&finite));
    let low = if map.quantity.starts_with("rate") && low < 0.0 && high > 0.0 { 0.0 } else { low };
    if low < high {
        [low, high]
    } else {
        [low - 1.0, low + 1.0]
    }
}

/// Rates over the condition number.
pub fn best(rows: &[Row], caption: String) -> Figure {
    let kappa: Vec<f64> = rows.iter().map(|r| r.condition_number).collect();
    let of = |f: fn(&Row) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
    let rate =
        Panel::new("distance of ρ from 1", FigureAxis::log("condition number κ"), FigureAxis::log("1 − ρ"))
            .with(Layer::dashed("(√κ−1)/(√κ+1)", kappa.clone(), of(|r| 1.0 - r.bound), 6))
            .with(Layer::points(
                "best (α, β, γ) found",
                kappa.clone(),
                of(|r| 1.0 - r.best_radius),
                0,
                Marker::Circle,
            ))
            .with(Layer::curve("best γ for the damping given", kappa.clone(), of(|r| 1.0 - r.radius), 1));
    let steps = Panel::new("parameters", FigureAxis::log("condition number κ"), FigureAxis::log("value"))
        .with(Layer::curve("best γ for the damping given", kappa.clone(), of(|r| r.step_size), 1))
        .with(Layer::points("γ found", kappa.clone(), of(|r| r.best[2]), 0, Marker::Circle))
        .with(Layer::points("β found", kappa.clone(), of(|r| r.best[1]), 2, Marker::Cross))
        .with(Layer::points("α found", kappa.clone(), of(|r| r.best[0]), 3, Marker::Triangle))
        .with(Layer::dashed("γ = β = 2/(1+√κ)", kappa.clone(), of(|r| r.closed[2]), 6))
        .with(Layer::Curve {
            label: "α = 2√κ/(1+√κ)".into(),
            x: kappa,
            y: of(|r| r.closed[0]),
            color: 6,
            dash: Dash::Dotted,
        });
    Figure {
        id: "map".into(),
        title: "Best parameters over the condition number (μ = 1)".into(),
        caption,
        columns: 2,
        panels: vec![rate, steps],
    }
}
