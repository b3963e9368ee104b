use super::*;
use dinlab_numeric::Stream;

/// A = HDH with a Householder reflection H: prescribed spectrum, no structure left.
fn operator(spectrum: Vec<f64>) -> impl FnMut(&[f64], &mut [f64]) {
    let w = unit(&Stream::new(3, "reflection", 0).normals(spectrum.len())).unwrap();
    move |v: &[f64], out: &mut [f64]| {
        let reflect = |v: &mut Vec<f64>| {
            let along = dot(&w, v);
            axpy(-2.0 * along, &w, v);
        };
        let mut x = v.to_vec();
        reflect(&mut x);
        x.iter_mut().zip(&spectrum).for_each(|(x, l)| *x *= l);
        reflect(&mut x);
        out.copy_from_slice(&x);
    }
}

fn start(n: usize) -> Vec<f64> {
    Stream::new(0, "start", 0).normals(n)
}

#[test]
fn all_eigenvalues_of_a_small_operator() {
    let spectrum = vec![-3.0, -1.0, 0.5, 2.0, 7.0];
    let found =
        lanczos(&mut operator(spectrum.clone()), &start(5), 50, 0.0, Orthogonalisation::Twice).unwrap();
    assert!(found.invariant && found.steps == 5);
    for (a, b) in found.ritz_values.iter().zip(&spectrum) {
        assert!((a - b).abs() < 1e-13 * 7.0, "{a} {b}");
    }
}

#[test]
fn a_degenerate_spectrum_ends_after_as_many_steps_as_it_has_values() {
    let mut spectrum = vec![1.0; 40];
    spectrum[7..20].fill(4.0);
    spectrum[20..23].fill(-2.0);
    let found = lanczos(&mut operator(spectrum), &start(40), 40, 0.0, Orthogonalisation::Twice).unwrap();
    assert!(found.invariant && found.steps == 3, "{}", found.steps);
    assert!((found.largest()[0] - 4.0).abs() < 1e-13 && (found.smallest()[0] + 2.0).abs() < 1e-13);
}

#[test]
fn an_eigenvalue_lies_within_every_error_bar() {
    let spectrum: Vec<f64> = (0..200).map(|i| f64::from(i).powf(1.5)).collect();
    for steps in [1, 2, 3, 5, 10, 20, 40] {
        let found =
            lanczos(&mut operator(spectrum.clone()), &start(200), steps, 0.0, Orthogonalisation::Twice)
                .unwrap();
        assert_eq!(found.steps, steps);
        for (value, bar) in found.ritz_values.iter().zip(&found.error_bars) {
            let nearest = spectrum.iter().map(|l| (l - value).abs()).fold(f64::INFINITY, dinlab_numeric::min);
            assert!(nearest <= *bar, "{value} ± {bar}, {nearest} away");
        }
    }
}

#[test]
fn the_tolerance_stops_it_at_both_ends() {
    let spectrum: Vec<f64> = (0..500).map(|i| f64::from(i) - 100.0).collect();
    let found = lanczos(&mut operator(spectrum), &start(500), 500, 1e-8, Orthogonalisation::Twice).unwrap();
    assert!(found.steps < 200 && !found.invariant, "{}", found.steps);
    assert!((found.largest()[0] - 399.0).abs() < 4e-6 && (found.smallest()[0] + 100.0).abs() < 4e-6);
}

#[test]
fn ghosts_appear_without_orthogonalisation_only() {
    let mut spectrum: Vec<f64> = (0..150).map(|i| f64::from(i) / 150.0).collect();
    spectrum[149] = 3.0;
    let copies = |orthogonalisation| {
        let found =
            lanczos(&mut operator(spectrum.clone()), &start(150), 100, 0.0, orthogonalisation).unwrap();
        found.ritz_values.iter().filter(|v| (*v - 3.0).abs() < 1e-6).count()
    };
    assert_eq!(copies(Orthogonalisation::Twice), 1);
    assert!(copies(Orthogonalisation::None) > 1);
}

/// From e₁ + e₂ the Rayleigh quotient lies midway, and the bar just reaches the eigenvalues: no smaller one is right.
#[test]
fn the_error_bar_of_power_iteration_is_attained() {
    let mut diagonal = |v: &[f64], out: &mut [f64]| out.copy_from_slice(&[3.0 * v[0], 7.0 * v[1]]);
    let found = power_iteration(&mut diagonal, &[1.0, 1.0], 1, 0.0).unwrap();
    assert!((found.value - 5.0).abs() < 1e-14 && (found.error_bar - 2.0).abs() < 1e-14, "{found:?}");
}

#[test]
fn power_iteration_finds_the_largest_modulus_whatever_its_sign() {
    let found = power_iteration(&mut operator(vec![1.0, 2.0, -5.0, 3.0]), &start(4), 1000, 1e-12).unwrap();
    assert!(found.converged && (found.value + 5.0).abs() < 1e-11, "{found:?}");
    // Two eigenvalues ±λ: the Rayleigh quotient wanders, and the error bar says so.
    let found = power_iteration(&mut operator(vec![1.0, -5.0, 5.0]), &start(3), 200, 1e-12).unwrap();
    assert!(!found.converged && found.error_bar > (found.value + 5.0).abs(), "{found:?}");
    let zero = power_iteration(&mut operator(vec![0.0; 3]), &start(3), 5, 1e-12).unwrap();
    assert!(zero.converged && zero.value == 0.0);
}

#[test]
fn symmetry_is_measured() {
    let vectors: Vec<Vec<f64>> = (0..4).map(|i| Stream::new(1, "v", i).normals(6)).collect();
    assert!(asymmetry(&mut operator(vec![1.0, 2.0, 3.0, 4.0, 5.0, -9.0]), &vectors) < 1e-14);
    let mut skew = |v: &[f64], out: &mut [f64]| {
        for i in 0..6 {
            out[i] = v[(i + 1) % 6];
        }
    };
    assert!(asymmetry(&mut skew, &vectors) > 0.1);
}

#[test]
fn bad_operators_and_starts_are_refused() {
    let mut nan = |_: &[f64], out: &mut [f64]| out.fill(f64::NAN);
    assert!(matches!(
        lanczos(&mut nan, &[1.0, 0.0], 2, 0.0, Orthogonalisation::Twice),
        Err(AnalysisError::NonFinite { .. })
    ));
    assert!(power_iteration(&mut nan, &[1.0], 2, 0.0).is_err());
    let mut one = |v: &[f64], out: &mut [f64]| out.copy_from_slice(v);
    assert!(lanczos(&mut one, &[0.0, 0.0], 2, 0.0, Orthogonalisation::Twice).is_err());
    assert!(lanczos(&mut one, &[], 2, 0.0, Orthogonalisation::Twice).is_err());
}

#[test]
fn the_largest_and_smallest_pairs_are_found_within_their_error_bars() {
    for n in [1, 2, 5, 60] {
        let spectrum: Vec<f64> = (0..n).map(|i| (f64::from(i) - 3.0) * 1.7).collect();
        let n = n as usize;
        for steps in [3, 10, 60] {
            let mut product = operator(spectrum.clone());
            let found = eigenpairs(&mut product, &start(n), steps, [2, 1], 1e-12).unwrap();
            assert_eq!(found.len(), 3.min(steps).min(n));
            let mut image = vec![0.0; n];
            for pair in &found {
                product(&pair.vector, &mut image);
                axpy(-pair.value, &pair.vector, &mut image);
                assert!(
                    norm(&image) <= pair.residual && (norm(&pair.vector) - 1.0).abs() < 1e-12,
                    "{pair:?}"
                );
            }
            if steps >= n {
                let wanted = [n - 1, n.saturating_sub(2), 0].map(|i| spectrum[i]);
                for (pair, wanted) in found.iter().zip(wanted) {
                    assert!((pair.value - wanted).abs() < 1e-11 * 102.0, "{} for {wanted}", pair.value);
                }
            }
        }
        let top = largest_eigenpair(&mut operator(spectrum.clone()), &start(n), 60, 1e-10).unwrap();
        assert!((top.value - spectrum[n - 1]).abs() <= top.residual + 1e-10 * 102.0);
    }
}

#[test]
fn moments_up_to_twice_the_steps_are_exact_and_the_next_one_is_not() {
    let spectrum: Vec<f64> = (0..80).map(|i| (f64::from(i) / 79.0).powi(2)).collect();
    let q = unit(&start(80)).unwrap();
    let rule = quadrature(&mut operator(spectrum.clone()), &q, 6).unwrap();
    // The spectral measure of q, from the eigenvectors of A = HDH: q seen through the reflection.
    let mut through = vec![0.0; 80];
    let moment =
        |power: i32| rule.nodes.iter().zip(&rule.weights).map(|(x, w)| w * x.powi(power)).sum::<f64>();
    let mut exact = q.clone();
    for power in 0..=12 {
        let wanted = dot(&q, &exact);
        let off = (moment(power) / wanted - 1.0).abs();
        assert!(if power < 12 { off < 1e-12 } else { off > 1e-6 }, "moment {power}: {off}");
        operator(spectrum.clone())(&exact, &mut through);
        exact.clone_from(&through);
    }
}
