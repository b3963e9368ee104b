//! `dinlab landscape` through the real binary, against closed forms; refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::Value;
use support::Place;

fn near(value: &Value, wanted: f64, tolerance: f64) {
    let found = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((found - wanted).abs() <= tolerance, "{found} for {wanted}");
}

/// 2x² + ½y² + 4.5z² + 3y·z: Hessian diag(4) and [[1, 3], [3, 9]], eigenvalues 0, 4, 10.
const QUADRATIC: &str = "--objective expr:2*x^2+0.5*y^2+4.5*z^2+3*y*z --at 1,-2,0.5";

#[test]
fn the_spectrum_of_a_quadratic_is_known() {
    let place = Place::new();
    let record = place.record(&format!("landscape spectrum {QUADRATIC} --figure s.svg"));
    assert_eq!((&record["schema"], &record["dimension"]), (&"dinlab/landscape/1".into(), &3.into()));
    for (found, wanted) in record["eigenvalues"].as_array().unwrap().iter().zip([0.0, 4.0, 10.0]) {
        near(found, wanted, 1e-12);
    }
    near(&record["largest"]["value"], 10.0, 1e-12);
    near(&record["smallest"]["value"], 0.0, 1e-12);
    // Ten probes in three dimensions: intervals are wide, and hold the truth.
    for (key, wanted) in [("trace", 14.0), ("frobenius_norm", 116_f64.sqrt()), ("share_near_zero", 1.0 / 3.0)]
    {
        let [low, high] = ["low", "high"].map(|end| record[key][end].as_f64().unwrap());
        assert!(low <= wanted && wanted <= high, "{key}: {low} to {high}");
    }
    let again = place.record(&format!("landscape spectrum {QUADRATIC} --jobs 1"));
    assert_eq!(record["trace"], again["trace"]);
    let pairs =
        place.record(&format!("landscape eigenpairs {QUADRATIC} --count 2 --vectors v.npy -o pairs.csv"));
    let pairs = pairs["eigenpairs"].as_array().unwrap();
    for (pair, wanted) in pairs.iter().zip([10.0, 4.0, 0.0]) {
        near(&pair["eigenvalue"], wanted, pair["error_bound"].as_f64().unwrap() + 1e-13);
    }
    // ∇J = (4, −0.5, −1.5) along x, (1, 3)/√10 and (3, −1)/√10: the last part is 0, as it must be for the eigenvalue 0.
    let along: Vec<f64> = pairs.iter().map(|p| p["gradient_share"].as_f64().unwrap()).collect();
    let parts = [25.0 / 10.0, 16.0, 0.0];
    for (share, part) in along.iter().zip(parts) {
        assert!((share - part / 18.5).abs() < 1e-10, "{along:?}");
    }
    assert_eq!(place.names(), ["pairs.csv", "s.svg", "v.npy"]);
}

/// A linear network of two layers and width one at its minimum ab = 1: eigenvalues a² + b² and 0.
#[test]
fn the_sharpness_of_a_linear_network_and_of_a_run_are_known() {
    let place = Place::new();
    let pairs = place.record("landscape eigenpairs --objective expr:0.5*(a*b-1)^2 --at 2,0.5 --count 1");
    near(&pairs["eigenpairs"][0]["eigenvalue"], 4.25, 1e-12);
    near(&pairs["eigenpairs"][1]["eigenvalue"], 0.0, 1e-12);
    // Constant Hessian: the same at every look, and λ* = 2(2 − γα)/(γ(2β − γ)) for γ < 2β, below β.
    let run = place.record(
        "landscape sharpness --objective expr:3*x^2+y^2 --at 1,1 --alpha 0.5 --beta 0.3 --step-size 0.1 --steps 50 --every 10",
    );
    let looks = run["looks"].as_array().unwrap();
    assert_eq!(looks.len(), 6);
    for look in looks {
        near(&look["sharpness"], 6.0, look["error_bound"].as_f64().unwrap() + 1e-13);
    }
    near(&run["sharpness_max"], 2.0 * (2.0 - 0.05) / (0.1 * (0.6 - 0.1)), 1e-11);
    // A run that flies away has a status, and the looks until then.
    let run =
        place.record("landscape sharpness --objective expr:x^4 --at 3 --step-size 1 --steps 100 --every 1");
    assert_ne!(
        run["status"],
        place.record("landscape sharpness --objective expr:x^2 --at 3 --step-size 0.1 --steps 9")["status"]
    );
    assert!(!run["looks"].as_array().unwrap().is_empty());
}

#[test]
fn slices_have_the_values_of_the_formula() {
    let place = Place::new();
    // Along ±y and ±x from (0.5, 0).
    place.record("landscape slice --objective expr:x^2+3*y^2 --at 0.5,0 --directions eigen --cells 5 -o plane.csv --figure p.png");
    let table = std::fs::read_to_string(place.0.path().join("plane.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        table.lines().skip(1).map(|line| line.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 25);
    let sign = if rows.iter().any(|r| r[1] == 1.0 && (r[2] - 3.0 * r[0] * r[0] - 2.25).abs() < 1e-12) {
        1.0
    } else {
        -1.0
    };
    for row in &rows {
        let wanted = (0.5 + sign * row[1]).powi(2) + 3.0 * row[0] * row[0];
        assert!((row[2] - wanted).abs() < 1e-12, "{row:?}");
    }
    // A run in the plane is seen whole in its principal plane, and most of it on a line.
    let line = "landscape slice --objective expr:x^2+3*y^2 --at 1,1 --directions principal --step-size 0.1 --steps 60 --every 1";
    let record = place.record(line);
    let shares: Vec<f64> = record["shares"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares[0] > shares[1], "{shares:?}");
    assert_eq!(record["path"].as_array().unwrap().len(), 61);
    // A record makes itself again.
    place.record(&format!("{line} -o r.json"));
    let again = place.record("landscape slice --config r.json");
    assert_eq!(
        (&record["plan"], &record["shares"], &record["lowest"]),
        (&again["plan"], &again["shares"], &again["lowest"])
    );
}

/// Terms ½(x − a)² with a = 1, 3, 8 at 0: three times each gradient is −3, −9, −24, with mean −12 and variance 78.
#[test]
fn gradient_noise_of_least_squares_is_known() {
    let place = Place::new();
    let line = "landscape noise --objective sum:0.5*(x-1)^2;0.5*(x-3)^2;0.5*(x-8)^2 --at 0 --batch 2";
    let record = place.record(line);
    near(&record["trace"], 78.0, 1e-12);
    near(&record["noise_scale"], 78.0 / 144.0, 1e-14);
    near(&record["batch_trace"], 78.0 / 2.0 / 2.0, 1e-12);
    near(&record["eigenpairs"][0]["curvature"], 3.0, 1e-12);
    // Two variables: residuals r = x + 2y − 1, 3x − y + 2 at (1, 1): 2 and 4; gradients 2·(2, 4) and 2·(12, −4).
    let record =
        place.record("landscape noise --objective sum:0.5*(x+2*y-1)^2;0.5*(3*x-y+2)^2 --at 1,1 --batch 1");
    // Two vectors: C = dd'/4 with d their difference (−20, 16).
    near(&record["trace"], 656.0 / 4.0, 1e-11);
    near(&record["eigenpairs"][0]["eigenvalue"], 656.0 / 4.0, 1e-9);
    near(&record["eigenpairs"][0]["share"], 1.0, 1e-12);
}

#[test]
fn networks_are_looked_at_where_training_left_them() {
    let place = Place::new();
    let net = "--data two-moons:60 --arch mlp:4,tanh";
    place.record(&format!(
        "train {net} --step-size 0.5 --epochs 4 --precision f64 --checkpoint c --weights w.npy"
    ));
    let objective = "--objective net:mlp:4,tanh@two-moons:60";
    let from = |at: &str| place.record(&format!("landscape eigenpairs {objective} --at {at}"));
    let (checkpoint, weights) = (from("c/indian-run-1.checkpoint"), from("w.npy"));
    assert_eq!(checkpoint["eigenpairs"], weights["eigenpairs"]);
    let trained = place.record(&format!("train {net} --step-size 0.5 --epochs 4 --precision f64"));
    let last = &trained["methods"][0]["runs"][0]["curve"][4]["train_loss"];
    near(&weights["value"], last.as_f64().unwrap(), 1e-12);
    // The default point is where the first run of `train` begins.
    let first = &trained["methods"][0]["runs"][0]["curve"][0]["train_loss"];
    near(
        &place.record(&format!("landscape eigenpairs {objective}"))["value"],
        first.as_f64().unwrap(),
        1e-12,
    );
    for kind in ["spectrum --products 15", "noise", "slice --cells 5", "slice --dimensions 1 --cells 9"] {
        let record = place.record(&format!("landscape {kind} {objective} --at w.npy --figure f.svg"));
        near(&record["value"], last.as_f64().unwrap(), 1e-12);
    }
}

#[test]
fn bad_input_is_named_and_nothing_is_written() {
    let place = Place::new();
    place.write("bad.npy", b"no numbers");
    place.write("bad.checkpoint", b"no state");
    let before = place.names();
    let net = "--objective net:mlp:4,tanh@two-moons:60";
    let cases: &[(&str, &[&str])] = &[
        ("spectrum --objective valley", &["--at", "missing"]),
        ("spectrum --objective valley --at 1", &["--at", "dimension 2"]),
        ("spectrum --objective valley --at 1,nan", &["--at", "finite"]),
        ("spectrum --objective valley --at he", &["networks"]),
        ("spectrum --objective expr:log(x) --at -1", &["not defined"]),
        ("spectrum --objective valley --at 1,1 --probes 0", &["--probes"]),
        ("spectrum --objective valley --at 1,1 --products -3", &["--products"]),
        ("spectrum --objective valley --at 1,1 --width 0", &["--width"]),
        ("spectrum --objective valley --at 1,1 -o x.txt", &[".csv"]),
        ("eigenpairs --objective valley --at 1,1 --count 2", &["2 eigenvalues"]),
        ("eigenpairs --objective valley --at bad.npy", &["NumPy"]),
        ("eigenpairs --objective valley --at no.npy", &["no.npy", "cannot read"]),
        ("eigenpairs --objective valley --at 1,1 --count 1 --vectors v.txt", &[".npy"]),
        ("sharpness --objective valley --at 1,1 --steps 5", &["--step-size is missing"]),
        ("sharpness --objective valley --at 1,1 --step-size 0.1", &["--steps is missing"]),
        ("sharpness --objective valley --at 1,1 --step-size 0.1 --steps 5 --method sgd", &["unknown method"]),
        (
            "sharpness --objective valley --at 1,1 --step-size 0.1 --steps 5 --method adam --init rest",
            &["--init"],
        ),
        ("sharpness --objective valley --at 1,1 --step-size 0.1 --steps 5 --batch 2", &["--batch"]),
        ("slice --objective valley --at 1,1 --steps 5", &["--directions principal"]),
        ("slice --objective abs --at 1", &["unknown objective"]),
        ("slice --objective expr:x^2 --at 1", &["--dimensions 1"]),
        ("slice --objective valley --at 1,1 --cells 1", &["2 to 2001"]),
        ("slice --objective valley --at 1,1 --dimensions 3", &["expected 1 or 2"]),
        ("slice --objective valley --at 1,1 --figure x.pdf", &[".svg or .png"]),
        ("noise --objective valley --at 1,1", &["no finite sum"]),
        ("noise --objective sum:x^2;(x-1)^2 --at 1 --batch 3", &["--batch 3", "2 terms"]),
    ];
    for (line, mentions) in cases {
        let ran = place.run(&format!("landscape {line}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{line}: {}", ran.stderr);
        for word in *mentions {
            assert!(ran.stderr.contains(word), "{line}: no `{word}` in\n{}", ran.stderr);
        }
        assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
    }
    for (at, mention) in
        [("1,2", "dimension"), ("bad.checkpoint", "not a whole checkpoint"), ("hee", "he, glorot")]
    {
        let ran = place.run(&format!("landscape noise {net} --at {at}"));
        assert!(ran.code == 2 && ran.stderr.contains(mention), "{at}: {}", ran.stderr);
    }
    assert_eq!(place.names(), before);
    // Another network's weights: which one, and what was expected.
    place.record("train --data two-moons:60 --arch mlp:5,tanh --step-size 0.5 --epochs 1 --checkpoint c");
    let ran = place.run(&format!("landscape noise {net} --at c/indian-run-1.checkpoint"));
    assert!(
        ran.code == 2 && ran.stderr.contains("mlp:5,tanh") && ran.stderr.contains("mlp:4,tanh"),
        "{}",
        ran.stderr
    );
}
