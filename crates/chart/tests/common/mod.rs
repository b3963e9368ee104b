//! Figures like those the checks make, for tests and for looking at.

use dinlab_record::figure::{Axis, Dash, Figure, Layer, Marker, Panel, PointKind};

pub fn figure(id: &str, columns: usize, panels: Vec<Panel>) -> Figure {
    let caption =
        "α = 0.5, β = 0.1, γ = 0.01, J = double-well, θ₀ = (1.2, −0.8), rtol = atol = 10⁻⁹, seed 0 · record \
                   3f9a1c02 · dinlab 0.1.0";
    Figure {
        id: id.into(),
        title: format!("Figure {id}: what the theorem predicts & what is measured"),
        caption: caption.into(),
        columns,
        panels,
    }
}

pub fn grid(low: f64, high: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| low + (high - low) * i as f64 / (count - 1) as f64).collect()
}

pub fn convergence() -> Figure {
    let t = grid(0.0, 30.0, 3000);
    let theta = |a: f64| t.iter().map(|t| (-a * t).exp() * (1.4 * t).cos()).collect::<Vec<_>>();
    let shift = |y: &[f64], d: f64| y.iter().map(|y| y + d).collect::<Vec<_>>();
    let measured = theta(0.2);
    let panel = Panel::new("Trajectory", Axis::linear("time t"), Axis::linear("θ(t)"))
        .with(Layer::Band {
            label: "95 % interval".into(),
            x: t.clone(),
            low: shift(&measured, -0.1),
            high: shift(&measured, 0.1),
            color: 0,
        })
        .with(Layer::curve("measured", t.clone(), measured, 0))
        .with(Layer::dashed(
            "prediction exp(−0.2 t)",
            t.clone(),
            t.iter().map(|t| (-0.2 * t).exp()).collect(),
            1,
        ));
    let error =
        |c: f64, a: f64| t.iter().map(|t| c * (-a * t).exp() * (1.0 + 0.3 * (3.0 * t).sin())).collect();
    let mut log = Panel::new("Error", Axis::linear("time t"), Axis::log("‖θ − θ*‖"))
        .with(Layer::curve("γ = 0.1", t.clone(), error(1.0, 0.4), 0))
        .with(Layer::curve("γ = 0.01", t.clone(), error(0.1, 0.5), 1))
        .with(Layer::curve("γ = 0.001", t.clone(), error(0.01, 0.7), 2));
    log.layers.push(Layer::Horizontal { label: "rounding".into(), y: 1e-11, color: 6, dash: Dash::Dotted });
    log.layers.push(Layer::Vertical { label: String::new(), x: 12.0, color: 6, dash: Dash::Dashed });
    figure("convergence", 2, vec![panel, log])
}

pub fn order() -> Figure {
    let h: Vec<f64> = (0..9).map(|i| 10f64.powf(-0.5 * f64::from(i) - 0.5)).collect();
    let points = |c: f64, p: f64, color, marker| {
        let y: Vec<f64> = h.iter().map(|h| c * h.powf(p)).collect();
        Layer::Points {
            label: format!("measured, order {p}"),
            x: h.clone(),
            low: y.iter().map(|y| y * 0.6).collect(),
            high: y.iter().map(|y| y * 1.6).collect(),
            y,
            color,
            marker,
        }
    };
    let slope = |p: f64, c: f64| Layer::Slope {
        label: format!("slope {p}"),
        slope: p,
        anchor: [0.1, c * 0.1f64.powf(p)],
        span: [3e-5, 0.3],
    };
    let panel = Panel::new("Order of the step", Axis::log("step size γ"), Axis::log("error at t = 10"))
        .with(points(1.0, 1.0, 0, Marker::Circle))
        .with(points(0.1, 2.0, 1, Marker::Square))
        .with(slope(1.0, 2.0))
        .with(slope(2.0, 0.2));
    let mut errors = vec![3e-3, -1.0, 0.0, 2e-3, 5e-3, 4e-3];
    errors.extend([f64::NAN, 3.5e-3]);
    let few = Panel::new("Few decades, some data ≤ 0", Axis::log("n"), Axis::log("error"))
        .with(Layer::points("runs", grid(1.0, 60.0, 8), errors, 3, Marker::Triangle));
    figure("order", 2, vec![panel, few])
}

pub fn phase() -> Figure {
    let (x, y) = (grid(-2.0, 2.0, 81), grid(-1.5, 1.5, 61));
    let value = |x: f64, y: f64| (x * x - 1.0).powi(2) / 4.0 + y * y / 2.0;
    let values = y.iter().flat_map(|y| x.iter().map(move |x| value(*x, *y))).collect();
    let origins: Vec<[f64; 2]> = grid(-1.8, 1.8, 15)
        .into_iter()
        .flat_map(|x| grid(-1.3, 1.3, 11).into_iter().map(move |y| [x, y]))
        .collect();
    let directions = origins.iter().map(|[x, y]| [-(x * x - 1.0) * x, -y]).collect();
    let path = |a: f64, b: f64| -> (Vec<f64>, Vec<f64>) {
        (0..800)
            .map(|i| f64::from(i) * 0.03)
            .map(|t| (1.0 + a * (-0.2 * t).exp() * (1.3 * t).cos(), b * (-0.2 * t).exp() * (1.1 * t).sin()))
            .unzip()
    };
    let mut panel = Panel::new("Phase portrait", Axis::linear("θ₁"), Axis::linear("θ₂"));
    panel.equal_aspect = true;
    panel.layers.push(Layer::Contour { x, y, values, levels: vec![0.02, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0] });
    panel.layers.push(Layer::Field { origins, directions });
    for (i, (a, b)) in [(0.9, 1.2), (-0.5, 0.7)].into_iter().enumerate() {
        let (x, y) = path(a, b);
        panel.layers.push(Layer::curve(format!("start {}", i + 1), x, y, i));
    }
    panel.layers.push(Layer::Critical {
        points: vec![[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.5, 1.0], [-1.5, -1.0]],
        kinds: vec![
            PointKind::Minimum,
            PointKind::Saddle,
            PointKind::Minimum,
            PointKind::Maximum,
            PointKind::Other,
        ],
    });
    figure("phase", 1, vec![panel])
}

pub fn map() -> Figure {
    let (nx, ny) = (80, 60);
    let value = |i: usize, j: usize| match (i, j) {
        (70.., 50..) => f64::NAN,
        _ => (i as f64 / 12.0).sin() * (j as f64 / 60.0) + 0.2,
    };
    let values = (0..ny).flat_map(|j| (0..nx).map(move |i| value(i, j))).collect();
    let gamma: Vec<f64> = grid(-4.0, 0.0, 50).into_iter().map(|e| 10f64.powf(e)).collect();
    let curve = |c: f64| gamma.iter().map(|g| c / g).collect::<Vec<_>>();
    let panel = Panel::new("Spectral radius", Axis::log("step size γ"), Axis::log("curvature λ"))
        .with(Layer::Map {
            label: "log₁₀ ρ".into(),
            x: [1e-4, 1.0],
            y: [1e-2, 1e4],
            nx,
            ny,
            values,
            limits: [-0.8, 1.2],
        })
        .with(Layer::curve("flip", gamma.clone(), curve(2.0), 6))
        .with(Layer::Curve {
            label: "Neimark–Sacker".into(),
            x: gamma.clone(),
            y: curve(0.1),
            color: 1,
            dash: Dash::Dashed,
        });
    figure("map", 1, vec![panel])
}

pub fn histogram() -> Figure {
    let edges = grid(-3.0, 3.0, 25);
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let heights =
        edges.windows(2).enumerate().map(|(i, w)| density(w[0]) * (1.0 + 0.1 * (i as f64).sin())).collect();
    let x = grid(-3.0, 3.0, 200);
    let y = x.iter().map(|x| density(*x)).collect();
    let panel = Panel::new("Noise of the mini-batch gradient", Axis::linear("z"), Axis::linear("density"))
        .with(Layer::Histogram { label: "measured".into(), edges, heights, color: 5 })
        .with(Layer::curve("normal density", x, y, 1));
    let energy = grid(0.0, 10.0, 400);
    let drift = energy.iter().map(|t| 1.5 + 1e-12 * (3.0 * t).sin()).collect();
    let constant = Panel::new("Conserved energy", Axis::linear("t"), Axis::linear("E"))
        .with(Layer::curve("energy", energy, drift, 2));
    figure("histogram", 2, vec![panel, constant])
}

pub fn four() -> Figure {
    let t = grid(0.0, 20.0, 600);
    let panel = |alpha: f64, beta: f64| {
        let mut panel =
            Panel::new(format!("α = {alpha}, β = {beta}"), Axis::linear("θ₁"), Axis::linear("θ₂"));
        let path = |p: f64| -> (Vec<f64>, Vec<f64>) {
            t.iter()
                .map(|t| (-(0.1 + beta) * t).exp())
                .zip(&t)
                .map(|(d, t)| (d * (p + t).cos(), d * (p + 2.0 * t).sin()))
                .unzip()
        };
        for i in 0..7 {
            let (x, y) = path(i as f64 * 0.4);
            panel.layers.push(Layer::curve(format!("start {} with a label", i + 1), x, y, i));
        }
        panel
    };
    figure("four", 2, vec![panel(0.5, 0.1), panel(0.5, 0.01), panel(1.3, 0.1), panel(2.0, 1.0)])
}

pub fn degenerate() -> Figure {
    let empty = Panel::new("", Axis::linear("x"), Axis::log("y"));
    let nan = Panel::new("only NaN", Axis::linear("x"), Axis::linear("y")).with(Layer::curve(
        "nothing",
        vec![1.0, 2.0],
        vec![f64::NAN; 2],
        0,
    ));
    let single = Panel::new("a single point", Axis::log("x"), Axis::linear("y")).with(Layer::curve(
        "one",
        vec![3.0],
        vec![0.1 + 0.2],
        0,
    ));
    let huge = Panel::new("huge ranges", Axis::log("x"), Axis::log("y")).with(Layer::curve(
        "line",
        vec![1e-300, 1e300],
        vec![1e-300, 1e300],
        0,
    ));
    let wide = Panel::new(
        "a panel title that is so long that it does not fit into one line of the panel at all, not by far",
        Axis::linear("an axis label that is so long that it has to be made smaller and in the end to be cut somewhere"),
        Axis::linear("an axis label that is so long that it has to be made smaller and in the end to be cut somewhere"),
    )
    .with(Layer::curve(
        "a legend entry that is also much longer than anybody would wish it to be, with <xml> & \"quotes\" in it",
        vec![-1.7e308, 0.0, 1.7e308],
        vec![-1.7e308, f64::INFINITY, 1.7e308],
        0,
    ));
    let rounding = Panel::new("below rounding", Axis::linear("x"), Axis::linear("y")).with(Layer::curve(
        "ulp",
        vec![0.0, 1.0, 2.0],
        vec![1.0, 1.0 + f64::EPSILON, 1.0],
        0,
    ));
    figure("degenerate", 3, vec![empty, nan, single, huge, wide, rounding])
}

pub fn long() -> Figure {
    let x: Vec<f64> = grid(0.0, 1000.0, 1_000_000);
    let y: Vec<f64> =
        x.iter().enumerate().map(|(i, x)| (x / 100.0).sin() + ((i * 7919) % 1000) as f64 * 1e-3).collect();
    let (u, v) = x
        .iter()
        .map(|t| ((-t * 0.002).exp() * (t * 1.1).cos(), (-t * 0.002).exp() * (t * 1.3).sin()))
        .unzip();
    let noise = Panel::new("a million points", Axis::linear("k"), Axis::linear("loss")).with(Layer::dashed(
        "noisy",
        x.clone(),
        y,
        0,
    ));
    let mut spiral =
        Panel::new("a long path", Axis::linear("θ₁"), Axis::linear("θ₂")).with(Layer::curve("path", u, v, 1));
    spiral.equal_aspect = true;
    figure("long", 2, vec![noise, spiral])
}

/// Every figure of this file.
pub fn all() -> Vec<Figure> {
    vec![convergence(), order(), phase(), map(), histogram(), four(), degenerate(), long()]
}
