//! The embedded data: checksums, shapes, published summary numbers, and the objectives built on them.

mod support;

use std::path::PathBuf;

use dinlab_numeric::{dot, norm, norm_inf, sum};
use dinlab_objective::{build, data, Options};
use sha2::{Digest, Sha256};
use support::{gradient, hessian, moved};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

#[test]
fn files_have_the_stated_checksums_and_all_are_listed() {
    let sums = std::fs::read_to_string(folder().join("SHA256SUMS")).unwrap();
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut listed = Vec::new();
    for line in sums.lines() {
        let (expected, name) = line.split_once("  ").unwrap();
        let content = std::fs::read(folder().join(name)).unwrap();
        let found: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, expected, "{name}");
        assert!(readme.contains(line), "README.md does not state the checksum of {name}");
        listed.push(name.to_owned());
    }
    for file in std::fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".csv") || listed.contains(&name), "{name} has no checksum");
    }
}

#[test]
fn data_sets_have_their_published_shapes_and_summaries() {
    let cancer = data::breast_cancer();
    assert_eq!((cancer.rows, cancer.columns, cancer.names.len()), (569, 30, 30));
    assert_eq!(cancer.targets.iter().filter(|&&t| t == 0.0).count(), 212);
    assert_eq!(cancer.names[27], "worst concave-points");
    let radii: Vec<f64> = (0..569).map(|i| cancer.row(i)[0]).collect();
    assert_eq!((dinlab_numeric::minimum(&radii), dinlab_numeric::maximum(&radii)), (6.981, 28.11));

    let diabetes = data::diabetes();
    assert_eq!((diabetes.rows, diabetes.columns, diabetes.names.len()), (442, 10, 10));
    assert_eq!(diabetes.features.len(), 4420);
    assert!((sum(&diabetes.targets) / 442.0 - 152.133_484_162_895_9).abs() < 1e-12);

    let digits = data::digits();
    assert_eq!((digits.rows, digits.columns, digits.names.len()), (1797, 64, 64));
    let count = |digit: f64| digits.targets.iter().filter(|&&t| t == digit).count();
    assert_eq!([0.0, 1.0, 2.0, 8.0].map(count), [178, 182, 177, 174]);
    assert!(digits.features.iter().all(|&v| (0.0..=16.0).contains(&v) && v.fract() == 0.0));
    assert_eq!(digits.names[13], "pixel 1,5");
}

#[test]
fn scaled_columns_have_mean_zero_and_the_stated_size() {
    for set in [data::breast_cancer(), data::diabetes()] {
        for (scaled, size) in
            [(set.unit_columns(), 1.0), (set.standardised_columns(), (set.rows as f64).sqrt())]
        {
            for j in 0..set.columns {
                let column: Vec<f64> = (0..set.rows).map(|i| scaled[i * set.columns + j]).collect();
                assert!(sum(&column).abs() < 1e-11 && (norm(&column) / size - 1.0).abs() < 1e-13);
            }
        }
    }
    // A constant column has no scale: pixel 0,0 of the digits is always 0.
    let digits = data::digits().standardised_columns();
    assert!(digits.iter().all(|v| v.is_finite()) && digits[0] == 0.0);
}

#[test]
fn the_published_curves_are_read_in_order() {
    let curves = data::jmlr_figure_1d();
    assert_eq!(curves.len(), 318 + 170 + 645);
    for (panel, length) in [('a', 318), ('b', 170), ('c', 645)] {
        let curve: Vec<_> = curves.iter().filter(|v| v.panel == panel).collect();
        assert_eq!(curve.len(), length);
        // Curve c was drawn with small steps back (at most 19 iterations near 85 000).
        let back = if panel == 'c' { 19.0 } else { 0.0 };
        assert!(curve.windows(2).all(|pair| pair[0].iteration <= pair[1].iteration + back), "{panel}");
        assert!(curve.iter().all(|v| v.log10_value.is_finite() && (0.0..=1e5).contains(&v.iteration)));
    }
    assert_eq!((curves[0].iteration, curves[0].log10_value), (0.0, 1.431635));
}

/// A (by columns) and b as the documentation of `lasso` states them.
fn regression() -> (Vec<Vec<f64>>, Vec<f64>) {
    let set = data::diabetes();
    let scaled = set.unit_columns();
    let columns = (0..10).map(|j| (0..442).map(|i| scaled[10 * i + j]).collect()).collect();
    let mean = sum(&set.targets) / 442.0;
    let b: Vec<f64> = set.targets.iter().map(|t| t - mean).collect();
    let size = norm(&b);
    (columns, b.iter().map(|v| v / size).collect())
}

/// Minimiser by cyclic coordinate descent on A and b, independently of the objective's code.
fn lasso_minimiser(tau: f64) -> Vec<f64> {
    let (columns, b) = regression();
    let (mut x, mut residual) = (vec![0.0; 10], b);
    for _ in 0..20_000 {
        let mut change = 0.0;
        for (j, column) in columns.iter().enumerate() {
            let c = dot(column, &residual) + x[j];
            let new = c.signum() * dinlab_numeric::max(c.abs() - tau, 0.0);
            dinlab_numeric::axpy(x[j] - new, column, &mut residual);
            change = dinlab_numeric::max(change, (x[j] - new).abs());
            x[j] = new;
        }
        if change < 1e-15 {
            break;
        }
    }
    x
}

#[test]
fn lasso_is_least_squares_with_a_penalty_and_its_solutions_satisfy_the_optimality_conditions() {
    let (columns, b) = regression();
    for tau in [0.0, 0.001, 0.05, 0.3, 0.5] {
        let objective = build(&format!("lasso:{tau}"), &Options::default()).unwrap();
        let mut oracle = objective.oracle();
        let x = lasso_minimiser(tau);
        let mut residual: Vec<f64> = b.iter().map(|v| -v).collect();
        columns.iter().zip(&x).for_each(|(column, &v)| dinlab_numeric::axpy(v, column, &mut residual));
        let direct = 0.5 * dot(&residual, &residual) + tau * x.iter().map(|v| v.abs()).sum::<f64>();
        assert!((oracle.value(&x) - direct).abs() < 1e-13, "{tau}");
        // With derivative 0 of |·| at 0 the gradient there is that of the smooth part: at most τ in size.
        let g = gradient(&mut *oracle, &x);
        for (component, &v) in g.iter().zip(&x) {
            let excess = if v == 0.0 { component.abs() - tau } else { component.abs() };
            assert!(excess < 1e-11, "{tau}: {x:?} {g:?}");
        }
        if tau == 0.0 {
            // R² of the ordinary regression, by Gaussian elimination on the normal equations in another program.
            assert!((1.0 - 2.0 * direct - 0.517_748_422_220_349_8).abs() < 1e-10);
        }
        if tau == 0.5 {
            // The two features that enter first on the published path: body mass index and s5.
            assert!(x.iter().enumerate().all(|(j, &v)| (v != 0.0) == (j == 2 || j == 8)), "{x:?}");
        }
    }
    assert!(lasso_minimiser(0.6).iter().all(|&v| v == 0.0));
}

#[test]
fn logistic_regression_has_one_minimiser_and_its_bound_is_reached_at_the_origin() {
    let set = data::breast_cancer();
    for r in [1.0, 0.01, 1e-4] {
        let objective = build(&format!("logistic:{r}"), &Options::default()).unwrap();
        let mut oracle = objective.oracle();
        let origin = vec![0.0; 31];
        assert!((oracle.value(&origin) - 2.0_f64.ln()).abs() < 1e-14);
        let largest = hessian(&mut *oracle, &origin).symmetric_eigenvalues().max();
        let bound = objective.facts().smoothness.as_ref().unwrap().value;
        assert!((largest / bound - 1.0).abs() < 1e-12, "{largest} {bound}");

        let mut x = origin;
        for _ in 0..40 {
            let g = nalgebra::DVector::from_vec(gradient(&mut *oracle, &x));
            let step = hessian(&mut *oracle, &x).cholesky().unwrap().solve(&g);
            let (value, decrement) = (oracle.value(&x), step.dot(&g));
            // Armijo's rule far away; full steps once J no longer resolves the decrement.
            let mut t = 1.0;
            let step: Vec<f64> = step.iter().copied().collect();
            while decrement > 1e-10 && oracle.value(&moved(&x, -t, &step)) > value - 0.25 * t * decrement {
                t *= 0.5;
            }
            x = moved(&x, -t, &step);
        }
        assert!(norm_inf(&gradient(&mut *oracle, &x)) < 1e-13, "{r}");
        let scaled = set.standardised_columns();
        let right = (0..set.rows).filter(|&i| {
            let score = dot(&scaled[30 * i..30 * (i + 1)], &x[..30]) + x[30];
            (score > 0.0) == (set.targets[i] == 1.0)
        });
        assert!(right.count() as f64 > 0.94 * 569.0);
    }
}
