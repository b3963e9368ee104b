//! One choice of parameters and function, and the orbits that are measured on it.

use dinlab_indian::{indian_step, iterate_observed, Method, Run, Schedule};
use dinlab_objective::Start;
use dinlab_record::{Flow, Observation};
use num_traits::{One, Signed, Zero};
use serde::Serialize;

use super::landscape::Landscape;
use crate::{
    check::Context,
    error::CheckError,
    exact::{as_text, float, fraction, sqrt, Fraction},
    subject::Subject,
};

/// One case.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    #[serde(serialize_with = "as_text")]
    pub(super) alpha: Fraction,
    #[serde(serialize_with = "as_text")]
    pub(super) beta: Fraction,
    #[serde(serialize_with = "as_text")]
    pub(super) step_size: Fraction,
    /// θ′(0) = −c·J′(θ₀) by the rule of the start; c = β is the start at rest.
    #[serde(serialize_with = "as_text")]
    pub(super) speed: Fraction,
    pub(super) landscape: Landscape,
    /// Starts of each kind.
    pub(super) starts: u64,
}

/// Linear theory at the maximum, and what the far part of J does to a start.
pub(super) struct Theory {
    /// Multipliers of the maximum: |μ₋| < 1 < μ₊.
    pub(super) decay: Fraction,
    pub(super) growth: f64,
    /// σ: the stable line is u = σθ.
    pub(super) slope: Fraction,
    /// τ = θ₁/θ₀ for starts beyond `outer`.
    pub(super) landing: Fraction,
}

/// J″ = k on the far part makes starts land on the stable line u = σθ: θ₁ = (1 − γck)θ₀ and
/// u₁ = [(1−αγ)(β−c) − γ(1−αβ)]kθ₀ have u₁ = σθ₁ for this k.
pub(super) fn capturing_curvature(
    [alpha, beta, gamma]: [&Fraction; 3],
    speed: &Fraction,
    slope: &Fraction,
) -> Fraction {
    let one = Fraction::one();
    let of_u = (&one - alpha * gamma) * (beta - speed) - gamma * (&one - alpha * beta);
    slope / (of_u + slope * gamma * speed)
}

/// The negative root of s² + (α − βm)s − m = 0, where it is a fraction.
fn negative_root(alpha: &Fraction, beta: &Fraction, m: &Fraction) -> Option<Fraction> {
    let b = beta * m - alpha;
    let root = sqrt(&(&b * &b + m * fraction(4, 1)))?;
    Some((b - root) / fraction(2, 1))
}

impl Case {
    /// The maximum gets the curvature −m; everything else follows. `None` where the multipliers are no fractions, or
    /// where no start beyond the steep part lands near the maximum.
    pub(super) fn new(
        [alpha, beta, step_size]: [Fraction; 3],
        speed: Option<Fraction>,
        m: Fraction,
        width: Fraction,
    ) -> Option<Self> {
        let speed = speed.unwrap_or_else(|| beta.clone());
        let slope = negative_root(&alpha, &beta, &m)? - &beta * &m;
        let k = capturing_curvature([&alpha, &beta, &step_size], &speed, &slope);
        let inner = fraction(11, 10);
        let landing = Fraction::one() - &step_size * &speed * &k;
        if !landing.is_positive() || landing >= Fraction::one() {
            return None;
        }
        // Starts between `outer` and inner/τ are captured: outer = 2 and inner/τ = 2.2 for τ = 1/2.
        let outer = &inner + (&inner / &landing - &inner) * fraction(9, 11);
        let landscape = Landscape::new(m, k, inner, outer, width);
        Some(Self { alpha, beta, step_size, speed, landscape, starts: 64 })
    }

    /// The case for given α, β, γ with αβ < 1: m = pq with s± = p, −q rational, q the one of a few values between α
    /// and 1/β that leaves most room in the condition of invertibility.
    pub(super) fn for_parameters(parameters: &[Fraction; 3], speed: Option<&Fraction>) -> Option<Self> {
        let [alpha, beta, _] = parameters;
        let one = Fraction::one();
        if !beta.is_positive() || alpha * beta >= one {
            return None;
        }
        let span = beta.recip() - alpha;
        (1..40)
            .filter_map(|i| {
                let q = alpha + &span * fraction(i, 40);
                let p = (&q - alpha) / (&one - beta * &q);
                Self::new(parameters.clone(), speed.cloned(), p * q, Fraction::zero())
            })
            .min_by(|a, b| a.tightness().cmp(&b.tightness()))
    }

    /// Lγ|β−γ|/|1−αγ|: below 1 the step map is invertible. Infinite for αγ = 1 is told as 2.
    pub(super) fn tightness(&self) -> Fraction {
        let margin = (Fraction::one() - &self.alpha * &self.step_size).abs();
        let pull = self.landscape.smoothness() * &self.step_size * (&self.beta - &self.step_size).abs();
        if margin.is_zero() {
            fraction(2, 1)
        } else {
            pull / margin
        }
    }

    pub(super) fn theory(&self) -> Option<Theory> {
        let m = &self.landscape.m;
        let root = negative_root(&self.alpha, &self.beta, m)?;
        // The product of the roots is −m.
        let other = -m / &root;
        let slope = &root - &self.beta * m;
        let k = capturing_curvature([&self.alpha, &self.beta, &self.step_size], &self.speed, &slope);
        Some(Theory {
            decay: Fraction::one() + &self.step_size * &root,
            growth: 1.0 + float(&(&self.step_size * other)),
            landing: Fraction::one() - &self.step_size * &self.speed * k,
            slope,
        })
    }

    pub(super) fn words(&self) -> String {
        let Self { alpha, beta, step_size, speed, landscape, .. } = self;
        let start = if speed == beta { "rest".to_owned() } else { format!("speed:{speed}") };
        let class = if landscape.width.is_zero() { "" } else { ", J in C²" };
        format!(
            "α={alpha}, β={beta}, γ={step_size}, {start}, J″ = −{} | {} | {}{class}",
            landscape.m, landscape.steep, landscape.k
        )
    }

    /// Ends of the interval of starts that are captured.
    pub(super) fn interval(&self, theory: &Theory) -> [Fraction; 2] {
        [self.landscape.outer.clone(), &self.landscape.inner / &theory.landing]
    }

    /// (θ, u) after one step, in exact arithmetic, by the shipped step.
    pub(super) fn exact_step(&self, [theta, u]: [Fraction; 2]) -> [Fraction; 2] {
        let v = [self.landscape.derivative(&theta)];
        let (mut theta, mut u) = ([theta], [u]);
        let [alpha, beta, gamma] = [&self.alpha, &self.beta, &self.step_size].map(Clone::clone);
        indian_step(alpha, beta, gamma, &mut theta, &mut u, &v);
        let ([theta], [u]) = (theta, u);
        [theta, u]
    }

    /// (θ₀, u₀) by the rule of the start.
    pub(super) fn exact_start(&self, theta: Fraction) -> [Fraction; 2] {
        let u = (&self.beta - &self.speed) * self.landscape.derivative(&theta);
        [theta, u]
    }

    /// |θₖ| for k = 0…steps in floating point, by the shipped driver; a run that diverges is shorter.
    pub(super) fn floating(&self, theta: f64, start: Start, steps: u64) -> Result<Vec<f64>, CheckError> {
        let objective = Subject::named(&self.landscape.expression());
        let method = Method::Indian { alpha: float(&self.alpha), beta: float(&self.beta) };
        let mut run = Run::new(method, vec![theta], Schedule::Constant(float(&self.step_size)), steps);
        run.start = start;
        let mut path = Vec::new();
        let mut observer = |o: Observation<'_>| {
            path.push(o.theta[0].abs());
            Flow::Continue
        };
        iterate_observed(&*objective, &run, &mut observer)?;
        Ok(path)
    }

    /// The start that ties u₀ to θ₀.
    pub(super) fn tied(&self) -> Start {
        if self.speed == self.beta {
            Start::Rest
        } else {
            Start::Speed(float(&self.speed))
        }
    }

    /// A random fraction strictly between `low` and `high`.
    pub(super) fn between(
        &self,
        [low, high]: &[Fraction; 2],
        context: &Context<'_>,
        purpose: &str,
        index: u64,
    ) -> Fraction {
        const PARTS: i64 = 1 << 10;
        let mut stream = context.stream(&format!("{purpose}/{}", self.words()), index);
        let part = 1 + stream.below((PARTS - 1) as usize) as i64;
        low + (high - low) * fraction(part, PARTS)
    }
}
