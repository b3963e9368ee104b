//! The enclosed orbit with the ball and the sublevel set that it ends in.

use std::f64::consts::TAU;

use dinlab_enclosure::Convergence;
use dinlab_objective::Objective;
use dinlab_record::figure::{Axis, Figure, Layer, Marker, Panel};

/// Directions in which the border of the sublevel set is looked for.
const DIRECTIONS: u32 = 180;

/// Enclosures are of four dimensions at most.
const COORDINATES: [&str; 4] = ["θ₁", "θ₂", "θ₃", "θ₄"];

/// The orbit's boxes in the plane of θ for two variables, bands over time otherwise. α and β are DIN's.
pub fn figure(found: &Convergence, objective: &dyn Objective, [alpha, beta]: [f64; 2]) -> Figure {
    let n = found.basin.minimiser.location.len();
    let panels = if n == 2 { vec![plane(found, objective, 1.0 + alpha * beta)] } else { bands(found, n) };
    Figure {
        id: "certify-basin".into(),
        title: "An orbit of DIN that is proved to converge".into(),
        caption: format!(
            "{}, α = {alpha}, β = {beta}; below the level {:.4e} from t = {:.4} on; boxes hold the orbit during one step each",
            objective.name(),
            found.basin.level,
            found.entered
        ),
        columns: panels.len().min(2),
        panels,
    }
}

fn plane(found: &Convergence, objective: &dyn Objective, lambda: f64) -> Panel {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for segment in &found.tube.segments {
        let [a, b] = [segment.during[0], segment.during[1]];
        x.extend([a.low, a.high, a.high, a.low, a.low, f64::NAN]);
        y.extend([b.low, b.low, b.high, b.high, b.low, f64::NAN]);
    }
    let centre = [0, 1].map(|i| found.basin.minimiser.location[i].middle());
    let around = |radius: &mut dyn FnMut([f64; 2]) -> f64| -> [Vec<f64>; 2] {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for k in 0..=DIRECTIONS {
            let (sin, cos) = (TAU * f64::from(k) / f64::from(DIRECTIONS)).sin_cos();
            let r = radius([cos, sin]);
            x.push(centre[0] + r * cos);
            y.push(centre[1] + r * sin);
        }
        [x, y]
    };
    let ball = around(&mut |_| found.basin.radius);
    // At rest the level allows λ(J − J(m)) below it; J rises along every ray of the ball.
    let mut oracle = objective.oracle();
    let least = oracle.value(&centre);
    let inside = around(&mut |[cos, sin]| {
        let (mut low, mut high) = (0.0, found.basin.radius);
        for _ in 0..40 {
            let r = 0.5 * (low + high);
            let value = oracle.value(&[centre[0] + r * cos, centre[1] + r * sin]);
            if lambda * (value - least) < found.basin.level {
                low = r;
            } else {
                high = r;
            }
        }
        low
    });
    let start = found.tube.segments.first().map(|s| [s.during[0], s.during[1]]);
    let [ball_x, ball_y] = ball;
    let [inside_x, inside_y] = inside;
    let mut panel = Panel::new("", Axis::linear(COORDINATES[0]), Axis::linear(COORDINATES[1]))
        .with(Layer::curve("enclosed orbit", x, y, 0))
        .with(Layer::dashed("ball with positive curvature", ball_x, ball_y, 7))
        .with(Layer::curve("sublevel set at rest", inside_x, inside_y, 2))
        .with(Layer::points("minimiser", vec![centre[0]], vec![centre[1]], 3, Marker::Cross));
    if let Some([a, b]) = start {
        panel = panel.with(Layer::points("start", vec![a.middle()], vec![b.middle()], 1, Marker::Square));
    }
    panel.equal_aspect = true;
    panel
}

fn bands(found: &Convergence, n: usize) -> Vec<Panel> {
    let t: Vec<f64> = found.tube.segments.iter().flat_map(|s| [s.from, s.until]).collect();
    let side = |i: usize| {
        let band = |pick: &dyn Fn(&dinlab_objective::Interval) -> f64| -> Vec<f64> {
            found.tube.segments.iter().flat_map(|s| [pick(&s.during[i]); 2]).collect()
        };
        let goal = found.basin.minimiser.location[i].middle();
        let ball = vec![goal + found.basin.radius; 2];
        let below = vec![goal - found.basin.radius; 2];
        let ends = vec![0.0, found.entered];
        Panel::new("", Axis::linear("t"), Axis::linear(COORDINATES.get(i).copied().unwrap_or("θ")))
            .with(Layer::Band {
                label: "enclosed orbit".into(),
                x: t.clone(),
                low: band(&|b| b.low),
                high: band(&|b| b.high),
                color: 0,
            })
            .with(Layer::curve("", t.clone(), band(&|b| b.middle()), 0))
            .with(Layer::dashed("ball with positive curvature", ends.clone(), ball, 7))
            .with(Layer::dashed("", ends.clone(), below, 7))
            .with(Layer::curve("minimiser", ends, vec![goal; 2], 3))
    };
    (0..n).map(side).collect()
}
