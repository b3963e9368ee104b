//! Derivatives of every registered objective: gradients and Hessians against differences, selections at kinks.

mod support;

use dinlab_numeric::{dot, max, min, norm_inf, Stream};
use dinlab_objective::{build, Objective, Options, Regularity, Selection};
use support::{direction, examples, examples_with, gradient, hessian, moved, sample, scale, slope};

/// Whether J is smooth between x − h·d and x + h·d: no kink in between. Kinks change the slope by a jump, so the
/// slopes at the ends differ by more than the curvature explains; smooth objectives need no test.
fn crosses_kink(objective: &dyn Objective, x: &[f64], h: f64, d: &[f64]) -> bool {
    if objective.facts().kinks.is_empty() {
        return false;
    }
    let mut oracle = objective.oracle();
    let [left, middle, right] = [-h, 0.0, h].map(|t| slope(&mut *oracle, &moved(x, t, d), d));
    // Second differences of slopes on a smooth piece are of order h².
    (right - 2.0 * middle + left).abs() > 10.0 * h * h * scale(&[left, right])
}

#[test]
fn errors_of_central_differences_of_values_fall_with_h_squared() {
    for objective in examples() {
        let (name, mut oracle) = (objective.name(), objective.oracle());
        let mut stream = Stream::new(0, name, 0);
        let mut tested = 0;
        for _ in 0..8 {
            let x = sample(&*objective, &mut stream);
            let d = direction(x.len(), &mut stream);
            let exact = slope(&mut *oracle, &x, &d);
            // Smaller steps where kinks lie close together.
            let longest = if objective.facts().kinks.is_empty() { 4e-3 } else { 4e-4 };
            let steps = [1.0, 0.5, 0.25, 0.05, 0.01, 0.001].map(|factor| factor * longest);
            if crosses_kink(&*objective, &x, steps[0], &d) {
                continue;
            }
            tested += 1;
            let mut error = |h: f64| {
                let [right, left] = [1.0, -1.0].map(|s| oracle.value(&moved(&x, s * h, &d)));
                let rounding = 64.0 * f64::EPSILON * scale(&[right, left]) * x.len() as f64 / h;
                (((right - left) / (2.0 * h) - exact).abs(), rounding)
            };
            // Third derivative times h²/6 from the largest step, with a factor for the next term.
            let constant = 2.0 * error(steps[0]).0 / (steps[0] * steps[0]);
            for h in steps {
                let (found, rounding) = error(h);
                assert!(found <= constant * h * h + rounding, "{name} at {x:?}: error {found} at step {h}");
            }
            // Beyond that bound the gradient must be right: the difference at the best step, in absolute terms.
            let (found, rounding) = error(1e-5);
            assert!(found <= 1e-5 * scale(&[exact]) + rounding, "{name} at {x:?}: {found}");
        }
        assert!(tested >= 2, "{name}: only {tested} points off the kinks");
    }
}

#[test]
fn overridden_gradients_equal_forward_differentiation_of_the_value() {
    for objective in examples() {
        let (name, mut oracle) = (objective.name(), objective.oracle());
        let mut stream = Stream::new(1, name, 0);
        for _ in 0..20 {
            let x = sample(&*objective, &mut stream);
            let ours = gradient(&mut *oracle, &x);
            let forward = objective.gradient_from_value(&x).unwrap();
            let difference = norm_inf(&ours.iter().zip(&forward).map(|(u, v)| u - v).collect::<Vec<_>>());
            assert!(difference <= 1e-12 * scale(&ours), "{name} at {x:?}: {ours:?} {forward:?}");
        }
    }
}

#[test]
fn hessians_are_symmetric_and_match_differences_of_gradients() {
    for objective in examples() {
        let (name, mut oracle) = (objective.name(), objective.oracle());
        let mut stream = Stream::new(2, name, 0);
        for _ in 0..4 {
            let x = sample(&*objective, &mut stream);
            let h = hessian(&mut *oracle, &x);
            let size = scale(h.as_slice());
            assert!((&h - h.transpose()).amax() <= 1e-13 * size, "{name}: asymmetric");
            let d = direction(x.len(), &mut stream);
            let step = 1e-5;
            if crosses_kink(&*objective, &x, step, &d) {
                continue;
            }
            let [right, left] = [step, -step].map(|t| gradient(&mut *oracle, &moved(&x, t, &d)));
            let mut image = vec![0.0; x.len()];
            oracle.hessian_vector(&x, &d, &mut image);
            // Rounding of gradients over the step, and step² times a third derivative of the size of the Hessian.
            let tolerance = 64.0 * f64::EPSILON * scale(&right) / step + 1e3 * step * step * size;
            for i in 0..x.len() {
                let difference = (right[i] - left[i]) / (2.0 * step);
                assert!(
                    (image[i] - difference).abs() <= tolerance,
                    "{name} at {x:?}, row {i}: {image:?} {difference}"
                );
                let row: Vec<f64> = h.row(i).iter().copied().collect();
                assert!((image[i] - dot(&row, &d)).abs() <= 1e-12 * size, "{name}: Hessian against product");
            }
        }
    }
}

/// Points on kinks: coordinates set to 0 or 1, where the kinks of `power:1`, `lasso` and `valley` lie.
fn on_kinks(n: usize, stream: &mut Stream) -> Vec<f64> {
    (0..n).map(|_| [0.0, 1.0, stream.uniform(-1.5, 1.5)][stream.below(3)]).collect()
}

#[test]
fn selected_slopes_at_kinks_lie_between_the_one_sided_derivatives() {
    // relu-sum has its kinks elsewhere: its own unit test does the same.
    for abs in [0.0, -1.0, 0.3, 1.0] {
        let options = Options { selection: Selection { abs, ..Selection::DEFAULT }, ..Options::default() };
        for objective in
            examples_with(&options).into_iter().filter(|o| o.facts().regularity == Regularity::Lipschitz)
        {
            let (name, mut oracle) = (objective.name().to_owned(), objective.oracle());
            let mut stream = Stream::new(3, &name, 0);
            for _ in 0..50 {
                let x = on_kinks(objective.dimension(), &mut stream);
                // Along the axes: J is a sum of functions with one kink each there.
                for i in 0..x.len() {
                    let mut axis = vec![0.0; x.len()];
                    axis[i] = 1.0;
                    let h = 1e-7;
                    let value = oracle.value(&x);
                    let [right, left] = [h, -h].map(|t| (oracle.value(&moved(&x, t, &axis)) - value) / t);
                    let chosen = slope(&mut *oracle, &x, &axis);
                    let room = 1e-4 * scale(&[left, right]);
                    let inside = min(left, right) - room <= chosen && chosen <= max(left, right) + room;
                    assert!(inside, "{name} abs={abs} at {x:?}, axis {i}: {left} {chosen} {right}");
                }
            }
        }
    }
}

#[test]
fn the_selection_decides_at_kinks_and_only_there() {
    let at = |specification: &str, abs: f64, x: &[f64]| {
        let options = Options { selection: Selection { abs, ..Selection::DEFAULT }, ..Options::default() };
        let objective = build(specification, &options).unwrap();
        assert_eq!(objective.selection(), options.selection);
        let mut oracle = objective.oracle();
        gradient(&mut *oracle, x)
    };
    assert_eq!(at("power:1", 0.25, &[0.0]), [0.25]);
    assert_eq!(at("power:1", 0.25, &[-2.0]), [-1.0]);
    assert_eq!(at("valley", 1.0, &[0.0, 0.5]), [-101.0, 100.0]);
    assert_eq!(at("valley", -1.0, &[0.0, 0.5]), [99.0, 100.0]);
    assert_eq!(at("valley", 0.5, &[1.0, 1.0]), [-0.5, 0.0]);
    let difference = at("lasso:0.2", 1.0, &[0.0; 10])[4] - at("lasso:0.2", -1.0, &[0.0; 10])[4];
    assert!((difference - 0.4).abs() < 1e-15);
}

#[test]
fn nothing_panics_and_nan_reaches_the_result() {
    for objective in examples() {
        let (n, mut oracle) = (objective.dimension(), objective.oracle());
        for bad in [f64::NAN, f64::INFINITY, 1e308, -1e308] {
            let mut x = vec![0.5; n];
            x[n - 1] = bad;
            let value = oracle.value(&x);
            let g = gradient(&mut *oracle, &x);
            hessian(&mut *oracle, &x);
            if bad.is_nan() {
                assert!(value.is_nan() && norm_inf(&g).is_nan(), "{}", objective.name());
            }
        }
    }
}
