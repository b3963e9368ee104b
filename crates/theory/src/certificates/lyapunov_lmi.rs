//! Certified rates of INDIAN on 𝓕_{μ,L} lie between the spectral radius on quadratics and what the sector alone certifies, and
//! the Lyapunov function found decreases along every run on every function of the class.

use dinlab_certify::{
    lyapunov::{
        search::{sector, Precision},
        Condition, Family,
    },
    rational,
};
use dinlab_numeric::{dot, max};
use dinlab_record::{
    figure::{Axis, Figure, Layer, Marker, Panel},
    Budget, Claim, Evidence, Hypothesis, Measurement,
};
use serde::Serialize;

use crate::{
    bounds::{class, number, rate, RATE_WIDTH},
    check::{Check, Context, Effort},
    error::CheckError,
    sources,
};

/// The check.
pub struct LyapunovLmi;

static CLAIM: Claim = Claim {
    id: "lyapunov-lmi",
    family: 'E',
    title: "Certified linear rates of INDIAN",
    sentence: "The rate certified by interpolation lies between the quadratic limit and the rate certified by the sector, and \
               its Lyapunov function contracts by it along runs.",
    statement: r"\max_{\lambda\in[\mu,L]}\rho(\lambda)\le\rho_{\mathrm{LMI2}}\le\rho_{\mathrm{LMI1}},\qquad V_{k+1}\le\rho^2V_k",
    hypotheses: &["0 < μ < L (by construction)", "J is μ-strongly convex and L-smooth (by construction)"],
    sources: &[sources::at(sources::LESSARD, "section 3.2"), sources::at(sources::LYAPUNOV, "theorem 6")],
    differences: "assembled for INDIAN in this project",
    measured: "Both inequalities are solved by bisection and the result is verified in fractions. The verified Lyapunov function \
               is then evaluated along steps of the recursion on random quadratics, Huberised and log-cosh functions of the \
               class from random states; the largest ratio V_{k+1}/V_k must not exceed ρ².",
    refuted_by: "a certified rate below the spectral radius, or above the sector's, or one step on one function with a larger ratio",
    tolerance: "below: 10⁻⁹, the rounding √ε of a double root in the spectral radius, times 1/16; above: two brackets of 10⁻⁷; \
                ratios: 10⁻⁹ for the cancellation in V (its terms are at most 10⁶ times V)",
    control: "gross: functions with twice the curvature; near miss: the claimed ρ² multiplied by 0.998 for triple momentum, \
              whose rate is attained on quadratics",
    evidence: Evidence::Certified,
    cost: "a hundred small semidefinite problems and 10³ random functions, under a second",
};

/// Parameters of the three-parameter family, as texts that are read exactly.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// (a, b, η), or triple momentum.
    parameters: Option<[&'static str; 3]>,
    kappa: u64,
    functions: u64,
    /// Control: factor of the curvature of the functions.
    curvature: f64,
    /// Control: factor of ρ².
    factor: f64,
}

impl Case {
    fn new(parameters: Option<[&'static str; 3]>, kappa: u64, functions: u64) -> Self {
        Self { parameters, kappa, functions, curvature: 1.0, factor: 1.0 }
    }

    fn family(&self, condition: &Condition) -> Result<Family, CheckError> {
        Ok(match self.parameters {
            Some([a, b, eta]) => Family::three_parameter(&number(a)?, &number(b)?, &number(eta)?),
            None => Family::triple_momentum(condition),
        })
    }
}

/// A random function of one coordinate with curvature in [μ, 1]: derivative and value.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Quadratic(f64),
    /// Curvature μ + (1 − μ)sech²(x/w).
    LogCosh(f64),
    /// Curvature 1 within ±w, μ beyond.
    Huber(f64),
}

impl Shape {
    fn at(self, mu: f64, x: f64) -> (f64, f64) {
        let rest = 1.0 - mu;
        match self {
            Self::Quadratic(l) => (l * x, 0.5 * l * x * x),
            Self::LogCosh(w) => {
                let value = rest * w * w * (x / w).abs()
                    + rest * w * w * (((-2.0 * (x / w).abs()).exp()).ln_1p() - 2.0_f64.ln());
                (mu * x + rest * w * (x / w).tanh(), 0.5 * mu * x * x + value)
            }
            Self::Huber(w) => {
                let near = x.abs() <= w;
                let g = if near { rest * x } else { rest * w * x.signum() };
                let f = if near { 0.5 * rest * x * x } else { rest * w * (x.abs() - 0.5 * w) };
                (mu * x + g, 0.5 * mu * x * x + f)
            }
        }
    }
}

/// Largest V_{k+1}/V_k over random functions of three coordinates and five steps each.
fn largest_ratio(
    case: &Case,
    condition: &Condition,
    family: &Family,
    variables: &[f64],
    context: &Context<'_>,
) -> Result<f64, CheckError> {
    let mu = rational::float(&condition.convexity);
    let [s, m, c] = [&family.step_squared, &family.friction, &family.damping].map(rational::float);
    let [tt, tw, tg, ww, wg, gg, p] = variables[..7] else { return Ok(f64::NAN) };
    let mut largest = 0.0;
    for index in 0..case.functions {
        if index % 256 == 0 {
            context.proceed()?;
        }
        let mut stream = context.stream("function", index);
        let shapes: Vec<Shape> = (0..3)
            .map(|j| match (index + j) % 4 {
                0 => Shape::LogCosh(stream.log_uniform(1e-2, 1e1)),
                1 => Shape::Huber(stream.log_uniform(1e-2, 1e1)),
                2 => Shape::Quadratic(stream.log_uniform(mu, 1.0)),
                _ => Shape::Quadratic(if stream.below(2) == 0 { mu } else { 1.0 }),
            })
            .collect();
        let oracle = |theta: &[f64]| {
            let parts: Vec<(f64, f64)> =
                shapes.iter().zip(theta).map(|(shape, &x)| shape.at(mu, x)).collect();
            let g: Vec<f64> = parts.iter().map(|part| case.curvature * part.0).collect();
            (g, case.curvature * parts.iter().map(|part| part.1).sum::<f64>())
        };
        let lyapunov = |theta: &[f64], w: &[f64], g: &[f64], f: f64| {
            tt * dot(theta, theta)
                + ww * dot(w, w)
                + gg * dot(g, g)
                + 2.0 * (tw * dot(theta, w) + tg * dot(theta, g) + wg * dot(w, g))
                + p * f
        };
        let (mut theta, mut w) = (stream.normals(3), stream.normals(3));
        let (mut g, mut f) = oracle(&theta);
        let mut before = lyapunov(&theta, &w, &g, f);
        for _ in 0..5 {
            let next: Vec<f64> = (0..3).map(|j| theta[j] + w[j] - c * g[j]).collect();
            w = (0..3).map(|j| (1.0 - m) * w[j] - (s - m * c) * g[j]).collect();
            theta = next;
            (g, f) = oracle(&theta);
            let after = lyapunov(&theta, &w, &g, f);
            largest = max(largest, after / before);
            before = after;
        }
        // The slowest mode of a quadratic, to which triple momentum's rate belongs.
        if index == 0 {
            let slow = |theta: f64, w: f64| {
                let g = case.curvature * mu * theta;
                (theta + w - c * g, (1.0 - m) * w - (s - m * c) * g)
            };
            let value = |theta: f64, w: f64| {
                let g = case.curvature * mu * theta;
                lyapunov(&[theta], &[w], &[g], 0.5 * case.curvature * mu * theta * theta)
            };
            let (mut theta, mut w) = (1.0, 0.0);
            for _ in 0..200 {
                let (a, b) = slow(theta, w);
                let ratio = value(a, b) / value(theta, w);
                largest = max(largest, ratio);
                // Scale is of no consequence; underflow would be.
                let scale = 1.0 / (a.abs() + b.abs());
                (theta, w) = (a * scale, b * scale);
            }
        }
    }
    Ok(largest)
}

impl Check for LyapunovLmi {
    type Case = Case;

    fn claim(&self) -> &'static Claim {
        &CLAIM
    }

    fn cases(&self, effort: Effort) -> Vec<Case> {
        let functions = if effort == Effort::Quick { 200 } else { 1000 };
        vec![
            Case::new(Some(["0.3", "0.5", "0.2"]), 10, functions),
            Case::new(Some(["0.5", "0.3", "1"]), 10, functions),
            Case::new(Some(["1", "0.2", "0.2"]), 25, functions),
            Case::new(None, 25, functions),
        ]
    }

    fn control(&self) -> Vec<Case> {
        let tmm = Case::new(None, 10, 200);
        vec![Case { curvature: 2.0, ..tmm.clone() }, Case { factor: 0.998, ..tmm }]
    }

    fn hypotheses(&self, case: &Case) -> Vec<Hypothesis> {
        vec![Hypothesis::exact("0 < μ < L", case.kappa > 1)]
    }

    fn measure(&self, case: &Case, context: &Context<'_>) -> Result<Vec<Measurement>, CheckError> {
        context.proceed()?;
        let condition = class(case.kappa)?;
        let family = case.family(&condition)?;
        let words = format!(
            "{}, κ={}",
            case.parameters.map_or("triple momentum".into(), |p| format!("a, b, η = {}", p.join(", "))),
            case.kappa
        );
        let Some(found) = rate(&family, &condition) else {
            return Ok(vec![Measurement::holds("a rate is certified", false).on(words)]);
        };
        let rho = rational::float_above(&found.rate);
        let by_sector = sector(&family, &condition, Precision { width: RATE_WIDTH, certify: true }).certified;
        let limit = by_sector.map_or(1.0, |rate| rational::float_above(&rate.rate));
        let variables: Vec<f64> = found.variables.iter().map(rational::float).collect();
        let ratio = largest_ratio(case, &condition, &family, &variables, context)?;
        let squared = rho * rho * case.factor;
        Ok(vec![
            Measurement::at_least(
                "certified rate against quadratics",
                rho,
                family.spectral_radius(&condition),
                Budget::rounding(1e-9),
            )
            .on(words.clone()),
            Measurement::at_most(
                "certified rate against the sector's",
                rho,
                limit,
                Budget::discretisation(2.0 * RATE_WIDTH),
            )
            .on(words.clone()),
            Measurement::at_most("largest ratio of V over a step", ratio, squared, Budget::rounding(1e-9))
                .on(words),
        ])
    }

    fn figure(&self, context: &Context<'_>) -> Result<Figure, CheckError> {
        let (mut x, mut quadratic, mut certified, mut by_sector) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for kappa in [2, 4, 7, 10, 16, 25, 40, 64, 100] {
            context.proceed()?;
            let condition = class(kappa)?;
            let family = Case::new(Some(["0.5", "0.3", "1"]), kappa, 0).family(&condition)?;
            x.push(kappa as f64);
            quadratic.push(1.0 - family.spectral_radius(&condition));
            certified
                .push(rate(&family, &condition).map_or(f64::NAN, |r| 1.0 - rational::float_above(&r.rate)));
            let weak = sector(&family, &condition, Precision { width: RATE_WIDTH, certify: true }).certified;
            by_sector.push(weak.map_or(f64::NAN, |r| 1.0 - rational::float_above(&r.rate)));
        }
        let panel = Panel::new("", Axis::log("condition number κ"), Axis::log("1 − ρ"))
            .with(Layer::curve("quadratics: no rate is better", x.clone(), quadratic, 7))
            .with(Layer::points("certified by interpolation", x.clone(), certified, 0, Marker::Circle))
            .with(Layer::points("certified by the sector", x, by_sector, 1, Marker::Cross));
        Ok(Figure {
            id: CLAIM.id.into(),
            title: "Bracket of the linear rate of INDIAN".into(),
            caption: "a = γ²L = 0.5, b = 1 − αγ = 0.3, η = β/γ − 1 = 1".into(),
            columns: 1,
            panels: vec![panel],
        })
    }
}
