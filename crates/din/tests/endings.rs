//! How runs end, what they refuse, and that nothing hangs.

use dinlab_din::{
    estimate_error, integrate, simulate, DinError, Dynamics, Integrator, Outcome, Run, Settings, System,
    DYNAMICS, INTEGRATORS,
};
use dinlab_objective::{build, Options, Start};
use dinlab_record::{Flow, Status};

struct Plain<F>(usize, F);

impl<F: FnMut(f64, &[f64], &mut [f64])> System for Plain<F> {
    fn dimension(&self) -> usize {
        self.0
    }
    fn rhs(&mut self, t: f64, y: &[f64], dy: &mut [f64]) {
        (self.1)(t, y, dy);
    }
}

fn scalar(f: impl Fn(f64, f64) -> f64) -> Plain<impl FnMut(f64, &[f64], &mut [f64])> {
    Plain(1, move |t: f64, y: &[f64], dy: &mut [f64]| dy[0] = f(t, y[0]))
}

fn solve(system: &mut dyn System, start: f64, from: f64, until: f64, settings: &Settings) -> Outcome {
    let start = vec![start; system.dimension()];
    integrate(system, &start, from, until, &[], &mut [], settings, &mut |_, _| Flow::Continue)
        .expect("valid input")
}

fn with(integrator: Integrator) -> Settings {
    Settings { integrator, ..Settings::default() }
}

#[test]
fn registries_name_everything_once() {
    for (i, entry) in INTEGRATORS.iter().enumerate() {
        assert_eq!(entry.name.parse::<Integrator>().unwrap(), entry.integrator);
        assert_eq!(entry.integrator.name(), entry.name);
        assert!(INTEGRATORS[..i].iter().all(|e| e.name != entry.name));
        assert!(!entry.summary.is_empty() && !entry.source.is_empty());
    }
    for entry in DYNAMICS {
        assert_eq!((entry.build)(1.0, 1.0).name(), entry.name);
        assert_eq!(Dynamics::from_name(entry.name, 1.0, 1.0).unwrap(), (entry.build)(1.0, 1.0));
    }
    assert!("dopri".parse::<Integrator>().is_err() && Dynamics::from_name("dim", 1.0, 1.0).is_err());
}

#[test]
fn nan_ends_every_integrator_quickly() {
    for entry in INTEGRATORS {
        let settings = with(entry.integrator);
        let outcome = solve(&mut scalar(|_, _| f64::NAN), 1.0, 0.0, 1.0, &settings);
        assert!(matches!(outcome.status, Status::NonFinite { at } if at == 0.0), "{}", entry.name);
        // NaN from t = 0.5 on.
        let outcome =
            solve(&mut scalar(|t, y| if t < 0.5 { -y } else { f64::NAN }), 1.0, 0.0, 1.0, &settings);
        let Status::NonFinite { at } = outcome.status else { panic!("{}: {}", entry.name, outcome.status) };
        assert!((at - 0.5).abs() < 1e-6, "{}: {at}", entry.name);
        assert!((outcome.state[0] - (-at).exp()).abs() < 1e-6);
        assert!(outcome.work.evaluations < 100_000, "{}: {}", entry.name, outcome.work.evaluations);
    }
}

#[test]
fn blow_up_ends_near_its_time() {
    for entry in INTEGRATORS {
        let outcome = solve(&mut scalar(|_, y| y * y), 1.0, 0.0, 2.0, &with(entry.integrator));
        assert!(!outcome.status.is_complete(), "{}", entry.name);
        assert!((outcome.t - 1.0).abs() < 1e-5, "{}: {} at {}", entry.name, outcome.status, outcome.t);
        let bounded = Settings { divergence_bound: 1e3, ..with(entry.integrator) };
        let outcome = solve(&mut scalar(|_, y| y * y), 1.0, 0.0, 2.0, &bounded);
        assert!(
            matches!(outcome.status, Status::Diverged { at } if (0.99..1.0).contains(&at)),
            "{}",
            entry.name
        );
    }
}

#[test]
fn zero_length_backward_and_negative_times() {
    for entry in INTEGRATORS {
        let settings = with(entry.integrator);
        let outcome = solve(&mut scalar(|_, y| -y), 3.0, -2.0, -2.0, &settings);
        assert_eq!((outcome.status, outcome.t, outcome.state), (Status::ReachedEnd, -2.0, vec![3.0]));
        let outcome = solve(&mut scalar(|_, y| -y), 1.0, 1.0, -1.0, &settings);
        assert_eq!((outcome.status, outcome.t), (Status::ReachedEnd, -1.0));
        assert!((outcome.state[0] - 2f64.exp()).abs() < 1e-6, "{}", entry.name);
        // Samples backward, ends included.
        let mut seen = Vec::new();
        let mut observer = |t: f64, y: &[f64]| {
            seen.push((t, y[0]));
            Flow::Continue
        };
        let grid = [1.0, 0.5, 0.0, -1.0];
        integrate(&mut scalar(|_, y| -y), &[1.0], 1.0, -1.0, &grid, &mut [], &settings, &mut observer)
            .unwrap();
        assert_eq!(seen.len(), 4);
        for (t, y) in seen {
            assert!((y - (1.0 - t).exp()).abs() < 1e-6);
        }
    }
}

#[test]
fn budget_and_observer_end_runs() {
    for entry in INTEGRATORS {
        let settings = Settings { max_evaluations: 500, ..with(entry.integrator) };
        let outcome = solve(&mut scalar(|t, _| (100.0 * t).sin()), 0.0, 0.0, 1e4, &settings);
        assert_eq!(outcome.status, Status::BudgetExhausted, "{}", entry.name);
        assert!(outcome.work.evaluations < 600);
        let mut stop = |t: f64, _: &[f64]| if t >= 0.5 { Flow::Stop } else { Flow::Continue };
        let grid = [0.0, 0.25, 0.5, 0.75];
        let settings = with(entry.integrator);
        let system = &mut scalar(|_, y| y);
        let outcome = integrate(system, &[1.0], 0.0, 1.0, &grid, &mut [], &settings, &mut stop).unwrap();
        assert_eq!((outcome.status, outcome.t), (Status::Interrupted, 0.5));
        assert!((outcome.state[0] - 0.5f64.exp()).abs() < 1e-7);
    }
}

#[test]
fn tolerances_below_rounding_are_raised_and_said() {
    for entry in INTEGRATORS {
        let settings = Settings { rtol: 1e-18, atol: 1e-30, ..with(entry.integrator) };
        let outcome = solve(&mut scalar(|_, y| -y), 1.0, 0.0, 1.0, &settings);
        assert!(outcome.reason.contains("raised"), "{}", outcome.reason);
        assert!(outcome.work.evaluations < 5_000_000);
        if outcome.status == Status::ReachedEnd {
            assert!((outcome.state[0] - (-1f64).exp()).abs() < 1e-13, "{}", entry.name);
        }
    }
}

#[test]
fn stiff_systems_take_few_implicit_steps() {
    // y′ = −10⁵(y − cos t): the solution is as smooth as the cosine.
    let stiff = || scalar(|t, y| -1e5 * (y - t.cos()));
    let implicit = solve(&mut stiff(), 1.0, 0.0, 10.0, &with(Integrator::Radau5));
    let auto = solve(&mut stiff(), 1.0, 0.0, 10.0, &with(Integrator::Auto));
    assert!(implicit.work.accepted < 1_000, "{:?}", implicit.work);
    assert!(auto.work.evaluations < 30_000, "{:?}", auto.work);
    assert_eq!(auto.integrator, Integrator::Radau);
    assert!(auto.reason.contains("stiffness detected"), "{}", auto.reason);
    for outcome in [implicit, auto] {
        let error = (outcome.state[0] - 10f64.cos() - 1e-5 * 10f64.sin()).abs();
        assert!(error < 1e-8, "{error:e} {:?}", outcome.work);
    }
    let explicit = solve(&mut stiff(), 1.0, 0.0, 10.0, &with(Integrator::Dopri5));
    assert!(explicit.work.accepted > 100_000);
}

#[test]
fn auto_takes_the_high_order_for_tight_tolerances_and_no_jacobian_at_kinks() {
    let settings = Settings::with_tolerance(1e-11);
    let outcome = solve(&mut scalar(|_, y| -y), 1.0, 0.0, 1.0, &settings);
    assert_eq!(outcome.integrator, Integrator::Dop853);
    let outcome = solve(&mut scalar(|_, y| -y), 1.0, 0.0, 1.0, &Settings::default());
    assert_eq!(outcome.integrator, Integrator::Dopri5);
    // Not for the event solver: the Euclidean norm has its kink at a point.
    let valley = build("expr:100*(y-abs(x))^2+norm(x-1,y/9)", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 1.3, beta: 0.1 }, &[-1.5, 0.0], 2.0);
    run.settings = Settings::with_tolerance(1e-6);
    let (trajectory, outcome) =
        dinlab_din::simulate_with_outcome(&*valley, &run, &mut dinlab_record::observe::Blind).unwrap();
    assert!(outcome.reason.contains("kinks") && outcome.work.jacobians == 0, "{}", outcome.reason);
    assert!(trajectory.last.value < trajectory.value[0]);
}

#[test]
fn sliding_along_a_kink_costs_steps_of_the_size_of_the_tolerance() {
    // J = |θ|: after the crossings DIN sticks at 0 with |u| < β, where the explicit methods chatter.
    let kink = build("power:1", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 1.0, beta: 0.1 }, &[1.0], 5.0);
    run.settings = Settings { integrator: Integrator::Dopri5, ..Settings::with_tolerance(1e-5) };
    let trajectory = simulate(&*kink, &run).unwrap();
    assert_eq!(trajectory.status, Status::ReachedEnd);
    assert!(trajectory.last.theta[0].abs() < 1e-4);
    run.settings =
        Settings { max_evaluations: 100_000, integrator: Integrator::Dopri5, ..Settings::default() };
    let (trajectory, outcome) =
        dinlab_din::simulate_with_outcome(&*kink, &run, &mut dinlab_record::observe::Blind).unwrap();
    assert_eq!(trajectory.status, Status::BudgetExhausted);
    assert!(outcome.reason.contains("kinks: a run that slides"), "{}", outcome.reason);
    let place = format!("all 100000 evaluations used up at t = {:.6}", outcome.t);
    assert!(outcome.reason.contains(&place), "{}", outcome.reason);
    // The choice made without a name goes from event to event.
    run.settings.integrator = Integrator::Auto;
    let (trajectory, outcome) =
        dinlab_din::simulate_with_outcome(&*kink, &run, &mut dinlab_record::observe::Blind).unwrap();
    assert_eq!((trajectory.status, outcome.integrator), (Status::ReachedEnd, Integrator::Event));
    assert!(outcome.reason.starts_with("auto: the objective has kinks"), "{}", outcome.reason);
    assert!(outcome.work.evaluations < 1000 && trajectory.last.theta[0].abs() < 1e-12);
}

#[test]
fn integrators_for_kinks_need_an_objective() {
    for entry in dinlab_din::INCLUSION_INTEGRATORS {
        assert_eq!(entry.name.parse(), Ok(entry.integrator));
        let settings = Settings { integrator: entry.integrator, ..Settings::default() };
        let hill = build("hill", &Options::default()).unwrap();
        let mut system = dinlab_din::system(Dynamics::GradientFlow, &*hill);
        let refused = integrate(&mut *system, &[0.0, 0.0], 0.0, 1.0, &[], &mut [], &settings, &mut |_, _| {
            Flow::Continue
        });
        assert!(matches!(refused, Err(DinError::NeedsObjective { .. })), "{refused:?}");
    }
}

#[test]
fn runs_are_deterministic_and_their_error_is_measured() {
    let hill = build("hill", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 0.7, beta: 0.3 }, &[-1.2, 1.5], 20.0);
    assert_eq!(simulate(&*hill, &run).unwrap(), simulate(&*hill, &run).unwrap());
    run.settings = Settings::with_tolerance(1e-6);
    let coarse = estimate_error(&*hill, &run).unwrap();
    run.settings = Settings::with_tolerance(1e-8);
    let fine = estimate_error(&*hill, &run).unwrap();
    assert!(coarse.theta < 1e-3 && coarse.theta > 0.0 && fine.theta < 0.1 * coarse.theta);
    assert_eq!(coarse.samples, 201);
    assert!(coarse.second.unwrap() > 0.0);
}

#[test]
fn bad_input_is_refused_with_its_name() {
    let objective = build("quadratic:1,100", &Options::default()).unwrap();
    let good = Run::new(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[1.0, 1.0], 1.0);
    type Change = fn(&mut Run);
    let cases: &[(Change, &str)] = &[
        (|r| r.theta = vec![1.0], "1 entries, expected 2"),
        (|r| r.theta[1] = f64::NAN, "entry 2 is NaN"),
        (|r| r.until = f64::INFINITY, "end time is inf"),
        (|r| r.until = -1.0, "end time is -1"),
        (|r| r.samples = 0, "samples is 0"),
        (|r| r.settings.rtol = 0.0, "rtol is 0"),
        (|r| r.settings.rtol = f64::NAN, "rtol is NaN"),
        (|r| r.settings.atol = -1.0, "atol is -1"),
        (|r| r.settings.first_step = Some(0.0), "first_step is 0"),
        (|r| r.dynamics = Dynamics::Din { alpha: -1.0, beta: 0.1 }, "alpha is -1"),
        (|r| r.dynamics = Dynamics::Din { alpha: 0.5, beta: f64::NAN }, "beta is NaN"),
        (|r| r.dynamics = Dynamics::DinPsi { alpha: 0.5, beta: 0.0 }, "beta is 0"),
        (|r| r.dynamics = Dynamics::DinAvd { alpha: 3.0, beta: 0.0 }, "start time is 0"),
        (|r| r.start = Start::Velocity(vec![1.0]), "velocity has 1 entries"),
        (|r| r.start = Start::Speed(f64::NAN), "speed must"),
        (
            |r| {
                r.dynamics = Dynamics::HeavyBall { alpha: 1.0 };
                r.start = Start::Psi(vec![0.0; 2]);
            },
            "psi needs beta > 0",
        ),
        (
            |r| {
                r.dynamics = Dynamics::GradientFlow;
                r.start = Start::Speed(1.0);
            },
            "gradient-flow cannot start with `speed:1`",
        ),
    ];
    assert!(simulate(&*objective, &good).is_ok());
    for (change, expected) in cases {
        let mut run = good.clone();
        change(&mut run);
        let message = simulate(&*objective, &run).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} should contain {expected:?}");
    }
    // J = √θ has no gradient at −1: a status where the state is finite, an error where it is not.
    let root = build("expr:sqrt(x)", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[-1.0], 1.0);
    assert!(matches!(simulate(&*root, &run).unwrap().status, Status::NonFinite { at } if at == 0.0));
    run.start = Start::Velocity(vec![1.0]);
    assert!(simulate(&*root, &run).unwrap_err().to_string().contains("gradient at the start"));
    let valley = build("valley", &Options::default()).unwrap();
    let run = Run::new(Dynamics::NewtonFlow, &[1.0, 1.0], 1.0);
    assert!(matches!(simulate(&*valley, &run), Err(DinError::Kinks { .. })));
    let grid = [0.0, 2.0];
    let bad = integrate(
        &mut scalar(|_, y| y),
        &[1.0],
        0.0,
        1.0,
        &grid,
        &mut [],
        &Settings::default(),
        &mut |_, _| Flow::Continue,
    );
    assert!(matches!(bad, Err(DinError::Grid { index: 1, .. })));
}

#[test]
fn a_start_beyond_the_bound_has_diverged() {
    let hill = build("hill", &Options::default()).unwrap();
    for entry in INTEGRATORS {
        let mut run = Run::new(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[1.0, 1.0], 20.0);
        run.start = Start::Velocity(vec![1e300, 0.0]);
        run.settings = with(entry.integrator);
        let trajectory = simulate(&*hill, &run).unwrap();
        assert_eq!(trajectory.status, Status::Diverged { at: 0.0 }, "{}", entry.name);
        assert_eq!(trajectory.time, [0.0], "{}", entry.name);
        assert!(trajectory.work.evaluations == 0, "{}", entry.name);
    }
}

#[test]
fn a_diverging_run_keeps_its_samples() {
    let objective = build("quadratic:-1", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 0.0, beta: 0.0 }, &[1.0], 100.0);
    run.settings.divergence_bound = 1e6;
    let trajectory = simulate(&*objective, &run).unwrap();
    assert!(matches!(trajectory.status, Status::Diverged { .. }));
    assert!(trajectory.time.len() > 20 && trajectory.time.len() < 60);
    assert!(trajectory.last.t.unwrap() >= *trajectory.time.last().unwrap());
}

#[test]
fn instabilities_below_the_tolerance_are_not_damped() {
    // At the saddle of ½(y² − x²) at rest, x = 1e-14 far below the tolerance: it grows as the larger root of
    // λ² + (α − β)λ − 1 = 0, and an implicit method free to choose its steps would let it die out.
    let saddle = build("quadratic:-1,1", &Options::default()).unwrap();
    let (alpha, beta) = (0.7, 0.3);
    let growth = 0.5 * (beta - alpha) + (0.25 * (beta - alpha) * (beta - alpha) + 1.0_f64).sqrt();
    for entry in INTEGRATORS {
        let mut run = Run::new(Dynamics::Din { alpha, beta }, &[1e-14, 0.0], 30.0);
        run.settings = with(entry.integrator);
        let reached = simulate(&*saddle, &run).unwrap().last.theta[0];
        // u = 0 at the start: x′ = βx.
        let slow = -growth - (alpha - beta);
        let expected = 1e-14 * (beta - slow) / (growth - slow) * (growth * 30.0).exp();
        // Below the tolerance the size is right to a factor only.
        assert!((reached / expected).ln().abs() < 2.0, "{}: {reached:e} for {expected:e}", entry.name);
    }
}

#[test]
fn auto_takes_the_implicit_method_at_once_for_few_unknowns() {
    let hill = build("hill", &Options::default()).unwrap();
    let mut run = Run::new(Dynamics::Din { alpha: 0.7, beta: 0.3 }, &[-1.2, 1.5], 20.0);
    let blind = &mut dinlab_record::observe::Blind;
    let (_, outcome) = dinlab_din::simulate_with_outcome(&*hill, &run, blind).unwrap();
    assert_eq!(outcome.integrator, Integrator::Radau);
    assert!(outcome.reason.contains("auto: smooth, 4 unknowns"), "{}", outcome.reason);
    run.settings = Settings::with_tolerance(1e-6);
    let (_, outcome) = dinlab_din::simulate_with_outcome(&*hill, &run, blind).unwrap();
    assert_eq!(outcome.integrator, Integrator::Dopri5);
}

#[test]
fn huge_and_singular_curvature_ends() {
    for (objective, theta) in [
        ("expr:1e150*(x^4+y^4+z^4+x*y*z)", vec![1.0, -0.5, 2.0]),
        ("expr:1e300*(x^2+x*y)", vec![1.0, 1.0]),
        ("expr:-exp(x*y)-x^6", vec![2.0, 1.0]),
        ("expr:0*x+0*y+0*z", vec![1.0, 2.0, 3.0]),
        ("expr:sqrt(x)+y^2", vec![1.0, 1.0]),
        ("expr:1e-300*(x^2+y^2+z^2)", vec![1.0, 2.0, 3.0]),
    ] {
        let objective = build(objective, &Options::default()).unwrap();
        for entry in INTEGRATORS {
            let mut run = Run::new(Dynamics::Din { alpha: 0.5, beta: 1.0 }, &theta, 10.0);
            run.settings = Settings { max_evaluations: 20_000, ..with(entry.integrator) };
            let trajectory = simulate(&*objective, &run).unwrap();
            assert!(trajectory.work.evaluations < 25_000, "{} {}", entry.name, objective.name());
            assert!(trajectory.last.theta.iter().all(|v| v.is_finite()), "{}", entry.name);
        }
    }
}
