//! What "fewer oscillations" can mean: sign changes with hysteresis, velocity reversals, ratio of successive
//! extrema, upward variation, path length over displacement, a spectral peak. Everything that can stream does.

mod crossings;
mod extrema;
mod spectral;
mod variation;

pub use crossings::{sign_change_plateau, sign_changes, Plateau, SignChanges, VelocityReversals};
pub(crate) use extrema::parabola_vertex;
pub use extrema::{extrema, overshoot, Overshoot};
pub use spectral::{spectral_peak, SpectralPeak};
pub use variation::{PathLength, Variation};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AnalysisError;
    use crate::spectrum::{angular_frequency, multipliers};
    use std::f64::consts::PI;

    #[test]
    fn hysteresis_ignores_chatter_and_keeps_crossings() {
        let chatter = |k: usize| if k.is_multiple_of(2) { 1e-3 } else { -1e-3 };
        let w: Vec<f64> = (0..100_000).map(|k| (k as f64 * 0.000_314).cos() + chatter(k)).collect();
        assert!(sign_changes(&w, 0.0) > 10);
        assert_eq!(sign_changes(&w, 1e-2), 10);
        let thresholds: Vec<f64> = (0..=20).map(|k| 1e-4 * 10_f64.powf(f64::from(k) / 4.0)).collect();
        let (counts, plateau) = sign_change_plateau(&w, &thresholds).unwrap();
        assert_eq!((plateau.count, *counts.last().unwrap()), (10, 0));
        assert!(plateau.decades() > 1.5, "{plateau:?}");
        assert!(sign_change_plateau(&w, &[]).is_err() && sign_change_plateau(&w, &[0.0]).is_err());
    }

    #[test]
    fn a_nan_is_not_a_sign() {
        let mut counter = SignChanges::new(0.1);
        [1.0, f64::NAN, 1.0, -1.0].iter().for_each(|&w| counter.push(w));
        assert!(counter.count() == 1 && counter.saw_non_finite());
    }

    #[test]
    fn crossings_come_at_the_rate_of_the_linearisation() {
        let (alpha, beta, lambda) = (0.2, 0.05, 4.0);
        let omega = angular_frequency(alpha, beta, lambda);
        let t: Vec<f64> = (0..4000).map(|k| f64::from(k) * 0.01).collect();
        let w: Vec<f64> =
            t.iter().map(|t| (-0.5 * (alpha + beta * lambda) * t).exp() * (omega * t + 0.3).cos()).collect();
        let expected = omega * 39.99 / PI;
        assert!((sign_changes(&w, 0.0) as f64 - expected).abs() <= 1.0);
        let measured = overshoot(&t, &w, 0.0).unwrap();
        let ratio = (-PI * (alpha + beta * lambda) / (2.0 * omega)).exp();
        assert!((measured.ratio / ratio - 1.0).abs() < 1e-6, "{measured:?} {ratio}");
    }

    #[test]
    fn iterates_have_the_envelope_of_the_multiplier() {
        let (alpha, beta, g, lambda) = (0.5, 0.1, 0.1, 9.0);
        let mu = multipliers(alpha, beta, g, lambda)[0];
        let (mut theta, mut u) = (1.0, 0.0);
        let (mut t, mut w) = (Vec::new(), Vec::new());
        for k in 0..400 {
            t.push(f64::from(k));
            w.push(theta);
            let v = lambda * theta;
            (theta, u) = (theta + g * (u - beta * v), (1.0 - alpha * g) * u - g * (1.0 - alpha * beta) * v);
        }
        let expected = mu.norm().powf(PI / mu.arg());
        let measured = overshoot(&t, &w, 1e-12).unwrap();
        assert!((measured.ratio / expected - 1.0).abs() < 2e-3, "{measured:?} {expected}");
    }

    #[test]
    fn a_monotone_curve_has_no_overshoot() {
        let t: Vec<f64> = (0..50).map(f64::from).collect();
        let w: Vec<f64> = t.iter().map(|t| (-t).exp()).collect();
        assert!(matches!(overshoot(&t, &w, 0.0), Err(AnalysisError::TooFewPoints { found: 0, .. })));
        let mut variation = Variation::default();
        w.iter().for_each(|&v| variation.push(v));
        assert!(variation.upward() == 0.0 && (variation.total() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn paths_and_reversals() {
        let (mut path, mut reversals) = (PathLength::default(), VelocityReversals::new(&[1.0, 0.0], 0.0));
        for point in [[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0], [1.0, 4.0]] {
            path.push(&point);
            reversals.push(&point);
        }
        assert!(path.length() == 11.0 && (path.excess() - 11.0 / 17_f64.sqrt()).abs() < 1e-15);
        assert_eq!(reversals.count(), 2);
        let mut still = PathLength::default();
        still.push(&[1.0]);
        still.push(&[1.0]);
        assert!(still.excess().is_nan());
        let mut variation = Variation::default();
        [2.0, 1.0, 1.5, 0.0].iter().for_each(|&v| variation.push(v));
        assert!(variation.upward_ratio() == 0.25 && variation.total() == 3.0);
    }
}
