//! Full-batch training at constant parameters: the largest Hessian eigenvalue rises until INDIAN's stability limit λ* and stays there.
//!
//! Sharpness is measured by Lanczos' method on exact Hessian-vector products. The step size is chosen so that λ* is a stated multiple of the sharpness at
//! the start. The plateau begins where the sharpness first reaches 0.98 λ* and ends with the run, or where J falls below 10⁻⁴ (late drifts below λ* at
//! a loss that is almost 0 belong to the theory).
//!
//! *Frequency.* Second differences of ⟨θ_k, x⟩, x the top eigenvector, keep an oscillation and drop what is slow. Their correlation with themselves one
//! step later is cos 2πf for f revolutions per step. (Counting signs instead would give the quiet times between bursts, when only slow
//! motion is left, the same weight as the bursts.) f is read off the multipliers; the spread of cos 2πf over [0.9, 1.1]·λ*, where the sharpness wanders, is
//! the tolerance. At flips f is ½ on both sides of λ*, so that there is no such tolerance, and nothing is judged there (bursts give −0.95 to −0.997 in
//! place of −1).

use dinlab_analysis::{
    krylov::largest_eigenpair,
    spectrum,
    stability::{self, FirstInstability},
};
use dinlab_indian::{iterate_observed, Method, Run, Schedule};
use dinlab_neural::{objective, Initial, NetworkObjective};
use dinlab_numeric::{dot, max};
use dinlab_objective::{Objective, Selection, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement, Observation, Status,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct EdgeOfStability;

static CLAIM: Claim = Claim {
    id: "edge-of-stability",
    family: 'D',
    title: "Sharpness saturates at INDIAN's stability limit",
    sentence: "In full-batch training with constant α, β, γ the sharpness of a smooth network rises to λ*(α, β, γ), hovers there; at a \
               Neimark–Sacker limit the iterates rotate along the top eigenvector at its frequency.",
    statement: r"\lambda_{\max}(\nabla^2J(\theta_k))\approx\lambda^*=\min\Big\{\tfrac{2(2-\gamma\alpha)}{\gamma(2\beta-\gamma)}\ (\gamma<2\beta),\ \tfrac{\alpha}{\gamma-\beta}\ (\gamma>\beta)\Big\}",
    hypotheses: &[
        "J ∈ C² (exact: tanh, squared loss)",
        "full batches, constant parameters (by construction)",
        "the loss is still above 10⁻⁴ on the plateau (seen on the run)",
    ],
    sources: &[sources::at(sources::EDGE, "section 3 and Appendix B (2/η; heavy ball (2+2β)/η)")],
    differences: "the paper observes it for gradient descent and heavy ball; λ* of INDIAN is derived (stability-region), and the statement stays an observation, \
                  not a theorem",
    measured: "A 1-20-20-1 tanh network on Chebyshev's polynomial T₃ at 20 points: the median of sharpness/λ* over the plateau, at two flip settings (one with αβ > 1) and one Neimark–Sacker setting; at the latter also the \
               correlation of second differences of θ along the top eigenvector one step apart (cos 2πf).",
    refuted_by: "a plateau elsewhere than at λ*, no plateau, or another frequency",
    tolerance: "0.04 in the median (the published plateaus scatter by a few per cent), with an interval of two standard errors from eight \
                blocks; cos 2πf: its spread over [0.9, 1.1]·λ*",
    control: "gross: the limit 2/(γβ) of gradient descent with the same effective step stands for λ*; near miss: 1.1 λ*",
    evidence: Evidence::Sampled,
    cost: "some 10⁴ full-batch steps and as many Hessian-vector products per setting",
};

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    alpha: f64,
    beta: f64,
    /// λ* over the sharpness at the start.
    ratio: f64,
    steps: u64,
    repetition: u64,
    /// Control: factor of λ* in the prediction.
    factor: f64,
    /// Control: 2/(γβ) in place of λ*.
    gradient_descent: bool,
}

/// Steps between measurements of the sharpness.
const EVERY: u64 = 50;
/// Products per measurement, from the last eigenvector on.
const PRODUCTS: usize = 8;

impl Case {
    fn new(alpha: f64, beta: f64, steps: u64, repetition: u64) -> Self {
        Self { alpha, beta, ratio: 1.5, steps, repetition, factor: 1.0, gradient_descent: false }
    }

    fn words(&self, gamma: f64) -> String {
        let kind = kind(self.alpha, self.beta, gamma);
        format!(
            "α = {}, β = {}, γ = {gamma:.4} ({kind}), start {}",
            self.alpha,
            self.beta,
            self.repetition + 1
        )
    }
}

/// The first instability in words.
fn kind(alpha: f64, beta: f64, gamma: f64) -> &'static str {
    match stability::first_instability(alpha, beta, gamma) {
        FirstInstability::Flip => "flip",
        FirstInstability::NeimarkSacker => "Neimark–Sacker",
        FirstInstability::None => "none",
    }
}

/// What a run shows.
struct Watched {
    gamma: f64,
    limit: f64,
    /// Steps, sharpness and J at the times of measurement.
    steps: Vec<f64>,
    sharpness: Vec<f64>,
    loss: Vec<f64>,
    /// Per interval between measurements, of second differences d along the top eigenvector: Σ d_k d_{k+1}, Σ d_k², Σ d_{k+1}².
    products: Vec<[f64; 3]>,
    status: Status,
}

fn network() -> Result<NetworkObjective, CheckError> {
    Ok(objective::build("mlp:20,20,tanh@chebyshev:3,25", Selection::default())?)
}

/// γ with λ*(α, β, γ) = `limit`: λ* falls as γ grows, as long as γα < 2.
fn step_size(alpha: f64, beta: f64, limit: f64) -> f64 {
    let (mut low, mut high) = (1e-6, 2.0 / alpha * (1.0 - 1e-9));
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if stability::sharpness_max(alpha, beta, middle) > limit {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

fn watch(case: &Case, context: &Context<'_>) -> Result<Watched, CheckError> {
    let objective = network()?;
    let n = objective.dimension();
    let seed = context.stream("initial", case.repetition).bits();
    let theta: Vec<f64> = Initial::He.draw(objective.network(), seed);
    let mut oracle = Objective::oracle(&objective);
    let mut top = context.stream("direction", case.repetition).normals(n);
    let mut sharpness = |at: &[f64], products: usize| {
        let found = largest_eigenpair(&mut |v, out| oracle.hessian_vector(at, v, out), &top, products, 1e-6)?;
        top.clone_from(&found.vector);
        Ok::<_, CheckError>((found.value, found.vector))
    };
    let (first, mut direction) = sharpness(&theta, 80)?;
    let gamma = step_size(case.alpha, case.beta, case.ratio * first);
    let limit = stability::sharpness_max(case.alpha, case.beta, gamma);
    let method = Method::Indian { alpha: case.alpha, beta: case.beta };
    let run = Run { start: Start::Rest, ..Run::new(method, theta, Schedule::Constant(gamma), case.steps) };
    let mut values = Objective::oracle(&objective);
    let mut found = Watched {
        gamma,
        limit,
        steps: Vec::new(),
        sharpness: Vec::new(),
        loss: Vec::new(),
        products: Vec::new(),
        status: Status::ReachedEnd,
    };
    let (mut recent, mut last): (Vec<f64>, Option<f64>) = (Vec::new(), None);
    let mut failed = None;
    let outcome = iterate_observed(&objective, &run, &mut |o: Observation<'_>| {
        if o.index.is_multiple_of(EVERY) {
            match sharpness(o.theta, PRODUCTS) {
                Ok((value, vector)) => {
                    found.sharpness.push(value);
                    direction = vector;
                }
                Err(error) => failed = Some(error),
            }
            found.steps.push(o.index as f64);
            found.loss.push(values.value(o.theta));
            found.products.push([0.0; 3]);
            // Along another direction: differences begin anew.
            recent.clear();
            last = None;
        }
        recent.push(dot(o.theta, &direction));
        if let [.., a, b, c] = recent[..] {
            let second = a - 2.0 * b + c;
            if let (Some(last), Some(sums)) = (last, found.products.last_mut()) {
                for (sum, product) in sums.iter_mut().zip([last * second, last * last, second * second]) {
                    *sum += product;
                }
            }
            last = Some(second);
        }
        if failed.is_some() || context.proceed().is_err() {
            Flow::Stop
        } else {
            Flow::Continue
        }
    })?;
    context.proceed()?;
    if let Some(error) = failed {
        return Err(error);
    }
    found.status = outcome.status;
    Ok(found)
}

/// First and last measurement of the plateau.
fn plateau(found: &Watched) -> Option<std::ops::Range<usize>> {
    let begin = found.sharpness.iter().position(|s| *s >= 0.98 * found.limit)?;
    let end = found.loss[begin..].iter().position(|j| *j < 1e-4).map_or(found.loss.len(), |i| begin + i);
    (end > begin + 4).then_some(begin..end)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Standard error of the median, from the medians of eight consecutive blocks (bursts make neighbours alike).
fn standard_error(values: &[f64]) -> f64 {
    const BLOCKS: usize = 8;
    let medians: Vec<f64> = values.chunks(values.len().div_ceil(BLOCKS)).map(median).collect();
    let count = medians.len() as f64;
    let mean = dinlab_numeric::sum(&medians) / count;
    let squares: f64 = medians.iter().map(|m| (m - mean).powi(2)).sum();
    (squares / (count - 1.0) / count).sqrt()
}

/// cos 2πf of the complex multipliers at curvature λ, f their revolutions per step.
fn cosine(case: &Case, gamma: f64, lambda: f64) -> f64 {
    let [multiplier, _] = spectrum::multipliers(case.alpha, case.beta, gamma, lambda);
    multiplier.re / spectrum::modulus(multiplier)
}

impl Check for EdgeOfStability {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (steps, starts) = match effort {
            Effort::Quick => (8_000, 1),
            Effort::Standard => (20_000, 1),
            Effort::Thorough => (20_000, 8),
        };
        let settings = [[0.5, 0.1], [1.0, 0.9], [2.0, 1.0]];
        settings
            .into_iter()
            .flat_map(|[a, b]| (0..starts).map(move |start| Case::new(a, b, steps, start)))
            .collect()
    }

    fn control(&self) -> Vec<Case> {
        vec![
            Case { gradient_descent: true, ..Case::new(0.5, 0.1, 8_000, 0) },
            Case { factor: 1.1, ..Case::new(2.0, 1.0, 8_000, 0) },
        ]
    }

    fn hypotheses(&self, _: &Case) -> Vec<Hypothesis> {
        vec![
            Hypothesis::exact("J ∈ C² (tanh, squared loss)", true),
            Hypothesis::new("full batches, constant parameters", HypothesisState::ByConstruction),
            Hypothesis::new("the loss is above 10⁻⁴ on the plateau", HypothesisState::Sampled),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let found = watch(case, context)?;
        let words = case.words(found.gamma);
        if found.status != Status::ReachedEnd {
            return Err(CheckError::UnexpectedStatus {
                what: words,
                status: found.status,
                expected: "reached-end",
            });
        }
        let Some(range) = plateau(&found) else {
            return Ok(vec![Measurement::holds(
                "the sharpness reaches 0.98 λ* before the loss is below 10⁻⁴",
                false,
            )
            .on(words)]);
        };
        let predicted =
            if case.gradient_descent { 2.0 / (found.gamma * case.beta) } else { case.factor * found.limit };
        let plateau = &found.sharpness[range.clone()];
        let level = median(plateau) / predicted;
        let error = 2.0 * standard_error(plateau) / predicted;
        let [cross, before, after] =
            found.products[range].iter().fold([0.0; 3], |s, p| [s[0] + p[0], s[1] + p[1], s[2] + p[2]]);
        let mut measured = vec![Measurement::equal(
            "median of sharpness/λ* on the plateau",
            level,
            1.0,
            Budget::sampling(0.04),
        )
        .between(level - error, level + error)
        .on(&words)];
        if stability::first_instability(case.alpha, case.beta, found.gamma) == FirstInstability::NeimarkSacker
        {
            let at = |factor: f64| cosine(case, found.gamma, factor * found.limit);
            let spread = max((at(0.9) - at(1.0)).abs(), (at(1.1) - at(1.0)).abs());
            let budget = Budget::discretisation(spread);
            let name = "cos 2πf along the top eigenvector";
            measured
                .push(Measurement::equal(name, cross / (before * after).sqrt(), at(1.0), budget).on(&words));
        }
        Ok(measured)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panel = Panel::new("", Axis::linear("k"), Axis::linear("sharpness / λ*"));
        for (color, [alpha, beta]) in [[0.5, 0.1], [1.0, 0.9], [2.0, 1.0]].into_iter().enumerate() {
            let case = Case::new(alpha, beta, 4_000, 0);
            let found = watch(&case, context)?;
            let y = found.sharpness.iter().map(|s| s / found.limit).collect();
            let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][color];
            let kind = kind(alpha, beta, found.gamma);
            let label = format!("α = {alpha}, β = {beta}, γ = {:.3} ({kind})", found.gamma);
            panel = panel.with(Layer::Curve { label, x: found.steps, y, color, dash });
        }
        panel = panel.with(Layer::Horizontal { label: "λ*".into(), y: 1.0, color: 5, dash: Dash::Dashed });
        let caption = "1-20-20-1 tanh network on T₃ at 20 points, full batches".into();
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption,
            columns: 1,
            panels: vec![panel],
        })
    }
}
