//! The best factor per iteration of INDIAN over all (α, β, γ), for Hessian eigenvalues in [μ, L].
//!
//! *Upper bound.* At γ = β trace and determinant of the step are T = 2 − αγ − γ²λ, D = 1 − αγ: for γ = 2/(√μ+√L) and
//! α = 2√(μL)/(√μ+√L) the roots of z² − Tz + D are a pair of modulus √D = ρ = (√L−√μ)/(√L+√μ) inside (μ, L), and double at both ends
//! (Polyak's heavy ball). From rest θ_k = ρᵏ(1 + k(1−ρ)) at μ, and (−ρ)ᵏ(1 + k(1+ρ)) at L.
//!
//! *Lower bound.* From rest θ_k = p_k(λ)θ₀ with a polynomial of degree k, p_k(0) = 1. At the k+1 extremal points of T_k
//! on [μ, L] such a polynomial is somewhere at least 1/T_k((L+μ)/(L−μ)) in modulus, and the k-th root of that tends to ρ.
//!
//! *Only the ends count.* T and D are affine in λ, and {(T, D): both roots in |z| ≤ r} is convex (the triangle |T|r ≤ r² + D, D ≤ r²):
//! the largest root over [μ, L] is that of an end.

mod draw;

use dinlab_analysis::simplex;
use dinlab_indian::{Grid, Method, Run, Schedule};
use dinlab_numeric::{distance, max, min, norm, norm_inf, Stream};
use dinlab_record::{figure::Figure, Budget, Claim, Evidence, Hypothesis, HypothesisState, Measurement};
use serde::Serialize;

use crate::{
    check::{Check, Context, Effort, OwnCase},
    critical::{curvatures, hessian, newton},
    error::CheckError,
    runs::iterates,
    shipped::{radius, step_matrix},
    sources,
    subject::Subject,
};

/// The check.
pub struct OptimalQuadratic;

static CLAIM: Claim = Claim {
    id: "optimal-quadratic",
    family: 'D',
    title: "The best INDIAN on quadratics is Polyak's heavy ball",
    sentence: "Over all (α, β, γ) the smallest spectral radius of INDIAN on Hessian eigenvalues in [μ, L] is \
               (√L−√μ)/(√L+√μ), attained at γ = β = 2/(√μ+√L), α = 2√(μL)/(√μ+√L).",
    statement: r"\min_{\alpha,\beta,\gamma}\max_{\lambda\in[\mu,L]}\rho=\frac{\sqrt L-\sqrt\mu}{\sqrt L+\sqrt\mu}\quad\text{at}\quad\gamma=\beta=\frac2{\sqrt\mu+\sqrt L},\ \alpha=\frac{2\sqrt{\mu L}}{\sqrt\mu+\sqrt L}",
    hypotheses: &["J is quadratic (by name, or the Hessian is the same at sampled points)", "0 < μ < L (exact)"],
    sources: &[
        sources::at(sources::POLYAK, "heavy ball on quadratics"),
        sources::at(sources::LRP, "section 4.2 and the table of optimal rates"),
    ],
    differences: "Polyak's theorem says this of the heavy ball; that no INDIAN does better is derived in this file. That the \
                  minimiser is the only one is observed, not proved",
    measured: "Radii of the shipped step's matrix at the closed-form parameters, on both ends and 120 points between. A simplex \
               search over (log α, log β, log γ) from random starts, which knows nothing of the answer. Runs of the shipped \
               algorithm from rest: their size at L, and residual polynomials of random parameters at the extremal points of T_k. \
               Radii of the tuned rivals in INDIAN's parameters.",
    refuted_by: "parameters with a smaller radius, a search that ends elsewhere, a run that is faster than Chebyshev's polynomial, \
                 a radius at the closed form that differs",
    tolerance: "radii: √(16εS), S the norm of the matrix, for double roots; search: 10⁻⁵ in ρ, as ρ grows like the square root \
                of the distance there; parameters: 10⁻⁵ over the smallest growth of ρ per distance, measured at 10⁻³; runs: 10²k²ε; polynomials: 10³kε",
    control: "gross: (κ−1)/(κ+1) claimed as the best; the parameters run on a strongly convex function that is no quadratic \
              (slopes 25, 1, 25), where they cycle; near misses: α 0.1% larger, ρ 0.1% smaller",
    evidence: Evidence::Resolved,
    cost: "30 searches of some 10⁴ radii per κ, below a second",
};

/// What is compared.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Prediction {
    /// The claim.
    ClosedForm,
    /// Control: the best factor is that of gradient descent.
    GradientDescent,
    /// Control: factor on the rate.
    Rate(f64),
    /// Control: factor on α.
    Alpha(f64),
}

/// One objective with its [μ, L].
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    objective: Subject,
    mu: f64,
    l: f64,
    starts: u64,
    prediction: Prediction,
    /// The user's (α, β, γ), whose radius must not be below the best.
    own: Option<[f64; 3]>,
}

impl Case {
    fn new(kappa: f64, starts: u64) -> Self {
        let objective = Subject::named(&format!("quadratic:1,{},{kappa}", kappa.sqrt()));
        Self { objective, mu: 1.0, l: kappa, starts, prediction: Prediction::ClosedForm, own: None }
    }

    /// (√L−√μ)/(√L+√μ) of the claim, whatever the prediction.
    fn true_rate(&self) -> f64 {
        let (m, l) = (self.mu.sqrt(), self.l.sqrt());
        (l - m) / (l + m)
    }

    fn rate(&self) -> f64 {
        match self.prediction {
            Prediction::GradientDescent => (self.l - self.mu) / (self.l + self.mu),
            Prediction::Rate(factor) => factor * self.true_rate(),
            _ => self.true_rate(),
        }
    }

    /// (α, β, γ) of the claim.
    fn best(&self) -> [f64; 3] {
        let (m, l) = (self.mu.sqrt(), self.l.sqrt());
        let gamma = 2.0 / (m + l);
        let factor = if let Prediction::Alpha(factor) = self.prediction { factor } else { 1.0 };
        [factor * 2.0 * m * l / (m + l), gamma, gamma]
    }

    /// Largest radius over the ends.
    fn radius(&self, [alpha, beta, gamma]: [f64; 3]) -> f64 {
        max(radius(alpha, beta, gamma, self.mu), radius(alpha, beta, gamma, self.l))
    }

    fn words(&self) -> String {
        format!("{}, μ={}, L={}", self.objective, self.mu, self.l)
    }

    /// √(16εS) of the matrix at L, the larger of the two.
    fn double_root(&self, [alpha, beta, gamma]: [f64; 3]) -> f64 {
        let size = norm(&step_matrix(alpha, beta, gamma, self.l).concat());
        (16.0 * f64::EPSILON * max(1.0, size)).sqrt()
    }
}

/// Radii at the claimed parameters, on the ends and between.
fn at_closed_form(case: &Case) -> Vec<Measurement> {
    let p @ [alpha, beta, gamma] = case.best();
    let between = (1..=120).map(|i| {
        let lambda = case.mu * (case.l / case.mu).powf(f64::from(i) / 121.0);
        radius(alpha, beta, gamma, lambda)
    });
    let inside = between.fold(0.0, max);
    let budget = Budget::rounding(case.double_root(p));
    vec![
        Measurement::equal(
            "largest radius at the closed-form parameters",
            case.radius(p),
            case.rate(),
            budget,
        )
        .on(case.words()),
        Measurement::at_most(
            "largest radius at 120 eigenvalues between μ and L",
            inside,
            case.radius(p),
            budget,
        )
        .on(case.words()),
    ]
}

/// Best radius of all searches, and where it lies.
fn searched(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    const ASKED: f64 = 1e-5;
    let scale = 1.0 / case.l.sqrt();
    let radius = |x: &[f64]| case.radius([x[0].exp(), x[1].exp(), x[2].exp()]);
    let (mut best, mut lowest): (Vec<f64>, f64) = (vec![0.0; 3], f64::INFINITY);
    for index in 0..case.starts {
        context.proceed()?;
        let mut stream = context.stream("search", index);
        // α from √μ to √L, β and γ about 1/√L: three decades each.
        let start = [
            (stream.log_uniform(0.03, 30.0) * (case.mu * case.l).sqrt().sqrt()).ln(),
            (stream.log_uniform(0.03, 30.0) * scale).ln(),
            (stream.log_uniform(0.03, 3.0) * scale).ln(),
        ];
        let (x, v) = simplex::minimise(radius, &start, 0.5, 40_000);
        if v < lowest {
            (best, lowest) = (x, v);
        }
    }
    // Once more from there, with a new simplex: what it still gains.
    let (again, renewed) = simplex::minimise(radius, &best, 0.05, 40_000);
    let claimed = case.best().map(f64::ln);
    let away: Vec<f64> = best.iter().zip(&claimed).map(|(b, c)| b - c).collect();
    // Smallest growth of the radius per distance, 10⁻³ away in 200 directions: the radius rises at least as fast nearer by.
    let growth = (0..200).map(|i| {
        let d = context.stream("direction", i).normals(3);
        let length = norm(&d);
        let x: Vec<f64> = claimed.iter().zip(&d).map(|(c, d)| c + 1e-3 * d / length).collect();
        (radius(&x) - radius(&claimed)) / 1e-3
    });
    let growth = growth.fold(f64::INFINITY, min);
    let words = format!("{}, {} searches", case.words(), case.starts);
    Ok(vec![
        Measurement::equal("smallest radius found", lowest, case.rate(), Budget::discretisation(ASKED))
            .on(&words)
            .refined(lowest - renewed),
        Measurement::at_least(
            "smallest radius found (lower bound)",
            lowest,
            case.rate(),
            Budget::rounding(case.double_root(case.best())),
        )
        .on(&words),
        Measurement::equal(
            "distance of its (log α, log β, log γ) from the closed form",
            norm_inf(&away),
            0.0,
            Budget::discretisation(ASKED / growth),
        )
        .on(&words)
        .refined(distance(&best, &again)),
    ])
}

/// θ_k of the shipped algorithm on ½Σλᵢθᵢ² from (1, …, 1) at rest.
fn residuals([alpha, beta, gamma]: [f64; 3], lambdas: &[f64], k: u64) -> Result<Vec<f64>, CheckError> {
    let list: Vec<String> = lambdas.iter().map(f64::to_string).collect();
    let objective = Subject::named(&format!("quadratic:{}", list.join(",")));
    let method = Method::Indian { alpha, beta };
    let mut run = Run::new(method, vec![1.0; lambdas.len()], Schedule::Constant(gamma), k);
    run.grid = Grid::Every(k);
    Ok(iterates(&*objective, &run)?.last.theta)
}

/// |θ_k|/ρᵏ at L against 1 + k(1+ρ).
fn polynomial_factor(case: &Case) -> Result<Measurement, CheckError> {
    const K: u64 = 100;
    let rate = case.rate();
    let theta = residuals(case.best(), &[case.l], K)?[0];
    let (k, predicted) = (K as f64, 1.0 + K as f64 * (1.0 + rate));
    let budget = Budget::rounding(1e2 * k * k * f64::EPSILON * predicted);
    let value = theta.abs() / rate.powf(k);
    Ok(Measurement::equal("|θ₁₀₀|/ρ¹⁰⁰ of a run from rest at λ = L", value, predicted, budget)
        .on(case.words()))
}

/// max |p_k| T_k((L+μ)/(L−μ)) over the extremal points: at least 1 for every parameters.
fn chebyshev(case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
    let (mu, l) = (case.mu, case.l);
    let eta = (l + mu) / (l - mu);
    let excess = |parameters: [f64; 3], k: u64| -> Result<f64, CheckError> {
        let point =
            |j: u64| 0.5 * (l + mu) + 0.5 * (l - mu) * (std::f64::consts::PI * j as f64 / k as f64).cos();
        let lambdas: Vec<f64> = (0..=k).map(point).collect();
        Ok(norm_inf(&residuals(parameters, &lambdas, k)?) * (k as f64 * eta.acosh()).cosh())
    };
    // With one step, and γβ = 2/(L+μ), INDIAN is Chebyshev's polynomial itself.
    let h = 2.0 / (l + mu);
    let tight = excess([1.0, h.sqrt(), h.sqrt()], 1)?;
    let mut smallest = f64::INFINITY;
    let mut where_ = String::new();
    for index in 0..200 {
        context.proceed()?;
        let mut stream = context.stream("polynomial", index);
        let spread = 1.0 + 0.05 * index as f64;
        let parameters = case.best().map(|p| p * stream.log_uniform(1.0 / spread, spread));
        let k = [1, 2, 3, 5, 8, 12, 20][stream.below(7)];
        let value = excess(parameters, k)?;
        if value < smallest || value.is_nan() {
            (smallest, where_) = (value, format!("k={k}, (α, β, γ)={parameters:?}"));
        }
    }
    Ok(vec![
        Measurement::equal("max |p₁| T₁ for γβ = 2/(L+μ)", tight, 1.0, Budget::rounding(1e3 * f64::EPSILON))
            .on(case.words()),
        Measurement::at_least(
            "smallest max |p_k| T_k of 200 random parameters",
            smallest,
            1.0,
            Budget::rounding(2e4 * f64::EPSILON),
        )
        .on(format!("{}, {where_}", case.words())),
    ])
}

/// Name, (α, β, γ) and predicted radius of tuned rivals.
fn rivals(mu: f64, l: f64) -> Vec<(&'static str, [f64; 3], f64)> {
    let kappa = l / mu;
    let nesterov = |s: f64, m: f64| [(1.0 - m) / s.sqrt(), (1.0 + m) * s.sqrt(), s.sqrt()];
    let h = (2.0 / (l + mu)).sqrt();
    let root = (3.0 * kappa + 1.0).sqrt();
    let rho = 1.0 - 1.0 / kappa.sqrt();
    let gamma = ((1.0 + rho) / l).sqrt();
    vec![
        ("gradient descent", [1.0 / h, h, h], (kappa - 1.0) / (kappa + 1.0)),
        (
            "Nesterov, standard",
            nesterov(1.0 / l, (kappa.sqrt() - 1.0) / (kappa.sqrt() + 1.0)),
            1.0 - 1.0 / kappa.sqrt(),
        ),
        ("Nesterov, tuned", nesterov(4.0 / (3.0 * l + mu), (root - 2.0) / (root + 2.0)), 1.0 - 2.0 / root),
        (
            "triple momentum",
            [
                (1.0 - rho * rho / (2.0 - rho)) / gamma,
                gamma * (1.0 + rho * rho / ((1.0 + rho) * (2.0 - rho))),
                gamma,
            ],
            rho,
        ),
    ]
}

fn compared(case: &Case) -> Vec<Measurement> {
    let one = |(name, p, predicted): (&str, [f64; 3], f64)| {
        let budget = Budget::rounding(case.double_root(p));
        Measurement::equal(format!("largest radius of {name}"), case.radius(p), predicted, budget)
            .on(case.words())
    };
    rivals(case.mu, case.l).into_iter().map(one).collect()
}

/// A run of the objective itself at the claimed parameters, long enough to gain e²⁰. In the Euclidean norm the bound is that of the
/// worst mode, whatever the eigenvectors.
fn run(case: &Case) -> Result<Measurement, CheckError> {
    let [alpha, beta, gamma] = case.best();
    let rate = case.true_rate();
    // The bound holds after any number of steps; that of e²⁰ grows with √κ.
    let steps = min((20.0 / -rate.ln()).ceil(), 1e6);
    let start = vec![3.3; case.objective.dimension()];
    let minimum = newton(&*case.objective, &start, 1e6)
        .ok_or_else(|| CheckError::needs("a minimum that Newton's method finds from (3.3, …, 3.3)"))?;
    let bound = distance(&start, &minimum) * (1.0 + steps * (1.0 + rate)) * rate.powf(steps);
    let mut run = Run::new(Method::Indian { alpha, beta }, start, Schedule::Constant(gamma), steps as u64);
    run.grid = Grid::Every(steps as u64);
    let end = distance(&iterates(&*case.objective, &run)?.last.theta, &minimum);
    let rounding = 1e-6 * bound + 1e3 * f64::EPSILON * norm(&minimum);
    Ok(Measurement::at_most(
        "distance to the minimum after a run from (3.3, …, 3.3) at rest",
        end,
        bound,
        Budget::rounding(rounding),
    )
    .on(format!("{}, {steps} steps", case.words())))
}

impl Check for OptimalQuadratic {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let (starts, kappas): (u64, &[f64]) = match effort {
            Effort::Quick => (10, &[10.0, 100.0]),
            Effort::Standard => (30, &[10.0, 100.0, 1000.0]),
            Effort::Thorough => (100, &[2.0, 10.0, 100.0, 1000.0, 10_000.0]),
        };
        kappas.iter().map(|kappa| Case::new(*kappa, starts)).collect()
    }

    fn control(&self) -> Vec<Case> {
        let with = |prediction| Case { prediction, ..Case::new(25.0, 5) };
        // Slopes 25, 1, 25 of Lessard, Recht and Packard.
        let slopes = "expr:12.5*x^2 - 12*max(x-1,0)^2 + 12*max(x-2,0)^2";
        vec![
            with(Prediction::GradientDescent),
            Case { objective: Subject::named(slopes), ..Case::new(25.0, 5) },
            with(Prediction::Rate(0.999)),
            with(Prediction::Alpha(1.001)),
        ]
    }

    fn own_case(&self, own: &OwnCase) -> Result<Case, CheckError> {
        let objective = own.subject()?;
        let all = curvatures(&*objective, &own.start_point()?)?;
        let (mu, l) = (all[0], all[all.len() - 1]);
        let mine = match (own.alpha, own.beta, own.step_size) {
            (Some(a), Some(b), Some(g)) => Some([a, b, g]),
            (None, None, None) => None,
            _ => return Err(CheckError::needs("all of --alpha, --beta and --step-size, or none of them")),
        };
        Ok(Case { objective, mu, l, starts: 30, prediction: Prediction::ClosedForm, own: mine })
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![quadratic(&case.objective), Hypothesis::exact("0 < μ < L", 0.0 < case.mu && case.mu < case.l)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        let mut all = at_closed_form(case);
        all.extend(searched(case, context)?);
        all.push(polynomial_factor(case)?);
        all.extend(chebyshev(case, context)?);
        all.extend(compared(case));
        all.push(run(case)?);
        if let Some(own) = case.own {
            let budget = Budget::rounding(case.double_root(own));
            let name = "largest radius at the parameters given";
            all.push(Measurement::at_least(name, case.radius(own), case.rate(), budget).on(case.words()));
        }
        Ok(all)
    }

    fn figure(&self, _: &Context<'_>) -> Result<Figure, CheckError> {
        Ok(draw::figure(CLAIM.id))
    }
}

/// Whether the Hessian is constant: by name, or at four points of the view to 10⁻¹².
fn quadratic(objective: &Subject) -> Hypothesis {
    const WORDS: &str = "J is quadratic";
    if objective.name().starts_with("quadratic") {
        return Hypothesis::exact(WORDS, true);
    }
    let mut stream = Stream::new(0, "is it quadratic", 0);
    let mut at = || -> Vec<f64> {
        let view = &objective.facts().view;
        hessian(&**objective, &view.iter().map(|[low, high]| stream.uniform(*low, *high)).collect::<Vec<_>>())
    };
    let first = at();
    let same = (0..3).all(|_| {
        let off: Vec<f64> = at().iter().zip(&first).map(|(a, b)| a - b).collect();
        norm_inf(&off) <= 1e-12 * norm_inf(&first)
    });
    match same && objective.facts().kinks.is_empty() {
        true => Hypothesis::new(WORDS, HypothesisState::Sampled),
        false => Hypothesis::exact(WORDS, false),
    }
}
