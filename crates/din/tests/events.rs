//! Events against closed-form crossing times.

use std::f64::consts::PI;

use dinlab_din::{integrate, Direction, Event, Integrator, Located, Outcome, Settings, System, INTEGRATORS};
use dinlab_record::{Flow, Status};

/// y₁ = cos t, y₂ = −sin t.
struct Circle;

impl System for Circle {
    fn dimension(&self) -> usize {
        2
    }
    fn rhs(&mut self, _: f64, y: &[f64], dy: &mut [f64]) {
        (dy[0], dy[1]) = (y[1], -y[0]);
    }
}

fn event<'a>(
    id: &str,
    direction: Direction,
    terminal: bool,
    function: impl FnMut(f64, &[f64]) -> f64 + 'a,
) -> Event<'a> {
    Event { id: id.into(), function: Box::new(function), direction, terminal }
}

fn run(events: &mut [Event<'_>], from: f64, until: f64, integrator: Integrator) -> Outcome {
    let settings = Settings { integrator, ..Settings::with_tolerance(1e-12) };
    let start = [from.cos(), -from.sin()];
    integrate(&mut Circle, &start, from, until, &[], events, &settings, &mut |_, _| Flow::Continue)
        .expect("valid input")
}

fn times(located: &[Located], id: &str) -> Vec<f64> {
    located.iter().filter(|e| e.id == id).map(|e| e.t).collect()
}

/// All integrators that locate events: Radau among them with its steps of several radians.
fn native() -> impl Iterator<Item = Integrator> {
    INTEGRATORS.iter().map(|e| e.integrator).filter(|i| !i.name().starts_with("ode-solvers"))
}

#[test]
fn crossings_are_where_the_closed_form_has_them() {
    for integrator in native() {
        let mut events = [
            event("both", Direction::Both, false, |_, y| y[0]),
            event("rising", Direction::Rising, false, |_, y| y[0]),
            event("falling", Direction::Falling, false, |_, y| y[0]),
        ];
        let outcome = run(&mut events, 0.0, 20.0, integrator);
        // The orbit itself is accurate to about 1e-10 by t = 20.
        let check = |id: &str, expected: Vec<f64>| {
            let found = times(&outcome.events, id);
            assert_eq!(found.len(), expected.len(), "{id} {integrator}: {found:?}");
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-9, "{id} {integrator}: {a} {b}");
            }
        };
        check("both", (0..6).map(|k| PI * (k as f64 + 0.5)).collect());
        check("falling", (0..3).map(|k| PI * (2.0 * k as f64 + 0.5)).collect());
        check("rising", (0..3).map(|k| PI * (2.0 * k as f64 + 1.5)).collect());
        for located in &outcome.events {
            assert!(located.state[0].abs() < 1e-11);
        }
        assert!(outcome.events.windows(2).all(|w| w[0].t <= w[1].t));
    }
}

#[test]
fn location_on_the_dense_output_is_at_rounding_level() {
    // A function of time alone: only the root finder's error is left.
    let mut events = [event("time", Direction::Both, false, |t, _| (3.0 * t).sin())];
    let outcome = run(&mut events, 0.0, 30.0, Integrator::Dop853);
    let found = times(&outcome.events, "time");
    assert_eq!(found.len(), 28);
    for (k, t) in found.iter().enumerate() {
        let expected = (k + 1) as f64 * PI / 3.0;
        assert!((t - expected).abs() < 1e-13 * expected.abs() * 10.0, "{t} {expected}");
    }
}

#[test]
fn several_events_in_one_step_come_in_order() {
    // One linear step is as long as it likes: all three thresholds fall into it.
    struct Ramp;
    impl System for Ramp {
        fn dimension(&self) -> usize {
            1
        }
        fn rhs(&mut self, _: f64, _: &[f64], dy: &mut [f64]) {
            dy[0] = 1.0;
        }
    }
    for integrator in native() {
        let mut events = [
            event("c", Direction::Both, true, |_, y| y[0] - 7.30),
            event("b", Direction::Rising, false, |_, y| y[0] - 7.25),
            event("a", Direction::Both, false, |_, y| y[0] - 7.20),
            event("never", Direction::Falling, true, |_, y| y[0] - 7.22),
            event("after", Direction::Both, false, |_, y| y[0] - 7.40),
        ];
        let settings = Settings { first_step: Some(7.0), integrator, ..Settings::default() };
        let mut seen = Vec::new();
        let grid = [0.0, 7.0, 7.29, 7.31, 10.0];
        let mut observer = |t: f64, _: &[f64]| {
            seen.push(t);
            Flow::Continue
        };
        let outcome =
            integrate(&mut Ramp, &[0.0], 0.0, 10.0, &grid, &mut events, &settings, &mut observer).unwrap();
        let order: Vec<&str> = outcome.events.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(order, ["a", "b", "c"]);
        assert!(matches!(&outcome.status, Status::Event { id, at } if id == "c" && (at - 7.3).abs() < 1e-12));
        assert!((outcome.t - 7.3).abs() < 1e-12 && (outcome.state[0] - 7.3).abs() < 1e-12);
        assert_eq!(seen, [0.0, 7.0, 7.29]);
    }
}

#[test]
fn the_start_is_not_an_event_and_time_may_run_backward() {
    for integrator in native() {
        // y₂ = −sin t is 0 at the start.
        let mut events = [event("zero", Direction::Both, true, |_, y| y[1])];
        let outcome = run(&mut events, 0.0, 10.0, integrator);
        assert!((outcome.t - PI).abs() < 1e-10, "{integrator}: {}", outcome.t);
        let mut events = [event("zero", Direction::Both, false, |_, y| y[1])];
        let outcome = run(&mut events, 1.0, -4.0, integrator);
        let found = times(&outcome.events, "zero");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].abs() < 1e-10 && (found[1] + PI).abs() < 1e-10);
    }
}

#[test]
fn two_crossings_in_one_step_are_both_seen() {
    let mut events = [event("band", Direction::Both, false, |t, _| (t - 0.4) * (t - 0.6))];
    let settings = Settings { first_step: Some(1.0), ..Settings::with_tolerance(1e-2) };
    let outcome = integrate(&mut Circle, &[1e-9, 0.0], 0.0, 1.0, &[], &mut events, &settings, &mut |_, _| {
        Flow::Continue
    })
    .unwrap();
    assert_eq!(outcome.work.accepted, 1);
    let found = times(&outcome.events, "band");
    assert_eq!(found.len(), 2);
    assert!((found[0] - 0.4).abs() < 1e-14 && (found[1] - 0.6).abs() < 1e-14);
}
