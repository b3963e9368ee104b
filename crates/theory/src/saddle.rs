//! A critical point with one unstable direction (Hessian eigenvalue −m): linear theory, random starts and the law of the
//! time it takes to leave, for DIN and INDIAN alike.
//!
//! Along the unstable direction θ′ = u + βmθ, u′ = −αu + (1−αβ)mθ has the eigenvalues s₊ > 0 > s₋, the roots of
//! s² + (α−βm)s − m, with eigenvectors (1, s± − βm). Splitting (θ₀, u₀) along them gives θ = Ae^{s₊t} + Be^{s₋t},
//! A = [(βm − s₋)θ₀ + u₀]/(s₊ − s₋). One step of INDIAN has the same eigenvectors, and multipliers 1 + γs±. So a start
//! leaves |θ| ≤ R after the time log(R/|A|)/g on the side of A, with g = s₊ for the flow and log(1 + γs₊) per iteration.
//!
//! A start of size σ has A = σκZ with Z standard normal: κ² = (βm − s₋ + 1/β − α)² + 1/β² over (s₊ − s₋)² for independent
//! θ₀, ψ₀ ~ N(0, σ²), where u₀ = (1/β−α)θ₀ − ψ₀/β; κ = (cm − s₋)/(s₊ − s₋) for θ₀ ~ N(0, σ²), θ′₀ = −c∇J(θ₀).

use dinlab_analysis::{
    escape,
    statistics::{equivalence_mean, equivalence_standard_deviation, Summary},
};
use dinlab_numeric::{dot, max, Stream};
use dinlab_objective::{Objective, Start};
use dinlab_record::{
    figure::{Layer, Panel},
    Budget, Measurement,
};
use serde::Serialize;

use crate::error::CheckError;

/// α and β, or none for gradient descent.
pub type Damping = Option<(f64, f64)>;

/// Law of the start about the critical point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Law {
    /// θ₀ and ψ₀ independent normal (θ₀ alone for gradient descent).
    Joint,
    /// θ₀ normal, θ′(0) = −c∇J(θ₀); `rest` is c = β.
    Speed(f64),
    /// Control: θ₀ normal, u₀ on the stable line; its amplitude is taken for that of u₀ = 0.
    StableLine,
}

impl Law {
    /// In words.
    pub fn words(self, damping: Damping) -> String {
        match (self, damping) {
            (Self::Joint, None) => "normal θ₀".into(),
            (Self::Joint, _) => "normal (θ₀, ψ₀)".into(),
            (Self::Speed(c), Some((_, beta))) if c == beta => "normal θ₀, rest".into(),
            (Self::Speed(c), _) => format!("normal θ₀, speed:{c}"),
            (Self::StableLine, _) => "on the stable line".into(),
        }
    }
}

/// Linear theory of the unstable direction.
#[derive(Debug, Clone, Copy)]
pub struct Unstable {
    /// −m is the Hessian eigenvalue.
    pub m: f64,
    /// s₊.
    pub fast: f64,
    /// s₋.
    pub slow: f64,
    /// A = `of_theta`·θ₀ + `of_u`·u₀.
    pub of_theta: f64,
    /// See `of_theta`.
    pub of_u: f64,
    damping: Damping,
}

/// One start, as the offset of θ₀ from the critical point.
pub struct Drawn {
    /// θ₀ minus the critical point.
    pub offset: Vec<f64>,
    /// Start of the second variable.
    pub start: Start,
    /// A.
    pub amplitude: f64,
}

impl Unstable {
    /// Theory for the eigenvalue −m.
    pub fn new(m: f64, damping: Damping) -> Self {
        let Some((alpha, beta)) = damping else {
            return Self { m, fast: m, slow: f64::NEG_INFINITY, of_theta: 1.0, of_u: 0.0, damping };
        };
        let b = beta * m - alpha;
        // The larger root in size first, the other from their product −m: no cancellation.
        let large = 0.5 * (b + (b * b + 4.0 * m).sqrt().copysign(b));
        let (fast, slow) = if large > 0.0 { (large, -m / large) } else { (-m / large, large) };
        let gap = fast - slow;
        Self { m, fast, slow, of_theta: (beta * m - slow) / gap, of_u: 1.0 / gap, damping }
    }

    /// κ: standard deviation of A over σ.
    pub fn kappa(&self, law: Law) -> f64 {
        match (law, self.damping) {
            (_, None) => 1.0,
            (Law::Speed(c), Some((_, beta))) => self.of_theta + self.of_u * (c - beta) * self.m,
            (_, Some((alpha, beta))) => {
                (self.of_theta + self.of_u * (1.0 / beta - alpha)).hypot(self.of_u / beta)
            }
        }
    }

    /// m ds₊/dm = s₊²(s₊ + α)/(s₊² + m).
    pub fn elasticity(&self) -> f64 {
        let s = self.fast;
        self.damping.map_or(s, |(alpha, _)| s * s * (s + alpha) / (s * s + self.m))
    }

    /// A start of size σ drawn from `stream`, for the unit eigenvector `direction`.
    pub fn draw(&self, law: Law, direction: &[f64], size: f64, stream: &mut Stream) -> Drawn {
        let scaled = |numbers: Vec<f64>| numbers.iter().map(|z| size * z).collect::<Vec<f64>>();
        let offset = scaled(stream.normals(direction.len()));
        let theta = dot(direction, &offset);
        let (start, u) = match (law, self.damping) {
            (_, None) => (Start::Rest, 0.0),
            (Law::Joint, Some((alpha, beta))) => {
                let psi = scaled(stream.normals(direction.len()));
                let u: Vec<f64> = offset.iter().zip(&psi).map(|(t, p)| (t - p) / beta - alpha * t).collect();
                let along = dot(direction, &u);
                (Start::Auxiliary(u), along)
            }
            (Law::Speed(c), Some((_, beta))) => (Start::Speed(c), (c - beta) * self.m * theta),
            (Law::StableLine, Some((_, beta))) => {
                let along = (self.slow - beta * self.m) * theta;
                (Start::Auxiliary(direction.iter().map(|e| along * e).collect()), 0.0)
            }
        };
        Drawn { offset, start, amplitude: self.of_theta * theta + self.of_u * u }
    }
}

/// max |1 + ⟨e, ∇J⟩/(±mR)| at the distance R on both sides along the unit vector e.
pub fn nonlinearity(objective: &dyn Objective, at: &[f64], direction: &[f64], m: f64, radius: f64) -> f64 {
    let (mut oracle, mut gradient) = (objective.oracle(), vec![0.0; at.len()]);
    let mut side = |r: f64| {
        let point: Vec<f64> = at.iter().zip(direction).map(|(x, e)| x + r * e).collect();
        oracle.gradient(&point, &mut gradient);
        (1.0 + dot(direction, &gradient) / (m * r)).abs()
    };
    max(side(radius), side(-radius))
}

/// Law of the exit time (log(R/σκ) − log|Z|)/g, rounded up to whole iterations or not.
#[derive(Debug, Clone, Copy)]
pub struct ExitLaw {
    /// g.
    pub growth: f64,
    /// log(R/σκ).
    pub level: f64,
    /// Whether times are whole numbers of iterations.
    pub whole: bool,
    /// Bound on the time that the nonlinearity adds or saves.
    pub slow: f64,
}

/// Margins in standard errors: 2.3 for the level of the equivalence test and 4.2 for its power.
pub const ERRORS: f64 = 6.5;

impl ExitLaw {
    /// Mean of the law; rounding up adds ½ on average.
    pub fn mean(&self) -> f64 {
        (self.level + escape::MEAN) / self.growth + if self.whole { 0.5 } else { 0.0 }
    }

    /// Standard deviation; rounding up adds the variance 1/12.
    pub fn standard_deviation(&self) -> f64 {
        let rounding = if self.whole { 12.0_f64.sqrt().recip() } else { 0.0 };
        (escape::STANDARD_DEVIATION / self.growth).hypot(rounding)
    }

    /// P(exit ≤ t); for whole numbers of iterations at a whole number t.
    pub fn distribution(&self, t: f64) -> f64 {
        escape::distribution(t * self.growth - self.level)
    }

    /// sup |F_n − F|, over the whole numbers where times are whole.
    fn distance(&self, sorted: &[f64]) -> f64 {
        let n = sorted.len() as f64;
        if !self.whole {
            let gap = |(i, &t): (usize, &f64)| {
                let f = self.distribution(t);
                max((i as f64 + 1.0) / n - f, f - i as f64 / n)
            };
            return sorted.iter().enumerate().map(gap).fold(0.0, max);
        }
        let (first, last) = (sorted.first().map_or(0, |k| *k as u64), sorted.last().map_or(0, |k| *k as u64));
        let (mut below, mut worst) = (0, 0.0);
        for k in first.saturating_sub(1)..=last {
            while below < sorted.len() && sorted[below] <= k as f64 {
                below += 1;
            }
            worst = max(worst, (below as f64 / n - self.distribution(k as f64)).abs());
        }
        worst
    }

    /// Mean, standard deviation and distribution of exit times against the law.
    pub fn judge(&self, exits: &[f64], what: &str, words: &str) -> Result<Vec<Measurement>, CheckError> {
        let n = exits.len() as f64;
        let summary = Summary::of(exits)?;
        let (mean, deviation) = (self.mean(), self.standard_deviation());
        let margin = ERRORS * deviation / n.sqrt() + self.slow;
        let spread = ERRORS * deviation * ((2.0 + escape::EXCESS_KURTOSIS) / (4.0 * n)).sqrt();
        let mut sorted = exits.to_vec();
        sorted.sort_by(f64::total_cmp);
        Ok(vec![
            Measurement::equal(format!("mean {what}"), summary.mean, mean, Budget::sampling(margin))
                .on(words)
                .sampled(equivalence_mean(exits, mean, margin)?),
            Measurement::equal(
                format!("standard deviation of the {what}"),
                summary.standard_deviation,
                deviation,
                Budget::sampling(spread),
            )
            .on(words)
            .sampled(equivalence_standard_deviation(
                exits,
                deviation,
                spread,
                escape::EXCESS_KURTOSIS,
            )?),
            Measurement::at_most(
                format!("distance of the distribution of the {what} to the law"),
                self.distance(&sorted),
                0.0,
                Budget::sampling(2.7 / n.sqrt()),
            )
            .on(words),
        ])
    }

    /// A histogram of standardised times with the density of −log|Z|.
    pub fn histogram(&self, panel: Panel, name: &str, exits: &[f64], color: usize) -> Panel {
        const BINS: usize = 32;
        let (low, high) = (-2.0, 6.0);
        let width = (high - low) / BINS as f64;
        let edges: Vec<f64> = (0..=BINS).map(|i| low + width * i as f64).collect();
        let mut heights = vec![0.0; BINS];
        let shift = if self.whole { 0.5 } else { 0.0 };
        for t in exits {
            let bin = (((t - shift) * self.growth - self.level - low) / width).floor();
            if bin >= 0.0 && bin < BINS as f64 {
                heights[bin as usize] += 1.0 / (exits.len() as f64 * width);
            }
        }
        let grid: Vec<f64> = (0..=200).map(|i| low + (high - low) * f64::from(i) / 200.0).collect();
        // d/dx erfc(e⁻ˣ/√2) = √(2/π) e⁻ˣ exp(−e⁻²ˣ/2).
        let law = |x: &f64| (2.0 / std::f64::consts::PI).sqrt() * (-x - 0.5 * (-2.0 * x).exp()).exp();
        let law: Vec<f64> = grid.iter().map(law).collect();
        panel.with(Layer::Histogram { label: name.into(), edges, heights, color }).with(Layer::dashed(
            "law of −log|Z|",
            grid,
            law,
            6,
        ))
    }
}
