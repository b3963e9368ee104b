//! A Lyapunov function read from a rate certificate as a stranger would, and its values along the shipped step and flow.

use std::collections::BTreeMap;

use dinlab_certify::{lyapunov::certificate::RateCertificate, rational};
use dinlab_din::{simulate_observed, Dynamics, Run};
use dinlab_indian::indian_step;
use dinlab_objective::{build, Options, Start};
use dinlab_record::{observe::Observe, Flow, Observation};

use super::functions::Function;
use crate::{bounds::number, check::Context, error::CheckError, runs::require};

/// V = zᵀPz + p(f − f*), z = (θ − θ*, w, g) for algorithms (w = γu), (θ − θ*, u) for DIN.
pub(super) struct Lyapunov {
    entries: Vec<(usize, usize, f64)>,
    p: f64,
}

impl Lyapunov {
    /// From the names and fractions of the file.
    pub(super) fn read(certificate: &RateCertificate) -> Result<Self, CheckError> {
        let mut values = BTreeMap::new();
        for (name, value) in certificate.names.iter().zip(&certificate.variables) {
            values.insert(name.as_str(), rational::float(&number(value)?));
        }
        let mut entries = Vec::new();
        let rows = [["theta", ""], ["w", "u"], ["g", ""]];
        for (a, first) in rows.iter().enumerate() {
            for (b, second) in rows.iter().enumerate().skip(a) {
                for (x, y) in first.iter().flat_map(|x| second.iter().map(move |y| (x, y))) {
                    if let Some(value) = values.get(format!("P({x},{y})").as_str()) {
                        // Off the diagonal an entry stands for two.
                        entries.push((a, b, if a == b { *value } else { 2.0 * value }));
                    }
                }
            }
        }
        Ok(Self { entries, p: values.get("p").copied().unwrap_or(0.0) })
    }

    /// (V, sum of the moduli of its summands) at z with f − f* = `value`.
    pub(super) fn at(&self, z: [f64; 3], value: f64) -> [f64; 2] {
        let start = [self.p * value, (self.p * value).abs()];
        self.entries.iter().fold(start, |[sum, size], &(a, b, p)| {
            let term = p * z[a] * z[b];
            [sum + term, size + term.abs()]
        })
    }
}

/// Where V decreased least and where it was smallest, each relative to the size of what was added up: a sum of a dozen terms
/// cannot be known better than some ε of that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worst {
    /// V⁺/V where (V⁺ − ρ²V)/(|V⁺| + ρ²|V|), with |V| the sum of the moduli, is largest.
    pub(super) ratio: f64,
    /// (|V⁺| + ρ²|V|)/V there: how far rounding is amplified.
    pub(super) amplification: f64,
    excess: f64,
    /// Least (V − ‖θ − θ*‖²)/|V|.
    pub(super) positivity: f64,
    /// States looked at.
    pub(super) states: u64,
}

impl Worst {
    pub(super) fn new() -> Self {
        Self {
            ratio: 0.0,
            amplification: 1.0,
            excess: f64::NEG_INFINITY,
            positivity: f64::INFINITY,
            states: 0,
        }
    }

    /// Takes in V before and after a step that must bring it below `factor`·V, from distance `theta`.
    pub(super) fn see(&mut self, before: [f64; 2], after: [f64; 2], factor: f64, theta: f64) {
        self.states += 1;
        let size = after[1] + factor * before[1];
        let excess = (after[0] - factor * before[0]) / size;
        if excess > self.excess || excess.is_nan() {
            (self.excess, self.ratio, self.amplification) = (excess, after[0] / before[0], size / before[0]);
        }
        let positivity = (before[0] - theta * theta) / before[1];
        if positivity < self.positivity || positivity.is_nan() {
            self.positivity = positivity;
        }
    }
}

/// States per random function.
const STATES: u64 = 48;
/// Quadratics between μ and L, ends included.
const QUADRATICS: u32 = 64;

/// The shipped step with (α, β, γ) on `count` random functions, and on quadratics from their worst state; from w = 0 where the
/// method forgets it.
pub(super) fn steps(
    v: &Lyapunov,
    rho_squared: f64,
    ([alpha, beta, gamma], forgets): ([f64; 3], bool),
    class: [f64; 2],
    count: u64,
    context: &Context<'_>,
) -> Result<Worst, CheckError> {
    let mut worst = Worst::new();
    let step = |f: &Function, theta: f64, w: f64| {
        let [value, g] = f.at(theta);
        let (mut next, mut u) = ([theta], [w / gamma]);
        indian_step(alpha, beta, gamma, &mut next, &mut u, &[g]);
        let [next_value, next_g] = f.at(next[0]);
        [v.at([theta, w, g], value), v.at([next[0], gamma * u[0], next_g], next_value)]
    };
    for index in 0..count {
        context.proceed()?;
        let mut stream = context.stream("functions", index);
        let f = Function::random(&mut stream, index, class);
        for _ in 0..STATES {
            let size = stream.log_uniform(0.05, 20.0);
            let (sin, cos) = stream.uniform(0.0, std::f64::consts::PI).sin_cos();
            let (theta, w) = (size * cos, size * sin * stream.log_uniform(1e-2, 10.0));
            let w = if forgets { 0.0 } else { w };
            let [before, after] = step(&f, theta, w);
            worst.see(before, after, rho_squared, theta);
        }
    }
    for i in 0..QUADRATICS {
        let lambda = class[0] + (class[1] - class[0]) * f64::from(i) / f64::from(QUADRATICS - 1);
        let f = Function::quadratic(lambda);
        let values = |theta: f64, w: f64| step(&f, theta, w).map(|v| v[0]);
        let states = if forgets { vec![[1.0, 0.0]] } else { slowest(values) };
        for [theta, w] in states {
            let [before, after] = step(&f, theta, w);
            worst.see(before, after, rho_squared, theta);
        }
    }
    Ok(worst)
}

/// States at which the ratio of two quadratic forms in the plane is stationary, from three values of each.
fn slowest(values: impl Fn(f64, f64) -> [f64; 2]) -> Vec<[f64; 2]> {
    let (x, y, both) = (values(1.0, 0.0), values(0.0, 1.0), values(1.0, 1.0));
    let form = |k: usize| [x[k], 0.5 * (both[k] - x[k] - y[k]), y[k]];
    let ([b11, b12, b22], [a11, a12, a22]) = (form(0), form(1));
    // det(A − rB) = 0.
    let square = b11 * b22 - b12 * b12;
    let linear = a11 * b22 + a22 * b11 - 2.0 * a12 * b12;
    let inside = dinlab_numeric::max(linear * linear - 4.0 * square * (a11 * a22 - a12 * a12), 0.0);
    let mut states = Vec::new();
    for sign in [-1.0, 1.0] {
        let r = 0.5 * (linear + sign * inside.sqrt()) / square;
        // Each row of A − rB gives the vector; the longer one is less rounded.
        let rows = [[a12 - r * b12, r * b11 - a11], [a22 - r * b22, r * b12 - a12]];
        let [first, second] = rows.map(|row| row[0].hypot(row[1]));
        let (row, norm) = if first >= second { (rows[0], first) } else { (rows[1], second) };
        if norm > 0.0 && norm.is_finite() {
            states.push([row[0] / norm, row[1] / norm]);
        }
    }
    states
}

/// Samples of one run of a flow, its horizon in units of 1/√L, and starts.
const SAMPLES: usize = 41;
const HORIZON: f64 = 2.0;
const STARTS: u64 = 12;

/// Time between two samples.
pub(super) fn lapse([_, l]: [f64; 2]) -> f64 {
    HORIZON / l.sqrt() / (SAMPLES - 1) as f64
}

/// The shipped flow on a quadratic with many eigenvalues (its coordinates do not meet, so each is a run of its own) and on
/// logistic losses; V must fall by e^{−2rΔ} between samples Δ apart.
pub(super) fn flow(
    v: &Lyapunov,
    rate: f64,
    dynamics: Dynamics,
    class: [f64; 2],
    (runs, rtol): (u64, f64),
    context: &Context<'_>,
) -> Result<Worst, CheckError> {
    let [mu, l] = class;
    let mut worst = Worst::new();
    let eigenvalues: Vec<f64> =
        (0..QUADRATICS).map(|i| mu + (l - mu) * f64::from(i) / f64::from(QUADRATICS - 1)).collect();
    let list: Vec<String> = eigenvalues.iter().map(ToString::to_string).collect();
    let quadratic = format!("quadratic:{}", list.join(","));
    for index in 0..runs {
        context.proceed()?;
        let mut stream = context.stream("flows", index);
        let logistic = index % 2 == 1;
        let width = stream.log_uniform(0.3, 3.0);
        let (name, functions): (String, Vec<Function>) = if logistic {
            let rest = l - mu;
            (
                format!("expr:{mu}*x^2/2+{rest}*{width}^2*log(cosh(x/{width}))"),
                vec![Function::Logistic { floor: mu, rest, width }],
            )
        } else {
            (quadratic.clone(), eigenvalues.iter().map(|e| Function::quadratic(*e)).collect())
        };
        let objective = build(&name, &Options::default())?;
        let n = functions.len();
        for _ in 0..STARTS {
            let theta: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
            let mut run = Run::new(dynamics, &theta, HORIZON / l.sqrt());
            if dynamics != Dynamics::GradientFlow {
                run.start = Start::Auxiliary(stream.normals(n));
            }
            run.samples = SAMPLES;
            (run.settings.rtol, run.settings.atol) = (rtol, 1e-2 * rtol);
            let mut last: Option<(f64, Vec<[f64; 2]>, Vec<f64>)> = None;
            let mut watch = |o: Observation<'_>| {
                let at = |i: usize| {
                    let (theta, u) = (o.theta[i], o.state.get(n + i).copied().unwrap_or(0.0));
                    v.at([theta, u, 0.0], functions[i].at(theta)[0])
                };
                let now: Vec<[f64; 2]> = (0..n).map(at).collect();
                if let Some((time, before, theta)) = &last {
                    let factor = (-2.0 * rate * (o.time - time)).exp();
                    for i in 0..n {
                        worst.see(before[i], now[i], factor, theta[i]);
                    }
                }
                last = Some((o.time, now, o.theta.to_vec()));
                Flow::Continue
            };
            let observer: &mut dyn Observe = &mut watch;
            let trajectory = simulate_observed(objective.as_ref(), &run, observer)?;
            require(&trajectory.status, &format!("{dynamics:?} on {name}"))?;
        }
    }
    Ok(worst)
}
