//! Rules that hold for every check: the claim is complete, the file is registered, the cases are consistent, and
//! every single control case is violated.

use std::{fs, path::Path, sync::atomic::AtomicBool};

use dinlab_record::{Claim, Verdict};
use dinlab_theory::{entries, judge, run, Effort, Request, ALL};

const ERRATA: &str = include_str!("../../../docs/errata.md");

/// Checks that decide nothing with the few seeds of `quick`, and say so.
const FEW_SEEDS: [&str; 4] = ["promise-performance", "promise-generalisation", "figure-two", "figure-four"];

fn words(claim: &Claim) -> Vec<(&'static str, &'static str)> {
    vec![
        ("id", claim.id),
        ("title", claim.title),
        ("sentence", claim.sentence),
        ("statement", claim.statement),
        ("differences", claim.differences),
        ("measured", claim.measured),
        ("refuted_by", claim.refuted_by),
        ("tolerance", claim.tolerance),
        ("control", claim.control),
        ("cost", claim.cost),
    ]
}

#[test]
fn every_claim_is_complete() {
    for check in ALL {
        let claim = check.claim();
        for (field, text) in words(claim) {
            assert!(text.trim().len() > 3, "{}: field {field} is empty", claim.id);
        }
        assert!(!claim.hypotheses.is_empty() && !claim.sources.is_empty(), "{}", claim.id);
        assert!(
            claim.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            claim.id
        );
    }
}

#[test]
fn every_file_of_a_family_is_registered() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for family in ["smooth", "nonsmooth", "algorithm", "geometry", "certificates", "networks", "autodiff"] {
        for item in fs::read_dir(source.join(family)).unwrap() {
            let path = item.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            // A check that needs more than one file keeps its parts in a folder with a `mod.rs`.
            if stem != "mod" {
                files.push(stem.replace('_', "-"));
            }
        }
    }
    files.sort();
    let mut ids: Vec<String> = ALL.iter().map(|check| check.claim().id.to_owned()).collect();
    ids.sort();
    assert_eq!(files, ids);
}

#[test]
fn standard_cases_are_consistent_and_every_control_case_is_violated() {
    let interrupted = AtomicBool::new(false);
    let request = Request { effort: Effort::Quick, seed: 0, own: None, interrupted: &interrupted };
    let outcomes = run(ALL, &request, &|_| {});
    for (outcome, entry) in outcomes.iter().zip(entries(ALL, &outcomes, &request)) {
        assert_eq!(entry.error, None, "{}", entry.id);
        let few = FEW_SEEDS.contains(&entry.id.as_str());
        let expected = if few { Verdict::Inconclusive } else { Verdict::Consistent };
        assert_eq!(entry.verdict, Some(expected), "{}: {}", entry.id, entry.reason);
        // A standard case that its own hypotheses leave out would never be measured.
        assert!(outcome.cases.iter().all(|case| !case.excluded()), "{}: {}", entry.id, entry.reason);
        assert!(outcome.control.len() >= 2, "{} needs a gross control and a near miss", entry.id);
        for (i, case) in outcome.control.iter().enumerate() {
            let verdict = judge::combine(case.measurements.iter().map(judge::judge));
            assert_eq!(verdict, Verdict::Violated, "{}: control case {i} came out {verdict}", entry.id);
        }
        assert!(
            entry.errata.is_empty() || ERRATA.contains(&format!("`dinlab check {}`", entry.id)),
            "docs/errata.md does not say what {} finds",
            entry.id
        );
        let figure = entry.figure.unwrap_or_else(|| panic!("{} has no figure", entry.id));
        assert!(
            !figure.panels.is_empty() && figure.panels.iter().all(|p| !p.layers.is_empty()),
            "{}",
            entry.id
        );
    }
}

#[test]
fn outcomes_do_not_depend_on_the_number_of_threads() {
    let interrupted = AtomicBool::new(false);
    let request = Request { effort: Effort::Quick, seed: 7, own: None, interrupted: &interrupted };
    // The two checks with the most random numbers stand for all: they share the machinery.
    let chosen: Vec<_> = ALL
        .iter()
        .copied()
        .filter(|c| ["stability-region", "saddle-escape-iterates"].contains(&c.claim().id))
        .collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut outcomes = pool.install(|| run(&chosen, &request, &|_| {}));
        outcomes.iter_mut().for_each(|o| o.seconds = 0.0);
        serde_json::to_string(&outcomes).unwrap()
    };
    assert_eq!(with(1), with(4));
}
