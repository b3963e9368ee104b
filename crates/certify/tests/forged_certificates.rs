//! Each fact that the verifier checks is the reason of a refusal of its own: certificates wrong in one respect, hash and all.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are outside what clippy knows to be a test

mod support;

use dinlab_certify::{
    certificate::Certificate,
    rational,
    verify::verify,
    worst_case::{worst_case, Outcome},
    CertificateFile, Rational,
};
use support::question;

fn certificate(method: &str, class: &str, steps: usize, options: &str) -> Certificate {
    let statement = question(method, class, steps, options);
    match worst_case(&statement).outcome {
        Outcome::Certified(proof) => Certificate::new(&statement, &proof),
        other => panic!("{other:?}"),
    }
}

/// Why the forged certificate is refused, its hash made right.
fn reason(forged: Certificate) -> String {
    verify(&forged.sealed().to_json()).expect_err("accepted").to_string()
}

fn number(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

/// Both orders of a pair lose the same, so that function values still cancel, and one falls below 0.
#[test]
fn a_negative_multiplier_is_refused_for_its_sign() {
    let made = certificate("gradient-descent", "smooth-convex", 3, "");
    let place = |name: &str| made.conditions.iter().position(|c| c.name == name);
    let mut tried = 0;
    for (i, j) in [("0", "1"), ("1", "2"), ("2", "3"), ("0", "*"), ("3", "*")] {
        let (Some(a), Some(b)) = (place(&format!("f {i} over {j}")), place(&format!("f {j} over {i}")))
        else {
            continue;
        };
        let [x, y] = [a, b].map(|k| number(&made.conditions[k].multiplier));
        let less = if x < y { &x + &x } else { &y + &y };
        let mut forged = made.clone();
        forged.conditions[a].multiplier = (x - &less).to_string();
        forged.conditions[b].multiplier = (y - &less).to_string();
        let why = reason(forged);
        assert!(why.contains("is negative"), "{i} {j}: {why}");
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn a_function_value_that_is_left_over_is_named() {
    let mut made = certificate("gradient-descent", "smooth-convex", 3, "");
    let pair = made.conditions.iter_mut().find(|c| c.name.contains("over")).unwrap();
    pair.multiplier = (number(&pair.multiplier) * number("2")).to_string();
    let why = reason(made);
    assert!(why.contains("is left over"), "{why}");
}

#[test]
fn a_matrix_multiplier_must_be_semidefinite_and_its_entries_those_of_the_statement() {
    let made = certificate("heavy-ball", "quadratic", 2, "convexity=0.1 measure=distance");
    let mut forged = made.clone();
    let first = &mut forged.matrices[0].multiplier[0];
    *first = (-number(first)).to_string();
    let why = reason(forged);
    assert!(why.contains("multiplier of `f spectrum` is not positive semidefinite"), "{why}");
    let mut forged = made;
    let coefficient = &mut forged.matrices[0].entries[0].gram[0].2;
    *coefficient = (number(coefficient) * number("1.0001")).to_string();
    let why = reason(forged);
    assert!(why.contains("`f spectrum` is not that of the statement"), "{why}");
}

/// All of a proof scaled down proves a smaller bound of a smaller measure: what is left over of this one is not ⪯ 0.
#[test]
fn a_form_that_is_left_over_is_named() {
    let mut made = certificate("gradient-descent", "smooth-convex", 3, "measure=distance");
    for condition in &mut made.conditions {
        condition.multiplier = (number(&condition.multiplier) * number("0.999999")).to_string();
    }
    let why = reason(made);
    assert!(why.contains("not negative semidefinite"), "{why}");
}
