//! One saddle with many starts: linear theory and runs.

use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::max;
use dinlab_objective::Start;
use dinlab_record::{Flow, Observation, Status};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::Context,
    critical::hessian,
    error::CheckError,
    saddle::{nonlinearity, Damping, ExitLaw, Law, Unstable},
    subject::Subject,
};

/// Size σ of the starts.
pub(super) const SIZE: f64 = 1e-12;
/// R: small, so that the nonlinearity hardly counts.
pub(super) const RADIUS: f64 = 0.01;
/// Most iterations of a run.
pub(super) const STEPS: u64 = 20_000;
/// Iterations of the published experiment.
pub(super) const LONG: u64 = 2_000;
/// One saddle, one method, many starts.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub(super) objective: Subject,
    pub(super) damping: Damping,
    pub(super) step_size: f64,
    pub(super) law: Law,
    /// Control: θ₁ uniform in [2, 3] at rest, whatever the law.
    pub(super) far: bool,
    pub(super) starts: u64,
    /// Whether runs go on to the minimisers after they have left.
    pub(super) long: bool,
    /// Factor on γ in the prediction; 1 except in the near miss.
    pub(super) factor: f64,
}

/// Linear theory of a case.
pub(super) struct Theory {
    pub(super) unstable: Unstable,
    /// μ₋.
    pub(super) decay: f64,
    pub(super) kappa: f64,
    pub(super) law: ExitLaw,
}

/// What one run did.
pub(super) struct Exit {
    pub(super) amplitude: f64,
    pub(super) exit: Option<u64>,
    pub(super) side: f64,
    pub(super) end: f64,
    /// Largest |θ_i|.
    pub(super) reach: f64,
}

impl Case {
    pub(super) fn new(objective: &str, damping: Damping, law: Law, starts: u64) -> Self {
        let (objective, far, long, factor) = (Subject::named(objective), false, false, 1.0);
        Self { objective, damping, step_size: 0.02, law, far, starts, long, factor }
    }

    pub(super) fn method(&self) -> Method {
        match self.damping {
            Some((alpha, beta)) => Method::Indian { alpha, beta },
            None => Method::GradientDescent,
        }
    }

    pub(super) fn words(&self) -> String {
        let method = match self.damping {
            Some((alpha, beta)) => format!("INDIAN α={alpha}, β={beta}"),
            None => "gradient descent".into(),
        };
        let law = match self.far {
            true => "θ₀ in [2, 3] at rest".into(),
            false => self.law.words(self.damping),
        };
        format!("{}, {method}, γ={}, {law}, {} starts", self.objective, self.step_size, self.starts)
    }

    /// Hessian at the origin, row-major.
    pub(super) fn hessian(&self) -> Vec<f64> {
        hessian(&*self.objective, &vec![0.0; self.objective.dimension()])
    }

    /// The first axis.
    fn direction(&self) -> Vec<f64> {
        let mut direction = vec![0.0; self.objective.dimension()];
        direction[0] = 1.0;
        direction
    }

    pub(super) fn theory(&self) -> Theory {
        let unstable = Unstable::new(-self.hessian()[0], self.damping);
        let gamma = self.step_size * self.factor;
        let growth = 1.0 + gamma * unstable.fast;
        let decay = self.damping.map_or(0.0, |_| 1.0 + gamma * unstable.slow);
        let kappa = unstable.kappa(self.law);
        let origin = vec![0.0; self.objective.dimension()];
        let bend = nonlinearity(&*self.objective, &origin, &self.direction(), unstable.m, RADIUS);
        let slow = 2.0 * bend * gamma * unstable.elasticity() / (growth * growth.ln() * (1.0 - 1.0 / growth));
        let law = ExitLaw { growth: growth.ln(), level: (RADIUS / (SIZE * kappa)).ln(), whole: true, slow };
        Theory { unstable, decay, kappa, law }
    }

    pub(super) fn run(&self, theory: &Theory, context: &Context<'_>, index: u64) -> Result<Exit, CheckError> {
        let mut stream = context.stream(&format!("start/{}", self.words()), index);
        let drawn = theory.unstable.draw(self.law, &self.direction(), SIZE, &mut stream);
        let (mut theta, mut start, amplitude) = (drawn.offset, drawn.start, drawn.amplitude);
        if self.far {
            (theta[0], start) = (stream.uniform(2.0, 3.0), Start::Rest);
        }
        let steps = if self.long { LONG } else { STEPS };
        let mut run = Run::new(self.method(), theta, Schedule::Constant(self.step_size), steps);
        run.start = start;
        let mut result = Exit { amplitude, exit: None, side: 0.0, end: 0.0, reach: 0.0 };
        let mut observer = |o: Observation<'_>| {
            result.reach = o.theta.iter().fold(result.reach, |r, v| max(r, v.abs()));
            // The start does not count: the far starts of a control have to come to the saddle first.
            if result.exit.is_none() && o.index > 0 && o.theta[0].abs() > RADIUS {
                result.exit = Some(o.index);
                result.side = o.theta[0].signum();
                if !self.long {
                    return Flow::Stop;
                }
            }
            Flow::Continue
        };
        let outcome = iterate_observed(&*self.objective, &run, &mut observer)?;
        result.end = outcome.theta[0];
        match outcome.status {
            Status::ReachedEnd | Status::Interrupted => Ok(result),
            status => {
                Err(CheckError::UnexpectedStatus { what: self.words(), status, expected: "reached-end" })
            }
        }
    }

    pub(super) fn runs(&self, theory: &Theory, context: &Context<'_>) -> Result<Vec<Exit>, CheckError> {
        let one = |index: u64| {
            context.proceed()?;
            self.run(theory, context, index)
        };
        (0..self.starts).into_par_iter().map(one).collect()
    }
}

impl Theory {
    /// Real-valued exit time of a start with this amplitude.
    pub(super) fn time(&self, amplitude: f64) -> f64 {
        (RADIUS / amplitude.abs()).ln() / self.law.growth
    }
}
