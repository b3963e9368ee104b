//! The rules of the house that a compiler does not check: who may depend on whom, and how long a file may be.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const LONGEST_FILE: usize = 500;

/// Normal dependencies inside the workspace that each crate may have (data flows from left to right).
const MAY_USE: &[(&str, &[&str])] = &[
    ("dinlab-record", &[]),
    ("dinlab-numeric", &[]),
    ("dinlab-objective", &["dinlab-record", "dinlab-numeric"]),
    ("dinlab-din", &["dinlab-record", "dinlab-numeric", "dinlab-objective"]),
    ("dinlab-indian", &["dinlab-record", "dinlab-numeric", "dinlab-objective"]),
    ("dinlab-enclosure", &["dinlab-numeric", "dinlab-objective"]),
    ("dinlab-argmin", &["dinlab-record", "dinlab-numeric", "dinlab-objective", "dinlab-indian"]),
    ("dinlab-neural", &["dinlab-record", "dinlab-numeric", "dinlab-objective", "dinlab-indian"]),
    ("dinlab-agreement", &["dinlab-numeric", "dinlab-objective", "dinlab-neural"]),
    ("dinlab-analysis", &["dinlab-record", "dinlab-numeric"]),
    ("dinlab-sweep", &["dinlab-record", "dinlab-numeric", "dinlab-objective", "dinlab-din", "dinlab-indian"]),
    ("dinlab-lapack-shim", &[]),
    (
        "dinlab-certify",
        &["dinlab-record", "dinlab-numeric", "dinlab-objective", "dinlab-indian", "dinlab-lapack-shim"],
    ),
    (
        "dinlab-map",
        &[
            "dinlab-record",
            "dinlab-numeric",
            "dinlab-objective",
            "dinlab-din",
            "dinlab-indian",
            "dinlab-sweep",
            "dinlab-analysis",
        ],
    ),
    (
        "dinlab-theory",
        &[
            "dinlab-certify",
            "dinlab-record",
            "dinlab-numeric",
            "dinlab-objective",
            "dinlab-din",
            "dinlab-indian",
            "dinlab-sweep",
            "dinlab-argmin",
            "dinlab-neural",
            "dinlab-analysis",
        ],
    ),
    ("dinlab-chart", &["dinlab-record", "dinlab-numeric"]),
    ("dinlab-report", &["dinlab-record", "dinlab-numeric", "dinlab-chart"]),
    (
        "dinlab-cli",
        &[
            "dinlab-certify",
            "dinlab-record",
            "dinlab-numeric",
            "dinlab-objective",
            "dinlab-din",
            "dinlab-indian",
            "dinlab-enclosure",
            "dinlab-sweep",
            "dinlab-argmin",
            "dinlab-neural",
            "dinlab-analysis",
            "dinlab-theory",
            "dinlab-map",
            "dinlab-chart",
            "dinlab-report",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn dependencies_point_in_one_direction() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let may_use = allowed.get(name).unwrap_or_else(|| panic!("{name} has no place in the house"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            // Development dependencies may point anywhere; they cannot make a cycle in what is shipped.
            if dependency["kind"].is_null() && used.starts_with("dinlab-") {
                assert!(may_use.contains(&used), "{name} must not depend on {used}");
            }
            let cli_only = ["anyhow", "clap", "indicatif"].contains(&used);
            assert!(!cli_only || name == "dinlab-cli", "only the command line uses {used}, not {name}");
        }
    }
}

#[test]
fn no_source_file_is_longer_than_the_limit() {
    let mut too_long = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|e| e == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                if lines > LONGEST_FILE {
                    too_long.push(format!("{} has {lines} lines", path.display()));
                }
            }
        }
    }
    assert!(too_long.is_empty(), "limit {LONGEST_FILE}: {}", too_long.join(", "));
}
