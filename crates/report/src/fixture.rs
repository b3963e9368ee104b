//! Records made by hand for this crate's tests: every verdict, an error, NaN and infinite numbers, errata,
//! a long table, and text that would break a page if it were not escaped.

use dinlab_record::{
    figure::Figure, Budget, CheckEntry, CheckReport, Control, Erratum, Evidence, FreshSeeds, Hypothesis,
    HypothesisState, Measurement, Provenance, Sampling, Source, Verdict,
};
use serde_json::json;

pub const HOSTILE: &str = r#"expr:<script>alert("x")</script> & {{ 7*7 }} {% raw %}"#;

pub const SOURCES: &[Source] = &[
    Source {
        key: "castera2021",
        authors: "Castera, Bolte, Févotte, Pauwels",
        title: "An Inertial Newton Algorithm for Deep Learning",
        venue: "Journal of Machine Learning Research 22(134), 1–31",
        year: 2021,
        place: "Theorem 13",
    },
    Source {
        key: "attouch2002",
        authors: "Alvarez, Attouch, Bolte and Redont",
        title: "A second-order gradient-like dissipative dynamical system with Hessian-driven damping",
        venue: "J. Math. Pures Appl. 81(8), 747–779",
        year: 2002,
        place: "equation (2)",
    },
    Source {
        key: "castera2021",
        authors: "Castera, Bolte, Févotte, Pauwels",
        title: "An Inertial Newton Algorithm for Deep Learning",
        venue: "Journal of Machine Learning Research 22(134), 1–31",
        year: 2021,
        place: "Figure 1(d)",
    },
];

pub fn entry(id: &str, verdict: Option<Verdict>) -> CheckEntry {
    CheckEntry {
        id: id.into(),
        family: "A".into(),
        title: "Decay rate near a minimum".into(),
        claim: "Near a nondegenerate minimum the distance decays like e^(−rt) with r the spectral abscissa.".into(),
        statement: r"\dot\theta = -\beta\nabla J(\theta) - (\alpha - \tfrac1\beta)\theta - \tfrac1\beta\psi,\qquad r = \min_{\lambda}\operatorname{Re}\frac{\alpha+\beta\lambda-\sqrt{(\alpha+\beta\lambda)^2-4\lambda}}{2}".into(),
        verdict,
        reason: "every measurement lies within its tolerance and the control was violated".into(),
        evidence: Evidence::Resolved,
        hypotheses: vec![
            Hypothesis::exact("J is twice differentiable", true),
            Hypothesis::new("∇²J(θ*) ≻ 0", HypothesisState::ByConstruction),
            Hypothesis::new("the start is generic", HypothesisState::Assumed),
        ],
        measurements: Vec::new(),
        worst_case: None,
        control: None,
        fresh_seeds: Vec::new(),
        errata: Vec::new(),
        erratum: None,
        source: vec!["Castera, Bolte, Févotte, Pauwels (2021), JMLR 22(134), Theorem 13".into()],
        keys: vec!["castera2021".into()],
        seed: 7,
        plan: json!({"effort": "quick"}),
        timing: 1.25,
        cached: false,
        command: format!("dinlab check {id} --effort quick --seed 7"),
        figure: None,
        error: None,
    }
}

fn worst(mut entry: CheckEntry) -> CheckEntry {
    let mut sorted = entry.measurements.clone();
    sorted.sort_by(crate::summary::by_strain_descending);
    entry.worst_case = sorted.into_iter().next();
    entry
}

pub fn consistent() -> CheckEntry {
    let mut e = entry("local-spectral-rate", Some(Verdict::Consistent));
    for i in 1..=30 {
        let predicted = 0.05 * f64::from(i);
        let value = predicted * (1.0 + 1e-6 * f64::from(i));
        e.measurements.push(
            Measurement::equal(
                "decay rate",
                value,
                predicted,
                Budget { rounding: 1e-9, ..Budget::discretisation(1e-4) },
            )
            .on(format!("quadratic:1,{i}, α = 0.5, β = 0.1"))
            .between(value - 2e-5, value + 2e-5)
            .in_unit("1/time")
            .refined(3e-6),
        );
    }
    for i in 1..=14 {
        e.measurements.push(
            Measurement::at_most("overshoot", 0.9 - 0.01 * f64::from(i), 1.0, Budget::rounding(1e-12))
                .on(format!("himmelblau from start {i}")),
        );
    }
    e.measurements.push(
        Measurement::equal("escape probability", 0.4975, 0.5, Budget::sampling(0.02))
            .on("double-well")
            .sampled(Sampling {
                samples: 4000,
                standard_error: 0.0079,
                p_violation: 0.97,
                p_equivalence: 0.013,
                detectable: 0.032,
            }),
    );
    for (name, uniform) in [("escape probability", true), ("mean exit", false)] {
        e.fresh_seeds.push(FreshSeeds {
            name: name.into(),
            case: "double-well".into(),
            p_values: (0..40).map(|i| f64::from(i) / 40.0).collect(),
            distance: 0.025,
            p_uniform: if uniform { 1.0 } else { 0.002 },
            uniform,
            bias: 0.001,
            bias_error: 0.0013,
            margin: 0.02,
        });
    }
    e.control = Some(Control {
        verdict: Verdict::Violated,
        measurements: vec![
            Measurement::equal("decay rate", 0.061, 0.05, Budget::discretisation(1e-4)).on("friction ×1.02")
        ],
    });
    e.errata.push(Erratum {
        printed: "J(θ) − J* ≤ C/t for α = 0.5".into(),
        place: "JMLR 22(134), Theorem 13".into(),
        grade: "false".into(),
        corrected: "J(θ) − J* ≤ (E − E*)/(4√(αβ))".into(),
        verdict: Verdict::Violated,
        measurements: vec![Measurement::at_most("J·t", f64::INFINITY, 1.0, Budget::default()).on("power:4")],
    });
    e.erratum = e.errata.first().cloned();
    worst(e)
}

pub fn violated() -> CheckEntry {
    let mut e = entry("fixed-step-descent", Some(Verdict::Violated));
    e.family = "C".into();
    e.title = "Descent with a fixed step & an upper bound".into();
    e.claim = "With γ below the stated bound the energy decreases at every step: 100% of the time, for all x_1 < x_2.".into();
    e.reason = "2 of 4 measurements contradict the prediction".into();
    e.evidence = Evidence::Sampled;
    e.measurements = vec![
        Measurement::at_most("energy increase", 2e-8, 0.0, Budget::rounding(1e-9)).on("quadratic:1, α = 1"),
        Measurement::at_most("energy increase", 3e-3, 0.0, Budget::rounding(1e-9))
            .on("quadratic:1,2,3,4,5,6, α = 0.5, β = 0.1"),
        Measurement::at_most("energy increase", -1e-2, 0.0, Budget::rounding(1e-9)).on(HOSTILE),
        Measurement::at_least("path length", f64::NAN, 1.0, Budget::rounding(1e-9))
            .on("valley from (−1.5, 0), diverged"),
    ];
    e.control = Some(Control { verdict: Verdict::Violated, measurements: Vec::new() });
    worst(e)
}

pub fn report() -> CheckReport {
    let mut unclear = entry("kl-rate-flat", Some(Verdict::Inconclusive));
    unclear.reason = "the negative control did not fail".into();
    unclear.measurements = vec![
        Measurement::holds("monotone approach over three octaves", true).on("power:4"),
        Measurement::equal("exponent", 2.0, 2.0, Budget::default()).on("power:4"),
    ];
    unclear.control = Some(Control {
        verdict: Verdict::Consistent,
        measurements: vec![
            Measurement::equal("exponent", 2.0, 2.0, Budget::discretisation(0.1)).on("power:3")
        ],
    });
    let mut skipped = entry("spiral-window", Some(Verdict::NotApplicable));
    skipped.reason = "αβ < 1 is false here: αβ = 1.5".into();
    skipped.hypotheses.push(Hypothesis::exact("αβ < 1", false));
    let mut failed = entry("figure-one", None);
    failed.error = Some("data/jmlr-figure-1d.csv: No such file or directory".into());
    failed.statement = r"\undefinedmacro{x} <b>".into();
    CheckReport {
        schema: dinlab_record::report::CHECKS_SCHEMA.into(),
        provenance: Provenance {
            version: "0.1.0".into(),
            commit: "0123456789abcdef".into(),
            dirty: true,
            toolchain: "rustc 1.92.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            seed: 7,
            command: format!("dinlab check --objective '{HOSTILE}'"),
            started: "2026-01-02T03:04:05Z".into(),
            wall_seconds: 12.5,
        },
        plan: json!({"effort": "quick", "ids": ["family:A"]}),
        checks: vec![consistent(), violated(), worst(unclear), skipped, failed],
    }
}

pub fn figure() -> Figure {
    use dinlab_record::figure::{Axis, Layer, Panel};
    let panel = Panel::new("decay, log scale", Axis::linear("t"), Axis::log("J"))
        .with(Layer::curve("measured, α = 0.5", vec![0.0, 1.0], vec![1.0, f64::NAN], 0))
        .with(Layer::Horizontal { label: "floor".into(), y: 0.1, color: 1, dash: Default::default() });
    Figure {
        id: "decay".into(),
        title: "Decay".into(),
        caption: "α = 0.5".into(),
        columns: 1,
        panels: vec![panel],
    }
}

pub const SVG: &str = r##"<?xml version="1.0"?>
<svg width="640" height="240" viewBox="0 0 640 240" xmlns="http://www.w3.org/2000/svg">
<defs><clipPath id="clip"><rect x="0" y="0" width="640" height="240"/></clipPath></defs>
<rect width="640" height="240" fill="#ffffff"/><g clip-path="url(#clip)">
<polyline points="20,20 320,180 620,220" fill="none" stroke="#0072b2" stroke-width="3"/></g><use href="#clip"/></svg>"##;
