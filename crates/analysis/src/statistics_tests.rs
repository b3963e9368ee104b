use super::*;
use dinlab_numeric::Stream;

#[test]
fn wilson_agrees_with_printed_values() {
    // 8 of 10 at 95 %: 0.4902, 0.9433; 0 of 20: 0, 0.1611 (Newcombe 1998, score method).
    let [low, high] = wilson(8, 10, 0.95).unwrap();
    assert!((low - 0.4902).abs() < 5e-5 && (high - 0.9433).abs() < 5e-5);
    let [low, high] = wilson(0, 20, 0.95).unwrap();
    assert!(low == 0.0 && (high - 0.1611).abs() < 5e-5);
    assert_eq!(wilson(5, 5, 0.999).unwrap()[1], 1.0);
    assert!(wilson(3, 2, 0.95).is_err() && wilson(0, 0, 0.95).is_err() && wilson(1, 2, 1.0).is_err());
}

#[test]
fn wilson_covers_at_its_level() {
    let mut covered = 0;
    for repetition in 0..1000 {
        let mut stream = Stream::new(4, "wilson", repetition);
        let successes = (0..200).filter(|_| stream.uniform(0.0, 1.0) < 0.3).count() as u64;
        let [low, high] = wilson(successes, 200, 0.95).unwrap();
        covered += i32::from(low <= 0.3 && 0.3 <= high);
    }
    assert!((f64::from(covered) / 1000.0 - 0.95).abs() < 0.025, "{covered}");
}

#[test]
fn mean_equivalence_separates_agreement_violation_and_ignorance() {
    let x = Stream::new(5, "mean", 0).normals(10_000);
    let near = equivalence_mean(&x, 0.0, 0.1).unwrap();
    assert!(near.p_equivalence < 1e-3 && near.p_violation > 0.5);
    let far = equivalence_mean(&x, 0.3, 0.1).unwrap();
    assert!(far.p_violation < 1e-3 && far.p_equivalence > 0.5);
    let small = equivalence_mean(&x[..10], 0.0, 0.05).unwrap();
    assert!(small.p_violation > 0.05 && small.p_equivalence > 0.05 && small.detectable > 1.0);
    let exact = equivalence_mean(&[1.0; 4], 1.0, 0.0).unwrap();
    assert!(exact.p_violation == 1.0 && exact.p_equivalence == 0.0);
}

#[test]
fn the_detectable_deviation_is_detected_with_its_power() {
    let (n, repetitions) = (100, 1000);
    let shift = 0.05 + (3.390_5 + 1.290_2) / f64::from(n).sqrt(); // t quantiles at 99 degrees of freedom
    let mut found = 0;
    for repetition in 0..repetitions {
        let x = Stream::new(6, "power", repetition).normals(n as usize);
        found += i32::from(equivalence_mean(&x, -shift, 0.05).unwrap().p_violation < VIOLATION_LEVEL);
    }
    assert!((f64::from(found) / repetitions as f64 - POWER).abs() < 0.04, "{found}");
}

#[test]
fn p_values_are_uniform_at_the_boundary() {
    // True mean on the edge of the margin, far from the other edge: p_violation is uniform, so is p_equivalence.
    let mut violations = Vec::new();
    let mut deviations = Vec::new();
    for repetition in 0..1000 {
        let x = Stream::new(7, "uniform", repetition).normals(400);
        violations.push(equivalence_mean(&x, -0.5, 0.5).unwrap().p_violation);
        deviations.push(equivalence_standard_deviation(&x, 0.8, 0.2, 0.0).unwrap().p_violation);
    }
    let uniform = |p: f64| p.clamp(0.0, 1.0);
    assert!(kolmogorov_smirnov(&violations, uniform).unwrap().p_value > 1e-3);
    let rejected = deviations.iter().filter(|&&p| p < 0.1).count() as f64 / 1000.0;
    assert!((0.02..0.08).contains(&rejected), "two-sided p is conservative at one boundary: {rejected}");
}

#[test]
fn standard_deviation_needs_the_kurtosis_of_the_law() {
    use crate::escape;
    let (mut naive, mut right) = (0, 0);
    for repetition in 0..1000 {
        let x: Vec<f64> =
            Stream::new(8, "sd", repetition).normals(400).iter().map(|z| -z.abs().ln()).collect();
        let sd = escape::STANDARD_DEVIATION;
        let reject =
            |kurtosis| equivalence_standard_deviation(&x, sd, 0.0, kurtosis).unwrap().p_violation < 0.05;
        naive += i32::from(reject(0.0));
        right += i32::from(reject(escape::EXCESS_KURTOSIS));
    }
    assert!(naive > 150 && (20..90).contains(&right), "{naive} {right}");
}

#[test]
fn proportions_are_judged_exactly() {
    let fair = equivalence_proportion(5020, 10_000, 0.5, 0.03).unwrap();
    assert!(fair.p_equivalence < 1e-6 && fair.p_violation > 0.5);
    let biased = equivalence_proportion(5600, 10_000, 0.5, 0.03).unwrap();
    assert!(biased.p_violation < 1e-6 && biased.p_equivalence > 0.9);
    // 0 of 100 against "at most 0.01": P(X = 0 | 0.01) = 0.99^100.
    let none = equivalence_proportion(0, 100, 0.0, 0.01).unwrap();
    assert!((none.p_equivalence - 0.99_f64.powi(100)).abs() < 1e-12);
}

#[test]
fn kolmogorov_agrees_with_printed_quantiles() {
    // P(K > 1.3581) = 0.05, P(K > 1.9495) = 0.001, P(K > 0.8276) = 0.5.
    for (z, p) in [(1.3581, 0.05), (1.9495, 0.001), (0.8276, 0.5)] {
        assert!((kolmogorov_tail(z) / p - 1.0).abs() < 1e-3, "{z}");
    }
    assert!((kolmogorov_tail(0.999_999) - kolmogorov_tail(1.000_001)).abs() < 1e-5);
}

#[test]
fn holm_agrees_with_a_worked_example() {
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (a, b) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert!((a - b).abs() < 1e-15);
    }
    assert!(holm(&[]).is_empty() && holm(&[f64::NAN, 0.5])[0].is_nan());
}

#[test]
fn lower_bounds_are_one_sided() {
    let mut stream = Stream::new(0, "lower bound", 0);
    let x: Vec<f64> = stream.normals(400).iter().map(|z| 1.0 + 0.2 * z).collect();
    // Standard error 0.01: ten of them above 0.9, far above 0.5, ten below 1.1.
    for (bound, margin, holds) in [(1.0, 0.1, true), (0.5, 0.0, true), (1.2, 0.1, false)] {
        let found = lower_bound_mean(&x, bound, margin).unwrap();
        let (small, large) = if holds {
            (found.p_equivalence, found.p_violation)
        } else {
            (found.p_violation, found.p_equivalence)
        };
        assert!(small < 1e-9 && large > 1.0 - 1e-9, "{bound} {margin}: {found:?}");
        assert!((small + large - 1.0).abs() < 1e-12);
    }
    let exact = lower_bound_mean(&[1.0; 3], 1.0, 0.0).unwrap();
    assert_eq!((exact.p_violation, exact.p_equivalence), (1.0, 0.0));
    assert!(lower_bound_mean(&x, f64::NAN, 0.1).is_err() && lower_bound_mean(&x, 1.0, -0.1).is_err());
}
