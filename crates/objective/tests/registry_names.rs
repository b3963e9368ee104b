//! Names and arguments of the registry: complete, rebuildable, and every bad argument refused with a reason.

use std::{collections::BTreeSet, path::Path};

use dinlab_objective::{build, registry::ALL, ObjectiveError, Options};

#[test]
fn every_file_of_the_registry_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/registry");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
        .filter(|name| name != "mod" && name != "arguments")
        .collect();
    let listed: BTreeSet<String> = ALL.iter().map(|entry| entry.name.to_owned()).collect();
    assert_eq!(files, listed);
    assert_eq!(listed.len(), ALL.len(), "a name twice");
}

#[test]
fn entries_say_what_they_are() {
    for entry in ALL {
        assert!(!entry.summary.is_empty() && entry.summary.len() <= 120, "{}", entry.name);
        assert!(!entry.examples.is_empty());
        for example in entry.examples {
            assert_eq!(example.split(':').next(), Some(entry.name));
            let facts = build(example, &Options::default()).unwrap().facts().clone();
            assert!(
                !facts.formula.is_empty() && !facts.source.is_empty() && facts.view.len() == facts.dimension
            );
            assert!(facts.view.iter().all(|[low, high]| low < high));
            for bound in [&facts.smoothness, &facts.piece_smoothness, &facts.convexity].into_iter().flatten()
            {
                if let dinlab_objective::Domain::Box(sides) = &bound.domain {
                    assert_eq!(sides.len(), facts.dimension, "{example}");
                }
            }
        }
    }
}

#[test]
fn names_rebuild_the_same_objective() {
    let more = [
        "quadratic: 1 , 2",
        "quadratic:1e-300,1e300",
        "power:1.25",
        "cosines: 0.1 , 3",
        "lasso: 1e-3",
        "medians: 1, 0 ",
        "wells:1e-3,2,3,4",
        "spurious: 0.5,-1",
        "sum:abs(x);-abs(x);0.5*(x-1)^2",
    ];
    for specification in ALL.iter().flat_map(|entry| entry.examples).chain(&more) {
        let first = build(specification, &Options::default()).unwrap();
        let second = build(first.name(), &Options::default()).unwrap();
        assert_eq!(first.facts(), second.facts());
        let x: Vec<f64> = (0..first.dimension()).map(|i| 0.3 + 0.1 * i as f64).collect();
        assert_eq!(first.oracle().value(&x), second.oracle().value(&x), "{specification}");
    }
}

#[test]
fn bare_names_take_their_default_or_say_what_is_missing() {
    for entry in ALL {
        match build(entry.name, &Options::default()) {
            Ok(objective) => assert!(
                entry.arguments.is_empty() || entry.arguments.starts_with('['),
                "{}",
                objective.name()
            ),
            Err(ObjectiveError::BadArgument { .. }) => {
                assert!(entry.arguments.starts_with(':'), "{}", entry.name)
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn bad_arguments_are_refused_with_what_is_accepted() {
    let long = format!("quadratic:{};1", vec!["1"; 100_000].join(","));
    let many_rows = format!("quadratic:{}", vec!["1"; 5000].join(";"));
    let bad = [
        "power:0.5",
        "power:nan",
        "power:",
        "power:inf",
        "power:2,3",
        "power:x",
        "power:-1",
        "power:1e999",
        "rosenbrock:3",
        "rosenbrock:0",
        "rosenbrock:-2",
        "rosenbrock:2.0",
        "rosenbrock:100000000",
        "rosenbrock:2,2",
        "rosenbrock:99999999999999999999999999",
        "quadratic",
        "quadratic:",
        "quadratic:1,nan",
        "quadratic:1,",
        "quadratic:1,2;3,4",
        "quadratic:1,2;2",
        "quadratic:;",
        "quadratic:1;",
        "quadratic:inf",
        "quadratic:a",
        &long,
        &many_rows,
        "styblinski-tang:-1",
        "styblinski-tang:0",
        "styblinski-tang:1e3",
        "styblinski-tang:1000000000000",
        "lasso:-1",
        "lasso:nan",
        "lasso:1,2",
        "logistic:0",
        "logistic:-1",
        "logistic:inf",
        "digits-logistic:0",
        "medians",
        "medians:",
        "medians:1,",
        "medians:0,nan",
        "medians:0;1",
        "wells:0",
        "wells:1,-1",
        "wells:inf",
        "spurious:1",
        "spurious:-1,1",
        "spurious:1,2,3",
        "spurious:x,1",
        "relu-sum:0",
        "relu-sum:100000",
        "relu-sum:x",
        "cosines:0",
        "cosines:-1",
        "cosines:1,0",
        "cosines:1,",
        "cosines:,2",
        "cosines:1,2,3",
        "cosines:1,1000000000",
        "cosines:nan",
        "well:1",
        "hill:x",
        "valley:2",
        "sconv:1",
        "double-well:0",
        "himmelblau:1",
        "beale:1",
    ];
    for specification in bad {
        match build(specification, &Options::default()).map(|o| o.name().to_owned()) {
            Err(error @ ObjectiveError::BadArgument { .. }) => {
                let message = error.to_string();
                assert!(message.contains("expected") && message.len() < 300, "{message}");
            }
            other => panic!("{}: {other:?}", &specification[..specification.len().min(60)]),
        }
    }
}

#[test]
fn unknown_names_suggest_the_nearest() {
    let suggestion = |name: &str| match build(name, &Options::default()).map(|o| o.name().to_owned()) {
        Err(ObjectiveError::UnknownName { nearest, .. }) => nearest,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(suggestion("rosenbrok:2").as_deref(), Some("rosenbrock"));
    assert_eq!(suggestion("Himmelblau").as_deref(), Some("himmelblau"));
    assert_eq!(suggestion("styblinski_tang:2").as_deref(), Some("styblinski-tang"));
    assert_eq!(suggestion("qudratic:1").as_deref(), Some("quadratic"));
    assert_eq!(suggestion("completely-different"), None);
    for empty in ["", "   ", ":", ":1,2"] {
        let error = build(empty, &Options::default()).map(|o| o.name().to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no objective is named; `dinlab list objectives` lists all, `expr:…` takes a formula"
        );
    }
    let long = "x".repeat(1_000_000);
    assert!(
        build(&long, &Options::default()).map(|o| o.name().to_owned()).unwrap_err().to_string().len() < 300
    );
}

#[test]
fn large_dimensions_are_built() {
    for specification in ["rosenbrock:1000000", "styblinski-tang:1000000", "cosines:1,1000000"] {
        let objective = build(specification, &Options::default()).unwrap();
        let n = objective.dimension();
        let (mut oracle, mut g) = (objective.oracle(), vec![0.0; n]);
        let point = &objective.facts().critical_points[0].point;
        oracle.gradient(point, &mut g);
        assert!(dinlab_numeric::norm_inf(&g) < 1e-10 && oracle.value(point).is_finite());
    }
}
