//! What the unit test of a check asserts: consistent on its cases, every control case violated, every printed form
//! violated, a figure.

use std::sync::atomic::AtomicBool;

use dinlab_record::Verdict;

use crate::{
    entries,
    judge::{combine, judge},
    suite::{run, AnyCheck, Request},
    Effort,
};

/// Runs the check at quick effort and prints every measurement (shown with `--nocapture`).
pub(crate) fn assert_sharp(check: &dyn AnyCheck) {
    let interrupted = AtomicBool::new(false);
    let request = Request { effort: Effort::Quick, seed: 0, own: None, interrupted: &interrupted };
    let outcomes = run(&[check], &request, &|_| {});
    let entry = entries(&[check], &outcomes, &request).remove(0);
    for (kind, cases) in [("case", &outcomes[0].cases), ("control", &outcomes[0].control)] {
        for m in cases.iter().flat_map(|case| &case.measurements) {
            let (value, predicted) = (m.value, m.predicted);
            println!(
                "{kind} {}: {} = {value:e} (predicted {predicted:e} ± {:e}, refinement {:?}) on {}",
                judge(m),
                m.name,
                m.tolerance,
                m.refinement,
                m.case
            );
        }
    }
    println!("{:.2} s: {}", outcomes[0].seconds, entry.reason);
    assert_eq!(entry.error, None);
    assert_eq!(entry.verdict, Some(Verdict::Consistent), "{}", entry.reason);
    for case in &outcomes[0].control {
        let verdict = combine(case.measurements.iter().map(judge));
        assert_eq!(verdict, Verdict::Violated, "{:?}", case.measurements.first().map(|m| &m.case));
    }
    for erratum in &entry.errata {
        assert_eq!(erratum.verdict, Verdict::Violated, "{}", erratum.printed);
    }
    assert!(outcomes[0].figure.is_some());
}
