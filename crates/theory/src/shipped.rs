//! The shipped step of INDIAN: on one eigenmode J = λθ²/2, as a matrix and as a run, which is what the checks of step sizes measure; and on networks, as they are trained.

use dinlab_analysis::spectrum::{eigenvalues_2x2, modulus};
pub use dinlab_indian::step_matrix;
use dinlab_indian::{iterate_observed, Grid, Method, Run, Schedule};
use dinlab_neural::State;
use dinlab_numeric::{max, norm};
use dinlab_objective::{build, Objective, Options, Start};
use dinlab_record::{Flow, Observation};

use crate::{check::Context, error::CheckError, runs::require};

/// Spectral radius of [`step_matrix`].
pub fn radius(alpha: f64, beta: f64, gamma: f64, lambda: f64) -> f64 {
    let [a, b] = eigenvalues_2x2(step_matrix(alpha, beta, gamma, lambda));
    max(modulus(a), modulus(b))
}

/// Relative error of a parameter at which the radius was found to be 1: 64ε·S/(gap·slope), S the norm of the matrix (at
/// least 1), gap the distance of its eigenvalues, slope the derivative of the radius by the logarithm of that
/// parameter. `at` gives matrix and radius at a multiple of the parameter.
pub fn crossing_error(at: impl Fn(f64) -> [[f64; 2]; 2]) -> f64 {
    let radius = |factor: f64| {
        let [a, b] = eigenvalues_2x2(at(factor));
        max(modulus(a), modulus(b))
    };
    let slope = (radius(1.0001) - radius(0.9999)) / 2e-4;
    let matrix = at(1.0);
    let [a, b] = eigenvalues_2x2(matrix);
    let gap = max(modulus(a - b), f64::EPSILON.sqrt());
    64.0 * f64::EPSILON * max(1.0, norm(&matrix.concat())) / (gap * slope.abs())
}

/// Smallest x of a geometric scan of (`from`, `to`) at which `stable` turns false, by bisection to rounding; `None` where it
/// is false at once or never.
pub fn first_crossing(from: f64, to: f64, stable: impl Fn(f64) -> bool) -> Option<f64> {
    let mut low = from;
    if !stable(low) {
        return None;
    }
    while low < to {
        let high = 1.02 * low;
        if !stable(high) {
            return Some(bisect(low, high, stable));
        }
        low = high;
    }
    None
}

/// Where `stable` turns from true at `low` to false at `high`, both positive.
pub fn bisect(mut low: f64, mut high: f64, stable: impl Fn(f64) -> bool) -> f64 {
    while high - low > 2.0 * f64::EPSILON * high {
        let middle = 0.5 * (low + high);
        if stable(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// θ₀, θ₁, … of a run of the shipped algorithm on a function of one variable from (θ₀, u₀).
pub fn iterates(
    objective: &str,
    [alpha, beta, gamma]: [f64; 3],
    [theta, u]: [f64; 2],
    steps: u64,
) -> Result<Vec<f64>, CheckError> {
    let objective = build(objective, &Options::default())?;
    let mut run = Run::new(Method::Indian { alpha, beta }, vec![theta], Schedule::Constant(gamma), steps);
    run.start = Start::Auxiliary(vec![u]);
    run.grid = Grid::Every(1);
    let mut theta = Vec::with_capacity(steps as usize + 1);
    let mut record = |o: Observation<'_>| {
        theta.push(o.theta[0]);
        Flow::Continue
    };
    let outcome = iterate_observed(objective.as_ref(), &run, &mut record)?;
    require(&outcome.status, &format!("INDIAN α={alpha}, β={beta}, γ={gamma} on {}", objective.name()))?;
    Ok(theta)
}

/// Makes `steps` steps as networks are trained, in double precision, with the parameters (α, β, γ) from (θ, u) in place, and shows θ before the first and after each.
pub fn train(
    objective: &dyn Objective,
    [alpha, beta, gamma]: [f64; 3],
    (theta, u): (&mut [f64], &mut [f64]),
    steps: u64,
    context: &Context<'_>,
    mut observe: impl FnMut(&[f64]),
) -> Result<(), CheckError> {
    let start = Start::Auxiliary(u.to_vec());
    let mut state = State::<f64>::new(dinlab_neural::Method::Indian { alpha, beta }, theta, &start, &[])?;
    let mut oracle = objective.oracle();
    let mut gradient = vec![0.0; theta.len()];
    observe(theta);
    for _ in 0..steps {
        context.proceed()?;
        oracle.gradient(theta, &mut gradient);
        state.step(gamma, theta, &gradient);
        observe(theta);
    }
    if let Some(second) = state.second() {
        u.copy_from_slice(second);
    }
    Ok(())
}
