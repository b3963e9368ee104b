//! The best exponential rate of DIN over all dampings, for Hessian eigenvalues λ in [μ, L].
//!
//! *Derivation.* The mode of λ has the roots of s² + (α+βλ)s + λ. With s = z − ρ both have real part ≤ −ρ iff
//! z² + (α+βλ−2ρ)z + ρ² − (α+βλ)ρ + λ has no root to the right of 0, that is iff 2ρ ≤ α + βλ ≤ ρ + λ/ρ. So the rate
//! min r(λ) is at least ρ iff 2ρ − βμ ≤ α ≤ ρ + λ(1/ρ − β) for all λ (β ≥ 0: the lower bound is sharpest at μ).
//! The set of such α is an interval: for fixed β the rate first rises and then falls with α.
//!
//! * β ≤ 1/ρ: the upper bound is sharpest at μ, and the interval is not empty iff ρ ≤ √μ. At ρ = √μ ≤ 1/β it is the
//!   one point α = 2√μ − βμ.
//! * β > 1/ρ: the upper bound is sharpest at L, and the interval is not empty iff ρ² + β(L−μ)ρ − L ≤ 0, that is
//!   ρ ≤ 2L/(β(L−μ) + √(β²(L−μ)² + 4L)), which is below √μ iff β > 1/√μ (and μ < L).
//! * Where the α = 2ρ − βμ so found is negative, α = 0 is best, with the smaller root of ρ² − βLρ + L as its rate
//!   (of the sharpest λ, L).
//!
//! So the best rate R(β) is √μ up to β = 1/√μ and smaller beyond: β buys no asymptotic rate; it damps the stiff modes.

use dinlab_analysis::spectrum::decay_rate;
use dinlab_din::Dynamics;
use dinlab_numeric::{max, min};
use dinlab_objective::{Regularity, Start};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement,
};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{curvature_scale, curvatures, settle, FLAT},
    decay::{tail, Sampled, WINDOWS},
    error::CheckError,
    problem::brief,
    sources,
    subject::Subject,
};

/// The check.
pub struct OptimalDampingFlow;

static CLAIM: Claim = Claim {
    id: "optimal-damping-flow",
    family: 'A',
    title: "The best rate of DIN over all dampings is √μ, with α = 2√μ − βμ",
    sentence: "Near a minimum whose Hessian has smallest eigenvalue μ and largest L the best exponential rate of DIN over \
               all α, β ≥ 0 is √μ, attained exactly on α = 2√μ − βμ, 0 ≤ β ≤ 1/√μ (if μ < L); for larger β the best \
               rate over α is 2L/(β(L−μ) + √(β²(L−μ)²+4L)) < √μ, as long as its α = 2ρ − βμ is not negative.",
    statement: r"\max_{\alpha\ge0}\min_{\lambda\in[\mu,L]}r(\lambda)=\begin{cases}\sqrt\mu\ \text{at}\ \alpha=2\sqrt\mu-\beta\mu&\beta\le1/\sqrt\mu\\ \rho=\frac{2L}{\beta(L-\mu)+\sqrt{\beta^2(L-\mu)^2+4L}}\ \text{at}\ \alpha=2\rho-\beta\mu&\beta>1/\sqrt\mu,\ 2\rho\ge\beta\mu\end{cases}",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "the Hessian at the minimum is positive definite (computed there)",
        "the start is generic: it excites all modes (assumed)",
    ],
    sources: &[sources::at(sources::AABR, "linearisation at a minimum")],
    differences: "derived in this file; the source does not ask for the best damping",
    measured: "For each β a golden-section search for the α with the largest decay rate, where every rate is fitted to a \
               run of the shipped flow (multipliers of differences of states, blind). The search needs only that the \
               rate rises and then falls with α. Found rate and found α are compared with the closed forms; every rate \
               met on the way must stay below √μ.",
    refuted_by: "a best rate that differs from the closed form by more than 10⁻³ √μ, a best α by more than 10⁻³ √μ (2·10⁻³ \
                 for both where J is not quadratic), or a single run that decays faster than √μ by more than that",
    tolerance: "margins in units of √μ. At the optimum two modes coincide (three where αβ = 1), where errors ε of the \
                fit enter as √ε (∛ε); about 0 a quadratic has ε = 10⁻¹³, elsewhere half the difference of two runs from opposite \
                starts is fitted, in which the terms of second order cancel: those of third order and the rounding of θ have up to 10⁻⁹ at \
                the ends of the window. The search ends at 10⁻⁵ √μ. The change of both numbers with half the steps and a lower \
                window must stay below a tenth of the margin",
    control: "gross: the rate √μ claimed for all β; near misses: α = 2√μ − 1.003 βμ, and the rate 1.003 √μ",
    evidence: Evidence::Resolved,
    cost: "some hundred runs of tenths of a millisecond per β",
};

/// What is compared with the measured optimum.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    ClosedForm,
    /// Control: √μ for all β.
    AlwaysRoot,
    /// Control: β scaled in the best α.
    ScaledBeta(f64),
    /// Control: the rate scaled.
    ScaledRate(f64),
}

/// One objective near one minimum. Starts at distance 1 are for quadratics about 0, whose states stay exact relative to
/// themselves; elsewhere the terms beyond the second order and the rounding of θ must both be small in the window.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    minimum: Vec<f64>,
    /// Distance of the starts to the minimum.
    size: f64,
    /// In units of 1/√μ, or one value as given.
    betas: Vec<f64>,
    /// A damping of the user's whose rate must not exceed √μ.
    alpha: Option<f64>,
    prediction: Prediction,
}

impl Case {
    fn new(spectrum: &str, betas: &[f64]) -> Self {
        let objective = Subject::named(&format!("quadratic:{spectrum}"));
        let (minimum, prediction) = (vec![0.0; objective.dimension()], Prediction::ClosedForm);
        let mut case = Self { objective, minimum, size: 1.0, betas: Vec::new(), alpha: None, prediction };
        case.betas = case.scaled(betas);
        case
    }

    fn nonlinear(objective: &str, betas: &[f64]) -> Self {
        let objective = Subject::named(objective);
        let minimum = objective.facts().minimisers().next().map(|c| c.point.clone()).unwrap_or_default();
        let mut case = Self { objective, minimum, size: 1e-3, ..Self::new("1", &[]) };
        case.betas = case.scaled(betas);
        case
    }

    fn scaled(&self, betas: &[f64]) -> Vec<f64> {
        let [mu, _] = self.ends();
        betas.iter().map(|b| b / mu.sqrt()).collect()
    }

    /// μ and L.
    fn ends(&self) -> [f64; 2] {
        match curvatures(&*self.objective, &self.minimum) {
            Ok(all) if !all.is_empty() => [all[0], all[all.len() - 1]],
            _ => [f64::NAN; 2],
        }
    }

    fn words(&self) -> String {
        format!("{} at {}", self.objective, brief(&self.minimum))
    }

    /// Best α and its rate.
    fn optimum(&self, beta: f64) -> [f64; 2] {
        let [mu, l] = self.ends();
        let root = mu.sqrt();
        let width = beta * (l - mu);
        let rho = match self.prediction {
            Prediction::AlwaysRoot => root,
            _ if beta <= 1.0 / root => root,
            _ => 2.0 * l / (width + (width * width + 4.0 * l).sqrt()),
        };
        let factor = if let Prediction::ScaledRate(factor) = self.prediction { factor } else { 1.0 };
        let slope = if let Prediction::ScaledBeta(factor) = self.prediction { factor } else { 1.0 };
        let alpha = 2.0 * rho - slope * beta * mu;
        match (alpha < 0.0, self.prediction) {
            (true, Prediction::ClosedForm) => [0.0, min(decay_rate(0.0, beta, mu), decay_rate(0.0, beta, l))],
            _ => [alpha, factor * rho],
        }
    }
}

/// Decay rates of shipped runs about the minimum.
struct Bench<'a> {
    case: &'a Case,
    /// The start, and off quadratics also the one opposite to it.
    starts: Vec<(Vec<f64>, Start)>,
    sampling: f64,
    largest_step: f64,
    window: [f64; 2],
    /// Margins on the rate and on α, in units of √μ.
    margins: [f64; 2],
    /// Largest rate met.
    fastest: f64,
}

impl<'a> Bench<'a> {
    /// Level 0, or level 1 with half the steps and a lower window.
    fn new(case: &'a Case, level: usize) -> Self {
        // No symmetry: every mode is excited.
        let coordinate = |i: usize, shift: f64| case.size * (1.0 + 0.3 * (2.3 * i as f64 + shift).sin());
        let root = case.ends()[1].sqrt();
        let start = |sign: f64| {
            let theta = case.minimum.iter().enumerate().map(|(i, x)| x + sign * coordinate(i, 0.0)).collect();
            let u = (0..case.minimum.len()).map(|i| -0.4 * sign * root * coordinate(i, 1.0)).collect();
            (theta, Start::Auxiliary(u))
        };
        let largest_step = 0.2 / root / f64::from(1_u32 << level);
        // A fit of 2n modes needs as many samples in the window.
        let modes = 2 * case.minimum.len();
        let sampling = 0.1 / case.ends()[0].sqrt() * min(1.0, 8.0 / modes as f64);
        let (window, margins, starts) = match case.size {
            1.0 => (WINDOWS[level], [1e-3, 1e-3], vec![start(1.0)]),
            _ => (NARROW[level], [2e-3, 2e-3], vec![start(1.0), start(-1.0)]),
        };
        Self { case, starts, sampling, largest_step, window, margins, fastest: 0.0 }
    }

    fn rate(&mut self, alpha: f64, beta: f64) -> Result<f64, CheckError> {
        let decay = |(theta, start): &(Vec<f64>, Start)| {
            let run = Sampled {
                objective: &*self.case.objective,
                dynamics: Dynamics::Din { alpha, beta },
                theta,
                start,
                sampling: self.sampling,
                unit: 1.0 / self.case.ends()[0].sqrt(),
            };
            tail(&run, self.largest_step)
        };
        let first = decay(&self.starts[0])?;
        let rate = match self.starts.get(1) {
            Some(opposite) => first.odd(&decay(opposite)?, &self.case.minimum).rate(self.window, None)?,
            None => first.rate(self.window, None)?,
        };
        self.fastest = max(self.fastest, rate);
        Ok(rate)
    }

    /// Golden-section search for the α with the largest rate: that α, and the rate. It is bracketed by doubling α until
    /// the rate falls.
    fn best(&mut self, beta: f64) -> Result<[f64; 2], CheckError> {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let unit = self.case.ends()[0].sqrt();
        let (mut low, mut high, mut rate) = (0.0, 0.5 * unit, self.rate(0.5 * unit, beta)?);
        while high < 1e3 * unit {
            let next = self.rate(2.0 * high, beta)?;
            if next < rate {
                high *= 2.0;
                break;
            }
            (low, high, rate) = (high, 2.0 * high, next);
        }
        // The largest rate may lie on either side of the last point that was not worse.
        let mut at = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
        let mut rates = [self.rate(at[0], beta)?, self.rate(at[1], beta)?];
        while high - low > SEARCH * unit {
            if rates[0] >= rates[1] {
                high = at[1];
                (at[1], rates[1]) = (at[0], rates[0]);
                at[0] = high - GOLDEN * (high - low);
                rates[0] = self.rate(at[0], beta)?;
            } else {
                low = at[0];
                (at[0], rates[0]) = (at[1], rates[1]);
                at[1] = low + GOLDEN * (high - low);
                rates[1] = self.rate(at[1], beta)?;
            }
        }
        Ok(if rates[0] >= rates[1] { [at[0], rates[0]] } else { [at[1], rates[1]] })
    }
}

/// Windows as in `WINDOWS` for minima other than 0, where the two starts leave terms of third order (10⁻¹⁰ relative at the
/// upper ends) and the rounding of θ (as much at the lower ends).
const NARROW: [[f64; 2]; 2] = [[1e-5, 3e-7], [5e-6, 1.5e-7]];
/// Fits of more modes, over runs of more variables, take minutes.
const MOST_VARIABLES: usize = 10;
/// The search ends at this width, in units of √μ.
const SEARCH: f64 = 1e-5;
/// β in units of 1/√μ.
const GRID: [f64; 6] = [0.0, 0.4, 0.8, 1.0, 1.25, 2.5];

impl Check for OptimalDampingFlow {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("1", &[1.5]),
            Case::new("1,4", &[0.0, 0.8, 1.25]),
            Case::new("0.5,3,20", &[0.5, 1.0]),
            Case::nonlinear("sconv", &[0.5]),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("1", &GRID));
            cases.push(Case::new("0.5,3,20", &GRID));
            cases.push(Case::new("2,1;1,3", &GRID));
            cases.push(Case::new("2,50", &[0.1, 0.3, 0.9, 1.1, 3.0]));
            cases.push(Case::nonlinear("double-well", &[0.3, 0.7]));
            cases.push(Case::nonlinear("himmelblau", &[0.6, 1.3]));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction, beta: f64| Case { prediction, ..Case::new("1,4", &[beta]) };
        vec![
            with(Prediction::AlwaysRoot, 1.5),
            with(Prediction::ScaledBeta(1.003), 0.9),
            with(Prediction::ScaledRate(1.003), 0.5),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        let near = match objective.facts().minimisers().next() {
            Some(known) if own.theta.is_none() => known.point.clone(),
            _ => own.start_point()?,
        };
        let Some(minimum) = settle(&*objective, &near)? else {
            return Err(CheckError::needs(format!(
                "a start from which a run settles at a critical point: from {} it does not",
                brief(&near)
            )));
        };
        if minimum.len() > MOST_VARIABLES {
            let what = format!("at most {MOST_VARIABLES} variables: it searches over hundreds of runs");
            return Err(CheckError::needs(what));
        }
        let size = if minimum.iter().all(|x| *x == 0.0) && objective.name().starts_with("quadratic:") {
            1.0
        } else {
            1e-3
        };
        let mut case = Case {
            objective,
            minimum,
            size,
            betas: own.beta.iter().copied().collect(),
            alpha: own.alpha,
            prediction: Prediction::ClosedForm,
        };
        if case.betas.is_empty() {
            case.betas = case.scaled(&GRID[..5]);
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let smooth = case.objective.facts().regularity == Regularity::Smooth;
        let definite = case.ends()[0] > FLAT * curvature_scale(&*case.objective, &case.minimum);
        vec![
            Hypothesis::exact("J is twice continuously differentiable", smooth),
            Hypothesis::exact("the Hessian at the minimum is positive definite", definite),
            Hypothesis::new("generic start", HypothesisState::Assumed),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let root = case.ends()[0].sqrt();
        let (mut coarse, mut fine) = (Bench::new(case, 0), Bench::new(case, 1));
        let [rate_budget, alpha_budget] = fine.margins.map(|margin| Budget::discretisation(margin * root));
        let mut all = Vec::new();
        for &beta in &case.betas {
            context.proceed()?;
            let ([alpha, rate], [finer_alpha, finer_rate]) = (coarse.best(beta)?, fine.best(beta)?);
            let [best_alpha, best_rate] = case.optimum(beta);
            let words = format!("{}, β={beta}", case.words());
            all.push(
                Measurement::equal("best rate over α", finer_rate, best_rate, rate_budget)
                    .on(&words)
                    .in_unit("1/time")
                    .refined(finer_rate - rate),
            );
            all.push(
                Measurement::equal("best α", finer_alpha, best_alpha, alpha_budget)
                    .on(&words)
                    .in_unit("1/time")
                    .refined((finer_alpha - alpha).abs() + SEARCH * root),
            );
            if let Some(alpha) = case.alpha {
                let (rate, finer) = (coarse.rate(alpha, beta)?, fine.rate(alpha, beta)?);
                all.push(
                    Measurement::at_most("rate at the given α", finer, best_rate, rate_budget)
                        .on(&words)
                        .refined(finer - rate),
                );
            }
        }
        let (found, limit) = (fine.fastest, case.optimum(0.0)[1]);
        let fastest = Measurement::at_most("largest rate of all runs", found, limit, rate_budget);
        all.push(fastest.on(case.words()).refined(found - coarse.fastest));
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        const N: usize = 24;
        let case = Case::new("1,25", &[]);
        let mut bench = Bench::new(&case, 0);
        let (widest, highest) = (1.6, 3.2);
        let mut values = Vec::with_capacity(N * N);
        for j in 0..N {
            context.proceed()?;
            let alpha = highest * (j as f64 + 0.5) / N as f64;
            for i in 0..N {
                values.push(bench.rate(alpha, widest * (i as f64 + 0.5) / N as f64)?);
            }
        }
        let map = Layer::Map {
            label: "fitted rate".into(),
            x: [0.0, widest],
            y: [0.0, highest],
            nx: N,
            ny: N,
            values,
            limits: [0.0, 1.0],
        };
        let segment = Layer::curve("α = 2√μ − βμ, β ≤ 1/√μ", vec![0.0, 1.0], vec![2.0, 1.0], 7);
        let beyond: Vec<f64> = (0..=40).map(|i| 1.0 + 0.015 * f64::from(i)).collect();
        let best: Vec<f64> = beyond.iter().map(|b| case.optimum(*b)[0]).collect();
        let panel =
            Panel::new("", Axis::linear("β").range(0.0, widest), Axis::linear("α").range(0.0, highest))
                .with(map)
                .with(segment)
                .with(Layer::dashed("best α for larger β", beyond, best, 7));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Decay rate of DIN over its two dampings".into(),
            caption:
                "quadratic:1,25 (μ = 1, L = 25): rates fitted to runs; the best rate √μ = 1 on the solid line"
                    .into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
