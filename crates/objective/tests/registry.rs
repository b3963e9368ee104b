//! Every registered objective against what is said about it.

use dinlab_numeric::Stream;
use dinlab_objective::{build, registry::ALL, CriticalKind, Objective, Options};
use std::sync::Arc;

/// Every example of every entry.
fn examples() -> Vec<Arc<dyn Objective>> {
    let specifications = ALL.iter().flat_map(|entry| entry.examples.iter().copied());
    specifications.map(|s| build(s, &Options::default()).unwrap_or_else(|e| panic!("{s}: {e}"))).collect()
}

/// A point in the objective's view.
fn sample(objective: &dyn Objective, stream: &mut Stream) -> Vec<f64> {
    objective.facts().view.iter().map(|&[low, high]| stream.uniform(low, high)).collect()
}

#[test]
fn gradients_match_central_differences_with_second_order() {
    for objective in examples() {
        let mut stream = Stream::new(0, objective.name(), 0);
        let mut oracle = objective.oracle();
        let n = objective.dimension();
        let mut gradient = vec![0.0; n];
        for _ in 0..10 {
            let x = sample(&*objective, &mut stream);
            oracle.gradient(&x, &mut gradient);
            let direction = stream.normals(n);
            let slope = dinlab_numeric::dot(&gradient, &direction);
            let mut along =
                |h: f64| oracle.value(&x.iter().zip(&direction).map(|(v, d)| v + h * d).collect::<Vec<_>>());
            let h = 1e-5;
            let difference = (along(h) - along(-h)) / (2.0 * h);
            assert!(
                (slope - difference).abs() < 1e-4 * (1.0 + slope.abs()),
                "{} {slope} {difference}",
                objective.name()
            );
        }
    }
}

#[test]
fn critical_points_have_zero_gradient_and_the_stated_type() {
    for objective in examples() {
        let mut oracle = objective.oracle();
        let n = objective.dimension();
        for critical in &objective.facts().critical_points {
            let mut g = vec![0.0; n];
            oracle.gradient(&critical.point, &mut g);
            assert!(dinlab_numeric::norm_inf(&g) < 1e-10, "{} {critical:?} {g:?}", objective.name());
            let mut h = vec![0.0; n * n];
            oracle.hessian(&critical.point, &mut h);
            let e = nalgebra::DMatrix::from_row_slice(n, n, &h).symmetric_eigenvalues();
            println!("{} {:?} {:?}", objective.name(), critical.kind, e.as_slice());
            if critical.kind == CriticalKind::StrictSaddle {
                assert!(e.min() < 0.0 && e.max() > 0.0);
            }
        }
    }
}
