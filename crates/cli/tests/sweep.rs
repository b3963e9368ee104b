//! `dinlab sweep` and `dinlab merge` through the real binary: formats, kill and resume, shards, damaged files, bad input.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use support::Place;

const SMALL: &str = "sweep --objective double-well --steps 200 --axis step-size=log:1e-3:0.1:4 \
    --axis theta-1=linear:-2:2:5 --axis theta-2=random:-1:1 --limit 1e-3 --measure value --quiet";

/// Takes seconds: long enough to be killed in between.
const LONG: &str = "sweep --objective expr:x^4-4*x^2+y^2+0.1*sin(5*x*y) --steps 2000 --axis alpha=linear:0:2:30 \
    --axis beta=linear:0.01:1:30 --axis theta-1=random:-2:2 --axis theta-2=random:-2:2 --samples 20 --set step-size=0.01 \
    --measure oscillation --quiet --jobs 2";

fn ok(place: &Place, line: &str) {
    let ran = place.run(line);
    assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
}

fn refused(place: &Place, line: &str, mentions: &[&str]) {
    let ran = place.run(line);
    assert_eq!(ran.code, 2, "{line}: {}{}", ran.stdout, ran.stderr);
    for word in mentions {
        assert!(ran.stderr.contains(word), "{line}: no `{word}` in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
}

fn bytes(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.0.path().join(name)).unwrap()
}

#[test]
fn formats_hold_the_same_rows_and_the_plan() {
    let place = Place::new();
    for name in ["a.csv", "a.json", "a.npy", "a.npz", "a.sweep"] {
        ok(&place, &format!("{} -o {name}", SMALL));
    }
    assert_eq!(place.names(), ["a.csv", "a.json", "a.npy", "a.npz", "a.sweep"]);
    let csv = String::from_utf8(bytes(&place, "a.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("# plan: {\"objective\":\"double-well\""), "{}", lines[0]);
    assert_eq!(lines[1], "step_size,start_theta_1,start_theta_2,status,at,theta_1,theta_2,value,limit");
    assert_eq!(lines.len(), 2 + 20);
    let json: serde_json::Value = serde_json::from_slice(&bytes(&place, "a.json")).unwrap();
    assert_eq!(
        (json["rows"].as_array().unwrap().len(), json["schema"].as_str()),
        (20, Some("dinlab/sweep/1"))
    );
    // The plan in a record, and the one in a file, give the same rows again.
    ok(&place, "sweep a.json --quiet -o b.csv");
    assert_eq!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
    ok(&place, "sweep --config a.json --quiet -o b.csv --jobs 1");
    assert_eq!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
    ok(&place, &format!("{} --write-plan p.toml", SMALL));
    ok(&place, "sweep p.toml --quiet -o b.csv");
    assert_eq!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
    ok(&place, "merge a.sweep -o b.csv --quiet");
    assert_eq!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
    // Another seed, other starts.
    ok(&place, "sweep p.toml --quiet -o b.csv --seed 7");
    assert_ne!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
}

#[test]
fn a_cell_is_what_iterate_computes() {
    let place = Place::new();
    ok(
        &place,
        "sweep --objective valley --steps 100 --start -1.5,0.5 --axis alpha=list:0.5,1 --axis beta=list:0.1 \
        --axis step-size=list:1e-3 --quiet -o a.json",
    );
    let json: serde_json::Value = serde_json::from_slice(&bytes(&place, "a.json")).unwrap();
    let one =
        place.record("iterate --objective valley --steps 100 --start -1.5,0.5 --alpha 1 --step-size 1e-3");
    assert_eq!(json["rows"][1][5], one["final"]["theta"][0]);
    assert_eq!(json["rows"][1][6], one["final"]["theta"][1]);
}

#[test]
fn a_killed_sweep_resumes_to_the_same_bytes() {
    let place = Place::new();
    ok(&place, &format!("{LONG} -o whole.csv"));
    let words: Vec<&str> = LONG.split_whitespace().collect();
    let mut resumed = 0;
    for attempt in 0..3 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dinlab"))
            .current_dir(place.0.path())
            .args(&words)
            .args(["-o", "part.csv", if attempt == 0 { "--fresh" } else { "--resume" }])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        let checkpoint = place.0.path().join("part.csv.checkpoint");
        // Frames reach the file by the megabyte or every three seconds.
        while begin.elapsed() < Duration::from_secs(20) && child.try_wait().unwrap().is_none() {
            if checkpoint.exists() && begin.elapsed() > Duration::from_millis(700) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            resumed += 1;
        }
        child.wait().unwrap();
    }
    assert!(resumed > 0, "the sweep was always done before it could be killed");
    if place.0.path().join("part.csv.checkpoint").exists() {
        refused(&place, &format!("{LONG} -o part.csv"), &["--resume", "--fresh", "part.csv.checkpoint"]);
        refused(
            &place,
            &format!("{} --resume -o part.csv", LONG.replace("2000", "2001")),
            &["another plan", "--fresh"],
        );
        ok(&place, "merge part.csv.checkpoint --partial -o partial.csv --quiet");
        ok(&place, &format!("{LONG} --resume -o part.csv"));
    }
    assert!(bytes(&place, "whole.csv") == bytes(&place, "part.csv"));
    assert!(!place.0.path().join("part.csv.checkpoint").exists());
}

#[test]
fn shards_merge_to_the_same_bytes() {
    let place = Place::new();
    // Chunks of 64 cells, so that there is something to divide.
    let line =
        LONG.replace("--steps 2000", "--steps 131072").replace(":30", ":3").replace("x^4", "x^4+0.1*x");
    ok(&place, &format!("{line} -o whole.npz"));
    for i in 1..=3 {
        ok(&place, &format!("{line} --shard {i}/3 -o s{i}.sweep"));
    }
    ok(&place, "merge s3.sweep s1.sweep s2.sweep -o all.npz --quiet");
    assert!(bytes(&place, "whole.npz") == bytes(&place, "all.npz"));
    refused(&place, "merge s1.sweep s3.sweep -o x.csv", &["missing", "--partial"]);
    ok(&place, "merge s1.sweep s3.sweep -o x.csv --partial --quiet");
    refused(&place, "merge s1.sweep s1.sweep s2.sweep s3.sweep -o y.csv", &["overlap", "s1.sweep"]);
    ok(&place, &format!("{} -o other.sweep", SMALL));
    refused(&place, "merge s1.sweep other.sweep -o y.csv", &["another plan"]);
    // Damage: a bit in the middle, a cut end, something else altogether.
    let good = bytes(&place, "s2.sweep");
    let mut bad = good.clone();
    let middle = good.len() * 3 / 4;
    bad[middle] ^= 4;
    place.write("bad.sweep", &bad);
    refused(&place, "merge s1.sweep bad.sweep s3.sweep -o y.csv", &["bad.sweep", "corrupted", "checksum"]);
    bad = good.clone();
    bad[40] ^= 1;
    place.write("bad.sweep", &bad);
    refused(&place, "merge s1.sweep bad.sweep s3.sweep -o y.csv", &["bad.sweep", "header is corrupted"]);
    for cut in [good.len() - 1, good.len() / 2, 30, 0] {
        place.write("bad.sweep", &good[..cut]);
        refused(&place, "merge s1.sweep bad.sweep s3.sweep -o y.csv", &["bad.sweep"]);
    }
    place.write("bad.sweep", "step,theta\n1,2\n");
    refused(&place, "merge s1.sweep bad.sweep -o y.csv", &["bad.sweep", "no file of rows"]);
    refused(&place, "merge s1.sweep nowhere.sweep -o y.csv", &["nowhere.sweep"]);
    assert!(!place.names().contains(&"y.csv".to_owned()));
}

#[test]
fn reductions_are_written_and_merged() {
    let place = Place::new();
    let line = format!("{SMALL} --reduce grid:step-size,start-theta-1:value");
    for name in ["a.json", "a.csv", "a.npy", "a.sweep"] {
        ok(&place, &format!("{line} -o {name}"));
    }
    assert_eq!(place.names(), ["a.csv", "a.json", "a.npy", "a.sweep"]);
    let csv = String::from_utf8(bytes(&place, "a.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[1], "step_size,start_theta_1,count,not_finite,mean,least,largest");
    assert_eq!(lines.len(), 2 + 20);
    let json: serde_json::Value = serde_json::from_slice(&bytes(&place, "a.json")).unwrap();
    assert_eq!(json["grids"][0]["shape"], serde_json::json!([4, 5]));
    // One row in each place: its mean is its value in the table of rows.
    ok(&place, &format!("{SMALL} -o rows.json"));
    let rows: serde_json::Value = serde_json::from_slice(&bytes(&place, "rows.json")).unwrap();
    for (i, row) in rows["rows"].as_array().unwrap().iter().enumerate() {
        assert_eq!(json["grids"][0]["mean"][i], row[7], "{i}");
    }
    ok(&place, "merge a.sweep -o b.json --quiet");
    assert_eq!(bytes(&place, "a.json"), bytes(&place, "b.json"));
    // The plan of the record does the same again.
    ok(&place, "sweep a.json --quiet -o b.csv --jobs 1");
    assert_eq!(bytes(&place, "a.csv"), bytes(&place, "b.csv"));
    ok(&place, &format!("{SMALL} -o rows.sweep"));
    refused(&place, "merge a.sweep rows.sweep -o c.json", &["rows.sweep", "no file of reductions"]);
}

#[test]
fn bad_plans_are_refused_by_name() {
    let place = Place::new();
    let base = "sweep --objective valley --steps 10 --set step-size=0.01";
    for (more, mentions) in [
        ("", &["axes", "at least one"][..]),
        ("--axis alpha=linear:1:0:5", &["alpha", "wrong way round"]),
        ("--axis alpha=linear:0:1:0", &["alpha", "at least 1"]),
        ("--axis alpha=log:0:1:5", &["alpha", "positive"]),
        ("--axis alpha=list:", &["--axis", "number 1"]),
        ("--axis alpha=linear:0:nan:3", &["--axis", "finite"]),
        ("--axis gamma=linear:0:1:3", &["gamma", "expected one of", "alpha"]),
        ("--axis alpha=spiral:0:1:3", &["--axis", "linear:FROM:TO:COUNT"]),
        ("--axis alpha=linear:-1:1:3", &["alpha", "-1", ">= 0"]),
        ("--axis alpha=linear:0:1:3 --set alpha=1", &["alpha", "fixed"]),
        ("--axis alpha=linear:0:1:3 --samples 5", &["samples", "random"]),
        ("--axis alpha=linear:0:1:3 --first-in 1,2,3:0.1", &["first-in", "3 numbers", "expected 2"]),
        ("--axis alpha=linear:0:1:3 --first-in 1,2:-1", &["--first-in", "greater than 0"]),
        ("--axis alpha=linear:0:1:3 --shard 5/4 -o x.sweep", &["--shard", "i <= n"]),
        ("--axis alpha=linear:0:1:3 --shard 1/4 -o x.csv", &["--shard", ".sweep"]),
        ("--axis alpha=linear:0:1:3 --method adam", &["alpha", "beta1"]),
        ("--axis alpha=linear:0:1:3 --until 5", &["until", "dynamics"]),
        ("--axis alpha=linear:0:1:3 --dynamics din --until 5", &["steps", "dynamics"]),
        ("--axis alpha=linear:0:1:3 --histogram beta=0:1:5", &["--histogram", "beta", "alpha"]),
        ("--axis alpha=linear:0:1:3 --histogram at=1:0:5", &["--histogram", "LOW < HIGH"]),
        ("--axis alpha=list:0.5,-1,0.5", &["alpha", "-1", ">= 0"]),
        ("--axis alpha=random:-1:1", &["alpha", "-1", ">= 0"]),
        ("--axis speed=linear:0:1:3", &["speed", "no such number"]),
        ("--axis alpha=linear:0:1:3 --reduce mean:at", &["--reduce", "histogram:COLUMN"]),
        ("--axis alpha=linear:0:1:3 --reduce histogram:beta:0:1:5", &["reduce", "beta", "alpha"]),
        ("--axis alpha=linear:0:1:3 --reduce grid:alpha,theta-1:at", &["reduce", "theta_1/LOW/HIGH/BINS"]),
        (
            "--axis alpha=linear:0:1:9999 --reduce grid:alpha,at/0/9/1000:at",
            &["reduce", "9999000 places", "at most 1048576"],
        ),
        ("--axis alpha=linear:0:1:3 --reduce extremes -o x.npz", &["-o x.npz", "no rows", ".json"]),
        ("--axis alpha=linear:0:1:3 --reduce extremes -o x.csv", &["-o x.csv", "one histogram or one grid"]),
        ("--axis alpha=linear:0:1:3 -o no/where.csv", &["-o", "does not exist"]),
        ("--axis alpha=linear:0:1:3 -o x.txt", &[".csv"]),
    ] {
        refused(&place, &format!("{base} {more}"), mentions);
    }
    for name in ["rate", "theta_2", "start_theta_1", "second_1", "speed", "at"] {
        let line = format!(
            "sweep --objective expr:{name}*x^2 --parameters {name} --axis {name}=list:1,2 --steps 3 --set step-size=0.1"
        );
        refused(&place, &line, &["parameters", name, "another name"]);
    }
    place.write("p.toml", "objective = \"valley\"\nstepps = 3\n");
    refused(&place, "sweep p.toml", &["p.toml", "stepps"]);
    place.write("p.toml", "objective = \"valley\"\nsteps = \n");
    refused(&place, "sweep p.toml", &["p.toml"]);
    refused(&place, "sweep nowhere.toml", &["nowhere.toml"]);
    assert_eq!(place.names(), ["p.toml"]);
}

#[test]
fn enormous_sweeps_ask_first() {
    let place = Place::new();
    let line = "sweep --objective valley --steps 1000 --axis alpha=linear:0:1:1000000 --axis beta=linear:0:1:1000000 \
        --set step-size=0.01 -o x.csv";
    refused(&place, line, &["1000000000000 cells", "TB", "--yes", "--shard"]);
    assert!(place.names().is_empty());
}

#[test]
fn parameters_of_expressions_are_axes() {
    let place = Place::new();
    // One step of gradient descent on λx²/2 from 1: x = 1 − γλ.
    ok(
        &place,
        "sweep --objective expr:lambda*x^2/2 --parameters lambda --method gradient-descent --steps 1 \
        --axis lambda=list:0.5,2,4 --axis step-size=list:0.25 --set theta_2=1 --quiet -o a.json",
    );
    let json: serde_json::Value = serde_json::from_slice(&bytes(&place, "a.json")).unwrap();
    let ends: Vec<f64> =
        json["rows"].as_array().unwrap().iter().map(|row| row[4].as_f64().unwrap()).collect();
    assert_eq!(ends, [0.875, 0.5, 0.0]);
}

#[test]
fn rows_can_be_counted_without_being_kept() {
    let place = Place::new();
    let record = place.record(
        "sweep --objective double-well --steps 50 --set step-size=0.01 --axis theta-1=linear:-2:2:1001 --axis theta-2=list:1 \
         --histogram start_theta_1=-1:1:4 --quiet",
    );
    let histogram = &record["histograms"]["start_theta_1"];
    // 1001 equidistant starts from -2 to 2: 250 below -1, 125 in each quarter (bins are half open), the rest above.
    assert_eq!(histogram["counts"], serde_json::json!([125, 125, 125, 125]));
    assert_eq!(
        (&histogram["below"], &histogram["above"]),
        (&serde_json::json!(250), &serde_json::json!(251))
    );
    assert_eq!(
        (&record["rows"], &record["status"]["reached-end"]),
        (&serde_json::json!(1001), &serde_json::json!(1001))
    );
    assert!(place.names().is_empty());
}
