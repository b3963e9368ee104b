//! Objectives as finite sums: the terms add up to J, and their derivatives are those of the terms.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use dinlab_numeric::{norm_inf, Stream};
use dinlab_objective::{
    build, formula::forward_gradient, Objective, Options, Regularity, SampleOracle, Selection, Tape,
};
use support::{direction, examples, gradient, moved, sample, scale};

/// Registered finite sums and one from the keyboard.
fn sums() -> Vec<std::sync::Arc<dyn Objective>> {
    let typed = "sum:abs(x);-abs(x);0.5*(x-1)^2 + y^4;huber(y,0.5)*exp(x)";
    let mut all: Vec<_> = examples().into_iter().filter(|o| o.samples().is_some()).collect();
    all.push(build(typed, &Options::default()).unwrap());
    all
}

fn partial(oracle: &mut dyn SampleOracle, batch: &[usize], x: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; x.len()];
    oracle.gradient(batch, x, &mut out);
    out
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    norm_inf(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

#[test]
fn the_finite_sums_are_these() {
    let names: Vec<String> =
        sums().iter().map(|o| o.name().split(':').next().unwrap_or_default().to_owned()).collect();
    for name in ["logistic", "digits-logistic", "lasso", "relu-sum", "medians", "wells", "spurious", "sum"] {
        assert!(names.iter().any(|n| n == name), "{name}");
    }
    assert!(build("rosenbrock", &Options::default()).unwrap().samples().is_none());
    assert!(build("expr:x^2", &Options::default()).unwrap().samples().is_none());
    let count = |name: &str| build(name, &Options::default()).unwrap().samples().unwrap().count();
    assert_eq!((count("logistic"), count("digits-logistic"), count("lasso")), (569, 1797, 442));
    assert_eq!((count("relu-sum"), count("medians:4,5"), count("spurious:1,1")), (100, 2, 3));
}

#[test]
fn terms_add_up_to_the_objective() {
    for objective in sums() {
        let (name, view) = (objective.name(), objective.samples().unwrap());
        let (mut whole, mut parts) = (objective.oracle(), view.oracle());
        let all: Vec<usize> = (0..view.count()).collect();
        let mut stream = Stream::new(0, name, 20);
        for _ in 0..5 {
            let x = sample(&*objective, &mut stream);
            let (value, total) = (whole.value(&x), parts.value(&all, &x));
            let room = 1e-13 * scale(&[value]);
            assert!((value - total).abs() <= room, "{name} at {x:?}: {value} {total}");
            let g = gradient(&mut *whole, &x);
            assert!(difference(&g, &partial(&mut *parts, &all, &x)) <= 1e-12 * scale(&g), "{name} at {x:?}");
            let d = direction(x.len(), &mut stream);
            let [mut ours, mut theirs] = [vec![0.0; x.len()], vec![0.0; x.len()]];
            whole.hessian_vector(&x, &d, &mut ours);
            parts.hessian_vector(&all, &x, &d, &mut theirs);
            assert!(difference(&ours, &theirs) <= 1e-12 * scale(&ours), "{name} at {x:?}");
        }
    }
}

#[test]
fn batches_are_sums_over_what_is_listed() {
    for objective in sums() {
        let (name, view) = (objective.name(), objective.samples().unwrap());
        let mut parts = view.oracle();
        let mut stream = Stream::new(0, name, 21);
        let x = sample(&*objective, &mut stream);
        let batch: Vec<usize> = (0..7).map(|_| stream.below(view.count())).collect();
        let together = partial(&mut *parts, &batch, &x);
        let mut apart = vec![0.0; x.len()];
        for &n in &batch {
            dinlab_numeric::axpy(1.0, &partial(&mut *parts, &[n], &x), &mut apart);
        }
        assert!(difference(&together, &apart) <= 1e-13 * scale(&together), "{name}");
        let values: f64 = batch.iter().map(|&n| parts.value(&[n], &x)).fold(0.0, |s, v| s + v);
        assert!((parts.value(&batch, &x) - values).abs() <= 1e-13 * scale(&[values]), "{name}");
        assert_eq!((parts.value(&[], &x), norm_inf(&partial(&mut *parts, &[], &x))), (0.0, 0.0));
    }
}

#[test]
fn gradients_of_terms_are_those_of_their_values() {
    for objective in sums() {
        let (name, view) = (objective.name(), objective.samples().unwrap());
        let mut parts = view.oracle();
        let mut stream = Stream::new(0, name, 22);
        for _ in 0..20 {
            let n = stream.below(view.count());
            let x = sample(&*objective, &mut stream);
            let tape: Tape = view.tape(n);
            let mut forward = vec![0.0; x.len()];
            forward_gradient(&tape, &x, &mut forward);
            let ours = partial(&mut *parts, &[n], &x);
            assert!(difference(&ours, &forward) <= 1e-12 * scale(&ours), "{name}, term {n} at {x:?}");
            // And the tape is the term: a central difference of its values, off kinks.
            let (d, h) = (direction(x.len(), &mut stream), 1e-6);
            let [right, left] = [h, -h].map(|t| parts.value(&[n], &moved(&x, t, &d)));
            let slope = dinlab_numeric::dot(&ours, &d);
            let room = 1e-4 * scale(&[slope]);
            assert!(((right - left) / (2.0 * h) - slope).abs() <= room, "{name}, term {n} at {x:?}");
        }
    }
}

#[test]
fn terms_follow_the_selection_and_show_what_cancels_in_the_sum() {
    let at_zero = |objective: &dyn Objective, batch: &[usize]| {
        partial(&mut *objective.samples().unwrap().oracle(), batch, &[0.0])[0]
    };
    for specification in ["spurious:2,1", "sum:2*abs(x);-2*abs(x);0.5*(x-1)^2"] {
        for abs in [0.0, 1.0, -0.5] {
            let options =
                Options { selection: Selection { abs, ..Selection::DEFAULT }, ..Options::default() };
            let objective = build(specification, &options).unwrap();
            assert_eq!(at_zero(&*objective, &[0]), 2.0 * abs, "{specification}");
            assert_eq!(at_zero(&*objective, &[1]), -2.0 * abs, "{specification}");
            assert_eq!(at_zero(&*objective, &[0, 1, 2]), -1.0, "{specification}");
        }
    }
}

#[test]
fn penalties_are_spread_over_the_terms() {
    // At θ = 0 one term of the lasso has the subdifferential −bᵢaᵢ + (τ/m)[−1, 1]ⁿ.
    let with = |abs: f64| {
        let options = Options { selection: Selection { abs, ..Selection::DEFAULT }, ..Options::default() };
        let objective = build("lasso:0.2", &options).unwrap();
        let mut oracle = objective.samples().unwrap().oracle();
        partial(&mut *oracle, &[3], &[0.0; 10])
    };
    let (upper, lower) = (with(1.0), with(-1.0));
    upper.iter().zip(&lower).for_each(|(u, l)| assert!((u - l - 2.0 * 0.2 / 442.0).abs() < 1e-15));
    let value = |name: &str, x: &[f64]| {
        build(name, &Options::default()).unwrap().samples().unwrap().oracle().value(&[0], x)
    };
    let x = [0.3; 31];
    let ridge = value("logistic:3", &x) - value("logistic:1", &x);
    assert!((ridge - 0.09 * 31.0 / 569.0).abs() < 1e-15);
}

#[test]
fn typed_sums_have_common_variables_and_located_errors() {
    let built = |text: &str| build(text, &Options::default());
    let sum = built(" sum: x2^2 ; abs(x10) + x2 ; 3 ").unwrap();
    assert_eq!((sum.dimension(), sum.samples().unwrap().count()), (2, 3));
    assert_eq!(sum.oracle().value(&[2.0, -5.0]), 4.0 + 5.0 + 2.0 + 3.0);
    assert_eq!(sum.facts().kinks, ["abs at column 8: x10 = 0"]);
    assert_eq!(sum.facts().regularity, Regularity::Lipschitz);
    assert_eq!(sum.name(), "sum:x2^2 ; abs(x10) + x2 ; 3");
    let ordered = Options { variables: Some(vec!["y".into(), "x".into()]), ..Options::default() };
    assert_eq!(build("sum:x;x^2", &ordered).unwrap().oracle().value(&[9.0, 2.0]), 6.0);
    let bad = [
        ("sum:", 1),
        ("sum:3;4", 1),
        ("sum:abs(x);;x", 8),
        ("sum:x^2;", 5),
        ("sum:x;y*(x+", 8),
        ("sum:x;foo(x)", 3),
        ("sum:x;x/0", 4),
        ("sum:ä;§", 3),
    ];
    for (text, column) in bad {
        let message = built(text).map(|o| o.name().to_owned()).unwrap_err().to_string();
        assert!(message.contains(&format!("column {column}\n")), "{text}: {message}");
        assert!(message.lines().last().unwrap().trim() == "^", "{message}");
    }
    let many = format!("sum:{}", (0..5000).map(|i| format!("abs(x-{i})")).collect::<Vec<_>>().join(";"));
    assert_eq!(built(&many).unwrap().samples().unwrap().count(), 5000);
}
