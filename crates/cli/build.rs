//! Facts about this build for the provenance of every record: commit, dirty flag, compiler, target.
//! Without git, or outside a checkout, commit is "unknown".
#![allow(clippy::print_stdout)] // cargo reads the instructions of a build script from its standard output

use std::{path::Path, process::Command};

fn main() {
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".into());
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let toolchain = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    // A source archive unpacked inside some other repository is not a checkout of this one.
    let tracked = output("git", &["ls-files", "--error-unmatch", "Cargo.toml"]).is_some();
    let commit = output("git", &["rev-parse", "HEAD"]).filter(|_| tracked);
    let status = ["status", "--porcelain", "--", "..", "../../Cargo.toml", "../../Cargo.lock", "../../data"];
    let dirty = commit.is_some() && output("git", &status).is_none_or(|changes| !changes.is_empty());
    println!("cargo:rustc-env=DINLAB_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo:rustc-env=DINLAB_DIRTY={dirty}");
    println!("cargo:rustc-env=DINLAB_TOOLCHAIN={toolchain}");
    println!("cargo:rustc-env=DINLAB_TARGET={target}");

    // Any change of a source may change the dirty flag; a commit changes the index and the log of HEAD.
    for path in ["..", "../../Cargo.toml", "../../Cargo.lock", "../../data"] {
        watch(path);
    }
    if tracked {
        for name in ["HEAD", "index", "logs/HEAD"] {
            if let Some(path) = output("git", &["rev-parse", "--git-path", name]) {
                watch(&path);
            }
        }
    }
}

fn watch(path: &str) {
    if Path::new(path).exists() {
        println!("cargo:rerun-if-changed={path}");
    }
}

/// Standard output of a command that succeeded, trimmed.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let result = Command::new(program).args(arguments).output().ok().filter(|r| r.status.success())?;
    String::from_utf8(result.stdout).ok().map(|text| text.trim().to_owned())
}
