//! argmin's own solvers on dinlab objectives, and the wrappers.
#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use argmin::{
    core::{Executor, State},
    solver::{linesearch::MoreThuenteLineSearch, quasinewton::LBFGS},
};
use dinlab_argmin::{brent_root, nelder_mead, newton_critical_point, ArgminError, Problem};
use dinlab_objective::{build, CriticalKind, Options};
use nalgebra::DVector;

#[test]
fn lbfgs_runs_on_an_objective() {
    let objective = build("hill", &Options::default()).unwrap();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 5).with_tolerance_grad(1e-10).unwrap();
    let result = Executor::new(Problem::<DVector<f64>>::new(objective.as_ref()), solver)
        .configure(|state| state.param(DVector::from_vec(vec![1.3, 0.2])).max_iters(200))
        .run()
        .unwrap();
    let point = result.state.get_best_param().unwrap();
    // Which of the two minimisers it is, is up to the line search. The solver ends when the value changes by no
    // more than rounding, which fixes the point only to the root of that.
    let error = (point[0].abs() - 0.8_f64.sqrt()).abs() + (point[1] - 0.7).abs();
    assert!(error < 10.0 * f64::EPSILON.sqrt(), "{point}: {error:e}");
}

#[test]
fn newton_finds_critical_points_of_every_type() {
    let objective = build("hill", &Options::default()).unwrap();
    for critical in &objective.facts().critical_points {
        let near: Vec<f64> = critical.point.iter().map(|v| v + 0.05).collect();
        let found = newton_critical_point(objective.as_ref(), &near).unwrap();
        let distance = dinlab_numeric::distance(&found, &critical.point);
        assert!(distance < 1e-14, "{:?}: {distance}", critical.kind);
    }
    assert!(objective.facts().critical_points.iter().any(|c| c.kind == CriticalKind::StrictSaddle));
}

#[test]
fn newton_reports_what_it_cannot_do() {
    let singular = build("quadratic:1,0", &Options::default()).unwrap();
    assert!(matches!(newton_critical_point(singular.as_ref(), &[1.0, 1.0]), Err(ArgminError::Solver(_))));
    // On the line of minimisers the start is critical already.
    assert_eq!(newton_critical_point(singular.as_ref(), &[0.0, 1.0]).unwrap(), [0.0, 1.0]);
    let quadratic = build("quadratic:1", &Options::default()).unwrap();
    assert!(matches!(
        newton_critical_point(quadratic.as_ref(), &[1.0, 1.0]),
        Err(ArgminError::Dimension { expected: 1, found: 2 })
    ));
    assert!(newton_critical_point(quadratic.as_ref(), &[f64::NAN]).is_err());
}

#[test]
fn brent_finds_roots() {
    let root = brent_root(|x| x.cos() - x, 0.0, 1.0, 0.0).unwrap();
    assert!((root - 0.739_085_133_215_160_6).abs() < 1e-15);
    assert_eq!(brent_root(|x| x - 2.0, 2.0, 3.0, 1e-12).unwrap(), 2.0);
    assert_eq!(brent_root(|x| x - 3.0, 2.0, 3.0, 1e-12).unwrap(), 3.0);
    // f(a)·f(b) underflows here.
    let tiny = brent_root(|x| 1e-200 * (x - 0.3), 0.0, 1.0, 1e-12).unwrap();
    assert!((tiny - 0.3).abs() < 1e-11);
    assert!(matches!(brent_root(|x| x * x + 1.0, -1.0, 1.0, 0.0), Err(ArgminError::NoSignChange { .. })));
    assert!(brent_root(|_| f64::NAN, 0.0, 1.0, 0.0).is_err());
    assert!(brent_root(
        |x| if x == 0.0 {
            -1.0
        } else if x == 1.0 {
            1.0
        } else {
            f64::NAN
        },
        0.0,
        1.0,
        0.0
    )
    .is_err());
    assert!(matches!(brent_root(|x| x, -1.0, 1.0, -1.0), Err(ArgminError::Tolerance { .. })));
    assert!(brent_root(|x| x, f64::NEG_INFINITY, 1.0, 0.0).is_err());
}

#[test]
fn nelder_mead_minimises() {
    let rosenbrock = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
    let found = nelder_mead(rosenbrock, &[-1.2, 1.0], 1e-15, 5000).unwrap();
    assert!(found.converged && found.value < 1e-12, "{found:?}");
    assert!(found.point.iter().all(|x| (x - 1.0).abs() < 1e-5));
    // In one dimension, against a constraint expressed by NaN.
    let constrained = |x: &[f64]| if x[0] < 0.25 { f64::NAN } else { x[0] * x[0] };
    let found = nelder_mead(constrained, &[1.0], 1e-14, 1000).unwrap();
    assert!((found.point[0] - 0.25).abs() < 1e-6, "{found:?}");
}

#[test]
fn nelder_mead_says_when_it_did_not_converge() {
    let found = nelder_mead(|x| x[0] * x[0] + x[1] * x[1], &[3.0, 4.0], 1e-12, 5).unwrap();
    assert!(!found.converged && found.iterations == 5);
    assert!(matches!(nelder_mead(|_| f64::NAN, &[1.0], 1e-9, 50), Err(ArgminError::NonFinite { .. })));
    assert!(nelder_mead(|x| x[0], &[], 1e-9, 50).is_err());
    assert!(nelder_mead(|x| x[0], &[f64::NAN], 1e-9, 50).is_err());
    assert!(nelder_mead(|x| x[0] * x[0], &[1.0], f64::NAN, 50).is_err());
}
