//! Worst-case functions: they belong to their class, and the method run on them attains the worst case.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use dinlab_certify::{
    worst_curve::Curve,
    worst_function::{worst_function, Sampled, WorstFunction},
};
use support::{certified, question};

/// Part of the worst value that a function may miss: 10⁻⁶ is given up for a small rank, and dropping eigenvalues of up to 10⁻⁵
/// of the largest moves entries by as much, of which measures of some hundredths are made.
const MISSED: f64 = 1e-3;
/// Accuracy of points, in the units of the largest: the same 10⁻⁵.
const POINT: f64 = 1e-5;

fn found(method: &str, class: &str, steps: usize, options: &str) -> (f64, WorstFunction) {
    let statement = question(method, class, steps, options);
    let (bound, answer) = certified(&statement);
    let function = worst_function(&statement, &answer);
    (bound, function.unwrap_or_else(|| panic!("{}: no function", statement.sentence())))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The largest violation of fᵢ ≥ fⱼ + ⟨gⱼ, d⟩ + (‖e‖²/L + μ‖d‖² − 2(μ/L)⟨e, d⟩)/(2(1 − μ/L)), d = xᵢ − xⱼ, e = gᵢ − gⱼ.
fn violation(function: &Sampled, [mu, l]: [f64; 2]) -> f64 {
    let mut worst = 0.0;
    for i in &function.points {
        for j in &function.points {
            let d: Vec<f64> = i.x.iter().zip(&j.x).map(|(a, b)| a - b).collect();
            let e: Vec<f64> = i.gradient.iter().zip(&j.gradient).map(|(a, b)| a - b).collect();
            let curved = if l.is_finite() {
                (dot(&e, &e) / l + mu * dot(&d, &d) - 2.0 * (mu / l) * dot(&e, &d)) / (2.0 * (1.0 - mu / l))
            } else {
                0.5 * mu * dot(&d, &d)
            };
            worst = dinlab_numeric::max(worst, j.value + dot(&j.gradient, &d) + curved - i.value);
        }
    }
    worst
}

#[test]
fn points_belong_to_a_function_of_the_class() {
    for (method, class, steps, options, constants, dimension) in [
        ("gradient-descent", "smooth-convex", 5, "", [0.0, 1.0], Some(1)),
        ("gradient-descent", "smooth-strongly-convex", 3, "convexity=0.1", [0.1, 1.0], Some(1)),
        ("gradient-descent", "smooth", 3, "", [-1.0, 1.0], Some(1)),
        (
            "proximal-point",
            "strongly-convex",
            3,
            "convexity=0.5 measure=distance",
            [0.5, f64::INFINITY],
            Some(1),
        ),
        // Subgradients that are orthogonal to each other: the maximum of the first N + 1 coordinates.
        ("subgradient", "convex-lipschitz", 2, "", [0.0, f64::INFINITY], Some(3)),
        (
            "heavy-ball",
            "smooth-strongly-convex",
            4,
            "convexity=0.1 step-size=1 momentum=0.8",
            [0.1, 1.0],
            None,
        ),
    ] {
        let (bound, worst) = found(method, class, steps, options);
        let what = format!("{method} {class}");
        assert!((worst.measure - bound).abs() <= MISSED * bound, "{what}: {} {bound}", worst.measure);
        if let Some(expected) = dimension {
            assert_eq!(worst.dimension, expected, "{what}");
        }
        let [function] = worst.functions.as_slice() else { panic!("{what}") };
        assert!(function.points.iter().all(|p| p.x.len() == worst.dimension), "{what}");
        let off = violation(function, constants);
        // Coefficients of the condition are below 1/(2(1 − μ/L)) and L.
        assert!(off <= 2.0 * POINT, "{what}: {off:e}");
        // Control: of a class with half the range of curvature these are no points.
        if constants[1].is_finite() {
            let off = violation(function, [constants[0], 0.5 * constants[1]]);
            assert!(off > 100.0 * POINT, "{what}: {off:e}");
        }
    }
}

/// Gradient descent with momentum m on the drawn derivative.
fn run(curve: &Curve, start: f64, step: f64, momentum: f64, steps: usize) -> Vec<f64> {
    let mut places = vec![start, start];
    for k in 0..steps {
        let (now, before) = (places[k + 1], places[k]);
        places.push(now - step * curve.at(now).1 + momentum * (now - before));
    }
    places.split_off(1)
}

/// The picture is a function of the class (slopes of f′ in [μ, L], f′ the derivative of f, f ≥ 0), goes through the points, and the
/// method that walks on it, knowing nothing else, arrives at the worst case.
#[test]
fn the_method_attains_the_worst_case_on_the_picture() {
    for (method, class, steps, options, step, momentum, constants) in [
        ("gradient-descent", "smooth-convex", 5, "measure=f", 1.0, 0.0, [0.0, 1.0]),
        ("gradient-descent", "smooth-convex", 3, "step-size=1.9 measure=f", 1.9, 0.0, [0.0, 1.0]),
        (
            "gradient-descent",
            "smooth-strongly-convex",
            3,
            "convexity=0.2 step-size=1 measure=f",
            1.0,
            0.0,
            [0.2, 1.0],
        ),
        (
            "gradient-descent",
            "smooth-strongly-convex",
            3,
            "convexity=0.95 step-size=1 measure=f",
            1.0,
            0.0,
            [0.95, 1.0],
        ),
        ("gradient-descent", "smooth", 3, "step-size=1 measure=best-gradient", 1.0, 0.0, [-1.0, 1.0]),
        (
            "heavy-ball",
            "quadratic",
            4,
            "convexity=0.1 step-size=1 momentum=0.3 measure=f",
            1.0,
            0.3,
            [0.1, 1.0],
        ),
    ] {
        let what = format!("{method} {class} {options}");
        let (bound, worst) = found(method, class, steps, options);
        assert_eq!(worst.dimension, 1, "{what}");
        let curve = Curve::new(&worst.functions[0]).unwrap();
        for p in &worst.functions[0].points {
            let (f, g) = curve.at(p.x[0]);
            assert!(
                (f - p.value).abs() <= POINT && (g - p.gradient[0]).abs() <= POINT,
                "{what}: {p:?} {f} {g}"
            );
        }
        let places = run(&curve, worst.start[0], step, momentum, steps);
        let reached = if options.contains("best-gradient") {
            places.iter().map(|&x| curve.at(x).1.powi(2)).fold(f64::INFINITY, dinlab_numeric::min)
        } else {
            curve.at(places[steps]).0
        };
        assert!((reached - bound).abs() <= MISSED * bound, "{what}: {reached} {bound}");
        let [x, f, g] = curve.draw(2001, worst.start[0]).unwrap();
        let h = x[1] - x[0];
        for k in 1..x.len() {
            // Between neighbours f' is monotone up to the sum of two slopes: the trapezoid is off by no more than Lh².
            let (rise, area) = (g[k] - g[k - 1], 0.5 * h * (g[k] + g[k - 1]));
            let slack = POINT * h;
            assert!(
                rise >= constants[0] * h - slack && rise <= constants[1] * h + slack,
                "{what} at {}: {rise}",
                x[k]
            );
            assert!((f[k] - f[k - 1] - area).abs() <= constants[1] * h * h + slack, "{what} at {}", x[k]);
            assert!(f[k] >= -POINT, "{what} at {}: {}", x[k], f[k]);
        }
    }
}

/// However far the measure is above the start, the function found starts within the bound and stays within the certificate.
#[test]
fn no_function_is_above_its_bound() {
    for (method, class, steps, options) in [
        ("gradient-descent", "smooth-convex", 4, "step-size=20"),
        ("gradient-descent", "smooth-convex", 4, "step-size=5"),
        ("gradient-descent", "smooth-convex", 4, ""),
        ("gradient-descent", "smooth-strongly-convex", 3, "convexity=0.95 step-size=1 measure=distance"),
        ("subgradient", "convex-lipschitz", 3, ""),
        ("heavy-ball", "quadratic", 5, "convexity=0.1 step-size=3 momentum=0.3"),
    ] {
        let (bound, worst) = found(method, class, steps, options);
        let start = dot(&worst.start, &worst.start);
        // Coordinates are rounded, each to an ulp, after they were scaled.
        assert!(start <= 1.0 + 16.0 * f64::EPSILON, "{method} {class} {options}: {start}");
        assert!(
            worst.measure <= bound * (1.0 + 16.0 * f64::EPSILON),
            "{method} {class} {options}: {}",
            worst.measure
        );
        assert!(worst.measure >= bound * (1.0 - MISSED), "{method} {class} {options}: {}", worst.measure);
    }
}

/// Conditions that bound a class from outside have solutions that are no functions of it: none is shown.
#[test]
fn upper_bounds_show_no_function() {
    let statement = question("gradient-descent", "smooth-lojasiewicz", 1, "convexity=0.1 measure=f");
    let (_, answer) = certified(&statement);
    assert!(worst_function(&statement, &answer).is_none());
}
