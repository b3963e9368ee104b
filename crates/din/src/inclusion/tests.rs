//! Closed forms, invariants, and second routes.

use dinlab_objective::{build, registry::Shared, Start};
use dinlab_record::{observe::Blind, KinkEventKind, Side, Status};

use super::*;
use crate::integrator::Settings;

fn objective(name: &str) -> Shared {
    build(name, &Default::default()).unwrap()
}

fn run(dynamics: Dynamics, theta: &[f64], start: Start, until: f64) -> Run {
    let mut run = Run::new(dynamics, theta, until);
    run.start = start;
    run.settings = Settings::with_tolerance(1e-12);
    run
}

fn solution(name: &str, run: &Run) -> Solution {
    solve(&*objective(name), run, &Options::default(), &mut Blind).unwrap()
}

/// (1+αβ)J + ½‖u‖² + D at its largest deviation from its start.
fn imbalance(name: &str, alpha: f64, beta: f64, solution: &Solution) -> f64 {
    let objective = objective(name);
    let mut oracle = objective.oracle();
    let mut energy = |s: &Sample| {
        (1.0 + alpha * beta) * oracle.value(&s.theta) + 0.5 * dinlab_numeric::dot(&s.u, &s.u) + s.dissipated
    };
    let first = energy(&solution.samples[0]);
    solution.samples.iter().map(|s| (energy(s) - first).abs()).fold(0.0, dinlab_numeric::max)
}

#[test]
fn sticking_without_friction() {
    for beta in [0.05, 0.13, 0.25, 0.6] {
        let dynamics = Dynamics::Din { alpha: 0.0, beta };
        let s = solution("power:1", &run(dynamics, &[1.0], Start::Velocity(vec![0.0]), 40.0));
        let speed = 2.0_f64.sqrt();
        let crossings = (speed / (2.0 * beta)).floor();
        assert_eq!(s.report.count(KinkEventKind::Cross), crossings as usize, "beta {beta}");
        let mut time = speed;
        for (k, event) in s.report.events.iter().enumerate() {
            assert!((event.t - time).abs() < 1e-10, "{} {time}", event.t);
            let expected = speed - 2.0 * beta * k as f64;
            let (before, after) = if k % 2 == 0 {
                (event.velocity_plus[0], event.velocity_minus[0])
            } else {
                (-event.velocity_minus[0], -event.velocity_plus[0])
            };
            assert!((before + expected).abs() < 1e-10 && (after + expected - 2.0 * beta).abs() < 1e-10);
            time += 2.0 * (expected - 2.0 * beta);
        }
        assert_eq!(s.report.events.last().unwrap().kind, KinkEventKind::SlideEnter);
        assert_eq!(s.trajectory.status, Status::ReachedEnd);
        assert!(s.last.theta[0].abs() < 1e-12);
        assert!(imbalance("power:1", 0.0, beta, &s) < 1e-10);
    }
}

#[test]
fn sticking_with_friction() {
    let (alpha, beta) = (0.5_f64, 0.1);
    let s =
        solution("power:1", &run(Dynamics::Din { alpha, beta }, &[1.0], Start::Velocity(vec![0.0]), 20.0));
    // θ(t) = (w + s/α)(1 − e^{−αt})/α − st/α from 0 with velocity w on the side s; the first piece from 1.
    let (mut t, mut theta, mut w, mut side) = (0.0, 1.0, 0.0, 1.0);
    for event in &s.report.events {
        let at = |x: f64| theta + (w + side / alpha) * (1.0 - (-alpha * x).exp()) / alpha - side * x / alpha;
        let (mut low, mut high) = (1e-9, 10.0);
        while high - low > 1e-15 {
            let middle = 0.5 * (low + high);
            if side * at(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
            if 0.5 * (low + high) == middle {
                break;
            }
        }
        t += low;
        assert!((event.t - t).abs() < 1e-10, "{} {t}", event.t);
        let impact = (w + side / alpha) * (-alpha * low).exp() - side / alpha;
        (theta, w, side) = (0.0, impact + 2.0 * beta * side, -side);
    }
    assert_eq!(s.report.count(KinkEventKind::SlideEnter), 1);
    assert!(s.report.events.len() > 2);
    assert!(imbalance("power:1", alpha, beta, &s) < 1e-10);
}

#[test]
fn valley_slides_into_its_minimum() {
    let (alpha, beta) = (0.5, 0.1);
    let s = solution("valley", &run(Dynamics::Din { alpha, beta }, &[-1.5, 0.0], Start::Rest, 30.0));
    assert_eq!(s.trajectory.status, Status::ReachedEnd);
    assert!(imbalance("valley", alpha, beta, &s) < 1e-9);
    let slide = s.report.segments.iter().find(|x| x.sides[1] == Side::Slide).expect("it slides on x = 1");
    let inside: Vec<&Sample> = s.samples.iter().filter(|x| x.t >= slide.from && x.t <= slide.to).collect();
    assert!(inside.len() > 20);
    let first = inside[0];
    for sample in &inside {
        assert!((sample.theta[0] - 1.0).abs() < 1e-12);
        let expected = first.u[0] * (-(sample.t - first.t) / beta).exp();
        assert!((sample.u[0] - expected).abs() < 1e-10);
        assert!((sample.selection[0] - sample.u[0] / beta).abs() < 1e-10);
        let w = sample.theta[1] - 1.0;
        let band = [-1.0 - 200.0 * w, 1.0 - 200.0 * w];
        assert!(band[0] <= sample.selection[0] && sample.selection[0] <= band[1]);
    }
    assert!(s.trajectory.last.value < 1e-4);
}

#[test]
fn valley_slides_on_its_other_kink_and_leaves() {
    let (alpha, beta) = (0.5, 0.1);
    let s = solution("valley", &run(Dynamics::Din { alpha, beta }, &[0.0, -0.2], Start::Rest, 2.0));
    let slide = &s.report.segments[0];
    assert_eq!(slide.sides[0], Side::Slide);
    assert!(imbalance("valley", alpha, beta, &s) < 1e-8);
    let leave = s.report.events.iter().find(|e| e.kind == KinkEventKind::SlideLeave).expect("it leaves");
    // Slides while |u₁ + β| ≤ 200β|w|.
    let end = s.samples.iter().rfind(|x| x.t < leave.t).unwrap();
    assert!((end.u[0] + beta).abs() < 200.0 * beta * end.theta[1].abs());
    assert!(leave.velocity_plus[0].abs() < 1e-9, "{leave:?}");
}

#[test]
fn three_solutions_leave_a_concave_kink() {
    let (alpha, beta) = (0.5_f64, 0.1_f64);
    let run = run(Dynamics::Din { alpha, beta }, &[0.0], Start::Rest, 3.0);
    let name = "expr:-abs(x)";
    let all = solve_all(&*objective(name), &run, &Options::default(), &mut Blind).unwrap();
    assert_eq!(all.len(), 3);
    assert!(all[0].samples.iter().all(|s| s.theta[0] == 0.0), "the selection sign(0) = 0 stays");
    let mut signs = Vec::new();
    for s in &all[1..] {
        signs.push(s.last.theta[0].signum());
        for sample in &s.samples {
            let t = sample.t;
            let expected = t / alpha + (beta - 1.0 / alpha) * (1.0 - (-alpha * t).exp()) / alpha;
            assert!((sample.theta[0] - signs[signs.len() - 1] * expected).abs() < 1e-10);
        }
        assert!(imbalance(name, alpha, beta, s) < 1e-10);
    }
    signs.sort_by(f64::total_cmp);
    assert_eq!(signs, vec![-1.0, 1.0]);
    assert!(all.iter().all(|s| s.report.branches.len() == 1));
    let cap = Options { max_solutions: 2, ..Options::default() };
    let refused = solve_all(&*objective(name), &run, &cap, &mut Blind);
    assert!(matches!(refused, Err(DinError::TooManyBranches { cap: 2, .. })));
    let unique = solve_all(&*objective("power:1"), &run, &Options::default(), &mut Blind).unwrap();
    assert_eq!(unique.len(), 1);
}

/// Kinks that cross, meet in corners, bend, sit inside each other, coincide, or make no difference.
const NONSMOOTH: &[(&str, &[f64])] = &[
    ("expr:abs(x)+abs(y)", &[1.0, 0.7]),
    ("expr:abs(x)+2*abs(y)+0.3*x*y", &[1.0, 0.7]),
    ("expr:max(x,y,0)+0.05*(x^2+y^2)", &[1.0, 0.7]),
    ("expr:max(x,max(y,0))+max(-x-y,0)", &[1.0, 1.0]),
    ("expr:abs(x^2+y^2-1)+0.2*x+0.1*y", &[1.2, 0.9]),
    ("expr:abs(x^2+y^2-1)+abs(x-y)+0.2*x", &[1.2, 0.5]),
    ("expr:abs(abs(x)-1)+0.1*x", &[2.5]),
    ("expr:abs(abs(x)-1)+abs(x+y)", &[2.5, 1.0]),
    ("expr:max(x,0)^2+abs(y)", &[1.0, 1.0]),
    ("expr:abs(x)-abs(x)+(x-1)^2+abs(y)", &[-1.0, 1.0]),
    ("expr:abs(x)+abs(2*x)+abs(x+y)", &[-1.0, 1.7]),
    ("expr:min(abs(x-1),abs(x+1))+0.5*abs(y-x)", &[2.0, 1.0]),
    ("valley", &[0.6, -0.7]),
    ("relu-sum", &[0.3; 31]),
    ("expr:abs(x)+abs(y)+abs(z)+abs(p+q)+abs(p-q)+0.5*(x*y+y*z)+x^2+y^2+z^2", &[1.0, 0.2, 0.7, 0.4, -0.3]),
    ("lasso:0.1", &[0.3; 10]),
    ("expr:max(a,b,c,d,0)+0.1*(a^2+b^2+c^2+d^2)", &[1.0, 0.8, 0.6, 0.3]),
];

#[test]
fn energy_balances_across_corners_curves_and_nests() {
    let (alpha, beta) = (0.5, 0.2);
    for &(name, start) in NONSMOOTH {
        let s = solution(name, &run(Dynamics::Din { alpha, beta }, start, Start::Rest, 15.0));
        assert_eq!(s.trajectory.status, Status::ReachedEnd, "{name}: {:?}", s.report.events.last());
        let error = imbalance(name, alpha, beta, &s);
        assert!(error < 1e-7, "{name}: {error}");
    }
}

#[test]
fn heavy_ball_on_the_absolute_value_runs_on() {
    // Crossings at t ~ (3/α) log n: never an accumulation, also where the flights between them are far shorter than
    // the steps that the tolerance allows.
    let mut run = run(Dynamics::HeavyBall { alpha: 0.5 }, &[1.0], Start::Rest, 50.0);
    run.settings = Settings::with_tolerance(1e-9);
    let s = solve(&*objective("power:1"), &run, &Options::default(), &mut Blind).unwrap();
    assert_eq!(s.trajectory.status, Status::ReachedEnd);
    assert!(s.report.events.len() > 8000 && s.report.events.iter().all(|e| e.kind == KinkEventKind::Cross));
}

/// Explicit Euler with the oracle's selection: a second route that knows nothing of surfaces.
fn euler(name: &str, dynamics: Dynamics, theta: &[f64], until: f64, steps: usize) -> Vec<f64> {
    let objective = objective(name);
    let mut y = initial_state(dynamics, &*objective, theta, &Start::Rest, 0.0).unwrap();
    let mut system = crate::system(dynamics, &*objective);
    let mut slope = vec![0.0; y.len()];
    let h = until / steps as f64;
    for k in 0..steps {
        system.rhs(k as f64 * h, &y, &mut slope);
        dinlab_numeric::axpy(h, &slope, &mut y);
    }
    y
}

#[test]
fn explicit_euler_converges_to_the_event_solution() {
    for &(name, start) in NONSMOOTH {
        for dynamics in [
            Dynamics::Din { alpha: 0.5, beta: 0.2 },
            Dynamics::Din { alpha: 1.5, beta: 1.3 },
            Dynamics::GradientFlow,
            Dynamics::HeavyBall { alpha: 0.7 },
        ] {
            let s = solution(name, &run(dynamics, start, Start::Rest, 3.0));
            assert_eq!(s.trajectory.status, Status::ReachedEnd, "{name} {dynamics:?}");
            let n = start.len();
            let steps = 20_000;
            let y = euler(name, dynamics, start, 3.0, steps);
            let error = dinlab_numeric::distance(&y[..n], &s.last.theta);
            // First order with constants of up to 20; where the valley's frequency of 20 is hardly damped, explicit
            // Euler adds 400γ/2 to its growth rate.
            let scale = if name == "valley" { 600.0 } else { 30.0 };
            assert!(error < scale * 3.0 / steps as f64, "{name} {dynamics:?}: {error}");
        }
    }
}

#[test]
fn other_routes_converge_to_the_event_solution() {
    let dynamics = [
        Dynamics::Din { alpha: 0.5, beta: 0.2 },
        Dynamics::Din { alpha: 1.5, beta: 1.3 },
        Dynamics::GradientFlow,
        Dynamics::HeavyBall { alpha: 0.7 },
    ];
    for &(name, start) in NONSMOOTH {
        for dynamics in dynamics {
            let mut run = run(dynamics, start, Start::Rest, 3.0);
            let reference = solution(name, &run);
            run.settings = Settings::with_tolerance(1e-9);
            let (step, width) = (1e-3, 1e-3);
            (run.settings.fixed_step, run.settings.smoothing) = (Some(step), Some(width));
            // Both are of first order with constants of up to 20 (heavy ball on the circle), in the valley of a few
            // hundred; the second is
            // extrapolated, but only between events.
            let valley = if name == "valley" { 30.0 } else { 1.0 };
            for (integrator, bound) in
                [(Integrator::TimeStepping, 40.0 * valley * step), (Integrator::Smoothed, 2.0 * width)]
            {
                run.settings.integrator = integrator;
                let other = solution(name, &run);
                assert_eq!(other.trajectory.status, Status::ReachedEnd, "{name} {dynamics:?} {integrator}");
                for (a, b) in reference.samples.iter().zip(&other.samples) {
                    let apart = dinlab_numeric::distance(&a.theta, &b.theta);
                    assert!(apart < bound, "{name} {dynamics:?} {integrator} {}: {apart:e} {bound:e}", a.t);
                }
            }
        }
    }
}

#[test]
fn slides_on_a_circle_are_a_pendulum() {
    // On x² + y² = 1 with J = |x² + y² − 1| + 0.3y: heavy ball φ″ + αφ′ + 0.3 cos φ = 0 (held while the centripetal force
    // does not exceed the strength of the kink), gradient flow φ′ = −0.3 cos φ.
    let name = "expr:abs(x^2+y^2-1)+0.3*y";
    let alpha = 0.2;
    let s = solution(
        name,
        &run(Dynamics::HeavyBall { alpha }, &[1.0, 0.0], Start::Velocity(vec![0.0, 0.8]), 6.0),
    );
    assert_eq!((s.trajectory.status.clone(), s.report.segments.len()), (Status::ReachedEnd, 1));
    assert!(s.report.segments[0].slides());
    let angle = |x: &Sample| x.theta[1].atan2(x.theta[0]);
    let (mut phi, mut rate) = (0.0_f64, 0.8_f64);
    for pair in s.samples.windows(2) {
        let steps = 200;
        let h = (pair[1].t - pair[0].t) / f64::from(steps);
        for _ in 0..steps {
            // The midpoint rule: error h²/24 of the third derivatives, 1e-9 here.
            let force = |p: f64, r: f64| -alpha * r - 0.3 * p.cos();
            let (p, r) = (phi + 0.5 * h * rate, rate + 0.5 * h * force(phi, rate));
            (phi, rate) = (phi + h * r, rate + h * force(p, r));
        }
        assert!((angle(&pair[1]) - phi).abs() < 1e-7, "{} {phi}", angle(&pair[1]));
        assert!((dinlab_numeric::norm(&pair[1].theta) - 1.0).abs() < 1e-10);
    }
    let s = solution(name, &run(Dynamics::GradientFlow, &[1.0, 0.0], Start::Rest, 6.0));
    for sample in &s.samples {
        // tan(φ/2 + π/4) = e^{−0.3 t}.
        let expected = 2.0 * (-0.3 * sample.t).exp().atan() - std::f64::consts::FRAC_PI_2;
        assert!((angle(sample) - expected).abs() < 1e-9);
    }
}

/// A quadratic with kinks on random lines, some of them concave.
fn random_kinks(index: u64) -> (String, Vec<f64>) {
    let mut stream = dinlab_numeric::Stream::new(11, "random kinks", index);
    let mut draw = |low: f64, high: f64| (stream.uniform(low, high) * 1e3).round() / 1e3;
    let mut text = format!("expr:{}*x^2+{}*y^2+{}*x*y", draw(0.2, 2.0), draw(0.2, 2.0), draw(-0.3, 0.3));
    for k in 0..4 {
        let strength = if k == 3 { draw(-0.6, -0.1) } else { draw(0.2, 1.5) };
        let (a, b, c) = (draw(-1.0, 1.0), draw(-1.0, 1.0), draw(-0.5, 0.5));
        text += &format!("+({strength})*abs(({a})*x+({b})*y+({c}))");
    }
    text += &format!("+max({}*x,y,{})", draw(-1.0, 1.0), draw(-0.5, 0.5));
    (text, vec![draw(-1.5, 1.5), draw(-1.5, 1.5)])
}

#[test]
fn random_piecewise_quadratics_against_explicit_euler() {
    let steps = 20_000;
    for index in 0..12 {
        let (name, start) = random_kinks(index);
        for dynamics in [
            Dynamics::Din { alpha: 0.5, beta: 0.15 },
            Dynamics::Din { alpha: 1.0, beta: 2.0 },
            Dynamics::HeavyBall { alpha: 0.4 },
            Dynamics::GradientFlow,
        ] {
            let s = solution(&name, &run(dynamics, &start, Start::Rest, 4.0));
            let y = euler(&name, dynamics, &start, 4.0, steps);
            let error = dinlab_numeric::distance(&y[..2], &s.last.theta);
            assert_eq!(s.trajectory.status, Status::ReachedEnd, "{name} from {start:?}, {dynamics:?}");
            // First order with a constant of up to 20 (heavy ball, which is hardly damped here).
            assert!(error < 40.0 * 4.0 / steps as f64, "{name} from {start:?}, {dynamics:?}: {error:e}");
        }
    }
}

#[test]
fn the_error_across_events_follows_the_tolerance() {
    let mut run = run(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[-1.5, 0.0], Start::Rest, 15.0);
    let reference = solution("valley", &run);
    for tolerance in [1e-6, 1e-8, 1e-10] {
        run.settings = Settings::with_tolerance(tolerance);
        let s = solution("valley", &run);
        let pairs = s.samples.iter().zip(&reference.samples);
        let apart = pairs.map(|(a, b)| dinlab_numeric::distance(&a.theta, &b.theta));
        let error = apart.fold(0.0, dinlab_numeric::max);
        assert!(error < 20.0 * tolerance, "{tolerance:e}: {error:e}");
    }
}

#[test]
fn short_flights_from_a_surface_are_seen() {
    // Outgoing velocity 2·10⁻⁸: back after 2·10⁻⁸, then stuck; the first step is far longer than the flight.
    let s = solve(
        &*objective("expr:2*abs(x)"),
        &run(Dynamics::Din { alpha: 0.0, beta: 0.499_999_99 }, &[0.0], Start::Velocity(vec![1.0]), 10.0),
        &Options::default(),
        &mut Blind,
    );
    let s = s.unwrap();
    assert_eq!(s.trajectory.status, Status::ReachedEnd);
    assert!(s.last.theta[0].abs() < 1e-12 && s.report.segments.last().unwrap().sides == [Side::Slide]);
    // From 10⁻⁹ above the kink: two crossings, the second flight some 10⁻⁹ long, then stuck.
    for above in [1e-10, 1e-9, 1e-8, 1e-7] {
        let mut run =
            run(Dynamics::Din { alpha: 0.0, beta: 0.05 }, &[above], Start::Velocity(vec![1.0]), 2.0);
        run.settings = Settings::with_tolerance(1e-9);
        let s = solve(&*objective("expr:5*abs(x)+x"), &run, &Options::default(), &mut Blind).unwrap();
        assert_eq!(
            (s.report.count(KinkEventKind::Cross), s.trajectory.status),
            (2, Status::ReachedEnd),
            "{above}"
        );
        assert!(s.last.theta[0].abs() < 1e-12, "{above}");
    }
}

#[test]
fn infinite_curvature_on_a_surface_without_a_jump_is_passed() {
    let mut start = run(Dynamics::Din { alpha: 0.5, beta: 0.1 }, &[1.0], Start::Rest, 6.0);
    start.settings = Settings::with_tolerance(1e-9);
    let s = solve(&*objective("expr:abs(x)^1.5"), &start, &Options::default(), &mut Blind).unwrap();
    let plain = crate::simulate(&*objective("power:1.5"), &start).unwrap();
    assert_eq!(s.trajectory.status, Status::ReachedEnd);
    assert!((s.last.theta[0] - plain.last.theta[0]).abs() < 1e-6);
}
