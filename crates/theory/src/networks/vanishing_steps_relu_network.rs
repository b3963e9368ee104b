//! INDIAN with vanishing steps on a relu network: how far 0 is from the gradients around the iterates.
//!
//! Iterates are almost never on a kink, so the distance of 0 to D_J(θ_k) is that of one gradient, which need not fall where the limit is a kink. What must fall is
//! the distance of 0 to the Goldstein ε-subdifferential ∂_εJ(θ_k) = conv ∪{∂J(x): |x − θ_k| ≤ ε}, ε of the order of γ_k: it holds the gradients on the
//! other sides of the kinks that are within reach of a step. Gradients at random points of the ball span an inner approximation, whose distance from 0
//! (Wolfe's algorithm) is an upper bound.
//!
//! *Rate.* The iterates fluctuate by O(√γ_k) around what they converge to (`theorem3-vanishing-steps`, (i)), the gradient is locally Lipschitz on the pieces, and
//! what is left of the start falls faster: so the distance is O(√γ_k), exponent ½ at least. At a kink that holds the iterates it is larger.

use dinlab_analysis::{pseudo_trajectory::scaling, statistics::lower_bound_mean};
use dinlab_indian::{iterate_observed, Batch, Grid, Method, Run, Sampling, Schedule};
use dinlab_neural::{objective, Initial, NetworkObjective};
use dinlab_numeric::{nearest_in_hull, norm, Stream};
use dinlab_objective::{Objective, Oracle, Selection};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    runs::require,
    sources,
};

/// The check.
pub struct VanishingStepsRelu;

static CLAIM: Claim = Claim {
    id: "vanishing-steps-relu-network",
    family: 'C',
    title: "Illustration: noisy INDIAN on a relu network closes in on D-critical points",
    sentence: "On a relu network with real mini-batches and steps Σγ = ∞, γ_k = o(1/log k), the distance of 0 to the Goldstein \
               ε-subdifferential at the iterates, ε of the order of γ_k, falls at least like √γ_k.",
    statement: r"\operatorname{dist}\big(0,\operatorname{conv}\{\partial J(x):\|x-\theta_k\|\le c\gamma_k\}\big)=O(\sqrt{\gamma_k})",
    hypotheses: &[
        "J is a finite sum of tame, locally Lipschitz terms (exact: relu, cross-entropy)",
        "batches are independent (by construction)",
        "Σγ = ∞ and γ_k = o(1/log k) (exact, from the type of the schedule)",
        "the iterates are bounded (sampled: the weights of every run stay below 100; the penalty makes J coercive)",
    ],
    sources: &[
        sources::at(sources::JMLR, "Theorem 3, Assumption 1"),
        sources::at(sources::GOLDSTEIN, "the ε-subdifferential"),
    ],
    differences: "published: accumulation points are D-critical, without a rate, which no finite run can refute; the rate is derived in this project",
    measured: "Runs on two-moons data from random weights with batches of four samples. At equidistant iterates of the octaves K/32…K/16 (16) and K/2…K (64) \
               gradients at random points of the ball of radius γ_k around θ_k, and the distance of 0 to their convex hull by Wolfe's algorithm; slope of the log of its mean over runs against log γ.",
    refuted_by: "an exponent shown to be below ½ by more than the margin",
    tolerance: "sampling: margin 0.1; one-sided t test over the runs",
    control: "gross: constant steps; steps with Σγ < ∞, which stop on their way; near miss: steps fall with q = 0.3 where the rate is stated in those of q = 0.5",
    evidence: Evidence::Sampled,
    cost: "some 10⁵ steps of a small network and as many gradients",
};

/// Octaves of iterations K/32 < k ≤ K/16 and K/2 < k ≤ K.
const OCTAVES: [u64; 2] = [16, 1];
/// Looks in these octaves; the grid of the first is on the last's.
const LOOKS: [u64; 2] = [16, 64];
/// Samples of a batch.
const BATCH: usize = 4;
/// Margin on the exponent.
const MARGIN: f64 = 0.1;
/// Bound on the weights.
const BOUND: f64 = 100.0;
const NETWORK: &str = "mlp:6,relu@two-moons:40@0.05";

/// An ensemble of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    schedule: Schedule,
    /// The schedule that the rate is stated in: the same, but in controls.
    stated: Schedule,
    steps: u64,
    runs: u64,
}

fn power(exponent: f64) -> Schedule {
    Schedule::Power { initial: 0.5, exponent }
}

impl Case {
    fn new([alpha, beta]: [f64; 2], exponent: f64, runs: u64) -> Self {
        Self { alpha, beta, schedule: power(exponent), stated: power(exponent), steps: 16_384, runs }
    }

    fn words(&self) -> String {
        let Self { alpha, beta, schedule, steps, runs, .. } = self;
        format!(
            "{NETWORK}, α={alpha}, β={beta}, γₖ={schedule}, batches of {BATCH}, {steps} steps, {runs} runs"
        )
    }

    /// Mean step size on each octave.
    fn scales(&self) -> Vec<f64> {
        let mean = |part: u64| {
            let (first, last) = (self.steps / (2 * part), self.steps / part);
            (first..last).map(|k| self.stated.at(k)).sum::<f64>() / (last - first) as f64
        };
        OCTAVES.map(mean).to_vec()
    }
}

fn network() -> Result<NetworkObjective, CheckError> {
    Ok(objective::build(NETWORK, Selection::default())?)
}

/// Distance of 0 to the hull of gradients at θ and at random points of the ball around it: one more than the dimension, so that the hull can be a body.
fn distance(oracle: &mut dyn Oracle, theta: &[f64], radius: f64, stream: &mut Stream) -> f64 {
    let n = theta.len();
    let mut gradients = Vec::with_capacity(n + 2);
    for k in 0..n + 2 {
        let mut at = theta.to_vec();
        if k > 0 {
            // Uniform in the ball: a direction, and the n-th root of a uniform number.
            let direction = stream.normals(n);
            let length = radius * stream.uniform(0.0, 1.0).powf(1.0 / n as f64) / norm(&direction);
            dinlab_numeric::axpy(length, &direction, &mut at);
        }
        let mut gradient = vec![0.0; n];
        oracle.gradient(&at, &mut gradient);
        gradients.push(gradient);
    }
    nearest_in_hull(&gradients, &vec![0.0; n]).map_or(f64::NAN, |nearest| nearest.distance)
}

/// Iteration, ‖∇J‖ and distance at the wanted looks of a run.
fn watch(
    case: &Case,
    index: u64,
    grid: Grid,
    wanted: impl Fn(u64) -> bool,
    context: &Context<'_>,
) -> Result<Vec<[f64; 3]>, CheckError> {
    let objective = network()?;
    let seed = context.stream("initial", index).bits();
    let mut run = Run::new(
        Method::Indian { alpha: case.alpha, beta: case.beta },
        Initial::He.draw(objective.network(), seed),
        case.schedule.clone(),
        case.steps,
    );
    run.grid = grid;
    run.divergence_bound = BOUND;
    run.batch = Some(Batch {
        seed: context.seed,
        label: format!("{}/{}", context.id, case.words()),
        repetition: index,
        ..Batch::new(Sampling::WithoutReplacement(BATCH))
    });
    let mut oracle = Objective::oracle(&objective);
    let mut stream = context.stream("ball", index);
    let mut gradient = vec![0.0; objective.dimension()];
    let mut found = Vec::new();
    let outcome = iterate_observed(&objective, &run, &mut |o: Observation<'_>| {
        if wanted(o.index) {
            oracle.gradient(o.theta, &mut gradient);
            let near = distance(oracle.as_mut(), o.theta, case.stated.at(o.index - 1), &mut stream);
            found.push([o.index as f64, norm(&gradient), near]);
        }
        if context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    context.proceed()?;
    require(&outcome.status, &case.words())?;
    Ok(found)
}

/// Mean distance of every run on every octave.
fn octaves(case: &Case, context: &Context<'_>) -> Result<Vec<Vec<f64>>, CheckError> {
    let [first, last] = [0, 1].map(|i| case.steps / (2 * OCTAVES[i] * LOOKS[i]));
    let wanted = |k: u64| {
        let inside = |part: u64| case.steps / (2 * part) < k && k <= case.steps / part;
        inside(OCTAVES[0]) || (inside(OCTAVES[1]) && k.is_multiple_of(last))
    };
    let one = |index: u64| -> Result<[f64; 2], CheckError> {
        let looks = watch(case, index, Grid::Every(first), wanted, context)?;
        Ok(OCTAVES.map(|part| {
            let (first, last) = ((case.steps / (2 * part)) as f64, (case.steps / part) as f64);
            let inside: Vec<f64> =
                looks.iter().filter(|l| l[0] > first && l[0] <= last).map(|l| l[2]).collect();
            dinlab_numeric::sum(&inside) / inside.len() as f64
        }))
    };
    let all: Vec<[f64; 2]> = (0..case.runs).into_par_iter().map(one).collect::<Result<_, _>>()?;
    Ok((0..OCTAVES.len()).map(|i| all.iter().map(|run| run[i]).collect()).collect())
}

impl Check for VanishingStepsRelu {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let runs = match effort {
            Effort::Quick => 96,
            Effort::Standard => 144,
            Effort::Thorough => 400,
        };
        let mut cases = vec![Case::new([0.5, 0.1], 0.5, runs)];
        if effort > Effort::Quick {
            cases.push(Case::new([2.0, 1.0], 0.5, runs));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::new([0.5, 0.1], 0.5, 16);
        vec![
            Case { schedule: Schedule::Constant(0.05), ..case.clone() },
            // Σγ < ∞: the runs stop on their way.
            Case { schedule: power(2.0), ..case.clone() },
            Case { schedule: power(0.3), runs: 96, ..case },
        ]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let assumption = case.schedule.assumption();
        vec![
            Hypothesis::exact("J is a finite sum of tame, locally Lipschitz terms", true),
            Hypothesis::new("batches are independent", HypothesisState::ByConstruction),
            Hypothesis::exact(
                format!("the step sizes satisfy the assumption ({assumption})"),
                assumption.satisfied() == Some(true),
            ),
            Hypothesis::new("the iterates are bounded", HypothesisState::Sampled),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let table = octaves(case, context)?;
        let found = scaling(&case.scales(), &table)?;
        let name = "exponent of dist(0, ∂_εJ(θ_k)), ε = γ_k";
        let sampling = lower_bound_mean(&found.estimates, 0.5, MARGIN)?;
        Ok(vec![Measurement::at_least(name, found.exponent, 0.5, Budget::sampling(MARGIN))
            .on(case.words())
            .sampled(sampling)])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let case = Case::new([0.5, 0.1], 0.5, 32);
        let grid = Grid::Geometric { per_decade: 12 };
        let all: Vec<Vec<[f64; 3]>> = (0..case.runs)
            .into_par_iter()
            .map(|index| watch(&case, index, grid, |k| k > 0, context))
            .collect::<Result<_, _>>()?;
        let mean = |j: usize| -> Vec<f64> {
            let at = |i: usize| all.iter().map(|looks| looks[i][j]).collect::<Vec<f64>>();
            (0..all[0].len()).map(|i| dinlab_numeric::sum(&at(i)) / all.len() as f64).collect()
        };
        let (x, near) = (mean(0), mean(2));
        let (last, end) = (x[x.len() - 1], near[near.len() - 1]);
        let anchor = end * 2.0;
        let panel = Panel::new("", Axis::log("k"), Axis::log("distance of 0, mean over runs"))
            .with(Layer::Curve {
                label: "to the gradient ∇J(θ_k)".into(),
                x: x.clone(),
                y: mean(1),
                color: 1,
                dash: Dash::Dashed,
            })
            .with(Layer::curve("to ∂_εJ(θ_k), ε = γ_k", x, near, 0))
            .with(Layer::Slope {
                label: "√γ_k ∼ k^(−1/4)".into(),
                slope: -0.25,
                anchor: [last, anchor],
                span: [30.0, last],
            });
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: case.words(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
