//! Law of −log|Z|, Z ~ N(0, 1): the random part of the time a trajectory needs to leave a strict saddle.
//! log Z² is the logarithm of a χ² variable with one degree of freedom, so the cumulants of log|Z| are
//! κ_n = 2⁻ⁿ ψ⁽ⁿ⁻¹⁾(½) plus, for n = 1, ½ log 2; ψ(½) = −γ_E − 2 log 2, ψ′(½) = π²/2, ψ‴(½) = π⁴.

use statrs::function::erf::erfc;
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI, SQRT_2};

/// Euler's constant γ_E.
pub const EULER: f64 = 0.577_215_664_901_532_9;

/// Mean of −log|Z|: (γ_E + log 2)/2.
pub const MEAN: f64 = 0.5 * (EULER + LN_2);

/// Standard deviation of −log|Z|: π/(2√2).
pub const STANDARD_DEVIATION: f64 = PI / (2.0 * SQRT_2);

/// Excess kurtosis of −log|Z|: (π⁴/16)/(π²/8)² = 4. A sample variance of this law scatters √3 times as much as
/// that of a normal law; see [`crate::statistics::equivalence_standard_deviation`].
pub const EXCESS_KURTOSIS: f64 = 4.0;

/// Distribution function P(−log|Z| ≤ x) = erfc(e⁻ˣ/√2).
pub fn distribution(x: f64) -> f64 {
    erfc((-x).exp() * FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{kolmogorov_smirnov, Summary};
    use dinlab_numeric::Stream;

    #[test]
    fn moments_and_law_agree_with_draws() {
        let x: Vec<f64> =
            Stream::new(1, "escape", 0).normals(100_000).iter().map(|z| -z.abs().ln()).collect();
        let summary = Summary::of(&x).unwrap();
        assert!((summary.mean - MEAN).abs() < 4.0 * summary.standard_error);
        // Standard error of a standard deviation: σ √((2 + κ)/(4n)).
        let scatter = STANDARD_DEVIATION * ((2.0 + EXCESS_KURTOSIS) / 4e5_f64).sqrt();
        assert!((summary.standard_deviation - STANDARD_DEVIATION).abs() < 4.0 * scatter);
        assert!(kolmogorov_smirnov(&x, distribution).unwrap().p_value > 1e-3);
        let shifted: Vec<f64> = x.iter().map(|v| v + 0.02).collect();
        assert!(kolmogorov_smirnov(&shifted, distribution).unwrap().p_value < 1e-3);
    }

    #[test]
    fn kurtosis_agrees_with_draws() {
        let x: Vec<f64> =
            Stream::new(2, "kurtosis", 0).normals(400_000).iter().map(|z| -z.abs().ln()).collect();
        let n = x.len() as f64;
        let m = x.iter().sum::<f64>() / n;
        let moment = |p: i32| x.iter().map(|v| (v - m).powi(p)).sum::<f64>() / n;
        assert!((moment(4) / moment(2).powi(2) - 3.0 - EXCESS_KURTOSIS).abs() < 0.4);
    }
}
