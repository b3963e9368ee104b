//! Which minimisers INDIAN can stay at: those whose Hessian eigenvalues lie below λ*.
//!
//! *Argument.* The iterates of a smooth map converge to a fixed point from a set of positive measure only if its centre-stable
//! manifold has full dimension, that is if no multiplier lies outside the unit circle (the step map must send no set of
//! positive measure to a null set). For γα < 2 the multipliers of λ > 0 lie inside exactly for λ < λ*, and 0 (along a curve
//! of minimisers) gives 1 and 1 − αγ. On a curve of minimisers each single one attracts a null set: the statement is about
//! the set of all that are sharper than λ*.

mod draw;

use dinlab_analysis::stability::sharpness_max;
use dinlab_din::Dynamics;
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_numeric::{all_finite, distance, max, norm, norm_inf};
use dinlab_objective::Start;
use dinlab_record::{
    figure::Figure, Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation,
    Status,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{curvatures, eigendirections, slope},
    error::CheckError,
    problem::brief,
    runs::flow,
    sources,
    subject::Subject,
};

/// The check.
pub struct MinimumSelection;

static CLAIM: Claim = Claim {
    id: "minimum-selection",
    family: 'D',
    title: "INDIAN stays only at minimisers flatter than λ*",
    sentence: "Started beside a minimiser of sharpness Sλ* INDIAN stays for S < 1; for S > 1 it leaves, and where it converges the \
               sharpness is below λ*. No random start converges to a minimiser sharper than λ*.",
    statement: r"\theta_k\to\theta^*\ \text{from a set of positive measure}\implies\lambda_{\max}(\nabla^2J(\theta^*))\le\lambda^*(\alpha,\beta,\gamma)",
    hypotheses: &[
        "γα < 2, so that the stable curvatures are (0, λ*) (exact)",
        "the step map is not singular everywhere: not both αγ = 1 and γ = β (exact)",
        "the points started beside are minimisers: the gradient vanishes and the Hessian has no negative eigenvalue (computed there)",
        "S differs from 1 by at least 5·10⁻⁴ (exact): near 1 times grow like 1/|S−1|",
    ],
    sources: &[
        sources::at(sources::WU_MA_E, "linear stability of minima under gradient descent and SGD"),
        sources::at(sources::MULAYOFF, "stable minima"),
    ],
    differences: "the sources treat gradient descent, λ* = 2/step; λ* of INDIAN is derived in this project (stability-region)",
    measured: "On ½(xy−1)², whose minimisers xy = 1 have sharpness x²+y², the shipped algorithm starts 10⁻⁶ beside a minimiser in its \
               stiff direction, at rest, and runs until it stands still; sharpnesses from 0.6λ* to 1.5λ*, the nearest 0.9993λ* and 1.0007λ*. The sharpness at the end is that of the Hessian there. Many random pairs (θ₀, u₀) are run besides, and DIN from the same starts.",
    refuted_by: "a run that leaves for S < 1 or stays for S > 1, and any run that comes to rest at a minimiser sharper than λ*",
    tolerance: "S < 1: the end differs from the minimiser by the offset δ times a transient growth: 20δ, and half of δ must change it by \
                less than a tenth of that; S > 1: none on the sharpness, 10⁻³ for the distance travelled; random starts: 10⁻⁶, below which growth does not show within the run",
    control: "gross: INDIAN claimed to stay at S = 1.1 as DIN does; near miss: λ* 0.14% larger, at a minimiser of sharpness 1.0007λ*",
    evidence: Evidence::Resolved,
    cost: "a few runs of up to 2·10⁶ steps and hundreds of 2·10⁴, a second",
};

/// What is compared.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    ClosedForm,
    /// Control: stays everywhere, as the flow does.
    Flow,
    /// Control: factor on λ*.
    Threshold(f64),
}

/// One objective with parameters and minimisers to start beside.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    alpha: f64,
    beta: f64,
    step_size: f64,
    minimisers: Vec<Vec<f64>>,
    /// Number of random starts.
    random: u64,
    prediction: Prediction,
}

/// Offset from the minimiser, in units of 1 + ‖θ*‖.
const OFFSET: f64 = 1e-6;
/// Longest runs beside a minimiser, and from random starts.
const STEPS: u64 = 2_000_000;
const SHORT: u64 = 20_000;

/// The minimiser (x, 1/x) of ½(xy−1)² with x²+y² = `sharpness` ≥ 2.
fn on_hyperbola(sharpness: f64) -> Vec<f64> {
    let x = (0.5 * (sharpness + (sharpness * sharpness - 4.0).sqrt())).sqrt();
    vec![x, 1.0 / x]
}

impl Case {
    fn new([alpha, beta, step_size]: [f64; 3], ratios: &[f64], random: u64) -> Self {
        let limit = sharpness_max(alpha, beta, step_size);
        let minimisers = ratios.iter().map(|s| on_hyperbola(s * limit)).collect();
        let objective = Subject::named("expr:(x*y-1)^2/2");
        Self { objective, alpha, beta, step_size, minimisers, random, prediction: Prediction::ClosedForm }
    }

    fn limit(&self) -> f64 {
        let factor = if let Prediction::Threshold(factor) = self.prediction { factor } else { 1.0 };
        factor * sharpness_max(self.alpha, self.beta, self.step_size)
    }

    fn words(&self) -> String {
        format!("{}, α={}, β={}, γ={}", self.objective, self.alpha, self.beta, self.step_size)
    }

    /// Largest Hessian eigenvalue over λ*.
    fn ratio(&self, at: &[f64]) -> Result<f64, CheckError> {
        Ok(dinlab_numeric::maximum(&curvatures(&*self.objective, at)?) / self.limit())
    }

    /// The stiff direction at a minimiser, times the offset.
    fn offset(&self, at: &[f64], size: f64) -> Vec<f64> {
        let stiff = eigendirections(&*self.objective, at).pop().map_or(vec![f64::NAN; at.len()], |e| e.1);
        stiff.iter().map(|e| size * (1.0 + norm(at)) * e).collect()
    }

    /// Where a run comes to stand still: θ at the end, whether it did, and its status. `from` is the point whose distance
    /// is watched.
    fn settle(&self, theta: Vec<f64>, start: Start, steps: u64, from: &[f64]) -> Result<Settled, CheckError> {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let mut run = Run::new(method, theta.clone(), Schedule::Constant(self.step_size), steps);
        run.start = start;
        let (mut before, mut still) = (theta, false);
        // Largest distances in the last 128 steps that are complete, and in those after them.
        let (mut complete, mut current) = (0.0, 0.0);
        let mut watch = |o: Observation<'_>| {
            current = max(current, distance(o.theta, from));
            if o.index == 0 || !o.index.is_multiple_of(128) {
                return Flow::Continue;
            }
            // 128 steps cover many half-turns, so that a turning orbit does not seem to stand.
            still = distance(&before, o.theta) <= 1e-14 * (1.0 + norm(o.theta))
                && norm_inf(&o.state[o.theta.len()..]) < 1e-12;
            before.copy_from_slice(o.theta);
            (complete, current) = (current, 0.0);
            if still {
                Flow::Stop
            } else {
                Flow::Continue
            }
        };
        let outcome = iterate_observed(&*self.objective, &run, &mut watch)?;
        let away = max(complete, current);
        Ok(Settled { theta: outcome.theta, still, away, status: outcome.status, steps: outcome.k })
    }
}

/// The end of a run.
struct Settled {
    theta: Vec<f64>,
    still: bool,
    /// Largest distance from the point watched in the last 128 steps or more: an orbit that turns may be near it at the end.
    away: f64,
    status: Status,
    steps: u64,
}

/// One minimiser: stays or leaves.
fn beside(case: &Case, minimiser: &[f64], context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    context.proceed()?;
    let ratio = case.ratio(minimiser)?;
    let from = |size: f64| -> Result<Settled, CheckError> {
        let start = minimiser.iter().zip(case.offset(minimiser, size)).map(|(m, d)| m + d).collect();
        case.settle(start, Start::Rest, STEPS, minimiser)
    };
    let words = format!("{}, S={ratio:.4} at {}", case.words(), brief(minimiser));
    let end = from(OFFSET)?;
    if ratio < 1.0 || case.prediction == Prediction::Flow {
        if !all_finite(&end.theta) || matches!(end.status, Status::Diverged { .. } | Status::NonFinite { .. })
        {
            return Ok(vec![Measurement::holds("stays bounded", false).on(words)]);
        }
        let half = from(0.5 * OFFSET)?;
        let (value, refined) = (case.ratio(&end.theta)?, case.ratio(&half.theta)?);
        return Ok(vec![Measurement::equal(
            "sharpness over λ* at the end",
            value,
            ratio,
            Budget::discretisation(20.0 * OFFSET),
        )
        .refined(if case.prediction == Prediction::Flow { 0.0 } else { value - refined })
        .on(words)]);
    }
    // A state that is not finite has left.
    let away = if end.away.is_nan() { f64::INFINITY } else { end.away };
    let mut all = vec![Measurement::at_least(
        "largest distance from the minimiser in the last steps",
        away,
        1e-3,
        Budget::default(),
    )
    .on(&words)];
    // A run that diverges or goes on turning has left; where it is at the end says nothing about minimisers.
    if end.still && slope(&*case.objective, &end.theta) < 1e-10 {
        let value = case.ratio(&end.theta)?;
        all.push(
            Measurement::at_most("sharpness over λ* where it settles", value, 1.0, Budget::default())
                .on(format!("{words}, {} steps", end.steps)),
        );
    }
    Ok(all)
}

/// Random (θ₀, u₀): the sharpest minimiser that any run settles at.
fn at_random(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let view = &case.objective.facts().view;
    let one = |index: u64| -> Result<Option<f64>, CheckError> {
        context.proceed()?;
        let mut stream = context.stream(&format!("random/{}", case.words()), index);
        let theta: Vec<f64> = view.iter().map(|[low, high]| stream.uniform(1.5 * low, 1.5 * high)).collect();
        let u = stream.normals(theta.len());
        let from = theta.clone();
        let end = case.settle(theta, Start::Auxiliary(u), SHORT, &from)?;
        let rests = end.still && slope(&*case.objective, &end.theta) < 1e-10;
        let all = if rests { curvatures(&*case.objective, &end.theta)? } else { return Ok(None) };
        // Saddles do not count.
        let minimum = all[0] > -1e-8 * all[all.len() - 1].abs();
        Ok(minimum.then(|| all[all.len() - 1] / case.limit()))
    };
    let found: Vec<Option<f64>> = (0..case.random).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let settled: Vec<f64> = found.into_iter().flatten().collect();
    let sharpest = settled.iter().copied().fold(0.0, max);
    let words = format!("{}, {} of {} starts settle", case.words(), settled.len(), case.random);
    Ok(vec![
        Measurement::at_least(
            "share of random starts that settle",
            settled.len() as f64 / case.random as f64,
            0.05,
            Budget::default(),
        )
        .on(&words),
        Measurement::at_most(
            "sharpest minimiser any random start settles at, over λ*",
            sharpest,
            1.0,
            Budget::rounding(1e-6),
        )
        .on(words),
    ])
}

/// DIN started beside the sharpest of the minimisers stays there.
fn flow_stays(case: &Case) -> Result<Option<Measurement>, CheckError> {
    let Some(minimiser) = case.minimisers.last() else { return Ok(None) };
    let from = |size: f64| -> Result<f64, CheckError> {
        let start: Vec<f64> =
            minimiser.iter().zip(case.offset(minimiser, size)).map(|(m, d)| m + d).collect();
        let dynamics = Dynamics::Din { alpha: case.alpha, beta: case.beta };
        let mut run = dinlab_din::Run::new(dynamics, &start, 100.0 / case.alpha);
        run.samples = 2;
        case.ratio(&flow(&*case.objective, &run)?.last.theta)
    };
    let (value, half, ratio) = (from(OFFSET)?, from(0.5 * OFFSET)?, case.ratio(minimiser)?);
    Ok(Some(
        Measurement::equal(
            "sharpness over λ* at the end of DIN",
            value,
            ratio,
            Budget::discretisation(20.0 * OFFSET),
        )
        .refined(value - half)
        .on(format!("{}, S={ratio:.4}", case.words())),
    ))
}

impl Check for MinimumSelection {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        // The innermost are as near to 1 as the hypothesis allows: λ* off by 0.1% puts one of them on the other side.
        let ratios = [0.6, 0.9, 0.97, 0.9993, 1.0007, 1.03, 1.1, 1.5];
        let random = match effort {
            Effort::Quick => 100,
            Effort::Standard => 1_000,
            Effort::Thorough => 10_000,
        };
        vec![
            // A flip comes first, and Neimark–Sacker.
            Case::new([1.0, 0.5, 0.2], &ratios, random),
            Case::new([0.5, 0.1, 0.19], &ratios, random),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let case = |ratio, prediction| Case { prediction, ..Case::new([1.0, 0.5, 0.2], &[ratio], 0) };
        vec![case(1.1, Prediction::Flow), case(1.0007, Prediction::Threshold(1.0014))]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        let minimiser = match &own.theta {
            Some(theta) => theta.clone(),
            None => {
                let known = objective.facts().minimisers().next().map(|c| c.point.clone());
                known.ok_or_else(|| {
                    CheckError::needs("a minimiser as the start: none is known for this objective")
                })?
            }
        };
        Ok(Case {
            objective,
            alpha: own.alpha.unwrap_or(0.5),
            beta: own.beta.unwrap_or(0.1),
            step_size: own.step_size.ok_or_else(|| CheckError::needs("a step size"))?,
            minimisers: vec![minimiser],
            random: 0,
            prediction: Prediction::ClosedForm,
        })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let (a, b, g) = (case.alpha, case.beta, case.step_size);
        let minimum = |at: &Vec<f64>| {
            curvatures(&*case.objective, at).is_ok_and(|all| {
                let scale = all[all.len() - 1].abs();
                all[0] > -1e-8 * scale && slope(&*case.objective, at) <= 1e-8 * (1.0 + scale)
            })
        };
        let decided = |at: &Vec<f64>| case.ratio(at).is_ok_and(|s| (s - 1.0).abs() >= 5e-4);
        let words = "the points started beside are minimisers";
        vec![
            Hypothesis::exact("γα < 2", g * a < 2.0),
            Hypothesis::exact("not both αγ = 1 and γ = β", !(a * g == 1.0 && g == b)),
            match case.minimisers.iter().all(minimum) {
                true => Hypothesis::new(words, HypothesisState::Sampled),
                false => Hypothesis::exact(words, false),
            },
            Hypothesis::exact("S differs from 1 by at least 5·10⁻⁴", case.minimisers.iter().all(decided)),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut all = Vec::new();
        for minimiser in &case.minimisers {
            all.extend(beside(case, minimiser, context)?);
        }
        if case.random > 0 {
            all.extend(at_random(case, context)?);
            all.extend(flow_stays(case)?);
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        draw::figure(CLAIM.id, context)
    }
}
