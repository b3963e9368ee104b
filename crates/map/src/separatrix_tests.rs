use std::sync::atomic::AtomicBool;

use crate::{
    basins::{map, Basins, Runner},
    Axis, Map, Plane,
};

fn made(objective: &str, runner: Runner, [from, to]: [f64; 2], cells: usize) -> Map {
    let axis = |name: &str| Axis { name: name.into(), from, to, log: false, cells };
    let plane = Plane { x: axis("theta_1"), y: axis("theta_2") };
    let objective = dinlab_objective::build(objective, &Default::default()).unwrap();
    let start = vec![0.0; objective.dimension()];
    let basins = Basins { objective, alpha: 0.5, beta: 0.1, runner, start, radius: None, accuracy: 1e-6 };
    map(&plane, &basins, &AtomicBool::new(false)).unwrap()
}

const INDIAN: Runner = Runner::Indian { step_size: 0.02, steps: 500 };
const DIN: Runner = Runner::Din { until: 20.0, tolerance: 1e-8 };

/// From rest an eigenmode of the saddle stays 0 where it begins with 0: the curve is tangent to the direction of positive curvature.
/// J is even, so the curve is odd, and leaves its tangent with the cube of the distance.
#[test]
fn the_curve_is_tangent_to_the_stable_direction() {
    // Hessian at 0: [[-3, 1], [1, 2]], eigenvalues (−1 ± √29)/2.
    let coupled = "expr:0.25*x^4-1.5*x^2+x*y+y^2";
    let stable = 0.5 * (29_f64.sqrt() - 1.0);
    let (slope, length) = (stable + 3.0, (1.0 + (stable + 3.0).powi(2)).sqrt());
    for runner in [INDIAN, DIN] {
        let map = made(coupled, runner, [-1.0, 1.0], 60);
        assert_eq!(map.curves.len(), 1, "{:?}", map.notes);
        assert_eq!(map.curves[0].label, "stable manifold of the saddle (0, 0)");
        let points: Vec<(f64, f64)> =
            map.curves[0].x.iter().copied().zip(map.curves[0].y.iter().copied()).collect();
        let near: Vec<_> = points.iter().filter(|(x, y)| x.hypot(*y) < 0.15).collect();
        assert!(near.len() > 5, "{}", near.len());
        for (x, y) in near {
            let across = (slope * x - y).abs() / length;
            // ±10⁻⁶ of an axis of length 2, and the cube.
            assert!(across < 4e-6 + x.hypot(*y).powi(3), "{x} {y} {across}");
        }
    }
}

#[test]
fn pieces_between_four_basins_have_their_saddles() {
    let map = made("expr:(x^2-1)^2+(y^2-1)^2", INDIAN, [-1.5, 1.5], 41);
    assert_eq!((map.classes.len(), map.curves.len()), (5, 4), "{:?}", map.notes);
    // The boundaries are the axes: the half-axis x = 0, y > 0 belongs to the saddle (0, 1), and so on.
    for (curve, [a, b]) in map.curves.iter().flat_map(|curve| {
        let saddle = [[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]];
        let own = saddle
            .into_iter()
            .find(|s| curve.label.ends_with(&format!("({}, {})", s[0], s[1]).replace('-', "−")));
        own.map(|saddle| (curve, saddle))
    }) {
        // Where four basins meet, a curve goes on to the first point of its neighbour: within two cells.
        let away = |(x, y): &(&f64, &f64)| x.hypot(**y) > 0.15;
        for (x, y) in curve.x.iter().zip(&curve.y).filter(away) {
            let (along, across) = (a * x + b * y, b * x - a * y);
            assert!(along > -0.1 && across.abs() < 1e-5, "{} ({x}, {y})", curve.label);
        }
    }
}

#[test]
fn a_boundary_at_a_kink_belongs_to_no_saddle() {
    let map = made("expr:abs(abs(x)-1)+0.5*y^2", INDIAN, [-1.5, 1.5], 40);
    assert_eq!(map.classes, ["→ (−1, 0)", "→ (1, 0)", "diverges"]);
    assert_eq!(map.curves[0].label, "boundary that runs to no saddle seen");
}

#[test]
fn minima_at_kinks_and_sets_of_minima_are_attractors() {
    for (objective, expected) in [
        ("expr:abs(x^2-1)+y^2", vec!["→ (−1, 0)", "→ (1, 0)", "diverges"]),
        ("expr:abs(x+y)+2*abs(x-0.5)", vec!["→ (0.5, −0.5)", "diverges"]),
        ("expr:max(abs(x),abs(y-0.25))", vec!["→ (0, 0.25)", "diverges"]),
    ] {
        assert_eq!(made(objective, INDIAN, [-1.5, 1.5], 10).classes, expected, "{objective}");
    }
    for (objective, sets) in [("expr:(x*y-1)^2", 2), ("expr:(x^2+y^2-1)^2", 1), ("expr:(x-y)^2", 1)] {
        let map = made(objective, INDIAN, [-1.5, 1.5], 20);
        let found = map.classes.iter().filter(|name| name.contains("a set of minima")).count();
        assert_eq!((found, map.classes.len()), (sets, sets + 1), "{objective}: {:?}", map.classes);
        assert!(map.dots.len() > 5);
    }
}
