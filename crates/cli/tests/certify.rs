//! `dinlab certify` by performance estimation and Lyapunov functions: bounds, certificates, refusals.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use support::Place;

#[test]
fn a_bound_is_the_closed_form_and_its_certificate_holds() {
    let place = Place::new();
    let run = place.run(
        "certify worst-case --method gradient-descent --class smooth-convex --steps 5 --certificate gd.json",
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bound: f64 = run
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("f(x_N) - f* <= ")?.split_whitespace().next()?.parse().ok())
        .unwrap();
    // Drori and Teboulle 2014: LR²/(4N + 2).
    let closed = 1.0 / 22.0;
    assert!((closed..closed * (1.0 + 1e-6)).contains(&bound), "{bound}");
    assert_eq!(place.run("certify verify gd.json").code, 0);
    let text = std::fs::read_to_string(place.0.path().join("gd.json")).unwrap();
    place.write("forged.json", text.replace("\"steps\": 5", "\"steps\": 6"));
    assert!(text.contains("\"steps\": 5"));
    let forged = place.run("certify verify forged.json");
    assert_eq!(forged.code, 1, "{}", forged.stdout);
    place.write("hash.json", text.replacen("sha256:", "sha256:0", 1));
    assert_ne!(place.run("certify verify hash.json").code, 0);
}

#[test]
fn a_rate_is_above_the_truth_and_its_certificate_holds() {
    let place = Place::new();
    let run =
        place.run("certify rate --method gradient-descent --mu 0.2 --step-size 1 --certificate rate.json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let verified = place.run("certify verify rate.json");
    assert!(verified.code == 0 && verified.stdout.contains("holds"), "{}", verified.stdout);
}

#[test]
fn bad_input_is_named() {
    let place = Place::new();
    let gd = "certify worst-case --method gradient-descent";
    place.write("foreign.json", "{}");
    for (line, words) in [
        (format!("{gd} --class smooth-strongly-convex --mu 2 --L 1 --steps 3"), "--convexity 2"),
        (format!("{gd} --class smooth-convex --steps 0"), "--steps 0"),
        (format!("{gd} --class smoth-convex --steps 3"), "smoth-convex"),
        (format!("{gd} --class convex-lipschitz --steps 3"), "--step-size"),
        ("certify rate --method indian --mu 2".into(), "--convexity 2"),
        ("certify verify foreign.json".into(), "no certificate"),
        ("certify verify none.json".into(), "none.json"),
    ] {
        let run = place.run(&line);
        assert_eq!(run.code, 2, "{line}: {} {}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words), "{line}: {}", run.stderr);
    }
}
