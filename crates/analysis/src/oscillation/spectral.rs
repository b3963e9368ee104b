//! The spectral peak of a series: a line is subtracted, a Hann window applied, and the largest maximum of the power
//! spectrum beyond the window's own main lobe at frequency 0 reported.
//!
//! A window that vanishes at both ends weighs a decaying oscillation e^(−dt) cos ωt by about t² where it is large, so
//! that its power is close to [d² + (2πf − ω)²]⁻³ for long series: the peak stays at ω/2π, and the half-width at half
//! maximum is d√(2^(1/3) − 1)/2π ≈ 0.51 d/2π, about half of that of e^(−dt) itself.

use nalgebra::Complex;
use std::f64::consts::PI;

use super::parabola_vertex;
use crate::error::{check_finite, AnalysisError};

/// The largest peak of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralPeak {
    /// Frequency in cycles per unit of time.
    pub frequency: f64,
    /// Half-width at half maximum of the power, the mean of both sides.
    pub half_width: f64,
    /// Power at the peak over the largest power between it and frequency 0 that is a minimum: how far it stands out.
    pub prominence: f64,
}

/// Peak of `w`, sampled every `interval`; `None` where the power has no maximum beyond 4 cycles per record (the main
/// lobe of the window has 2) that is at least twice the minimum before it and a hundredth of the largest power of all
/// (the window's side lobes stay below a thousandth of its main lobe), and where it is not narrower than half its frequency:
/// what detrending leaves of a monotone decay is as wide as it is far from 0. At least 16 samples are needed.
pub fn spectral_peak(w: &[f64], interval: f64) -> Result<Option<SpectralPeak>, AnalysisError> {
    check_finite("w", w)?;
    if w.len() < 16 {
        return Err(AnalysisError::TooFewPoints { needed: 16, found: w.len() });
    }
    let n = w.len();
    // Padding by at least 8 makes the parabola through three bins a good interpolation.
    let size = (8 * n).next_power_of_two();
    let power = power(w, size);
    let first = 4 * size / n;
    let is_peak = |i: &usize| power[*i] > power[i - 1] && power[*i] >= power[i + 1];
    let Some(top) = (first..power.len() - 1).filter(is_peak).max_by(|a, b| power[*a].total_cmp(&power[*b]))
    else {
        return Ok(None);
    };
    let valley = power[..top].iter().copied().fold(f64::INFINITY, dinlab_numeric::min);
    let prominence = power[top] / valley;
    let lobe = power[top] < 1e-2 * dinlab_numeric::maximum(&power);
    if lobe || prominence.is_nan() || prominence < 2.0 {
        return Ok(None);
    }
    let bin = 1.0 / (size as f64 * interval);
    let bins = [top - 1, top, top + 1].map(|i| i as f64 * bin);
    let [frequency, log_power] = parabola_vertex(&bins, &[top - 1, top, top + 1].map(|i| power[i].ln()));
    let half = 0.5 * log_power.exp();
    let crossing = |inside: usize, outside: usize| {
        let (a, b) = (power[inside], power[outside]);
        bin * (inside as f64 + (outside as f64 - inside as f64) * (a - half) / (a - b))
    };
    let below = (0..top).rev().find(|&i| power[i] < half).map(|i| frequency - crossing(i + 1, i));
    let above = (top + 1..power.len()).find(|&i| power[i] < half).map(|i| crossing(i - 1, i) - frequency);
    let half_width = match (below, above) {
        (Some(below), Some(above)) => 0.5 * (below + above),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => f64::NAN,
    };
    let narrow = half_width < 0.5 * frequency;
    Ok(narrow.then_some(SpectralPeak { frequency, half_width, prominence }))
}

/// |FFT|² of the detrended, windowed and padded series at the frequencies 0…size/2. The line is fitted with the
/// window as weight: a line fitted to the whole of a decaying series would be larger than what the window leaves of it.
fn power(w: &[f64], size: usize) -> Vec<f64> {
    let n = w.len();
    let hann = |i: usize| 0.5 - 0.5 * (2.0 * PI * i as f64 / (n - 1) as f64).cos();
    let middle = 0.5 * (n - 1) as f64;
    // The window is symmetric, so that 1 and i − middle are orthogonal under it.
    let mut sums = [0.0; 4];
    for (i, w) in w.iter().enumerate() {
        let (h, x) = (hann(i), i as f64 - middle);
        sums = [sums[0] + h, sums[1] + h * x * x, sums[2] + h * w, sums[3] + h * x * w];
    }
    let (mean, slope) = (sums[2] / sums[0], sums[3] / sums[1]);
    let mut z = vec![Complex::new(0.0, 0.0); size];
    for (i, w) in w.iter().enumerate() {
        z[i] = Complex::new(hann(i) * (w - mean - slope * (i as f64 - middle)), 0.0);
    }
    transform(&mut z);
    z[..=size / 2].iter().map(|z| z.norm_sqr()).collect()
}

/// Discrete Fourier transform in place by decimation in time (Cooley, Tukey 1965); the length is a power of 2. One
/// short transform per measurement does not pay for a library.
fn transform(z: &mut [Complex<f64>]) {
    let n = z.len();
    let shift = usize::BITS - n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> shift;
        if i < j {
            z.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            let turn = Complex::from_polar(1.0, -PI * k as f64 / half as f64);
            for start in (k..n).step_by(2 * half) {
                let (a, b) = (z[start], turn * z[start + half]);
                (z[start], z[start + half]) = (a + b, a - b);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_the_sum_that_defines_it() {
        let x: Vec<Complex<f64>> =
            (0..16).map(|i| Complex::new((i * i % 7) as f64, (i % 3) as f64)).collect();
        let mut fast = x.clone();
        transform(&mut fast);
        for (k, fast) in fast.iter().enumerate() {
            let term = |(j, x): (usize, &Complex<f64>)| {
                x * Complex::from_polar(1.0, -2.0 * PI * (j * k) as f64 / 16.0)
            };
            let slow: Complex<f64> = x.iter().enumerate().map(term).sum();
            assert!((fast - slow).norm() < 1e-12);
        }
    }

    #[test]
    fn a_decaying_oscillation_peaks_at_its_frequency() {
        let (d, omega, interval) = (0.2, 4.0, 0.05);
        let w: Vec<f64> = (0..2000)
            .map(|i| f64::from(i) * interval)
            .map(|t| 3.0 + 0.01 * t + (-d * t).exp() * (omega * t).cos())
            .collect();
        let peak = spectral_peak(&w, interval).unwrap().unwrap();
        assert!((peak.frequency * 2.0 * PI / omega - 1.0).abs() < 2e-3, "{peak:?}");
        let expected = d * (2_f64.cbrt() - 1.0).sqrt() / (2.0 * PI);
        assert!((peak.half_width / expected - 1.0).abs() < 0.1, "{peak:?} {expected}");
    }

    #[test]
    fn monotone_decay_has_no_peak() {
        for (a, b) in [(0.3, 2.0), (1.0, 1.0), (0.05, 7.0)] {
            let w: Vec<f64> = (0..2000)
                .map(|i| 0.05 * f64::from(i))
                .map(|t| (-a * t).exp() - 0.5 * (-b * t).exp())
                .collect();
            assert_eq!(spectral_peak(&w, 0.05).unwrap(), None, "{a} {b}");
        }
        assert!(spectral_peak(&[1.0; 4], 1.0).is_err());
    }
}
