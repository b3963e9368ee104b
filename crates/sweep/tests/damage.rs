//! Files whose bits have changed, or whose end is missing, are never read as data.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use std::{fs, sync::atomic::AtomicBool};

use dinlab_numeric::Draws;
use dinlab_sweep::{
    merge_reductions,
    reduce::Tally,
    store::{Header, Writer},
    Merge, Plan, Resolved,
};

const PLAN: &str = r#"
objective = "well"
steps = 140000
fixed = { step_size = 0.01 }
axes = [{ name = "theta_1", linear = [-2.0, 2.0, 150] }]
"#;

fn resolved(text: &str) -> Resolved {
    toml::from_str::<Plan>(text).unwrap().resolve().unwrap()
}

/// The file with one bit changed, for `count` places spread over it at random.
fn flipped(bytes: &[u8], count: u64, label: &str) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let (bytes, draws) = (bytes.to_vec(), Draws::new(5, label));
    (0..count).map(move |i| {
        let mut stream = draws.stream(i);
        let (place, bit) = (stream.below(bytes.len()), stream.below(8));
        let mut bad = bytes.clone();
        bad[place] ^= 1 << bit;
        (place, bad)
    })
}

#[test]
fn a_changed_bit_in_a_file_of_rows_is_noticed_or_computed_again() {
    let plan = resolved(PLAN);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.sweep");
    let run = |resume| plan.run_into(&path, 0..150, resume, &AtomicBool::new(false), &mut |_| {});
    run(false).unwrap();
    let good = fs::read(&path).unwrap();
    let mut resumed = 0;
    for (i, (place, bad)) in flipped(&good, 300, "rows").enumerate() {
        fs::write(&path, &bad).unwrap();
        assert!(Merge::open(std::slice::from_ref(&path), false).is_err(), "byte {place}");
        // A length that has grown beyond the end looks like a frame cut short: then its cells run again.
        if i < 60 && run(true).is_ok() {
            resumed += 1;
            assert!(fs::read(&path).unwrap() == good, "byte {place}");
        }
    }
    assert!(resumed < 60, "nothing was noticed on resuming");
    for length in 0..good.len() {
        if length % 37 == 0 {
            fs::write(&path, &good[..length]).unwrap();
            assert!(Merge::open(std::slice::from_ref(&path), false).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn a_checkpoint_of_another_version_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.sweep");
    let own = Header::new(&toml::from_str(PLAN).unwrap(), vec!["theta_1".into()], 150, (0, 150));
    let old = Header { version: "0.0.1".into(), ..own.clone() };
    drop(Writer::create(&path, &old).unwrap());
    let before = fs::read(&path).unwrap();
    let message = Writer::resume(&path, &own).unwrap_err().to_string();
    assert!(message.contains("version 0.0.1") && message.contains("--fresh"), "{message}");
    assert!(fs::read(&path).unwrap() == before, "nothing may be lost");
    drop(Writer::resume(&path, &old).unwrap());
}

#[test]
fn a_changed_bit_in_a_file_of_reductions_is_noticed() {
    let plan = resolved(&format!(
        "reduce = [\"histogram:theta_1:-2:2:9\", \"grid:start_theta_1,at/0/1/2:at\"]\n{PLAN}"
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sums.sweep");
    let run = |resume| plan.reduce_into(Some(&path), 0..150, resume, &AtomicBool::new(false), &mut |_| {});
    run(false).unwrap().1.unwrap();
    let good = fs::read(&path).unwrap();
    for (place, bad) in flipped(&good, 500, "sums") {
        fs::write(&path, &bad).unwrap();
        assert!(Tally::read(&path).is_err(), "byte {place}");
        assert!(merge_reductions(std::slice::from_ref(&path), true).is_err(), "byte {place}");
        assert!(run(true).is_err(), "byte {place}");
        assert!(fs::read(&path).unwrap() == bad, "a file that is not understood is left alone");
    }
    for length in (0..good.len()).step_by(31) {
        fs::write(&path, &good[..length]).unwrap();
        assert!(Tally::read(&path).is_err(), "{length} bytes");
    }
}
