//! Step-size control.

use dinlab_numeric::{max, min};

use crate::method::{Attempt, Control};

const SAFETY: f64 = 0.9;
/// Errors below this are remembered as this.
const SMALLEST: f64 = 1e-4;

/// PI controller (Gustafsson, ACM Trans. Math. Softw. 17, 1991; constants of Hairer, Nørsett, Wanner I, II.4):
/// h ← h·0.9·err^(−1/q + 3k/4)·err_old^k, q the order of the estimate plus one.
pub(crate) struct Controller {
    /// Logarithm of the error of the last accepted step.
    log_error: f64,
    /// Whether the last attempt was rejected.
    rejected: bool,
}

impl Controller {
    pub(crate) fn new() -> Self {
        Self { log_error: SMALLEST.ln(), rejected: false }
    }

    /// Factor for the step after one that was taken with this error.
    pub(crate) fn after_success(&mut self, error: f64, control: Control) -> f64 {
        let k = control.proportional;
        // The powers by way of the logarithm: two calls of the mathematical library in place of two slower ones.
        let log = error.ln();
        let mut factor = if error > 0.0 {
            SAFETY * ((0.75 * k - 1.0 / control.error_order) * log + k * self.log_error).exp()
        } else {
            f64::INFINITY
        };
        factor = max(control.shrink, min(control.grow, factor));
        if self.rejected || (1.0..control.hold).contains(&factor) {
            factor = min(factor, 1.0);
        }
        self.rejected = false;
        self.log_error = if error > SMALLEST { log } else { SMALLEST.ln() };
        factor
    }

    /// Factor for the repetition of a step that was not taken.
    pub(crate) fn after_refusal(&mut self, attempt: Attempt, control: Control) -> f64 {
        self.rejected = true;
        match attempt {
            Attempt::Done { error } => {
                let exponent = 0.75 * control.proportional - 1.0 / control.error_order;
                max(control.shrink, SAFETY * error.powf(exponent))
            }
            Attempt::NonFinite => 0.5,
            Attempt::Unsolved { factor } => factor,
        }
    }
}
