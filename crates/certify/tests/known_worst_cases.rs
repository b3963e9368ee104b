//! The table of worst cases of the literature: closed forms against certified bounds.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use dinlab_certify::{
    class::Tightness,
    literature::{Kind, TABLE},
    rational,
    worst_case::{worst_case, worst_case_with, Options, Outcome, Pairs},
};
use support::{certified, question};

/// Room for rounding and verification, relative to the value: the margin 10⁻⁹ of the rounding times the trace of a Gram matrix
/// of a dozen rows and up, in units in which measure and matrix are of size 1 (or some hundredths), and the solver's 10⁻¹⁰.
const ROOM: f64 = 1e-6;

#[test]
fn closed_forms_are_met() {
    assert!(TABLE.len() >= 30, "{}", TABLE.len());
    for known in TABLE {
        let statement = known.statement().unwrap();
        let (bound, _) = certified(&statement);
        let closed = known.value;
        let what = format!("{} ({}): {bound} against {closed}", statement.sentence(), known.source);
        match known.kind {
            Kind::Tight => {
                assert!(bound >= closed * (1.0 - 4.0 * f64::EPSILON), "below the truth: {what}");
                assert!(bound <= closed * (1.0 + ROOM), "{what}");
            }
            Kind::Upper => assert!(bound <= closed * (1.0 + ROOM), "{what}"),
            Kind::Lower => assert!(bound >= closed * (1.0 - 4.0 * f64::EPSILON), "{what}"),
        }
    }
}

/// A worst case far below 1 is found as well as others, in its own units: on quadratics it is the largest λp₈(λ)²/2, p the polynomial of
/// the heavy ball.
#[test]
fn a_small_worst_case_is_met_relative_to_itself() {
    let polynomial = |lambda: f64| {
        let (mut now, mut before) = (1.0, 1.0);
        for _ in 0..8 {
            (now, before) = (1.3 * now - 0.3 * before - 1.8 * lambda * now, now);
        }
        0.5 * lambda * now * now
    };
    let grid = (0..=1_000_000).map(|i| polynomial(0.1 + 0.9 * f64::from(i) / 1e6));
    let truth = grid.fold(0.0, dinlab_numeric::max);
    let options = "convexity=0.1 step-size=1.8 momentum=0.3 start=distance measure=f";
    let (bound, _) = certified(&question("heavy-ball", "quadratic", 8, options));
    // The grid's distance from the maximum is of second order: 10⁻¹² of it.
    assert!(bound >= truth && bound <= truth * (1.0 + 1e-6), "{bound} {truth}");
}

/// Worst cases down to 10⁻¹⁸ of the start, from closed forms: (1 − hμ)^2N for gradient descent (THG18 of the table) in each measure on
/// both classes, (1 + hμ)^−2N for proximal steps. In the problem's own basis x_N is a difference of vectors of the size of
/// x₀, and the same bounds came out up to 10⁹ times too large.
#[test]
fn worst_cases_far_below_the_start_are_met_relative_to_themselves() {
    let mut all = Vec::new();
    for (mu, steps) in [(0.5, 3), (0.9, 3), (0.9, 5), (0.95, 3), (0.99, 3), (0.999, 3)] {
        for class in ["smooth-strongly-convex", "quadratic"] {
            for measure in ["distance", "f", "gradient"] {
                let options = format!("convexity={mu} step-size=1 measure={measure} start={measure}");
                let truth = (1.0_f64 - mu).powi(2 * steps);
                all.push(("gradient-descent", class, steps, options, truth));
            }
        }
    }
    for (h, steps) in [(100.0_f64, 3), (1000.0, 2)] {
        let options = format!("convexity=1 step-size={h} measure=distance");
        all.push(("proximal-point", "strongly-convex", steps, options, (1.0 + h).powi(-2 * steps)));
    }
    for (method, class, steps, options, truth) in all {
        let (bound, _) = certified(&question(method, class, steps as usize, &options));
        // 1 − μ in floats is off by as much as 2⁻⁵⁴/(1 − μ) of itself, its powers by 2N times that.
        let float = f64::EPSILON * 1e3 * f64::from(2 * steps);
        let what = format!("{method} {class} {steps} {options}: {bound:e} {truth:e}");
        assert!(bound >= truth * (1.0 - float) && bound <= truth * (1.0 + ROOM), "{what}");
    }
}

/// Leaving pairs out changes nothing: the solution satisfies those left out.
#[test]
fn presolve_does_not_move_the_value() {
    for (method, class, steps, options) in [
        ("gradient-descent", "smooth-convex", 7, "step-size=1.5"),
        ("silver", "smooth-convex", 7, ""),
        ("subgradient", "convex-lipschitz", 4, ""),
        ("fista", "composite", 3, ""),
        ("nesterov-convex", "smooth-convex", 6, ""),
        ("heavy-ball", "smooth-strongly-convex", 6, "convexity=0.05"),
    ] {
        let statement = question(method, class, steps, options);
        let value = |pairs| worst_case_with(&statement, Options { pairs, certify: false }).value;
        let (with, without) = (value(Pairs::Violated), value(Pairs::All));
        assert!((with - without).abs() <= 1e-6 * without.abs(), "{}: {with} {without}", statement.sentence());
    }
}

#[test]
fn unbounded_is_an_answer_with_a_ray() {
    for (method, class, options) in [
        ("gradient-descent", "convex", "step-size=1"),
        ("gradient-descent", "smooth-convex", "measure=distance start=f"),
        ("subgradient", "convex", "step-size=1"),
    ] {
        let answer = worst_case(&question(method, class, 2, options));
        assert!(matches!(answer.outcome, Outcome::Unbounded), "{method} {class}: {:?}", answer.outcome);
        assert!(answer.gram.iter().chain(&answer.values).all(|x| x.is_finite()));
    }
}

/// Worst cases that are finite but so large that the solver sees a ray: (h−1)^2N/2 for gradient descent with h > 2. They are
/// certified or unknown, never called unbounded.
#[test]
fn a_large_worst_case_is_not_unbounded() {
    for (class, h, n) in [
        ("smooth-convex", 20.0_f64, 4),
        ("smooth-convex", 10.0, 6),
        ("smooth-convex", 100.0, 4),
        ("quadratic", 50.0, 4),
        ("smooth-convex", 1e6, 3),
    ] {
        let statement = question("gradient-descent", class, n, &format!("step-size={h}"));
        let answer = worst_case(&statement);
        let truth = 0.5 * (h - 1.0).powi(2 * n as i32);
        match &answer.outcome {
            Outcome::Certified(proof) => {
                let bound = rational::float_above(&proof.bound);
                assert!(
                    bound >= truth * (1.0 - 1e-12) && bound <= 1.01 * truth,
                    "{class} {h} {n}: {bound:e} {truth:e}"
                );
            }
            Outcome::Unknown(_) => {}
            other => panic!("{class} {h} {n}: {other:?}"),
        }
    }
}

/// Conditions that exact line search shares with other methods bound it from above and show nothing from below.
#[test]
fn exact_line_search_is_bounded_by_its_start() {
    for (class, options) in [("smooth", "start=f measure=f"), ("smooth-convex", "start=f measure=f")] {
        let (bound, answer) = certified(&question("exact-line-search", class, 1, options));
        assert!(bound <= 1.0 + 1e-6, "{class}: {bound}");
        assert_eq!(answer.tightness, Tightness::UpperBound);
    }
}

/// Bounds that came out hundreds of thousands of times too large when the first multipliers that could be rounded were taken.
#[test]
fn the_least_of_several_bounds_is_taken() {
    for (method, class, n, options, most) in [
        ("fista", "composite", 8, "", 2.0 / 81.0),
        ("fista", "composite", 12, "", 2.0 / 169.0),
        ("proximal-gradient", "composite", 3, "convexity=0.1 measure=best-gradient", 0.81),
        ("gradient-descent", "strongly-convex", 3, "convexity=0.1 step-size=0.1 start=f measure=best-f", 1.0),
    ] {
        let (bound, answer) = certified(&question(method, class, n, options));
        assert!(bound <= most * (1.0 + 1e-5), "{method} {class} {n}: {bound} above {most}, {answer:?}");
    }
}

/// Worst cases scale as their units do.
#[test]
fn units_do_not_matter() {
    let (unit, _) = certified(&question("gradient-descent", "smooth-convex", 4, ""));
    for (l, r) in [("1e6", "1"), ("1e-6", "1e3"), ("250", "1e-4")] {
        let options = format!("smoothness={l} radius={r}");
        let (scaled, _) = certified(&question("gradient-descent", "smooth-convex", 4, &options));
        let factor = l.parse::<f64>().unwrap() * r.parse::<f64>().unwrap().powi(2);
        assert!((scaled / factor - unit).abs() <= 1e-6 * unit, "{options}: {scaled}");
    }
}

/// Controls: with less information the value is larger, with another method it is another.
#[test]
fn less_information_is_worse() {
    let (convex, _) =
        certified(&question("gradient-descent", "smooth-convex", 2, "start=f measure=gradient"));
    let (any, _) = certified(&question("gradient-descent", "smooth", 2, "start=f measure=gradient"));
    assert!(any > 1.2 * convex, "{any} {convex}");
    let (strong, _) =
        certified(&question("gradient-descent", "smooth-strongly-convex", 2, "convexity=0.1 step-size=1"));
    let (weak, _) = certified(&question("gradient-descent", "smooth-convex", 2, "step-size=1"));
    assert!(strong < 0.9 * weak, "{strong} {weak}");
    let (quadratic, _) = certified(&question("gradient-descent", "quadratic", 2, "step-size=1"));
    assert!(quadratic < 0.9 * weak, "{quadratic} {weak}");
}
