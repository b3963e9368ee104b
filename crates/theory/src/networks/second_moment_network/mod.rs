//! The second moment of INDIAN with mini-batches at a minimum of a network that fits every sample.
//!
//! With more weights than samples such minima are a surface. Sample n has the Hessian ∇f_n∇f_nᵀ there (f_n the output at it; squared loss), so
//! across the surface, on span{∇f_n}, the mean of zzᵀ for z = (P(θ − θ*), Pu) evolves by 𝒯S = the mean of A(H_B)SA(H_B)ᵀ on as many variables as there are samples, and along it nothing moves to
//! first order.
//!
//! Nothing random is needed to see that: the batches can be counted. The training step itself, from ±ε times basis vectors with every batch once, gives the matrices; the
//! operator made of them has the growth factor of the network, without a formula. A run of the shipped driver, on the other hand, must follow the product of the matrices
//! of its own batches.

mod minimum;
mod moments;

use dinlab_indian::{iterate_observed, Batch, Draws, Grid, Method, Run, Sampling, Schedule};
use dinlab_numeric::{max, norm, sum};
use dinlab_objective::{Objective, Start};
use dinlab_record::{
    figure::{Axis, Dash, Figure, Layer, Marker, Panel},
    observe::Blind,
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::Serialize;

use self::{
    minimum::{interpolating, Interpolating},
    moments::{apply, growth, step, Steps},
};
use crate::{
    check::{Check, Context, Effort},
    error::CheckError,
    geometry::second_moment_stability::sets,
    runs::require,
    sources,
};

/// The check.
pub struct SecondMomentNetwork;

static CLAIM: Claim = Claim {
    id: "second-moment-network",
    family: 'D',
    title: "Mini-batches on a network: mean-square stability where every sample is fitted",
    sentence: "At a minimum where a network fits every sample the second moment of mini-batch INDIAN's distance to the minima evolves by E[A(H_B)⊗A(H_B)] on the span \
               of the samples' gradients: it decays below the step size γ* at which that operator has radius 1, and grows above.",
    statement: r"\mathbb E[z_{k+1}z_{k+1}^\top]\simeq\mathcal T\,\mathbb E[z_kz_k^\top],\quad \mathcal TS=\mathbb E[A(H_B)SA(H_B)^\top],\ H_n=\nabla f_n\nabla f_n^\top,\ z=(P(\theta-\theta^*),Pu);\qquad \rho(\mathcal T)=1\text{ at }\gamma^*",
    hypotheses: &[
        "every ∇J_n vanishes at the minimum (computed there)",
        "J is twice continuously differentiable (exact: tanh, squared loss)",
        "batches are independent and identically distributed (by construction)",
    ],
    sources: &[sources::at(sources::WU_MA_E, "linear stability of SGD at interpolating minima")],
    differences: "the source treats SGD, which is α = 1/γ, β = γ of this, and an upper bound of the operator; the exact operator of INDIAN is derived in this project",
    measured: "1-3-1 and 1-6-1 tanh networks at minima that fit T₃ at four and six points. The training step itself, from ±ε times basis vectors and with every batch once, gives \
               A(H_B) without a formula: the radius of the operator made of them 1% below and above γ*, and the step size at which it is 1. Predicted is the \
               radius of 𝒯 from the outputs' gradients and A(H), both written out in the check. Besides, runs of the shipped driver against the product of A(H_B) over their own batches, and \
               the mean of ‖P(θ_k − θ*)‖² over such runs.",
    refuted_by: "a growth factor or a γ* off the operator's, a run off its own product, a mean square off the operator's",
    tolerance: "growth, γ* and runs: the change when ε is doubled (the error is of order ε², so it is three times that left) and rounding 10³ε_mach‖θ*‖/ε, over the slope of the growth for γ*; \
                means: margin 0.1, by an equivalence test",
    control: "gross: the batches' spread left out; near miss: α 0.1% larger in the operator",
    evidence: Evidence::Sampled,
    cost: "some 10⁵ steps of a tiny network per case, a second",
};

/// ε. What is not linear is of the order ε² = 10⁻¹⁰, rounding ε_mach/ε = 10⁻¹¹.
const DISTANCE: f64 = 1e-5;
/// Steps of a run that is compared with its product.
const PATH: u64 = 60;
/// Steps of the runs whose mean square is taken: few, since later means are those of rare runs.
const SHORT: u64 = 4;
/// Margin on their mean, relative to the prediction.
const MARGIN: f64 = 0.1;

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Units of the hidden layer and samples.
    size: [usize; 2],
    alpha: f64,
    beta: f64,
    batch: usize,
    /// Runs for the mean square.
    runs: u64,
    /// Control: the mean Hessian stands for every batch's.
    without_spread: bool,
    /// Control: factor of α in the operator.
    factor: f64,
}

impl Case {
    fn new(size: [usize; 2], [alpha, beta]: [f64; 2], batch: usize, runs: u64) -> Self {
        Self { size, alpha, beta, batch, runs, without_spread: false, factor: 1.0 }
    }

    fn words(&self) -> String {
        let Self { size: [width, samples], alpha, beta, batch, .. } = self;
        format!("1-{width}-1 network on {samples} samples, α={alpha}, β={beta}, batches of {batch}")
    }

    /// The matrices of all batches at step size γ, as predicted.
    fn predicted(&self, found: &Interpolating, gamma: f64) -> Vec<DMatrix<f64>> {
        let p = [self.factor * self.alpha, self.beta, gamma];
        let samples: Vec<usize> = (0..self.size[1]).collect();
        match self.without_spread {
            true => vec![step(p, &found.slopes, &samples)],
            false => sets(self.size[1], self.batch).iter().map(|set| step(p, &found.slopes, set)).collect(),
        }
    }

    /// Growth of the second moment per step, ρ(𝒯), as predicted.
    fn predicted_growth(&self, found: &Interpolating, gamma: f64) -> f64 {
        growth(&self.predicted(found, gamma))
    }

    /// γ*: the smallest step size at which that is 1, looked for in steps of 5%.
    fn limit(&self, found: &Interpolating) -> Result<f64, CheckError> {
        let predicted = |gamma: f64| Ok(self.predicted_growth(found, gamma));
        let mut high = 0.05;
        while predicted(high)? < 1.0 {
            high *= 1.05;
        }
        crossing(high / 1.05, high, predicted)
    }

    /// Growth of the second moment per step that the network's own steps show.
    fn growth(&self, found: &Interpolating, gamma: f64, distance: f64) -> Result<f64, CheckError> {
        let mut steps = Steps::new(found, self.batch, distance)?;
        Ok(growth(&steps.matrices([self.alpha, self.beta, gamma])?))
    }

    /// The run number `index` of the shipped driver from θ* + ε Σ(directions) at rest.
    fn run(&self, context: &Context<'_>, found: &Interpolating, gamma: f64, index: u64, end: u64) -> Run {
        let method = Method::Indian { alpha: self.alpha, beta: self.beta };
        let start = found.across.column_sum() * DISTANCE + DVector::from_column_slice(&found.minimum);
        let mut run = Run::new(method, start.as_slice().to_vec(), Schedule::Constant(gamma), end);
        (run.grid, run.start) = (Grid::Every(end), Start::Rest);
        run.batch = Some(Batch {
            seed: context.seed,
            label: format!("{}/{}", context.id, self.words()),
            repetition: index,
            ..Batch::new(Sampling::WithoutReplacement(self.batch))
        });
        run
    }

    /// P(θ_k − θ*)/ε at the end of that run.
    fn end(&self, found: &Interpolating, run: &Run) -> Result<DVector<f64>, CheckError> {
        let outcome = iterate_observed(&found.objective, run, &mut Blind)?;
        require(&outcome.status, &self.words())?;
        let off: Vec<f64> = outcome.theta.iter().zip(&found.minimum).map(|(t, m)| t - m).collect();
        Ok(found.across.transpose() * DVector::from_vec(off) / DISTANCE)
    }
}

/// Where a growth factor is 1 between two step sizes, by secants that keep it between them (the Illinois rule).
fn crossing(
    mut a: f64,
    mut b: f64,
    growth: impl Fn(f64) -> Result<f64, CheckError>,
) -> Result<f64, CheckError> {
    let excess = |gamma: f64| Ok::<_, CheckError>(growth(gamma)?.ln());
    let (mut at_a, mut at_b) = (excess(a)?, excess(b)?);
    for _ in 0..60 {
        let next = b - at_b * (b - a) / (at_b - at_a);
        let at = excess(next)?;
        // The older end is replaced where the new point lies on its side, and otherwise counts half.
        if at * at_b < 0.0 {
            (a, at_a) = (b, at_b);
        } else {
            at_a *= 0.5;
        }
        (b, at_b) = (next, at);
        // NaN ends it as well: it fails the measurement.
        if at.is_nan() || at.abs() <= 1e-13 {
            break;
        }
    }
    Ok(b)
}

/// z₀ of the runs: (1, …, 1) at rest.
fn start(m: usize) -> DVector<f64> {
    DVector::from_fn(2 * m, |i, _| if i < m { 1.0 } else { 0.0 })
}

/// Error of a growth factor: what doubling ε changes, and rounding of θ* + εz.
fn error(found: &Interpolating, changed: f64) -> Budget {
    let rounding = 1e3 * f64::EPSILON * norm(&found.minimum) / DISTANCE;
    Budget { rounding, ..Budget::discretisation(changed.abs()) }
}

/// Growth 1% below and above γ*, and where it is 1.
fn growths(case: &Case, found: &Interpolating, limit: f64) -> Result<Vec<Measurement>, CheckError> {
    let (mut all, mut seen) = (Vec::new(), Vec::new());
    let [low, high] = [0.99 * limit, 1.01 * limit];
    for (gamma, words) in [(low, "0.99 γ*"), (high, "1.01 γ*")] {
        let value = case.growth(found, gamma, DISTANCE)?;
        let budget = error(found, case.growth(found, gamma, 2.0 * DISTANCE)? - value);
        seen.push(value);
        let name = format!("growth of the second moment per step, γ = {words}");
        all.push(
            Measurement::equal(name, value, case.predicted_growth(found, gamma), budget).on(case.words()),
        );
    }
    let separated = seen[0] < 1.0 && seen[1] > 1.0;
    all.push(Measurement::holds("it decays 1% below γ* and grows 1% above", separated).on(case.words()));
    if separated {
        let edge = crossing(low, high, |gamma| case.growth(found, gamma, DISTANCE))?;
        let mut budget = error(found, case.growth(found, edge, 2.0 * DISTANCE)? - 1.0);
        let slope = (seen[1] - seen[0]) / (high - low);
        (budget.rounding, budget.discretisation) = (budget.rounding / slope, budget.discretisation / slope);
        let name = "step size at which the growth is 1";
        all.push(Measurement::equal(name, edge, case.limit(found)?, budget).on(case.words()));
    }
    Ok(all)
}

/// The largest distance of runs of the shipped driver from the products of their own matrices, relative to these.
fn products(
    case: &Case,
    found: &Interpolating,
    gamma: f64,
    context: &Context<'_>,
) -> Result<Measurement, CheckError> {
    let p = [case.factor * case.alpha, case.beta, gamma];
    let (mut worst, mut bound) = (0.0, 0.0);
    for index in 0..8 {
        context.proceed()?;
        let run = case.run(context, found, gamma, index, PATH);
        let Some(batch) = &run.batch else { continue };
        let mut draws = Draws::new(batch, found.objective.name(), case.size[1]);
        let mut z = start(case.size[1]);
        let mut largest = z.norm();
        for _ in 0..PATH {
            let which =
                if case.without_spread { (0..case.size[1]).collect() } else { draws.next_batch().to_vec() };
            z = step(p, &found.slopes, &which) * z;
            largest = max(largest, z.norm());
        }
        let x = z.rows(0, case.size[1]).into_owned();
        // To first order in ε: the same run mirrored.
        let mut mirrored = run.clone();
        mirrored.theta = run.theta.iter().zip(&found.minimum).map(|(t, m)| 2.0 * m - t).collect();
        let [there, back] = [case.end(found, &run)?, case.end(found, &mirrored)?];
        let odd = 0.5 * (&there - &back);
        worst = max(worst, (&odd - &x).norm() / x.norm());
        // The even part is of order ε, so ε² is its square; a step multiplies what is off by at most the largest state over the last.
        let even = (0.5 * (there + back)).norm() / x.norm();
        let rounding = 10.0 * PATH as f64 * f64::EPSILON * norm(&found.minimum) / DISTANCE;
        bound = max(bound, (rounding + 10.0 * even * even) * largest / x.norm());
    }
    let name = format!("runs of {PATH} steps against the product over their own batches, γ = 0.99 γ*");
    Ok(Measurement::at_most(name, worst, 0.0, Budget::discretisation(bound)).on(case.words()))
}

/// Mean of ‖P(θ_k − θ*)‖²/ε² over runs of the shipped driver.
fn mean_square(
    case: &Case,
    found: &Interpolating,
    gamma: f64,
    context: &Context<'_>,
) -> Result<Measurement, CheckError> {
    let one = |index: u64| -> Result<f64, CheckError> {
        context.proceed()?;
        let run = case.run(context, found, gamma, index, SHORT);
        Ok(case.end(found, &run)?.norm_squared())
    };
    let squares: Vec<f64> = (0..case.runs).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let steps = case.predicted(found, gamma);
    let z = start(case.size[1]);
    let second = (0..SHORT).fold(&z * z.transpose(), |second, _| apply(&steps, &second));
    let predicted = second.diagonal().rows(0, case.size[1]).sum();
    let margin = MARGIN * predicted;
    let name = format!("mean of ‖P(θ_k − θ*)‖²/ε² over runs, k = {SHORT}, γ = γ*/2");
    let sampling = dinlab_analysis::statistics::equivalence_mean(&squares, predicted, margin)?;
    let mean = sum(&squares) / squares.len() as f64;
    Ok(Measurement::equal(name, mean, predicted, Budget::sampling(margin))
        .on(format!("{}, {} runs", case.words(), case.runs))
        .sampled(sampling))
}

impl Check for SecondMomentNetwork {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let runs = match effort {
            Effort::Quick => 4_000,
            Effort::Standard => 10_000,
            Effort::Thorough => 100_000,
        };
        let mut cases = vec![Case::new([3, 4], [0.5, 0.1], 1, runs), Case::new([3, 4], [2.0, 1.0], 2, runs)];
        if effort > Effort::Quick {
            cases.push(Case::new([6, 6], [0.5, 0.1], 1, runs));
            cases.push(Case::new([6, 6], [1.0, 0.5], 2, runs));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let case = Case::new([3, 4], [0.5, 0.1], 1, 1_000);
        vec![Case { without_spread: true, ..case.clone() }, Case { factor: 1.001, ..case }]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let fitted = interpolating(case.size[0], case.size[1]).is_ok_and(|found| {
            found.objective.samples().is_some_and(|samples| {
                let (mut oracle, mut v) = (samples.oracle(), vec![0.0; found.minimum.len()]);
                (0..samples.count()).all(|n| {
                    oracle.gradient(&[n], &found.minimum, &mut v);
                    norm(&v) <= 1e-12
                })
            })
        });
        vec![
            match fitted {
                true => {
                    Hypothesis::new("every ∇J_n vanishes at the minimum, to 10⁻¹²", HypothesisState::Sampled)
                }
                false => Hypothesis::exact("every ∇J_n vanishes at the minimum", false),
            },
            Hypothesis::exact("J is twice continuously differentiable", true),
            Hypothesis::new("batches are independent", HypothesisState::ByConstruction),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let found = interpolating(case.size[0], case.size[1])?;
        // Where the runs are made: the same in a control.
        let limit = Case { factor: 1.0, without_spread: false, ..case.clone() }.limit(&found)?;
        let mut all = growths(case, &found, limit)?;
        all.push(products(case, &found, 0.99 * limit, context)?);
        all.push(mean_square(case, &found, 0.5 * limit, context)?);
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let mut panels = Vec::new();
        for (p, batch) in [([0.5, 0.1], 1), ([2.0, 1.0], 2)] {
            let case = Case::new([3, 4], p, batch, 0);
            let found = interpolating(case.size[0], case.size[1])?;
            let limit = case.limit(&found)?;
            let at = |i: u32, n: u32| limit * (0.3 + f64::from(i) / f64::from(n));
            let x: Vec<f64> = (0..=60).map(|i| at(i, 60)).collect();
            let y = x.iter().map(|g| 0.5 * case.predicted_growth(&found, *g).ln()).collect();
            let marks: Vec<f64> = (0..=12).map(|i| at(i, 12)).collect();
            let half_log = |g: &f64| Ok::<_, CheckError>(0.5 * case.growth(&found, *g, DISTANCE)?.ln());
            let seen = marks.iter().map(half_log).collect::<Result<Vec<_>, _>>()?;
            // One long product of random steps: what almost every run does.
            let mut path = Vec::new();
            for gamma in &x {
                context.proceed()?;
                let steps = case.predicted(&found, *gamma);
                let mut stream = context.stream("path", batch as u64);
                let (mut z, mut total) = (start(case.size[1]), 0.0);
                for _ in 0..5_000 {
                    z = &steps[stream.below(steps.len())] * z;
                    let size = z.norm();
                    total += size.ln();
                    z /= size;
                }
                path.push(total / 5_000.0);
            }
            let name = format!("α={}, β={}, batches of {batch}", p[0], p[1]);
            panels.push(
                Panel::new(name, Axis::linear("γ"), Axis::linear("log growth per step"))
                    .with(Layer::curve("root mean square: ½ log ρ", x.clone(), y, 0))
                    .with(Layer::points(
                        "the same, from steps of the network",
                        marks,
                        seen,
                        2,
                        Marker::Square,
                    ))
                    .with(Layer::dashed("almost every run", x, path, 1))
                    .with(Layer::Vertical { label: "γ*".into(), x: limit, color: 6, dash: Dash::Dotted })
                    .with(Layer::Horizontal { label: String::new(), y: 0.0, color: 6, dash: Dash::Solid }),
            );
        }
        Ok(Figure {
            id: CLAIM.id.into(),
            title: CLAIM.title.into(),
            caption: "1-3-1 tanh network that fits T₃ at 4 points; between γ* and where the dashed curve is 0 almost every run decays, the mean square grows".into(),
            columns: 2,
            panels,
        })
    }
}
