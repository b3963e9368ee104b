//! On quadratics DIN is linear: its solution is a matrix exponential.

use dinlab_din::{initial_state, simulate, Dynamics, Integrator, Run};
use dinlab_objective::{build, Options, Start};
use nalgebra::{Matrix2, Vector2};

/// (θ, u) at time t for J = λθ²/2.
fn exact(alpha: f64, beta: f64, lambda: f64, start: &[f64], t: f64) -> Vector2<f64> {
    let m = Matrix2::new(-beta * lambda, 1.0, -(1.0 - alpha * beta) * lambda, -alpha);
    (m * t).exp() * Vector2::new(start[0], start[1])
}

#[test]
fn din_on_quadratics_is_the_matrix_exponential() {
    for integrator in [Integrator::Dopri5] {
        for (alpha, beta) in [(0.5, 0.1), (0.0, 0.0), (1.0, 0.0), (4.0, 0.8), (1.0, 1.0), (0.2, 3.0)] {
            for lambda in [0.0, 0.3, 1.0, 20.0, -0.2] {
                let objective = build(&format!("quadratic:{lambda}"), &Options::default()).unwrap();
                let dynamics = Dynamics::Din { alpha, beta };
                let mut run = Run::new(dynamics, &[1.3], 6.0);
                run.start = Start::Velocity(vec![-0.7]);
                run.samples = 13;
                run.settings.integrator = integrator;
                let start = initial_state(dynamics, &*objective, &run.theta, &run.start, 0.0).unwrap();
                let trajectory = simulate(&*objective, &run).unwrap();
                assert!(trajectory.status.is_complete());
                assert_eq!(trajectory.time.len(), 13);
                for (t, theta) in trajectory.time.iter().zip(&trajectory.theta) {
                    let expected = exact(alpha, beta, lambda, &start, *t)[0];
                    let error = (theta[0] - expected).abs();
                    assert!(error < 2e-7, "{integrator} {alpha} {beta} {lambda} t={t}: {error:e}");
                }
            }
        }
    }
}
