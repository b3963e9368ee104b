//! Known solutions: on quadratics DIN is a matrix exponential; Newton flow and the accelerated system have theirs.

use dinlab_din::{
    initial_state, integrate, simulate, Dynamics, Integrator, Run, Settings, System, INTEGRATORS,
};
use dinlab_objective::{build, Options, Start};
use dinlab_record::{Flow, Status};
use nalgebra::{Matrix2, Vector2};

fn objective(name: &str) -> std::sync::Arc<dyn dinlab_objective::Objective> {
    build(name, &Options::default()).expect("a registered name")
}

/// (θ, u) at time t for J = λθ²/2.
fn exact(alpha: f64, beta: f64, lambda: f64, start: &[f64], t: f64) -> Vector2<f64> {
    let m = Matrix2::new(-beta * lambda, 1.0, -(1.0 - alpha * beta) * lambda, -alpha);
    (m * t).exp() * Vector2::new(start[0], start[1])
}

#[test]
fn din_on_quadratics_is_the_matrix_exponential() {
    let parameters = [(0.5, 0.1), (0.0, 0.0), (1.0, 0.0), (4.0, 0.8), (1.0, 1.0), (0.2, 3.0)];
    for entry in INTEGRATORS {
        // Tolerance 1e-9, times what the errors of many steps add up to. Dense output of degree 7 magnifies fast
        // modes where the step is at the limit of stability (|h·eigenvalue| about 6 for β = 3, λ = 20).
        let allowed = if entry.name == "dop853" { 3e-7 } else { 3e-8 };
        for (alpha, beta) in parameters {
            for lambda in [0.0, 0.3, 1.0, 20.0, -0.2] {
                let objective = objective(&format!("quadratic:{lambda}"));
                let dynamics = Dynamics::Din { alpha, beta };
                let mut run = Run::new(dynamics, &[1.3], 6.0);
                run.start = Start::Velocity(vec![-0.7]);
                run.samples = 13;
                run.settings.integrator = entry.integrator;
                let start = initial_state(dynamics, &*objective, &run.theta, &run.start, 0.0).unwrap();
                let trajectory = simulate(&*objective, &run).unwrap();
                assert_eq!(trajectory.status, Status::ReachedEnd);
                assert_eq!(trajectory.time.len(), 13);
                for (i, t) in trajectory.time.iter().enumerate() {
                    let expected = exact(alpha, beta, lambda, &start, *t);
                    let error = (trajectory.theta[i][0] - expected[0]).abs();
                    let scale = 1.0 + start[1].abs();
                    assert!(
                        error < allowed * scale,
                        "{} {alpha} {beta} {lambda} t={t}: {error:e}",
                        entry.name
                    );
                    let energy = (1.0 + alpha * beta) * lambda * expected[0].powi(2) + expected[1].powi(2);
                    let error = (trajectory.energy[i] - energy).abs();
                    assert!(
                        error < 1e-5 * (1.0 + energy.abs()),
                        "{} {alpha} {beta} {lambda} t={t}: {error:e} {energy}",
                        entry.name
                    );
                }
                let last = exact(alpha, beta, lambda, &start, 6.0);
                match &trajectory.last.psi {
                    Some(psi) => {
                        let expected = (1.0 - alpha * beta) * last[0] - beta * last[1];
                        assert!((psi[0] - expected).abs() < 1e-5);
                    }
                    None => assert_eq!(beta, 0.0),
                }
            }
        }
    }
}

#[test]
fn the_three_forms_of_din_agree_and_differ_when_the_start_does() {
    let hill = objective("hill");
    let run = |dynamics| {
        let mut run = Run::new(dynamics, &[-1.2, 1.5], 20.0);
        run.start = Start::Velocity(vec![0.4, -0.3]);
        run.settings = Settings { integrator: Integrator::Dop853, ..Settings::with_tolerance(1e-11) };
        simulate(&*hill, &run).unwrap()
    };
    let (alpha, beta) = (0.7, 0.3);
    let first = run(Dynamics::Din { alpha, beta });
    for other in [Dynamics::DinPsi { alpha, beta }, Dynamics::DinSecondOrder { alpha, beta }] {
        let other = run(other);
        for i in 0..first.time.len() {
            for j in 0..2 {
                assert!((first.theta[i][j] - other.theta[i][j]).abs() < 1e-8);
                assert!((first.psi[i][j] - other.psi[i][j]).abs() < 1e-8);
            }
            assert!((first.energy[i] - other.energy[i]).abs() < 1e-8);
        }
    }
    let heavy = run(Dynamics::HeavyBall { alpha });
    assert!(heavy.psi.is_empty() && heavy.energy.is_empty() && heavy.last.psi.is_none());
    assert!((heavy.last.theta[0] - first.last.theta[0]).abs() > 1e-6);
    // Heavy ball is DIN with β = 0.
    let zero = run(Dynamics::Din { alpha, beta: 0.0 });
    assert_eq!(heavy.theta, zero.theta);
}

#[test]
fn ode_solvers_gives_the_same_orbits() {
    for (name, start, dynamics) in [
        ("hill", vec![-1.2, 1.5], Dynamics::Din { alpha: 0.7, beta: 0.3 }),
        ("hill", vec![0.3, 0.5], Dynamics::DinAvd { alpha: 3.1, beta: 0.2 }),
        ("quadratic:1,100", vec![1.0, 1.0], Dynamics::HeavyBall { alpha: 0.4 }),
    ] {
        let objective = objective(name);
        let mut run = Run::new(dynamics, &start, 12.0);
        run.samples = 25;
        run.settings = Settings::with_tolerance(1e-11);
        let mut results = Vec::new();
        for entry in INTEGRATORS {
            run.settings.integrator = entry.integrator;
            results.push((entry.name, simulate(&*objective, &run).unwrap()));
        }
        for (name, result) in &results[1..] {
            for (a, b) in result.theta.iter().zip(&results[0].1.theta) {
                let error = dinlab_numeric::distance(a, b);
                assert!(error < 1e-8, "{name} on {} {}: {error:e}", objective.name(), dynamics.name());
            }
        }
    }
}

/// DIN-AVD written with the Hessian: θ″ = −(α/t)θ′ − βHθ′ − ∇J.
struct AvdSecondOrder<'a>(Box<dyn dinlab_objective::Oracle + 'a>, f64, f64);

impl System for AvdSecondOrder<'_> {
    fn dimension(&self) -> usize {
        4
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        let (theta, velocity) = y.split_at(2);
        let (mut gradient, mut bent) = ([0.0; 2], [0.0; 2]);
        self.0.gradient(theta, &mut gradient);
        self.0.hessian_vector(theta, velocity, &mut bent);
        for i in 0..2 {
            dy[i] = velocity[i];
            dy[2 + i] = -self.1 / t * velocity[i] - self.2 * bent[i] - gradient[i];
        }
    }
}

#[test]
fn avd_without_hessian_is_the_second_order_equation() {
    let hill = objective("hill");
    let (alpha, beta) = (3.1, 0.4);
    let mut run = Run::new(Dynamics::DinAvd { alpha, beta }, &[-1.2, 1.5], 15.0);
    run.start = Start::Velocity(vec![0.2, 0.6]);
    run.settings = Settings::with_tolerance(1e-11);
    let trajectory = simulate(&*hill, &run).unwrap();
    assert_eq!(trajectory.time[0], 1.0);
    let mut rows = Vec::new();
    let mut other = AvdSecondOrder(hill.oracle(), alpha, beta);
    let start = [-1.2, 1.5, 0.2, 0.6];
    let mut observer = |_: f64, y: &[f64]| {
        rows.push(y[..2].to_vec());
        Flow::Continue
    };
    integrate(&mut other, &start, 1.0, 15.0, &trajectory.time, &mut [], &run.settings, &mut observer)
        .unwrap();
    assert_eq!(rows.len(), trajectory.theta.len());
    for (a, b) in rows.iter().zip(&trajectory.theta) {
        assert!(dinlab_numeric::distance(a, b) < 1e-8);
    }
}

#[test]
fn newton_flow_shrinks_the_gradient_exponentially() {
    // ∇J(θ(t)) = e^(−t)∇J(θ₀) where the Hessian is positive definite.
    let objective = objective("quadratic:2,1;1,3");
    let run = Run::new(Dynamics::NewtonFlow, &[1.0, -2.0], 3.0);
    let trajectory = simulate(&*objective, &run).unwrap();
    for (t, theta) in trajectory.time.iter().zip(&trajectory.theta) {
        assert!((theta[0] - (-t).exp()).abs() < 1e-7 && (theta[1] + 2.0 * (-t).exp()).abs() < 1e-7);
    }
    // On a saddle the shifted form moves away along the negative direction: θ₂′ = +θ₂.
    let saddle = build("quadratic:1,-1", &Options::default()).unwrap();
    let run = Run::new(Dynamics::NewtonFlow, &[1.0, 0.1], 1.0);
    let (trajectory, outcome) =
        dinlab_din::simulate_with_outcome(&*saddle, &run, &mut dinlab_record::observe::Blind).unwrap();
    assert!(outcome.reason.contains("Levenberg"), "{}", outcome.reason);
    assert!((trajectory.last.theta[1] - 0.1 * 1f64.exp()).abs() < 1e-7);
    assert!((trajectory.last.theta[0] - (-1f64 / 3.0).exp()).abs() < 1e-7);
}

#[test]
fn gradient_flow_on_a_quadratic() {
    let objective = objective("quadratic:1,100");
    let trajectory = simulate(&*objective, &Run::new(Dynamics::GradientFlow, &[1.0, 1.0], 2.0)).unwrap();
    assert!((trajectory.last.theta[0] - (-2f64).exp()).abs() < 1e-8);
    assert!(trajectory.last.theta[1].abs() < 1e-8);
    assert!(trajectory.energy.is_empty() && trajectory.psi.is_empty());
}

#[test]
fn orbits_are_covariant_under_scaling_of_the_objective() {
    // J → cJ with α → √c α, β → β/√c, t → t/√c leaves θ as a curve unchanged (θ′ scales by √c).
    let c: f64 = 7.0;
    let plain = objective("quadratic:2,1;1,3");
    let scaled = objective("quadratic:14,7;7,21");
    for integrator in
        INTEGRATORS.iter().map(|e| e.integrator).filter(|i| !i.name().starts_with("ode-solvers"))
    {
        let settings = Settings { integrator, ..Settings::with_tolerance(1e-10) };
        let mut run = Run::new(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[1.0, -2.0], 10.0);
        run.start = Start::Velocity(vec![0.3, 0.1]);
        run.settings = settings;
        let a = simulate(&*plain, &run).unwrap();
        run.dynamics = Dynamics::Din { alpha: 0.5 * c.sqrt(), beta: 0.1 / c.sqrt() };
        run.start = Start::Velocity(vec![0.3 * c.sqrt(), 0.1 * c.sqrt()]);
        run.until = 10.0 / c.sqrt();
        let b = simulate(&*scaled, &run).unwrap();
        for (p, q) in a.theta.iter().zip(&b.theta) {
            assert!(dinlab_numeric::distance(p, q) < 1e-8, "{integrator}");
        }
    }
}
