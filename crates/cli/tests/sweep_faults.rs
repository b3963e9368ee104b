//! Sweeps that are interrupted or meet a full disk: what is finished is kept, and going on gives the bytes of an undisturbed run.

#![cfg(unix)]
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use support::Place;

/// Takes seconds: long enough to be interrupted in between.
const LONG: &str = "sweep --objective expr:x^4-4*x^2+y^2+0.1*sin(5*x*y) --steps 2000 --axis alpha=linear:0:2:30 \
    --axis beta=linear:0.01:1:30 --axis theta-1=random:-2:2 --axis theta-2=random:-2:2 --samples 20 --set step-size=0.01 \
    --measure oscillation --quiet --jobs 2";
const REDUCED: &str =
    "--reduce grid:start-theta-1/-2/2/100,start-theta-2/-2/2/100:theta-1 --reduce histogram:turns:0:100:50";

fn ok(place: &Place, line: &str) {
    let ran = place.run(line);
    assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
}

fn bytes(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.0.path().join(name)).unwrap()
}

/// Interrupts the command once its checkpoint is there and `grown` says so; its exit code and its standard error.
fn interrupted(place: &Place, line: &str, file: &str) -> (Option<i32>, String) {
    let child = Command::new(env!("CARGO_BIN_EXE_dinlab"))
        .current_dir(place.0.path())
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (begin, checkpoint) = (Instant::now(), place.0.path().join(file));
    while !checkpoint.exists() && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(sent.success() || output.status.code() == Some(0), "{said}");
    (output.status.code(), said)
}

#[test]
fn a_sweep_that_is_interrupted_keeps_what_is_finished() {
    let place = Place::new();
    for more in ["-o whole.csv", &format!("{REDUCED} -o whole.json")] {
        ok(&place, &format!("{LONG} {more}"));
    }
    for (more, file) in [("-o part.csv", "part.csv"), (&format!("{REDUCED} -o part.json"), "part.json")] {
        let checkpoint = format!("{file}.checkpoint");
        let (code, said) = interrupted(&place, &format!("{LONG} {more}"), &checkpoint);
        // Not 0: then the sweep would have been over before the signal came.
        assert_eq!(code, Some(130), "{said}");
        assert!(said.contains("--resume") && said.contains(&checkpoint), "{said}");
        assert!(!place.names().contains(&file.to_owned()));
        let table = if file.ends_with("csv") { "csv" } else { "json" };
        ok(&place, &format!("merge {checkpoint} --partial -o sofar.{table} --quiet"));
        let ran = place.run(&format!("{LONG} {more}"));
        assert!(ran.code == 2 && ran.stderr.contains("--resume"), "{}", ran.stderr);
        ok(&place, &format!("{LONG} {more} --resume"));
        assert!(bytes(&place, file) == bytes(&place, &file.replace("part", "whole")), "{file}");
        assert!(!place.names().contains(&checkpoint));
    }
}

/// Runs a command whose files may not grow beyond so many kilobytes, as on a disk that is full then.
fn on_a_full_disk(place: &Place, line: &str, kilobytes: u64) -> (Option<i32>, String) {
    // Ignoring the signal makes the write fail, as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 2 * kilobytes);
    let output = Command::new("sh")
        .current_dir(place.0.path())
        .args(["-c", &script, env!("CARGO_BIN_EXE_dinlab")])
        .args(line.split_whitespace())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_full_disk_loses_nothing_that_was_finished() {
    let place = Place::new();
    ok(&place, &format!("{LONG} -o whole.csv"));
    ok(&place, &format!("{LONG} {REDUCED} -o whole.json"));
    // The checkpoint has 18,000 rows of 10 numbers, 1,440 kB, and the table more: a limit below, and one between.
    assert!(bytes(&place, "whole.csv").len() > 1_900_000, "{}", bytes(&place, "whole.csv").len());
    for (limit, says) in [(400, "keeps what is finished"), (1800, "the sweep is finished")] {
        let (code, said) = on_a_full_disk(&place, &format!("{LONG} -o part.csv"), limit);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(says) && said.contains("--resume") && said.contains("part.csv"), "{said}");
        assert_eq!(place.names(), ["part.csv.checkpoint", "whole.csv", "whole.json"]);
        let kept = bytes(&place, "part.csv.checkpoint").len();
        assert!(kept > 1000 * (limit as usize).min(1400) / 2, "{kept}");
        ok(&place, &format!("{LONG} -o part.csv --resume"));
        assert!(bytes(&place, "whole.csv") == bytes(&place, "part.csv"));
        fs::remove_file(place.0.path().join("part.csv")).unwrap();
    }
    // 10⁴ places of 48 bytes, and the sums as they come.
    let (code, said) = on_a_full_disk(&place, &format!("{LONG} {REDUCED} -o part.json"), 490);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("keeps what is finished") && said.contains("--resume"), "{said}");
    assert_eq!(place.names(), ["part.json.checkpoint", "whole.csv", "whole.json"]);
    ok(&place, &format!("{LONG} {REDUCED} -o part.json --resume"));
    assert!(bytes(&place, "whole.json") == bytes(&place, "part.json"));
}
