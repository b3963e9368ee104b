//! What holds for certificate files of every kind: they are read back, and nothing in them can be said that is not proved.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are outside what clippy knows to be a test

use dinlab_certify::{
    certificate::Certificate,
    cycle::{certificate::CycleCertificate, polygon},
    lyapunov::{
        certificate::{Exact, RateCertificate},
        flow::Flow,
        search::{continuous, discrete, Precision},
        Condition, Family,
    },
    rational,
    verify::verify_any,
    worst_case::{worst_case, Outcome},
    CertificateFile, Statement,
};
use serde_json::Value;

const FINE: Precision = Precision { width: 1e-6, certify: true };

fn class() -> Condition {
    Condition::new(rational::parse("1/25").unwrap(), rational::parse("1").unwrap()).unwrap()
}

fn worst() -> Certificate {
    let statement = Statement::parse("gradient-descent", "smooth-convex", 2, "").unwrap();
    match worst_case(&statement).outcome {
        Outcome::Certified(proof) => Certificate::new(&statement, &proof),
        other => panic!("{other:?}"),
    }
}

fn rate() -> RateCertificate {
    let family = Family::triple_momentum(&class());
    let found = discrete(&family, &class(), FINE).certified.unwrap();
    RateCertificate::new(&Exact::Discrete(family), &class(), &found)
}

fn flow() -> RateCertificate {
    let found = continuous(&Flow::Gradient, &class(), FINE).certified.unwrap();
    RateCertificate::new(&Exact::Flow(Flow::Gradient), &class(), &found)
}

fn cycle() -> CycleCertificate {
    let family = Family::tuned_heavy_ball(&class());
    let (_, cycle) = polygon::find(&family, &class(), 10).unwrap();
    CycleCertificate::new(&family, &class(), &cycle)
}

/// What the verifier says of the file after `edit`; with `seal`, after its hash has been computed again.
fn after<C: CertificateFile>(made: &C, seal: bool, edit: impl Fn(&mut Value)) -> Result<(), String> {
    let mut value = serde_json::to_value(made).unwrap();
    edit(&mut value);
    let text =
        if seal { serde_json::from_value::<C>(value).unwrap().sealed().to_json() } else { value.to_string() };
    verify_any(&text).map(|_| ()).map_err(|error| error.to_string())
}

fn of_every_kind<C: CertificateFile>(made: &C) {
    verify_any(&made.to_json()).unwrap();
    after(made, false, |_| ()).unwrap();
    after(made, true, |_| ()).unwrap();
    let refused = |seal, edit: fn(&mut Value)| after(made, seal, edit).unwrap_err();
    assert!(refused(false, |v| v["sentence"] = "it always converges".into()).contains("hash"));
    assert!(refused(true, |v| v["sentence"] = "it always converges".into()).contains("sentence"));
    assert!(refused(true, |v| v["schema"] = "dinlab/certificate/9".into()).contains("expected `dinlab/"));
    assert!(refused(false, |v| v["remark"] = "believe me".into()).contains("remark"));
    assert!(refused(false, |v| v["hash"] = "sha256:".into()).contains("hash"));
    assert!(refused(false, |v| {
        v.as_object_mut().unwrap().remove("sentence");
    })
    .contains("sentence"));
    // JSON with the same key twice says two things.
    let doubled = made.to_json().replacen('{', "{\"sentence\": \"it always converges\",", 1);
    assert!(verify_any(&doubled).unwrap_err().to_string().contains("duplicate"));
    let cut = made.to_json();
    assert!(verify_any(&cut[..cut.len() / 2]).unwrap_err().to_string().contains("JSON"));
}

#[test]
fn files_of_every_kind_hold_and_say_what_is_proved() {
    of_every_kind(&worst());
    of_every_kind(&rate());
    of_every_kind(&flow());
    of_every_kind(&cycle());
}

#[test]
fn constants_of_another_class_or_system_need_another_sentence() {
    for (field, other) in [("convexity", "1/26"), ("smoothness", "101/100")] {
        for refusal in [after(&rate(), true, |v| v[field] = other.into()), {
            after(&cycle(), true, |v| v[field] = other.into())
        }] {
            assert!(refusal.is_err(), "{field}");
        }
    }
    for field in ["step_squared", "friction", "damping"] {
        let edited = |v: &mut Value| v[field] = "1/3".into();
        assert!(after(&cycle(), true, edited).is_err(), "{field}");
        assert!(after(&rate(), true, |v| v["system"][field] = "1/3".into()).is_err(), "{field}");
    }
}

#[test]
fn every_coordinate_of_a_cycle_matters() {
    let made = cycle();
    for list in ["points", "gradients"] {
        for k in 0..made.points.len() {
            for i in 0..made.points[k].len() {
                let refusal = after(&made, true, |v| {
                    let text = v[list][k][i].as_str().unwrap().to_owned();
                    let value = rational::parse(&text).unwrap() + rational::parse("1e-30").unwrap();
                    v[list][k][i] = value.to_string().into();
                });
                assert!(refusal.is_err(), "{list} {k} {i}");
            }
        }
    }
    assert!(after(&made, true, |v| v["values"][0] = "-1".into()).is_err());
    assert!(after(&made, true, |v| {
        v["points"].as_array_mut().unwrap().pop();
    })
    .is_err());
}
