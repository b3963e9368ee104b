//! When the second moment of INDIAN with mini-batches decays at a minimum that all terms share.
//!
//! At θ* with ∇J_n(θ*) = 0 for all n one linearised step is z⁺ = A(H_B)z, z = (θ−θ*, u), with independent batch Hessians H_B, and
//! E[z⊗z] evolves by 𝒯 = E[A(H_B)⊗A(H_B)].
//!
//! *One mode.* H_B = λ + ξ, E ξ = 0, E ξ² = σ². Then z⁺ = Āz − b ξθ with b = γ(β, 1−αβ). The variance of θ is a renewal sequence:
//! E θ_k² = (ē_k)² + σ² Σ_j g²_{k−j} E θ_j² with g_k = e₁ᵀĀᵏb, so it decays iff Ā is stable and σ²G < 1, G = Σ g_k². As g has the transfer function
//! (b₀z + b₁)/(z² − Tz + D), b₀ = γβ, b₁ = −γ(β−γ), T, D trace and determinant of Ā,
//! G = [(b₀²+b₁²)(1+D) + 2b₀b₁T]/[(1−D)(1+D−T)(1+D+T)].

mod draw;
mod operator;
mod paths;

use dinlab_analysis::statistics::equivalence_mean;
use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Scaling, Schedule};
use dinlab_numeric::{max, norm, sum};
use dinlab_objective::Regularity;
use dinlab_record::{
    figure::Figure, observe::Blind, Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use rayon::prelude::*;
use serde::Serialize;

use self::operator::{gain, Moments};
pub(crate) use self::operator::{operator, radius, sets};
use crate::{
    check::{Check, Context, Effort, OwnCase},
    error::CheckError,
    runs::require,
    saddle::ERRORS,
    shipped::bisect,
    sources,
    subject::Subject,
};

/// The check.
pub struct SecondMomentStability;

static CLAIM: Claim = Claim {
    id: "second-moment-stability",
    family: 'D',
    title: "Mini-batches: mean-square stability at an interpolating minimum",
    sentence: "At a minimum shared by all terms the second moment of INDIAN's iterates evolves by E[A(H_B)⊗A(H_B)]; on one mode it decays \
               exactly if the mean mode is stable and the variance of the batch curvature is below 1/G(λ).",
    statement: r"\rho(\mathbb E[A(H_B)\otimes A(H_B)])<1\iff\rho(A(\lambda))<1\ \text{and}\ \sigma_b^2\,G(\lambda)<1,\quad G=\frac{(b_0^2+b_1^2)(1+D)+2b_0b_1T}{(1-D)(1+D-T)(1+D+T)}",
    hypotheses: &[
        "J is a finite sum (exact)",
        "interpolation: every ∇J_n vanishes at the minimum (computed there)",
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the mean step is stable there (computed there)",
        "batches are independent and identically distributed (by construction)",
    ],
    sources: &[sources::at(sources::WU_MA_E, "linear stability of SGD: (1−γλ)² + γ²σ² < 1")],
    differences: "the source treats SGD, the limit α = 1/γ, β = γ of this; G for INDIAN is derived in this file",
    measured: "The shipped step is applied to basis vectors with the Hessian of every possible batch, which gives the operator without a formula. \
               The spread of the terms is enlarged until its radius is 1; there σ_b²G must be 1. The mean Hessian of the batches must be that of J. Fifty shipped runs with their own batches must follow the \
               product of the steps of those batches, and many give the mean of ‖θ_k−θ*‖², against the operator's power; k ≤ 20 is the last at which 6.5 standard errors are below a tenth of it. \
               Sixteen long runs show that almost sure decay can go with growth in mean square.",
    refuted_by: "a threshold at which σ_b²G is not 1, or a mean square of runs off the operator's",
    tolerance: "threshold: 10³ε‖𝒯‖ over the measured slope of the radius; following: rounding and ten times the distance of the starts, 2⁻²⁰; mean squares: 6.5 standard errors, whose standard deviation is \
                exact: E‖θ_k‖⁴ comes from E[A⊗A⊗A⊗A]",
    control: "gross: σ_b left out (G = 0); terms that do not commute treated as if each coordinate were alone; near miss: G 0.1% larger",
    evidence: Evidence::Sampled,
    cost: "10⁵ runs of at most 20 steps per case, a few seconds",
};

/// What is compared.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    Operator,
    /// Control: factor on G (0: no noise), in the mean squares on the batches' spread.
    Gain(f64),
    /// Control: off-diagonal entries of the batch Hessians left out.
    Diagonal,
}

/// A finite sum at a shared minimum.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    minimum: Vec<f64>,
    alpha: f64,
    beta: f64,
    step_size: f64,
    sampling: Sampling,
    replicates: u64,
    /// Whether long runs are measured in place of the mean square: decay of almost every path beside growth in mean square.
    paths: bool,
    prediction: Prediction,
}

/// Distance of the starts from θ* in each coordinate: a power of two, near enough for the linearisation to hold to ten times as much.
const SMALL: f64 = 1.0 / (1_u64 << 20) as f64;

/// Most iterations of the runs whose mean square is measured.
const MOST_STEPS: u64 = 20;

impl Case {
    fn new(objective: &str, [alpha, beta, step_size]: [f64; 3], batch: usize, replicates: u64) -> Self {
        let objective = Subject::named(objective);
        let minimum = vec![0.0; objective.dimension()];
        let sampling = Sampling::WithoutReplacement(batch);
        Self {
            objective,
            minimum,
            alpha,
            beta,
            step_size,
            sampling,
            replicates,
            paths: false,
            prediction: Prediction::Operator,
        }
    }

    fn parameters(&self) -> [f64; 3] {
        [self.alpha, self.beta, self.step_size]
    }

    fn words(&self) -> String {
        let size = self.sampling.size().map_or(String::new(), |size| format!(" of {size}"));
        let law = self.sampling.name();
        format!(
            "{}, α={}, β={}, γ={}, batches{size} {law}",
            self.objective, self.alpha, self.beta, self.step_size
        )
    }

    /// The run with the batches of one replicate, from θ* + scale·(1, …, 1) at rest.
    fn run(&self, context: &Context<'_>, index: u64, steps: u64, scale: f64) -> Run {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let start = self.minimum.iter().map(|m| m + scale).collect();
        let mut run = Run::new(method, start, Schedule::Constant(self.step_size), steps);
        run.grid = Grid::Every(steps);
        run.batch = Some(Batch {
            sampling: self.sampling,
            scaling: Scaling::InverseProbability,
            seed: context.seed,
            label: format!("{}/{}", context.id, self.words()),
            repetition: index,
        });
        run
    }
}

/// Where the spread of a one-dimensional sum makes the radius 1: σ_b²G there.
fn threshold(case: &Case, moments: &Moments) -> Option<Measurement> {
    let curvatures = moments.scalar()?;
    let lambda = sum(&curvatures) / curvatures.len() as f64;
    let spread: Vec<f64> = curvatures.iter().map(|c| c - lambda).collect();
    let unit = sum(&spread.iter().map(|d| d * d).collect::<Vec<_>>()) / spread.len() as f64;
    if unit <= (f64::EPSILON * lambda).powi(2) {
        // All batches agree: no spread to enlarge.
        return None;
    }
    let at = |scale: f64| {
        Moments::of_scalar(case.parameters(), &spread.iter().map(|d| lambda + scale * d).collect::<Vec<_>>())
    };
    let radius = |scale: f64| at(scale).radius();
    let mut high = 1.0;
    while radius(high) < 1.0 {
        high *= 2.0;
        if high > 1e6 {
            return Some(
                Measurement::holds("a spread at which the mean square grows exists", false).on(case.words()),
            );
        }
    }
    let located = bisect(1e-9, high, |scale| radius(scale) < 1.0);
    let slope = (radius(located * 1.0001) - radius(located * 0.9999)) / 2e-4;
    let factor = if let Prediction::Gain(factor) = case.prediction { factor } else { 1.0 };
    let value = unit * located * located * factor * gain(case.parameters(), lambda);
    let rounding = 2.0 * 1e3 * f64::EPSILON * at(located).size() / slope;
    Some(
        Measurement::equal(
            "σ_b²G where the radius of the operator is 1",
            value,
            1.0,
            Budget::rounding(rounding),
        )
        .on(format!("{}, λ={lambda}", case.words())),
    )
}

/// Standard deviation of ‖θ_k − θ*‖² over batches.
fn deviation(moments: &Moments, k: u64) -> f64 {
    max(moments.mean_fourth(k) - moments.mean_square(k).powi(2), 0.0).sqrt()
}

/// The last k at which the margin of the mean is below a tenth of the mean: heavy tails make later means of finitely many runs
/// say nothing. 1 where there is none.
fn steps(moments: &Moments, replicates: u64) -> u64 {
    let told = |k: &u64| {
        let margin = ERRORS * deviation(moments, *k) / (replicates as f64).sqrt();
        margin <= 0.1 * moments.mean_square(*k)
    };
    (2..=MOST_STEPS).rev().find(told).unwrap_or(1)
}

/// Mean of ‖θ_k − θ*‖² over the runs against the operator.
fn mean_square(case: &Case, moments: &Moments, context: &Context<'_>) -> Result<Measurement, CheckError> {
    let k = steps(moments, case.replicates);
    let one = |index: u64| -> Result<f64, CheckError> {
        context.proceed()?;
        let run = case.run(context, index, k, SMALL);
        let outcome = iterate_observed(&*case.objective, &run, &mut Blind)?;
        require(&outcome.status, &case.words())?;
        let off: Vec<f64> = outcome.theta.iter().zip(&case.minimum).map(|(t, m)| (t - m) / SMALL).collect();
        Ok(off.iter().map(|d| d * d).fold(0.0, |s, v| s + v))
    };
    let squares: Vec<f64> = (0..case.replicates).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let predicted = match case.prediction {
        Prediction::Operator => moments.clone(),
        Prediction::Gain(factor) => moments.spread(factor.sqrt()),
        Prediction::Diagonal => moments.diagonal(),
    };
    let mean = predicted.mean_square(k);
    let n = squares.len() as f64;
    // In a control the standard deviation is that of the truth as well.
    let margin = ERRORS * deviation(moments, k) / n.sqrt();
    // Each step loses a few ε of the largest state on the way.
    let largest = (0..=k).map(|j| moments.mean_square(j)).fold(0.0, max);
    // Beyond second order, and what θ* loses of the small offset.
    let near = 10.0 * SMALL + f64::EPSILON * norm(&case.minimum) / SMALL;
    let rounding = (1e2 * f64::EPSILON * k as f64 + near) * largest;
    let budget = Budget { rounding, ..Budget::sampling(margin) };
    Ok(Measurement::equal("mean of ‖θ_k − θ*‖²", sum(&squares) / n, mean, budget)
        .on(format!("{}, k={k}, {} runs", case.words(), case.replicates))
        .sampled(equivalence_mean(&squares, mean, max(margin, rounding))?))
}

/// The largest growth per step of sixteen long paths, beside that of the mean square.
fn path(case: &Case, moments: &Moments, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    const STEPS: u64 = 1_000;
    let mut growth = f64::NEG_INFINITY;
    for index in 0..16 {
        context.proceed()?;
        let outcome =
            iterate_observed(&*case.objective, &case.run(context, index, STEPS, SMALL), &mut Blind)?;
        require(&outcome.status, &case.words())?;
        let off: Vec<f64> = outcome.theta.iter().zip(&case.minimum).map(|(t, m)| (t - m) / SMALL).collect();
        growth = max(growth, norm(&off).ln() / STEPS as f64);
    }
    Ok(vec![
        Measurement::at_most(
            "largest growth per step of sixteen long paths (log)",
            growth,
            0.0,
            Budget::default(),
        )
        .on(case.words()),
        Measurement::at_least(
            "growth per step of the mean square (log)",
            moments.radius().ln(),
            0.0,
            Budget::default(),
        )
        .on(case.words()),
    ])
}

impl Check for SecondMomentStability {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let n = match effort {
            Effort::Quick => 16_000,
            Effort::Standard => 100_000,
            Effort::Thorough => 400_000,
        };
        vec![
            Case::new(LINE, [0.5, 0.1, 0.15], 1, n),
            Case::new(LINE, [1.0, 0.5, 0.4], 2, n),
            // SGD: α = 1/γ, β = γ.
            Case::new(LINE, [2.5, 0.4, 0.4], 1, n),
            Case { paths: true, ..Case::new(RARE, [1.0, 0.5, 0.4], 1, n) },
            Case::new(PLANE, [0.7, 0.3, 0.3], 1, n),
            Case::new(PLANE, [0.5, 0.1, 0.15], 2, n),
            Case { sampling: Sampling::WithReplacement(2), ..Case::new(PLANE, [0.7, 0.3, 0.3], 2, n) },
            Case { sampling: Sampling::NonemptySubsets, ..Case::new(LINE, [0.5, 0.1, 0.15], 2, n) },
        ]
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case { prediction, ..Case::new(LINE, [0.5, 0.1, 0.15], 1, 4_000) };
        vec![
            with(Prediction::Gain(0.0)),
            Case { prediction: Prediction::Diagonal, ..Case::new(PLANE, [0.7, 0.3, 0.3], 1, 4_000) },
            with(Prediction::Gain(1.001)),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        let Some(samples) = objective.samples() else {
            return Err(CheckError::needs("a finite sum (`sum:…`, or a registered one)"));
        };
        if samples.count() > operator::MOST_BATCHES || objective.dimension() > 4 {
            return Err(CheckError::needs("at most 4 variables and 64 terms: all batches are enumerated"));
        }
        let minimum = own.start_point()?;
        Ok(Case {
            objective,
            minimum,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size.ok_or_else(|| CheckError::needs("a step size"))?,
            sampling: Sampling::WithoutReplacement(1),
            replicates: 20_000,
            paths: false,
            prediction: Prediction::Operator,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let samples = case.objective.samples();
        let rests = samples.is_some_and(|samples| {
            let (mut oracle, mut v) = (samples.oracle(), vec![0.0; case.minimum.len()]);
            (0..samples.count()).all(|n| {
                oracle.gradient(&[n], &case.minimum, &mut v);
                norm(&v) <= 1e-10
            })
        });
        let moments = Moments::of(case);
        let stable = moments.as_ref().is_ok_and(|m| m.mean_radius() < 1.0);
        let sampled = |words: &str, fact: bool| match fact {
            true => Hypothesis::new(words, HypothesisState::Sampled),
            false => Hypothesis::exact(words, false),
        };
        vec![
            Hypothesis::exact("J is a finite sum", samples.is_some()),
            sampled("every ∇J_n vanishes at the minimum", rests),
            Hypothesis::exact(
                "J is twice continuously differentiable",
                case.objective.facts().regularity == Regularity::Smooth,
            ),
            sampled("the mean step is stable there", stable),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let moments = Moments::of(case)?;
        let mut all: Vec<Measurement> = threshold(case, &moments).into_iter().collect();
        if case.paths {
            all.extend(path(case, &moments, context)?);
        } else {
            all.push(paths::unbiased(case, &moments)?);
            all.push(paths::followed(case, context)?);
            all.push(mean_square(case, &moments, context)?);
        }
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        Ok(draw::figure(CLAIM.id))
    }
}

/// Five terms of one variable, and three of two variables whose Hessians do not commute.
const LINE: &str = "sum:0.1*x^2;0.3*x^2;0.2*x^2;0.7*x^2;0.45*x^2";
/// A steep term met half of the time: steps on it throw θ out further in mean square than the others bring it back.
const RARE: &str = "sum:0.05*x^2;2.5*x^2";
const PLANE: &str = "sum:0.4*(x+0.5*y)^2;0.3*(0.7*x-y)^2;0.2*(0.2*x+y)^2";

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use dinlab_record::Verdict;

    use super::*;
    use crate::judge;

    fn context(interrupted: &AtomicBool) -> Context<'_> {
        Context { effort: Effort::Quick, seed: 0, id: CLAIM.id, interrupted }
    }

    /// Else the runs would not be needed for the verdict.
    #[test]
    fn the_runs_alone_refute_the_gross_controls() {
        let interrupted = AtomicBool::new(false);
        for case in &SecondMomentStability.control()[..2] {
            let moments = Moments::of(case).unwrap();
            let found = mean_square(case, &moments, &context(&interrupted)).unwrap();
            assert_eq!(judge::judge(&found), Verdict::Violated, "{found:?}");
        }
    }

    #[test]
    fn a_tenth_of_the_mean_square_is_told_apart() {
        for effort in [Effort::Quick, Effort::Standard, Effort::Thorough] {
            for case in SecondMomentStability.cases(effort).iter().filter(|case| !case.paths) {
                let moments = Moments::of(case).unwrap();
                assert!(steps(&moments, case.replicates) >= 2, "{}", case.words());
            }
        }
    }

    #[test]
    fn equal_terms_have_no_threshold() {
        let interrupted = AtomicBool::new(false);
        let case = Case::new("sum:x^2;x^2", [0.5, 0.1, 0.1], 1, 100);
        let found = SecondMomentStability.measure(&case, &context(&interrupted)).unwrap();
        assert!(found.iter().all(|m| !m.name.contains("radius")), "{found:?}");
        assert!(found.iter().all(|m| judge::judge(m) == Verdict::Consistent), "{found:?}");
    }
}
