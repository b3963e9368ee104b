//! `compare` against closed forms: on ½λθ² every pair is a matrix power beside an exponential.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::Value;
use support::Place;

const LAMBDA: f64 = 2.0;
const ALPHA: f64 = 0.6;
const BETA: f64 = 0.3;
const UNTIL: f64 = 2.0;

/// θ(t) of θ″ + pθ′ + qθ = 0 with θ(0) = 1, θ′(0) = v, for p² < 4q.
fn oscillator([p, q]: [f64; 2], v: f64, t: f64) -> f64 {
    let (d, omega) = (0.5 * p, (q - 0.25 * p * p).sqrt());
    (-d * t).exp() * ((omega * t).cos() + (v + d) / omega * (omega * t).sin())
}

/// θ after n steps of θ⁺ = θ + m(θ − θ₋) − c₁λθ + c₂λθ₋ from θ₀ = 1, θ₁ = 1 − first·λ.
fn recursion(m: f64, [c1, c2]: [f64; 2], first: f64, n: u32) -> f64 {
    let (mut before, mut now) = (1.0, 1.0 - first * LAMBDA);
    for _ in 1..n {
        (before, now) = (now, now + m * (now - before) - c1 * LAMBDA * now + c2 * LAMBDA * before);
    }
    now
}

/// Error at T of a pair for time steps `delta`.
fn closed_form(method: &str, equation: &str, delta: f64) -> f64 {
    let n = (UNTIL / delta).round() as u32;
    let (s, half) = (delta * delta, 0.5 * ALPHA * delta);
    let m = (1.0 - half) / (1.0 + half);
    let iterate = match method {
        "indian" => recursion(1.0 - ALPHA * delta, [delta * BETA, delta * (BETA - delta)], delta * BETA, n),
        "gradient-descent" => (1.0 - delta * LAMBDA).powi(n as i32),
        "heavy-ball" => recursion(m, [s, 0.0], s, n),
        // x⁺ = y − s∇J(y), y = x + m(x − x₋).
        _ => recursion(m * (1.0 - s * LAMBDA), [s, 0.0], s, n),
    };
    let flow = match (method, equation) {
        (_, "gradient-flow") => (-LAMBDA * UNTIL).exp(),
        (_, "din") => oscillator([ALPHA + BETA * LAMBDA, LAMBDA], -BETA * LAMBDA, UNTIL),
        (_, "heavy-ball") => oscillator([ALPHA, LAMBDA], 0.0, UNTIL),
        // s becomes s − (γ/2)s²: A − (γ/2)A² has this trace and determinant. Row 1 of A² at (1, 0): (βλ)² − (1−αβ)λ.
        (_, "modified") => {
            let [p, q, h] = [ALPHA + BETA * LAMBDA, LAMBDA, 0.5 * delta];
            let velocity = -BETA * LAMBDA - h * ((BETA * LAMBDA).powi(2) - (1.0 - ALPHA * BETA) * LAMBDA);
            let trace = -p - h * (p * p - 2.0 * q);
            let determinant = q * (1.0 + h * p + h * h * q);
            oscillator([-trace, determinant], velocity, UNTIL)
        }
        ("heavy-ball", _) => oscillator([ALPHA, (1.0 + half) * LAMBDA], -0.5 * delta * LAMBDA, UNTIL),
        _ => oscillator([ALPHA + delta * LAMBDA, (1.0 + half) * LAMBDA], -0.5 * delta * LAMBDA, UNTIL),
    };
    (iterate - flow).abs()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

#[test]
fn errors_on_a_quadratic_are_those_of_the_closed_form() {
    let place = Place::new();
    for (method, equation, order) in [
        ("indian", "din", 1.0),
        ("indian", "modified", 2.0),
        ("gradient-descent", "gradient-flow", 1.0),
        ("heavy-ball", "heavy-ball", 1.0),
        ("heavy-ball", "high-resolution", 2.0),
        ("nesterov", "heavy-ball", 1.0),
        ("nesterov", "high-resolution", 2.0),
    ] {
        let record = place.record(&format!(
            "compare --method {method} --dynamics {equation} --objective quadratic:{LAMBDA} --start 1 --alpha {ALPHA} \
             --beta {BETA} --until {UNTIL} --step-sizes 0.02,0.01,0.005,0.0025"
        ));
        assert_eq!(record["expected_order"], order, "{method} {equation}");
        for row in record["rows"].as_array().unwrap() {
            let expected = closed_form(method, equation, number(&row["step_size"]));
            let found = number(&row["error"]);
            assert!((found - expected).abs() < 1e-10, "{method} {equation}: {found} {expected}");
        }
        let found = number(&record["order"]["value"]);
        assert!((found - order).abs() < 0.1, "{method} {equation}: {found}");
    }
}

#[test]
fn nesterov_for_convex_functions_follows_its_equation() {
    let place = Place::new();
    let with = |equation: &str| {
        place.record(&format!(
            "compare --method nesterov-convex --dynamics {equation} --objective quadratic:{LAMBDA} --start 1 --until 4 \
             --step-sizes 0.02,0.01,0.005,0.0025"
        ))
    };
    let record = with("nesterov-flow");
    // X = (2/t√λ) J₁(t√λ); J₁(4√2) = −0.332735… from its power series.
    let x = 4.0 * LAMBDA.sqrt();
    let series: f64 = (0..60)
        .scan(0.5 * x, |term, k: i32| {
            let now = *term;
            *term *= -0.25 * x * x / f64::from((k + 1) * (k + 2));
            Some(now)
        })
        .sum();
    let flow = 2.0 / x * series;
    for row in record["rows"].as_array().unwrap() {
        let s = number(&row["step_size"]).powi(2);
        assert_eq!(number(&row["method_step_size"]), s);
        let (mut theta, mut y) = (1.0, 1.0);
        for k in 0..row["steps"].as_u64().unwrap() {
            let next = y - s * LAMBDA * y;
            y = next + k as f64 / (k as f64 + 3.0) * (next - theta);
            theta = next;
        }
        assert!((number(&row["error"]) - (theta - flow).abs()).abs() < 1e-9);
    }
    assert!((number(&record["order"]["value"]) - 1.0).abs() < 0.1);
    // The high-resolution equation is closer, though of the same order: it is singular where the iteration starts.
    assert!(number(&with("high-resolution")["rows"][3]["error"]) < number(&record["rows"][3]["error"]));
}

#[test]
fn shadowing_is_drawn_and_recorded() {
    let place = Place::new();
    let line = "compare --objective hill --start -1.2,1.5 --until 2 --step-sizes 0.1,0.05,0.025";
    let record = place.record(&format!("{line} --figure pair.svg -o pair.json"));
    assert!(number(&record["horizon"]["time"]) >= 0.0 && record["shadowing"].is_null());
    assert!(std::fs::read_to_string(place.0.path().join("pair.svg")).unwrap().starts_with("<svg"));
    let file: Value =
        serde_json::from_str(&std::fs::read_to_string(place.0.path().join("pair.json")).unwrap()).unwrap();
    assert_eq!(file["shadowing"]["t"].as_array().unwrap().len(), 21);
    assert_eq!(file["shadowing"]["runs"].as_array().unwrap().len(), 3);
}

#[test]
fn pairs_that_do_not_exist_are_refused() {
    let place = Place::new();
    let refused = |more: &str, words: &[&str]| {
        let ran = place
            .run(&format!("compare --objective hill --start 1,1 --until 1 --step-sizes 0.1,0.05 {more}"));
        assert_eq!(ran.code, 2, "{more}: {}", ran.stdout);
        for word in words {
            assert!(ran.stderr.contains(word), "{more}: {} lacks {word}", ran.stderr);
        }
    };
    refused("--method heavy-ball --dynamics din", &["heavy-ball", "din", "high-resolution"]);
    refused("--method nesterov-convex --dynamics heavy-ball", &["nesterov-flow"]);
    refused("--dynamics nesterov-flow", &["nesterov-flow", "modified"]);
    refused("--dynamics modifed", &["modifed", "did you mean `modified`"]);
    refused("--method heavy-ball --alpha 30", &["--step-sizes 0.1", "momentum"]);
    refused("--method nesterov --init speed:1", &["starts at rest"]);
    refused("--figure a.gif", &["--figure", ".svg or .png"]);
    let kinks = place
        .run("compare --objective valley --dynamics modified --start -1,1.5 --until 1 --step-sizes 0.1,0.05");
    assert!(kinks.code == 2 && kinks.stderr.contains("kinks"), "{}", kinks.stderr);
}
