//! `dinlab train` through the real binary: record, checkpoints that survive a kill, refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use std::{process::Command, time::Duration};

use serde_json::Value;
use support::Place;

const SMALL: &str = "train --data two-moons:200 --arch mlp:8 --epochs 3 --step-size 0.2";

fn refused(place: &Place, line: &str, mentions: &[&str]) {
    let before = place.names();
    let ran = place.run(line);
    assert_eq!(ran.code, 2, "{line}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{line}");
    for word in mentions {
        assert!(ran.stderr.contains(word), "{line}: no `{word}` in\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
    assert_eq!(place.names(), before, "{line}");
}

/// What must not depend on threads, time or interruption.
fn compared(mut record: Value) -> Value {
    let fields = record.as_object_mut().unwrap();
    fields.remove("provenance");
    fields.remove("timing");
    record
}

#[test]
fn a_record_holds_every_curve_and_makes_itself_again() {
    let place = Place::new();
    let line = "train --data two-moons:200 --arch mlp:8 --method indian,adam --protocol jmlr --seeds 2 --epochs 3 --tune-epochs 1 \
                --grid 0.01,0.1,1 -o run.json --figure run.svg";
    let record = place.record(line);
    assert_eq!(record["schema"], "dinlab/train/1");
    let methods = record["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 2);
    for method in methods {
        let runs = method["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 2);
        for run in runs {
            assert_eq!(run["status"], "reached-end");
            let curve = run["curve"].as_array().unwrap();
            assert_eq!((curve.len(), &curve[0]["epoch"]), (4, &0.into()));
            assert!(curve[3]["train_loss"].as_f64().unwrap() < curve[0]["train_loss"].as_f64().unwrap());
        }
        let tried = method["tuning"]["tried"].as_array().unwrap();
        let least = tried
            .iter()
            .min_by(|a, b| a["train_loss"].as_f64().unwrap().total_cmp(&b["train_loss"].as_f64().unwrap()));
        assert_eq!(least.unwrap()["step_size"], method["step_size"]);
        // The same weights and batches for every method: paired.
        assert_eq!(runs[0]["curve"][0], methods[0]["runs"][0]["curve"][0]);
    }
    assert_eq!((&methods[0]["start"], &methods[1]["start"]), (&"speed:1".into(), &"rest".into()));
    let again = place.record("train --config run.json --jobs 1");
    assert_eq!(compared(again), compared(record));
    assert!(place.names().contains(&"run.svg".to_owned()));
}

/// Killed without warning while it trains; the same line then ends where an uninterrupted run does.
#[test]
fn checkpoints_survive_a_kill() {
    let place = Place::new();
    let line =
        "train --data digits --arch mlp:32 --method nesterov,innaprop --step-size 0.05,0.01 --epochs 30";
    let whole = place.record(line);
    let with = format!("{line} --checkpoint saved --checkpoint-seconds 0");
    for delay in [30, 90, 200, 400] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dinlab"))
            .current_dir(place.0.path())
            .args(with.split_whitespace())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(compared(place.record(&with)), compared(whole));
    let ran = place.run(&with.replace("mlp:32", "mlp:33"));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("architecture is mlp:32") && ran.stderr.contains("mlp:33"), "{}", ran.stderr);
    let file = place.0.path().join("saved/nesterov-run-1.checkpoint");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let ran = place.run(&with);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("not a whole checkpoint"), "{}", ran.stderr);
}

#[test]
fn a_diverging_run_is_a_status() {
    let place = Place::new();
    let record = place.record(&SMALL.replace("0.2", "1e30"));
    assert!(record["methods"][0]["runs"][0]["status"]["non-finite"]["at"].as_f64().unwrap() >= 1.0);
    place.record(&format!("{} --checkpoint kept", SMALL.replace("0.2", "1e30")));
    assert!(place.0.path().join("kept/indian-run-1.checkpoint").exists(), "its last finite state is kept");
    // Its last good epoch is no result.
    let ran = place.run(
        "train --arch linear --data two-moons:20 --batch 8 --method sgd --step-size 1e300 --quiet --json",
    );
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(ran.code == 0 && !ran.stdout.contains("5.343"), "{}", ran.stdout);
    assert_eq!(
        record["methods"][0]["final"]["train_loss"]["mean"], "nan",
        "{}",
        record["methods"][0]["final"]
    );
}

#[test]
fn weights_are_written() {
    let place = Place::new();
    place.record("train --data two-moons:50 --arch mlp:3 --epochs 0 --step-size 1 --weights w.npy");
    // 2·3 + 3 + 3·2 + 2 numbers of 8 bytes behind a header that is a multiple of 64.
    let length = std::fs::metadata(place.0.path().join("w.npy")).unwrap().len();
    assert_eq!(length % 64, 17 * 8 % 64);
}

#[test]
fn networks_are_objectives_of_other_commands() {
    let place = Place::new();
    let start = ["0.3"; 17].join(",");
    let objective = "net:mlp:3,tanh@two-moons:40@0.1";
    let record = place.record(&format!(
        "iterate --objective {objective} --start {start} --steps 50 --step-size 0.1 --batch 8"
    ));
    assert_eq!(record["status"], "reached-end");
    refused(
        &place,
        &format!("iterate --objective net:mlp:3 --start {start} --steps 5 --step-size 0.1"),
        &["net:ARCHITECTURE@DATA"],
    );
    refused(
        &place,
        &format!("sweep --objective {objective} --method indian --steps 5 --set step_size=0.1 -o rows.csv"),
        &["--objective net:mlp:3", "networks cannot be swept", "dinlab train"],
    );
}

#[test]
fn bad_input_is_named() {
    let place = Place::new();
    std::fs::create_dir(place.0.path().join("empty")).unwrap();
    for (line, mentions) in [
        (SMALL.replace("two-moons:200", "moons"), &["--data", "moons", "two-moons"][..]),
        (SMALL.replace("two-moons:200", "two-moons:3"), &["--data", "two-moons:3", "from 10"]),
        (SMALL.replace("two-moons:200", "empty"), &["empty", "IDX", "CIFAR"]),
        (SMALL.replace("mlp:8", "mlp"), &["--arch", "mlp:w1,w2"]),
        (SMALL.replace("mlp:8", "lenet5"), &["--arch", "layer 3 (max-pool)", "6×1×1"]),
        (format!("{SMALL} --method adm"), &["--method", "adm", "did you mean `adam`"]),
        (format!("{SMALL} --method adam,adam"), &["--method", "twice"]),
        (format!("{SMALL} --batch 161"), &["--batch", "161", "1 to 160"]),
        (format!("{SMALL} --batch 0"), &["--batch", "at least 1"]),
        (format!("{SMALL} --samples 161"), &["--samples", "161", "from 2 to 160"]),
        (format!("{SMALL} --momentum 0.5"), &["--momentum", "momentum, nesterov"]),
        (format!("{SMALL} --method sgd --init rest"), &["--init", "indian and innaprop"]),
        (format!("{SMALL} --method sgd,adam --step-size 1,2,3"), &["--step-size", "3 numbers for 2 methods"]),
        (format!("{SMALL} --grid 1"), &["--grid", "--step-size"]),
        (format!("{SMALL} --initial xavier"), &["--initial", "glorot"]),
        (format!("{SMALL} --kink relu=2"), &["--kink", "[0, 1]"]),
        (SMALL.replace("mlp:8", "mlp:8,tanh --kink relu=1"), &["--kink", "no kinks"]),
        (format!("{SMALL} --method innaprop --beta 0.2"), &["--step-size", "beta = 0.2", "step 0"]),
        (
            format!("{SMALL} --loss cross-entropy").replace("two-moons:200", "chebyshev"),
            &["cross-entropy", "--loss squared"],
        ),
        (format!("{SMALL} --weights w.txt"), &["--weights", ".npy"]),
        (format!("{SMALL} --figure f.pdf"), &["--figure", ".svg or .png"]),
    ] {
        refused(&place, &line, mentions);
    }
}
