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
fn what_was_not_found_is_unknown_and_a_verified_rate_names_its_method() {
    let place = Place::new();
    let run = place.run("certify rate --method triple-momentum --mu 1e-12");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("unknown; no Lyapunov function"), "{}", run.stdout);
    let run = place.run("certify rate --method din --alpha 0.5 --beta 0.25 --mu 0.2 --certificate din.json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let verified = place.run("certify verify din.json");
    assert!(verified.stdout.contains("DIN with alpha = 0.5, beta = 0.25"), "{}", verified.stdout);
    let run = place.run("certify rate --method indian --alpha 0.5 --beta 0.5 --step-size -1 --mu 0.2");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--step-size -1"), "{}", run.stderr);
}

#[test]
fn a_cycle_refutes_the_heavy_ball_and_its_certificate_holds() {
    let place = Place::new();
    let run = place.run("certify cycle --method heavy-ball --mu 0.04 --certificate cycle.json --json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((record["status"].as_str(), record["evidence"].as_str()), (Some("cycle"), Some("certified")));
    // Lessard, Recht and Packard's counterexample has three points, too.
    assert_eq!(record["cycle"]["corners"], 3);
    assert_eq!(place.run("certify verify cycle.json").code, 0);
    let text = std::fs::read_to_string(place.0.path().join("cycle.json")).unwrap();
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, row) in [("points", 1), ("gradients", 2)] {
        let old = read[key][row][0].as_str().unwrap();
        let forged = text.replacen(old, &format!("{old}1"), 1);
        place.write("forged.json", forged);
        assert_eq!(place.run("certify verify forged.json").code, 1, "{key}");
    }
    let none = place.run("certify cycle --method triple-momentum --mu 0.04");
    assert_eq!(none.code, 0, "{}", none.stderr);
    assert!(none.stdout.contains("no cycle") && none.stdout.contains("proves nothing"), "{}", none.stdout);
    for (line, named) in [
        ("certify cycle --method din --alpha 1 --beta 1 --mu 0.1", "--method din"),
        ("certify cycle --method heavy-ball --mu 2", "--convexity 2"),
        ("certify cycle --method heavy-ball --mu 0.1 --corners 1", "--corners 1"),
        ("certify threshold --kappa 1", "--kappa 1"),
        ("certify threshold --kappa 100 --constant 1", "--constant 1"),
        ("certify threshold --kappa 100 --constant -1", "--constant"),
    ] {
        let run = place.run(line);
        assert_eq!(run.code, 2, "{line}");
        assert!(run.stderr.contains(named), "{line}: {}", run.stderr);
    }
}

/// κ = 2000: no Hessian damping is too little, that of triple momentum is enough, and both ends have certificates that hold.
#[test]
fn a_threshold_is_bracketed_by_certificates() {
    let place = Place::new();
    let run = place.run("certify threshold --kappa 2000 --certificates proofs --json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let row = &record["rows"][0];
    let low = row["none_up_to"].as_f64().unwrap();
    let high = row["certified_at"]["eta"].as_f64().unwrap();
    assert!(0.0 < low && low < high && high <= row["eta_triple_momentum"].as_f64().unwrap(), "{row}");
    for file in ["proofs/rate-2000.json", "proofs/cycle-2000.json"] {
        assert_eq!(place.run(&format!("certify verify {file}")).code, 0, "{file}");
    }
}

#[test]
fn bad_input_is_named() {
    let place = Place::new();
    let gd = "certify worst-case --method gradient-descent";
    place.write("foreign.json", "{}");
    for (line, words) in [
        (format!("{gd} --class smooth-strongly-convex --mu 2 --L 1 --steps 3"), "--convexity 2"),
        (format!("{gd} --class smooth-convex --steps 0"), "--steps 0"),
        (format!("{gd} --class smooth-convex --steps 2 --radius 1e155"), "--radius"),
        (format!("{gd} --class smooth-convex --steps 2 --radius 1e-300"), "--radius"),
        (format!("{gd} --class smooth-convex --steps 2 --step-size 1e-400"), "--step-size"),
        (format!("{gd} --class smooth-convex --steps 2 --step-size 1/2/3"), "--step-size"),
        (
            "certify worst-case --method proximal-point --class convex --steps 2 --step-size -0.3".into(),
            "--step-size",
        ),
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

/// Where there is nothing to draw the bound is printed all the same, with the certificate.
#[test]
fn a_bound_is_printed_without_its_figure() {
    let place = Place::new();
    let run = place.run(
        "certify worst-case --method exact-line-search --class smooth-strongly-convex --mu 0.1 --steps 1 --start f \
         --figure f.svg --certificate els.json",
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("certified") && run.stdout.contains("nothing is drawn"), "{}", run.stdout);
    assert!(!place.0.path().join("f.svg").exists());
    let verified = place.run("certify verify els.json");
    assert!(
        verified.code == 0 && verified.stdout.contains("method: exact-line-search"),
        "{}",
        verified.stdout
    );
}
