//! Orbits of DIN have finite length, with a bound in explicit constants.
//!
//! *Derivation.* Let v = ∇J and w = −u = (α − 1/β)θ + ψ/β, so that θ′ = −βv − w, ψ′ = −w. For E(θ, ψ) = 2(1+αβ)J + ‖w‖²
//!
//! * −E′ = 2(α‖θ′‖² + β‖v‖²) is the quadratic form in (v, w) of P = 2((αβ²+β, αβ), (αβ, α));
//! * ‖∂E‖² = ‖2(1+αβ)v + 2(α−1/β)w‖² + ‖2w/β‖² is that of
//!   Q = 4(((1+αβ)², (1+αβ)(α−1/β)), ((1+αβ)(α−1/β), (α−1/β)² + 1/β²));
//! * ‖(θ′, ψ′)‖² = ‖βv + w‖² + ‖w‖² is that of R = ((β², β), (β, 2)).
//!
//! The best constants in −E′ ≥ c₁‖∂E‖² and ‖∂E‖ ≥ c₂‖(θ′, ψ′)‖ are c₁ = λ_min(Q⁻¹P) and c₂ = λ_min(R⁻¹Q)^½, attained where (v, w)
//! are multiples of one vector by an eigenvector. With ρ(1−a)(E−Ē)^{−a}‖∂E‖ ≥ 1, φ = ρ(E−Ē)^{1−a} has
//! −φ′ ≥ c₁‖∂E‖ ≥ c₁c₂‖(θ′, ψ′)‖, so the length is at most ρ(E₀−Ē)^{1−a}/(c₁c₂).
//!
//! Where ∇²J ≥ μ > 0 the Hessian of E is at least the matrix ((2(1+αβ)μ + 2(α−1/β)², 2(α−1/β)/β), (·, 2/β²)), m its smaller
//! eigenvalue; strong convexity gives ‖∂E‖² ≥ 2m(E−Ē), that is a = ½ and ρ = 2/√(2m).

use dinlab_din::{integrate, system, Run, Settings};
use dinlab_numeric::{dot, max, min, norm, sum};
use dinlab_objective::{Domain, Objective, Oracle};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Panel},
    Budget, Claim, Evidence, Flow, Hypothesis, HypothesisState, Measurement,
};
use nalgebra::{Matrix2, Vector2};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{self, curvatures, settle},
    error::CheckError,
    limit::extrapolated,
    problem::Problem,
    runs::{flow, require, Augmented},
    sources,
};

/// The check.
pub struct FiniteLength;

static CLAIM: Claim = Claim {
    id: "finite-length",
    family: 'A',
    title: "Orbits of DIN have finite length, with explicit constants",
    sentence: "If ρ(1−a)(E−Ē)^{−a}‖∂E‖ ≥ 1 along an orbit, the length of (θ, ψ) is at most ρ(E₀−Ē)^{1−a}/(c₁c₂) with \
               c₁ = λ_min(Q⁻¹P), c₂ = λ_min(R⁻¹Q)^½; for ∇²J ≥ μ > 0, a = ½ and ρ = 2/√(2m), m the least curvature of E.",
    statement: r"\int_0^\infty\|(\dot\theta,\dot\psi)\|\,dt\le\frac{\rho}{c_1c_2}(E_0-\bar E)^{1-a},\qquad -\dot E\ge c_1\|\partial E\|^2,\quad\|\partial E\|\ge c_2\|(\dot\theta,\dot\psi)\|",
    hypotheses: &[
        "J is twice continuously differentiable (exact, from the objective's facts)",
        "α, β > 0 (exact)",
        "∇²J ≥ μ > 0 where the orbit and its limit are (exact, from the facts, or sampled in a box about the orbit)",
    ],
    sources: &[sources::at(sources::JMLR, "Theorem 11, inequality (30), and proof of Theorem 13")],
    differences: "the source has c₁, c₂ without values; the best ones, and the constants for strongly convex J, are derived in \
                  this file",
    measured: "Along the shipped flow, with ∫‖∂E‖², ∫‖∂E‖ and the length as extra coordinates: the length over its bound; the \
               smallest ρ(1−a)(E−Ē)^{−a}‖∂E‖ at the samples; −ΔE over ∫‖∂E‖² and ∫‖∂E‖ over the length between samples, at \
               least c₁ and c₂. From the extremal starts, w = κ∇J, the two quotients over shrinking times, extrapolated: \
               equal to c₁ and c₂.",
    refuted_by: "a length above its bound, a Łojasiewicz quotient below 1, a quotient below c₁ or c₂ or an extremal \
                 quotient off by more than 10⁻⁵, in relative terms",
    tolerance: "10⁻⁵ for integration, measured at a hundredth of the tolerance; samples with E−Ē below 10⁻⁷ of its start are left out, where \
                the difference is rounding; extremal quotients: 10⁻⁵, with the change from the level before",
    control: "gross: a = 0.4, for which the Łojasiewicz inequality fails near the limit, with the same ρ; near miss: α off by \
              10⁻³ in P, Q, R",
    evidence: Evidence::Resolved,
    cost: "some short integrations per case, milliseconds",
};

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    #[serde(flatten)]
    problem: Problem,
    minimiser: Vec<f64>,
    /// μ.
    convexity: f64,
    /// Whether μ is the objective's, or the least of sampled curvatures.
    sampled: bool,
    /// a.
    exponent: f64,
    /// Factor on α in the constants; 1 except in controls.
    friction: f64,
}

impl Case {
    fn new(objective: &str, damping: [f64; 2], theta: &[f64], u: &[f64], until: f64) -> Self {
        let problem = Problem::new(objective, damping, theta, u, until);
        let minimiser = problem.objective.facts().minimisers().next().map(|c| c.point.clone());
        Self::about(problem, minimiser.unwrap_or_else(|| vec![0.0; theta.len()]))
    }

    fn about(problem: Problem, minimiser: Vec<f64>) -> Self {
        let mut case =
            Self { problem, minimiser, convexity: f64::NAN, sampled: false, exponent: 0.5, friction: 1.0 };
        let bound = case.problem.objective.facts().convexity.clone();
        let sides = case.sides();
        let corners = |pick: usize| sides.iter().map(|side| side[pick]).collect::<Vec<f64>>();
        let covers = |domain: &Domain| domain.contains(&corners(0)) && domain.contains(&corners(1));
        (case.convexity, case.sampled) = match bound {
            Some(bound) if bound.value > 0.0 && covers(&bound.domain) => (bound.value, false),
            _ => (case.lowest_curvature(&sides), true),
        };
        case
    }

    /// μ from where the orbit is, for an orbit that nothing is known of: over a box about it and the minimiser, at its
    /// samples, and half-way from there to the minimiser. 0 where it is not above the rounding of the largest curvature.
    fn follow(&mut self) -> Result<(), CheckError> {
        let mut run = Run::new(self.problem.dynamics(), &self.problem.theta, self.problem.until);
        (run.samples, run.start) = (10 * SAMPLES + 1, self.problem.start());
        let Ok(trajectory) = flow(&*self.problem.objective, &run) else {
            return Err(CheckError::needs("an orbit that can be followed up to the horizon"));
        };
        let mut points = trajectory.theta;
        points.push(self.minimiser.clone());
        let side = |i: usize| {
            let values = points.iter().map(|point| point[i]);
            let [low, high] = [values.clone().fold(f64::INFINITY, min), values.fold(f64::NEG_INFINITY, max)];
            let margin = 0.1 * (high - low);
            [low - margin, high + margin]
        };
        let sides: Vec<[f64; 2]> = (0..self.minimiser.len()).map(side).collect();
        let corners = |pick: usize| sides.iter().map(|side| side[pick]).collect::<Vec<f64>>();
        let bound = self.problem.objective.facts().convexity.clone().filter(|bound| bound.value > 0.0);
        if let Some(bound) = bound {
            if bound.domain.contains(&corners(0)) && bound.domain.contains(&corners(1)) {
                (self.convexity, self.sampled) = (bound.value, false);
                return Ok(());
            }
        }
        let (mut lowest, mut largest) = (self.lowest_curvature(&sides), 0.0);
        for point in &points {
            let half: Vec<f64> = point.iter().zip(&self.minimiser).map(|(a, b)| 0.5 * (a + b)).collect();
            for at in [point, &half] {
                let all = curvatures(&*self.problem.objective, at)?;
                (lowest, largest) = (min(lowest, all[0]), max(largest, all[all.len() - 1]));
            }
        }
        self.convexity = if lowest > 1e-8 * largest { lowest } else { 0.0 };
        self.sampled = true;
        Ok(())
    }

    /// A box about start and minimiser, half as wide again on each side.
    fn sides(&self) -> Vec<[f64; 2]> {
        let pairs = self.problem.theta.iter().zip(&self.minimiser);
        pairs
            .map(|(a, b)| {
                let margin = 0.5 * (a - b).abs() + 0.1 * norm(&self.problem.u) * self.problem.beta;
                [min(*a, *b) - margin, max(*a, *b) + margin]
            })
            .collect()
    }

    /// Least of the Hessian's eigenvalues at points of a box.
    fn lowest_curvature(&self, sides: &[[f64; 2]]) -> f64 {
        let mut stream = dinlab_numeric::Stream::new(0, CLAIM.id, 0);
        let lowest = |_| {
            let point: Vec<f64> = sides.iter().map(|[low, high]| stream.uniform(*low, *high)).collect();
            curvatures(&*self.problem.objective, &point).map_or(f64::NAN, |all| all[0])
        };
        (0..300).map(lowest).fold(f64::INFINITY, min)
    }

    fn constants(&self) -> Constants {
        let (alpha, beta) = (self.problem.alpha * self.friction, self.problem.beta);
        let (sum, gap) = (1.0 + alpha * beta, alpha - 1.0 / beta);
        let p = 2.0 * Matrix2::new(alpha * beta * beta + beta, alpha * beta, alpha * beta, alpha);
        let q = 4.0 * Matrix2::new(sum * sum, sum * gap, sum * gap, gap * gap + 1.0 / (beta * beta));
        let r = Matrix2::new(beta * beta, beta, beta, 2.0);
        let ([c1, first], [c2, second]) = (least(p, q), least(q, r));
        let upper = 2.0 * sum * self.convexity + 2.0 * gap * gap;
        let curvature = Matrix2::new(upper, 2.0 * gap / beta, 2.0 * gap / beta, 2.0 / (beta * beta));
        let m = curvature.symmetric_eigenvalues().min();
        Constants { c1, c2: c2.sqrt(), extremal: [first, second], rho: 2.0 / (2.0 * m).sqrt() }
    }

    fn words(&self) -> String {
        format!("{}, μ={}", self.problem.words(), self.convexity)
    }
}

/// Least μ with det(A − μB) = 0, and w/v of its eigenvector (v, w); A, B symmetric, B positive definite.
fn least(a: Matrix2<f64>, b: Matrix2<f64>) -> [f64; 2] {
    let Some(root) = b.cholesky() else { return [f64::NAN; 2] };
    // L⁻¹AL⁻ᵀ has the same eigenvalues; (v, w) = L⁻ᵀ times its eigenvector.
    let inverse = root.l().try_inverse().unwrap_or_else(|| Matrix2::from_element(f64::NAN));
    let eigen = (inverse * a * inverse.transpose()).symmetric_eigen();
    let index = if eigen.eigenvalues[0] <= eigen.eigenvalues[1] { 0 } else { 1 };
    let vector: Vector2<f64> = inverse.transpose() * eigen.eigenvectors.column(index);
    [eigen.eigenvalues[index], vector[1] / vector[0]]
}

/// c₁, c₂, w/∇J of the states where they are attained, and ρ.
struct Constants {
    c1: f64,
    c2: f64,
    extremal: [f64; 2],
    rho: f64,
}

/// One sample of a run: E−Ē, ‖∂E‖, and ∫‖∂E‖², ∫‖∂E‖, length up to then.
struct Sample {
    energy: f64,
    slope: f64,
    integrals: [f64; 3],
}

/// ‖∂E‖ for the gradient v and u.
fn slope(problem: &Problem, v: &[f64], u: &[f64]) -> f64 {
    let (alpha, beta) = (problem.alpha, problem.beta);
    let (sum, gap) = (1.0 + alpha * beta, alpha - 1.0 / beta);
    let by_theta: Vec<f64> = v.iter().zip(u).map(|(v, u)| 2.0 * sum * v - 2.0 * gap * u).collect();
    norm(&by_theta).hypot(2.0 * norm(u) / beta)
}

/// The shipped flow from the problem's θ₀ and the given u₀, at the given times.
fn samples(case: &Case, u: &[f64], times: &[f64], tolerance: f64) -> Result<Vec<Sample>, CheckError> {
    let problem = &case.problem;
    let (objective, n): (&dyn Objective, usize) = (&*problem.objective, u.len());
    let (mut oracle, mut v, own) = (objective.oracle(), vec![0.0; n], problem.clone());
    let integrands = move |_: f64, y: &[f64], dy: &[f64], out: &mut [f64]| {
        oracle.gradient(&y[..n], &mut v);
        let slope = slope(&own, &v, &y[n..]);
        // θ′ from the flow, ψ′ = u.
        (out[0], out[1], out[2]) = (slope * slope, slope, norm(&dy[..n]).hypot(norm(&y[n..])));
    };
    let mut field = Augmented::new(system(problem.dynamics(), objective), 3, Box::new(integrands));
    let start = [problem.theta.as_slice(), u, &[0.0; 3]].concat();
    let settings = Settings { rtol: tolerance, atol: 1e-4 * tolerance, ..Settings::default() };
    let mut oracle: Box<dyn Oracle + '_> = objective.oracle();
    let lowest = oracle.value(&case.minimiser);
    let weight = 2.0 * (1.0 + problem.alpha * problem.beta);
    let (mut found, mut gradient) = (Vec::new(), vec![0.0; n]);
    let until = times[times.len() - 1];
    let outcome = integrate(&mut field, &start, 0.0, until, times, &mut [], &settings, &mut |_, y| {
        let gap = oracle.value_gradient(&y[..n], &mut gradient) - lowest;
        let (u, integrals) = y[n..].split_at(n);
        found.push(Sample {
            energy: weight * gap + dot(u, u),
            slope: slope(problem, &gradient, u),
            integrals: [integrals[0], integrals[1], integrals[2]],
        });
        Flow::Continue
    })?;
    require(&outcome.status, &case.words())?;
    Ok(found)
}

const SAMPLES: usize = 400;

/// Length over its bound, least Łojasiewicz quotient, and least quotients over c₁ and c₂.
fn quotients(case: &Case, tolerance: f64) -> Result<[f64; 4], CheckError> {
    let until = case.problem.until;
    let times: Vec<f64> = (0..=SAMPLES).map(|k| until * (k as f64 / SAMPLES as f64)).collect();
    let samples = samples(case, &case.problem.u, &times, tolerance)?;
    let Constants { c1, c2, rho, .. } = case.constants();
    let (a, first) = (case.exponent, samples[0].energy);
    let bound = rho / (c1 * c2) * first.powf(1.0 - a);
    let length = samples[SAMPLES].integrals[2];
    // Rounding of J* leaves nothing of a difference below this.
    let lowest = case.problem.objective.oracle().value(&case.minimiser).abs();
    let rounding = 1e7 * f64::EPSILON * 2.0 * (1.0 + case.problem.alpha * case.problem.beta) * lowest;
    let cutoff = max(1e-7 * first, rounding);
    let above: Vec<&Sample> = samples.iter().take_while(|s| s.energy > cutoff).collect();
    if above.len() < 2 {
        let what = format!("a start farther from the limit, or a shorter horizon: E − Ē is {first:.3e} at the start, and below what is resolved at the next of {SAMPLES} samples");
        return Err(CheckError::needs(what));
    }
    let quotient = |s: &&Sample| rho * (1.0 - a) * s.energy.powf(-a) * s.slope;
    let lojasiewicz = above.iter().map(quotient).fold(f64::INFINITY, min);
    let between = |of: &dyn Fn(&Sample, &Sample) -> f64| {
        above
            .windows(2)
            .map(|w| of(w[0], w[1]))
            .filter(|quotient| quotient.is_finite())
            .fold(f64::INFINITY, min)
    };
    let step = |s: &Sample, e: &Sample, i: usize| e.integrals[i] - s.integrals[i];
    let drop = between(&|s, e| (s.energy - e.energy) / step(s, e, 0)) / c1;
    let speed = between(&|s, e| step(s, e, 1) / step(s, e, 2)) / c2;
    Ok([length / bound, lojasiewicz, drop, speed])
}

/// The quotients of c₁ and c₂ from their extremal starts, over times that shrink to 0; each with its change.
fn extremal(case: &Case) -> Result<[[f64; 2]; 2], CheckError> {
    const LEVELS: usize = 5;
    let problem = &case.problem;
    let mut v = vec![0.0; problem.theta.len()];
    problem.objective.oracle().gradient(&problem.theta, &mut v);
    let curvature = sum(&curvatures(&*problem.objective, &problem.theta)?).abs();
    let first = 0.02 / (problem.alpha + problem.beta * curvature + curvature.sqrt() + 1.0 / problem.beta);
    let times: Vec<f64> =
        (0..=LEVELS).map(|k| if k == 0 { 0.0 } else { first * 0.5_f64.powi((LEVELS - k) as i32) }).collect();
    let mut found = [[0.0; 2]; 2];
    for (which, kappa) in case.constants().extremal.into_iter().enumerate() {
        // w = κv and u = −w.
        let u: Vec<f64> = v.iter().map(|g| -kappa * g).collect();
        let run = samples(case, &u, &times, 1e-14)?;
        let values: Vec<f64> = (1..=LEVELS)
            .rev()
            .map(|k| match which {
                0 => (run[0].energy - run[k].energy) / run[k].integrals[0],
                _ => run[k].integrals[1] / run[k].integrals[2],
            })
            .collect();
        let [before, last] = extrapolated(&values, 2.0);
        found[which] = [last, last - before];
    }
    Ok(found)
}

impl Check for FiniteLength {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let mut cases = vec![
            Case::new("quadratic:1", [0.5, 0.5], &[1.0], &[0.0], 60.0),
            Case::new("quadratic:1,9", [3.0, 0.4], &[1.0, -1.0], &[2.0, 3.0], 40.0),
            Case::new("sconv", [1.0, 1.0], &[1.0, -0.5], &[0.2, 0.1], 40.0),
        ];
        if effort > Effort::Quick {
            cases.push(Case::new("quadratic:2,1;1,3", [0.3, 2.0], &[1.0, 1.0], &[-1.0, 0.0], 60.0));
            cases.push(Case::new("quadratic:0.1,4", [1.0, 0.1], &[1.0, 1.0], &[0.0, 0.0], 100.0));
            cases.push(Case::new(
                "expr:x^2 + exp(x) - x + y^2/2 + x^4/10",
                [0.8, 0.7],
                &[1.0, -2.0],
                &[0.0, 0.5],
                60.0,
            ));
        }
        cases
    }

    fn control(&self) -> Vec<Case> {
        let good = Case::new("quadratic:1,9", [3.0, 0.4], &[1.0, -1.0], &[2.0, 3.0], 40.0);
        let small = Case::new("quadratic:1", [0.5, 0.5], &[1.0], &[0.0], 60.0);
        vec![Case { exponent: 0.4, ..small }, Case { friction: 1.001, ..good }]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let problem = Problem::own(own, [1.0, 0.5], 50.0)?;
        let known = problem.objective.facts().minimisers().next().map(|c| c.point.clone());
        let minimiser = match known {
            Some(known) => known,
            None => settle(&*problem.objective, &problem.theta)?.ok_or_else(|| {
                CheckError::needs("an objective with a minimiser: a run from the start settles at none")
            })?,
        };
        let mut case = Case::about(problem, minimiser);
        if case.problem.smooth() && case.problem.alpha > 0.0 && case.problem.beta > 0.0 {
            case.follow()?;
        }
        Ok(case)
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        let convex = match (case.convexity > 0.0, case.sampled) {
            (false, _) => HypothesisState::False,
            (true, true) => HypothesisState::Sampled,
            (true, false) => HypothesisState::Exact,
        };
        vec![
            case.problem.is_smooth(),
            Hypothesis::exact("α, β > 0", case.problem.alpha > 0.0 && case.problem.beta > 0.0),
            Hypothesis::new("∇²J ≥ μ > 0 about the orbit (J strongly convex there)", convex),
        ]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let coarse = quotients(case, 1e-10)?;
        context.proceed()?;
        let fine = quotients(case, 1e-12)?;
        let words = case.words();
        let margin = Budget::discretisation(1e-5);
        let bounded = |i: usize, name: &str| {
            let found = if i == 0 {
                Measurement::at_most(name, fine[i], 1.0, margin)
            } else {
                Measurement::at_least(name, fine[i], 1.0, margin)
            };
            found.on(&words).refined(fine[i] - coarse[i])
        };
        let Constants { c1, c2, .. } = case.constants();
        let mut all = vec![
            bounded(0, "length over its bound"),
            bounded(1, "least ρ(1−a)(E−Ē)^(−a)‖∂E‖"),
            bounded(2, "least −ΔE/∫‖∂E‖² over c₁"),
            bounded(3, "least ∫‖∂E‖/length over c₂"),
        ];
        let (objective, theta) = (&*case.problem.objective, &case.problem.theta);
        if critical::slope(objective, theta) <= 1e-6 * (1.0 + norm(&critical::hessian(objective, theta))) {
            // w = κ∇J is no direction there.
            return Ok(all);
        }
        let names = ["−E′/‖∂E‖² at its extremal state", "‖∂E‖/‖(θ′,ψ′)‖ at its extremal state"];
        for ((name, predicted), [value, change]) in names.iter().zip([c1, c2]).zip(extremal(case)?) {
            let budget = Budget::discretisation(1e-5 * predicted);
            all.push(Measurement::equal(*name, value, predicted, budget).on(&words).refined(change));
        }
        Ok(all)
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        const N: usize = 24;
        let range = [-1.0, 1.0];
        let at = |i: usize| 10_f64.powf(range[0] + (range[1] - range[0]) * (i as f64 + 0.5) / N as f64);
        let mut values = Vec::with_capacity(N * N);
        for j in 0..N {
            context.proceed()?;
            for i in 0..N {
                let case = Case::new("quadratic:1,4", [at(j), at(i)], &[1.0, 1.0], &[0.0, 0.0], 60.0);
                values.push(quotients(&case, 1e-6)?[0].log10());
            }
        }
        let limits = [dinlab_numeric::minimum(&values), 0.0];
        let map = Layer::Map {
            label: "log₁₀ of length over bound, up to t = 60".into(),
            x: [0.1, 10.0],
            y: [0.1, 10.0],
            nx: N,
            ny: N,
            values,
            limits,
        };
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Length of DIN orbits against the bound".into(),
            caption: "quadratic:1,4 from (1, 1) at rest. The bound holds everywhere (values below 0), with a factor of ten or more to spare.".into(),
            columns: 1,
            panels: vec![Panel::new("", Axis::log("β").range(0.1, 10.0), Axis::log("α").range(0.1, 10.0)).with(map)],
        })
    }
}
