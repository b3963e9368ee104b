use super::*;
use dinlab_numeric::Stream;

fn uniform(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| from + (to - from) * k as f64 / (n - 1) as f64).collect()
}

fn geometric(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| from * (to / from).powf(k as f64 / (n - 1) as f64)).collect()
}

fn rate(t: &[f64], y: impl Fn(f64) -> f64) -> RateFit {
    fit_rate(t, &t.iter().map(|&t| y(t)).collect::<Vec<_>>()).unwrap()
}

fn assert_fit(fit: &RateFit, kind: RateKind, value: f64, relative: f64) {
    assert_eq!(fit.kind, kind, "{fit:?}");
    assert!((fit.value / value - 1.0).abs() < relative, "expected {value}: {fit:?}");
}

use RateKind::{Exponential, FiniteTime, Power};

#[test]
fn exact_exponentials_at_every_scale() {
    for r in [1e-9, 1e-3, 1.0, 7.3, 1e6] {
        for decay in [0.01, 1.0, 20.0, 300.0] {
            assert_fit(&rate(&uniform(0.0, decay / r, 201), |t| 3.0 * (-r * t).exp()), Exponential, r, 1e-6);
        }
    }
    assert_fit(&rate(&uniform(0.0, 3000.0, 301), |t| (-t).exp()), Exponential, 1.0, 1e-6);
    assert_fit(&rate(&geometric(1e-3, 30.0, 100), |t| (-t).exp()), Exponential, 1.0, 1e-6);
    assert_fit(&rate(&uniform(0.0, 5.0, 10), |t| (-t).exp()), Exponential, 1.0, 1e-6);
}

#[test]
fn exponentials_with_transients() {
    let fit = rate(&uniform(0.0, 30.0, 201), |t| (-t).exp() + 5.0 * (-3.0 * t).exp());
    assert_fit(&fit, Exponential, 1.0, 1e-6);
    assert!(fit.window[0] > 2.0, "{fit:?}");
    assert_fit(&rate(&uniform(0.0, 40.0, 201), |t| (1.0 + t) * (-t).exp()), Exponential, 1.0, 0.05);
}

#[test]
fn floors_and_plateaus_are_thrown_away() {
    let t = uniform(0.0, 100.0, 501);
    assert_fit(&rate(&t, |t| if t < 36.0 { (-t).exp() } else { 1e-16 }), Exponential, 1.0, 1e-6);
    let fit = rate(&t, |t| (-t).exp() + 1e-8);
    assert_fit(&fit, Exponential, 1.0, 1e-5);
    assert!((fit.floor / 1e-8 - 1.0).abs() < 1e-3 && fit.window[1] < 18.0, "{fit:?}");
    assert_fit(&rate(&t, |t| (-t).exp() + 1e-3), Exponential, 1.0, 1e-4);
    let noise = Stream::new(1, "floor", 0).normals(501);
    let y: Vec<f64> = t.iter().zip(&noise).map(|(t, e)| (-t).exp() + 1e-16 * e).collect();
    assert_fit(&fit_rate(&t, &y).unwrap(), Exponential, 1.0, 1e-4);
    // What this protects from: the slope over everything.
    let all = crate::least_squares::slope_of_log(&t, &y, [0.0, 100.0]).unwrap();
    assert!(-all.slope < 0.5);
    let fit = rate(&uniform(0.0, 1000.0, 1001), |t| (1.0 + t).powi(-2) + 1e-4);
    assert_fit(&fit, Power, 2.0, 1e-2);
}

#[test]
fn rounding_at_the_very_end_is_cut_off() {
    let fit = rate(&uniform(0.0, 60.0, 401), |t| (1.0 - (t - 20.0).tanh()) / 2.0);
    assert_fit(&fit, Exponential, 2.0, 1e-4);
    let fit = rate(&uniform(0.0, 37.0, 400), |t| (-t).exp() + 1e-16 * (1e4 * t).sin());
    assert_fit(&fit, Exponential, 1.0, 1e-4);
    assert_fit(&rate(&uniform(0.0, 1000.0, 1001), |t| (-0.01 * t).exp() + 0.5), Exponential, 0.01, 1e-2);
}

#[test]
fn slow_approaches_are_inside_their_interval_and_laws_without_a_limit_are_none() {
    let fit = rate(&uniform(0.0, 20.0, 201), |t| (1.0 + t) * (-t).exp());
    assert!(fit.kind == Exponential && fit.low < 1.0 && 1.0 < fit.high, "{fit:?}");
    let fit = rate(&uniform(1.0, 1e4, 201), |t| 1.0 / t + t.powf(-1.5));
    assert!(fit.kind == Power && fit.low < 1.0 + 3e-4 && 1.0 < fit.high, "{fit:?}");
    for law in
        [|t: f64| (-t.sqrt()).exp(), |t: f64| (-t * t / 400.0).exp(), |t: f64| (1.0 + t.ln()) / (t * t)]
    {
        let fit = rate(&uniform(1.0, 100.0, 201), law);
        assert_eq!(fit.kind, RateKind::None, "{fit:?}");
    }
    let few = rate(&uniform(0.0, 10.0, 401), |t| (-0.5 * t).exp() * (0.8 * t).cos());
    assert_eq!(few.kind, RateKind::None, "two maxima are no envelope: {few:?}");
}

#[test]
fn oscillating_decay_uses_the_envelope() {
    let t = uniform(0.0, 40.0, 2001);
    for w in [1.0, 3.0, 10.0] {
        let fit = rate(&t, |t| (-0.5 * t).exp() * (w * t).cos());
        assert_fit(&fit, Exponential, 0.5, 1e-3);
        assert!(fit.envelope);
        assert_fit(&rate(&t, |t| (-0.5 * t).exp() * (w * t).cos().powi(2)), Exponential, 0.5, 1e-3);
    }
    let fit = rate(&uniform(0.0, 120.0, 4001), |t| {
        (-0.5 * t).exp() * (3.0 * t).cos().abs() + 1e-15 * (1.0 + (77.0 * t).sin())
    });
    assert_fit(&fit, Exponential, 0.5, 1e-2);
}

#[test]
fn powers_with_and_without_shift() {
    for p in [0.5, 1.5, 3.0, 6.0] {
        for shift in [0.0, 1.0, 30.0] {
            assert_fit(&rate(&uniform(1.0, 1000.0, 400), |t| (t + shift).powf(-p)), Power, p, 1e-3);
            assert_fit(&rate(&geometric(1.0, 1e5, 200), |t| 4.0 * (t + shift).powf(-p)), Power, p, 1e-3);
        }
    }
    assert_fit(&rate(&geometric(1.0, 1e6, 200), |t| 1.0 / t + t.powi(-3)), Power, 1.0, 1e-3);
    assert_fit(&rate(&uniform(0.0, 1e4, 401), |t| (1.0 + t * t).powf(-0.75)), Power, 1.5, 1e-3);
}

#[test]
fn noise_widens_the_interval_and_keeps_the_kind() {
    let (mut covered, repetitions) = (0, 30);
    for repetition in 0..repetitions {
        let noise = Stream::new(2, "noise", repetition).normals(400);
        let t = uniform(0.0, 10.0, 400);
        let y: Vec<f64> = t.iter().zip(&noise).map(|(t, e)| (-t + 0.05 * e).exp()).collect();
        let fit = fit_rate(&t, &y).unwrap();
        assert_fit(&fit, Exponential, 1.0, 0.05);
        covered += i32::from(fit.low <= 1.0 && 1.0 <= fit.high);
        let t = geometric(1.0, 1e4, 400);
        let y: Vec<f64> = t.iter().zip(&noise).map(|(t, e)| (0.05 * e).exp() / t).collect();
        assert_fit(&fit_rate(&t, &y).unwrap(), Power, 1.0, 0.05);
    }
    assert!(covered >= 24, "{covered}");
}

#[test]
fn a_few_noisy_points_are_an_exponential_by_default() {
    let fit = rate(&uniform(0.0, 7.0, 8), |t| (-t).exp() * (1.0 + 0.05 * (7.7 * t * t).sin()));
    assert_fit(&fit, Exponential, 1.0, 0.05);
    assert!(fit.low < 1.0 && 1.0 < fit.high, "{fit:?}");
}

#[test]
fn a_log_periodic_modulation_stays_a_power() {
    for depth in [0.05, 0.2] {
        let t = geometric(1.0, 1e6, 600);
        assert_fit(&rate(&t, |t| t.powf(-1.5) * (1.0 + depth * (4.0 * t.ln()).sin())), Power, 1.5, 0.05);
    }
}

#[test]
fn extinction_in_finite_time() {
    for q in [0.5, 1.0, 2.0, 3.5] {
        let fit = rate(&uniform(0.0, 3.0, 301), |t| if t < 2.0 { (2.0 - t).powf(q) } else { 0.0 });
        assert_fit(&fit, FiniteTime, 2.0, 1e-6);
        assert!((fit.order / q - 1.0).abs() < 1e-4, "{fit:?}");
        let fit = rate(&uniform(0.0, 1.9, 301), |t| (2.0 - t).powf(q));
        assert_fit(&fit, FiniteTime, 2.0, 1e-6);
    }
}

#[test]
fn what_does_not_decay_has_no_rate() {
    let t = uniform(0.0, 10.0, 200);
    let constant = rate(&t, |_| 3.0);
    assert!(constant.kind == RateKind::None && constant.value.abs() < 1e-12, "{constant:?}");
    let growing = rate(&t, |t| (0.5 * t).exp());
    assert!(growing.kind == RateKind::None && (growing.value + 0.5).abs() < 1e-9, "{growing:?}");
    assert_eq!(rate(&t, |_| 0.0).kind, RateKind::None);
    for repetition in 0..20 {
        let noise = Stream::new(3, "white", repetition).normals(200);
        let found = fit_rate(&t, &noise).unwrap();
        assert!(found.kind == RateKind::None || found.high - found.low > 0.2 * found.value, "{found:?}");
    }
    let turned = rate(&uniform(0.0, 20.0, 200), |t| (-t).exp() + 1e-7 * (0.8 * t).exp());
    assert_eq!(turned.kind, RateKind::None, "{turned:?}");
}

#[test]
fn logarithmic_corrections_are_no_exponent() {
    let fit = rate(&geometric(10.0, 1e8, 400), |t| 1.0 / (t * t.ln().powi(3)));
    assert_eq!(fit.kind, RateKind::None, "{fit:?}");
    let fit = rate(&geometric(10.0, 1e8, 400), |t| 1.0 / t.ln());
    assert_eq!(fit.kind, RateKind::None, "{fit:?}");
}

#[test]
fn octaves_and_relations() {
    let t = geometric(1.0, 1024.0, 101);
    let y: Vec<f64> = t.iter().map(|t| t.powf(-1.25)).collect();
    let octaves = octave_exponents(&t, &y).unwrap();
    assert!(octaves.len() == 10 && octaves.iter().all(|o| (o.exponent - 1.25).abs() < 1e-12));
    let fit = fit_rate_against(&t, &y).unwrap();
    assert_fit(&fit, Power, -1.25, 1e-9);
    let x: Vec<f64> = t.iter().map(|t| 1.0 / t).collect();
    let cube: Vec<f64> = x.iter().map(|x| x.powi(3) * (1.0 + x)).collect();
    let fit = fit_rate_against(&x, &cube).unwrap();
    assert_fit(&fit, Power, 3.0, 5e-3);
    let fit = fit_rate_against(&t, &t.iter().map(|t| t * t).collect::<Vec<_>>()).unwrap();
    assert_fit(&fit, Power, 2.0, 1e-9);
}

#[test]
fn bad_input_is_refused_by_type() {
    let t = uniform(0.0, 1.0, 20);
    assert!(matches!(fit_rate(&t[..3], &t[..3]), Err(AnalysisError::TooFewPoints { .. })));
    assert!(matches!(fit_rate(&t, &t[..3]), Err(AnalysisError::LengthMismatch { .. })));
    assert!(matches!(fit_rate(&[1.0; 20], &t), Err(AnalysisError::NotMonotone { index: 1, .. })));
    let mut y = t.clone();
    y[7] = f64::NAN;
    assert_eq!(fit_rate(&t, &y), Err(AnalysisError::NonFinite { what: "y", index: 7 }));
    assert!(fit_rate_against(&t, &t).is_err());
}

#[test]
fn words_of_the_contract() {
    let text = serde_json::to_string(&rate(&uniform(0.0, 3.0, 20), |t| (-t).exp())).unwrap();
    assert!(text.contains("\"kind\":\"exponential\"") && text.contains("\"order\":\"nan\""), "{text}");
    assert_eq!(serde_json::to_string(&FiniteTime).unwrap(), "\"finite-time\"");
}
