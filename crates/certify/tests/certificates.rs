//! Certificates: they hold, a separate program agrees, and nothing in them can be changed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use dinlab_certify::{
    certificate::{sentence, Certificate},
    rational,
    verify::verify,
    worst_case::{worst_case, Outcome},
    CertificateFile, CertifyError,
};
use support::question;

fn certificate(method: &str, class: &str, steps: usize, options: &str) -> Certificate {
    let statement = question(method, class, steps, options);
    match worst_case(&statement).outcome {
        Outcome::Certified(proof) => Certificate::new(&statement, &proof),
        other => panic!("{other:?}"),
    }
}

fn refused(text: &str) -> String {
    match verify(text) {
        Err(CertifyError::Refuted { reason } | CertifyError::NotACertificate { reason }) => reason,
        Err(other) => other.to_string(),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn certificates_of_every_kind_of_problem_hold() {
    for (method, class, steps, options) in [
        ("gradient-descent", "smooth-convex", 3, ""),
        ("gradient-descent", "smooth-convex", 2, "measure=gradient start=f"),
        ("heavy-ball", "quadratic", 2, "convexity=0.1 measure=distance"),
        ("subgradient", "convex-lipschitz", 2, ""),
        ("fista", "composite", 2, ""),
        ("bregman-gradient", "relatively-smooth", 2, "smoothness=3 radius=2"),
        ("exact-line-search", "smooth-strongly-convex", 1, "convexity=0.1 start=f"),
        ("indian", "smooth-strongly-convex", 2, "convexity=1/7 alpha=0.5 beta=0.3 step-size=0.7"),
    ] {
        let made = certificate(method, class, steps, options);
        let found = verify(&made.to_json()).unwrap();
        assert!(found.proved <= found.bound, "{}", made.sentence);
    }
}

#[test]
fn a_lower_claim_is_refused_even_with_the_right_hash() {
    let mut made = certificate("gradient-descent", "smooth-convex", 3, "");
    let bound = rational::parse(&made.bound).unwrap();
    let lower = &bound - &bound * rational::parse("1e-6").unwrap();
    made.bound = lower.to_string();
    assert!(refused(&made.to_json()).contains("hash"));
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("larger bound"));
    // A higher claim is weaker and true, where its sentence says so.
    let twice = &bound + &bound;
    made.bound = twice.to_string();
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("sentence"));
    made.sentence = sentence(&question("gradient-descent", "smooth-convex", 3, ""), &twice);
    made.hash = made.digest();
    verify(&made.to_json()).unwrap();
    // Beyond the range of f64: refused like any other number, without a panic.
    made.bound = format!("1{}", "0".repeat(400));
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("sentence"));
}

/// Every fraction and every index of the file in turn, with the hash of the changed content.
#[test]
fn every_number_matters() {
    let made = certificate("gradient-descent", "smooth-strongly-convex", 1, "convexity=0.2 measure=distance");
    let value: serde_json::Value = serde_json::to_value(&made).unwrap();
    let mut changed = 0;
    for pointer in leaves(&value, String::new()) {
        let mut copy = value.clone();
        let leaf = copy.pointer_mut(&pointer).unwrap();
        let weaker = match leaf {
            serde_json::Value::Number(n) => {
                let next = n.as_u64().unwrap() + 1;
                *leaf = next.into();
                false
            }
            serde_json::Value::String(text) => {
                let Ok(number) = rational::parse(text) else { continue };
                *leaf = (number - rational::parse("1/1000000").unwrap()).to_string().into();
                false
            }
            _ => continue,
        };
        // As it stands: the hash is wrong.
        let reason = refused(&copy.to_string());
        assert!(!reason.is_empty());
        // With the hash recomputed: the mathematics is wrong.
        if let Ok(mut forged) = serde_json::from_value::<Certificate>(copy.clone()) {
            forged.hash = forged.digest();
            let text = forged.to_json();
            assert!(
                weaker || verify(&text).is_err(),
                "{pointer} may be changed: {}",
                copy.pointer(&pointer).unwrap()
            );
        }
        changed += 1;
    }
    assert!(changed > 30, "{changed}");
}

fn leaves(value: &serde_json::Value, at: String) -> Vec<String> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, v)| leaves(v, format!("{at}/{i}"))).collect()
        }
        serde_json::Value::Object(map) => map
            .iter()
            .flat_map(|(k, v)| leaves(v, format!("{at}/{}", k.replace('~', "~0").replace('/', "~1"))))
            .collect(),
        _ => vec![at],
    }
}

#[test]
fn foreign_files_are_named() {
    assert!(refused("").contains("not JSON"));
    assert!(refused("{}").contains("no schema"));
    assert!(refused(r#"{"schema":"dinlab/checks/1"}"#).contains("dinlab/checks/1"));
    assert!(refused(r#"{"schema":"dinlab/certificate/1"}"#).contains("missing field"));
    let mut made = certificate("gradient-descent", "smooth-convex", 1, "");
    made.statement.method = "newton".into();
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("no method"));
    // Numbers of a monstrous size are refused before they are computed with.
    let mut made = certificate("gradient-descent", "smooth-convex", 1, "");
    made.statement.steps = 1_000_000_000;
    made.hash = made.digest();
    assert!(!refused(&made.to_json()).is_empty());
}

/// A certificate for one statement is none for another, whatever the hash.
#[test]
fn a_certificate_belongs_to_its_statement() {
    let mut made = certificate("gradient-descent", "smooth-convex", 2, "");
    made.statement.coefficients.insert("steps".into(), vec!["1".into(), "3/2".into()]);
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("not that of the statement"));
    let mut made = certificate("gradient-descent", "smooth-convex", 2, "");
    made.statement.class = "convex".into();
    made.statement.constants.clear();
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("not that of the statement"));
}

/// What is printed beside numbers is verified as well.
#[test]
fn a_name_must_follow_from_the_coefficients() {
    for (method, class, options, false_name) in [
        ("gradient-descent", "smooth-convex", "", "nesterov-convex"),
        ("gradient-descent", "smooth-convex", "step-size=1.5", "silver"),
        ("nesterov-convex", "smooth-convex", "", "nesterov"),
        ("fista", "composite", "", "proximal-gradient"),
        ("indian", "smooth-convex", "alpha=1 beta=1 step-size=0.5", "INDIAN"),
    ] {
        let mut made = certificate(method, class, 3, options);
        verify(&made.to_json()).unwrap();
        made.statement.name = false_name.into();
        made.sentence = made.sentence.replacen(method, false_name, 1);
        made.hash = made.digest();
        assert!(refused(&made.to_json()).contains("name"), "{method} as {false_name}");
    }
}

/// Every method's own name is accepted with its usual parameters.
#[test]
fn names_of_all_methods_are_accepted() {
    for (method, class, options) in [
        ("subgradient", "convex-lipschitz", ""),
        ("silver", "smooth-convex", ""),
        ("exact-line-search", "smooth-convex", "start=f"),
        ("heavy-ball", "smooth-strongly-convex", "convexity=0.1"),
        ("nesterov", "smooth-strongly-convex", "convexity=0.1"),
        ("optimized-gradient", "smooth-convex", ""),
        ("triple-momentum", "smooth-strongly-convex", "convexity=0.1 measure=distance"),
        ("three-parameter", "smooth-convex", "a=1 b=0.1 eta=0.2"),
        ("proximal-point", "convex", "step-size=1,2,3"),
        ("proximal-gradient", "composite", ""),
        ("bregman-gradient", "relatively-smooth", ""),
        ("matrix", "smooth-convex", "matrix=1,1,1,1,1,1"),
    ] {
        assert!(dinlab_certify::method::registry::is_named(&question(method, class, 3, options)), "{method}");
    }
}

#[test]
fn fractions_of_odd_forms_and_sizes_are_refused_without_a_panic() {
    let made = certificate("gradient-descent", "smooth-convex", 1, "");
    for text in ["1_0", "+1", "1/2/3", "1/-2", "", "/2", "1/", "0x10"] {
        let mut copy = made.clone();
        copy.bound = text.into();
        copy.hash = copy.digest();
        assert!(refused(&copy.to_json()).contains("no fraction"), "{text}");
    }
    let mut copy = made.clone();
    copy.statement.radius = format!("1{}", "0".repeat(400));
    copy.hash = copy.digest();
    assert!(refused(&copy.to_json()).contains("size"));
    // True, if of no use.
    let huge = format!("1{}", "0".repeat(400));
    let mut copy = made;
    copy.bound.clone_from(&huge);
    copy.sentence = sentence(
        &question("gradient-descent", "smooth-convex", 1, ""),
        &rational::parse(&huge[..400]).unwrap(),
    );
    copy.hash = copy.digest();
    assert!(refused(&copy.to_json()).contains("sentence"));
}

#[test]
fn parameters_outside_the_definition_are_refused() {
    for (method, class, options, word) in [
        ("proximal-point", "convex", "step-size=-0.3", "step-size"),
        ("proximal-gradient", "composite", "step-size=0", "step-size"),
        ("bregman-gradient", "relatively-smooth", "step-size=-1", "step-size"),
        ("indian", "smooth-convex", "alpha=-1 beta=1 step-size=0.5", "alpha"),
        ("indian", "smooth-convex", "alpha=1 beta=-1 step-size=0.5", "beta"),
        ("indian", "smooth-convex", "alpha=-1 beta=-1 step-size=-0.5", "step-size"),
        ("gradient-descent", "smooth-convex", "radius=1e155", "radius"),
        ("gradient-descent", "smooth-convex", "step-size=1e-400", "step-size"),
        ("gradient-descent", "smooth-convex", "smoothness=1e200", "smoothness"),
    ] {
        let error = dinlab_certify::Statement::parse(method, class, 2, options).unwrap_err().to_string();
        assert!(error.contains(&format!("--{word}")), "{method} {options}: {error}");
    }
    // The verifier's way in.
    let mut made = certificate("proximal-point", "convex", 1, "step-size=0.3");
    made.statement.coefficients.insert("steps".into(), vec!["-3/10".into()]);
    made.hash = made.digest();
    assert!(refused(&made.to_json()).contains("greater than 0"));
}
