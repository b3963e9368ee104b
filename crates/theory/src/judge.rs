//! The one rule that turns measurements into verdicts.
//!
//! * A deterministic measurement is judged by its interval against the prediction ± tolerance. Where the change
//!   under refinement exceeds a tenth of the tolerance the number is not resolved: it can only refute, and only
//!   by ten times that change beyond the tolerance.
//! * A random measurement is judged by equivalence: `consistent` needs the equivalence test to reject "outside the
//!   margin" at [`LEVEL`]; `violated` needs the test of "within the margin" to reject at [`LEVEL`] after Holm's
//!   correction over all random measurements of the run. In between it is `inconclusive`.
//! * Every comparison is written so that NaN fails it: a NaN is `violated`.

use dinlab_analysis::statistics::holm;
use dinlab_record::{Kind, Measurement, Verdict};

/// Level of all tests of a run together.
pub const LEVEL: f64 = 0.01;

/// Verdicts of the measurements of one run, in order; random ones share the level by Holm's rule.
pub fn judge_all(measurements: &[&Measurement]) -> Vec<Verdict> {
    let random: Vec<usize> =
        (0..measurements.len()).filter(|&i| measurements[i].sampling.is_some()).collect();
    let raw: Vec<f64> =
        random.iter().filter_map(|&i| measurements[i].sampling.map(|s| s.p_violation)).collect();
    let adjusted = holm(&raw);
    let mut verdicts: Vec<Verdict> = measurements.iter().map(|m| judge(m)).collect();
    for (&i, &p) in random.iter().zip(&adjusted) {
        verdicts[i] = judge_random(measurements[i], p);
    }
    verdicts
}

/// Verdict on one measurement taken alone.
pub fn judge(measurement: &Measurement) -> Verdict {
    match measurement.sampling {
        Some(sampling) => judge_random(measurement, sampling.p_violation),
        None => judge_deterministic(measurement),
    }
}

fn judge_random(measurement: &Measurement, p_violation: f64) -> Verdict {
    let p_equivalence = measurement.sampling.map_or(f64::NAN, |s| s.p_equivalence);
    if measurement.value.is_nan() || p_violation.is_nan() || p_equivalence.is_nan() || p_violation < LEVEL {
        Verdict::Violated
    } else if p_equivalence < LEVEL {
        Verdict::Consistent
    } else {
        Verdict::Inconclusive
    }
}

fn judge_deterministic(m: &Measurement) -> Verdict {
    // Largest and smallest deviation in the violating direction over the interval [low, high].
    let (worst, best) = match m.kind {
        Kind::Equal => {
            let (below, above) = (m.predicted - m.low, m.high - m.predicted);
            let inside = m.low <= m.predicted && m.predicted <= m.high;
            let nearest = if inside { 0.0 } else { dinlab_numeric::max(-below, -above) };
            (dinlab_numeric::max(below, above), nearest)
        }
        Kind::Upper => (m.high - m.predicted, m.low - m.predicted),
        Kind::Lower => (m.predicted - m.low, m.predicted - m.high),
    };
    let unresolved = m.refinement.is_some_and(|change| change.is_nan() || change > 0.1 * m.tolerance);
    let slack = if unresolved { 10.0 * m.refinement.unwrap_or(0.0) } else { 0.0 };
    if worst <= m.tolerance && !unresolved {
        Verdict::Consistent
    } else if worst.is_nan() || best > m.tolerance + slack || (slack.is_nan() && !best.is_finite()) {
        Verdict::Violated
    } else {
        Verdict::Inconclusive
    }
}

/// Verdict on a case from those of its measurements: the worst; nothing measured is nothing decided.
pub fn combine(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().max().unwrap_or(Verdict::Inconclusive)
}

/// `fine` with its changes against the same measurements of a coarser run; NaN, hence unresolved, where that run has no such
/// measurement. Those that carry a change already, or have no discretisation to resolve, keep what they have.
pub fn compared(fine: Vec<Measurement>, coarse: &[Measurement]) -> Vec<Measurement> {
    let change = |(i, m): (usize, Measurement)| {
        if m.refinement.is_some() || m.budget.discretisation == 0.0 {
            return m;
        }
        let same = coarse.get(i).filter(|c| c.name == m.name).map_or(f64::NAN, |c| c.value);
        let by = m.value - same;
        m.refined(by)
    };
    fine.into_iter().enumerate().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dinlab_record::{Budget, Sampling};

    fn equal(value: f64) -> Measurement {
        Measurement::equal("x", value, 1.0, Budget::discretisation(0.1))
    }

    #[test]
    fn values_are_judged_by_their_tolerance() {
        assert_eq!(judge(&equal(1.05)), Verdict::Consistent);
        assert_eq!(judge(&equal(1.2)), Verdict::Violated);
        assert_eq!(judge(&Measurement::at_most("x", 0.2, 1.0, Budget::default())), Verdict::Consistent);
        assert_eq!(judge(&Measurement::at_most("x", 1.2, 1.0, Budget::rounding(0.1))), Verdict::Violated);
        assert_eq!(judge(&Measurement::at_least("x", 0.8, 1.0, Budget::rounding(0.1))), Verdict::Violated);
        assert_eq!(judge(&Measurement::holds("x", true)), Verdict::Consistent);
        assert_eq!(judge(&Measurement::holds("x", false)), Verdict::Violated);
    }

    #[test]
    fn nan_is_never_consistent() {
        for measurement in [
            equal(f64::NAN),
            Measurement::at_most("x", f64::NAN, 1.0, Budget::default()),
            Measurement::at_least("x", 1.0, f64::NAN, Budget::default()),
            Measurement::equal("x", 1.0, 1.0, Budget::rounding(f64::NAN)),
            equal(1.0).between(f64::NAN, 1.0),
        ] {
            assert_ne!(judge(&measurement), Verdict::Consistent, "{measurement:?}");
        }
        assert_eq!(judge(&equal(1.0).refined(f64::NAN)), Verdict::Inconclusive);
    }

    #[test]
    fn an_interval_across_the_edge_decides_nothing() {
        assert_eq!(judge(&equal(1.05).between(1.0, 1.2)), Verdict::Inconclusive);
        assert_eq!(judge(&equal(1.3).between(1.2, 1.4)), Verdict::Violated);
        assert_eq!(judge(&equal(0.7).between(0.6, 0.8)), Verdict::Violated);
        assert_eq!(judge(&equal(1.0).between(0.95, 1.05)), Verdict::Consistent);
    }

    #[test]
    fn an_unresolved_number_can_only_refute_with_room() {
        assert_eq!(judge(&equal(1.05).refined(0.05)), Verdict::Inconclusive);
        assert_eq!(judge(&equal(1.2).refined(0.05)), Verdict::Inconclusive);
        assert_eq!(judge(&equal(2.0).refined(0.05)), Verdict::Violated);
    }

    #[test]
    fn random_measurements_share_one_level() {
        let random = |p_violation, p_equivalence| {
            let (samples, standard_error, detectable) = (100, 0.01, 0.1);
            equal(1.0).sampled(Sampling { samples, standard_error, p_violation, p_equivalence, detectable })
        };
        assert_eq!(judge(&random(0.004, 1.0)), Verdict::Violated);
        let three = [random(0.004, 1.0), random(0.5, 1e-5), random(0.5, 0.2)];
        let verdicts = judge_all(&three.iter().collect::<Vec<_>>());
        assert_eq!(verdicts, [Verdict::Inconclusive, Verdict::Consistent, Verdict::Inconclusive]);
    }
}
