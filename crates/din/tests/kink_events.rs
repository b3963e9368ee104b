//! Events at kinks against closed forms: grazing, a corner without Hessian damping, vanishing damping.

#![allow(clippy::unwrap_used)] // helpers of tests are outside what clippy knows to be a test

use dinlab_din::{
    inclusion::{solve, Solution},
    Dynamics, Integrator, Run, Settings,
};
use dinlab_objective::{Objective, Start};
use dinlab_record::{observe::Blind, KinkEventKind, Side, Status};

fn follow(objective: &str, dynamics: Dynamics, theta: &[f64], start: Start, until: f64) -> Solution {
    let objective = dinlab_objective::build(objective, &Default::default()).unwrap();
    let mut run = Run::new(dynamics, theta, until);
    run.start = start;
    run.settings = Settings { integrator: Integrator::Event, ..Settings::with_tolerance(1e-12) };
    let objective: &dyn Objective = &*objective;
    let solution = solve(objective, &run, &Default::default(), &mut Blind).unwrap();
    assert_eq!(solution.trajectory.status, Status::ReachedEnd);
    solution
}

/// J = |x| − 2x pushes to the right on both sides, with 1 and with 3: from ½ with velocity −1 the orbit (1−t)²/2 touches the
/// kink with velocity 0 and goes back, for every β.
#[test]
fn a_grazing_orbit_goes_back_to_its_side() {
    for beta in [0.0, 0.3] {
        let dynamics = Dynamics::Din { alpha: 0.0, beta };
        let solution = follow("expr:abs(x)-2*x", dynamics, &[0.5], Start::Auxiliary(vec![-1.0 - beta]), 3.0);
        for sample in &solution.samples {
            let expected = 0.5 * (1.0 - sample.t).powi(2);
            assert!((sample.theta[0] - expected).abs() < 1e-6, "β={beta} {sample:?}");
        }
        let slides: f64 = solution.report.sliding_time();
        assert!(slides < 1e-5, "it does not rest on the kink: {slides}");
    }
}

/// A little faster it crosses: from −ε the force is three times as large, so that it comes back soon.
#[test]
fn beside_grazing_it_crosses_or_does_not_arrive() {
    let dynamics = Dynamics::Din { alpha: 0.0, beta: 0.0 };
    let with = |speed: f64| {
        follow("expr:abs(x)-2*x", dynamics, &[0.5], Start::Velocity(vec![-speed]), 3.0).report.clone()
    };
    let crossing = with(1.01);
    assert_eq!(crossing.count(KinkEventKind::Cross), 2, "{:?}", crossing.events);
    // x = ½ − 1.01t + t²/2 = 0, then with velocity −w back after 2w/3.
    let w = (1.01_f64 * 1.01 - 1.0).sqrt();
    let first = 1.01 - w;
    assert!((crossing.events[0].t - first).abs() < 1e-10, "{:?}", crossing.events);
    assert!((crossing.events[1].t - first - 2.0 * w / 3.0).abs() < 1e-10, "{:?}", crossing.events);
    assert!(with(0.99).events.is_empty());
}

/// Four kinks meet at 0, more than the fan of cones takes: a box. Without Hessian damping forces below 1 hold the point in
/// three of them, and a force of 2 pulls it out of the fourth with acceleration 2 − 1.
#[test]
fn at_a_corner_without_hessian_damping_only_the_strong_force_moves() {
    let dynamics = Dynamics::Din { alpha: 0.0, beta: 0.0 };
    let objective = "expr:abs(a)+abs(b)+abs(c)+abs(d)+0.5*a-0.9*b+2*d";
    let solution = follow(objective, dynamics, &[0.0; 4], Start::Auxiliary(vec![0.0; 4]), 2.0);
    for sample in &solution.samples {
        assert!(sample.theta[..3].iter().all(|x| x.abs() < 1e-9), "{sample:?}");
        assert!((sample.theta[3] + 0.5 * sample.t * sample.t).abs() < 1e-8, "{sample:?}");
    }
    let last = solution.report.segments.last().unwrap();
    assert_eq!(last.sides, [Side::Slide, Side::Slide, Side::Slide, Side::Minus]);
}

/// DIN-AVD with α = 3 on |x| from 1 at rest at t = 1: w = θ′ obeys w′ = −3w/t − 1, so w = (t⁻³ − t)/4 and
/// x = 1 − (t² − 2 + t⁻²)/8, which is 0 where t² + t⁻² = 10: t = √2 + √3. There θ′ changes by 2β.
#[test]
fn vanishing_damping_reaches_the_kink_at_the_sum_of_two_roots() {
    for beta in [0.05, 0.4] {
        let dynamics = Dynamics::DinAvd { alpha: 3.0, beta };
        let solution = follow("power:1", dynamics, &[1.0], Start::Velocity(vec![0.0]), 4.0);
        let event = &solution.report.events[0];
        let t = 2.0_f64.sqrt() + 3.0_f64.sqrt();
        let w = 0.25 * (t.powi(-3) - t);
        assert!((event.t - t).abs() < 1e-10, "{event:?}");
        assert!((event.velocity_plus[0] - w).abs() < 1e-9, "{event:?}");
        assert!((event.velocity_minus[0] - w - 2.0 * beta).abs() < 1e-9, "{event:?}");
        let expected = if w + 2.0 * beta < 0.0 { KinkEventKind::Cross } else { KinkEventKind::SlideEnter };
        assert_eq!(event.kind, expected);
    }
}
