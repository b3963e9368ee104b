//! Integrators against each other, on all smooth objectives of a few variables and on all dynamics.

use dinlab_din::{simulate, Dynamics, Integrator, Run, Settings, DYNAMICS, INTEGRATORS};
use dinlab_numeric::{distance, max};
use dinlab_objective::{build, registry, Objective, Options, Regularity};
use dinlab_record::Trajectory;

const TOLERANCE: f64 = 1e-8;

/// Largest distance of θ over the samples, relative to the largest θ.
fn off(found: &Trajectory, reference: &Trajectory) -> f64 {
    assert_eq!(found.time.len(), reference.time.len());
    let pairs = found.theta.iter().zip(&reference.theta);
    let (far, size) = pairs.fold((0.0, 1.0), |(far, size), (a, b)| {
        (max(far, distance(a, b)), max(size, dinlab_numeric::norm(b)))
    });
    far / size
}

fn compare(objective: &dyn Objective, mut run: Run) {
    let mut solve = |integrator: Integrator, tolerance: f64| {
        run.settings = Settings { integrator, ..Settings::with_tolerance(tolerance) };
        simulate(objective, &run).expect("valid")
    };
    let reference = solve(Integrator::Dop853, 1e-12);
    assert!(reference.status.is_complete());
    // What the problem makes of errors shows in those of a method of low order: some orbits are all but chaotic.
    let allowed = max(300.0 * TOLERANCE, 3.0 * off(&solve(Integrator::Dopri5, TOLERANCE), &reference));
    for entry in INTEGRATORS {
        // dop853 magnifies fast modes between its nodes, and the foreign ones stop at every sample.
        if entry.name != "dop853" && !entry.name.starts_with("ode-solvers") {
            let found = solve(entry.integrator, TOLERANCE);
            let off = off(&found, &reference);
            assert!(off <= allowed, "{} on {}: {off:e} > {allowed:e}", entry.name, objective.name());
        }
    }
}

#[test]
fn integrators_agree_on_smooth_objectives() {
    let mut compared = 0;
    for example in registry::ALL.iter().flat_map(|entry| entry.examples) {
        let objective = build(example, &Options::default()).expect("an example");
        let n = objective.dimension();
        if objective.facts().regularity != Regularity::Smooth || n > 4 {
            continue;
        }
        let theta: Vec<f64> = (0..n).map(|i| 0.3 - 0.7 * (1.3 * i as f64).sin()).collect();
        for (alpha, beta) in [(0.5, 0.1), (3.0, 2.0)] {
            // Newton's flow ends at singular Hessians.
            for entry in DYNAMICS.iter().filter(|entry| entry.name != "newton-flow") {
                let mut run = Run::new((entry.build)(alpha, beta), &theta, 8.0);
                run.samples = 41;
                compare(&*objective, run);
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn integrators_agree_where_the_hessian_jumps() {
    // Linear by pieces, where Newton's iteration ends at once on each piece and knows nothing of the next one.
    for objective in
        ["huber(10*x-y,0.3)+huber(y+x,0.5)", "huber(x,0.01)+(x-y)^2", "huber(x-0.3*y,0.2)+0.1*y^2"]
    {
        let objective = build(&format!("expr:{objective}"), &Options::default()).expect("a formula");
        for (alpha, beta) in [(0.3, 0.05), (1.0, 1.0), (0.1, 3.0)] {
            let mut run = Run::new(Dynamics::Din { alpha, beta }, &[1.0, -0.7], 50.0);
            run.samples = 101;
            compare(&*objective, run);
        }
    }
}
