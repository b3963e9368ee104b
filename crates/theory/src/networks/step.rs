//! INDIAN's step as networks are trained with it, on a network as an objective in double precision.

use dinlab_neural::{Method, NetworkObjective, State};
use dinlab_objective::{Objective, Start};

use crate::{check::Context, error::CheckError};

/// Makes `steps` steps with the parameters (α, β, γ) from (θ, u) in place, and shows θ before the first and after each.
pub fn train(
    objective: &NetworkObjective,
    [alpha, beta, gamma]: [f64; 3],
    (theta, u): (&mut [f64], &mut [f64]),
    steps: u64,
    context: &Context<'_>,
    mut observe: impl FnMut(&[f64]),
) -> Result<(), CheckError> {
    let start = Start::Auxiliary(u.to_vec());
    let mut state = State::<f64>::new(Method::Indian { alpha, beta }, theta, &start, &[])?;
    let mut oracle = Objective::oracle(objective);
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
