//! One eigendirection along a shipped run, and what the multipliers say about it.

use dinlab_analysis::{
    modes::{differences, multipliers},
    oscillation::{
        overshoot, spectral_peak, PathLength, SignChanges, SpectralPeak, Variation, VelocityReversals,
    },
    spectrum,
};
use dinlab_indian::{
    dictionary::{Named, Parameters},
    iterate_observed, Method, Run, Schedule,
};
use dinlab_numeric::dot;
use dinlab_record::{Flow, Observation, Status};
use nalgebra::Complex;
use serde::Serialize;
use std::f64::consts::PI;

use crate::{error::CheckError, subject::Subject};

/// An algorithm with its step.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Algorithm {
    Indian(Parameters),
    Named(Named),
}

impl Algorithm {
    pub(super) fn indian(alpha: f64, beta: f64, step_size: f64) -> Self {
        Self::Indian(Parameters { alpha, beta, step_size })
    }

    /// INDIAN's parameters, by the dictionary where it goes by another name.
    pub(super) fn parameters(&self) -> Result<Parameters, CheckError> {
        match self {
            Self::Indian(parameters) => Ok(*parameters),
            Self::Named(named) => Ok(named.indian()?),
        }
    }

    fn method(&self) -> Result<(Method, f64), CheckError> {
        Ok(match *self {
            Self::Named(Named::GradientDescent { step_size }) => (Method::GradientDescent, step_size),
            Self::Named(Named::HeavyBall { step_size, momentum }) => {
                (Method::HeavyBall { momentum }, step_size)
            }
            Self::Named(Named::Nesterov { step_size, momentum }) => {
                (Method::Nesterov { momentum }, step_size)
            }
            _ => {
                let Parameters { alpha, beta, step_size } = self.parameters()?;
                (Method::Indian { alpha, beta }, step_size)
            }
        })
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Indian(p) => format!("INDIAN α={}, β={}, γ={}", p.alpha, p.beta, p.step_size),
            Self::Named(named) => {
                let values: Vec<String> = named.values().iter().map(|(_, v)| format!("{v:.6}")).collect();
                format!("{} ({})", named.name(), values.join(", "))
            }
        }
    }

    /// A run from rest; the observer may end it.
    pub(super) fn run(
        &self,
        objective: &Subject,
        theta: &[f64],
        steps: u64,
        observer: &mut dyn FnMut(&[f64]) -> Flow,
    ) -> Result<(), CheckError> {
        let (method, step_size) = self.method()?;
        let run = Run::new(method, theta.to_vec(), Schedule::Constant(step_size), steps);
        let outcome = iterate_observed(&**objective, &run, &mut |o: Observation<'_>| observer(o.theta))?;
        match outcome.status {
            Status::ReachedEnd | Status::Interrupted => Ok(()),
            status => {
                Err(CheckError::UnexpectedStatus { what: self.words(), status, expected: "reached-end" })
            }
        }
    }
}

/// Where a mode is looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Mode {
    pub(super) objective: Subject,
    pub(super) algorithm: Algorithm,
    pub(super) theta: Vec<f64>,
    /// w = ⟨direction, θ⟩ − centre.
    pub(super) direction: Vec<f64>,
    pub(super) centre: f64,
    /// Eigenvalue of the Hessian in this direction.
    pub(super) hessian_eigenvalue: f64,
    /// The run is looked at while the first coordinate is below this: where J is quadratic around the mode.
    pub(super) first_below: f64,
    /// The mode is followed down to this fraction of its first value.
    pub(super) floor: f64,
    /// Factors on α and β in the prediction; 1 except in controls.
    pub(super) factors: [f64; 2],
    /// Control: the prediction of an oscillation for the mode whatever its multipliers.
    pub(super) flow_only: bool,
    /// A user's case: rounding may hide its oscillation.
    #[serde(skip)]
    pub(super) own: bool,
}

/// What the multipliers say.
pub(super) struct Prediction {
    /// arg μ per iteration; 0 where the mode does not spiral.
    pub(super) angle: f64,
    /// |μ|^(π/arg μ): ratio of the envelope from one extremum to the next.
    pub(super) ratio: f64,
    /// −log|μ| of the slower multiplier.
    pub(super) decay: f64,
    /// Whether a multiplier is real and negative.
    pub(super) flips: bool,
}

/// What was measured on the series w.
pub(super) struct Found {
    /// Iterations used.
    pub(super) steps: usize,
    pub(super) crossings: u64,
    pub(super) reversals: u64,
    /// Mean distance of interpolated zeros of w, and their number.
    pub(super) spacing: [f64; 2],
    /// Largest multiplier of the series, where it has two.
    pub(super) multiplier: Option<Complex<f64>>,
    /// Ratio of interpolated extrema, where there are three.
    pub(super) extrema: Option<f64>,
}

/// Well above rounding.
const FLOOR: f64 = 1e-9;
const MOST_STEPS: u64 = 400_000;

impl Mode {
    pub(super) fn new(
        objective: &str,
        algorithm: Algorithm,
        theta: &[f64],
        axis: usize,
        lambda: f64,
    ) -> Self {
        let mut direction = vec![0.0; theta.len()];
        direction[axis] = 1.0;
        Self {
            objective: Subject::named(objective),
            algorithm,
            theta: theta.to_vec(),
            direction,
            centre: 0.0,
            hessian_eigenvalue: lambda,
            first_below: f64::INFINITY,
            floor: FLOOR,
            factors: [1.0; 2],
            flow_only: false,
            own: false,
        }
    }

    pub(super) fn words(&self) -> String {
        format!("{}, {}, λ={:.6}", self.objective, self.algorithm.words(), self.hessian_eigenvalue)
    }

    pub(super) fn prediction(&self) -> Result<Prediction, CheckError> {
        let Parameters { alpha, beta, step_size } = self.algorithm.parameters()?;
        let (alpha, beta) = (self.factors[0] * alpha, self.factors[1] * beta);
        let lambda = self.hessian_eigenvalue;
        if self.flow_only {
            let s = spectrum::roots_continuous(alpha, beta, lambda)[0] * step_size;
            return Ok(Prediction {
                angle: s.im,
                ratio: (s.re * PI / s.im).exp(),
                decay: -s.re,
                flips: false,
            });
        }
        let [mu, other] = spectrum::multipliers(alpha, beta, step_size, lambda);
        let (angle, log) = (mu.arg(), spectrum::modulus(mu).ln());
        let spirals = mu.im != 0.0;
        Ok(Prediction {
            angle: if spirals { angle } else { 0.0 },
            ratio: if spirals { (log * PI / angle).exp() } else { 0.0 },
            decay: -dinlab_numeric::max(log, spectrum::modulus(other).ln()),
            flips: !spirals && other.re < 0.0,
        })
    }

    /// Rounding of θ over what the fit of the multipliers rests on at the end of the series: second differences of w where
    /// it spirals, the decrease per step where it does not.
    pub(super) fn rounding(&self) -> Result<f64, CheckError> {
        let Prediction { angle, decay, .. } = self.prediction()?;
        let amplitude = (dot(&self.direction, &self.theta) - self.centre).abs();
        let shown = if angle == 0.0 { decay } else { angle * dinlab_numeric::min(angle, 1.0) };
        let grain = f64::EPSILON * dinlab_numeric::norm_inf(&self.theta);
        Ok(grain / (shown * amplitude * self.floor))
    }

    /// w along the shipped run, from the start until it has fallen below the floor for good.
    pub(super) fn series(&self) -> Result<Vec<f64>, CheckError> {
        let mut w: Vec<f64> = Vec::new();
        // The last 200 iterations decide whether it stays small: no time scale of the theory is needed.
        let (mut first, mut quiet) = (f64::NAN, 0);
        self.algorithm.run(&self.objective, &self.theta, MOST_STEPS, &mut |theta| {
            if theta[0] >= self.first_below {
                return Flow::Stop;
            }
            let value = dot(&self.direction, theta) - self.centre;
            if w.is_empty() {
                first = value.abs();
            }
            quiet = if value.abs() < self.floor * first { quiet + 1 } else { 0 };
            w.push(value);
            if quiet >= 200 {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })?;
        w.truncate(w.len() - quiet.min(w.len()));
        Ok(w)
    }

    pub(super) fn found(&self) -> Result<Found, CheckError> {
        let w = self.series()?;
        let number: Vec<f64> = (0..w.len()).map(|k| k as f64).collect();
        let mut crossings = SignChanges::new(0.0);
        let mut reversals = VelocityReversals::new(&[1.0], 0.0);
        for w in &w {
            crossings.push(*w);
            reversals.push(&[*w]);
        }
        let zeros: Vec<f64> = w
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[0] * pair[1] < 0.0)
            .map(|(k, pair)| k as f64 + pair[0] / (pair[0] - pair[1]))
            .collect();
        let count = zeros.len() as f64;
        let spacing = match zeros[..] {
            [first, .., last] => [(last - first) / (count - 1.0), count],
            _ => [f64::NAN, count],
        };
        let states: Vec<Vec<f64>> = w.windows(2).map(<[f64]>::to_vec).collect();
        Ok(Found {
            steps: w.len() - 1,
            crossings: crossings.count(),
            reversals: reversals.count(),
            spacing,
            multiplier: multipliers(&differences(&states)).ok().map(|found| found[0]),
            extrema: overshoot(&number, &w, 0.0).ok().map(|o| o.ratio),
        })
    }

    /// The spectral peak of the series with as many zeros behind it: the mode has died out there.
    pub(super) fn peak(&self) -> Result<Option<SpectralPeak>, CheckError> {
        let mut w = self.series()?;
        w.resize(2 * w.len().max(16), 0.0);
        Ok(spectral_peak(&w, 1.0)?)
    }
}

impl Found {
    /// |μ|^(π/arg μ) of the measured multiplier.
    pub(super) fn ratio(&self) -> f64 {
        self.multiplier.map_or(f64::NAN, |mu| (spectrum::modulus(mu).ln() * PI / mu.arg().abs()).exp())
    }
}

/// Upward variation of J over J₀ and path length over displacement, for a run along one axis of `quadratic:…`.
pub(super) fn variation(
    algorithm: Algorithm,
    objective: &Subject,
    theta: &[f64],
    time: f64,
) -> Result<[f64; 2], CheckError> {
    let step_size = algorithm.parameters()?.step_size;
    let (mut value, mut path) = (Variation::default(), PathLength::default());
    let mut oracle = objective.oracle();
    algorithm.run(objective, theta, (time / step_size).round() as u64, &mut |theta| {
        value.push(oracle.value(theta));
        path.push(theta);
        Flow::Continue
    })?;
    Ok([value.upward_ratio(), path.excess()])
}

/// The same in the flow, in closed form: with d = (α+βλ)/2, ω = √(λ−d²) and the start at rest, w′(0) = −βλw(0), the first
/// extremum comes at ωt₁ = π − arg(ω + cd + iβλ), c = (d−βλ)/ω, with q = |w(t₁)/w(0)|; the following ones are r = e^(−πd/ω)
/// times smaller. J rises from 0 to each extremum: Σ = q²/(1−r²). The path goes to each extremum and back: 1 + 2q/(1−r).
pub(super) fn variation_of_flow(alpha: f64, beta: f64, lambda: f64) -> [f64; 2] {
    let d = 0.5 * (alpha + beta * lambda);
    let omega = (lambda - d * d).sqrt();
    let c = (d - beta * lambda) / omega;
    let t = (PI - (beta * lambda).atan2(omega + c * d)) / omega;
    let q = ((-d * t).exp() * ((omega * t).cos() + c * (omega * t).sin())).abs();
    let r = (-PI * d / omega).exp();
    [q * q / (1.0 - r * r), 1.0 + 2.0 * q / (1.0 - r)]
}
