//! Time and peak memory of `dinlab check` at each effort, from a cold cache. `cargo bench --workspace --bench check`;
//! efforts can be named (`-- quick standard`), all three otherwise. The peak is read from /proc, so it is Linux only.

// A benchmark prints its result.
#![allow(clippy::print_stdout)]

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let all = ["quick", "standard", "thorough"];
    for effort in all.into_iter().filter(|e| named.is_empty() || named.iter().any(|n| n == e)) {
        let folder = std::env::temp_dir().join(format!("dinlab-bench-{}-{effort}", std::process::id()));
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dinlab"))
            .args(["check", "--fresh", "--quiet", "--effort", effort, "--out"])
            .arg(&folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary was just built");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = None;
        let code = loop {
            peak = fs::read_to_string(&status).ok().and_then(|text| high_water(&text)).or(peak);
            if let Some(code) = child.try_wait().expect("the child can be waited for") {
                break code;
            }
            thread::sleep(Duration::from_millis(5));
        };
        let seconds = begun.elapsed().as_secs_f64();
        let memory = peak.map_or("unknown".to_owned(), |kib| format!("{:.0} MiB", kib / 1024.0));
        println!("check --effort {effort}: {seconds:.1} s, peak memory {memory}, {code}");
        // A leftover folder in the temporary directory harms nobody.
        let _ = fs::remove_dir_all(&folder);
    }
}

/// Peak resident set in KiB.
fn high_water(status: &str) -> Option<f64> {
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}
