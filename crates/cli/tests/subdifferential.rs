//! `dinlab subdifferential`: values, records and refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::json;
use support::Place;

const SPURIOUS: &str = "subdifferential --objective sum:abs(x);-abs(x);0.5*(x-1)^2";

#[test]
fn a_spurious_point_is_d_critical_and_not_critical() {
    let place = Place::new();
    let record = place.record(&format!("{SPURIOUS} --at 0 -o sets.csv"));
    assert_eq!(record["schema"], "dinlab/subdifferential/1");
    assert_eq!(record["clarke"], json!([[-1.0]]));
    assert_eq!(record["sum"], json!([[-3.0], [1.0]]));
    assert_eq!(
        (&record["gap"], &record["critical"], &record["d_critical"]),
        (&json!(2.0), &json!(false), &json!(true))
    );
    assert_eq!(record["terms"].as_array().unwrap().len(), 3);
    let csv = std::fs::read_to_string(place.0.path().join("sets.csv")).unwrap();
    assert!(csv.starts_with("set,v_1"), "{csv}");
    let text = place.run(&format!("{SPURIOUS} --at 0"));
    assert!(text.stdout.contains("D_J  [-3, 1]") && text.stdout.contains("D-critical but not critical"));
}

#[test]
fn the_whole_set_is_listed_and_a_record_repeats_it() {
    let place = Place::new();
    let record = place.record(&format!("{SPURIOUS} -o set.json"));
    assert_eq!(record["d_critical_values"], json!([0.0, 0.5]));
    assert_eq!(record["critical_values"], json!([0.0]));
    assert_eq!(record["points"].as_array().unwrap().len(), 2);
    let again = place.record("subdifferential --config set.json");
    assert_eq!(again["points"], record["points"]);
}

#[test]
fn what_has_no_polytope_is_refused_with_its_reason() {
    let place = Place::new();
    for (line, words) in [
        ("--objective norm:1 --at 0", "norm"),
        ("--objective expr:norm(x,y) --at 0,0", "ball"),
        ("--objective expr:abs(x) --at 0,1", "--at"),
        ("--objective expr:x^4", "piecewise quadratic"),
        ("--objective expr:sign(x) --at 0", "jumps"),
        ("--objective expr:abs(y)+abs(y-x^2) --at 0,0", "tangent"),
        ("--objective lasso", "dimensions"),
        ("--at 0", "--objective"),
    ] {
        let ran = place.run(&format!("subdifferential {line}"));
        assert!(
            ran.code == 2 && ran.stdout.is_empty() && ran.stderr.contains(words),
            "{line}: {}",
            ran.stderr
        );
    }
}
