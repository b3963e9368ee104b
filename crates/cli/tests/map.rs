//! `dinlab map` through the binary: closed forms, boundaries, tables, figures, bad input.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::Value;
use support::Place;

fn cells(record: &Value, class: &str) -> u64 {
    let classes = record["classes"].as_array().unwrap();
    classes.iter().find(|c| c["name"] == class).map_or(0, |c| c["cells"].as_u64().unwrap())
}

#[test]
fn stability_agrees_with_the_closed_form_and_its_boundary_is_located() {
    let place = Place::new();
    for arguments in [
        "map stability --cells 80",
        "map stability --cells 80 --x gamma=2.5:3.5 --y lambda=0.1:1 --alpha 1",
        "map stability --cells 60 --x alpha=0.01:10:log --y beta=0:3 --step-size 0.3 --hessian-eigenvalues 0.5,4",
        "map rate --cells 60 --hessian-eigenvalues 1,100",
        "map oscillation --cells 60",
    ] {
        let record = place.record(&format!("{arguments} --accuracy 1e-5"));
        assert_eq!(record["schema"], "dinlab/map/1");
        assert_eq!(record["mismatches"]["count"], 0, "{arguments}: {}", record["mismatches"]);
        let boundary = &record["boundary"];
        assert!(boundary["points"].as_u64().unwrap() > 10 && boundary["accuracy"].as_f64().unwrap() <= 1e-5);
        assert_eq!(boundary["farther_than_accuracy"], 0, "{arguments}: {boundary}");
        assert_eq!(boundary["points"], boundary["compared_with_closed_form"], "{arguments}: {boundary}");
    }
}

#[test]
fn basins_of_an_even_function_are_mirror_images() {
    let place = Place::new();
    let record = place.record("map basins --objective double-well --step-size 0.02 --cells 40");
    assert_eq!((cells(&record, "→ (1.4142, 0)"), cells(&record, "→ (−1.4142, 0)")), (800, 800), "{record}");
    // A function that no registry knows, with four minima that have to be found.
    let typed = "expr:(x^2-1)^2+(y^2-1)^2+0.3*x*y";
    let record = place.record(&format!("map basins --objective {typed} --step-size 0.05 --cells 40"));
    let names = record["class_names"].as_array().unwrap().len();
    assert_eq!((names, record["marks"].as_array().unwrap().len()), (5, 9), "{record}");
}

#[test]
fn the_boundary_in_the_phase_plane_is_the_stable_manifold() {
    let place = Place::new();
    let record = place.record("map basins --objective well --until 60 --cells 50 --accuracy 1e-4");
    let boundary = &record["boundary"];
    assert!(boundary["points"].as_u64().unwrap() > 100, "{boundary}");
    // The traced curve is a polyline with pieces of a few thousandths of the plane.
    assert!(boundary["largest_distance"].as_f64().unwrap() < 2e-4, "{boundary}");
}

#[test]
fn escapes_and_best_parameters_follow_their_laws() {
    let place = Place::new();
    let escape = place.record("map escape --objective double-well --step-size 0.02 --cells 20");
    assert_eq!(
        (escape["mismatches"]["compared"].as_u64(), escape["mismatches"]["count"].as_u64()),
        (Some(400), Some(0))
    );
    let best = place.record("map best --cells 5");
    assert!(best["largest_difference"].as_f64().unwrap() < 1e-6, "{best}");
}

#[test]
fn runs_of_an_objective_are_compared_with_its_linear_theory() {
    let place = Place::new();
    let typed = "expr:log(cosh(3*x+y))+0.3*(y-x)^2+x^4";
    let record =
        place.record(&format!("map stability --objective {typed} --start 0,0 --steps 2000 --cells 30"));
    assert_eq!(record["mismatches"]["count"], 0, "{record}");
    assert!(
        record["mismatches"]["compared"].as_u64().unwrap() > 500 && cells(&record, "stays") > 100,
        "{record}"
    );
}

#[test]
fn tables_and_figures_are_written_and_records_make_them_again() {
    let place = Place::new();
    let done = place.run("map stability --cells 12x7 -o map.csv --figure map.svg");
    assert_eq!(done.code, 0, "{}", done.stderr);
    let table = std::fs::read_to_string(place.0.path().join("map.csv")).unwrap();
    assert_eq!(
        (table.lines().nth(1), table.lines().count()),
        (Some("step_size,eigenvalue,class,value,predicted"), 86)
    );
    assert!(table.starts_with("# plan: {") && table.contains(",stable,"), "{table}");
    assert!(
        std::fs::read_to_string(place.0.path().join("map.svg")).unwrap().contains("<image"),
        "a bitmap with vector axes"
    );
    let first = place.run("map stability --cells 12x7 --alpha 2 -o a.json").code;
    let second = place.run("map stability --config a.json -o b.json").code;
    assert_eq!((first, second), (0, 0));
    let rows = |file: &str| -> Value {
        let text = std::fs::read_to_string(place.0.path().join(file)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["rows"].clone()
    };
    assert_eq!(rows("a.json"), rows("b.json"));
}

#[test]
fn points_without_a_hessian_are_refused_and_huge_ones_compared() {
    let place = Place::new();
    for (objective, start, says) in [
        ("expr:abs(x)+y^2", "0,0", "on a kink"),
        ("expr:huber(x,1)+y^2", "1,0", "on a kink"),
        ("expr:norm(x,y)+x^2", "0,0", "on a kink"),
        ("expr:log(x)+y^2", "-1,0", "not a number"),
    ] {
        let ran = place.run(&format!("map stability --cells 5 --objective {objective} --start {start}"));
        assert!(
            ran.code == 2 && ran.stderr.contains("--start") && ran.stderr.contains(says),
            "{}",
            ran.stderr
        );
    }
    for (objective, start) in
        [("expr:abs(x)^3+y^2", "0,0"), ("expr:abs(x)+y^2", "0.1,0"), ("expr:1e300*x^2", "0")]
    {
        let record =
            place.record(&format!("map stability --cells 12 --objective {objective} --start {start}"));
        assert_eq!(record["mismatches"]["count"], 0, "{objective}: {}", record["mismatches"]);
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let place = Place::new();
    let arguments = "map basins --objective himmelblau --step-size 0.01 --cells 30 --json";
    let one = place.run(&format!("{arguments} --jobs 1"));
    let two = place.run(&format!("{arguments} --jobs 3"));
    let body = |text: &str| -> Value {
        let mut record: Value = serde_json::from_str(text).unwrap();
        record["provenance"] = Value::Null;
        record
    };
    assert_eq!(body(&one.stdout), body(&two.stdout));
}

#[test]
fn bad_input_is_refused_by_name() {
    let place = Place::new();
    for (arguments, words) in [
        ("map stability --x alpha=1:1", "--x"),
        ("map stability --y lambda=2:1", "--y"),
        ("map stability --x alpha=0:1:log", "positive"),
        ("map stability --x foo=1:2", "--x: axis foo: no such number"),
        ("map stability --x alpha=1:2 --y alpha=1:2", "two different names"),
        ("map stability --x alpha=-1:2 --step-size 0.1", "not negative"),
        ("map stability --cells 1000000", "GB"),
        ("map stability --cells 10000x2000", "--yes"),
        ("map stability --cells 0", "--cells"),
        ("map stability --accuracy 0", "--accuracy"),
        ("map stability --steps 5", "--steps"),
        ("map stability --x alpha=1:2 --y beta=1:2", "--step-size is needed"),
        ("map stability --x alpha=1:2 --y beta=1:2 --step-size 0.1", "--hessian-eigenvalues are needed"),
        ("map stability --alpha 1 --x alpha=1:2", "an axis, too"),
        ("map basins", "--objective is needed"),
        ("map basins --objective hill", "--step-size is needed"),
        ("map basins --objective hill --step-size 0.1 --start 1", "--start has 1 number"),
        ("map escape --objective quadratic:1,2 --step-size 0.1", "strict saddle"),
        ("map stability --objective well --start 0.7 --steps 20", "not a critical point"),
        ("map best --x kappa=0.5:10", "at least 1"),
        ("map atlas --alphas=-1", "--alphas"),
        ("stability --objective hill --at 1", "--at has 1 number"),
        ("stability --objective hill", "--at"),
    ] {
        let done = place.run(arguments);
        assert_eq!(done.code, 2, "{arguments}: {}", done.stdout);
        assert!(done.stderr.contains(words), "{arguments}: {}", done.stderr);
    }
}

#[test]
fn the_sharpness_of_an_objective_has_error_bars() {
    let place = Place::new();
    // Hessian (6, 1; 1, 4).
    let record = place.record("stability --objective expr:3*x^2+x*y+2*y^2 --at 0.3,-1");
    let exact = 5.0 + 2_f64.sqrt();
    let lanczos = &record["sharpness"]["lanczos"];
    let (value, bar) = (lanczos["value"].as_f64().unwrap(), lanczos["error_bound"].as_f64().unwrap());
    assert!((value - exact).abs() <= bar && bar < 1e-12, "{lanczos}");
    let power = record["sharpness"]["power_iteration"]["value"].as_f64().unwrap();
    assert!((power - exact).abs() < 1e-9);
    // The negative end has the larger modulus: power iteration finds that one.
    let saddle = place.record("stability --objective double-well --at 0,0");
    assert_eq!(saddle["sharpness"]["power_iteration"]["value"].as_f64().unwrap().round(), -8.0);
    assert_eq!(saddle["sharpness"]["lanczos"]["value"].as_f64().unwrap().round(), 2.0);
}

#[test]
fn a_record_of_a_map_makes_it_again_without_its_kind() {
    let place = Place::new();
    let first = place.record("map rate --cells 12 --hessian-eigenvalues 1,9");
    std::fs::write(place.0.path().join("map.json"), first.to_string()).unwrap();
    let again = place.record("map --config map.json");
    assert_eq!((&again["plan"], &again["mismatches"]), (&first["plan"], &first["mismatches"]));
    // What is typed after it counts, the kind included.
    let other = place.record("map stability --config map.json --cells 9");
    assert_eq!(
        (&other["plan"]["cells"], &other["plan"]["resolved"]["kind"]),
        (&"9x9".into(), &"stability".into())
    );
}
