//! `dinlab certify` with interval arithmetic: statements, records and refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::json;
use support::Place;

#[test]
fn an_orbit_is_proved_to_reach_its_minimiser_and_a_record_repeats_it() {
    let place = Place::new();
    let record = place.record("certify basin --objective double-well --start 0.4,1 --until 40 -o basin.json");
    assert_eq!((&record["evidence"], &record["status"]), (&json!("enclosed"), &json!("converges")));
    let side = &record["minimiser"][0];
    assert!(side[0].as_f64().unwrap() <= 2f64.sqrt() && 2f64.sqrt() <= side[1].as_f64().unwrap());
    let again = place.record("certify basin --config basin.json");
    assert_eq!(again["entered"], record["entered"]);
    // From the mirrored start it is the mirrored one.
    let left = place.record("certify basin --objective double-well --start -0.4,1 --until 40");
    assert!(left["minimiser"][0][1].as_f64().unwrap() < -1.4);
    // Kinks are beyond it, and it says so.
    let kink = place.record("certify basin --objective valley --start -1,1.5 --until 5");
    assert_eq!((&kink["evidence"], &kink["status"]), (&json!(null), &json!("unknown")));
}

#[test]
fn a_box_is_searched_completely() {
    let place = Place::new();
    let record = place.record("certify critical-points --objective himmelblau --box -6:6 -o points.csv");
    assert_eq!((&record["complete"], record["points"].as_array().unwrap().len()), (&json!(true), 9));
    let csv = std::fs::read_to_string(place.0.path().join("points.csv")).unwrap();
    assert!(csv.starts_with("theta_1_low,theta_1_high") && csv.lines().count() == 10, "{csv}");
    let flat = place.record("certify critical-points --objective expr:x^4 --box -1:2");
    assert_eq!((&flat["complete"], &flat["points"]), (&json!(false), &json!([])));
}

#[test]
fn curvature_is_bounded_from_both_sides() {
    let place = Place::new();
    let record = place.record("certify curvature --objective well --box -2:2");
    let ends = |name: &str| [0, 1].map(|i| record[name][i].as_f64().unwrap());
    let ([a, b], [c, d]) = (ends("least_eigenvalue"), ends("greatest_eigenvalue"));
    assert!(a <= -1.0 && -1.0 <= b && c <= 11.0 && 11.0 <= d && d - c < 0.1, "{record}");
}

#[test]
fn bad_input_names_the_option() {
    let place = Place::new();
    for (command, words) in [
        ("certify critical-points --objective well --box 2:1", "--box"),
        ("certify critical-points --objective well --box -2:2,0:1", "--box has 2 sides"),
        ("certify critical-points --objective quadratic:1,2,3,4,5 --box -1:1", "up to dimension 4"),
        ("certify curvature --objective well --box x", "low:high"),
        ("certify basin --objective well --start 1,2", "--start"),
        ("certify basin --objective well --start 0.5 --until -1", "--until"),
        ("certify basin --objective well --start 0.5 --alpha -1", "--alpha"),
    ] {
        let run = place.run(command);
        assert_eq!(run.code, 2, "{command}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{command}: {}", run.stderr);
    }
}
