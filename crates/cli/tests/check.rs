//! The main job through the real binary, on one check: files, record, cache, figures again, differences.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use serde_json::Value;
use support::Place;

const CHECK: &str = "check stability-region --effort quick --out out";

fn report(place: &Place) -> Value {
    serde_json::from_slice(&std::fs::read(place.0.path().join("out/checks.json")).unwrap()).unwrap()
}

#[test]
fn the_main_job_writes_its_report_and_keeps_what_is_unchanged() {
    let place = Place::new();
    let ran = place.run(CHECK);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr, "", "no progress where standard error is no terminal");
    assert!(
        ran.stdout.contains("stability-region") && ran.stdout.contains("out/index.html"),
        "{}",
        ran.stdout
    );
    for file in [
        "checks.json",
        "index.html",
        "checks.tex",
        "references.bib",
        "figures/stability-region.svg",
        "figures/stability-region.png",
        "data/stability-region.csv",
        "cache/stability-region.json",
    ] {
        assert!(std::fs::metadata(place.0.path().join("out").join(file)).unwrap().len() > 0, "{file}");
    }
    let first = report(&place);
    assert_eq!(first["schema"], "dinlab/checks/1");
    assert_eq!((&first["plan"]["command"], &first["plan"]["effort"]), (&"check".into(), &"quick".into()));
    let entry = &first["checks"][0];
    for key in [
        "id",
        "family",
        "title",
        "verdict",
        "evidence",
        "measurements",
        "worst_case",
        "control",
        "erratum",
        "source",
        "seed",
        "plan",
        "timing",
    ] {
        assert!(!entry[key].is_null() || key == "erratum", "{key}");
    }
    assert_eq!((&entry["verdict"], &entry["control"]["verdict"]), (&"consistent".into(), &"violated".into()));
    assert_eq!(entry["cached"], false);

    // The same again comes from the cache; another seed does not; --fresh does not.
    let again = place.run(&format!("{CHECK} --json"));
    let printed: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(printed["checks"][0]["cached"], true);
    assert_eq!(printed["checks"][0]["measurements"], entry["measurements"]);
    let twin = place.run("check --config out/checks.json --out twin --jobs 2 --quiet");
    assert_eq!((twin.code, twin.stdout.as_str()), (0, ""), "{}", twin.stderr);
    assert_eq!(place.run("diff out twin").code, 0);
    assert_eq!(place.run(&format!("{CHECK} --fresh --seed 7 --quiet")).code, 0);
    assert_eq!(report(&place)["checks"][0]["cached"], false);
    assert_eq!(place.run("diff out twin").code, 1, "another seed is a difference");

    // Figures are functions of the record.
    let svg = place.0.path().join("out/figures/stability-region.svg");
    let drawn = std::fs::read(&svg).unwrap();
    std::fs::remove_file(&svg).unwrap();
    let figure = place.run("figure stability-region --format svg --out out");
    assert_eq!(figure.code, 0, "{}", figure.stderr);
    assert_eq!(std::fs::read(&svg).unwrap(), drawn);
    let unknown = place.run("figure stability-regoin --out out");
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `stability-region`"), "{}", unknown.stderr);
    let leftovers: Vec<String> =
        place.names().into_iter().filter(|name| name.contains(".tmp") || name.contains("probe")).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn the_users_own_case_is_run_and_stated() {
    let place = Place::new();
    let line = "check euler-order --objective quadratic:1,2 --start 1,-1 --alpha 0.3 --until 1 --effort quick --out out --json";
    let ran = place.run(line);
    let record: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", ran.stdout, ran.stderr));
    assert_eq!(record["plan"]["objective"], "quadratic:1,2");
    let entry = &record["checks"][0];
    assert!(entry["command"].as_str().unwrap().contains("--start=1,-1"), "{}", entry["command"]);
    assert!(entry["plan"]["cases"].to_string().contains("quadratic:1,2"));
    assert!(place.0.path().join("out/cache/euler-order-own.json").exists());
    assert!([0, 1].contains(&ran.code));
}

#[test]
fn checks_that_cannot_take_the_users_own_case_are_left_out_or_refused() {
    let place = Place::new();
    let ran = place.run("check --objective power:4 --effort quick --out out");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("left out") && ran.stderr.contains("figure-one"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("figure-one") && ran.stdout.contains("kl-rate-flat"), "{}", ran.stdout);
    // One that is named in full has to take it, and nothing is run or written where it cannot.
    let named =
        place.run("check discrete-local-rate kl-rate-flat --objective power:4 --effort quick --out other");
    assert_eq!(named.code, 2);
    assert!(
        named.stderr.contains("discrete-local-rate") && named.stderr.contains("step size"),
        "{}",
        named.stderr
    );
    assert!(!place.0.path().join("other").exists());
}

/// An interrupted run says so and leaves whole files only.
#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_finished() {
    let place = Place::new();
    // Days of work on any machine.
    let line = "iterate --objective quadratic:1 --start 1 --step-size 1e-3 --steps 1000000000000 \
                --record-every 10000000 --json";
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dinlab"))
        .args(line.split_whitespace())
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut text).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{text}");
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["status"], "interrupted");
    assert!(record["final"]["k"].as_u64().unwrap() < 1_000_000_000_000);
}

/// Ctrl-C in the main job: what is finished is kept, and the next run goes on from there.
#[cfg(unix)]
#[test]
fn an_interrupted_main_job_keeps_its_finished_checks() {
    let place = Place::new();
    let line = "check stability-region family:A --effort standard --jobs 1 --out out";
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dinlab"))
        .args(line.split_whitespace())
        .current_dir(place.0.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let cache = place.0.path().join("out/cache");
    let finished = || std::fs::read_dir(&cache).map_or(0, |entries| entries.count());
    while finished() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before a check was finished");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let kept = report(&place);
    let ids: Vec<&str> =
        kept["checks"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert!(!ids.is_empty() && ids.len() < 9, "{ids:?}");
    for id in ids {
        let again = place.run(&format!("check {id} --effort standard --out out --json"));
        let record: Value = serde_json::from_str(&again.stdout).unwrap();
        assert_eq!(record["checks"][0]["cached"], true, "{id}");
    }
}

/// A folder that takes no more bytes (here by a limit on the size of files): a clear error, and the old report stands.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_spares_the_old_report() {
    let place = Place::new();
    assert_eq!(place.run(CHECK).code, 0);
    let before = std::fs::read(place.0.path().join("out/checks.json")).unwrap();
    let full = |line: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 1; exec {} {line}", env!("CARGO_BIN_EXE_dinlab"));
        let shell =
            std::process::Command::new("bash").args(["-c", &script]).current_dir(place.0.path()).output();
        let shell = shell.unwrap();
        (shell.status.code(), String::from_utf8(shell.stderr).unwrap())
    };
    let (code, stderr) = full(&format!("{CHECK} --fresh --seed 1"));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("out/") && stderr.contains("too large"), "{stderr}");
    assert_eq!(std::fs::read(place.0.path().join("out/checks.json")).unwrap(), before);
    let (code, stderr) =
        full("iterate --objective power:4 --start 1 --step-size 0.01 --steps 1000 -o run.csv");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("run.csv"), "{stderr}");
    let names = place.names();
    assert!(!names.iter().any(|name| name.contains("run.csv") || name.contains(".tmp")), "{names:?}");
}

#[test]
#[cfg(unix)]
fn a_killed_contest_goes_on_from_the_runs_it_finished() {
    let line =
        "check promise-performance --objective net:mlp:4@two-moons:200 --effort quick --out out --quiet";
    let (place, whole) = (Place::new(), Place::new());
    let kept = || std::fs::read_dir(place.0.path().join("out/cache/runs")).map_or(0, Iterator::count);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dinlab"))
        .args(line.split_whitespace())
        .current_dir(place.0.path())
        .spawn()
        .unwrap();
    while kept() < 20 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(kept() >= 20, "killed with {} runs kept", kept());
    assert!(std::fs::metadata(place.0.path().join("out/checks.json")).is_err(), "it was not finished");
    let (code, other) = (place.run(line).code, whole.run(line).code);
    assert_eq!((code, kept()), (other, 0), "runs of a finished check are forgotten");
    let measured = |place: &Place| report(place)["checks"][0]["measurements"].clone();
    assert_eq!(measured(&place), measured(&whole));
}
