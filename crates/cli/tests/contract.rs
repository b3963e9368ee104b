//! The contract of the command line: names, columns, keys, exit codes, values with a closed form.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::{json, Value};
use support::Place;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn close(value: &Value, expected: f64, tolerance: f64) {
    let found = number(value);
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected}");
}

fn has_provenance(record: &Value, schema: &str) {
    assert_eq!(record["schema"], schema);
    assert!(record["plan"].is_object());
    let p = &record["provenance"];
    for key in ["version", "commit", "toolchain", "target", "command", "started"] {
        assert!(p[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {p}");
    }
    assert!(p["dirty"].is_boolean() && p["seed"].is_u64() && p["wall_seconds"].is_number());
    assert!(p["command"].as_str().unwrap().starts_with("dinlab "));
}

#[test]
fn a_run_of_no_length_has_all_its_samples_at_the_start() {
    let place = Place::new();
    // 5 times a sum of weights rounds to below 5: the samples must not leave the interval.
    let record = place.record("simulate --objective quadratic:1,2 --start 1,2 --from 5 --until 5 -o run.csv");
    assert_eq!(record["final"]["t"], 5.0);
}

#[test]
fn simulate_is_the_exponential_of_a_quadratic() {
    let place = Place::new();
    let flow =
        place.record("simulate --dynamics gradient-flow --objective quadratic:1,3 --start 2,-1 --until 1.5");
    has_provenance(&flow, "dinlab/simulate/1");
    assert_eq!(flow["status"], "reached-end");
    close(&flow["final"]["theta"][0], 2.0 * (-1.5_f64).exp(), 1e-8);
    close(&flow["final"]["theta"][1], -(-4.5_f64).exp(), 1e-8);
    close(&flow["final"]["t"], 1.5, 0.0);
    assert!(
        flow["final"]["psi"].is_null() && flow["plan"]["init"].is_null() && flow["plan"]["alpha"].is_null()
    );
    assert!(number(&flow["work"]["evaluations"]) > 0.0);

    // θ″ + (α + β)θ′ + θ = 0 with θ(0) = 1, θ′(0) = −β (rest): e^(−rt)(cos ωt + (r − β)/ω sin ωt).
    let din = place.record("simulate --objective quadratic:1 --start 1 --until 2 --estimate-error");
    let (r, t) = (0.3_f64, 2.0_f64);
    let omega = (1.0 - r * r).sqrt();
    let expected = (-r * t).exp() * ((omega * t).cos() + (r - 0.1) / omega * (omega * t).sin());
    close(&din["final"]["theta"][0], expected, 1e-8);
    assert_eq!(din["final"]["psi"].as_array().unwrap().len(), 1);
    assert_eq!(din["plan"]["init"], "rest");
    assert_eq!((&din["plan"]["alpha"], &din["plan"]["beta"]), (&json!(0.5), &json!(0.1)));
    assert_eq!((&din["plan"]["rtol"], &din["plan"]["samples"]), (&json!(1e-9), &json!(201)));
    assert_eq!(din["plan"]["kink"], "abs=0,relu=0,max=0.5");
    assert!(
        din["plan"]["resolved"]["integrator"].is_string() && din["plan"]["resolved"]["reason"].is_string()
    );
    assert!(number(&din["error"]["theta"]) < 1e-7);
    let energy = number(&din["final"]["energy"]);
    assert!(energy > 0.0 && energy < 2.0 * 1.05 * 0.5);
}

#[test]
fn negative_numbers_are_taken_as_people_type_them() {
    let place = Place::new();
    let line = "simulate --objective valley --until 0.5 --velocity -1,-0.5 --start";
    let spaced = place.record(&format!("{line} -1.5,0"));
    let joined = place.record(&format!("{line}=-1.5,0"));
    assert_eq!(spaced["final"], joined["final"]);
    assert_eq!(spaced["plan"]["start"], json!([-1.5, 0.0]));
    assert_eq!(spaced["plan"]["velocity"], json!([-1.0, -0.5]));
}

#[test]
fn columns_and_files() {
    let place = Place::new();
    let line = "simulate --objective valley --start -1.5,0 --until 1 --samples 5 --quiet -o";
    for file in ["run.csv", "run.json", "run.npy"] {
        let ran = place.run(&format!("{line} {file}"));
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{file}");
    }
    let csv = std::fs::read_to_string(place.0.path().join("run.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "t,theta_1,theta_2,psi_1,psi_2,value,gradient_norm,energy");
    assert_eq!(lines.len(), 6);
    let record: Value =
        serde_json::from_slice(&std::fs::read(place.0.path().join("run.json")).unwrap()).unwrap();
    has_provenance(&record, "dinlab/simulate/1");
    assert_eq!(record["columns"].as_array().unwrap().len(), 8);
    assert_eq!(record["rows"].as_array().unwrap().len(), 5);
    assert_eq!(record["rows"][4][1], record["final"]["theta"][0]);
    assert!(std::fs::read(place.0.path().join("run.npy")).unwrap().starts_with(b"\x93NUMPY"));
    let ran = place.run("iterate --method adam --objective valley --start 1,2 --step-size 0.1 --steps 9 --record-every 4 --quiet -o run.csv");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let csv = std::fs::read_to_string(place.0.path().join("run.csv")).unwrap();
    let first: Vec<&str> = csv.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(first, ["k", "0", "4", "8", "9"]);
    assert!(csv.starts_with("k,theta_1,theta_2,value,gradient_norm\n"));
}

#[test]
fn iterate_is_the_printed_recursion() {
    let place = Place::new();
    let line = "iterate --objective quadratic:2 --start 1 --alpha 0.3 --beta 0.2 --step-size 0.1 --decay 0.5 --steps 3 --psi 0.4";
    let record = place.record(line);
    has_provenance(&record, "dinlab/iterate/1");
    // θ⁺ = θ + γ((1/β − α)θ − ψ/β − βg), ψ⁺ = ψ + γ((1/β − α)θ − ψ/β), g = 2θ, γ = 0.1 (k+1)^−½.
    let (mut theta, mut psi) = (1.0_f64, 0.4_f64);
    for k in 1..=3 {
        let gamma = 0.1 / f64::from(k).sqrt();
        let u = (1.0 / 0.2 - 0.3) * theta - psi / 0.2;
        (theta, psi) = (theta + gamma * (u - 0.2 * 2.0 * theta), psi + gamma * u);
    }
    close(&record["final"]["theta"][0], theta, 1e-14);
    close(&record["final"]["psi"][0], psi, 1e-14);
    assert_eq!((&record["final"]["k"], &record["status"]), (&json!(3), &json!("reached-end")));
    let heavy = place.record("iterate --method heavy-ball --objective quadratic:1 --start 1 --step-size 0.1 --momentum 0.5 --steps 2");
    close(&heavy["final"]["theta"][0], 0.9 - 0.09 + 0.5 * (0.9 - 1.0), 1e-15);
    assert_eq!(heavy["plan"]["momentum"], 0.5);
    let list = place.record(
        "iterate --method gradient-descent --objective quadratic:1 --start 1 --step-size 0.5,0.25 --steps 2",
    );
    close(&list["final"]["theta"][0], 0.5 * 0.75, 0.0);
}

#[test]
fn the_record_states_batches_and_the_step_assumption() {
    let place = Place::new();
    let line = "iterate --objective medians:0,1,3 --start 2 --step-size 0.1 --steps 50";
    let assumption = |more: &str| {
        let record = place.record(&format!("{line} {more}"));
        record["step_sizes"]["assumption"]["satisfied"].clone()
    };
    assert_eq!(assumption(""), false);
    assert_eq!(assumption("--decay 0.25"), true);
    assert_eq!(assumption("--schedule log"), false);
    assert_eq!(assumption("--schedule log:2"), true);
    assert_eq!(assumption("--schedule power:1.5"), false);
    assert_eq!(assumption(&format!("--step-size {}", vec!["0.1"; 50].join(","))), json!(null));
    let record = place.record(&format!("{line} --sampling nonempty-subsets --scaling none --seed 3"));
    close(&record["batches"]["p"], 4.0 / 7.0, 1e-15);
    assert_eq!((&record["batches"]["terms"], &record["batches"]["factor"]), (&json!(3), &json!(1.0)));
    assert_eq!(record["plan"]["seed"], 3);
    let scaled = place.record(&format!("{line} --batch 2"));
    assert_eq!((&scaled["batches"]["factor"], &scaled["plan"]["batch"]), (&json!(1.5), &json!(2)));
    assert_eq!(place.record(line)["batches"], json!(null));
}

#[test]
fn a_diverging_run_is_a_status() {
    let place = Place::new();
    let record = place.record(
        "iterate --method gradient-descent --objective quadratic:1 --start 1 --step-size 5 --steps 100000",
    );
    let status = record["status"].as_object().unwrap();
    let (kind, at) = status.iter().next().unwrap();
    assert!(kind == "diverged" || kind == "non-finite", "{record}");
    assert!(number(&at["at"]) > 10.0);
}

#[test]
fn a_record_is_the_configuration_that_makes_it_again() {
    let place = Place::new();
    for line in [
        "simulate --objective expr:x^2+3*y^4 --variables y,x --start -1.5,0.3 --init speed:0.2 --until 3 --alpha 0.7 --rtol 1e-6",
        "iterate --objective valley --kink abs=1 --start 1,2 --psi 0.5,0.25 --step-size 0.01 --decay 0.25 --steps 50",
        "iterate --objective sum:abs(x);-abs(x);0.5*(x-1)^2 --start 2 --step-size 0.1 --schedule log:2 --batch 1 --seed 5 --steps 50",
        "iterate --method nesterov --objective rosenbrock --start -1,1 --step-size 0.001 --momentum 0.8 --steps 50",
        "stability --alpha 0.2 --step-size 0.1 --hessian-eigenvalues -1,2,30",
        "compare --objective rosenbrock --start -1,1 --until 0.5 --step-sizes 1e-3,5e-4",
    ] {
        let first = place.record(line);
        place.write("record.json", first.to_string());
        let command = line.split(' ').next().unwrap();
        let again = place.record(&format!("{command} --config record.json"));
        for key in first.as_object().unwrap().keys().filter(|key| *key != "provenance") {
            assert_eq!(first[key], again[key], "{line}: {key}");
        }
        let other = place.record(&format!("{command} --alpha 3 --config record.json"));
        if !other["plan"]["alpha"].is_null() && !line.contains("nesterov") {
            assert_eq!(other["plan"]["alpha"], 3.0);
            assert_eq!(other["plan"]["objective"], first["plan"]["objective"]);
        }
    }
    // A start that is typed replaces the one of the plan, of whatever kind that was.
    let record =
        place.record("iterate --objective valley --start 1,2 --psi 0.5,0.25 --step-size 0.01 --steps 5");
    place.write("record.json", record.to_string());
    let other = place.record("iterate --config record.json --init speed:1");
    assert_eq!(other["plan"]["init"], "speed:1");
}

#[test]
fn stability_is_the_closed_form() {
    let place = Place::new();
    let record = place.record("stability --alpha 0.5 --beta 0.1 --step-size 0.2 --hessian-eigenvalues 1,-1");
    has_provenance(&record, "dinlab/stability/1");
    let mode = &record["eigenvalues"][0];
    let im = (1.0_f64 - 0.09).sqrt();
    assert_eq!(mode["hessian_eigenvalue"], 1.0);
    for (i, root) in mode["roots"].as_array().unwrap().iter().enumerate() {
        close(&root[0], -0.3, 1e-15);
        close(&json!(number(&root[1]).abs()), im, 1e-15);
        close(&mode["multipliers"][i][0], 1.0 + 0.2 * number(&root[0]), 1e-15);
        close(&mode["multipliers"][i][1], 0.2 * number(&root[1]), 1e-15);
    }
    close(&mode["decay_rate"], 0.3, 1e-15);
    close(&mode["spectral_radius"], ((1.0_f64 - 0.06).powi(2) + 0.04 * 0.91).sqrt(), 1e-14);
    assert_eq!((&mode["stable"], &mode["spirals"]), (&json!(true), &json!(true)));
    assert_eq!(record["eigenvalues"][1]["stable"], false);
    assert_eq!(record["step_size_max"], 0.0);
    close(&record["sharpness_max"], 5.0, 1e-12);
    assert_eq!(record["first_instability"], "neimark-sacker");
    let flow = place.record("stability --hessian-eigenvalues 1");
    for null in [
        &flow["eigenvalues"][0]["multipliers"],
        &flow["eigenvalues"][0]["spectral_radius"],
        &flow["sharpness_max"],
        &flow["first_instability"],
    ] {
        assert!(null.is_null());
    }
    close(&flow["step_size_max"], 0.6, 1e-14);
    let infinite = place.record("stability --alpha 0.1 --beta 1 --step-size 0.5 --hessian-eigenvalues 1");
    assert!(infinite["sharpness_max"].is_number() || infinite["sharpness_max"] == "inf");
}

#[test]
fn compare_finds_order_one() {
    let place = Place::new();
    let record = place.record(
        "compare --objective rosenbrock --start -1,1 --until 0.5 --step-sizes 1e-3,5e-4,2.5e-4,1.25e-4",
    );
    has_provenance(&record, "dinlab/compare/1");
    let rows = record["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[0]["order"].is_null()
            && rows.iter().all(|row| number(&row["error_sup"]) >= number(&row["error"]))
    );
    close(&rows[3]["order"], 1.0, 0.05);
    close(&record["order"]["value"], 1.0, 0.1);
    assert!(number(&record["order"]["low"]) <= number(&record["order"]["high"]));
    assert!(number(&record["constant"]) > 0.0 && number(&record["reference_error"]) < 1e-9);
}

#[test]
fn rate_of_an_exponential() {
    let place = Place::new();
    let rows: String = (0..200).map(|k| format!("{k},{:e}\n", 3.0 * (-0.05 * f64::from(k)).exp())).collect();
    place.write("curve.csv", format!("k,gap\n{rows}"));
    let record = place.record("rate curve.csv --column gap");
    has_provenance(&record, "dinlab/rate/1");
    assert_eq!(record["kind"], "exponential");
    close(&record["value"], 0.05, 1e-3);
    assert!(number(&record["low"]) <= 0.05 + 1e-3 && number(&record["high"]) >= 0.05 - 1e-3);
    assert_eq!(record["window"].as_array().unwrap().len(), 2);
    place.write("record.json", record.to_string());
    assert_eq!(place.record("rate --config record.json")["value"], record["value"]);
}

#[test]
fn lists_explanations_schema_and_completions() {
    let place = Place::new();
    for (what, key, name) in [
        ("checks", "id", "euler-order"),
        ("objectives", "name", "valley"),
        ("methods", "name", "indian"),
        ("dynamics", "name", "din-avd"),
        ("integrators", "name", "ode-solvers-dopri5"),
        ("figures", "id", "euler-order"),
    ] {
        let record = place.record(&format!("list {what}"));
        has_provenance(&record, "dinlab/list/1");
        assert!(record[what].as_array().unwrap().iter().any(|item| item[key] == name), "{what}");
        assert!(
            place.run(&format!("list {what}")).stdout.lines().any(|line| line.starts_with(name)),
            "{what}"
        );
    }
    let text = place.run("explain euler-order").stdout;
    for heading in [
        "Claim",
        "Statement",
        "Hypotheses",
        "Source",
        "Measured",
        "Refuted by",
        "Tolerance",
        "Negative control",
    ] {
        assert!(text.lines().any(|line| line == heading), "{heading}");
    }
    assert!(text
        .lines()
        .filter(|line| line.contains(' '))
        .all(|line| line.trim_start().split(' ').count() == 1 || line.chars().count() <= 110));
    assert_eq!(place.record("explain euler-order")["claim"]["id"], "euler-order");
    let schema: Value = serde_json::from_str(&place.run("schema").stdout).unwrap();
    assert!(schema["properties"]["checks"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&format!("completions {shell}")).stdout.contains("dinlab"), "{shell}");
    }
    assert!(place.run("--version").stdout.starts_with("dinlab 0.1"));
    assert!(place.run("--help").stdout.contains("simulate"));
    assert!(place.names().is_empty());
}

#[test]
fn diff_of_plain_records() {
    let place = Place::new();
    for (file, steps) in [("a.json", 3), ("b.json", 3), ("c.json", 4)] {
        let line = format!(
            "iterate --objective valley --start 1,2 --step-size 0.001 --steps {steps} --quiet -o {file}"
        );
        assert_eq!(place.run(&line).code, 0);
    }
    let same = place.run("diff a.json b.json");
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    let other = place.run("diff a.json c.json --json");
    assert_eq!(other.code, 1);
    let record: Value = serde_json::from_str(&other.stdout).unwrap();
    has_provenance(&record, "dinlab/diff/1");
    assert_eq!(record["same"], false);
    assert_eq!(place.run("diff a.json nothing.json").code, 2);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dinlab"))
        .args(["completions", "zsh"])
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_dictionary_translates_both_ways() {
    let place = Place::new();
    let record = place.record("dictionary --method nesterov --step-size 0.01 --momentum 0.9");
    has_provenance(&record, "dinlab/dictionary/1");
    let indian = &record["indian"];
    close(&indian["alpha"], 1.0, 1e-14);
    close(&indian["beta"], 0.19, 1e-14);
    close(&indian["step_size"], 0.1, 1e-15);
    assert_eq!(record["names"][0]["method"], "nesterov");
    // κ = 4: ρ = 1/2, a = 3/8, b = 1/6, η = 1/9.
    let triple = place.record("dictionary --method triple-momentum --mu 1 --L 4");
    close(&triple["three_parameter"]["a"], 0.375, 1e-15);
    close(&triple["three_parameter"]["b"], 1.0 / 6.0, 1e-15);
    close(&triple["three_parameter"]["eta"], 1.0 / 9.0, 1e-15);
    let back = place.record("dictionary --alpha 2 --beta 0.5 --step-size 0.1");
    assert_eq!(back["names"][0]["method"], "gradient-descent");
    close(&back["names"][0]["step_size"], 0.05, 1e-15);
    close(&back["two_step"]["momentum"], 0.8, 1e-15);
    close(&back["two_step"]["previous_gradient"], 0.04, 1e-15);
    // The record is its own configuration.
    place.write("record.json", serde_json::to_string(&triple).unwrap());
    let again = place.record("dictionary --config record.json");
    assert_eq!(again["indian"], triple["indian"]);
}

#[test]
fn a_simulation_draws_its_slides_apart() {
    let place = Place::new();
    let line = "simulate --objective expr:abs(x)+2*abs(y) --start 1,0.7 --until 8 --figure path.svg";
    let ran = place.run(line);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let svg = std::fs::read_to_string(place.0.path().join("path.svg")).unwrap();
    assert!(svg.contains("solution, sliding") && svg.contains("start"));
    let ran = place.run("simulate --objective rosenbrock --start 1,2 --until 1 --figure path.pdf");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--figure") && ran.stderr.contains(".svg or .png"), "{}", ran.stderr);
    assert_eq!(place.names(), ["path.svg"]);
}
