//! One saddle with many starts: linear theory and runs.

use dinlab_analysis::escape;
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::max;
use dinlab_objective::Start;
use dinlab_record::{Flow, Observation, Status};
use rayon::prelude::*;
use serde::Serialize;

use crate::{check::Context, error::CheckError, subject::Subject};

/// Size σ of the starts.
pub(super) const SIZE: f64 = 1e-12;
/// R: small, so that the nonlinearity hardly counts.
pub(super) const RADIUS: f64 = 0.01;
/// Most iterations of a run.
pub(super) const STEPS: u64 = 20_000;
/// Iterations of the published experiment.
pub(super) const LONG: u64 = 2_000;
/// α and β, or none for gradient descent.
pub(super) type Damping = Option<(f64, f64)>;

/// Law of the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) enum Law {
    /// θ₀ and ψ₀ independent normal (θ₀ alone for gradient descent).
    Joint,
    /// θ₀ normal, θ′(0) = −c∇J(θ₀).
    Speed(f64),
    /// Control: θ₀ normal, u₀ on the stable line.
    StableLine,
    /// Control: θ₀ uniform in [2, 3], at rest.
    Far,
}

/// One saddle, one method, many starts.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub(super) objective: Subject,
    pub(super) damping: Damping,
    pub(super) step_size: f64,
    pub(super) law: Law,
    pub(super) starts: u64,
    /// Whether runs go on to the minimisers after they have left.
    pub(super) long: bool,
    /// Factor on γ in the prediction; 1 except in the near miss.
    pub(super) factor: f64,
}

/// Linear theory of a case.
pub(super) struct Theory {
    pub(super) m: f64,
    pub(super) growth: f64,
    pub(super) decay: f64,
    /// A = `of_theta`·θ₀ + `of_u`·u₀.
    pub(super) of_theta: f64,
    pub(super) of_u: f64,
    /// Standard deviation of A over σ.
    pub(super) kappa: f64,
    /// Bound on the iterations that the nonlinearity adds or saves.
    pub(super) slow: f64,
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
        let (objective, long, factor) = (Subject::named(objective), false, 1.0);
        Self { objective, damping, step_size: 0.02, law, starts, long, factor }
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
        let law = match self.law {
            Law::Joint if self.damping.is_none() => "normal θ₀".into(),
            Law::Joint => "normal (θ₀, ψ₀)".into(),
            Law::Speed(c) => format!("normal θ₀, speed:{c}"),
            Law::StableLine => "on the stable line".into(),
            Law::Far => "θ₀ in [2, 3] at rest".into(),
        };
        format!("{}, {method}, γ={}, {law}, {} starts", self.objective, self.step_size, self.starts)
    }

    /// Hessian at the origin, row-major.
    pub(super) fn hessian(&self) -> Vec<f64> {
        let n = self.objective.dimension();
        let mut hessian = vec![0.0; n * n];
        self.objective.oracle().hessian(&vec![0.0; n], &mut hessian);
        hessian
    }

    pub(super) fn theory(&self) -> Theory {
        let m = -self.hessian()[0];
        let gamma = self.step_size * self.factor;
        // s± are the roots of s² + (α − βm)s − m, their product is −m.
        let (growth, decay, of_theta, of_u, elasticity) = match self.damping {
            None => (1.0 + gamma * m, 0.0, 1.0, 0.0, gamma * m),
            Some((alpha, beta)) => {
                let b = beta * m - alpha;
                let root = (b * b + 4.0 * m).sqrt();
                let (fast, slow) = (0.5 * (b + root), 0.5 * (b - root));
                let (growth, decay) = (1.0 + gamma * fast, 1.0 + gamma * slow);
                let gap = growth - decay;
                let elasticity = gamma * fast * fast * (fast + alpha) / (fast * fast + m);
                (growth, decay, (1.0 + gamma * beta * m - decay) / gap, gamma / gap, elasticity)
            }
        };
        let kappa = match (self.law, self.damping) {
            (Law::Speed(c), Some((_, beta))) => of_theta + of_u * (c - beta) * m,
            (_, Some((alpha, beta))) => (of_theta + of_u * (1.0 / beta - alpha)).hypot(of_u / beta),
            (_, None) => 1.0,
        };
        let slow = 2.0 * self.nonlinearity(m) * elasticity / (growth * growth.ln() * (1.0 - 1.0 / growth));
        Theory { m, growth, decay, of_theta, of_u, kappa, slow }
    }

    /// max |1 + J′(±R)/(mR)| along the first axis.
    pub(super) fn nonlinearity(&self, m: f64) -> f64 {
        let n = self.objective.dimension();
        let (mut oracle, mut gradient) = (self.objective.oracle(), vec![0.0; n]);
        let mut point = vec![0.0; n];
        let mut at = |x: f64| {
            point[0] = x;
            oracle.gradient(&point, &mut gradient);
            (1.0 + gradient[0] / (m * x)).abs()
        };
        max(at(RADIUS), at(-RADIUS))
    }

    /// θ₀, u₀ and how the run is told about u₀.
    pub(super) fn start(&self, theory: &Theory, context: &Context<'_>, index: u64) -> (Vec<f64>, f64, Start) {
        let n = self.objective.dimension();
        let mut stream = context.stream(&format!("start/{}", self.words()), index);
        let mut theta: Vec<f64> = stream.normals(n).iter().map(|z| SIZE * z).collect();
        let Some((alpha, beta)) = self.damping else { return (theta, 0.0, Start::Rest) };
        match self.law {
            Law::Joint => {
                let psi: Vec<f64> = stream.normals(n).iter().map(|z| SIZE * z).collect();
                let u = (theta[0] - psi[0]) / beta - alpha * theta[0];
                (theta, u, Start::Psi(psi))
            }
            Law::Speed(c) => {
                let u = (c - beta) * theory.m * theta[0];
                (theta, u, Start::Speed(c))
            }
            Law::StableLine => {
                let slope = (theory.decay - 1.0) / self.step_size - beta * theory.m;
                let mut u = vec![0.0; n];
                u[0] = slope * theta[0];
                // The prediction is the one for a start off the line.
                (theta, 0.0, Start::Auxiliary(u))
            }
            Law::Far => {
                theta[0] = stream.uniform(2.0, 3.0);
                (theta, 0.0, Start::Rest)
            }
        }
    }

    pub(super) fn run(&self, theory: &Theory, context: &Context<'_>, index: u64) -> Result<Exit, CheckError> {
        let (theta, u, start) = self.start(theory, context, index);
        let amplitude = theory.of_theta * theta[0] + theory.of_u * u;
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
        (RADIUS / amplitude.abs()).ln() / self.growth.ln()
    }
    pub(super) fn mean(&self) -> f64 {
        self.time(SIZE * self.kappa) + escape::MEAN / self.growth.ln() + 0.5
    }
    pub(super) fn standard_deviation(&self) -> f64 {
        (escape::STANDARD_DEVIATION / self.growth.ln()).hypot(12.0_f64.sqrt().recip())
    }
    /// P(exit ≤ k) at a whole number k.
    pub(super) fn distribution(&self, k: f64) -> f64 {
        escape::distribution((k - self.time(SIZE * self.kappa)) * self.growth.ln())
    }
}
