use super::*;
use dinlab_numeric::{axpy, dot, norm};

/// A = HDH with a Householder reflection H: prescribed spectrum, no structure left.
fn operator(spectrum: &[f64]) -> impl FnMut(&[f64], &mut [f64]) + '_ {
    let mut w = Stream::new(4, "reflection", 0).normals(spectrum.len());
    let size = norm(&w);
    w.iter_mut().for_each(|v| *v /= size);
    move |v: &[f64], out: &mut [f64]| {
        out.copy_from_slice(v);
        let along = dot(&w, out);
        axpy(-2.0 * along, &w, out);
        out.iter_mut().zip(spectrum).for_each(|(x, l)| *x *= l);
        let along = dot(&w, out);
        axpy(-2.0 * along, &w, out);
    }
}

/// Many eigenvalues near 0, some negative, a few outliers: what Hessians of networks look like.
fn spectrum() -> Vec<f64> {
    let mut stream = Stream::new(4, "spectrum", 0);
    let mut all: Vec<f64> = (0..295).map(|_| 0.2 * stream.normal().powi(3)).collect();
    all.extend([6.0, 7.0, 7.5, 9.0, 14.0]);
    all
}

fn density(seed: u64, probes: usize, steps: usize) -> SpectralDensity {
    let all = spectrum();
    let mut stream = Stream::new(seed, "probes", 0);
    let mut product = operator(&all);
    SpectralDensity::of(&mut product, all.len(), probes, steps, 0.95, &mut stream).unwrap()
}

fn share(all: &[f64], x: f64) -> f64 {
    all.iter().filter(|l| **l <= x).count() as f64 / all.len() as f64
}

/// Intervals of 95% must hold the truth in at least 95% of independent repetitions. Shares are measured with the bound on quadrature on top, so more often;
/// the trace has no error of quadrature, so it is also held to at most 99%. 400 repetitions: standard deviation 1.1%.
#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let all = spectrum();
    let n = all.len() as f64;
    let (trace, squares) = (all.iter().sum::<f64>() / n, all.iter().map(|l| l * l).sum::<f64>() / n);
    let at = [-1.0, -0.1, 0.0, 0.05, 1.0, 8.0];
    let smooth = |x: f64, width: f64| {
        let peak = 1.0 / (width * std::f64::consts::TAU.sqrt());
        all.iter().map(|l| peak * (-0.5 * ((l - x) / width).powi(2)).exp()).sum::<f64>() / n
    };
    let inside = |e: Estimate, truth: f64| usize::from(e.low <= truth && truth <= e.high);
    let repetitions = 400;
    let (mut first, mut second, mut shares, mut densities) = (0, 0, [0; 6], [0; 6]);
    for seed in 0..repetitions {
        let found = density(seed, 4, 25);
        first += inside(found.mean(|x| x), trace);
        second += inside(found.mean(|x| x * x), squares);
        let width = found.resolution(0.05);
        for (i, x) in at.into_iter().enumerate() {
            shares[i] += inside(found.share_up_to(x), share(&all, x));
            densities[i] += inside(found.density(x, width), smooth(x, width));
        }
    }
    let least = (0.95 - 3.0 * 0.011) * repetitions as f64;
    for count in [first, second].into_iter().chain(shares).chain(densities) {
        assert!(count as f64 >= least, "{first} {second} {shares:?} {densities:?} of {repetitions}");
    }
    assert!((first as f64) < 0.99 * repetitions as f64, "{first}");
}

/// The variance that the intervals are made of, against the scatter of independent probes.
#[test]
fn the_variance_of_a_probe_is_the_derived_one() {
    let all = spectrum();
    let n = all.len() as f64;
    let [first, second] = [1, 2].map(|p| all.iter().map(|l: &f64| l.powi(p)).sum::<f64>() / n);
    let derived = 2.0 * (second - first * first) / (n + 2.0);
    let found: Vec<f64> = (0..3000).map(|seed| density(seed, 1, 2).mean(|x| x).value).collect();
    let variance = found.iter().map(|v| (v - first).powi(2)).sum::<f64>() / found.len() as f64;
    // Relative standard deviation of a variance from 3000 draws: √(2/3000) = 2.6% for normal ones; the draws have heavier tails.
    assert!((variance / derived - 1.0).abs() < 0.15, "{}", variance / derived);
}

#[test]
fn smoothed_rules_are_wrong_by_at_most_the_bound() {
    let all = spectrum();
    let (mut tightest, mut exact) = (f64::INFINITY, density(3, 1, all.len()));
    assert!(exact.rules[0].exact);
    let found = density(3, 1, 30);
    for error in [0.3, 1e-2, 1e-4, 1e-8] {
        let width = found.resolution(error);
        let bound = found.smoothing_error(width);
        assert!(bound <= error && bound > 0.9 * error, "{bound} for {error}");
        for i in -20..160 {
            let x = 0.1 * f64::from(i);
            let kernel = |node: f64| (-0.5 * ((node - x) / width).powi(2)).exp();
            let off = (found.mean(kernel).value - exact.mean(kernel).value).abs();
            assert!(off <= bound + 1e-13, "width {width}, x {x}: {off} > {bound}");
            tightest = min(tightest, bound / max(off, 1e-300));
        }
    }
    assert_eq!(exact.smoothing_error(1e-3), 0.0);
    // A rule that is the measure itself has no error but that of sampling.
    exact.quantile = 0.0;
    let [low, high] = [exact.share_up_to(0.3).low, exact.share_up_to(0.3).high];
    assert!((high - low).abs() < 1e-14);
}

#[test]
fn bad_input_is_refused() {
    let mut stream = Stream::new(0, "probes", 0);
    let mut one = |v: &[f64], out: &mut [f64]| out.copy_from_slice(v);
    assert!(SpectralDensity::of(&mut one, 3, 0, 2, 0.95, &mut stream).is_err());
    assert!(SpectralDensity::of(&mut one, 3, 1, 0, 0.95, &mut stream).is_err());
    assert!(SpectralDensity::of(&mut one, 3, 1, 2, 1.0, &mut stream).is_err());
    let mut nan = |_: &[f64], out: &mut [f64]| out.fill(f64::NAN);
    assert!(SpectralDensity::of(&mut nan, 3, 1, 2, 0.95, &mut stream).is_err());
    // The identity: one node.
    let found = SpectralDensity::of(&mut one, 3, 2, 2, 0.95, &mut stream).unwrap();
    assert_eq!(found.rules[0].nodes.len(), 1);
    assert!((found.mean(|x| x).value - 1.0).abs() < 1e-14 && found.smoothing_error(0.1) == 0.0);
}
